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
"""Quantised tensors: integers as numbers of a float, exact to the integer rule."""

from __future__ import annotations

import numpy as np

from ...dtypes import element_dtype, numpy_dtype
from ...translation import TranslationTable
from .axes import along_axis, from_front
from .precision import cast, scalar

table = TranslationTable()
VERSIONS = (10, 13, 19, 21, 23, 24, 25, 28)
LIMITS = "MXNet holds no integers of 2 and 4 bits and no float8: in Symbols constants only"


# -- scales and zero points ----------------------------------------------------------------------


def laid_out(op, t, x, axis, block_size=0):
    """A scale or zero point against ``x``: one for all, one a place of ``axis``, or blocks."""
    if block_size and t.rank == x.rank:
        axis = from_front(op, axis, x.rank)
        return op.cut(op.repeat(t, repeats=block_size, axis=axis), axis, 0, x.shape[axis])
    if t.rank == 1 and t.shape != (1,) and x.rank > 1:
        return along_axis(op, t, from_front(op, axis, x.rank), x.rank)
    return t


def fixed_in(op, tensor, dtype):
    """A scale or zero point in ``dtype``: converted at import where it is known then."""
    if tensor is None or tensor.dtype == dtype or tensor.value is None:
        return tensor if tensor is None else cast(op, tensor, dtype)
    return op.constant(tensor.value.astype(dtype))


def without_zeros(tensor):
    """A zero point, None where it is known to be 0."""
    known = tensor is not None and tensor.value is not None
    return None if known and not tensor.value.astype(np.float32).any() else tensor


def centred(op, x, zero_point, dtype):
    """``x`` less its zero point, in ``dtype``; of weights when they are imported."""
    zero_point = without_zeros(zero_point)
    if x.value is not None and (zero_point is None or zero_point.value is not None):
        value = x.value.astype(dtype)
        return op.constant(value if zero_point is None else value - zero_point.value.astype(dtype))
    x = cast(op, x, dtype)
    return x if zero_point is None else op._npi_subtract(x, fixed_in(op, zero_point, x.dtype))


def dequantized(op, x, scale, zero_point):
    """The numbers in float32 that 8 bits stand for."""
    return op._npi_multiply(centred(op, x, zero_point, "float32"), fixed_in(op, scale, "float32"))


def quantized(op, y, scale, zero_point, dtype):
    """Numbers of float32 as integers of a scale."""
    return saturated(
        op, op._npi_true_divide(y, fixed_in(op, scale, np.dtype(np.float32))), zero_point, dtype
    )


def saturated(op, y, zero_point, dtype):
    """``y`` rounded, halves to even, from the zero point on, and cut to ``dtype``.

    What is no number becomes the least, as in ONNX Runtime.
    """
    if np.dtype(dtype).kind not in "iu":
        op.fail(f"{dtype} is not covered where MXNet computes: it holds no such numbers")
    ends, zero_point = np.iinfo(dtype), without_zeros(zero_point)
    y = op._npi_around(y)
    if zero_point is not None:
        y = op._npi_add(y, fixed_in(op, zero_point, y.dtype))
    low, high = float(ends.min), float(ends.max)
    enough = op._npi_greater_equal_scalar(y, scalar=low)
    y = op._npi_where(enough, y, scalar(op, low, y.dtype))
    return cast(op, op.clip(y, a_min=low, a_max=high), dtype)


# -- to and from -------------------------------------------------------------------------------


def _quantize_linear(op, x, y_scale, y_zero_point, axis, block_size=0, output_dtype=0, precision=0):
    """Divided in float32, as ONNX Runtime does, unless ``precision`` names another type."""
    dtype = np.dtype(np.uint8)
    if y_zero_point is not None:
        dtype = y_zero_point.element
        y_zero_point = laid_out(op, y_zero_point, x, axis, block_size)
    elif output_dtype:
        dtype = numpy_dtype(output_dtype)
    narrow = numpy_dtype(precision) if precision else np.dtype(np.float32)
    x, y_scale = cast(op, cast(op, x, narrow), "float32"), fixed_in(op, y_scale, narrow)
    scale = laid_out(op, fixed_in(op, y_scale, np.dtype(np.float32)), x, axis, block_size)
    y = cast(op, cast(op, op._npi_true_divide(x, scale), narrow), "float32")
    return saturated(op, y, y_zero_point, dtype)


