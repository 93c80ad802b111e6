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
"""Sampling at computed places: grids, deformable convolutions."""

from __future__ import annotations

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast
from .dimensions import positions, sizes
from .interpolation import corners_of, image_sizes, pixel_rows, weighted
from .suppression import scalar

table = TranslationTable()
#: GridSample is in ONNX from here on.
GRID_SAMPLE = 16


@table.op("BilinearSampler", ignores=("cudnn_off",))
def bilinear_sampler(op, data, grid):
    """The grid has x in its first channel, y in its second, -1 to 1 between middles of pixels."""
    if op.opset >= (20 if op.dtype(data) == np.float64 else GRID_SAMPLE):
        return op.GridSample(
            data,
            op.Transpose(grid, perm=[0, 2, 3, 1]),
            align_corners=1,
            mode="linear" if op.opset >= 20 else "bilinear",
            padding_mode="zeros",
        )
    dtype = op.dtype(data)
    height, width = image_sizes(op, data)
    x, y = (
        op.Mul(
            op.Add(op.Gather(grid, op.constant(k, np.int64), axis=1), op.constant(1, dtype)),
            op.Div(op.Sub(cast(op, size, dtype), op.constant(1, dtype)), op.constant(2, dtype)),
        )
        for k, size in ((0, width), (1, height))
    )
    places, weights = corners_of(op, y, x, height, width, outside="zero")
    first = op.Mul(positions(op, data, 0), op.Mul(height, width))
    places = op.Add(places, op.Unsqueeze(first, axes=[1, 2, 3]))
    return op.Transpose(weighted(op, pixel_rows(op, data), places, weights), perm=[0, 3, 1, 2])


@table.op("GridGenerator")
def grid_generator(op, data, *, transform_type, target_shape):
    """Places for BilinearSampler from affine matrices (B, 6), or from flow in pixels."""
    if transform_type == "affine":
        return _affine_grid(op, data, target_shape)
    dtype = op.dtype(data)
    one, two = op.constant(1, dtype), op.constant(2, dtype)
    shares = []
    for channel, axis in ((0, 3), (1, 2)):
        flow = op.Slice(data, starts=[channel], ends=[channel + 1], axes=[1])
        at = positions(op, data, axis, dtype)
        moved = op.Add(flow, at if axis == 3 else op.Unsqueeze(at, axes=[1]))
        half = op.Div(op.Sub(cast(op, scalar(op, data, axis), dtype), one), two)
        shares.append(op.Sub(op.Div(moved, half), one))
    return op.Concat(*shares, axis=1)


def _affine_grid(op, data, target_shape):
    """(B, 2, height, width) from matrices (B, 6) of (x, y, 1)."""
    if len(target_shape) != 2 or min(target_shape) < 2:
        raise TranslationError(f"target_shape {target_shape} is none with two sides of 2 or more")
    dtype, (height, width) = op.dtype(data), target_shape
    x = np.arange(width) * np.float32(2 / (width - 1)) - 1
    y = np.arange(height) * np.float32(2 / (height - 1)) - 1
    grid = np.stack([*np.meshgrid(x, y), np.ones((height, width))]).reshape(3, -1)
    places = op.MatMul(op.Reshape(data, shape=[-1, 2, 3]), op.constant(grid, dtype))
    return op.Reshape(places, shape=[-1, 2, height, width])


@table.op("SpatialTransformer", ignores=("cudnn_off", "transform_type", "sampler_type"))
def spatial_transformer(op, data, loc, *, target_shape):
    """The one transform and the one sampler that there are: affine, bilinear."""
    return bilinear_sampler(op, data, _affine_grid(op, loc, target_shape))


@table.op("_contrib_DeformableConvolution", ignores=("workspace", "no_bias", "layout"))
def deformable_convolution(
    op, data, offset, weight, bias=None, *, kernel, stride, dilate, pad, num_filter, num_group,
    num_deformable_group,
):  # fmt: skip
    """Places outside of the image are 0, those past the middle of its last pixel are that pixel.

    ONNX's DeformConv fades there to both sides, so that pixels are gathered at every opset.
    """
    return _deformable(
        op, data, offset, None, weight, bias, kernel, stride, dilate, pad, num_filter, num_group,
        num_deformable_group,
    )  # fmt: skip


