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
"""Import rows: tensors made of nothing but a shape or a range."""

import pytest
from import_cases import array, case, check, known, normal, uniform, value

CASES = []
for _version in (9, 20, 21, 23, 24, 25):
    CASES += [
        case(_version, "s = Shape (x)\ny = ConstantOfShape (s)", x=normal(2, 3, 4), dynamic=True),
        case(_version, "y = ConstantOfShape <value=int64[1] {7}> (s)", s=value([2, 3, 4])),
        case(
            _version,
            "s = Shape (x)\nf = ConstantOfShape <value=float[1] {0.5}> (s)\ny = Add (f, x)",
            x=normal(2, 3, 4),
            dynamic=True,
        ),
    ]
for _version in (11, 27):
    _from = {"as_opset": 11} if _version == 27 else {}
    CASES += [
        case(_version, "y = Range (a, b, c)", a=value(1), b=value(10), c=value(2), **_from),
        case(
            _version,
            "y = Range (a, b, c)",
            a=value(1.5, "float32"),
            b=value(-2, "float32"),
            c=value(-0.5, "float32"),
            **_from,
        ),
        case(
            _version,
            "y = Range (a, b, c)",
            a=value(1, "int32"),
            b=value(10, "int32"),
            c=value(3, "int32"),
            **_from,
        ),
        case(
            _version,
            "n = Shape (x)\nl = Gather (n, o)\ny = Range (z, l, o)",
            x=normal(2, 7),
            o=known(array(1, "int64")),
            z=known(array(0, "int64")),
            dynamic=True,
            **_from,
        ),
    ]
for _version in (9, 22):
    _from = {"as_opset": 9} if _version == 22 else {}
    CASES += [
        case(_version, "y = EyeLike (x)", x=normal(3, 4), dynamic=True, **_from),
        case(_version, "y = EyeLike <k=-1, dtype=7> (x)", x=normal(5, 4), dynamic=True, **_from),
    ]
CASES += [case(9, "y = EyeLike <k=2> (x)", x=uniform(0, 9, 5, 4, dtype="int32"))]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
