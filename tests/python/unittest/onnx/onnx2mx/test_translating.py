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
"""The walk over a plan: what is folded, what is emitted, what is refused and where it says so."""

import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx.errors import (
    ConversionError,
    DynamicSizeError,
    ModelError,
    TranslationError,
)
from mxnet.contrib.onnx.onnx2mx.computing import known_value
from mxnet.contrib.onnx.onnx2mx.eager import run_eagerly
from mxnet.contrib.onnx.onnx2mx.import_model import translate
from mxnet.contrib.onnx.translation import TranslationTable
from onnx import helper
from running import Session, assert_close


def parse(text, opset=17):
    header = f'<ir_version: 8, opset_import: ["" : {opset}, "com.acme" : 1]>'
    return onnx.parser.parse_model(f"{header}\n{text}")


def emitted(symbol):
    """Names of MXNet's operators in a symbol."""
    import json

    return [n["op"] for n in json.loads(symbol.tojson())["nodes"] if n["op"] != "null"]


# -- folding -----------------------------------------------------------------------------------


def test_arithmetic_on_shapes_leaves_nothing_in_the_graph():
    text = """
    g (float[N, 3, 4] x) => (float[N, 12] y)
    <int64 zero = {0}, int64[1] minus = {-1}, int64[1] a = {0}> {
      s = Shape(x) n = Gather(s, zero) v = Unsqueeze(n, a) t = Concat <axis = 0> (v, minus)
      y = Reshape(x, t)
    }"""  # fmt: skip
    imported = translate(parse(text))
    assert emitted(imported.symbol) == ["_npx_reshape"] and not imported.parameters


def test_a_folded_value_that_varies_is_computed_at_run_time_only_where_it_is_needed():
    text = """
    g (float[N, S] x) => (float[N, S] y) <int64 one = {1}, int64 zero = {0}> {
      s = Shape(x) n = Gather(s, one) r = Range(zero, n, one) f = Cast <to = 1> (r) y = Mul(x, f)
    }"""
    imported = translate(parse(text))
    assert emitted(imported.symbol).count("_contrib_arange_like") == 1


def test_a_fold_that_grows_too_large_runs_in_the_graph():
    text = """
    g (float[5000, 5000] x) => (bool[5000, 5000] y)
    <int64[2] c = {5000, 1}, int64[2] r = {1, 5000}> {
      a = ConstantOfShape <value = float[1] {1}> (c) b = ConstantOfShape(r) y = Less(a, b)
    }"""  # fmt: skip
    assert "_npi_less" in emitted(translate(parse(text)).symbol)


def test_unused_constants_are_no_parameters():
    text = "g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { a = Neg(w) y = Relu(x) }"
    assert not translate(parse(text)).parameters


def test_weights_folded_stay_trainable_and_shape_arithmetic_is_not():
    text = """
    g (float[N, 2] x) => (float[N, 3] y, float[N, 2] z) <float[3, 2] w = {1, 2, 3, 4, 5, 6}> {
      t = Transpose(w) y = MatMul(x, t) s = Shape(w) c = Cast <to = 1> (s) z = Add(x, c)
    }"""
    imported = translate(parse(text))
    assert {n: p.trainable for n, p in imported.parameters.items()} == {"t": True, "c": False}


# -- emitting ----------------------------------------------------------------------------------


def test_rows_of_the_user():
    own = TranslationTable()

    @own.op("Swish", versions=(1,), domain="com.acme")
    def swish(op, x, *, beta=1.0):
        return op._npi_multiply(x, op.sigmoid(op._npi_multiply_scalar(x, scalar=beta)))

    model = parse("g (float[N] x) => (float[N] y) { y = com.acme.Swish <beta = 2.0> (x) }")
    assert emitted(translate(model, translations=own).symbol)[-1] == "_npi_multiply"
    (y,) = run_eagerly(model, {"x": np.float32([1, 2])}, translations=own)
    assert np.allclose(y, np.float32([1, 2]) / (1 + np.exp(-2 * np.float32([1, 2]))))


