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
"""Import rows: sorting."""

import numpy as np
import pytest
from import_cases import array, case, check, ints, known, normal, uniform, value

_K = {"k": known(ints(3))}
CASES = [
    case(1, "v, i = TopK <axis=1, k=3> (x)", x=normal(2, 7, 5), as_opset=1, dynamic=(2, 5)),
    case(1, "v, i = TopK <k=3> (x)", x=normal(2, 3, 7)),
    case(10, "v, i = TopK <axis=1> (x, k)", x=normal(2, 7, 5), **_K, dynamic=(2, 7, 5)),
    case(11, "v, i = TopK <axis=1> (x, k)", x=normal(2, 7, 5), **_K, dynamic=(2, 7, 5)),
    case(11, "v, i = TopK <axis=0, largest=0> (x, k)", x=normal(7, 2, 5), k=value([2])),
    case(24, "v, i = TopK (x, k)", x=normal(2, 3, 40), **_K, dynamic=(2, 40)),
    case(11, "v, i = TopK (x, k)", x=uniform(0, 3, 2, 100, dtype="int64"), k=known(ints(100))),
    case(11, "v, i = TopK (x, k)", x=uniform(0, 3, 2, 100, dtype="int32"), k=known(ints(50))),
    case(
        11,
        "v, i = TopK (x, k)",
        x=uniform(0, 3, 2, 100, dtype="int64").astype("float32"),
        k=known(ints(60)),
    ),
    case(
        11,
        "v, i = TopK <largest=0> (x, k)",
        x=uniform(0, 3, 2, 100, dtype="int64").astype("float32"),
        k=known(ints(60)),
    ),
    case(11, "v, i = TopK (x, k)", x=array([[2**53 + 1, 2**53, -5]], "int64"), k=known(ints(2))),
    case(11, "v, i = TopK <axis=0> (x, k)", x=normal(1, 4), k=known(ints(1))),
    case(11, "v, i = TopK (x, k)", x=normal(6), **_K, dynamic=True),
    case(
        11,
        "v, i = TopK (x, k)",
        x=normal(2, 30, dtype="float16"),
        **_K,
        expected=lambda x, k: (
            -np.sort(-x)[:, :3],
            np.argsort(-x, kind="stable")[:, :3],
        ),
    ),
    case(
        11,
        "v, i = TopK (x, k)",
        x=normal(2, 2),
        **_K,
        refused="k=3 of an axis of size 2|k argument",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
