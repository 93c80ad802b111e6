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
"""Normalization."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from .casting import cast

table = TranslationTable()


@table.op(
    "BatchNorm",
    ignores=("momentum", "use_global_stats", "cudnn_off", "min_calib_range", "max_calib_range"),
    limits="output_mean_var=True is not covered",
)
def batch_norm(op, data, gamma, beta, moving_mean, moving_var, *, eps, fix_gamma, axis):
    """fix_gamma is MXNet's default: the gamma in the file is not used, 1 is."""
    if fix_gamma:
        gamma = op.constant(np.ones(op.dims(gamma)), op.dtype(gamma))
    if op.opset < 15:  # statistics of another dtype than the data since 15
        gamma, beta, moving_mean, moving_var = (
            cast(op, v, op.dtype(data)) for v in (gamma, beta, moving_mean, moving_var)
        )
    if op.axis(data, axis) == 1:
        return op.BatchNormalization(data, gamma, beta, moving_mean, moving_var, epsilon=eps)
    after = [1] * (op.rank(data) - 1 - op.axis(data, axis))
    gamma, beta, mean, var = (
        op.Reshape(v, shape=[-1, *after]) for v in (gamma, beta, moving_mean, moving_var)
    )
    return op.Add(op.Mul(op.Div(op.Sub(data, mean), op.Sqrt(op.Add(var, eps))), gamma), beta)


@table.op("LayerNorm", limits="output_mean_var=True is not covered")
def layer_norm(op, data, gamma, beta, *, axis, eps):
    axis, rank = op.axis(data, axis), op.rank(data)
    if axis == rank - 1 and op.opset >= 17:
        return op.LayerNormalization(data, gamma, beta, axis=-1, epsilon=eps)
    after = [1] * (rank - 1 - axis)
    centred = op.Sub(data, op.ReduceMean(data, axes=[axis], keepdims=1))
    variance = op.ReduceMean(op.Mul(centred, centred), axes=[axis], keepdims=1)
    gamma, beta = (op.Reshape(v, shape=[-1, *after]) if after else v for v in (gamma, beta))
    return op.Add(op.Mul(op.Div(centred, op.Sqrt(op.Add(variance, eps))), gamma), beta)


@table.op("LRN")
def lrn(op, data, *, nsize, alpha, beta, knorm):
    return op.LRN(data, size=nsize, alpha=alpha, beta=beta, bias=knorm)


@table.op("L2Normalization")
def l2_normalization(op, data, *, mode, eps):
    axes = {
        "instance": range(1, op.rank(data)),
        "channel": [1],
        "spatial": range(2, op.rank(data)),
    }[mode]
    total = op.ReduceSum(op.Mul(data, data), axes=list(axes), keepdims=1)
    return op.Div(data, op.Sqrt(op.Add(total, eps)))
