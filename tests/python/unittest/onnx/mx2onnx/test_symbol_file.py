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
"""Symbol files of every age: their form, their upgrade, the cut to other outputs."""

import contextlib
import json

import numpy as np
import pytest
from mxnet.contrib.onnx import ModelError
from mxnet.contrib.onnx.mx2onnx.symbol_file import Node, Variable, read_symbol
from mxnet.contrib.onnx.mx2onnx.symbol_json import parse_symbol
from symbols import symbol

CONVOLUTION = {"kernel": "(3, 3)", "num_filter": "8"}


def read(*nodes, **more):
    return read_symbol(parse_symbol(symbol(*nodes, **more)))


def network(**more):
    return symbol(
        "data",
        "w",
        "b",
        ("Convolution", "conv", ["data", "w", "b"], CONVOLUTION),
        ("SliceChannel", "split", ["conv"], {"num_outputs": 2}),
        ("elemwise_add", "sum", ["split:0", "split:1"]),
        ("Activation", "relu", ["sum"], {"act_type": "relu"}),
        **more,
    )


# what is read


def test_values_are_typed_and_defaults_filled_in():
    node = read_symbol(parse_symbol(network())).nodes[3]
    assert (node.name, node.op_type) == ("conv", "Convolution")
    assert node.values["kernel"] == (3, 3) and node.values["num_filter"] == 8
    assert node.values["stride"] == () and node.values["no_bias"] is False
    assert node.values["layout"] is None and node.values["num_group"] == 1
    assert node.changed == {"kernel", "num_filter"}
    assert node.inputs == ((0, 0), (1, 0), (2, 0))


@pytest.mark.parametrize(
    "written, kind",
    [("(1, 2)", (1, 2)), ("[1,2]", (1, 2)), ("(1L, 2L)", (1, 2)), ("()", ()), ("3", (3,))],
)
def test_tuples_are_read_as_every_release_wrote_them(written, kind):
    graph = read("x", ("Pooling", "p", ["x"], {"kernel": "(2, 2)", "pad": written}))
    assert graph.nodes[1].values["pad"] == kind


def test_a_value_that_is_the_default_is_no_change():
    attrs = {"axis": "1", "eps": "0.001", "fix_gamma": "True", "momentum": "0.5"}
    node = read("x", ("BatchNorm", "n", ["x"] * 5, attrs)).nodes[1]
    assert node.changed == {"eps", "momentum"}  # MXNet's own eps is 0.001 rounded to float32


def test_aliases_have_one_name():
    assert read("x", ("Softmax", "n", ["x"])).nodes[1].op_type == "SoftmaxOutput"


def test_variables_declare_shapes_and_dtypes():
    declared = {"__shape__": "(0, 3, -1)", "__dtype__": "4", "__lr_mult__": "2.0"}
    x, y, z = read(
        ("null", "x", declared),
        ("null", "y", {"__shape__": "(2L, 3L)"}),
        "z",
        ("add_n", "n", ["x", "y", "z"]),
    ).nodes[:3]
    assert (x.shape, x.dtype, x.is_trained) == ((None, 3, None), np.dtype("int32"), True)
    assert (y.shape, y.dtype, y.is_trained) == ((2, 3), None, False)
    assert (z.shape, z.dtype, z.is_trained) == (None, None, False)


@pytest.mark.parametrize("text", ["", "()", "None", "(a, b)", "__import__('os')"])
def test_a_declaration_that_says_nothing_is_none(text):
    assert read(("null", "x", {"__shape__": text, "__dtype__": "99"})).nodes[0].shape is None


# old files


@pytest.mark.parametrize("key, version", [("param", None), ("attr", 900), ("attrs", 10901)])
def test_attributes_are_found_where_each_release_put_them(key, version):
    graph = read_symbol(parse_symbol(network(key=key, version=version)))
    assert graph.nodes[3].values["kernel"] == (3, 3)


def test_auxiliary_states_become_nodes():
    graph = read("x", "g", "b", ("BatchNorm", "n", ["x", "g", "b"]), version=None)
    assert graph.variables() == ["x", "g", "b", "n_moving_mean", "n_moving_var"]
    node = graph.nodes[graph.heads[0][0]]
    assert [graph.nodes[i].name for i, _ in node.sources] == graph.variables()


@pytest.mark.parametrize("version, axis", [(None, None), (904, None), (905, -1), (10901, -1)])
def test_axis_of_argmax_once_meant_all_axes(version, axis):
    node = read("x", ("argmax", "n", ["x"], {"axis": "-1"}), version=version).nodes[1]
    assert node.values["axis"] == axis


def test_housekeeping_is_no_parameter():
    attrs = {**CONVOLUTION, "lr_mult": "2", "weight_lr_mult": "3", "ctx_group": "a", "__x__": "y"}
    node = read("x", "w", "b", ("Convolution", "n", ["x", "w", "b"], attrs)).nodes[3]
    assert node.changed == {"kernel", "num_filter"}


def test_bodies_of_control_flow_are_kept():
    body = json.loads(symbol("i", "s", ("elemwise_add", "next", ["i", "s"])))
    whole = json.loads(symbol("x", "s0", ("_foreach", "loop", ["x", "s0"], {"num_args": 3})))
    whole["nodes"][2]["attrs"].update(
        in_data_locs="[0]", in_state_locs="[1]", num_out_data="1", num_outputs="2", remain_locs="[]"
    )
    whole["nodes"][2]["subgraphs"] = [body]
    (subgraph,) = read_symbol(parse_symbol(json.dumps(whole))).nodes[2].subgraphs
    assert [n.name for n in subgraph.nodes] == ["i", "s", "next"]
    assert isinstance(subgraph.nodes[2], Node) and isinstance(subgraph.nodes[0], Variable)


