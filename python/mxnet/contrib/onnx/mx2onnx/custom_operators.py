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
"""Operators that run the user's own code, handed on under their own names on request."""

from __future__ import annotations

import sys
import warnings
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..errors import ConversionWarning, ModelError
from ..translation import TranslationTable
from . import operator_info
from .emitter import Emitter
from .inference import Dim, TensorType

#: Sizes to ask MXNet with where some vary; no two are alike, nor is one a multiple of another.
SAMPLES = (11, 13, 17, 19, 23, 29, 31, 37, 41, 43)
OTHERS = (47, 53, 59, 61, 67, 71, 73, 79, 83, 89)


def check_domain(domain: Any) -> None:
    """Refuse what is no operator domain of the user's own."""
    if domain is not None and (not isinstance(domain, str) or domain in ("", "ai.onnx")):
        raise ModelError(
            f"custom_domain is the name of a domain of your own, such as 'com.acme'; got {domain!r}"
        )


def check_versions(versions: Any) -> Dict[str, int]:
    """``custom_opsets`` as a dict; anything but domains with positive versions is refused."""
    if versions is None:
        return {}
    fits = isinstance(versions, Mapping) and all(
        isinstance(domain, str)
        and domain not in ("", "ai.onnx")
        and isinstance(version, (int, np.integer))
        and not isinstance(version, bool)
        and version > 0
        for domain, version in versions.items()
    )
    if not fits:
        raise ModelError(
            "custom_opsets says the version of each domain of your own, such as "
            f"{{'com.acme': 1}}; got {versions!r}"
        )
    return {str(domain): int(version) for domain, version in versions.items()}


def handed_on(domain: str) -> TranslationTable:
    """Rows that write the user's operators into ``domain``.

    A node keeps the name that its operator is registered by, and its parameters, which are texts to
    MXNet, as attributes. What it gives is what its property class says where MXNet is imported and
    knows it, and otherwise what that class says by default: one output like the first input.
    """
    table = TranslationTable()

    def hand_on(
        op: Emitter, *inputs: str, op_type: str, count_of_outputs: int, **attributes: str
    ) -> Any:
        given = [op.type(value) for value in inputs]
        kinds = _asked(op_type, attributes, given) or _assumed(op_type, given, count_of_outputs)
        return op.custom(domain, op_type, *inputs, outputs=kinds, **attributes)

    table.op(*operator_info.open_operators())(hand_on)
    return table


def _assumed(op_type: str, given: Sequence[TensorType], count: int) -> List[TensorType]:
    """By the defaults of MXNet's ``CustomOpProp``."""
    warnings.warn(
        f"the outputs of '{op_type}' are taken to be like its first input: MXNet, or what is "
        "registered in it, is not here to ask. A row of your own says otherwise, see translations=",
        ConversionWarning,
        stacklevel=2,
    )
    return [given[0]] * count


def _asked(
    op_type: str, attributes: Mapping[str, str], given: Sequence[TensorType]
) -> Optional[List[TensorType]]:
    """What MXNet says of the outputs; None where it cannot be asked."""
    mxnet = sys.modules.get("mxnet")
    if mxnet is None or any(kind.dims is None for kind in given):
        return None
    names = [f"input{k}" for k in range(len(given))]
    try:
        variables = [mxnet.sym.var(name) for name in names]
        symbol = mxnet.sym.Custom(*variables, op_type=op_type, **attributes)
        dtypes = symbol.infer_type(**{n: kind.dtype for n, kind in zip(names, given)})[1]
        found = []
        for samples in (SAMPLES, OTHERS):
            sizes = _sizes(given, samples)
            shapes = {
                n: tuple(d if isinstance(d, int) else sizes[d, n, k] for k, d in enumerate(dims))
                for n, dims in ((n, kind.dims or ()) for n, kind in zip(names, given))
            }
            found.append((symbol.infer_shape(**shapes)[1], sizes))
    except mxnet.base.MXNetError:
        return None  # nobody registered it in this process, or not for these inputs
    (first, sizes), (second, others) = found
    back = {(sizes[key], others[key]): key[0] for key in sizes}
    return [
        TensorType(np.dtype(dtype), tuple(_size(a, b, back) for a, b in zip(one, other)))
        for dtype, one, other in zip(dtypes, first, second)
    ]


def _sizes(given: Sequence[TensorType], samples: Sequence[int]) -> Dict[Tuple[Dim, str, int], int]:
    """A sample for every size that varies; one name is one size."""
    chosen: Dict[Any, int] = {}
    sizes: Dict[Tuple[Dim, str, int], int] = {}
    for place, kind in enumerate(given):
        for axis, dim in enumerate(kind.dims or ()):
            if not isinstance(dim, int):
                key = dim if dim is not None else (place, axis)
                chosen.setdefault(key, samples[len(chosen) % len(samples)])
                sizes[dim, f"input{place}", axis] = chosen[key]
    return sizes


def _size(one: int, other: int, names: Mapping[Tuple[int, int], Dim]) -> Dim:
    return one if one == other else names.get((one, other))
