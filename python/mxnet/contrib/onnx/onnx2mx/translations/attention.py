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
"""Attention, and what language models keep from one step to the next."""

from __future__ import annotations

import math

import numpy as np

from ...dtypes import numpy_dtype
from ...translation import TranslationTable
from ..values import Dim, Known, product
from .axes import from_front
from .comparison import where
from .precision import cast, scalar, without_bool, without_float16

table = TranslationTable()


# -- positions ---------------------------------------------------------------------------------


@table.op("RotaryEmbedding", versions=(23,))
def rotary_embedding(
    op,
    x,
    cos_cache,
    sin_cache,
    position_ids=None,
    *,
    num_heads=None,
    rotary_embedding_dim,
    interleaved,
):
    """Pairs of features turned by an angle that hangs on the place; heads stay where they are."""
    shape, heads = x.shape, 1
    if x.rank == 3:
        if not num_heads or x.shape[2] % num_heads:
            op.fail(f"num_heads={num_heads} does not divide {x.shape[2]} features")
        x, heads = op.reshape(x, (*x.shape[:2], num_heads, x.shape[2] // num_heads)), 2
    features = x.shape[3]
    turned = rotary_embedding_dim or features
    if not 0 < turned <= features or turned % 2:
        op.fail(f"rotary_embedding_dim={rotary_embedding_dim} of {features} features")
    cos, sin = (_angles(op, c, position_ids, turned, heads) for c in (cos_cache, sin_cache))
    if interleaved:
        first, second = (op.cut(x, 3, k, turned, 2) for k in (0, 1))
    else:
        first, second = op.cut(x, 3, 0, turned // 2), op.cut(x, 3, turned // 2, turned)
    real = op._npi_subtract(op._npi_multiply(cos, first), op._npi_multiply(sin, second))
    imaginary = op._npi_add(op._npi_multiply(sin, first), op._npi_multiply(cos, second))
    if interleaved:
        pairs = op._npi_stack(real, imaginary, axis=4, num_args=2)
        parts = [op.reshape(pairs, (*x.shape[:3], turned))]
    else:
        parts = [real, imaginary]
    if turned < features:
        parts.append(op.cut(x, 3, turned, features))
    if len(parts) > 1:
        parts = [op.Concat(*parts, dim=3, num_args=len(parts))]
    return op.reshape(parts[0], shape)


def _angles(op, cache, position_ids, turned, heads):
    """Cosines or sines, (batch, places, features / 2), with an axis for the heads."""
    if cache.shape[-1] != turned // 2:
        op.fail(f"a cache of {cache.shape[-1]} features for {turned} that are turned")
    if position_ids is not None:
        cache = op.take(cache, position_ids, axis=0, mode="wrap")
    return op.expand_dims(cache, axis=heads)


# -- caches ------------------------------------------------------------------------------------


@table.op("TensorScatter", versions=(24,))
def tensor_scatter(op, past_cache, update, write_indices=None, *, axis, mode):
    """Every place of the cache looks up the step that it takes, if any."""
    axis = from_front(op, axis, past_cache.rank)
    size, count = past_cache.shape[axis], update.shape[axis]
    if axis == 0 or mode not in ("linear", "circular"):
        op.fail(f"axis={axis} with mode '{mode}' is not known")
    fixed = not isinstance(size, Dim) and not isinstance(count, Dim)
    if fixed and count > size:
        op.fail(f"{count} steps do not fit into a cache of {size}")

    def compute(past, new):
        if write_indices is None:
            if count == size:
                return new
            rest = op.cut(past, axis, count, None)
            return op._npi_concatenate(new, rest, axis=axis, num_args=2)
        return _written(op, past, new, write_indices, axis, mode == "circular")

    return without_bool(op, compute, past_cache, update)


def _written(op, past, new, starts, axis, around):
    size, count = past.shape[axis], new.shape[axis]
    batch, before, behind = past.shape[0], past.shape[1:axis], past.shape[axis + 1 :]
    known = None if around else op.known(starts)
    if known is not None and (known.min() < 0 or not known.max() + count <= size):
        op.fail(f"{count} steps from {known.tolist()} on leave a cache of {size}")
    places = op.reshape(op.arange(0, size, 1, np.int64), (1, size))
    step = op._npi_subtract(places, op.reshape(cast(op, starts, "int64"), (batch, 1)))
    zero, steps = scalar(op, 0, np.int64), _count(op, new, axis)
    if around:
        step = op._npi_mod(step, _count(op, past, axis))
    taken = op._npi_multiply(op._npi_greater_equal(step, zero), op._npi_less(step, steps))
    last = op._npi_subtract(steps, scalar(op, 1, np.int64))
    step = op._npi_minimum(op._npi_maximum(step, zero), last)
    rows = op.expand(op.reshape(op.arange(0, batch, 1, np.int64), (batch, 1)), (batch, size))
    lines = op.reshape(new, (batch, product(before), count, product(behind)))
    lines = op.transpose(lines, axes=(0, 2, 1, 3))
    found = op.gather_nd(lines, op._npi_stack(rows, step, axis=0, num_args=2))
    found = op.reshape(op.transpose(found, axes=(0, 2, 1, 3)), past.shape)
    shape = tuple(n if i in (0, axis) else 1 for i, n in enumerate(past.shape))
    return where(op, op.reshape(taken, shape), found, past)


def _count(op, x, axis):
    if isinstance(x.shape[axis], Dim):
        return op.cut(op.shape_array(x), 0, axis, axis + 1)
    return scalar(op, x.shape[axis], np.int64)


@table.op("CausalConvWithState", versions=(27,))
def causal_conv_with_state(op, input, weight, bias=None, past_state=None, *, activation):
    """A convolution a channel, which sees its place and those before it."""
    if activation not in ("none", "silu", "swish"):
        op.fail(f"activation '{activation}' is not known: none, silu and swish are")
    batch, channels, _ = input.shape
    before = weight.shape[2] - 1

    def compute(x, w, b):
        y = op.Convolution(
            x,
            w,
            b,
            no_bias=b is None,
            num_filter=channels,
            num_group=channels,
            kernel=(before + 1,),
        )
        return y if activation == "none" else op._npi_multiply(y, op.sigmoid(y))

    if not before:
        state = Known("", (np.zeros((batch, channels, 0), input.dtype),))
        return without_float16(op, compute, input, weight, bias), state
    if past_state is None:
        past_state = op.full((batch, channels, before), 0, input.dtype)
    seen = op.Concat(past_state, input, dim=2, num_args=2)
    y = without_float16(op, compute, seen, weight, bias)
    return y, op.cut(seen, 2, -before, None)


# -- attention ---------------------------------------------------------------------------------


RULES = ("linear", "gated", "delta", "gated_delta")


@table.op(
    "LinearAttention",
    versions=(27,),
    ignores=("chunk_size",),
    limits="step by step, with a fixed number of steps",
)
def linear_attention(
    op,
    query,
    key,
    value,
    past_state=None,
    decay=None,
    beta=None,
    *,
    q_num_heads,
    kv_num_heads,
    scale,
    update_rule,
):
    """In float32, state and all, one step after the other."""
    if update_rule not in RULES:
        op.fail(f"update_rule '{update_rule}' is not known: {', '.join(RULES)} are")
    if ("gated" in update_rule) != (decay is not None) or ("delta" in update_rule) != (
        beta is not None
    ):
        op.fail(f"update_rule '{update_rule}' with decay or beta where it has none, or without")
    if min(q_num_heads, kv_num_heads) < 1 or q_num_heads % kv_num_heads:
        op.fail(f"{q_num_heads} query heads do not share {kv_num_heads} heads of keys")
    batch, steps = query.shape[:2]
    if isinstance(steps, Dim):
        op.fail(f"needs a fixed number of steps, which here is {steps}: give it by input_shapes")
    keys, values = query.shape[2] // q_num_heads, value.shape[2] // kv_num_heads
    group = q_num_heads // kv_num_heads

    def split(x, *sizes):
        return cast(op, op.reshape(x, (batch, steps, *sizes)), "float32")

    query4 = split(query, kv_num_heads, group, keys)
    key4 = split(key, kv_num_heads, keys, 1)
    value4 = split(value, kv_num_heads, 1, values)
    if decay is not None:
        each = decay.shape[2] // kv_num_heads
        decay = op.exp(split(decay, kv_num_heads, each, 1))
    if beta is not None:
        beta = split(beta, beta.shape[2], 1, 1)
    own = query if past_state is None else past_state
    if past_state is None:
        past_state = op.full((batch, kv_num_heads, keys, values), 0, np.float32)
    steps_of = [_steps(op, t, steps) for t in (query4, key4, value4, decay, beta)]
    y, state = _recurrence(op, cast(op, past_state, "float32"), zip(*steps_of))
    y = op._npi_stack(*y, axis=1, num_args=steps)
    y = op._npi_multiply(y, scalar(op, scale or 1 / math.sqrt(keys), np.float32))
    y = op.reshape(y, (batch, steps, q_num_heads * values))
    return cast(op, y, query.element), cast(op, state, own.element)


def _steps(op, x, count):
    """What ``x`` holds of each step, without their axis."""
    if x is None:
        return [None] * count
    return [op.squeeze(op.cut(x, 1, t, t + 1), axis=(1,)) for t in range(count)]


def _recurrence(op, state, steps):
    """Results of all steps and the last state, which is (batch, heads, keys, values)."""
    results = []
    for query, key, value, decay, beta in steps:
        if decay is not None:
            state = op._npi_multiply(state, decay)
        if beta is not None:
            recalled = op.sum(op._npi_multiply(state, key), axis=(2,), keepdims=True)
            value = op._npi_multiply(beta, op._npi_subtract(value, recalled))
        state = op._npi_add(state, op._npi_multiply(key, value))
        results.append(op._npi_matmul(query, state))
    return results, state


@table.op("FlexAttention", versions=(1,), domain="ai.onnx.preview")
def flex_attention(
    op, q, k, v, *, scale=None, softmax_precision=None, score_mod=None, prob_mod=None
):
    """Query heads that share keys are one head with more places."""
    if not q.rank == k.rank == v.rank == 4:
        op.fail(f"tensors of rank {q.rank}, {k.rank} and {v.rank}, which must be 4")
    batch, heads, places, features = q.shape
    if heads % k.shape[1]:
        op.fail(f"{heads} query heads do not share {k.shape[1]} heads of keys")
    wide = np.dtype(np.float32 if q.dtype.itemsize < 4 else q.dtype)
    if softmax_precision is not None:
        wide = numpy_dtype(softmax_precision)
    root = math.sqrt(1 / math.sqrt(features) if scale is None else scale)
    root = scalar(op, root, q.dtype)
    rows = (batch, k.shape[1], heads // k.shape[1] * places)

    def product_(a, b):
        return without_float16(op, op._npi_matmul, a, b)

    q = op.reshape(op._npi_multiply(q, root), (*rows, features))
    scores = product_(q, op.transpose(op._npi_multiply(k, root), axes=(0, 1, 3, 2)))
    shape = (batch, heads, places, k.shape[2])
    scores = op.reshape(cast(op, scores, wide), shape)
    if score_mod is not None:
        (scores,) = map(op.tensor, score_mod(scores))
    shares = op.softmax(scores, axis=-1)
    if prob_mod is not None:
        (shares,) = map(op.tensor, prob_mod(shares))
    y = product_(op.reshape(shares, (*rows, k.shape[2])), cast(op, v, wide))
    return cast(op, op.reshape(y, (batch, heads, places, v.shape[3])), q.dtype)
