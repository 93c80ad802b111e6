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
"""Import rows: elements picked and placed by index."""

import numpy as np
import pytest
from import_cases import array, bools, case, check, ints, known, normal, uniform, value

BEYOND = 2**63 - 1
CASES = [
    case(
        1,
        "y = Slice <starts=[1, 0], ends=[3, -1]> (x)",
        x=normal(4, 5, 6),
        dynamic=(5, 6),
        as_opset=9,
    ),
    case(
        1,
        "y = Slice <axes=[1, 2], starts=[1, -3], ends=[9, -1]> (x)",
        x=normal(4, 5, 6),
        as_opset=9,
        dynamic=True,
    ),
]
for _version in (9, 11, 28):
    CASES += [
        case(
            _version,
            "y = Compress (x, k)",
            x=normal(2, 3),
            k=value([0, 1, 1, 0, 1], "bool"),
            dynamic=(2,),
            as_opset=min(_version, 11),
        ),
        case(
            _version,
            "y = Compress <axis=-1> (x, k)",
            x=normal(2, 3, 4),
            k=value([1, 0, 1], "bool"),
            dynamic=(2, 3),
            as_opset=min(_version, 11),
        ),
    ]
for _version in (10, 11, 13):
    CASES += [
        case(
            _version,
            "y = Slice (x, b, e)",
            x=normal(4, 5, 6),
            b=known(ints(1, 0)),
            e=known(ints(3, -1)),
            dynamic=(4, 5, 6),
        ),
        case(
            _version,
            "y = Slice (x, b, e, a, s)",
            x=normal(4, 5, 6),
            b=value([-1, 0]),
            e=value([-BEYOND, 5]),
            a=value([-1, 1]),
            s=value([-2, 2]),
            dynamic=(4, 6),
        ),
    ]
CASES += [
    case(
        13,
        "y = Slice (x, b, e, a, s)",
        x=normal(4, 5, 6),
        b=known(ints(b)),
        e=known(ints(e)),
        a=known(ints(1)),
        s=known(ints(s)),
        dynamic=dynamic,
    )
    for b, e, s, dynamic in (
        (0, BEYOND, 1, (4, 5, 6)),
        (1, 4, 2, (4, 6)),
        (4, 0, -1, (4, 6)),
        (BEYOND, -BEYOND, -1, (4, 5, 6)),
        (-2, -BEYOND, -2, (4, 5, 6)),
        (-100, 100, 3, (4, 6)),
        (-3, -1, 1, (4, 5, 6)),
    )
]
CASES += [
    case(13, "y = Slice (x, b, e)", x=bools(4, 5), b=known(ints(1)), e=known(ints(3))),
    case(
        13,
        "y = Slice (x, b, e)",
        x=uniform(-9, 9, 4, 5, dtype="int64"),
        b=known(ints(1)),
        e=known(ints(3)),
    ),
    case(
        13,
        "y = Slice (x, b, e)",
        x=normal(4),
        b=known(ints(0)),
        e=known(ints(1 - 2**63)),
        refused="empty",
        computed=True,
    ),
    case(
        13,
        "y = Slice (x, b, e, a)",
        x=normal(4, 5),
        b=known(ints(1, 0)),
        e=known(ints(3, 1)),
        a=known(ints(0, 0)),
        refused="named twice|Duplicated",
    ),
    case(
        13,
        "y = Slice (x, b, e, a)",
        x=normal(4, 5),
        b=known(ints(1)),
        e=known(ints(3)),
        a=known(ints(2)),
        refused="axis 2",
    ),
]

for _version in (1, 11, 13):
    CASES += [
        case(
            _version,
            "y = Gather <axis=1> (x, i)",
            x=normal(2, 5, 4),
            i=known(ints(0, 4, 2)),
            dynamic=(2, 4),
        ),
        case(
            _version,
            "y = Gather (x, i)",
            x=normal(5, 3, 4),
            i=uniform(0, 5, 2, 6, dtype="int64"),
            dynamic=(3, 2, 6),
        ),
    ]
