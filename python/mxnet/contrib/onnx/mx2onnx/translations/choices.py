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
"""Random counts and choices: by the inverse of their distributions, which loops add up."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast, known_dtype
from .dimensions import count, sizes
from .loops import loop
from .random import UP_TO_21, as_operand, like, numpy_style, of_shape, of_tensors, uniform

table = TranslationTable()
#: Sums of probabilities end a little below 1.
NEARLY_ONE = 1 - 1e-12


# Counts
def _counts(op, shape, dtype, mean, dispersion):
    """Negative binomial counts, for a dispersion of 0 those of Poisson.

    The probability of j + 1 is that of j times mean (1 + j dispersion) / (1 + mean dispersion) /
    (j + 1). A number that is uniform says at which sum of them to stop.
    """
    wide = np.dtype(np.float64)
    spread = op.Expand(op.constant(0, wide), shape)
    mean, dispersion = (op.Add(as_operand(op, p, wide), spread) for p in (mean, dispersion))
    scale = op.Add(op.Mul(mean, dispersion), 1.0)
    plain = op.Equal(dispersion, 0.0)
    safe = op.Where(plain, op.constant(1, wide), dispersion)
    first = op.Neg(op.Where(plain, mean, op.Div(op.Log(scale), safe)))
    odds = op.Log(op.Div(mean, scale))
    bound = op.Mul(uniform(op, shape, wide), NEARLY_ONE)

    def body(inner, step, counted, total, logarithm, bound, odds, dispersion):
        step = cast(inner, step, wide)
        more = inner.Less(total, bound)
        counted = inner.Add(counted, cast(inner, more, wide))
        ratio = inner.Log(
            inner.Div(inner.Add(inner.Mul(dispersion, step), 1.0), inner.Add(step, 1.0))
        )
        logarithm = inner.Add(inner.Add(logarithm, odds), ratio)
        total = inner.Add(total, inner.Exp(logarithm))
        waiting = cast(inner, inner.Less(total, bound), np.float32)
        going = cast(inner, inner.ReduceMax(waiting, keepdims=0), bool)
        waited = cast(inner, inner.ReduceMax(cast(inner, more, np.float32), keepdims=0), bool)
        return (counted, total, logarithm, bound, odds, dispersion), inner.Or(going, waited)

    state = (spread, op.Exp(first), first, bound, odds, dispersion)
    return cast(op, loop(op, body, state)[0], dtype)


def _poisson(op, shape, dtype, mean):
    return _counts(op, shape, dtype, mean, 0.0)


def _negative_binomial(op, shape, dtype, k, p):
    """Failures ahead of success number ``k``, where ``p`` is the probability of success."""
    k, p = (as_operand(op, x, np.float64) for x in (k, p))
    mean = op.Div(op.Mul(k, op.Sub(op.constant(1, np.float64), p)), p)
    return _counts(op, shape, dtype, mean, op.Reciprocal(k))


@table.op("_random_poisson", ignores=("ctx",), limits=UP_TO_21)
def random_poisson(op, *, lam, shape, dtype):
    return of_shape(op, _poisson, shape, dtype, lam)


@table.op("_random_poisson_like", limits=UP_TO_21)
def random_poisson_like(op, data, *, lam):
    return like(op, _poisson, data, lam)


@table.op("_sample_poisson", limits=UP_TO_21)
def sample_poisson(op, lam, *, shape, dtype):
    return of_tensors(op, _poisson, shape, dtype, lam)


@table.op("_random_negative_binomial", ignores=("ctx",), limits=UP_TO_21)
def random_negative_binomial(op, *, k, p, shape, dtype):
    return of_shape(op, _negative_binomial, shape, dtype, k, p)


@table.op("_random_negative_binomial_like", limits=UP_TO_21)
def random_negative_binomial_like(op, data, *, k, p):
    return like(op, _negative_binomial, data, k, p)


@table.op("_sample_negative_binomial", limits=UP_TO_21)
def sample_negative_binomial(op, k, p, *, shape, dtype):
    return of_tensors(op, _negative_binomial, shape, dtype, k, p)


@table.op("_random_generalized_negative_binomial", ignores=("ctx",), limits=UP_TO_21)
def random_generalized_negative_binomial(op, *, mu, alpha, shape, dtype):
    return of_shape(op, _counts, shape, dtype, mu, alpha)


@table.op("_random_generalized_negative_binomial_like", limits=UP_TO_21)
def random_generalized_negative_binomial_like(op, data, *, mu, alpha):
    return like(op, _counts, data, mu, alpha)


@table.op("_sample_generalized_negative_binomial", limits=UP_TO_21)
def sample_generalized_negative_binomial(op, mu, alpha, *, shape, dtype):
    return of_tensors(op, _counts, shape, dtype, mu, alpha)


# Choices
@table.op("_random_randint", ignores=("ctx",), limits=UP_TO_21)
def random_randint(op, *, low, high, shape, dtype):
    """Whole numbers of [low, high)."""
    if not shape:
        raise TranslationError("a shape that MXNet infers as a whole is not covered; give it")
    dtype = known_dtype("int32" if dtype in (None, "None") else dtype)
    drawn = uniform(op, op.constant(shape, np.int64), np.float64, float(low), float(high))
    return cast(op, op.Floor(drawn), dtype)


@table.op("_npi_bernoulli", ignores=("ctx",), limits=UP_TO_21)
def bernoulli(op, *inputs, prob, logit, is_logit, size, dtype):
    """1 with probability ``prob``, or with that whose logit is given."""
    given = logit if is_logit else prob

    def distribution(op, shape, dtype, p):
        p = as_operand(op, p, dtype)
        return cast(op, op.Less(uniform(op, shape, dtype), op.Sigmoid(p) if is_logit else p), dtype)

    drawn = numpy_style(op, distribution, inputs, (given,), size)
    return cast(op, drawn, known_dtype(dtype))


def _chosen(op, probabilities, uniforms):
    """int64 places along the last axis of ``probabilities``, one for each number beside them."""
    axis = op.rank(probabilities) - 1
    sums = op.CumSum(probabilities, np.int64(axis))
    sums = op.Slice(sums, starts=[0], ends=[-1], axes=[axis])  # the last has all that is left
    passed = op.Not(op.Less(op.Unsqueeze(uniforms, axes=[op.rank(uniforms)]), sums))
    return op.ReduceSum(cast(op, passed, np.int64), axes=[op.rank(uniforms)], keepdims=0)


@table.op("_sample_multinomial", limits=UP_TO_21)
def sample_multinomial(op, data, *, shape, get_prob, dtype):
    """Places by the probabilities along the last axis; and the logarithms of theirs."""
    rank, wide = op.rank(data), np.dtype(np.float64)
    whole = sizes(op, data, range(rank - 1)) if rank > 1 else None
    draws = len(shape)
    if draws:
        own = op.constant(shape, np.int64)
        whole = own if whole is None else op.Concat(whole, own, axis=0)
    one = whole is None
    uniforms = uniform(op, op.constant([1], np.int64) if one else whole, wide)
    spread = op.Unsqueeze(data, axes=range(rank - 1, rank - 1 + draws)) if draws else data
    places = _chosen(op, cast(op, spread, wide), uniforms)
    result = cast(op, places, known_dtype(dtype))
    if not get_prob:
        return result
    index = op.Unsqueeze(places, axes=[op.rank(places)])
    full = op.Concat(op.Shape(places), sizes(op, data, [rank - 1]), axis=0)
    spread = op.Expand(spread, full)
    likely = op.Squeeze(
        op.GatherElements(spread, index, axis=op.rank(places)), axes=[op.rank(places)]
    )
    return result, op.Log(likely)


@table.op("_npi_multinomial", limits=UP_TO_21)
def npi_multinomial(op, a=None, *, n, pvals, size):
    """How often each of the classes comes in ``n`` draws."""
    wide = np.dtype(np.float64)
    p = op.constant(pvals, wide) if a is None else cast(op, a, wide)
    uniforms = uniform(op, op.constant([*(size or ()), n], np.int64), wide)
    places = op.Unsqueeze(_chosen(op, p, uniforms), axes=[len(size or ()) + 1])
    classes = op.Range(np.int64(0), count(op, p, [0]), np.int64(1))
    hits = cast(op, op.Equal(places, classes), np.int64)
    return op.ReduceSum(hits, axes=[len(size or ())], keepdims=0)


@table.op("_npi_choice", ignores=("ctx",), limits=UP_TO_21)
def choice(op, *inputs, a, size, replace, weighted):
    """Places below ``a`` or in the first tensor, with equal probabilities or those given."""
    if a is not None:
        many = op.constant([a], np.int64)
    else:
        many = op.Reshape(count(op, inputs[0], range(op.rank(inputs[0]))), shape=[1])
    shape = () if size is None else tuple(size) if isinstance(size, tuple) else (size,)
    wide, draws = np.dtype(np.float64), [int(np.prod(shape))]
    if replace and weighted:
        uniforms = uniform(op, op.constant(draws, np.int64), wide)
        drawn = _chosen(op, cast(op, inputs[-1], wide), uniforms)
    elif replace:
        uniforms = uniform(op, op.constant(draws, np.int64), wide)
        drawn = cast(op, op.Floor(op.Mul(uniforms, cast(op, many, wide))), np.int64)
    else:
        keys = uniform(op, many, wide)
        if weighted:  # the smallest of exponential numbers is chosen in proportion to their rates
            waiting = op.Log(op.Sub(op.constant(1, wide), keys))
            keys = op.Div(waiting, cast(op, inputs[-1], wide))
        drawn = op.TopK(keys, draws, axis=0, outputs=2)[1]
    return op.Reshape(drawn, shape=list(shape)) if len(shape) != 1 else drawn


@table.op("_shuffle", limits=UP_TO_21)
def shuffle(op, data):
    """The rows in another order."""
    rows = sizes(op, data, [0])
    order = op.TopK(uniform(op, rows, np.float32), rows, axis=0, outputs=2)[1]
    return op.Gather(data, order, axis=0)
