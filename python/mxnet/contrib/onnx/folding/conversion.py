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

from onnx import TensorProto, helper

from .strings import from_strings, to_strings
from .table import FoldingTable, NotFolded

table = FoldingTable()

#: Types that NumPy converts to as ONNX says; narrower ones have rules of their own for overflow.
_PLAIN = {
    TensorProto.DataType.Value(name)
    for name in (
        *("FLOAT", "DOUBLE", "FLOAT16", "BOOL"),
        *(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)),
    )
}


@table.op("Cast", versions=(1,))
def cast_1(input, *, to):
    """The type is named in words."""
    return _converted(input, TensorProto.DataType.Value(to.upper()))


@table.op(
    "Cast", versions=(6, 9, 13, 19, 21, 23, 24, 25, 28), ignores=("saturate", "round_mode")
)  # both are about types that are left to run time
def cast(input, *, to):
    return _converted(input, to)


@table.op("CastLike", versions=(15, 19, 21, 23, 24, 25), ignores=("saturate", "round_mode"))
def cast_like(input, target_type):
    return _converted(input, helper.np_dtype_to_tensor_dtype(target_type.dtype))


def _converted(x, data_type):
    if data_type == TensorProto.STRING:
        return to_strings(x)
    if x.dtype.kind in "OUS" and data_type in _PLAIN:
        return from_strings(x, np.dtype(helper.tensor_dtype_to_np_dtype(data_type)))
    if data_type not in _PLAIN or x.dtype.kind in "OUSc":
        raise NotFolded(f"conversion of {x.dtype} to type {data_type}")
    return x.astype(helper.tensor_dtype_to_np_dtype(data_type))


table.op("BitCast", versions=(26,))(lambda input, *, to: _same_bits(input, to))


def _same_bits(x, data_type):
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(data_type))
    if data_type not in _PLAIN or dtype.itemsize != x.dtype.itemsize:
        raise NotFolded(f"bits of {x.dtype} as type {data_type}")
    return x.view(dtype)
