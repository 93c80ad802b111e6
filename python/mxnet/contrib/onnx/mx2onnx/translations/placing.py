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
"""Entries written into a tensor: by slice, by index, by mask; put between others, and left out."""

from __future__ import annotations

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast, number_as
from .comparison import as_bool
from .dimensions import count, positions, sizes
from .elementwise import larger, smaller
from .indexing import coordinates_last, slice_

table = TranslationTable()
EITHER = "of two entries for one place either may win"


# By slice
def _flat_places(op, x, begin, end, step):
    """Where the entries of a slice lie in the flattened tensor, in the slice's shape."""
    if None not in op.dims(x):
        places = op.constant(np.arange(math.prod(op.dims(x))), np.int64)
    else:
        places = op.Range(np.int64(0), count(op, x, range(op.rank(x))), np.int64(1))
    places = op.Reshape(places, op.Shape(x))
    return slice_(op, places, begin=begin, end=end, step=step)


def _written(op, x, places, values):
    """``x`` with ``values`` at flat ``places``."""
    flat, places, values = (op.Reshape(t, shape=[-1]) for t in (x, places, values))
    return op.Reshape(op.ScatterElements(flat, places, values, axis=0), op.Shape(x))


@table.op("_slice_assign")
def slice_assign(op, lhs, rhs, *, begin, end, step):
    return _written(op, lhs, _flat_places(op, lhs, begin, end, step), rhs)


@table.op("_slice_assign_scalar")
def slice_assign_scalar(op, data, *, scalar, begin, end, step):
    places = _flat_places(op, data, begin, end, step)
    number = op.constant(number_as(scalar, op.dtype(data)))
    return _written(op, data, places, op.Expand(number, op.Shape(places)))


# By index
@table.op("_scatter_set_nd", ignores=("shape",), limits=EITHER)
def scatter_set_nd(op, lhs, rhs, indices):
    return op.ScatterND(lhs, coordinates_last(op, indices), rhs)


@table.op("_contrib_index_copy", limits=EITHER)
def index_copy(op, old_tensor, index_vector, new_tensor):
    """Whole rows."""
    index = op.Unsqueeze(cast(op, index_vector, np.int64), axes=[1])
    return op.ScatterND(old_tensor, index, new_tensor)


# By mask
def _spread(op, data, mask, start_axis):
    """The mask in a shape that broadcasts against the data."""
    behind = op.rank(data) - start_axis - op.rank(mask)
    mask = as_bool(op, mask)
    return op.Unsqueeze(mask, axes=[op.rank(mask) + k for k in range(behind)]) if behind else mask


@table.op("_npi_boolean_mask_assign_scalar")
def boolean_mask_assign_scalar(op, data, mask, *, value, start_axis):
    number = op.constant(number_as(value, op.dtype(data)))
    return op.Where(_spread(op, data, mask, start_axis), number, data)


@table.op("_npi_boolean_mask_assign_tensor")
def boolean_mask_assign_tensor(op, data, mask, value, *, start_axis):
    """The values in order, one for each place of the mask, or one for all of them."""
    chosen = _spread(op, data, mask, start_axis)
    if op.rank(value) <= start_axis or op.dims(value)[start_axis] == 1:
        behind = op.rank(mask) - 1
        if op.rank(value) > start_axis and behind:
            value = op.Unsqueeze(value, axes=[start_axis + 1 + k for k in range(behind)])
        return op.Where(chosen, value, data)
    flat = op.Reshape(cast(op, as_bool(op, mask), np.int64), shape=[-1])
    places = op.Sub(op.CumSum(flat, np.int64(0)), np.int64(1))
    last = op.Sub(count(op, value, [start_axis]), np.int64(1))
    places = smaller(op, larger(op, places, 0), last)
    places = op.Reshape(places, op.Shape(mask))
    return op.Where(chosen, op.Gather(value, places, axis=start_axis), data)


# Put between others, and left out
def _line(op, arr, axis):
    """The tensor and the axis to work along: all of it in a row where there is none."""
    if axis is None:
        return op.Reshape(arr, shape=[-1]), 0
    return arr, op.axis(arr, axis)


def _known_places(size, int_ind, start, stop, step):
    """The places of an index or a slice, and whether it was an index."""
    if int_ind is not None:
        return np.array([int_ind + size if int_ind < 0 else int_ind])
    return np.arange(*slice(start, stop, step).indices(size))


def _known_size(op, arr, axis):
    size = op.dims(arr)[axis]
    if size is None:
        raise TranslationError(f"needs a known size of axis {axis}")
    return size


