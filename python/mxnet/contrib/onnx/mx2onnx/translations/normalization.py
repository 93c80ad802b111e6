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
"""Normalization, by the statistics that inference uses."""

from __future__ import annotations

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import NO_FLOAT64, cast, operands
from .dimensions import along

table = TranslationTable()
#: What only training or quantization reads; in inference the statistics are always the moving ones.
TRAINING = ("momentum", "use_global_stats")
QUIET = ("cudnn_off", "min_calib_range", "max_calib_range")


@table.op("BatchNorm", ignores=(*TRAINING, *QUIET))
def batch_norm(
    op, data, gamma, beta, moving_mean, moving_var, *, eps, fix_gamma, axis, output_mean_var
):
    """fix_gamma is MXNet's default: the gamma in the file is not used, 1 is."""
    if fix_gamma:
        gamma = op.Expand(operands(op, gamma, 1)[1], op.Shape(gamma))
    axis = op.axis(data, axis)
    if axis == 1:
        scale, shift, mean, var = gamma, beta, moving_mean, moving_var
        if op.opset < 15:  # statistics of another dtype than the data since 15
            scale, shift, mean, var = (
                cast(op, v, op.dtype(data)) for v in (scale, shift, mean, var)
            )
        result = op.BatchNormalization(data, scale, shift, mean, var, epsilon=eps)
    else:
        scale = op.Div(gamma, _deviation(op, moving_var, eps))
        shift = op.Sub(beta, op.Mul(moving_mean, scale))
        scale, shift = (along(op, cast(op, v, op.dtype(data)), data, axis) for v in (scale, shift))
        result = op.Add(op.Mul(data, scale), shift)
    if not output_mean_var:
        return result
    return result, moving_mean, op.Reciprocal(_deviation(op, moving_var, eps))


def _deviation(op, variance, eps):
    return op.Sqrt(op.Add(variance, eps))


@table.op("BatchNorm_v1", ignores=TRAINING)
def batch_norm_v1(
    op, data, gamma, beta, moving_mean, moving_var, *, eps, fix_gamma, output_mean_var
):
    """The last output is the variance itself."""
    statistics = (moving_mean, moving_var)
    result = batch_norm(
        op, data, gamma, beta, *statistics, eps=eps, fix_gamma=fix_gamma, axis=1,
        output_mean_var=False,
    )  # fmt: skip
    return (result, *statistics) if output_mean_var else result


@table.op("_contrib_SyncBatchNorm", ignores=(*TRAINING, "key", "ndev"))
def sync_batch_norm(op, *inputs, eps, fix_gamma, output_mean_var):
    """That which devices share is of training alone."""
    return batch_norm(
        op, *inputs, eps=eps, fix_gamma=fix_gamma, axis=1, output_mean_var=output_mean_var
    )


@table.op("_contrib_BatchNormWithReLU", ignores=(*TRAINING, *QUIET))
def batch_norm_with_relu(op, *inputs, eps, fix_gamma, axis, output_mean_var):
    normal = batch_norm(
        op, *inputs, eps=eps, fix_gamma=fix_gamma, axis=axis, output_mean_var=output_mean_var
    )
    return (op.Relu(normal[0]), *normal[1:]) if output_mean_var else op.Relu(normal)


@table.op("LayerNorm")
def layer_norm(op, data, gamma, beta, *, axis, eps, output_mean_var):
    """The second statistic is the standard deviation; before opset 17 in a form to fuse."""
    axis = op.axis(data, axis)
    last = axis == op.rank(data) - 1
    if last and op.opset >= 17 and not output_mean_var:
        return op.LayerNormalization(data, gamma, beta, axis=-1, epsilon=eps)
    mean = op.ReduceMean(data, axes=[axis], keepdims=1)
    centred = op.Sub(data, mean)
    variance = op.ReduceMean(op.Pow(*operands(op, centred, 2)), axes=[axis], keepdims=1)
    deviation = _deviation(op, variance, eps)
    gamma, beta = (along(op, v, data, axis) for v in (gamma, beta))
    result = op.Add(op.Mul(op.Div(centred, deviation), gamma), beta)
    return (result, mean, deviation) if output_mean_var else result


@table.op("GroupNorm", limits=NO_FLOAT64)
def group_norm(op, data, gamma, beta, *, num_groups, eps, output_mean_var):
    """A group is an instance's one channel; MXNet scales and shifts by the group."""
    grouped = op.Reshape(data, shape=[0, num_groups, -1])
    normal = op.InstanceNormalization(grouped, gamma, beta, epsilon=eps)
    result = op.Reshape(normal, op.Shape(data))
    if not output_mean_var:
        return result
    mean = op.ReduceMean(grouped, axes=[2], keepdims=1)
    centred = op.Sub(grouped, mean)
    variance = op.ReduceMean(op.Mul(centred, centred), axes=[2], keepdims=0)
    return result, op.Squeeze(mean, axes=[2]), _deviation(op, variance, eps)


@table.op("InstanceNorm")
def instance_norm(op, data, gamma, beta, *, eps):
    return op.InstanceNormalization(data, gamma, beta, epsilon=eps)


@table.op("LRN", limits="even nsize")
def lrn(op, data, *, nsize, alpha, beta, knorm):
    if nsize % 2 == 0:
        raise TranslationError(
            f"nsize={nsize} is not covered: ONNX's window is off centre; use odd"
        )
    return op.LRN(data, size=nsize, alpha=alpha, beta=beta, bias=knorm)


@table.op("L2Normalization")
def l2_normalization(op, data, *, mode, eps):
    axes = {
        "instance": range(1, op.rank(data)),
        "channel": [1],
        "spatial": range(2, op.rank(data)),
    }[mode]
    return op.Div(data, _deviation(op, op.ReduceSumSquare(data, axes=axes, keepdims=1), eps))
