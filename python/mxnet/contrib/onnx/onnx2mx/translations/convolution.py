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
"""Convolutions over one to three spatial axes."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from ...translation import TranslationTable
from ..values import Dim, Tensor
from . import resampling
from .axes import along_axis, emptiness
from .precision import cast, without_float16
from .windows import check_room, padded, windows_over, with_pads

table = TranslationTable()
LIMITS = "one to three spatial axes"


def _checked_kernel(op, x, w, kernel_shape, group):
    """The kernel, after what makes MXNet stop the process or read elsewhere."""
    kernel = list(w.shape[2:])
    if kernel_shape and list(kernel_shape) != kernel:
        op.fail(f"kernel_shape is {kernel_shape}, the weight's {kernel}")
    if group < 1 or w.shape[0] % group:
        op.fail(f"group={group} does not divide the {w.shape[0]} channels of the weight")
    return kernel


@table.op("Conv", versions=(1, 11, 22), limits=LIMITS)
def conv(
    op, x, w, b=None, *, kernel_shape=None, strides=None, pads=None, dilations=None, group, auto_pad
):
    kernel = _checked_kernel(op, x, w, kernel_shape, group)
    if x.shape[1] != w.shape[1] * group:
        op.fail(f"the weight is for {w.shape[1] * group} channels, the input has {x.shape[1]}")
    windows = windows_over(
        op, x, kernel, strides=strides, pads=pads, auto_pad=auto_pad, dilations=dilations
    )
    check_room(op, windows)

    def compute(x, w, b):
        x, pad = padded(op, x, windows, 0)
        return op.Convolution(
            x,
            w,
            b,
            no_bias=b is None,
            num_filter=w.shape[0],
            num_group=group,
            kernel=tuple(kernel),
            stride=tuple(windows.strides),
            dilate=tuple(windows.dilations),
            pad=pad,
        )

    return without_float16(op, compute, x, w, b)


@table.op(
    "ConvTranspose",
    versions=(1, 11, 22),
    limits=f"{LIMITS}; MXNet trains none whose weight is computed, and on CPUs none of three axes "
    "with dilations or with pads and strides",
)
def conv_transpose(
    op,
    x,
    w,
    b=None,
    *,
    kernel_shape=None,
    strides=None,
    pads=None,
    dilations=None,
    group,
    auto_pad,
    output_padding=None,
    output_shape=None,
):
    kernel = _checked_kernel(op, x, w, kernel_shape, group)
    if x.shape[1] != w.shape[0]:
        op.fail(f"the weight is for {w.shape[0]} channels, the input has {x.shape[1]}")
    windows = windows_over(
        op, x, kernel, strides=strides, pads=pads, auto_pad="NOTSET", dilations=dilations
    )
    extra = list(output_padding or [0] * len(kernel))
    if output_shape or auto_pad.startswith("SAME"):
        _pads_for_output(windows, extra, output_shape, auto_pad)
    elif auto_pad == "VALID":
        windows.begin = windows.end = [0] * len(kernel)

    def compute(x, w, b):
        return _deconvolution(op, x, w, b, windows, extra, group)

    return without_float16(op, compute, x, w, b)


def _pads_for_output(windows, extra, output_shape, auto_pad):
    """Set the pads that lead to the wanted sizes; an odd one goes where auto_pad says."""
    wanted = list(output_shape or [n * s for n, s in zip(windows.sizes, windows.strides)])
    wanted = wanted[-len(windows.kernel) :]  # some writers give batch and channels too
    totals = [
        stride * (size - 1) + more + span - want
        for stride, size, more, span, want in zip(
            windows.strides, windows.sizes, extra, windows.spans, wanted
        )
    ]
    less, more = [t // 2 for t in totals], [t - t // 2 for t in totals]
    upper = auto_pad == "SAME_UPPER"
    windows.begin, windows.end = (less, more) if upper else (more, less)


def _deconvolution(op, x, w, b, windows, extra, group):
    """MXNet's layer where it can say it: one pad for both ends, an addition below the stride."""
    dense = len(windows.kernel) == 3 or x.dtype == np.float64
    if dense and set(windows.dilations) != {1}:
        w = _with_holes(op, w, windows)
        ones = [1] * len(windows.kernel)
        windows = dataclasses.replace(windows, kernel=windows.spans, dilations=ones)
    native = windows.has_one_pad and all(0 <= e < s for e, s in zip(extra, windows.strides))
    channels = w.shape[1] * group

    def layer(bias, pad, adj):
        return op.Deconvolution(
            x,
            w,
            bias,
            no_bias=bias is None,
            num_filter=channels,
            num_group=group,
            kernel=tuple(windows.kernel),
            stride=tuple(windows.strides),
            dilate=tuple(windows.dilations),
            pad=tuple(pad),
            adj=tuple(adj),
        )

    none = [0] * len(windows.kernel)
    if native:
        return layer(b, windows.begin, extra)
    y = layer(None, none, none)
    y = with_pads(
        op, y, [-n for n in windows.begin], [e - n for e, n in zip(extra, windows.end)], 0
    )
    return y if b is None else op._npi_add(y, along_axis(op, b, 1, x.rank))