def test_a_row_that_fails_is_refused_with_its_place_and_its_cause():
    own = TranslationTable()
    own.op("Relu", versions=(14,))(lambda op, x: x.nonsense)
    with pytest.raises(TranslationError, match="Relu-14 node 'y'.*AttributeError") as caught:
        translate(parse("g (float[2] x) => (float[2] y) { y = Relu(x) }"), translations=own)
    assert isinstance(caught.value.__cause__, AttributeError)
    assert (caught.value.op_type, caught.value.version, caught.value.node) == ("Relu", 14, "y")


@pytest.mark.parametrize(
    "row, words",
    [
        (lambda op, x: (), "0 outputs, 1 are wanted"),
        (lambda op, x: 5, "1 outputs"),
        (lambda op, x: op.Cast(x, dtype="float64"), "float64.*specification says float32"),
    ],
)
def test_what_a_row_gives_is_checked(row, words):
    own = TranslationTable()
    own.op("Relu", versions=(14,))(row)
    with pytest.raises(TranslationError, match=words):
        translate(parse("g (float[2] x) => (float[2] y) { y = Relu(x) }"), translations=own)


def test_nodes_are_called_like_the_models_nodes():
    model = parse("g (float[2] x) => (float[2] y) { a = Relu(x) b = Softplus(a) y = Exp(b) }")
    model.graph.node[0].name, model.graph.node[1].name = "first", "second"
    symbol = translate(model).symbol
    names = symbol.get_internals().list_outputs()
    assert {"x", "first_output", "second_output", "y_output"} <= set(names)
    assert names[-1] == "y_output" == symbol.list_outputs()[0]


# -- bodies, branches --------------------------------------------------------------------------

FUNCTIONS = """
g (float[N, 3] x) => (float[N, 3] y) {
  a = com.acme.Shifted <by = 2.0> (x)
  y = com.acme.Shifted(a)
}
<opset_import: ["" : 17, "com.acme" : 1], domain: "com.acme">
Shifted <by: float = 3.0> (v) => (w) {
  c = Constant <value_float: float = @by> ()
  w = com.acme.Plus(v, c)
}
<opset_import: ["" : 17], domain: "com.acme">
Plus (a, x) => (y) { y = Add(a, x) }
"""


def test_the_models_own_functions_nested():
    x = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    assert np.allclose(run_eagerly(parse(FUNCTIONS), {"x": x})[0], x + 5)
    symbol = translate(parse(FUNCTIONS)).symbol
    assert symbol.get_internals().list_outputs() == ["x", "a/w/y_output", "y_output"]


BODIES = [
    "y = Mish(x)",
    "y = Shrink <bias = 0.3, lambd = 0.2> (x)",
    "y = HardSwish(x)",
    "y = ThresholdedRelu <alpha = 0.3> (x)",
    "y = MeanVarianceNormalization <axes = [1]> (x)",
]


@pytest.mark.parametrize("body", BODIES)
def test_bodies_of_onnxs_record_compute_what_the_operator_does(body):
    """Whether or not there is a row as well, which the table without any shows."""
    model = parse(f"g (float[N, 3] x) => (float[N, 3] y) {{ {body} }}", 18)
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    from mxnet.contrib.onnx.onnx2mx.builders import NDArrayBuilder
    from mxnet.contrib.onnx.onnx2mx.loading import load
    from mxnet.contrib.onnx.onnx2mx.normalise import normalise
    from mxnet.contrib.onnx.onnx2mx.planning import Planner
    from mxnet.contrib.onnx.onnx2mx.translating import Translator
    from mxnet.contrib.onnx.onnx2mx.translations import import_table

    table, op_type = TranslationTable(), model.graph.node[0].op_type
    table._rows.update({k: r for k, r in import_table._rows.items() if k[1] != op_type})
    planner, builder = Planner(normalise(load(model)), table), NDArrayBuilder()
    plan = planner.plan()
    assert plan.steps[0].row is None and plan.steps[0].body is not None
    (y,) = Translator(planner, plan, builder).run({"x": builder.input("x", x)})
    assert_close([builder.read(y)], Session(model)({"x": x}), 1e-5)


