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
"""Verification: what agrees passes, what differs is found and named, what dies is told."""

import math
import pathlib
import sys

import mxnet as mx
import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx import (
    ModelError,
    TranslationTable,
    VerificationError,
    export_model,
    import_model,
)
from mxnet.contrib.onnx.mx2onnx.export_model import convert
from mxnet.contrib.onnx.verification import mxnet_process, verify_export, verify_import
from mxnet.contrib.onnx.verification.comparison import compare
from mxnet.contrib.onnx.verification.drawing import (
    bound_sizes,
    draw,
    index_limits,
    sizes_to_try,
    with_sizes,
)
from mxnet.contrib.onnx.verification.expressions import evaluate

DATA = pathlib.Path(__file__).parent / "data"
SHAPE = [("N", 3, 16, 16)]
FLOAT = np.dtype("float32")

pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")


def array(*numbers, dtype="float32"):
    return np.array(numbers, dtype=dtype)


# -- comparing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "result, reference",
    [
        (array(1, 2, 3), array(1, 2, 3)),
        (array(1.00005, 2, 3), array(1, 2, 3)),
        (array(np.nan, np.inf, -np.inf), array(np.nan, np.inf, -np.inf)),
        (array(1e-8, 0), array(0, 0)),  # noise around zero
        (array(1.004, 2, dtype="float16"), array(1, 2, dtype="float16")),
        (array(2**53 + 1, dtype="int64"), array(2**53 + 1, dtype="int64")),
        (np.zeros((0, 3), "float32"), np.zeros((0, 3), "float32")),
        (np.array(2.0), np.array(2.0)),
    ],
)
def test_equal_enough(result, reference):
    comparison = compare("y", result, reference)
    assert comparison.agrees
    assert comparison.reason() == ""


@pytest.mark.parametrize(
    "result, reference, reason",
    [
        (array(1, 2.001), array(1, 2), "2.001 instead of 2 at (1,)"),
        (array(1e-3, 2e-3), array(1e-3, 2.1e-3), "0.002 instead of 0.0021 at (1,)"),
        (array(np.nan, 1), array(0, 1), "nan instead of 0 at (0,)"),
        (array(np.inf, 1), array(-np.inf, 1), "inf instead of -inf at (0,)"),
        (array(1, 2), array(1), "shape (2,) instead of (1,)"),
        (array(1, dtype="float64"), array(1), "float64 instead of float32"),
        (array(3, dtype="int32"), array(4, dtype="int32"), "3 instead of 4 at (0,)"),
        (array(True), array(False, dtype="bool"), "float32 instead of bool"),
    ],
)
def test_different(result, reference, reason):
    comparison = compare("y", result, reference)
    assert not comparison.agrees
    assert comparison.reason() == reason


def test_integers_are_compared_exactly():
    one, other = (np.array([2**53 + k], "int64") for k in (0, 1))
    assert not compare("y", one, other).agrees


def test_error_is_a_fraction_of_the_largest_magnitude():
    comparison = compare("y", array(100.5, 1), array(100, 1), tolerance=1e-2)
    assert comparison.agrees
    assert math.isclose(comparison.error, 5e-3, rel_tol=1e-5)
    assert comparison.position == (0,)


# -- choosing sizes and inputs -----------------------------------------------------------------


def test_batches_differ_and_other_sizes_are_tried_in_turn():
    inputs = {"x": (FLOAT, ("N", 3, "H", "W")), "y": (FLOAT, ("N", 5))}
    candidates = list(sizes_to_try(inputs))
    assert len(candidates) > 3
    for runs in candidates:
        assert [run["N"] for run in runs] == [2, 3]
        assert all(run["H"] != run["W"] for run in runs)
    assert list(sizes_to_try({"x": (FLOAT, (1, 3))})) == [({},)]


def test_sizes_of_the_caller():
    inputs = {"x": (FLOAT, ("N", "S"))}
    (runs,) = sizes_to_try(inputs, {"N": 4, "S": [8, 16]})
    assert runs == ({"N": 4, "S": 8}, {"N": 4, "S": 16})
    with pytest.raises(ModelError, match="sizes are given for M; those that vary are N, S"):
        list(sizes_to_try(inputs, {"M": [1]}))


