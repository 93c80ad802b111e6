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
"""Arithmetic on sizes that have a name instead of a number."""

from __future__ import annotations

from typing import Dict, NamedTuple, Union

#: A size: known, named, or unknown.
Dim = Union[int, str, None]


class _Form(NamedTuple):
    """``factor * base + addend``; the base is a name that the user gave, or a quotient."""

    base: str
    factor: int
    addend: int


class NamedSizes:
    """Writes sums and quotients of named sizes as names: ``(H+1)//2``. Equal ones get equal names.

    So a residual sum of two branches that shrink the image alike keeps its named size, and a reader
    of the file sees how a size comes about.
    """

    def __init__(self) -> None:
        self._forms: Dict[str, _Form] = {}

    def linear(self, size: Dim, factor: int = 1, addend: int = 0) -> Dim:
        """``factor * size + addend``, unknown where ``size`` is."""
        if size is None or isinstance(size, int):
            return None if size is None else size * factor + addend
        form = self._form(size)
        return self._named(
            _Form(form.base, form.factor * factor, form.addend * factor + addend),
        )

    def quotient(self, size: Dim, divisor: int) -> Dim:
        """``size // divisor``, rounded down."""
        if size is None or isinstance(size, int):
            return None if size is None else size // divisor
        if divisor == 1:
            return size
        form = self._form(size)
        if form.factor % divisor == 0:
            reduced = _Form(form.base, form.factor // divisor, form.addend // divisor)
            return self._named(reduced)
        # what the divisor divides goes out of the quotient: n//2+1 and (n+2)//2 are one name
        inner = self._named(_Form(form.base, form.factor, form.addend % divisor))
        base = f"{_operand(str(inner))}//{divisor}"
        return self._named(_Form(base, 1, form.addend // divisor))

    def _form(self, name: str) -> _Form:
        return self._forms.get(name, _Form(name, 1, 0))

    def _named(self, form: _Form) -> Dim:
        """The name of a form, or its number where nothing of the name is left."""
        if form.factor == 0:
            return form.addend
        base = form.base
        text = base if form.factor == 1 else f"{form.factor}*{_operand(base)}"
        text += f"{form.addend:+d}" if form.addend else ""
        self._forms[text] = form
        return text


def _operand(text: str) -> str:
    """In brackets, where it is more than one name."""
    plain = all(c.isalnum() or c in "_." for c in text)
    return text if plain else f"({text})"
