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
"""A model at fixed shapes, and at fixed values where shapes hang on them, as one compiled graph."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Set, Tuple

import mxnet as mx
import numpy as np

from ..errors import ConversionError, DynamicSizeError
from .builders import Parameter
from .planning import Plan, Planner, Step
from .translating import REFUSED, Scope, Translator
from .values import Known, Tensor, Value, at
from .weights import WeightedSymbolBuilder

#: Most elements of floats that may stand in a shape slot: scales and the like.
MOST_FLOATS = 16
#: Most elements of a constant that is taken for no weight because shapes hang on it.
MOST_SETTLED = 64

#: An input of the graph: an array that is known, a shape and dtype, a list of these, or None.
Spec = Any


@dataclasses.dataclass(frozen=True)
class Described:
    """A tensor of which only shape and element type are known."""

    shape: Tuple[int, ...]
    dtype: np.dtype


@dataclasses.dataclass(frozen=True)
class Head:
    """Where the compiled graph gives an output."""

    index: int
    shape: Tuple[int, ...]
    dtype: np.dtype


@dataclasses.dataclass(frozen=True)
class Static:
    """A model at fixed shapes as one graph.

    Attributes
    ----------
    symbol : mxnet.symbol.Symbol or None
        None where every output is known.
    feeds : list of (str, object)
        What its arguments are, in the order of ``symbol.list_inputs()``: ``("input", place)`` among
        the tensors given, ``("weight", name)``, or ``("constant", Parameter)``.
    outputs : list
        For each output a :class:`Head`, an array, a list of these, or None.
    states : frozenset of str
        Weights that operators keep up themselves.
    loops : bool
        Whether the symbol holds a loop of MXNet's, see :func:`looping.without_races`.
    """

    symbol: Any
    feeds: List[Tuple[str, Any]]
    outputs: List[Any]
    states: FrozenSet[str]
    loops: bool = False


@dataclasses.dataclass(frozen=True)
class Cause:
    """Why a node is refused, and the inputs and weights that it would have had to know.

    Both are empty where it is refused whatever is known.
    """

    reason: str
    inputs: FrozenSet[str] = frozenset()
    weights: FrozenSet[str] = frozenset()


class NotStatic(Exception):
    """There is no static graph.

    Attributes
    ----------
    causes : list of Cause
        At least one.
    """

    def __init__(self, causes: List[Cause]):
        super().__init__(causes[0].reason)
        self.causes = causes


def specialise(
    planner: Planner,
    plan: Plan,
    weights: Mapping[str, np.ndarray],
    given: Mapping[str, Spec],
    loops: bool = True,
) -> Static:
    """Translate a model for inputs of these shapes.

    Parameters
    ----------
    planner : Planner
    plan : Plan
        Without the weights.
    weights : mapping of str to numpy.ndarray
        Their shapes and types are looked at, not their numbers.
    given : mapping of str to (Described, numpy.ndarray, list or None)
        The graph's inputs by name; arrays are built in.
    loops : bool
        Whether MXNet's loops may be used. Where one meets a convolution they are not.

    Raises
    ------
    NotStatic
    """
    builder = WeightedSymbolBuilder()
    translator = _Watching(planner, plan, builder)
    translator.op.loops = loops
    unique = translator.op.names.unique
    places: List[str] = []

    def value(name: str, spec: Spec) -> Value:
        if isinstance(spec, list):
            return [value(f"{name}_{i}", s) for i, s in enumerate(spec)]
        if isinstance(spec, Described):
            places.append(unique(name, claim=True))
            return builder.input(places[-1], spec.shape, spec.dtype)
        return spec if spec is None else Known.of(name, [spec])

    try:
        values = {name: value(name, spec) for name, spec in given.items()}
        for name, array in weights.items():
            values[name] = builder.weight(name, unique(name, claim=True), array)
        results = translator.run(values)
        heads: List[Tensor] = []
        outputs = [_output(translator.op, result, heads) for result in results]
    except ConversionError as error:
        if loops and translator.op.clashed:
            return specialise(planner, plan, weights, given, loops=False)
        raise translator.not_static(error, set(given), weights) from None
    symbol = mx.sym.Group([h.handle for h in heads]) if heads else None
    feeds = _feeds(symbol, places, builder.variables, builder.parameters)
    return Static(symbol, feeds, outputs, frozenset(builder.states), translator.op.has_loops)


def _output(op: Any, value: Value, heads: List[Tensor]) -> Any:
    if isinstance(value, list):
        return [_output(op, v, heads) for v in value]
    if isinstance(value, Known):
        return value.at(0)
    if value is None:
        return None
    if value.is_empty:
        return np.zeros(at(value.shape, 0), value.element)
    with op.node("output", 1):
        # An input or a weight handed on would be the caller's own array: give another one.
        heads.append(op.identity(value) if _is_variable(value) else value)
    return Head(len(heads) - 1, at(value.shape, 0), value.dtype)


def _is_variable(tensor: Tensor) -> bool:
    return bool(tensor.handle.list_outputs() == tensor.handle.list_inputs())


def _feeds(
    symbol: Any,
    places: List[str],
    variables: Mapping[str, str],
    parameters: Mapping[str, Parameter],
) -> List[Tuple[str, Any]]:
    feeds: List[Tuple[str, Any]] = []
    for name in symbol.list_inputs() if symbol is not None else ():
        if name in variables:
            feeds.append(("weight", variables[name]))
        elif name in parameters:
            feeds.append(("constant", parameters[name]))
        else:
            feeds.append(("input", places.index(name)))
    return feeds


class _Watching(Translator):
    """A translator that notes which values the refused nodes would have had to know."""

    def __init__(self, planner: Planner, plan: Plan, builder: Any):
        super().__init__(planner, plan, builder)
        self._outermost: Optional[Step] = None
        self._needed: Optional[Value] = None
        self._blamed: List[Tuple[str, Set[str]]] = []

    def _outputs(self, step: Step, scope: Scope) -> List[Any]:
        outermost, self._needed = self._outermost is None, None
        if outermost:
            self._outermost = step
        try:
            return super()._outputs(step, scope)
        except ConversionError as error:
            self._blamed.append((str(self._placed(error, step)), self._blame(step, scope)))
            raise
        finally:
            if outermost:
                self._outermost = None

    def _elements(self, name: str, value: Value) -> Any:
        try:
            return super()._elements(name, value)
        except DynamicSizeError:
            self._needed = value
            raise

    def _blame(self, step: Step, scope: Scope) -> Set[str]:
        """Names of the outer graph that would have to be known, as far as can be told."""
        outer = self._outermost
        if outer is not None and outer is not step:
            return {n for n in outer.node.reads if n}
        names = {n for n in step.node.reads if n and _may_be_a_shape(scope.get(n))}
        return {n for n in names if scope.get(n) is self._needed} or names

    def not_static(
        self, error: ConversionError, inputs: Set[str], weights: Mapping[str, np.ndarray]
    ) -> NotStatic:
        """What the refusals come down to."""
        causes = []
        for reason, names in self._blamed:
            origins = _origins(self.plan, names) & {*inputs, *weights}
            found = origins - inputs
            if any(weights[name].size > MOST_SETTLED for name in found):
                causes.append(Cause(reason))
            else:
                causes.append(Cause(reason, frozenset(origins & inputs), frozenset(found)))
        return NotStatic(causes or [Cause(str(error))])


def _may_be_a_shape(value: Any) -> bool:
    if not isinstance(value, Tensor):
        return isinstance(value, list)
    whole = value.dtype.kind in "iub"
    return whole or (len(value.shape) < 2 and math.prod(at(value.shape, 0)) <= MOST_FLOATS)


def _is_of_floats(spec: Spec) -> bool:
    return not isinstance(spec, Described) or spec.dtype.kind not in "iub"


def _origins(plan: Plan, names: Set[str]) -> Set[str]:
    """The inputs and constants that values are computed from, by anything but their shapes."""
    makers = {output: step for step in plan.steps for output in step.node.outputs}
    origins: Set[str] = set()
    seen, waiting = set(names), list(names)
    while waiting:
        name = waiting.pop()
        step = makers.get(name)
        if step is None:
            origins.add(name)
        elif not (step.fold is not None and getattr(step.fold, "measures", False)):
            waiting += [n for n in step.node.reads if n not in seen]
            seen |= set(step.node.reads)
    return origins


def states_and_settled(
    planner: Planner, plan: Plan, weights: Mapping[str, np.ndarray], given: Mapping[str, Spec]
) -> Tuple[Set[str], Set[str]]:
    """Weights that operators keep up themselves, and weights that are none but decide shapes.

    Found by translating the model at made-up sizes, at which some of it may be refused. ``given``
    has None for the inputs of which nothing can be made up.
    """
    builder = WeightedSymbolBuilder()
    translator = _Watching(planner, plan, builder)
    settled: Set[str] = set()
    try:
        values: Dict[str, Value] = {
            name: REFUSED if spec is None else builder.input(name, spec.shape, spec.dtype)
            for name, spec in given.items()
        }
        for name, array in weights.items():
            values[name] = builder.weight(name, name, array)
        translator.run(values)
    except ConversionError as error:
        for cause in translator.not_static(error, set(given), weights).causes:
            if not any(_is_of_floats(given[name]) for name in cause.inputs):
                settled |= cause.weights
    return builder.states, settled
