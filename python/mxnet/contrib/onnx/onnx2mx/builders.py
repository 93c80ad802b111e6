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
"""Where operators go: nodes of a Symbol, or calls that run at once. The same rows drive both."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import mxnet as mx
import numpy as np
from mxnet.base import _LIB, c_str, check_call
from mxnet.ndarray._internal import _imperative_invoke

from ..dtypes import carrier, in_mxnet
from ..errors import InferenceError, TranslationError
from .hazards import MOST_ELEMENTS
from .inference import (
    FAILURES,
    attribute_texts,
    create_node,
    infer_dtypes,
    infer_shapes,
    operator_handle,
    reason,
)
from .values import Shape, Tensor, at, join, varies


@dataclasses.dataclass(frozen=True)
class Parameter:
    """An array that the Symbol refers to by name.

    Attributes
    ----------
    array : numpy.ndarray
        Often a view into the model's file; of rank 0 it is carried as shape ``(1,)``.
    trainable : bool
    carrier : numpy.dtype
        Type of the variable, where it is not the array's own.
    """

    array: np.ndarray
    trainable: bool
    carrier: np.dtype

    @property
    def shape(self) -> Tuple[int, ...]:
        return self.array.shape or (1,)


def holds(array: np.ndarray) -> bool:
    """Whether MXNet can hold an array in its own type."""
    return 0 < array.size <= MOST_ELEMENTS and in_mxnet(array.dtype)


def carries(array: np.ndarray) -> bool:
    """Whether MXNet can hold an array, in its own type or exactly in the one that carries it."""
    if not 0 < array.size <= MOST_ELEMENTS or carrier(array.dtype) is None:
        return False
    return array.dtype != np.uint64 or bool(array.max() < 2**63)


def carried(array: np.ndarray) -> np.ndarray:
    """The array in the type in which MXNet holds it; as it is where MXNet cannot."""
    return array.astype(carrier(array.dtype) or array.dtype, copy=False)


def tagged(tensor: Tensor, dtype: np.dtype) -> Tensor:
    """``tensor`` as one of an ONNX type that its own carries."""
    return dataclasses.replace(tensor, stands_for=None if dtype == tensor.dtype else dtype)


def read(builder: Any, tensor: Tensor) -> np.ndarray:
    """The array behind a tensor of an eager run, of its ONNX type."""
    return builder.read(tensor).astype(tensor.element, copy=False)


def check_holdable(array: np.ndarray, name: str) -> None:
    """Refuse an array that MXNet cannot hold.

    Raises
    ------
    TranslationError
        If it is empty, too large, or of a type that MXNet lacks.
    """
    if not in_mxnet(array.dtype):
        raise TranslationError(
            f"the constant '{name}' of {array.dtype} is needed at run time; MXNet has no such type"
        )
    if not array.size:
        raise TranslationError(f"the constant '{name}' is empty, which MXNet cannot hold")
    if array.size > MOST_ELEMENTS:
        raise TranslationError(
            f"the constant '{name}' has more elements than an MXNet tensor holds"
        )


class SymbolBuilder:
    """Builds classic symbol nodes; shapes are inferred in every sample and joined.

    Parameters
    ----------
    samples : int
        Number of samples.
    floating : bool
        Whether constants of whole numbers become variables of floats and are cast back in the
        graph: MXNet's optimizers, which Module hands every variable to, refuse whole numbers.
    """

    #: Whether operators are run at once, so that every array can be read.
    eager = False

    def __init__(self, samples: int = 1, floating: bool = False):
        self.samples, self.floating = samples, floating
        self.parameters: Dict[str, Parameter] = {}

    def input(self, name: str, shape: Shape, dtype: np.dtype) -> Tensor:
        """A variable for an input; its shape is fixed where no size varies.

        Raises
        ------
        InferenceError
            If in some sample it has more elements than MXNet counts.
        """
        if any(math.prod(at(shape, k)) > MOST_ELEMENTS for k in range(self.samples)):
            raise InferenceError(
                f"the input '{name}' of {shape} has more elements than an MXNet tensor holds"
            )
        fixed = {} if varies(shape) else {"shape": shape or (1,)}
        dtype = np.dtype(dtype)
        held = carrier(dtype) or dtype
        return tagged(Tensor(mx.sym.var(name, dtype=held, **fixed), shape, held), dtype)

    def parameter(self, name: str, array: np.ndarray, trainable: bool = False) -> Tensor:
        """A variable for a known array, of the type that carries it."""
        check_holdable(array, name)
        dtype = _floating_carrier(array) if self.floating else array.dtype
        parameter = self.parameters[name] = Parameter(array, trainable, dtype)
        still = {} if trainable else {"lr_mult": 0.0, "wd_mult": 0.0}
        handle = mx.sym.var(name, shape=parameter.shape, dtype=dtype, **still)
        return Tensor(handle, array.shape, dtype, array)

    def infer(
        self, op_name: str, tensors: Sequence[Tensor], attrs: Mapping[str, Any]
    ) -> Tuple[Shape, ...]:
        """Output shapes of an operator."""
        texts = attribute_texts(attrs)
        shapes: Any = tuple(t.carried for t in tensors)
        if not any(map(varies, shapes)):
            return infer_shapes(op_name, texts, shapes)
        return join(infer_shapes(op_name, texts, at(shapes, k)) for k in range(self.samples))

    def apply(
        self, op_name: str, tensors: Sequence[Tensor], attrs: Mapping[str, Any], name: str
    ) -> List[Tensor]:
        """Add an operator; one tensor for each of its outputs."""
        shapes = self.infer(op_name, tensors, attrs)
        texts = attribute_texts(attrs)
        dtypes = infer_dtypes(op_name, texts, tuple(t.dtype for t in tensors))
        node = create_node(op_name, [t.handle for t in tensors], texts, name)
        outputs = [node] if len(shapes) == 1 else [node[i] for i in range(len(shapes))]
        return [Tensor(*output) for output in zip(outputs, shapes, dtypes)]

    def hold(
        self,
        op_name: str,
        graph: Any,
        tensors: Sequence[Tensor],
        attrs: Mapping[str, Any],
        name: str,
    ) -> Any:
        """The node of an operator that holds a graph."""
        handles = [graph, *(t.handle for t in tensors)]
        return create_node(op_name, handles, attribute_texts(attrs), name)

    def keep(self, tensor: Tensor) -> Tensor:
        """Count a tensor as one of this graph."""
        return tensor

    def rename(self, tensor: Tensor, name: str) -> None:
        """Call the node that makes ``tensor`` otherwise."""
        check_call(_LIB.MXSymbolSetAttr(tensor.handle.handle, c_str("name"), c_str(name)))

    def read(self, tensor: Tensor) -> Optional[np.ndarray]:
        """The array behind a run-time tensor, which a symbol cannot give."""
        return None


def _floating_carrier(array: np.ndarray) -> np.dtype:
    """The narrowest floating type that holds all of a constant exactly; its own where none does.

    float32 where possible: some of MXNet's optimizers know no other.
    """
    if array.dtype.kind not in "iub":
        return array.dtype
    largest = max(abs(int(array.max())), abs(int(array.min())))
    for wide, exact in (("float32", 2**24), ("float64", 2**53)):
        if largest <= exact:
            return np.dtype(wide)
    return array.dtype


class NDArrayBuilder:
    """Runs every operator at once; there is one sample, and it is the real thing.

    Parameters
    ----------
    ctx : mxnet.Context, optional
    """

    samples = 1
    eager = True

    def __init__(self, ctx: Optional[mx.Context] = None):
        self.ctx = ctx or mx.cpu()

    def input(self, name: str, array: np.ndarray) -> Tensor:
        """An input's array."""
        held = carried(array)
        check_holdable(held, name)
        return tagged(Tensor(to_ndarray(held, self.ctx), held.shape, held.dtype), array.dtype)

    def parameter(self, name: str, array: np.ndarray, trainable: bool = False) -> Tensor:
        """A known array."""
        check_holdable(array, name)
        return Tensor(to_ndarray(array, self.ctx), array.shape, array.dtype, array)

    def infer(
        self, op_name: str, tensors: Sequence[Tensor], attrs: Mapping[str, Any]
    ) -> Tuple[Shape, ...]:
        """Output shapes of an operator."""
        return infer_shapes(op_name, attribute_texts(attrs), tuple(t.carried for t in tensors))

    def apply(
        self, op_name: str, tensors: Sequence[Tensor], attrs: Mapping[str, Any], name: str
    ) -> List[Tensor]:
        """Run an operator; one tensor for each of its outputs."""
        self.infer(op_name, tensors, attrs)  # refuses what the process would not survive
        texts = attribute_texts(attrs)
        try:
            outputs = _imperative_invoke(
                operator_handle(op_name),
                [t.handle for t in tensors],
                [k for k, _ in texts],
                [v for _, v in texts],
                None,
                False,
                False,
            )
        except FAILURES as error:
            raise InferenceError(f"MXNet's {op_name}: {reason(error)}") from None
        outputs = outputs if isinstance(outputs, list) else [outputs]
        return [Tensor(o, o.shape, np.dtype(o.dtype)) for o in outputs]

    def rename(self, tensor: Tensor, name: str) -> None:
        """Arrays have no names."""

    def read(self, tensor: Tensor) -> np.ndarray:
        """The array behind a tensor, in its ONNX shape and the type that MXNet computes in."""
        if tensor.is_empty:
            return np.zeros(tensor.shape, tensor.dtype)
        try:
            return tensor.handle.asnumpy().reshape(tensor.shape)
        except FAILURES as error:  # what ran asynchronously reports here
            raise TranslationError(f"MXNet fails while it runs: {reason(error)}") from None


def to_ndarray(
    array: np.ndarray, ctx: Optional[mx.Context] = None, dtype: Optional[np.dtype] = None
) -> mx.nd.NDArray:
    """A copy of ``array`` in MXNet's memory, made in one step; rank 0 becomes ``(1,)``."""
    dtype = np.dtype(dtype or array.dtype)
    copied = mx.nd.empty(array.shape or (1,), ctx, dtype)
    copied._sync_copyfrom(np.ascontiguousarray(array, dtype).reshape(copied.shape))
    return copied
