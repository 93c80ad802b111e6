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
"""Shapes."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .dimensions import sizes

table = TranslationTable()


@table.op("Flatten")
def flatten(op, data):
    return data if op.rank(data) == 2 else op.Flatten(data)


@table.op("Reshape", ignores=("keep_highest",), limits="target_shape (before 0.9) is not covered")
def reshape(op, data, *, shape, reverse):
    if not reverse and all(code >= -1 for code in shape):
        return op.Reshape(data, shape=shape)  # the codes 0 and -1 mean the same in ONNX
    turn = (lambda v: list(v)[::-1]) if reverse else list
    targets = turn(target_sizes(turn(range(op.rank(data))), turn(shape)))
    parts = []
    for position, target in enumerate(targets):
        known = target and [op.dims(data)[a] for a in target[0]]
        if target is None:
            parts.append(-1)
        elif target == ((position,), 1, 1):
            parts.append(0)  # the same dimension in the same place
        else:
            parts.append(target if None in known else int(np.prod(known)) * target[1] // target[2])
    unknown = [i for i, p in enumerate(parts) if isinstance(p, tuple)]
    if len(unknown) == 1 and -1 not in parts:
        parts[unknown.pop()] = -1
    if not unknown:
        return op.Reshape(data, shape=parts)
    vector = [
        op.Div(
            op.ReduceProd(sizes(op, data, p[0]), axes=[0], keepdims=1),
            op.constant([p[2]], np.int64),
        )
        if isinstance(p, tuple)
        else op.constant([p], np.int64)
        for p in parts
    ]
    return op.Reshape(data, op.Concat(*vector, axis=0))


def target_sizes(axes, codes):
    """What MXNet's reshape codes ask for, a triple each: (axes, n, d) is the product of those axes * n / d; None is the rest."""
    result, at, codes = [], 0, list(codes)
    while codes:
        code = codes.pop(0)
        if code == -2:
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
        else:
            result.append(
                ((axes[at],), 1, 1) if code == 0 else None if code == -1 else ((), code, 1)
            )
            at += 1
    return result


@table.op("transpose")
def transpose(op, data, *, axes):
    return op.Transpose(data, perm=axes or None)


@table.op("SwapAxis")
def swap_axis(op, data, *, dim1, dim2):
    perm = list(range(op.rank(data)))
    perm[dim1], perm[dim2] = perm[dim2], perm[dim1]
    return op.Transpose(data, perm=perm)


@table.op("expand_dims")
def expand_dims(op, data, *, axis):
    return op.Unsqueeze(data, axes=[axis if axis >= 0 else axis + op.rank(data) + 1])


@table.op("squeeze")
def squeeze(op, data, *, axis):
    if not axis and None in op.dims(data):
        raise TranslationError("squeeze without axes needs known sizes")
    return op.Squeeze(data, axes=[op.axis(data, a) for a in axis] if axis else None)


@table.op("tile")
def tile(op, data, *, reps):
    extra = len(reps) - op.rank(data)
    if extra > 0:
        data = op.Unsqueeze(data, axes=range(extra))
    return op.Tile(data, repeats=[*[1] * max(-extra, 0), *reps])


@table.op("broadcast_like")
def broadcast_like(op, lhs, rhs, *, lhs_axes, rhs_axes):
    if not lhs_axes:
        return op.Expand(lhs, op.Shape(rhs))
    wanted = [op.constant([1], np.int64)] * op.rank(lhs)
    for left, right in zip(lhs_axes, rhs_axes):
        wanted[op.axis(lhs, left)] = sizes(op, rhs, [op.axis(rhs, right)])
    return op.Expand(lhs, op.Concat(*wanted, axis=0))


@table.op("Pad")
def pad(op, data, *, mode, pad_width, constant_value):
    return op.Pad(
        data,
        pads=[*pad_width[::2], *pad_width[1::2]],
        mode=mode,
        constant_value=constant_value if mode == "constant" else None,
    )


@table.op("broadcast_axis")
def broadcast_axis(op, data, *, axis, size):
    shape = [1] * op.rank(data)
    for a, n in zip(axis, size):
        shape[a] = n
    return op.Expand(data, op.constant(shape, np.int64))
