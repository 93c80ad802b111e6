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
"""Rows, tables and the binder that feeds a row by name."""

import pytest
from mxnet.contrib.onnx.errors import TranslationError
from mxnet.contrib.onnx.opset import schema_at
from mxnet.contrib.onnx.translation import TranslationTable, bind
from onnx import helper


def _table_with(function, *op_types, **more):
    table = TranslationTable()
    table.op(*op_types, **more)(function)
    return table


def _bound(function, op_type, opset, inputs=(), ignores=(), known=None, domain="", **attributes):
    """What ``function`` would be called with for one node."""
    schema = schema_at(op_type, opset, domain)
    version = schema.since_version if schema else 0
    table = _table_with(function, op_type, versions=(version,), ignores=ignores, domain=domain)
    node = helper.make_node(op_type, ["x"] * len(inputs), ["y"], domain=domain, **attributes)
    known = known or (lambda name, value: value)
    return bind(table.find(op_type, version, domain), schema, node, list(inputs), known)


def reduce_sum(op, data, *, axes=None, keepdims):
    """A row whose ``axes`` was an attribute until opset 12 and is an input since."""


@pytest.mark.parametrize(
    "opset, inputs, attributes",
    [(11, ["data"], {"axes": [1]}), (13, ["data", [1]], {})],
    ids=["attribute", "input"],
)
def test_an_argument_is_found_as_attribute_or_input(opset, inputs, attributes):
    tensors, values = _bound(reduce_sum, "ReduceSum", opset, inputs, **attributes)
    assert tensors == ["data"]
    assert values == {"axes": [1], "keepdims": 1}


def test_defaults_come_from_the_schema_of_the_version():
    def softmax(op, x, *, axis):
        """No default here: ONNX's changed at opset 13."""

    assert _bound(softmax, "Softmax", 11, ["x"])[1] == {"axis": 1}
    assert _bound(softmax, "Softmax", 13, ["x"])[1] == {"axis": -1}


def test_an_input_left_out_takes_the_functions_own_default():
    assert _bound(reduce_sum, "ReduceSum", 13, ["data", None])[1]["axes"] is None
    assert _bound(reduce_sum, "ReduceSum", 13, ["data"])[1]["axes"] is None


def test_python_words_and_letter_case():
    def clip(op, x, *, min_=None, max_=None):
        """``min`` and ``max`` are Python's."""

    def topk(op, x, *, k, axis):
        """``k`` is the attribute k in version 1, the input K since 10."""

    assert _bound(clip, "Clip", 11, ["x", 0.0, 6.0])[1] == {"min_": 0.0, "max_": 6.0}
    opset10 = _bound(topk, "TopK", 10, ["x", 3], ignores=("largest", "sorted"))
    assert opset10 == (["x"], {"k": 3, "axis": -1})
    assert _bound(topk, "TopK", 9, ["x"], k=3)[1] == {"k": 3, "axis": -1}


def test_positional_inputs_keep_their_places():
    def layer(op, x, w, b=None):
        """``b`` may be left out."""

    assert _bound(layer, "Conv", 11, ["x", "w", None])[0] == ["x", "w", None]


def test_a_required_value_that_is_absent_is_refused():
    def tile(op, x, *, repeats):
        """``repeats`` is required."""

    with pytest.raises(TranslationError, match="'repeats' is required"):
        _bound(tile, "Tile", 13, ["x"])


def test_an_attribute_nobody_reads_is_refused_unless_it_is_the_default():
    def relu(op, x):
        """Takes no attribute."""

    def pool(op, x, *, kernel_shape):
        """Reads one attribute of several."""

    with pytest.raises(TranslationError, match="ceil_mode"):
        _bound(pool, "MaxPool", 11, ["x"], kernel_shape=[2], ceil_mode=1)
    assert _bound(pool, "MaxPool", 11, ["x"], kernel_shape=[2], ceil_mode=0)[0] == ["x"]
    ignored = _bound(pool, "MaxPool", 11, ["x"], ("ceil_mode",), kernel_shape=[2], ceil_mode=1)
    assert ignored[1] == {"kernel_shape": [2]}
    with pytest.raises(TranslationError, match="attributes alpha, beta"):
        _bound(relu, "Acme", 1, ["x"], domain="com.acme", alpha=1.0, beta=2.0)


def test_an_unknown_domain_takes_names_from_the_node():
    def swish(op, x, *, beta=1.0):
        """An operator that ONNX has no record of."""

    assert _bound(swish, "Swish2", 1, ["x"], domain="com.acme", beta=2.0)[1] == {"beta": 2.0}
    assert _bound(swish, "Swish2", 1, ["x"], domain="com.acme")[1] == {"beta": 1.0}


def test_a_second_row_for_a_key_raises():
    table = _table_with(reduce_sum, "ReduceSum", versions=(11, 13))
    with pytest.raises(ValueError, match="ReduceSum-13 has a row already"):
        table.op("ReduceSum", versions=(13,))(reduce_sum)


def test_the_right_table_wins_and_neither_changes():
    def other(op, data, *, axes=None, keepdims):
        """A user's own."""

    ours = _table_with(reduce_sum, "ReduceSum", versions=(11, 13))
    user = _table_with(other, "ReduceSum", versions=(13,))
    joined = ours | user
    assert joined.find("ReduceSum", 13).function is other
    assert joined.find("ReduceSum", 11).function is reduce_sum
    assert ours.find("ReduceSum", 13).function is reduce_sum
    assert (len(ours), len(user), len(joined)) == (2, 1, 2)
    assert joined.versions("ReduceSum") == (11, 13)


def test_only_the_exact_version_is_found():
    table = _table_with(reduce_sum, "ReduceSum", versions=(11,))
    assert table.find("ReduceSum", 13) is None
    assert table.find("ReduceSum", 1) is None
    assert table.find("ReduceSum", 11, "com.acme") is None


def test_folding_rows_have_no_context():
    def add(a, b, *, scale=1):
        """NumPy in, NumPy out."""

    table = TranslationTable(context=False)
    table.op("Add", versions=(14,))(add)
    assert [p.name for p in table.find("Add", 14).tensors] == ["a", "b"]
    assert [p.name for p in _table_with(reduce_sum, "X").find("X").tensors] == ["data"]


def test_a_reason_stands_for_an_operator_without_a_row():
    table = TranslationTable()
    table.refuse("no such thing", "Swirl", "Twirl")
    assert table.reason("Twirl") == "no such thing"
    assert table.reason("Relu") == ""
    assert (TranslationTable() | table).reason("Swirl") == "no such thing"
    with pytest.raises(ValueError, match="Swirl has a row or a reason already"):
        table.refuse("again", "Swirl")