def test_drawn_inputs_repeat_and_do_not_hang_on_each_other():
    shaped = with_sizes({"x": (FLOAT, ("N", 3)), "i": (np.dtype("int64"), (4,))}, {"N": 2})
    first, second = draw(shaped, {"i": 7}, seed=3), draw({"x": shaped["x"]}, seed=3)
    assert np.array_equal(first["x"], second["x"])
    assert not np.array_equal(first["x"], draw(shaped, seed=4)["x"])
    assert first["x"].dtype == np.float32
    assert first["i"].dtype == np.int64
    assert 0 <= first["i"].min() <= first["i"].max() < 7


def test_indices_stay_in_their_table():
    model = onnx.parser.parse_model(
        """
        <ir_version: 8, opset_import: ["" : 17]>
        lookup (int64[N] i, float[N] f, int64[N] k, float[N] x) => (float[N,2] a, float[2,N] b) {
            a = Gather (table, i)
            g = Cast <to=7> (f)
            b = Gather <axis=1> (table, g)
            c = Add (x, x)
            d = Gather (c, k)
        }
        """
    )
    table = onnx.numpy_helper.from_array(np.zeros((5, 2), "float32"), "table")
    model.graph.initializer.append(table)
    assert index_limits(model) == {"i": 5, "f": 2}


def test_inputs_that_do_not_fit():
    declared = {"x": (FLOAT, ("N", 3)), "y": (FLOAT, ("N",))}
    good = {"x": np.zeros((2, 3), "float32"), "y": np.zeros(2, "float32")}
    assert bound_sizes(declared, good) == {"N": 2}
    for bad, reason in [
        ({"x": good["x"]}, "inputs are given for x; the model takes x, y"),
        ({**good, "y": np.zeros(4, "float32")}, "'y' is given as float32 (4,)"),
        ({**good, "y": np.zeros(2)}, "'y' is given as float64"),
    ]:
        with pytest.raises(ModelError) as raised:
            bound_sizes(declared, bad)
        assert reason in str(raised.value)


@pytest.mark.parametrize(
    "name, size",
    [("N", 7), ("2*((H-1)//2+1)", 10), ("-N+9", 2), ("N**9", None), ("M", None), ("a b", None)],
)
def test_sizes_that_are_sums(name, size):
    assert evaluate(name, {"N": 7, "H": 10}) == size


# -- exports -----------------------------------------------------------------------------------


def test_export_that_agrees():
    report = verify_export(convert(str(DATA / "residual"), in_shapes=SHAPE))
    assert report.agrees, str(report)
    assert [run.sizes for run in report.runs] == [{"N": 2}, {"N": 3}]
    assert 0 < report.largest_error < 1e-5
    assert report.types_checked > 15
    assert report.first_difference is None
    assert "agrees with MXNet 1.9.1" in str(report)


def wrong_rows():
    """A row that computes something else than its operator."""
    table = TranslationTable()

    @table.op("Pooling", ignores=("kernel", "stride", "pad", "cudnn_off", "layout"))
    def pooling(op, data, *, global_pool, pool_type, pooling_convention, count_include_pad):
        if global_pool:
            return op.GlobalAveragePool(data)
        return op.AveragePool(data, kernel_shape=[2, 2], strides=[2, 2])

    return table


def test_export_that_differs_names_the_first_node(tmp_path):
    target = tmp_path / "wrong.onnx"
    with pytest.raises(VerificationError) as raised:
        export_model(
            str(DATA / "residual"),
            in_shapes=SHAPE,
            onnx_file_path=target,
            translations=wrong_rows(),
            verify=True,
        )
    assert not target.exists()
    report = raised.value.report
    assert report.first_difference.node == "residual_pool0_fwd"
    assert report.first_difference.op_type == "Pooling"
    assert report.first_difference.agreeing >= 2
    assert not report.runs[0].agrees
    text = str(raised.value)
    assert "does NOT agree with MXNet" in text
    assert "the first node that differs is 'residual_pool0_fwd' (Pooling)" in text


def normalised(conv):
    return mx.sym.BatchNorm(conv, fix_gamma=False, name="norm")


#: What MXNet's fusion computes wrong: something else reads what a convolution gives, too.
FUSED_WRONG = {
    "a sum": lambda conv: mx.sym.elemwise_add(normalised(conv), conv, name="sum"),
    "an output": lambda conv: mx.sym.Group([normalised(conv), conv]),
}


