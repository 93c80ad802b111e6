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
        if min(lengths) < 1:
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
        return [end - begin for begin, end in zip(indices, [*indices[1:], size])]
    each, longer = divmod(size, sections)
    return [each + (k < longer) for k in range(sections)]
