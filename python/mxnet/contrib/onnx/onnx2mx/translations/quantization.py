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
"""Quantised tensors: int8 and uint8 as numbers of a float, exact to the integer rule."""

from __future__ import annotations

import math

import numpy as np

from ...dtypes import numpy_dtype
from ...translation import TranslationTable
from ..values import Dim
from .axes import along_axis, from_front
from .convolution import conv
from .linear_algebra import matmul
from .precision import cast

table = TranslationTable()
QUANTIZED = (np.dtype(np.int8), np.dtype(np.uint8))
LIMITS = "int8 and uint8"


def _laid_out(op, t, x, axis, block_size=0):
    """A scale or zero point against ``x``: one for all, one a place of ``axis``, or blocks."""
    if block_size and t.rank == x.rank:
        axis = from_front(op, axis, x.rank)
        return op.cut(op.repeat(t, repeats=block_size, axis=axis), axis, 0, x.shape[axis])
    if t.rank == 1 and t.shape != (1,) and x.rank > 1:
        return along_axis(op, t, from_front(op, axis, x.rank), x.rank)
    return t


# -- to and from -------------------------------------------------------------------------------


@table.op(
    "QuantizeLinear",
    versions=(10, 13, 19, 21, 23, 24, 25, 28),
    ignores=("saturate", "precision"),
    limits=f"{LIMITS}; the division is in float32",
)
def quantize_linear(op, x, y_scale, y_zero_point=None, *, axis=1, block_size=0, output_dtype=0):
    """``saturate`` is about float8, which is refused."""
    dtype = np.dtype(np.uint8)
    if y_zero_point is not None:
        dtype = y_zero_point.dtype
    elif output_dtype:
        dtype = numpy_dtype(output_dtype)
    x, scale = cast(op, x, "float32"), cast(op, y_scale, "float32")
    y = op._npi_true_divide(x, _laid_out(op, scale, x, axis, block_size))
    if y_zero_point is not None:
        y_zero_point = _laid_out(op, y_zero_point, x, axis, block_size)
    return _saturated(op, y, y_zero_point, dtype)


def _saturated(op, y, zero_point, dtype):
    """``y`` rounded, halves to even, from the zero point on, and cut to ``dtype``."""
    if dtype not in QUANTIZED:
        op.fail(f"{dtype} is not covered, {LIMITS} are")
    y = op._npi_around(y)
    y = y if zero_point is None else op._npi_add(y, cast(op, zero_point, y.dtype))
    ends = np.iinfo(dtype)
    return cast(op, op.clip(y, a_min=float(ends.min), a_max=float(ends.max)), dtype)


@table.op(
    "DequantizeLinear", versions=(10, 13, 19, 21, 23, 24, 25, 28), limits=f"{LIMITS}, and int32"
)
def dequantize_linear(op, x, x_scale, x_zero_point=None, *, axis=1, block_size=0, output_dtype=0):
    """Constants, as weights are, when they are imported: they learn then, and cost nothing."""
    dtype = numpy_dtype(output_dtype) if output_dtype else x_scale.dtype
    given = [t for t in (x, x_scale, x_zero_point) if t is not None]
    if all(t.value is not None for t in given):
        return op.constant(_dequantized(op, given, axis, block_size).astype(dtype), trainable=True)
    y = cast(op, x, "int32")
    if x_zero_point is not None:
        zero_point = cast(op, _laid_out(op, x_zero_point, x, axis, block_size), "int32")
        y = op._npi_subtract(y, zero_point)
    scale = cast(op, _laid_out(op, x_scale, x, axis, block_size), "float32")
    return cast(op, op._npi_multiply(cast(op, y, "float32"), scale), dtype)


def _dequantized(op, given, axis, block_size):
    """In NumPy, the same arithmetic."""
    x, scale, *zero_point = given

    def spread(t):
        if block_size and t.rank == x.rank:
            at = from_front(op, axis, x.rank)
            return t.value.repeat(block_size, at).take(range(x.shape[at]), at)
        if t.rank == 1 and t.shape != (1,) and x.rank > 1:
            at = from_front(op, axis, x.rank)
            return t.value.reshape((-1, *(1,) * (x.rank - 1 - at)))
        return t.value

    y = x.value.astype(np.int32)
    y = y - spread(zero_point[0]).astype(np.int32) if zero_point else y
    return y.astype(np.float32) * spread(scale).astype(np.float32)


