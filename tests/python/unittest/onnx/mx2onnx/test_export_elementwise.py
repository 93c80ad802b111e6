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
ROUNDING = ["floor", "ceil", "trunc", "fix", "round", "rint"]
ANY_NUMBER = ["abs", "sign", "square", "negative"]

UNARY = [
    *(case(n, data(2, 3, 4, dtype=t)) for n in IN_FLOAT64 for t in (*FLOATS, "int32")),
    *(case(n, data(2, 3, 4, dtype=t, **POSITIVE)) for n in POSITIVE_IN_FLOAT64 for t in FLOATS),
    *(case(n, data(2, 3, 4, dtype="int64", low=1, high=9)) for n in POSITIVE_IN_FLOAT64),
    *(case(n, data(2, 3, 4, low=-0.9, high=0.9)) for n in FLOATS_ONLY),
    case("arccosh", data(2, 3, 4, low=1.1, high=5)),
    *(case(n, data(2, 3, 4, dtype="int32")).but(refused="int32 is not covered") for n in FLOATS_ONLY),
    *(case(n, values([HALVES])) for n in ROUNDING),
    *(case(n, data(2, 3, dtype=t)) for n in ROUNDING for t in ("float64", "int8", "int64")),
    *(case(n, data(2, 3, 4, dtype=t)) for n in ANY_NUMBER for t in (*FLOATS, *INTEGERS)),
    case("expm1", values([[[1e-6, -1e-6, 0, 1e-3, 20, -30]]])),
    case("log1p", values([[[1e-6, -1e-6, 0, 1e-3, 1e9, -0.999, np.inf]]])).but(tolerance=(1e-5, 0)),
    *(case("clip", data(2, 3, 4, dtype=t, low=-9, high=9), a_min=-2.5, a_max=1e9)
      for t in (*FLOATS, *INTEGERS)),
    case("clip", data(2, 3, 4), a_min=-np.inf, a_max=1),
    case("smooth_l1", data(2, 3, 4), scalar=2),
    case("smooth_l1", data(2, 3, 4), scalar=0.7),
    case("smooth_l1", data(2, 3, 4, dtype="int32"), scalar=2).but(refused="int32 is not covered"),
    *(case("Cast", data(2, 3, 4, dtype=a, low=0), dtype=b)
      for a, b in [("float32", "int32"), ("float32", "bool"), ("int32", "float16"),
                   ("bool", "float32"), ("float64", "uint8"), ("float32", "float32")]),
    case("Cast", data(2, 3, 4), dtype="bfloat16").but(refused="bfloat16"),
    case("amp_cast", data(2, 3, 4), dtype="float16"),
    case("amp_cast", data(2, 3, 4, dtype="int32"), dtype="float16"),
    case("amp_multicast", data(2, 3, 4, dtype="float16"), data(2, 3, 4), num_outputs=2).but(mkldnn=False),
    case("amp_multicast", data(2, 3, 4), data(2, 3, 4, dtype="float16"), num_outputs=2,
         cast_narrow=True).but(mkldnn=False),
    case("amp_multicast", data(2, 3, 4, dtype="float16"), data(2, dtype="int32"),
         num_outputs=2).but(mkldnn=False),
    case("_copy", data(2, 3, 4, dtype="bool", high=1)),
    case("cast_storage", data(2, 3, 4), stype="default"),
]  # fmt: skip

BINARY = [
    *(case(n, data(2, 1, 4, dtype=t), data(1, 3, 4, dtype=t, low=1, high=3))
      for n in ("broadcast_add", "broadcast_sub", "broadcast_mul", "broadcast_div",
                "broadcast_maximum", "broadcast_minimum", "broadcast_mod")
      for t in (*FLOATS, *INTEGERS)),
    *(case("broadcast_power", data(2, 1, 4, dtype=t, low=1, high=3), data(1, 3, 4, dtype=t, low=0))
      for t in (*FLOATS, *INTEGERS)),
    *(case("broadcast_hypot", data(2, 1, 4, dtype=t), data(1, 3, 4, dtype=t)) for t in (*FLOATS, "int32")),
    *(case(n, data(2, 3, 4), data(2, 3, 4, low=1))
      for n in ("elemwise_add", "elemwise_sub", "elemwise_mul", "elemwise_div", "_power", "_mod",
                "_maximum", "_minimum", "_grad_add", "_identity_with_attr_like_rhs")),
    *(case("broadcast_mod", values([[[-5, 5, -5, 5, 0, 4]]], t), values([[[3, -3, -3, 0, 3, 2]]], t))
      for t in ("float32", "int32", "int64", "int8")),
    *(case("add_n", data(2, 3, 4, dtype=t), data(2, 3, 4, dtype=t), data(2, 3, 4, dtype=t), num_args=3)
      for t in ("float32", "int32", "int8")),
    case("add_n", data(2, 3, 4), num_args=1),
]  # fmt: skip

SCALAR = [
    *(case(n, data(2, 3, 4, dtype=t, low=1, high=5), scalar=2.5)
      for n in ("_plus_scalar", "_minus_scalar", "_rminus_scalar", "_mul_scalar", "_div_scalar",
                "_rdiv_scalar", "_power_scalar", "_rpower_scalar", "_maximum_scalar",
                "_minimum_scalar", "_mod_scalar", "_rmod_scalar")
      for t in ("float32", "float16", "int32", "int8")),
    case("_plus_scalar", data(2, 3, 4, dtype="uint8"), scalar=300),
]  # fmt: skip

test_elementwise = checks([*UNARY, *BINARY, *SCALAR])
