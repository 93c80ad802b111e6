# Licensed to the Apache Software Foundation (ASF) under one
# or more contributor license agreements.  See the NOTICE file
# distributed with this work for additional information
# regarding copyright ownership.  The ASF licenses this file
# to you under the Apache License, Version 2.0 (the
# "License"); you may not use this file except in compliance
# with the License.  You may obtain a copy of the License at
#
#   http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing,
# software distributed under the License is distributed on an
# "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY
# KIND, either express or implied.  See the License for the
# specific language governing permissions and limitations
# under the License.
"""What the blocks of imported models have in common: parameters under the model's own names."""

from __future__ import annotations

from typing import Any, List, Mapping, Sequence, Set, Union

import mxnet as mx
import numpy as np

from ..errors import ModelError
from .builders import to_ndarray
from .sharing import forget, over_file

Contexts = Union["mx.Context", Sequence["mx.Context"], None]


class WholeNames(mx.gluon.Block):
    """A block that saves and loads its parameters under their whole names."""

    def load_parameters(
        self,
        filename: str,
        ctx: Contexts = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        **how: Any,
    ) -> None:
        """Load what ``save_parameters`` saved; arguments as of ``gluon.Block.load_parameters``."""
        if mx.util.is_np_array():
            # gluon.Block takes names without a dot for those of MXNet before 1.0, and then reads
            # classic arrays only.
            saved = mx.npx.load(filename)
            self._params.load_dict(saved, ctx, allow_missing, ignore_extra, **how)
        else:
            super().load_parameters(filename, ctx, allow_missing, ignore_extra, **how)


def add_parameters(
    params: Any,
    weights: Mapping[str, np.ndarray],
    still: Set[str],
    contexts: List[mx.Context],
    copy: bool = True,
) -> None:
    """Make a parameter of each weight.

    Parameters
    ----------
    params : mxnet.gluon.ParameterDict
    weights : mapping of str to numpy.ndarray
    still : set of str
        Those that training leaves alone, or that an operator keeps up itself.
    contexts : list of mxnet.Context
    copy : bool
        Otherwise they stay in the model's file where they can, and are not trained.
    """
    for name, array in weights.items():
        grad_req = "null" if name in still or not copy else "write"
        parameter = params.get(name, shape=array.shape, dtype=array.dtype, grad_req=grad_req)
        shared = None if copy else over_file(array)
        place(parameter, to_ndarray(array, mx.cpu()) if shared is None else shared, contexts)
        if shared is None:
            forget(array)


class _Adopted:
    """An array of which there is no second copy where it is."""

    def __init__(self, array: mx.nd.NDArray):
        self.array = array

    def copyto(self, ctx: mx.Context) -> mx.nd.NDArray:
        return self.array if ctx == self.array.context else self.array.copyto(ctx)


def place(parameter: Any, array: mx.nd.NDArray, contexts: List[mx.Context]) -> None:
    """Make ``array`` the value of a parameter that has none yet."""
    array = array.as_np_ndarray() if mx.util.is_np_array() else array
    parameter.shape, parameter.dtype = array.shape, array.dtype
    parameter._init_impl(_Adopted(array), contexts)
    parameter._deferred_init = ()


def contexts_of(ctx: Any) -> List[mx.Context]:
    """``ctx=`` as a list.

    Raises
    ------
    ModelError
    """
    if ctx is None:
        return [mx.current_context()]
    contexts = list(ctx) if isinstance(ctx, (list, tuple)) else [ctx]
    if not contexts or not all(isinstance(c, mx.Context) for c in contexts):
        raise ModelError(
            f"ctx= takes an mxnet.Context or a list of them, such as mx.cpu(), not "
            f"{type(ctx).__name__} {ctx!r}"
        )
    return contexts
