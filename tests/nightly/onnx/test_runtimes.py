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
"""Exported networks in runtimes that share no code with ONNX Runtime: OpenVINO, onnx.reference."""

import mxnet as mx
import numpy as np
import onnx
import pytest
from models import random_parameters, vision_network
from mxnet.contrib.onnx import export_model
from running import deviation, opsets, run_gluon, unfused

#: Sides of the images; small ones, as the reference evaluator is slow.
NETWORKS = {
    "resnet18_v1": 64, "resnet18_v2": 64, "mobilenetv2_0.25": 64, "vgg11_bn": 32, "alexnet": 64,
}  # fmt: skip
TOLERANCE = 1e-4


def attention():
    """A layer of self-attention over sequences, as the transformers of GluonNLP have it."""
    from mxnet.gluon import nn

    class Attention(nn.HybridBlock):
        def __init__(self):
            super().__init__()
            with self.name_scope():
                self.project = nn.Dense(3 * 16, flatten=False)
                self.norm = nn.LayerNorm()
                self.out = nn.Dense(16, flatten=False)

        def hybrid_forward(self, F, x):
            joined = self.project(x)
            scores = F.contrib.interleaved_matmul_selfatt_qk(joined, heads=4)
            mixed = F.contrib.interleaved_matmul_selfatt_valatt(joined, F.softmax(scores), heads=4)
            return self.norm(self.out(mixed) + x)

    return Attention()


def recurrent():
    from mxnet.gluon import rnn

    return rnn.LSTM(6, 2, bidirectional=True)


SMALL = {"attention": (attention, (5, 2, 16)), "recurrent": (recurrent, (5, 2, 7))}


@pytest.fixture(scope="module", params=[*NETWORKS, *SMALL])
def exported(request, tmp_path_factory):
    """Path of the model, its input, and what MXNet computes."""
    rng = np.random.default_rng(1)
    if request.param in NETWORKS:
        side = NETWORKS[request.param]
        shape = (2, 3, side, side)
        net = vision_network(request.param, rng, size=side, classes=10)
    else:
        build, shape = SMALL[request.param]
        net = build()
        net.initialize()
        net(mx.nd.zeros(shape))
        random_parameters(net, rng)
    data = rng.normal(size=shape).astype(np.float32)
    with unfused():
        expected = run_gluon(net, [data])
    path = tmp_path_factory.mktemp("runtimes") / f"{request.param}.onnx"
    export_model(net, None, [shape], np.float32, path)
    return path, data, expected


def assert_agrees(outputs, expected):
    assert [o.shape for o in outputs] == [e.shape for e in expected]
    assert max(map(deviation, outputs, expected)) <= TOLERANCE


def test_openvino(exported):
    openvino = pytest.importorskip("openvino", reason="OpenVINO is not installed")
    path, data, expected = exported
    # by default it rounds to bfloat16 where the processor has that
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.Core().compile_model(str(path), "CPU", settings)
    outputs = model([data])
    assert_agrees([np.array(outputs[o]) for o in model.outputs], expected)


def test_the_reference_of_onnx(exported):
    reference = pytest.importorskip("onnx.reference", reason="onnx has no evaluator")
    path, data, expected = exported
    model = reference.ReferenceEvaluator(onnx.load(str(path)))
    assert_agrees(model.run(None, {model.input_names[0]: data}), expected)


@pytest.mark.parametrize("opset", opsets())
def test_openvino_at_every_opset(opset, tmp_path):
    openvino = pytest.importorskip("openvino", reason="OpenVINO is not installed")
    newest = 21 if openvino.__version__ >= "2024.5" else 17
    if opset > newest:
        pytest.skip(f"this OpenVINO reads opsets up to {newest}")
    rng = np.random.default_rng(2)
    net = vision_network("mobilenetv2_0.25", rng, size=64, classes=10)
    data = rng.normal(size=(2, 3, 64, 64)).astype(np.float32)
    path = tmp_path / "net.onnx"
    export_model(net, None, [("N", 3, 64, 64)], np.float32, path, opset_version=opset)
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.Core().compile_model(str(path), "CPU", settings)
    with unfused():
        expected = run_gluon(net, [data])
    outputs = model([data])
    assert_agrees([np.array(outputs[o]) for o in model.outputs], expected)
