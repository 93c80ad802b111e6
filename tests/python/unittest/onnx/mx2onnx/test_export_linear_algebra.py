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
"""Export rows of the linear algebra family."""

from export_cases import case, checks, data, weight

T, F = True, False

MORE_PRODUCTS = [
    *(case("_linalg_trmm", data(*a, dtype=t), data(*b, dtype=t), transpose=tr, rightside=r, lower=w,
           alpha=al)
      for t in ("float32", "float64") for a, b, r in [((3, 3), (3, 4), 0),
      ((2, 3, 3), (2, 3, 4), 0), ((2, 4, 4), (2, 3, 4), 1)] for tr in (0, 1) for w in (0, 1)
      for al in (1, 2.5)),
    *(case("_npi_tensordot", data(*a), data(*b), a_axes_summed=p, b_axes_summed=q)
      for a, b, p, q in [((2, 3, 4), (3, 2, 5), (0, 1), (1, 0)), ((2, 3, 4), (5, 4, 6), (2,), (1,)),
                         ((2, 3, 4), (2, 3, 4), (0, 1, 2), (0, 1, 2)), ((2, 3), (4, 5), (), ()),
                         ((4,), (2, 4), (-1,), (-1,))]),
    case("_npi_tensordot", data(2, 3, 4, dtype="float64"), data(5, 4, 6, dtype="float64"),
         a_axes_summed=(2,), b_axes_summed=(1,)),
    *(case("_npi_tensordot_int_axes", data(*a), data(*b), axes=n)
      for a, b, n in [((2, 3, 4), (3, 4, 5), 2), ((2, 3, 4), (4, 6), 1), ((2, 3), (2, 3), 2),
                      ((2, 3), (4, 5), 0), ((4,), (4,), 1)]),
    *(case("khatri_rao", *(data(*s, dtype=t) for s in shapes), num_args=len(shapes))
      for t in ("float32", "float64")
      for shapes in ([(2, 3)], [(2, 3), (4, 3)], [(2, 3), (4, 3), (5, 3)])),
]  # fmt: skip

test_linear_algebra = checks([
    *MORE_PRODUCTS,
    case("FullyConnected", data(2, 3, 4), weight(5, 12), weight(5), num_hidden=5),
    case("FullyConnected", data(2, 4), weight(5, 4), num_hidden=5, no_bias=True),
    case("FullyConnected", data(2, 3, 4), weight(5, 4), weight(5), num_hidden=5, flatten=False),
    case("FullyConnected", data(2, 3, 4), weight(5, 4), num_hidden=5, flatten=False, no_bias=True),
    case("FullyConnected", data(2, 4), weight(5, 4), weight(5), num_hidden=5, flatten=False),
    case("FullyConnected", data(2, 4), weight(5, 4), weight(5, 1), num_hidden=5).but(mkldnn=False),
    case("FullyConnected", data(2, 3, 4), data(5, 12), data(5), num_hidden=5),
    case("FullyConnected", data(2, 3, 4, dtype="float64"), weight(5, 12, dtype="float64"),
         weight(5, dtype="float64"), num_hidden=5),
    case("batch_dot", data(2, 3, 4), data(2, 4, 5)),
    case("batch_dot", data(2, 6, 4, 3), data(2, 6, 5, 4), transpose_a=T, transpose_b=T),
    case("dot", data(2, 3), data(3, 4)),
    case("dot", data(3, 2), data(4, 3), transpose_a=T, transpose_b=T),
    case("dot", data(3), data(3)),
    case("dot", data(3), data(3, 4)),
    case("dot", data(3), data(3, 4, 2)),
    case("dot", data(2, 5, 3), data(3)),
    *(case("dot", data(*s), data(4), transpose_a=T, transpose_b=T) for s in ((4, 2), (4, 2, 3))),
    case("dot", data(2, 5, 3), data(3, 4)),
    case("dot", data(2, 5, 3), weight(3, 4)),
    case("dot", data(2, 5, 3), data(3, 4, 6)),
    case("dot", data(3, 2, 5), data(3, 4, 6), transpose_a=T),
    case("dot", data(2, 5, 3), data(4, 6, 3), transpose_b=T),
    case("dot", data(3, 2, 5), data(4, 6, 3), transpose_a=T, transpose_b=T),
    *(case("_linalg_gemm2", data(*a), data(*b), transpose_a=ta, transpose_b=tb, alpha=0.5)
      for a, b, ta, tb in [((2, 3, 4), (2, 4, 5), F, F), ((2, 4, 3), (2, 5, 4), T, T)]),
    case("_linalg_gemm2", data(3, 2, 4), data(4, 2, 5), axis=0),
    case("_linalg_gemm", data(2, 3, 4), data(2, 4, 5), data(2, 3, 5), alpha=2, beta=0.5),
    case("_linalg_gemm", data(3, 2, 4), data(5, 2, 4), data(3, 2, 5), transpose_b=T, axis=0),
    case("_linalg_syrk", data(2, 3, 4), alpha=2),
    case("_linalg_syrk", data(2, 3, 4), transpose=T),
])  # fmt: skip
