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
"""Levels of quantised values: scales from ranges, numbers to levels and back.

MXNet sends a range (two float32 arrays of shape (1,)) along with every quantised array. Where a
network is calibrated the ranges are constants, and so are the scales that become of them.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ...dtypes import onnx_type
from ...errors import TranslationError
from .casting import cast

FLOAT = np.dtype(np.float32)
INT8, UINT8, INT32 = (np.dtype(t) for t in (np.int8, np.uint8, np.int32))
#: What MXNet divides a range by to get the width of a level, in most of its operators; measured.
LEVELS = {INT8: 127.5, UINT8: 255.5}
#: The same for int32, and for what int32 is computed from or becomes: there levels are whole.
WHOLE_LEVELS = {INT8: 127.0, UINT8: 255.0, INT32: 2147483647.0}
#: Opset 28 has QuantizeLinear and DequantizeLinear in versions that ONNX Runtime has no kernel for.
NEWEST_WITH_KERNELS = 27
#: A range of 0 would make widths of 0: all numbers are 0 then, and any other width gives level 0.
LEAST_RANGE = 1e-30


def number(op, x):
    """``x``, one number in any shape, without axes, as scales have to be."""
    return x if op.rank(x) == 0 else op.Reshape(x, shape=np.zeros(0, np.int64))


def as_range(op, x):
    """A number in the shape that MXNet's ranges have."""
    return op.Reshape(x, shape=[1])


def known(op, x):
    """The number itself where it is known at conversion time, else None."""
    tensor = op.tensor(x)
    return None if tensor is None else np.float32(tensor.read().reshape(()))


def both_signs(op, far):
    """The range from minus ``far`` to ``far``."""
    low, high = op.Neg(as_range(op, far)), as_range(op, far)
    op.reaches[low, high] = far
    return low, high


def from_zero(op, far):
    """The range from 0 to ``far``."""
    low, high = op.constant(np.zeros(1, np.float32)), as_range(op, far)
    op.reaches[low, high] = far
    return low, high


def reach(op, low, high):
    """The larger magnitude of the two ends of a range, a number."""
    found = op.reaches.get((low, high))
    if found is not None:
        return found
    return number(op, op.Max(op.Abs(low), op.Abs(high)))


def width(op, reach, levels):
    """Width of a level where ``reach`` is the last of ``levels``."""
    if known(op, reach) is None:
        reach = op.Max(reach, np.float32(LEAST_RANGE))
    elif known(op, reach) == 0:
        raise TranslationError("its calibrated range is 0: calibrate on data that is not all 0")
    return op.Div(reach, np.float32(levels))


def quantised(op, x, width, dtype):
    """Levels of floats, halves to even, ends where ``dtype`` ends."""
    if op.opset > NEWEST_WITH_KERNELS:
        ends = np.iinfo(dtype)
        whole = op.Round(op.Div(x, width))
        return cast(op, op.Clip(whole, min=np.float32(ends.min), max=np.float32(ends.max)), dtype)
    zero = op.constant(np.zeros((), dtype), name="zero")
    # written as it is, of constants too: computed levels would not be seen as quantised
    kind = dataclasses.replace(op.type(x), dtype=dtype)
    return op.custom("", "QuantizeLinear", x, width, zero, outputs=[kind])


def ranged(op, x, far, dtype):
    """Levels of floats that reach to ``far``.

    Where that is found at run time the number that reaches furthest lies between two levels, and
    the last bit decides: so it is multiplied as MXNet does, and not divided.
    """
    if known(op, far) is not None:
        return quantised(op, x, width(op, far, LEVELS[dtype]), dtype)
    scale = op.Div(np.float32(LEVELS[dtype]), op.Max(far, np.float32(LEAST_RANGE)))
    return quantised(op, op.Mul(x, scale), op.constant(np.float32(1)), dtype)


def dequantised(op, x, width, axis=None, plain=False):
    """Floats of levels; one width, or one for each place along ``axis``.

    ``plain`` is for what a layer reads whose weight has several widths: before opset 13 no
    DequantizeLinear can say them, and beside one ONNX Runtime would quantise the weight anew.
    """
    kind = dataclasses.replace(op.type(x), dtype=FLOAT)
    several = axis is not None and op.rank(width) > 0
    if op.opset > NEWEST_WITH_KERNELS or ((several or plain) and op.opset < 13):
        if several:
            shape = [-1 if k == axis else 1 for k in range(op.rank(x))]
            width = op.Reshape(width, shape=shape)
        return op.Mul(op.custom("", "Cast", x, outputs=[kind], to=onnx_type(FLOAT)), width)
    zeros = op.constant(np.zeros(list(op.dims(width)), op.dtype(x)), name="zero")
    operands = (x, width) if op.dtype(x) == INT32 else (x, width, zeros)
    more = {"axis": axis} if several else {}
    return op.custom("", "DequantizeLinear", *operands, outputs=[kind], **more)


def levels_of(op, x, low, high):
    """Floats of int8, uint8 or int32 levels with their range, as MXNet's operators read them."""
    dtype = op.dtype(x)
    levels = WHOLE_LEVELS[INT32] if dtype == INT32 else LEVELS[dtype]
    return dequantised(op, x, width(op, reach(op, low, high), levels))


def constant_range(op, low, high):
    """A calibrated range as MXNet hands it on."""
    return tuple(op.constant(np.array([end], np.float32), name="range") for end in (low, high))


def calibrated(low, high):
    """Whether a range was found by calibration."""
    return low is not None and high is not None


def quantised_dtype(out_type, low):
    """What ``out_type`` is: "auto" is uint8 where calibration met nothing below 0."""
    if out_type == "auto":
        return UINT8 if low is not None and low >= 0 else INT8
    return np.dtype(out_type)
