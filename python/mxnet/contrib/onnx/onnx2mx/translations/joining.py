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
"""Tensors joined, split, repeated and padded."""

from __future__ import annotations

from ...errors import InferenceError
from ...translation import TranslationTable
from .axes import from_front
from .precision import without_bool

table = TranslationTable()

#: Most axes of MKLDNN.
MOST_AXES = 6
#: Most channels that MKLDNN stores next to each other.
BLOCK = 16


@table.op("Concat", versions=(1, 4, 11, 13))
def concat(op, *inputs, axis=1):
    """Opset 1 joined channels by default. Empty operands are left out: MXNet takes none."""
    axis = from_front(op, axis, inputs[0].rank)
    kept = [x for x in inputs if 0 not in x.shape] or list(inputs[:1])
    if len(kept) == 1:
        return kept[0]
    if kept[0].dtype == bool or kept[0].rank > MOST_AXES or _splits_a_block(kept, axis):
        return op._npi_concatenate(*kept, axis=axis, num_args=len(kept))
    return op.Concat(*kept, dim=axis, num_args=len(kept))


def _splits_a_block(parts, axis):
    """Whether MKLDNN would fail where a convolution behind trains, see ``layouts``."""
    return (
        axis == 1
        and 3 <= parts[0].rank <= 5
        and not all(isinstance(x.shape[1], int) and x.shape[1] % BLOCK == 0 for x in parts)
    )


@table.op("Split", versions=(1,), limits="the lengths must be known when the model is imported")
def split_1(op, input, *, axis=0, split=None):
    return split_2(op, input, axis=axis, split=split)


@table.op("Split", versions=(2, 11, 13, 18))
def split_2(op, input, *, axis, split=None, num_outputs=None):
    """Equal parts unless lengths are given; the last may be shorter (since 18)."""
    axis = from_front(op, axis, input.rank)
    whole = input.shape[axis]
    if split is None:
        count = num_outputs or op.num_outputs
        if num_outputs is None and whole % count != 0:
            op.fail(f"axis {axis} of size {whole} does not split into {count} equal parts")
        part = -(-whole // count)
        split = [part] * (count - 1) + [whole - part * (count - 1)]
    elif sum(split) != whole:
        op.fail(f"the lengths {split} do not add up to the {whole} of axis {axis}")
    parts, begin = [], 0
    for length in split:
        parts.append(op.cut(input, axis, begin, begin + length))
        begin = begin + length
    return parts


# -- repetition --------------------------------------------------------------------------------


@table.op("Tile", versions=(1,))
def tile_1(op, input, *, tiles, axis):
    """Along one axis."""
    axis, count = (v[0] if isinstance(v, list) else v for v in (axis, tiles))
    axis = from_front(op, int(axis), input.rank)
    return _tiled(op, input, axis, int(count))


@table.op("Tile", versions=(6, 13))
def tile_6(op, input, *, repeats):
    if len(repeats) != input.rank:
        op.fail(f"{len(repeats)} repeats for a tensor of rank {input.rank}")
    for axis, count in enumerate(repeats):
        input = _tiled(op, input, axis, count)
    return input


def _tiled(op, x, axis, count):
    """Along one axis: MXNet's tile fails where it repeats along four."""
    if count == 1:
        return x
    return op.tile(x, reps=tuple(count if i == axis else 1 for i in range(x.rank)))


# -- pads --------------------------------------------------------------------------------------


@table.op("Pad", versions=(1,))
def pad_1(op, data, *, paddings, mode, value):
    return pad_2(op, data, pads=paddings, mode=mode, value=value)


@table.op("Pad", versions=(2, 11, 13, 18, 19, 21, 23, 24, 25))
def pad_2(op, data, *, pads, mode, value=0.0, constant_value=None, axes=None):
    """Constant, reflected, edge or wrapped elements outside; a negative pad takes away."""
    axes = range(data.rank) if axes is None else [from_front(op, a, data.rank) for a in axes]
    half = len(pads) // 2
    if len(pads) != 2 * len(axes) or len(set(axes)) < len(axes):
        op.fail(f"{len(pads)} pads for the {len(axes)} axes {list(axes)}")
    width = [(0, 0)] * data.rank
    for axis, before, behind in zip(axes, pads[:half], pads[half:]):
        low, high = (-before if before < 0 else 0), (behind if behind < 0 else None)
        if low or high is not None:
            data = op.cut(data, axis, low, high)
        width[axis] = (before if before > 0 else 0, behind if behind > 0 else 0)
    if all(pair == (0, 0) for pair in width):
        return data
    fill = value if constant_value is None else constant_value
    fill = fill[0] if isinstance(fill, list) else fill
    return _padded(op, data, width, mode, fill)


def _padded(op, data, width, mode, fill):
    if mode == "constant" and data.rank == 1:  # MXNet misreads the width of one axis
        data = _padded(op, op.reshape(data, (1, *data.shape)), [(0, 0), *width], mode, fill)
        return op.reshape(data, data.shape[1:])
    if mode == "constant":
        if data.dtype.kind in "iu" and abs(fill) > 2**53:
            op.fail(f"MXNet holds the fill in float64, which has no {fill}")
        return op._npi_pad(data, pad_width=tuple(width), mode=mode, constant_value=float(fill))
    if mode not in ENDS:
        op.fail(f"mode '{mode}' is not known: constant, {', '.join(ENDS)} are")
    for axis, (before, behind) in enumerate(width):
        room = data.shape[axis] - 1 if mode == "reflect" else data.shape[axis]
        most = max(before, behind)
        if mode != "edge" and most > room:  # other sizes may do
            raise InferenceError(f"mode '{mode}' has no {most} elements along axis {axis}")
        first = ENDS[mode](op, data, axis, before, 0) if before else None
        last = ENDS[mode](op, data, axis, behind, -1) if behind else None
        parts = [x for x in (first, data, last) if x is not None]
        data = concat(op, *parts, axis=axis)
    return data


# What lies beyond an end, which is 0 or -1; MXNet's own has no gradient for these.


def _edge(op, x, axis, count, end):
    one = op.cut(x, axis, end, end + 1 or None)
    return without_bool(op, lambda y: op.repeat(y, repeats=count, axis=axis), one)


def _reflection(op, x, axis, count, end):
    near = op.cut(x, axis, 1, count + 1) if end == 0 else op.cut(x, axis, -count - 1, -1)
    return without_bool(op, lambda y: op.reverse(y, axis=axis), near)


def _other_end(op, x, axis, count, end):
    return op.cut(x, axis, -count, None) if end == 0 else op.cut(x, axis, 0, count)


ENDS = {"edge": _edge, "reflect": _reflection, "wrap": _other_end}