@table.op(
    "_npi_delete",
    limits="by index or slice a size must be known; MXNet overlooks negative indices in a tensor",
)
def delete(op, arr, obj=None, *, int_ind, start, stop, step, axis):
    arr, axis = _line(op, arr, axis)
    if obj is None:
        size = _known_size(op, arr, axis)
        kept = np.delete(np.arange(size), _known_places(size, int_ind, start, stop, step))
        return op.Gather(arr, op.constant(kept, np.int64), axis=axis)
    obj = op.Reshape(cast(op, obj, np.int64), shape=[-1])
    ones = op.Expand(np.float32(1), sizes(op, arr, [axis]))
    zeros = op.Expand(np.float32(0), op.Shape(obj))
    kept = op.ScatterElements(ones, obj, zeros, axis=0)
    return op.Compress(arr, as_bool(op, kept), axis=axis)


def _inserted(op, arr, values, axis, before):
    """``values`` along ``axis``, each ahead of the entry of ``arr`` that ``before`` names.

    ``before`` is an int64 vector; equal entries keep the values' order.
    """
    index = positions(op, values, axis)
    column = op.Unsqueeze(before, axes=[1])
    earlier = op.And(op.Equal(column, before), op.Less(index, op.Unsqueeze(index, axes=[1])))
    ahead = op.Or(op.Less(before, column), earlier)
    ahead = op.ReduceSum(cast(op, ahead, np.int64), axes=[1], keepdims=0)
    old = positions(op, arr, axis)
    pushed = cast(op, op.Not(op.Greater(before, op.Unsqueeze(old, axes=[1]))), np.int64)
    old = op.Add(old, op.ReduceSum(pushed, axes=[1], keepdims=0))
    goes = op.Concat(old, op.Add(before, ahead), axis=0)
    total = op.Reshape(op.Size(goes), shape=[])
    numbers = op.Range(np.int64(0), total, np.int64(1))
    comes = op.ScatterElements(goes, goes, numbers, axis=0)
    return op.Gather(op.Concat(arr, values, axis=axis), comes, axis=axis)


def _to_insert(op, arr, values, val, axis, single):
    """What is inserted, with as many axes as ``arr`` has and its sizes but along ``axis``."""
    dtype, rank = op.dtype(arr), op.rank(arr)
    values = op.constant([number_as(val, dtype)]) if values is None else cast(op, values, dtype)
    if op.rank(values) < rank:
        values = op.Unsqueeze(values, axes=range(rank - op.rank(values)))
    if single and axis:
        values = op.Transpose(values, perm=[*range(1, axis + 1), 0, *range(axis + 1, rank)])
    if rank == 1:
        return values
    shape = op.Concat(
        *(op.constant([1], np.int64) if a == axis else sizes(op, arr, [a]) for a in range(rank)),
        axis=0,
    )
    return op.Expand(values, shape)


def _repeated(op, values, axis, times):
    """One entry along ``axis`` as often as there are places; ``times`` is an int64 vector of 1."""
    shape = [op.constant([1], np.int64)] * op.rank(values)
    shape[axis] = times
    return op.Expand(values, op.Concat(*shape, axis=0) if len(shape) > 1 else times)


@table.op(
    "_npi_insert_scalar", "_npi_insert_slice", limits="a size must be known; val at several places"
)
def insert(op, arr, values=None, *, val, int_ind, start, stop, step, axis):
    """At an index all values in a row, at a slice one ahead of each entry."""
    arr, axis = _line(op, arr, axis)
    places = _known_places(_known_size(op, arr, axis), int_ind, start, stop, step)
    values = _to_insert(op, arr, values, val, axis, int_ind is not None)
    if len(places) != 1:
        if val is not None:
            raise TranslationError(f"val={val} at several places is one that MXNet itself dies of")
        values = _repeated(op, values, axis, op.constant([len(places)], np.int64))
        before = op.constant(places, np.int64)
    else:
        before = op.Expand(op.constant(places, np.int64), sizes(op, values, [axis]))
    return _inserted(op, arr, values, axis, before)


@table.op("_npi_insert_tensor", ignores=("int_ind", "start", "stop", "step"), limits="val")
def insert_at(op, arr, values, obj=None, *, val, axis):
    if val is not None:
        raise TranslationError(f"val={val} is not covered: MXNet itself dies of it")
    arr, axis = _line(op, arr, axis)
    single = op.rank(obj) == 0
    before = op.Reshape(cast(op, obj, np.int64), shape=[-1])
    size = count(op, arr, [axis])
    before = op.Where(op.Less(before, np.int64(0)), op.Add(before, size), before)
    values = _to_insert(op, arr, values, None, axis, single)
    if single or op.dims(before)[0] == 1:
        before = op.Expand(before, sizes(op, values, [axis]))
    else:
        values = _repeated(op, values, axis, sizes(op, before, [0]))
    return _inserted(op, arr, values, axis, before)
