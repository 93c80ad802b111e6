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
"""Statistics and differences: spread, weighted means, counts in bins, order statistics."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import carried, cast, is_float, known_dtype, number_as
from .dimensions import TO_THE_END, along, count, sizes
from .elementwise import larger
from .reduction import over

table = TranslationTable()


def _number_of(op, x, axis, dtype):
    """How many elements are reduced to one, in ``dtype`` and of rank 0."""
    axes = range(op.rank(x)) if axis is None else [op.axis(x, a) for a in axis]
    return cast(op, count(op, x, axes), dtype) if axes else op.constant(1, dtype)


def _variance(op, a, axis, keepdims, ddof, dtype):
    """Divided by the count less ``ddof``."""
    wanted = op.dtype(a) if dtype is None else known_dtype(dtype)
    if not is_float(op, a) or wanted.kind != "f":
        raise TranslationError(
            f"of {op.dtype(a)} as {wanted} is not covered: MXNet truncates the mean; use floats"
        )
    a = cast(op, a, wanted)
    centred = op.Sub(a, over(op, "ReduceMean", a, axis, True))
    squares = op.Mul(centred, centred)
    if not ddof:
        return over(op, "ReduceMean", squares, axis, keepdims)
    total = over(op, "ReduceSum", squares, axis, keepdims)
    return op.Div(total, op.Sub(_number_of(op, a, axis, wanted), op.constant(ddof, wanted)))


@table.op("_npi_var", limits="integers")
def var(op, a, *, axis, keepdims, ddof, dtype):
    return _variance(op, a, axis, keepdims, ddof, dtype)


@table.op("_npi_std", limits="integers")
def std(op, a, *, axis, keepdims, ddof, dtype):
    return op.Sqrt(_variance(op, a, axis, keepdims, ddof, dtype))


@table.op("_npi_average")
def average(op, a, weights=None, *, axis, returned, weighted):
    """Weights are of the data's shape, or a vector along the one axis. Integers stay integers."""
    if not weighted or weights is None:
        scale = _number_of(op, a, axis, op.dtype(a))
        total = over(op, "ReduceSum", a, axis, False)
    elif op.rank(weights) == op.rank(a):
        scale = over(op, "ReduceSum", weights, axis, False)
        total = over(op, "ReduceSum", carried(op, "Mul", a, weights), axis, False)
    else:
        scale = over(op, "ReduceSum", weights, None, False)
        spread = along(op, weights, a, op.axis(a, axis[0]))
        total = over(op, "ReduceSum", carried(op, "Mul", a, spread), axis, False)
    mean = carried(op, "Div", total, scale)
    return (mean, scale) if returned else mean


@table.op("_histogram", limits="bin_cnt of integers")
def histogram(op, data, bins=None, *, bin_cnt, range):
    """Counts between edges, the last of which belongs to the last bin; and the edges."""
    if bins is None:
        if not is_float(op, data):
            raise TranslationError(f"bin_cnt of {op.dtype(data)} is not covered: its edges are cut")
        low, high = range
        steps = np.arange(bin_cnt + 1)
        edges = (high * steps + (bin_cnt - steps) * low) / bin_cnt
        bins = op.constant(edges.astype(op.dtype(data)))
    line = op.Unsqueeze(op.Reshape(data, shape=[-1]), axes=[1])
    reached = op.Not(op.Less(line, bins))
    reached = op.And(reached, op.Equal(line, line))  # NaN is in no bin
    reached = op.ReduceSum(cast(op, reached, np.int64), axes=[0], keepdims=0)
    last = op.Slice(bins, starts=[-1], ends=[TO_THE_END], axes=[0])
    beyond = cast(op, op.Greater(line, last), np.int64)
    beyond = op.Reshape(op.ReduceSum(beyond, axes=[0, 1], keepdims=0), shape=[1])
    upper = op.Slice(reached, starts=[1], ends=[-1], axes=[0])
    counts = op.Sub(
        op.Slice(reached, starts=[0], ends=[-1], axes=[0]), op.Concat(upper, beyond, axis=0)
    )
    return counts, bins


