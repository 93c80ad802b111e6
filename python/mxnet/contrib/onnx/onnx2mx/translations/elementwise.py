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
"""Arithmetic, one element at a time."""

from __future__ import annotations

import functools
import math

import numpy as np

from onnx import TensorProto

from ...dtypes import element_dtype
from ...translation import TranslationTable
from .broadcasting import one_way
from .comparison import where
from .precision import cast, computed_in, scalar, without_float16

table = TranslationTable()

#: Legacy attribute of opset 1, about memory only.
OLD = ("consumed_inputs",)

UNARY = {
    "Acos": ("_npi_arccos", (7, 22)),
    "Acosh": ("_npi_arccosh", (9, 22)),
    "Asin": ("_npi_arcsin", (7, 22)),
    "Asinh": ("_npi_arcsinh", (9, 22)),
    "Atan": ("_npi_arctan", (7, 22)),
    "Atanh": ("_npi_arctanh", (9, 22)),
    "BitwiseNot": ("_npi_bitwise_not", (18,)),
    "Ceil": ("_npi_ceil", (1, 6, 13)),
    "Cos": ("_npi_cos", (7, 22)),
    "Cosh": ("_npi_cosh", (9, 22)),
    "Erf": ("erf", (9, 13)),
    "Exp": ("_npi_exp", (1, 6, 13)),
    "Floor": ("_npi_floor", (1, 6, 13)),
    "Log": ("_npi_log", (1, 6, 13)),
    "Neg": ("_npi_negative", (1, 6, 13)),
    "Reciprocal": ("_npi_reciprocal", (1, 6, 13)),
    "Sin": ("_npi_sin", (7, 22)),
    "Sinh": ("_npi_sinh", (9, 22)),
    "Sqrt": ("_npi_sqrt", (1, 6, 13)),
    "Tan": ("_npi_tan", (7, 22)),
}


def _unary(op_name):
    def translate(op, x):
        return getattr(op, op_name)(x)

    return translate


for _op_type, (_op_name, _versions) in UNARY.items():
    table.op(_op_type, versions=_versions, ignores=OLD if 1 in _versions else ())(_unary(_op_name))


@table.op("Abs", versions=(1, 6, 13), ignores=OLD)
def abs_(op, x):
    """Integers by comparison: MXNet's own goes through float64, which ends at 2**53."""
    if x.dtype.kind == "f":
        return op._npi_absolute(x)
    return x if x.dtype.kind == "u" else op._npi_maximum(x, op._npi_negative(x))


@table.op("Sign", versions=(9, 13))
def sign(op, x):
    """That of NaN is NaN, which MXNet calls 0."""
    result = op._npi_sign(x)
    return where(op, op._npi_isnan(x), x, result) if x.dtype.kind == "f" else result


@table.op("Round", versions=(11, 22))
def round_(op, x):
    """Halves go to the even neighbour, as only _npi_around has it."""
    return without_float16(op, op._npi_around, x)


@table.op("Identity", versions=(1, 13, 14, 16, 19, 21, 23, 24, 25), passes=True)
def identity(op, input):
    return input


# -- two operands ------------------------------------------------------------------------------


def _number(tensor, other):
    """The one element of a constant that does not widen ``other``, else None."""
    fits = tensor.value is not None and tensor.value.size == 1 and tensor.rank <= other.rank
    return float(tensor.value.reshape(())) if fits and tensor.dtype.kind == "f" else None


def _binary(general, with_scalar=None, from_scalar=None, equal_shapes=None):
    """MXNet's spelling for two tensors, a constant number on either side, and equal shapes.

    Numbers are given as float64, so integers are never among them.
    """

    def translate(op, a, b):
        if with_scalar and _number(b, a) is not None:
            return getattr(op, with_scalar)(a, scalar=_number(b, a))
        if from_scalar and _number(a, b) is not None:
            return getattr(op, from_scalar)(b, scalar=_number(a, b))
        computed = a.value is None and b.value is None
        if equal_shapes and computed and a.shape == b.shape and a.dtype.kind == "f":
            return getattr(op, equal_shapes)(a, b)
        return getattr(op, general)(a, b)

    return translate


#: MKLDNN fuses elemwise_add into the convolution before it, and by that name only. A weight added
#: last by it has no gradient in a block that is hybridized with static_alloc.
add = _binary("_npi_add", "_npi_add_scalar", "_npi_add_scalar", "elemwise_add")
subtract = _binary("_npi_subtract", "_npi_subtract_scalar", "_npi_rsubtract_scalar")
multiply = _binary("_npi_multiply", "_npi_multiply_scalar", "_npi_multiply_scalar")
divide_floats = _binary("_npi_true_divide", "_npi_true_divide_scalar", "_npi_rtrue_divide_scalar")


