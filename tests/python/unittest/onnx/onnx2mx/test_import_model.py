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
"""Symbol and parameters as Module takes them: bound, predicted, fitted and saved as they are."""

import warnings

import mxnet as mx
import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx import (
    ConversionError,
    ConversionWarning,
    ModelError,
    import_model,
    import_to_gluon,
)
from mxnet.contrib.onnx.dtypes import carrier
from mxnet.contrib.onnx.onnx2mx.import_model import translate
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from running import Session, as_arrays, assert_close, run_module


def parse(text, opset=17):
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]>\n{text}')


def run(model, inputs, **how):
    """Import, predict with a Module, compare with ONNX's reference; gives what was imported.

    ONNX Runtime dies of some of these graphs.
    """
    imported = import_model(model, **how)
    used = {n: inputs[n] for n in imported[0].list_arguments() if n in inputs}
    if used:
        outputs = run_module(*imported, used)
    else:
        executor = imported[0].bind(mx.cpu(), imported[1], grad_req="null")
        outputs = [o.asnumpy() for o in executor.forward()]
    assert_close(outputs, ReferenceEvaluator(model).run(None, inputs))
    return imported


X = np.random.default_rng(3).normal(size=(2, 3)).astype(np.float32)
W = "<float[3] w = {1, -2, 3}>"

# -- strange graphs ----------------------------------------------------------------------------

STRANGE = {
    "an output that is an input": f"(float[2, 3] x, float[2, 3] y) {W} {{ y = Add(x, w) }}",
    "an output that is a weight": f"(float[3] w, float[2, 3] y) {W} {{ y = Add(x, w) }}",
    "an output that is a constant":
        "(float[2] c, float[2, 3] y) { c = Constant <value = float[2] {4, 5}> () y = Relu(x) }",
    "an output that is read too":
        f"(float[2, 3] a, float[2, 3] y) {W} {{ a = Add(x, w) y = Exp(a) }}",
    "one value under two names":
        "(float[2, 3] a, float[2, 3] b) { a = Relu(x) b = Identity(a) }",
    "nothing but an input": "(float[2, 3] x) { }",
    "several outputs of one node":
        "(float[2, 1] a, float[2, 2] b) <int64[2] s = {1, 2}>"
        "{ a, b = Split <axis = 1> (x, s) }",
    "a part of a node's outputs":
        "(float[2, 1] a) <int64[2] s = {1, 2}> { a, unused = Split <axis = 1> (x, s) }",
    "rank 0": "(float y, int64 z) { y = ReduceSum <keepdims = 0> (x) z = Size(x) }",
}  # fmt: skip
WITHOUT_INPUTS = {
    "a layer of a weight": f"(float[3] y) {W} {{ y = Relu(w) }}",
    "a constant": "(float[2] y) { y = Constant <value = float[2] {4, 5}> () }",
}


@pytest.mark.parametrize("graph", STRANGE.values(), ids=STRANGE)
def test_strange_graphs(graph):
    model = parse(f"g (float[2, 3] x) => {graph}")
    symbol, *_ = run(model, {"x": X})
    assert symbol.list_outputs() == [f"{o.name}_output" for o in model.graph.output]


def test_nodes_called_like_other_things():
    model = parse("g (float[2, 3] x) => (float[2, 3] y) { a = Relu(x) b = Exp(a) y = Neg(b) }")
    for node, name in zip(model.graph.node, "yxa"):
        node.name = name
    symbol, *_ = run(model, {"x": X})
    assert symbol.list_outputs() == ["y_output"]


@pytest.mark.parametrize("graph", WITHOUT_INPUTS.values(), ids=WITHOUT_INPUTS)
def test_graphs_without_inputs(graph):
    symbol, *_ = run(parse(f"g () => {graph}"), {})
    assert symbol.list_outputs() == ["y_output"]


def test_an_input_that_nothing_reads_is_left_out():
    text = "g (float[2, 3] x, float[5] unused, seq(float) odd) => (float[2, 3] y) { y = Relu(x) }"
    symbol, arg_params, aux_params = import_model(parse(text))
    assert symbol.list_arguments() == ["x"]
    assert np.array_equal(run_module(symbol, arg_params, aux_params, {"x": X})[0], np.maximum(X, 0))


def test_the_same_output_twice():
    model = parse("g (float[2, 3] x) => (float[2, 3] y) { y = Relu(x) }")
    model.graph.output.append(model.graph.output[0])
    symbol, arg_params, aux_params = import_model(model)
    assert len(set(symbol.list_outputs())) == 2
    first, second = run_module(symbol, arg_params, aux_params, {"x": X})
    assert np.array_equal(first, np.maximum(X, 0)) and np.array_equal(first, second)


