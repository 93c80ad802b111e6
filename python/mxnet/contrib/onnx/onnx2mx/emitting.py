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
"""Translate a graph, node by node, through a builder: fold what is known, emit what is not."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from onnx import GraphProto, numpy_helper

from ..errors import InferenceError, TranslationError, UnsupportedOperatorError
from ..folding import folds
from ..opset import plain_attribute as plain
from ..opset import schema_at
from ..translation import bind
from .context import Context
from .values import Known, at


class Translator:
    """One abstract interpretation of a graph; ``environment`` maps names to values."""

    def __init__(self, model, builder, table):
        self.graph, self.table, self.op = model.graph, table, Context(builder)
        self.samples, self.assumptions = builder.samples, []
        self.opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        self.environment = {"": None}
        for tensor in self.graph.initializer:
            self.environment[tensor.name] = Known(tensor.name, (numpy_helper.to_array(tensor),))

    def plan(self, graph):
        plan, missing = [], defaultdict(list)
        for node in graph.node:
            schema = schema_at(node.op_type, self.opset, node.domain)
            fold = folds.find(node.op_type, schema.since_version)
            row = self.table.find(node.op_type, schema.since_version)
            plan.append((node, schema, fold, row))
            if fold is None and row is None:
                missing[node.op_type, schema.since_version].append(node.output[0])
        if missing:
            raise UnsupportedOperatorError(
                "; ".join(
                    f"{op}-{v}: {len(n)} node(s), first '{n[0]}' (rows for {self.table.versions(op)})"
                    for (op, v), n in sorted(missing.items())
                )
            )
        return plan

    def run(self, inputs):
        """Translate all nodes; ``inputs`` are tensors by name. Returns the output tensors."""
        self.environment.update(inputs)
        for tensor in inputs.values():
            self.op.hold(tensor)
        self._walk(self.graph)
        return [self.op.tensor(self.environment[o.name]) for o in self.graph.output]

    def _walk(self, graph):
        for node, schema, fold, row in self.plan(graph):
            try:
                outputs = self._value(node, schema, fold, row)
            except TranslationError as error:
                name = node.name or node.output[0]
                raise type(error)(
                    f"{node.op_type}-{schema.since_version} node '{name}': {error}"
                ) from None
            self.environment.update(zip(node.output, outputs))

    def _value(self, node, schema, fold, row):
        inputs = [self.environment[name] for name in node.input]

        def emit():
            return self._emit(node, schema, row, inputs)

        if node.op_type in ("Shape", "Size") and node.domain == "":
            return [self._measured(node, inputs[0], emit)]
        if fold and all(v is None or isinstance(v, Known) for v in inputs):
            return [self._folded(node, schema, fold, inputs, emit)]
        return emit()

    def _measured(self, node, value, emit):
        bounds = {a.name: plain(a) for a in node.attribute}
        shapes = [
            value.at(k).shape if isinstance(value, Known) else at(value.shape, k)
            for k in range(self.samples)
        ]
        arrays = [np.array(s[bounds.get("start", 0) : bounds.get("end")], np.int64) for s in shapes]
        if node.op_type == "Size":
            arrays = [np.prod(a, dtype=np.int64) for a in arrays]
        return Known.of(node.output[0], arrays, lambda: emit()[0])

    def _folded(self, node, schema, fold, inputs, emit):
        varies = any(v is not None and v.varies for v in inputs)
        arrays = []
        for k in range(self.samples if varies else 1):
            args, values = bind(fold, schema, node, inputs, lambda _, v: v.at(k).tolist())
            args = [None if a is None else a.at(k) for a in args]
            try:
                with np.errstate(all="ignore"):
                    arrays.append(fold.function(*args, **values))
            except (IndexError, ValueError) as error:  # NumPy refuses, as ONNX would
                raise InferenceError(str(error)) from None
        result = Known.of(node.output[0], arrays, (lambda: emit()[0]) if varies else None)
        if varies and self._takes_sides(node.op_type, inputs, result):
            self.assumptions.append(
                f"{node.op_type} '{node.name or node.output[0]}' gives "
                f"{result.elements()} at all sizes tried"
            )
        return result

    def _takes_sides(self, op_type, inputs, result):
        """Did a choice fall alike in all samples? Comparing a size with a negative is no choice."""
        if op_type in ("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Mod"):
            return not result.varies and not any((v.at(0) < 0).all() for v in inputs)
        if op_type in ("Min", "Max"):
            return any(
                all(np.array_equal(v.at(k), result.at(k)) for k in range(self.samples))
                for v in inputs
            )
        return False

    def _emit(self, node, schema, row, inputs):
        if row is None:
            raise TranslationError("is only known for constant inputs")
        op = self.op
        tensors, values = bind(row, schema, node, inputs, self._elements)
        values = {
            n: self._subgraph(v) if isinstance(v, GraphProto) else v for n, v in values.items()
        }
        tensors = [op.tensor(t) for t in tensors]  # may emit what computes them
        op.scope, op.num_outputs = node.name or node.output[0], len(node.output)
        result = row.function(op, *tensors, **values)
        return result if isinstance(result, (list, tuple)) else [result]

    def _elements(self, name, value):
        return value.elements() if isinstance(value, Known) else self.op.value(value).tolist()

    def _subgraph(self, graph):
        """A callable that translates ``graph`` in place and returns its outputs."""

        def build():
            for tensor in graph.initializer:
                self.environment[tensor.name] = Known(tensor.name, (numpy_helper.to_array(tensor),))
            self._walk(graph)
            return [self.environment[o.name] for o in graph.output]

        return build