def _with_holes(op, w, windows):
    """The kernel with zeros where it is dilated.

    MXNet's layer has none of three axes, and of float64 computes others where it has strides.
    """
    for axis, (size, dilation) in enumerate(zip(windows.kernel, windows.dilations), 2):
        before, behind = w.shape[:axis], w.shape[axis + 1 :]
        if dilation == 1:
            continue
        lines = op.reshape(w, (math.prod(before), size, math.prod(behind)))
        holes = op.full((math.prod(before), size, (dilation - 1) * math.prod(behind)), 0, w.dtype)
        spread = op.Concat(lines, holes, dim=2, num_args=2)
        spread = op.reshape(spread, (*before, size * dilation, *behind))
        w = op.cut(spread, axis, 0, (size - 1) * dilation + 1)
    return w


# -- at places that are computed -----------------------------------------------------------------

#: Most examples that MXNet's deformable layer takes at a time; it wants a divisor of the batch.
MOST_AT_A_TIME = 64


@table.op("DeformConv", versions=(19, 22), limits="of two axes MXNet trains it on GPUs only")
def deform_conv(
    op,
    x,
    w,
    offset,
    b=None,
    mask=None,
    *,
    kernel_shape=None,
    strides=None,
    pads=None,
    dilations=None,
    group,
    offset_group,
):
    """MXNet's modulated layer on images: the other one treats edges in another way."""
    kernel = _checked_kernel(op, x, w, kernel_shape, group)
    if x.shape[1] != w.shape[1] * group or offset_group < 1 or x.shape[1] % offset_group:
        op.fail(f"{x.shape[1]} channels with group={group}, offset_group={offset_group}")
    windows = windows_over(
        op, x, kernel, strides=strides, pads=pads, auto_pad="NOTSET", dilations=dilations
    )
    check_room(op, windows)
    count, space = math.prod(kernel) * offset_group, tuple(windows.counts)
    wanted = (x.shape[0], count * len(kernel), *space)
    if offset.shape != wanted:
        op.fail(f"the offset is {offset.shape}, not {wanted}")
    none = emptiness(op, (x.shape[0], w.shape[0], *space), x.dtype)
    if none is not None:
        return none
    if mask is None:
        mask = op.full((x.shape[0], count, *space), 1, x.dtype)

    def compute(x, w, b, offset, mask):
        if len(kernel) != 2 or w.shape[0] % offset_group:  # of which MXNet wants a multiple
            return _sampled(op, x, w, b, offset, mask, windows, group, offset_group)
        x, pad = padded(op, x, windows, 0)
        batch = 1 if isinstance(x.shape[0], Dim) else x.shape[0]
        return op._contrib_ModulatedDeformableConvolution(
            *(x, offset, mask, w, b),
            no_bias=b is None,
            num_filter=w.shape[0],
            num_group=group,
            num_deformable_group=offset_group,
            kernel=tuple(kernel),
            stride=tuple(windows.strides),
            dilate=tuple(windows.dilations),
            pad=pad,
            im2col_step=max(n for n in range(1, MOST_AT_A_TIME + 1) if batch % n == 0),
        )

    return without_float16(op, compute, x, w, b, offset, mask)


