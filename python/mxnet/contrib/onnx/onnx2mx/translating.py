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
"""Fourth step of an import: walk the plan once, folding what is known and emitting the rest."""

from __future__ import annotations

import collections
import contextlib
from typing import Any, Callable, Dict, List, Mapping, MutableMapping, Optional, Tuple

import numpy as np

from onnx import GraphProto, TypeProto, helper

from ..dtypes import carrier, in_mxnet
from ..errors import (
    ConversionError,
    DynamicSizeError,
    InferenceError,
    TranslationError,
    UnsupportedOperatorError,
    refuse,
)
from ..folding.table import NotFolded, unbounded
from ..translation import bind
from .builders import carries, read
from .carriers import narrowed
from .checking import check_input_types, check_output_types, data_type, output_types
from .computing import assume_choice, compute, known_inputs, known_value, leaves
from .context import Context, Names
from .planning import Plan, Planner, Step
from .subgraphs import Subgraph
from .values import Dim, Known, Tensor, Unavailable, Value, at, plain

#: Stands for a value whose node was refused; what depends on it is left out without a word.
REFUSED: Any = object()
#: Most refusals that one message lists.
MOST_REFUSALS = 20

#: Names and what they stand for; an inner graph sees the outer names that it does not hide.
Scope = MutableMapping[str, Any]


class _DependsOnRefused(Exception):
    """A value that is needed was refused before."""


