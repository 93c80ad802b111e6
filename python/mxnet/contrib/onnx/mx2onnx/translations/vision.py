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
"""Operators of ``mx.nd.image``: pictures as (height, width, channels), alone or in a batch."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import NO_FLOAT64, cast
from .dimensions import TO_THE_END, sizes
from .random import UP_TO_21, normal, uniform

table = TranslationTable()
#: Shares of red, green and blue in the brightness of a pixel.
GRAY = np.array([0.299, 0.587, 0.114], np.float32)
#: What principal components of ImageNet's colours, times their size, add to red, green and blue.
COMPONENTS = np.array(
    [
        [55.46 * -0.5675, 4.794 * 0.7192, 1.148 * 0.4009],
        [55.46 * -0.5808, 4.794 * -0.0045, 1.148 * -0.8140],
        [55.46 * -0.5836, 4.794 * -0.6948, 1.148 * 0.4203],
    ],
    np.float32,
)
ONE_PICTURE = "MXNet treats one picture at a time: give (height, width, channels)"


def _picture(op, data):
    if op.rank(data) != 3:
        raise TranslationError(f"an input of {op.rank(data)} axes; {ONE_PICTURE}")


@table.op("_image_to_tensor")
def to_tensor(op, data):
    """Channels ahead, 0 to 255 as 0 to 1 in float32."""
    rank = op.rank(data)
    ahead = [*range(rank - 3), rank - 1, rank - 3, rank - 2]
    return op.Div(op.Transpose(cast(op, data, np.float32), perm=ahead), np.float32(255))


@table.op("_image_normalize")
def normalize(op, data, *, mean, std):
    """Channels are ahead here; one number serves all of them."""
    channels = op.dims(data)[op.rank(data) - 3]
    offset, scale = (
        op.constant(np.float32(x[:channels]).reshape(-1, 1, 1), op.dtype(data)) for x in (mean, std)
    )
    return op.Div(op.Sub(data, offset), scale)


@table.op("_image_crop")
def crop(op, data, *, x, y, width, height):
    rank = op.rank(data)
    return op.Slice(data, starts=[y, x], ends=[y + height, x + width], axes=[rank - 3, rank - 2])


@table.op("_image_flip_left_right")
def flip_left_right(op, data):
    return _flipped(op, data, 1)


@table.op("_image_flip_top_bottom")
def flip_top_bottom(op, data):
    return _flipped(op, data, 0)


def _flipped(op, data, axis):
    _picture(op, data)
    return op.Slice(data, starts=[-1], ends=[-TO_THE_END], axes=[axis], steps=[-1])


#: OpenCV's number of a way to interpolate, and ONNX's words for it.
WAYS = {
    0: {
        "mode": "nearest",
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "floor",
    },
    1: {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
    2: {"mode": "cubic", "coordinate_transformation_mode": "half_pixel"},
}


@table.op(
    "_image_resize",
    limits=f"interp 3 and 4 (areas, Lanczos); uint8, but for interp 0; {NO_FLOAT64}",
)
def resize(op, data, *, size, keep_ratio, interp):
    """``size`` is (width, height), or a number: of both, or of the shorter with ``keep_ratio``."""
    if interp not in WAYS:
        raise TranslationError(f"interp {interp} is none of ONNX's; 0, 1 and 2 are covered")
    if op.dtype(data) != np.float32 and interp:
        raise TranslationError(
            f"OpenCV interpolates {op.dtype(data)} in fixed point; cast to float32, or use interp=0"
        )
    rank = op.rank(data)
    pictures = op.Unsqueeze(data, axes=[0]) if rank == 3 else data
    target = _target(op, pictures, size, keep_ratio)
    planes = op.Transpose(pictures, perm=[0, 3, 1, 2])
    # every channel by itself: ONNX Runtime would move the transposition behind a Resize of
    # channels, and has none for cubics with the channels last
    alone = op.Reshape(planes, op.Concat([-1, 1], sizes(op, pictures, [1, 2]), axis=0))
    whole = op.Concat(sizes(op, alone, [0, 1]), target, axis=0)
    enlarged = op.Resize(alone, sizes=whole, **WAYS[interp])
    enlarged = op.Reshape(enlarged, op.Concat(sizes(op, planes, [0, 1]), target, axis=0))
    enlarged = op.Transpose(enlarged, perm=[0, 2, 3, 1])
    return op.Squeeze(enlarged, axes=[0]) if rank == 3 else enlarged


def _target(op, pictures, size, keep_ratio):
    """int64 vector of the new height and width."""
    if len(size) == 2:
        return op.constant([size[1], size[0]], np.int64)
    if not keep_ratio:
        return op.constant([size[0]] * 2, np.int64)
    have = sizes(op, pictures, [1, 2])
    shorter = op.ReduceMin(have, axes=[0], keepdims=1)
    return op.Div(op.Mul(have, np.int64(size[0])), shorter)


def _saturated(op, x, dtype):
    """float32 as MXNet stores it: cut to 0 ... 255 for uint8, towards zero for integers."""
    if dtype == np.uint8:
        x = op.Clip(x, min=np.float32(0), max=np.float32(255))
    return cast(op, x, dtype)


def _coloured(op, data, name):
    """Whether pixels have three channels rather than one."""
    _picture(op, data)
    channels = op.dims(data)[2]
    if channels is None:
        raise TranslationError(f"{name} needs a known number of channels")
    return channels > 1


@table.op("_image_adjust_lighting")
def adjust_lighting(op, data, *, alpha):
    """Along the principal components of colours; gray pictures stay."""
    if not _coloured(op, data, "adjust_lighting"):
        return data
    shift = COMPONENTS[:, 0] * alpha[0] + COMPONENTS[:, 1] * alpha[1] + COMPONENTS[:, 2] * alpha[2]
    lit = op.Add(cast(op, data, np.float32), op.constant(shift, np.float32))
    return _saturated(op, lit, op.dtype(data))


# Random ones: the same distribution in other numbers.
def _factor(op, low, high):
    return uniform(op, op.constant([1], np.int64), np.float32, low, high)


@table.op("_image_random_brightness", limits=UP_TO_21)
def random_brightness(op, data, *, min_factor, max_factor):
    factor = _factor(op, min_factor, max_factor)
    return _saturated(op, op.Mul(cast(op, data, np.float32), factor), op.dtype(data))


@table.op("_image_random_contrast", limits=UP_TO_21)
def random_contrast(op, data, *, min_factor, max_factor):
    """Away from the mean brightness of the picture."""
    coloured = _coloured(op, data, "random_contrast")
    factor, floats = _factor(op, min_factor, max_factor), cast(op, data, np.float32)
    gray = op.MatMul(floats, op.constant(GRAY)) if coloured else floats
    mean = op.ReduceMean(gray, axes=range(op.rank(gray)), keepdims=0)
    rest = op.Mul(op.Sub(op.constant(1, np.float32), factor), mean)
    return _saturated(op, op.Add(op.Mul(floats, factor), rest), op.dtype(data))


@table.op("_image_random_saturation", limits=UP_TO_21)
def random_saturation(op, data, *, min_factor, max_factor):
    """Away from gray, for which MXNet takes the share of the last channel alone."""
    if not _coloured(op, data, "random_saturation"):
        return data
    factor, floats = _factor(op, min_factor, max_factor), cast(op, data, np.float32)
    blue = op.Slice(floats, starts=[2], ends=[3], axes=[2])
    gray = op.Mul(op.Mul(blue, GRAY[2]), op.Sub(op.constant(1, np.float32), factor))
    return _saturated(op, op.Add(gray, op.Mul(floats, factor)), op.dtype(data))


@table.op("_image_random_lighting", limits=UP_TO_21)
def random_lighting(op, data, *, alpha_std):
    if not _coloured(op, data, "random_lighting"):
        return data
    alpha = op.Mul(normal(op, op.constant([3], np.int64), np.float32), np.float32(alpha_std))
    shift = op.MatMul(op.constant(COMPONENTS), alpha)
    return _saturated(op, op.Add(cast(op, data, np.float32), shift), op.dtype(data))


@table.op("_image_random_flip_left_right", limits=UP_TO_21)
def random_flip_left_right(op, data):
    """As often as not."""
    return _perhaps(op, data, _flipped(op, data, 1))


@table.op("_image_random_flip_top_bottom", limits=UP_TO_21)
def random_flip_top_bottom(op, data):
    """As often as not."""
    return _perhaps(op, data, _flipped(op, data, 0))


def _perhaps(op, data, other):
    return op.Where(op.Less(_factor(op, 0.0, 1.0), op.constant(0.5, np.float32)), data, other)
