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
"""Every rule: what it takes out, what it leaves, and that the numbers stay the same."""

import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx.mx2onnx.checking import check_model
from mxnet.contrib.onnx.mx2onnx.draft import Draft
from mxnet.contrib.onnx.mx2onnx.emitter import Emitter
from mxnet.contrib.onnx.mx2onnx.inference import TensorType
from mxnet.contrib.onnx.mx2onnx.naming import name_outputs
from mxnet.contrib.onnx.mx2onnx.simplify import simplify
from mxnet.contrib.onnx.mx2onnx.writing import to_proto
from onnx import helper

F32 = np.dtype(np.float32)
SHAPE = (2, 4, 6, 6)


def weight(op, *shape, seed=0):
    rng = np.random.default_rng(seed)
    return op.constant(rng.normal(size=shape).astype(np.float32), name="w")


def norm(op, x, channels, seed=1):
    rng = np.random.default_rng(seed)
    numbers = [op.constant(rng.uniform(0.5, 2, channels).astype(np.float32)) for _ in range(4)]
    return op.BatchNormalization(x, *numbers, epsilon=1e-3)


def model(op, outputs):
    graph = helper.make_graph(
        op.nodes,
        "g",
        [helper.make_value_info(n, k.proto()) for n, k in op.inputs.items()],
        [helper.make_value_info(n, op.type(n).proto()) for n in outputs],
    )
    shell = helper.make_model(graph, opset_imports=[helper.make_opsetid("", op.opset)])
    shell.ir_version = 8
    check_model(shell, op.constants)
    return to_proto(shell, op.constants)


def both(write, session, shape=SHAPE, opset=17):
    """Types of the nodes after simplification; both models compute the same."""
    results, types = [], []
    x = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    for simplified in (False, True):
        op = Emitter(opset, {"x": TensorType(F32, shape)})
        outputs = write(op, "x")
        outputs = list(outputs) if isinstance(outputs, tuple) else [outputs]
        draft = Draft(op.nodes, op.constants, op.type, outputs, op.fresh)
        if simplified:
            simplify(draft)
        name_outputs(draft, [f"y{k}" for k in range(len(outputs))])
        results.append(session(model(op, draft.outputs))({"x": x}))
        types = [node.op_type for node in draft.nodes]
    for before, after in zip(*results):
        np.testing.assert_allclose(before, after, rtol=1e-4, atol=1e-5)
    return types


def identities(op, x):
    x = op.Reshape(op.Identity(x), shape=[2, 4, 6, 6])
    x = op.Transpose(op.Cast(x, to=1), perm=[0, 1, 2, 3])
    x = op.Slice(op.Expand(x, op.constant([1, 4, 1, 1])), starts=[0], ends=[6], axes=[2])
    x = op.Tile(op.Concat(x, axis=0), repeats=[1, 1, 1, 1])
    x = op.Pad(op.Sub(op.Div(op.Mul(x, 1.0), 1.0), 0.0), pads=[0] * 8)
    return op.Relu(x)


