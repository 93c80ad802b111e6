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
"""Export rows of the control flow family: whole symbols, as MXNet's front end makes them."""

import io

import mxnet as mx
import numpy as np
import onnx
import pytest
from export_cases import OPSETS
from mxnet.contrib.onnx import (
    TranslationError,
    TranslationTable,
    UnsupportedOperatorError,
    export_model,
)
from mxnet.gluon import nn, rnn
from mxnet_process import MXNetProcess
from running import Session, assert_close

MXNET = MXNetProcess(MXNET_SUBGRAPH_BACKEND="NONE")
F = mx.sym
T, N, C, H = 5, 2, 3, 4


def numbers(*shape, dtype="float32"):
    return np.random.RandomState(len(shape) + sum(shape)).uniform(-1, 1, shape).astype(dtype)


def number(value, dtype="float32"):
    return np.array([value], dtype)


def exported(symbol, parameters, inputs, dims=None, **more):
    file = io.BytesIO()
    shapes = {name: array.shape for name, array in inputs.items()}
    types = {name: array.dtype for name, array in inputs.items()}
    export_model(symbol, parameters, {**shapes, **(dims or {})}, types, file, **more)
    return file.getvalue()


def agree(symbol, parameters, inputs, dims=None, opsets=OPSETS, rows=None):
    """Export, run and compare; of an output in ``rows`` only so many rows count."""
    references = MXNET(symbol.tojson(), {**parameters, **inputs})
    for opset in opsets:
        expected = list(references)
        session = Session(exported(symbol, parameters, inputs, dims, opset_version=opset))
        found = session({name: inputs[name] for name in session.inputs})
        assert session.outputs == symbol.list_outputs()
        for place, count in (rows or {}).items():
            assert found[place].shape == expected[place].shape
            assert not found[place][count:].any()
            found[place], expected[place] = (side[place][:count] for side in (found, expected))
        assert_close(found, expected)


class Network:
    """One construct as the tool takes it that measures core operators."""

    options = ()

    def __init__(self, op_type, outputs, parameters, **inputs):
        self.op_type, self.symbol = op_type, F.Group(outputs)
        self.parameters, self.inputs = parameters, inputs

    def exported(self, opset, _):
        return exported(self.symbol, self.parameters, self.inputs, opset_version=opset)


def recurrence():
    """A step of a recurrent cell, and its parameters."""
    weight, bias, k = F.var("weight"), F.var("bias"), F.var("k")

    def body(x, states):
        h = F.FullyConnected(x, weight, bias, num_hidden=H, name="fc")
        h = F.tanh(h + F.broadcast_mul(states[0], k), name="h")
        return h * 2, [h]

    return body, {"weight": numbers(H, C), "bias": numbers(H), "k": numbers(1, H)}


@pytest.fixture(scope="module")
def loop():
    body, parameters = recurrence()
    out, (last,) = F.contrib.foreach(body, F.var("data"), [F.var("state")])
    return F.Group([out, last]), parameters


INPUTS = {"data": numbers(T, N, C), "state": numbers(N, H)}
DIMS = {"data": ("T", "N", C), "state": ("N", H)}


@pytest.mark.parametrize("dims", [None, DIMS])
def test_foreach_with_captured_parameters(loop, dims):
    agree(*loop, INPUTS, dims)


def test_weights_of_a_body_are_the_model_s_own_and_names_are_mxnet_s(loop):
    symbol, parameters = loop
    model = onnx.load_from_string(exported(symbol, parameters, INPUTS, DIMS))
    assert {"weight", "bias", "k"} <= {tensor.name for tensor in model.graph.initializer}
    (node,) = model.graph.node
    assert (node.op_type, node.name) == ("Scan", symbol[0].name)
    body = node.attribute[0].g
    assert not body.initializer
    assert [value.name for value in body.input] == ["state-0", "data-0"]
    assert [n.name for n in body.node if n.name in ("fc", "h")] == ["fc", "h"]
    assert {"fc_output", "h_output"} <= {name for n in body.node for name in n.output}
    sizes = [d.dim_param or d.dim_value for d in body.output[0].type.tensor_type.shape.dim]
    assert sizes == ["N", H]


def test_a_loop_is_verified(loop):
    symbol, parameters = loop
    exported(symbol, parameters, INPUTS, DIMS, verify=True)


