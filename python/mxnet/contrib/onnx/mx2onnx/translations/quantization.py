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
"""Quantised networks: what is no layer, and layers as ``mx.contrib.quantization`` writes them.

Values are int8, uint8 or int32 and carry a range. Layers on calibrated values are float operators
between DequantizeLinear and QuantizeLinear, which runtimes fuse; sums of products whose
range is found at run time are ConvInteger and MatMulInteger.
"""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .activation import relu
from .casting import cast
from .convolution import CHANNELS_FIRST
from .indexing import embedding
from .joining import concat
from .levels import (
    FLOAT,
    INT8,
    INT32,
    LEAST_RANGE,
    LEVELS,
    UINT8,
    WHOLE_LEVELS,
    as_range,
    both_signs,
    calibrated,
    constant_range,
    dequantised,
    from_zero,
    known,
    levels_of,
    quantised,
    quantised_dtype,
    ranged,
    reach,
    width,
)
from .normalization import TRAINING, batch_norm
from .pooling import pooling
from .shape import flatten

table = TranslationTable()


@table.op("_contrib_quantize_v2")
def quantize_v2(op, data, *, out_type, min_calib_range, max_calib_range):
    """Without calibration the range is the data's own, found at run time."""
    dtype = quantised_dtype(out_type, min_calib_range)
    if op.dtype(data) != FLOAT:
        return _passed(op, data, dtype, min_calib_range, max_calib_range)
    if calibrated(min_calib_range, max_calib_range):
        low, high = constant_range(op, min_calib_range, max_calib_range)
    else:
        low, high = (as_range(op, x) for x in (_over_all(op, data, m) for m in ("Min", "Max")))
    far = reach(op, low, high)
    levels = ranged(op, data, far, dtype)
    return (levels, low, high) if dtype == UINT8 else (levels, *both_signs(op, far))


def _passed(op, data, dtype, low, high):
    """Data that is quantised already is handed on."""
    if op.dtype(data) != dtype:
        raise TranslationError(f"MXNet reads {op.dtype(data)} data as {dtype}, byte by byte")
    if calibrated(low, high):
        return (data, *constant_range(op, low, high))
    end = LEVELS[dtype]
    return (data, *constant_range(op, 0.0 if dtype == UINT8 else -end, end))


def _over_all(op, data, end):
    """The smallest or largest entry; float32 holds int32 well enough for a range."""
    return getattr(op, f"Reduce{end}")(data, keepdims=0)


@table.op("_contrib_quantize")
def quantize(op, data, min_range, max_range, *, out_type):
    """The older operator: its levels are whole, unlike those of the one after it."""
    dtype = np.dtype(out_type)
    far = reach(op, min_range, max_range)
    levels = quantised(op, data, width(op, far, WHOLE_LEVELS[dtype]), dtype)
    ends = (min_range, max_range) if dtype == UINT8 else both_signs(op, far)
    return (levels, *ends)


@table.op("_contrib_quantize_asym")
def quantize_asym(op, data, *, min_calib_range, max_calib_range):
    """uint8 with an offset, for recurrent layers; gives scale and shift in place of a range."""
    if op.dtype(data) != FLOAT:
        raise TranslationError(f"MXNet reads {op.dtype(data)} data as float32, byte by byte")
    if calibrated(min_calib_range, max_calib_range):
        low, high = (op.constant(np.float32(end)) for end in (min_calib_range, max_calib_range))
    else:
        low, high = (_over_all(op, data, end) for end in ("Min", "Max"))
    scale = op.Div(np.float32(255), op.Sub(high, low))
    shift = op.Sub(np.float32(255), op.Mul(high, scale))
    moved = op.Round(op.Add(op.Mul(data, scale), shift))
    levels = cast(op, op.Clip(moved, min=np.float32(0), max=np.float32(255)), UINT8)
    return levels, as_range(op, scale), as_range(op, shift)


@table.op("_contrib_dequantize", ignores=("out_type",))
def dequantize(op, data, min_range, max_range):
    return levels_of(op, data, min_range, max_range)


