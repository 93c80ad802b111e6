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
"""The folding table's own kind of row, and the bound that keeps folding from filling the memory."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import functools
import inspect
from typing import Any, ClassVar, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Type

from ..translation import Translation, TranslationTable

#: Most elements that a fold may make out of fewer. Sizes, positions and anchors stay far below it;
#: a mask over 4,096 by 4,096 positions is just that many. What is larger is computed at run time.
MAX_ELEMENTS = 2**24


class NotFolded(Exception):
    """A fold leaves this case, which is no error, to whatever runs the operator."""


@dataclasses.dataclass(frozen=True)
class Fold(Translation):
    """One row of the folding table: an ONNX operator on NumPy arrays.

    Parameters
    ----------
    measures : bool
        Whether the function reads nothing of its first argument but the shape, so that the shape
        alone is enough to know the result.
    chooses : bool
        Whether the result hangs on which of two values is larger or whether they are equal. Where
        they are sizes, a choice may fall otherwise for other sizes.
    counts : bool
        Whether the function takes the number of the node's outputs, as ``count``.
    learns : bool
        Whether the result is a weight that training may change, though its arguments are none.

    Notes
    -----
    The function takes and gives arrays. Several outputs are a tuple, an output that is left out is
    None, a sequence is a list. Strings are arrays of objects that are ``str``, as
    ``onnx.numpy_helper`` has them.
    """

    measures: bool = False
    chooses: bool = False
    counts: bool = False
    learns: bool = False

    @functools.cached_property
    def _parameters(self) -> List[inspect.Parameter]:
        return [p for p in super()._parameters if not (self.counts and p.name == "count")]

    def compute(
        self, arrays: Sequence[Any], values: Mapping[str, Any], outputs: int
    ) -> Tuple[Any, ...]:
        """All results of a node that has so many outputs."""
        counted = {"count": outputs} if self.counts else {}
        result = self.function(*arrays, **values, **counted)
        return result if isinstance(result, tuple) else (result,)


class FoldingTable(TranslationTable):
    """Rows that compute a node's result with NumPy; their functions take no context."""

    row: ClassVar[Type[Translation]] = Fold

    def __init__(self) -> None:
        super().__init__(context=False)

    def find(self, op_type: str, version: int = 0, domain: str = "") -> Optional[Fold]:
        """The row written for exactly this version, or None."""
        row = super().find(op_type, version, domain)
        assert row is None or isinstance(row, Fold)
        return row


_unbounded: contextvars.ContextVar[bool] = contextvars.ContextVar("unbounded", default=False)


@contextlib.contextmanager
def unbounded() -> Iterator[None]:
    """Within this scope results may be of any size: they are not made ahead but needed."""
    token = _unbounded.set(True)
    try:
        yield
    finally:
        _unbounded.reset(token)


def bounded(sizes: Iterable[int]) -> None:
    """Called by a fold before it makes an array of these sizes out of something smaller.

    Raises
    ------
    NotFolded
        If they are more than ``MAX_ELEMENTS`` and not needed at once, see :func:`unbounded`.
    """
    if _unbounded.get():
        return
    count = 1
    for size in sizes:
        count *= int(size)
    if count > MAX_ELEMENTS:
        raise NotFolded(f"{count} elements are more than the {MAX_ELEMENTS} folded at once")
