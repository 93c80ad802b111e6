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
"""Regular expressions of RE2, which ONNX names, spelled for Python's ``re``.

Both answer whether a whole text matches, so greediness does not matter; where a construct means
something else in Python it is spelled out, and what Python lacks is not folded.
"""

from __future__ import annotations

import functools
import re

from .table import NotFolded

#: What the classes stand for in RE2, ASCII each.
_CLASSES = {
    "d": "0-9",
    "w": "0-9A-Za-z_",
    "s": r"\t\n\f\r ",
}
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"!-~",
    "lower": "a-z",
    "print": r"\ -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_CONTROL = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_WORD = "[0-9A-Za-z_]"
_BOUNDARY = f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))"
_INSIDE = f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))"
_ANCHORS = {"A": r"\A", "z": r"\Z", "b": _BOUNDARY, "B": _INSIDE}
_FLAGS = re.compile(r"\(\?([imsU]*)(-[imsU]+)?([:)])")
_NAMED = re.compile(r"\(\?P?<([A-Za-z_]\w*)>", re.ASCII)
_COUNT = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_NUMBER = re.compile(r"x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|(0[0-7]{0,2}|[1-7][0-7]{2})")
#: The highest count of a repetition in RE2.
_MOST = 1000


@functools.lru_cache(maxsize=64)
def compiled(pattern: str) -> re.Pattern[str]:
    """``pattern`` of RE2 as an expression of Python's that matches the same texts in full.

    Raises
    ------
    ValueError
        If RE2 does not allow it.
    NotFolded
        If Python cannot say it.
    """
    try:
        return re.compile(_Reader(pattern).read())
    except (re.error, OverflowError) as error:
        raise ValueError(f"the pattern {pattern!r}: {error}") from None


