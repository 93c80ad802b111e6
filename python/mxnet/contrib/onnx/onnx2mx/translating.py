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
from typing import Any, Callable, Dict, List, Mapping, MutableMapping, Optional, Sequence

import numpy as np

from onnx import GraphProto, TypeProto, helper

from ..errors import (
    ConversionError,
    DynamicSizeError,
    InferenceError,
    TranslationError,
    UnsupportedOperatorError,
    refuse,
)
from ..folding.table import NotFolded
from ..translation import bind
from .checking import check_input_types, check_output_types
from .context import Context, Names
from .hazards import MOST_ELEMENTS
from .planning import Plan, Planner, Step
from .values import Dim, Known, Tensor, Value, assume, at

#: Stands for a value whose node was refused; what depends on it is left out without a word.
REFUSED = object()
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
    """

    def __init__(self, planner: Planner, plan: Plan, builder: Any, hasty: bool = False):
        self.planner, self.plan, self.builder, self.hasty = planner, plan, builder, hasty
        graph = plan.graph
        names = [v.name for v in (*graph.inputs, *graph.outputs)]
        nodes = [step.node.name for step in plan.steps]
        self.op = Context(builder, Names([*names, *graph.constants], nodes))
        self.samples: int = builder.samples
        self.refusals: List[ConversionError] = []
        self._prefix = ""

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
        return [scope[v.name] for v in self.plan.graph.outputs]

    # -- nodes -----------------------------------------------------------------------------

    def _walk(self, plan: Plan, scope: Scope) -> None:
        for step in plan.steps:
            try:
                outputs = self._outputs(step, scope)
            except _DependsOnRefused:
                outputs = [REFUSED] * len(step.node.outputs)
            except (ConversionError, RecursionError) as error:
                if isinstance(error, RecursionError):
                    error = TranslationError("hangs on too long a chain of values that vary")
                placed = self._placed(error, step)
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
        if step.schema is not None:
            dtypes = list(map(_dtype, inputs))
            bound = check_input_types(step.schema, dtypes, step.node.inputs)
        if step.fold is not None:
            folded = self._fold(step, inputs, scope)
            if folded is not None:
                return folded
        outputs = self._emit(step, inputs, scope)
        if step.schema is not None:
            check_output_types(step.schema, bound, list(map(_dtype, outputs)))
        return outputs

    @staticmethod
    def _read(name: str, scope: Scope) -> Any:
        value = scope[name]
        if value is REFUSED:
            raise _DependsOnRefused
        return value

    # -- folding ---------------------------------------------------------------------------

    def _fold(self, step: Step, inputs: List[Value], scope: Scope) -> Optional[List[Known]]:
        """The node's results where they are known without running anything, else None."""
        fold: Any = step.fold
        known = [v if isinstance(v, Known) else None for v in inputs]
        if fold.measures and isinstance(inputs[0], Tensor):
            known[0] = _shape_alone(inputs[0], self.samples)
        if any(k is None and v is not None for k, v in zip(known, inputs)):
            return None
        varies = any(k is not None and k.varies for k in known)
        samples = range(self.samples if varies else 1)
        try:
            results = [self._folded_once(step, known, k) for k in samples]
        except NotFolded:
            return None
        outputs = []
        trainable = any(k is not None and k.trainable for k in known) and not fold.measures
        for index, arrays in enumerate(zip(*results)):
            if max(a.size for a in arrays) > MOST_ELEMENTS:
                raise InferenceError("its result has more elements than an MXNet tensor holds")
            emit = self._later(step, inputs, scope, index) if varies else None
            outputs.append(Known.of(step.node.outputs[index], arrays, emit, trainable))
        if varies and fold.chooses:
            _assume_choice(self._prefix + step.node.name, step, known, outputs[0], self.samples)
        return outputs

    def _folded_once(
        self, step: Step, known: Sequence[Optional[Known]], sample: int
    ) -> Sequence[Any]:
        fold: Any = step.fold
        args, values = bind(
            fold, step.schema, step.node.proto, known, lambda _, v: v.at(sample).tolist()
        )
        arrays = [None if a is None else a.at(sample) for a in args]
        try:
            with np.errstate(all="ignore"):
                result = fold.function(*arrays, **values)
        except (IndexError, ValueError, ArithmeticError, MemoryError) as error:
            raise InferenceError(f"cannot be computed: {error}") from None  # ONNX would refuse too
        except TypeError as error:
            raise TranslationError(f"its fold fails: {error}") from error
        return result if isinstance(result, (tuple, list)) else (result,)

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
        tensors = [op.tensor(t) for t in tensors]  # may emit what computes them
        wanted = max(i for i, name in enumerate(step.node.outputs) if name) + 1
        with op.node(self._prefix + step.node.name, wanted):
            try:
                result = row.function(op, *tensors, **values)
            except (ConversionError, _DependsOnRefused):
                raise
            except Exception as error:
                text = f"its row fails with {type(error).__name__}: {error}"
                raise TranslationError(text) from error
            outputs = list(result) if isinstance(result, (list, tuple)) else [result]
            op.name_after_node(outputs[0] if outputs else None)
        if len(outputs) < wanted or not all(
            isinstance(o, (Tensor, Known, list)) or o is None for o in outputs
        ):
            raise TranslationError(f"its row gives {len(outputs)} outputs, {wanted} are wanted")
        return outputs

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

    def _subgraph(self, plan: Plan, outer: Scope) -> Callable[..., List[Any]]:
        """A callable that translates a subgraph in place.

        It takes the subgraph's inputs and gives its outputs, as values.
        """

        def build(*inputs: Value) -> List[Any]:
            given = zip((v.name for v in plan.graph.inputs), inputs)
            scope = collections.ChainMap({**_constants(plan), **dict(given)}, outer)
            self._walk(plan, scope)
            return [self._read(v.name, scope) for v in plan.graph.outputs]

        return build


