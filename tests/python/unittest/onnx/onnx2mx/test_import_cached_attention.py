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

import numpy as np
import pytest
from import_cases import array, case, check, ints, known, normal, uniform

B, S, HEADS, GROUPS, SIZE = 2, 5, 4, 2, 16
_COS, _SIN = known(12, SIZE // 2), known(12, SIZE // 2)
_CACHES = {"cos": _COS, "sin": _SIN}
CASES = []
for _interleaved in (0, 1):
    CASES += [
        case(
            13,
            f"y = com.microsoft.RotaryEmbedding <interleaved={_interleaved}> (x, p, cos, sin)",
            x=normal(B, S, HEADS * SIZE),
            p=uniform(0, 12, B, S, dtype="int64"),
            **_CACHES,
        ),
        case(
            13,
            f"y = com.microsoft.RotaryEmbedding <interleaved={_interleaved}> (x, p, cos, sin)",
            x=normal(B, HEADS, S, SIZE),
            p=ints(3),
            **_CACHES,
        ),
    ]
CASES.append(
    case(
        13,
        "y = com.microsoft.RotaryEmbedding <num_heads=2, rotary_embedding_dim=16> (x, p, cos, sin)",
        x=normal(B, S, 2 * 24),
        p=uniform(0, 12, B, S, dtype="int64"),
        **_CACHES,
    )
)


def _grouped(batch, new, held, buffer=0, packed=False, attributes="", inputs="", **more):
    """One call: so many places are new, so many are in a past that may be longer."""
    size, names = buffer or held, "q, , " if packed else "q, k, v"
    widths = {"q": HEADS + 2 * GROUPS} if packed else {"q": HEADS, "k": GROUPS, "v": GROUPS}
    arrays = {n: normal(batch, new, heads * SIZE) for n, heads in widths.items()}
    if size:
        arrays["pk"], arrays["pv"] = (normal(batch, GROUPS, size, SIZE) for _ in range(2))
    # what is behind the end of a buffer is anything
    outputs, behind = ("y, ok, ov", "") if not buffer else ("g, ok, ov", "\ny = Identity (g)")
    return case(
        14,
        f"{outputs} = com.microsoft.GroupQueryAttention "
        f"<num_heads={HEADS}, kv_num_heads={GROUPS}{attributes}> "
        f"({names}, {'pk, pv' if size else ', '}, sl, total{inputs}){behind}",
        sl=known(np.full(batch, held + new - 1, "int32")),
        total=known(array([held + new], "int32")),
        **arrays,
        **more,
    )


CASES += [
    _grouped(2, 5, 0),
    _grouped(2, 5, 0, packed=True),
    _grouped(2, 1, 5),
    _grouped(1, 3, 5),
    _grouped(2, 1, 5, buffer=9),
    _grouped(1, 5, 0, buffer=9),
    _grouped(1, 6, 0, attributes=", local_window_size=3"),
    _grouped(1, 1, 8, attributes=", local_window_size=3, softcap=2.0, scale=0.3"),
    _grouped(2, 5, 0, attributes=", do_rotary=1", inputs=", cos, sin", **_CACHES),
    _grouped(
        2, 1, 5, attributes=", do_rotary=1, rotary_interleaved=1", inputs=", cos, sin", **_CACHES
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
