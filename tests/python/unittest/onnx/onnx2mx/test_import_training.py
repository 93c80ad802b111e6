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
"""Import rows: steps of optimizers. The reference is ONNX's own: ONNX Runtime has none of them."""

import numpy as np
import pytest
from import_cases import array, check, normal, uniform
from mxnet.contrib.onnx import UnsupportedOperatorError, import_model
from node_cases import node

DOMAIN = "ai.onnx.preview.training"
SHAPES = ((3, 2, 2), (4,))


def step(op_type, states, count=2, steps=3, dtype="float32", **attributes):
    """One step of the optimizer of ``count`` tensors, each with ``states``."""
    tensors = {"r": array(0.1, dtype), "t": array(steps, "int64")}
    for kind in ("x", "g", *states):
        for i, shape in enumerate(SHAPES[:count]):
            low = 0 if kind == "h" else -1  # squares
            tensors[f"{kind}{i}"] = uniform(low, 1, *shape, dtype=dtype)
    outputs = count * (len(states) + 1)
    options = {"domain": DOMAIN, "outputs": outputs, "expected": "reference"}
    return node(op_type, 1, attributes, **options, **tensors)


MOMENTUM = {"norm_coefficient": 0.01, "alpha": 0.9, "beta": 0.7}
CASES = [
    step("Adagrad", "h"),
    step("Adagrad", "h", norm_coefficient=0.1, decay_factor=0.5, epsilon=1e-3),
    step("Adagrad", "h", steps=0, count=1, dtype="float64"),
    step("Adam", "vh"),
    step("Adam", "vh", steps=0),
    step("Adam", "vh", norm_coefficient=0.1, norm_coefficient_post=0.2, alpha=0.8, beta=0.9),
    step("Adam", "vh", count=1, dtype="float64"),
    *[
        step("Momentum", "v", mode=mode, steps=steps, **MOMENTUM)
        for mode in ("standard", "nesterov")
        for steps in (0, 3)
    ],
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


@pytest.mark.parametrize(
    "case, reason",
    [
        (step("Momentum", "v", mode="other", **MOMENTUM), "mode 'other'"),
        (step("Adam", "v"), "6 tensors cannot be 4 for each"),
    ],
    ids=["mode", "count"],
)
def test_refused(case, reason):
    check(node(case.op_type, 1, case.attributes, **case.arrays, domain=DOMAIN, refused=reason))


def test_the_gradient_of_a_graph_is_left_to_autograd():
    case = node("Gradient", 1, {"xs": ["x"], "y": "z"}, x=array(1), z=array(2), domain=DOMAIN)
    with pytest.raises(UnsupportedOperatorError, match="mx.autograd"):
        import_model(case.model())


def test_a_loss_falls_step_by_step():
    """The new values and states go in again."""
    from mxnet.contrib.onnx import backend

    target = normal(4)
    x, v, h = np.zeros(4, np.float32), np.zeros(4, np.float32), np.zeros(4, np.float32)
    model = node(
        "Adam", 1, {}, r=array(0.05), t=array(0, "int64"), x=x, g=x, v=v, h=h,
        domain=DOMAIN, outputs=3,
    ).model()  # fmt: skip
    prepared = backend.prepare(model)
    before = np.abs(x - target).sum()
    for steps in range(200):
        x, v, h = prepared.run([array(0.05), array(steps, "int64"), x, x - target, v, h])
    assert np.abs(x - target).sum() < 0.05 * before
