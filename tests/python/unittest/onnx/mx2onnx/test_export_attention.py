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
"""Export rows of the attention family."""

from export_cases import case, checks, data

T, S, N, HEADS, D = 5, 6, 2, 4, 3
WIDTH = {"needs_sizes": "last size of the projections"}


def projections(length, parts):
    return data(length, N, HEADS * parts * D, fixed=(2,))


test_attention = checks([
    case("_contrib_interleaved_matmul_selfatt_qk", projections(T, 3), heads=HEADS),
    case("_contrib_interleaved_matmul_selfatt_valatt", projections(T, 3),
         data(N * HEADS, T, T), heads=HEADS),
    case("_contrib_interleaved_matmul_encdec_qk", projections(T, 1), projections(S, 2),
         heads=HEADS),
    case("_contrib_interleaved_matmul_encdec_valatt", projections(S, 2), data(N * HEADS, T, S),
         heads=HEADS),
    case("_contrib_interleaved_matmul_selfatt_qk", data(T, N, 24), heads=2).but(**WIDTH),
    case("_contrib_div_sqrt_dim", data(2, 3, 5)),
    case("_contrib_div_sqrt_dim", data(2, 3, dtype="float64")),
])  # fmt: skip
