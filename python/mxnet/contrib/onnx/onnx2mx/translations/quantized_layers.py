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
"""Products of quantised tensors: sums are exact, whatever their length."""

from __future__ import annotations

import math

import numpy as np

from ...translation import TranslationTable
from ..values import Dim
from .axes import along_axis
from .convolution import conv
from .linear_algebra import matmul
from .precision import cast
from .quantization import centred, dynamically_centred, fixed_in, laid_out, saturated
from .signatures import taking

table = TranslationTable()
MICROSOFT = "com.microsoft"
LIMITS = "int8 and uint8"


# -- sums ----------------------------------------------------------------------------------------


def _reach(tensor, zero_point):
    """The largest distance from the zero point, of all numbers of the type if need be."""
    ends = np.iinfo(tensor.dtype)
    if zero_point is None:
        return max(-ends.min, ends.max)
    if zero_point.value is None:
        return ends.max - ends.min
    zero = zero_point.value.astype(np.int64)
    return max(int(zero.max()) - ends.min, ends.max - int(zero.min()))


def _exact_in(terms, largest, w, w_zero_point, summed):
    """The float that holds any sum of so many products; known weights say how large it gets.

    ``largest`` is the size of the first factors.
    """
    if w.value is not None and (w_zero_point is None or w_zero_point.value is not None):
        zero = 0 if w_zero_point is None else w_zero_point.value.astype(np.int64)
        weights = np.abs(w.value.astype(np.int64) - zero).sum(axis=summed)
        largest *= int(weights.max())
    elif isinstance(terms, Dim):
        return "float64"
    else:
        largest *= _reach(w, w_zero_point) * terms
    return "float32" if largest <= 2**24 else "float64"


def _by_row(op, t, rank):
    """A vector of one entry a row of matrices; anything else broadcasts as it is."""
    if t is None or t.rank != 1 or t.shape == (1,) or rank < 2:
        return t
    return op.reshape(t, (*t.shape, 1)) if t.value is None else op.constant(t.value[:, None])


def _integer_matmul(op, a, b, a_zero_point, b_zero_point):
    """Exact sums, as a float."""
    summed = -1 if b.rank == 1 else -2
    dtype = _exact_in(a.shape[-1], _reach(a, a_zero_point), b, b_zero_point, summed)
    a = centred(op, a, _by_row(op, a_zero_point, a.rank), dtype)
    return matmul(op, a, centred(op, b, b_zero_point, dtype))


def _integer_conv(op, x, w, x_zero_point, w_zero_point, windows):
    """Exact sums, as a float; pads are of the zero point, which is 0 once it is subtracted."""
    if w_zero_point is not None and w_zero_point.rank == 1 and w_zero_point.shape != (1,):
        w_zero_point = _each_filter(op, w_zero_point, w.rank)
    terms, summed = math.prod(w.shape[1:]), tuple(range(1, w.rank))
    dtype = _exact_in(terms, _reach(x, x_zero_point), w, w_zero_point, summed)
    x, w = centred(op, x, x_zero_point, dtype), centred(op, w, w_zero_point, dtype)
    return conv(op, x, w, **windows)


def _each_filter(op, t, rank):
    if t.value is not None:
        return op.constant(t.value.reshape(-1, *(1,) * (rank - 1)))
    return along_axis(op, t, 0, rank)


def _requantized(op, total, scales, zero_point):
    """Sums of products as numbers of the output's scale; the factor is made first, in float32."""
    y = op._npi_multiply(cast(op, total, "float32"), _factor(op, *scales))
    return saturated(op, y, zero_point, zero_point.dtype)


def _factor(op, a, b, y=None):
    """``a * b / y`` of scales, step by step in float32 as ONNX Runtime does."""
    scales = [s for s in (a, b, y) if s is not None]
    if all(s.value is not None for s in scales):
        factor = a.value.astype(np.float32) * b.value.astype(np.float32)
        return op.constant(factor if y is None else factor / y.value.astype(np.float32))
    a, b = (cast(op, s, "float32") for s in (a, b))
    factor = op._npi_multiply(a, b)
    return factor if y is None else op._npi_true_divide(factor, cast(op, y, "float32"))


# -- ai.onnx -------------------------------------------------------------------------------------


@table.op("MatMulInteger", versions=(10,))
def matmul_integer(op, a, b, a_zero_point=None, b_zero_point=None):
    return cast(op, _integer_matmul(op, a, b, a_zero_point, b_zero_point), "int32")


@table.op("QLinearMatMul", versions=(10, 21), limits=LIMITS)
def qlinear_matmul(op, a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point):
    total = _integer_matmul(op, a, b, a_zero_point, b_zero_point)
    a_scale, y_scale, y_zero_point = (
        _by_row(op, t, total.rank) for t in (a_scale, y_scale, y_zero_point)
    )
    return _requantized(op, total, (a_scale, b_scale, y_scale), y_zero_point)


@table.op("ConvInteger", versions=(10,))
@taking(conv)
def conv_integer(op, x, w, x_zero_point=None, w_zero_point=None, **windows):
    return cast(op, _integer_conv(op, x, w, x_zero_point, w_zero_point, windows), "int32")


@table.op("QLinearConv", versions=(10,), limits=LIMITS)
@taking(conv)
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
    **windows,
):
    total = _integer_conv(op, x, w, x_zero_point, w_zero_point, windows)
    if b is not None:
        total = _biased(op, total, b, w, x, x_zero_point)
    return _requantized(
        op, total, (x_scale, laid_out(op, w_scale, total, 1), y_scale), y_zero_point
    )


