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
"""Joining tensors and taking them apart."""

from __future__ import annotations

from ...errors import TranslationError
from ...translation import TranslationTable
from .dimensions import TO_THE_END

table = TranslationTable()


@table.op("Concat", ignores=("num_args",))
def concat(op, *data, dim):
    return op.Concat(*data, axis=op.axis(data[0], dim))


@table.op("_npi_concatenate", ignores=("num_args",))
def concatenate(op, *data, axis):
    """Without an axis all of it in a row."""
    if axis is None:
        data, axis = [op.Reshape(x, shape=[-1]) for x in data], 0
    return concat(op, *data, dim=axis)


@table.op("stack", ignores=("num_args",))
def stack(op, *data, axis):
    axis = axis if axis >= 0 else axis + op.rank(data[0]) + 1
    return op.Concat(*(op.Unsqueeze(x, axes=[axis]) for x in data), axis=axis)


def _without_axis(op, parts, axis, squeeze_axis):
    return tuple(op.Squeeze(p, axes=[axis]) for p in parts) if squeeze_axis else tuple(parts)


@table.op("SliceChannel")
def slice_channel(op, data, *, num_outputs, axis, squeeze_axis):
    """Equal parts."""
    axis = op.axis(data, axis)
    parts = (data,) if num_outputs == 1 else op.Split(data, axis=axis, outputs=num_outputs)
    return _without_axis(op, parts, axis, squeeze_axis)


@table.op("_split_v2", limits="several equal sections need a known size")
def split_v2(op, data, *, indices, axis, squeeze_axis, sections):
    """Parts that begin at ``indices``, or ``sections`` parts, the first of which may be longer."""
    axis = op.axis(data, axis)
    size = op.dims(data)[axis]
    if (sections or len(indices)) == 1:
        parts = (data,)
    elif size is not None:
        lengths = _lengths(size, indices, sections)
        if min(lengths) < 1 and not op.numpy_shapes:
            raise TranslationError(f"a part of {size} split as {lengths} is empty")
        parts = op.Split(data, axis=axis, split=lengths, outputs=len(lengths))
    elif sections:
        raise TranslationError(f"sections={sections} needs a known size of axis {axis}")
    else:
        ends = [*indices[1:], TO_THE_END]
        parts = [op.Slice(data, starts=[b], ends=[e], axes=[axis]) for b, e in zip(indices, ends)]
    return _without_axis(op, parts, axis, squeeze_axis)


def _lengths(size, indices, sections):
    if not sections:
        bounds = [min(index, size) for index in (*indices, size)]
        return [max(end - begin, 0) for begin, end in zip(bounds, bounds[1:])]
    each, longer = divmod(size, sections)
    return [each + (k < longer) for k in range(sections)]


# NumPy-style
def at_least(op, x, rank):
    """``x`` with axes of size 1 until it has ``rank``: in front of a vector, behind a matrix."""
    missing = rank - op.rank(x)
    if missing <= 0:
        return x
    if rank == 3:
        return op.Unsqueeze(x, axes={3: [0, 1, 2], 2: [0, 2], 1: [2]}[missing])
    return op.Unsqueeze(x, axes=range(missing))


def _at_least(rank):
    return lambda op, *arys: tuple(at_least(op, x, rank) for x in arys)


for _rank in (1, 2, 3):
    table.op(f"_np_atleast_{_rank}d", ignores=("num_args",))(_at_least(_rank))


@table.op("_npi_column_stack", ignores=("num_args",))
def column_stack(op, *data):
    """Vectors are columns."""
    data = [at_least(op, x, 1) for x in data]
    columns = [op.Unsqueeze(x, axes=[1]) if op.rank(x) == 1 else x for x in data]
    return op.Concat(*columns, axis=1)


@table.op("_npi_hstack", ignores=("num_args", "dim"))
def hstack(op, *data):
    """Along the second axis, vectors along their only one."""
    data = [at_least(op, x, 1) for x in data]
    return op.Concat(*data, axis=min(1, op.rank(data[0]) - 1))


@table.op("_npi_vstack", ignores=("num_args",))
def vstack(op, *data):
    return op.Concat(*(at_least(op, x, 2) for x in data), axis=0)


@table.op("_npi_dstack", ignores=("num_args", "dim"))
def dstack(op, *data):
    return op.Concat(*(at_least(op, x, 3) for x in data), axis=2)


@table.op("_npi_hsplit", ignores=("axis",), limits="several equal sections need a known size")
def hsplit(op, data, *, indices, squeeze_axis, sections):
    """Along the second axis, a vector along its only one."""
    axis = min(1, op.rank(data) - 1)
    return split_v2(
        op, data, indices=indices, axis=axis, squeeze_axis=squeeze_axis, sections=sections
    )


@table.op("_npi_dsplit", ignores=("axis",), limits="several equal sections need a known size")
def dsplit(op, data, *, indices, squeeze_axis, sections):
    return split_v2(op, data, indices=indices, axis=2, squeeze_axis=squeeze_axis, sections=sections)
