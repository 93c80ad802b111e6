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
"""Slices, and entries by index. MXNet's indices may be of any dtype and out of range."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast, known_dtype, number_as, takes
from .comparison import as_bool
from .dimensions import TO_THE_END, along, positions, sizes
from .elementwise import larger, smaller

table = TranslationTable()


# Slices
@table.op("slice_axis")
def slice_axis(op, data, *, axis, begin, end):
    end = TO_THE_END if end is None else end
    return op.Slice(data, starts=[begin], ends=[end], axes=[op.axis(data, axis)])


@table.op("slice")
def slice_(op, data, *, begin, end, step):
    step = [1 if s is None else s for s in (step or (1,) * len(begin))]
    starts = [(0 if s > 0 else TO_THE_END) if b is None else b for b, s in zip(begin, step)]
    ends = [(TO_THE_END if s > 0 else -TO_THE_END) if e is None else e for e, s in zip(end, step)]
    steps = None if set(step) == {1} else step
    return op.Slice(data, starts=starts, ends=ends, axes=range(len(begin)), steps=steps)


@table.op("slice_like")
def slice_like(op, data, shape_like, *, axes):
    axes = [op.axis(data, a) for a in axes] or list(range(op.rank(shape_like)))
    have, want = op.dims(data), op.dims(shape_like)
    axes = [a for a in axes if have[a] is None or have[a] != want[a]]
    if not axes:
        return data
    return op.Slice(data, starts=[0] * len(axes), ends=sizes(op, shape_like, axes), axes=axes)


@table.op("Crop", ignores=("num_args",))
def crop(op, data, crop_like=None, *, offset, h_w, center_crop):
    """(N, C, H, W) cropped to the H and W of the second input, or to ``h_w``."""
    wanted = op.constant(h_w, np.int64) if crop_like is None else sizes(op, crop_like, [2, 3])
    known = op.tensor(wanted)
    if not center_crop and known and tuple(known.read()) == op.dims(data)[2:]:
        return data
    if not center_crop and not any(offset):
        return op.Slice(data, starts=[0, 0], ends=wanted, axes=[2, 3])
    begin = op.constant(offset, np.int64)
    if center_crop:
        begin = op.Div(op.Sub(sizes(op, data, [2, 3]), wanted), np.int64(2))
    return op.Slice(data, starts=begin, ends=op.Add(begin, wanted), axes=[2, 3])


# Entries by index
def _count(op, x, axis):
    """The size of an axis: a number, or the value that holds it."""
    size = op.dims(x)[axis]
    return sizes(op, x, [axis]) if size is None else size


def in_range(op, index, count, mode):
    """int32 or int64 indices from MXNet's; ``count`` is a number or an int64 vector of one."""
    if op.dtype(index) != np.int32 or isinstance(count, str):
        index = cast(op, index, np.int64)
    if mode == "raise":
        return index
    if mode == "wrap":
        return op.Mod(index, count)
    last = op.Sub(count, np.int64(1)) if isinstance(count, str) else count - 1
    if isinstance(last, int) and takes(op, "Clip", op.dtype(index)):
        return op.Clip(index, 0, last)
    return smaller(op, larger(op, index, 0), last)


@table.op("take", limits="with mode='raise' a negative index counts from the end")
def take(op, a, indices, *, axis, mode):
    axis = op.axis(a, axis)
    return op.Gather(a, in_range(op, indices, _count(op, a, axis), mode), axis=axis)


@table.op("Embedding", ignores=("output_dim", "dtype", "sparse_grad"))
def embedding(op, data, weight, *, input_dim):
    """The weight says its width and dtype itself."""
    return op.Gather(weight, in_range(op, data, input_dim, "clip"), axis=0)


@table.op("pick")
def pick(op, data, index, *, axis, mode, keepdims):
    """One entry along ``axis`` for each place along the others."""
    if axis is None:
        raise TranslationError("axis=None is one that MXNet itself does not pick along")
    axis = op.axis(data, axis)
    places = in_range(op, index, _count(op, data, axis), mode)
    if op.rank(index) < op.rank(data):
        places = op.Unsqueeze(places, axes=[axis])
    picked = op.GatherElements(data, places, axis=axis)
    return picked if keepdims or op.rank(data) == 1 else op.Squeeze(picked, axes=[axis])


@table.op("batch_take")
def batch_take(op, a, indices):
    return pick(op, a, indices, axis=1, mode="clip", keepdims=False)


@table.op("one_hot")
def one_hot(op, indices, *, depth, on_value, off_value, dtype):
    """A comparison: ONNX's OneHot takes a negative index from the end, MXNet nowhere."""
    index = op.Unsqueeze(cast(op, indices, np.int64), axes=[op.rank(indices)])
    hot = op.Equal(index, op.constant(np.arange(depth), np.int64))
    on, off = (op.constant(number_as(v, known_dtype(dtype))) for v in (on_value, off_value))
    return op.Where(hot, on, off)


