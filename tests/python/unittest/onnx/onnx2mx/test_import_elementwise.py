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
"""Import rows: arithmetic, one element at a time."""

import numpy as np
import pytest
from import_cases import array, bools, case, cases, check, known, normal, uniform
from mxnet.contrib.onnx.opset import history

POSITIVE = {"Log", "Sqrt"}
INSIDE_ONE = {"Acos", "Asin", "Atanh"}
FROM_ONE = {"Acosh"}
UNARY = (
    "Abs",
    "Acos",
    "Acosh",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "Ceil",
    "Cos",
    "Cosh",
    "Erf",
    "Exp",
    "Floor",
    "Identity",
    "Log",
    "Neg",
    "Reciprocal",
    "Round",
    "Sign",
    "Sin",
    "Sinh",
    "Sqrt",
    "Tan",
)


def _domain(op_type, *shape):
    if op_type in POSITIVE:
        return uniform(0.1, 4, *shape)
    if op_type in INSIDE_ONE:
        return uniform(-0.95, 0.95, *shape)
    if op_type in FROM_ONE:
        return uniform(1.1, 4, *shape)
    return normal(*shape)


CASES = [
    case(v, f"y = {op} (x)", x=_domain(op, 2, 3, 4), dynamic=True, as_opset=6 if v < 6 else 0)
    for op in UNARY
    for v in history(op)
]
CASES += [
    case(13, "y = Abs (x)", x=array([[-3, 2], [0, -(2**53) - 1]], "int64")),
    case(13, "y = Neg (x)", x=array([[-3, 2], [0, -(2**53) - 1]], "int64")),
    case(13, "y = Abs (x)", x=array([[[3, 255]]], "uint8")),
    case(13, "y = Sign (x)", x=array([[[3, -255, 0]]], "int32"), dynamic=True),
    case(13, "y = Abs (x)", x=array(-2.5)),
    case(22, "y = Round (x)", x=array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])),
    case(
        22,
        "y = Round (x)",
        x=array([-2.5, 0.5, 1.5, 0.3], "float16"),
        expected=lambda x: np.rint(x),
    ),
    case(13, "y = Exp (x)", x=normal(2, 3, dtype="float64")),
    case(13, "y = Sqrt (x)", x=uniform(0, 2, 2, 3, dtype="float16"), expected=lambda x: np.sqrt(x)),
    case(18, "y = BitwiseNot (x)", x=uniform(-9, 9, 2, 3, 4, dtype="int32"), dynamic=True),
    case(18, "y = BitwiseNot (x)", x=uniform(0, 255, 2, 3, 4, dtype="uint8")),
]

ARITHMETIC = ("Add", "Sub", "Mul", "Div")
NUMPY = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}
for _op in ARITHMETIC:
    _text = f"y = {_op} (a, b)"
    CASES += cases((7, 13, 14), _text, a=normal(2, 3, 4), b=normal(2, 3, 4), dynamic=True)
    CASES += [
        case(14, _text, a=normal(2, 3, 4), b=normal(3, 1), dynamic=True),
        case(14, _text, a=normal(3, 1), b=normal(2, 3, 4), dynamic=True),
        case(14, _text, a=normal(2, 3, 4), b=known(array(2.5)), dynamic=True),
        case(14, _text, a=known(array([2.5])), b=normal(2, 3, 4), dynamic=True),
        case(14, _text, a=normal(2, 3, 4), b=known(array([[[[2.5]]]])), dynamic=True),
        case(14, _text, a=normal(2, 3, 4), b=known(3, 1), dynamic=True),
        case(14, _text, a=array(1.5), b=array(2.5)),
        case(14, _text, a=array(1.5), b=normal(2, 3, 1)),
        case(14, _text, a=normal(2, 3, dtype="float64"), b=known(array(0.1, "float64"))),
        case(14, _text, a=array([[7, -7, 2**40]], "int64"), b=array([[2], [-2], [3]], "int64")),
        case(14, _text, a=array([[7, 200, 3]], "uint8"), b=array([[2], [5], [100]], "uint8")),
        case(1, _text, a=normal(2, 3, 4), b=normal(2, 3, 4), as_opset=7, dynamic=True),
        case(6, _text, a=normal(2, 3, 4), b=normal(2, 3, 4), as_opset=7),
        case(
            6,
            f"y = {_op} <broadcast=1> (a, b)",
            a=normal(2, 3, 4),
            b=normal(3, 4),
            dynamic=True,
            expected=lambda a, b, f=NUMPY[_op]: f(a, b),
        ),
        case(
            6,
            f"y = {_op} <broadcast=1, axis=1> (a, b)",
            a=normal(2, 3, 4),
            b=normal(3),
            expected=lambda a, b, f=NUMPY[_op]: f(a, b[:, None]),
            dynamic=True,
        ),
        case(
            1,
            f"y = {_op} <broadcast=1, axis=0> (a, b)",
            a=normal(2, 3, 4),
            b=normal(2, 3),
            expected=lambda a, b, f=NUMPY[_op]: f(a, b[:, :, None]),
        ),
        case(
            6,
            f"y = {_op} (a, b)",
            a=normal(2, 3, 4),
            b=normal(4),
            refused="the attribute broadcast is 0",
        ),
    ]
