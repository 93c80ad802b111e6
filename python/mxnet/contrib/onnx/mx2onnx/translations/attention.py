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
"""Attention over interleaved projections, (T, N, heads * parts * d): a head's parts together."""

from __future__ import annotations

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast
from .dimensions import sizes

table = TranslationTable()
LIMITS = "the width of the projections must be known"


def _heads(op, x, heads, parts, *wanted):
    """The ``wanted`` parts, each (N * heads, T, d); neither T nor N need be known."""
    size = _head_size(op, x, heads, parts)
    split = op.Transpose(op.Reshape(x, shape=[0, -1, parts, size]), perm=[2, 1, 0, 3])
    return [op.Gather(split, np.int64(part), axis=0) for part in wanted]


def _head_size(op, x, heads, parts):
    width = op.dims(x)[2]
    if width is None:
        raise TranslationError("the last size of the projections must be known")
    return width // (heads * parts)


def _scores(op, query, key):
    """(N * heads, T of the queries, T of the keys)."""
    scale = 1 / math.sqrt(op.dims(query)[2])
    return op.MatMul(op.Mul(query, scale), op.Transpose(key, perm=[0, 2, 1]))


def _weighted(op, attention, value, heads):
    """(T, N, heads * d) of the values as attended to."""
    attended = op.Transpose(op.MatMul(attention, value), perm=[1, 0, 2])
    return op.Reshape(attended, shape=[0, -1, heads * op.dims(value)[2]])


@table.op("_contrib_interleaved_matmul_selfatt_qk", limits=LIMITS)
def selfatt_qk(op, queries_keys_values, *, heads):
    return _scores(op, *_heads(op, queries_keys_values, heads, 3, 0, 1))


@table.op("_contrib_interleaved_matmul_selfatt_valatt", limits=LIMITS)
def selfatt_valatt(op, queries_keys_values, attention, *, heads):
    return _weighted(op, attention, *_heads(op, queries_keys_values, heads, 3, 2), heads)


@table.op("_contrib_interleaved_matmul_encdec_qk", limits=LIMITS)
def encdec_qk(op, queries, keys_values, *, heads):
    (query,) = _heads(op, queries, heads, 1, 0)
    (key,) = _heads(op, keys_values, heads, 2, 0)
    return _scores(op, query, key)


@table.op("_contrib_interleaved_matmul_encdec_valatt", limits=LIMITS)
def encdec_valatt(op, keys_values, attention, *, heads):
    return _weighted(op, attention, *_heads(op, keys_values, heads, 2, 1), heads)


@table.op("_contrib_div_sqrt_dim")
def div_sqrt_dim(op, data):
    """Divided by the root of the last size."""
    size = op.dims(data)[-1]
    if size is not None:
        return op.Div(data, math.sqrt(size))
    return op.Div(data, op.Sqrt(cast(op, sizes(op, data, [op.rank(data) - 1]), op.dtype(data))))
