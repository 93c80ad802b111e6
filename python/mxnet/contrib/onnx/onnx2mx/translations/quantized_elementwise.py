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
"""Operators of ONNX Runtime on quantised tensors without products of matrices.

An operator on one tensor of 8 bits is a table of 256 numbers, made when the model is imported.
"""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from ..values import Dim, product
from .axes import from_front
from .comparison import where
from .joining import concat
from .pooling import average_pool
from .precision import cast, scalar
from .quantization import centred, dequantized, quantized, saturated
from .quantized_layers import in_front
from .signatures import taking

table = TranslationTable()
MICROSOFT = "com.microsoft"
LIMITS = "scales and zero points must be known when the model is imported"


def _scale(op, tensor):
    """The float32 that a scale is."""
    return op.value(tensor).astype(np.float32).reshape(())[()]


def _zero(op, tensor):
    return np.int32(0) if tensor is None else op.value(tensor).astype(np.int32).reshape(())[()]


def _numbers(op, x, scale, zero_point):
    """What each of the 256 numbers of a type stands for, least first, in float32."""
    if x.element not in (np.int8, np.uint8):
        op.fail(f"{x.element} is not covered, only int8 and uint8 are")
    ends = np.iinfo(x.dtype)
    every = np.arange(ends.min, ends.max + 1, dtype=np.int32) - _zero(op, zero_point)
    return every.astype(np.float32) * _scale(op, scale)


def _rounded(op, y, scale, zero_point, dtype):
    ends = np.iinfo(dtype)
    y = np.rint(y / _scale(op, scale)) + np.float32(_zero(op, zero_point))
    return np.clip(y, ends.min, ends.max).astype(dtype)


def _looked_up(op, x, entries):
    """The entry of each number."""
    index = cast(op, x, "int32")
    if x.dtype == np.int8:
        index = op._npi_add(index, scalar(op, 128, np.int32))
    return op.take(op.constant(entries), index, axis=0, mode="clip")


def _by_table(op, x, x_scale, x_zero_point, y_scale, y_zero_point, function):
    numbers = function(_numbers(op, x, x_scale, x_zero_point))
    return _looked_up(op, x, _rounded(op, numbers, y_scale, y_zero_point, x.dtype))


@table.op("QLinearSigmoid", domain=MICROSOFT, limits=LIMITS)
def qlinear_sigmoid(op, x, x_scale, x_zero_point, y_scale, y_zero_point=None):
    def sigmoid(numbers):
        return (1 / (1 + np.exp(-numbers.astype(np.float64)))).astype(np.float32)

    return _by_table(op, x, x_scale, x_zero_point, y_scale, y_zero_point, sigmoid)


@table.op("QLinearLeakyRelu", domain=MICROSOFT, limits=LIMITS)
def qlinear_leaky_relu(op, x, x_scale, x_zero_point, y_scale, y_zero_point=None, *, alpha=0.01):
    def leaky(numbers):
        return np.where(numbers >= 0, numbers, numbers * np.float32(alpha))

    return _by_table(op, x, x_scale, x_zero_point, y_scale, y_zero_point, leaky)


@table.op("QLinearConcat", domain=MICROSOFT, limits=LIMITS)
def qlinear_concat(op, y_scale, y_zero_point, *inputs, axis):
    """Tensor, scale and zero point again and again."""
    if len(inputs) % 3 or not inputs:
        op.fail(f"{len(inputs)} inputs are no tensors with a scale and a zero point each")
    parts = [
        _by_table(op, *inputs[i : i + 3], y_scale, y_zero_point, lambda numbers: numbers)
        for i in range(0, len(inputs), 3)
    ]
    return concat(op, *parts, axis=axis)


@table.op("QLinearWhere", domain=MICROSOFT, limits=LIMITS)
def qlinear_where(
    op, condition, x, x_scale, x_zero_point, y, y_scale, y_zero_point, z_scale, z_zero_point
):
    x = _by_table(op, x, x_scale, x_zero_point, z_scale, z_zero_point, lambda numbers: numbers)
    y = _by_table(op, y, y_scale, y_zero_point, z_scale, z_zero_point, lambda numbers: numbers)
    return where(op, condition, x, y)


