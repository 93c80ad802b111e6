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
"""Rows: layers. None mentions an opset number unless the operator itself came or changed meaning there."""

import math

import numpy as np

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


@table.op("FullyConnected", ignores=("num_hidden", "no_bias"))
def fully_connected(op, data, weight, bias=None, *, flatten):
    rank = op.rank(data)
    if flatten or rank == 2:
        return op.Gemm(data if rank == 2 else op.Flatten(data), weight, bias, transB=1)
    product = op.MatMul(data, transposed(op, weight))
    return product if bias is None else op.Add(product, bias)


def transposed(op, x):
    """The last two axes the other way round."""
    return op.Transpose(x, perm=[*range(op.rank(x) - 2), op.rank(x) - 1, op.rank(x) - 2])


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


ACTIVATIONS = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softrelu": "Softplus",
    "softsign": "Softsign",
}


@table.op("Activation")
def activation(op, data, *, act_type):
    return getattr(op, ACTIVATIONS[act_type])(data)


@table.op("LeakyReLU")
def leaky_relu(op, data, gamma=None, *, act_type, slope, lower_bound, upper_bound):
    if act_type == "prelu":
        after = [1] * (op.rank(data) - 2)
        return op.PRelu(data, op.Reshape(gamma, shape=[-1, *after]) if after else gamma)
    if act_type == "elu":
        return op.Elu(data, alpha=slope)
    if act_type == "selu":
        return op.Selu(data, alpha=1.6732632423543772, gamma=1.0507009873554805)
    if act_type == "gelu":
        if op.opset >= 20:
            return op.Gelu(data)
        return op.Mul(op.Mul(data, 0.5), op.Add(op.Erf(op.Mul(data, math.sqrt(0.5))), 1.0))
    return op.LeakyRelu(
        data, alpha=slope if act_type == "leaky" else (lower_bound + upper_bound) / 2
    )


@table.op("Pooling", ignores=("cudnn_off",))
def pooling(
    op,
    data,
    *,
    pool_type,
    kernel,
    stride,
    pad,
    global_pool,
    pooling_convention,
    count_include_pad,
    p_value,
    layout,
):
    channels_first(layout)
    if global_pool:
        if pool_type == "sum":
            return op.ReduceSum(data, axes=range(2, op.rank(data)), keepdims=1)
        return {"max": op.GlobalMaxPool, "avg": op.GlobalAveragePool, "lp": op.GlobalLpPool}[
            pool_type
        ](data, p=p_value if pool_type == "lp" else None)
    rank = len(kernel)
    stride, pad, ends = stride or (1,) * rank, pad or (0,) * rank, list(pad or (0,) * rank)
    ceil = None
    if pooling_convention == "full":
        sizes = op.dims(data)[2:]
        if not any(pad) and all(s <= k for s, k in zip(stride, kernel)):
            ceil = 1  # no window starts in padding: no two readings
        elif pool_type == "max" and None not in sizes:
            last = [-(-(n + 2 * p - k) // s) * s for n, p, k, s in zip(sizes, pad, kernel, stride)]
            ends = [max(at + k - n - p, p) for at, k, n, p in zip(last, kernel, sizes, pad)]
            if any(end >= k for end, k in zip(ends, kernel)):
                raise TranslationError("a window of this 'full' pooling lies in padding alone")
        else:
            raise TranslationError(
                "pooling_convention='full' with padding needs max pooling and known sizes"
            )
    elif pooling_convention != "valid":
        raise TranslationError(f"pooling_convention '{pooling_convention}' is not covered")
    common = dict(kernel_shape=kernel, strides=stride, pads=[*pad, *ends], ceil_mode=ceil)
    if pool_type == "max":
        return op.MaxPool(data, **common)
    if pool_type not in ("avg", "sum"):
        raise TranslationError(f"pool_type '{pool_type}' is not covered")
    include = 1 if pool_type == "sum" or count_include_pad is None else int(count_include_pad)
    average = op.AveragePool(data, count_include_pad=include, **common)
    return average if pool_type == "avg" else op.Mul(average, float(np.prod(kernel)))


@table.op(
    "Dropout",
    "_copy",
    "BlockGrad",
    "make_loss",
    "MakeLoss",
    "LinearRegressionOutput",
    "MAERegressionOutput",
    "SVMOutput",
    ignores=(
        "p",
        "mode",
        "axes",
        "cudnn_off",
        "grad_scale",
        "valid_thresh",
        "normalization",
        "margin",
        "regularization_coefficient",
        "use_linear",
    ),
)
def same(op, data):
    """Nothing at inference: no node."""
    return data


@table.op("LogisticRegressionOutput", ignores=("grad_scale",))
def logistic_output(op, data):
    return op.Sigmoid(data)


def softmax_over(op, data, axis, op_type="Softmax"):
    """Softmax along one axis at every opset: before 13 the operator took all axes from ``axis`` on."""
    axis, last = op.axis(data, axis), op.rank(data) - 1
    if op.opset >= 13 or axis == last:
        return getattr(op, op_type)(data, axis=axis if axis != last or op.opset < 13 else -1)
    perm = list(range(last + 1))
    perm[axis], perm[last] = last, axis
    return op.Transpose(getattr(op, op_type)(op.Transpose(data, perm=perm), axis=last), perm=perm)


@table.op(
    "SoftmaxOutput",
    ignores=(
        "grad_scale",
        "ignore_label",
        "use_ignore",
        "normalization",
        "out_grad",
        "smooth_alpha",
        "preserve_shape",
    ),
)
def softmax_output(op, data, *, multi_output):
    return softmax_over(op, data, 1 if multi_output else -1)


@table.op("SoftmaxActivation")
def softmax_activation(op, data, *, mode):
    """ "instance" is the last axis at every rank, whatever its documentation says (measured)."""
    return softmax_over(op, data, 1 if mode == "channel" else -1)


@table.op("log_softmax", limits="use_length is not covered")
def log_softmax(op, data, *, axis, temperature, dtype):
    result = softmax_over(
        op, data if temperature in (None, 1.0) else op.Div(data, temperature), axis, "LogSoftmax"
    )
    return cast(op, result, dtype) if dtype else result


def cast(op, x, dtype):
    from onnx.helper import np_dtype_to_tensor_dtype

    return (
        x
        if op.dtype(x) == np.dtype(dtype)
        else op.Cast(x, to=np_dtype_to_tensor_dtype(np.dtype(dtype)))
    )


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


@table.op("UpSampling", ignores=("workspace", "multi_input_mode", "num_args"))
def up_sampling(op, data, weight=None, *, scale, sample_type, num_filter):
    if sample_type == "nearest" and weight is None:
        return op.Resize(
            data,
            scales=np.array([1, 1, scale, scale], np.float32),
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
    if sample_type == "nearest":
        raise TranslationError("UpSampling of several inputs is not covered")
    kernel, pad = 2 * scale - scale % 2, math.ceil((scale - 1) / 2)
    return op.ConvTranspose(
        data,
        weight,
        kernel_shape=[kernel] * 2,
        strides=[scale] * 2,
        pads=[pad] * 4,
        group=num_filter,
    )
