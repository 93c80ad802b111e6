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
"""The block that specialises."""

import logging
import threading

import mxnet as mx
import numpy as np
import onnx
import pytest
from mxnet import autograd, gluon
from mxnet.contrib.onnx import ConversionError, ModelError, OnnxBlock, import_to_gluon
from mxnet.contrib.onnx.onnx2mx.specialisations import AT_ONCE, MOST_KEPT
from onnx import TensorProto, helper, numpy_helper
from running import Session, assert_close, run_gluon


def parse(text, opset=17):
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]>\n{text}')


def ways(block):
    return [record.compiled for record in block.specialisations]


RESHAPE = "g (float[N, 6] x, int64[K] s) => (float[A, B] y) { y = Reshape(x, s) }"
#: How many rows are kept hangs on what the network computes.
CHOSEN = """
g (float[N, 3, H, W] x, float bound) => (float[M, 2] y)
<float[4] scale = {1, 2, 3, 4}, float[4] bias = {0, 1, 0, 0}, float[4] mean = {0, 1, 0, 0},
 float[4] var = {1, 1, 2, 1}> {
  c = Conv <pads = [1, 1, 1, 1]> (x, conv_w)
  n = BatchNormalization (c, scale, bias, mean, var)
  p = GlobalAveragePool (n)
  f = Flatten (p)
  d = Gemm (f, dense_w)
  m = ReduceMax <axes = [1], keepdims = 0> (d)
  k = Greater (m, bound)
  y = Compress <axis = 0> (d, k)
}"""


@pytest.fixture
def chosen(rng):
    model = parse(CHOSEN)
    for name, shape in (("conv_w", (4, 3, 3, 3)), ("dense_w", (4, 2))):
        array = rng.normal(size=shape).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    return model


@pytest.fixture
def images(rng):
    return rng.normal(size=(5, 3, 6, 7)).astype(np.float32)


def bound_between(model, images):
    """A bound that keeps some of the images."""
    kept = [len(Session(model)([images, np.array(b, np.float32)])[0]) for b in range(-20, 20)]
    return float(range(-20, 20)[next(i for i, n in enumerate(kept) if 0 < n < len(images))])


# -- what is compiled --------------------------------------------------------------------------


def test_values_that_decide_shapes_are_built_in(rng):
    model = parse(RESHAPE)
    block, session = import_to_gluon(model), Session(model)
    assert isinstance(block, OnnxBlock) and "input_values=" in block.reason
    x = rng.normal(size=(2, 6)).astype(np.float32)
    for sizes in ([-1, 2], [3, 4], [2, -1, 3], [3, 4]):
        given = [x, np.array(sizes)]
        assert_close(run_gluon(block, given), session(given), 0)
    assert ways(block) == [True] * 3
    assert "values built in: s" in repr(block) and "s = [3, 4]: compiled" in repr(block)


def test_other_shapes_are_other_specialisations(rng):
    model = parse(
        """g (float[1, 2, H, W] x) => (float[1, 2, A, B] y) <float[4] scales = {1, 1, 1.5, 2}> {
             y = Resize <mode = "linear"> (x, , scales) }"""
    )
    block, session = OnnxBlock(model), Session(model)
    for shape in ((1, 2, 4, 5), (1, 2, 6, 3), (1, 2, 4, 5)):
        given = [rng.normal(size=shape).astype(np.float32)]
        assert_close(run_gluon(block, given), session(given))
    assert ways(block) == [True, True]
    assert not list(block.collect_params()), "scales are no weights"


def test_what_the_network_computes_makes_it_eager(chosen, images, caplog):
    block = import_to_gluon(chosen)
    bound = bound_between(chosen, images)
    given = [images, np.array(bound, np.float32)]
    expected = Session(chosen)(given)
    assert 0 < len(expected[0]) < len(images)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert_close([block(mx.nd.array(images), mx.nd.array([bound])).asnumpy()], expected)
    assert ways(block) == [False]
    (record,) = block.specialisations
    assert "Compress" in record.reason and str(record) in repr(block)
    assert len(caplog.records) == 1 and record.reason in caplog.text