@table.op("QLinearAdd", domain=MICROSOFT, limits=LIMITS)
def qlinear_add(op, a, a_scale, a_zero_point, b, b_scale, b_zero_point, c_scale, c_zero_point=None):
    """With the roundings of ONNX Runtime: two products, each added to what is there at once."""
    scale = _scale(op, c_scale)
    a_ratio, b_ratio = _scale(op, a_scale) / scale, _scale(op, b_scale) / scale
    a_zero, b_zero, c_zero = (
        np.float32(_zero(op, t)) for t in (a_zero_point, b_zero_point, c_zero_point)
    )
    shift = c_zero - _fused(a_ratio, a_zero, b_ratio * b_zero)

    def added(x, ratio, more):  # in float64, to be rounded once
        x = op._npi_multiply(cast(op, x, "float64"), scalar(op, ratio, np.float64))
        return cast(op, op._npi_add(x, more), "float32")

    y = added(b, b_ratio, scalar(op, shift, np.float64))
    y = added(a, a_ratio, cast(op, y, "float64"))
    return saturated(op, y, None, a.dtype)


def _fused(a, b, c):
    return np.float32(np.float64(a) * np.float64(b) + np.float64(c))


@table.op("QLinearMul", domain=MICROSOFT, limits=LIMITS)
def qlinear_mul(op, a, a_scale, a_zero_point, b, b_scale, b_zero_point, c_scale, c_zero_point=None):
    factor, dtype = _scale(op, a_scale) * _scale(op, b_scale) / _scale(op, c_scale), a.dtype
    a, b = centred(op, a, a_zero_point, "float32"), centred(op, b, b_zero_point, "float32")
    y = op._npi_multiply(op._npi_multiply(a, b), scalar(op, factor, np.float32))
    return saturated(op, y, c_zero_point, dtype)


@table.op("QLinearAveragePool", domain=MICROSOFT)
@taking(average_pool, auto_pad="NOTSET")
def qlinear_average_pool(
    op, x, x_scale, x_zero_point, y_scale, y_zero_point=None, *, channels_last=0, **windows
):
    """Averaged in float32."""

    def compute(x):
        y = average_pool(op, dequantized(op, x, x_scale, x_zero_point), **windows)
        return quantized(op, y, y_scale, y_zero_point, x.dtype)

    return in_front(op, x, compute) if channels_last else compute(x)


@table.op("QLinearGlobalAveragePool", domain=MICROSOFT, limits=LIMITS)
def qlinear_global_average_pool(
    op, x, x_scale, x_zero_point, y_scale, y_zero_point, *, channels_last=0
):
    """The sum is exact; what it is divided by is made first."""
    axes = tuple(range(1, x.rank - 1) if channels_last else range(2, x.rank))
    count, scale = product(x.shape[a] for a in axes), _scale(op, x_scale)
    if isinstance(count, Dim):
        y = op.mean(centred(op, x, x_zero_point, "float64"), axis=axes, keepdims=True)
        factor = scale / _scale(op, y_scale)
    else:
        wide = "float32" if count * 255 <= 2**24 else "float64"
        y = op.sum(centred(op, x, x_zero_point, wide), axis=axes, keepdims=True)
        factor = scale / (_scale(op, y_scale) * np.float32(count))
    y = op._npi_multiply(cast(op, y, "float32"), scalar(op, factor, np.float32))
    return saturated(op, y, y_zero_point, x.dtype)


@table.op("QLinearSoftmax", domain=MICROSOFT, limits=LIMITS)
def qlinear_softmax(op, x, x_scale, x_zero_point, y_scale, y_zero_point, *, opset, axis=-1):
    """Over one axis since opset 13, over it and all behind before; in float64."""
    axis = from_front(op, axis, x.rank)
    axes = (axis,) if opset >= 13 else tuple(range(axis, x.rank))
    y = cast(op, x, "float64")
    y = op._npi_subtract(y, op._np_max(y, axis=axes, keepdims=True))
    y = op._npi_exp(op._npi_multiply(y, scalar(op, _scale(op, x_scale), np.float64)))
    y = op._npi_true_divide(y, op.sum(y, axis=axes, keepdims=True))
    y = op._npi_true_divide(y, scalar(op, _scale(op, y_scale), np.float64))
    return saturated(op, y, y_zero_point, x.dtype)
