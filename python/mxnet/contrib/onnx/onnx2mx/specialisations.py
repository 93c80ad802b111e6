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
"""The specialisations of a block: found by what is given, made, kept, and run."""

from __future__ import annotations

import collections
import dataclasses
import logging
import threading
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Set, Tuple

import mxnet as mx
import numpy as np

from .builders import carried, carries, tagged, to_ndarray
from .computing import leaves
from .edges import element_type
from .graph import ValueInfo
from .inference import FAILURES, reason
from .looping import without_races
from .planning import Plan, Planner
from .specialising import MOST_FLOATS, Cause, Described, Head, NotStatic, Static, specialise
from .translating import Translator
from .values import Known, Tensor, Value, at
from .weights import WeightedRun

#: Specialisations that a block keeps; the one unused for longest goes first.
MOST_KEPT = 32
#: Specialisations that are compiled when first met; behind them only what is met a second time.
AT_ONCE = 8
#: What a block remembers to have met once.
MOST_REMEMBERED = 1024
#: Most elements of an input whose values may be built in.
MOST_DECIDING = 1024

_log = logging.getLogger(__name__)

#: What is computed: for each output an array and its ONNX shape, a NumPy array, a list, or None.
Results = List[Any]


@dataclasses.dataclass(frozen=True)
class Specialisation:
    """What a block does for inputs of one kind.

    Attributes
    ----------
    inputs : str
        Types and shapes, with the values that are built in.
    compiled : bool
        Whether it is one graph of MXNet; otherwise it runs operator by operator.
    reason : str
        Why it is not compiled.
    """

    inputs: str
    compiled: bool
    reason: str = ""

    def __str__(self) -> str:
        how = "compiled" if self.compiled else f"operator by operator: {self.reason}"
        return f"{self.inputs or 'no inputs'}: {how}"


class Compiled:
    """A static graph and what it is fed with besides the inputs."""

    def __init__(self, static: Static):
        self.static = static
        self._ops: Dict[Any, Any] = {}
        self.copies: Dict[Any, Any] = {}
        self._lock = threading.Lock()

    def operator(self, flags: Tuple[Tuple[str, Any], ...]) -> Any:
        """MXNet's operator for the graph."""
        if flags not in self._ops:
            kept = without_races(dict(flags), self.static.loops)
            self._ops[flags] = mx.nd.CachedOp(self.static.symbol, tuple(kept.items()))
        return self._ops[flags]

    def run(
        self, arrays: List[Any], weight: Any, constant: Any, ctx: mx.Context, flags: Any
    ) -> Results:
        """The results for the arrays that are given."""
        heads: Any = []
        if self.static.symbol is not None:
            with self._lock:
                fed = [
                    arrays[what]
                    if kind == "input"
                    else weight(what)
                    if kind == "weight"
                    else constant(what)
                    for kind, what in self.static.feeds
                ]
                heads = self.operator(flags)(*fed)
            heads = heads if isinstance(heads, list) else [heads]
        return [_filled(output, heads) for output in self.static.outputs]


def _filled(output: Any, heads: List[Any]) -> Any:
    if isinstance(output, list):
        return [_filled(each, heads) for each in output]
    return (heads[output.index], output.shape) if isinstance(output, Head) else output