# -- products ----------------------------------------------------------------------------------


def _exact_in(terms):
    """The float that holds any sum of ``terms`` products of two quantised numbers."""
    small = not isinstance(terms, Dim) and terms * 255 * 255 <= 2**24
    return "float32" if small else "float64"


def _centred(op, x, zero_point, dtype):
    """``x`` less its zero point, in ``dtype``."""
    x = cast(op, x, dtype)
    return x if zero_point is None else op._npi_subtract(x, cast(op, zero_point, dtype))


def _by_row(op, t, rank):
    """A vector of one entry a row of matrices; anything else broadcasts as it is."""
    return op.reshape(t, (*t.shape, 1)) if t is not None and t.rank == 1 and rank > 1 else t


def _integer_matmul(op, a, b, a_zero_point, b_zero_point):
    """int32, exact."""
    dtype = _exact_in(a.shape[-1])
    a = _centred(op, a, _by_row(op, a_zero_point, a.rank), dtype)
    b = _centred(op, b, b_zero_point, dtype)
    return cast(op, matmul(op, a, b), "int32")


@table.op("MatMulInteger", versions=(10,))
def matmul_integer(op, a, b, a_zero_point=None, b_zero_point=None):
    return _integer_matmul(op, a, b, a_zero_point, b_zero_point)


@table.op("QLinearMatMul", versions=(10, 21), limits=LIMITS)
def qlinear_matmul(op, a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point):
    total = _integer_matmul(op, a, b, a_zero_point, b_zero_point)
    scales = (_by_row(op, a_scale, a.rank), b_scale, y_scale)
    return _requantized(op, total, scales, y_zero_point)


def _requantized(op, total, scales, zero_point):
    """Sums of products as numbers of the output's scale; the factor is made first, in float32."""
    a, b, y = (cast(op, s, "float32") for s in scales)
    factor = op._npi_true_divide(op._npi_multiply(a, b), y)
    y = op._npi_multiply(cast(op, total, "float32"), factor)
    return _saturated(op, y, zero_point, zero_point.dtype)


def _integer_conv(op, x, w, x_zero_point, w_zero_point, windows):
    """int32, exact; pads are of the zero point, which is 0 once it is subtracted."""
    dtype = _exact_in(math.prod(w.shape[1:]))
    if w_zero_point is not None and w_zero_point.rank == 1 and w_zero_point.shape != (1,):
        w_zero_point = along_axis(op, w_zero_point, 0, w.rank)
    x, w = _centred(op, x, x_zero_point, dtype), _centred(op, w, w_zero_point, dtype)
    return cast(op, conv(op, x, w, **windows), "int32")


@table.op("ConvInteger", versions=(10,))
def conv_integer(
    op,
    x,
    w,
    x_zero_point=None,
    w_zero_point=None,
    *,
    kernel_shape=None,
    strides=None,
    pads=None,
    dilations=None,
    group,
    auto_pad,
):
    windows = {
        "kernel_shape": kernel_shape,
        "strides": strides,
        "pads": pads,
        "dilations": dilations,
        "group": group,
        "auto_pad": auto_pad,
    }
    return _integer_conv(op, x, w, x_zero_point, w_zero_point, windows)


@table.op("QLinearConv", versions=(10,))
def qlinear_conv(
    op,
    x,
    x_scale,
    x_zero_point,
    w,
    w_scale,
    w_zero_point,
    y_scale,
    y_zero_point,
    b=None,
    *,
    kernel_shape=None,
    strides=None,
    pads=None,
    dilations=None,
    group,
    auto_pad,
):
    windows = {
        "kernel_shape": kernel_shape,
        "strides": strides,
        "pads": pads,
        "dilations": dilations,
        "group": group,
        "auto_pad": auto_pad,
    }
    total = _integer_conv(op, x, w, x_zero_point, w_zero_point, windows)
    if b is not None:
        total = op._npi_add(total, along_axis(op, b, 1, x.rank))
    if w_scale.rank == 1 and w_scale.shape != (1,):
        w_scale = along_axis(op, w_scale, 1, x.rank)
    return _requantized(op, total, (x_scale, w_scale, y_scale), y_zero_point)