def test_several_data_states_and_outputs():
    def body(xs, states):
        a, b = xs
        return [a + states[0], a * b], [states[1] + a, states[0] - b]

    outs, states = F.contrib.foreach(body, [F.var("a"), F.var("b")], [F.var("s"), F.var("t")])
    inputs = {n: numbers(T, N, C) + k for k, n in enumerate("ab")}
    inputs.update({n: numbers(N, C) + k for k, n in enumerate("st")})
    dims = {"a": ("T", "N", C), "b": ("T", "N", C), "s": ("N", C), "t": ("N", C)}
    agree(F.Group([*outs, *states]), {}, inputs, dims)


def test_a_body_that_hands_on_what_it_gets():
    def body(x, states):
        return [x, F.var("outer") * 1], [states[0]]

    outs, states = F.contrib.foreach(body, F.var("data"), [F.var("state")])
    inputs = {"data": numbers(T, C), "state": numbers(H), "outer": numbers(2, 2)}
    agree(F.Group([*outs, *states]), {}, inputs, {"data": ("T", C)})


def test_integers_and_values_computed_outside():
    shift = F.cast(F.var("shift") * 2, "int32")

    def body(x, states):
        return x + shift, [states[0] + x]

    out, states = F.contrib.foreach(body, F.var("data"), [F.var("state")])
    inputs = {
        "data": np.arange(12, dtype="int32").reshape(4, 3),
        "state": np.zeros(3, "int32"),
        "shift": np.array([1, 2, 3], "float32"),
    }
    agree(F.Group([out, *states]), {}, inputs, {"data": ("T", 3)})


def test_nested_loops():
    w = F.var("w")

    def inner(x, states):
        return F.relu(x * w), [states[0] + x]

    def outer(x, states):
        outs, (last,) = F.contrib.foreach(inner, x, [states[0]])
        return outs, [last * 0.5]

    out, states = F.contrib.foreach(outer, F.var("data"), [F.var("state")])
    inputs = {"data": numbers(T, N, C), "state": numbers(C)}
    dims = {"data": ("T", "N", C)}
    agree(F.Group([out, *states]), {"w": numbers(C)}, inputs, dims)


class Nested(mx.gluon.HybridBlock):
    """All three in one another; MXNet has their shapes only where it runs them at once."""

    def hybrid_forward(self, F, data, state):
        def row(x, states):
            more = F.contrib.cond(F.sum(x) > 0, lambda: x * states[0], lambda: x - states[0])
            _, (_, total) = F.contrib.while_loop(
                lambda i, a: i < 3,
                lambda i, a: ([], [i + 1, a + more]),
                [F.ones(1), states[0]],
                max_iterations=5,
            )
            return more, [total * 0.5]

        out, states = F.contrib.foreach(row, data, [state])
        return F.contrib.cond(F.sum(out) > 0, lambda: [out, states[0]], lambda: [out, state * 2])


@pytest.mark.parametrize("sign", [1, -1])
def test_all_in_one_another(sign):
    block = Nested()
    inputs = [numbers(T, C) * sign, numbers(C)]
    expected = [o.asnumpy() for o in block(*map(mx.nd.array, inputs))]
    for opset in OPSETS:
        file = io.BytesIO()
        shapes = [("T", C), (C,)]
        export_model(block, None, shapes, onnx_file_path=file, opset_version=opset)
        session = Session(file.getvalue())
        assert_close(session(dict(zip(session.inputs, inputs))), expected)


# states without a size


class Unrolled(mx.gluon.HybridBlock):
    """A cell in a loop of MXNet's own, from its own first states."""

    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def hybrid_forward(self, F, x):
        states = self.cell.begin_state(0, func=F.zeros)
        out, states = F.contrib.foreach(self.cell, x, states)
        return (out, *states)


CELLS = {
    "rnn": lambda: rnn.RNNCell(H),
    "lstm": lambda: rnn.LSTMCell(H),
    "gru": lambda: rnn.GRUCell(H),
}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("dims", [("T", "N", C), (T, N, C), (T, "N", C)])
def test_a_cell_in_a_loop_from_states_of_open_size(cell, dims):
    block = Unrolled(CELLS[cell]())
    block.initialize(mx.init.Uniform(0.5))
    x = numbers(T, N, C)
    symbol = F.Group(list(block(F.var("data"))))
    shapes, _, _ = symbol.infer_shape(data=x.shape)
    for name, shape in zip(symbol.list_arguments(), shapes):
        if name != "data":
            block.collect_params()[name].shape = shape
            block.collect_params()[name]._finish_deferred_init()
    parameters = {n: p.data().asnumpy() for n, p in block.collect_params().items()}
    expected = MXNET(symbol.tojson(), {**parameters, "data": x})
    for opset in OPSETS:
        file = io.BytesIO()
        export_model(block, None, [dims], onnx_file_path=file, opset_version=opset)
        assert_close(Session(file.getvalue())({"data": x}), expected)


