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
"""Names of the file's nodes and values: MXNet's own, so that a reader of both finds the way."""

from __future__ import annotations

from typing import Collection, Dict, Iterable, List, Mapping, Sequence, Set

from onnx import NodeProto

from . import operator_info
from .draft import Draft
from .nested import nested_graphs
from .simplify import copying_node
from .symbol_file import Graph, Node, Output


def counts_of_outputs(values: Collection[Output]) -> Dict[int, int]:
    """How many outputs each node has, by the (node, output) pairs that there are."""
    counts: Dict[int, int] = {}
    for index, output in values:
        counts[index] = max(counts.get(index, 0), output + 1)
    return counts


def output_names(
    graph: Graph, values: Collection[Output], taken: Collection[str] = ()
) -> List[str]:
    """What ``symbol.list_outputs()`` calls the graph's outputs.

    ONNX wants every output to have a name of its own: one that comes again gets a number, and one
    that is an input of the graph gets ``_output`` behind the input's name.

    Parameters
    ----------
    graph : Graph
    values : collection of (int, int)
        All outputs of nodes that were translated.
    taken : collection of str
        Names of inputs.
    """
    counts = counts_of_outputs(values)
    names: List[str] = []
    for index, output in graph.heads:
        stem = name = value_name(graph, index, output, counts[index])
        number = len(names)
        while name in names or name in taken:
            name, number = f"{stem}_{number}", number + 1
        names.append(name)
    return names


def value_name(graph: Graph, index: int, output: int, count: int) -> str:
    """What MXNet calls an output of a node that has ``count`` of them."""
    node = graph.nodes[index]
    suffix = (
        operator_info.output_name(node.op_type, output, count)
        if isinstance(node, Node)
        else "output"
    )
    return f"{node.name}_{suffix}"


def name_outputs(draft: Draft, names: Sequence[str]) -> None:
    """Call the outputs of a draft ``names``.

    One that is an input, a constant, or an output already, is copied.
    """
    _give_way(draft, names)
    made: Set[str] = set(draft.producers())
    renamed: Dict[str, str] = {}
    for value, name in zip(draft.outputs, names):
        if value in made and value not in renamed:
            renamed[value] = name
    draft.rename(renamed)
    for position, name in enumerate(names):
        value = draft.outputs[position]
        if value != name:
            draft.nodes.append(copying_node(value, name, draft.fresh(f"{name}/copy")))
            draft.types.declare(name, draft.types(value))
            draft.outputs[position] = name


def _give_way(draft: Draft, names: Sequence[str]) -> None:
    """Constants and values that have a name which an output is to get are called otherwise."""
    wanted = set(names)
    inner = [n for n in (*draft.constants, *draft.producers()) if n in wanted]
    moved = {name: draft.fresh(f"{name}/value") for name in inner}
    draft.rename(moved)
    for old, new in moved.items():
        if old in draft.constants:
            draft.constants[new] = draft.constants.pop(old)


def name_values(draft: Draft, graph: Graph, values: Mapping[Output, str]) -> None:
    """Call every value what MXNet calls the output that it came from; outputs keep their names."""
    counts = counts_of_outputs(values)
    free = set(draft.producers()) - set(draft.outputs)
    renamed: Dict[str, str] = {}
    for (index, output), value in values.items():
        value = draft.current(value)
        if value in free and value not in renamed:
            wanted = value_name(graph, index, output, counts[index])
            renamed[value] = draft.fresh(wanted)
    draft.rename(renamed)


def name_nodes(draft: Draft) -> Set[str]:
    """The last node that came of an MXNet node gets its name, those before it keep ``name/Op``.

    Returns all names in use.
    """
    last = {node.name.rpartition("/")[0]: node for node in draft.nodes}
    used: Set[str] = set()
    for node in draft.nodes:
        scope = node.name.rpartition("/")[0]
        if scope and last[scope] is node:
            node.name = scope
        _make_unique(node, used)
    return used


def _make_unique(node: NodeProto, used: Set[str]) -> None:
    stem, number = node.name, 1
    while node.name in used:
        number += 1
        node.name = f"{stem}_{number}"
    used.add(node.name)


def name_nested(nodes: Iterable[NodeProto], used: Set[str]) -> None:
    """The same in the graphs inside ``nodes``, where only what is free is given."""
    for graph in (graph for node in nodes for graph in nested_graphs(node)):
        last = {node.name.rpartition("/")[0]: node for node in graph.node}
        for node in graph.node:
            scope = node.name.rpartition("/")[0]
            if scope and scope not in used and last[scope] is node:
                node.name = scope
            _make_unique(node, used)
        name_nested(graph.node, used)
