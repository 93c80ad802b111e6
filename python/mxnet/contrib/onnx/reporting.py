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
"""Text that people read: aligned columns, sizes and counts."""

from __future__ import annotations

import shutil
import textwrap
from typing import List, Sequence


def table(rows: Sequence[Sequence[str]], indent: int = 0) -> List[str]:
    """Lines of ``rows`` with aligned columns, two blanks between them; no line is broken."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    return [
        " " * indent + "  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip()
        for row in rows
    ]


def aligned(rows: Sequence[Sequence[str]], indent: int = 0) -> List[str]:
    """Like :func:`table`, with the last column broken at the terminal's width, 120 at most."""
    if not rows:
        return []
    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    before = max(len(line) for line in table([row[:-1] for row in rows], indent)) + 2
    lines: List[str] = []
    for start, row in zip(table([row[:-1] for row in rows], indent), rows):
        broken = textwrap.wrap(
            row[-1], max(width - before, 30), break_long_words=False, break_on_hyphens=False
        )
        for number, part in enumerate(broken or [""]):
            lines.append(((start if number == 0 else "").ljust(before) + part).rstrip())
    return lines


def size(count: int) -> str:
    """Bytes as people say them: ``97.5 MB``."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


def counted(count: int, noun: str) -> str:
    """``1 node``, ``2 nodes``."""
    return f"{count} {noun}" + ("" if count == 1 else "s")


def shape(sizes: Sequence[object]) -> str:
    """``(N, 3, 224, 224)``; a size that is not known is ``?``."""
    return f"({', '.join('?' if s is None else str(s) for s in sizes)})"
