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

"""Functions of models: attributes, overloads, control flow inside of them, functions of functions;
and subgraphs that are written strangely."""

import numpy as np
import onnx.parser
import pytest
from import_cases import array, normal
from mxnet.contrib.onnx import ModelError, backend, import_model
from mxnet.contrib.onnx.opset import NEWEST_OPSET
from onnx import helper, numpy_helper
from running import Session, run_module

HEAD = '<ir_version: 10, opset_import: ["" : 17, "local" : 1]> '
FUNCTION = '<domain: "local", opset_import: ["" : 17]> '


def check(text, inputs, symbol=True):
    """A model in ONNX Runtime, eagerly, and in Module."""
    model = text if isinstance(text, onnx.ModelProto) else onnx.parser.parse_model(HEAD + text)
    wanted = Session(model)(inputs)
    found = [backend.run_model(model, inputs)]
    if symbol:
        found.append(run_module(*import_model(model), inputs))
    for outputs in found:
        for one, other in zip(outputs, wanted):
            assert one.dtype == other.dtype and one.shape in (other.shape, other.shape or (1,))
            np.testing.assert_allclose(one.reshape(other.shape), other, 1e-6, 1e-6)


SCALED = (
    FUNCTION
    + """scaled <alpha: float = 3.0> (x) => (y) {
    a = Constant <value_float: float = @alpha> ()
    y = Mul (x, a)
}"""
)


@pytest.mark.parametrize("given", ["", "<alpha = 2.0>"])
def test_attributes_and_their_defaults(given):
    check(f"g (float[2, 3] x) => (float[2, 3] y) {{ y = local.scaled {given} (x) }} {SCALED}",
          {"x": normal(2, 3)})  # fmt: skip


LOOPED = (
    FUNCTION.replace("]", ', "local" : 1]')
    + """looped <count: int, alpha: float = 0.5> (x, m) => (y, rows) {
    a = Constant <value_float: float = @alpha> ()
    y, rows = Loop (m, , x) <
        body = b (int64 i, bool on, float[2, 3] s) => (bool go, float[2, 3] t, float[2, 3] u) {
            go = Identity (on)
            k = Constant <value_int: int = @count> ()
            f = Cast <to = 1> (k)
            c = Mul (s, a)  d = Add (c, f)
            t = local.scaled <alpha: float = @alpha> (d)
            u = local.scaled (d)
        }
    >
}"""
)


def test_control_flow_in_a_function_that_calls_functions():
    text = """g (float[2, 3] x) => (float[2, 3] y, float[4, 2, 3] z, float[4, 2, 3] w)
        <int64 m = {4}> {
            y, z = local.looped <count = 2> (x, m)
            v, w = local.looped <count = 1, alpha = 2.0> (y, m)
        } """
    check(text + LOOPED + SCALED, {"x": normal(2, 3)})


def test_a_function_in_a_loop():
    text = """g (float[2, 3] x) => (float[2, 3] y) <int64 m = {3}> {
        y = Loop (m, , x) <
            body = b (int64 i, bool on, float[2, 3] s) => (bool go, float[2, 3] t) {
                go = Identity (on)  t = local.scaled <alpha = 1.5> (s)
            }
        >
    } """
    check(text + SCALED, {"x": normal(2, 3)})


def test_a_branch_inside_that_an_attribute_decides():
    function = (
        FUNCTION
        + """chosen <up: int = 1> (x) => (y) {
        n = Constant <value_int: int = @up> ()
        c = Cast <to = 9> (n)
        y = If (c) <
            then_branch = t () => (float[N] a) { a = Add (x, x) },
            else_branch = e () => (float[N] b) { b = Neg (x) }
        >
    }"""
    )
    text = "g (float[3] x) => (float[3] y, float[3] z) { y = local.chosen (x) "
    check(text + "z = local.chosen <up = 0> (x) } " + function, {"x": normal(3)})


def _with_overloads():
    float_ = helper.make_tensor_value_info
    bodies = [
        helper.make_function(
            "local", "act", ["x"], ["y"], [helper.make_node(op_type, ["x"], ["y"])],
            [helper.make_opsetid("", 17)], overload=overload,
        )
        for overload, op_type in (("soft", "Tanh"), ("hard", "Relu"))
    ]  # fmt: skip
    nodes = [
        helper.make_node("act", ["x"], [name], domain="local", overload=overload)
        for name, overload in (("y", "soft"), ("z", "hard"))
    ]
    graph = helper.make_graph(
        nodes, "g", [float_("x", 1, [4])], [float_("y", 1, [4]), float_("z", 1, [4])]
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    model = helper.make_model(graph, functions=bodies, opset_imports=opsets)
    model.ir_version = 10
    return model


def test_overloads():
    check(_with_overloads(), {"x": normal(4)})


def test_the_domain_of_onnx_spelled_out():
    model = _with_overloads()
    for function in model.functions:
        function.opset_import[0].domain = "ai.onnx"
        function.node[0].domain = "ai.onnx"
    x = normal(4)
    y, z = backend.run_model(model, [x])
    np.testing.assert_allclose(y, np.tanh(x), 1e-6)
    np.testing.assert_array_equal(z, np.maximum(x, 0))


def test_a_body_of_onnx_that_does_not_import_what_it_uses(monkeypatch):
    """That of an operator of another domain, which has a row that is looked past here."""
    from mxnet.contrib.onnx.onnx2mx import planning

    schema = planning.schema_at("FlexAttention", 1, "ai.onnx.preview")
    if schema is None:
        pytest.skip("the installed onnx has no such operator")
    find = planning.Planner._row
    monkeypatch.setattr(
        planning.Planner,
        "_row",
        staticmethod(lambda table, node, opsets: None if node.op_type == "FlexAttention" else find(
            table, node, opsets
        )),
    )  # fmt: skip
    node = helper.make_node("FlexAttention", list("qkv"), ["y"], domain="ai.onnx.preview")
    q, k, v = normal(1, 2, 3, 4), normal(1, 2, 5, 4), normal(1, 2, 5, 4)
    info = [helper.make_tensor_value_info(n, 1, a.shape) for n, a in zip("qkv", (q, k, v))]
    graph = helper.make_graph([node], "g", info, [helper.make_tensor_value_info("y", 1, q.shape)])
    opsets = [("", NEWEST_OPSET), ("ai.onnx.preview", 1)]
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(*o) for o in opsets])
    scores = np.exp(q @ k.swapaxes(2, 3) / 2)
    wanted = (scores / scores.sum(-1, keepdims=True)) @ v
    np.testing.assert_allclose(backend.run_model(model, [q, k, v])[0], wanted, 1e-5, 1e-5)


