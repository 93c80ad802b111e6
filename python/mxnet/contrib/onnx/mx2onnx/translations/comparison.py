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
"""Comparisons and logic.

MXNet's legacy operators answer in the dtype of their operands, its NumPy-style ones and ONNX in
bool.
"""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from .casting import cast, is_float, operands, takes

table = TranslationTable()


def _equal(op, lhs, rhs):
    return op.Equal(lhs, rhs)


def _not_equal(op, lhs, rhs):
    return op.Not(op.Equal(lhs, rhs))


def _greater(op, lhs, rhs):
    return op.Greater(lhs, rhs)


def _less(op, lhs, rhs):
    return op.Less(lhs, rhs)


def _greater_or_equal(op, lhs, rhs):
    """Before opset 12 in two comparisons: "not less" would be true of NaN."""
    if takes(op, "GreaterOrEqual", op.dtype(lhs)):
        return op.GreaterOrEqual(lhs, rhs)
    return op.Or(op.Greater(lhs, rhs), op.Equal(lhs, rhs))


def _less_or_equal(op, lhs, rhs):
    if takes(op, "LessOrEqual", op.dtype(lhs)):
        return op.LessOrEqual(lhs, rhs)
    return op.Or(op.Less(lhs, rhs), op.Equal(lhs, rhs))


def _comparison(compare):
    def row(op, lhs, rhs):
        lhs, rhs = operands(op, lhs, rhs)
        return cast(op, compare(op, lhs, rhs), op.dtype(lhs))

    return row


for _name, _compare in {
    "broadcast_equal": _equal,
    "broadcast_not_equal": _not_equal,
    "broadcast_greater": _greater,
    "broadcast_greater_equal": _greater_or_equal,
    "broadcast_lesser": _less,
    "broadcast_lesser_equal": _less_or_equal,
}.items():
    table.op(_name)(_comparison(_compare))


def _numpy_comparison(compare):
    def row(op, lhs, rhs):
        """Beside bool a number is one: whether it is not 0."""
        if op.dtype(lhs if isinstance(lhs, str) else rhs).kind == "b":
            lhs, rhs = (
                cast(op, x, np.int32) if isinstance(x, str) else int(x != 0) for x in (lhs, rhs)
            )
        return compare(op, *operands(op, lhs, rhs))

    return row


for _name, _compare in {
    "_npi_equal": _equal,
    "_npi_not_equal": _not_equal,
    "_npi_greater": _greater,
    "_npi_greater_equal": _greater_or_equal,
    "_npi_less": _less,
    "_npi_less_equal": _less_or_equal,
}.items():
    table.op(_name)(_numpy_comparison(_compare))


def as_bool(op, x):
    """Whether ``x`` is not 0, as C reads it: NaN is true."""
    return cast(op, x, bool)


def _logic(op_type):
    def row(op, lhs, rhs):
        lhs, rhs = operands(op, lhs, rhs)
        return cast(op, getattr(op, op_type)(as_bool(op, lhs), as_bool(op, rhs)), op.dtype(lhs))

    return row


for _name, _op_type in {
    "broadcast_logical_and": "And",
    "broadcast_logical_or": "Or",
    "broadcast_logical_xor": "Xor",
}.items():
    table.op(_name)(_logic(_op_type))


@table.op("logical_not")
def logical_not(op, data):
    return cast(op, op.Not(as_bool(op, data)), op.dtype(data))


@table.op("_npi_logical_not")
def npi_logical_not(op, x):
    return op.Not(as_bool(op, x))


# What is not an ordinary number
def _everywhere(op, x, answer):
    return op.Expand(op.constant(answer, bool), op.Shape(x))


def is_infinite(op, x, **signs):
    """No other dtypes than float32 and float64 before opset 20."""
    x = x if takes(op, "IsInf", op.dtype(x)) else cast(op, x, np.float32)
    return op.IsInf(x, **signs)


@table.op("_npi_isnan")
def isnan(op, x):
    return op.IsNaN(x) if is_float(op, x) else _everywhere(op, x, False)


@table.op("_npi_isfinite")
def isfinite(op, x):
    """Less itself it is 0, which infinity and NaN are not."""
    if not is_float(op, x):
        return _everywhere(op, x, True)
    return op.Equal(op.Sub(x, x), 0.0)


def _infinity(**signs):
    def row(op, x):
        return is_infinite(op, x, **signs) if is_float(op, x) else _everywhere(op, x, False)

    return row


table.op("_npi_isinf")(_infinity())
table.op("_npi_isposinf")(_infinity(detect_negative=0))
table.op("_npi_isneginf")(_infinity(detect_positive=0))


@table.op("_contrib_allclose")
def allclose(op, a, b, *, rtol, atol, equal_nan):
    """1 or 0: whether |a - b| <= atol + rtol |b| everywhere; to an infinity all is close."""
    if not is_float(op, a):
        a, b = (cast(op, x, np.float32) for x in (a, b))
    near = op.Add(op.Mul(op.Abs(b), rtol), atol)
    close = _less_or_equal(op, op.Abs(op.Sub(a, b)), near)
    close = op.Or(close, op.Equal(a, b))
    if equal_nan:
        close = op.Or(close, op.And(op.IsNaN(a), op.IsNaN(b)))
    return cast(op, op.ReduceMin(cast(op, close, np.float32), keepdims=0), np.uint8)
