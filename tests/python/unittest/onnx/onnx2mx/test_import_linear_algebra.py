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
"""Import rows: products of matrices and their like."""

import numpy as np
import pytest
from gradients import check_gradients
from import_cases import array, case, cases, check, known, normal, uniform

CASES = []
for _version in (1, 9, 13):
    _from = {"as_opset": 9} if _version < 9 else {}
    CASES += [
        case(
            _version, "y = MatMul (a, b)", a=normal(2, 3, 4), b=known(4, 5), dynamic=True, **_from
        ),
        case(
            _version,
            "y = MatMul (a, b)",
            a=normal(2, 3, 4),
            b=normal(2, 4, 5),
            dynamic=True,
            **_from,
        ),
    ]
CASES += [
    case(13, "y = MatMul (a, b)", a=normal(*a), b=normal(*b), dynamic=dynamic)
    for a, b, dynamic in (
        ((3, 4), (4, 5), True),
        ((4,), (4, 5), True),
        ((3, 4), (4,), True),
        ((4,), (4,), True),
        ((1,), (1,), False),
        ((4,), (2, 4, 5), True),
        ((2, 3, 4), (4,), True),
        ((2, 1, 3, 4), (6, 4, 5), True),
        ((6, 3, 4), (2, 1, 4, 5), True),
        ((2, 6, 3, 4), (2, 6, 4, 3), True),
    )
]
CASES += [
    case(
        13, "y = MatMul (a, b)", a=normal(2, 3, 4, dtype="float64"), b=normal(4, 5, dtype="float64")
    ),
    case(
        13,
        "y = MatMul (a, b)",
        a=normal(2, 3, 4, dtype="float16"),
        b=normal(4, 5, dtype="float16"),
        expected=lambda a, b: (a.astype("f4") @ b.astype("f4")).astype("f2"),
    ),
    case(
        13,
        "y = MatMul (a, b)",
        a=uniform(-99, 99, 2, 3, 4, dtype="int32"),
        b=uniform(-99, 99, 4, 5, dtype="int32"),
        dynamic=True,
    ),
    case(13, "y = MatMul (a, b)", a=array([[2**53 + 1, 1]], "int64"), b=array([[3], [1]], "int64")),
    case(
        13,
        "y = MatMul (a, b)",
        a=uniform(-99, 99, 4, dtype="int64"),
        b=uniform(-99, 99, 4, dtype="int64"),
    ),
    case(
        13,
        "y = MatMul (a, b)",
        a=uniform(-99, 99, 4, dtype="int64"),
        b=uniform(-99, 99, 2, 4, 3, dtype="int64"),
    ),
]

for _version in (1, 6, 7, 9, 11, 13):
    _from = {"as_opset": 7} if _version < 7 else {}
    CASES += [
        case(_version, "y = Gemm (a, b, c)", a=normal(3, 4), b=known(4, 5), c=known(3, 5), **_from),
        case(
            _version,
            "y = Gemm <transA=1, transB=1, alpha=0.5, beta=2.0> (a, b, c)",
            a=normal(4, 3),
            b=normal(5, 4),
            c=normal(3, 5),
            dynamic=True,
            **_from,
        ),
    ]
CASES += [
    case(
        6,
        "y = Gemm <broadcast=1> (a, b, c)",
        a=normal(3, 4),
        b=known(4, 5),
        c=known(5),
        expected=lambda a, b, c: a @ b + c,
        dynamic=True,
    ),
    case(
        1,
        "y = Gemm <broadcast=1> (a, b, c)",
        a=normal(3, 4),
        b=known(4, 5),
        c=known(3, 1),
        expected=lambda a, b, c: a @ b + c,
    ),
    case(
        6,
        "y = Gemm (a, b, c)",
        a=normal(3, 4),
        b=known(4, 5),
        c=known(5),
        refused="the attribute broadcast is 0",
    ),
    case(
        13, "y = Gemm (a, b, c)", a=normal(2, 3, 4), b=known(4, 5), c=known(5), refused="rank|Rank"
    ),
    case(13, "y = Gemm (a, b)", a=normal(3, 4), b=known(4, 5), dynamic=True),
    case(
        13, "y = Gemm <transB=1> (a, b, c)", a=normal(3, 4), b=known(5, 4), c=known(5), dynamic=True
    ),
    case(
        13,
        "y = Gemm <transB=1> (a, b, c)",
        a=normal(3, 4),
        b=known(5, 4),
        c=known(1, 5),
        dynamic=True,
    ),
    case(13, "y = Gemm (a, b, c)", a=normal(3, 4), b=known(4, 5), c=known(1)),
    case(13, "y = Gemm (a, b, c)", a=normal(3, 4), b=known(4, 5), c=known(array(2.0))),
    case(13, "y = Gemm <beta=0.5> (a, b, c)", a=normal(3, 4), b=known(4, 5), c=known(5)),
    case(13, "y = Gemm <alpha=0.5> (a, b, c)", a=normal(3, 4), b=known(4, 5), c=known(5)),
    case(
        13,
        "y = Gemm (a, b, c)",
        a=normal(3, 4, dtype="float64"),
        b=normal(4, 5, dtype="float64"),
        c=normal(5, dtype="float64"),
    ),
    case(
        13,
        "y = Gemm (a, b, c)",
        a=normal(3, 4, dtype="float16"),
        b=normal(4, 5, dtype="float16"),
        c=normal(5, dtype="float16"),
        expected=lambda a, b, c: (a.astype("f4") @ b.astype("f4") + c).astype("f2"),
    ),
    case(
        13,
        "y = Gemm (a, b, c)",
        a=uniform(-9, 9, 3, 4, dtype="int64"),
        b=uniform(-9, 9, 4, 5, dtype="int64"),
        c=uniform(-9, 9, 5, dtype="int64"),
        expected=lambda a, b, c: a @ b + c,
    ),
]

