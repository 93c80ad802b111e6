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
"""Canonical operators, and what inference does without."""

import pytest
from mxnet.contrib.onnx.mx2onnx import operator_info
from mxnet.contrib.onnx.mx2onnx.canonical import (
    REVERSED_SCALAR,
    SAME,
    SCALAR,
    canonicalise,
)
from mxnet.contrib.onnx.mx2onnx.symbol_file import read_symbol
from mxnet.contrib.onnx.mx2onnx.symbol_json import parse_symbol
from symbols import symbol


def canonical(*nodes, keep_losses=False, **more):
    return canonicalise(read_symbol(parse_symbol(symbol(*nodes, **more))), keep_losses)


@pytest.mark.parametrize("table", [SCALAR, REVERSED_SCALAR, SAME])
def test_the_tables_name_operators_that_mxnet_has(table):
    for old, new in table.items():
        assert operator_info.known(old) and operator_info.known(new)


@pytest.mark.parametrize("op_type", SCALAR)
def test_a_scalar_form_is_the_operator_with_a_number(op_type):
    node = canonical("x", (op_type, "n", ["x"], {"scalar": "2.5"})).nodes[1]
    assert (node.op_type, node.inputs) == (SCALAR[op_type], ((0, 0), 2.5))
    assert not node.changed


@pytest.mark.parametrize("op_type", REVERSED_SCALAR)
def test_a_reversed_scalar_form_has_the_number_first(op_type):
    node = canonical("x", (op_type, "n", ["x"], {"scalar": "2.5"})).nodes[1]
    assert (node.op_type, node.inputs) == (REVERSED_SCALAR[op_type], (2.5, (0, 0)))


@pytest.mark.parametrize(
    "op_type",
    ["SoftmaxOutput", "LinearRegressionOutput", "LogisticRegressionOutput",
     "MAERegressionOutput", "SVMOutput"],
)  # fmt: skip
def test_labels_vanish(op_type):
    graph = canonical("x", "truth", (op_type, "head", ["x", "truth"]))
    assert graph.variables(graph.live()) == ["x"]


def test_an_operator_that_mxnet_dropped_is_what_it_computed():
    attrs = {"label_length": "4", "input_length": "20"}
    node = canonical("x", "label", ("WarpCTC", "head", ["x", "label"], attrs)).nodes[2]
    assert (node.op_type, node.inputs, node.changed) == ("softmax", ((0, 0),), frozenset())
    assert node.values["axis"] == -1


DETECTOR = (
    "x",
    "label",
    ("softmax", "scores", ["x"]),
    ("smooth_l1", "loss", ["scores"]),
    ("elemwise_sub", "miss", ["loss", "label"]),
    ("MakeLoss", "box_loss", ["miss"]),
    ("BlockGrad", "truth", ["label"]),
    ("MakeLoss", "boxes", ["scores"]),
    ("CTCLoss", "ctc", ["scores", "label"]),
    ("MakeLoss", "ctc_loss", ["ctc"]),
)
HEADS = ["boxes", "box_loss", "truth", "ctc_loss", "ctc", "scores"]


def test_heads_that_are_only_losses_are_dropped():
    graph = canonical(*DETECTOR, heads=HEADS)
    assert [graph.nodes[i].name for i, _ in graph.heads] == ["boxes", "scores"]
    assert graph.variables(graph.live()) == ["x"]


def test_a_loss_that_is_asked_for_is_kept():
    graph = canonical(*DETECTOR, heads=["box_loss", "scores"], keep_losses=True)
    assert [graph.nodes[i].name for i, _ in graph.heads] == ["box_loss", "scores"]


def test_a_loss_that_is_all_there_is_is_kept():
    graph = canonical(*DETECTOR, heads=["ctc_loss"])
    assert [graph.nodes[i].name for i, _ in graph.heads] == ["ctc_loss"]
