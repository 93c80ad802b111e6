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
"""16-bit floats: kept, or widened to float32; automatic mixed precision; the dtypes of inputs."""

import json

import mxnet as mx
import numpy as np
import onnx
import pytest
from mxnet.contrib import amp
from mxnet.contrib.onnx import ModelError, export_model
from mxnet.contrib.onnx.mx2onnx.precision import widened
from mxnet.contrib.onnx.mx2onnx.sources import read_source
from mxnet.gluon import nn
from running import Session

HALF, SINGLE = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT


def network():
    net = nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(nn.Conv2D(4, 3, activation="relu"), nn.BatchNorm(), nn.Flatten(), nn.Dense(5))
    net.initialize(mx.init.Xavier())
    net.hybridize()
    return net


@pytest.fixture
def half(rng):
    """A network in float16, its input, and what it computes in float32 with the same weights."""
    x = rng.uniform(-1, 1, (2, 3, 6, 6)).astype(np.float32)
    net = network()
    net(mx.nd.array(x))
    net.cast("float16")
    net.cast("float32")
    expected = net(mx.nd.array(x)).asnumpy()
    net.cast("float16")
    return net, x, expected


def element_types(model):
    """Of inputs, outputs and initializers."""
    values = (*model.graph.input, *model.graph.output)
    return {
        *(v.type.tensor_type.elem_type for v in values),
        *(t.data_type for t in model.graph.initializer),
    }


def test_float16_is_kept_and_needs_no_in_types(half):
    net, x, expected = half
    model = export_model(net, in_shapes=[("N", 3, 6, 6)], onnx_file_path=None)
    assert {v.type.tensor_type.elem_type for v in (*model.graph.input, *model.graph.output)} == {
        HALF
    }
    (actual,) = Session(model.SerializeToString())({"data": x.astype(np.float16)})
    assert actual.dtype == np.float16
    np.testing.assert_allclose(actual, expected, 2e-2, 2e-2)


@pytest.mark.parametrize("in_types", [np.float32, np.float16, {"data": "float16"}, ["float16"]])
def test_float16_becomes_float32(half, in_types):
    net, x, expected = half
    model = export_model(net, None, [x.shape], in_types, None, float16="float32")
    assert HALF not in element_types(model)
    assert "Cast" not in {node.op_type for node in model.graph.node}
    (actual,) = Session(model.SerializeToString())({"data": x})
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, expected, 1e-4, 1e-5)


def test_a_widened_model_is_verified(half):
    net, x, _ = half
    export_model(net, None, [x.shape], onnx_file_path=None, float16="float32", verify=True)


def test_dtypes_that_a_symbol_names_are_widened():
    x = mx.sym.var("x", dtype="float16")
    y = mx.sym.cast(x * 3, dtype="float16") + mx.sym.zeros((2, 3), dtype="float16")
    y = mx.sym.cast(mx.sym.cast(y, dtype="int32"), dtype="float16")
    kept = export_model(y, {}, [(2, 3)], onnx_file_path=None)
    assert HALF in element_types(kept)
    model = export_model(y, {}, [(2, 3)], onnx_file_path=None, float16="float32")
    assert element_types(model) == {SINGLE}
    x = np.array([[0.5, 1, 2], [-0.7, 3, 4.1]], np.float32)
    (actual,) = Session(model.SerializeToString())({"x": x})
    np.testing.assert_array_equal(actual, np.trunc(3 * x))


def test_graphs_inside_nodes_are_widened():
    def step(row, state):
        row = mx.sym.cast(row * 2, dtype="float16")
        return row, state + row

    data, state = (mx.sym.var(name, dtype="float16") for name in ("data", "state"))
    outputs, last = mx.sym.contrib.foreach(step, data, state)
    source = read_source(mx.sym.Group([outputs, last]))
    assert "float16" in source.symbol.text()
    text = widened(source).symbol.text()
    assert "float16" not in text
    declared = [n["attrs"]["__dtype__"] for n in json.loads(text)["nodes"] if n["op"] == "null"]
    assert declared == ["0", "0"]