class Translator:
    """One abstract interpretation of a planned model.

    Parameters
    ----------
    planner : Planner
        Plans bodies that depend on types, where they are met.
    plan : Plan
    builder : SymbolBuilder or NDArrayBuilder
    hasty : bool
        Raise the first :class:`InferenceError` at once: the caller will try other sizes.

    Attributes
    ----------
    walked : int
        How many nodes were looked at.
    most : int or None
        How many may be; loops that are written out can be endless.
    """

    most: Optional[int] = None

    def __init__(self, planner: Planner, plan: Plan, builder: Any, hasty: bool = False):
        self.planner, self.plan, self.builder, self.hasty = planner, plan, builder, hasty
        graph = plan.graph
        names = [v.name for v in (*graph.inputs, *graph.outputs)]
        nodes = [step.node.name for step in plan.steps]
        self.op = Context(builder, Names([*names, *graph.constants], nodes))
        self.samples: int = builder.samples
        self.refusals: List[ConversionError] = []
        self.walked = 0
        self._prefix = ""
        self._inner_constants: Dict[int, Tuple[Plan, Dict[str, Known]]] = {}

    def run(self, inputs: Mapping[str, Any]) -> List[Value]:
        """Translate all nodes.

        Parameters
        ----------
        inputs : dict of str to (Tensor or Known)

        Returns
        -------
        list of (Tensor or Known)
            The graph's outputs.

        Raises
        ------
        ConversionError
            Everything that was refused and does not only follow from something refused before.
        """
        scope: Scope = collections.ChainMap({"": None, **_constants(self.plan)}, dict(inputs))
        for value in inputs.values():
            if isinstance(value, Tensor):
                self.op.hold(value)
        self._walk(self.plan, scope)
        if self.refusals:
            shown = self.refusals[:MOST_REFUSALS]
            count = len(self.refusals)
            more = f", the first {len(shown)} are" if count > len(shown) else ""
            refuse(shown, f"{self.planner.model.source}: {count} nodes cannot be translated{more}:")
        outputs = {v.name: scope[v.name] for v in self.plan.graph.outputs}
        lost = {n: v.reason for n, v in outputs.items() if isinstance(v, Unavailable)}
        if lost:
            texts = (f"the output '{name}' cannot be had: {why}" for name, why in lost.items())
            refuse(list(map(TranslationError, texts)), f"{self.planner.model.source}:")
        return [outputs[v.name] for v in self.plan.graph.outputs]

    # -- nodes -----------------------------------------------------------------------------

    def _walk(self, plan: Plan, scope: Scope) -> None:
        for step in plan.steps:
            self.walked += 1
            if self.most is not None and self.walked > self.most:
                raise TranslationError(f"there are more than {self.most} nodes to translate")
            try:
                outputs = self._outputs(step, scope)
            except _DependsOnRefused:
                outputs = [REFUSED] * len(step.node.outputs)
            except (ConversionError, RecursionError) as error:
                if isinstance(error, RecursionError):
                    error = TranslationError("hangs on too long a chain of values that vary")
                placed = self._placed(error, step)
                if self.op.builder is not self.builder:  # a graph of its own is whole or nothing
                    raise placed from None
                if self.hasty and not self.refusals and isinstance(error, InferenceError):
                    raise placed from None
                self.refusals.append(placed)
                outputs = [REFUSED] * len(step.node.outputs)
            for name, value in zip(step.node.outputs, outputs):
                if name:
                    scope[name] = value

    def _placed(self, error: ConversionError, step: Step) -> ConversionError:
        name = self._prefix + step.node.name
        if isinstance(error, TranslationError):
            placed = error.placed(step.node.op_type, name, step.version)
            placed.__cause__ = error.__cause__
            return placed
        if isinstance(error, UnsupportedOperatorError):
            return error  # names its nodes itself
        operator = f"{step.node.op_type}-{step.version}" if step.version else step.node.op_type
        return type(error)(f"{operator} node '{name}': {error}")

    def _outputs(self, step: Step, scope: Scope) -> List[Any]:
        inputs = [self._read(name, scope) for name in step.node.inputs]
        bound: Dict[str, np.dtype] = {}
        outputs: Optional[List[Any]] = None
        if step.schema is not None:
            dtypes = list(map(_dtype, inputs))
            bound = check_input_types(step.schema, dtypes, step.node.inputs)
        if step.fold is not None:
            outputs = self._fold(step, inputs, scope)
        if outputs is None:
            outputs = self._compute(step, inputs)
        if outputs is None:
            outputs = self._emitted(step, inputs, scope)
        if step.schema is not None:
            check_output_types(step.schema, bound, list(map(_dtype, outputs)))
        return outputs

    @staticmethod
    def _read(name: str, scope: Scope) -> Any:
        value = scope[name]
        if value is REFUSED:
            raise _DependsOnRefused
        if isinstance(value, Unavailable):
            raise TranslationError(f"its input '{name}' cannot be had: {value.reason}")
        return value

    # -- folding ---------------------------------------------------------------------------

    def _fold(self, step: Step, inputs: List[Value], scope: Scope) -> Optional[List[Value]]:
        """The node's results where they are known without running anything, else None."""
        fold: Any = step.fold
        known = known_inputs(fold, inputs, self.samples)
        if known is None:
            return None
        varying = any(isinstance(v, Known) and v.varies for v in leaves(known))
        try:
            results = [compute(step, known, k) for k in range(self.samples if varying else 1)]
        except NotFolded:
            return None
        trainable = fold.learns or any(isinstance(v, Known) and v.trainable for v in leaves(known))
        trainable = trainable and not fold.measures
        outputs: List[Value] = []
        for index, name in enumerate(step.node.outputs):
            if not name:
                outputs.append(None)
                continue
            emit = self._later(step, inputs, scope, index) if varying else None
            arrays = [result[index] for result in results]
            outputs.append(known_value(name, arrays, emit, trainable))
        if varying and fold.chooses and isinstance(outputs[0], Known):
            assume_choice(self._prefix + step.node.name, step, known, outputs[0], self.samples)
        return outputs

    def _emitted(self, step: Step, inputs: List[Value], scope: Scope) -> List[Any]:
        """The node's results by its row; what that refuses, an eager run may leave to the fold."""
        try:
            return self._emit(step, inputs, scope)
        except TranslationError as refusal:
            with contextlib.suppress(ConversionError):
                outputs = self._compute(step, inputs, refused=True)
                if outputs is not None:
                    return outputs
            raise refusal

    def _compute(
        self, step: Step, inputs: List[Value], refused: bool = False
    ) -> Optional[List[Value]]:
        """The node's results by its fold on arrays, where an eager run can do no better."""
        if not self.builder.eager or step.fold is None:
            return None
        rowless = step.row is None and step.body is None and not step.needs_typed_body
        if not (rowless or refused) and all(map(_is_held, leaves(inputs))):
            return None
        known = [self._array(name, value) for name, value in zip(step.node.inputs, inputs)]
        try:
            with unbounded():
                results = compute(step, known, 0)
        except NotFolded as reason:
            if rowless:
                raise TranslationError(f"is not covered: {reason}") from None
            return None
        return [known_value(n, [a]) if n else None for n, a in zip(step.node.outputs, results)]

    def _array(self, name: str, value: Value) -> Any:
        """A value as an array that was read from MXNet's memory where it was there."""
        if isinstance(value, list):
            return [self._array(name, v) for v in value]
        return Known(name, (read(self.builder, value),)) if isinstance(value, Tensor) else value

    def _later(
        self, step: Step, inputs: List[Value], scope: Scope, index: int
    ) -> Callable[[], Tensor]:
        """What computes a folded value at run time, for whoever turns out to need it there."""

        prefix = self._prefix

        def emit() -> Tensor:
            outer, self._prefix = self._prefix, prefix
            try:
                return self.op.tensor(self._emit(step, inputs, scope)[index])
            finally:
                self._prefix = outer

        return emit

    # -- emitting --------------------------------------------------------------------------

    def _emit(self, step: Step, inputs: List[Value], scope: Scope) -> List[Any]:
        if step.row is not None:
            return self._by_row(step, inputs, scope)
        if step.body is not None or step.needs_typed_body:
            return self._by_body(step, inputs)
        raise TranslationError(
            "is only covered where its inputs are known when the model is imported"
            + _remedy(step, inputs)
        )

    def _by_row(self, step: Step, inputs: List[Value], scope: Scope) -> List[Any]:
        op, row = self.op, step.row
        assert row is not None
        called = dict(zip(map(id, inputs), step.node.inputs))
        tensors, values = bind(
            row,
            step.schema,
            step.node.proto,
            inputs,
            lambda name, value: self._elements(f"{name}, '{called[id(value)]}',", value),
        )
        for name, value in values.items():
            if _holds_graphs(value):
                attribute = name.rstrip("_")
                if step.schema is not None:
                    attribute = step.schema.attribute_name(attribute) or attribute
                bodies = [self._subgraph(plan, scope) for plan in step.graphs[attribute]]
                values[name] = bodies if isinstance(value, list) else bodies[0]
        if not row.passes:
            tensors = [op.tensor(t) for t in tensors]  # may emit what computes them
            if any(isinstance(t, list) for t in tensors):
                raise TranslationError("one of its inputs is a sequence, it takes tensors")
        wanted = max(i for i, name in enumerate(step.node.outputs) if name) + 1
        with op.node(self._prefix + step.node.name, wanted):
            try:
                result = row.function(op, *tensors, **values)
            except (ConversionError, _DependsOnRefused):
                raise
            except Exception as error:
                text = f"its row fails with {type(error).__name__}: {error}"
                raise TranslationError(text) from error
            several = isinstance(result, tuple if row.passes else (list, tuple))
            outputs = list(result) if several else [result]
            outputs = self._settled(step, inputs, outputs)
            op.name_after_node(outputs[0] if outputs else None)
        if len(outputs) < wanted or not all(
            isinstance(o, (Tensor, Known, Unavailable, list)) or o is None for o in outputs
        ):
            raise TranslationError(f"its row gives {len(outputs)} outputs, {wanted} are wanted")
        return outputs

    def _settled(self, step: Step, inputs: List[Value], outputs: List[Any]) -> List[Any]:
        """What a row gave: numbers of types that MXNet lacks back in range, empty tensors known."""
        types: List[Optional[np.dtype]] = [None] * len(outputs)
        if step.schema is not None and any(_is_carried(v) for v in leaves(inputs)):
            dtypes = list(map(_dtype, inputs))
            bound = check_input_types(step.schema, dtypes, step.node.inputs)
            types = output_types(step.schema, bound, len(outputs))
        settled = list(outputs)
        for index, (value, dtype) in enumerate(zip(outputs, types)):
            if not isinstance(value, Tensor):
                continue
            if dtype is not None and value.element != dtype and carrier(dtype) == value.dtype:
                value = settled[index] = narrowed(self.op, value, dtype)
            if value.is_empty:
                shapes = (at(value.shape, k) for k in range(self.samples))
                arrays = [np.zeros(shape, value.element) for shape in shapes]
                settled[index] = Known.of(step.node.name, arrays)
        return settled

    def _by_body(self, step: Step, inputs: List[Value]) -> List[Any]:
        """Walk the body of a function in a scope of its own."""
        plan = step.body
        if step.needs_typed_body:
            plan = self.planner.typed_body(step, [_type(v) for v in inputs])
        assert plan is not None
        formal = [v.name for v in plan.graph.inputs]
        given = dict(zip(formal, [*inputs, *[None] * (len(formal) - len(inputs))]))
        outer, self._prefix = self._prefix, f"{self._prefix}{step.node.name}/"
        scope: Scope = {"": None, **_constants(plan), **given}
        try:
            self._walk(plan, scope)
        finally:
            self._prefix = outer
        return [self._read(v.name, scope) for v in plan.graph.outputs]

    def _elements(self, name: str, value: Value) -> Any:
        """A value that a row wants to know, as number or nested lists."""
        if isinstance(value, Known):
            return value.elements()
        if not isinstance(value, Tensor):
            raise TranslationError(f"its input {name} must be a tensor")
        array = value.value if value.value is not None else self.builder.read(value)
        if array is None:
            raise DynamicSizeError(
                f"its input {name} must be known when the model is imported and is computed at run "
                "time; if it depends on an input of the model, give that with input_values="
            )
        return array.tolist()

    def _subgraph(self, plan: Plan, outer: Scope) -> Subgraph:
        """A subgraph as a row calls it; its constants are the same at every call."""
        if id(plan) not in self._inner_constants:
            self._inner_constants[id(plan)] = plan, _constants(plan)
        constants = self._inner_constants[id(plan)][1]
        return Subgraph(plan, constants, outer, self._walk, self._read)


