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
"""Every node paired with what translates it, or everything that is missing in one refusal."""

import onnx
import pytest
from mxnet.contrib.onnx.errors import ConversionError, ModelError, UnsupportedOperatorError
from mxnet.contrib.onnx.onnx2mx.loading import load
from mxnet.contrib.onnx.onnx2mx.normalise import normalise
from mxnet.contrib.onnx.onnx2mx.planning import Planner
from mxnet.contrib.onnx.translation import TranslationTable

OWN = '"com.acme" : 3'


def parse(text, opset=17):
    imports = f'"" : {opset}, {OWN}'
    return onnx.parser.parse_model(f"<ir_version: 8, opset_import: [{imports}]>\n{text}")


def table(**versions):
    rows = TranslationTable()
    for op_type, found in versions.items():
        rows.op(op_type, versions=found)(lambda op, *xs: xs)
    return rows


RELU = table(Relu=(6, 13, 14), Neg=(13,), Add=(14,), Exp=(13,))
TANH = table(Tanh=(13,))


def plan(text, rows=RELU, own=None, opset=17):
    model = normalise(load(parse(text, opset)))
    return Planner(model, rows, own).plan()


def test_the_row_of_the_version_in_force_is_taken():
    for opset, version in ((11, 6), (13, 13), (17, 14)):
        (step,) = plan("g (float x) => (float y) { y = Relu(x) }", opset=opset).steps
        assert step.version == version and step.row is RELU.find("Relu", version)


def test_all_that_is_missing_is_said_at_once():
    with pytest.raises(UnsupportedOperatorError) as caught:
        plan(
            "g (float x) => (float y) { a = Foo(x) b = Foo(a) c = Relu(b)"
            " d = com.acme.Bar(c) e = Tanh(d) y = Neg(e) }"
        )
    found = {(m.domain, m.op_type, m.version): m for m in caught.value.operators}
    assert set(found) == {("", "Foo", 0), ("com.acme", "Bar", 0), ("", "Tanh", 13)}
    assert found["", "Foo", 0].nodes == ("a", "b")
    text = str(caught.value)
    assert "2 nodes, first 'a'" in text and "translations=" in text and "com.acme.Bar" in text


def test_missing_operators_of_subgraphs_are_found_too():
    text = """
    g (bool q, float x) => (float y) {
      y = If (q) <then_branch = t () => (float u) { u = Foo(x) },
                  else_branch = e () => (float v) { v = Bar(x) }>
    }"""
    with pytest.raises(UnsupportedOperatorError) as caught:
        plan(text, table(If=(16,)))
    assert {m.op_type for m in caught.value.operators} == {"Foo", "Bar"}


@pytest.mark.parametrize(
    "op_type, opset, reason",
    [
        ("Gelu", 17, "since opset 20"),
        ("Upsample", 17, "deprecated"),
        ("Tanh", 11, "versions with rows: 13"),
        ("Nonsense", 17, "no such operator"),
    ],
)
def test_the_reason_is_said(op_type, opset, reason):
    second = ", x" if op_type == "Upsample" else ""
    with pytest.raises(UnsupportedOperatorError, match=reason):
        plan(f"g (float x) => (float y) {{ y = {op_type}(x{second}) }}", TANH, opset=opset)


def test_the_users_rows_win_over_ours_and_over_the_models_functions():
    own = TranslationTable()
    own.op("Relu", versions=(14,))(lambda op, x: x)
    own.op("Twice", versions=(3,), domain="com.acme")(lambda op, x: x)
    own.op("Old", versions=(0,), domain="com.acme")(lambda op, x: x)
    text = "g (float x) => (float y) { a = Relu(x) b = com.acme.Twice(a) y = com.acme.Old(b) }"
    steps = plan(text + FUNCTION, own=own).steps
    assert [s.row for s in steps] == [
        own.find("Relu", 14),
        own.find("Twice", 3, "com.acme"),
        own.find("Old", 0, "com.acme"),
    ]


FUNCTION = """
<opset_import: ["" : 17], domain: "com.acme">
Twice (a) => (b) { c = Neg(a) b = Add(c, c) }
"""