@table.op("QuantizeLinear", versions=VERSIONS, ignores=("saturate",), limits=LIMITS)
def quantize_linear(
    op, x, y_scale, y_zero_point=None, *, axis=1, block_size=0, output_dtype=0, precision=0
):
    """``saturate`` is about float8, which MXNet does not hold."""
    return _quantize_linear(op, x, y_scale, y_zero_point, axis, block_size, output_dtype, precision)


def _dequantize_linear(op, x, scale, zero_point, axis, block_size, dtype):
    if x.dtype.kind not in "iu":
        op.fail(f"{x.dtype} is not covered where MXNet computes: it holds no such numbers")
    y, zero_point = cast(op, x, "int32"), without_zeros(zero_point)
    if zero_point is not None:
        zero_point = laid_out(op, zero_point, x, axis, block_size)
        y = op._npi_subtract(y, fixed_in(op, zero_point, y.dtype))
    scale = laid_out(op, fixed_in(op, scale, np.dtype(np.float32)), x, axis, block_size)
    return cast(op, op._npi_multiply(cast(op, y, "float32"), scale), dtype)


@table.op("DequantizeLinear", versions=VERSIONS, limits=LIMITS)
def dequantize_linear(op, x, x_scale, x_zero_point=None, *, axis=1, block_size=0, output_dtype=0):
    """Differences are exact, products are made in float32."""
    dtype = element_dtype(output_dtype) if output_dtype else x_scale.element
    return _dequantize_linear(op, x, x_scale, x_zero_point, axis, block_size, dtype)


@table.op("QuantizeLinear", domain="com.microsoft", limits=LIMITS)
def microsoft_quantize_linear(op, x, y_scale, y_zero_point=None, *, axis=None):
    """As in ai.onnx, which took its types later; without ``axis`` there is one scale for all."""
    return _quantize_linear(op, x, y_scale, y_zero_point, 1 if axis is None else axis)


@table.op("DequantizeLinear", domain="com.microsoft", limits=LIMITS)
def microsoft_dequantize_linear(op, x, x_scale, x_zero_point=None, *, axis=None):
    axis = 1 if axis is None else axis
    return _dequantize_linear(op, x, x_scale, x_zero_point, axis, 0, x_scale.element)


@table.op("DynamicQuantizeLinear", versions=(11,))
def dynamic_quantize_linear(op, x):
    """Over a range that holds 0; where that is all there is, the scale is 1."""
    scale, zero_point = dynamic_range(op, x)
    y = saturated(op, op._npi_true_divide(x, scale), zero_point, np.uint8)
    return y, scale, cast(op, zero_point, "uint8")


def dynamic_range(op, x):
    """Scale and zero point, both float32 and of rank 0, that spread ``x`` over 8 bits."""
    zero, one = scalar(op, 0, np.float32), scalar(op, 1, np.float32)
    axes = tuple(range(x.rank))
    least, most = (
        op.reshape(reduce(x, axis=axes, keepdims=True), ()) for reduce in (op._np_min, op._np_max)
    )
    least, most = op._npi_minimum(least, zero), op._npi_maximum(most, zero)
    width = op._npi_subtract(most, least)
    scale = op._npi_true_divide(width, scalar(op, 255, np.float32))
    scale = op._npi_where(op._npi_equal(width, zero), one, scale)
    zero_point = op._npi_subtract(zero, op._npi_true_divide(least, scale))
    return scale, op._npi_around(op.clip(zero_point, a_min=0.0, a_max=255.0))


def dynamically_centred(op, x):
    """``x`` quantised like that, less the zero point and still in float32, and its scale."""
    scale, zero_point = dynamic_range(op, x)
    y = op._npi_around(op._npi_true_divide(x, scale))
    y = op._npi_maximum(y, op._npi_negative(zero_point))
    most = op._npi_subtract(scalar(op, 255, np.float32), zero_point)
    return op._npi_minimum(y, most), scale
