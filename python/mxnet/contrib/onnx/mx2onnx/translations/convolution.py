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
LIMITS = f"layouts with the channels last; {NO_FLOAT64}"
CHANNELS_FIRST = (None, "None", "NCW", "NCHW", "NCDHW")


def _channels_first(layout):
    if layout not in CHANNELS_FIRST:
        raise TranslationError(
            f"layout {layout} is not covered; build the network with channels ahead, as NCHW is"
        )


def _check_channels(op, data, wanted):
    """ONNX's own inference does not look."""
    channels = op.dims(data)[1]
    if channels not in (None, wanted):
        raise TranslationError(f"the weight is for {wanted} channels, the data has {channels}")


@table.op("Convolution", "Convolution_v1", ignores=QUIET, limits=LIMITS)
def convolution(op, data, weight, bias=None, *, kernel, stride, dilate, pad, num_group, layout):
    """weight is (filters, channels / groups, *kernel)."""
    _channels_first(layout)
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


@table.op("Deconvolution", ignores=QUIET, limits=LIMITS)
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
    _channels_first(layout)
    if op.dims(weight)[0] is not None:
        _check_channels(op, data, op.dims(weight)[0])
    rank = len(kernel)
    stride, dilate = stride or (1,) * rank, dilate or (1,) * rank
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
