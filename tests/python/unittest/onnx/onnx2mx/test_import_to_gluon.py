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
"""The Gluon block: predicted, hybridized, trained, saved, exported, in both styles of arrays."""

import mxnet as mx
import numpy as np
import onnx
import pytest
from mxnet import autograd, gluon
from mxnet.contrib.onnx import import_to_gluon
from onnx import numpy_helper
from running import Session, assert_close, run_gluon


def parse(text, opset=17):
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]>\n{text}')


NET = """
g (float[N, 3, H, W] x, int64[2] pick) => (float[N, 2] y, float z)
<int64[1] k = {0}> {
  c = Conv <pads = [1, 1, 1, 1]> (x, conv_w, conv_b)
  n = BatchNormalization(c, bn_scale, bn_bias, bn_mean, bn_var)
  r = Relu(n)
  p = GlobalAveragePool(r)
  f = Flatten(p)
  d = Gemm <transB = 1> (f, dense_w, dense_b)
  y = Gather <axis = 1> (d, pick)
  z = ReduceSum <keepdims = 0> (y)
}"""


@pytest.fixture
def net(rng):
    model = parse(NET)
    arrays = {
        "conv_w": rng.normal(size=(4, 3, 3, 3)),
        "conv_b": rng.normal(size=4),
        "bn_scale": rng.uniform(0.5, 1, 4),
        "bn_bias": rng.normal(size=4),
        "bn_mean": rng.normal(size=4),
        "bn_var": rng.uniform(0.5, 1, 4),
        "dense_w": rng.normal(size=(5, 4)),
        "dense_b": rng.normal(size=5),
    }
    model.graph.initializer.extend(
        numpy_helper.from_array(a.astype(np.float32), n) for n, a in arrays.items()
    )
    return model


@pytest.fixture
def inputs(rng):
    return [rng.normal(size=(2, 3, 5, 6)).astype(np.float32), np.array([4, 1])]


HYBRIDIZED = [None, {}, {"static_alloc": True, "static_shape": True}]


@pytest.mark.parametrize("how", HYBRIDIZED)
def test_predicts_at_several_sizes(how, net, rng):
    block, session = import_to_gluon(net), Session(net)
    if how is not None:
        block.hybridize(**how)
    for shape in ((1, 3, 4, 4), (5, 3, 7, 2)):
        given = [rng.normal(size=shape).astype(np.float32), np.array([0, 3])]
        assert_close(run_gluon(block, given), session(given))


def test_names_types_and_what_is_trained(net):
    block = import_to_gluon(net)
    assert block.input_names == ("x", "pick") and block.output_names == ("y", "z")
    parameters = block.collect_params()
    assert {n for n, p in parameters.items() if p.grad_req == "null"} == {"bn_mean", "bn_var"}
    assert set(parameters) == {i.name for i in net.graph.initializer} - {"k"}
    assert all(p.shape == p.data().shape and p.dtype == np.float32 for p in parameters.values())


def test_constants_that_are_no_weights_are_kept_out_of_training():
    text = """
    g (float[2, 4] x) => (float[2, 2] y, float[2, 4] z)
    <int64[2] i = {1, 3}, float[4] w = {1, 2, 3, 4}, float one = {1}> {
      y = Gather <axis = 1> (x, i) s = Shape(w) r = Range(zero, limit, step) f = Cast <to = 1> (r)
      a = Mul(w, f) b = Add(x, a) z = Add(b, one)
    }"""
    model = parse(text)
    for name, value in (("zero", 0), ("limit", 4), ("step", 1)):
        model.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
    parameters = import_to_gluon(model).collect_params()
    assert {n: (p.dtype, p.grad_req) for n, p in parameters.items()} == {
        "i": (np.int64, "null"),
        "a": (np.float32, "write"),
    }