def test_the_number_of_specialisations_is_bounded(rng):
    block, given = OnnxBlock(parse(RESHAPE)), mx.nd.ones((2, 6))
    for rows in range(1, MOST_KEPT + 20):
        for _ in range(2):  # behind the first few, only what is met again is compiled
            out = block(mx.nd.ones((rows, 6)), mx.nd.array([-1, 3], dtype="int64"))
            assert out.shape == (2 * rows, 3)
        assert len(block.specialisations) == min(rows, MOST_KEPT)
    for rows in range(100, 110):
        block(mx.nd.ones((rows, 6)), mx.nd.array([-1, 3], dtype="int64"))
    assert len(block.specialisations) == MOST_KEPT and all(ways(block)) and AT_ONCE < MOST_KEPT
    assert block(given, mx.nd.array([3, 4], dtype="int64")).shape == (3, 4)


def test_large_inputs_do_not_decide():
    model = parse("g (float[N] x, bool[N] k) => (float[A] y) { y = Compress <axis = 0> (x, k) }")
    block, keep = OnnxBlock(model), np.arange(5000) % 3 == 0
    x = np.arange(5000, dtype=np.float32)
    assert_close(run_gluon(block, [x, keep]), [x[keep]], 0)
    assert ways(block) == [False]


@pytest.mark.parametrize("how", [{}, {"static_alloc": True, "static_shape": True}])
def test_hybridised_or_not(how, chosen, images, rng):
    given = [rng.normal(size=(2, 6)).astype(np.float32), np.array([3, 4])]
    block = OnnxBlock(parse(RESHAPE))
    plain = run_gluon(block, given)
    block.hybridize(**how)
    assert_close(run_gluon(block, given), plain, 0)
    block.hybridize(active=False)
    assert_close(run_gluon(block, given), plain, 0)
    block = OnnxBlock(chosen)
    plain = run_gluon(block, [images, np.array([0], np.float32)])
    block.hybridize(**how)
    assert_close(run_gluon(block, [images, np.array([0], np.float32)]), plain, 0)


