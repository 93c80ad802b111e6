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
"""What a name of the graph stands for while a model is translated.

Dynamic dimensions are never symbols. The importer picks a few *samples*: assignments of plain
sizes to all of them at once (batch 2 and length 21, then batch 3 and length 1017, ...). A size is
then a plain ``int`` where all samples agree and a :class:`Dim`, one int per sample, where they
do not. Two dims are the same if they agree in every sample.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import math
import operator
from typing import (
    Any,
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    NoReturn,
    Optional,
    Tuple,
    Union,
)

import numpy as np

from ..errors import DynamicSizeError
from .layouts import PLAIN, Origin


@dataclasses.dataclass
class Account:
    """What one translation calls its sizes, and what it took for granted of them.

    Attributes
    ----------
    names : dict
        Name of a dynamic dimension by its sizes in the samples, for messages.
    assumptions : list of str
        Choices that fell alike in all samples and might fall otherwise outside them.
    ones : frozenset of Dim
        Sizes of first axes that the user lets vary where the model says 1.
    """

    names: Dict[Tuple[int, ...], str] = dataclasses.field(default_factory=dict)
    assumptions: List[str] = dataclasses.field(default_factory=list)
    ones: FrozenSet[Dim] = frozenset()

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Within this scope, sizes have these names and choices on them are written here."""
        token = _account.set(self)
        try:
            yield
        finally:
            _account.reset(token)


_account: contextvars.ContextVar[Account] = contextvars.ContextVar("account")


def assume(text: str) -> None:
    """Write down something that holds in all samples and is built into the result."""
    account = _account.get(None)
    if account is not None and text not in account.assumptions:
        account.assumptions.append(text)


def batched(source: Shape, target: Shape) -> Shape:
    """``target``, its leading 1 read as the batch where ``source`` has one in place of a 1.

    A model for one image says 1 where it means the batch; nothing else could be meant where only
    then as many elements come out as go in.
    """
    account = _account.get(None)
    if account is None or not source or source[0] not in account.ones or target[:1] != (1,):
        return target
    batch: Any = source[0]
    read: List[Any] = [batch, *target[1:]]
    for i, size in enumerate(target):  # what is left for one axis has the batch in it
        if isinstance(size, Dim) and size != batch and not varies(size % batch):
            read[i] = size // batch if size % batch == 0 else size
    if product(source) != product(read):
        return target
    assume(f"the 1 that shapes begin with is {batch}, the batch")
    return tuple(read)


class Dim:
    """A size that varies with the input: what it is in every sample.

    Arithmetic gives another ``Dim``, or a plain number where the samples agree. An order that all
    samples agree on may be asked for and is then an assumption; anything that needs one plain
    number raises :class:`DynamicSizeError`.
    """

    __slots__ = ("sizes",)

    def __init__(self, sizes: Iterable[Any]):
        self.sizes: Tuple[Any, ...] = tuple(sizes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dim) and self.sizes == other.sizes

    def __hash__(self) -> int:
        return hash(self.sizes)

    def __repr__(self) -> str:
        account = _account.get(None)
        name = account.names.get(self.sizes) if account else None
        return name or "<" + "|".join(map(str, self.sizes)) + ">"

    def _refuse(self) -> NoReturn:
        raise DynamicSizeError(f"{self} varies with the input, a fixed value is needed")

    __index__ = __int__ = __float__ = __bool__ = _refuse


Size = Union[int, Dim]
Shape = Tuple[Size, ...]


def at(value: Any, sample: int) -> Any:
    """``value`` as it is in one sample; sequences element by element."""
    if isinstance(value, Dim):
        return value.sizes[sample]
    if isinstance(value, (list, tuple)):
        return type(value)(at(v, sample) for v in value)
    return value


def join(values: Iterable[Any]) -> Any:
    """One value out of what it is in every sample; the reverse of :func:`at`.

    Raises
    ------
    DynamicSizeError
        If sequences have another length in every sample: a rank or a list cannot vary.
    """
    values = tuple(values)
    first = values[0]
    if all(v == first for v in values[1:]):
        return first
    if isinstance(first, (list, tuple)):
        if len({len(v) for v in values}) > 1:
            raise DynamicSizeError(
                f"the number of elements of {' or '.join(map(_short, values))} varies"
            )
        return type(first)(join(v) for v in zip(*values))
    return Dim(values)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:40]}... ({len(value)} elements)"


def _lift(function: Callable[..., Any], symbol: str = "") -> Callable[..., Any]:
    """``function`` on sizes, sample by sample; on an order (``symbol``) all must agree."""

    def lifted(*args: Any) -> Any:
        count = next(len(a.sizes) for a in args if isinstance(a, Dim))
        result = join(function(*(at(a, k) for a in args)) for k in range(count))
        if symbol:
            statement = f"{args[0]} {symbol} {args[1]}"
            if isinstance(result, Dim):
                raise DynamicSizeError(f"a choice depends on whether {statement}")
            if not (_is_positive(args[0]) and _is_not_positive(args[1])):
                assume(f"{statement} is {'true' if result else 'false'}")
        return result

    return lifted


def _is_positive(size: Any) -> bool:
    return isinstance(size, Dim) and min(size.sizes) > 0


def _is_not_positive(bound: Any) -> bool:
    return not isinstance(bound, Dim) and bound <= 0