def convolution_read_twice(readers):
    """A symbol, and its parameters as ``import_model`` would give them."""
    data = mx.sym.var("data")
    conv = mx.sym.Convolution(data, kernel=(3, 3), num_filter=3, no_bias=True, name="conv")
    symbol = FUSED_WRONG[readers](conv)
    rng = np.random.default_rng(3)
    arguments, _, states = symbol.infer_shape(data=(2, 3, 8, 8))
    return (
        symbol,
        {
            n: mx.nd.array(rng.uniform(0.5, 1.5, s))
            for n, s in zip(symbol.list_arguments(), arguments)
            if n != "data"
        },
        {
            n: mx.nd.array(rng.uniform(0.5, 1.5, s))
            for n, s in zip(symbol.list_auxiliary_states(), states)
        },
    )


@pytest.mark.parametrize("readers", FUSED_WRONG)
def test_an_export_is_held_against_what_the_network_means(readers):
    symbol, *parameters = convolution_read_twice(readers)
    report = verify_export(convert(symbol, parameters, [("N", 3, 8, 8)]))
    assert report.agrees, str(report)


def test_an_import_is_held_against_what_its_user_will_see():
    symbol, *parameters = convolution_read_twice("a sum")
    model = export_model(symbol, parameters, [("N", 3, 8, 8)], onnx_file_path=None)
    report = verify_import(model, symbol, *parameters)
    assert {run.route for run in report.runs if not run.agrees} == {"Module"}
    assert "MXNET_SUBGRAPH_BACKEND=NONE" in str(report)


def test_inputs_of_the_caller(rng):
    data = rng.standard_normal((5, 3, 16, 16)).astype("float32")
    conversion = convert(str(DATA / "residual"), in_shapes=SHAPE, input_names=["image"])
    report = verify_export(conversion, {"image": mx.nd.array(data)})
    assert report.agrees, str(report)
    assert [run.sizes for run in report.runs] == [{"N": 5}]
    with pytest.raises(ModelError, match="a list of such dicts; got a ndarray"):
        verify_export(conversion, data)


def test_labels_dropped_heads_and_many_sizes(tmp_path):
    """A training symbol: its label is an input for MXNet and none for ONNX."""
    report = verify_export(convert(str(DATA / "legacy"), in_shapes=[("N", 3, 12, 12)], epoch=1))
    assert report.agrees, str(report)
    assert report.types_checked >= 5


def test_an_unrolled_network_whose_label_is_reshaped():
    """First states have no batch size, and nothing says the shape of the label."""
    cell = mx.rnn.LSTMCell(5, prefix="cell_")
    words = mx.sym.Embedding(mx.sym.var("data"), input_dim=7, output_dim=4, name="words")
    steps, _ = cell.unroll(3, inputs=words, merge_outputs=True, layout="NTC")
    scores = mx.sym.FullyConnected(mx.sym.Reshape(steps, shape=(-1, 5)), num_hidden=7, name="score")
    label = mx.sym.Reshape(mx.sym.var("softmax_label"), shape=(-1,))
    symbol = mx.sym.SoftmaxOutput(scores, label, name="softmax")
    shapes = symbol.infer_shape(data=(2, 3), softmax_label=(2, 3))[0]
    rng = np.random.default_rng(0)
    parameters = {
        n: rng.normal(size=s).astype("float32")
        for n, s in zip(symbol.list_arguments(), shapes)
        if n not in ("data", "softmax_label")
    }
    report = verify_export(convert(symbol, parameters, [("N", 3)], np.int32))
    assert report.agrees, str(report)


def test_outputs_that_are_inputs_or_twice_the_same():
    x = mx.sym.var("x")
    y = mx.sym.relu(x, name="y")
    group = mx.sym.Group([x, y, mx.sym.sum(y, axis=1, name="z"), y])
    report = verify_export(convert(group, {}, [("N", 4)]))
    assert report.agrees, str(report)
    assert len(report.runs[0].outputs) == 4


def test_indices_and_integers_are_exact():
    table = mx.nd.array(np.arange(15).reshape(5, 3))
    ids = mx.sym.var("ids")
    looked_up = mx.sym.Embedding(ids, mx.sym.var("w"), input_dim=5, output_dim=3, name="lookup")
    symbol = mx.sym.Group([looked_up, mx.sym.argmax(looked_up, axis=2, name="best")])
    report = verify_export(convert(symbol, {"w": table}, [("N", 4)], np.int32))
    assert report.agrees, str(report)
    assert report.runs[0].inputs["ids"] == ("int32", (2, 4))