# -- strange subgraphs -------------------------------------------------------------------------


def _loop(inputs, outputs, nodes, **more):
    """A model of one loop, whose body is given in pieces."""
    body = helper.make_graph(nodes, "body", inputs, outputs, **more)
    node = helper.make_node("Loop", ["m", "", "x"], ["y"], body=body)
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node], "g", [info("x", 1, [3])], [info("y", 1, [3])],
        [numpy_helper.from_array(np.array(2), "m"), numpy_helper.from_array(array([5, 6, 7]), "w")],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _info(name, elem=1, shape=(3,)):
    return helper.make_tensor_value_info(name, elem, shape)


def _both(model, x, wanted):
    np.testing.assert_array_equal(backend.run_model(model, [x])[0], wanted)
    np.testing.assert_array_equal(run_module(*import_model(model), {"x": x})[0], wanted)


def test_an_initializer_of_a_subgraph_is_no_value_for_its_input():
    inputs = [_info("i", 7, ()), _info("on", 9, ()), _info("s")]
    model = _loop(
        inputs,
        [_info("on", 9, ()), _info("t")],
        [helper.make_node("Add", ["s", "w"], ["t"])],
        initializer=[numpy_helper.from_array(array([1, 1, 1]), "s")],
    )
    x = normal(3)
    _both(model, x, (x + array([5, 6, 7])) + array([5, 6, 7]))


def test_an_initializer_of_a_subgraph_hides_an_outer_name():
    inputs = [_info("i", 7, ()), _info("on", 9, ()), _info("s")]
    model = _loop(
        inputs,
        [_info("on", 9, ()), _info("t")],
        [helper.make_node("Add", ["s", "w"], ["t"])],
        initializer=[numpy_helper.from_array(array([1, 2, 3]), "w")],
    )
    x = normal(3)
    _both(model, x, (x + array([1, 2, 3])) + array([1, 2, 3]))


def test_a_value_of_a_subgraph_hides_an_outer_one_and_is_given_twice():
    inputs = [_info("i", 7, ()), _info("on", 9, ()), _info("s")]
    nodes = [helper.make_node("Neg", ["s"], ["x"])]
    model = _loop(inputs, [_info("on", 9, ()), _info("x"), _info("x")], nodes)
    model.graph.node[0].output.append("z")
    model.graph.output.append(_info("z", 1, (2, 3)))
    x = normal(3)
    y, z = backend.run_model(model, [x])
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(z, [-x, x])
    y, z = run_module(*import_model(model), {"x": x})
    np.testing.assert_array_equal(z, [-x, x])


def test_a_subgraph_that_takes_other_inputs_than_it_is_given():
    inputs = [_info("i", 7, ()), _info("s")]
    model = _loop(inputs, [_info("s", 9, ()), _info("s")], [])
    with pytest.raises((ModelError, backend.ConversionError), match="takes 2 inputs"):
        backend.run_model(model, [normal(3)])


def test_a_model_without_inputs():
    text = """g () => (float[2] y) <int64 m = {3}, float[2] x = {1, 2}> {
        y = Loop (m, , x) <
            body = b (int64 i, bool on, float[2] s) => (bool on, float[2] t) { t = Add (s, s) }
        >
    }"""
    model = onnx.parser.parse_model(HEAD + text)
    np.testing.assert_array_equal(backend.run_model(model, [])[0], [8, 16])


def test_what_reads_a_refused_value_in_a_subgraph_is_not_refused_again():
    text = """g (float[3] x, int64 p) => (float[3] y) <int64 m = {3}> {
        s = SequenceConstruct (x, x)
        e = SequenceAt (s, p)
        y = Loop (m, , x) <
            body = b (int64 i, bool on, float[3] s) => (bool on, float[3] t) { t = Add (s, e) }
        >
    }"""
    with pytest.raises(backend.ConversionError, match="SequenceAt") as refusal:
        import_model(onnx.parser.parse_model(HEAD + text))
    assert "Loop" not in str(refusal.value)
