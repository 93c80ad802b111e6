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
"""Features of regions, upright and rotated, by maximum, mean or interpolation."""

from __future__ import annotations

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast
from .dimensions import sizes
from .elementwise import round_
from .interpolation import corners_of, image_sizes, pixel_rows, weighted
from .suppression import column, columns

table = TranslationTable()
#: ONNX Runtime has no kernels for regions from this opset on; other operators do the same there.
NO_KERNEL = 22


def _split(op, rois):
    """int64 index of each region's image (R,) and its numbers; four numbers are of image 0."""
    if op.dims(rois)[1] == 4:
        none = op.ConstantOfShape(sizes(op, rois, [0]), value=np.zeros(1, np.int64))
        return none, rois
    image = cast(op, cast(op, column(op, rois, 0), np.int32), np.int64)
    return image, columns(op, rois, 1, op.dims(rois)[1] - 1)


def _of_an_image(op, data, image):
    """Indices with 0 in place of those that no image has, and which regions these are."""
    zero = op.constant(0, np.int64)
    images = op.Squeeze(sizes(op, data, [0]), axes=[0])
    none = op.Or(op.Less(image, zero), op.Not(op.Less(image, images)))
    return op.Where(none, zero, image), none


def _zero_where(op, none, features):
    """Features (R, C, PH, PW), 0 of regions of no image: networks sum them over levels."""
    zero = op.constant(0, op.dtype(features))
    return op.Where(op.Unsqueeze(none, axes=[1, 2, 3]), zero, features)


def _cells(op, begin, length, count, size, from_begin):
    """Begins and ends (R, count), int64, of cells that overlap, cut to the image.

    ``from_begin``: whether cells are rounded where they lie, or counted from the region's begin.
    """
    dtype = op.dtype(begin)
    begin = op.Unsqueeze(begin, axes=[1])
    step = op.Unsqueeze(op.Div(length, op.constant(count, dtype)), axes=[1])
    bounds = []
    for offset, whole in ((0, op.Floor), (1, op.Ceil)):
        edge = op.Mul(step, op.constant(np.arange(count) + offset, dtype))
        edge = op.Add(whole(edge), begin) if from_begin else whole(op.Add(edge, begin))
        edge = op.Min(op.Max(edge, op.constant(0, dtype)), cast(op, size, dtype))
        bounds.append(cast(op, edge, np.int64))
    return bounds


@table.op("ROIPooling", limits=f"from opset {NO_KERNEL} on, and in float64, image sizes that vary")
def roi_pooling(op, data, rois, *, pooled_size, spatial_scale):
    """A region is (image, x1, y1, x2, y2), its last pixel included; cells without pixels are 0."""
    dtype = op.dtype(data)
    if op.opset < NO_KERNEL and dtype != np.float64:
        data, rois = cast(op, data, np.float32), cast(op, rois, np.float32)
        image, boxes = _split(op, rois)
        image, none = _of_an_image(op, data, image)
        rois = op.Concat(op.Unsqueeze(cast(op, image, np.float32), axes=[1]), boxes, axis=1)
        pooled = op.MaxRoiPool(data, rois, pooled_shape=pooled_size, spatial_scale=spatial_scale)
        return cast(op, _zero_where(op, none, pooled), dtype)
    if None in op.dims(data)[2:]:
        raise TranslationError(
            f"ONNX Runtime has MaxRoiPool in float32 up to opset {NO_KERNEL - 1}; what stands for "
            "it here needs known image sizes"
        )
    image, boxes = _split(op, rois)
    image, none = _of_an_image(op, data, image)
    bounds = []
    for axis, size in zip((1, 0), image_sizes(op, data)):
        begin, end = (
            round_(op, op.Mul(column(op, boxes, k), op.constant(np.float32(spatial_scale), dtype)))
            for k in (axis, axis + 2)
        )
        length = op.Max(op.Add(op.Sub(end, begin), op.constant(1, dtype)), op.constant(1, dtype))
        bounds.append(_cells(op, begin, length, pooled_size[1 - axis], size, from_begin=True))
    return _zero_where(op, none, _maximum(op, data, image, *bounds))


