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
"""Export rows of the generator family. What reads no input is added to one, as in a network."""

from export_cases import case, checks, data

X = data(2, 3, 4)

NUMBERS = ("float16", "float32", "float64", "int8", "uint8", "int32", "int64")
NUMPY = [
    *(case("_npi_identity", shape=(3, 3), dtype=t) for t in (*NUMBERS, "bool")),
    *(case("_npi_full_like", data(2, 3, 4, dtype=t), fill_value=2.7) for t in (*NUMBERS, "bool")),
    *(case("_npi_full_like", X, fill_value=2.7, dtype=t) for t in (*NUMBERS, "bool")),
    case("_npi_full_like", data(2, 3, dtype="int32"), fill_value=-1.5, dtype="float64"),
    *(case("_linspace", start=-1, stop=7.5, num=6, endpoint=e, dtype=t)
      for e in (True, False) for t in NUMBERS if t != "uint8"),
    case("_linspace", start=1, stop=2, num=1),
    *(case("_npi_logspace", start=0, stop=2, num=6, endpoint=e, base=b, dtype=t)
      for e in (True, False) for b in (10, 2.5) for t in NUMBERS),
    *(case("_npi_indices", dimensions=d, dtype=t)
      for d in [(3,), (2, 3), (2, 3, 4)] for t in NUMBERS),
    *(case(f"_npi_{w}", M=m, dtype=t)
      for w in ("blackman", "hamming", "hanning") for m in (1, 2, 7) for t in NUMBERS),
]  # fmt: skip

test_generator = checks([
    *NUMPY,
    case("_zeros", shape=(2, 3, 4)),
    case("_zeros", shape=(2, 3), dtype="bool", ctx="cpu(0)"),
    case("_ones", shape=(2, 3, 4), dtype="int8"),
    *(case("_full", shape=(2, 3, 4), value=2.7, dtype=t) for t in ("float16", "int32")),
    case("_full", shape=(2, 3), value=-1.5, dtype="uint8"),
    case("_full", shape=(2, 3), value=1, dtype="bfloat16").but(refused="bfloat16"),
    case("_zeros", shape=()).but(refused="infers as a whole"),
    case("_eye", N=3),
    case("_eye", N=2, M=4, k=1, dtype="int32"),
    case("_eye", N=4, M=3, k=-2),
    *(case("_arange", start=b, stop=e, step=s, repeat=r, dtype=t)
      for b, e, s, r, t in ((0.5, 2.1, 0.5, 2, "float32"), (5, 0, -1.5, 1, "int32"),
                            (0, 0.3, 0.1, 1, "float64"), (0.5, 3.2, 1.5, 3, "float16"))),
    case("_arange", start=5),
    case("_arange", start=0, infer_range=True).but(refused="without an end"),
    *(case(n, data(2, 3, 4, dtype=t)) for n in ("zeros_like", "ones_like")
      for t in ("float32", "float16", "int64")),
    *(case("_contrib_arange_like", data(2, 3, 4, dtype=t), start=1.5, step=2.5, axis=a)
      for t in ("float32", "float16", "int8", "int64") for a in (1, None)),
    case("_contrib_arange_like", X, axis=-1),
    *(case("_contrib_arange_like", X, repeat=2, axis=a) for a in (1, None)),
    case("_contrib_arange_like", data(5, 2), step=0.1, axis=0),
])  # fmt: skip
