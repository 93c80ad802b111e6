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
"""Layers of transformers that ONNX Runtime's optimiser and its exporters write."""

from __future__ import annotations

import math

import numpy as np

from ...translation import TranslationTable
from .axes import from_front
from .normalization import layer_normalization
from .precision import cast, scalar, without_float16
from .quantization import dequantized
from .quantized_layers import matmul_integer_to_float
from .signatures import taking

table = TranslationTable()
MICROSOFT = "com.microsoft"
#: What masked places get unless a node says otherwise, and what places to come get.
MASKED, UNSEEN = -10000.0, float(np.finfo(np.float32).min)


# -- normalisation -------------------------------------------------------------------------------


@table.op("LayerNormalization")
@taking(layer_normalization, axis=-1, epsilon=1e-5, stash_type=1)
def early_layer_normalization(op, x, scale, b=None, **how):
    """ONNX Runtime has had it in ai.onnx since opset 1, ONNX since 17."""
    return layer_normalization(op, x, scale, b, **how)


@table.op("SimplifiedLayerNormalization", ignores=("stash_type",))
def simplified_layer_normalization(op, x, scale, *, axis=-1, epsilon=1e-5):
    """By the root of the mean of squares, in float32."""
    axes = tuple(range(from_front(op, axis, x.rank), x.rank))
    y = cast(op, x, np.float64 if x.dtype == np.float64 else np.float32)
    square = op.mean(op._npi_multiply(y, y), axis=axes, keepdims=True)
    inverse = op.rsqrt(op._npi_add_scalar(square, scalar=epsilon))
    return op._npi_multiply(cast(op, op._npi_multiply(y, inverse), x.dtype), scale), inverse


@table.op("SkipLayerNormalization", domain=MICROSOFT)
def skip_layer_normalization(op, input, skip, gamma, beta=None, bias=None, *, epsilon=1e-12):
    total = _skipped(op, input, skip, bias)
    return (*_normalised(op, total, gamma, beta, epsilon), total)


@table.op("SkipSimplifiedLayerNormalization", domain=MICROSOFT)
def skip_simplified_layer_normalization(op, input, skip, gamma, bias=None, *, epsilon=1e-12):
    total = _skipped(op, input, skip, bias)
    y, inverse = simplified_layer_normalization(op, total, gamma, epsilon=epsilon)
    return y, op.full(inverse.shape, 0, inverse.dtype), inverse, total


def _skipped(op, x, skip, bias):
    total = op._npi_add(x, skip)
    return total if bias is None else op._npi_add(total, bias)


def _normalised(op, x, gamma, beta, epsilon):
    """Over the last axis, by the layer; the mean and the reciprocal of the deviation by formula."""
    beta = op.full(gamma.shape, 0, gamma.dtype) if beta is None else beta
    y = op.LayerNorm(x, gamma, beta, axis=-1, eps=epsilon)
    if op.num_outputs == 1:
        return y, None, None
    mean = op.mean(x, axis=(-1,), keepdims=True)
    centred = op._npi_subtract(x, mean)
    variance = op.mean(op._npi_multiply(centred, centred), axis=(-1,), keepdims=True)
    return y, mean, op.rsqrt(op._npi_add_scalar(variance, scalar=epsilon))


# -- embedding -----------------------------------------------------------------------------------


@table.op("EmbedLayerNormalization", domain=MICROSOFT, ignores=("mask_index_type",))
def embed_layer_normalization(
    op,
    input_ids,
    segment_ids,
    word_embedding,
    position_embedding,
    segment_embedding,
    gamma,
    beta,
    mask=None,
    position_ids=None,
    *,
    epsilon=1e-12,
):
    """The mask's index counts the ones of each row."""
    if position_ids is None:
        position_ids = op.reshape(
            op.arange(0, input_ids.shape[1], 1, np.int64), (1, input_ids.shape[1])
        )
    total = op._npi_add(
        _looked_up(op, word_embedding, input_ids), _looked_up(op, position_embedding, position_ids)
    )
    if segment_ids is not None:
        total = op._npi_add(total, _looked_up(op, segment_embedding, segment_ids))
    y, _, _ = _normalised(op, total, gamma, beta, epsilon)
    if mask is None:
        count = op.full((input_ids.shape[0],), 0, np.int32)
    else:
        ones = cast(op, op._npi_equal(mask, scalar(op, 1, mask.dtype)), "float32")
        count = cast(op, op.sum(ones, axis=(1,)), "int32")
    return y, count, total


def _looked_up(op, weight, indices):
    return op.take(weight, indices, axis=0, mode="clip")