def _maximum(op, data, image, rows, columns_):
    """Maxima over cells, each of which is the union of at most four squares of a power of two.

    The maxima of all such squares are computed once, for all regions together.
    """
    _, channels, height, width = op.dims(data)
    levels = [n.bit_length() for n in (height, width)]
    pixels = op.Transpose(data, perm=[0, 2, 3, 1])
    tables = []
    for k in range(levels[0]):
        pixels = _doubled(op, pixels, 1, height, k)
        along_width = pixels
        for j in range(levels[1]):
            along_width = _doubled(op, along_width, 2, width, j)
            tables.append(along_width)
    squares = op.Concat(*(op.Reshape(t, shape=[1, -1, channels]) for t in tables), axis=0)
    squares = op.Reshape(squares, shape=[-1, channels])
    level_y, ends_y, empty_y = _spans(op, rows, levels[0])
    level_x, ends_x, empty_x = _spans(op, columns_, levels[1])
    level = op.Add(
        op.Unsqueeze(op.Mul(level_y, np.int64(levels[1])), axes=[2]),
        op.Unsqueeze(level_x, axes=[1]),
    )
    images = op.Squeeze(sizes(op, data, [0]), axes=[0])
    first = op.Add(op.Mul(level, images), op.Unsqueeze(image, axes=[1, 2]))
    first = op.Mul(first, np.int64(height * width))
    found = []
    for y in ends_y:
        line = op.Add(first, op.Unsqueeze(op.Mul(y, np.int64(width)), axes=[2]))
        found += [
            op.Gather(squares, op.Add(line, op.Unsqueeze(x, axes=[1])), axis=0) for x in ends_x
        ]
    empty = op.Or(op.Unsqueeze(empty_y, axes=[2]), op.Unsqueeze(empty_x, axes=[1]))
    result = op.Where(op.Unsqueeze(empty, axes=[3]), op.constant(0, op.dtype(data)), op.Max(*found))
    return op.Transpose(result, perm=[0, 3, 1, 2])


def _doubled(op, x, axis, size, k):
    """Maxima over 2**k places from those over half as many; what reaches out is never read."""
    if k == 0:
        return x
    ahead = np.minimum(np.arange(size) + 2 ** (k - 1), size - 1)
    return op.Max(x, op.Gather(x, op.constant(ahead, np.int64), axis=axis))


def _spans(op, bounds, levels):
    """Level (R, cells) of the largest power of two in each span, where it begins, and emptiness."""
    begin, end = bounds
    length = op.Sub(end, begin)
    empty = op.Less(length, np.int64(1))
    level = op.Mul(length, np.int64(0))
    for k in range(1, levels):
        level = op.Add(level, cast(op, op.Not(op.Less(length, np.int64(2**k))), np.int64))
    powers = op.Gather(op.constant(2 ** np.arange(levels), np.int64), level, axis=0)
    begin, end = (op.Where(empty, op.constant(0, np.int64), x) for x in (begin, end))
    last = op.Where(empty, op.constant(0, np.int64), op.Sub(end, powers))
    return level, (begin, last), empty


