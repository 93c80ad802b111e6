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
"""Conversions between element types."""

from __future__ import annotations

import numpy as np

from onnx import TensorProto

from ..dtypes import element_dtype, onnx_data_type
from .quantization import narrow_float
from .strings import from_strings, to_strings
from .table import FoldingTable

table = FoldingTable()

#: Bits of the types of which NumPy stores one a byte.
_BITS = {"int4": 4, "uint4": 4, "int2": 2, "uint2": 2}


@table.op("Cast", versions=(1,))
def cast_1(input, *, to):
    """The type is named in words."""
    return _converted(input, TensorProto.DataType.Value(to.upper()))


@table.op("Cast", versions=(6, 9, 13, 19, 21, 23, 24, 25, 28))
def cast(input, *, to, saturate=1, round_mode="up"):
    return _converted(input, to, saturate, round_mode)


@table.op("CastLike", versions=(15, 19, 21, 23, 24, 25))
def cast_like(input, target_type, *, saturate=1, round_mode="up"):
    return _converted(input, onnx_data_type(target_type.dtype), saturate, round_mode)


def _converted(x, data_type, saturate=1, round_mode="up"):
    if data_type == TensorProto.STRING:
        return to_strings(x)
    dtype = element_dtype(data_type)
    if x.dtype.kind in "OUS":
        return from_strings(x, dtype)
    if dtype.name == "float8_e8m0fnu":
        return _powers(x.astype(np.float32), saturate, round_mode).view(dtype)
    if dtype.name.startswith("float8"):
        return narrow_float(x, dtype, saturate)
    return x.astype(dtype)


def _powers(x, saturate, round_mode):
    """Exponents of the powers of two beside positive numbers, from 0 for 2 ** -127 to 254."""
    fraction, exponent = np.frexp(np.abs(x))  # from 0.5 to 1
    exponent = np.where(x == 0, -200, exponent.astype(np.int64)) + 126
    if round_mode != "down":
        exponent += fraction >= 0.75 if round_mode == "nearest" else fraction > 0.5
    inside = (exponent >= 0) & (exponent <= 254)
    special = ~np.isfinite(x) | (~inside if not saturate else False)
    return np.where(special, 255, np.clip(exponent, 0, 254)).astype(np.uint8)


table.op("BitCast", versions=(26,))(lambda input, *, to: _same_bits(input, element_dtype(to)))


def _same_bits(x, dtype):
    bits = [_BITS.get(kind.name, 8 * kind.itemsize) for kind in (x.dtype, dtype)]
    if bits[0] != bits[1] or "O" in (x.dtype.kind, dtype.kind):
        raise ValueError(f"{dtype} has not as many bits as {x.dtype}")
    if x.dtype.name in _BITS:  # NumPy fills up the byte, with the sign where there is one
        number, count = x.astype(np.int64) % 2 ** bits[0], 2 ** bits[0]
        negative = (number >= count // 2) & (not dtype.name.startswith("u"))
        return np.where(negative, number - count, number).astype(dtype)
    return x.view(dtype)
