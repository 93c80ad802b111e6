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
"""Arithmetic, element by element. MXNet computes integers in floating point and truncates."""

from __future__ import annotations

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import NO_FLOAT64, carried, cast, is_float, known_dtype, operands, takes, through

table = TranslationTable()


# Functions of one tensor
def in_floats(op, data, function):
    """``function`` of a float tensor; MXNet computes it in float64 for integers and truncates."""
    if is_float(op, data):
        return function(data)
    return through(op, np.float64, function, data)


def _analytic(op_type):
    """A row for a function that ONNX has, and runtimes have in float64 too."""
    return lambda op, data: in_floats(op, data, getattr(op, op_type))


def _float_only(op_type):
    """A row for a function that runtimes lack in float64, the dtype that integers would need."""

    def row(op, data):
        if not is_float(op, data):
            raise TranslationError(
                f"of {op.dtype(data)} is not covered: MXNet truncates the result to an integer; "
                "cast to float32 first"
            )
        return getattr(op, op_type)(data)

    return row


for _name, _op_type in {
    "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "sin": "Sin", "cos": "Cos", "tanh": "Tanh",
}.items():  # fmt: skip
    table.op(_name)(_analytic(_op_type))
for _name, _op_type in {
    "erf": "Erf", "tan": "Tan", "arcsin": "Asin", "arccos": "Acos", "arctan": "Atan",
    "sinh": "Sinh", "cosh": "Cosh", "arcsinh": "Asinh", "arccosh": "Acosh", "arctanh": "Atanh",
}.items():  # fmt: skip
    table.op(_name, limits=f"integers; {NO_FLOAT64}")(_float_only(_op_type))


@table.op("abs")
def abs_(op, data):
    return op.Abs(data)


@table.op("sign", "_contrib_sign_ste")
def sign(op, data):
    return op.Sign(data)


@table.op("negative")
def negative(op, data):
    return op.Neg(data) if takes(op, "Neg", op.dtype(data)) else carried(op, "Sub", 0, data)


@table.op("square")
def square(op, data):
    return carried(op, "Mul", data, data)


@table.op("reciprocal")
def reciprocal(op, data):
    return in_floats(op, data, op.Reciprocal)


@table.op("rsqrt")
def rsqrt(op, data):
    return in_floats(op, data, lambda x: op.Reciprocal(op.Sqrt(x)))


@table.op("cbrt")
def cbrt(op, data):
    return in_floats(op, data, lambda x: cube_root(op, x))


@table.op("rcbrt")
def rcbrt(op, data):
    return in_floats(op, data, lambda x: op.Reciprocal(cube_root(op, x)))


def cube_root(op, x):
    """The root with the sign of ``x``."""
    return op.Mul(op.Sign(x), op.Pow(*operands(op, op.Abs(x), 1 / 3)))


@table.op("log2")
def log2(op, data):
    return in_floats(op, data, lambda x: op.Div(op.Log(x), math.log(2)))


@table.op("log10")
def log10(op, data):
    return in_floats(op, data, lambda x: op.Div(op.Log(x), math.log(10)))


@table.op("expm1")
def expm1(op, data):
    """exp(x) - 1 = tanh(x / 2) * (exp(x) + 1), which keeps its digits near 0."""
    return in_floats(
        op, data, lambda x: op.Mul(op.Tanh(op.Mul(x, 0.5)), op.Add(op.Exp(x), 1.0))
    )  # fmt: skip


@table.op("log1p")
def log1p(op, data):
    """log(u) * x / (u - 1) with u = 1 + x as rounded, which keeps its digits near 0."""

    def precise(x):
        u = op.Add(x, 1.0)
        back = op.Sub(u, 1.0)
        scaled = op.Mul(op.Log(u), op.Div(x, back))
        exact = op.Where(op.Equal(back, x), op.Log(u), scaled)
        return op.Where(op.Equal(u, operands(op, x, 1.0)[1]), x, exact)

    return in_floats(op, data, precise)


@table.op("degrees")
def degrees(op, data):
    return in_floats(op, data, lambda x: op.Mul(x, 180 / math.pi))


@table.op("radians")
def radians(op, data):
    return in_floats(op, data, lambda x: op.Mul(x, math.pi / 180))


# Rounding: integers are round already
@table.op("floor")
def floor(op, data):
    return op.Floor(data) if is_float(op, data) else data


@table.op("ceil")
def ceil(op, data):
    return op.Ceil(data) if is_float(op, data) else data


