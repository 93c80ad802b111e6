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
"""Comparisons and logic: MXNet answers in the dtype of its operands, ONNX in bool."""

from __future__ import annotations

from ...translation import TranslationTable
from .casting import cast, operands, takes

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