CASES += [
    case(
        13,
        "y = Gather <axis=1> (x, i)",
        x=normal(2, 5, 4),
        i=known(array(2, "int64")),
        dynamic=True,
    ),
    case(
        13,
        "y = Gather <axis=1> (x, i)",
        x=normal(2, 5, 4),
        i=known(array(-1, "int64")),
        dynamic=True,
    ),
    case(
        13, "y = Gather <axis=-1> (x, i)", x=normal(2, 5, 4), i=known(ints(-2)), dynamic=(2, 5, 4)
    ),
    case(13, "y = Gather <axis=1> (x, i)", x=normal(2, 5, 4), i=array(3, "int64"), dynamic=(2, 4)),
    case(13, "y = Gather <axis=1> (x, i)", x=normal(2, 5, 4), i=known(array([[-1, 0]], "int32"))),
    case(13, "y = Gather <axis=1> (x, i)", x=normal(2, 5, 4), i=known(array([[1]], "int32"))),
    case(13, "y = Gather (x, i)", x=normal(5), i=array(3, "int64")),
    case(13, "y = Gather (x, i)", x=normal(5), i=known(array(3, "int64"))),
    case(13, "y = Gather (x, i)", x=bools(5, 2), i=array([3, -5], "int64")),
    case(13, "y = Gather (x, i)", x=array([2**53 + 1, 5], "int64"), i=array([0], "int64")),
    case(
        13, "y = Gather (x, i)", x=normal(5, 2), i=known(ints(5)), refused="leave an axis of size 5"
    ),
]
for _version in (11, 13):
    CASES += [
        case(
            _version,
            "y = GatherElements <axis=1> (x, i)",
            x=normal(2, 5, 4),
            i=uniform(-5, 5, 2, 3, 4, dtype="int64"),
            dynamic=(2, 4),
        ),
        case(
            _version,
            "y = GatherElements (x, i)",
            x=normal(5, 3, 4),
            i=uniform(0, 5, 2, 3, 2, dtype="int32"),
        ),
    ]
CASES += [
    case(13, "y = GatherElements (x, i)", x=normal(5), i=array([3, 0, -1], "int64")),
    case(
        13,
        "y = GatherElements <axis=-1> (x, i)",
        x=bools(2, 3, 4, 5),
        i=uniform(-5, 5, 2, 3, 4, 2, dtype="int64"),
    ),
    case(
        13,
        "y = GatherElements (x, i)",
        x=normal(5, 2),
        i=known(array([[5, 0]], "int64")),
        refused="leave an axis",
    ),
]
_DATA = normal(3, 4, 5, 6)
for _version in (11, 12, 13):
    CASES += [
        case(
            _version,
            "y = GatherND (x, i)",
            x=_DATA,
            i=array([[0, 1], [-1, -2]], "int64"),
            dynamic=(5, 6),
        ),
        case(
            _version,
            "y = GatherND (x, i)",
            x=_DATA,
            i=array([[[0, 1, 2, 3]], [[2, 3, 4, 5]]], "int64"),
        ),
    ]
CASES += [
    case(
        13,
        "y = GatherND <batch_dims=1> (x, i)",
        x=_DATA,
        i=array([[[1]], [[0]], [[3]]], "int64"),
        dynamic=(6,),
    ),
    case(
        13,
        "y = GatherND <batch_dims=2> (x, i)",
        x=normal(2, 3, 4, 5),
        i=uniform(0, 4, 2, 3, 1, dtype="int64"),
    ),
    case(13, "y = GatherND (x, i)", x=_DATA, i=array([1, 2], "int64")),
    case(13, "y = GatherND (x, i)", x=_DATA, i=array([1, 2, 3, 4], "int64")),
    case(
        13,
        "y = GatherND (x, i)",
        x=_DATA,
        i=array([[1, 2, 3, 4, 0]], "int64"),
        refused="indices of 5 axes",
    ),
]

for _op, _versions in (("ScatterElements", (11, 13, 16, 18)), ("Scatter", (9, 11))):
    for _version in _versions:
        _from = {"as_opset": 9} if (_op, _version) == ("Scatter", 11) else {}
        CASES += [
            case(
                _version,
                f"y = {_op} <axis=1> (x, i, u)",
                x=normal(2, 5, 4),
                i=array([[[1, -1, 0, 4]], [[0, 2, 2, 3]]], "int64"),
                u=normal(2, 1, 4),
                **_from,
            ),
            case(
                _version,
                f"y = {_op} (x, i, u)",
                x=normal(3, 3),
                i=known(array([[1, 0, 2]], "int64")),
                u=known(1, 3),
                **_from,
            ),
        ]
for _version in (11, 13, 16, 18):
    CASES += [
        case(
            _version,
            "y = ScatterND (x, i, u)",
            x=normal(4, 3, 5),
            i=array([[1], [-1]], "int64"),
            u=normal(2, 3, 5),
        ),
        case(
            _version,
            "y = ScatterND (x, i, u)",
            x=normal(4, 3, 5),
            i=known(array([[[1, 2], [0, 0]]], "int64")),
            u=normal(1, 2, 5),
        ),
    ]