class Specialiser:
    """Computes a model's outputs, by a static graph where there is one.

    Parameters
    ----------
    planner : Planner
    plan : Plan
        Without the weights.
    parameters : mapping of str to mxnet.gluon.Parameter
    types : mapping of str to numpy.dtype
        The model's own element types of the parameters.
    source : str
        What to call the model.
    """

    def __init__(
        self,
        planner: Planner,
        plan: Plan,
        parameters: Mapping[str, Any],
        types: Mapping[str, np.dtype],
        source: str,
    ):
        self.planner, self.plan, self.parameters, self.types = planner, plan, parameters, types
        self.source = source
        self.deciding: FrozenSet[str] = frozenset()
        self.flags: Tuple[Tuple[str, Any], ...] = ()
        self.last: Optional[Compiled] = None
        self._settled: Dict[str, np.ndarray] = {}
        self._kept: Any = collections.OrderedDict()
        self._seen: Any = collections.OrderedDict()
        self._lock = threading.RLock()
        self._copies: Dict[Any, Any] = {}
        self._lasting = {id(a) for a in plan.graph.constants.values()}
        self._told: Set[bool] = set()

    @property
    def kept(self) -> List[Specialisation]:
        """What is kept, the one used last at the end."""
        with self._lock:
            return [record for record, _ in self._kept.values()]

    def forget(self) -> None:
        """Make all anew, of what the weights are now."""
        with self._lock:
            self._kept.clear()
            self._settled.clear()

    def run(
        self, infos: Mapping[str, ValueInfo], given: Mapping[str, Any], ctx: mx.Context
    ) -> Results:
        """Compute the outputs.

        Parameters
        ----------
        infos : mapping of str to ValueInfo
        given : mapping of str to (mxnet.nd.NDArray, numpy.ndarray, list of these or None)
            The same names.
        ctx : mxnet.Context
        """
        given = {name: _moved(value, ctx) for name, value in given.items()}
        compiled = self._found(infos, given)
        if compiled is None:
            return self._eagerly(infos, given, ctx)
        self.last = compiled
        known = self._built_in(infos, given)
        arrays = [
            leaf
            for name in given
            if name not in known
            for leaf in leaves(given[name])
            if isinstance(leaf, mx.nd.NDArray)
        ]

        def weight(name: str) -> Any:
            return self._weight(name, ctx)

        def constant(parameter: Any) -> Any:
            return self._constant(compiled, parameter, ctx)

        return compiled.run(arrays, weight, constant, ctx, self.flags)

    def export(self, path: str, epoch: int) -> Tuple[str, str]:
        """Write the graph that ran last as a checkpoint."""
        if self.last is None or self.last.static.symbol is None:
            raise RuntimeError(
                "nothing to export: only a graph can be, and no call has run a compiled one; call "
                "the block with inputs of the shapes that are wanted"
            )
        symbol = self.last.static.symbol
        states, stored = set(symbol.list_auxiliary_states()), {}
        for name, (kind, what) in zip(symbol.list_inputs(), self.last.static.feeds):
            if kind != "input":
                cpu = mx.cpu()
                array = (
                    self.parameters[what]._reduce()
                    if kind == "weight"
                    else self._constant(self.last, what, cpu)
                )
                array = array.as_nd_ndarray() if isinstance(array, mx.np.ndarray) else array
                stored[f"{'aux' if name in states else 'arg'}:{name}"] = array
        paths = f"{path}-symbol.json", f"{path}-{epoch:04d}.params"
        symbol.save(paths[0])
        mx.nd.save(paths[1], stored)
        return paths

    def _weight(self, name: str, ctx: mx.Context) -> mx.nd.NDArray:
        array = self.parameters[name].data(ctx)
        array = array.as_nd_ndarray() if isinstance(array, mx.np.ndarray) else array
        wanted = self.types[name]
        return array if array.dtype == wanted else array.astype(wanted)

    def _constant(self, compiled: Compiled, parameter: Any, ctx: mx.Context) -> mx.nd.NDArray:
        """A constant's copy: the model's own serve all graphs, a row's go with their graph."""
        copies = self._copies if id(parameter.array) in self._lasting else compiled.copies
        key = id(parameter.array), ctx, parameter.carrier
        if key not in copies:
            copies[key] = to_ndarray(parameter.array, ctx, parameter.carrier)
        return copies[key]

    # -- finding ---------------------------------------------------------------------------

    def _found(self, infos: Mapping[str, ValueInfo], given: Mapping[str, Any]) -> Any:
        with self._lock:
            key = self._key(infos, given)
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][1]
            if len(self._kept) >= AT_ONCE and key not in self._seen:
                self._seen[key] = None
                if len(self._seen) > MOST_REMEMBERED:
                    self._seen.popitem(last=False)
                return None
            compiled, why = self._made(infos, given)
            key = self._key(infos, given)  # more may decide now
            record = Specialisation(self._called(infos, given), compiled is not None, why)
            self._kept[key] = record, compiled
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            self._tell(record)
            return compiled

    def _made(self, infos: Any, given: Any) -> Tuple[Optional[Compiled], str]:
        if any(isinstance(a, np.ndarray) and a.size > MOST_DECIDING for a in _arrays(given)):
            return None, "an input is of a type that MXNet lacks"
        deciding, first = self.deciding, ""
        while True:
            known = self._built_in(infos, given, deciding)
            specs = {
                name: known[name] if name in known else _spec(infos[name], value)
                for name, value in given.items()
            }
            try:
                static = specialise(self.planner, self._plan(given), self._shapes(given), specs)
                compiled = Compiled(static)
                if static.symbol is not None:
                    compiled.operator(self.flags)
            except NotStatic as refusal:
                hopeless = [c for c in refusal.causes if not _can_be_given(c, infos, given)]
                if hopeless:
                    # A branch that is never taken may be refused where its condition is not known.
                    switches = set() if first else _switches(given) - deciding
                    first = first or hopeless[0].reason
                    if not switches:
                        return None, first
                    deciding |= switches
                    continue
                more = {name for cause in refusal.causes for name in cause.inputs - set(known)}
                settled = {name for cause in refusal.causes for name in cause.weights}
                if not more and not settled:
                    return None, first or refusal.causes[0].reason
                deciding |= more
                self._settle(settled)
            except FAILURES as error:  # an operator that MXNet has no gradient of
                return None, first or f"MXNet cannot compile it: {reason(error)}"
            else:
                for name in static.states:
                    self.parameters[name].grad_req = "null"
                self.deciding = deciding
                return compiled, ""

    def _settle(self, names: Set[str]) -> None:
        """Take constants for what they are: numbers that shapes hang on."""
        for name in names:
            self.parameters[name].grad_req = "null"
            self._settled[name] = self.parameters[name].data().asnumpy().astype(self.types[name])

    def _plan(self, given: Mapping[str, Any]) -> Plan:
        """The plan, without the constants in whose place something is given."""
        graph = self.plan.graph
        constants = {n: a for n, a in graph.constants.items() if n not in given}
        constants.update((n, a) for n, a in self._settled.items() if n not in given)
        return dataclasses.replace(self.plan, graph=dataclasses.replace(graph, constants=constants))

    def _shapes(self, given: Mapping[str, Any]) -> Dict[str, np.ndarray]:
        """Arrays of the weights' shapes and types that take no memory."""
        return {
            name: np.broadcast_to(np.zeros((), self.types[name]), parameter.shape)
            for name, parameter in self.parameters.items()
            if name not in given and name not in self._settled
        }

    def _built_in(
        self,
        infos: Mapping[str, ValueInfo],
        given: Mapping[str, Any],
        deciding: Optional[FrozenSet[str]] = None,
    ) -> Dict[str, Any]:
        """The inputs whose values are looked at, as NumPy arrays."""
        deciding = self.deciding if deciding is None else deciding
        return {
            name: _numbers(infos[name], given[name])
            for name in given
            if name in deciding and _may_decide(infos[name], given[name])
        }

    def _key(self, infos: Mapping[str, ValueInfo], given: Mapping[str, Any]) -> Any:
        known = self._built_in(infos, given)
        return tuple((n, _part(infos[n], known.get(n, v))) for n, v in given.items())

    def _called(self, infos: Mapping[str, ValueInfo], given: Mapping[str, Any]) -> str:
        known = self._built_in(infos, given)
        return ", ".join(
            f"{n} = {_short(known[n])}" if n in known else f"{n} {_text(infos[n], v)}"
            for n, v in given.items()
        )

    def _tell(self, record: Specialisation) -> None:
        """Say once that it compiles for each set of shapes, and once that it does not, and why."""
        if record.compiled not in self._told:
            self._told.add(record.compiled)
            level = logging.INFO if record.compiled else logging.WARNING
            _log.log(level, "%s, %s", self.source, record)

    # -- running ---------------------------------------------------------------------------

    def _eagerly(
        self, infos: Mapping[str, ValueInfo], given: Mapping[str, Any], ctx: mx.Context
    ) -> Results:
        builder = WeightedRun(ctx, self._copies, self._lasting)
        translator = Translator(self.planner, self._plan(given), builder)
        values = {name: _value(infos[name], value) for name, value in given.items()}
        for name in self._shapes(given):
            values[name] = builder.weight(name, self._weight(name, ctx), self.types[name])
        handed = {id(t.handle) for t in values.values() if isinstance(t, Tensor)}

        def result(value: Value) -> Any:
            if isinstance(value, list):
                return [result(each) for each in value]
            if isinstance(value, Known):
                return value.at(0)
            if value is None:
                return None
            if value.is_empty:
                return np.zeros(at(value.shape, 0), value.element)
            with translator.op.node("output", 1):
                value = translator.op.identity(value) if id(value.handle) in handed else value
            return value.handle, value.shape

        results = [result(value) for value in translator.run(values)]
        for name in builder.states:
            self.parameters[name].grad_req = "null"
        return results