@table.op("_contrib_ROIAlign")
def roi_align(
    op, data, rois, *, pooled_size, spatial_scale, sample_ratio, position_sensitive, aligned
):
    """Means of interpolated samples; 0 for regions of image -1, undefined in MXNet on CPUs.

    From opset 22 on ONNX Runtime has no RoiAlign, and ``position_sensitive`` is none of its modes:
    there pixels are gathered.
    """
    if not position_sensitive and (16 if aligned else 0) <= op.opset < NO_KERNEL:
        image, boxes = _split(op, rois)
        image, none = _of_an_image(op, data, image)
        mode = None if op.opset < 16 or aligned else "output_half_pixel"
        features = op.RoiAlign(
            data,
            boxes,
            image,
            output_height=pooled_size[0],
            output_width=pooled_size[1],
            spatial_scale=spatial_scale,
            sampling_ratio=max(sample_ratio, 0),
            coordinate_transformation_mode=mode,
        )
        return _zero_where(op, none, features)
    dtype = op.dtype(data)
    data, rois = _in_floats(op, data), _in_floats(op, rois)
    image, boxes = _split(op, rois)
    image, none = _of_an_image(op, data, image)
    working = op.dtype(data)
    ends = op.Mul(boxes, op.constant(np.float32(spatial_scale), working))
    if aligned:
        ends = op.Sub(ends, op.constant(0.5, working))
    begins = columns(op, ends, 0, 2)
    lengths = op.Sub(columns(op, ends, 2, 2), begins)
    if not aligned:
        lengths = op.Max(lengths, op.constant(1, working))
    (x, grid_x), (y, grid_y) = (
        _samples(
            op, column(op, begins, k), column(op, lengths, k), pooled_size[1 - k], sample_ratio
        )
        for k in (0, 1)
    )
    y, x = op.Unsqueeze(y, axes=[2, 4]), op.Unsqueeze(x, axes=[1, 3])
    places, weights = _sampling(op, data, y, x, grid_y, grid_x, sample_ratio)
    if position_sensitive:
        features = _by_position(op, data, image, places, weights, pooled_size)
    else:
        features = _by_image(op, data, image, places, weights)
    return cast(op, _zero_where(op, none, features), dtype)


def _in_floats(op, x):
    """float16 is computed in float32, as ONNX Runtime lacks kernels."""
    return cast(op, x, np.float32) if op.dtype(x) == np.float16 else x


def _samples(op, begin, length, cells, ratio):
    """Places (R, cells, S) of samples, and how many there are a cell: a number each region.

    Where ``ratio`` leaves the number to the region's size, S is the largest.
    """
    dtype = op.dtype(begin)
    step = op.Div(length, op.constant(cells, dtype))
    if ratio > 0:
        grid = op.constant([ratio], dtype)
        numbers = op.constant(np.arange(ratio), dtype)
    else:
        grid = op.Ceil(step)
        most = cast(op, op.ReduceMax(grid, axes=[0], keepdims=0), np.int64)
        numbers = cast(op, op.Range(np.int64(0), most, np.int64(1)), dtype)
    step = op.Unsqueeze(step, axes=[1, 2])
    cell = op.Unsqueeze(op.constant(np.arange(cells), dtype), axes=[0, 2])
    first = op.Add(op.Unsqueeze(begin, axes=[1, 2]), op.Mul(cell, step))
    part = op.Mul(op.Unsqueeze(op.Add(numbers, op.constant(0.5, dtype)), axes=[0, 1]), step)
    return op.Add(first, op.Div(part, op.Unsqueeze(grid, axes=[1, 2]))), grid


def _sampling(op, data, y, x, grid_y, grid_x, ratio):
    """Pixels and weights (R, PH, PW, K) of the means of samples at y and x, both of rank 5.

    Samples more than a pixel outside count as 0, those nearer as the border.
    """
    dtype = op.dtype(data)
    height, width = image_sizes(op, data)
    places, weights = corners_of(op, y, x, height, width, outside="edge")
    count = op.Mul(grid_y, grid_x)
    outside = [_outside(op, y, height), _outside(op, x, width)]
    if ratio <= 0:
        for grid, axis, axes in ((grid_y, 3, [0, 1, 2, 4]), (grid_x, 4, [0, 1, 2, 3])):
            size = op.Gather(op.Shape(op.Add(y, x)), op.constant(axis, np.int64), axis=0)
            numbers = cast(op, op.Range(np.int64(0), size, np.int64(1)), dtype)
            limit = op.Unsqueeze(grid, axes=[1, 2, 3, 4])
            outside.append(op.Not(op.Less(op.Unsqueeze(numbers, axes=axes), limit)))
    none = outside[0]
    for other in outside[1:]:
        none = op.Or(none, other)
    share = op.Div(op.constant(1, dtype), op.Unsqueeze(count, axes=[1, 2, 3, 4]))
    share = op.Where(none, op.constant(0, dtype), share)
    weights = op.Mul(weights, op.Unsqueeze(share, axes=[5]))
    places = op.Expand(places, op.Shape(weights))
    return (op.Reshape(t, shape=[0, 0, 0, -1]) for t in (places, weights))


