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
"""Export rows of the elementwise family."""

import numpy as np
from export_cases import case, checks, data, values

POSITIVE = {"low": 0.1, "high": 3.0}
HALVES = [[-2.5, -1.5, -0.5, 0.5], [1.5, 2.5, 0.49999997, -0.49999997], [8388609, 3.2, -3.7, 0]]
FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int8", "uint8", "int32", "int64")

IN_FLOAT64 = ["exp", "sin", "cos", "tanh", "cbrt", "expm1", "degrees", "radians"]
POSITIVE_IN_FLOAT64 = ["log", "sqrt", "rsqrt", "log2", "log10", "log1p", "reciprocal", "rcbrt"]
FLOATS_ONLY = ["erf", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "arcsinh", "arctanh"]
ROUNDING = ["floor", "ceil", "trunc", "fix", "round", "rint", "_contrib_round_ste"]
ANY_NUMBER = ["abs", "sign", "square", "negative", "_contrib_sign_ste"]


def x(dtype="float32", **more):
    return data(2, 3, 4, dtype=dtype, **more)


UNARY = [
    *(case(n, x(t)) for n in IN_FLOAT64 for t in ("float32", "int32")),
    *(case(n, x(**POSITIVE)) for n in POSITIVE_IN_FLOAT64),
    *(case(n, x("int64", low=1, high=9)) for n in POSITIVE_IN_FLOAT64),
    *(case(n, x(t, **POSITIVE)) for n in ("exp", "cbrt", "log1p") for t in ("float16", "float64")),
    *(case(n, x(low=-0.9, high=0.9)) for n in FLOATS_ONLY),
    case("arccosh", x(low=1.1, high=5)),
    *(case(n, x("int32")).but(refused="int32 is not covered") for n in FLOATS_ONLY),
    *(case(n, values([HALVES])) for n in ROUNDING),
    *(case(n, data(2, 3, dtype=t)) for n in ROUNDING for t in ("float64", "int64")),
    *(case(n, x(t)) for n in ANY_NUMBER for t in (*FLOATS, *INTEGERS)),
    case("expm1", values([[[1e-6, -1e-6, 0, 1e-3, 20, -30]]])),
    case("log1p", values([[[1e-6, -1e-6, 0, 1e-3, 1e9, -0.999, np.inf]]])).but(tolerance=(1e-5, 0)),
    *(case("clip", x(t, low=-9, high=9), a_min=-2.5, a_max=1e9) for t in (*FLOATS, *INTEGERS)),
    case("clip", x(), a_min=-np.inf, a_max=1),
    case("smooth_l1", x(), scalar=2),
    case("smooth_l1", x(), scalar=0.7),
    case("smooth_l1", x("int32"), scalar=2).but(refused="int32 is not covered"),
    *(case("Cast", x(a, low=0), dtype=b)
      for a, b in [("float32", "int32"), ("float32", "bool"), ("int32", "float16"),
                   ("bool", "float32"), ("float64", "uint8"), ("float32", "float32")]),
    case("Cast", x(), dtype="bfloat16").but(refused="bfloat16"),
    case("amp_cast", x(), dtype="float16"),
    case("amp_cast", x("int32"), dtype="float16"),
    *(case("amp_multicast", x(a), data(2, 3, 4, dtype=b), num_outputs=2, cast_narrow=n)
      .but(mkldnn=False)
      for a, b, n in [("float16", "float32", False), ("float32", "float16", True),
                      ("float16", "int32", False)]),
    case("_copy", x("bool")),
    case("cast_storage", x(), stype="default"),
    case("_contrib_gradientmultiplier", x(), scalar=3),
]  # fmt: skip

ARITHMETIC = ["add", "sub", "mul", "div", "maximum", "minimum", "mod"]
SIGNS = [[[-5, 5, -5, 5, 0, 4]]], [[[3, -3, -3, 0, 3, 2]]]
BINARY = [
    *(case(f"broadcast_{n}", data(2, 1, 4, dtype=t), data(1, 3, 4, dtype=t, low=1, high=3))
      for n in ARITHMETIC for t in (*FLOATS, *INTEGERS)),
    *(case("broadcast_power", data(2, 1, 4, dtype=t, low=1, high=3), data(1, 3, 4, dtype=t, low=0))
      for t in (*FLOATS, *INTEGERS)),
    *(case("broadcast_hypot", data(2, 1, 4, dtype=t), data(1, 3, 4, dtype=t))
      for t in (*FLOATS, "int32")),
    *(case(n, x(), data(2, 3, 4, low=1))
      for n in ("elemwise_add", "elemwise_sub", "elemwise_mul", "elemwise_div", "_power", "_mod",
                "_maximum", "_minimum", "_hypot", "_grad_add", "_identity_with_attr_like_rhs")),
    *(case("broadcast_mod", values(SIGNS[0], t), values(SIGNS[1], t))
      for t in ("float32", "int32", "int64", "int8")),
    *(case("add_n", x(t), x(t), x(t), num_args=3) for t in ("float32", "int32", "int8")),
    case("add_n", x(), num_args=1),
]  # fmt: skip

SCALAR = [
    *(case(f"_{n}_scalar", x(t, low=1, high=5), scalar=2.5)
      for n in ("plus", "minus", "rminus", "mul", "div", "rdiv", "power", "rpower", "maximum",
                "minimum", "mod", "rmod", "hypot")
      for t in ("float32", "int32", "int8")),
    case("_plus_scalar", x("float16"), scalar=0.1),
    case("_plus_scalar", x("uint8"), scalar=300),
    case("_plus_scalar", x("int32"), scalar=2.5, is_int=False),
    case("_maximum_scalar", x("int32"), scalar="inf").but(refused="inf cannot be cast"),
]  # fmt: skip

test_elementwise = checks([
    *(case("clip", data(2, 3, 4, dtype=t), a_min=a, a_max=b)
      for t in ("float32", "int64") for a, b in ((1, -1), (-0.56, -1.33))),
    case("_copyto", data(2, 3, 4)).but(how="in place"), *UNARY, *BINARY, *SCALAR,
])  # fmt: skip