IF = """
g (float[N, S] x) => (float[N, S] y) <int64 one = {{1}}, int64 limit = {{{limit}}}> {{
  s = Shape(x) n = Gather(s, one) q = Less(n, limit)
  y = If (q) <
    then_branch = t () => (float[N, S] u) {{ inner = Exp(x) u = Neg(inner) }},
    else_branch = e () => (float[N, S] v) <float w = {{2}}> {{ inner = Relu(x) v = Mul(inner, w) }}>
}}
"""


@pytest.mark.parametrize("limit, taken", [(100, "_npi_exp"), (10, "relu")])
def test_only_the_branch_that_is_taken_exists(limit, taken):
    imported = translate(parse(IF.format(limit=limit)), input_shapes={"x": (2, 50)})
    operators = " ".join(emitted(imported.symbol)).lower()
    assert ("exp" in operators) == (taken == "_npi_exp")


def test_a_branch_that_hangs_on_a_size_is_refused_with_the_remedy():
    with pytest.raises(ConversionError, match=r"If-16 node 'y'(.|\n)*sizes=") as caught:
        translate(parse(IF.format(limit=100)))
    assert "S = " in str(caught.value)


def test_names_inside_a_branch_stay_inside():
    text = """
    g (float[2] x) => (float[2] y, float[2] z) <bool q = {1}> {
      a = Neg(x)
      y = If (q) <then_branch = t () => (float[2] u) { a = Exp(x) u = Neg(a) },
                  else_branch = e () => (float[2] v) { v = Neg(x) }>
      z = Relu(a)
    }"""
    x = np.float32([1, -2])
    y, z = run_eagerly(parse(text), {"x": x})
    assert np.allclose(y, -np.exp(x)) and np.allclose(z, np.maximum(-x, 0))


# -- refusals ----------------------------------------------------------------------------------


def test_independent_refusals_come_together_and_consequences_do_not():
    text = """
    g (float[2, 3] x, int64[2] i) => (float[2, 3] y, float[2, 3] z) {
      a = Softmax <axis = 7> (x) b = Relu(a) c = Add(x, i) d = Exp(c) y = Add(b, d) z = Exp(x)
    }"""
    with pytest.raises(ConversionError) as caught:
        translate(parse(text))
    assert [str(c).split(" node")[0] for c in caught.value.causes] == ["Softmax-13", "Add-14"]


@pytest.mark.parametrize(
    "node, words",
    [
        ("y = Add(x, i)", "inputs are of float32 and int64"),
        ("y = Relu(q)", "'q', is of bool"),
        ("y = Gather(x, f)", "'f', is of float"),
    ],
)
def test_types_are_held_against_the_schema(node, words):
    text = f"g (float[2] x, int64[2] i, bool[2] q, float[2] f) => (float[2] y) {{ {node} }}"
    with pytest.raises(ModelError, match=words):
        translate(parse(text))


def test_a_declared_output_type_must_be_the_computed_one():
    with pytest.raises(ModelError, match="'y' is declared as int64 and computed as float32"):
        translate(parse("g (float[2] x) => (int64[2] y) { y = Relu(x) }"))


def test_a_value_that_must_be_known_names_input_and_remedy():
    with pytest.raises(ConversionError, match="'s'.*input_values="):
        translate(parse("g (float[2, 3] x, int64[2] s) => (float[A, B] y) { y = Reshape(x, s) }"))


def test_operators_on_constants_only_say_so():
    text = "g (float[2] x) => (int64[A, B] y) { y = NonZero(x) }"
    with pytest.raises(TranslationError, match="only covered where its inputs are known"):
        translate(parse(text))
    known = "g (float[2] x) => (int64[A, B] y) <float[3] w = {1, 0, 2}> { y = NonZero(w) }"
    (parameter,) = translate(parse(known)).parameters.values()
    assert parameter.array.tolist() == [[0, 2]]


def test_what_numpy_refuses_is_refused():
    text = "g (float[2] x) => (int64 y) <int64[2] w = {1, 2}, int64 i = {2}> { y = Gather(w, i) }"
    with pytest.raises(ConversionError, match="Gather-13 node 'y'.*out of bounds"):
        translate(parse(text))


