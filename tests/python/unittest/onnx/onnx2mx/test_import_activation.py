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
"""Import rows: activation functions and the softmax family."""

import mxnet as mx
import numpy as np
import pytest
from import_cases import array, case, check, known, normal
from mxnet.contrib.onnx import import_model
from mxnet.contrib.onnx.opset import history


def _everywhere(op, text, **more):
    """One text at every version of ``op``; ONNX Runtime has no kernels before opset 6."""
    return [
        case(v, text, **more, **({"as_opset": 6} if v < 6 and "as_opset" not in more else {}))
        for v in history(op)
    ]


CASES = []
for _op, _attributes in (
    ("Relu", ""),
    ("Sigmoid", ""),
    ("Tanh", ""),
    ("Softplus", ""),
    ("Softsign", ""),
    ("LeakyRelu", "<alpha=0.3>"),
    ("Elu", "<alpha=0.7>"),
    ("Selu", "<alpha=1.5, gamma=1.2>"),
    ("HardSigmoid", "<alpha=0.3, beta=0.4>"),
):
    CASES += _everywhere(_op, f"y = {_op} {_attributes} (x)", x=normal(2, 3, 4), dynamic=True)
    CASES.append(case(history(_op)[-1], f"y = {_op} (x)", x=normal(2, 3, 4)))
    CASES.append(case(history(_op)[-1], f"y = {_op} (x)", x=array(-0.5)))
    CASES.append(case(history(_op)[-1], f"y = {_op} (x)", x=normal(2, 2, 2, 2, 3, 3)))
for _op, _attributes in (
    ("HardSwish", ""),
    ("Mish", ""),
    ("Gelu", ""),
    ("Gelu", '<approximate="tanh">'),
    ("ThresholdedRelu", "<alpha=0.4>"),
    ("Shrink", "<lambd=0.4, bias=0.1>"),
):
    CASES += _everywhere(_op, f"y = {_op} {_attributes} (x)", x=normal(2, 3, 4), dynamic=True)
CASES += [
    case(12, "y = Celu <alpha=0.5> (x)", x=normal(2, 3, 4), dynamic=True),
    case(28, "y = Celu <alpha=0.5> (x)", x=normal(2, 3, 4), as_opset=22),
    case(24, "y = Swish <alpha=1.5> (x)", x=normal(2, 3, 4), dynamic=True),
    case(24, "y = Swish (x)", x=normal(2, 3, 4)),
    case(22, "y = Softplus (x)", x=array([-100.0, -14, -5, 0, 30, 1e4]), tolerance=(1e-5, 1e-12)),
    case(22, "y = Mish (x)", x=array([-100.0, -10, 0, 10, 100]), tolerance=(1e-4, 1e-8)),
    case(14, "y = Relu (x)", x=array([[-3, 5, 0]], "int32")),
    case(14, "y = Relu (x)", x=array([[-3, 5, 0]], "int8")),
    case(13, "y = Tanh (x)", x=normal(2, 3, dtype="float64")),
    case(9, "y = Shrink <lambd=1.5, bias=0.5> (x)", x=array([[-3, 1, 0, 5]], "int32")),
    case(20, 'y = Gelu <approximate="other"> (x)', x=normal(2), refused="approximate"),
]
CASES += [
    case(
        1,
        "y = PRelu (x, slope)",
        x=normal(2, 3, 4, 5),
        slope=known(3),
        expected=lambda x, slope: np.where(x < 0, x * slope[:, None, None], x),
        dynamic=True,
    ),
    case(
        6,
        "y = PRelu (x, slope)",
        x=normal(2, 3, 4, 5),
        slope=known(3),
        expected=lambda x, slope: np.where(x < 0, x * slope[:, None, None], x),
    ),
    case(
        6,
        "y = PRelu (x, slope)",
        x=normal(2, 3, 4, 5),
        slope=known(1),
        expected=lambda x, slope: np.where(x < 0, x * slope, x),
        dynamic=True,
    ),
]
for _version in (7, 9, 16):
    CASES += [
        case(
            _version,
            "y = PRelu (x, slope)",
            x=normal(2, 3, 4, 5),
            slope=known(*shape),
            dynamic=True,
        )
        for shape in ((3, 1, 1), (1, 1), (1,), (4, 5), (5,), (1, 3, 1, 1), (2, 3, 4, 5), (3, 4, 1))
    ]
CASES += [
    case(16, "y = PRelu (x, slope)", x=normal(2, 3, 4), slope=normal(3, 1), dynamic=True),
    case(16, "y = PRelu (x, slope)", x=normal(2, 3), slope=known(3), dynamic=True),
    case(16, "y = PRelu (x, slope)", x=normal(3), slope=known(3)),
    case(16, "y = PRelu (x, slope)", x=array([[-3, 5]], "int32"), slope=known(array([2], "int32"))),
]

for _op in ("Softmax", "LogSoftmax", "Hardmax"):
    CASES += [
        case(1, f"y = {_op} (x)", x=normal(2, 3, 4), as_opset=11),
        case(11, f"y = {_op} (x)", x=normal(2, 3, 4), dynamic=_op != "Hardmax"),
        case(11, f"y = {_op} <axis=-1> (x)", x=normal(2, 3, 4), dynamic=True),
        case(11, f"y = {_op} <axis=0> (x)", x=normal(2, 3, 4)),
        case(11, f"y = {_op} <axis=-2> (x)", x=normal(2, 3, 4)),
        case(11, f"y = {_op} <axis=1> (x)", x=normal(2, 5, 1, 1), dynamic=True),
        case(1, f"y = {_op} (x)", x=normal(4, 7), as_opset=11, dynamic=True),
        *(
            case(13, f"y = {_op} <axis={a}> (x)", x=normal(2, 3, 4), dynamic=True)
            for a in (-1, 0, 1)
        ),
        case(13, f"y = {_op} (x)", x=normal(7), dynamic=True),
        case(13, f"y = {_op} <axis=3> (x)", x=normal(2, 3, 4), refused="axis 3 is out of range"),
        case(13, f"y = {_op} (x)", x=normal(2, 300, dtype="float16"), expected="reference"),
        case(13, f"y = {_op} (x)", x=normal(2, 3, dtype="float64"), expected="reference"),
    ]
CASES.append(case(13, "y = Hardmax (x)", x=array([[1, 3, 3, 0]])))
CASES += [
    case(13, "y = Softmax (x)", x=array([[1e4, 1e4 - 1, -1e4]])),
    case(13, "y = Softmax (x)", x=normal(2, 9000, dtype="float16"), expected="reference"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


def test_the_gradient_of_the_slope():
    """An executor's, as Module has it: MXNet's own layer gives another one there."""
    x, slope = normal(2, 3, 4), normal(3, 1)
    symbol, arg_params, aux_params = import_model(
        case(16, "y = PRelu (x, s)", x=x, s=known(slope)).model()
    )
    executor = symbol.simple_bind(mx.cpu(), x=x.shape)
    executor.copy_params_from(arg_params, aux_params)
    executor.forward(is_train=True, x=mx.nd.array(x))
    given = normal(2, 3, 4)
    executor.backward(mx.nd.array(given))
    wanted = (given * np.minimum(x, 0)).sum((0, 2)).reshape(3, 1)
    np.testing.assert_allclose(executor.grad_dict["s"].asnumpy(), wanted, 1e-5, 1e-5)
    wanted = given * np.where(x > 0, 1, slope)
    np.testing.assert_allclose(executor.grad_dict["x"].asnumpy(), wanted, 1e-5, 1e-5)