@table.op("_contrib_requantize")
def requantize(op, data, min_range, max_range, *, out_type, min_calib_range, max_calib_range):
    """From int32 to 8 bits; without calibration the range is that of the sums, at run time."""
    dtype = quantised_dtype(out_type, min_calib_range)
    step = width(op, reach(op, min_range, max_range), WHOLE_LEVELS[INT32])
    if calibrated(min_calib_range, max_calib_range):
        far = op.constant(np.float32(max(abs(min_calib_range), abs(max_calib_range))))
        floats = dequantised(op, data, step)
        levels = quantised(op, floats, width(op, far, WHOLE_LEVELS[dtype]), dtype)
    else:
        sums = cast(op, data, FLOAT)
        most = op.Max(*(op.Abs(_over_all(op, sums, end)) for end in ("Min", "Max")))
        # the products in MXNet's order: the last bit decides between two levels
        reached = reach(op, min_range, max_range)
        far = op.Div(op.Mul(most, reached), np.float32(WHOLE_LEVELS[INT32]))
        least = op.Max(far, np.float32(LEAST_RANGE))
        scale = op.Mul(step, op.Div(np.float32(WHOLE_LEVELS[dtype]), least))
        levels = quantised(op, op.Mul(sums, scale), op.constant(np.float32(1)), dtype)
    if dtype == UINT8:
        return (levels, *from_zero(op, far))
    return (levels, *both_signs(op, far))


@table.op("_contrib_quantized_flatten")
def quantized_flatten(op, data, min_data, max_data):
    return flatten(op, data), min_data, max_data


@table.op("_contrib_quantized_act", limits="relu alone, as in MXNet")
def quantized_act(op, data, min_data, max_data, *, act_type):
    """MXNet calls the result int8 whatever the data is: uint8 above 127 become negative."""
    if act_type != "relu":
        raise TranslationError(f"MXNet has no quantised activation {act_type}")
    return cast(op, relu(op, data), INT8), min_data, max_data