def test_sizes_are_chosen_that_the_network_accepts():
    """Only a length of 48 fits the Dense behind; MXNet says so before anything runs."""
    net = mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=2, name="dense")
    weights = {
        "dense_weight": mx.nd.random.normal(shape=(2, 96)),
        "dense_bias": mx.nd.zeros(2),
    }
    conversion = convert(net, weights, [("N", 2, "S")])
    report = verify_export(conversion, sizes={"S": [48]})
    assert report.agrees, str(report)
    assert "no sizes that were tried fit" in str(verify_export(conversion))


def test_weak_evidence_is_told():
    x = mx.sym.var("x")
    symbol = mx.sym.Group([mx.sym.zeros_like(x, name="nothing"), mx.sym.exp(x, name="something")])
    report = verify_export(convert(symbol, {}, [("N", 4)]))
    assert report.agrees, str(report)
    assert "'nothing_output' has one and the same number everywhere" in str(report)
    assert "'something_output' has" not in str(report)


def test_float16_without_kernels_in_mxnet(rng):
    net = mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=3, name="dense")
    arrays = {"dense_weight": rng.standard_normal((3, 4)), "dense_bias": rng.standard_normal(3)}
    arrays = {name: mx.nd.array(a, dtype="float16") for name, a in arrays.items()}
    report = verify_export(convert(net, arrays, [("N", 4)], np.float16))
    assert report.agrees, str(report)
    assert "computed in float32" in str(report)
    assert report.runs[0].outputs[0].dtype == "float16"


def test_a_graph_that_kills_mxnet_is_told():
    """An integer division by zero ends the process that computes it."""
    a, b = mx.sym.var("a", dtype="int32"), mx.sym.var("b", dtype="int32")
    symbol = mx.sym.broadcast_div(a, b, name="quotient")
    ones, zeros = np.ones(3, "int32"), np.zeros(3, "int32")
    with mxnet_process.MXNetProcess(symbol.tojson(), {}) as process:
        with pytest.raises(mxnet_process.MXNetRefusal, match="killed by SIGFPE"):
            process.run([{"a": ones, "b": zeros}])
        found = process.run([{"a": ones * 7, "b": ones * 2}])
    assert found.outputs[0, ""][0].tolist() == [3, 3, 3]


def test_a_symbol_that_mxnet_refuses_is_told():
    text = mx.sym.relu(mx.sym.var("x")).tojson().replace('"relu"', '"no_such_operator"')
    refused = pytest.raises(mxnet_process.MXNetRefusal, match="MXNet itself refuses the model")
    with mxnet_process.MXNetProcess(text, {}) as process, refused:
        process.run([{"x": np.ones(3, "float32")}])


# -- imports -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "residual.onnx"
    return export_model(str(DATA / "residual"), in_shapes=SHAPE, onnx_file_path=str(path))


def test_import_that_agrees(exported):
    report = verify_import(exported, *import_model(exported))
    assert report.agrees, str(report)
    assert [run.route for run in report.runs] == ["Module", "Module", "Gluon", "Gluon"]
    assert [run.sizes["N"] for run in report.runs] == [2, 3, 2, 3]
    assert "residual.onnx in ONNX Runtime" in str(report)


def test_import_that_differs_names_the_first_node(exported):
    symbol, arguments, states = import_model(exported)
    model = onnx.load(exported)
    convolutions = [n for n in model.graph.node if n.op_type == "Conv"]
    changed = convolutions[2]
    arguments[changed.input[1]] *= 1.01
    report = verify_import(exported, symbol, arguments, states)
    assert not report.agrees
    assert report.first_difference.op_type == "Conv"
    assert report.first_difference.node == changed.name
    assert report.first_difference.agreeing >= 3


@pytest.mark.parametrize("kind", ["bytes", "file", "proto"])
def test_import_from_memory(kind):
    model = onnx.parser.parse_model(
        """
        <ir_version: 8, opset_import: ["" : 17]>
        total (float[N,C] x) => (float total, float[N,C] y) {
            y = Exp (x)
            total = ReduceSum <keepdims=0> (y)
        }
        """
    )
    data = model.SerializeToString()
    if kind == "file":
        import io

        given = io.BytesIO(data)
    else:
        given = data if kind == "bytes" else model
    report = verify_import(given, *import_model(model))
    assert report.agrees, str(report)
    assert report.runs[0].outputs[0].expected_shape == (1,)  # MXNet has no rank 0


