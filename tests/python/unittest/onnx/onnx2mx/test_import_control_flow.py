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
"""Import rows: branches."""

import pytest
from import_cases import array, case, check, known, normal
from mxnet.contrib.onnx.opset import history

_IF = """y = If (c) <
    then_branch = then_graph () => (float[2, 3, 4] t) { t = Relu (x) },
    else_branch = else_graph () => (float[2, 3, 4] e) { e = Neg (x) }
>"""
CASES = []
for _version in history("If"):
    _from = {"as_opset": 11} if _version == 1 else {}
    for _taken in (True, False):
        _c = known(array(_taken, bool))
        CASES.append(case(_version, _IF, x=normal(2, 3, 4), c=_c, **_from))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
