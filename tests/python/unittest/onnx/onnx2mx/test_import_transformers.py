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
from import_cases import array, case, check, known, normal, uniform

B, S, HEADS, FEATURES = 2, 5, 2, 8
#: Between the additions of -10,000 in float32 and what else is summed there.
LOOSE = (1e-4, 1e-4)


def _ids(count, *shape):
    return uniform(0, count, *shape, dtype="int32")


CASES = [
    case(12, "y = LayerNormalization (x, s, b)", x=normal(2, 5, 8), s=known(8), b=known(8)),
    case(
        12,
        "y, m, i = LayerNormalization <axis=1, epsilon=0.1> (x, s)",
        x=normal(2, 5, 8),
        s=known(5, 8),
    ),
    case(13, "y = SimplifiedLayerNormalization (x, s)", x=normal(2, 5, 8), s=known(8)),
    case(
        17,
        "y, i = SimplifiedLayerNormalization <axis=-1, epsilon=0.1, stash_type=1> (x, s)",
        x=normal(2, 5, 8),
        s=known(8),
        dynamic=(2, 5),
    ),
]
_SUM = {"x": normal(2, 5, 8), "t": normal(2, 5, 8), "g": known(8), "dynamic": (2, 5)}
_EMBEDDING = {
    "i": _ids(11, B, S),
    "s": _ids(2, B, S),
    "we": known(11, 8),
    "pe": known(7, 8),
    "se": known(2, 8),
    "g": known(8),
    "b": known(8),
}
CASES += [
    case(13, "y = com.microsoft.SkipLayerNormalization (x, t, g)", **_SUM),
    case(
        13,
        "y, , , s = com.microsoft.SkipLayerNormalization <epsilon=0.1> (x, t, g, b, c)",
        b=known(8),
        c=known(8),
        **_SUM,
    ),
    case(13, "y = com.microsoft.SkipSimplifiedLayerNormalization (x, t, g)", **_SUM),
    case(
        13,
        "y, , , s = com.microsoft.SkipSimplifiedLayerNormalization <epsilon=0.1> (x, t, g, c)",
        c=known(8),
        **_SUM,
    ),
    case(
        13,
        "y, m = com.microsoft.EmbedLayerNormalization (i, s, we, pe, se, g, b)",
        **_EMBEDDING,
    ),
    case(
        13,
        "y, m, t = com.microsoft.EmbedLayerNormalization (i, , we, pe, , g, b, k, p)",
        k=array([[1, 1, 1, 0, 0], [1, 1, 0, 1, 1]], "int32"),
        p=_ids(7, B, S),
        **{n: a for n, a in _EMBEDDING.items() if n not in ("s", "se")},
    ),
]
_PARTS = (("we", 11, 8), ("pe", 7, 8), ("se", 2, 8), ("g", 8), ("b", 8))
CASES.append(
    case(
        13,
        "y, m = com.microsoft.QEmbedLayerNormalization (i, s, we, pe, se, g, b, k, "
        "wes, pes, ses, gs, bs, wez, pez, sez, gz, bz)",
        i=_ids(11, B, S),
        s=_ids(2, B, S),
        k=array([[1, 1, 1, 0, 0], [1, 1, 0, 1, 1]], "int32"),
        **{n: known(uniform(0, 256, *shape, dtype="uint8")) for n, *shape in _PARTS},
        **{f"{n}s": known(array(0.02)) for n, *_ in _PARTS},
        **{f"{n}z": known(array(120, "uint8")) for n, *_ in _PARTS},
        tolerance=LOOSE,
    )
)