@pytest.mark.parametrize("name", ["a b", "a/b:0", "ü", 'a"b', "a\\b", "a\nb", "arg:x", "0"])
def test_any_name_survives_module_and_a_checkpoint(name, tmp_path):
    model = parse(f"g (float[2, 3] x) => (float[2, 3] y) {W}{{ y = Add(x, w) }}")
    model.graph.input[0].name = model.graph.node[0].input[0] = name
    model.graph.initializer[0].name = model.graph.node[0].input[1] = f"{name}w"
    model.graph.output[0].name = model.graph.node[0].output[0] = f"{name}y"
    symbol, arg_params, aux_params = run(model, {name: X})
    assert list(arg_params) == [f"{name}w"] and symbol.list_outputs() == [f"{name}y_output"]
    mx.model.save_checkpoint(str(tmp_path / "net"), 0, symbol, arg_params, aux_params)
    loaded = mx.model.load_checkpoint(str(tmp_path / "net"), 0)
    assert_close(run_module(*loaded, {name: X}), Session(model)({name: X}))


def test_a_dollar_becomes_an_underscore():
    """Symbol.attr_dict, which Module's optimizers read, falls over it."""
    model = parse(f"g (float[2, 3] x) => (float[2, 3] y) {W}{{ y = Add(x, w) }}")
    model.graph.input[0].name = model.graph.node[0].input[0] = "x$1"
    model.graph.initializer[0].name = model.graph.node[0].input[1] = "x_1"
    symbol, arg_params, aux_params = import_model(model)
    assert symbol.list_arguments() == ["x_1", "x_1_1"] and list(arg_params) == ["x_1_1"]
    assert set(symbol.attr_dict()) == {"x_1", "x_1_1"}
    block = import_to_gluon(model)
    assert np.allclose(block(mx.nd.array(X)).asnumpy(), X + arg_params["x_1_1"].asnumpy())


# -- variables ---------------------------------------------------------------------------------


def test_variables_carry_type_and_shape():
    model = parse(f"g (float[N, 3] x, int64[2, 3] i) => (float[N, 3] y, float[2, 3] z) {W}"
                  "{ y = Add(x, w) z = Cast <to = 1> (i) }")  # fmt: skip
    symbol, *_ = import_model(model)
    attributes = symbol.attr_dict()
    assert attributes["x"] == {"__dtype__": "0"}
    assert attributes["i"]["__dtype__"] == "6" and attributes["i"]["__shape__"] == "(2, 3)"
    assert attributes["w"]["__shape__"] == "(3,)" and attributes["w"]["__dtype__"] == "0"


@pytest.mark.parametrize("dtype", ["float16", "float64", "int8", "uint8", "int32", "int64", "bool"])
def test_types_are_kept(dtype):
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    array = np.array([[1, 0, 3], [0, 1, 1]]).astype(dtype)
    model = parse("g (float[N, 3] x) => (float[N, 3] y, float[2, 3] z)"
                  "{ y = Identity(x) z = Identity(w) }")  # fmt: skip
    model.graph.input[0].type.tensor_type.elem_type = kind
    for output in model.graph.output:
        output.type.tensor_type.elem_type = kind
    model.graph.initializer.append(numpy_helper.from_array(array, "w"))
    run(model, {"x": array})


@pytest.mark.parametrize("dtype", ["uint16", "int16", "uint32", "uint64"])
def test_types_that_mxnet_lacks_are_carried(dtype):
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    model = parse("g (float[2, 3] x) => (float[2, 3] y) { y = Cast <to = 1> (x) }")
    model.graph.input[0].type.tensor_type.elem_type = kind
    symbol, arg_params, aux_params = import_model(model)
    x = np.arange(6).reshape(2, 3).astype(carrier(dtype))
    assert (run_module(symbol, arg_params, aux_params, {"x": x})[0] == x).all()
    folded, *_ = import_model(model, input_values={"x": np.arange(6).reshape(2, 3)})
    assert folded.list_outputs() == ["y_output"]


@pytest.mark.skipif(
    helper.tensor_dtype_to_np_dtype(TensorProto.BFLOAT16) == np.float32,
    reason="this onnx gives bits for bfloat16",
)
def test_weights_of_narrow_types_are_folded_where_they_are_cast():
    model = parse("g (float[2, 3] x) => (float[2, 3] y) { f = Cast <to = 1> (w) y = Add(x, f) }")
    model.graph.initializer.append(helper.make_tensor("w", TensorProto.BFLOAT16, [3], [1, 2, 0.5]))
    symbol, arg_params, aux_params = import_model(model)
    assert np.allclose(run_module(symbol, arg_params, aux_params, {"x": X})[0], X + [1, 2, 0.5])