def test_a_state_of_a_size_that_nothing_tells_is_refused():
    def body(x, states):
        return x, [F.concat(states[0], F.zeros((0, 2)), dim=1)]

    out, states = F.contrib.foreach(body, F.var("data"), [F.zeros((0, 2))])
    with pytest.raises(TranslationError, match="size of 0"):
        exported(F.Group([out, *states]), {}, {"data": numbers(T, N, C)})


# while


def counting(most, rows=True):
    w = F.var("w")

    def step(i, a):
        return ([a * w, i + 0] if rows else []), [i + 1, a + w]

    return F.contrib.while_loop(
        lambda i, a: i < 5, step, [F.var("i"), F.var("a")], max_iterations=most
    )


@pytest.mark.parametrize(("most", "begin"), [(7, 0), (3, 0), (5, 2), (9, 4)])
def test_rows_of_a_loop_that_stops(most, begin):
    outs, states = counting(most)
    count = min(most, 5 - begin)
    inputs = {"i": number(begin), "a": numbers(N, C)}
    symbol = F.Group([*outs, *states])
    agree(symbol, {"w": numbers(N, C)}, inputs, rows={0: count, 1: count})


@pytest.mark.parametrize("begin", [0, 3, 9])
def test_a_loop_that_gives_its_last_values_only(begin):
    _, states = counting(8, rows=False)
    inputs = {"i": number(begin), "a": numbers(N, C)}
    agree(F.Group(states), {"w": numbers(N, C)}, inputs, opsets=OPSETS[:1])


def test_what_is_captured_beside_the_loop_s_own_variable():
    a = F.var("a")
    outs, states = F.contrib.while_loop(
        lambda i, b: F.sum(b) * F.sum(a) < 50,
        lambda i, b: ([b - a], [i + 1, b + a]),
        [F.var("i"), a],
        max_iterations=6,
    )
    inputs = {"i": number(0), "a": np.array([1, 1.5, 2], "float32")}
    agree(F.Group([*outs, *states]), {}, inputs, {"a": ("C",)}, rows={0: 2})


# cond


def constructs():
    """The plainest of each."""
    x, i = F.var("x"), F.var("i")
    rows, _ = F.contrib.foreach(lambda x, s: (x + s[0], [s[0] + x]), x, [F.var("s")])
    _, (_, last) = F.contrib.while_loop(
        lambda i, x: i < 5, lambda i, x: ([], [i + 1, x * 2]), [i, x], max_iterations=5
    )
    chosen = F.contrib.cond(i < 1, lambda: x * 2, lambda: x + 1)
    a, one = numbers(T, N, C), number(0)
    yield Network("_foreach", [rows], {}, x=a, s=numbers(N, C))
    yield Network("_while_loop", [last], {}, x=a, i=one)
    yield Network("_cond", [chosen], {}, x=a, i=one)


def test_each_construct_is_one_node():
    kinds = ("Scan", "Loop", "If")
    for network, kind in zip(constructs(), kinds):
        graph = onnx.load_from_string(network.exported(11, False)).graph
        assert [node.op_type for node in graph.node if node.op_type in kinds] == [kind]


test_each_construct_is_one_node.cases = list(constructs())


@pytest.mark.parametrize("shift", [-5, 5])
def test_branches(shift):
    a, w = F.var("a"), F.var("w")
    outs = F.contrib.cond(F.sum(a) < 0, lambda: [a, w + a, F.relu(a)], lambda: [a * w, w, a + 1])
    inputs = {"a": numbers(N, C) + shift}
    agree(F.Group(outs), {"w": numbers(N, C)}, inputs)
    agree(F.Group(outs), {"w": numbers(N, C)}, inputs, {"a": ("N", C)})


def test_layers_in_branches_keep_their_rules():
    x = F.var("data")

    def layers(name):
        conv = F.Convolution(x, kernel=(3, 3), num_filter=4, pad=(1, 1), name=f"{name}_conv")
        return F.relu(F.BatchNorm(conv, fix_gamma=False, name=f"{name}_bn"))

    out = F.contrib.cond(F.mean(x) > 0, lambda: layers("a"), lambda: layers("b"))
    names = [n for n in out.list_inputs() if n != "data"]
    parameters = {
        n: np.abs(numbers(*((4, 3, 3, 3) if n.endswith("weight") else (4,)))) + k / 10
        for k, n in enumerate(names)
    }
    for sign in (1, -1):
        agree(out, parameters, {"data": np.abs(numbers(1, 3, 6, 6)) * sign}, opsets=(17,))
    model = onnx.load_from_string(exported(out, parameters, {"data": numbers(1, 3, 6, 6)}))
    branch = model.graph.node[-1].attribute[0].g
    assert [n.op_type for n in branch.node] == ["Conv", "Relu"]


