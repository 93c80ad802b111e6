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
"""MXNet's own inference on one operator at a time: the shapes and types it gives."""

from __future__ import annotations

import ctypes
import functools
import math
from typing import Any, Mapping, NoReturn, Sequence, Tuple

import mxnet as mx
import numpy as np
from mxnet.base import _LIB, OpHandle, c_str, check_call
from mxnet.symbol._internal import _symbol_creator

from ..errors import InferenceError, TranslationError
from .hazards import MOST_ELEMENTS, check_hazards

#: What MXNet raises: some of its errors it calls as Python calls them.
FAILURES = (
    mx.base.MXNetError,
    AttributeError,
    IndexError,
    NotImplementedError,
    TypeError,
    ValueError,
)

PlainShape = Tuple[int, ...]


class EmptyResult(InferenceError):
    """An operator would give an empty tensor, of which MXNet has none.

    Attributes
    ----------
    shapes : tuple of tuple of int
        Of all its outputs.
    """

    shapes: Tuple[PlainShape, ...] = ()


#: Attributes as MXNet's C interface takes them, in order.
Attributes = Tuple[Tuple[str, str], ...]


@functools.lru_cache(maxsize=None)
def operator_handle(op_name: str) -> int:
    """MXNet's handle of a registered operator.

    Raises
    ------
    TranslationError
        If MXNet has none of that name.
    """
    handle = OpHandle()
    try:
        check_call(_LIB.NNGetOpHandle(c_str(op_name), ctypes.byref(handle)))
    except mx.base.MXNetError:
        raise TranslationError(f"MXNet {mx.__version__} has no operator {op_name}") from None
    assert handle.value is not None
    return handle.value


def attribute_texts(attrs: Mapping[str, Any]) -> Attributes:
    """Attributes as text; those that are None are left to MXNet's default."""
    return tuple((key, str(value)) for key, value in attrs.items() if value is not None)


def create_node(op_name: str, inputs: Sequence[Any], attrs: Attributes, name: str) -> Any:
    """A classic Symbol of one operator, legacy or NumPy-style.

    Raises
    ------
    TranslationError
        If MXNet refuses the attributes.
    """
    keys, values = [k for k, _ in attrs], [v for _, v in attrs]
    try:
        return _symbol_creator(
            operator_handle(op_name), list(inputs), {}, keys, values, name, False, False
        )
    except FAILURES as error:
        raise TranslationError(
            f"MXNet's {op_name} refuses its attributes: {reason(error)}"
        ) from None


def reason(error: Exception) -> str:
    """The one line of an MXNet error that says what is wrong, without the place in its sources."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = next((line for line in lines if "Check failed" in line or "Error" in line), "")
    text = telling or (lines[0] if lines else type(error).__name__)
    return text.split("Check failed: ")[-1].split("MXNetError: ")[-1].strip()


_slot = functools.lru_cache(maxsize=None)(lambda i: mx.sym.var(f"in{i}"))


@functools.lru_cache(maxsize=4096)
def _probe(op_name: str, attrs: Attributes, count: int) -> Any:
    """A symbol of this one operator over ``count`` fresh variables."""
    return create_node(op_name, [_slot(i) for i in range(count)], attrs, "probe")


@functools.lru_cache(maxsize=65536)
def infer_shapes(
    op_name: str, attrs: Attributes, shapes: Tuple[PlainShape, ...]
) -> Tuple[PlainShape, ...]:
    """Output shapes of one operator; asked of MXNet, at plain sizes only.

    Never at partly unknown ones: MXNet 1.9.1 then forgets ranks (_npx_reshape, take, sum) or
    answers wrongly (_npi_where of (?, 1) and (?, 5) is "(1, 5)").

    Raises
    ------
    EmptyResult
        If a result would be empty.
    InferenceError
        If MXNet refuses these shapes, or the result would be of rank 0.
    """
    check_hazards(op_name, dict(attrs), shapes)
    outputs = _asked(op_name, attrs, shapes)
    if outputs is not None and any(0 in shape for shape in outputs):
        with mx.util.np_shape(True):  # where 0 is a size, and nothing unknown
            outputs = _asked(op_name, attrs, shapes)
    if not outputs or not all(outputs):
        _refuse(op_name, shapes, "the shape of the result cannot be known")
    if any(0 in shape for shape in outputs):
        error = EmptyResult(f"MXNet's {op_name} would give an empty tensor")
        error.shapes = tuple(outputs)
        raise error
    if any(math.prod(shape) > MOST_ELEMENTS for shape in outputs):
        _refuse(op_name, shapes, "the result would have more elements than an MXNet tensor holds")
    return tuple(outputs)


@functools.lru_cache(maxsize=4096)
def shapes_of_nothing(
    op_name: str, attrs: Attributes, shapes: Tuple[PlainShape, ...]
) -> Tuple[PlainShape, ...]:
    """Output shapes of an operator that would get an empty tensor.

    Raises
    ------
    InferenceError
        If MXNet refuses these shapes, or something would come out.
    """
    check_hazards(op_name, dict(attrs), shapes, nothing=True)
    with mx.util.np_shape(True):
        outputs = _asked(op_name, attrs, shapes)
    if not outputs or not all(0 in shape for shape in outputs):
        _refuse(op_name, shapes, "it would have to make something of an empty tensor")
    return tuple(outputs)


def _asked(op_name: str, attrs: Attributes, shapes: Tuple[PlainShape, ...]) -> Any:
    try:
        _, outputs, _ = _probe(op_name, attrs, len(shapes))._infer_shape_impl(
            False, **{f"in{i}": s for i, s in enumerate(shapes)}
        )
    except FAILURES as error:
        _refuse(op_name, shapes, reason(error))
    return outputs


def _refuse(op_name: str, shapes: Tuple[PlainShape, ...], why: str) -> NoReturn:
    given = ", ".join(map(str, shapes))
    raise InferenceError(f"MXNet's {op_name} refuses the shapes {given}: {why}") from None


@functools.lru_cache(maxsize=65536)
def infer_dtypes(
    op_name: str, attrs: Attributes, dtypes: Tuple[np.dtype, ...]
) -> Tuple[np.dtype, ...]:
    """Output types of one operator, asked of MXNet.

    Raises
    ------
    TranslationError
        If MXNet refuses these types.
    """
    try:
        _, outputs, _ = _probe(op_name, attrs, len(dtypes))._infer_type_impl(
            False, **{f"in{i}": d for i, d in enumerate(dtypes)}
        )
    except (*FAILURES, KeyError) as error:
        given = ", ".join(map(str, dtypes))
        text = f"MXNet's {op_name} refuses inputs of {given}: {reason(error)}"
        raise TranslationError(text) from None
    if not outputs or None in outputs:
        raise TranslationError(f"MXNet cannot tell the type of {op_name} of {dtypes}")
    return tuple(map(np.dtype, outputs))