@pytest.mark.parametrize("hybridize", [False, True])
def test_fine_tunes_statistics_included(hybridize, net, inputs, rng):
    block = import_to_gluon(net)
    if hybridize:
        block.hybridize()
    before = {n: p.data().asnumpy() for n, p in block.collect_params().items()}
    trainer = gluon.Trainer(block.collect_params(), "adam", {"learning_rate": 0.03})
    x, pick = mx.nd.array(inputs[0]), mx.nd.array(inputs[1], dtype="int64")
    target, losses = mx.nd.array([[1.0, -1.0], [-1.0, 1.0]]), []
    for _ in range(40):
        with autograd.record():
            loss = gluon.loss.L2Loss()(block(x, pick)[0], target)
        loss.backward()
        trainer.step(2)
        losses.append(float(loss.mean().asscalar()))
    assert losses[-1] < 0.5 * losses[0]
    after = {n: p.data().asnumpy() for n, p in block.collect_params().items()}
    still = {n for n in before if np.array_equal(before[n], after[n])}
    assert not still - {"conv_b"}, "all weights and the statistics have moved"


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize(
    "nodes", ["y = Add (x, c)", "z = Relu (x) y = Add (c, z)", "y = Sum (x, c)"]
)
def test_a_weight_that_is_added_last_has_a_gradient(nodes, static):
    """MXNet's elemwise_add leaves it 0 where memory is static."""
    model = parse(
        f"g (float[2, 3] x) => (float[2, 3] y) <float[2, 3] c = {{1, 2, 3, 4, 5, 6}}> {{ {nodes} }}"
    )
    block = import_to_gluon(model)
    block.hybridize(static_alloc=static, static_shape=static)
    given = np.arange(6, dtype=np.float32).reshape(2, 3)
    with autograd.record():
        y = block(mx.nd.ones((2, 3)))
    y.backward(mx.nd.array(given))
    assert np.array_equal(block.collect_params()["c"].grad().asnumpy(), given)


def test_frozen_parameters_stay(net, inputs):
    block = import_to_gluon(net)
    block.collect_params("conv.*").setattr("grad_req", "null")
    trainer = gluon.Trainer(block.collect_params(), "sgd", {"learning_rate": 0.1, "wd": 0.1})
    before = {n: p.data().asnumpy() for n, p in block.collect_params().items()}
    with autograd.record():
        loss = block(mx.nd.array(inputs[0]), mx.nd.array(inputs[1], dtype="int64"))[0].sum()
    loss.backward()
    trainer.step(1)
    moved = {
        n for n, p in block.collect_params().items() if (p.data().asnumpy() != before[n]).any()
    }
    assert moved >= {"dense_w", "dense_b", "bn_scale"} and not moved & {"conv_w", "conv_b"}


@pytest.mark.parametrize("prefix", ["", "layer.", "common_"])
def test_parameters_are_saved_and_loaded(prefix, net, inputs, tmp_path):
    """Also where the names begin alike, or have dots, which gluon.Block reads in another way."""
    for name in [i.name for i in net.graph.initializer]:
        for node in net.graph.node:
            for place, read in enumerate(node.input):
                if read == name:
                    node.input[place] = prefix + name
    for initializer in net.graph.initializer:
        initializer.name = prefix + initializer.name
    block, other = import_to_gluon(net), import_to_gluon(net)
    path = str(tmp_path / "net.params")
    for parameter in block.collect_params().values():
        parameter.set_data(parameter.data() * 0.5)
    block.save_parameters(path)
    other.load_parameters(path)
    assert_close(run_gluon(other, inputs), run_gluon(block, inputs), 0)
    assert set(mx.nd.load(path)) == set(block.collect_params())


def test_exports_and_reloads(net, inputs, tmp_path):
    block = import_to_gluon(net)
    block.hybridize()
    expected = run_gluon(block, inputs)
    block.export(str(tmp_path / "net"))
    files = str(tmp_path / "net-symbol.json"), ["x", "pick"], str(tmp_path / "net-0000.params")
    assert_close(run_gluon(gluon.SymbolBlock.imports(*files), inputs), expected)
    symbol, arg_params, aux_params = mx.model.load_checkpoint(str(tmp_path / "net"), 0)
    assert set(aux_params) == {"bn_mean", "bn_var"} and "dense_w" in arg_params
    assert symbol.list_outputs() == ["y_output", "z_output"]


def test_part_of_a_larger_block(net, inputs):
    class Larger(gluon.HybridBlock):
        def __init__(self, inner):
            super().__init__()
            with self.name_scope():
                self.inner, self.head = inner, gluon.nn.Dense(3)

        def hybrid_forward(self, F, x, pick):
            return self.head(self.inner(x, pick)[0])

    larger = Larger(import_to_gluon(net))
    larger.head.initialize()
    plain = run_gluon(larger, inputs)
    larger.hybridize()
    assert_close(run_gluon(larger, inputs), plain, 1e-6)
    assert plain[0].shape == (2, 3)


def test_several_contexts(net, inputs):
    contexts = [mx.cpu(0), mx.cpu(1)]
    block = import_to_gluon(net, ctx=contexts)
    for context in contexts:
        given = [mx.nd.array(a, dtype=a.dtype, ctx=context) for a in inputs]
        outputs = block(*given)
        assert outputs[0].context == context
        assert_close([o.asnumpy() for o in outputs], Session(net)(inputs))


