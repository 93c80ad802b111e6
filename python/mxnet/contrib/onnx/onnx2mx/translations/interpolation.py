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
"""Interpolation along one axis, as ONNX's Resize defines it: places, and matrices of weights."""

from __future__ import annotations

import numpy as np

ROUNDINGS = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round_prefer_floor": lambda place: np.ceil(place - 0.5),
    "round_prefer_ceil": lambda place: np.floor(place + 0.5),
}


def places(old, new, scale, transformation, region=None):
    """Where in the ``old`` elements the ``new`` ones lie: float32, shape (new,).

    In float32 throughout, as ONNX Runtime has it: halves, which decide the nearest element, fall
    otherwise in float64.

    Parameters
    ----------
    old, new : int
        Sizes of the axis.
    scale : float
        As the node gives it; ``new / old`` differs where it was rounded.
    transformation : str
        ``coordinate_transformation_mode``.
    region : tuple of float, optional
        Begin and end of the crop, as fractions of the axis.

    Raises
    ------
    KeyError
        If ``transformation`` is not known.
    """
    i, half, scale = np.arange(new, dtype=np.float32), np.float32(0.5), np.float32(scale)
    last, steps = np.float32(old - 1), np.float32(max(new - 1, 1))
    if transformation == "asymmetric":
        return i / scale
    if transformation == "half_pixel" or (transformation == "pytorch_half_pixel" and new > 1):
        return (i + half) / scale - half
    if transformation == "pytorch_half_pixel":
        return i
    if transformation == "half_pixel_symmetric":
        shrunk = np.float32(new) / (np.float32(old) * scale)
        return np.float32(old) / 2 * (1 - shrunk) + (i + half) / scale - half
    if transformation == "align_corners":
        return i * last / steps
    if transformation == "tf_half_pixel_for_nn":
        return (i + half) / scale
    if transformation == "tf_crop_and_resize":
        begin, end = map(np.float32, region)
        if new > 1:
            return begin * last + i * (end - begin) * last / steps
        return i + half * (begin + end) * last
    raise KeyError(transformation)


def nearest(where, old, rounding):
    """Indices of the nearest elements, int64."""
    return np.clip(ROUNDINGS[rounding](where), 0, old - 1).astype(np.int64)


def weights(where, old, kernel, reach, scale, antialias, exclude_outside):
    """Matrix (old, new) of the share that each old element has in each new one.

    Parameters
    ----------
    where : numpy.ndarray
        From :func:`places`.
    kernel : callable
        Weight of a distance.
    reach : int
        Elements on each side that the kernel sees.
    antialias : bool
        Whether the kernel widens where elements are fewer than before.
    exclude_outside : bool
        Whether weights beyond the edges are dropped; otherwise the edge elements take them.
    """
    where = where.astype(np.float64)
    stretch = max(1.0, 1 / scale) if antialias else 1.0
    span = int(np.ceil(reach * stretch))
    first = np.floor(where).astype(np.int64) - span + 1
    index = first[:, None] + np.arange(2 * span)
    share = kernel((index - where[:, None]) / stretch)
    outside = (index < 0) | (index >= old)
    if exclude_outside:
        share = np.where(outside, 0.0, share)
    share = share / share.sum(1, keepdims=True)
    matrix = np.zeros((old, len(where)))
    columns = np.broadcast_to(np.arange(len(where))[:, None], index.shape)
    np.add.at(matrix, (np.clip(index, 0, old - 1), columns), share)
    return matrix


def triangle(distance):
    """Kernel of linear interpolation."""
    return np.maximum(0.0, 1 - np.abs(distance))


def cubic(a):
    """Kernel of cubic convolution with coefficient ``a``."""

    def kernel(distance):
        d = np.abs(distance)
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        return np.where(d <= 1, near, np.where(d < 2, far, 0.0))

    return kernel