for _name in ("add", "sub", "mul", "floordiv", "truediv", "mod", "pow"):
    _function = getattr(operator, _name)
    setattr(Dim, f"__{_name}__", _lift(_function))
    setattr(Dim, f"__r{_name}__", _lift(lambda a, b, f=_function: f(b, a)))
for _name, _function in (
    ("neg", operator.neg),
    ("abs", abs),
    ("round", round),
    ("floor", math.floor),
    ("ceil", math.ceil),
    ("trunc", math.trunc),
):
    setattr(Dim, f"__{_name}__", _lift(_function))
for _name, _symbol in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    setattr(Dim, f"__{_name}__", _lift(getattr(operator, _name), _symbol))


def is_one(size: Size) -> bool:
    """Whether a size is 1. One that varies is taken not to be, which is an assumption."""
    if isinstance(size, Dim):
        assume(f"{size} is not 1")
        return False
    return size == 1


def varies(value: Any) -> bool:
    """Whether a size, or any of a sequence of them, varies with the input."""
    return isinstance(value, Dim) or (isinstance(value, (list, tuple)) and any(map(varies, value)))


def product(sizes: Iterable[Size]) -> Size:
    """Number of elements of a shape."""
    result: Any = 1
    for size in sizes:
        result = result * size
    return result


@dataclasses.dataclass(frozen=True, eq=False)
class Tensor:
    """A run-time value: an MXNet handle and what is known of it.

    Attributes
    ----------
    handle : mxnet.symbol.Symbol or mxnet.ndarray.NDArray
    shape : tuple of int or Dim
        The ONNX shape. Rank 0 is carried by MXNet as shape (1,), see ``carried``.
    dtype : numpy.dtype
        What MXNet computes in.
    value : numpy.ndarray or None
        The array itself where the tensor is a constant, of ``dtype``.
    origin : Origin
        What the emission of its readers hangs on, see :mod:`layouts`.
    stands_for : numpy.dtype or None
        The ONNX type, where MXNet lacks it and ``dtype`` carries its numbers.
    weight : str
        Name of the weight that it is, where a block keeps it as a parameter: it has no ``value``.
    """

    handle: Any
    shape: Shape
    dtype: np.dtype
    value: Optional[np.ndarray] = None
    origin: Origin = PLAIN
    stands_for: Optional[np.dtype] = None
    weight: str = ""

    @property
    def element(self) -> np.dtype:
        """The ONNX type of its elements."""
        return self.dtype if self.stands_for is None else self.stands_for

    @property
    def is_empty(self) -> bool:
        """Whether it has no elements. MXNet holds no such tensors: there is no handle then."""
        return 0 in self.shape

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def carried(self) -> Shape:
        """The shape that MXNet sees."""
        return self.shape or (1,)


def as_array(value: Any) -> np.ndarray:
    """``value``, perhaps an array of MXNet, as one of NumPy; strings are objects."""
    array = np.asarray(value.asnumpy() if hasattr(value, "asnumpy") else value)
    return array.astype(object) if array.dtype.kind == "U" else array


def plain(array: np.ndarray) -> Any:
    """``array``, or the ``dict`` in it: a map is an array of rank 0 that holds one."""
    found = array.item() if array.dtype == object and array.ndim == 0 else None
    return found if isinstance(found, dict) else array


@dataclasses.dataclass(frozen=True, eq=False)
class Known:
    """A value known at conversion time.

    Attributes
    ----------
    name : str
    arrays : tuple of numpy.ndarray
        One array, or one per sample where they differ.
    emit : callable or None
        Gives the tensor that is computed at run time; present where the arrays differ.
    trainable : bool
        Whether it comes from the model's own weights, not from shape arithmetic.
    """

    name: str
    arrays: Tuple[np.ndarray, ...]
    emit: Optional[Callable[[], Tensor]] = None
    trainable: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        arrays: Iterable[Any],
        emit: Optional[Callable[[], Tensor]] = None,
        trainable: bool = False,
    ) -> Known:
        """The value that is ``arrays[k]`` in sample ``k``; equal arrays become one."""
        arrays = tuple(map(as_array, arrays))
        first = arrays[0]
        same = all(
            a is first or np.array_equal(a, first, equal_nan=a.dtype.kind == "f")
            for a in arrays[1:]
        )
        return cls(name, arrays[:1] if same else arrays, emit, trainable)

    @property
    def varies(self) -> bool:
        return len(self.arrays) > 1

    def at(self, sample: int) -> np.ndarray:
        """The array in one sample."""
        return self.arrays[sample if self.varies else 0]

    @property
    def shape(self) -> Shape:
        return join(a.shape for a in self.arrays)

    @property
    def dtype(self) -> np.dtype:
        return self.arrays[0].dtype

    element = dtype

    def elements(self) -> Any:
        """Nested list of numbers, with a Dim wherever the samples differ."""
        return join(a.tolist() for a in self.arrays)


@dataclasses.dataclass(frozen=True)
class Unavailable:
    """A result that a node cannot give, which concerns those only who read it.

    Attributes
    ----------
    reason : str
    """

    reason: str


#: What a name may stand for: None is an optional input that is left out, a list is a sequence.
Value = Union[Known, Tensor, List[Any], None]