CASES += [
    case(
        14,
        "y = Div (a, b)",
        a=array([[-(2**31), -(2**31), 7, -7]], "int32"),
        b=array([[-1], [0], [3]], "int32"),
        dynamic=(4,),
        expected=lambda a, b: np.where(
            b == 0, 0, np.fix(a / np.where(b == 0, 1, b)).astype("int64")
        ).astype("int32"),
    ),
    case(
        14,
        "y = Div (a, b)",
        a=array([[9, 255, 7]], "uint8"),
        b=array([[0], [3]], "uint8"),
        expected=lambda a, b: np.where(b == 0, 0, a // np.maximum(b, 1)).astype("uint8"),
    ),
    case(14, "y = Div (a, b)", a=array([[-9, 10]], "int64"), b=known(array([[3], [-4]], "int64"))),
    case(14, "y = Div (a, b)", a=array([[-9, 10]], "int64"), b=known(array([[3], [-1]], "int64"))),
]

CASES += cases(
    (7, 12, 13, 15), "y = Pow (x, p)", x=uniform(0.1, 3, 2, 3, 4), p=normal(3, 4), dynamic=True
)
CASES += [
    case(
        1,
        "y = Pow <broadcast=1, axis=1> (x, p)",
        x=uniform(0.1, 3, 2, 3, 4),
        p=normal(3),
        expected=lambda x, p: x ** p[:, None],
        dynamic=True,
    ),
    case(1, "y = Pow (x, p)", x=uniform(0.1, 3, 2, 3, 4), p=normal(2, 3, 4), as_opset=7),
    case(15, "y = Pow (x, p)", x=normal(2, 3, 4), p=known(array(2.0)), dynamic=True),
    case(15, "y = Pow (x, p)", x=uniform(0.1, 3, 2, 3, 4), p=known(array([0.5])), dynamic=True),
    case(15, "y = Pow (x, p)", x=known(array(2.0)), p=normal(2, 3, 4), dynamic=True),
    case(15, "y = Pow (x, p)", x=normal(2, 3, 4), p=known(array(3, "int64")), dynamic=True),
    case(15, "y = Pow (x, p)", x=normal(2, 3, 4), p=uniform(0, 4, 4, dtype="int32"), dynamic=True),
    case(
        15,
        "y = Pow (x, p)",
        x=array([[3, -3], [2, 7]], "int64"),
        p=known(array([21], "int64")),
        expected=lambda x, p: x**p,
    ),
    case(15, "y = Pow (x, p)", x=array([[3, -3], [2, 7]], "int32"), p=array([[2], [3]], "int32")),
    case(15, "y = Pow (x, p)", x=array([[3, 4], [2, 7]], "int32"), p=array([[1.5], [2.5]])),
    case(15, "y = Pow (x, p)", x=normal(2, 3), p=known(array([[2.0], [3.0]]))),
]

_SIGNED = {"a": array([[7, -7, 9, 0]], "int64"), "b": array([[3], [-3], [5]], "int64")}
CASES += [
    *cases((10, 13), "y = Mod (a, b)", **_SIGNED, dynamic=(4,)),
    case(28, "y = Mod (a, b)", **_SIGNED, expected=lambda a, b: np.mod(a, b)),
    *cases((10, 13), "y = Mod <fmod=1> (a, b)", **_SIGNED),
    *cases((10, 13), "y = Mod <fmod=1> (a, b)", a=normal(2, 3, 4), b=normal(3, 1), dynamic=True),
    case(
        13,
        "y = Mod <fmod=1> (a, b)",
        a=array([1e6, -1e6, 5.3, np.inf, 2]),
        b=array([0.3, 0.7, np.inf, 1, 0]),
    ),
    case(
        13,
        "y = Mod (a, b)",
        a=array([2**60 + 1, -(2**60) - 1], "int64"),
        b=array([2**40 + 7, 10], "int64"),
    ),
    case(
        13,
        "y = Mod (a, b)",
        a=uniform(0, 255, 2, 3, 4, dtype="uint8"),
        b=uniform(1, 9, 4, dtype="uint8"),
    ),
    case(
        28, "y = Mod (a, b)", a=normal(2, 3, 4), b=normal(3, 1), expected=lambda a, b: np.mod(a, b)
    ),
    case(
        28,
        "y = Mod (a, b)",
        a=array([-1.0, 1, 0, -0.0]),
        b=array([np.inf, -np.inf, 3, 3]),
        expected=lambda a, b: np.mod(a, b),
    ),
]

for _op, _f in (("And", np.bitwise_and), ("Or", np.bitwise_or), ("Xor", np.bitwise_xor)):
    CASES += [
        case(
            18,
            f"y = Bitwise{_op} (a, b)",
            a=uniform(-99, 99, 2, 3, 4, dtype="int64"),
            b=uniform(-99, 99, 3, 1, dtype="int64"),
            dynamic=True,
        ),
        case(
            18,
            f"y = Bitwise{_op} (a, b)",
            a=uniform(0, 255, 2, 3, dtype="uint8"),
            b=uniform(0, 255, 3, dtype="uint8"),
        ),
    ]
for _direction in ("LEFT", "RIGHT"):
    _text = f'y = BitShift <direction="{_direction}"> (x, k)'
    _shifts = {
        "x": uniform(0, 255, 2, 3, 4, dtype="uint8"),
        "k": uniform(0, 8, 3, 4, dtype="uint8"),
    }
    CASES += [
        case(11, _text, **_shifts, dynamic=True),
        case(28, _text, **_shifts, expected="reference"),
    ]

_COUNTS = array([[0, 1, 5, 7, 31, 63, 64, -1]], "int64")
CASES += [
    case(
        28,
        f'y = BitShift <direction="{direction}"> (x, k)',
        x=array([[-(2 ** (b - 1))], [-3], [2 ** (b - 1) - 1]], dtype),
        k=_COUNTS.astype(dtype),
        expected=lambda x, k, d=direction, b=b: _shifted(x, k, d, b),
    )
    for dtype, b in (("int8", 8), ("int32", 32), ("int64", 64))
    for direction in ("LEFT", "RIGHT")
]


def _shifted(x, count, direction, bits):
    """In Python's own integers."""

    def shift(value, n):
        if not 0 <= n < bits:
            return -1 if direction == "RIGHT" and value < 0 else 0
        value = value << n if direction == "LEFT" else value >> n
        return (value + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)

    return np.vectorize(shift, otypes=[x.dtype])(x.astype(object), count.astype(object))


for _op in ("Max", "Min", "Sum", "Mean"):
    CASES += [
        case(
            8, f"y = {_op} (a, b, c)", a=normal(2, 3, 4), b=normal(3, 1), c=normal(4), dynamic=True
        ),
        case(
            13, f"y = {_op} (a, b, c)", a=normal(2, 3, 4), b=normal(3, 1), c=normal(4), dynamic=True
        ),
        case(13, f"y = {_op} (a)", a=normal(2, 3, 4), dynamic=True),
        case(6, f"y = {_op} (a, b)", a=normal(2, 3, 4), b=normal(2, 3, 4)),
        case(1, f"y = {_op} (a, b)", a=normal(2, 3, 4), b=normal(2, 3, 4), as_opset=6),
    ]
for _op in ("Max", "Min"):
    CASES += [
        case(12, f"y = {_op} (a, b)", a=normal(2, 3, 4), b=normal(2, 3, 4)),
        case(
            12,
            f"y = {_op} (a, b)",
            a=uniform(-9, 9, 2, 3, dtype="int64"),
            b=array([2**53 + 1], "int64"),
        ),
    ]

_FAR = array([[-np.inf, -3, 0.5], [np.inf, 2, np.nan]])
CASES += [
    case(13, "y = Sign (x)", x=_FAR),
    case(13, "y = Clip (x, lo)", x=_FAR, lo=known(array(0.0)), expected="reference"),
    case(13, "y = Clip (x, , hi)", x=_FAR, hi=known(array(0.0)), expected="reference"),
    case(13, "y = Clip (x, lo, hi)", x=_FAR, lo=known(array(-1.0)), hi=known(array(1.0))),
]
CASES += [
    case(1, "y = Clip <min=-1.0, max=1.0> (x)", x=normal(2, 3, 4), as_opset=6, dynamic=True),
    case(6, "y = Clip <min=-1.0, max=1.0> (x)", x=normal(2, 3, 4), dynamic=True),
    case(6, "y = Clip <max=1.0> (x)", x=normal(2, 3, 4)),
    case(1, "y = Clip <min=0.5> (x)", x=normal(2, 3, 4), as_opset=6),
    *cases(
        (11, 12, 13),
        "y = Clip (x, lo, hi)",
        x=normal(2, 3, 4),
        lo=known(array(-1.0)),
        hi=known(array(1.0)),
        dynamic=True,
    ),
    case(13, "y = Clip (x, lo, hi)", x=normal(2, 3, 4), lo=array(-1.0), hi=array(1.0)),
    case(13, "y = Clip (x, , hi)", x=normal(2, 3, 4), hi=known(array(0.3))),
    case(13, "y = Clip (x, lo)", x=normal(2, 3, 4), lo=array(0.3)),
    case(13, "y = Clip (x)", x=normal(2, 3, 4)),
    case(
        13, "y = Clip (x, lo, hi)", x=normal(2, 3, 4), lo=known(array(1.0)), hi=known(array(-1.0))
    ),
    case(
        13,
        "y = Clip (x, lo, hi)",
        x=normal(2, 3, 4, dtype="float64"),
        lo=known(array(-0.1, "float64")),
        hi=known(array(0.1, "float64")),
    ),
    case(
        13,
        "y = Clip (x, lo, hi)",
        x=array([[2**53 + 1, -(2**53) - 1]], "int64"),
        lo=known(array(-(2**53), "int64")),
        hi=known(array(2**54, "int64")),
    ),
    case(13, "y = Clip (x, lo)", x=array([[-3, 4]], "int8"), lo=known(array(0, "int8"))),
]

TYPES = {
    "float16": 10,
    "float32": 1,
    "float64": 11,
    "uint8": 2,
    "int8": 3,
    "int32": 6,
    "int64": 7,
    "bool": 9,
}
_NUMBERS = [[[-2.7, 0, 1], [0.4, 99.6, 100]]]
CASES += [
    case(
        13,
        f"y = Cast <to={code}> (x)",
        x=array(_NUMBERS, "float32" if to != "uint8" else "int32"),
        dynamic=True,
    )
    for to, code in TYPES.items()
]
CASES += [
    *cases((6, 9, 19, 21, 23, 24, 25), "y = Cast <to=7> (x)", x=array(_NUMBERS)),
    case(28, "y = Cast <to=7> (x)", x=array(_NUMBERS), expected=lambda x: x.astype("int64")),
    case(1, 'y = Cast <to="INT32"> (x)', x=array(_NUMBERS), expected=lambda x: x.astype("int32")),
    case(13, "y = Cast <to=1> (x)", x=bools(2, 3, 4)),
    case(13, "y = Cast <to=3> (x)", x=array([200, -129, 127], "int32")),
    case(13, "y = Cast <to=8> (x)", x=array([1.5, -2.25]), refused="string", computed=True),
    case(13, "y = Cast <to=5> (x)", x=uniform(-9, 9, 2, dtype="float32"), expected="reference"),
    case(19, "y = CastLike (x, t)", x=normal(2, 3), t=normal(1)),
    *cases(
        (15, 19, 21, 23, 24, 25), "y = CastLike (x, t)", x=array(_NUMBERS), t=array([1, 2], "int32")
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