def test_the_current_context_is_the_default(net):
    with mx.cpu(1):
        block = import_to_gluon(net)
    assert block.collect_params()["conv_w"].list_ctx() == [mx.cpu(1)]


@pytest.mark.parametrize("how", HYBRIDIZED)
def test_numpy_arrays_go_in_and_out_where_they_are_switched_on(how, net, inputs, tmp_path):
    mx.npx.set_np()
    try:
        block = import_to_gluon(net)
        if how is not None:
            block.hybridize(**how)
        given = [mx.np.array(a, dtype=a.dtype) for a in inputs]
        y, z = block(*given)
        assert type(y) is mx.np.ndarray and z.shape == ()
        expected = Session(net)(inputs)
        assert_close([y.asnumpy(), z.asnumpy()], expected)
        with autograd.record():
            loss = block(*given)[1]
        loss.backward()
        assert float(abs(block.collect_params()["dense_w"].grad()).sum()) > 0
        block.save_parameters(str(tmp_path / "net.params"))
        block.load_parameters(str(tmp_path / "net.params"))
    finally:
        mx.npx.reset_np()


def test_rank_0_in_and_out():
    model = parse(
        "g (float s, float[N] x) => (float y) { a = Mul(x, s) y = ReduceSum <keepdims = 0> (a) }"
    )
    block = import_to_gluon(model)
    assert block(mx.nd.array([3.0]), mx.nd.array([1.0, 2.0])).asnumpy().tolist() == [9.0]
    mx.npx.set_np()
    try:
        y = import_to_gluon(model)(mx.np.array(3.0), mx.np.array([1.0, 2.0]))
        assert y.shape == () and float(y) == 9.0
    finally:
        mx.npx.reset_np()


def test_inputs_that_nothing_reads_are_taken_and_not_looked_at(tmp_path):
    model = parse("g (float[2] a, float[3] unused, float[2] b) => (float[2] y) { y = Sub(a, b) }")
    block = import_to_gluon(model)
    block.hybridize()
    given = [mx.nd.array([5, 6]), mx.nd.array([0, 0, 0]), mx.nd.array([1, 2])]
    assert block(*given).asnumpy().tolist() == [4, 4]
    with pytest.raises(ValueError, match="2 inputs are given.*'a', 'unused', 'b'"):
        block(*given[:2])
    block = import_to_gluon(model, input_values={"unused": [0, 0, 0]})
    assert block(given[0], given[2]).asnumpy().tolist() == [4, 4]


def test_no_inputs():
    block = import_to_gluon(parse("g () => (float[2] y) <float[2] w = {1, -1}> { y = Relu(w) }"))
    assert block().asnumpy().tolist() == [1, 0]


def test_values_that_are_given_are_no_inputs():
    model = parse("g (float[N, 6] x, int64[2] s) => (float[A, B] y) { y = Reshape(x, s) }")
    block = import_to_gluon(model, input_values={"s": [-1, 2]})
    assert block.input_names == ("x",) and block(mx.nd.zeros((2, 6))).shape == (6, 2)


def test_assumptions_are_kept():
    text = """
    g (float[N, S] x) => (float[N, S] y) <int64[1] z = {0}, int64[1] o = {1}> {
      s = Shape(x) n = Slice(s, z, o) q = Equal(n, o) c = Cast <to = 1> (q) y = Add(x, c)
    }"""
    with pytest.warns(mx.contrib.onnx.ConversionWarning):
        block = import_to_gluon(parse(text))
    assert block.assumptions == ("Equal node 'q' gives [False] whatever the sizes are",)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_floats_keep_their_type(dtype, rng):
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    model = parse("g (float[N, 4] x) => (float[N, 4] y) { a = Mul(x, w) y = Relu(a) }")
    model.graph.input[0].type.tensor_type.elem_type = kind
    model.graph.output[0].type.tensor_type.elem_type = kind
    model.graph.initializer.append(numpy_helper.from_array(rng.normal(size=4).astype(dtype), "w"))
    block = import_to_gluon(model)
    assert block.collect_params()["w"].dtype == np.dtype(dtype)
    x = rng.normal(size=(2, 4)).astype(dtype)
    assert_close(run_gluon(block, [x]), Session(model)({"x": x}), 1e-3)


def test_types_that_mxnet_lacks_are_carried():
    block = import_to_gluon(
        parse("g (uint16[N] x, uint16[N] z) => (uint16[N] y) { y = Add(x, z) }")
    )
    y = block(mx.nd.array([1, 65535], dtype="int32"), mx.nd.array([2, 2], dtype="int32"))
    assert y.dtype == np.int32 and y.asnumpy().tolist() == [3, 1]
