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
"""Batch normalisation built into the convolution before it, for networks that only predict."""

from __future__ import annotations

import collections
import dataclasses
from typing import Any, Dict, List, Mapping, Optional

import numpy as np

from onnx import NodeProto

from .graph import Graph, Node
from .normalise import Model

#: Layers whose output is linear in their weight, and the weight's axis of output channels.
_LINEAR = {"Conv": 0, "ConvTranspose": 1}
_NORM = "BatchNormalization"


def without_batch_norm(model: Model) -> Model:
    """The model with each batch normalisation built into the convolution that it alone reads.

    Only of the outer graph, only where all weights are constants and the layer predicts. Computed
    in float64 and rounded once.
    """
    graph = model.graph
    makers = {name: node for node in graph.nodes for name in node.outputs if name}
    readers = collections.Counter(name for node in graph.nodes for name in node.reads)
    readers.update(v.name for v in graph.outputs)
    constants = dict(graph.constants)
    merged: Dict[int, Node] = {}
    for norm in graph.nodes:
        layer = makers.get(norm.inputs[0]) if _predicts(norm, model.opsets) else None
        if layer is None or layer.op_type not in _LINEAR or layer.domain:
            continue
        if readers[norm.inputs[0]] == 1 and id(layer) not in merged:
            folded = _folded(layer, norm, constants)
            if folded is not None:
                merged[id(layer)], merged[id(norm)] = folded, folded
    nodes: List[Node] = []
    for node in graph.nodes:
        if id(node) not in merged:
            nodes.append(node)
        elif node.op_type == _NORM:
            nodes.append(merged[id(node)])
    return dataclasses.replace(model, graph=_tidied(graph, constants, nodes))


def _predicts(node: Node, opsets: Mapping[str, int]) -> bool:
    """Whether it is a batch normalisation by its running statistics."""
    if node.op_type != _NORM or node.domain or sum(map(bool, node.outputs)) != 1:
        return False
    said = {a.name: a.i for a in node.proto.attribute}
    training = said.get("training_mode", 0) if opsets.get("", 1) >= 14 else 0
    tests = said.get("is_test", 0) or opsets.get("", 1) >= 7
    return bool(tests and not training and said.get("spatial", 1))


def _folded(layer: Node, norm: Node, constants: Dict[str, np.ndarray]) -> Optional[Node]:
    """The layer that does what both do; its weights are added to ``constants``."""
    names = [*layer.inputs[1:], *norm.inputs[1:5]]
    if not all(name in constants for name in names if name) or len(norm.inputs) < 5:
        return None
    weight = constants[layer.inputs[1]]
    scale, shift, mean, var = (constants[n].astype(np.float64) for n in norm.inputs[1:5])
    epsilon = next((a.f for a in norm.proto.attribute if a.name == "epsilon"), 1e-5)
    factor = scale / np.sqrt(var + epsilon)
    axis = _LINEAR[layer.op_type]
    groups = next((a.i for a in layer.proto.attribute if a.name == "group"), 1)
    channels = weight.shape[axis] * (groups if axis else 1)
    if weight.dtype.kind != "f" or {a.shape for a in (scale, shift, mean, var)} != {(channels,)}:
        return None
    has_bias = len(layer.inputs) > 2 and layer.inputs[2]
    bias = constants[layer.inputs[2]] if has_bias else np.zeros(channels)
    shape = [1] * weight.ndim
    shape[axis] = weight.shape[axis]
    each = factor.reshape(groups, *shape) if axis else factor.reshape(shape)
    parts = weight.reshape(groups, -1, *weight.shape[1:]) if axis else weight
    called = norm.name
    new = {
        f"{called}_weight": (parts * each).astype(weight.dtype).reshape(weight.shape),
        f"{called}_bias": ((bias - mean) * factor + shift).astype(weight.dtype),
    }
    if any(name in constants for name in new):
        return None
    constants.update(new)
    proto = NodeProto()
    proto.CopyFrom(layer.proto)
    del proto.input[1:], proto.output[:]
    proto.input.extend(new)
    proto.output.append(norm.outputs[0])
    return Node(proto, layer.name, layer.graphs, frozenset(proto.input))


def _tidied(graph: Graph, constants: Dict[str, np.ndarray], nodes: List[Node]) -> Graph:
    """The graph with these nodes, without the constants that nothing reads any more."""
    read: Any = {name for node in nodes for name in node.reads}
    read |= {v.name for v in graph.outputs}
    kept = {n: a for n, a in constants.items() if n in read or n not in graph.constants}
    return dataclasses.replace(graph, constants=kept, nodes=nodes)
