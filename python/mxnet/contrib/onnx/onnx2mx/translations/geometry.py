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
"""Images read at places that are computed."""

from __future__ import annotations

import dataclasses

import numpy as np

from ...translation import TranslationTable
from ..values import Dim, product
from . import resampling
from .axes import emptiness
from .comparison import where
from .precision import cast
from .resampling import extent, number

table = TranslationTable()

MODES = {
    "nearest": resampling.nearest,
    "linear": resampling.linear,
    "bilinear": resampling.linear,
    "cubic": resampling.cubic,
    "bicubic": resampling.cubic,
}


@table.op("GridSample", versions=(16, 20, 22))
def grid_sample(op, x, grid, *, mode, padding_mode, align_corners):
    """The last axis of the grid holds places in the order of the axes reversed: x before y."""
    space = x.rank - 2
    if mode not in MODES or padding_mode not in ("zeros", "border", "reflection"):
        op.fail(f"mode '{mode}' with padding_mode '{padding_mode}' is not known")
    if space < 1 or grid.rank != space + 2 or grid.shape[-1] != space:
        op.fail(f"a grid of {grid.shape} does not fit a tensor of {x.shape}")
    none = emptiness(op, (*x.shape[:2], *grid.shape[1:-1]), x.dtype)
    if none is not None:
        return none
    wide = np.float64 if np.float64 in (grid.dtype, x.dtype) else np.float32
    shape, points = grid.shape[1:-1], product(grid.shape[1:-1])
    places = cast(op, op.reshape(grid, (grid.shape[0], points, space)), wide)
    found = []
    for axis in range(space):
        place = op.cut(places, 2, space - 1 - axis, space - axis)
        place = op.reshape(place, (grid.shape[0], points))
        size = extent(op, x, 2 + axis, wide)
        found.append((*_placed(op, place, size, mode, padding_mode, align_corners), size))
    if _fits_sampler(x, wide, mode):
        return _by_sampler(op, x, found, padding_mode, shape)
    taps = [_taps(op, *each, mode, padding_mode) for each in found]
    y = resampling.interpolated(op, cast(op, x, _stage(x.dtype, mode)), taps)
    return cast(op, op.reshape(y, (*x.shape[:2], *shape)), x.dtype)


def _fits_sampler(x, wide, mode):
    """Whether MXNet's sampler does it: images of known sizes, between whose elements it mixes."""
    known = not any(isinstance(n, Dim) or n < 2 for n in x.shape[2:])
    return MODES[mode] is resampling.linear and x.rank == 4 and x.dtype == wide and known


def _by_sampler(op, x, found, padding_mode, shape):
    """MXNet's sampler takes places from -1 to 1, x before y, and zeros for what lies outside."""
    lines = []
    for place, _, _, size in reversed(found):
        last = op._npi_subtract(size, number(op, 1, size))
        if padding_mode != "zeros":
            place = resampling.clamped(op, place, number(op, 0, place), last)
        place = op._npi_true_divide(op._npi_add(place, place), last)
        lines.append(op._npi_subtract(place, number(op, 1, place)))
    grid = op.reshape(op._npi_stack(*lines, axis=1, num_args=2), (x.shape[0], 2, *shape))
    return op.BilinearSampler(x, grid)


def _stage(dtype, mode):
    """Element type that values are mixed in."""
    if dtype in (np.float32, np.float64):
        return dtype
    if mode == "nearest":
        return np.dtype("uint8") if dtype.kind == "b" else dtype
    return np.dtype(np.float64 if dtype.kind in "iu" and dtype.itemsize > 2 else np.float32)


def _placed(op, place, size, mode, padding_mode, align_corners):
    """Places in elements, and the ends of the axis.

    -1 and 1 are its outermost elements, or their outer edges.
    """
    one, half = number(op, 1, place), number(op, 0.5, place)
    place, last = op._npi_add(place, one), op._npi_subtract(size, one)
    if align_corners:
        place = op._npi_multiply(op._npi_multiply(place, half), last)
        low, high = number(op, 0, place), last
    else:
        place = op._npi_multiply(op._npi_subtract(op._npi_multiply(place, size), one), half)
        low, high = number(op, -0.5, place), op._npi_subtract(size, half)
    if mode == "nearest":
        place = op._npi_around(place)
    if padding_mode == "border" and MODES[mode] is not resampling.cubic:
        inside = resampling.is_inside(op, place, low, high)
        nearest = resampling.clamped(op, place, number(op, 0, place), last)
        place = where(op, inside, place, nearest)
    elif padding_mode == "reflection":
        place = resampling.reflected(op, place, low, high)
    return place, low, high


def _taps(op, place, low, high, size, mode, padding_mode):
    taps = MODES[mode](op, place)
    if padding_mode == "zeros":
        return resampling.within(op, taps, size)
    if padding_mode == "reflection":
        index = resampling.reflected(op, taps.index, low, high)
        return dataclasses.replace(taps, index=index)
    return taps