@table.op("QEmbedLayerNormalization", domain=MICROSOFT)
def quantized_embed_layer_normalization(op, input_ids, segment_ids, *more, epsilon=1e-12):
    """Five tensors, a mask, then their scales and their zero points."""
    if len(more) < 16:
        op.fail(f"{2 + len(more)} inputs are too few")
    weights, mask, scales, zero_points = more[:5], more[5], more[6:11], more[11:16]
    floats = [
        None if w is None else dequantized(op, w, s, z)
        for w, s, z in zip(weights, scales, zero_points)
    ]
    y, count, _ = embed_layer_normalization(
        op, input_ids, segment_ids, *floats, mask, epsilon=epsilon
    )
    return y, count


# -- attention -----------------------------------------------------------------------------------


def by_heads(op, x, count):
    """(batch, places, features) as (batch, heads, places, features of a head)."""
    if x.shape[2] % count:
        op.fail(f"{count} heads do not divide {x.shape[2]} features")
    x = op.reshape(x, (*x.shape[:2], count, x.shape[2] // count))
    return op.transpose(x, axes=(0, 2, 1, 3))


def joined_heads(op, y):
    """The reverse of :func:`by_heads`."""
    batch, heads, places, features = y.shape
    return op.reshape(op.transpose(y, axes=(0, 2, 1, 3)), (batch, places, heads * features))


def attended(op, q, k, v, scale, biases=(), softcap=0):
    """Softmax of products and biases, times the values; all (batch, heads, places, features).

    In float32 where they are of float16, of which MXNet has no products on CPU.
    """
    own, wide = q.dtype, np.dtype(np.float32) if q.dtype == np.float16 else q.dtype
    q, k, v = (cast(op, x, wide) for x in (q, k, v))
    scale = scale or 1 / math.sqrt(q.shape[3])
    scores = op._npi_matmul(q, op.swapaxes(k, dim1=2, dim2=3))
    scores = op._npi_multiply_scalar(scores, scalar=scale)
    if softcap:
        scores = op._npi_multiply_scalar(scores, scalar=1 / softcap)
        scores = op.Activation(scores, act_type="tanh")
        scores = op._npi_multiply_scalar(scores, scalar=softcap)
    for bias in biases:
        if bias is not None:
            scores = op._npi_add(scores, cast(op, bias, wide))
    return cast(op, op._npi_matmul(op.softmax(scores, axis=-1), v), own)


def _where_masked(op, is_kept, fill):
    zero, low = (scalar(op, n, np.float32) for n in (0, fill))
    return op._npi_where(is_kept, zero, low)


def places(op, first, last, *shape):
    return op.reshape(op.arange(first, last, 1, np.int64), shape)


def causal_bias(op, queries, keys, window=0):
    """No query looks at keys behind its own place, nor further back than ``window``."""
    rows = places(op, keys - queries, keys, queries, 1)
    columns = places(op, 0, keys, 1, keys)
    bias = _where_masked(op, op._npi_less_equal(columns, rows), UNSEEN)
    if window > 0:
        first = op._npi_subtract(rows, scalar(op, window, np.int64))
        bias = op._npi_minimum(bias, _where_masked(op, op._npi_greater(columns, first), UNSEEN))
    return bias


def _mask(op, mask, batch, keys, fill):
    """A mask of 0 and 1, or lengths, as what is added."""
    if mask is None:
        return None
    zero = scalar(op, 0, mask.dtype)
    if mask.rank in (2, 3):
        shape = (mask.shape[0], 1, *((1,) if mask.rank == 2 else ()), *mask.shape[1:])
        return _where_masked(op, op.reshape(op._npi_greater(mask, zero), shape), fill)
    if mask.rank != 1 or mask.shape[0] not in (batch, 2 * batch):
        op.fail(f"a mask of the shape {mask.shape} is not covered")
    mask, columns = cast(op, mask, "int64"), places(op, 0, keys, 1, 1, 1, keys)
    ends = op.reshape(op.cut(mask, 0, 0, batch), (batch, 1, 1, 1))
    bias = _where_masked(op, op._npi_less(columns, ends), fill)
    if mask.shape[0] != batch:
        starts = op.reshape(op.cut(mask, 0, batch, None), (batch, 1, 1, 1))
        before = _where_masked(op, op._npi_greater_equal(columns, starts), fill)
        bias = op._npi_minimum(bias, before)
    return bias


def _self_attention(op, qkv, sizes, mask, past, more, num_heads, scale, fill, causal):
    """Of what was projected together; gives the output and the keys and values with the past."""
    q, k, v = (
        by_heads(op, op.cut(qkv, 2, first, first + size), num_heads)
        for first, size in zip((0, sizes[0], sizes[0] + sizes[1]), sizes)
    )
    if past is not None:
        before = [op.reshape(op.cut(past, 0, i, i + 1), past.shape[1:]) for i in (0, 1)]
        k, v = (op.Concat(p, t, dim=2, num_args=2) for p, t in zip(before, (k, v)))
    queries, keys = q.shape[2], k.shape[2]
    biases = [_mask(op, mask, q.shape[0], keys, MASKED if fill is None else fill), more]
    if causal:
        biases.append(causal_bias(op, queries, keys))
    y = joined_heads(op, attended(op, q, k, v, scale, biases))
    if op.num_outputs == 1:
        return y
    return y, op._npi_stack(k, v, axis=0, num_args=2)


ATTENTION_LIMITS = "without rotary positions and shared buffers; masks of up to three axes"


@table.op("Attention", domain=MICROSOFT, limits=ATTENTION_LIMITS)
def attention(
    op,
    input,
    weights,
    bias=None,
    mask_index=None,
    past=None,
    attention_bias=None,
    past_sequence_length=None,
    *,
    num_heads,
    unidirectional=0,
    qkv_hidden_sizes=None,
    scale=None,
    mask_filter_value=None,
    do_rotary=0,
    past_present_share_buffer=0,
):
    if do_rotary or past_present_share_buffer or past_sequence_length is not None:
        op.fail("rotary positions and shared buffers are not covered")
    sizes = qkv_hidden_sizes or [weights.shape[1] // 3] * 3
    qkv = without_float16(op, op._np_dot, input, weights)
    qkv = qkv if bias is None else op._npi_add(qkv, bias)
    rest = (num_heads, scale, mask_filter_value, unidirectional)
    return _self_attention(op, qkv, sizes, mask_index, past, attention_bias, *rest)


@table.op("QAttention", domain=MICROSOFT, limits=ATTENTION_LIMITS)
def quantized_attention(
    op,
    input,
    weight,
    bias,
    input_scale,
    weight_scale,
    mask_index=None,
    input_zero_point=None,
    weight_zero_point=None,
    past=None,
    *,
    num_heads,
    unidirectional=0,
    scale=None,
    mask_filter_value=None,
    do_rotary=0,
    past_present_share_buffer=0,
):
    """The projection is of integers, the rest in float32."""
    if do_rotary or past_present_share_buffer:
        op.fail("rotary positions and shared buffers are not covered")
    zero_points = input_zero_point, weight_zero_point
    qkv = matmul_integer_to_float(op, input, weight, input_scale, weight_scale, *zero_points, bias)
    rest = (num_heads, scale, mask_filter_value, unidirectional)
    return _self_attention(op, qkv, [weight.shape[1] // 3] * 3, mask_index, past, None, *rest)


@table.op(
    "MultiHeadAttention",
    domain=MICROSOFT,
    limits="without shared buffers, beams and the output of products",
)
def multi_head_attention(
    op,
    query,
    key=None,
    value=None,
    bias=None,
    key_padding_mask=None,
    attention_bias=None,
    past_key=None,
    past_value=None,
    past_sequence_length=None,
    cache_indirection=None,
    *,
    num_heads,
    unidirectional=0,
    scale=None,
    mask_filter_value=MASKED,
):
    if past_sequence_length is not None or cache_indirection is not None or op.num_outputs > 3:
        op.fail("shared buffers, beams and the output of products are not covered")
    q, k, v = _three(op, query, key, value, bias, num_heads)
    if past_key is not None:
        k = op.Concat(past_key, k, dim=2, num_args=2)
        v = op.Concat(past_value, v, dim=2, num_args=2)
    biases = [
        _mask(op, key_padding_mask, q.shape[0], k.shape[2], mask_filter_value),
        attention_bias,
        causal_bias(op, q.shape[2], k.shape[2]) if unidirectional else None,
    ]
    return joined_heads(op, attended(op, q, k, v, scale, biases)), k, v


def _three(op, query, key, value, bias, num_heads):
    """Queries, keys and values by heads, from one tensor, from two, or from three."""
    parts = [query, key, value]
    if query.rank == 5:
        parts = _packed(op, query, 3)
    elif key is not None and key.rank == 5:
        parts = [query, *_packed(op, key, 2)]
    if bias is not None:
        sizes = [p.shape[2] if p.rank == 3 else p.shape[1] * p.shape[3] for p in parts]
        firsts = (0, sizes[0], sizes[0] + sizes[1])
        cuts = [op.cut(bias, 0, first, first + n) for first, n in zip(firsts, sizes)]
        parts = [
            op._npi_add(p, c) if p.rank == 3 else p  # keys of another layer are ready
            for p, c in zip(parts, cuts)
        ]
    return [by_heads(op, p, num_heads) if p.rank == 3 else p for p in parts]


def _packed(op, x, count):
    """Of (batch, places, heads, count, features) each, with heads and features joined."""
    cuts = (op.squeeze(op.cut(x, 3, i, i + 1), axis=(3,)) for i in range(count))
    return [op.reshape(c, (*c.shape[:2], c.shape[2] * c.shape[3])) for c in cuts]