@table.op(
    "_contrib_ModulatedDeformableConvolution",
    ignores=("workspace", "no_bias", "im2col_step", "layout"),
)
def modulated_deformable_convolution(
    op, data, offset, mask, weight, bias=None, *, kernel, stride, dilate, pad, num_filter,
    num_group, num_deformable_group,
):  # fmt: skip
    """DeformConv, which ONNX has since opset 19; before it pixels are gathered."""
    if op.opset >= 19:
        return op.DeformConv(
            data,
            weight,
            offset,
            bias,
            mask,
            kernel_shape=kernel,
            strides=stride or [1, 1],
            dilations=dilate or [1, 1],
            pads=[*pad, *pad] or [0] * 4,
            group=num_group,
            offset_group=num_deformable_group,
        )
    return _deformable(
        op, data, offset, mask, weight, bias, kernel, stride, dilate, pad, num_filter, num_group,
        num_deformable_group,
    )  # fmt: skip


def _deformable(
    op, data, offset, mask, weight, bias, kernel, stride, dilate, pad, num_filter, num_group, groups
):  # fmt: skip
    """Columns of interpolated pixels, times the weights as a matrix."""
    if len(kernel) != 2:
        raise TranslationError(f"kernel {kernel} is not of two axes")
    cells = math.prod(kernel)
    y, x = _places(op, offset, kernel, stride, dilate, pad, groups)
    height, width = image_sizes(op, data)
    zero = op.constant(0, op.dtype(data))
    places, weights = corners_of(op, y, x, height, width, "zero" if mask is not None else "edge")
    if mask is not None:
        grid = sizes(op, offset, [2, 3])
        inside = op.Reshape(mask, op.Concat([-1, groups, cells], grid, axis=0))
        weights = op.Mul(weights, op.Unsqueeze(inside, axes=[5]))
    else:
        outside = op.Or(_off(op, y, height, zero), _off(op, x, width, zero))
        weights = op.Where(op.Unsqueeze(outside, axes=[5]), zero, weights)
    first = op.Mul(positions(op, data, 0), op.Mul(height, width))
    rows = op.Add(places, op.Unsqueeze(first, axes=[1, 2, 3, 4, 5]))
    own = op.constant(np.arange(groups).reshape(-1, 1, 1, 1, 1), np.int64)
    rows = op.Add(op.Mul(rows, np.int64(groups)), own)
    columns = weighted(op, pixel_rows(op, data, groups), rows, weights)
    # (B, groups, cells, H, W, C / groups): channels ahead of cells, as the weights have them
    columns = op.Transpose(columns, perm=[0, 3, 4, 1, 5, 2])
    return _product(op, columns, weight, bias, offset, num_filter, num_group)


def _off(op, at, size, zero):
    return op.Or(op.Less(at, zero), op.Not(op.Less(at, cast(op, size, op.dtype(at)))))


def _places(op, offset, kernel, stride, dilate, pad, groups):
    """Where each cell of each window looks: y and x (B, groups, cells, H, W)."""
    dtype = op.dtype(offset)
    shape = op.Concat([-1, groups, math.prod(kernel), 2], sizes(op, offset, [2, 3]), axis=0)
    pairs = op.Reshape(offset, shape)
    found = []
    for k in (0, 1):
        step, spread = (stride or (1, 1))[k], (dilate or (1, 1))[k]
        begin = op.Mul(positions(op, offset, 2 + k, dtype), op.constant(step, dtype))
        begin = op.Sub(begin, op.constant((pad or (0, 0))[k], dtype))
        if k == 0:
            begin = op.Unsqueeze(begin, axes=[1])
        cell = np.indices(kernel)[k].reshape(-1, 1, 1) * spread
        at = op.Add(begin, op.constant(cell, dtype))
        found.append(op.Add(op.Gather(pairs, op.constant(k, np.int64), axis=3), at))
    return found


def _product(op, columns, weight, bias, offset, num_filter, num_group):
    """Windows (B, H, W, ...) times the weights, for each group of filters."""
    grid = sizes(op, offset, [0, 2, 3])
    windows = op.Reshape(columns, op.Concat(grid, [num_group, 1, -1], axis=0))
    matrix = op.Reshape(weight, shape=[num_group, num_filter // num_group, -1])
    matrix = op.Transpose(matrix, perm=[0, 2, 1])
    result = op.Reshape(op.MatMul(windows, matrix), op.Concat(grid, [num_filter], axis=0))
    if bias is not None:
        result = op.Add(result, bias)
    return op.Transpose(result, perm=[0, 3, 1, 2])
