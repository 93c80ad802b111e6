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
"""Import rows: operators that draw random numbers, in inference and in training."""

import mxnet as mx
import numpy as np
import pytest
from import_cases import array, case, cases, check, known, normal
from mxnet.contrib.onnx import import_model

_X = {"x": normal(2, 3, 4)}
CASES = [
    *cases((7, 10), "y = Dropout <ratio=0.3> (x)", **_X, dynamic=True),
    case(
        1,
        "y = Dropout <is_test=1, consumed_inputs=[0]> (x)",
        **_X,
        expected=lambda x: x,
        dynamic=True,
    ),
    case(6, "y, m = Dropout <is_test=1> (x)", **_X, expected=lambda x: (x, np.zeros_like(x))),
    case(7, "y, m = Dropout <ratio=0.3> (x)", **_X, dynamic=True),
    case(10, "y, m = Dropout <ratio=0.3> (x)", **_X, dynamic=True),
    *cases((12, 13, 22), "y, m = Dropout (x, r)", **_X, r=known(array(0.3)), dynamic=True),
    *cases((12, 13, 22), "y = Dropout (x)", **_X),
    case(13, "y, m = Dropout (x, r, t)", **_X, r=known(array(0.0)), t=known(array(True, bool))),
    case(
        13,
        "y, m = Dropout (x, r, t)",
        **_X,
        r=known(array(0.3)),
        t=known(array(True, bool)),
        refused="mask",
    ),
    case(13, "y = Dropout (x, r)", **_X, r=known(array(1.5)), refused="ratio=1.5"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


def test_dropout_drops_while_training():
    model = case(
        13, "y = Dropout (x, r)", x=np.ones((50, 40), "float32"), r=known(array(0.25))
    ).model()
    symbol, _, _ = import_model(model)
    executor = symbol.simple_bind(mx.cpu(), x=(50, 40))
    y = executor.forward(is_train=True, x=mx.nd.ones((50, 40)))[0].asnumpy()
    assert set(np.unique(y.round(4))) == {0, np.float32(4 / 3).round(4)}
    assert abs((y == 0).mean() - 0.25) < 0.05