@table.op("trunc", "fix")
def trunc(op, data):
    return op.Mul(op.Sign(data), op.Floor(op.Abs(data))) if is_float(op, data) else data


@table.op("round", "_contrib_round_ste")
def round_(op, data):
    """Halves go away from zero, where ONNX's Round sends them to even."""
    if not is_float(op, data):
        return data
    size = op.Abs(data)
    whole = op.Floor(size)
    up = op.Not(op.Less(op.Sub(size, whole), 0.5))
    return op.Mul(op.Sign(data), op.Add(whole, cast(op, up, op.dtype(data))))


@table.op("rint")
def rint(op, data):
    """To the nearer neighbour, as float arithmetic sees it; halves go down."""
    if not is_float(op, data):
        return data
    below, above = op.Floor(data), op.Ceil(data)
    up = op.Greater(op.Sub(data, below), op.Sub(above, data))
    return op.Where(up, above, below)


@table.op("_npi_around", limits="integers with negative decimals")
def around(op, x, *, decimals):
    """Halves go to the even neighbour, as ONNX has it; integers are round already."""
    if not is_float(op, x):
        if decimals < 0:
            raise TranslationError(f"decimals={decimals} of {op.dtype(x)} is not covered")
        return x
    if not decimals:
        return op.Round(x)
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return op.Div(op.Round(op.Mul(x, scale)), scale)
    return op.Mul(op.Round(op.Div(x, scale)), scale)


# Two tensors, or a tensor and a number: the canonical form has both
def _arithmetic(op_type, of_bool=""):
    def row(op, lhs, rhs):
        lhs, rhs = operands(op, lhs, rhs)
        if of_bool and op.dtype(lhs).kind == "b":
            return getattr(op, of_bool)(lhs, rhs)
        return carried(op, op_type, lhs, rhs)

    return row


table.op("broadcast_add")(_arithmetic("Add", of_bool="Or"))
table.op("broadcast_sub")(_arithmetic("Sub"))
table.op("broadcast_mul")(_arithmetic("Mul", of_bool="And"))
table.op("broadcast_div")(_arithmetic("Div"))


@table.op("_npi_true_divide")
def true_divide(op, lhs, rhs):
    """Integers are divided in float32."""
    if not any(is_float(op, x) for x in (lhs, rhs) if isinstance(x, str)):
        lhs, rhs = (cast(op, x, np.float32) if isinstance(x, str) else x for x in (lhs, rhs))
    return op.Div(*operands(op, lhs, rhs))


@table.op("broadcast_power")
def power(op, lhs, rhs):
    """MXNet computes integers in float32."""
    lhs, rhs = operands(op, lhs, rhs)
    return op.Pow(lhs, rhs) if is_float(op, lhs) else through(op, np.float32, op.Pow, lhs, rhs)


def larger(op, lhs, rhs):
    """The larger of each two; Max takes integers since opset 12."""
    lhs, rhs = operands(op, lhs, rhs)
    if takes(op, "Max", op.dtype(lhs)):
        return op.Max(lhs, rhs)
    return op.Where(op.Greater(lhs, rhs), lhs, rhs)


def smaller(op, lhs, rhs):
    """The smaller of each two."""
    lhs, rhs = operands(op, lhs, rhs)
    if takes(op, "Min", op.dtype(lhs)):
        return op.Min(lhs, rhs)
    return op.Where(op.Less(lhs, rhs), lhs, rhs)


@table.op("broadcast_maximum")
def maximum(op, lhs, rhs):
    return larger(op, lhs, rhs)


@table.op("broadcast_minimum")
def minimum(op, lhs, rhs):
    return smaller(op, lhs, rhs)


@table.op("broadcast_mod")
def mod(op, lhs, rhs):
    """The sign is the divisor's, as in Python; a divisor of 0 gives 0."""
    lhs, rhs = operands(op, lhs, rhs)
    divisor = op.tensor(rhs)
    zero = None
    if divisor is None or not divisor.read().all():
        zero = op.Equal(rhs, operands(op, rhs, 0)[1])
        rhs = op.Where(zero, operands(op, rhs, 1)[1], rhs)
    if not is_float(op, lhs):
        return op.Mod(lhs, rhs)  # a whole number modulo 1 is 0
    rest = op.Mod(lhs, rhs, fmod=1)
    other_sign = op.Less(op.Mul(rest, rhs), 0.0)
    rest = op.Where(other_sign, op.Add(rest, rhs), rest)
    return rest if zero is None else op.Where(zero, operands(op, rest, 0)[1], rest)


