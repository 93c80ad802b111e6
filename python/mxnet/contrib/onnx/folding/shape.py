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
"""Shapes: asked for, and changed."""

from __future__ import annotations

import math

import numpy as np

from .table import FoldingTable, bounded

table = FoldingTable()


@table.op("Shape", versions=(1, 13, 15, 19, 21, 23, 24, 25), measures=True)
def shape(data, *, start=0, end=None):
    return np.array(data.shape[start:end], np.int64)


@table.op("Size", versions=(1, 13, 19, 21, 23, 24, 25), measures=True)
def size(data):
    return np.array(math.prod(data.shape), np.int64)


@table.op("Reshape", versions=(1, 5, 13, 14, 19, 21, 23, 24, 25), ignores=("consumed_inputs",))
def reshape(data, *, shape, allowzero=0):
    """A size of 0 is that of the input at the same place, unless zeros are allowed."""
    return data.reshape([n or (0 if allowzero else data.shape[i]) for i, n in enumerate(shape)])


@table.op("Flatten", versions=(1, 9, 11, 13, 21, 23, 24, 25))
def flatten(input, *, axis):
    if not -input.ndim <= axis <= input.ndim:
        raise ValueError(f"axis {axis} of {input.ndim}")
    axis = axis if axis >= 0 else axis + input.ndim
    return input.reshape(math.prod(input.shape[:axis]), math.prod(input.shape[axis:]))


@table.op("Transpose", versions=(1, 13, 21, 23, 24, 25))
def transpose(data, *, perm=None):
    return data.transpose(perm)


@table.op("Unsqueeze", versions=(1, 11, 13, 21, 23, 24, 25))
def unsqueeze(data, *, axes):
    return np.expand_dims(data, axes if isinstance(axes, int) else tuple(axes))


@table.op("Squeeze", versions=(1, 11, 13, 21, 23, 24, 25))
def squeeze(data, *, axes=None):
    return np.squeeze(data, None if axes is None else tuple(axes))


@table.op("Expand", versions=(8, 13))
def expand(input, shape):
    wanted = np.broadcast_shapes(input.shape, tuple(map(int, shape)))
    return np.broadcast_to(input, wanted)  # a view: no memory yet


@table.op("Tile", versions=(6, 13))
def tile(input, repeats):
    """Version 1 repeats along one axis, given as tensor."""
    if len(repeats) != input.ndim:
        raise ValueError(f"{len(repeats)} repeats for {input.ndim} axes")
    bounded(a * b for a, b in zip(input.shape, map(int, repeats)))
    return np.tile(input, repeats)


@table.op("Pad", versions=(2, 11, 13, 18, 19, 21, 23, 24, 25))
def pad(data, *, pads, mode, value=0.0, constant_value=None, axes=None):
    """Begins come first, then ends; negative ones cut."""
    axes = range(data.ndim) if axes is None else axes
    if len(pads) != 2 * len(axes):
        raise ValueError(f"{len(pads)} pads for {len(axes)} axes")
    ends = dict(zip(axes, zip(pads[: len(pads) // 2], pads[len(pads) // 2 :])))
    widths = [ends.get(a, ends.get(a - data.ndim, (0, 0))) for a in range(data.ndim)]
    cut = tuple(slice(max(0, -b), n - max(0, -e)) for n, (b, e) in zip(data.shape, widths))
    grow = [(max(0, b), max(0, e)) for b, e in widths]
    bounded(n + b + e for n, (b, e) in zip(data[cut].shape, grow))
    if mode != "constant":
        _check_reach(data[cut].shape, grow, mode)
        return np.pad(data[cut], grow, mode=mode)
    fill = value if constant_value is None else constant_value
    return np.pad(data[cut], grow, constant_values=np.asarray(fill, data.dtype).reshape(()))


def _check_reach(shape, widths, mode):
    """What is repeated must be there; NumPy would reflect it again and again."""
    for size, (before, behind) in zip(shape, widths):
        most = size - 1 if mode == "reflect" else size
        if (mode == "reflect" and max(before, behind) > most) or (size == 0 and before + behind):
            raise ValueError(f"{mode} of {size} elements does not give {max(before, behind)} more")


@table.op("Trilu", versions=(14,))
def trilu(input, *, k=0, upper):
    k = k if isinstance(k, int) else k[0]
    return np.triu(input, k) if upper else np.tril(input, k)