def _constants(plan: Plan) -> Dict[str, Known]:
    """The graph's constants; arrays of floats are weights, single numbers are not."""
    return {
        name: Known(name, (array,), trainable=array.dtype.kind == "f" and array.size > 1)
        for name, array in plan.graph.constants.items()
    }


def _dtype(value: Any) -> Optional[np.dtype]:
    return value.dtype if isinstance(value, (Known, Tensor)) else None


def _type(value: Any) -> TypeProto:
    """ONNX's description of a value; sizes that vary are left open."""
    if not isinstance(value, (Known, Tensor)):
        return TypeProto()
    shape = [None if isinstance(size, Dim) else size for size in value.shape]
    return helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(value.dtype), shape)


def _holds_graphs(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, GraphProto)


def _shape_alone(tensor: Tensor, samples: int) -> Known:
    """An array of the tensor's shape that takes no memory, for folds that read only the shape."""
    try:
        return Known(
            "",
            tuple(
                np.broadcast_to(np.zeros((), tensor.dtype), at(tensor.shape, k))
                for k in range(samples if _has_dims(tensor) else 1)
            ),
        )
    except ValueError as error:
        raise InferenceError(f"its shape {tensor.shape} is impossible: {error}") from None


def _has_dims(tensor: Tensor) -> bool:
    return any(isinstance(size, Dim) for size in tensor.shape)


def _remedy(step: Step, inputs: List[Value]) -> str:
    unknown = [n for n, v in zip(step.node.inputs, inputs) if isinstance(v, Tensor)]
    return f"; '{', '.join(unknown)}' is computed at run time" if unknown else ""


def _assume_choice(
    name: str, step: Step, known: Sequence[Optional[Known]], result: Known, samples: int
) -> None:
    """Note a choice between sizes that fell alike in all samples."""
    inputs = [k for k in known if k is not None]
    if _fell_alike(inputs, result, samples):
        outcome = np.unique(result.at(0)).tolist() if result.dtype == bool else result.elements()
        assume(f"{step.node.op_type} node '{name}' gives {outcome} whatever the sizes are")


def _fell_alike(inputs: Sequence[Known], result: Known, samples: int) -> bool:
    """Whether some element of ``result`` hangs on a size and yet is one choice in all samples."""
    results = [result.at(k) for k in range(samples)]
    if len({a.shape for a in results}) > 1:  # over positions, not over sizes
        return _is_one_fill(results) or any(
            v.varies and all(np.array_equal(v.at(k), a) for k, a in enumerate(results))
            for v in inputs
        )
    alike = np.all([a == results[0] for a in results], axis=0)
    varies, negative, varying_negative = (np.zeros(alike.shape, bool) for _ in range(3))
    for value in inputs:
        arrays = [np.broadcast_to(value.at(k), alike.shape) for k in range(samples)]
        moves = np.any([a != arrays[0] for a in arrays], axis=0)
        below = np.min(arrays, axis=0) < 0
        varies |= moves
        negative |= below & ~moves
        varying_negative |= below & moves
        if result.dtype != bool:
            alike |= np.all([a == b for a, b in zip(arrays, results)], axis=0)
    # Sizes are never negative: to compare one with something negative is no choice.
    no_choice = negative & ~varying_negative
    return bool((varies & alike & ~no_choice).any())


def _is_one_fill(arrays: Sequence[np.ndarray]) -> bool:
    first = arrays[0].flat[0] if arrays[0].size else None
    return all(a.size and bool((a == first).all()) for a in arrays)
