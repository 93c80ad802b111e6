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
"""What rows see: MXNet's operators as methods, and a few ways to say sizes that vary."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
from typing import Any, Dict, Iterable, Iterator, List, NoReturn, Optional, Sequence, Set, Tuple

import numpy as np

from ..dtypes import carrier
from ..errors import DynamicSizeError, InferenceError, TranslationError
from ..folding.table import MAX_ELEMENTS
from .builders import carried, carries, tagged
from .carriers import handed_on, narrowed
from .hazards import JOINING
from .inference import EmptyResult, attribute_texts, infer_dtypes, shapes_of_nothing
from .layouts import CHOOSE, IN_ORDER, misread, misreads_gradient, origin_of, unfused
from .looping import foreach
from .names import Names
from .slicing import cut
from .spelling import reshape_codes, segments
from .subgraphs import NestedBuilder
from .values import (
    Dim,
    Known,
    Shape,
    Size,
    Tensor,
    Unavailable,
    at,
    batched,
    join,
    product,
    varies,
)

#: A constant of fewer bytes is looked up before it is made again.
LEAST_UNSHARED = 2**16
#: Types in which ``arange_like`` counts exactly.
_COUNTING = {"f": ("float32", "float64"), "i": ("float32", "float64", "int32", "int64")}


class Context:
    """Emits MXNet operators for one graph, through a builder.

    ``op.AnyOperator(*inputs, **attributes)`` emits that operator of MXNet's registry and gives its
    output, or a tuple of outputs; inputs and attributes that are None are left out.

    A row may compute with sizes as with ints. Where MXNet wants a number and the size varies,
    a :class:`DynamicSizeError` says so; ``reshape``, ``expand``, ``full``, ``arange`` and ``cut``
    say varying sizes by reshape codes and by operators that copy a size from another tensor.

    Parameters
    ----------
    builder : SymbolBuilder or NDArrayBuilder
    names : Names, optional

    Attributes
    ----------
    num_outputs : int
        How many outputs of the node at hand are wanted.
    loops, clashed : bool
        Whether MXNet's loops may be used, and whether one met a convolution.
    """

    foreach = foreach

    def __init__(self, builder: Any, names: Optional[Names] = None):
        self.builder, self.names = builder, names or Names()
        self.num_outputs = 1
        self._scope, self._emitted = "", []  # type: str, List[Tensor]
        self._count = 0
        self.holders: Dict[Dim, List[Tuple[Tensor, int]]] = {}
        self._tensors: Dict[Any, Tensor] = {}
        self._sources: Dict[int, Tuple[Any, Tensor]] = {}
        self._used: Set[int] = set()
        self._apart: Set[str] = set()
        self.loops, self.clashed = True, False

    def __getattr__(self, op_name: str) -> Any:
        if op_name.startswith("__"):
            raise AttributeError(op_name)

        def emit(*inputs: Any, **attrs: Any) -> Any:
            return self._emit(op_name, inputs, attrs)

        return emit

    def _emit(self, op_name: str, inputs: Sequence[Any], attrs: Dict[str, Any]) -> Any:
        tensors = [self.tensor(i) for i in inputs if i is not None]
        for key, value in attrs.items():
            if value is not None and varies(value):
                raise DynamicSizeError(f"{op_name} needs a fixed {key}, which here is {value}")
            if isinstance(value, (tuple, list)) and any(map(_overflows, value)):
                raise InferenceError(f"{key} {value} of {op_name} is more than MXNet counts to")
        for i in misread(op_name, tensors):
            reorder, codes = IN_ORDER
            tensors[i] = self._emit(reorder, [tensors[i]], codes)
        op_name = unfused(op_name, tensors)
        if any(t.is_empty for t in tensors):
            return self._emit_on_nothing(op_name, tensors, attrs)
        if op_name in CHOOSE:
            self.keep_apart("a convolution")
        name = self.names.unique(f"{self._scope}_{len(self._emitted) + 1}")
        try:
            outputs = self.builder.apply(op_name, tensors, attrs, name)
        except EmptyResult:
            return self._nothing_of(op_name, tensors, attrs)
        outputs = [
            dataclasses.replace(
                handed_on(op_name, tensors, o),
                origin=origin_of(op_name, tensors, o, self._count),
            )
            for o in outputs
        ]
        self._count += 1
        self._used.update(i for i in map(_identity, tensors) if i in self._sources)
        if all(t.rank == 0 for t in tensors):  # rank 0 is carried as (1,)
            outputs = [self.as_scalar(o) if o.shape == (1,) else o for o in outputs]
        for output in outputs:
            self.hold(output)
        self._emitted += outputs
        if misreads_gradient(op_name, tensors):
            reorder, codes = IN_ORDER
            outputs = [self._emit(reorder, [output], codes) for output in outputs]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _emit_on_nothing(self, op_name: str, tensors: List[Tensor], attrs: Dict[str, Any]) -> Any:
        """An operator of which some inputs are empty: nothing is run for what is empty itself."""
        if op_name in JOINING and not all(t.is_empty for t in tensors):
            tensors = [t for t in tensors if not t.is_empty]
            return self._emit(op_name, tensors, {**attrs, "num_args": len(tensors)})
        return self._nothing_of(op_name, tensors, attrs)

    def _nothing_of(self, op_name: str, tensors: List[Tensor], attrs: Dict[str, Any]) -> Any:
        texts = attribute_texts(attrs)
        shapes: Any = tuple(t.carried for t in tensors)
        found = join(
            shapes_of_nothing(op_name, texts, at(shapes, k)) for k in range(self.builder.samples)
        )
        dtypes = infer_dtypes(op_name, texts, tuple(t.dtype for t in tensors))
        outputs = [self.nothing(*output) for output in zip(found, dtypes)]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def nothing(self, shape: Sequence[Size], dtype: Any) -> Tensor:
        """An empty tensor. There is nothing of it in MXNet; what it is read for is its shape."""
        shape, dtype = tuple(shape), np.dtype(dtype)
        return Tensor(None, shape, dtype, None if varies(shape) else np.zeros(shape, dtype))

    def keep_apart(self, kind: str) -> None:
        """Refuse a graph with a convolution and a loop, see :mod:`layouts`.

        Raises
        ------
        DynamicSizeError
        """
        if self.eager:
            return
        if {kind} < {kind, *self._apart} or not (self.loops or kind == "a convolution"):
            self.clashed = True
            raise DynamicSizeError(
                "a convolution and a loop in one graph are more than MXNet computes reliably; with "
                "fixed sizes short loops are written out: give them by input_shapes"
            )
        self._apart.add(kind)

    @contextlib.contextmanager
    def node(self, name: str, num_outputs: int) -> Iterator[None]:
        """While this lasts, operators are emitted for the node called ``name``."""
        outer = self._scope, self.num_outputs, self._emitted
        self._scope, self.num_outputs, self._emitted = name, num_outputs, []
        try:
            yield
        finally:
            self._scope, self.num_outputs, self._emitted = outer

    def name_after_node(self, tensor: Any) -> None:
        """Give the operator that made the node's own result the node's name."""
        if not isinstance(tensor, Tensor) or tensor.is_empty:
            return
        if any(tensor.handle is e.handle for e in self._emitted):
            self.builder.rename(tensor, self.names.unique(self._scope, node=True))

    @property
    def eager(self) -> bool:
        """Whether operators are run at once, and every value can be read."""
        return bool(self.builder.eager)

    @property
    def has_loops(self) -> bool:
        """Whether the graph holds a loop of MXNet's."""
        return "a loop" in self._apart

    @property
    def scope(self) -> str:
        """The name of the node at hand."""
        return self._scope

    @contextlib.contextmanager
    def nested(self) -> Iterator[NestedBuilder]:
        """While this lasts, operators go into a graph of their own."""
        outer = self.builder, self._tensors, self.holders, self._sources, self._used
        self.builder = NestedBuilder(outer[0], self.names.unique)
        self._tensors, self._sources, self._used = dict(outer[1]), dict(outer[3]), set(outer[4])
        self.holders = {size: list(held) for size, held in outer[2].items()}
        names, apart = copy.deepcopy(self.names), set(self._apart)
        try:
            yield self.builder
            outer[1].update(self.builder.shared(self._tensors))
        except BaseException:
            self.names.__dict__.update(names.__dict__)  # as if it had not been tried
            self._apart = apart
            raise
        finally:
            self.builder, self._tensors, self.holders, self._sources, self._used = outer

    def fixed(self, array: Any) -> Known:
        """A value known now, for rows that hand values on."""
        return Known.of(f"{self._scope}_value", [array])

    @staticmethod
    def unavailable(reason: str) -> Unavailable:
        """In place of an output that cannot be given: whatever reads it is refused."""
        return Unavailable(reason)

    # -- values ----------------------------------------------------------------------------

    def tensor(self, value: Any) -> Tensor:
        """``value`` as a run-time tensor."""
        if not isinstance(value, Known):
            return value
        if value not in self._tensors:
            tensor = self._tensors[value] = self._materialise(value)
            if not tensor.is_empty:
                self._sources[_identity(tensor)] = value, tensor
        return self._tensors[value]

    def _materialise(self, known: Known) -> Tensor:
        first = known.at(0)
        if any(not a.size for a in known.arrays):
            if 0 not in known.shape:
                self.fail(f"'{known.name}' is empty for some sizes of the input and not for others")
            held = carrier(known.dtype) or known.dtype
            return tagged(self.nothing(known.shape, held), known.dtype)
        if not known.varies and (first.size <= MAX_ELEMENTS or not _is_view_of_one(first)):
            return self._parameter(known.name, first, known.trainable)
        fills = [_fill(known.at(k)) for k in range(self.builder.samples)]
        if fills[0] is not None and all(f == fills[0] for f in fills):
            return self.full(known.shape, fills[0], known.dtype)
        if known.emit is None:
            self.fail(f"'{known.name}' varies with the input and nothing computes it at run time")
        tensor = known.emit()
        if (tensor.shape, tensor.element) != (known.shape, known.dtype):
            self.fail(
                f"at run time '{known.name}' would be {tensor.element} of {tensor.shape}, it "
                f"should be {known.dtype} of {known.shape}"
            )
        return tensor

    def _parameter(self, name: str, array: np.ndarray, trainable: bool) -> Tensor:
        dtype = array.dtype
        if dtype == np.uint64 and array.size and not carries(array):
            self.fail(f"the constant '{name}' of {dtype} has numbers from 2 ** 63 on")
        array = carried(array)
        if not array.size:
            return tagged(self.nothing(array.shape, array.dtype), dtype)
        tensor = self.builder.parameter(
            self.names.unique(name, claim=True), array, trainable and array.dtype.kind == "f"
        )
        if tensor.dtype != array.dtype:
            back = self.Cast(tensor, dtype=array.dtype.name)
            tensor = Tensor(back.handle, tensor.shape, array.dtype, array)
        return tagged(tensor, dtype)

    def constant(self, array: Any, name: Optional[str] = None, trainable: bool = False) -> Tensor:
        """A constant of the row's own; ``trainable`` where it is made of the model's weights."""
        array = np.asarray(array)
        key: Any = object()
        if array.size * array.itemsize < LEAST_UNSHARED and not trainable:
            key = array.dtype, array.shape, array.tobytes()
        if key not in self._tensors:
            self._tensors[key] = self._parameter(name or f"{self._scope}_const", array, trainable)
        return self._tensors[key]

    def known(self, tensor: Tensor) -> Optional[np.ndarray]:
        """The array itself: a constant's, or in an eager run anything's, else None."""
        return tensor.value if tensor.value is not None else self.builder.read(tensor)

    def value(self, tensor: Tensor) -> np.ndarray:
        """The array itself: a constant's, or in an eager run anything's.

        Raises
        ------
        TranslationError
            If it is only known at run time.
        """
        array = self.known(tensor)
        if array is None:
            self.fail(
                "an input must be known when the model is imported; where it is an input of the "
                "model, give it with input_values="
            )
        return array

    def is_weight(self, tensor: Tensor) -> bool:
        """Whether it is a parameter of a block, without a value, that may become a state."""
        return bool(tensor.weight) and hasattr(self.builder, "state")

    def auxiliary(self, tensor: Tensor, arguments: Iterable[Tensor] = ()) -> Tensor:
        """An auxiliary state that starts as the constant ``tensor``.

        MXNet allows no variable to be argument and auxiliary state, so a constant that is both, or
        two states, is two variables. ``arguments`` are those of the operator that the state is for.
        """
        if self.is_weight(tensor):
            return self.builder.state(tensor, self.names.unique(tensor.weight))
        array = self.value(tensor)
        self._used.update(map(_identity, arguments))
        source = self._sources.get(_identity(tensor))
        if source is None or _identity(tensor) in self._used:
            name = source[0].name if source else f"{self._scope}_state"
            return self._parameter(name, array, True)
        self._used.add(_identity(tensor))
        del self._tensors[source[0]]  # whoever needs it as an argument gets another one
        return tensor

    @staticmethod
    def as_scalar(tensor: Tensor) -> Tensor:
        """The same tensor of one element, seen as rank 0."""
        return dataclasses.replace(tensor, shape=())

    def cast(self, x: Tensor, dtype: Any) -> Tensor:
        """``x`` in any element type that MXNet has or carries; no operator where it is in it."""
        dtype = np.dtype(dtype)
        held = carrier(dtype)
        if held is None:
            name = "string" if dtype.kind == "O" else dtype.name
            self.fail(f"MXNet has no {name}, nor what would carry it")
        if self.eager and dtype == np.uint64 and x.dtype.kind == "f":
            self.fail("numbers from 2 ** 63 on are more than what carries uint64 holds")
        return narrowed(self, x if x.dtype == held else self.Cast(x, dtype=held.name), dtype)

    def hold(self, tensor: Tensor) -> None:
        """Remember ``tensor`` as a place to copy its varying sizes from."""
        for axis, size in enumerate(() if tensor.is_empty else tensor.shape):
            if isinstance(size, Dim):
                held = self.holders.setdefault(size, [])
                if not any(t.dtype == tensor.dtype for t, _ in held):
                    held.append((tensor, axis))

    def holder(self, size: Dim, dtypes: Sequence[str] = ()) -> Tuple[Tensor, int]:
        """A tensor and its axis of this size, of one of ``dtypes`` where there is such a one.

        Raises
        ------
        DynamicSizeError
            If no tensor has an axis of this size.
        """
        held = self.holders.get(size)
        if not held:
            raise DynamicSizeError(f"no tensor has an axis of the varying size {size}")
        return next((h for h in held if h[0].dtype.name in dtypes), held[0])

    def fail(self, reason: str) -> NoReturn:
        """Refuse the node at hand."""
        raise TranslationError(reason)

    # -- shapes ----------------------------------------------------------------------------

    def reshape(self, x: Tensor, shape: Iterable[Size]) -> Tensor:
        """``x`` in another shape of as many elements; sizes may vary."""
        shape = batched(x.carried, tuple(shape))
        if x.is_empty and product(x.shape) == product(shape):
            return tagged(self.nothing(shape, x.dtype), x.element)
        source, target = x.carried, shape or (1,)
        before, after = product(source), product(target)
        if before != after:
            text = f"cannot reshape {source} to {target}"
            if isinstance(before, Dim) != isinstance(after, Dim):
                raise DynamicSizeError(f"{text}: only one of them varies with the input")
            raise InferenceError(text)
        if source != target:
            x = self._reshaped(x, source, target)
        return dataclasses.replace(x, shape=shape)

    def _reshaped(self, x: Tensor, source: Shape, target: Shape) -> Tensor:
        for codes, reverse in reshape_codes(source, target):
            attrs = {"newshape": codes, "reverse": reverse}
            try:
                fits = self.builder.infer("_npx_reshape", [x], attrs)
            except (InferenceError, DynamicSizeError):
                continue
            if fits[0] == target:
                return self._npx_reshape(x, **attrs)
        begin = 0
        for old, new in segments(source, target):  # copy the sizes from a tensor that has them
            if old != new:
                like = self.full(new, 0, np.dtype(np.float32))
                x = self.reshape_like(
                    x,
                    like,
                    lhs_begin=begin,
                    lhs_end=begin + len(old),
                    rhs_begin=0,
                    rhs_end=len(new),
                )
            begin += len(new)
        return x

    def expand(self, x: Tensor, shape: Sequence[Size]) -> Tensor:
        """``x`` broadcast to ``shape``, which has at least its rank; sizes may vary."""
        if 0 in shape:
            return self.nothing(shape, x.dtype)
        if x.dtype == bool and x.shape != tuple(shape):
            return self.Cast(self.expand(self.Cast(x, dtype="uint8"), shape), dtype="bool")
        x = self.reshape(x, (1,) * (len(shape) - x.rank) + x.shape)
        grow = [i for i, (a, b) in enumerate(zip(x.shape, shape)) if a == 1 and b != 1]
        fixed = [i for i in grow if not isinstance(shape[i], Dim)]
        if fixed:
            x = self.broadcast_axis(x, axis=tuple(fixed), size=tuple(shape[i] for i in fixed))
        for i in grow:
            size = shape[i]
            if isinstance(size, Dim):
                other, axis = self.holder(size)
                x = self.broadcast_like(x, other, lhs_axes=(i,), rhs_axes=(axis,))
        return x

    def full(self, shape: Sequence[Size], value: Any, dtype: Any) -> Tensor:
        """A tensor of one value throughout; sizes may vary."""
        shape, dtype = tuple(shape), np.dtype(dtype)
        if 0 in shape:
            return self.nothing(shape, dtype)
        if varies(shape):
            return self.expand(self.constant(np.full((1,) * len(shape), value, dtype)), shape)
        count: Any = product(shape)
        if count > MAX_ELEMENTS:
            held = carrier(dtype) or dtype
            return tagged(self._full(shape=shape, value=value, dtype=held.name), dtype)
        return self.constant(np.full(shape, value, dtype))

    def arange(self, start: Any, limit: Any, delta: Any, dtype: Any) -> Tensor:
        """``start, start + delta, ...`` up to but without ``limit``; how many may vary."""
        dtype = np.dtype(dtype)
        count = join(
            max(0, -(-(at(limit, k) - at(start, k)) // at(delta, k)))
            for k in range(self.builder.samples)
        )
        if not varies((start, count, delta)):
            return self.constant(np.asarray(start + np.arange(count) * delta, dtype))
        exact = _COUNTING["f" if dtype.kind == "f" else "i"]
        other, axis = self.holder(count, exact)
        if other.dtype.name not in exact:
            other = self.Cast(other, dtype=exact[0])
        steps = self._contrib_arange_like(other, axis=axis, start=start, step=delta)
        return steps if steps.dtype == dtype else self.Cast(steps, dtype=dtype.name)

    def cut(self, x: Tensor, axis: int, begin: Any, end: Any, step: int = 1) -> Tensor:
        """``x[begin:end:step]`` along one axis, as Python means it; sizes may vary."""
        return cut(self, x, axis, begin, end, step)


def _overflows(number: Any) -> bool:
    """MXNet reads lists of whole numbers as 32 bits and does not notice what it cuts off."""
    return isinstance(number, int) and not -(2**31) <= number < 2**31


def _fill(array: np.ndarray) -> Any:
    """The one number that ``array`` consists of, or None."""
    if not array.size:
        return None
    first = array.flat[0]
    if _is_view_of_one(array) or (array == first).all():
        return first.item()
    return None


def _is_view_of_one(array: np.ndarray) -> bool:
    return array.size > 0 and not any(array.strides)


def _identity(tensor: Tensor) -> int:
    return id(tensor.handle)