# -- training ----------------------------------------------------------------------------------

TRAINED = """
g (float[N, 6] x) => (float[N, 3] y)
<int64[4] columns = {0, 2, 3, 5}, float[1, 3] shift = {0.5, 0.5, 0.5}> {
  picked = Gather <axis = 1> (x, columns)
  hidden = Gemm(picked, w1, b1)
  normed = BatchNormalization(hidden, scale, bias, mean, var)
  active = Relu(normed)
  e = Gemm(active, w2)
  shape = Shape(w2)
  some = Cast <to = 1> (shape)
  half = ReduceMean <keepdims = 1> (some)
  scaled = Div(e, half)
  y = Add(scaled, shift)
}"""


def trained_model(rng):
    model = parse(TRAINED)
    arrays = {
        "w1": rng.normal(size=(4, 5)),
        "b1": rng.normal(size=5),
        "w2": rng.normal(size=(5, 3)),
        "scale": rng.uniform(0.5, 1, 5),
        "bias": rng.normal(size=5),
        "mean": rng.normal(size=5),
        "var": rng.uniform(0.5, 1, 5),
    }
    model.graph.initializer.extend(
        numpy_helper.from_array(a.astype(np.float32), n) for n, a in arrays.items()
    )
    return model


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_module_fits_what_was_imported_as_it_is(optimizer, rng):
    """Indices and numbers that are no weights come out of it as they went in."""
    data = rng.normal(size=(64, 6)).astype(np.float32)
    symbol, arg_params, aux_params = run(trained_model(rng), {"x": data[:4]})
    assert set(aux_params) == {"mean", "var"} and arg_params["columns"].dtype == np.float32
    network = mx.sym.LinearRegressionOutput(symbol, mx.sym.var("label"), name="loss")
    label = data[:, :3] * 2 - 1
    batches = mx.io.NDArrayIter({"x": data}, {"label": label}, batch_size=16)
    module = mx.mod.Module(network, data_names=["x"], label_names=["label"])
    losses = []
    module.fit(
        batches,
        num_epoch=12,
        arg_params=arg_params,
        aux_params=aux_params,
        optimizer=optimizer,
        optimizer_params={"learning_rate": 0.02, "wd": 1e-3},
        eval_metric="mse",
        epoch_end_callback=lambda epoch, *_: losses.append(module.score(batches, "mse")[0][1]),
    )
    assert losses[-1] < 0.8 * losses[0]
    arg_after, aux_after = module.get_params()
    still = {
        n for n in arg_params if np.array_equal(arg_params[n].asnumpy(), arg_after[n].asnumpy())
    }
    assert "columns" in still and not still & {"w1", "w2", "scale", "bias", "shift"}
    for name in aux_params:
        assert not np.allclose(aux_params[name].asnumpy(), aux_after[name].asnumpy())


# -- arguments ---------------------------------------------------------------------------------

TWO = "g (float[N, 3] x, float[N, K] z) => (float[N, M] y) { y = Concat <axis = 1> (x, z) }"


def sizes_of(model, **how):
    return {i.name: i.shape for i in translate(model, **how).inputs}


def test_shapes_fix_and_free_dimensions():
    model = parse(TWO)
    assert sizes_of(model, input_shapes={"x": (4, 3)}) == {"x": (4, 3), "z": (4, "K")}
    assert sizes_of(model, sizes={"K": 7}) == {"x": ("N", 3), "z": ("N", 7)}
    assert sizes_of(model, input_shapes={"x": ["B", 3], "z": ["B", None]}) == {
        "x": ("B", 3),
        "z": ("B", "z[1]"),
    }
    assert sizes_of(model, sizes={"N": np.int64(2)}) == {"x": (2, 3), "z": (2, "K")}


def test_everything_wrong_with_the_arguments_is_said_at_once():
    with pytest.raises(ModelError) as caught:
        import_model(
            parse(TWO),
            input_shapes={"x": (2, 3, 4), "q": (1,), "z": (0, "K")},
            input_values={"u": 1},
            sizes={"J": 3, "N": (2, 2, 3)},
        )
    text = str(caught.value)
    for words in ("2 axes", "'q'", "is 0", "'u'", "'J'", "'N' takes"):
        assert words in text, text
    assert len(caught.value.causes) == 6


def test_contradicting_sizes():
    with pytest.raises(ModelError, match="'N'.*2 and as 3"):
        import_model(parse(TWO), input_shapes={"x": (2, 3), "z": (3, 4)})


