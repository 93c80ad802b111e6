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
"""Import rows: shapes asked for, changed, and widened."""

import pytest
from import_cases import array, bools, case, cases, check, ints, known, normal, uniform, value
from mxnet.contrib.onnx.opset import history

CASES = []
for _version in history("Shape"):
    CASES.append(case(_version, "y = Shape (x)", x=normal(2, 3, 4), dynamic=True))
    if _version >= 15:
        CASES += [
            case(_version, "y = Shape <start=1> (x)", x=normal(2, 3, 4), dynamic=True),
            case(_version, "y = Shape <start=-2, end=-1> (x)", x=normal(2, 3, 4), dynamic=True),
        ]
CASES += cases(history("Size"), "y = Size (x)", x=normal(2, 3, 4), dynamic=True)
for _version in history("Reshape")[1:]:
    CASES += [
        case(_version, "y = Reshape (x, s)", x=normal(2, 3, 4), s=known(ints(0, -1)), dynamic=True),
        case(_version, "y = Reshape (x, s)", x=normal(2, 3, 4), s=value([4, -1])),
    ]
CASES += [
    case(
        1,
        "y = Reshape <shape=[0, 2, -1]> (x)",
        x=normal(2, 3, 4),
        dynamic=(2, 3),
        expected=lambda x: x.reshape(x.shape[0], 2, -1),
    ),
    *(
        case(14, "y = Reshape (x, s)", x=normal(*shape), s=known(ints(*target)), dynamic=dynamic)
        for shape, target, dynamic in (
            ((2, 7, 12), (0, 0, 3, 4), (2, 7)),
            ((2, 7, 3, 4), (0, 0, 12), (2, 7)),
            ((2, 7, 12), (0, -1, 6), (2, 7)),
            ((2, 7, 12), (-1, 12), (2, 7)),
            ((2, 7, 12), (-1,), True),
            ((2, 12, 7, 5), (0, 12, -1), (2, 7, 5)),
            ((2, 12, 7, 5), (0, 3, 4, 0, -1), False),
            ((6, 7), (2, 3, -1), (7,)),
            ((1, 1), (), False),
        )
    ),
    case(14, "y = Reshape (x, s)", x=array(2.5), s=known(ints(1, 1))),
    case(14, "y = Reshape (x, s)", x=bools(2, 6), s=known(ints(3, 4))),
    case(
        14, "y = Reshape (x, s)", x=normal(2, 3), s=known(ints(-1, -1)), refused="more than one -1"
    ),
    case(14, "y = Reshape (x, s)", x=normal(2, 3), s=known(ints(4, 2)), refused="cannot reshape"),
    case(14, "y = Reshape (x, s)", x=normal(2, 3), s=known(ints(4, -1)), refused="cannot reshape"),
    case(14, "y = Reshape (x, s)", x=normal(2, 3), s=known(ints(2, 3, 0)), refused="copies axis 2"),
]
for _version in history("Flatten"):
    CASES += [
        case(_version, "y = Flatten (x)", x=normal(2, 3, 4, 5), dynamic=True),
        case(_version, "y = Flatten <axis=2> (x)", x=normal(2, 3, 4, 5), dynamic=(2, 5)),
    ]
CASES += [
    case(13, "y = Flatten <axis=0> (x)", x=normal(2, 3, 4), dynamic=True),
    case(13, "y = Flatten <axis=3> (x)", x=normal(2, 3, 4), dynamic=True),
    case(13, "y = Flatten <axis=-1> (x)", x=normal(2, 3, 4)),
    case(13, "y = Flatten <axis=4> (x)", x=normal(2, 3, 4), refused="axis 4"),
]
for _version in history("Transpose"):
    CASES += [
        case(_version, "y = Transpose (x)", x=normal(2, 3, 4), dynamic=True),
        case(_version, "y = Transpose <perm=[2, 0, 1]> (x)", x=normal(2, 3, 4), dynamic=True),
    ]
CASES += [
    case(13, "y = Transpose <perm=[1, 0]> (x)", x=bools(2, 3), dynamic=True),
    case(13, "y = Transpose <perm=[0, 3, 1, 2, 4, 5]> (x)", x=normal(2, 3, 4, 2, 2, 2)),
    case(13, "y = Transpose <perm=[0, 0]> (x)", x=normal(2, 3), refused="no permutation"),
    case(13, "y = Transpose <perm=[1, 0]> (x)", x=uniform(-9, 9, 2, 3, dtype="int64")),
]
for _version in history("Unsqueeze"):
    for _axes in ([0, 3], [1], [-1, 0] if _version >= 11 else [2]):
        if _version < 13:
            CASES.append(
                case(_version, f"y = Unsqueeze <axes={_axes}> (x)", x=normal(2, 3, 4), dynamic=True)
            )
        else:
            CASES.append(
                case(
                    _version,
                    "y = Unsqueeze (x, a)",
                    x=normal(2, 3, 4),
                    a=known(ints(*_axes)),
                    dynamic=(2, 3, 4),
                )
            )