@table.op("_contrib_quantized_pooling", ignores=("cudnn_off",), limits="max and avg, as in MXNet")
def quantized_pooling(
    op,
    data,
    min_data,
    max_data,
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
    """Means are rounded, halves to even."""
    if pool_type not in ("max", "avg"):
        raise TranslationError(f"MXNet has no quantised pooling {pool_type}")
    step = width(op, reach(op, min_data, max_data), LEVELS[op.dtype(data)])
    step = op.constant(np.float32(1)) if known(op, step) is None else step
    floats = dequantised(op, data, step)
    partial = pooling_convention == "full" and count_include_pad is not False
    if pool_type == "avg" and partial and not global_pool:
        pooled = _whole_means(op, floats, kernel, stride, pad, layout)
        return quantised(op, pooled, step, op.dtype(data)), min_data, max_data
    pooled = pooling(
        op,
        floats,
        pool_type=pool_type,
        kernel=kernel,
        stride=stride,
        pad=pad,
        global_pool=global_pool,
        pooling_convention=pooling_convention,
        count_include_pad=count_include_pad,
        p_value=p_value,
        layout=layout,
    )
    return quantised(op, pooled, step, op.dtype(data)), min_data, max_data


def _whole_means(op, data, kernel, stride, pad, layout):
    """Means over windows that may end behind the data, where zeros count here as in front of it."""
    if layout not in CHANNELS_FIRST:
        raise TranslationError(f"layout {layout} is one that MXNet does not quantise")
    stride, pad = stride or (1,) * len(kernel), pad or (0,) * len(kernel)
    behind = [p + s - 1 for p, s in zip(pad, stride)]
    return op.AveragePool(
        data, kernel_shape=kernel, strides=stride, pads=[*pad, *behind], count_include_pad=1
    )


@table.op("_contrib_quantized_concat", ignores=("num_args",))
def quantized_concat(op, *inputs, dim):
    """Arrays, then the two ends of each; of int8 and uint8 it is int8."""
    count = len(inputs) // 3
    arrays, lows, highs = inputs[:count], inputs[count::2], inputs[count + 1 :: 2]
    low, high = op.Min(*lows, np.float32(0)), op.Max(*highs, np.float32(0))
    dtype = UINT8 if all(op.dtype(x) == UINT8 for x in arrays) else INT8
    step = width(op, reach(op, low, high), LEVELS[dtype])
    floats = [levels_of(op, *x) for x in zip(arrays, lows, highs)]
    return quantised(op, concat(op, *floats, dim=dim), step, dtype), low, high


@table.op(
    "_contrib_quantized_elemwise_add",
    limits="int8 and uint8 together without calibration, where MXNet loses the uint8 operand",
)
def quantized_elemwise_add(
    op, lhs, rhs, lhs_min, lhs_max, rhs_min, rhs_max, *, min_calib_range, max_calib_range
):
    """int32 without calibration; of int8 and uint8 the latter becomes int8 first, ends included."""
    dtypes = {op.dtype(lhs), op.dtype(rhs)}
    floats = [levels_of(op, lhs, lhs_min, lhs_max), levels_of(op, rhs, rhs_min, rhs_max)]
    if not calibrated(min_calib_range, max_calib_range):
        if len(dtypes) > 1:
            raise TranslationError(
                "without calibration MXNet loses the uint8 operand beside int8; calibrate, or "
                "quantise with quantized_dtype='int8'"
            )
        far = op.Add(reach(op, lhs_min, lhs_max), reach(op, rhs_min, rhs_max))
        sums = op.Div(op.Add(*floats), width(op, far, WHOLE_LEVELS[INT32]))
        return (_as_int32(op, sums), *both_signs(op, far))
    dtype = INT8 if INT8 in dtypes else UINT8
    far = op.constant(np.float32(max(abs(min_calib_range), abs(max_calib_range))))
    step = width(op, far, LEVELS[dtype])
    if len(dtypes) > 1:
        floats = [
            dequantised(op, quantised(op, x, step, INT8), step) if op.dtype(q) == UINT8 else x
            for x, q in zip(floats, (lhs, rhs))
        ]
    levels = quantised(op, op.Add(*floats), step, dtype)
    return (levels, *constant_range(op, min_calib_range, max_calib_range))


def _as_int32(op, x):
    """Whole numbers; those beyond int32 end where it ends, as far as float32 can say that."""
    return cast(
        op, op.Clip(op.Round(x), min=np.float32(-(2**31)), max=np.float32(2147483520)), INT32
    )


@table.op("_contrib_quantized_elemwise_mul", limits="uint8, which MXNet has not either")
def quantized_elemwise_mul(
    op,
    lhs,
    rhs,
    lhs_min,
    lhs_max,
    rhs_min,
    rhs_max,
    *,
    min_calib_range,
    max_calib_range,
    enable_float_output,
):
    """int32 without calibration; with it int8, cut towards zero, and what is too large wraps."""
    if {op.dtype(lhs), op.dtype(rhs)} != {INT8}:
        raise TranslationError("MXNet multiplies int8 alone; quantise with quantized_dtype='int8'")
    reaches = reach(op, lhs_min, lhs_max), reach(op, rhs_min, rhs_max)
    if enable_float_output:
        return op.Mul(levels_of(op, lhs, lhs_min, lhs_max), levels_of(op, rhs, rhs_min, rhs_max))
    if not calibrated(min_calib_range, max_calib_range):
        step = op.Mul(*(width(op, far, WHOLE_LEVELS[INT8]) for far in reaches))
        product = op.Mul(cast(op, lhs, INT32), cast(op, rhs, INT32))
        return (product, *both_signs(op, op.Mul(step, np.float32(WHOLE_LEVELS[INT32]))))
    floats = levels_of(op, lhs, lhs_min, lhs_max), levels_of(op, rhs, rhs_min, rhs_max)
    far = op.constant(np.float32(max(abs(min_calib_range), abs(max_calib_range))))
    levels = op.Div(op.Mul(*floats), width(op, far, LEVELS[INT8]))
    levels = cast(op, cast(op, levels, INT32), INT8)
    return (levels, *constant_range(op, min_calib_range, max_calib_range))


@table.op(
    "_contrib_quantized_batch_norm",
    ignores=(*TRAINING, "cudnn_off", "fix_gamma", "output_mean_var"),
)
def quantized_batch_norm(
    op,
    data,
    gamma,
    beta,
    moving_mean,
    moving_var,
    min_data,
    max_data,
    *,
    eps,
    axis,
    min_calib_range,
    max_calib_range,
):
    """gamma counts here whatever fix_gamma says; uint8 is made int8 first."""
    if not calibrated(min_calib_range, max_calib_range):
        raise TranslationError("MXNet normalises quantised data with a calibrated range alone")
    far = reach(op, min_data, max_data)
    if op.dtype(data) == UINT8:
        ratio = op.constant(np.float32(LEVELS[UINT8] / LEVELS[INT8]))
        data = quantised(op, dequantised(op, data, op.constant(np.float32(1))), ratio, INT8)
    floats = dequantised(op, data, width(op, far, LEVELS[INT8]))
    statistics = (gamma, beta, moving_mean, moving_var)
    normal = batch_norm(
        op, floats, *statistics, eps=eps, fix_gamma=False, axis=axis, output_mean_var=False
    )
    far = op.constant(np.float32(max(abs(min_calib_range), abs(max_calib_range))))
    levels = quantised(op, normal, width(op, far, LEVELS[INT8]), INT8)
    return (levels, *constant_range(op, min_calib_range, max_calib_range))


@table.op("_contrib_quantized_embedding", ignores=("output_dim", "dtype", "sparse_grad"))
def quantized_embedding(op, data, weight, min_weight, max_weight, *, input_dim):
    return embedding(op, data, weight, input_dim=input_dim), min_weight, max_weight
