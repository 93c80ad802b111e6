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
"""Attention of decoders that generate, with rotary positions and caches of keys and values."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from .attention import rotary_embedding
from .precision import cast
from .transformers import attended, by_heads, causal_bias, joined_heads, places

table = TranslationTable()
MICROSOFT = "com.microsoft"


@table.op("RotaryEmbedding", domain=MICROSOFT, limits="is_packed_batching=0, scale=1")
def microsoft_rotary_embedding(
    op,
    input,
    position_ids,
    cos_cache,
    sin_cache,
    *,
    num_heads=0,
    rotary_embedding_dim=0,
    interleaved=0,
    is_packed_batching=0,
    scale=1.0,
):
    """One position is that of the first place; the features of a head are twice the cache's."""
    if is_packed_batching or scale != 1:
        op.fail(f"is_packed_batching={is_packed_batching} and scale={scale} are not covered")
    if position_ids.rank < 2:
        length = input.shape[1 if input.rank == 3 else 2]
        first = cast(op, op.reshape(position_ids, (1, 1)), "int64")
        position_ids = op._npi_add(places(op, 0, length, 1, length), first)
    if input.rank == 3 and not num_heads:
        num_heads = input.shape[2] // (2 * cos_cache.shape[1])
    return rotary_embedding(
        op,
        input,
        cos_cache,
        sin_cache,
        position_ids,
        num_heads=num_heads,
        rotary_embedding_dim=rotary_embedding_dim,
        interleaved=interleaved,
    )


@table.op(
    "GroupQueryAttention",
    domain=MICROSOFT,
    limits="lengths of the sequences must be known and the same for all of a batch that has a past",
)
def group_query_attention(
    op,
    query,
    key,
    value,
    past_key,
    past_value,
    seqlens_k,
    total_sequence_length,
    cos_cache=None,
    sin_cache=None,
    position_ids=None,
    attention_bias=None,
    *,
    num_heads,
    kv_num_heads,
    scale=None,
    softcap=0.0,
    local_window_size=-1,
    do_rotary=0,
    rotary_interleaved=0,
    causal=1,
):
    """The past may be a buffer that is longer than what it holds."""
    if not causal:
        op.fail("causal=0 is not covered")
    q, k, v = _parts(op, query, key, value, num_heads, kv_num_heads)
    new = q.shape[2]
    held = _held(op, seqlens_k, new, past_key)
    if do_rotary:
        if position_ids is None:
            position_ids = places(op, held, held + new, 1, new)
        q, k = (
            rotary_embedding(
                op,
                x,
                cos_cache,
                sin_cache,
                position_ids,
                rotary_embedding_dim=0,
                interleaved=rotary_interleaved,
            )
            for x in (q, k)
        )
    (k, present_key), (v, present_value) = (
        _with_past(op, past, x, held) for past, x in ((past_key, k), (past_value, v))
    )
    biases = [attention_bias, causal_bias(op, new, k.shape[2], local_window_size)]
    share = num_heads // kv_num_heads
    if share > 1:
        k, v = (op.repeat(x, repeats=share, axis=1) for x in (k, v))
    y = joined_heads(op, attended(op, q, k, v, scale, biases, softcap))
    return y, present_key, present_value


def _parts(op, query, key, value, num_heads, kv_num_heads):
    """Queries, keys and values by heads; without keys they are all in the first tensor."""
    if key is None:
        size = query.shape[2] // (num_heads + 2 * kv_num_heads)
        ends = [num_heads * size, (num_heads + kv_num_heads) * size]
        query, key, value = (
            op.cut(query, 2, first, last) for first, last in zip((0, *ends), (*ends, None))
        )
    heads = (num_heads, kv_num_heads, kv_num_heads)
    return [by_heads(op, x, n) for x, n in zip((query, key, value), heads)]


def _held(op, seqlens_k, new, past):
    """How many places of the past are taken."""
    if past is None:
        return 0
    lengths = np.unique(op.value(seqlens_k).astype(np.int64) + 1 - new)
    if len(lengths) > 1:
        op.fail("sequences of lengths of their own after a past are not covered")
    held = int(lengths[0])
    if not 0 <= held <= past.shape[2]:
        op.fail(f"{held} places are said to be held by a past of {past.shape[2]}")
    return held


def _with_past(op, past, x, held):
    """All keys or values up to now, and what is handed on: as long as the buffer, or longer."""
    if past is None:
        return x, x
    total, size = held + x.shape[2], past.shape[2]
    if held:
        x = op.Concat(op.cut(past, 2, 0, held), x, dim=2, num_args=2)
    if total < size:
        return x, op.Concat(x, op.cut(past, 2, total, None), dim=2, num_args=2)
    return x, x
