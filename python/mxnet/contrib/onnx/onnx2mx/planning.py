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
"""Third step of an import: pair every node with what translates it, before anything is built."""

from __future__ import annotations

import dataclasses
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

from onnx import FunctionProto, TypeProto

from ..errors import ConversionError, MissingOperator, ModelError, UnsupportedOperatorError, refuse
from ..folding import folds
from ..opset import NEWEST_OPSET, OpSchema, history, schema_at
from ..translation import Translation, TranslationTable
from .checking import malformed
from .functions import depends_on_types, instantiate, schema_body
from .graph import Graph, Node
from .normalise import FunctionKey, Model, imported_versions

#: An operator that has no row: domain, name, version (0 where ONNX has no record of it).
Operator = Tuple[str, str, int]
#: Most bodies that are kept by the types they were made for: those in loops are met again.
MOST_TYPED = 256


@dataclasses.dataclass(frozen=True)
class Plan:
    """A graph and what translates each of its nodes."""

    graph: Graph
    steps: List[Step]


@dataclasses.dataclass(frozen=True)
class Step:
    """A node and what translates it.

    Attributes
    ----------
    node : Node
    schema : OpSchema or None
        None for operators of which ONNX has no record.
    opset : int
        Opset in force for the node's domain.
    row : Translation or None
        Emits MXNet operators.
    fold : Translation or None
        Computes the result where all inputs are known.
    body : Plan or None
        Stands for the node where there is no row.
    graphs : mapping of str to list of Plan
        Plans of the subgraphs, by attribute.
    """

    node: Node
    schema: Optional[OpSchema]
    opset: int
    row: Optional[Translation]
    fold: Optional[Translation]
    body: Optional[Plan]
    graphs: Mapping[str, List[Plan]]

    @property
    def version(self) -> int:
        return self.schema.since_version if self.schema else 0

    @property
    def needs_typed_body(self) -> bool:
        """Whether the body has to be made again for the types that the inputs turn out to have."""
        return self.row is None and self.schema is not None and depends_on_types(self.schema)


