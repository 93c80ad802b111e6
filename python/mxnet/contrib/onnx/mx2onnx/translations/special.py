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
"""Special functions, which ONNX lacks: in float64, so that they keep the digits of float32."""

from __future__ import annotations

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import NO_FLOAT64, carried, cast, is_float, operands, through
from .comparison import is_infinite
from .loops import loop

table = TranslationTable()

#: Lanczos' series for the gamma function with g = 7, to 15 digits.
LANCZOS = (
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
    -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
    1.5056327351493116e-7,
)  # fmt: skip
#: Wichura's rational functions for quantiles of the normal distribution (AS 241), to 16 digits:
#: numerator and denominator, from the constant term on, for the middle, the sides and the tails.
MIDDLE = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
     1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
     3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
     5.2264952788528545610e3),
)  # fmt: skip
SIDES = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9),
)  # fmt: skip
TAILS = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15),
)  # fmt: skip


def log_gamma(op, x):
    """The logarithm of the gamma function's magnitude, of float64; infinite at 0, -1, -2, ..."""
    reflected = op.Less(x, 0.5)
    z = op.Sub(op.Where(reflected, op.Sub(op.constant(1, np.float64), x), x), 1.0)
    total = op.constant(LANCZOS[0], np.float64)
    for k, coefficient in enumerate(LANCZOS[1:], 1):
        total = op.Add(total, op.Div(op.constant(coefficient, np.float64), op.Add(z, float(k))))
    t = op.Add(z, 7.5)
    value = op.Sub(op.Mul(op.Add(z, 0.5), op.Log(t)), t)
    value = op.Add(value, op.Add(op.Log(total), math.log(2 * math.pi) / 2))
    sine = op.Sin(op.Mul(op.Sub(x, op.Floor(x)), math.pi))  # of the fraction: exact at integers
    mirrored = op.Sub(op.Sub(op.constant(math.log(math.pi), np.float64), op.Log(sine)), value)
    value = op.Where(reflected, mirrored, value)
    return op.Where(op.IsInf(x), op.Abs(x), value)


@table.op("gammaln", limits="relative error up to 1e-13 in float64")
def gammaln(op, data):
    """MXNet truncates that of integers."""
    return through(op, np.float64, lambda x: log_gamma(op, x), data)


@table.op("gamma", limits="relative error up to 1e-12 in float64")
def gamma(op, data):
    """The sign of a negative number's turns from one integer to the next; at them it is NaN."""

    def function(x):
        size = op.Exp(log_gamma(op, x))
        below = op.Floor(x)
        odd = op.Not(op.Equal(op.Mod(below, op.constant(2, np.float64), fmod=1), 0.0))
        signed = op.Where(op.And(op.Less(x, 0.0), odd), op.Neg(size), size)
        pole = op.And(op.Less(x, 0.0), op.Equal(below, x))
        signed = op.Where(pole, op.constant(math.nan, np.float64), signed)
        signed = op.Where(op.Equal(x, 0.0), op.Reciprocal(x), signed)
        return signed if is_float(op, data) else op.Round(signed)

    return through(op, np.float64, function, data)


def _rational(op, r, coefficients):
    """A quotient of polynomials in ``r``."""
    sums = []
    for constants in coefficients:
        total = op.constant(constants[-1], np.float64)
        for constant in constants[-2::-1]:
            total = op.Add(op.Mul(total, r), constant)
        sums.append(total)
    return op.Div(*sums)


@table.op("erfinv")
def erfinv(op, data):
    """Quantiles of the normal distribution by Wichura's AS 241; infinite at -1 and 1."""

    def function(x):
        q = op.Mul(x, 0.5)
        middle = op.Mul(
            q, _rational(op, op.Sub(op.constant(0.180625, np.float64), op.Mul(q, q)), MIDDLE)
        )
        rest = op.Mul(op.Sub(op.constant(1, np.float64), op.Abs(x)), 0.5)
        r = op.Sqrt(op.Neg(op.Log(rest)))
        outer = op.Where(
            op.Greater(r, 5.0),
            _rational(op, op.Sub(r, 5.0), TAILS),
            _rational(op, op.Sub(r, 1.6), SIDES),
        )
        outer = op.Where(op.IsInf(r), r, outer)
        value = op.Where(op.Greater(op.Abs(q), 0.425), op.Mul(op.Sign(x), outer), middle)
        return op.Mul(value, math.sqrt(0.5))

    return through(op, np.float64, function, data)


# Of two tensors
def _in_floats(op, function, *xs):
    """Of operands of one dtype, integers by float32 and cut towards zero."""
    xs = operands(op, *xs)
    return function(*xs) if is_float(op, xs[0]) else through(op, np.float32, function, *xs)