def divide(op, a, b):
    """Integers towards zero."""
    return divide_floats(op, a, b) if a.dtype.kind == "f" else divide_integers(op, a, b)


def divide_integers(op, a, b):
    """Towards zero, and 0 where the divisor is.

    MXNet stops the process on a divisor of 0, and on the lowest number by -1: neither gets there.
    """
    if b.value is not None and not np.isin(b.value, (0, -1)).any():
        return op.broadcast_div(a, b)
    one, none = scalar(op, 1, b.dtype), scalar(op, 0, b.dtype)
    is_zero = op._npi_equal(b, none)
    if b.dtype.kind == "u":
        quotient = op.broadcast_div(a, where(op, is_zero, one, b))
    else:
        is_minus_one = op._npi_equal(b, scalar(op, -1, b.dtype))
        safe = where(op, op._npi_add(is_zero, is_minus_one), one, b)
        quotient = where(op, is_minus_one, op._npi_negative(a), op.broadcast_div(a, safe))
    return where(op, is_zero, none, quotient)


for _op_type, _function in {
    "Add": add,
    "Sub": subtract,
    "Mul": multiply,
    "Div": divide,
}.items():
    table.op(_op_type, versions=(1, 6), ignores=OLD)(one_way(_function))
    table.op(_op_type, versions=(7, 13, 14))(_function)


@table.op("Pow", versions=(7, 12, 13, 15))
def pow_(op, x, y):
    """The result has the type of ``x``, whatever that of ``y``."""
    exponent = y.value.reshape(()).item() if y.value is not None and y.value.size == 1 else None
    if exponent is not None and y.rank <= x.rank:
        if exponent == 2:
            return op._npi_multiply(x, x)
        if x.dtype.kind == "f":
            return op._npi_power_scalar(x, scalar=float(exponent))
        if float(exponent).is_integer() and 0 < exponent < 64:
            return _power_by_squaring(op, x, int(exponent))
    if x.dtype.kind != "f" or y.dtype == np.float64:
        return cast(op, op._npi_power(cast(op, x, "float64"), cast(op, y, "float64")), x.dtype)
    return op._npi_power(x, cast(op, y, x.dtype))


def _power_by_squaring(op, x, exponent):
    """Exact for integers, where MXNet's power goes through float64."""
    result = None
    while exponent:
        if exponent & 1:
            result = x if result is None else op._npi_multiply(result, x)
        exponent >>= 1
        x = op._npi_multiply(x, x) if exponent else x
    return result


table.op("Pow", versions=(1,))(one_way(pow_))


@table.op("Mod", versions=(10, 13, 28))
def mod(op, a, b, *, fmod):
    """fmod=1 has the sign of ``a``, fmod=0 that of ``b``."""
    if a.dtype.kind == "f":  # exact for float32 up to quotients of 2**29
        rest = computed_in(op, "float64", functools.partial(_float_rest, op), a, b)
    else:
        rest = op._npi_subtract(a, op._npi_multiply(divide_integers(op, a, b), b))
    if fmod or a.dtype.kind == "u":
        return rest
    none = scalar(op, 0, a.dtype)
    opposite = op._npi_not_equal(op._npi_less(rest, none), op._npi_less(b, none))
    wrong = op._npi_multiply(opposite, op._npi_not_equal(rest, none))
    return where(op, wrong, op._npi_add(rest, b), rest)


def _float_rest(op, a, b):
    quotient = op._npi_trunc(op._npi_true_divide(a, b))
    rest = op._npi_subtract(a, op._npi_multiply(quotient, b))
    whole = op._npi_add(a, op._npi_multiply_scalar(a, scalar=0.0))  # NaN where a is infinite
    return where(op, op._npi_isinf(b), whole, rest)


for _op_type, _op_name in {
    "BitwiseAnd": "_npi_bitwise_and",
    "BitwiseOr": "_npi_bitwise_or",
    "BitwiseXor": "_npi_bitwise_xor",
}.items():
    table.op(_op_type, versions=(18,))(_binary(_op_name))