def _outside(op, at, size):
    dtype = op.dtype(at)
    before = op.Less(at, op.constant(-1, dtype))
    return op.Or(before, op.Greater(at, cast(op, size, dtype)))


def _by_image(op, data, image, places, weights):
    """(R, C, PH, PW) sums of pixels of each region's image."""
    height, width = image_sizes(op, data)
    first = op.Mul(image, op.Mul(height, width))
    places = op.Add(places, op.Unsqueeze(first, axes=[1, 2, 3]))
    return op.Transpose(weighted(op, pixel_rows(op, data), places, weights), perm=[0, 3, 1, 2])


def _by_position(op, data, image, places, weights, pooled_size):
    """The same where each cell has channels of its own."""
    cells = math.prod(pooled_size)
    channels = op.dims(data)[1]
    if channels is None:
        raise TranslationError("position_sensitive needs a known number of channels")
    own = np.arange(channels // cells * cells).reshape(-1, *pooled_size)
    return _by_channel(op, data, image, own, op.Unsqueeze(places, axes=[1]), weights)


def _by_channel(op, data, image, channels, places, weights):
    """Sums over K of pixels (R, 1 or C, PH, PW, K) of int ``channels`` (C, PH, PW)."""
    height, width = image_sizes(op, data)
    plane = op.Add(
        op.Unsqueeze(op.Mul(image, sizes(op, data, [1])), axes=[1, 2, 3]),
        op.constant(channels[np.newaxis], np.int64),
    )
    first = op.Mul(plane, op.Mul(height, width))
    places = op.Add(places, op.Unsqueeze(first, axes=[4]))
    values = op.Gather(op.Reshape(data, shape=[-1]), places, axis=0)
    if op.rank(weights) < 5:
        weights = op.Unsqueeze(weights, axes=[1])
    return op.ReduceSum(op.Mul(values, weights), axes=[4], keepdims=0)


@table.op("_contrib_RROIAlign")
def rotated_roi_align(op, data, rois, *, pooled_size, spatial_scale, sampling_ratio):
    """A region is (image, middle x, middle y, width, height, degrees)."""
    dtype = op.dtype(data)
    data, rois = _in_floats(op, data), _in_floats(op, rois)
    working = op.dtype(data)
    image, boxes = _split(op, rois)
    scaled = op.Mul(columns(op, boxes, 0, 4), op.constant(np.float32(spatial_scale), working))
    lengths = op.Max(columns(op, scaled, 2, 2), op.constant(1, working))
    begins = op.Div(lengths, op.constant(-2, working))
    (x, grid_x), (y, grid_y) = (
        _samples(
            op, column(op, begins, k), column(op, lengths, k), pooled_size[1 - k], sampling_ratio
        )
        for k in (0, 1)
    )
    y, x = op.Unsqueeze(y, axes=[2, 4]), op.Unsqueeze(x, axes=[1, 3])
    radians = op.Mul(column(op, boxes, 4), op.constant(math.pi / 180, working))
    middle_x, middle_y, cosine, sine = (
        op.Unsqueeze(t, axes=[1, 2, 3, 4])
        for t in (column(op, scaled, 0), column(op, scaled, 1), op.Cos(radians), op.Sin(radians))
    )
    turned_x = op.Add(op.Add(op.Mul(x, cosine), op.Mul(y, sine)), middle_x)
    turned_y = op.Add(op.Sub(op.Mul(y, cosine), op.Mul(x, sine)), middle_y)
    sampling = _sampling(op, data, turned_y, turned_x, grid_y, grid_x, sampling_ratio)
    return cast(op, _by_image(op, data, image, *sampling), dtype)


def _pixels_and_a_tenth(op, rois, scale):
    """Begins and lengths (R, 2) of regions rounded to pixels, their last included, at least 0.1."""
    dtype = op.dtype(rois)
    first, last = round_(op, columns(op, rois, 0, 2)), round_(op, columns(op, rois, 2, 2))
    begins = op.Mul(first, op.constant(np.float32(scale), dtype))
    ends = op.Mul(op.Add(last, op.constant(1, dtype)), op.constant(np.float32(scale), dtype))
    return begins, ends


def _group_channels(output_dim, group_size, pooled_size):
    """int (output_dim, pooled_size, pooled_size): the channel that each cell reads."""
    group = np.clip(np.arange(pooled_size) * group_size // pooled_size, 0, group_size - 1)
    top = np.arange(output_dim)[:, np.newaxis, np.newaxis] * group_size
    return (top + group[:, np.newaxis]) * group_size + group


@table.op("_contrib_PSROIPooling")
def position_sensitive_pooling(
    op, data, rois, *, spatial_scale, output_dim, pooled_size, group_size
):
    """Means over cells, from sums over all that lies above and left, kept in float64."""
    dtype = op.dtype(data)
    rois = _in_floats(op, rois)
    working = op.dtype(rois)
    image, boxes = _split(op, rois)
    begins, ends = _pixels_and_a_tenth(op, boxes, spatial_scale)
    lengths = op.Max(op.Sub(ends, begins), op.constant(np.float32(0.1), working))
    height, width = image_sizes(op, data)
    y, x = (
        _cells(op, column(op, begins, k), column(op, lengths, k), pooled_size, size, False)
        for k, size in ((1, height), (0, width))
    )
    total = cast(op, data, np.float64)
    for axis in (2, 3):
        total = op.CumSum(total, np.int64(axis))
    total = op.Pad(total, pads=[0, 0, 1, 1, 0, 0, 0, 0])
    across = op.Add(width, np.int64(1))
    places = op.Concat(
        *(
            op.Unsqueeze(
                op.Add(op.Unsqueeze(op.Mul(row, across), axes=[2]), op.Unsqueeze(col, axes=[1])),
                axes=[1, 4],
            )
            for row in y
            for col in x
        ),
        axis=4,
    )
    channels = _group_channels(output_dim, group_size or pooled_size, pooled_size)
    signs = op.constant([[[[[1, -1, -1, 1]]]]], np.float64)
    sums = _by_channel(op, total, image, channels, places, signs)
    area = op.Mul(
        op.Unsqueeze(op.Sub(y[1], y[0]), axes=[2]), op.Unsqueeze(op.Sub(x[1], x[0]), axes=[1])
    )
    empty = op.Or(
        op.Unsqueeze(op.Less(op.Sub(y[1], y[0]), np.int64(1)), axes=[2]),
        op.Unsqueeze(op.Less(op.Sub(x[1], x[0]), np.int64(1)), axes=[1]),
    )
    empty, area = op.Unsqueeze(empty, axes=[1]), op.Unsqueeze(cast(op, area, np.float64), axes=[1])
    return cast(op, op.Where(empty, op.constant(0, np.float64), op.Div(sums, area)), dtype)


@table.op("_contrib_DeformablePSROIPooling")
def deformable_position_sensitive_pooling(
    op,
    data,
    rois,
    trans=None,
    *,
    spatial_scale,
    output_dim,
    group_size,
    pooled_size,
    part_size,
    sample_per_part,
    trans_std,
    no_trans,
):
    """Means of interpolated samples; parts of a region are moved by ``trans`` times its size."""
    dtype = op.dtype(data)
    data, rois = _in_floats(op, data), _in_floats(op, rois)
    working = op.dtype(data)
    image, boxes = _split(op, rois)
    begins, ends = _pixels_and_a_tenth(op, boxes, spatial_scale)
    half = op.constant(0.5, working)
    begins, ends = op.Sub(begins, half), op.Sub(ends, half)
    lengths = op.Max(op.Sub(ends, begins), op.constant(np.float32(0.1), working))
    moves, classes = (None, None), 1
    if not no_trans:
        moves, classes = _moves(
            op, _in_floats(op, trans), part_size or pooled_size, pooled_size, trans_std
        )
    x, y = (
        _moved_samples(
            op,
            column(op, begins, k),
            column(op, lengths, k),
            moves[k],
            pooled_size,
            sample_per_part,
            k,
        )
        for k in (0, 1)
    )
    height, width = image_sizes(op, data)
    places, weights = corners_of(op, y, x, height, width, outside="edge")
    outside = op.Or(_beyond(op, y, height, half), _beyond(op, x, width, half))
    inside = cast(op, op.Not(outside), working)
    count = op.Max(op.ReduceSum(inside, axes=[4, 5], keepdims=1), op.constant(1, working))
    weights = op.Mul(weights, op.Unsqueeze(op.Div(inside, count), axes=[6]))
    places = op.Expand(places, op.Shape(weights))
    each = op.constant(np.arange(output_dim) // (output_dim // classes), np.int64)
    places, weights = (
        op.Gather(op.Reshape(t, shape=[0, 0, 0, 0, -1]), each, axis=1) for t in (places, weights)
    )
    channels = _group_channels(output_dim, group_size, pooled_size)
    return cast(op, _by_channel(op, data, image, channels, places, weights), dtype)


def _moves(op, trans, part_size, pooled_size, trans_std):
    """Moves in x and y, (R, classes, PH, PW) both, and the number of classes."""
    dims = op.dims(trans)
    if dims[1] is None:
        raise TranslationError("trans needs a known number of channels")
    part = np.floor(np.arange(pooled_size, dtype=np.float32) / pooled_size * part_size)
    for axis in (2, 3):
        trans = op.Gather(trans, op.constant(part, np.int64), axis=axis)
    trans = op.Mul(trans, op.constant(np.float32(trans_std), op.dtype(trans)))
    pairs = op.Reshape(trans, shape=[-1, dims[1] // 2, 2, pooled_size, pooled_size])
    return [op.Gather(pairs, op.constant(k, np.int64), axis=2) for k in (0, 1)], dims[1] // 2


def _moved_samples(op, begin, length, move, cells, samples, axis):
    """Places along x (``axis`` 0) or y, of rank 6: region, class, cell (2), sample (2)."""
    dtype = op.dtype(begin)
    step = op.Div(length, op.constant(cells, dtype))
    part = op.Div(step, op.constant(samples, dtype))
    begin, length, step, part = (
        op.Unsqueeze(t, axes=[1, 2, 3, 4, 5]) for t in (begin, length, step, part)
    )
    shape = [1] * 6
    shape[3 - axis] = cells
    at = op.Add(op.Mul(op.constant(np.arange(cells).reshape(shape), dtype), step), begin)
    if move is not None:
        at = op.Add(at, op.Mul(op.Unsqueeze(move, axes=[4, 5]), length))
    shape = [1] * 6
    shape[5 - axis] = samples
    return op.Add(at, op.Mul(op.constant(np.arange(samples).reshape(shape), dtype), part))


def _beyond(op, at, size, half):
    before = op.Less(at, op.Neg(half))
    return op.Or(before, op.Greater(at, op.Sub(cast(op, size, op.dtype(at)), half)))
