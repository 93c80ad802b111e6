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
"""Between the arrays of a block's caller and the values that operators see."""

from __future__ import annotations

from typing import Any, Optional

import mxnet as mx
import numpy as np

from onnx import helper

from ..dtypes import carrier, onnx_name
from ..errors import ModelError
from .graph import ValueInfo
from .values import plain


def taken(info: ValueInfo, given: Any, edge_type: Optional[np.dtype] = None) -> Any:
    """What a caller gives for an input, checked: classic NDArrays, NumPy arrays, lists, or None.

    Empty arrays and those of types that MXNet lacks are NumPy's; a rank of 0 is carried as (1,).

    Parameters
    ----------
    info : ValueInfo
    given : mxnet.nd.NDArray, mxnet.np.ndarray, array_like, list of these, or None
    edge_type : numpy.dtype, optional
        Type in which floats are given whatever the model's is.

    Raises
    ------
    ModelError
        If it is not what the model declares.
    """
    if info.kind == "optional":
        return (
            None if given is None else taken(info.element or ValueInfo(info.name), given, edge_type)
        )
    if info.kind == "sequence":
        if not isinstance(given, (list, tuple)):
            raise ModelError(f"input '{info.name}' is a sequence; give a list of arrays")
        element = info.element or ValueInfo(info.name)
        return [taken(element, each, edge_type) for each in given]
    if info.kind not in ("tensor", ""):
        raise ModelError(f"input '{info.name}' is a {info.kind}, which cannot be given here")
    if given is None:
        raise ModelError(f"input '{info.name}' is not given, and it is no optional one")
    if isinstance(given, mx.sym.Symbol):
        raise ModelError(
            f"input '{info.name}' is given as a Symbol; this block takes arrays alone, and is no "
            "part of a graph"
        )
    array = given if isinstance(given, mx.nd.NDArray) else np.asarray(given)
    if edge_type is not None and array.dtype == edge_type:
        declared = _declared(info)
        if declared is not None and declared.kind == "f":
            array = array.astype(declared)
    return _of_numpy(info, array) if isinstance(array, np.ndarray) else _of_ndarray(info, array)


def _of_ndarray(info: ValueInfo, given: mx.nd.NDArray) -> Any:
    shape = tuple(given.shape)
    if info.shape == () and shape == (1,):
        shape = ()
    _check(info, np.dtype(given.dtype), shape)
    if not all(given.shape):
        return np.zeros(shape, _declared(info) or given.dtype)
    if given.ndim == 0:
        with mx.util.np_shape(True), mx.util.np_array(True):
            given = given.as_np_ndarray().reshape((1,))
    return given.as_nd_ndarray() if isinstance(given, mx.np.ndarray) else given


def _of_numpy(info: ValueInfo, given: np.ndarray) -> np.ndarray:
    if given.dtype.kind == "U":
        given = given.astype(object)
    _check(info, given.dtype, given.shape)
    return given


def _declared(info: ValueInfo) -> Optional[np.dtype]:
    """The declared element type, of NumPy or of ml_dtypes; None where none is declared."""
    return np.dtype(helper.tensor_dtype_to_np_dtype(info.data_type)) if info.data_type else None


def _check(info: ValueInfo, dtype: np.dtype, shape: Any) -> None:
    declared = _declared(info)
    if declared is not None and dtype not in (declared, carrier(declared)):
        held = carrier(declared)
        remedy = f"make the array with dtype='{held}'" if held else "give an array of NumPy"
        raise ModelError(
            f"input '{info.name}' is given as {dtype}, the model wants "
            f"{onnx_name(info.data_type)}; {remedy}"
        )
    if info.shape is not None and (
        len(info.shape) != len(shape)
        or any(isinstance(want, int) and want != n for want, n in zip(info.shape, shape))
    ):
        said = ", ".join("?" if size is None else str(size) for size in info.shape)
        raise ModelError(
            f"input '{info.name}' is given with shape {shape}, the model says ({said})"
        )


def element_type(info: ValueInfo, array: Any) -> np.dtype:
    """The model's element type of an array that may be of the type that carries it."""
    return _declared(info) or np.dtype(array.dtype)


def as_given(value: Any, shape: Any, numpy_style: bool, numpy_shape: bool) -> Any:
    """A classic array that an operator made, in the style of the caller.

    Parameters
    ----------
    value : mxnet.nd.NDArray
    shape : tuple of int
        In ONNX; rank 0 comes back where the caller has switched on NumPy's shapes.
    numpy_style, numpy_shape : bool
        ``mx.util.is_np_array()`` and ``mx.util.is_np_shape()`` of the caller.
    """
    if shape == () and numpy_shape:
        with mx.util.np_shape(True), mx.util.np_array(True):
            value = value.as_np_ndarray().reshape(())
    if isinstance(value, mx.np.ndarray) == numpy_style:
        return value
    return value.as_np_ndarray() if numpy_style else value.as_nd_ndarray()


def from_numpy(array: np.ndarray, ctx: mx.Context, numpy_style: bool, numpy_shape: bool) -> Any:
    """An output that NumPy holds as the caller's kind of array; strings stay with NumPy."""
    held = carrier(array.dtype)
    if held is None:
        return plain(array)
    with mx.util.np_shape(True), mx.util.np_array(numpy_style):
        shape = array.shape or (() if numpy_shape else (1,))
        made = (mx.np if numpy_style else mx.nd).empty(shape, dtype=held, ctx=ctx)
        if array.size:
            made._sync_copyfrom(np.ascontiguousarray(array, held).reshape(shape))
    return made
