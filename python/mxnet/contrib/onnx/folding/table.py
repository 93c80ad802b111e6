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

import dataclasses
from typing import ClassVar, Iterable, Type

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
    """

    measures: bool = False
    chooses: bool = False


class FoldingTable(TranslationTable):
    """Rows that compute a node's result with NumPy; their functions take no context."""

    row: ClassVar[Type[Translation]] = Fold

    def __init__(self) -> None:
        super().__init__(context=False)


def bounded(sizes: Iterable[int]) -> None:
    """Called by a fold before it makes an array of these sizes out of something smaller.

    Raises
    ------
    NotFolded
        If they are more than ``MAX_ELEMENTS``.
    """
    count = 1
    for size in sizes:
        count *= int(size)
    if count > MAX_ELEMENTS:
        raise NotFolded(f"{count} elements are more than the {MAX_ELEMENTS} folded at once")