def conv(op, x, group=1, bias=True, **more):
    b = weight(op, 8, seed=3) if bias else None
    return op.Conv(x, weight(op, 8, 4 // group, 3, 3), b, group=group, **more)


def through_layout(op, x):
    """What a network in another layout leaves: a transposition on both sides of everything."""
    for _ in range(2):
        x = op.Transpose(x, perm=[0, 3, 1, 2])
        x = op.Clip(op.Add(op.Relu(x), 1.5), 0.0, 6.0)
        x = op.Transpose(x, perm=[0, 2, 3, 1])
    return x


def residual(op, x):
    left = op.Transpose(op.Relu(x), perm=[0, 2, 3, 1])
    right = op.Transpose(op.Tanh(x), perm=[0, 2, 3, 1])
    return op.Transpose(op.Sigmoid(op.Add(left, right)), perm=[0, 3, 1, 2])


def shared(op, x):
    a = op.Mul(op.Exp(x), 2.0)
    b = op.Mul(op.Exp(x), 2.0)
    return op.Add(a, op.LeakyRelu(b, alpha=0.2)), op.LeakyRelu(x, alpha=0.1)


def convolution_twice_read(op, x):
    y = conv(op, x)
    return norm(op, y, 8), op.Relu(y)


def shared_weight(op, x):
    w = weight(op, 4, 4, 3, 3)
    y = op.Conv(x, w, pads=[1, 1, 1, 1])
    return norm(op, op.Conv(y, w, pads=[1, 1, 1, 1]), 4)


def gemm(op, x, trans, bias):
    w = weight(op, *((5, 144) if trans else (144, 5)))
    return norm(op, op.Gemm(op.Flatten(x), w, weight(op, 5) if bias else None, transB=trans), 5)


CASES = {
    "identities": (identities, ["Relu"]),
    "a reshape of a reshape": (
        lambda op, x: op.Reshape(op.Flatten(op.Reshape(x, shape=[8, 36])), shape=[4, -1]),
        ["Reshape"],
    ),
    "a reshape that copies a size": (
        lambda op, x: op.Reshape(op.Reshape(x, shape=[8, 36]), shape=[0, 6, 6]),
        ["Reshape", "Reshape"],
    ),
    "transposes that cancel": (
        lambda op, x: op.Relu(op.Transpose(op.Transpose(x, perm=[0, 2, 3, 1]), perm=[0, 3, 1, 2])),
        ["Relu"],
    ),
    "transposes that become one": (
        lambda op, x: op.Transpose(op.Transpose(x, perm=[1, 0, 3, 2]), perm=[2, 0, 1, 3]),
        ["Transpose"],
    ),
    "another layout": (through_layout, ["Relu", "Add", "Clip"] * 2),
    "a residual sum in another layout": (residual, ["Relu", "Tanh", "Add", "Sigmoid"]),
    "a transposition that two read": (
        lambda op, x: (lambda t: (op.Relu(t), op.Exp(t)))(op.Transpose(x, perm=[3, 2, 1, 0])),
        ["Transpose", "Relu", "Exp"],
    ),
    "equal nodes": (shared, ["Exp", "Mul", "LeakyRelu", "Add", "LeakyRelu"]),
    "dead nodes": (lambda op, x: [op.Relu(x), op.Exp(x)][0], ["Relu"]),
    "the normalisation of a convolution": (lambda op, x: norm(op, conv(op, x), 8), ["Conv"]),
    "without a bias": (lambda op, x: norm(op, conv(op, x, bias=False), 8), ["Conv"]),
    "in groups": (lambda op, x: norm(op, conv(op, x, group=2), 8), ["Conv"]),
    "two in a row": (lambda op, x: norm(op, norm(op, conv(op, x), 8), 8, seed=5), ["Conv"]),
    "of a transposed convolution": (
        lambda op, x: norm(op, op.ConvTranspose(x, weight(op, 4, 5, 2, 2), weight(op, 5)), 5),
        ["ConvTranspose"],
    ),
    "of a transposed convolution in groups": (
        lambda op, x: norm(op, op.ConvTranspose(x, weight(op, 4, 3, 2, 2), group=2), 6),
        ["ConvTranspose", "BatchNormalization"],
    ),
    "of a dense layer": (lambda op, x: gemm(op, x, 1, True), ["Flatten", "Gemm"]),
    "of a dense layer the other way round": (
        lambda op, x: gemm(op, x, 0, False),
        ["Flatten", "Gemm"],
    ),
    "of a convolution that others read": (
        convolution_twice_read,
        ["Conv", "BatchNormalization", "Relu"],
    ),
    "of a convolution whose weight others read": (
        shared_weight,
        ["Conv", "Conv", "BatchNormalization"],
    ),
    "a convolution's padding": (
        lambda op, x: conv(op, op.Pad(x, pads=[0, 0, 1, 2, 0, 0, 0, 1]), pads=[1, 0, 0, 1]),
        ["Conv"],
    ),
    "padding that is not zeros": (
        lambda op, x: conv(op, op.Pad(x, pads=[0, 0, 1, 1, 0, 0, 1, 1], constant_value=2.0)),
        ["Pad", "Conv"],
    ),
    "padding that takes away": (
        lambda op, x: conv(op, op.Pad(x, pads=[0, 0, -1, 1, 0, 0, 1, 1])),
        ["Pad", "Conv"],
    ),
    "padding by reflection": (
        lambda op, x: conv(op, op.Pad(x, pads=[0, 0, 1, 1, 0, 0, 1, 1], mode="reflect")),
        ["Pad", "Conv"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_rule(case, session):
    write, expected = CASES[case]
    assert both(write, session) == expected


def test_random_numbers_are_not_shared():
    op = Emitter(17, {})
    draft = Draft(
        op.nodes, op.constants, op.type,
        [op.RandomNormal(shape=[2], seed=1.0), op.RandomNormal(shape=[2], seed=1.0)], op.fresh,
    )  # fmt: skip
    simplify(draft)
    assert len(draft.nodes) == 2


def of_another_domain(op, op_type, *inputs, outputs=1):
    kind = TensorType(F32, SHAPE)
    return op.custom("my.domain", op_type, *inputs, outputs=[kind] * outputs)


def turned_twice(op, x):
    inner = of_another_domain(op, "Relu", op.Transpose(x, perm=[0, 2, 3, 1]))
    return op.Transpose(inner, perm=[0, 3, 1, 2])


@pytest.mark.parametrize(
    "write, expected",
    [
        (lambda op, x: [of_another_domain(op, "Identity", x)], ["Identity"]),
        (lambda op, x: [of_another_domain(op, "Noise", x) for _ in range(2)], ["Noise", "Noise"]),
        (
            lambda op, x: [norm(op, of_another_domain(op, "Conv", x, np.ones(4)), 4)],
            ["Conv", "BatchNormalization"],
        ),
        (lambda op, x: [turned_twice(op, x)], ["Transpose", "Relu", "Transpose"]),
    ],
)
def test_operators_of_other_domains_mean_what_they_like(write, expected):
    op = Emitter(17, {"x": TensorType(F32, SHAPE)})
    draft = Draft(op.nodes, op.constants, op.type, write(op, "x"), op.fresh)
    simplify(draft)
    assert [node.op_type for node in draft.nodes] == expected


def test_a_norm_in_training_keeps_the_statistics_of_the_data():
    op = Emitter(17, {"x": TensorType(F32, SHAPE)})
    y = norm(op, conv(op, "x"), 8)
    op.nodes[-1].attribute.add(name="training_mode", type=onnx.AttributeProto.INT, i=1)
    draft = Draft(op.nodes, op.constants, op.type, [y], op.fresh)
    simplify(draft)
    assert [node.op_type for node in draft.nodes] == ["Conv", "BatchNormalization"]


def test_values_are_followed_when_they_exchange_names():
    """An output may be called as another value was; that one has its new name from then on."""
    op = Emitter(17, {"x": TensorType(F32, SHAPE)})
    first, second = op.Relu("x"), op.Exp("x")
    draft = Draft(op.nodes, op.constants, op.type, [first, second], op.fresh)
    name_outputs(draft, [second, first])
    assert [node.output[0] for node in draft.nodes] == [second, first]
    assert [draft.current(first), draft.current(second)] == [second, first]
    assert draft.outputs == [second, first]


def test_small_weights_of_a_folded_norm_are_those_of_the_layer():
    """In the weight's dtype, from numbers in double precision."""
    op = Emitter(17, {"x": TensorType(F32, SHAPE)})
    y = norm(op, conv(op, "x", bias=False), 8)
    draft = Draft(op.nodes, op.constants, op.type, [y], op.fresh)
    simplify(draft)
    (node,) = draft.nodes
    assert {op.tensor(i).read().dtype.name for i in node.input[1:]} == {"float32"}
    assert draft.outputs == list(node.output)


def test_unused_constants_go(session):
    op = Emitter(17, {"x": TensorType(F32, SHAPE)})
    op.constant(np.zeros(3), name="unused")
    draft = Draft(op.nodes, op.constants, op.type, [op.Relu("x")], op.fresh)
    simplify(draft)
    assert not draft.constants
    onnx.checker.check_model(model(op, draft.outputs))
