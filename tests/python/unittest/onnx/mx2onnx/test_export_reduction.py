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
"""Export rows of the reduction family."""

import numpy as np
from export_cases import case, checks, data, values

SUMS = ["sum", "mean", "max", "min", "prod"]
ALL = [*SUMS, "nansum", "nanprod"]
TIES = values(np.tile([3, 1, 3, 2], 6).reshape(2, 3, 4))
NAN = values([[[1, np.nan, 2, 3], [np.nan, 4, 5, 6]]])
X = data(2, 3, 4)

NORMS = [
    (2, None, -2), (2, None, 1), (2, 1, 1), (2, 1, -1), (1, 1, -1), (3, 1, -1), (-3, -1, -1),
    (2, (0, 2), 1), (0, 2, -1), (0.5, 0, -1),
]  # fmt: skip
NUMPY = [
    *(case("_npi_norm", data(2, 3, 4, dtype=t), ord=o, axis=a, keepdims=k, flag=f)
      for t in ("float32", "float64") for o, a, f in NORMS for k in (0, 1)),
    *(case("_npi_norm", data(2, 3, 4), axis=(0, 1), ord=o, flag=f).but(refused="of matrices")
      for o, f in ((2, 2), (-2, 0), (1, -1))),
    case("_npi_norm", data(2, 3, 4, dtype="float16"), axis=1),
    case("_npi_norm", data(2, 3, 4, dtype="int32"), axis=1).but(refused="of int32"),
    *(case("_npi_norm", data(*s), flag=1) for s in ((5,), (5, 4))),
]  # fmt: skip

test_reduction = checks([
    *NUMPY,
    *(case(n, X, axis=1) for n in ALL),
    *(case(n, X) for n in ALL),
    *(case(n, X, keepdims=True) for n in SUMS),
    *(case(n, X, axis=(-1, 0), keepdims=True) for n in SUMS),
    *(case(n, X, axis=1, exclude=True) for n in SUMS),
    case("sum", X, axis=(0, 1, 2), exclude=True),
    case("sum", X, axis=(0, 1, 2)),
    case("sum", X, axis=(), exclude=True),
    case("sum", X, axis=(0, 2), exclude=True, keepdims=True),
    case("sum", data(5), axis=0),
    *(case(n, data(2, 3, 4, dtype=t), axis=1)
      for n in ALL for t in ("float16", "float64", "int8", "uint8", "int32", "int64", "bool")),
    case("mean", data(2, 4, dtype="int8", low=90, high=100), axis=1),
    *(case(n, NAN, axis=2) for n in ("nansum", "nanprod")),
    *(case("norm", X, ord=o, axis=a) for o in (1, 2) for a in ((), 1, (0, 2))),
    case("norm", X, axis=2, keepdims=True),
    case("norm", data(2, 3, 4, dtype="float64")),
    case("norm", data(2, 3, 4, dtype="int32")).but(refused="int32"),
    case("norm", X, out_dtype="int32").but(refused="as int32"),
    case("norm", X, ord=3).but(refused="ord=3"),
    case("moments", X, axes=(0, -1)),
    case("moments", X, axes=(1,), keepdims=True),
    case("moments", X, axes=(0, 1, 2)),
    case("moments", data(2, 3, 4, dtype="int32"), axes=(1,)).but(refused="int32"),
    *(case(n, TIES, axis=a, keepdims=k)
      for n in ("argmax", "argmin") for a in (0, 1, -1, None) for k in (False, True)),
    *(case(n, data(2, 3, 4, dtype=t), axis=1)
      for n in ("argmax", "argmin") for t in ("float16", "float64", "uint8", "int64")),
    case("argmax", data(5), axis=0),
    case("argmax_channel", X),
])  # fmt: skip