def _bitwise(op_type):
    """A row; bool is a number of one bit."""

    def row(op, lhs, rhs):
        lhs, rhs = operands(op, lhs, rhs)
        return getattr(op, op_type if op.dtype(lhs).kind == "b" else f"Bitwise{op_type}")(lhs, rhs)

    return row


for _op_type in ("And", "Or", "Xor"):
    table.op(f"_npi_bitwise_{_op_type.lower()}", limits="integers from opset 18 on")(
        _bitwise(_op_type)
    )


@table.op("_npi_bitwise_not")
def bitwise_not(op, x):
    """All bits turned: what is missing to the number of all ones."""
    if op.dtype(x).kind == "b":
        return op.Not(x)
    return carried(op, "Sub", np.iinfo(op.dtype(x)).max if op.dtype(x).kind == "u" else -1, x)


@table.op("broadcast_hypot", limits="overflows where the sum of squares does")
def hypot(op, lhs, rhs):
    lhs, rhs = operands(op, lhs, rhs)

    def root(a, b):
        return op.Sqrt(op.Add(op.Mul(a, a), op.Mul(b, b)))

    return root(lhs, rhs) if is_float(op, lhs) else through(op, np.float32, root, lhs, rhs)


@table.op("add_n", ignores=("num_args",))
def add_n(op, *args):
    if len(args) == 1:
        return args[0]
    if is_float(op, args[0]):
        return op.Sum(*args)
    total = args[0]
    for term in args[1:]:
        total = carried(op, "Add", total, term)
    return total


@table.op("clip")
def clip(op, data, *, a_min, a_max):
    """Where the bounds cross, MXNet looks at the upper one first and takes one of the two."""
    dtype, edge = op.dtype(data), a_max
    if dtype.kind != "f":
        limits = np.iinfo(dtype)
        edge, a_min, a_max = (
            int(min(max(bound, limits.min), limits.max))
            for bound in (np.floor(a_max), a_min, a_max)
        )
    if a_min > a_max:
        above = op.Greater(*operands(op, data, edge))
        return op.Where(above, *operands(op, data, a_max, a_min)[1:])
    if op.opset < 12 and dtype not in (np.float16, np.float32):  # a kernel or schema is missing
        return smaller(op, larger(op, data, a_min), a_max)
    return op.Clip(data, *operands(op, data, a_min, a_max)[1:])


@table.op("smooth_l1", limits="integers")
def smooth_l1(op, data, *, scalar):
    """0.5 (s x)^2 within 1 / s^2, and |x| - 0.5 / s^2 beyond."""
    if not is_float(op, data):
        raise TranslationError(f"of {op.dtype(data)} is not covered; cast to float32 first")
    size, edge = op.Abs(data), 1 / scalar**2 if scalar else math.inf
    inside = op.Mul(op.Mul(data, data), 0.5 * scalar**2)
    return op.Where(op.Greater(size, edge), op.Sub(size, 0.5 * edge), inside)


@table.op("Cast")
def cast_(op, data, *, dtype):
    return cast(op, data, known_dtype(dtype))


@table.op("amp_cast")
def amp_cast(op, data, *, dtype):
    """Only floating point of up to 32 bits is cast."""
    return cast(op, data, known_dtype(dtype)) if _is_amp(op, data) else data


@table.op("amp_multicast", ignores=("num_outputs",))
def amp_multicast(op, *data, cast_narrow):
    """Floats of up to 32 bits meet at the narrowest, or at float32, or at the first one's dtype."""
    dtypes = [op.dtype(x) for x in data]
    if cast_narrow:
        meet = np.float16 if np.float16 in dtypes else np.float32
    else:
        meet = np.float32 if np.float32 in dtypes else dtypes[0]
    return tuple(cast(op, x, meet) if _is_amp(op, x) else x for x in data)


def _is_amp(op, x):
    return op.dtype(x) in (np.float16, np.float32)


@table.op("_copy")
@table.op("cast_storage", ignores=("stype",))
@table.op("_contrib_gradientmultiplier", ignores=("scalar", "is_int"))
def copy(op, data):
    """No node: no ONNX value is overwritten, sparse, or has a gradient."""
    return data


@table.op("_identity_with_attr_like_rhs")
def first_of_two(op, lhs, rhs):
    return lhs