_A, _B = {"a": normal(2, 3, 4)}, {"b": normal(2, 4, 5)}
for _equation, _arrays in (
    ("bij,bjk->bik", {**_A, **_B}),
    ("bij, bjk -> bki", {**_A, **_B}),
    ("bij,bjk", {**_A, **_B}),
    ("bij,bj->bi", {**_A, "b": normal(2, 4)}),
    ("bij,k->bijk", {**_A, "b": normal(5)}),
    ("bij,jk->bik", {**_A, "b": normal(4, 5)}),
    ("...ij,...jk->...ik", {**_A, **_B}),
    ("bij,bij->", {**_A, "b": normal(2, 3, 4)}),
    ("bij->ij", _A),
    ("bij->", _A),
    ("bij->jib", _A),
    ("ii->i", {"a": normal(4, 4)}),
    ("ij,jk,kl->il", {"a": normal(2, 3), "b": normal(3, 4), "c": normal(4, 5)}),
    ("bhid,bhjd->bhij", {"a": normal(2, 3, 4, 6), "b": normal(2, 3, 5, 6)}),
    ("bhij,bhjd->bhid", {"a": normal(2, 3, 4, 5), "b": normal(2, 3, 5, 6)}),
    ("bij,bkl->bil", {**_A, "b": normal(2, 5, 6)}),
):
    _text = f'y = Einsum <equation="{_equation}"> ({", ".join(_arrays)})'
    CASES.append(case(12, _text, **_arrays, dynamic=True))
CASES += [
    case(28, 'y = Einsum <equation="bij,bjk->bik"> (a, b)', **_A, **_B, as_opset=12),
    case(
        12,
        'y = Einsum <equation="bij,bjk->bik"> (a, b)',
        a=normal(2, 3, 4, dtype="float16"),
        b=normal(2, 4, 5, dtype="float16"),
        expected=lambda a, b: (a.astype("f4") @ b.astype("f4")).astype("f2"),
    ),
    case(
        12,
        'y = Einsum <equation="ij,jk->ik"> (a, b)',
        a=uniform(-9, 9, 3, 4, dtype="int64"),
        b=uniform(-9, 9, 4, 5, dtype="int64"),
    ),
    case(12, 'y = Einsum <equation="ij,jk->ik"> (a)', a=normal(2, 3), refused="operands"),
    *cases((11, 22), "y = Det (x)", x=normal(2, 3, 4, 4), dynamic=(2, 3)),
    case(22, "y = Det (x)", x=normal(4, 4)),
    case(
        22,
        "y = Det (x)",
        x=normal(2, 3, 3, dtype="float16"),
        expected=lambda x: np.linalg.det(x.astype("f4")).astype("f2"),
        tolerance=(1e-2, 1e-2),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


@pytest.mark.parametrize("a, b", [((6, 3, 4), (2, 1, 4, 5)), ((2, 1, 3, 4), (2, 6, 4, 5))])
def test_gradients_of_what_is_broadcast_within_a_batch(a, b):
    """By MXNet's own product they are wrong."""
    a, b = normal(*a, dtype="float64"), normal(*b, dtype="float64")
    check_gradients(case(13, "y = MatMul (a, b)", a=a, b=b), "ab")
    check_gradients(
        case(13, "y = MatMul (a, b)", a=a, b=b), "ab", {"a": a.shape[:-2] + ("n", 4), "b": b.shape}
    )
