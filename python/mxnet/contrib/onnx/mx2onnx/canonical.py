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
"""One name for one meaning: scalar forms join their binary operator, loss heads become what they predict."""

from . import operator_info
from .symbol_file import Graph, Node

SCALAR = {
    "_plus_scalar": "broadcast_add",
    "_minus_scalar": "broadcast_sub",
    "_mul_scalar": "broadcast_mul",
    "_div_scalar": "broadcast_div",
    "_power_scalar": "broadcast_power",
    "_mod_scalar": "broadcast_mod",
    "_maximum_scalar": "broadcast_maximum",
    "_minimum_scalar": "broadcast_minimum",
    "_equal_scalar": "broadcast_equal",
    "_not_equal_scalar": "broadcast_not_equal",
    "_greater_scalar": "broadcast_greater",
    "_greater_equal_scalar": "broadcast_greater_equal",
    "_lesser_scalar": "broadcast_lesser",
    "_lesser_equal_scalar": "broadcast_lesser_equal",
}
REVERSED = {
    "_rminus_scalar": "broadcast_sub",
    "_rdiv_scalar": "broadcast_div",
    "_rpower_scalar": "broadcast_power",
    "_rmod_scalar": "broadcast_mod",
}
SAME = {
    "elemwise_add": "broadcast_add",
    "elemwise_sub": "broadcast_sub",
    "elemwise_mul": "broadcast_mul",
    "elemwise_div": "broadcast_div",
    "_grad_add": "broadcast_add",
    "_power": "broadcast_power",
    "_maximum": "broadcast_maximum",
    "_minimum": "broadcast_minimum",
    "_mod": "broadcast_mod",
    "_equal": "broadcast_equal",
    "_not_equal": "broadcast_not_equal",
    "_greater": "broadcast_greater",
    "_greater_equal": "broadcast_greater_equal",
    "_lesser": "broadcast_lesser",
    "_lesser_equal": "broadcast_lesser_equal",
}
PREDICTS = {
    "SoftmaxOutput",
    "LinearRegressionOutput",
    "LogisticRegressionOutput",
    "MAERegressionOutput",
    "SVMOutput",
    "WarpCTC",
}  # (data, label): what is predicted depends on data alone
RETIRED = {"WarpCTC": "softmax"}  # operators of old plugins that MXNet 1.9.1 no longer loads
LOSSES = {
    "CTCLoss",
    "softmax_cross_entropy",
}  # a head that is a loss and nothing else is dropped, through MakeLoss too


def canonicalise(graph):
    nodes = [_canonical(n) if isinstance(n, Node) else n for n in graph.nodes]
    heads = [h for h in graph.heads if not _is_loss(nodes, h[0])]
    return Graph(nodes, heads or graph.heads)


def _is_loss(nodes, index):
    node = nodes[index]
    while getattr(node, "op_type", "") in ("MakeLoss", "make_loss", "BlockGrad"):
        node = nodes[node.inputs[0][0]]
    return getattr(node, "op_type", "") in LOSSES


def _canonical(node):
    name, inputs, values, changed = node.op_type, list(node.inputs), node.values, node.changed
    if name in SCALAR or name in REVERSED:
        inputs = [*inputs, values["scalar"]] if name in SCALAR else [values["scalar"], *inputs]
        name, values, changed = SCALAR.get(name) or REVERSED[name], {}, set()
    elif name in PREDICTS:
        inputs = inputs[:1]
    if name in RETIRED:
        name = RETIRED[name]
        values, changed = operator_info.decode(name, {})
    return Node(node.name, SAME.get(name, name), inputs, values, changed)
