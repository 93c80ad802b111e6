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
"""Pair every node with its row before anything is built; refuse all that has none at once."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import MissingOperator, TranslationError, UnsupportedOperatorError
from ..translation import Translation, TranslationTable
from . import operator_info
from .symbol_file import Graph, Node

#: The parameter by which an operator that runs the user's own code says which.
OWN_NAME = "op_type"
REMEDY = (
    "Give rows for them with translations=, or end the graph before them with outputs=. "
    "get_operator_support() lists what has a row."
)


class Rows(Dict[int, Translation]):
    """The row of every live node of a graph, by its index.

    Attributes
    ----------
    bodies : dict of int to tuple of Rows
        Those of the graphs inside a node.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bodies: Dict[int, Tuple[Rows, ...]] = {}


def plan(
    graph: Graph,
    live: Sequence[int],
    table: TranslationTable,
    own: Optional[TranslationTable] = None,
) -> Rows:
    """The row of every live node, of the graphs inside nodes too.

    Parameters
    ----------
    graph : Graph
        In canonical operators.
    live : sequence of int
        The nodes to translate.
    table : TranslationTable
        This package's rows.
    own : TranslationTable, optional
        The user's, which win. Only there, an operator that runs the user's own code is also found
        under the name that the user registered it by.

    Returns
    -------
    Rows

    Raises
    ------
    UnsupportedOperatorError
        Names every operator without a row, and every parameter that no row reads.
    """
    missing: Dict[Tuple[str, str], List[str]] = {}
    rows = _plan(graph, live, table, own, missing)
    if missing:
        operators = [
            MissingOperator(op_type, nodes=tuple(names), reason=reason)
            for (op_type, reason), names in missing.items()
        ]
        lines = "".join(f"\n  - {operator}" for operator in operators)
        raise UnsupportedOperatorError(
            f"operators without a translation to ONNX:{lines}\n{REMEDY}", operators
        )
    return rows


def _plan(
    graph: Graph,
    live: Sequence[int],
    table: TranslationTable,
    own: Optional[TranslationTable],
    missing: Dict[Tuple[str, str], List[str]],
) -> Rows:
    rows = Rows()
    for index in live:
        node = graph.nodes[index]
        if not isinstance(node, Node):
            continue
        row = _find(node, table, own)
        reason = _reason(node, table) if row is None else _unread(node, row)
        if reason is None and row is not None:
            rows[index] = row
        else:
            missing.setdefault((node.op_type, reason or ""), []).append(node.name)
        rows.bodies[index] = tuple(
            _plan(body, body.live(), table, own, missing) for body in node.subgraphs
        )
    return rows


def _find(
    node: Node, table: TranslationTable, own: Optional[TranslationTable]
) -> Optional[Translation]:
    if own is not None:
        name = own_name(node)
        row = own.find(name) if name else None
        row = row or own.find(node.op_type)
        if row is not None:
            return row
    return table.find(node.op_type)


def own_name(node: Node) -> str:
    """The name that the user registered the code of a node by; ``""`` for MXNet's operators."""
    if operator_info.is_open(node.op_type):
        return str(node.values.get(OWN_NAME) or "")
    return ""


def _reason(node: Node, table: TranslationTable) -> str:
    """Why there is no row, where more can be said than that."""
    if own_name(node):
        return f"the user's own operator '{own_name(node)}'"
    if node.subgraphs:
        return "control flow"
    if not operator_info.known(node.op_type):
        return "MXNet 1.9.1 has no such operator"
    return table.reason(node.op_type)


def _unread(node: Node, row: Translation) -> Optional[str]:
    """Parameters not at their default that the row neither takes nor ignores, in words."""
    if row.takes_all:
        return None
    unread = (
        node.changed - set(row.values) - set(row.ignores) - {OWN_NAME if own_name(node) else ""}
    )
    if not unread:
        return None
    return "not covered: " + ", ".join(f"{name}={node.values[name]!r}" for name in sorted(unread))


def arguments(node: Node, row: Translation, more: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values that a row's function takes by name, from the node's parameters.

    ``more`` are values that a node has beside its parameters. A function that takes all by ``**``
    gets the parameters that are not at their default.
    """
    values: Dict[str, Any] = {}
    for name, parameter in row.values.items():
        value = node.values.get(name, more.get(name, parameter.default))
        if value is parameter.empty:
            raise TranslationError(f"its row needs '{name}', which it does not have")
        values[parameter.name] = value
    if row.takes_all:
        rest = node.changed - set(row.values) - set(row.ignores)
        values.update((name, node.values[name]) for name in sorted(rest))
    return values
