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
"""Element types as rows speak of them: casts, and detours where an ONNX operator lacks a dtype."""

from __future__ import annotations

import numpy as np

from ...dtypes import onnx_type
from ...errors import TranslationError
from ...opset import schema_at

#: A limit of many rows: the file is right, but that runtime cannot open it.
NO_FLOAT64 = "ONNX Runtime has no kernel for float64"


def cast(op, x, dtype):
    """``x`` as ``dtype``, which is a NumPy dtype or its name; itself where it has that dtype."""
    return x if op.dtype(x) == np.dtype(dtype) else op.Cast(x, to=onnx_type(dtype))


def known_dtype(name):
    """NumPy's dtype of that name; MXNet's bfloat16 is none of NumPy's."""
    if name == "bfloat16":
        raise TranslationError("dtype bfloat16 is not covered; use float16 or float32")
    return np.dtype(name)


def is_float(op, x):
    """Whether ``x`` has a floating-point dtype."""
    return op.dtype(x).kind == "f"


def takes(op, op_type, dtype):
    """Whether ONNX operator ``op_type`` takes a first input of ``dtype`` at the target opset."""
    schema = schema_at(op_type, op.opset)
    name = {"float32": "float", "float64": "double"}.get(np.dtype(dtype).name)
    return schema is not None and schema.allows(0, f"tensor({name or np.dtype(dtype).name})")


def number_as(number, dtype):
    """A number as MXNet casts it: an integer is cut towards zero and wraps, on every machine."""
    dtype = np.dtype(dtype)
    if dtype.kind not in "iu":
        return np.float64(number).astype(dtype)
    try:
        return np.int64(int(number)).astype(dtype)
    except (OverflowError, ValueError):
        raise TranslationError(f"{number} cannot be cast to {dtype}; use floats") from None


def common_dtype(op, *xs):
    """The dtype in which MXNet computes with tensors and numbers together (measured).

    Floats win over integers, whatever their widths, and integers over bool; the wider of two wins.
    A number is of the tensors' dtype, but for int64 beside bool, and float64 beside what is no
    float where the number is a np.float64.
    """
    dtypes = {op.dtype(x) for x in xs if isinstance(x, str)}
    dtype = max(dtypes, key=lambda d: ("biuf".index(d.kind.replace("u", "i")), d.itemsize))
    if {np.dtype(np.int8), np.dtype(np.uint8)} <= dtypes and dtype.itemsize == 1:
        raise TranslationError("int8 and uint8 together are not covered: MXNet has no such pair")
    numbers = [x for x in xs if not isinstance(x, str)]
    if dtype.kind != "f" and any(isinstance(x, np.float64) for x in numbers):
        return np.dtype(np.float64)
    return np.dtype(np.int64) if numbers and dtype.kind == "b" else dtype


def operands(op, *xs):
    """The same as tensors of their common dtype, Python numbers as constants."""
    dtype = common_dtype(op, *xs)
    return [
        cast(op, x, dtype) if isinstance(x, str) else op.constant(number_as(x, dtype)) for x in xs
    ]


def carried(op, op_type, *xs, **values):
    """``op_type`` on integers that its schema may lack: through int32 and back, which wraps alike.

    Only for operators that are right modulo 2**8, or whose result stays within the dtype.
    """
    xs = operands(op, *xs)
    dtype = op.dtype(xs[0])
    if dtype.kind not in "iu" or takes(op, op_type, dtype):
        return getattr(op, op_type)(*xs, **values)
    if dtype.itemsize > 4:
        raise TranslationError(
            f"{op_type} of opset {op.opset} does not take {dtype}; choose a higher opset_version"
        )
    return cast(op, getattr(op, op_type)(*(cast(op, x, np.int32) for x in xs), **values), dtype)


def through(op, carrier, function, *xs):
    """``function`` of ``xs`` cast to ``carrier``, with the result cast back (towards zero)."""
    return cast(op, function(*(cast(op, x, carrier) for x in xs)), op.dtype(xs[0]))
