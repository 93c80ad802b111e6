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
"""The user's wishes about a model's inputs, held against what the model says of them."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple, Union

import numpy as np

from ..dtypes import carrier, element_dtype, in_mxnet, numpy_dtype, onnx_name
from ..errors import ModelError, TranslationError, refuse
from ..translation import TranslationTable
from .graph import Graph, ValueInfo
from .hazards import MOST_ELEMENTS
from .normalise import Model
from .sampling import MOST_DIMENSIONS, SAMPLES, Dimension

#: A size that is fixed, or the name of the dimension that it varies with.
WantedSize = Union[int, str]


@dataclasses.dataclass(frozen=True)
class Input:
    """One input of the model, as it is to be imported.

    Attributes
    ----------
    name : str
    dtype : numpy.dtype
    shape : tuple of (int or str)
        Names stand for sizes that vary.
    used : bool
        Whether anything reads it.
    value : numpy.ndarray or None
        Where ``input_values`` makes it a constant.
    """

    name: str
    dtype: np.dtype
    shape: Tuple[WantedSize, ...]
    used: bool = True
    value: Optional[np.ndarray] = None


@dataclasses.dataclass(frozen=True)
class Wishes:
    """All inputs of the model, and the sizes to try for those that vary."""

    inputs: List[Input]
    sizes: Dict[str, Tuple[int, ...]]

    @property
    def dimensions(self) -> List[Dimension]:
        """The dimensions that vary, in the order of the inputs."""
        places: Dict[str, bool] = {}
        for given in self.inputs:
            if given.used and given.value is None:
                for axis, size in enumerate(given.shape):
                    if isinstance(size, str):
                        first = axis == 0 and len(given.shape) > 1
                        places[size] = places.get(size, True) and first
        return [Dimension(name, batch) for name, batch in places.items()]

    def at_size(self, dimension: str, size: int) -> Wishes:
        """The same with one dimension fixed."""
        inputs = [
            dataclasses.replace(i, shape=tuple(size if s == dimension else s for s in i.shape))
            for i in self.inputs
        ]
        return Wishes(inputs, {n: s for n, s in self.sizes.items() if n != dimension})


def resolve(
    model: Model,
    input_shapes: Optional[Mapping[str, Sequence[Any]]],
    input_values: Optional[Mapping[str, Any]],
    sizes: Optional[Mapping[str, Any]],
    translations: Optional[TranslationTable],
    lenient: bool = False,
) -> Wishes:
    """Check the arguments of an import against the model's inputs.

    Parameters
    ----------
    lenient : bool
        Whether inputs may be of a kind, a type or a rank that a Symbol cannot have.

    Raises
    ------
    ModelError
        Everything that is wrong with them, at once.
    """
    if translations is not None and not isinstance(translations, TranslationTable):
        raise ModelError(
            f"translations= takes a TranslationTable, not {type(translations).__name__}"
        )
    return _Resolution(model, input_shapes, input_values, sizes, lenient).wishes()


class _Resolution:
    def __init__(
        self, model: Model, input_shapes: Any, input_values: Any, sizes: Any, lenient: bool
    ):
        self.model, self.lenient = model, lenient
        self.problems: List[ModelError] = []
        self.pins: Dict[str, int] = {}
        self.names = [v.name for v in model.graph.inputs]
        self.shapes = self._mapping("input_shapes", input_shapes, self.names)
        self.values = self._mapping("input_values", input_values, self.names)
        self.sizes = self._mapping("sizes", sizes, None)

    def _mapping(self, argument: str, given: Any, names: Optional[List[str]]) -> Dict[str, Any]:
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            self._problem(f"{argument}= takes a dict by name, not {type(given).__name__}")
            return {}
        for name in given:
            if names is not None and name not in names:
                there = ", ".join(f"'{n}'" for n in names) or "none"
                self._problem(f"{argument}: the model has no input '{name}'; its inputs: {there}")
        return dict(given)

    def _problem(self, text: str) -> None:
        self.problems.append(ModelError(text))

    def wishes(self) -> Wishes:
        used = _read_names(self.model.graph)
        inputs = [self._input(info, info.name in used) for info in self.model.graph.inputs]
        known = {s for i in inputs if i for s in i.shape if isinstance(s, str)}
        tried = self._sizes(known)
        pinned = [self._pinned(i) for i in inputs if i is not None]
        wishes = Wishes(pinned, tried)
        if len(wishes.dimensions) > MOST_DIMENSIONS:
            self._problem(
                f"{len(wishes.dimensions)} dimensions vary, at most {MOST_DIMENSIONS} can; fix "
                "some with sizes="
            )
        if self.problems:
            refuse(self.problems, f"{self.model.source} cannot be imported with these arguments:")
        return wishes

    def _input(self, info: ValueInfo, used: bool) -> Optional[Input]:
        name = info.name
        if not used:
            dtype = np.dtype(np.float32)
            if info.kind == "tensor" and info.data_type:
                with contextlib.suppress(TranslationError):  # nothing will be made of it
                    dtype = numpy_dtype(info.data_type)
            shape = self._shape(info) if info.shape is not None else ()
            value = np.asarray(self.values[name]) if name in self.values else None
            return Input(name, dtype, shape, False, value)
        if self.lenient and name not in self.values and not _is_plain(info):
            return Input(name, np.dtype(object), ())
        if info.kind != "tensor":
            kind = f"a {info.kind}" if info.kind else "of no stated type"
            self._problem(
                f"input '{name}' is {kind}, only tensors can be inputs of a Symbol; the block of "
                "import_to_gluon and mx.contrib.onnx.backend take it"
            )
            return None
        wanted: Optional[np.dtype] = None
        with contextlib.suppress(TranslationError):
            wanted = element_dtype(info.data_type)
        if name in self.values:
            return self._valued(info, wanted)
        if wanted is None or carrier(wanted) is None:
            self._problem(
                f"input '{name}' is of {onnx_name(info.data_type)}, which MXNet lacks; give it as "
                "constant with input_values=, or run the model by the block of import_to_gluon or "
                "mx.contrib.onnx.backend"
            )
            return None
        shape = self._shape(info)
        count = 1
        for size in shape:
            count *= size if isinstance(size, int) else 1
        if count > MOST_ELEMENTS:
            self._problem(f"input '{name}' of {shape} has more elements than an MXNet tensor holds")
        return Input(name, wanted, shape)

    def _shape(self, info: ValueInfo) -> Tuple[WantedSize, ...]:
        declared = info.shape
        wanted = self.shapes.get(info.name, declared)
        if wanted is None:
            self._problem(
                f"the model does not say the rank of input '{info.name}'; give it with "
                f"input_shapes={{'{info.name}': (...)}}"
            )
            return ()
        if isinstance(wanted, (str, bytes)) or not isinstance(wanted, Sequence):
            self._problem(
                f"input_shapes: the shape of '{info.name}' must be a tuple, not {wanted!r}"
            )
            return ()
        if declared is not None and len(wanted) != len(declared):
            self._problem(
                f"input_shapes: '{info.name}' has {len(declared)} axes {_spelled(declared)}, not "
                f"{len(wanted)} as in {tuple(wanted)}"
            )
            wanted = declared
        shape = tuple(self._size(info.name, axis, size) for axis, size in enumerate(wanted))
        for said, size in zip(declared or (), shape):
            if isinstance(said, str) and isinstance(size, int):
                self._pin(said, size)
        return shape

    def _pin(self, dimension: str, size: int) -> None:
        """Fix a dimension of the model, wherever else it occurs."""
        if self.pins.setdefault(dimension, size) != size:
            self._problem(
                f"dimension '{dimension}' of the model is given as {self.pins[dimension]} and as "
                f"{size}"
            )

    def _size(self, name: str, axis: int, size: Any) -> WantedSize:
        if size is None:
            return f"{name}[{axis}]"
        if isinstance(size, str):
            return size or f"{name}[{axis}]"
        if isinstance(size, (int, np.integer)) and not isinstance(size, bool) and size > 0:
            return int(size)
        self._problem(
            f"input_shapes: axis {axis} of '{name}' is {size!r}; a size is a positive int, a name "
            "or None"
        )
        return f"{name}[{axis}]"

    def _valued(self, info: ValueInfo, dtype: Optional[np.dtype]) -> Optional[Input]:
        name = info.name
        if name in self.shapes:
            self._problem(f"input '{name}' is in input_shapes and in input_values; give it in one")
        try:
            given = np.asarray(self.values[name])
            value = given if dtype is None else given.astype(dtype)
        except (TypeError, ValueError) as error:
            self._problem(f"input_values: '{name}' is no array of {dtype}: {error}")
            return None
        if value.dtype.kind in "iub" and given.dtype != value.dtype and (given != value).any():
            self._problem(
                f"input_values: '{name}' is of {value.dtype}, which cannot hold the values given"
            )
        declared = info.shape if info.shape is not None else value.shape
        sizes = list(zip(declared, value.shape))
        if len(declared) != value.ndim or any(isinstance(d, int) and d != n for d, n in sizes):
            self._problem(
                f"input_values: '{name}' has the shape {_spelled(declared)}, not {value.shape}"
            )
        for said, size in sizes:
            if isinstance(said, str):
                self._pin(said, size)
        return Input(name, value.dtype, value.shape, True, value)

    def _sizes(self, known: Any) -> Dict[str, Tuple[int, ...]]:
        """Fix the dimensions that ``sizes`` fixes; gives the sizes to be tried for others."""
        tried: Dict[str, Tuple[int, ...]] = {}
        for name, wanted in self.sizes.items():
            if name not in known:
                there = ", ".join(f"'{n}'" for n in sorted(known)) or "none"
                self._problem(
                    f"sizes: no input has a dimension '{name}' that varies; these do: {there}"
                )
            elif isinstance(wanted, (int, np.integer)) and wanted > 0:
                self._pin(name, int(wanted))
            elif (
                isinstance(wanted, Sequence)
                and len(wanted) == SAMPLES
                and len(set(wanted)) == SAMPLES
                and all(isinstance(n, (int, np.integer)) and n > 0 for n in wanted)
            ):
                tried[name] = tuple(map(int, wanted))
            else:
                self._problem(
                    f"sizes: '{name}' takes one size to fix it, or {SAMPLES} different ones to "
                    f"try, not {wanted!r}"
                )
        return tried

    def _pinned(self, given: Input) -> Input:
        shape = tuple(self.pins.get(s, s) if isinstance(s, str) else s for s in given.shape)
        return dataclasses.replace(given, shape=shape)


def _is_plain(info: ValueInfo) -> bool:
    """Whether it is a tensor of a rank, and of a type that MXNet has."""
    if info.kind != "tensor" or info.shape is None:
        return False
    with contextlib.suppress(TranslationError):
        return in_mxnet(numpy_dtype(info.data_type))
    return False


def _read_names(graph: Graph) -> Set[str]:
    """Names that the graph's nodes or outputs read."""
    return {name for node in graph.nodes for name in node.reads} | {o.name for o in graph.outputs}


def _spelled(shape: Sequence[Any]) -> str:
    return "(" + ", ".join("?" if size is None else str(size) for size in shape) + ")"