def coordinates_last(op, indices):
    """MXNet has the coordinates along the first axis, ONNX along the last."""
    rank = op.rank(indices)
    return op.Transpose(cast(op, indices, np.int64), perm=[*range(1, rank), 0])


@table.op("gather_nd", limits="the number of coordinates must be known")
def gather_nd(op, data, indices):
    if op.dims(indices)[0] is None:
        raise TranslationError("the first size of the indices, the coordinates, must be known")
    return op.GatherND(data, coordinates_last(op, indices))


@table.op("scatter_nd", limits="of two entries for one place either may win")
def scatter_nd(op, data, indices, *, shape):
    zeros = op.constant(np.zeros(shape, op.dtype(data)))
    return op.ScatterND(zeros, coordinates_last(op, indices), data)


@table.op("_backward_gather_nd", limits="from opset 16 on")
def scatter_sum(op, data, indices, *, shape):
    """What entries for one place come to together."""
    zeros = op.constant(np.zeros(shape, op.dtype(data)))
    return op.ScatterND(zeros, coordinates_last(op, indices), data, reduction="add")


@table.op("where")
def where(op, condition, x, y):
    """A condition of one axis chooses whole rows."""
    if op.rank(condition) < op.rank(x):
        condition = along(op, condition, x, 0)
    return op.Where(as_bool(op, condition), x, y)


@table.op("_npi_where")
def npi_where(op, condition, x, y):
    """ONNX Runtime chooses between no bool."""
    condition = as_bool(op, condition)
    if op.dtype(x).kind == "b":
        return op.Or(op.And(condition, x), op.And(op.Not(condition), y))
    return op.Where(condition, x, y)


def _scalars_in(op, condition, x, y):
    """One of two, where numbers are of the dtype of the tensor beside them."""
    dtype = op.dtype(x if isinstance(x, str) else y)
    x, y = (v if isinstance(v, str) else op.constant(number_as(v, dtype)) for v in (x, y))
    return npi_where(op, condition, x, y)


@table.op("_npi_where_lscalar")
def where_left_number(op, condition, x, *, scalar):
    """The number where the condition holds."""
    return _scalars_in(op, condition, scalar, x)


@table.op("_npi_where_rscalar")
def where_right_number(op, condition, y, *, scalar):
    return _scalars_in(op, condition, y, scalar)


@table.op("_npi_where_scalar2")
def where_numbers(op, condition, *, x, y):
    return op.Where(as_bool(op, condition), *(op.constant(v, np.float32) for v in (x, y)))


# Indices themselves
@table.op("_ravel_multi_index", limits="matrices alone: MXNet overruns its memory for others")
def ravel_multi_index(op, data, *, shape):
    """Coordinates are along the first axis."""
    if op.rank(data) != 2:
        raise TranslationError("MXNet itself takes nothing but a matrix of coordinates")
    steps = op.constant(np.cumprod((1, *shape[:0:-1]))[::-1], np.int64)
    steps = along(op, steps, data, 0)
    total = op.ReduceSum(op.Mul(cast(op, data, np.int64), steps), axes=[0], keepdims=0)
    return cast(op, total, op.dtype(data))


@table.op("_unravel_index", limits="vectors alone: MXNet overruns its memory for others")
def unravel_index(op, data, *, shape):
    """The first coordinate has no bound."""
    if op.rank(data) != 1:
        raise TranslationError("MXNet itself takes nothing but a vector of indices")
    rest, coordinates = op.Unsqueeze(cast(op, data, np.int64), axes=[0]), []
    for size in shape[:0:-1]:
        coordinates.insert(0, op.Mod(rest, np.int64(size)))
        rest = op.Div(op.Sub(rest, coordinates[0]), np.int64(size))
    joined = op.Concat(rest, *coordinates, axis=0) if coordinates else rest
    return cast(op, joined, op.dtype(data))


@table.op("_contrib_index_array")
def index_array(op, data, *, axes):
    """The coordinates of every entry, or those along ``axes``, along a new last axis."""
    rank, shape = op.rank(data), op.Shape(data)
    axes = range(rank) if axes is None else [op.axis(data, a) for a in axes]
    grids = [op.Expand(along(op, positions(op, data, a), data, a), shape) for a in axes]
    return op.Concat(*(op.Unsqueeze(g, axes=[rank]) for g in grids), axis=rank)


@table.op("_npx_nonzero")
def nonzero(op, x):
    """A row for each entry, the coordinates along the last axis."""
    if op.dtype(x) not in (np.float32, np.int64):  # kernels of ONNX Runtime
        x = as_bool(op, x)
    return op.Transpose(op.NonZero(x), perm=[1, 0])


@table.op("_contrib_boolean_mask", limits="axes but the first, which MXNet does not have either")
def boolean_mask(op, data, index, *, axis):
    """The rows where ``index`` is not 0: as many as there are."""
    if axis != 0:
        raise TranslationError(f"axis {axis} is one that MXNet itself does not support")
    return op.Compress(data, cast(op, index, np.bool_), axis=0)
