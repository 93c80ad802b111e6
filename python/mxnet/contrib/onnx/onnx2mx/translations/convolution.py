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

from ...translation import TranslationTable
from .axes import along_axis
from .precision import without_float16
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
    limits=f"{LIMITS}; MXNet trains none whose weight is computed",
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
    if len(windows.kernel) == 3 and set(windows.dilations) != {1}:
        w = _with_holes(op, w, windows)
        windows = dataclasses.replace(windows, kernel=windows.spans, dilations=[1] * 3)
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
    """The kernel with zeros where it is dilated, which MXNet's layer has for two axes only."""
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