def _constants(plan: Plan) -> Dict[str, Known]:
    """The graph's constants; arrays of floats are weights, single numbers are not."""
    return {
        name: Known(name, (array,), trainable=array.dtype.kind == "f" and array.size > 1)
        for name, array in plan.graph.constants.items()
    }


def _dtype(value: Any) -> Optional[np.dtype]:
    if isinstance(value, Known) and plain(value.at(0)) is not value.at(0):
        return None  # a map
    return value.element if isinstance(value, (Known, Tensor)) else None


def _is_carried(value: Any) -> bool:
    return isinstance(value, (Known, Tensor)) and not in_mxnet(value.element)


def _is_held(value: Any) -> bool:
    """Whether MXNet can hold a value and compute with it exactly."""
    if isinstance(value, Known):
        return carries(value.at(0))
    return not isinstance(value, Tensor) or value.element != np.uint64


def _type(value: Any) -> TypeProto:
    """ONNX's description of a value; sizes that vary are left open."""
    if not isinstance(value, (Known, Tensor)):
        return TypeProto()
    shape = [None if isinstance(size, Dim) else size for size in value.shape]
    return helper.make_tensor_type_proto(data_type(value.element), shape)


def _holds_graphs(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, GraphProto)


def _remedy(step: Step, inputs: List[Value]) -> str:
    unknown = [n for n, v in zip(step.node.inputs, inputs) if isinstance(v, Tensor)]
    if not unknown:
        return ""
    text = f"; '{', '.join(unknown)}' is computed at run time"
    if step.fold is not None:
        text += ", which the block of import_to_gluon and mx.contrib.onnx.backend can follow"
    return text
