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
"""Which sizes to try for dimensions that vary.

A decision that all samples take alike is built into the result, so samples must disagree where
they can: the first rung of the ladder is wide (a clamp at 128 or 512 shows) and of odd and even
sizes (so do rounding and pads that strides ask for). Later rungs are narrower, longer, short (for
a table of 64 positions), or multiples of 2, 4, ... 128, for networks that accept nothing else.
Different dimensions get different sizes, to keep them apart.
"""

from __future__ import annotations

import dataclasses
from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

#: Number of samples: two may agree by chance where a third does not.
SAMPLES = 3

_PRIMES = (7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73)
#: Sizes of first axes: a batch need not be large, and is kept apart from the other sizes.
_BATCHES = ((2, 3, 5), (3, 7, 4), (7, 4, 3), (4, 5, 7), (5, 2, 6), (6, 4, 2))
#: Least sizes of the three samples: wide first, then short, long, and very long.
_RANGES = ((20, 1000, 300), (20, 110, 60), (300, 1000, 600), (6000, 19000, 9000))
_STEPS = (1, 2, 4, 8, 16, 32, 64, 128)
#: Those of the shortest sizes, below 50 where few dimensions vary.
_SHORT = (0, 0, 0)

#: Most dimensions that may vary at once.
MOST_DIMENSIONS = len(_PRIMES)

Triple = Tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Dimension:
    """A dimension that varies.

    Attributes
    ----------
    name : str
    batch : bool
        Whether it is the first of several axes wherever it occurs.
    """

    name: str
    batch: bool


@dataclasses.dataclass(frozen=True)
class Rung:
    """Sizes to try together.

    Attributes
    ----------
    step : int
        All sizes but those of batches are multiples of it.
    sizes : dict of str to tuple of int
        By dimension, one size a sample.
    others : dict of str to tuple of int
        Other sizes that should do just as well, for the second translation.
    """

    step: int
    sizes: Dict[str, Triple]
    others: Dict[str, Triple]


def ladder(dimensions: Sequence[Dimension], chosen: Mapping[str, Triple]) -> Iterator[Rung]:
    """Rungs to try in turn, until the network accepts one.

    Parameters
    ----------
    dimensions : sequence of Dimension
    chosen : mapping of str to tuple of int
        Sizes that the user wants tried for some of them.
    """
    free = [d for d in dimensions if d.name not in chosen]
    own = {d.name: tuple(chosen[d.name]) for d in dimensions if d.name in chosen}
    turned = {name: (*sizes[1:], sizes[0]) for name, sizes in own.items()}
    batches, lengths = [d for d in free if d.batch], [d for d in free if not d.batch]
    rooms = [(batches[: len(_BATCHES)], [*batches[len(_BATCHES) :], *lengths])]
    if batches:
        rooms.append(([], free))  # a first axis that is no batch after all
    for small, large in rooms:
        rungs = (
            [(step, least) for step in _STEPS for least in _RANGES] if large else [(1, (1,) * 3)]
        )
        if large:
            rungs.insert(len(_RANGES), (_STEPS[0], _SHORT))
        for step, least in rungs:
            sizes = [_sizes(i, step, least) for i in range(MOST_DIMENSIONS)]
            yield Rung(
                step,
                {**own, **_assigned(small, _BATCHES), **_assigned(large, sizes)},
                {**turned, **_assigned(small, _BATCHES[::-1]), **_assigned(large, sizes[::-1])},
            )


def _sizes(index: int, step: int, least: Sequence[int]) -> Triple:
    """Sizes of the dimension at ``index``: no two alike, and in no sample like another's."""
    sizes: List[int] = []
    for k, n in enumerate(least):
        multiple = _PRIMES[(index + 5 * k) % len(_PRIMES)] + max(n // step // 2 * 2 - 6, -4) + k % 2
        size = multiple * step
        while size in sizes:
            size += (_PRIMES[-1] + 1) * step  # further than any other dimension is
        sizes.append(size)
    return tuple(sizes)


def _assigned(dimensions: Sequence[Dimension], sizes: Sequence[Triple]) -> Dict[str, Triple]:
    return {d.name: triple for d, triple in zip(dimensions, sizes)}


def spelled_sizes(sizes: Mapping[str, Sequence[int]]) -> str:
    """Sizes of dimensions in words."""
    return "; ".join(f"{name} = {', '.join(map(str, triple))}" for name, triple in sizes.items())


#: Plain sizes to hold one dimension at while looking for the one that must not vary.
COMMON_SIZES: List[int] = [
    1,
    32,
    48,
    64,
    80,
    96,
    112,
    128,
    160,
    224,
    256,
    299,
    300,
    320,
    416,
    512,
    640,
]
