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
"""NumPy-style operators, which the importer and ``mxnet.numpy`` emit, in all families."""

import numpy as np
from export_cases import case, checks, data, values, weight

FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int8", "uint8", "int32", "int64")
NUMBERS = (*FLOATS, *INTEGERS)
ALL = (*NUMBERS, "bool")
NOT_FINITE = values([[[1, np.nan, np.inf, -np.inf]]])
HALVES = values([[[-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.3, 7]]])
POSITIVE = {"low": 1, "high": 5}


def x(dtype="float32", **more):
    return data(2, 3, 4, dtype=dtype, **more)


def y(dtype="float32", **more):
    return data(1, 3, 1, dtype=dtype, **more)


ELEMENTWISE = [
    *(case(f"_npi_{n}", x(t, **POSITIVE))
      for n in ("exp", "log", "sqrt", "sin", "cos", "tanh", "reciprocal", "square", "log1p")
      for t in ("float32", "int32")),
    *(case(f"_npi_{n}", x(low=-0.9, high=0.9))
      for n in ("arcsin", "arccos", "arctan", "sinh", "cosh", "tan", "arcsinh", "arctanh", "cbrt",
                "expm1", "degrees", "radians")),
    *(case(f"_npi_{n}", x(**POSITIVE)) for n in ("arccosh", "log2", "log10")),
    *(case(f"_npi_{n}", HALVES) for n in ("ceil", "floor", "trunc", "fix", "rint", "around")),
    *(case(f"_npi_{n}", x(t)) for n in ("absolute", "negative", "sign") for t in NUMBERS),
    *(case("_npi_around", x(t)) for t in ("float64", "int32", "uint8")),
    *(case("_npi_around", x(t, low=-60, high=60), decimals=d)
      for t in ("float32", "float64", "int32") for d in (1, 2)),
    case("_npi_around", x(low=-60, high=60), decimals=-1),
    case("_npi_around", x("int32"), decimals=-1).but(refused="decimals=-1 of int32"),
    *(case(n, x(t)) for n in ("_npx_relu", "_npx_sigmoid") for t in ("float32", "int32")),
    case("_np_copy", x("bool")),
]  # fmt: skip

ARITHMETIC = ["add", "subtract", "multiply", "mod", "power"]
PAIRS = [("float32", "float64"), ("int8", "int32"), ("int64", "float32"), ("bool", "uint8"),
         ("float16", "int64")]  # fmt: skip
BINARY = [
    *(case(f"_npi_{n}", x(t, **POSITIVE), y(t, low=1, high=3))
      for n in ARITHMETIC for t in NUMBERS),
    *(case(f"_npi_{n}", x("bool"), y("bool")) for n in ("add", "multiply")),
    *(case(f"_npi_{n}", x(a, **POSITIVE), y(b, low=1, high=2))
      for n in ("add", "multiply", "subtract") for pair in PAIRS for a, b in (pair, pair[::-1])),
    case("_npi_add", x("int8"), y("uint8")).but(refused="int8 and uint8"),
    *(case("_npi_true_divide", x(t), y(t, **POSITIVE)) for t in ALL),
    *(case("_npi_true_divide", x(a), y(b, **POSITIVE))
      for a, b in [("float16", "int32"), ("int64", "float32")]),
    *(case(f"_npi_{n}", x(), y()) for n in ("hypot", "maximum", "minimum")),
    *(case(f"_npi_bitwise_{n}", x(t, low=-100, high=100), x(t, low=-100, high=100))
      .but(opsets=(18, 28)) for n in ("and", "or", "xor") for t in INTEGERS),
    *(case(f"_npi_bitwise_{n}", x("bool"), x("bool")) for n in ("and", "or", "xor")),
    case("_npi_bitwise_and", x("int32"), x("int32")).but(refused="BitwiseAnd"),
    *(case("_npi_bitwise_not", x(t, low=-100, high=100)) for t in (*INTEGERS, "bool")),
]  # fmt: skip

