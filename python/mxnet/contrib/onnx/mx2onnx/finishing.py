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
"""What was translated is simplified and named, the graphs inside nodes first."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence, Tuple

from onnx import GraphProto, NodeProto, helper

from .conversion import Value
from .draft import Draft
from .emitter import Emitter
from .naming import name_nested, name_nodes, name_outputs, name_values
from .nested import nested_graphs
from .simplify import simplify as apply_rules
from .symbol_file import Graph, Output


def finish(
    op: Emitter, graph: Graph, values: Mapping[Output, str], names: Sequence[str], simplify: bool
) -> Tuple[Draft, Dict[Output, Value]]:
    """The graph simplified and named, and what became of every output of MXNet's nodes.

    Parameters
    ----------
    op : Emitter
        What was written with.
    graph : Graph
    values : mapping of (int, int) to str
        As :func:`.translating.translate` gives them.
    names : sequence of str
        For the outputs of the file.
    simplify : bool
        Whether nodes may be taken out or merged.
    """
    types = {output: op.type(value) for output, value in values.items()}
    op.reserve(names)
    _finish_nested(op, op.nodes, simplify)
    draft = Draft(op.nodes, op.constants, op.type, [values[h] for h in graph.heads], op.fresh)
    if simplify:
        apply_rules(draft)
    name_outputs(draft, names)
    name_values(draft, graph, values)
    name_nested(draft.nodes, name_nodes(draft))
    present = {name for node in draft.nodes for name in (*draft.read_by(node), *node.output)}
    current = {output: draft.current(value) for output, value in values.items()}
    return draft, {
        output: Value(
            name if name in present else None, types[output], op.is_unsized(values[output])
        )
        for output, name in current.items()
    }


def _finish_nested(op: Emitter, nodes: Sequence[NodeProto], simplify: bool) -> None:
    """Simplify the graphs inside ``nodes``, and call their values what MXNet does."""
    for graph in (graph for node in nodes for graph in nested_graphs(node)):
        inner = []
        for node in graph.node:
            inner.append(NodeProto())
            inner[-1].CopyFrom(node)
        _finish_nested(op, inner, simplify)
        outputs = [value.name for value in graph.output]
        draft = Draft(inner, op.constants, op.type, outputs, op.fresh, whole=False)
        if simplify:
            apply_rules(draft)
        _name(op, draft)
        _rewrite(graph, draft)


def _name(op: Emitter, draft: Draft) -> None:
    """What the graph gives is made in it, by nodes of its own: not all runtimes take less."""
    called = {draft.current(value): name for value, name in op.called.items()}
    made = set(draft.producers())
    names: List[str] = []
    for value in draft.outputs:
        stem = called.get(value, f"{value}/out") if value in made else f"{value}/copy"
        names.append(draft.fresh(stem))
    name_outputs(draft, names)
    free = set(draft.producers()) - set(draft.outputs)
    draft.rename({v: draft.fresh(n) for v, n in called.items() if v in free})


def _rewrite(graph: GraphProto, draft: Draft) -> None:
    outputs = set(draft.outputs)
    made = [n for node in draft.nodes for n in node.output if n and n not in outputs]
    del graph.node[:], graph.output[:], graph.value_info[:]
    graph.node.extend(draft.nodes)
    infos = [helper.make_value_info(n, draft.types(n).proto()) for n in (*draft.outputs, *made)]
    graph.output.extend(infos[: len(draft.outputs)])
    graph.value_info.extend(infos[len(draft.outputs) :])
