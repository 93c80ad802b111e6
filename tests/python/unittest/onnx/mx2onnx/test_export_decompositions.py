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
"""Export rows of the decompositions family."""

import numpy as np
from export_cases import case, checks, data, values

FLOATS = ("float32", "float64")
SQUARE = ((4, 4), (2, 3, 3), (2, 2, 3, 3))
rng = np.random.default_rng(4)


def numbers(*shape, dtype="float32", **more):
    return values(rng.uniform(-1, 1, shape).round(3), dtype, **more)


def regular(*shape, dtype="float32"):
    """Far from singular, but not so that no row must be exchanged."""
    return values((rng.uniform(-1, 1, shape) + np.eye(shape[-1]) * 0.5).round(3), dtype)


def dominant(*shape, dtype="float32"):
    return values((rng.uniform(-0.5, 0.5, shape) + np.eye(shape[-1]) * 2).round(3), dtype)


def positive(*shape, dtype="float32"):
    a = rng.uniform(-1, 1, shape)
    return values((a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])).round(3), dtype)


test_decompositions = checks([
    *(case(n, regular(*s, dtype=t))
      for n in ("_linalg_inverse", "_linalg_slogdet") for t in FLOATS for s in SQUARE),
    *(case("_linalg_potri", dominant(*s, dtype=t)) for t in FLOATS for s in SQUARE),
    *(case("_npi_solve", regular(*s, dtype=t), data(*b, dtype=t))
      for t in FLOATS
      for s, b in (((4, 4), (4, 2)), ((2, 3, 3), (2, 3, 2)), ((4, 4), (4,)))),
    *(case("_linalg_trsm", dominant(*a, dtype=t), data(*b, dtype=t), transpose=tr, rightside=r,
           lower=w, alpha=al)
      for t in FLOATS
      for a, b, r in [((3, 3), (3, 4), 0), ((2, 3, 3), (2, 3, 4), 0), ((2, 4, 4), (2, 3, 4), 1)]
      for tr in (0, 1) for w in (0, 1) for al in (1, 2.5)),
    *(case(n, positive(*s, dtype=t))
      for n in ("_linalg_potrf", "_npi_cholesky") for t in FLOATS for s in SQUARE),
    *(case("_npi_tensorinv", numbers(*s, fixed=True), ind=k)
      for s, k in (((2, 3, 3, 2), 2), ((6, 2, 3), 1))),
    case("_npi_tensorinv", data(6, 2, 3), ind=1).but(needs_sizes="known sizes"),
    *(case("_npi_tensorsolve", numbers(*a, fixed=True), data(*b, fixed=True), a_axes=x)
      for a, b, x in (((2, 3, 6), (2, 3), ()), ((6, 2, 3), (6,), ()), ((2, 6, 3), (6,), (0,)),
                      ((2, 3, 6), (2, 3), None), ((1, 1, 1), (1, 1, 1), (2, 0, 1)),
                      ((1, 4, 1, 12, 3), (1, 2, 1, 2, 1, 3, 1), (1, 2, 4)))),
])  # fmt: skip
