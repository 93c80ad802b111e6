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
"""Export rows of the sorting family. No value comes twice: MXNet orders equal ones its own way."""

import numpy as np
from export_cases import case, checks, values


def shuffled(*shape, dtype="float32"):
    numbers = np.random.default_rng(1).permutation(int(np.prod(shape))) - 3
    return values(numbers.reshape(shape), dtype)


X = shuffled(2, 3, 4)

ROWS = values([[[3, 1], [1, 1]], [[0, 1], [1, 1]], [[3, 1], [1, 1]]])
UNIQUE = [
    *(case("_npi_unique", values([[[3, 1, 2], [1, 1, 0]]], t))
      for t in ("float32", "float64", "int32", "int64", "int8", "uint8")),
    *(case("_npi_unique", values([[[3, 1, 2], [1, 1, 0]]]), return_index=a, return_inverse=b,
           return_counts=c) for a in (0, 1) for b in (0, 1) for c in (0, 1)),
    *(case("_npi_unique", ROWS, axis=a, return_index=1, return_inverse=1, return_counts=1)
      for a in (0, 1, 2)),
]  # fmt: skip

test_sorting = checks([*(c.but(how="eager") for c in UNIQUE),
    *(case("topk", X, k=2, ret_typ=r, axis=a)
      for r in ("value", "indices", "both", "mask") for a in (-1, 1, None)),
    case("topk", X),
    case("topk", X, k=2, is_ascend=True, dtype="int64", ret_typ="both"),
    *(case("topk", X, k=0, ret_typ="both", axis=a, dtype="int32") for a in (1, None)),
    *(case("topk", shuffled(2, 3, 4, dtype=t), k=2, ret_typ="both", axis=0)
      for t in ("float16", "float64", "int8", "int64")),
    case("topk", shuffled(2, 3, 4, dtype="int32"), k=2, ret_typ="mask"),
    *(case("sort", X, axis=a, is_ascend=i) for a in (-1, 0, None) for i in (True, False)),
    *(case("sort", shuffled(2, 3, 4, dtype=t)) for t in ("float64", "int8", "int64")),
    *(case("argsort", X, axis=a, is_ascend=i) for a in (-1, 0, None) for i in (True, False)),
    *(case("argsort", X, dtype=t) for t in ("int32", "int64", "uint8")),
])  # fmt: skip
