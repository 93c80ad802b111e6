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
"""What has no translation is named at once, and the user's rows win."""

import json

import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx import TranslationTable, UnsupportedOperatorError, export_model
from mxnet.contrib.onnx.mx2onnx.planning import plan
from mxnet.contrib.onnx.mx2onnx.symbol_file import read_symbol
from mxnet.contrib.onnx.mx2onnx.symbol_json import parse_symbol
from mxnet.contrib.onnx.mx2onnx.translations import export_table
from symbols import symbol


@pytest.fixture
def export(tmp_path):
    """Export a symbol that is written by hand; returns the ModelProto."""

    def run(*nodes, heads=None, shapes=((2, 3),), **more):
        path = tmp_path / "net.json"
        path.write_text(symbol(*nodes, heads=heads))
        return export_model(path, None, list(shapes), onnx_file_path=None, **more)

    return run


def test_everything_missing_is_named_at_once(export):
    with pytest.raises(UnsupportedOperatorError) as refusal:
        export(
            "x",
            ("Swirl", "a", ["x"]),
            ("Swirl", "b", ["a"]),
            ("Custom", "c", ["b"], {"op_type": "mine"}),
            ("softmax", "d", ["c"], {"axis": "-1", "use_length": "True"}),
            ("BatchNorm", "e", ["d"] * 5, {"output_mean_var": "True"}),
        )
    said = str(refusal.value)
    assert "Swirl: 2 nodes, first 'a' (MXNet 1.9.1 has no such operator)" in said
    assert "Custom: 1 node 'c' (the user's own operator 'mine')" in said
    assert "translations=" in said and "outputs=" in said
    found = {(o.op_type, o.nodes) for o in refusal.value.operators}
    assert {("Swirl", ("a", "b")), ("Custom", ("c",))} <= found


def test_a_parameter_that_no_row_reads_is_named():
    table = TranslationTable()
    table.op("Pooling", ignores=("cudnn_off",))(lambda op, data, *, kernel: data)
    attrs = {"kernel": "(2, 2)", "pool_type": "avg", "p_value": "None", "cudnn_off": "1"}
    graph = read_symbol(parse_symbol(symbol("x", ("Pooling", "n", ["x"], attrs))))
    with pytest.raises(UnsupportedOperatorError, match="Pooling: 1 node 'n' .*pool_type='avg'"):
        plan(graph, graph.live(), table)
    attrs["pool_type"] = "max"  # MXNet's default: nothing is lost
    graph = read_symbol(parse_symbol(symbol("x", ("Pooling", "n", ["x"], attrs))))
    assert list(plan(graph, graph.live(), table)) == [1]


def test_dead_nodes_need_no_row(export):
    model = export("x", ("Swirl", "dead", ["x"]), ("relu", "live", ["x"]))
    assert [n.op_type for n in model.graph.node] == ["Relu"]


def test_control_flow_is_refused_by_name():
    body = json.loads(symbol("i", "s", ("elemwise_add", "next", ["i", "s"])))
    whole = json.loads(symbol("x", "s0", ("_foreach", "loop", ["x", "s0"], {"num_args": 3})))
    whole["nodes"][2]["attrs"].update(
        in_data_locs="[0]", in_state_locs="[1]", num_out_data="1", num_outputs="2", remain_locs="[]"
    )
    whole["nodes"][2]["subgraphs"] = [body]
    graph = read_symbol(parse_symbol(json.dumps(whole)))
    with pytest.raises(UnsupportedOperatorError, match=r"_foreach: 1 node 'loop' \(control flow\)"):
        plan(graph, graph.live(), TranslationTable())


# the user's rows


def test_a_row_of_the_user_wins(export):
    table = TranslationTable()
    table.op("relu")(lambda op, data: op.Abs(data))
    model = export("x", ("relu", "n", ["x"]), translations=table)
    assert [n.op_type for n in model.graph.node] == ["Abs"]
    assert export_table.find("relu").function is not table.find("relu").function


def scale(op, data, *, by="1", op_type=None):
    return op.Mul(data, float(by))


@pytest.mark.parametrize("name", ["mine", "Custom"])
def test_a_custom_operator_is_found_by_its_own_name_or_for_all(export, name):
    table = TranslationTable()
    table.op(name)(scale)
    node = ("Custom", "n", ["x"], {"op_type": "mine", "by": "2.5"})
    model = export("x", node, translations=table)
    assert onnx.numpy_helper.to_array(model.graph.initializer[0]) == np.float32(2.5)


def test_a_custom_operator_s_own_name_comes_before_all():
    table = TranslationTable()
    table.op("Custom")(lambda op, data: data)
    table.op("mine")(scale)
    nodes = symbol("x", ("Custom", "n", ["x"], {"op_type": "mine", "by": "3"}))
    graph = read_symbol(parse_symbol(nodes))
    assert plan(graph, [0, 1], export_table, table)[1].function is scale


def test_a_custom_operator_called_like_mxnet_s_is_not_mxnet_s(export):
    with pytest.raises(UnsupportedOperatorError, match="the user's own operator 'relu'"):
        export("x", ("Custom", "n", ["x"], {"op_type": "relu"}))


def test_a_custom_operator_s_arguments_may_not_be_lost(export):
    table = TranslationTable()
    table.op("mine")(scale)
    with pytest.raises(UnsupportedOperatorError, match="not covered: angle='7'"):
        export("x", ("Custom", "n", ["x"], {"op_type": "mine", "angle": "7"}), translations=table)


def test_an_operator_of_another_runtime(export):
    """A row may say what ONNX has no word for, in a domain of its own."""
    table = TranslationTable()

    @table.op("mine")
    def mine(op, data):
        return op.custom("com.acme", "Mine", data, outputs=[op.type(data)], depth=2)

    model = export("x", ("Custom", "n", ["x"], {"op_type": "mine"}), translations=table)
    assert [(n.domain, n.op_type, n.name) for n in model.graph.node] == [("com.acme", "Mine", "n")]
    assert ("com.acme", 1) in [(i.domain, i.version) for i in model.opset_import]


def test_operators_that_onnx_cannot_say_are_refused_with_the_reason(export):
    with pytest.raises(UnsupportedOperatorError, match="singular values need an iteration"):
        export("x", ("_npi_svd", "a", ["x"]))
