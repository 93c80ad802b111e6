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
"""Shapes: reshaping, order of axes, repetition, padding. Sizes that vary are read in the file."""

from __future__ import annotations

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import carried
from .dimensions import TO_THE_END, count, positions, sizes

table = TranslationTable()
BLOCKS = "ONNX Runtime has no kernel for int32 and int64 at most opsets"


@table.op("Flatten")
def flatten(op, data):
    """The first axis and the product of the others."""
    return data if op.rank(data) == 2 else op.Flatten(data)


@table.op("Reshape")
def reshape(op, data, *, shape, reverse, target_shape, keep_highest):
    """``target_shape`` is from before MXNet 0.9: its 0 is the size that is inferred."""
    if not shape:
        if target_shape[1 if keep_highest else 0 :].count(0) > 1:
            raise TranslationError(f"target_shape {target_shape} leaves more than one size open")
        targets = [n or -1 for n in target_shape]
        return op.Reshape(data, shape=[0, *targets[1:]] if keep_highest else targets)
    return _reshaped(op, data, shape, reverse)


#: Codes of the NumPy-style reshape that the legacy one has under other numbers.
NUMPY_CODES = {-2: 0, -3: None, -4: -2, -5: -3, -6: -4}


@table.op("_npx_reshape", limits="order='F'; sizes of 0 that are not in the data")
def npx_reshape(op, a, *, newshape, reverse, order):
    _check_order(order)
    if 0 in newshape:
        raise TranslationError(f"newshape {newshape} asks for an empty tensor; -2 keeps a size")
    return _reshaped(op, a, [NUMPY_CODES.get(n, n) for n in newshape], reverse)


@table.op("_np_reshape", limits="order='F'")
def np_reshape(op, a, *, newshape, order):
    """A size of 0 is empty here, which ONNX's Reshape takes for one that stays."""
    _check_order(order)
    if 0 in newshape:
        return op.constant(np.zeros(newshape, op.dtype(a)))
    return op.Reshape(a, shape=newshape)


def _check_order(order):
    if order != "C":
        raise TranslationError(f"order='{order}' is not covered; transpose before and after")


def _reshaped(op, data, codes, reverse):
    """``codes`` are those of the legacy operator, and None for an axis of size 1 that goes."""
    if not reverse and all(c is not None and c >= -1 for c in codes):
        return op.Reshape(data, shape=codes)  # the codes 0 and -1 mean the same in ONNX
    turn = (lambda v: list(v)[::-1]) if reverse else list
    targets = turn(target_sizes(turn(range(op.rank(data))), turn(codes)))
    parts = [_part(op, data, position, target) for position, target in enumerate(targets)]
    unknown = [i for i, p in enumerate(parts) if isinstance(p, tuple)]
    if len(unknown) == 1 and -1 not in parts:
        parts[unknown.pop()] = -1
    if not unknown:
        return op.Reshape(data, shape=parts)
    vector = [_size(op, data, part) for part in parts]
    return op.Reshape(data, op.Concat(*vector, axis=0))


def target_sizes(axes, codes):
    """What MXNet's reshape codes ask for, None for the rest; the code None leaves an axis out.

    A triple (axes, n, d) is the product of the sizes of those axes times n / d.
    """
    result, at, codes = [], 0, list(codes)
    while codes:
        code = codes.pop(0)
        if code is None:
            at += 1
        elif code == -2:
            result += [((a,), 1, 1) for a in axes[at:]]
            at = len(axes)
        elif code == -3:
            result.append(((axes[at], axes[at + 1]), 1, 1))
            at += 2
        elif code == -4:
            left, right = codes.pop(0), codes.pop(0)
            result.append(((axes[at],), 1, right) if left == -1 else ((), left, 1))
            result.append(((axes[at],), 1, left) if right == -1 else ((), right, 1))
            at += 1
        elif code == 0:
            result.append(((axes[at],), 1, 1))
            at += 1
        else:
            result.append(None if code == -1 else ((), code, 1))
            at += 1
    return result


def _part(op, data, position, target):
    """A target as a number or an ONNX code; itself where its sizes vary."""
    if target is None:
        return -1
    if target == ((position,), 1, 1):
        return 0  # the same size in the same place
    known = [op.dims(data)[a] for a in target[0]]
    return target if None in known else math.prod(known) * target[1] // target[2]


def _size(op, data, part):
    if not isinstance(part, tuple):
        return op.constant([part], np.int64)
    axes, _, divisor = part
    size = sizes(op, data, axes)
    size = op.ReduceProd(size, axes=[0], keepdims=1) if len(axes) > 1 else size
    return size if divisor == 1 else op.Div(size, op.constant([divisor], np.int64))