def test_sizes_that_the_import_fixed(exported):
    imported = import_model(exported, input_shapes={"data": (1, 3, 16, 16)})
    report = verify_import(exported, *imported, input_shapes={"data": (1, 3, 16, 16)})
    assert report.agrees, str(report)
    assert len(report.runs) == 2


# -- what is not installed ---------------------------------------------------------------------


def test_without_onnx_runtime(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match="pip install onnxruntime"):
        verify_export(convert(str(DATA / "residual"), in_shapes=SHAPE))
    with pytest.raises(ImportError, match="pip install onnxruntime"):
        verify_import(exported, *import_model(exported))


def test_without_mxnet(monkeypatch):
    monkeypatch.setattr(mxnet_process, "is_installed", lambda: False)
    with pytest.raises(ImportError, match="pip install mxnet==1.9.1"):
        verify_export(convert(str(DATA / "residual"), in_shapes=SHAPE))


# -- models that no symbol says ----------------------------------------------------------------


def parsed(text, opsets='"" : 20'):
    return onnx.parser.parse_model(f"<ir_version: 10, opset_import: [{opsets}]> {text}")


def test_sequences_that_come_out_are_compared_element_by_element():
    report = verify_import(
        parsed("g (float[N, 4] x) => (seq(float[N, 1]) y) { y = SplitToSequence <axis = 1> (x) }")
    )
    assert report.agrees, str(report)
    assert {run.route for run in report.runs} == {"OnnxBlock", "backend"}
    assert [o.name for o in report.runs[0].outputs] == ["y[0]", "y[1]", "y[2]", "y[3]"]


def test_strings_are_compared():
    model = parsed("g (string[N] x) => (string[N] y) { y = StringConcat (x, x) }")
    report = verify_import(model, inputs={"x": np.array(["a", "bc"], object)})
    assert report.agrees, str(report)
    with pytest.raises(ModelError, match="'x': only tensors of numbers can be drawn"):
        verify_import(model)
    with pytest.raises(ModelError, match="the model takes x"):
        verify_import(model, inputs={"z": np.array(["a"], object)})
    found = compare("y", np.array(["a", "c"], object), np.array(["a", "b"], object))
    assert not found.agrees
    assert found.reason() == "'c' instead of 'b' at (1,)"


def test_maps_and_sequences_that_go_in():
    report = verify_import(
        parsed(
            "g (float[N, 2] x) => (seq(map(string, float)) y) {"
            ' y = ai.onnx.ml.ZipMap <classlabels_strings = ["a", "b"]> (x) }',
            '"" : 17, "ai.onnx.ml" : 3',
        ),
        sizes={"N": [2]},
    )
    assert report.agrees, str(report)
    assert "y[1]['b']" in {o.name for run in report.runs for o in run.outputs}
    report = verify_import(
        parsed("g (seq(float[2]) x) => (float[4] y) { y = ConcatFromSequence <axis = 0> (x) }"),
        inputs={"x": [np.ones(2, "float32"), np.zeros(2, "float32")]},
    )
    assert report.agrees, str(report)


def test_a_refusal_while_it_runs_is_told():
    report = verify_import(
        parsed("g (float[N, 4] x) => (float[N, 4] y) { y = com.acme.Own (x) }", '"com.acme" : 1')
    )
    assert not report.agrees
    assert "ONNX Runtime" in report.problems[0]


LOOP = """
g (float[2] s, float[N,2] x) => (float[2] last, float[N,2] both) {
    last, all = Scan <num_scan_inputs = 1,
                      body = b (float[2] c, float[2] e) => (float[2] n, float[2] o) {
        n = Add (c, e)
        o = Tanh (n)
    }> (s, x)
    both = Add (all, x)
}
"""


def test_loops_are_loaded_without_static_shapes():
    model = parsed(LOOP)
    symbol, arguments, states = import_model(model)
    assert "_foreach" in symbol.tojson()
    report = verify_import(model, symbol, arguments, states)
    assert report.agrees, str(report)