for _version in history("Squeeze"):
    for _axes in ([0], [0, 2], [-2] if _version >= 11 else [2]):
        if _version < 13:
            CASES.append(
                case(
                    _version, f"y = Squeeze <axes={_axes}> (x)", x=normal(1, 3, 1, 4), dynamic=True
                )
            )
        else:
            CASES.append(
                case(
                    _version,
                    "y = Squeeze (x, a)",
                    x=normal(1, 3, 1, 4),
                    a=known(ints(*_axes)),
                    dynamic=(3, 4),
                )
            )
    CASES.append(case(_version, "y = Squeeze (x)", x=normal(1, 3, 1, 4), dynamic=True))
CASES += [
    case(13, "y = Unsqueeze (x, a)", x=array(2.5), a=known(ints(0, 1))),
    case(13, "y = Unsqueeze (x, a)", x=bools(2, 3), a=known(ints(0, 1))),
    case(13, "y = Unsqueeze (x, a)", x=normal(2, 3), a=known(array(1, "int64"))),
    case(13, "y = Squeeze (x)", x=array([[2.5]])),
    case(13, "y = Squeeze (x, a)", x=bools(2, 1, 3), a=value([1])),
    case(
        13,
        "y = Squeeze (x, a)",
        x=normal(2, 1, 3),
        a=known(ints(0)),
        refused="size 2, not 1|axis 0",
    ),
]
for _version in (8, 13):
    CASES += [
        case(_version, "y = Expand (x, s)", x=normal(3, 1), s=known(ints(2, 1, 4)), dynamic=(3,)),
        case(_version, "y = Expand (x, s)", x=normal(2, 3, 1), s=value([3, 4])),
    ]
CASES += [
    case(13, "y = Expand (x, s)", x=bools(3, 1), s=known(ints(2, 1, 4))),
    case(13, "y = Expand (x, s)", x=array(2.5), s=known(ints(2, 3, 4))),
    case(13, "y = Expand (x, s)", x=normal(2, 3), s=known(ints(1))),
    case(13, "y = Expand (x, s)", x=uniform(-9, 9, 3, 1, dtype="int64"), s=known(ints(3, 4))),
    case(
        13, "y = Expand (x, s)", x=normal(3, 2), s=known(ints(3, 4)), refused="does not broadcast"
    ),
    case(
        13, "s = Shape (t)\ny = Expand (x, s)", x=normal(1, 3, 1), t=normal(2, 3, 4), dynamic=True
    ),
]
_DEPTH = {"x": normal(2, 12, 3, 5)}
CASES += [
    *cases((1, 11, 13), "y = DepthToSpace <blocksize=2> (x)", **_DEPTH, dynamic=(2, 3, 5)),
    *cases((11, 13), 'y = DepthToSpace <blocksize=2, mode="CRD"> (x)', **_DEPTH, dynamic=(2, 3, 5)),
    *cases((28,), "y = DepthToSpace <blocksize=2> (x)", **_DEPTH, as_opset=13),
    *cases((28,), 'y = DepthToSpace <blocksize=2, mode="CRD"> (x)', **_DEPTH, as_opset=13),
    *cases((1, 13), "y = SpaceToDepth <blocksize=2> (x)", x=normal(2, 3, 4, 6), dynamic=(2, 3)),
    case(28, "y = SpaceToDepth <blocksize=2> (x)", x=normal(2, 3, 4, 6), as_opset=13),
    case(
        28,
        'y = SpaceToDepth <blocksize=2, mode="CRD"> (x)',
        x=normal(2, 3, 4, 6),
        dynamic=(2,),
        expected="reference",
    ),
    case(28, "y = SpaceToDepth <blocksize=2> (x)", x=bools(2, 3, 4, 6), expected="reference"),
    case(13, "y = DepthToSpace <blocksize=2> (x)", x=bools(2, 4, 3, 5), expected="reference"),
    case(13, "y = DepthToSpace <blocksize=2> (x)", x=normal(2, 6, 3, 5), refused="does not divide"),
    case(13, "y = SpaceToDepth <blocksize=2> (x)", x=normal(2, 6, 3, 5), refused="does not divide"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
