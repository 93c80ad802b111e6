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
"""Arithmetic on arrays, element by element."""

from __future__ import annotations

import functools

import numpy as np

from .table import FoldingTable, bounded

table = FoldingTable()


def broadcasting(function):
    """``function`` on arrays that broadcast, bounded; the result has the first one's type."""

    def fold(*xs):
        bounded(np.broadcast_shapes(*(x.shape for x in xs)))
        return np.asarray(function(*xs)).astype(xs[0].dtype, copy=False)

    return fold


def alone(function):
    """``function`` on one array."""
    return lambda X: function(X)


def divide(a, b):
    """Whole numbers are divided towards zero."""
    if a.dtype.kind not in "iu":
        return a / b
    if not b.all():
        raise ZeroDivisionError("division of a whole number by zero")
    quotient = a // b
    return quotient + ((a % b != 0) & ((a < 0) != (b < 0)))


BINARY = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": divide}
for _op_type, _function in BINARY.items():
    # Versions 1 and 6 broadcast by an attribute, along an axis of the first input.
    table.op(_op_type, versions=(7, 13, 14))(broadcasting(_function))

table.op("Pow", versions=(7, 12, 13, 15))(broadcasting(np.power))


@table.op("Mod", versions=(10, 13, 28), chooses=True)
def mod(A, B, *, fmod):
    """The remainder has the sign of the divisor, or with ``fmod`` that of the dividend."""
    bounded(np.broadcast_shapes(A.shape, B.shape))
    if A.dtype.kind in "iu" and not B.all():
        raise ZeroDivisionError("remainder of a whole number by zero")
    return np.fmod(A, B) if fmod else np.mod(A, B)


BITWISE = {
    "BitwiseAnd": np.bitwise_and,
    "BitwiseOr": np.bitwise_or,
    "BitwiseXor": np.bitwise_xor,
}
for _op_type, _function in BITWISE.items():
    table.op(_op_type, versions=(18,))(broadcasting(_function))
table.op("BitwiseNot", versions=(18,))(alone(np.bitwise_not))


@table.op("BitShift", versions=(11, 28))
def bit_shift(X, Y, *, direction):
    """Nothing is left of a number that is moved by all its bits but, to the right, its sign."""
    bounded(np.broadcast_shapes(X.shape, Y.shape))
    bits = 8 * X.dtype.itemsize
    inside = (Y >= 0) & (bits > Y)
    count = np.where(inside, Y, 0).astype(X.dtype)
    if direction == "LEFT":
        return np.where(inside, np.left_shift(X, count), X.dtype.type(0))
    return np.where(inside, np.right_shift(X, count), -(X < 0).astype(X.dtype))


UNARY_1 = {
    "Abs": np.abs,
    "Ceil": np.ceil,
    "Exp": np.exp,
    "Floor": np.floor,
    "Log": np.log,
    "Neg": np.negative,
    "Reciprocal": np.reciprocal,
    "Sqrt": np.sqrt,
}
for _op_type, _function in UNARY_1.items():
    table.op(_op_type, versions=(1, 6, 13), ignores=("consumed_inputs",))(alone(_function))

table.op("Sign", versions=(9, 13))(alone(np.sign))
table.op("Round", versions=(11, 22))(alone(np.rint))  # halves to even, as ONNX has it
table.op("Sin", versions=(7, 22))(alone(np.sin))
table.op("Cos", versions=(7, 22))(alone(np.cos))
table.op("Identity", versions=(1, 13, 14, 16, 19, 21, 23, 24, 25))(lambda input: input)


def accumulating(function):
    """Any number of inputs, one after the other."""
    return broadcasting(lambda *xs: functools.reduce(function, xs))


ANY_NUMBER = {"Max": (np.maximum, (8, 12, 13)), "Min": (np.minimum, (8, 12, 13))}
for _op_type, (_function, _versions) in ANY_NUMBER.items():
    table.op(_op_type, versions=_versions, chooses=True)(accumulating(_function))
table.op("Sum", versions=(8, 13))(accumulating(np.add))
for _op_type in (*ANY_NUMBER, "Sum"):
    # All inputs are of one shape; nothing is broadcast, and nothing chosen among positions.
    _function = {"Max": np.maximum, "Min": np.minimum, "Sum": np.add}[_op_type]
    table.op(
        _op_type, versions=(1, 6), ignores=("consumed_inputs",), chooses=_op_type in ANY_NUMBER
    )(accumulating(_function))


@table.op("Clip", versions=(1, 6), ignores=("consumed_inputs",), chooses=True)
def clip_1(input, *, min=None, max=None):
    return _clipped(input, min, max)


@table.op("Clip", versions=(11, 12, 13), chooses=True)
def clip_11(input, min=None, max=None):
    return _clipped(input, min, max)


def _clipped(x, least, most):
    """The upper bound wins where they cross."""
    x = x if least is None else np.maximum(x, np.asarray(least, x.dtype))
    return x if most is None else np.minimum(x, np.asarray(most, x.dtype))