def test_many_refusals_are_cut_short():
    nodes = "".join(f" y{i} = Softmax <axis = 9> (x)" for i in range(40))
    model = parse(f"g (float[2] x) => (float[2] y0) {{{nodes} }}")
    model.graph.output.extend(helper.make_tensor_value_info(f"y{i}", 1, [2]) for i in range(1, 40))
    with pytest.raises(TranslationError, match="40 nodes.*the first 20"):
        translate(model)


def test_what_a_node_emits_on_its_way_is_not_called_like_another_node():
    """The first of two operators for node S would be S_1, and verification compares by name."""
    model = parse(
        "g (float[2, 3] x) => (float[2] y, float[] a) { a = ReduceSum <keepdims = 0> (x) "
        "y = ReduceMean <axes = [1], keepdims = 0> (x) }"
    )
    model.graph.node[0].name, model.graph.node[1].name = "S", "S_1"
    names = translate(model).symbol.get_internals().list_outputs()
    assert "S_1_output" not in names


@pytest.mark.parametrize("length", [60, 1000])
def test_long_chains_of_values_that_vary(length):
    """They are emitted when they are needed, each calling for the one before."""
    nodes = "".join(f" r{i + 1} = Add(r{i}, one)" for i in range(length))
    text = f"""
    g (int64[N, S] x) => (int64[N, S] y) <int64 zero = {{0}}, int64 one = {{1}}> {{
      s = Shape(x) n = Gather(s, one) r0 = Range(zero, n, one) {nodes} y = Add(x, r{length})
    }}"""
    if length < 100:
        assert emitted(translate(parse(text)).symbol).count("_contrib_arange_like") == 1
    else:
        with pytest.raises(TranslationError, match="Add-14 node 'y'.*too long a chain"):
            translate(parse(text))


# -- nodes computed on arrays --------------------------------------------------------------------


def test_an_eager_run_computes_by_its_fold_what_has_no_row():
    model = parse("g (float[N] x) => (int64[1, M] y) { a = Relu(x) b = NonZero(a) y = Neg(b) }")
    (y,) = run_eagerly(model, {"x": np.float32([0, -1, 2, 3])})
    assert y.dtype == np.int64 and y.tolist() == [[-2, -3]]


def test_in_symbols_such_a_node_is_refused_with_the_way_that_there_is():
    model = parse("g (float[4] x) => (int64[1, M] y) { y = NonZero(x) }")
    with pytest.raises(TranslationError, match="'x' is computed at run time.*import_to_gluon"):
        translate(model)


def test_an_eager_run_computes_by_its_fold_what_mxnet_cannot_hold():
    model = parse("g (int16[N] x, int16[N] y) => (int16[N] z) { a = Mul(x, y) z = Neg(a) }")
    x = np.int16([300, -2, 0])
    (z,) = run_eagerly(model, {"x": x, "y": x})
    assert z.dtype == np.int16 and z.tolist() == (-(x * x)).tolist()


def test_strings_are_arrays_of_objects():
    (y,) = run_eagerly(parse("g (string[N] x) => (string[N] y) { y = Identity(x) }"), {"x": ["a"]})
    assert y.dtype == object and y.tolist() == ["a"]


def test_what_is_needed_at_once_may_be_of_any_size():
    model = parse("g (int16[M, 1] x, int16[N] y) => (bool[M, N] z) { z = Less(x, y) }")
    x, y = np.zeros((2**13, 1), np.int16), np.zeros(2**13, np.int16)
    (z,) = run_eagerly(model, {"x": x, "y": y})
    assert z.shape == (2**13, 2**13)


def test_a_fold_may_give_a_sequence():
    computed = known_value("s", [[np.float32([1]), np.array(["a"])]])
    assert [v.name for v in computed] == ["s[0]", "s[1]"]
    assert computed[1].at(0).dtype == object
    with pytest.raises(DynamicSizeError, match="length of the sequence"):
        known_value("s", [[np.float32([1])], []])
