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
"""Convolutions."""

from __future__ import annotations

from ...errors import TranslationError
from ...translation import TranslationTable

table = TranslationTable()

QUIET = ("cudnn_off", "cudnn_tune", "workspace", "no_bias", "num_filter")


def channels_first(layout):
    if layout not in (None, "None", "NCW", "NCHW", "NCDHW"):
        raise TranslationError(f"layout {layout} is not covered")


@table.op("Convolution", ignores=QUIET)
def convolution(op, data, weight, bias=None, *, kernel, stride, dilate, pad, num_group, layout):
    channels_first(layout)
    have, want = op.dims(data)[1], op.dims(weight)[1] * num_group
    if have not in (None, want):  # ONNX's inference does not look
        raise TranslationError(f"the weight is for {want} channels, the data has {have}")
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


@table.op("Deconvolution", ignores=QUIET)
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
    channels_first(layout)
    rank = len(kernel)
    stride, dilate, pad, adj = (
        stride or (1,) * rank,
        dilate or (1,) * rank,
        pad or (0,) * rank,
        adj or (0,) * rank,
    )
    if any(target_shape):
        sizes = op.dims(data)[2:]
        if None in sizes:
            raise TranslationError("target_shape needs known spatial sizes")
        total = [
            s * (n - 1) + d * (k - 1) + 1 - t
            for s, n, d, k, t in zip(stride, sizes, dilate, kernel, target_shape)
        ]
        pad, adj = [(t + 1) // 2 for t in total], [t % 2 for t in total]
    return op.ConvTranspose(
        data,
        weight,
        bias,
        kernel_shape=kernel,
        strides=stride,
        dilations=dilate,
        pads=[*pad, *pad],
        output_padding=adj if any(adj) else None,
        group=num_group,
    )