def test_the_models_functions_are_planned_as_bodies():
    (step,) = plan("g (float x) => (float y) { y = com.acme.Twice(x) }" + FUNCTION).steps
    assert [s.node.op_type for s in step.body.steps] == ["Neg", "Add"]


def test_bodies_of_onnx_are_planned_where_there_is_no_row():
    text = "g (float[N] x) => (float[N] y) { y = Relu(x) }"
    (step,) = plan(text, table(Max=(13,), Cast=(13,), CastLike=(15, 19, 21))).steps
    assert step.row is None and step.body.steps[-1].node.op_type == "Max"


def test_what_a_body_lacks_is_the_reason():
    with pytest.raises(UnsupportedOperatorError, match="Mish-18.*body.*needs.*Tanh-13"):
        plan("g (float[N] x) => (float[N] y) { y = Mish(x) }", TranslationTable(), opset=18)


def test_a_body_that_depends_on_types_is_made_again_for_them():
    text = "g (double[N] x) => (double[N] y) { y = Clip(x) }"
    (step,) = plan(text, table(Identity=(16,))).steps
    assert step.needs_typed_body and step.body.steps[0].node.op_type == "Identity"


def test_a_function_that_calls_itself_through_another_is_refused():
    text = """
    g (float x) => (float y) { y = com.acme.A(x) }
    <opset_import: ["" : 17, "com.acme" : 3], domain: "com.acme"> A (a) => (b) { b = com.acme.B(a) }
    <opset_import: ["" : 17, "com.acme" : 3], domain: "com.acme"> B (a) => (b) { b = com.acme.A(a) }
    """
    with pytest.raises(ModelError, match="calls itself"):
        plan(text)


def test_attributes_of_functions_reach_their_nodes():
    text = """
    g (float[N] x) => (float[N] y) { a = com.acme.F<alpha = 0.5>(x) y = com.acme.F(a) }
    <opset_import: ["" : 17], domain: "com.acme"> F <beta: float = 2.0, alpha> (a) => (b) {
      b = Selu <alpha: float = @alpha, gamma: float = @beta> (a) }
    """
    given, not_given = plan(text, table(Selu=(6,))).steps
    values = {a.name: a.f for a in given.body.steps[0].node.proto.attribute}
    assert values == {"alpha": 0.5, "gamma": 2.0}
    values = {a.name: a.f for a in not_given.body.steps[0].node.proto.attribute}
    assert values == {"gamma": 2.0}


@pytest.mark.parametrize(
    "node, words",
    [
        ("y = Relu(x, x)", "2 inputs, the operator has 1"),
        ("y = Add(x)", "1 inputs, the operator has 2"),
        ("y, z = Relu(x)", "2 outputs"),
        ('y = Softmax <axis = "last"> (x)', "axis is STRING, the operator wants INT"),
        ("y = Concat(x, x)", "axis is required"),
        ("y = Add(x, )", "input B is required"),
    ],
)
def test_nodes_that_contradict_their_schema(node, words):
    proto = parse(f"g (float x) => (float y) {{ {node.replace('(x, )', '(x, x)')} }}")
    if node.endswith("(x, )"):
        proto.graph.node[0].input[1] = ""
    model = normalise(load(proto))
    with pytest.raises(ConversionError, match=words):
        Planner(model, table(Relu=(14,), Add=(14,), Softmax=(13,), Concat=(13,))).plan()


def test_all_faults_and_all_that_is_missing_come_together():
    with pytest.raises(ConversionError) as caught:
        plan("g (float x) => (float y) { a = Relu(x, x) b = Foo(a) y = Add(b) }")
    assert [type(c) for c in caught.value.causes] == [
        ModelError,
        ModelError,
        UnsupportedOperatorError,
    ]


def test_what_no_output_hangs_on_is_left_out():
    steps = plan("g (float x) => (float y) { a = Foo(x) b = Relu(a) y = Neg(x) c = Exp(y) }").steps
    assert [step.node.op_type for step in steps] == ["Neg"]
