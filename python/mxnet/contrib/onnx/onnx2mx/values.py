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
"""What a name of the graph can stand for while it is translated.

Dynamic dimensions are never symbols. The importer picks a few *samples*: assignments of plain
sizes to all of them at once (batch 2 and length 21, then batch 3 and length 35, ...). A size is
then a plain ``int`` where all samples agree and a :class:`Dim`, one int per sample, where they
do not. Two dims are the same if they agree in every sample.
"""

from __future__ import annotations

import dataclasses
import operator
from typing import Any, Callable, Optional, Tuple, Union

import numpy as np

from ..errors import DynamicSizeError


class Dim:
    """A size that varies with the input: what it is in every sample."""

    __slots__ = ("sizes",)

    def __init__(self, sizes: Tuple[int, ...]):
        self.sizes = tuple(sizes)

    def __eq__(self, other):
        return isinstance(other, Dim) and self.sizes == other.sizes

    def __hash__(self):
        return hash(self.sizes)

    def __repr__(self):
        return "<" + "|".join(map(str, self.sizes)) + ">"

    def __index__(self):
        raise DynamicSizeError(f"the size {self} varies with the input, a fixed one is needed")

    __int__ = __bool__ = __index__


Size = Union[int, Dim]
Shape = Tuple[Size, ...]


def at(value, sample: int):
    """``value`` as it is in one sample; sequences element by element."""
    if isinstance(value, Dim):
        return value.sizes[sample]
    if isinstance(value, (list, tuple)):
        return type(value)(at(v, sample) for v in value)
    return value


def join(values) -> Any:
    """One value out of what it is in every sample; the reverse of :func:`at`."""
    values = tuple(values)
    if all(v == values[0] for v in values[1:]):
        return values[0]
    if isinstance(values[0], (list, tuple)):
        if len({len(v) for v in values}) > 1:
            raise DynamicSizeError(f"the length of {values} varies with the input")
        return type(values[0])(join(v) for v in zip(*values))
    return Dim(values)


def _lift(function, agree=False):
    def lifted(*args):
        count = next(len(a.sizes) for a in args if isinstance(a, Dim))
        result = join(function(*(at(a, k) for a in args)) for k in range(count))
        if agree and isinstance(result, Dim):
            raise DynamicSizeError(f"a choice depends on how {args[0]} compares with {args[1]}")
        return result

    return lifted


for _name in ("add", "sub", "mul", "floordiv", "mod", "neg"):
    _function = getattr(operator, _name)
    setattr(Dim, f"__{_name}__", _lift(_function))
    setattr(Dim, f"__r{_name}__", _lift(lambda a, b, f=_function: f(b, a)))
for _name in ("lt", "le", "gt", "ge"):
    setattr(Dim, f"__{_name}__", _lift(getattr(operator, _name), agree=True))


def product(sizes) -> Size:
    result = 1
    for size in sizes:
        result = result * size
    return result


@dataclasses.dataclass(frozen=True, eq=False)
class Tensor:
    """A run-time value: an MXNet handle and what is known of it.

    ``shape`` has the ONNX rank. Rank 0 is carried by MXNet as shape (1,): see ``carried``.
    ``value`` is the array itself where the tensor is a constant.
    """

    handle: Any
    shape: Shape
    dtype: np.dtype
    value: Optional[np.ndarray] = None

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def carried(self) -> Shape:
        return self.shape or (1,)


@dataclasses.dataclass(frozen=True, eq=False)
class Known:
    """A value known at conversion time: one array, or one per sample where they differ."""

    name: str
    arrays: Tuple[np.ndarray, ...]
    emit: Optional[Callable[[], Tensor]] = None  # computes it at run time

    @classmethod
    def of(cls, name, arrays, emit=None):
        first, *rest = arrays = tuple(map(np.asarray, arrays))
        same = all(a is first or a.shape == first.shape and np.array_equal(a, first) for a in rest)
        return cls(name, arrays[:1] if same else arrays, emit)

    @property
    def varies(self) -> bool:
        return len(self.arrays) > 1

    def at(self, sample: int) -> np.ndarray:
        return self.arrays[sample if self.varies else 0]

    @property
    def shape(self) -> Shape:
        return join(a.shape for a in self.arrays)

    def elements(self):
        """Nested list of numbers, with a Dim wherever the samples differ."""
        return join(a.tolist() for a in self.arrays)


Value = Union[Known, Tensor, None]
