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
"""Arrays known by shape and dtype, whose numbers are read only when they are written or needed."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any, Callable, Optional, Sequence, Tuple

import numpy as np

#: Numbers up to here stay in memory once they were read: inference and rules look at small arrays.
KEPT_BYTES = 4096


#: ``part(begin, end)`` gives a range of an array's numbers, all axes laid in one.
PartReader = Callable[[int, int], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Tensor:
    """Every array on its way from the model to the file.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
        In the machine's byte order.
    read : callable
        ``read()`` gives the numbers. Nobody writes into what it returns.
    place : (str, int) or None
        File and offset where the numbers lie as ONNX wants them, so that they can be copied
        without passing through an array.
    part_reader : callable or None
        Reads a range without reading all, see :meth:`part`.
    """

    shape: Tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray]
    place: Optional[Tuple[str, int]] = None
    part_reader: Optional[PartReader] = None

    @property
    def elements(self) -> int:
        """How many numbers there are."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes that the numbers take, in memory and in the file."""
        return self.elements * self.dtype.itemsize

    def part(self, begin: int, end: int) -> np.ndarray:
        """The numbers from ``begin`` up to ``end``, of all in one row."""
        if self.part_reader is not None:
            return self.part_reader(begin, end)
        return self.read().reshape(-1)[begin:end]

    @classmethod
    def stored(
        cls,
        shape: Sequence[int],
        dtype: np.dtype,
        read: Callable[[], np.ndarray],
        place: Optional[Tuple[str, int]] = None,
        part_reader: Optional[PartReader] = None,
    ) -> Tensor:
        """A tensor that lies somewhere else; it is read once if it is small, each time if not."""
        if math.prod(shape) * dtype.itemsize <= KEPT_BYTES:
            return cls(tuple(shape), dtype, functools.lru_cache(maxsize=None)(read))
        return cls(tuple(shape), dtype, read, place, part_reader)

    @classmethod
    def of(cls, array: np.ndarray) -> Tensor:
        """A tensor of numbers that are in memory; they are neither copied nor written to."""
        array = np.asarray(array)
        if not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        shown = array.view()
        shown.flags.writeable = False
        return cls(shown.shape, shown.dtype, lambda: shown)

    def derive(
        self,
        function: Callable[[np.ndarray], np.ndarray],
        shape: Optional[Sequence[int]] = None,
        dtype: Any = None,
    ) -> Tensor:
        """A tensor that ``function`` computes from this one when it is read.

        Parameters
        ----------
        function : callable
            From the numbers of this tensor to those of the new one; leaves its argument alone.
        shape, dtype : optional
            Of the result, where they differ from this tensor's.
        """
        wanted = np.dtype(self.dtype if dtype is None else dtype)
        return Tensor(
            tuple(self.shape if shape is None else shape),
            wanted,
            lambda: np.asarray(function(self.read())).astype(wanted, copy=False),
        )
