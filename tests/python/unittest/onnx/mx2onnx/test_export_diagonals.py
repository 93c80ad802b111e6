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
"""Export rows of the diagonals family."""

from export_cases import case, checks, data

NUMBERS = ("float16", "float32", "float64", "int8", "uint8", "int32", "int64")
OFFSETS = (0, 1, -2)
AXES = [(0, 0, 1), (1, 1, 2), (-1, 2, 1), (0, -1, 0)]
MATRICES = ((4, 4), (2, 3, 3), (2, 2, 3, 3))

test_diagonals = checks([
    *(case("diag", data(*s, dtype=t), k=k)
      for s in ((3,), (3, 4)) for t in NUMBERS for k in OFFSETS),
    case("diag", data(2, 3, 4)),
    case("diag", data(2, 3, 4), k=1, axis1=2, axis2=0),
    case("diag", data(2, 3, 4, 5), k=-1, axis1=-1, axis2=1),
    case("diag", data(2, 3, 4), axis1=1, axis2=-2).but(refused="both axis 1"),
    *(case("_np_diag", data(*s, dtype=t), k=k)
      for s in ((3,), (3, 4)) for t in NUMBERS for k in OFFSETS),
    *(case(n, data(2, 3, 4), offset=o, axis1=a, axis2=b)
      for n in ("_np_diagonal", "_np_trace") for o, a, b in AXES),
    *(case(n, data(2, 3, 4, dtype=t)) for n in ("_np_diagonal", "_np_trace") for t in NUMBERS),
    *(case(n, data(3, 4)) for n in ("_np_diagonal", "_np_trace")),
    case("_np_diagonal", data(3, 4), offset=7).but(refused="empty"),
    *(case("_np_diagflat", data(2, 2, 2, dtype=t), k=k) for t in NUMBERS for k in (0, 2, -1)),
    *(case("_npi_tril", data(2, 3, 4, dtype=t), k=k)
      for t in ("float32", "float64", "int64", "int8", "float16") for k in (0, 1, -1)),
    *(case("_npi_tril", data(3), k=k) for k in (0, -1)),
    case("_npi_diag_indices_from", data(3, 3)),
    case("_npi_diag_indices_from", data(4, 4, 4)),
    *(case("_linalg_extractdiag", data(*s), offset=o) for s in MATRICES for o in OFFSETS),
    *(case("_linalg_makediag", data(*s), offset=o)
      for s in ((4,), (2, 3), (2, 2, 3)) for o in OFFSETS),
    *(case("_linalg_sumlogdiag", data(*s, dtype=t, low=1, high=4))
      for s in MATRICES[:2] for t in ("float32", "float64")),
    *(case("_linalg_extracttrian", data(*s, fixed=(-1, -2)), offset=o, lower=b)
      for s in MATRICES for o in OFFSETS for b in (0, 1)),
    case("_linalg_extracttrian", data(2, 3, 3)).but(needs_sizes="must be known"),
    *(case("_linalg_maketrian", data(*s, fixed=(-1,)), offset=o, lower=b)
      for s in ((6,), (2, 6), (2, 2, 3)) for o in OFFSETS for b in (0, 1)),
    case("_linalg_maketrian", data(2, 3)).but(needs_sizes="must be known"),
])  # fmt: skip