def test_unknown_ranks_must_be_given():
    model = parse("g (float[2, 3] x) => (float[2, 3] y) { y = Relu(x) }")
    model.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(ModelError, match="rank of input 'x'.*input_shapes"):
        import_model(model)
    import_model(model, input_shapes={"x": ("N", 3)})


RESHAPE = "g (float[N, 6] x, int64[R] s) => (float[A, B] y) { y = Reshape(x, s) }"


def test_values_become_constants():
    symbol, arg_params, aux_params = import_model(parse(RESHAPE), input_values={"s": [-1, 3]})
    assert symbol.list_arguments() == ["x"] and not arg_params
    (y,) = run_module(symbol, arg_params, aux_params, {"x": np.ones((2, 6), np.float32)})
    assert y.shape == (4, 3)


@pytest.mark.parametrize(
    "value, words",
    [([0.5, 2], "cannot hold"), ([["a"]], "no array"), ([[1, 2]], "has the shape")],
)
def test_values_that_do_not_fit(value, words):
    with pytest.raises(ModelError, match=words):
        import_model(parse(RESHAPE), input_values={"s": value})


def test_more_dimensions_than_can_be_kept_apart():
    names = ", ".join(f"d{i}" for i in range(20))
    with pytest.raises(ModelError, match="20 dimensions vary"):
        import_model(parse(f"g (float[{names}] x) => (float[{names}] y) {{ y = Relu(x) }}"))


# -- what the user has switched on -------------------------------------------------------------


def test_numpy_semantics_of_the_user_are_left_as_they_were():
    model = parse(f"g (float[N, 3] x) => (float[N, 3] y) {W}{{ y = Add(x, w) }}")
    mx.npx.set_np()
    try:
        symbol, arg_params, aux_params = import_model(model)
        assert mx.util.is_np_array() and mx.util.is_np_shape()
    finally:
        mx.npx.reset_np()
    assert type(arg_params["w"]) is mx.nd.NDArray
    assert_close(run_module(symbol, arg_params, aux_params, {"x": X}), Session(model)({"x": X}))
    with mx.util.np_shape(True):
        import_model(model)
        assert mx.util.is_np_shape() and not mx.util.is_np_array()
    assert not mx.util.is_np_shape()


def test_attribute_and_name_scopes_of_the_user_do_not_reach_in():
    model = parse(f"g (float[N, 3] x) => (float[N, 3] y) {W}{{ y = Add(x, w) }}")
    with mx.name.Prefix("mine_"):
        symbol, *_ = import_model(model)
    assert symbol.list_arguments() == ["x", "w"] and symbol.list_outputs() == ["y_output"]


def test_import_warns_of_nothing_where_nothing_is_assumed():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        import_model(parse(TWO))


def test_whole_numbers_as_inputs(rng):
    model = parse("g (int64[N, S] i) => (float[N, S, 4] y) { y = Gather(table, i) }")
    table = numpy_helper.from_array(rng.normal(size=(9, 4)).astype(np.float32), "table")
    model.graph.initializer.append(table)
    symbol, arg_params, aux_params = import_model(model)
    for shape in ((1, 3), (4, 7)):
        inputs = {"i": rng.integers(0, 9, shape)}
        assert_close(run_module(symbol, arg_params, aux_params, inputs), Session(model)(inputs))
    assert as_arrays([np.int64([1])])[0].dtype == np.int64


def test_a_batch_of_1_that_is_built_in_can_be_made_to_vary(rng):
    """On request; nothing else could be meant by the 1, and the user is told."""
    model = parse(
        """g (float[1, 4, 6] x) => (float[1, 12] y)
           <int64[4] s = {1, 2, 2, 6}, int64[2] f = {1, -1}> {
             r = Reshape (x, s) m = MaxPool <kernel_shape = [1, 2], strides = [1, 2]> (r)
             y = Reshape (m, f) }"""
    )
    session, x = Session(model), rng.normal(size=(3, 4, 6)).astype(np.float32)
    with pytest.warns(ConversionWarning, match="the 1 that shapes begin with is N, the batch"):
        symbol, *params = import_model(model, input_shapes={"x": ("N", 4, 6)})
    (y,) = run_module(symbol, *params, {"x": x})
    each = [session([x[i : i + 1]])[0] for i in range(3)]
    assert y.shape == (3, 12) and np.array_equal(y, np.concatenate(each))
    other = parse(
        "g (float[N, 4] x) => (float[1, 4] y) <int64[2] s = {1, 4}> { y = Reshape (x, s) }"
    )
    with pytest.raises(ConversionError, match="sizes={'N': 1}"):  # the model itself says N
        import_model(other)