@table.op("reshape_like")
def reshape_like(op, lhs, rhs, *, lhs_begin, lhs_end, rhs_begin, rhs_end):
    """Axes ``lhs_begin`` to ``lhs_end`` take the sizes of those of ``rhs``."""
    left, right = list(range(op.rank(lhs))), list(range(op.rank(rhs)))
    replaced = left[slice(lhs_begin, lhs_end)]
    begin = replaced[0] if replaced else slice(lhs_begin, lhs_end).indices(len(left))[0]
    parts = [
        (lhs, left[:begin]),
        (rhs, right[slice(rhs_begin, rhs_end)]),
        (lhs, left[begin + len(replaced) :]),
    ]
    vectors = [sizes(op, x, axes) for x, axes in parts if axes]
    return op.Reshape(lhs, op.Concat(*vectors, axis=0) if len(vectors) > 1 else vectors[0])


@table.op("transpose")
def transpose(op, data, *, axes):
    """Backwards without axes; the NumPy-style operator counts them from the end too."""
    if op.rank(data) < 2:
        return data
    return op.Transpose(data, perm=[op.axis(data, a) for a in axes or ()] or None)


@table.op("SwapAxis")
def swap_axis(op, data, *, dim1, dim2):
    perm = list(range(op.rank(data)))
    perm[dim1], perm[dim2] = perm[dim2], perm[dim1]
    return op.Transpose(data, perm=perm)


@table.op("_np_moveaxis")
def moveaxis(op, a, *, source, destination):
    """The axes that do not move stay in order around those that do."""
    to = {op.axis(a, d): op.axis(a, s) for s, d in zip(source, destination)}
    rest = iter(k for k in range(op.rank(a)) if k not in to.values())
    return op.Transpose(a, perm=[to[k] if k in to else next(rest) for k in range(op.rank(a))])


@table.op("expand_dims")
def expand_dims(op, data, *, axis):
    return op.Unsqueeze(data, axes=[axis if axis >= 0 else axis + op.rank(data) + 1])


@table.op("squeeze", limits="without axes all sizes must be known")
def squeeze(op, data, *, axis):
    axes = _axes_of_one(op, data, axis)
    if len(axes) == op.rank(data):
        return op.Reshape(data, shape=[1])  # no rank 0 in MXNet
    return op.Squeeze(data, axes=axes) if axes else data


@table.op("_np_squeeze", limits="without axes all sizes must be known")
def np_squeeze(op, a, *, axis):
    axes = _axes_of_one(op, a, axis)
    return op.Squeeze(a, axes=axes) if axes else a


def _axes_of_one(op, data, axis):
    if axis is None:
        if None in op.dims(data):
            raise TranslationError("squeeze without axes needs known sizes; name the axes")
        axis = [k for k, size in enumerate(op.dims(data)) if size == 1]
    return [op.axis(data, a) for a in axis]


@table.op("tile")
def tile(op, data, *, reps):
    extra = len(reps) - op.rank(data)
    if extra > 0:
        data = op.Unsqueeze(data, axes=range(extra))
    return op.Tile(data, repeats=[*[1] * max(-extra, 0), *reps])


@table.op("repeat")
def repeat(op, data, *, repeats, axis):
    """Each entry along ``axis`` several times; of the flattened data without one."""
    if axis is None:
        data, axis = op.Reshape(data, shape=[-1]), 0
    axis, rank = op.axis(data, axis), op.rank(data)
    behind = op.dims(data)[axis + 1 :]
    if None in behind:  # last, it can be merged whatever the other sizes are
        perm = list(range(rank))
        perm[axis], perm[-1] = rank - 1, axis
        return op.Transpose(
            repeat(op, op.Transpose(data, perm=perm), repeats=repeats, axis=rank - 1), perm=perm
        )
    times = [repeats if k == axis + 1 else 1 for k in range(rank + 1)]
    tiled = op.Tile(op.Unsqueeze(data, axes=[axis + 1]), repeats=times)
    return op.Reshape(tiled, shape=[*[0] * axis, -1, *behind])


@table.op("reverse")
def reverse(op, data, *, axis):
    last, whole = [-1] * len(axis), [-TO_THE_END] * len(axis)
    return op.Slice(data, starts=last, ends=whole, axes=axis, steps=last)


