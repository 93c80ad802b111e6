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
"""Call the rows, node by node, and keep what became of every output."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Dict, List, Mapping, Sequence, Set, Tuple

from ..errors import ConversionError, TranslationError, refuse
from ..translation import Translation
from .emitter import Emitter
from .naming import counts_of_outputs, value_name
from .planning import Rows, arguments, own_name
from .symbol_file import Graph, Node, Output, Variable
from .tensors import Tensor


def translate(
    graph: Graph,
    live: Sequence[int],
    rows: Rows,
    op: Emitter,
    inputs: Mapping[str, str],
    tensors: Mapping[str, Tensor],
) -> Dict[Output, str]:
    """Translate the live nodes of a graph.

    A node that is refused leaves its outputs unknown and work goes on with what does not need them,
    so that one run names everything that stands in the way.

    Parameters
    ----------
    graph : Graph
    live : sequence of int
    rows : Rows
        From :func:`.planning.plan`.
    op : Emitter
        The inputs are declared in it.
    inputs : mapping of str to str
        Variable to the name of the input.
    tensors : mapping of str to Tensor
        The parameters.

    Returns
    -------
    dict of (int, int) to str
        (node, output) to the name of its value.

    Raises
    ------
    ConversionError
        Every refusal.
    """
    variables: Dict[str, str] = dict(inputs)

    def variable(index: int, name: str) -> str:
        if name not in variables:
            variables[name] = op.constant(tensors[name], name=name)
        return variables[name]

    return _translate(graph, live, rows, op, variable)


def _translate(
    graph: Graph, live: Sequence[int], rows: Rows, op: Emitter, variable: Callable[[int, str], str]
) -> Dict[Output, str]:
    """Every output of the live nodes; ``variable(index, name)`` is the value of a variable."""
    values: Dict[Output, str] = {}
    failed: Set[int] = set()
    problems: List[ConversionError] = []
    for index in live:
        node = graph.nodes[index]
        if isinstance(node, Variable):
            values[index, 0] = variable(index, node.name)
        elif failed.isdisjoint(source for source, _ in node.sources):
            try:
                results = _call(graph, index, rows, op, values)
                values.update(((index, k), value) for k, value in enumerate(results))
            except ConversionError as error:
                problems += [_placed(e, node) for e in error.causes or (error,)]
                failed.add(index)
        else:
            failed.add(index)
    problems += _heads(graph, op, values, failed)
    if problems:
        refuse(problems)
    return values


class Body:
    """A graph inside a node of MXNet's, for the node's row to write where it belongs.

    Attributes
    ----------
    inputs : list of str
        Names of its variables, in the order in which MXNet counts them.
    nodes : list of Node
        Its operators, for rows that write them in another way.
    """

    def __init__(self, graph: Graph, rows: Rows):
        self._graph, self._rows = graph, rows
        self._places = [k for k, node in enumerate(graph.nodes) if isinstance(node, Variable)]
        self.inputs = [graph.nodes[k].name for k in self._places]
        self.nodes = [node for node in graph.nodes if isinstance(node, Node)]

    def __call__(self, op: Emitter, *operands: str) -> Tuple[str, ...]:
        """The outputs, one a head, written with ``op``; one operand for each of ``inputs``."""
        given = dict(zip(self._places, operands))
        graph = self._graph
        values = _translate(graph, graph.live(), self._rows, op, lambda index, _: given[index])
        counts = counts_of_outputs(values)
        for (index, output), value in values.items():
            if index not in given:
                name = value_name(graph, index, output, counts[index])
                op.called.setdefault(value, name)
        return tuple(values[head] for head in graph.heads)


def _call(
    graph: Graph, index: int, rows: Rows, op: Emitter, values: Mapping[Output, str]
) -> Tuple[str, ...]:
    """The values of a node's outputs, as its row gives them."""
    node, row = graph.nodes[index], rows[index]
    assert isinstance(node, Node)
    for source, output in node.sources:
        if (source, output) not in values:
            raise TranslationError(
                f"it reads output {output} of '{graph.nodes[source].name}', which is not covered"
            )
    operands = [values[i] if isinstance(i, tuple) else i for i in node.inputs]
    wanted = arguments(node, row, _more(graph, index, rows))
    _check_count(row, len(operands))
    written = len(op.nodes)
    try:
        with op.within(node.name):
            result = row.function(op, *operands, **wanted)
    except ConversionError:
        del op.nodes[written:]
        raise
    except Exception as error:
        del op.nodes[written:]
        raise TranslationError(f"its row failed with {type(error).__name__}: {error}") from error
    results = result if isinstance(result, tuple) else (result,)
    for value in results:
        if not isinstance(value, str):
            raise TranslationError(f"its row returned {value!r}, which is no value")
    return results


def _more(graph: Graph, index: int, rows: Rows) -> Dict[str, Any]:
    """What rows may take by name beside a node's parameters."""
    node = graph.nodes[index]
    assert isinstance(node, Node)
    more: Dict[str, Any] = {}
    if node.subgraphs:
        more["bodies"] = [Body(*body) for body in zip(node.subgraphs, rows.bodies[index])]
    if own_name(node):
        more["count_of_outputs"] = graph.count_of_outputs(index)
    return more


def _check_count(row: Translation, count: int) -> None:
    named = [p for p in row.tensors if p.kind is p.POSITIONAL_OR_KEYWORD]
    least = sum(p.default is inspect.Parameter.empty for p in named)
    any_more = any(p.kind is p.VAR_POSITIONAL for p in row.tensors)
    if count < least or (count > len(named) and not any_more):
        most = "any number" if any_more else str(len(named))
        raise TranslationError(f"it has {count} inputs, its row takes {least} to {most}")


def _placed(error: ConversionError, node: Node) -> ConversionError:
    name = own_name(node)
    op_type = f"{node.op_type} {name}" if name else node.op_type
    if isinstance(error, TranslationError):
        placed = error.placed(op_type, node.name)
    else:
        placed = TranslationError(str(error), op_type, node.name)
    if placed is not error:
        placed.__cause__ = error.__cause__ or error
    return placed


def _heads(
    graph: Graph, op: Emitter, values: Mapping[Output, str], failed: Set[int]
) -> List[ConversionError]:
    """Refusals for outputs of the graph that no row gives, or not with their right size."""
    problems: List[ConversionError] = []
    for index, output in graph.heads:
        node, value = graph.nodes[index], values.get((index, output))
        if index in failed:
            continue
        op_type = node.op_type if isinstance(node, Node) else "variable"
        if value is None:
            problems.append(TranslationError(f"output {output} is not covered", op_type, node.name))
        elif op.is_unsized(value):
            problems.append(
                TranslationError(
                    "it is an output whose size MXNet infers from nobody", op_type, node.name
                )
            )
    return problems