# other ways in


class Stepped(mx.gluon.HybridBlock):
    """A cell whose states are a list among its inputs."""

    def __init__(self):
        super().__init__()
        self.cell = rnn.LSTMCell(H, input_size=C)

    def hybrid_forward(self, F, x, states):
        return F.contrib.foreach(self.cell, x, states)


def test_a_block_with_a_list_of_states_that_was_run():
    block = Stepped()
    block.initialize(mx.init.Uniform(0.5))
    block.hybridize()
    arrays = [numbers(T, N, C), numbers(N, H), numbers(N, H) / 2]
    x, *states = map(mx.nd.array, arrays)
    out, (h, c) = block(x, states)
    file = io.BytesIO()
    export_model(block, None, [("T", "N", C), ("N", H), ("N", H)], onnx_file_path=file)
    session = Session(file.getvalue())
    expected = [a.asnumpy() for a in (out, h, c)]
    assert_close(session({f"data{k}": a for k, a in enumerate(arrays)}), expected)


class Numpy(mx.gluon.HybridBlock):
    """Operators of the NumPy-style front end in a loop."""

    def hybrid_forward(self, F, data, state):
        def body(x, states):
            s = states[0].as_np_ndarray()
            out = F.np.where(s > 0, x.as_np_ndarray() * s, s)
            return out.as_nd_ndarray(), [F.np.mean(out).as_nd_ndarray().reshape(1) + states[0]]

        out, (last,) = F.contrib.foreach(body, data, [state])
        return out, last


def test_numpy_style():
    block = Numpy()
    inputs = [numbers(T, C), numbers(C)]
    expected = [o.asnumpy() for o in block(*map(mx.nd.array, inputs))]
    file = io.BytesIO()
    export_model(block, None, [("T", C), (C,)], onnx_file_path=file)
    session = Session(file.getvalue())
    assert_close(session(dict(zip(session.inputs, inputs))), expected)


class Layers(mx.gluon.HybridBlock):
    """A layer of Gluon, called step by step."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Dense(H, in_units=C, activation="relu")

    def hybrid_forward(self, F, x, s):
        return F.contrib.foreach(lambda row, t: (self.dense(row), [t[0] + 1]), x, [s])[0]


def test_gluon_layers_in_a_body(tmp_path):
    block = Layers()
    block.initialize(mx.init.Uniform(0.5))
    block.hybridize()
    x, s = numbers(T, N, C), numbers(1)
    expected = block(mx.nd.array(x), mx.nd.array(s)).asnumpy()
    block.export(str(tmp_path / "net"))
    file = io.BytesIO()
    export_model(str(tmp_path / "net"), None, [(T, "N", C), (1,)], onnx_file_path=file)
    assert_close(Session(file.getvalue())({"data0": x, "data1": s}), [expected])


def test_what_a_body_lacks_is_named(tmp_path):
    def body(x, states):
        return F.negative(x, name="odd"), [states[0] + 1]

    out, states = F.contrib.foreach(body, F.var("data"), [F.var("state")])
    text = F.Group([out, *states]).tojson().replace('"negative"', '"Swirl"')
    path = tmp_path / "net.json"
    path.write_text(text)
    inputs = {"data": numbers(T, C), "state": numbers(1)}
    with pytest.raises(UnsupportedOperatorError, match="Swirl: 1 node 'odd'"):
        exported(path, {}, inputs)
    table = TranslationTable()
    table.op("Swirl")(lambda op, x: op.Neg(x))
    found = Session(exported(path, {}, inputs, translations=table))(inputs)
    assert_close(found, [-inputs["data"], inputs["state"] + T])


def test_what_a_body_cannot_say_is_placed():
    def body(x, states):
        return F.SequenceReverse(x, axis=1, name="backwards"), [states[0] + 1]

    out, states = F.contrib.foreach(body, F.var("data"), [F.var("state")])
    with pytest.raises(TranslationError, match="node 'backwards'"):
        exported(F.Group([out, *states]), {}, {"data": numbers(T, N, C), "state": numbers(1)})