def _sampled(op, x, w, b, offset, mask, windows, group, offset_group):
    """Of other than two axes: elements between elements, then a convolution over the kernel."""
    space, kernel = windows.counts, windows.kernel
    (batch, channels), points = x.shape[:2], math.prod(kernel)
    if any(isinstance(n, Dim) for n in (batch, *space)):
        op.fail("a deformable convolution not of two axes needs fixed sizes: give input_shapes")
    batch, count = batch * offset_group, math.prod(space)
    grouped = op.reshape(x, (batch, channels // offset_group, *x.shape[2:]))
    offset = op.reshape(offset, (batch, points, len(kernel), count))
    taps = []
    for axis, base in enumerate(_bases(windows)):
        shift = op.squeeze(op.cut(offset, 2, axis, axis + 1), axis=(2,))
        place = op._npi_add(shift, op.constant(base[None].astype(x.dtype)))
        place = op.reshape(place, (batch, points * count))
        found = resampling.linear(op, place)
        taps.append(resampling.within(op, found, resampling.extent(op, x, 2 + axis, x.dtype)))
    values = resampling.interpolated(op, grouped, taps)
    values = op._npi_multiply(values, op.reshape(mask, (batch, 1, points * count)))
    y = op.Convolution(
        op.reshape(values, (x.shape[0], channels, points, count)),
        op.reshape(w, (*w.shape[:2], points, 1)),
        b,
        no_bias=b is None,
        num_filter=w.shape[0],
        num_group=group,
        kernel=(points, 1),
    )
    return op.reshape(y, (x.shape[0], w.shape[0], *space))


def _bases(windows):
    """Along each axis, where the elements of all windows lie: arrays (kernel, windows)."""
    rank = len(windows.kernel)
    for axis in range(rank):
        inner = np.arange(windows.kernel[axis]) * windows.dilations[axis]
        outer = np.arange(windows.counts[axis]) * windows.strides[axis] - windows.begin[axis]
        inner = np.broadcast_to(inner.reshape(_line(rank, axis)), windows.kernel).reshape(-1, 1)
        outer = np.broadcast_to(outer.reshape(_line(rank, axis)), windows.counts).reshape(1, -1)
        yield inner + outer


def _line(rank, axis):
    return [-1 if i == axis else 1 for i in range(rank)]


@table.op("Col2Im", versions=(18,), limits="one to three spatial axes of fixed sizes")
def col2im(op, input, *, image_shape, block_shape, strides=None, pads=None, dilations=None):
    """A transposed convolution, whose kernels put each row of a column in its place."""
    points = math.prod(block_shape)
    if input.rank != 3 or input.shape[1] % points or len(block_shape) != len(image_shape):
        op.fail(f"columns of {input.shape} do not make {block_shape} blocks of {image_shape}")
    channels = input.shape[1] // points
    image = Tensor(None, (input.shape[0], channels, *image_shape), input.dtype)
    windows = windows_over(
        op, image, block_shape, strides=strides, pads=pads, auto_pad="NOTSET", dilations=dilations
    )
    check_room(op, windows)
    if math.prod(windows.counts) != input.shape[2]:
        op.fail(f"{input.shape[2]} columns for {windows.counts} blocks")
    none = emptiness(op, image.shape, input.dtype)
    if none is not None:
        return none
    if input.dtype.kind != "f" or len(block_shape) == 3:
        return _added(op, input, image.shape, windows)
    return without_float16(op, lambda x: _overlapped(op, x, image.shape, windows), input)


def _overlapped(op, columns, shape, windows):
    channels, points = shape[1], math.prod(windows.kernel)
    extra = [
        size + begin + end - ((count - 1) * stride + span)
        for size, begin, end, count, stride, span in zip(
            windows.sizes,
            windows.begin,
            windows.end,
            windows.counts,
            windows.strides,
            windows.spans,
        )
    ]
    x = op.reshape(columns, (*columns.shape[:2], *windows.counts))
    kernels = np.tile(np.eye(points), (channels, 1)).reshape(-1, 1, *windows.kernel)
    kernels = op.constant(kernels.astype(columns.dtype))
    return _deconvolution(op, x, kernels, None, windows, extra, channels)


def _added(op, columns, shape, windows):
    """Every element added where it belongs: of types that MXNet's layer lacks, and of three axes,
    of which it has no float64 and no gradient of groups."""
    if any(isinstance(n, Dim) for n in shape):
        op.fail(f"columns of {columns.dtype} with {len(windows.kernel)} axes need fixed sizes")
    space, others = math.prod(windows.sizes), math.prod(shape[:2])
    inside, place = True, 0
    for base, size in zip(_bases(windows), windows.sizes):
        inside, place = inside & (base >= 0) & (base < size), place * size + base
    place = op.constant(np.where(inside, place, space).reshape(1, -1))  # pads behind all else
    count = place.shape[1]
    narrow = np.float32 if columns.dtype.kind == "f" else np.int32
    wide = columns.dtype if columns.dtype.itemsize > 2 else np.dtype(narrow)
    x = op.reshape(cast(op, columns, wide), (others, count))
    x = op.transpose(x, axes=(1, 0))
    y = op._backward_gather_nd(x, place, shape=(space + 1, others))
    y = op.transpose(op.cut(y, 0, 0, space), axes=(1, 0))
    return cast(op, op.reshape(y, shape), columns.dtype)