SCALAR = [
    *(case(f"_npi_{n}_scalar", x(t, low=1, high=4), scalar=2.5, is_int=False)
      for n in ("add", "subtract", "rsubtract", "multiply", "true_divide", "rtrue_divide", "power",
                "rpower", "mod", "rmod", "maximum", "equal", "greater", "less_equal")
      for t in ("float16", "float32", "int8", "int64", "bool")),
    *(case(f"_npi_{n}_scalar", x(t, low=1, high=4), scalar=2)
      for n in ("add", "subtract", "rsubtract", "multiply", "true_divide", "rtrue_divide", "power",
                "rpower", "mod", "rmod", "minimum", "not_equal", "greater_equal", "less")
      for t in ("float32", "float64", "uint8", "int32", "bool")),
    case("_npi_bitwise_or_scalar", x("int32"), scalar=6).but(opsets=(18, 28)),
    case("_equal_scalar", x("bool"), scalar=1),
]  # fmt: skip

COMPARISON = [
    *(case(f"_npi_{n}", x(t, low=0, high=1), y(t, low=0, high=1))
      for n in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
      for t in ALL),
    *(case(f"_npi_{n}", NOT_FINITE, values([[[np.nan, np.nan, np.inf, 1]]]))
      for n in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")),
    *(case("_npi_logical_not", x(t, low=0, high=1)) for t in ALL),
    case("_npi_logical_not", NOT_FINITE),
    *(case(f"_npi_is{n}", values([[[1, np.nan, np.inf, -np.inf]]], t))
      for n in ("nan", "inf", "finite", "posinf", "neginf") for t in FLOATS),
    *(case(f"_npi_is{n}", x(t)) for n in ("nan", "posinf", "finite") for t in ("int32", "bool")),
]  # fmt: skip

AXES = [{}, {"axis": 1}, {"axis": (0, -1), "keepdims": True}, {"axis": "()"}, {"keepdims": True}]
REDUCTION = [
    *(case(n, x(), **a) for a in AXES
      for n in ("_np_max", "_np_min", "_np_sum", "_np_prod", "_npi_mean", "_np_any", "_np_all")),
    *(case(n, x(t), axis=1) for t in ALL
      for n in ("_np_max", "_np_min", "_np_sum", "_np_prod", "_npi_mean", "_np_any", "_np_all")),
    *(case(n, data(5), axis=0) for n in ("_np_sum", "_np_max", "_npi_argmax")),
    case("_np_sum", x("int32"), axis=1, dtype="float32"),
    case("_np_sum", x("float32"), axis=1, dtype="float64"),
    case("_np_sum", x("float32"), axis=1, dtype="int32").but(refused="dtype=int32"),
    case("_np_sum", x(), axis=1, initial=3).but(refused="initial"),
    case("_npi_mean", x("int64"), axis=1, dtype="float64"),
    case("_npi_mean", x("int64"), axis=1, dtype="int32").but(refused="dtype=int32"),
    *(case(f"_npi_{n}", values(np.tile([3, 1, 3, 1], 6).reshape(2, 3, 4)), axis=a, keepdims=k)
      for n in ("argmax", "argmin") for a in (0, -1, None) for k in (False, True)),
    *(case(f"_npi_{n}", x(t), axis=1) for n in ("argmax", "argmin") for t in NUMBERS),
    *(case("_np_cumsum", x(t, low=-50, high=50), axis=1) for t in ALL),
    *(case("_np_cumsum", x(), axis=a) for a in (None, 0, 2)),
    *(case("_np_cumsum", x(t), axis=1, dtype=u)
      for t in ("int32", "float32", "float64", "int8")
      for u in ("float32", "float64", "int32", "int64")),
]  # fmt: skip

PRODUCTS = [
    *(case("_np_dot", data(*a), data(*b))
      for a, b in [((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)),
                   ((3,), (3, 4)), ((2, 3), (5, 3, 4)), ((3,), (5, 3, 4))]),
    case("_np_dot", data(5, 2, 3), weight(3, 4)),
    case("_np_dot", data(2, 3, dtype="float64"), data(3, 4, dtype="float64")),
    *(case("_npi_matmul", data(*a), data(*b))
      for a, b in [((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((3,), (3,)),
                   ((5, 2, 3), (3,)), ((3,), (5, 3, 4)), ((5, 1, 2, 3), (6, 3, 4))]),
    *(case("_npi_einsum", data(2, 3, 4, dtype=t), data(2, 4, 5, dtype=t), num_args=2,
           subscripts="bij,bjk->bik")
      for t in ("float16", "float32", "float64", "int8", "int32", "int64")),
    case("_npi_einsum", data(6, 2, 3, 4), data(6, 2, 5, 4), num_args=2,
         subscripts="bhqd, bhkd -> bhqk"),
    case("_npi_einsum", data(2, 3, 4), data(4, 5), num_args=2, subscripts="...hi,...ij->...hj"),
    *(case("_npi_einsum", data(2, 3, 4, dtype=t), data(2, 3, 5, dtype=t), num_args=2,
           subscripts="bij,bik->bjk").but(opsets=(12, 17, 28)) for t in ("float32", "int8")),
    *(case("_npi_einsum", data(4, 4, 4), data(4, 4, 4), num_args=2, subscripts=s)
      .but(opsets=(12, 17, 28)) for s in ("bii,bik->bik", "bij,bjk->bki", "bij,cjk->bik")),
    case("_npi_einsum", data(2, 3), data(3, 2), num_args=2, subscripts="ij,ji->")
    .but(opsets=(12, 17, 28)),
    case("_npi_einsum", data(2, 3, 3), num_args=1, subscripts="...ii->...i")
    .but(opsets=(12, 17, 28)),
    case("_linalg_det", data(2, 3, 3, fixed=(1, 2))),
    case("_linalg_det", data(3, 3, fixed=True)),
]  # fmt: skip

RESHAPES = [
    (-1,), (6, 4), (-2, -1), (-4,), (-5, -2), (-6, 1, -1, -4), (-6, 2, -1, -5), (-2, -6, 3, -1, -4),
    (-2, -2, -6, 2, -1), (-2, -5), (-1, 2, -2), (-5, 2, -1), (-6, -1, 2, -2, -2),
]  # fmt: skip
REVERSED = [(-1, -2), (-4, -5), (-1, -2, -2), (-4, -1, 2, -6, -2), (4, -1, 3)]
SHAPE = [
    *(case("_npx_reshape", x(), newshape=n) for n in RESHAPES),
    *(case("_npx_reshape", data(2, 4, 3), newshape=n, reverse=True) for n in REVERSED),
    case("_npx_reshape", data(2, 1, 4), newshape=(-2, -3, -2)),
    case("_npx_reshape", data(1, 3, 4), newshape=(-3, -1, -2)),
    case("_npx_reshape", data(1, fixed=True), newshape=()),
    *(case("_npx_reshape", x(t), newshape=(-5, -2)) for t in ALL),
    case("_npx_reshape", x(), newshape=(-1,), order="F").but(refused="order='F'"),
    case("_npx_reshape", x(), newshape=(0, -1)).but(refused="empty"),
    case("_np_reshape", x(), newshape=(6, -1)),
    case("_np_transpose", x()),
    case("_np_transpose", x(), axes=(2, 0, 1)),
    case("_np_transpose", x(), axes=(-1, 0, -2)),
    case("_np_squeeze", data(1, 3, 1, fixed=True)),
    case("_np_squeeze", data(1, 1, 3), axis=-2),
    case("_np_squeeze", data(1, 1, fixed=True)),
    case("_np_squeeze", data(2, 3, 4, fixed=True)),
    *(case("_np_moveaxis", data(2, 3, 4, 5), source=s, destination=d)
      for s, d in [(0, -1), ((0, 1), (-1, -2)), (2, 0), ((3, 0), (0, 2))]),
    case("_npi_flip", x(), axis=(0, 2)),
    *(case("_npi_pad", x(), pad_width=((0, 0), (1, 2), (0, 1)), mode=m)
      for m in ("constant", "edge", "reflect")),
    *(case("_npi_pad", x(t), pad_width=((0, 0), (1, 2), (0, 1)), mode=m)
      for m in ("symmetric", "maximum", "minimum") for t in NUMBERS),
    case("_npi_pad", x(), pad_width=((2, 1), (3, 3), (0, 4)), mode="symmetric"),
    case("_npi_pad", x(), pad_width=((0, 0), (-1, 2), (0, -1)), constant_value=7),
    case("_npi_pad", x(), pad_width=((0, 0), (1, 2), (0, 1)), constant_value="-inf"),
    *(case("_npi_pad", x(t), pad_width=((0, 0), (1, 2), (0, 1)), constant_value=1)
      for t in NUMBERS),
    case("_npi_pad", x("bool"), pad_width=((0, 0), (1, 2), (0, 1))).but(opsets=(13, 17, 28)),
    *(case(n, shape=(2, 3, 4), dtype=t) for n in ("_npi_zeros", "_npi_ones")
      for t in ("float32", "int32", "bool")),
    *(case("_npi_arange", start=1, stop=7.5, step=2, dtype=t) for t in ("float32", "int32")),
    case("_npi_eye", N=3), case("_npi_eye", N=3, M=4, k=1, dtype="int32"),
]  # fmt: skip

JOINING = [
    *(case("_npi_concatenate", x(t), x(t), num_args=2, axis=a) for t in ALL for a in (0, -1)),
    case("_npi_concatenate", x(), y(), num_args=2, axis="None"),
    case("_npi_concatenate", x(), num_args=1, axis=1),
    *(case("_npi_stack", x(t), x(t), num_args=2, axis=a) for t in ALL for a in (0, -1)),
]

PLACES = values([[0, 1, 1, 0], [1, 2, 2, 1]], "int64")
INDEXING = [
    *(case("_npi_where", x(c, low=0, high=1), y(t), data(2, 1, 4, dtype=t))
      for c, t in [*(("bool", t) for t in ALL), ("float32", "float32"), ("int32", "int64")]),
    *(case("_backward_gather_nd", data(4, 5, dtype=t), PLACES, shape=(2, 3, 5))
      .but(opsets=(16, 17, 28)) for t in ("float32", "float64", "int32", "int64")),
    case("_backward_gather_nd", data(4, 5, 2), PLACES, shape=(2, 3, 5, 2))
    .but(opsets=(16, 17, 28)),
    case("_backward_gather_nd", data(4), PLACES, shape=(2, 3)).but(opsets=(16, 17, 28)),
]  # fmt: skip

test_numpy_style = checks([
    *ELEMENTWISE, *BINARY, *SCALAR, *COMPARISON, *REDUCTION, *PRODUCTS, *SHAPE, *JOINING, *INDEXING,
])  # fmt: skip


def _numpy_shapes(case):
    return case.but(how="eager")


#: Of rank 0, and with axes of size 0, which legacy symbols have neither of.
test_numpy_shapes = checks(_numpy_shapes(c) for c in [
    *(case(o, data(), data(*s)) for o in ("_npi_add", "_npi_true_divide", "_npi_equal")
      for s in ((), (3,), (3, 0))),
    *(case(o, data(*s, fixed=True)) for o in ("_npi_exp", "_np_transpose", "_np_squeeze", "_np_sum")
      for s in ((), (2, 0, 3))),
    *(case(o, data(), axis=a, keepdims=k) for o in ("_npi_argmax", "_npi_argmin")
      for a in (0, -1, None) for k in (0, 1)),
    *(case(o, data(*s)) for o in ("_linalg_det", "_linalg_slogdet") for s in ((3, 3), (2, 3, 3))),
    case("_npi_tensorsolve", data(), data()),
    *(case(o, shape=s) for o in ("_npi_zeros", "_npi_ones") for s in ((), (2, 0), (0,))),
    *(case("_np_reshape", data(2, 0, fixed=True), newshape=s) for s in ((0, 3), (0,))),
    case("_npi_broadcast_to", data(1, 3, fixed=True), shape=(0, 3)),
    case("tile", data(2, 3, fixed=True), reps=(2, 0)),
    case("_npi_diff", data(2, 3, fixed=True), n=3),
    *(case("_split_v2", data(*s, fixed=True), indices=i, axis=1)
      for s, i in (((2, 5), (0, 2, 2, 5)), ((2, 0), (0, 2)))),
    case("_npi_hsplit", data(2, 0, fixed=True), indices=(), sections=2),
    case("argsort", data(2, 0, fixed=True)),
])  # fmt: skip
