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
"""Bilinear interpolation at computed places, by gathering pixels: for every opset and many rows."""

from __future__ import annotations

import numpy as np

from .casting import cast
from .dimensions import sizes
from .suppression import scalar


def corners_of(op, y, x, height, width, outside):
    """The four pixels around each place and their weights.

    Parameters
    ----------
    y, x : str
        Floats of one shape, 0 in the middle of the first pixel.
    height, width : str
        int64 of rank 0.
    outside : str
        "zero": pixels outside of the image are 0. "edge": they are as the nearest inside.

    Returns
    -------
    (str, str)
        int64 ``y * width + x`` and weights, both in the shape of ``y`` with four entries more.
    """
    rows = _neighbours(op, y, height, outside)
    columns = _neighbours(op, x, width, outside)
    places, weights = [], []
    for row, row_weight in rows:
        begin = op.Mul(row, width)
        for column, column_weight in columns:
            places.append(op.Unsqueeze(op.Add(begin, column), axes=[op.rank(y)]))
            weights.append(op.Unsqueeze(op.Mul(row_weight, column_weight), axes=[op.rank(y)]))
    axis = op.rank(y)
    return op.Concat(*places, axis=axis), op.Concat(*weights, axis=axis)


def _neighbours(op, at, size, outside):
    """(index, weight) of the pixels below and above a place, along one axis."""
    dtype = op.dtype(at)
    zero, one = op.constant(0, dtype), op.constant(1, dtype)
    last = op.Sub(cast(op, size, dtype), one)
    if outside == "edge":
        at = op.Max(op.Min(at, last), zero)
    below = op.Floor(at)
    above = op.Add(below, one)
    share = op.Sub(at, below)
    found = []
    for place, weight in ((below, op.Sub(one, share)), (above, share)):
        nearest = op.Max(op.Min(place, last), zero)
        if outside == "zero":
            weight = op.Where(op.Equal(place, nearest), weight, zero)
        found.append((cast(op, nearest, np.int64), weight))
    return found


def pixel_rows(op, data, groups=1):
    """Pixels of (B, C, H, W) as rows (B * H * W * groups, C / groups)."""
    channels = op.dims(data)[1]
    pixels = op.Transpose(data, perm=[0, 2, 3, 1])
    if channels is not None:
        return op.Reshape(pixels, shape=[-1, channels // groups])
    share = op.Div(sizes(op, data, [1]), np.int64(groups))
    return op.Reshape(pixels, op.Concat([-1], share, axis=0))


def weighted(op, rows, places, weights):
    """Sums of rows: places and weights (..., K) of rows (M, C) give (..., C)."""
    axis = op.rank(weights)
    values = op.Gather(rows, places, axis=0)
    total = op.MatMul(op.Unsqueeze(weights, axes=[axis - 1]), values)
    return op.Squeeze(total, axes=[axis - 1])


def image_sizes(op, data):
    """Height and width of (B, C, H, W), int64 of rank 0."""
    return scalar(op, data, 2), scalar(op, data, 3)