def _arrays(given: Mapping[str, Any]) -> List[Any]:
    return leaves(list(given.values()))


def _moved(value: Any, ctx: mx.Context) -> Any:
    """NumPy arrays that MXNet can hold, in their own type or another, as arrays of MXNet."""
    if isinstance(value, list):
        return [_moved(each, ctx) for each in value]
    if isinstance(value, np.ndarray) and carries(value):
        return to_ndarray(carried(value), ctx)
    return value


def _shape(info: ValueInfo, array: Any) -> Tuple[int, ...]:
    """The ONNX shape of an array of MXNet."""
    return () if info.shape == () else tuple(array.shape)


def _spec(info: ValueInfo, value: Any) -> Any:
    if isinstance(value, list):
        return [_spec(info.element or info, each) for each in value]
    if isinstance(value, mx.nd.NDArray):
        info = info.element or info
        return Described(_shape(info, value), element_type(info, value))
    return value


def _value(info: ValueInfo, value: Any) -> Value:
    """What an eager run is given: small whole numbers known, for shapes may hang on them."""
    if isinstance(value, list):
        return [_value(info.element or info, each) for each in value]
    if isinstance(value, np.ndarray):
        return Known.of(info.name, [value])
    if value is None:
        return None
    info = info.element or info
    dtype = element_type(info, value)
    if dtype.kind in "iub" and value.size <= MOST_DECIDING:
        return Known.of(info.name, [_numbers(info, value)])
    return tagged(Tensor(value, _shape(info, value), np.dtype(value.dtype)), dtype)


