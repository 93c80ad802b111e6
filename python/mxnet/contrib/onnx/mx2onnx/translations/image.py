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
"""Images, (N, C, H, W): enlarging and resizing."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import NO_FLOAT64, cast
from .dimensions import sizes

table = TranslationTable()


def _nearest(op, data, **target):
    """Each pixel repeated: the target is a whole multiple of the image."""
    return op.Resize(
        data,
        **target,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def _image_of(op, data, height_and_width):
    """All four sizes of ``data`` resized to an int64 vector of two."""
    return op.Concat(sizes(op, data, [0, 1]), height_and_width, axis=0)


@table.op("UpSampling", ignores=("workspace", "num_args"), limits=NO_FLOAT64)
def up_sampling(op, data, *others, scale, sample_type, multi_input_mode, num_filter):
    """All inputs become as large as the first times ``scale``; "bilinear" is a deconvolution."""
    if sample_type == "bilinear":
        (weight,) = others
        kernel, pad = 2 * scale - scale % 2, scale // 2
        return op.ConvTranspose(
            data,
            weight,
            kernel_shape=[kernel] * 2,
            strides=[scale] * 2,
            pads=[pad] * 4,
            group=num_filter,
        )
    enlarged = [_nearest(op, data, scales=np.array([1, 1, scale, scale], np.float32))]
    target = op.Mul(sizes(op, data, [2, 3]), np.int64(scale)) if others else None
    enlarged += [_nearest(op, x, sizes=_image_of(op, x, target)) for x in others]
    if not others:
        return enlarged[0]
    return op.Sum(*enlarged) if multi_input_mode == "sum" else op.Concat(*enlarged, axis=1)


@table.op("_contrib_BilinearResize2D", limits=NO_FLOAT64)
def bilinear_resize(
    op, data, like=None, *, height, width, scale_height, scale_width, mode, align_corners
):
    """Where corners are not aligned, a result of one pixel is the first one, as in PyTorch."""
    target = _resized(op, data, like, mode, (height, width), (scale_height, scale_width))
    return op.Resize(
        data,
        sizes=_image_of(op, data, target),
        mode="linear",
        coordinate_transformation_mode="align_corners" if align_corners else "pytorch_half_pixel",
    )


def _resized(op, data, like, mode, size, scale):
    """int64 vector of the height and width that ``mode`` asks for."""
    if mode == "like":
        return sizes(op, like, [2, 3])
    if mode == "size" and scale[0] is None:
        return op.constant(size, np.int64)
    if mode in ("size", "odd_scale") and None in scale:
        raise TranslationError(f"mode '{mode}' needs scale_height and scale_width, or neither")
    have = sizes(op, data, [2, 3])
    if mode == "size":
        return _scaled(op, have, scale)
    odd = op.Mod(have, np.int64(2))
    even = op.Sub(np.int64(1), odd)
    return {
        "odd_scale": lambda: op.Add(_scaled(op, op.Sub(have, odd), scale), odd),
        "to_even_down": lambda: op.Sub(have, odd),
        "to_even_up": lambda: op.Add(have, odd),
        "to_odd_down": lambda: op.Sub(have, even),
        "to_odd_up": lambda: op.Add(have, even),
    }[mode]()


def _scaled(op, have, scale):
    """Towards zero, in float32 as MXNet computes it."""
    scaled = op.Mul(cast(op, have, np.float32), op.constant(scale, np.float32))
    return cast(op, scaled, np.int64)