def test_from_several_threads(rng):
    block = OnnxBlock(parse(RESHAPE))
    given = [(rng.normal(size=(2 + i % 3, 6)).astype(np.float32), i % 4) for i in range(24)]
    sizes, wrong = ([-1, 2], [-1, 3], [3, -1], [1, -1]), []

    def work(part):
        for x, k in part:
            y = block(mx.nd.array(x), mx.nd.array(sizes[k], dtype="int64")).asnumpy()
            if not np.array_equal(y, x.reshape(sizes[k])):
                wrong.append((x.shape, sizes[k]))

    threads = [threading.Thread(target=work, args=(given[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# -- training ----------------------------------------------------------------------------------


def test_parameters_are_the_model_s_weights(chosen):
    parameters = OnnxBlock(chosen).collect_params()
    assert set(parameters) == {"conv_w", "dense_w", "scale", "bias", "mean", "var"}
    still = {n for n, p in parameters.items() if p.grad_req == "null"}
    assert still == {"mean", "var"}


@pytest.mark.parametrize("eager", [True, False])
def test_fine_tunes(eager, chosen, images):
    """The statistics move too, and what is frozen does not."""
    if not eager:
        chosen.graph.node[-1].CopyFrom(helper.make_node("Identity", ["d"], ["y"]))
    block = OnnxBlock(chosen)
    block.collect_params("conv.*").setattr("grad_req", "null")
    before = {n: p.data().asnumpy() for n, p in block.collect_params().items()}
    trainer = gluon.Trainer(block.collect_params(), "adam", {"learning_rate": 0.05})
    x, bound, losses = mx.nd.array(images), mx.nd.array([-100.0]), []
    target = mx.nd.array(np.eye(2)[[0, 1, 0, 1, 1]])
    for _ in range(30):
        with autograd.record():
            loss = gluon.loss.L2Loss()(block(x, bound), target)
        loss.backward()
        trainer.step(len(images), ignore_stale_grad=True)
        losses.append(float(loss.mean().asscalar()))
    assert losses[-1] < 0.5 * losses[0] and ways(block) == [not eager]
    after = {n: p.data().asnumpy() for n, p in block.collect_params().items()}
    assert {n for n in before if np.array_equal(before[n], after[n])} == {"conv_w"}


def test_gradients_are_the_same_compiled_and_eager(chosen, images):
    other = onnx.ModelProto()
    other.CopyFrom(chosen)
    other.graph.node[-1].CopyFrom(helper.make_node("Identity", ["d"], ["y"]))
    gradients = []
    for model in (chosen, other):
        block, x = OnnxBlock(model), mx.nd.array(images)
        x.attach_grad()
        with autograd.record():
            y = (block(x, mx.nd.array([-100.0])) ** 3).sum()
        y.backward()
        found = {n: p.grad() for n, p in block.collect_params().items() if p.grad_req != "null"}
        gradients.append([x.grad.asnumpy(), *(found[n].asnumpy() for n in sorted(found))])
    assert len(gradients[0]) == 5 and all(abs(g).max() > 0 for g in gradients[0])
    assert_close(*gradients, 1e-5)


def test_a_weight_that_was_changed_is_used(rng):
    """By what is compiled and by what is folded no more."""
    model = parse(
        """g (float[N, 2] x, int64[K] s) => (float[A, B] y) <float[3, 2] w = {1, 2, 3, 4, 5, 6}> {
             t = Transpose (w) m = MatMul (x, t) y = Reshape (m, s) }"""
    )
    block = OnnxBlock(model)
    x, s = np.array([[1, 1]], np.float32), np.array([3])
    assert run_gluon(block, [x, s])[0].tolist() == [3, 7, 11]
    block.collect_params()["w"].set_data(mx.nd.ones((3, 2)))
    assert run_gluon(block, [x, s])[0].tolist() == [2, 2, 2]


def test_weights_of_subgraphs_are_parameters(rng):
    body = parse("g () => (float[2] t) <float[2] w = {1, 2}> { t = Add(x, w) }").graph
    other = parse("g () => (float[2] e) { e = Identity(x) }").graph
    model = parse("g (float[2] x, bool k) => (float[2] y) { y = Identity(x) }")
    del model.graph.node[:]
    node = helper.make_node("If", ["k"], ["y"], then_branch=body, else_branch=other)
    model.graph.node.append(node)
    block = import_to_gluon(model)
    assert set(block.collect_params()) == {"w"}
    with autograd.record():
        y = block(mx.nd.zeros(2), mx.nd.array([1], dtype=bool)).sum()
    y.backward()
    assert block.collect_params()["w"].grad().asnumpy().tolist() == [1, 1]
    assert run_gluon(block, [np.zeros(2, np.float32), np.array([False])])[0].tolist() == [0, 0]


# -- parameters, contexts, types ---------------------------------------------------------------


def test_parameters_are_saved_and_loaded(chosen, images, tmp_path):
    block, other = OnnxBlock(chosen), OnnxBlock(chosen)
    for parameter in block.collect_params().values():
        parameter.set_data(parameter.data() * 0.5)
    given = [images, np.array([-100], np.float32)]
    before = run_gluon(other, given)[0]
    block.save_parameters(str(tmp_path / "net.params"))
    other.load_parameters(str(tmp_path / "net.params"))
    assert_close(run_gluon(other, given), run_gluon(block, given), 0)
    assert abs(run_gluon(other, given)[0] - before).max() > 0
    assert set(mx.nd.load(str(tmp_path / "net.params"))) == set(block.collect_params())


def test_exports_what_it_compiled(tmp_path, rng):
    model = parse(
        """g (float[N, 2] x, int64[K] s) => (float[A, B] y) <float[3, 2] w = {1, 2, 3, 4, 5, 6}> {
             t = Transpose (w) m = MatMul (x, t) y = Reshape (m, s) }"""
    )
    block = OnnxBlock(model)
    with pytest.raises(RuntimeError, match="no call has run"):
        block.export(str(tmp_path / "net"))
    x = rng.normal(size=(4, 2)).astype(np.float32)
    expected = run_gluon(block, [x, np.array([6, 2])])
    paths = block.export(str(tmp_path / "net"))
    again = gluon.SymbolBlock.imports(paths[0], ["x"], paths[1])
    assert_close(run_gluon(again, [x]), expected, 0)


def test_cast_is_of_parameters_and_edges(chosen, images):
    block = OnnxBlock(chosen)
    wide = block(mx.nd.array(images), mx.nd.array([-100]))
    block.cast("float16")
    y = block(mx.nd.array(images, dtype="float16"), mx.nd.array([-100], dtype="float16"))
    assert y.dtype == np.float16
    assert {p.dtype for p in block.collect_params().values()} == {"float16"}
    assert np.allclose(y.asnumpy(), wide.asnumpy(), atol=2e-2 * abs(wide.asnumpy()).max())


def test_contexts(chosen, images):
    block = OnnxBlock(chosen, ctx=[mx.cpu(0), mx.cpu(1)])
    expected = Session(chosen)([images, np.array(-100, np.float32)])
    for context in (mx.cpu(0), mx.cpu(1)):
        y = block(mx.nd.array(images, ctx=context), mx.nd.array([-100], ctx=context))
        assert y.context == context
        assert_close([y.asnumpy()], expected)
    block.reset_ctx(mx.cpu(2))
    assert block.collect_params()["conv_w"].list_ctx() == [mx.cpu(2)]
    y = block(mx.nd.array(images, ctx=mx.cpu(2)), mx.nd.array([-100], ctx=mx.cpu(2)))
    assert_close([y.asnumpy()], expected)


# -- what goes in and out ----------------------------------------------------------------------


def test_an_input_with_a_default_is_given_or_left_out():
    model = parse("g (float[N] x, float[1] k) => (float[N] y) { y = Mul(x, k) }")
    model.graph.initializer.append(numpy_helper.from_array(np.array([2], np.float32), "k"))
    block, x = OnnxBlock(model), mx.nd.array([1, 2])
    assert (block.input_names, block.default_names) == (("x",), ("k",))
    assert block(x).asnumpy().tolist() == [2, 4]
    assert block(x, k=mx.nd.array([3])).asnumpy().tolist() == [3, 6]
    assert block(x).asnumpy().tolist() == [2, 4]
    with pytest.raises(
        ValueError, match="'z' is no input with a default; these are given by name: 'k'"
    ):
        block(x, z=x)
    with pytest.raises(ValueError, match="0 inputs are given, the model takes: 'x'"):
        block()


def test_values_that_are_given_are_no_inputs():
    block = OnnxBlock(parse(RESHAPE), input_values={"s": [-1, 2]})
    assert block.input_names == ("x",) and block(mx.nd.zeros((2, 6))).shape == (6, 2)


@pytest.mark.parametrize("eager", [True, False])
def test_rank_0_and_empty_arrays(eager):
    text = "c = Compress <axis = 0> (x, k)" if eager else "c = Identity (x)"
    model = parse(
        f"g (float s, float[N] x, bool[N] k) => (float y, float[M] c) {{ "
        f"n = ReduceSum <keepdims = 0> (x) y = Mul(n, s) {text} }}"
    )
    for numpy_style in (False, True):
        mx.util.set_np(shape=numpy_style, array=numpy_style)
        try:
            block, arrays = OnnxBlock(model), mx.np if numpy_style else mx.nd
            two = arrays.array([1, 2])
            none = arrays.array([0, 0], dtype=bool)
            scalar = arrays.array(3.0) if numpy_style else arrays.array([3.0])
            y, c = block(scalar, two, none)
            assert isinstance(y, arrays.ndarray if numpy_style else arrays.NDArray)
            assert y.shape == (() if numpy_style else (1,)) and float(y.asnumpy()) == 9
            assert c.shape == ((0,) if eager else (2,)) and c.asnumpy().dtype == np.float32
            if numpy_style:
                empty = arrays.zeros((0,))
                y, c = block(scalar, empty, arrays.zeros((0,), dtype=bool))
                assert float(y) == 0 and c.shape == (0,)
        finally:
            mx.util.reset_np()


def test_numpy_arrays_are_taken_too(images, chosen):
    block = OnnxBlock(chosen)
    y = block(images, np.array(-100, np.float32))
    assert isinstance(y, mx.nd.NDArray)
    assert_close([y.asnumpy()], Session(chosen)([images, np.array(-100, np.float32)]))


def test_sequences():
    model = parse("g (float[N] a) => (float[N] y) { y = Identity(a) }", 18)
    del model.graph.input[:], model.graph.output[:], model.graph.node[:]
    kind = helper.make_tensor_type_proto(TensorProto.FLOAT, [None, 2])
    sequence = helper.make_sequence_type_proto(kind)
    model.graph.input.append(helper.make_value_info("s", sequence))
    model.graph.output.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2]))
    model.graph.output.append(helper.make_value_info("t", sequence))
    model.graph.node.append(helper.make_node("ConcatFromSequence", ["s"], ["y"], axis=0))
    model.graph.node.append(helper.make_node("SequenceInsert", ["s", "y"], ["t"]))
    block = import_to_gluon(model)
    assert isinstance(block, OnnxBlock)
    parts = [mx.nd.array([[1, 2]]), mx.nd.array([[3, 4], [5, 6]])]
    y, t = block(parts)
    assert y.asnumpy().tolist() == [[1, 2], [3, 4], [5, 6]]
    assert [each.shape for each in t] == [(1, 2), (2, 2), (3, 2)]
    with pytest.raises(ModelError, match="'s' is a sequence; give a list"):
        block(parts[0])


def test_strings_stay_with_numpy():
    model = parse("g (string[N] a, string[N] b) => (string[N] y) { y = StringConcat(a, b) }", 20)
    y = import_to_gluon(model)(np.array(["a", "b"], object), np.array(["c", "d"]))
    assert isinstance(y, np.ndarray) and y.tolist() == ["ac", "bd"]


def test_types_that_mxnet_lacks_come_in_what_carries_them():
    model = parse("g (uint16[N] x, int64[K] s) => (uint16[A, B] y) { y = Reshape(x, s) }")
    block, numbers = import_to_gluon(model), np.array([1, 2, 65535, 4], np.uint16)
    for x in (numbers, mx.nd.array(numbers, dtype="int32")):
        y = block(x, mx.nd.array([2, 2], dtype="int64"))
        assert y.dtype == np.int32 and y.asnumpy().tolist() == [[1, 2], [65535, 4]]


@pytest.mark.parametrize(
    "given, match",
    [
        ([mx.nd.zeros((2, 5)), mx.nd.array([5, 2], dtype="int64")], r"shape \(2, 5\).*\(N, 6\)"),
        ([mx.nd.zeros((2, 6)), mx.nd.array([5, 2])], "'s' is given as .*float32.*dtype='int64'"),
        ([None, mx.nd.array([5, 2], dtype="int64")], "'x' is not given"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(given, match):
    with pytest.raises(ModelError, match=match):
        OnnxBlock(parse(RESHAPE))(*given)


def test_what_no_way_can_compute_is_refused_when_it_is_run():
    block = OnnxBlock(parse(RESHAPE))
    with pytest.raises(ConversionError, match="Reshape"):
        block(mx.nd.zeros((2, 6)), mx.nd.array([5, 2], dtype="int64"))


def test_arguments_are_checked():
    with pytest.raises(ModelError, match="no input 'z'"):
        import_to_gluon(parse(RESHAPE), input_shapes={"z": (1,)})
    with pytest.raises(ModelError, match="ctx="):
        OnnxBlock(parse(RESHAPE), ctx="cpu")
    block = OnnxBlock(parse(RESHAPE), input_shapes={"x": (2, 6)})
    with pytest.raises(ModelError, match="the model says"):
        block(mx.nd.zeros((3, 6)), mx.nd.array([6, 3], dtype="int64"))


# -- strange files -----------------------------------------------------------------------------

STRANGE = {
    "no inputs": "g () => (float[2] y) <float[2] w = {1, -1}> { y = Relu (w) }",
    "no inputs, known outputs": "g () => (int64[1] y) <float[2] w = {1, -1}> { y = Shape (w) }",
    "an input and a weight as outputs": (
        "g (float[N] x) => (float[N] x, float[2] w, float[N] y) <float[2] w = {1, -1}> "
        "{ y = Neg (x) }"
    ),
    "an unused input": "g (float[N] x, float[M] unused) => (float[N] y) { y = Neg (x) }",
    "names that MXNet cannot hold": (
        "g (float[N] x) => (float[N] y) <float[2] w = {1, -1}> { a = Add (x, w) y = Neg (a) }"
    ),
}


@pytest.mark.parametrize("name", STRANGE)
def test_strange_files(name, rng):
    model = parse(STRANGE[name])
    if "names" in name:
        for node in model.graph.node:
            for names in (node.input, node.output):
                names[:] = [f"${n}:0/$" for n in names]
        for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
            value.name = f"${value.name}:0/$"
    block = OnnxBlock(model)
    given = [rng.normal(size=2).astype(np.float32) for _ in block.input_names]
    session = Session(model)
    expected = session(given)
    assert block.output_names == tuple(session.outputs)
    assert_close(run_gluon(block, given), expected, 0)
    if "outputs" in name and given:  # arrays of their own
        x = mx.nd.array(given[0])
        outputs = block(x)
        outputs[0][:] = 0
        outputs[1][:] = 0
        assert_close([x.asnumpy(), block(x)[1].asnumpy()], [given[0], expected[1]], 0)


def test_initializers_that_are_inputs_too():
    """As in files before IR version 4: they are weights, and can be given all the same."""
    model = parse("g (float[2] x, float[2] w) => (float[2] y) { y = Mul (x, w) }")
    model.ir_version = 3
    model.graph.initializer.append(numpy_helper.from_array(np.array([2, 3], np.float32), "w"))
    block, x = OnnxBlock(model), mx.nd.array([1, 1])
    assert block.input_names == ("x",) and list(block.collect_params()) == ["w"]
    assert block(x).asnumpy().tolist() == [2, 3]
    assert block(x, w=mx.nd.array([5, 6])).asnumpy().tolist() == [5, 6]


def test_a_switch_is_built_in_where_the_branches_are_no_match():
    """One branch has no sense for the input that the other is for."""
    branches = [
        parse(f"g () => (float[N] t) <int64[2] s = {{{s}}}, int64[1] o = {{-1}}> "
              "{ r = Reshape (x, s) t = Reshape (r, o) }").graph
        for s in ("2, 3", "3, 5")
    ]  # fmt: skip
    model = parse(
        "g (float[M] x, int64 k) => (float[N] y) <int64 one = {1}> { q = Equal (k, one) }"
    )
    model.graph.node.append(
        helper.make_node("If", ["q"], ["y"], then_branch=branches[0], else_branch=branches[1])
    )
    block = OnnxBlock(model)
    for size, k in ((6, 1), (15, 0), (6, 1)):
        x = np.arange(size, dtype=np.float32)
        assert_close(run_gluon(block, [x, np.array([k])]), [x], 0)
    assert ways(block) == [True, True] and "k = 1: compiled" in repr(block)


def test_graphs_and_hybrid_blocks_cannot_hold_it():
    block = OnnxBlock(parse("g (float[2] x) => (float[2] y) { y = Relu (x) }"))
    with pytest.raises(ModelError, match="is given as a Symbol"):
        block(mx.sym.var("x"))
    with pytest.raises(ValueError, match="a HybridBlock cannot"):
        mx.gluon.nn.HybridSequential().add(block)
    outer = mx.gluon.nn.Sequential()
    outer.add(block)
    outer.hybridize()
    np.testing.assert_array_equal(outer(mx.nd.array([-1, 2])).asnumpy(), [0, 2])


def test_gradients_reach_what_is_stacked_with_constants():
    """The first row of the loop is a constant, the others are computed."""
    model = parse("""
g (float[2] x, int64 n) => (float[K, 2] y) <float[2] s = {1, 2}, bool go = {1}> {
  last, y = Loop <body = b (int64 i, bool c, float[2] a) => (bool d, float[2] e, float[2] f)
    { d = Identity (c)  e = Mul (x, x)  f = Identity (a) }> (n, go, s)
}""")
    block, x = OnnxBlock(model), mx.nd.array([3, 4])
    x.attach_grad()
    for _ in range(2):
        with autograd.record():
            y = block(x, np.int64(3)).sum()
        y.backward()
        np.testing.assert_array_equal(x.grad.asnumpy(), [12, 16])