def _biased(op, total, b, w, x, x_zero_point):
    """Added in float64: bias and sum together may leave what float32 counts exactly."""
    total = cast(op, total, "float64")
    return op._npi_add(total, along_axis(op, fixed_in(op, b, total.dtype), 1, x.rank))


# -- com.microsoft -------------------------------------------------------------------------------


@table.op("QLinearConv", domain=MICROSOFT, limits=LIMITS)
@taking(conv, group=1, auto_pad="NOTSET")
def microsoft_qlinear_conv(op, x, *more, channels_last=0, **windows):
    """As in ai.onnx; ``channels_last`` is about the input and the output, not the weight."""
    if not channels_last:
        return qlinear_conv(op, x, *more, **windows)
    return in_front(op, x, lambda y: qlinear_conv(op, y, *more, **windows))


def in_front(op, x, compute):
    """``compute`` on ``x`` with its last axis brought in front of the spatial ones, and back."""
    spatial = range(1, x.rank - 1)
    y = compute(op.transpose(x, axes=(0, x.rank - 1, *spatial)))
    return op.transpose(y, axes=(0, *range(2, x.rank), 1))


@table.op("MatMulIntegerToFloat", domain=MICROSOFT)
def matmul_integer_to_float(
    op, a, b, a_scale, b_scale, a_zero_point=None, b_zero_point=None, bias=None
):
    total = _integer_matmul(op, a, b, a_zero_point, b_zero_point)
    y = op._npi_multiply(cast(op, total, "float32"), _factor(op, a_scale, b_scale))
    y = cast(op, y, a_scale.dtype)
    return y if bias is None else op._npi_add(y, bias)


@table.op("DynamicQuantizeMatMul", domain=MICROSOFT)
def dynamic_quantize_matmul(op, a, b, b_scale, b_zero_point=None, bias=None):
    """``a`` is quantised as DynamicQuantizeLinear does."""
    y = dynamic_product(op, b, b_scale, b_zero_point)(*dynamically_centred(op, a))
    return y if bias is None else op._npi_add(y, bias)


def dynamic_product(op, b, b_scale, b_zero_point):
    """What multiplies a result of :func:`dynamically_centred` by quantised weights, in float32."""
    terms, summed = b.shape[0 if b.rank == 1 else -2], -1 if b.rank == 1 else -2
    dtype = _exact_in(terms, 255, b, b_zero_point, summed)
    weight = centred(op, b, b_zero_point, dtype)

    def product(a, scale):
        total = matmul(op, cast(op, a, dtype), weight)
        return op._npi_multiply(cast(op, total, "float32"), _factor(op, scale, b_scale))

    return product


@table.op("QGemm", domain=MICROSOFT)
def qgemm(
    op,
    a,
    a_scale,
    a_zero_point,
    b,
    b_scale,
    b_zero_point,
    c=None,
    y_scale=None,
    y_zero_point=None,
    *,
    transa=0,
    transb=0,
    alpha=1.0,
):
    """The scale of ``c`` is that of the product, ``alpha`` included."""
    a = op.transpose(a, axes=(1, 0)) if transa else a
    if transb:
        b = op.transpose(b, axes=(1, 0)) if b.value is None else op.constant(b.value.T)
    total = _integer_matmul(op, a, b, a_zero_point, b_zero_point)
    if c is not None:
        total = op._npi_add(cast(op, total, "float64"), fixed_in(op, c, np.dtype(np.float64)))
    a_scale = _factor(op, op.constant(np.float32(alpha)), a_scale)
    if y_scale is not None:
        return _requantized(op, total, (a_scale, b_scale, y_scale), y_zero_point)
    return op._npi_multiply(cast(op, total, "float32"), _factor(op, a_scale, b_scale))


@table.op(
    "MatMulNBits",
    domain=MICROSOFT,
    ignores=("accuracy_level",),
    limits="weights of 2, 4 and 8 bits known when the model is imported, in ONNX's own order",
)
def matmul_nbits(
    op,
    a,
    b,
    scales,
    zero_points=None,
    g_idx=None,
    bias=None,
    *,
    k,
    n,
    block_size,
    bits=4,
    weight_prepacked=0,
):
    """In the type of ``a``, more exact than any ``accuracy_level`` asks for."""
    if g_idx is not None or weight_prepacked or bits not in (2, 4, 8):
        op.fail(f"g_idx, weight_prepacked and {bits} bits are not covered")
    blocks = -(-k // block_size)
    packed, scales = op.value(b), op.value(scales).reshape(n, blocks, 1)
    if 0 in packed.shape:
        op.fail("weights that are left out are not covered")
    weight = _unpacked(packed.reshape(n, -1), bits)[:, : blocks * block_size]
    zero = np.float32(2 ** (bits - 1))
    if zero_points is not None:
        zero = op.value(zero_points)
        if zero.dtype == np.uint8:
            zero = _unpacked(zero.reshape(n, -1), bits)[:, :blocks]
        zero = zero.reshape(n, blocks, 1).astype(np.float32)
    weight = weight.reshape(n, blocks, block_size).astype(np.float32) - zero
    weight = (weight * scales.astype(np.float32)).reshape(n, -1)[:, :k].T
    y = matmul(op, a, op.constant(np.ascontiguousarray(weight.astype(a.dtype)), trainable=True))
    return y if bias is None else op._npi_add(y, bias)


def _unpacked(packed, bits):
    """Numbers of a few bits out of bytes, the lowest bits first."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    numbers = (packed[..., None] >> shifts) & np.uint8(2**bits - 1)
    return numbers.reshape(*packed.shape[:-1], -1)
