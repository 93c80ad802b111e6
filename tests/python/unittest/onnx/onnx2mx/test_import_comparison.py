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
"""Import rows: comparisons, logic and choice."""

import numpy as np
import pytest
from import_cases import array, bools, case, cases, check, known, normal, uniform

CASES = []
for _op, _versions in (
    ("Equal", (7, 11, 13, 19)),
    ("Greater", (7, 9, 13)),
    ("Less", (7, 9, 13)),
    ("GreaterOrEqual", (12, 16)),
    ("LessOrEqual", (12, 16)),
):
    _text = f"y = {_op} (a, b)"
    for _version in _versions:
        _integers = {
            "a": uniform(0, 3, 2, 3, 4, dtype="int64"),
            "b": uniform(0, 3, 3, 1, dtype="int64"),
        }
        _floats = {"a": normal(2, 3, 4), "b": normal(3, 1)}
        _has_floats = _version >= 9 or _op in ("Less", "Greater")
        _arrays = _floats if _has_floats and _version < 9 else _integers
        CASES.append(case(_version, _text, **_arrays, dynamic=True))
    CASES += [
        case(16, _text, a=normal(2, 3, 4), b=normal(4), dynamic=True),
        case(16, _text, a=array([2**53 + 1, 3, 4], "int64"), b=array([2**53, 3, 5], "int64")),
        case(
            16,
            _text,
            a=array([[1, 2, 3]], "uint8"),
            b=known(array(2, "uint8")),
            expected="reference",
        ),
        case(16, _text, a=array(1.0), b=array(1.0)),
        case(16, _text, a=array([np.nan, 1.0, np.inf]), b=array([np.nan, 1.0, np.inf])),
    ]
for _op, _f in (("Equal", np.equal), ("Greater", np.greater), ("Less", np.less)):
    _dtype = "int32" if _op == "Equal" else "float32"
    _a, _b = (uniform(0, 3, 2, 3, 4, dtype="int32").astype(_dtype) for _ in range(2))
    _arrays, _same = {"a": _a, "b": _b[0, :, 0]}, {"a": _a, "b": _b}
    CASES += [
        case(
            1,
            f"y = {_op} <broadcast=1, axis=1> (a, b)",
            **_arrays,
            dynamic=True,
            expected=lambda a, b, f=_f: f(a, b[:, None]),
        ),
        case(1, f"y = {_op} (a, b)", **_same, expected=lambda a, b, f=_f: f(a, b)),
    ]
for _op, _f in (("And", np.logical_and), ("Or", np.logical_or), ("Xor", np.logical_xor)):
    CASES += [
        case(7, f"y = {_op} (a, b)", a=bools(2, 3, 4), b=bools(3, 1), dynamic=True),
        case(7, f"y = {_op} (a, b)", a=array(True, bool), b=array(False, bool)),
        case(
            1,
            f"y = {_op} <broadcast=1, axis=1> (a, b)",
            a=bools(2, 3, 4),
            b=bools(3),
            dynamic=True,
            expected=lambda a, b, f=_f: f(a, b[:, None]),
        ),
        case(1, f"y = {_op} (a, b)", a=bools(2, 3, 4), b=bools(2, 3, 4), as_opset=7),
    ]
_ODD = array([[[1, np.nan, np.inf], [-np.inf, 0, -1]]])
CASES += [
    case(1, "y = Not (x)", x=bools(2, 3, 4), dynamic=True),
    *cases((9, 13, 20), "y = IsNaN (x)", x=_ODD, dynamic=True),
    *cases((10, 20), "y = IsInf (x)", x=_ODD, dynamic=True),
    *cases((10, 20), "y = IsInf <detect_negative=0> (x)", x=_ODD),
    *cases((10, 20), "y = IsInf <detect_positive=0> (x)", x=_ODD),
    *cases((10, 20), "y = IsInf <detect_positive=0, detect_negative=0> (x)", x=_ODD),
    *cases(
        (9, 16), "y = Where (c, a, b)", c=bools(2, 3, 4), a=normal(3, 1), b=normal(4), dynamic=True
    ),
    case(
        16,
        "y = Where (c, a, b)",
        c=bools(3, 1),
        a=normal(2, 3, 4),
        b=known(array(-np.inf)),
        dynamic=True,
    ),
    case(
        16,
        "y = Where (c, a, b)",
        c=bools(3, 1),
        a=bools(2, 3, 4),
        b=bools(2, 3, 4),
        expected="reference",
    ),
    case(
        16,
        "y = Where (c, a, b)",
        c=bools(3, 1),
        a=array([2**53 + 1], "int64"),
        b=array([3], "int64"),
    ),
    case(16, "y = Where (c, a, b)", c=array(True, bool), a=array(1.0), b=array(2.0)),
    case(
        16,
        "y = Where (c, a, b)",
        c=bools(2, 1, 3, 2, 1, 2),
        a=normal(2, 4, 3, 2, 1, 2),
        b=normal(2),
    ),
    case(
        16,
        "y = Where (c, a, b)",
        c=bools(2, 1, 2, 1, 2, 1),
        a=normal(1, 2, 1, 2, 1, 2),
        b=array(1.0),
        refused="broadcast in more ways",
        computed=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
