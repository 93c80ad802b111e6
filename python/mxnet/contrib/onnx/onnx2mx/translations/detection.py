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
"""Regions of images, pooled."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from ..values import Tensor
from . import resampling
from .axes import emptiness
from .comparison import where
from .precision import cast, without_float16
from .resampling import Taps, extent, number

table = TranslationTable()

MODES = ("half_pixel", "output_half_pixel")
#: A place that no image has.
BEYOND = -2


@table.op("RoiAlign", versions=(10,))
def roi_align_10(
    op, x, rois, batch_indices, *, mode, output_height, output_width, sampling_ratio, spatial_scale
):
    """Without the shift by half an element."""
    return roi_align_16(
        op,
        x,
        rois,
        batch_indices,
        mode=mode,
        output_height=output_height,
        output_width=output_width,
        sampling_ratio=sampling_ratio,
        spatial_scale=spatial_scale,
        coordinate_transformation_mode="output_half_pixel",
    )


@table.op(
    "RoiAlign",
    versions=(16, 22),
    limits="with sampling_ratio=0, mode max is run at once only, not in Symbols, and mode avg cuts "
    "regions off that reach farther than two images and 2,048 elements",
)
def roi_align_16(
    op,
    x,
    rois,
    batch_indices,
    *,
    coordinate_transformation_mode,
    mode,
    output_height,
    output_width,
    sampling_ratio,
    spatial_scale,
):
    """By MXNet's operator where it averages; the largest by the elements themselves."""
    if mode not in ("avg", "max") or coordinate_transformation_mode not in MODES:
        op.fail(f"mode '{mode}' with '{coordinate_transformation_mode}' is not known")
    if x.rank != 4 or rois.rank != 2 or rois.shape[-1] != 4:
        op.fail(f"rois of {rois.shape} for an image of {x.shape}")
    size, aligned = (output_height, output_width), coordinate_transformation_mode == "half_pixel"
    none = emptiness(op, (rois.shape[0], x.shape[1], *size), x.dtype)
    if none is not None:
        return none

    def compute(x, rois):
        batch = _inside(op, cast(op, batch_indices, x.dtype), x)
        if mode == "max":
            shift = 0.5 if aligned else 0
            return _largest(op, x, batch, rois, size, sampling_ratio, spatial_scale, shift)
        return _average(op, x, batch, rois, size, sampling_ratio, spatial_scale, aligned)

    return without_float16(op, compute, x, rois)


def _inside(op, batch, x):
    """Indices of images that are there: MXNet reads wherever they say."""
    last = op._npi_subtract(extent(op, x, 0, batch.dtype), number(op, 1, batch))
    return resampling.clamped(op, batch, number(op, 0, batch), last)


#: Least side of a region, in roundings of its place: MXNet ends the process at 0.
LEAST_SIDE = 4
#: Where regions are cut off, in elements: everywhere; and at least, if all elements are samples.
FARTHEST, LEAST_REACH = 2.0**24, 2048


def _reach(op, x, rois, scale):
    """How far regions may reach that are read at every element: it is memory before it is time."""
    sides = [extent(op, x, axis, rois.dtype) for axis in (2, 3)]
    twice = op._npi_multiply(op._npi_maximum(*sides), number(op, 2, rois))
    reach = op._npi_maximum(twice, number(op, LEAST_REACH, rois))
    return op._npi_true_divide(reach, number(op, scale, rois))


def _bounded(op, places, most):
    """Places within ``most`` of 0, and 0 for NaN: infinite ones end the process."""
    zero = number(op, 0, places)
    places = where(op, op._npi_isnan(places), zero, places)
    most = most if isinstance(most, Tensor) else number(op, most, places)
    return resampling.clamped(op, places, op._npi_subtract(zero, most), most)


def _average(op, x, batch, rois, size, ratio, scale, aligned):
    """Regions whose ends are exchanged are read backwards; without a ratio they have no samples."""
    rois = _bounded(op, rois, FARTHEST if ratio else _reach(op, x, rois, scale))
    if scale > 1:  # which MXNet has not
        rois, scale = op._npi_multiply(rois, number(op, scale, rois)), 1.0
    first, second = op.cut(rois, 1, 0, 2), op.cut(rois, 1, 2, 4)
    low, high = first, second
    if aligned:
        low, high = op._npi_minimum(first, second), op._npi_maximum(first, second)
        least = op._npi_add(op._npi_absolute(low), number(op, 1 / scale, low))
        least = op._npi_multiply(least, number(op, LEAST_SIDE * np.finfo(low.dtype).eps, low))
        high = op._npi_maximum(high, op._npi_add(low, least))
    y = op._contrib_ROIAlign(
        x,
        op.Concat(op.expand_dims(batch, axis=1), low, high, dim=1, num_args=3),
        pooled_size=size,
        spatial_scale=scale,
        sample_ratio=ratio or -1,
        aligned=aligned,
    )
    if not aligned:
        return y
    return _exchanged(op, y, first, second, ratio)