# against MXNet


def test_the_same_as_mxnet_sees():
    mx = pytest.importorskip("mxnet")
    net = mx.sym.var("data", shape=(2, 3, 8, 8), dtype="float16")
    for k in range(2):
        net = mx.sym.Convolution(net, kernel=(3, 3), num_filter=4, name=f"c{k}")
        net = mx.sym.BatchNorm(net, name=f"n{k}")
    net = mx.sym.Group([mx.sym.SoftmaxOutput(net, name="softmax"), net])
    graph = read_symbol(parse_symbol(net.tojson()))
    assert graph.variables() == net.list_inputs()
    assert graph.nodes[0].shape == (2, 3, 8, 8) and graph.nodes[0].dtype == np.float16
    for node in graph.nodes:
        if isinstance(node, Node):
            given = net.attr_dict().get(node.name, {})
            assert node.changed <= {k for k in given if not k.startswith("__")}


# what is refused


def test_everything_wrong_with_attributes_is_said_at_once():
    with pytest.raises(ModelError) as refusal:
        read(
            "x",
            ("Activation", "a", ["x"], {"act_type": "swish", "colour": "red"}),
            ("Pooling", "p", ["a"], {"kernel": "(2, two)", "global_pool": "maybe"}),
            ("Convolution", "c", ["p"], {"num_filter": "1.5"}),
        )
    said = str(refusal.value)
    for words in (
        "node 'a': Activation has no parameter colour",
        "act_type='swish' of Activation is no {'relu'",
        "node 'p': kernel='(2, two)' of Pooling is no Shape(tuple)",
        "global_pool='maybe' of Pooling is no boolean",
        "num_filter='1.5' of Convolution is no int",
        "node 'c': Convolution needs 'kernel'",
    ):
        assert words in said
    assert len(refusal.value.causes) == 6


def test_cut_off_anywhere_is_refused():
    whole = network()
    for length in range(len(whole)):
        with pytest.raises(ModelError, match="the symbol is not an MXNet symbol"):
            parse_symbol(whole[:length])


@pytest.mark.parametrize("value", [None, 5, -1, "x", [], {}, [5], [[0, 0, 0]], 1e30, True])
def test_any_value_in_any_place_is_read_or_refused(value):
    """JSON that is well-formed and wrong: nothing may come of it but a refusal."""

    def replaced(tree, at=()):
        for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
            yield (*at, key)
            if isinstance(tree[key], (dict, list)):
                yield from replaced(tree[key], (*at, key))

    for place in replaced(json.loads(network())):
        tree = json.loads(network())
        inner = tree
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
        with contextlib.suppress(ModelError):
            read_symbol(parse_symbol(json.dumps(tree)))


# the cut


CUTS = {
    "conv_output": [(3, 0)],
    "conv": [(3, 0)],
    "split_output1": [(4, 1)],
    "w": [(1, 0)],
    "relu_output": [(6, 0)],
}


@pytest.mark.parametrize("name", CUTS)
def test_a_cut_keeps_what_the_output_needs(name):
    whole = parse_symbol(network())
    cut = whole.cut([name])
    index, output = CUTS[name][0]
    kept = [n.name for n in whole.nodes[: index + 1]]
    if name == "w":
        kept = ["w"]
    assert [n.name for n in cut.nodes] == kept
    assert cut.heads == ((len(kept) - 1, output),)


def test_a_cut_has_the_outputs_in_the_order_asked_for():
    cut = parse_symbol(network()).cut(["relu_output", "conv", "split_output1"])
    assert [(cut.nodes[i].name, k) for i, k in cut.heads] == [
        ("relu", 0),
        ("conv", 0),
        ("split", 1),
    ]


def test_mxnet_loads_what_is_cut():
    mx = pytest.importorskip("mxnet")
    cut = parse_symbol(network()).cut(["split_output1", "conv"])
    assert mx.sym.load_json(cut.text()).list_outputs() == ["split_output1", "conv_output"]


def test_own_output_names_are_found():
    text = symbol("x", "g", "b", "m", "v", ("BatchNorm", "n", ["x", "g", "b", "m", "v"]))
    cut = parse_symbol(text).cut(["n_var", "n_output", "n"])
    assert [k for _, k in cut.heads] == [2, 0, 0]


def test_what_cannot_be_cut_is_named():
    with pytest.raises(ModelError) as refusal:
        parse_symbol(network()).cut(["conf_output", "split", "nothing like it"])
    said = str(refusal.value)
    assert "no output 'conf_output'; similar are conv_output" in said
    assert "'split' has several outputs: split_output0, split_output1" in said
    assert "no output 'nothing like it'" in said


def test_a_name_that_two_nodes_have_is_refused():
    text = symbol("x", ("relu", "a", ["x"]), ("relu", "b", ["a"]))
    text = text.replace('"name": "b"', '"name": "a"')
    with pytest.raises(ModelError, match="'a_output' names 2 outputs"):
        parse_symbol(text).cut(["a_output"])