@pytest.mark.parametrize("float16", ["keep", "float32"])
def test_automatic_mixed_precision(float16, rng):
    x = rng.uniform(-1, 1, (2, 3, 6, 6)).astype(np.float32)
    net = network()
    expected = net(mx.nd.array(x)).asnumpy()
    symbol = net(mx.sym.var("data"))
    arrays = {name: p.data() for name, p in net.collect_params().items()}
    states = {n: arrays.pop(n) for n in symbol.list_auxiliary_states()}
    symbol, arrays, states = amp.convert_model(
        symbol, arrays, states, target_dtype="float16", cast_optional_params=True
    )
    assert "amp_cast" in symbol.tojson()
    model = export_model(symbol, (arrays, states), [x.shape], onnx_file_path=None, float16=float16)
    casts = [node for node in model.graph.node if node.op_type == "Cast"]
    assert bool(casts) == (float16 == "keep") == (HALF in element_types(model))
    # the weights are cast already, so the input is float16
    halved = float16 == "keep"
    assert (model.graph.input[0].type.tensor_type.elem_type == HALF) == halved
    data = x.astype(np.float16) if halved else x
    (actual,) = Session(model.SerializeToString())({"data": data})
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, expected, 2e-2, 2e-2)


def test_narrowing_where_operands_meet():
    one, two = mx.sym.var("one", dtype="float16"), mx.sym.var("two", dtype="float32")
    symbol = mx.sym.Group(list(mx.sym.amp_multicast(one, two, num_outputs=2)))
    for float16, dtypes in (("keep", [SINGLE, SINGLE]), ("float32", [SINGLE, SINGLE])):
        model = export_model(symbol, {}, [(2,), (2,)], onnx_file_path=None, float16=float16)
        assert [v.type.tensor_type.elem_type for v in model.graph.output] == dtypes
        first = model.graph.input[0].type.tensor_type.elem_type
        assert first == (HALF if float16 == "keep" else SINGLE)


@pytest.mark.parametrize("float16", ["float64", True, None, np.float32])
def test_other_choices_are_refused(float16):
    with pytest.raises(ModelError, match="float16 is 'keep' or 'float32'"):
        export_model(mx.sym.var("x") + 1, {}, [(2,)], onnx_file_path=None, float16=float16)


def inputs_of(symbol, params, shapes):
    model = export_model(symbol, params, shapes, onnx_file_path=None)
    return [v.type.tensor_type.elem_type for v in model.graph.input]


def test_inputs_have_the_dtype_of_the_weights_that_they_meet():
    weight = np.ones((4, 3), np.float16)
    x, w = mx.sym.var("x"), mx.sym.var("w")
    y = mx.sym.FullyConnected(mx.sym.relu(x) * 2, w, num_hidden=4, no_bias=True)
    assert inputs_of(y, {"w": weight}, [(2, 3)]) == [HALF]
    double = {"w": weight.astype(np.float64)}
    assert inputs_of(y, double, [(2, 3)]) == [onnx.TensorProto.DOUBLE]
    # behind a cast, and where the input is an index
    y = mx.sym.FullyConnected(mx.sym.cast(x, dtype="float16"), w, num_hidden=4, no_bias=True)
    assert inputs_of(y, {"w": weight}, [(2, 3)]) == [SINGLE]
    y = mx.sym.Embedding(x, w, input_dim=4, output_dim=3)
    assert inputs_of(y, {"w": weight}, [(2, 3)]) == [SINGLE]


def test_a_model_is_not_written_over_its_own_files(tmp_path):
    net = network()
    net(mx.nd.zeros((1, 3, 6, 6)))
    net.export(str(tmp_path / "net"))
    symbol, params = tmp_path / "net-symbol.json", tmp_path / "net-0000.params"
    before = symbol.read_bytes(), params.read_bytes()
    shapes = [(1, 3, 6, 6)]
    for target in (symbol, params):
        for source in ((str(tmp_path / "net"), None), (symbol, params)):
            with pytest.raises(ModelError, match="would be overwritten"):
                export_model(*source, shapes, onnx_file_path=str(target))
    linked = tmp_path / "linked.onnx"
    linked.symlink_to(params)
    with pytest.raises(ModelError, match="would be overwritten"):
        export_model(symbol, params, shapes, onnx_file_path=linked)
    assert (symbol.read_bytes(), params.read_bytes()) == before
    beside = tmp_path / "net.onnx"
    export_model(symbol, params, shapes, onnx_file_path=beside)
    assert export_model(symbol, params, shapes, onnx_file_path=beside) == beside
