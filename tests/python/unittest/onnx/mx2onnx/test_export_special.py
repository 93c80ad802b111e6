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
"""Export rows of the special family."""

import numpy as np
from export_cases import case, checks, data, values

FLOATS = ("float32", "float16", "float64")
INTEGERS = ("int8", "uint8", "int32", "int64")
MIXED = values([[[1, np.nan, np.inf, -np.inf, 0, -0.0, -2, 3]]])
CORNERS = [
    ([0, -0.0, 0, -0.0, 1, -1, np.inf, -np.inf, np.inf, np.inf, 1, -1, np.nan],
     [0, 0, -1, -1, 0, 0, np.inf, -np.inf, 1, -np.inf, -np.inf, -np.inf, 1]),
    ([0, -0.0, 0, -0.0], [-0.0, -0.0, 0, 1]),
]  # fmt: skip
#: Of float64: what the rows state.
EXACT = {"tolerance": (1e-12, 1e-13)}


def x(dtype="float32", **more):
    return data(2, 3, 4, dtype=dtype, **more)


def y(dtype="float32"):
    return data(1, 3, 1, dtype=dtype)


GAMMA = [
    *(case(n, x(t, low=0.01, high=9)) for n in ("gamma", "gammaln") for t in FLOATS),
    *(case(n, x("float64", low=0.01, high=150)).but(**EXACT) for n in ("gamma", "gammaln")),
    *(case(n, x(t, low=1, high=5)) for n in ("gamma", "gammaln") for t in INTEGERS),
    *(case(n, x(t, low=-9, high=0)) for n in ("gamma", "gammaln") for t in ("float32", "float64")),
    *(case(n, MIXED) for n in ("gamma", "gammaln")),
    *(case(n, values([[[1, 2, 3, 30, 33, 1e-3, -0.5, -1.5]]])) for n in ("gamma", "gammaln")),
    *(case("erfinv", x(t, low=-0.999, high=0.999)) for t in FLOATS),
    case("erfinv", values([[[1, -1, 0, 0.5, -0.9999, 1e-6, 2]]])),
    case("erfinv", data(2, 3, 4, dtype="int32", low=0, high=0)),
]

PAIRS = [
    *(case("_npi_arctan2", x(t), y(t)) for t in ("float32", "float16")),
    *(case("_npi_arctan2", values([[a]]), values([[b]])) for a, b in CORNERS),
    *(case(f"_npi_{n}_scalar", x(t), scalar=s, is_int=i)
      for n in ("arctan2", "rarctan2", "copysign", "rcopysign", "ldexp", "rldexp")
      for t, i in (("float32", 0), ("float32", 1), ("int32", 1)) for s in (2.5, -1)),
    *(case(f"_npi_{n}_scalar", x("int32"), scalar=2.5, is_int=0) for n in ("copysign", "ldexp")),
    *(case(f"_npi_{n}", x(t), y(t))
      for n in ("copysign", "ldexp") for t in (*FLOATS, "int32", "int8")),
    case("_npi_copysign", x(), values([[[0, -0.0, 1, -1]]])),
]  # fmt: skip

OTHERS = [
    *(case("_npi_nan_to_num", values([[[1, np.nan, np.inf, -np.inf]]], t), **k)
      for t in FLOATS for k in ({}, {"nan": 3, "posinf": 5, "neginf": -7})),
    *(case("_npi_nan_to_num", x(t)) for t in INTEGERS),
    *(case("_contrib_quadratic", x(t), a=1.5, b=-2, c=3) for t in (*FLOATS, *INTEGERS)),
    *(case("_npi_polyval", data(4, dtype=t, fixed=True), x(t)) for t in (*FLOATS, *INTEGERS)),
    case("_npi_polyval", data(1, fixed=True), x()),
    case("_npi_polyval", data(4), x()).but(needs_sizes="number of coefficients"),
]  # fmt: skip

LOW = {"low": -6, "high": 9}
MULTIPLES = [
    *(
        case("_npi_lcm", data(2, 3, 4, dtype=t, **LOW), data(1, 3, 1, dtype=t, **LOW))
        for t in INTEGERS
    ),
    *(case("_npi_lcm_scalar", data(2, 3, 4, dtype=t, **LOW), scalar=6) for t in INTEGERS),
]

test_special = checks([*GAMMA, *PAIRS, *OTHERS, *MULTIPLES])
