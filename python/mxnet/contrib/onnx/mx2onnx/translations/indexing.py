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
"""Slicing and gathering."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast
from .dimensions import sizes

table = TranslationTable()

TO_THE_END = 2**63 - 1


@table.op("slice_axis")
def slice_axis(op, data, *, axis, begin, end):
    return op.Slice(
        data, starts=[begin], ends=[TO_THE_END if end is None else end], axes=[op.axis(data, axis)]
    )


@table.op("slice")
def slice_(op, data, *, begin, end, step):
    step = [1 if s is None else s for s in (step or (1,) * len(begin))]
    starts = [(0 if s > 0 else TO_THE_END) if b is None else b for b, s in zip(begin, step)]
    ends = [(TO_THE_END if s > 0 else -TO_THE_END) if e is None else e for e, s in zip(end, step)]
    return op.Slice(data, starts=starts, ends=ends, axes=range(len(begin)), steps=step)


@table.op("slice_like")
def slice_like(op, data, shape_like, *, axes):
    axes = [op.axis(data, a) for a in axes] or list(range(op.rank(shape_like)))
    axes = [
        a for a in axes if op.dims(data)[a] is None or op.dims(data)[a] != op.dims(shape_like)[a]
    ]
    return (
        op.Slice(data, starts=[0] * len(axes), ends=sizes(op, shape_like, axes), axes=axes)
        if axes
        else data
    )


@table.op("Crop", ignores=("num_args",))
def crop(op, data, crop_like=None, *, offset, h_w, center_crop):
    wanted = op.constant(list(h_w), np.int64) if crop_like is None else sizes(op, crop_like, [2, 3])
    if (
        not center_crop
        and op.tensor(wanted)
        and tuple(op.tensor(wanted).read()) == op.dims(data)[2:]
    ):
        return data
    begin = op.constant(list(offset), np.int64)
    if center_crop:
        begin = op.Div(op.Sub(sizes(op, data, [2, 3]), wanted), op.constant(2, np.int64))
    return op.Slice(
        data,
        starts=begin,
        ends=op.Add(begin, wanted) if any(offset) or center_crop else wanted,
        axes=[2, 3],
    )


def indices(op, x, count, mode):
    """int64 indices from MXNet's, which may be of any dtype and out of range."""
    if mode == "wrap":
        return op.Mod(cast(op, x, np.int64), count)
    if op.dtype(x).kind in "iu" and op.opset < 12:  # neither Clip nor Max takes integers before
        return cast(op, op.Min(op.Max(cast(op, x, np.float64), 0), count - 1), np.int64)
    return cast(op, op.Clip(x, 0, count - 1), np.int64)


@table.op("take", limits="mode='raise' is not covered")
def take(op, a, indices_, *, axis, mode):
    count = op.dims(a)[op.axis(a, axis)]
    if count is None:
        raise TranslationError(f"the size of axis {axis} must be known")
    return op.Gather(a, indices(op, indices_, count, mode), axis=op.axis(a, axis))


@table.op("Embedding", ignores=("output_dim", "dtype", "sparse_grad"))
def embedding(op, data, weight, *, input_dim):
    return op.Gather(weight, indices(op, data, input_dim, "clip"), axis=0)
