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
"""Import rows: tensors joined, split, repeated and padded."""

import numpy as np
import pytest
from import_cases import array, bools, case, cases, check, ints, known, normal, uniform, value

_AB = {"a": normal(2, 3, 4), "b": normal(2, 5, 4)}
CASES = [
    *cases((4, 11, 13), "y = Concat <axis=1> (a, b)", **_AB, dynamic=True),
    case(
        1, "y = Concat (a, b)", **_AB, expected=lambda a, b: np.concatenate([a, b], 1), dynamic=True
    ),
    case(1, "y = Concat <axis=2> (a, b)", a=normal(2, 3, 4), b=normal(2, 3, 5), as_opset=4),
    case(13, "y = Concat <axis=-2> (a, b)", **_AB),
    case(13, "y = Concat <axis=0> (a)", a=normal(2, 3, 4)),
    case(13, "y = Concat <axis=1> (a, b)", a=bools(2, 3), b=bools(2, 1), dynamic=True),
    case(
        13,
        "y = Concat <axis=1> (a, b)",
        a=uniform(-9, 9, 2, 3, dtype="int64"),
        b=array([[2**53 + 1], [2]], "int64"),
    ),
    case(13, "y = Concat <axis=3> (a, b)", **_AB, refused="axis"),
    case(
        1, "a, b = Split <axis=1, split=[1, 3]> (x)", x=normal(2, 4, 3), as_opset=2, dynamic=(2, 3)
    ),
    case(1, "a, b = Split (x)", x=normal(4, 2, 3), as_opset=2),
    *cases((2, 11), "a, b = Split <axis=1, split=[1, 3]> (x)", x=normal(2, 4, 3), dynamic=(2, 3)),
    *cases((2, 11, 13), "a, b = Split <axis=1> (x)", x=normal(2, 4, 3), dynamic=(2, 3)),
    *cases(
        (13, 18),
        "a, b = Split <axis=1> (x, s)",
        x=normal(2, 4, 3),
        s=known(ints(1, 3)),
        dynamic=(2,),
    ),
    case(18, "a, b = Split <axis=-1, num_outputs=2> (x)", x=normal(2, 4, 5), dynamic=(2, 4)),
    case(18, "a, b, c = Split <num_outputs=3> (x)", x=normal(6, 2)),
    case(13, "a, b = Split <axis=1> (x)", x=bools(2, 4)),
    case(
        13,
        "a, b = Split <axis=1> (x, s)",
        x=normal(2, 4, 3),
        s=known(ints(1, 2)),
        refused="do not add up",
    ),
    case(13, "a, b, c = Split <axis=1> (x)", x=normal(2, 4, 3), refused="does not split"),
    *cases((6, 13), "y = Tile (x, r)", x=normal(2, 3, 4), r=known(ints(1, 2, 5)), dynamic=(3, 4)),
    case(
        1,
        "y = Tile (x, n, axis)",
        x=normal(2, 3, 4),
        n=known(array(2.0)),
        axis=known(array(1.0)),
        expected=lambda x, n, axis: np.tile(x, (1, 2, 1)),
    ),
    case(13, "y = Tile (x, r)", x=bools(2, 3), r=value([2, 2])),
    case(13, "y = Tile (x, r)", x=normal(2, 3, 4, 5), r=known(ints(7, 6, 4, 2))),
    case(13, "y = Tile (x, r)", x=normal(2, 3), r=known(ints(1, 1))),
    case(13, "y = Tile (x, r)", x=normal(2, 3), r=known(ints(2)), refused="repeats"),
]
_PADS = "[0,1,2, 1,0,1]"
CASES += [
    case(
        1,
        f"y = Pad <paddings={_PADS}, value=1.5> (x)",
        x=normal(2, 3, 4),
        expected=lambda x: np.pad(x, ((0, 1), (1, 0), (2, 1)), constant_values=1.5),
        dynamic=True,
    ),
    case(
        1,
        f'y = Pad <paddings={_PADS}, mode="edge"> (x)',
        x=normal(2, 3, 4),
        expected=lambda x: np.pad(x, ((0, 1), (1, 0), (2, 1)), mode="edge"),
    ),
    case(2, f"y = Pad <pads={_PADS}, value=1.5> (x)", x=normal(2, 3, 4), dynamic=True),
    case(2, f'y = Pad <pads={_PADS}, mode="reflect"> (x)', x=normal(2, 3, 4), dynamic=(3, 4)),
    case(2, "y = Pad <pads=[0,-1,0, 1,0,-2]> (x)", x=normal(2, 3, 4), dynamic=True),
]
for _version in (11, 13, 18, 19, 21, 23, 24, 25):
    _pads = {"x": normal(2, 3, 4), "p": known(ints(0, 1, 2, 1, 0, 1))}
    CASES += [
        case(_version, "y = Pad (x, p, v)", **_pads, v=known(array(1.5)), dynamic=(3, 4)),
        case(_version, "y = Pad (x, p)", **_pads),
        case(_version, 'y = Pad <mode="edge"> (x, p)', **_pads, dynamic=(3, 4)),
        case(_version, 'y = Pad <mode="reflect"> (x, p)', **_pads),
    ]
    if _version >= 18:
        _on = {"x": normal(2, 3, 4), "p": known(ints(1, 2)), "axes": known(ints(-1))}
        CASES.append(case(_version, "y = Pad (x, p, , axes)", **_on, dynamic=(3, 4)))
    if _version >= 19:
        CASES.append(case(_version, 'y = Pad <mode="wrap"> (x, p)', **_pads))
CASES += [
    case(13, "y = Pad (x, p)", x=normal(5), p=known(ints(1, 2)), dynamic=True),
    case(13, "y = Pad (x, p)", x=normal(2, 3, 4), p=known(ints(0, 0, 0, 0, 0, 0))),
    case(13, "y = Pad (x, p)", x=normal(2, 3, 4), p=value([0, -1, 1, 0, -1, -2])),
    case(
        13,
        "y = Pad (x, p, v)",
        x=uniform(-9, 9, 2, 3, dtype="int64"),
        p=known(ints(0, 1, 1, 0)),
        v=known(array(7, "int64")),
    ),
    case(13, "y = Pad (x, p)", x=bools(2, 3), p=known(ints(0, 1, 1, 0))),
    case(
        13,
        "y = Pad (x, p, v)",
        x=bools(2, 3),
        p=known(ints(0, 1, 1, 0)),
        v=known(array(True, bool)),
    ),
    case(
        13, "y = Pad (x, p, v)", x=normal(2, 3), p=known(ints(0, 1, 1, 0)), v=known(array(-np.inf))
    ),
    case(
        13,
        'y = Pad <mode="reflect"> (x, p)',
        x=normal(2, 3),
        p=known(ints(0, 4, 0, 0)),
        refused="reflect",
    ),
    case(
        13,
        'y = Pad <mode="other"> (x, p)',
        x=normal(2, 3),
        p=known(ints(0, 4, 0, 0)),
        refused="not known",
    ),
    case(13, "y = Pad (x, p)", x=normal(2, 3), p=known(ints(0, 4, 0)), refused="pads for the"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