_PROJECTED = {"x": normal(B, S, 6), "w": known(6, 3 * FEATURES), "b": known(3 * FEATURES)}
_KEPT = array([[1, 1, 1, 0, 0], [1, 1, 0, 1, 1]], "int32")
_SQUARE = np.tril(np.ones((B, S, S), "int32"))
_PAST = normal(2, B, HEADS, 3, FEATURES // HEADS)
for _attributes, _mask in (
    ("", None),
    (", scale=0.3", _KEPT),
    (", unidirectional=1", _KEPT),
    (", mask_filter_value=-50.0", _SQUARE),
    ("", array([3, 4], "int32")),
    ("", array([4, 5, 1, 2], "int32")),
):
    _more = {} if _mask is None else {"m": _mask}
    CASES.append(
        case(
            13,
            f"y = com.microsoft.Attention <num_heads={HEADS}{_attributes}> "
            f"(x, w, b{', m' if _more else ''})",
            **_PROJECTED,
            **_more,
            tolerance=LOOSE,
        )
    )
CASES += [
    case(
        13,
        f"y = com.microsoft.Attention <num_heads={HEADS}, unidirectional=1> (x, w, b)",
        dynamic=(B, S),
        **_PROJECTED,
    ),
    case(
        13,
        f"y, p = com.microsoft.Attention <num_heads={HEADS}, unidirectional=1> (x, w, b, , q)",
        q=_PAST,
        **_PROJECTED,
    ),
    case(
        13,
        f"y = com.microsoft.Attention <num_heads={HEADS}, qkv_hidden_sizes=[8, 8, 4]> "
        "(x, w, b, , , a)",
        x=normal(B, S, 6),
        w=known(6, 20),
        b=known(20),
        a=normal(1, HEADS, S, S),
    ),
    case(
        13,
        f"y = com.microsoft.Attention <num_heads={HEADS}, do_rotary=1> (x, w, b)",
        **_PROJECTED,
        refused="rotary",
    ),
]
for _dtype in ("uint8", "int8"):
    CASES.append(
        case(
            13,
            f"y = com.microsoft.QAttention <num_heads={HEADS}, unidirectional=1> "
            "(x, w, b, xs, ws, m, xz, wz)",
            x=uniform(0, 256, B, S, 6, dtype="uint8"),
            w=known(uniform(0, 100, 6, 3 * FEATURES, dtype=_dtype)),
            b=known(3 * FEATURES),
            xs=known(array(0.02)),
            ws=known(array(0.02)),
            m=array([3, 4], "int32"),
            xz=known(array(120, "uint8")),
            wz=known(array(7, _dtype)),
            tolerance=LOOSE,
        )
    )
_THREE = {"q": normal(B, S, FEATURES), "k": normal(B, 6, FEATURES), "v": normal(B, 6, FEATURES)}
_MULTI = f"com.microsoft.MultiHeadAttention <num_heads={HEADS}"
_BEFORE = normal(B, HEADS, 3, FEATURES // HEADS)
CASES += [
    case(13, f"y = {_MULTI}> (q, k, v)", dynamic=(B, S), **_THREE),
    case(
        13,
        f"y = {_MULTI}> (q, k, v, , m)",
        m=array([[1, 1, 1, 0, 0, 0], [1, 1, 0, 1, 1, 1]], "int32"),
        **{name: a.astype("float16") for name, a in _THREE.items()},
    ),
    case(
        13,
        f"y = com.microsoft.Attention <num_heads={HEADS}, unidirectional=1> (x, w, b)",
        x=normal(B, S, 8, dtype="float16"),
        w=known(8, 3 * FEATURES, dtype="float16"),
        b=known(3 * FEATURES, dtype="float16"),
        tolerance=(2e-2, 2e-2),
    ),
    case(13, f"y = {_MULTI}, scale=0.3> (q, k, v, b)", b=known(3 * FEATURES), **_THREE),
    case(
        13,
        f"y = {_MULTI}> (q, k, v, , m, a)",
        m=array([[1, 1, 1, 0, 0, 0], [1, 1, 0, 1, 1, 1]], "int32"),
        a=normal(1, HEADS, S, 6),
        tolerance=LOOSE,
        **_THREE,
    ),
    case(
        13,
        f"y, pk, pv = {_MULTI}, unidirectional=1> (q, k, v, , , , bk, bv)",
        bk=_BEFORE,
        bv=normal(*_BEFORE.shape),
        **{**_THREE, "k": normal(B, S, FEATURES), "v": normal(B, S, FEATURES)},
    ),
    case(
        13,
        f"y = {_MULTI}> (q, k, v)",
        q=normal(B, S, FEATURES),
        k=normal(B, HEADS, 6, 4),
        v=normal(B, HEADS, 6, 4),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