@table.op("_np_roll")
def roll(op, data, *, shift, axis):
    """What leaves an axis at its end enters at its beginning; without axes in the flat order."""
    if axis is None:
        flat = op.Reshape(data, shape=[-1])
        return op.Reshape(roll(op, flat, shift=shift, axis=(0,)), op.Shape(data))
    shifts = shift * len(axis) if len(shift) == 1 else shift
    for a, by in zip(axis, shifts):
        a = op.axis(data, a)
        size = op.dims(data)[a]
        if size is not None:
            places = op.constant(np.roll(np.arange(size), by), np.int64)
        else:
            places = op.Mod(op.Sub(positions(op, data, a), np.int64(by)), count(op, data, [a]))
        data = op.Gather(data, places, axis=a)
    return data


@table.op("_npi_rot90")
def rot90(op, data, *, k, axes):
    """Quarter turns from the first of two axes to the second."""
    first, second = (op.axis(data, a) for a in axes)
    turns = k % 4
    if turns in (1, 2):
        data = reverse(op, data, axis=[second])
    if turns == 2:
        return reverse(op, data, axis=[first])
    if turns % 2:
        data = swap_axis(op, data, dim1=first, dim2=second)
    return reverse(op, data, axis=[second]) if turns == 3 else data


@table.op("broadcast_axis")
def broadcast_axis(op, data, *, axis, size):
    shape = [1] * op.rank(data)
    for a, n in zip(axis, size):
        shape[a] = n
    return op.Expand(data, op.constant(shape, np.int64))


@table.op("broadcast_to")
def broadcast_to(op, data, *, shape):
    """A size of 0 stays as it is."""
    return op.Expand(data, op.constant([n or 1 for n in shape], np.int64))


@table.op("_npi_broadcast_to")
def npi_broadcast_to(op, array, *, shape):
    """The size -2 stays as it is."""
    return op.Expand(array, op.constant([1 if n == -2 else n for n in shape], np.int64))


@table.op("broadcast_like")
def broadcast_like(op, lhs, rhs, *, lhs_axes, rhs_axes):
    if not lhs_axes:
        return op.Expand(lhs, sizes(op, rhs, range(op.rank(rhs))))
    wanted = [op.constant([1], np.int64)] * op.rank(lhs)
    for left, right in zip(lhs_axes, rhs_axes):
        wanted[op.axis(lhs, left)] = sizes(op, rhs, [op.axis(rhs, right)])
    return op.Expand(lhs, op.Concat(*wanted, axis=0))


@table.op("shape_array")
def shape_array(op, data):
    return sizes(op, data, range(op.rank(data)))


@table.op("size_array")
def size_array(op, data):
    return op.Reshape(count(op, data, range(op.rank(data))), shape=[1])


@table.op("Pad")
def pad(op, data, *, mode, pad_width, constant_value):
    """Two numbers an axis, where ONNX has all beginnings first."""
    return op.Pad(
        data,
        pads=[*pad_width[::2], *pad_width[1::2]],
        mode=mode,
        constant_value=constant_value if mode == "constant" else None,
    )


@table.op("_npi_pad")
def npi_pad(op, data, *, mode, pad_width, constant_value):
    """A pair an axis; negative numbers cut."""
    if mode in ("constant", "edge", "reflect"):
        flat = [n for pair in pad_width for n in pair]
        return pad(op, data, mode=mode, pad_width=flat, constant_value=constant_value)
    for axis, (before, after) in enumerate(pad_width):
        if before or after:
            data = _extended(op, data, axis, before, after, mode)
    return data


def _extended(op, data, axis, before, after, mode):
    """One axis longer by its mirror, in which its ends come twice, or by its extreme."""
    if mode == "symmetric":
        ahead = op.Slice(data, starts=[before - 1], ends=[-TO_THE_END], axes=[axis], steps=[-1])
        behind = op.Slice(data, starts=[-1], ends=[-after - 1], axes=[axis], steps=[-1])
    else:
        op_type = "ReduceMax" if mode == "maximum" else "ReduceMin"
        extreme = carried(op, op_type, data, axes=[axis], keepdims=1)
        ahead, behind = (
            op.Tile(extreme, repeats=[n if k == axis else 1 for k in range(op.rank(data))])
            if n
            else None
            for n in (before, after)
        )
    parts = [ahead if before else None, data, behind if after else None]
    return op.Concat(*(p for p in parts if p), axis=axis)


@table.op("depth_to_space", limits=BLOCKS)
def depth_to_space(op, data, *, block_size):
    return op.DepthToSpace(data, blocksize=block_size)


@table.op("space_to_depth", limits=BLOCKS)
def space_to_depth(op, data, *, block_size):
    return op.SpaceToDepth(data, blocksize=block_size)