def _exchanged(op, y, first, second, ratio):
    """The pooled regions whose first ends lie behind the second ones; mostly there is none."""
    ends = op.known(first), op.known(second)
    if ends[0] is not None and not (ends[0] >= ends[1]).any():
        return y
    compare = op._npi_greater if ratio else op._npi_greater_equal
    odd = cast(op, compare(first, second), y.dtype)
    even = op._npi_subtract(number(op, 1, y), odd)
    for k in range(2):  # x, y
        wrong, right = (
            op.reshape(op.cut(t, 1, k, k + 1), (y.shape[0], 1, 1, 1)) for t in (odd, even)
        )
        turned = op._npi_multiply(op.reverse(y, axis=3 - k), wrong) if ratio else None
        y = op._npi_multiply(y, right)
        y = y if turned is None else op._npi_add(y, turned)
    return y


def _largest(op, x, batch, rois, size, ratio, scale, shift):
    """Of every bin the largest share that any element has in any of its samples."""
    axes = []
    for axis, count in enumerate(size):
        ends = (_column(op, rois, k, scale, shift) for k in (1 - axis, 3 - axis))
        axes.append(_samples(op, x, axis + 2, *ends, count, ratio, rigid=not shift))
    (rows, samples_y), (columns, samples_x) = axes
    rows, columns = _crossed(op, rows, columns, 3), _crossed(op, columns, rows, 2)
    values = resampling.interpolated(op, x, [rows, columns], batch=batch, join=op._np_max)
    shape = rois.shape[0], x.shape[1], size[0], samples_y, size[1], samples_x
    return op._np_max(op.reshape(values, shape), axis=(3, 5))


def _column(op, rois, k, scale, shift):
    """One of the four coordinates of every region, as a column, in elements of ``x``."""
    place = op._npi_multiply(op.cut(rois, 1, k, k + 1), number(op, scale, rois))
    return op._npi_subtract(place, number(op, shift, rois))


def _samples(op, x, axis, start, end, bins, ratio, rigid):
    """Taps (2, regions, bins * samples) at the samples along one axis, and the samples a bin."""
    length = op._npi_subtract(end, start)
    if rigid:
        length = op._npi_maximum(length, number(op, 1, length))
    width = op._npi_true_divide(length, number(op, bins, length))
    most, count, none = ratio, number(op, ratio, width), None
    if not ratio:  # as many as the bin has elements; the last one is taken again up to the most
        known = op.known(width)
        if known is None:
            op.fail("mode 'max' with sampling_ratio=0 takes as many samples as the rois need")
        none = op.constant(np.ceil(known) < 1)
        counts = np.maximum(np.ceil(known), 1).astype(known.dtype)
        most, count = int(counts.max()), op.constant(counts)
    order = op.constant(np.tile(np.arange(most), bins)[None].astype(width.dtype))
    bin_ = op.constant(np.repeat(np.arange(bins), most)[None].astype(width.dtype))
    order = op._npi_minimum(order, op._npi_subtract(count, number(op, 1, width)))
    part = op._npi_true_divide(op._npi_add(order, number(op, 0.5, width)), count)
    place = op._npi_add(start, op._npi_multiply(op._npi_add(bin_, part), width))
    if none is not None:
        place = where(op, none, number(op, BEYOND, place), place)
    return _taps(op, place, extent(op, x, axis, place.dtype)), most


def _taps(op, place, size):
    """Places up to one element outside count as those at the edge, others as zero."""
    zero, one = number(op, 0, place), number(op, 1, place)
    inside = resampling.is_inside(op, place, number(op, -1, place), size)
    last = op._npi_subtract(size, one)
    taps = resampling.linear(op, resampling.clamped(op, place, zero, last))
    inside = op.reshape(inside, (1, *inside.shape))
    return Taps(taps.index, taps.share, op.expand(inside, taps.index.shape))


def _crossed(op, taps, others, axis):
    """Taps of one axis repeated for all places of the other, which is laid along ``axis``."""
    index = taps.index
    shape = list(index.shape)
    points = shape[2] * others.index.shape[2]
    wide = (
        [*shape[:2], others.index.shape[2], shape[2]]
        if axis == 2
        else [*shape, others.index.shape[2]]
    )

    def repeated(tensor):
        tensor = op.expand(op.expand_dims(tensor, axis=axis), wide)
        return op.reshape(tensor, (*shape[:2], points))

    return Taps(*map(repeated, (index, taps.share, taps.inside)))


@table.op("MaxRoiPool", versions=(1, 22))
def max_roi_pool(op, x, rois, *, pooled_shape, spatial_scale):
    if x.rank != 4 or rois.rank != 2 or rois.shape[-1] != 5 or len(pooled_shape) != 2:
        op.fail(f"rois of {rois.shape} into {pooled_shape} for an image of {x.shape}")
    none = emptiness(op, (rois.shape[0], x.shape[1], *pooled_shape), x.dtype)
    if none is not None:
        return none

    def compute(x, rois):
        batch, boxes = op.cut(rois, 1, 0, 1), _bounded(op, op.cut(rois, 1, 1, 5), FARTHEST)
        scale = min(spatial_scale, 1.0)
        if spatial_scale > 1:  # which MXNet has not
            boxes = op._npi_multiply(boxes, number(op, spatial_scale, boxes))
        rois = op.Concat(_inside(op, batch, x), boxes, dim=1, num_args=2)
        return op.ROIPooling(x, rois, pooled_size=tuple(pooled_shape), spatial_scale=scale)

    return without_float16(op, compute, x, rois)
