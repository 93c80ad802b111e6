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
"""Elements picked and placed by index."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from ..values import Dim, product
from .axes import along_axis, from_front, without_axes
from .comparison import where
from .precision import cast, scalar, without_bool

table = TranslationTable()


@table.op("Slice", versions=(1, 10, 11, 13))
def slice_(op, data, *, starts, ends, axes=None, steps=None):
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps):
        op.fail("starts, ends, axes and steps differ in length")
    axes = [from_front(op, a, data.rank) for a in axes]
    if len(set(axes)) < len(axes) or 0 in steps:
        op.fail(f"axes {axes} with steps {list(steps)}: one is named twice, or a step is 0")
    for axis, begin, end, step in zip(axes, starts, ends, steps):
        data = op.cut(data, axis, begin, end, step)
    return data


def _check_range(op, indices, size):
    """Known indices that leave an axis are refused: MXNet goes elsewhere with them."""
    known = None if isinstance(size, Dim) else op.known(indices)
    if known is not None:
        low, high = known.min(initial=0), known.max(initial=0)
        if not -size <= low <= high < size:
            op.fail(f"indices from {low} to {high} leave an axis of size {size}")


@table.op("Gather", versions=(1, 11, 13))
def gather(op, data, indices, *, axis):
    """One constant index is a slice; others wrap around, as negative ones want."""
    axis = from_front(op, axis, data.rank)
    _check_range(op, indices, data.shape[axis])
    if indices.value is not None and indices.value.size == 1 and indices.rank < 2:
        i = int(indices.value.reshape(()))
        taken = op.cut(data, axis, i, i + 1 or None)
    else:
        taken = op.take(data, indices, axis=axis, mode="wrap")
    return taken if indices.rank else without_axes(op, taken, [axis])


@table.op("Compress", versions=(9, 11, 28), limits="in Symbols the condition must be a constant")
def compress(op, input_, condition, *, axis=None):
    """The places where the condition holds, taken: an eager run knows them."""
    places = np.flatnonzero(op.value(condition))
    if axis is None:
        input_ = op.reshape(input_, (product(input_.shape),))
    axis = from_front(op, axis or 0, input_.rank)
    size = input_.shape[axis]
    if not isinstance(size, Dim) and places.max(initial=-1) >= size:
        op.fail(f"the condition picks place {places.max()} of {size}")
    if not places.size:
        shape = (*input_.shape[:axis], 0, *input_.shape[axis + 1 :])
        return op.fixed(np.zeros(shape, input_.dtype))
    return op.take(input_, op.constant(places), axis=axis, mode="clip")


def _grid(op, shape, axis):
    """The place along ``axis`` of every element of ``shape``, int64."""
    places = op.arange(0, shape[axis], 1, np.int64)
    return op.expand(along_axis(op, places, axis, len(shape)), shape)


def _stacked(op, places):
    """What gather_nd and scatter_nd want: the places along all axes on a new first axis."""
    return op._npi_stack(*places, axis=0, num_args=len(places))


def _sizes(op, x, begin, end):
    """int64 vector of the sizes of ``x`` along some axes, which may vary."""
    if any(isinstance(n, Dim) for n in x.shape[begin:end]):
        return op.cut(op.shape_array(x), 0, begin, end)
    return op.constant(np.array(x.shape[begin:end], np.int64))


def _counted_from_front(op, indices, sizes):
    """int64 indices without negative ones: the gradient of gather_nd writes out of bounds there.

    ``sizes`` is a tensor that broadcasts against them.
    """
    if indices.value is not None and sizes.value is not None:
        index = indices.value.astype(np.int64)
        return op.constant(np.where(index < 0, index + sizes.value, index))
    indices = cast(op, indices, "int64")
    negative = op._npi_less(indices, scalar(op, 0, np.int64))
    return where(op, negative, op._npi_add(indices, sizes), indices)


def _element_places(op, indices, axis):
    """Places along all axes where ``indices`` say those along one."""
    return [indices if i == axis else _grid(op, indices.shape, i) for i in range(indices.rank)]


@table.op("GatherElements", versions=(11, 13))
def gather_elements(op, data, indices, *, axis):
    axis = from_front(op, axis, data.rank)
    if data.rank != indices.rank:
        op.fail(f"the data is of rank {data.rank}, the indices of rank {indices.rank}")
    _check_range(op, indices, data.shape[axis])
    indices = _counted_from_front(op, indices, _sizes(op, data, axis, axis + 1))
    places = _element_places(op, indices, axis)
    return op.gather_nd(data, _stacked(op, places))


@table.op("GatherND", versions=(11, 12, 13))
def gather_nd(op, data, indices, *, batch_dims=0):
    depth = indices.shape[-1]
    if not 0 < depth <= data.rank - batch_dims or batch_dims >= indices.rank:
        op.fail(f"indices of {depth} axes and batch_dims={batch_dims} for a rank of {data.rank}")
    sizes = _sizes(op, data, batch_dims, batch_dims + depth)
    indices = _counted_from_front(op, indices, sizes)
    shape = indices.shape[:-1]
    flat = not shape  # MXNet would give rank 0 for one element
    if flat:
        indices = op.reshape(indices, (1, depth))
    last_first = (indices.rank - 1, *range(indices.rank - 1))
    places = op.transpose(indices, axes=last_first) if indices.rank > 1 else indices
    if batch_dims:
        batch = [op.expand_dims(_grid(op, shape, i), axis=0) for i in range(batch_dims)]
        parts = [*batch, places]
        places = op.Concat(*parts, dim=0, num_args=len(parts))
    result = op.gather_nd(data, places)
    return without_axes(op, result, [0]) if flat else result


# -- placed ------------------------------------------------------------------------------------


def _safe(op, indices, size):
    """Indices counted from the front and kept inside: MXNet writes wherever they say."""
    _check_range(op, indices, size)
    if indices.value is not None:
        return _counted_from_front(op, indices, scalar(op, size, np.int64))
    indices = _counted_from_front(op, indices, scalar(op, size, np.int64))
    last = scalar(op, size - 1, np.int64)
    return op._npi_minimum(op._npi_maximum(indices, scalar(op, 0, np.int64)), last)


def _placed(op, data, places, updates, reduction):
    """``data`` with ``updates`` at ``places``, which are stacked on the first axis."""
    if any(isinstance(n, Dim) for n in data.shape):
        op.fail("scattering into varying sizes is not covered: give them by input_shapes")
    if reduction == "none":
        ones = op.ones_like(cast(op, updates, "float32"))
        touched = op._npi_greater_scalar(op.scatter_nd(ones, places, shape=data.shape), scalar=0.0)
        return where(op, touched, op.scatter_nd(updates, places, shape=data.shape), data)
    if reduction == "add":
        wide = "int32" if data.dtype in (np.int8, np.uint8) else data.dtype
        total = op._backward_gather_nd(cast(op, updates, wide), places, shape=data.shape)
        return op._npi_add(data, cast(op, total, data.dtype))
    return op.fail(f"reduction '{reduction}' is not covered, 'none' and 'add' are")


_LIMITS = "reduction none and add; fixed sizes"


@table.op("Scatter", versions=(9, 11), limits=_LIMITS)
def scatter(op, data, indices, updates, *, axis):
    return scatter_elements(op, data, indices, updates, axis=axis)


@table.op("ScatterElements", versions=(11, 13, 16, 18), limits=_LIMITS)
def scatter_elements(op, data, indices, updates, *, axis, reduction="none"):
    axis = from_front(op, axis, data.rank)
    if indices.shape != updates.shape or indices.rank != data.rank:
        op.fail(f"indices {indices.shape} and updates {updates.shape} for data {data.shape}")
    if 0 in indices.shape:
        return data
    places = _element_places(op, _safe(op, indices, data.shape[axis]), axis)
    places = _stacked(op, places)
    return without_bool(op, lambda x, u: _placed(op, x, places, u, reduction), data, updates)


@table.op("ScatterND", versions=(11, 13, 16, 18), limits=_LIMITS)
def scatter_nd(op, data, indices, updates, *, reduction="none"):
    depth = indices.shape[-1]
    if not 0 < depth <= data.rank:
        op.fail(f"indices of {depth} axes for data of rank {data.rank}")
    if updates.shape != indices.shape[:-1] + data.shape[depth:]:
        op.fail(f"updates are {updates.shape}, not {indices.shape[:-1] + data.shape[depth:]}")
    places = [_safe(op, _column(op, indices, i), data.shape[i]) for i in range(depth)]
    if indices.rank == 1:
        updates = op.reshape(updates, (1, *updates.shape))
    places = _stacked(op, places)
    return without_bool(op, lambda x, u: _placed(op, x, places, u, reduction), data, updates)


def _column(op, indices, i):
    """The indices along axis ``i`` alone, constant if all are."""
    shape = indices.shape[:-1] or (1,)
    if indices.value is not None:
        return op.constant(indices.value[..., i].reshape(shape))
    return op.reshape(op.cut(indices, indices.rank - 1, i, i + 1), shape)


# -- masks -------------------------------------------------------------------------------------


@table.op("OneHot", versions=(9, 11, 28))
def one_hot(op, indices, values, *, depth, axis):
    """By comparison with 0, 1, 2, ...: exact for every type, and none fits what is out of range."""
    depth = int(depth[0] if isinstance(depth, list) else depth)
    axis = from_front(op, axis, indices.rank + 1)
    indices = _counted_from_front(op, indices, scalar(op, depth, np.int64))
    if indices.rank:
        indices = op.expand_dims(indices, axis=axis)
    places = along_axis(op, op.arange(0, depth, 1, np.int64), axis, max(indices.rank, 1))
    off, on = op.cut(values, 0, 0, 1), op.cut(values, 0, 1, 2)
    return where(op, op._npi_equal(indices, places), on, off)


@table.op("Trilu", versions=(14,))
def trilu(op, input, *, k=0, upper):
    """By a mask of rows against columns: sizes may vary, and no infinity meets a zero."""
    k = k[0] if isinstance(k, list) else k
    if input.rank < 2:
        op.fail(f"the input is of rank {input.rank}, which has no matrices")
    rows, columns = (op.arange(0, n, 1, np.int64) for n in input.shape[-2:])
    rows = op._npi_add(op.reshape(rows, (input.shape[-2], 1)), scalar(op, k, np.int64))
    kept = (op._npi_less_equal if upper else op._npi_greater_equal)(rows, columns)
    return where(op, kept, input, scalar(op, 0, input.dtype))


@table.op("ReverseSequence", versions=(10, 28))
def reverse_sequence(op, input, sequence_lens, *, batch_axis, time_axis):
    """Place t of a sequence of length n holds n - 1 - t; what lies behind it stays."""
    if {batch_axis, time_axis} != {0, 1}:
        op.fail(f"batch_axis={batch_axis}, time_axis={time_axis}: they must be 0 and 1")
    steps, batch = (_grid(op, input.shape[:2], axis) for axis in (time_axis, batch_axis))
    lengths = along_axis(op, cast(op, sequence_lens, "int64"), batch_axis, 2)
    last = op._npi_subtract(lengths, scalar(op, 1, np.int64))
    inside = op._npi_less(steps, lengths)
    source = where(op, inside, op._npi_subtract(last, steps), steps)
    places = [source, batch] if time_axis == 0 else [batch, source]
    return op.gather_nd(input, _stacked(op, places))