@table.op("BitShift", versions=(11, 28))
def bit_shift(op, x, y, *, direction):
    """By powers of two in int64; a shift by all the bits leaves those of the sign alone."""
    if direction not in ("LEFT", "RIGHT"):
        op.fail(f"direction '{direction}' is not known, 'LEFT' and 'RIGHT' are")
    value, count = cast(op, x, "int64"), cast(op, y, "int64")
    bits, none = 8 * x.dtype.itemsize, scalar(op, 0, np.int64)
    if direction == "LEFT":
        powers = np.left_shift(1, np.arange(bits))
        moved, rest = op._npi_multiply(value, _looked_up(op, powers, count)), none
    else:  # a negative number by its complement: division is towards zero
        bits = min(bits, 63)  # 2**63 is no int64, and leaves nothing but the sign either
        factor = _looked_up(op, np.left_shift(1, np.arange(bits)), count)
        negative = op._npi_less(value, none)
        size = where(op, negative, op._npi_bitwise_not(value), value)
        size = op.broadcast_div(size, factor)
        moved = where(op, negative, op._npi_bitwise_not(size), size)
        rest = where(op, negative, scalar(op, -1, np.int64), none)
    inside = op._npi_multiply(
        op._npi_greater_equal(count, none), op._npi_less(count, scalar(op, bits, np.int64))
    )
    return cast(op, where(op, inside, moved, rest), x.dtype)


def _looked_up(op, powers, count):
    return op.take(op.constant(powers), count, axis=0, mode="clip")


# -- any number of operands --------------------------------------------------------------------


def _folded(function):
    def translate(op, *inputs):
        return functools.reduce(functools.partial(function, op), inputs)

    return translate


def _largest(op, a, b):
    return op._npi_maximum(a, b)


def _smallest(op, a, b):
    return op._npi_minimum(a, b)


table.op("Max", versions=(1, 6, 8, 12, 13), ignores=OLD)(_folded(_largest))
table.op("Min", versions=(1, 6, 8, 12, 13), ignores=OLD)(_folded(_smallest))
table.op("Sum", versions=(1, 6, 8, 13), ignores=OLD)(_folded(add))


@table.op("Mean", versions=(1, 6, 8, 13), ignores=OLD)
def mean(op, *inputs):
    total = functools.reduce(functools.partial(add, op), inputs)
    return op._npi_true_divide_scalar(total, scalar=float(len(inputs)))


# -- bounds and types --------------------------------------------------------------------------


@table.op("Clip", versions=(1, 6), ignores=OLD)
def clip_1(op, input, *, min_=None, max_=None):
    """The bounds of opset 6 default to the ends of float32: to none."""
    most = float(np.finfo(np.float32).max)
    low = None if min_ is None or min_ <= -most else min_
    return _clipped(op, input, low, None if max_ is None or max_ >= most else max_)


@table.op(
    "Clip",
    versions=(11, 12, 13),
    limits="where there is no bound infinities stay, which ONNX Runtime cuts to the largest number",
)
def clip_11(op, input, min_=None, max_=None):
    """Positional bounds: they may be run-time tensors; ``.value`` is there where they are not."""
    bounds = [b for b in (min_, max_) if b is not None]
    if all(b.value is not None for b in bounds):
        low, high = (b if b is None else b.value.reshape(()).item() for b in (min_, max_))
        return _clipped(op, input, low, high)
    x = input if min_ is None else op._npi_maximum(input, min_)
    return x if max_ is None else op._npi_minimum(x, max_)


def _clipped(op, x, low, high):
    """MXNet's clip has float32 bounds and gives ``low`` where they cross; ONNX gives ``high``."""
    if low is None and high is None:
        return x
    if x.dtype in (np.float16, np.float32) and (low is None or high is None or low <= high):
        return op.clip(
            x,
            a_min=-math.inf if low is None else low,
            a_max=math.inf if high is None else high,
        )
    x = x if low is None else op._npi_maximum(x, scalar(op, low, x.dtype))
    return x if high is None else op._npi_minimum(x, scalar(op, high, x.dtype))


@table.op("Cast", versions=(1,))
def cast_1(op, input, *, to):
    """The type was a name then."""
    return _cast_to(op, input, TensorProto.DataType.Value(to.upper()))


@table.op(
    "Cast",
    versions=(6, 9, 13, 19, 21, 23, 24, 25, 28),
    ignores=("saturate", "round_mode"),
    limits="strings, complex numbers, float8 and float4 where they are computed at run time",
)
def cast_6(op, input, *, to):
    """``saturate`` and ``round_mode`` are about float8, which folds alone compute."""
    return _cast_to(op, input, to)


def _cast_to(op, x, data_type):
    return cast(op, x, element_dtype(data_type))


@table.op("CastLike", versions=(15, 19, 21, 23, 24, 25), ignores=("saturate", "round_mode"))
def cast_like(op, input, target_type):
    return cast(op, input, target_type.element)
