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
"""Ways to say a reshape to sizes that vary; which one holds is for MXNet's inference to judge."""

from __future__ import annotations

from typing import Iterator, List, Tuple

from .values import Dim, Shape, at, product, varies

#: Codes of ``_npx_reshape``: infer, keep one axis, merge two axes, split one axis in two.
INFER, KEEP, MERGE, SPLIT = -1, -2, -5, -6

Codes = Tuple[int, ...]


def segments(source: Shape, target: Shape) -> List[Tuple[Shape, Shape]]:
    """Cut both shapes into runs of equal product: ``(2, 3, 4), (6, 4)`` at ``(2, 3) -> (6,)``."""
    pieces: List[Tuple[Shape, Shape]] = []
    i, j = 0, 0
    while i < len(source) or j < len(target):
        m, n = min(i + 1, len(source)), min(j + 1, len(target))
        while product(source[i:m]) != product(target[j:n]):
            behind = at(product(source[i:m]), 0) <= at(product(target[j:n]), 0)
            if (behind and m < len(source)) or n == len(target):
                m += 1
            else:
                n += 1
            if m > len(source) or n > len(target):
                return [*pieces, (source[i:], target[j:])]
        if m == len(source):
            n = len(target)
        elif n == len(target):
            m = len(source)
        pieces.append((source[i:m], target[j:n]))
        i, j = m, n
    return pieces


def reshape_codes(source: Shape, target: Shape) -> Iterator[Tuple[Codes, bool]]:
    """Codes for ``_npx_reshape``, likeliest first, and whether they are read from the end."""
    if not varies(target):
        yield tuple(target), False  # type: ignore[arg-type]
        return
    for reverse in (False, True):
        old, new = (source[::-1], target[::-1]) if reverse else (source, target)
        codes = [_code(size, old[i] if i < len(old) else None) for i, size in enumerate(new)]
        if codes.count(INFER) <= 1:
            yield tuple(codes[::-1] if reverse else codes), reverse
    yield _by_segments(source, target), False


def _code(size: object, same_place: object) -> int:
    if not isinstance(size, Dim):
        return size  # type: ignore[return-value]
    return KEEP if size == same_place else INFER


def _by_segments(source: Shape, target: Shape) -> Codes:
    codes: List[int] = []
    for old, new in segments(source, target):
        plain = [_code(size, None) for size in new]
        if len(old) == len(new) == 1:
            codes += [KEEP] if isinstance(new[0], Dim) else plain
        elif (len(old), len(new)) == (2, 1):
            codes.append(MERGE)
        elif (len(old), len(new)) == (1, 2) and plain.count(INFER) < 2:
            codes += [SPLIT, *plain]
        else:
            codes += plain
    return tuple(codes)