class _Reader:
    """Reads a pattern from left to right and spells it anew."""

    def __init__(self, pattern: str):
        self.pattern, self.at = pattern, 0
        self.multiline = [False]

    def read(self) -> str:
        parts = []
        repeatable = False
        while self.at < len(self.pattern):
            rest = self.pattern[self.at :]
            count = _COUNT.match(rest)
            if rest[0] in "*+?" or count:
                parts.append(self._repeated(repeatable, count))
                repeatable = False
                continue
            depth = len(self.multiline)
            part = self._item(rest)
            repeatable = bool(part) and part != "|" and len(self.multiline) <= depth
            parts.append(part)
        if len(self.multiline) > 1:
            raise ValueError("a parenthesis is not closed")
        return "".join(parts)

    def _item(self, rest: str) -> str:
        first = rest[0]
        if first == "\\":
            return self._escaped(rest)
        if first == "[":
            return self._set()
        if first == "(":
            return self._opened(rest)
        self.at += 1
        if first == ")":
            if len(self.multiline) == 1:
                raise ValueError("a parenthesis is closed that was not opened")
            self.multiline.pop()
            return ")"
        if first == "$":
            return "$" if self.multiline[-1] else r"\Z"
        return first if first in "^.|" else re.escape(first)

    def _repeated(self, repeatable: bool, count: re.Match[str] | None) -> str:
        if not repeatable:
            raise ValueError(f"nothing to repeat at position {self.at}")
        text = count.group() if count else self.pattern[self.at]
        if count and max(int(n) for n in count.group(1, 3) if n) > _MOST:
            raise ValueError(f"a count above {_MOST}")
        self.at += len(text)
        if self.pattern[self.at : self.at + 1] == "?":  # greed changes nothing in a full match
            self.at += 1
        return text

    def _escaped(self, rest: str) -> str:
        kind = rest[1:2]
        if not kind:
            raise ValueError("a backslash at the end")
        if kind == "Q":
            end = rest.find("\\E", 2)
            text = rest[2:] if end < 0 else rest[2:end]
            self.at += len(rest) if end < 0 else end + 2
            return "".join(map(re.escape, text))
        if kind in _ANCHORS:
            self.at += 2
            return _ANCHORS[kind]
        if kind.lower() in _CLASSES:
            self.at += 2
            return f"[{'^' * kind.isupper()}{_CLASSES[kind.lower()]}]"
        return re.escape(self._character(rest))

    def _character(self, rest: str) -> str:
        """The one character that an escape stands for."""
        kind = rest[1:2]
        number = _NUMBER.match(rest, 1)
        if number:
            self.at += 1 + len(number.group())
            return chr(
                int(number.group(1) or number.group(2) or "0", 16) or _octal(number.group(3))
            )
        if kind in "pPC":
            raise NotFolded(f"the pattern has \\{kind}, which Python's expressions lack")
        if kind.isalnum() and kind not in _CONTROL:
            raise ValueError(f"RE2 has no \\{kind}")
        self.at += 2
        return _CONTROL.get(kind, kind)

    def _opened(self, rest: str) -> str:
        flags, named = _FLAGS.match(rest), _NAMED.match(rest)
        if named:
            self.at += named.end()
            self.multiline.append(self.multiline[-1])
            return f"(?P<{named.group(1)}>"
        if not flags:
            if rest.startswith("(?"):
                raise ValueError(f"RE2 has no {rest[:4]}")
            self.at += 1
            self.multiline.append(self.multiline[-1])
            return "("
        return self._flagged(flags)

    def _flagged(self, flags: re.Match[str]) -> str:
        on, off = flags.group(1), (flags.group(2) or "-")[1:]
        scope = flags.group(3) == ":"
        if not scope and self.at and set(on + off) - {"U"}:
            raise NotFolded("the pattern changes flags in its middle, where Python cannot")
        if not scope and set(off) - {"U"}:  # off is how they start
            off = "U"
        multiline = "m" in on or (self.multiline[-1] and "m" not in off)
        if scope:
            self.multiline.append(multiline)
        else:
            self.multiline[-1] = multiline
        self.at += flags.end()
        on, off = ("".join(sorted(set(f) - {"U"})) for f in (on, off))
        if not scope:
            return f"(?{on})" if on else ""
        return f"(?{on}{'-' * bool(off)}{off}:"

    def _set(self) -> str:
        """A set in brackets; every member is spelled so that Python sees nothing but it."""
        self.at += 1
        parts = ["["]
        if self.pattern[self.at : self.at + 1] == "^":
            self.at += 1
            parts.append("^")
        first = True
        while first or self.pattern[self.at : self.at + 1] != "]":
            rest = self.pattern[self.at :]
            if not rest:
                raise ValueError("a set is not closed")
            posix = re.match(r"\[:(\^?)(\w+):\]", rest)
            if posix:
                parts.append(_posix(*posix.groups()))
                self.at += posix.end()
            elif rest[0] == "\\" and rest[1:2].lower() in _CLASSES and rest[1:2]:
                parts.append(_class(rest[1]))
                self.at += 2
            else:
                parts.append(self._range(rest))
            first = False
        self.at += 1
        return "".join([*parts, "]"])

    def _range(self, rest: str) -> str:
        low = self._member(rest)
        after = self.pattern[self.at :]
        if after[:1] != "-" or after[1:2] in ("", "]"):
            return re.escape(low)
        self.at += 1
        high = self._member(after[1:])
        if high < low:
            raise ValueError(f"the range {low}-{high} is empty")
        return f"{re.escape(low)}-{re.escape(high)}"

    def _member(self, rest: str) -> str:
        if rest[0] == "\\":
            return self._character(rest)
        self.at += 1
        return rest[0]


def _octal(digits: str) -> int:
    return int(digits, 8) if digits else 0


def _posix(negated: str, name: str) -> str:
    if name not in _POSIX:
        raise ValueError(f"RE2 has no class {name}")
    return _complement(_POSIX[name]) if negated else _POSIX[name]


def _class(kind: str) -> str:
    members = _CLASSES[kind.lower()]
    return _complement(members) if kind.isupper() else members


def _complement(members: str) -> str:
    """All characters but these of ASCII, as members of a set."""
    within = re.compile(f"[{members}]")
    outside = [chr(i) for i in range(128) if not within.match(chr(i))]
    return "".join(map(re.escape, outside)) + "\x80-\U0010ffff"
