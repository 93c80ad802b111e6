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
"""Export rows of the comparison family."""

from export_cases import case, checks, data, values

COMPARISONS = ["equal", "not_equal", "greater", "greater_equal", "lesser", "lesser_equal"]
LOGIC = ["logical_and", "logical_or", "logical_xor"]
NAN, INF = float("nan"), float("inf")
SMALL = {"low": 0, "high": 2}

CLOSE = [
    *(case("_contrib_allclose", data(2, 3, 4, dtype=t), data(2, 3, 4, dtype=t))
      for t in ("float32", "float16", "float64")),
    *(case("_contrib_allclose", values([[[1, 2, NAN, INF]]]),
           values([[[1, 2.000001, NAN, INF]]]), equal_nan=e) for e in (0, 1)),
    case("_contrib_allclose", values([[[1, 2, INF]]]), values([[[1, 2, -INF]]])),
]  # fmt: skip

test_comparison = checks([
    *CLOSE,
    *(case(f"broadcast_{n}", data(2, 1, 4, dtype=t, **SMALL), data(1, 3, 4, dtype=t, **SMALL))
      for n in (*COMPARISONS, *LOGIC) for t in ("float32", "int32", "uint8")),
    *(case(f"broadcast_{n}", values([[[NAN, NAN, 1, 0]]]), values([[[NAN, 1, NAN, 0]]]))
      for n in (*COMPARISONS, *LOGIC)),
    *(case(f"_{n}", data(2, 3, 4, dtype=t, **SMALL), data(2, 3, 4, dtype=t, **SMALL))
      for n in (*COMPARISONS, *LOGIC) for t in ("float16", "int64")),
    *(case(f"_{n}_scalar", data(2, 3, 4, dtype=t, **SMALL), scalar=1.5)
      for n in (*COMPARISONS, *LOGIC) for t in ("float32", "int8")),
    case("broadcast_lesser_equal", data(2, 1, 4), data(1, 3, 4)).but(opsets=(12, 16)),
    *(case("logical_not", data(2, 3, 4, dtype=t, **SMALL)) for t in ("float32", "int32")),
])  # fmt: skip