_TWICE = array([[[1, 1, 0, 4]], [[0, 2, 2, 3]]], "int64")
CASES += [
    case(
        18,
        'y = ScatterElements <axis=1, reduction="add"> (x, i, u)',
        x=normal(2, 5, 4),
        i=_TWICE,
        u=normal(2, 1, 4),
    ),
    case(
        18,
        'y = ScatterElements <axis=1, reduction="add"> (x, i, u)',
        x=uniform(0, 9, 2, 3, dtype="int64"),
        i=array([[1, 1], [0, 1]], "int64"),
        u=array([[2**53, 1], [1, 2]], "int64"),
    ),
    case(
        18,
        'y = ScatterElements <axis=1, reduction="mul"> (x, i, u)',
        x=normal(2, 5, 4),
        i=_TWICE,
        u=normal(2, 1, 4),
        refused="'mul' is not covered",
        computed=True,
    ),
    case(
        18,
        'y = ScatterND <reduction="add"> (x, i, u)',
        x=normal(4, 3, 5),
        i=array([[1], [1]], "int64"),
        u=normal(2, 3, 5),
    ),
    case(
        18,
        'y = ScatterND <reduction="add"> (x, i, u)',
        x=array([100, 2, 3], "int8"),
        i=array([[0], [0]], "int64"),
        u=array([20, 30], "int8"),
    ),
    case(18, "y = ScatterND (x, i, u)", x=normal(4), i=array([[1], [-1]], "int64"), u=normal(2)),
    case(18, "y = ScatterND (x, i, u)", x=bools(4, 3), i=array([[1]], "int64"), u=bools(1, 3)),
    case(
        18,
        "y = ScatterND (x, i, u)",
        x=array([2**53 + 1, 2], "int64"),
        i=array([[1]], "int64"),
        u=array([2**53 + 3], "int64"),
    ),
    case(
        18,
        "y = ScatterND (x, i, u)",
        x=normal(4),
        i=known(array([[4]], "int64")),
        u=normal(1),
        refused="leave an axis",
    ),
    case(
        18,
        "y = ScatterND (x, i, u)",
        x=normal(4, 2),
        i=known(array([[3]], "int64")),
        u=normal(1),
        refused="updates are",
    ),
]

for _version in (9, 11, 28):
    _from = {"as_opset": 11} if _version == 28 else {}
    _hot = {"i": uniform(0, 4, 2, 3, 5, dtype="int64"), "v": known(array([-1.0, 2.0]))}
    CASES += [
        case(
            _version,
            "y = OneHot (i, d, v)",
            **_hot,
            d=known(array(4, "int64")),
            dynamic=(3,),
            **_from,
        ),
        case(
            _version, "y = OneHot <axis=1> (i, d, v)", **_hot, d=value([4]), dynamic=(3,), **_from
        ),
    ]
CASES += [
    case(
        11,
        "y = OneHot <axis=0> (i, d, v)",
        i=array([[-1, 0, 7, -9]], "int64"),
        d=known(array(4.0)),
        v=array([0, 1], "int64"),
        expected="reference",
    ),
    case(
        11,
        "y = OneHot <axis=-2> (i, d, v)",
        i=array([[[1.0, 2.0, 0.0]]]),
        d=known(array([3.0])),
        v=array([0.0, 1.0]),
    ),
    case(
        11,
        "y = OneHot (i, d, v)",
        i=array(2, "int64"),
        d=known(array(4, "int64")),
        v=known(array([0, 1], "float32")),
        expected="reference",
    ),
    case(14, "y = Trilu (x)", x=normal(2, 5, 4), dynamic=True),
    case(14, "y = Trilu <upper=0> (x)", x=normal(2, 5, 4), dynamic=True),
    case(14, "y = Trilu (x, k)", x=normal(2, 5, 4), k=known(array(1, "int64")), dynamic=(2, 5, 4)),
    case(14, "y = Trilu <upper=0> (x, k)", x=normal(5, 4), k=value(-2)),
    case(14, "y = Trilu (x)", x=np.full((2, 3, 3), np.inf, "float32")),
    case(14, "y = Trilu (x)", x=bools(3, 4)),
    case(14, "y = Trilu (x)", x=uniform(-9, 9, 3, 4, dtype="int64")),
    case(
        10,
        "y = ReverseSequence (x, n)",
        x=normal(5, 3, 2),
        n=array([1, 5, 3], "int64"),
        dynamic=(2,),
    ),
    case(
        10,
        "y = ReverseSequence <batch_axis=0, time_axis=1> (x, n)",
        x=normal(3, 5, 2),
        n=array([1, 5, 3], "int64"),
        dynamic=(2, 3),
        bigger={3: 3},
    ),
    case(
        28,
        "y = ReverseSequence (x, n)",
        x=normal(5, 3, 2),
        n=array([1, 5, 3], "int64"),
        as_opset=10,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