@table.op("_npi_bincount", limits="negative numbers, which MXNet refuses")
def bincount(op, data, weights=None, *, has_weights, minlength):
    """How often each number from 0 on comes, or the sum of its weights."""
    kept, data = op.dtype(data), cast(op, data, np.int64)
    length = op.Add(op.ReduceMax(data, axes=[0], keepdims=0), np.int64(1))
    length = larger(op, length, minlength)
    numbers = op.Range(np.int64(0), length, np.int64(1))
    hits = op.Equal(op.Unsqueeze(numbers, axes=[1]), data)
    if not has_weights:
        counts = op.ReduceSum(cast(op, hits, np.int64), axes=[1], keepdims=0)
        return cast(op, counts, kept)
    weighed = op.Where(hits, weights, op.constant(0, op.dtype(weights)))
    return carried(op, "ReduceSum", weighed, axes=[1], keepdims=0)


# Differences
@table.op("_npi_diff")
def diff(op, a, *, n, axis):
    """What each entry is more than the one before it, ``n`` times."""
    axis = op.axis(a, axis)
    for _ in range(n):
        later = op.Slice(a, starts=[1], ends=[TO_THE_END], axes=[axis])
        a = carried(op, "Sub", later, op.Slice(a, starts=[0], ends=[-1], axes=[axis]))
    return a


@table.op("_npi_ediff1d")
def ediff1d(
    op, input1, *arrays, to_begin_arr_given, to_end_arr_given, to_begin_scalar, to_end_scalar
):
    """Of the flattened data, with something ahead and behind."""
    parts = [diff(op, op.Reshape(input1, shape=[-1]), n=1, axis=0)]
    arrays = [op.Reshape(x, shape=[-1]) for x in arrays]
    dtype = op.dtype(input1)
    if to_begin_arr_given:
        parts.insert(0, arrays.pop(0))
    elif to_begin_scalar is not None:
        parts.insert(0, op.constant([number_as(to_begin_scalar, dtype)]))
    if to_end_arr_given:
        parts.append(arrays.pop(0))
    elif to_end_scalar is not None:
        parts.append(op.constant([number_as(to_end_scalar, dtype)]))
    return op.Concat(*parts, axis=0) if len(parts) > 1 else parts[0]


# Order
def _sorted_line(op, a, axis):
    """Ascending along one last axis, which stands for all of ``axis``; and the axes left."""
    rank = op.rank(a)
    axes = list(range(rank)) if axis is None else [op.axis(a, k) for k in axis]
    kept = [k for k in range(rank) if k not in axes]
    a = op.Transpose(a, perm=kept + axes)
    ahead = [sizes(op, a, range(len(kept)))] if kept else []
    line = op.Concat(*ahead, op.constant([-1], np.int64), axis=0)
    a = op.Reshape(a, line)
    last = len(kept)
    return op.TopK(a, sizes(op, a, [last]), axis=last, largest=0, outputs=2)[0], kept


@table.op("_npi_percentile")
def percentile(op, a, q=None, *, axis, interpolation, keepdims, q_scalar):
    """MXNet finds places in float32, and adds two shares of the neighbours."""
    ordered, kept = _sorted_line(op, a, axis)
    last = len(kept)
    dtype = np.dtype(np.float64) if op.dtype(a) == np.float64 else np.dtype(np.float32)
    q = cast(op, q, np.float64) if q_scalar is None else op.constant(q_scalar, np.float64)
    top = op.Sub(count(op, ordered, [last]), np.int64(1))
    place = op.Div(op.Mul(q, cast(op, top, np.float64)), op.constant(100, np.float64))
    place = cast(op, place, np.float32)
    if interpolation == "midpoint":
        place = op.Mul(op.Add(op.Floor(place), op.Ceil(place)), 0.5)
    if interpolation in ("lower", "higher", "nearest"):
        whole = {"lower": op.Floor, "higher": op.Ceil}.get(interpolation)
        place = whole(place) if whole else op.Floor(op.Add(place, 0.5))
        values = op.Gather(ordered, cast(op, place, np.int64), axis=last)
        values = cast(op, values, dtype)
    else:
        below = op.Floor(place)
        share = cast(op, op.Sub(place, below), dtype)
        below = cast(op, below, np.int64)
        above = op.Where(op.Less(below, top), op.Add(below, np.int64(1)), below)
        low, high = (cast(op, op.Gather(ordered, k, axis=last), dtype) for k in (below, above))
        one = op.constant(1, dtype)
        values = op.Add(op.Mul(low, op.Sub(one, share)), op.Mul(high, share))
    many = op.rank(q)
    if many:
        values = op.Transpose(values, perm=[*range(last, last + many), *range(last)])
    if keepdims:
        gone = [many + k for k in range(op.rank(a)) if k not in kept]
        values = op.Unsqueeze(values, axes=gone)
    return values
