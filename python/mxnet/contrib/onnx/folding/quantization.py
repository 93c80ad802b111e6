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
"""Quantisation with NumPy: every integer and float type that ONNX quantises to."""

from __future__ import annotations

import numpy as np

from onnx import helper

from .table import FoldingTable

table = FoldingTable()
#: ONNX Runtime had types of 4 and 16 bits in a domain of its own before ONNX had them.
MICROSOFT = "com.microsoft"
VERSIONS = (10, 13, 19, 21, 23, 24, 25, 28)


def _spread(t, x, axis, block_size):
    """A scale or zero point against ``x``: one for all, one a place of ``axis``, or blocks."""
    if block_size and t.ndim == x.ndim:
        return t.repeat(block_size, axis).take(range(x.shape[axis]), axis)
    if t.ndim == 1 and t.shape != (1,) and x.ndim > 1:
        return t.reshape((-1, *(1,) * (x.ndim - 1 - range(x.ndim)[axis])))
    return t


@table.op("QuantizeLinear", domain=MICROSOFT)
@table.op("QuantizeLinear", versions=VERSIONS)
def quantize_linear(
    x,
    y_scale,
    y_zero_point=None,
    *,
    axis=1,
    block_size=0,
    output_dtype=0,
    saturate=1,
    precision=0,
):
    """Divided in float32, as ONNX Runtime does, unless ``precision`` names another type."""
    dtype = np.dtype(np.uint8)
    if y_zero_point is not None:
        dtype = y_zero_point.dtype
    elif output_dtype:
        dtype = helper.tensor_dtype_to_np_dtype(output_dtype)
    narrow = helper.tensor_dtype_to_np_dtype(precision) if precision else np.float32
    x, y_scale = (t.astype(narrow).astype(np.float32) for t in (x, y_scale))
    y = (x / _spread(y_scale, x, axis, block_size)).astype(narrow).astype(np.float32)
    ends = integer_limits(dtype)
    if ends is None:
        return narrow_float(y, dtype, saturate)
    y = np.rint(y)
    if y_zero_point is not None:
        y = y + _spread(y_zero_point.astype(np.float32), x, axis, block_size)
    y = np.fmin(np.fmax(y, ends[0]), ends[1])  # what is no number becomes the least
    return y.astype(np.int32).astype(dtype)


def integer_limits(dtype):
    """Least and largest number of an integer type, those that NumPy lacks included, else None."""
    sign, integer, bits = np.dtype(dtype).name.rpartition("int")
    if not integer or not bits.isdigit():
        return None
    return (
        (0, 2 ** int(bits) - 1)
        if sign == "u"
        else (-(2 ** (int(bits) - 1)), 2 ** (int(bits) - 1) - 1)
    )


def narrow_float(y, dtype, saturate):
    """Types of eight bits can hold what is no number; narrower ones end at their largest."""
    narrow = y.astype(dtype)
    if not saturate or not np.dtype(dtype).name.startswith("float8"):
        return narrow
    largest = _largest(dtype)
    return np.where(np.isnan(y), y, np.clip(y, -largest, largest)).astype(dtype)


def _largest(dtype):
    every = np.arange(128, dtype=np.uint8).view(dtype).astype(np.float32)
    return every[np.isfinite(every)].max()


@table.op("DequantizeLinear", domain=MICROSOFT, learns=True)
@table.op("DequantizeLinear", versions=VERSIONS, learns=True)
def dequantize_linear(x, x_scale, x_zero_point=None, *, axis=1, block_size=0, output_dtype=0):
    """Differences are exact, products are made in float32."""
    dtype = helper.tensor_dtype_to_np_dtype(output_dtype) if output_dtype else x_scale.dtype
    wide = np.float32 if integer_limits(x.dtype) is None else np.int64
    y = x.astype(wide)
    if x_zero_point is not None:
        y = y - _spread(x_zero_point.astype(wide), x, axis, block_size)
    y = y.astype(np.float32) * _spread(x_scale.astype(np.float32), x, axis, block_size)
    return y.astype(dtype)