class Planner:
    """Plans one model.

    Parameters
    ----------
    model : Model
    table : TranslationTable
        The rows that come with the package.
    own : TranslationTable, optional
        The user's rows, which win.
    """

    def __init__(
        self, model: Model, table: TranslationTable, own: Optional[TranslationTable] = None
    ):
        self.model, self.table = model, table
        self.own = TranslationTable() if own is None else own
        self.problems: List[ConversionError] = []
        self.missing: Dict[Operator, List[str]] = {}
        self.reasons: Dict[Operator, str] = {}
        self._calls: List[FunctionKey] = []
        self._typed: Dict[Tuple[int, Tuple[bytes, ...]], Tuple[Step, Plan]] = {}

    def plan(self) -> Plan:
        """The plan of the whole model.

        Raises
        ------
        UnsupportedOperatorError
            Every operator without a row, at once.
        ModelError
            Every node that contradicts its operator's schema, at once.
        """
        plan = self._graph(self.model.graph, self.model.opsets)
        if self.missing:
            self.problems.append(self._unsupported())
        if self.problems:
            refuse(self.problems, f"{self.model.source} cannot be imported:")
        return plan

    def typed_body(self, step: Step, types: List[TypeProto]) -> Plan:
        """The body of ``step`` for these types of its inputs.

        Raises
        ------
        UnsupportedOperatorError
            If the body for these types needs operators that have no row.
        """
        key = id(step), tuple(t.SerializeToString() for t in types)
        found = self._typed.get(key)
        if found is not None:
            return found[1]
        planner = Planner(self.model, self.table, self.own)
        assert step.schema is not None
        function = schema_body(step.schema, step.opset, step.node, types)
        if function is None:
            raise ModelError("ONNX gives it no body for these inputs, and it has no row")
        plan = planner._body(function, step.node, step.schema)
        if planner.missing:
            raise planner._unsupported()
        if planner.problems:
            refuse(planner.problems)
        if len(self._typed) >= MOST_TYPED:
            self._typed.clear()
        self._typed[key] = step, plan  # with the step, so that no other one gets its id
        return plan

    def _graph(self, graph: Graph, opsets: Mapping[str, int]) -> Plan:
        steps = (self._step(node, opsets) for node in _read(graph))
        return Plan(graph, [step for step in steps if step is not None])

    def _step(self, node: Node, opsets: Mapping[str, int]) -> Optional[Step]:
        graphs = {
            name: [self._graph(graph, opsets) for graph in found]
            for name, found in node.graphs.items()
        }
        row = self._row(self.own, node, opsets)
        local = self.model.functions.get(
            (node.domain, node.op_type, getattr(node.proto, "overload", ""))
        )
        if row is None and local is not None:
            body = self._local_body(local, node)
            return Step(node, None, 0, None, None, body, graphs)
        opset = opsets.get(node.domain)
        if opset is None and row is None:
            text = f"domain '{node.domain or 'ai.onnx'}' is used and no opset of it imported"
            self.problems.append(ModelError(f"{node.op_type} node '{node.name}': {text}"))
            return None
        schema = schema_at(node.op_type, opset or 1, node.domain)
        if schema is not None:
            faults = malformed(node, schema)
            if faults:
                self.problems += [
                    ModelError(f"{node.op_type}-{schema.since_version} node '{node.name}': {text}")
                    for text in faults
                ]
                return None
        row = row or self._row(self.table, node, opsets)
        version = schema.since_version if schema else 0
        fold = folds.find(node.op_type, version, node.domain)
        body = None
        if row is None and schema is not None:
            body = self._schema_body(schema, opset or 1, node, fold)
        if row is None and fold is None and body is None:
            self._miss(node, schema, opset or 1)
        return Step(node, schema, opset or 1, row, fold, body, graphs)

    @staticmethod
    def _row(
        table: TranslationTable, node: Node, opsets: Mapping[str, int]
    ) -> Optional[Translation]:
        opset = opsets.get(node.domain, 1)
        schema = schema_at(node.op_type, opset, node.domain)
        for version in (schema.since_version,) if schema else (opset, 0):
            row = table.find(node.op_type, version, node.domain)
            if row is not None:
                return row
        return None

    def _local_body(self, function: FunctionProto, node: Node) -> Optional[Plan]:
        key = (node.domain, node.op_type, getattr(node.proto, "overload", ""))
        if key in self._calls:
            self.problems.append(ModelError(f"function {node.op_type} calls itself"))
            return None
        self._calls.append(key)
        try:
            return self._body(function, node, None)
        except ModelError as error:
            self.problems.append(error)
            return None
        finally:
            self._calls.pop()

    def _schema_body(
        self, schema: OpSchema, opset: int, node: Node, fold: Optional[Translation]
    ) -> Optional[Plan]:
        """Plan of the body that ONNX records, or None; what it lacks itself is the reason then."""
        function = schema_body(schema, opset, node, None)
        if function is None:
            return None
        inner = Planner(self.model, self.table, self.own)
        plan = inner._body(function, node, schema)
        if not inner.missing and not inner.problems:
            return plan
        lacking = ", ".join(str(m).split(":")[0] for m in inner._missing_operators())
        reason = f"its body in ONNX's record needs {lacking or inner.problems[0]}"
        self.reasons[node.domain, node.op_type, schema.since_version] = reason
        return None

    def _body(self, function: FunctionProto, node: Node, schema: Optional[OpSchema]) -> Plan:
        graph = instantiate(function, node, self.model.tensors, schema)
        opsets = imported_versions(function.opset_import) or dict(self.model.opsets)
        if schema is not None:  # bodies of other domains do not say which ai.onnx they are of
            opsets.setdefault("", self.model.opsets.get("", NEWEST_OPSET))
        return self._graph(graph, opsets)

    def _miss(self, node: Node, schema: Optional[OpSchema], opset: int) -> None:
        key = (node.domain, node.op_type, schema.since_version if schema else 0)
        self.missing.setdefault(key, []).append(node.name)
        self.reasons.setdefault(key, self._reason(key, schema, opset))

    def _reason(self, key: Operator, schema: Optional[OpSchema], opset: int) -> str:
        domain, op_type, _ = key
        if schema is None:
            known = history(op_type, domain)
            called = domain or "ai.onnx"
            if not known:
                return "" if domain else f"{called} has no such operator"
            if min(known) > opset:
                return f"{called} has it since opset {min(known)}, the model is of {opset}"
            return f"{called} has it no more at opset {opset}"
        if schema.proto.deprecated:
            return f"it is deprecated since opset {schema.since_version}"
        versions = {*self.table.versions(op_type, domain), *self.own.versions(op_type, domain)}
        if versions:
            return f"versions with rows: {', '.join(map(str, sorted(versions)))}"
        return self.table.reason(op_type)

    def _missing_operators(self) -> Iterator[MissingOperator]:
        for (domain, op_type, version), nodes in sorted(self.missing.items()):
            reason = self.reasons.get((domain, op_type, version), "")
            yield MissingOperator(op_type, domain, version, tuple(nodes), reason)

    def _unsupported(self) -> UnsupportedOperatorError:
        operators = list(self._missing_operators())
        count = "an operator" if len(operators) == 1 else f"{len(operators)} operators"
        lines = [
            f"{self.model.source} uses {count} for which there is no translation:",
            *(f"  - {operator}" for operator in operators),
            "Rows of your own can be given with translations=, see TranslationTable.",
        ]
        return UnsupportedOperatorError("\n".join(lines), operators)


def _read(graph: Graph) -> List[Node]:
    """The nodes that the graph's outputs hang on, in order; others need no translation."""
    wanted, found = {v.name for v in graph.outputs}, []
    for node in reversed(graph.nodes):
        if wanted.intersection(filter(None, node.outputs)):
            wanted.update(node.reads)
            found.append(node)
    return found[::-1]
