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
"""Convolutions and their transposes, over 1 to 3 spatial axes."""

from __future__ import annotations

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import NO_FLOAT64

table = TranslationTable()
#: Choices of an implementation, and what the weights say themselves.
QUIET = ("cudnn_off", "cudnn_tune", "workspace", "no_bias", "num_filter")
CHANNELS_FIRST = (None, "None", "NCW", "NCHW", "NCDHW")


def _with_channels_first(op, data, weight, layout, convolve):
    """``convolve`` on the data and weight of a layout as ONNX has them.

    A weight's first axis is the same in all of them: filters, or channels of a deconvolution.
    """
    if layout in CHANNELS_FIRST:
        return convolve(data, weight)
    rank = op.rank(data)
    ahead = [0, rank - 1, *range(1, rank - 1)]
    result = convolve(op.Transpose(data, perm=ahead), op.Transpose(weight, perm=ahead))
    return op.Transpose(result, perm=[0, *range(2, rank), 1])


def _check_channels(op, data, wanted):
    """ONNX's own inference does not look."""
    channels = op.dims(data)[1]
    if channels not in (None, wanted):
        raise TranslationError(f"the weight is for {wanted} channels, the data has {channels}")


@table.op("Convolution", "Convolution_v1", ignores=QUIET, limits=NO_FLOAT64)
def convolution(op, data, weight, bias=None, *, kernel, stride, dilate, pad, num_group, layout):
    """weight is (filters, channels / groups, *kernel)."""

    def convolve(data, weight):
        if op.dims(weight)[1] is not None:
            _check_channels(op, data, op.dims(weight)[1] * num_group)
        return op.Conv(
            data,
            weight,
            bias,
            kernel_shape=kernel,
            strides=stride or None,
            dilations=dilate or None,
            pads=[*pad, *pad] or None,
            group=num_group,
        )

    return _with_channels_first(op, data, weight, layout, convolve)


@table.op("Deconvolution", ignores=QUIET, limits=NO_FLOAT64)
def deconvolution(
    op,
    data,
    weight,
    bias=None,
    *,
    kernel,
    stride,
    dilate,
    pad,
    adj,
    target_shape,
    num_group,
    layout,
):
    """weight is (channels, filters / groups, *kernel)."""
    rank = len(kernel)
    stride, dilate = stride or (1,) * rank, dilate or (1,) * rank

    def convolve(data, weight):
        if op.dims(weight)[0] is not None:
            _check_channels(op, data, op.dims(weight)[0])
        sizes = {"pads": [*pad, *pad] or None, "output_padding": adj if any(adj) else None}
        if any(target_shape):
            sizes = _sizes_for(op.dims(data)[2:], target_shape, kernel, stride, dilate)
        return op.ConvTranspose(
            data,
            weight,
            bias,
            kernel_shape=kernel,
            strides=stride,
            dilations=dilate,
            group=num_group,
            **sizes,
        )

    return _with_channels_first(op, data, weight, layout, convolve)


def _sizes_for(known, target, kernel, stride, dilate):
    """What makes the result as large as ``target``: MXNet crops more in front where it is odd.

    So does ONNX's ``output_shape``, but fewer runtimes have it.
    """
    if None in known:
        return {"output_shape": target}
    surplus = [
        s * (n - 1) + d * (k - 1) + 1 - t
        for n, t, k, s, d in zip(known, target, kernel, stride, dilate)
    ]
    if min(surplus) < 0:
        raise TranslationError(f"target_shape {target} is larger than this kernel reaches")
    pad, adj = [(n + 1) // 2 for n in surplus], [n % 2 for n in surplus]
    return {"pads": [*pad, *pad], "output_padding": adj if any(adj) else None}
