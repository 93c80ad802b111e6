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
"""Strings. They exist as arrays of ``str`` only, so no operator on them has a row."""

from __future__ import annotations

import itertools
from typing import Any, Callable, Sequence

import numpy as np

from .regular_expressions import compiled
from .table import FoldingTable, NotFolded, bounded

table = FoldingTable()

#: Languages whose letters change case by rules of their own.
_OWN_CASES = ("tr", "az", "lt")


def as_strings(x: Any) -> np.ndarray:
    """An array of ``str`` objects, whatever strings the array holds."""
    x = np.asarray(x)
    if x.dtype.kind not in "OUS":
        raise NotFolded(f"{x.dtype} where strings are wanted")
    return _each(_text, x)


def _text(value: Any) -> str:
    return value.decode("utf-8", errors="surrogateescape") if isinstance(value, bytes) else value


def _each(function: Callable[[Any], Any], x: np.ndarray, dtype: Any = object) -> np.ndarray:
    """``function`` of every element, in an array of the same shape."""
    result = np.empty(x.shape, dtype)
    result.reshape(-1)[:] = [function(v) for v in x.reshape(-1).tolist()]
    return result


@table.op("StringConcat", versions=(20,))
def string_concat(X, Y):
    bounded(np.broadcast_shapes(np.shape(X), np.shape(Y)))
    return np.asarray(as_strings(X) + as_strings(Y), object)


@table.op("StringSplit", versions=(20,))
def string_split(X, *, delimiter="", maxsplit=None):
    """Short lists are filled up with empty strings."""
    most = -1 if maxsplit is None else maxsplit
    parts = [text.split(delimiter or None, most) for text in as_strings(X).reshape(-1)]
    width = max(map(len, parts), default=0)
    bounded((len(parts), width))
    Y = np.full((len(parts), width), "", object)
    for row, found in zip(Y, parts):
        row[: len(found)] = found
    counts = np.array([len(found) for found in parts], np.int64)
    return Y.reshape((*np.shape(X), width)), counts.reshape(np.shape(X))


@table.op(
    "RegexFullMatch",
    versions=(20,),
    limits="what Python's expressions lack: Unicode classes (\\p), single bytes (\\C) and flags "
    "that change in the middle of a pattern; they may take exponential time, RE2 does not",
)
def regex_full_match(X, *, pattern=""):
    whole = compiled(pattern)
    return _each(lambda text: whole.fullmatch(text) is not None, as_strings(X), bool)


@table.op(
    "StringNormalizer",
    versions=(10,),
    limits="case changes letter by letter as Unicode has it; not by the rules of Turkish, "
    "Azerbaijani and Lithuanian locales",
)
def string_normalizer(X, *, case_change_action, is_case_sensitive, stopwords=(), locale="en_US"):
    X = as_strings(X)
    if X.ndim not in (1, 2) or (X.ndim == 2 and X.shape[0] != 1):
        raise ValueError(f"strings of shape {X.shape}; [C] and [1, C] are allowed")
    if case_change_action not in _CASES:
        raise ValueError(f"case_change_action {case_change_action!r}")
    acts = case_change_action != "NONE" or (stopwords and not is_case_sensitive)
    if acts and locale.replace("-", "_").split("_")[0].lower() in _OWN_CASES:
        raise NotFolded(f"letters of the locale {locale} change case by rules of their own")
    same = (lambda text: text) if is_case_sensitive else _CASES["LOWER"]
    stopped = set(map(same, stopwords))
    kept = [_CASES[case_change_action](t) for t in X.reshape(-1) if same(t) not in stopped]
    Y = np.empty(len(kept) or 1, object)
    Y[:] = kept or ""
    return Y if X.ndim == 1 else Y.reshape(1, -1)


def _by_letter(change: Callable[[str], str]) -> Callable[[str], str]:
    """Letter by letter; one that would become several stays, as it does in C."""

    def changed(text: str) -> str:
        pairs = ((letter, change(letter)) for letter in text)
        return "".join(new if len(new) == 1 else old for old, new in pairs)

    return changed


_CASES = {
    "NONE": lambda text: text,
    "LOWER": _by_letter(str.lower),
    "UPPER": _by_letter(str.upper),
}