def _is_negative(op, x):
    """Whether the sign is one, that of 0 included."""
    zero = op.Equal(x, 0.0)
    return op.Or(op.Less(x, 0.0), op.And(zero, op.Less(op.Reciprocal(x), 0.0)))


@table.op("_npi_arctan2", limits=NO_FLOAT64)
def arctan2(op, x1, x2):
    """The angle of the point (x2, x1); two infinities count as two ones."""

    def angle(y, x):
        both = op.And(is_infinite(op, y), is_infinite(op, x))
        y, x = (op.Where(both, op.Sign(v), v) for v in (y, x))
        upright, flat = op.Equal(x, 0.0), op.Equal(y, 0.0)
        slope = op.Div(y, op.Where(upright, op.constant(1, op.dtype(x)), x))
        right = op.Where(upright, op.Mul(op.Sign(y), math.pi / 2), op.Atan(slope))
        turns = (op.constant(sign * math.pi, op.dtype(x)) for sign in (-1, 1))
        turn = op.Where(_is_negative(op, y), *turns)
        left = op.Where(flat, turn, op.Where(upright, right, op.Add(right, turn)))
        return op.Where(_is_negative(op, x), left, right)

    return _in_floats(op, angle, x1, x2)


@table.op("_npi_copysign", limits="the sign of NaN is positive")
def copysign(op, lhs, rhs):
    """The sign of -0 is positive in MXNet."""

    def signed(size, sign):
        size = op.Abs(size)
        return op.Where(op.Less(sign, 0.0), op.Neg(size), size)

    return _in_floats(op, signed, lhs, rhs)


@table.op("_npi_ldexp")
def ldexp(op, lhs, rhs):
    def scaled(x, exponent):
        return op.Mul(x, op.Pow(op.constant(2, op.dtype(x)), exponent))

    return _in_floats(op, scaled, lhs, rhs)


@table.op("_npi_nan_to_num", ignores=("copy",))
def nan_to_num(op, data, *, nan, posinf, neginf):
    """Infinity is the largest number of the dtype where nothing else is said."""
    if not is_float(op, data):
        return data
    dtype = op.dtype(data)
    limits = np.finfo(dtype)
    high, low = (b if n is None else n for n, b in ((posinf, limits.max), (neginf, limits.min)))
    infinite = is_infinite(op, data)
    bound = op.Where(op.Greater(data, 0.0), *(op.constant(n, dtype) for n in (high, low)))
    data = op.Where(infinite, bound, data)
    return op.Where(op.IsNaN(data), op.constant(nan, dtype), data)


@table.op("_contrib_quadratic")
def quadratic(op, data, *, a, b, c):
    """a x^2 + b x + c."""

    def polynomial(x):
        return op.Add(op.Mul(op.Add(op.Mul(x, a), b), x), c)

    return _in_floats(op, polynomial, data)


@table.op("_npi_polyval", limits="the number of coefficients must be known")
def polyval(op, p, x):
    """By Horner's rule; the first coefficient is that of the highest power."""
    count = op.dims(p)[0]
    if count is None:
        raise TranslationError("the number of coefficients must be known")
    each = op.Split(p, axis=0, split=[1] * count, outputs=count) if count > 1 else [p]
    total = op.Expand(each[0], op.Shape(x)) if op.rank(x) else op.Reshape(each[0], shape=[])
    for coefficient in each[1:]:
        total = carried(op, "Add", carried(op, "Mul", total, x), coefficient)
    return total


@table.op("_npi_lcm")
def lcm(op, lhs, rhs):
    """The least common multiple, by Euclid's loop for all entries at once; of 0 it is 0."""
    lhs, rhs = operands(op, lhs, rhs)
    dtype = op.dtype(lhs)
    a, b = (op.Abs(cast(op, x, np.int64)) for x in (lhs, rhs))
    whole = op.Mul(op.Add(a, b), np.int64(0))
    a, b = op.Add(a, whole), op.Add(b, whole)

    def body(inner, step, a, b):
        done = inner.Equal(b, np.int64(0))
        rest = inner.Mod(a, inner.Where(done, np.int64(1), b))
        a, b = inner.Where(done, a, b), inner.Where(done, b, rest)
        left = inner.ReduceMax(cast(inner, b, np.float32), keepdims=0)
        return (a, b), cast(inner, left, bool)

    common = loop(op, body, (a, b))[0]
    safe = op.Where(op.Equal(common, np.int64(0)), np.int64(1), common)
    return cast(op, op.Mul(op.Div(a, safe), b), dtype)