def _numbers(info: ValueInfo, value: Any) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    return value.asnumpy().astype(element_type(info, value)).reshape(_shape(info, value))


def _may_decide(info: ValueInfo, value: Any) -> bool:
    """Whether its values may be built in: few whole numbers, or floats without a gradient."""
    if not _held(value):
        return False
    if np.dtype(value.dtype).kind in "iub":
        return bool(value.size <= MOST_DECIDING)
    return value.ndim < 2 and bool(value.size <= MOST_FLOATS) and not mx.autograd.is_recording()


def _can_be_given(cause: Cause, infos: Mapping[str, ValueInfo], given: Mapping[str, Any]) -> bool:
    """Whether all that a node would have to know can be built in, and is not computed with."""
    if not cause.inputs and not cause.weights:
        return False
    floats = any(
        np.dtype(given[n].dtype).kind not in "iub" for n in cause.inputs if _held(given[n])
    )
    decide = all(_may_decide(infos[n], given[n]) for n in cause.inputs)
    return decide and not (floats and cause.weights)


def _switches(given: Mapping[str, Any]) -> Set[str]:
    """Inputs of very few whole numbers."""
    return {
        name
        for name, value in given.items()
        if _held(value) and value.size <= MOST_FLOATS and np.dtype(value.dtype).kind in "iub"
    }


def _held(value: Any) -> bool:
    return isinstance(value, (mx.nd.NDArray, np.ndarray))


def _part(info: ValueInfo, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_part(info.element or info, each) for each in value)
    if isinstance(value, np.ndarray):
        numbers = tuple(value.ravel()) if value.dtype == object else value.tobytes()
        return value.dtype, value.shape, numbers
    if value is None:
        return None
    return np.dtype(value.dtype).name, tuple(value.shape)


def _text(info: ValueInfo, value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_text(info, each) for each in value)}]"
    return "absent" if value is None else f"{np.dtype(value.dtype).name} {tuple(value.shape)}"


def _short(array: np.ndarray) -> str:
    text = str(array.tolist())
    return text if len(text) < 60 else f"{text[:40]}... ({array.size} elements)"