# -- n-grams -----------------------------------------------------------------------------------


@table.op("TfIdfVectorizer", versions=(9,))
def tf_idf_vectorizer(
    X,
    *,
    mode,
    ngram_counts,
    ngram_indexes,
    min_gram_length,
    max_gram_length,
    max_skip_count,
    pool_int64s=(),
    pool_strings=(),
    weights=(),
):
    X = as_strings(X) if pool_strings else np.asarray(X)
    if X.ndim not in (1, 2):
        raise ValueError(f"tokens of rank {X.ndim}; 1 and 2 are allowed")
    pools = _pools(pool_strings or pool_int64s, ngram_counts, ngram_indexes)
    width = max(ngram_indexes) + 1
    rows = X.reshape(-1, X.shape[-1]) if X.size else X.reshape(X.shape[0] if X.ndim > 1 else 1, 0)
    bounded((len(rows), width))
    counts = np.zeros((len(rows), width), np.float32)
    for row, tokens in zip(counts, rows.tolist()):
        for n, step in _forms(min_gram_length, max_gram_length, max_skip_count):
            columns = pools.get(n, {})
            span = (n - 1) * step + 1
            for first in range(len(tokens) - span + 1 if columns else 0):
                column = columns.get(tuple(tokens[first : first + span : step]))
                if column is not None:
                    row[column] += 1
    by_column = np.ones(width, np.float32)
    if weights:
        by_column[list(ngram_indexes)] = weights
    weighted = _weighed(counts, mode, by_column)
    return weighted if X.ndim == 2 else weighted[0]


def _pools(pool: Sequence[Any], starts: Sequence[int], columns: Sequence[int]) -> dict:
    """For every length the n-grams of the pool, each with its column of the result."""
    pools: dict = {}
    ends = itertools.chain(starts[1:], [len(pool)])
    place = iter(columns)
    for n, (start, end) in enumerate(zip(starts, ends), 1):
        if (end - start) % n or not 0 <= start <= end <= len(pool):
            raise ValueError(f"ngram_counts {list(starts)} do not divide the pool of {len(pool)}")
        grams = zip(*[iter(pool[start:end])] * n)
        pools[n] = {tuple(gram): column for gram, column in zip(grams, place)}
    return pools


def _forms(shortest: int, longest: int, most_skipped: int) -> list:
    """Length of an n-gram and distance of its tokens, every one that is counted."""
    return [
        (n, skipped + 1)
        for n in range(shortest, longest + 1)
        for skipped in range(most_skipped + 1 if n > 1 else 1)
    ]


def _weighed(counts, mode, weights):
    if mode not in ("TF", "IDF", "TFIDF"):
        raise ValueError(f"mode {mode!r}")
    if mode == "IDF":
        counts = (counts > 0).astype(np.float32)
    return counts if mode == "TF" else counts * weights


# -- conversions -------------------------------------------------------------------------------

_WORDS = {"inf": "INF", "-inf": "-INF", "nan": "NaN"}


def to_strings(x: np.ndarray) -> np.ndarray:
    """Numbers in words; the shortest digits that tell them from others of their type."""
    if x.dtype.kind in "OUS":
        return as_strings(x)
    if x.dtype.kind == "b":
        return _each(lambda v: "1" if v else "0", x)
    flat = x.reshape(-1)
    return _each(lambda i: _spelled(flat[i]), np.arange(x.size).reshape(x.shape))


def _spelled(number: Any) -> str:
    text = str(number)
    return _WORDS.get(text, text)


def from_strings(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The numbers that strings spell.

    Raises
    ------
    ValueError
        If one spells none, or none of this type.
    """
    x = as_strings(x)
    if "_" in "".join(x.reshape(-1).tolist()):
        raise ValueError("a string with an underscore is no number")
    if dtype.kind == "f":
        return _each(float, x, np.float64).astype(dtype)
    numbers = _each(int, x)
    if dtype.kind == "b":
        return numbers.astype(bool)
    bounds = np.iinfo(dtype)
    if any(not bounds.min <= n <= bounds.max for n in numbers.reshape(-1)):
        raise ValueError(f"a string spells a number that {dtype} does not hold")
    return numbers.astype(dtype)
