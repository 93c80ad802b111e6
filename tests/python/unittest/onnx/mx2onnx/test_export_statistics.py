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
"""Export rows of the statistics family."""

import numpy as np
from export_cases import case, checks, data, values

FLOATS = ("float32", "float16", "float64")
NUMBERS = (*FLOATS, "int8", "uint8", "int32", "int64")
AXES = [{}, {"axis": 1}, {"axis": (0, 2)}, {"axis": -1, "keepdims": True}]
NOT_FINITE = values([[[1, np.nan, np.inf, -np.inf, 0, -2, 3]]])
ENTRIES = values([0, 3, 1, 1, 5], "int64")


def x(dtype="float32", **more):
    return data(2, 3, 4, dtype=dtype, **more)


SPREAD = [
    *(case(f"_npi_{n}", x(t), **a, ddof=d)
      for n in ("std", "var") for t in ("float32", "float64") for a in AXES for d in (0, 1)),
    *(case(f"_npi_{n}", x(t), axis=1) for n in ("std", "var") for t in FLOATS),
    case("_npi_var", x(), dtype="float64"),
    case("_npi_var", x(), dtype="int32").but(refused="int32"),
    case("_npi_var", x("int32"), dtype="float64").but(refused="of int32"),
]  # fmt: skip
MEANS = [
    *(case("_npi_average", x(t), weighted=0, **a, returned=r)
      for t in ("float32", "float64", "int32") for a in AXES[:3] for r in (0, 1)),
    *(case("_npi_average", x(t), x(t, low=1, high=3), **a, returned=r)
      for t in ("float32", "float64", "int32") for a in AXES[:3] for r in (0, 1)),
    *(case("_npi_average", x(), data(s, low=1, high=3), axis=a, returned=r)
      for a, s in ((0, 2), (1, 3), (-1, 4)) for r in (0, 1)),
]  # fmt: skip
BINS = [
    *(case("_histogram", x(t), bin_cnt=5, range=(-1.5, 1.2)) for t in FLOATS),
    case("_histogram", x("int32"), bin_cnt=5, range=(-1, 1)).but(refused="edges are cut"),
    case("_histogram", NOT_FINITE, bin_cnt=3, range=(-3, 3)),
    *(case("_histogram", x(t), values([-1, 0, 1, 2], t))
      for t in ("float32", "float64", "int32", "int64")),
    *(case("_npi_bincount", values([0, 3, 1, 1, 5], t), minlength=m).but(how="eager")
      for t in ("int32", "int64", "uint8", "int8") for m in (0, 9)),
    *(case("_npi_bincount", ENTRIES, data(5, dtype=t), has_weights=True, minlength=m)
      .but(how="eager") for t in ("float32", "float64", "int32", "int64") for m in (0, 9)),
]  # fmt: skip
DIFFERENCES = [
    *(case("_npi_diff", x(), axis=a, n=n) for a in (-1, 0, 1) for n in (1, 0)),
    case("_npi_diff", x(), axis=2, n=3),
    case("_npi_diff", data(5), n=2),
    *(case("_npi_diff", x(t)) for t in NUMBERS),
    *(case("_npi_ediff1d", x(t)) for t in NUMBERS),
    case("_npi_ediff1d", x(), to_begin_scalar=1.5, to_end_scalar=-2),
    case("_npi_ediff1d", x(), data(2), data(3), to_begin_arr_given=1, to_end_arr_given=1),
    case("_npi_ediff1d", x(), data(3), to_begin_scalar=1.5, to_end_arr_given=1),
]
MODES = ("linear", "lower", "higher", "midpoint", "nearest")
#: MXNet rounds the shares of float16 neighbours to float16.
ROUNDED = {"tolerance": (2e-3, 1e-3)}
ORDER = [
    *(case("_npi_percentile", x(), q_scalar=q, axis=a, interpolation=i, keepdims=k)
      for q in (30, 100) for a in (None, 1, (0, 2)) for i in MODES for k in (0, 1)),
    *(case("_npi_percentile", x(t), q_scalar=40, axis=1, interpolation=i)
      .but(**(ROUNDED if t == "float16" else {})) for t in NUMBERS for i in MODES[:2]),
    case("_npi_percentile", x(), data(3), q_scalar=30, axis=1),
    *(case("_npi_percentile", x(t), values([10, 50, 99], t), axis=a, keepdims=k)
      for t in ("float32", "float64") for a in (None, 1, (0, 2)) for k in (0, 1)),
]  # fmt: skip

test_statistics = checks([*SPREAD, *MEANS, *BINS, *DIFFERENCES, *ORDER])
