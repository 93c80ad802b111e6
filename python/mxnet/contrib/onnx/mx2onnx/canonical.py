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
"""One name for one meaning, and what training alone needs taken out."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Dict, List, Tuple, Union

import numpy as np

from . import operator_info
from .symbol_file import Graph, Node, Output

#: An operator with a number for its second operand: the operator with two tensors.
SCALAR: Dict[str, str] = {
    "_plus_scalar": "broadcast_add",
    "_minus_scalar": "broadcast_sub",
    "_mul_scalar": "broadcast_mul",
    "_div_scalar": "broadcast_div",
    "_power_scalar": "broadcast_power",
    "_mod_scalar": "broadcast_mod",
    "_hypot_scalar": "broadcast_hypot",
    "_maximum_scalar": "broadcast_maximum",
    "_minimum_scalar": "broadcast_minimum",
    "_equal_scalar": "broadcast_equal",
    "_not_equal_scalar": "broadcast_not_equal",
    "_greater_scalar": "broadcast_greater",
    "_greater_equal_scalar": "broadcast_greater_equal",
    "_lesser_scalar": "broadcast_lesser",
    "_lesser_equal_scalar": "broadcast_lesser_equal",
    "_logical_and_scalar": "broadcast_logical_and",
    "_logical_or_scalar": "broadcast_logical_or",
    "_logical_xor_scalar": "broadcast_logical_xor",
    "_npi_add_scalar": "broadcast_add",
    "_npi_subtract_scalar": "broadcast_sub",
    "_npi_multiply_scalar": "broadcast_mul",
    "_npi_true_divide_scalar": "_npi_true_divide",
    "_npi_power_scalar": "broadcast_power",
    "_npi_mod_scalar": "broadcast_mod",
    "_npi_equal_scalar": "_npi_equal",
    "_npi_not_equal_scalar": "_npi_not_equal",
    "_npi_greater_scalar": "_npi_greater",
    "_npi_greater_equal_scalar": "_npi_greater_equal",
    "_npi_less_scalar": "_npi_less",
    "_npi_less_equal_scalar": "_npi_less_equal",
    "_npi_bitwise_and_scalar": "_npi_bitwise_and",
    "_npi_bitwise_or_scalar": "_npi_bitwise_or",
    "_npi_bitwise_xor_scalar": "_npi_bitwise_xor",
    "_npi_arctan2_scalar": "_npi_arctan2",
    "_npi_copysign_scalar": "_npi_copysign",
    "_npi_ldexp_scalar": "_npi_ldexp",
    "_npi_lcm_scalar": "_npi_lcm",
}
#: The same with the number for the first operand.
REVERSED_SCALAR: Dict[str, str] = {
    "_rminus_scalar": "broadcast_sub",
    "_rdiv_scalar": "broadcast_div",
    "_rpower_scalar": "broadcast_power",
    "_rmod_scalar": "broadcast_mod",
    "_npi_rsubtract_scalar": "broadcast_sub",
    "_npi_rtrue_divide_scalar": "_npi_true_divide",
    "_npi_rpower_scalar": "broadcast_power",
    "_npi_rmod_scalar": "broadcast_mod",
    "_npi_rarctan2_scalar": "_npi_arctan2",
    "_npi_rcopysign_scalar": "_npi_copysign",
    "_npi_rldexp_scalar": "_npi_ldexp",
}
#: NumPy-style functions of one tensor whose legacy namesake has the same meaning.
ALIKE = (
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "cos", "cosh",
    "degrees", "exp", "expm1", "fix", "floor", "log", "log10", "log1p", "log2", "negative",
    "radians", "reciprocal", "rint", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh",
    "trunc",
)  # fmt: skip
#: An operator that means on what it takes what another one means. Those for operands of one shape
#: are the ones that broadcast; NumPy-style operators that keep the dtype are the legacy ones.
SAME: Dict[str, str] = {
    "elemwise_add": "broadcast_add",
    "elemwise_sub": "broadcast_sub",
    "elemwise_mul": "broadcast_mul",
    "elemwise_div": "broadcast_div",
    "_grad_add": "broadcast_add",
    "_power": "broadcast_power",
    "_maximum": "broadcast_maximum",
    "_minimum": "broadcast_minimum",
    "_mod": "broadcast_mod",
    "_hypot": "broadcast_hypot",
    "_equal": "broadcast_equal",
    "_not_equal": "broadcast_not_equal",
    "_greater": "broadcast_greater",
    "_greater_equal": "broadcast_greater_equal",
    "_lesser": "broadcast_lesser",
    "_lesser_equal": "broadcast_lesser_equal",
    "_logical_and": "broadcast_logical_and",
    "_logical_or": "broadcast_logical_or",
    "_logical_xor": "broadcast_logical_xor",
    **{f"_npi_{name}": name for name in ALIKE},
    "_copyto": "_copy",
    "_np_copy": "_copy",
    "_np_transpose": "transpose",
    "_npi_absolute": "abs",
    "_npi_add": "broadcast_add",
    "_npi_arange": "_arange",
    "_npi_eye": "_eye",
    "_npi_flip": "reverse",
    "_npi_hypot": "broadcast_hypot",
    "_npi_mod": "broadcast_mod",
    "_npi_multiply": "broadcast_mul",
    "_npi_ones": "_ones",
    "_npi_power": "broadcast_power",
    "_npi_stack": "stack",
    "_npi_subtract": "broadcast_sub",
    "_npi_zeros": "_zeros",
    "_npx_relu": "relu",
    "_npx_sigmoid": "sigmoid",
}
#: Heads of training: what they predict depends on their first input alone, not on the label.
PREDICTS = frozenset(
    {
        "SoftmaxOutput",
        "LinearRegressionOutput",
        "LogisticRegressionOutput",
        "MAERegressionOutput",
        "SVMOutput",
        "WarpCTC",
    }
)
#: Operators of old plugins that MXNet 1.9.1 cannot load, and what they compute in inference.
RETIRED: Dict[str, str] = {"WarpCTC": "softmax"}
#: Heads that mark what is to be minimised, or that no gradient passes.
MARKS = frozenset({"MakeLoss", "make_loss", "BlockGrad"})
#: Losses: nobody wants them from an inference model that predicts something too.
LOSSES = frozenset({"CTCLoss", "softmax_cross_entropy"})
#: How MXNet's modules and examples name variables that hold the truth.
LABEL = re.compile(r"(^|.*_)labels?\d*$")


def canonicalise(graph: Graph, keep_losses: bool = False) -> Graph:
    """The inference part of a graph in canonical operators.

    Parameters
    ----------
    graph : Graph
    keep_losses : bool
        Whether the heads were asked for by name, so that even a loss stays.

    Returns
    -------
    Graph
        Node indices are those of ``graph``. Scalar operators became their binary operator with a
        number among the inputs, loss heads what they predict, and heads that are losses and nothing
        else are gone unless there is nothing else.
    """
    nodes = tuple(_canonical(n) if isinstance(n, Node) else n for n in graph.nodes)
    canonical = Graph(nodes, graph.heads)
    if keep_losses:
        return canonical
    heads = tuple(head for head in graph.heads if not _is_loss(canonical, head))
    return dataclasses.replace(canonical, heads=heads or graph.heads)


def _canonical(node: Node) -> Node:
    op_type = node.op_type
    inputs: Tuple[Union[Output, float], ...] = node.inputs
    if op_type in SCALAR or op_type in REVERSED_SCALAR:
        # beside integers a number is one of them, but np.float64 makes float64 of both
        number: Any = node.values["scalar"]
        number = number if node.values["is_int"] else np.float64(number)
        inputs = (*inputs, number) if op_type in SCALAR else (number, *inputs)
        op_type = SCALAR.get(op_type) or REVERSED_SCALAR[op_type]
        return Node(node.name, op_type, inputs, {}, frozenset())
    if op_type in PREDICTS:
        inputs = inputs[:1]
    if op_type in RETIRED:
        values, changed = operator_info.decode(RETIRED[op_type], {})
        return Node(node.name, RETIRED[op_type], inputs, values, changed)
    bodies = tuple(canonicalise(body, keep_losses=True) for body in node.subgraphs)
    op_type = SAME.get(op_type, op_type)
    return dataclasses.replace(node, op_type=op_type, inputs=inputs, subgraphs=bodies)


def _is_loss(graph: Graph, head: Output) -> bool:
    """Whether a head is a loss by its operator, or is marked as one and compares with a label."""
    marked, node = False, graph.nodes[head[0]]
    while isinstance(node, Node) and node.op_type in MARKS and node.sources:
        marked, node = True, graph.nodes[node.sources[0][0]]
    if isinstance(node, Node) and node.op_type in LOSSES:
        return True
    return marked and bool(labels(graph, [head]))


def labels(graph: Graph, heads: List[Output]) -> List[str]:
    """Names of the label variables that ``heads`` depend on."""
    return [name for name in graph.variables(graph.live(heads)) if LABEL.match(name)]
