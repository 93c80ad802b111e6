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
"""Quantised convolutions and fully connected layers, alone and as MKLDNN fuses them.

Calibrated layers are float operators between DequantizeLinear and QuantizeLinear; where the range
is found at run time they are ConvInteger and MatMulInteger, which sum exactly.
"""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .activation import activation, leaky_relu
from .casting import cast
from .convolution import QUIET, convolution
from .elementwise import clip
from .levels import (
    FLOAT,
    INT8,
    INT32,
    LEVELS,
    UINT8,
    WHOLE_LEVELS,
    both_signs,
    calibrated,
    constant_range,
    dequantised,
    known,
    levels_of,
    quantised,
    reach,
    width,
)
from .linear_algebra import fully_connected
from .shape import flatten

table = TranslationTable()
#: MKLDNN wants biases below half of what int32 holds.
MOST_BIAS = 2.0**30
#: The scale that MXNet takes for weights that are all 0.
SCALE_OF_ZEROS = 2.0**31
LIMITS = "weights that are computed; activations beside relu, leaky and clip"
SAID_BY_THE_BODY = (
    "with_bn", "with_act", "with_sum", "with_postsum_act", "with_relu", "with_postsum_relu",
)  # fmt: skip
ACTIVATIONS = ("Activation", "LeakyReLU", "clip")


def _numbers(op, x):
    """The entries of a constant, one row."""
    tensor = op.tensor(x)
    if tensor is None:
        raise TranslationError(f"'{x}' is computed; MXNet quantises a layer's constants alone")
    return tensor.read().reshape(-1)


def _peaks(op, weight):
    """The largest magnitude for each filter."""
    if op.tensor(weight) is None:
        raise TranslationError(f"'{weight}' is computed; MXNet quantises a layer's constants alone")
    values = op.tensor(weight).read()
    return np.abs(values.reshape(values.shape[0], -1)).max(axis=1).astype(np.float32)


def _scales(peaks):
    """Levels for 1 of weights that reach up to ``peaks``."""
    with np.errstate(divide="ignore"):
        scales = np.float32(LEVELS[INT8]) / peaks
    return np.where(peaks > 0, scales, np.float32(SCALE_OF_ZEROS)).astype(np.float32)


def _levels(op, weight, factors, scales):
    """int8 of a weight, computed when it is written.

    The two products one after the other: the largest weight lies between two levels, and the last
    bit decides which of them it gets.
    """
    rank = len(op.tensor(weight).shape)
    factors, scales = (
        np.asarray(x, np.float32).reshape(-1, *[1] * (rank - 1)) for x in (factors, scales)
    )
    return op.derived(
        weight,
        lambda w: np.clip(np.rint((w * factors) * scales), -128, 127).astype(np.int8),
        dtype=np.int8,
    )


def _written_bias(op, bias, step, scales):
    """A bias in the levels of the sums, one width for each filter; floats where that cannot be."""
    width_of_data = known(op, step)
    if width_of_data is None:
        return op.constant(bias.astype(np.float32), name="bias")
    levels = np.rint(bias.astype(np.float64) * scales / width_of_data)
    widths = (width_of_data / scales).astype(np.float32)
    if op.opset < 13 or np.abs(levels).max() > MOST_BIAS:
        return op.constant((levels * widths).astype(np.float32), name="bias")
    whole = op.constant(levels.astype(np.int32), name="bias")
    return dequantised(op, whole, op.constant(widths), axis=0)


def _channel_wise(op, weight, bias, factors, step, groups):
    """Weight and bias as they leave quantisation filter by filter, in floats.

    ``groups`` is how many scales the weight's levels are made with, the number of filters but for a
    weight in groups: of that one MKLDNN takes the first scales, one for all filters of a
    group, and what reads its levels takes those of the filters (measured).
    """
    scales = _scales(_peaks(op, weight) * np.abs(factors))
    width_of_data = known(op, step)
    if bias is not None and width_of_data is not None:
        with np.errstate(divide="ignore"):
            most = np.float32(MOST_BIAS) * width_of_data / np.abs(bias)
        scales = np.minimum(scales, most).astype(np.float32)
    levels = _levels(op, weight, factors, np.repeat(scales[:groups], len(scales) // groups))
    floats = dequantised(op, levels, op.constant((1 / scales).astype(np.float32)), axis=0)
    return floats, None if bias is None else _written_bias(op, bias, step, scales)


def _product_range(op, step_of_data, reach_of_weight, dtype):
    """The width of a level of int32 sums as MXNet has it, and the range that it hands on.

    It is not the product of the widths: MXNet counts 127 levels here and 127.5 there.
    """
    levels = np.float32(WHOLE_LEVELS[INT8] * WHOLE_LEVELS[dtype])
    far = op.Mul(op.Div(op.Mul(step_of_data, reach_of_weight), levels), _WHOLE)
    return both_signs(op, far)


_WHOLE = np.float32(WHOLE_LEVELS[INT32])


def _sums(op, data, weight, *, kernel, stride, dilate, pad, num_group):
    """A convolution of levels, exact; of uint8 alone, as older runtimes have no other."""
    data, zero = _from_zero_point(op, data)
    weight, zero_of_weight = _from_zero_point(op, weight)
    return op.ConvInteger(
        data,
        weight,
        zero,
        zero_of_weight,
        kernel_shape=kernel,
        strides=stride or None,
        dilations=dilate or None,
        pads=[*pad, *pad] or None,
        group=num_group,
    )


def _from_zero_point(op, x):
    """uint8 and its zero point, of uint8 or int8."""
    shift = 0 if op.dtype(x) == UINT8 else 128
    zero = op.constant(np.uint8(shift), name="zero")
    if not shift:
        return x, zero
    if op.tensor(x) is not None:
        moved = op.derived(x, lambda w: (w.astype(np.int16) + 128).astype(np.uint8), dtype=UINT8)
        return moved, zero
    return cast(op, op.Add(cast(op, x, INT32), np.int32(shift)), UINT8), zero


def _window(values):
    """What of a convolution's parameters says where its windows lie."""
    if values.get("layout") not in (None, "NCHW", "NCDHW"):
        raise TranslationError(f"layout {values['layout']} is one that MXNet does not quantise")
    return {k: values[k] for k in ("kernel", "stride", "dilate", "pad", "num_group")}


def _per_filter(op, x, rank):
    """One number a filter, to be added to (N, filters, ...)."""
    return op.Reshape(x, shape=[-1, *[1] * (rank - 2)])


def _activated(op, x, nodes, bounded=True):
    """The activation that is fused in; of clip the upper bound only where it has its meaning."""
    for node in nodes:
        values = dict(node.values)
        if node.op_type == "Activation" and values["act_type"] == "relu":
            x = activation(op, x, act_type="relu")
        elif node.op_type == "LeakyReLU" and values["act_type"] == "leaky":
            x = leaky_relu(op, x, **{k: values[k] for k in LEAKY})
        elif node.op_type == "clip":
            x = clip(op, x, a_min=0.0, a_max=values["a_max"]) if bounded else x
        elif node.op_type in ACTIVATIONS:
            raise TranslationError(f"MXNet has no quantised {node.op_type} {values}")
    return x


LEAKY = ("act_type", "slope", "lower_bound", "upper_bound")


def _is_uint8(nodes, leaky):
    """Whether what comes out of the fused activation has no sign."""
    for node in nodes:
        if node.op_type == "LeakyReLU":
            return leaky or node.values["slope"] == 0
        if node.op_type in ACTIVATIONS:
            return True
    return False


def _whole(op, x):
    """int32 of floats, ends where float32 can say that int32 ends."""
    return cast(
        op, op.Clip(op.Round(x), min=np.float32(-(2**31)), max=np.float32(2147483520)), INT32
    )


@table.op("_contrib_quantized_conv", ignores=QUIET)
def quantized_conv(op, data, weight, *rest, kernel, stride, dilate, pad, num_group, layout):
    """int32. To uint8 (CPUs) a bias is added as it is, to int8 (GPUs) in the levels of the sums."""
    bias, ranges = (rest[0], rest[1:]) if len(rest) > 4 else (None, rest)
    window = _window(
        {
            "kernel": kernel,
            "stride": stride,
            "dilate": dilate,
            "pad": pad,
            "num_group": num_group,
            "layout": layout,
        }
    )
    sums = _sums(op, data, weight, **window)
    far, far_of_weight = reach(op, *ranges[:2]), reach(op, *ranges[2:4])
    low, high = _product_range(op, far, far_of_weight, INT8)
    if bias is not None and op.dtype(data) == UINT8:
        sums = op.Add(sums, _per_filter(op, cast(op, bias, INT32), op.rank(data)))
    elif bias is not None:
        step = op.Div(reach(op, low, high), _WHOLE)
        ratio = op.Div(width(op, reach(op, *ranges[4:6]), WHOLE_LEVELS[INT8]), step)
        more = _per_filter(op, op.Mul(cast(op, bias, FLOAT), ratio), op.rank(data))
        sums = cast(op, op.Add(cast(op, sums, FLOAT), more), INT32)
    return sums, low, high


@table.op("_contrib_quantized_fully_connected", ignores=("num_hidden", "no_bias"))
def quantized_fully_connected(op, data, weight, *rest, flatten):
    """int32; a bias comes into the levels of the sums, cut towards zero."""
    bias, ranges = (rest[0], rest[1:]) if len(rest) > 4 else (None, rest)
    far, far_of_weight = reach(op, *ranges[:2]), reach(op, *ranges[2:4])
    sums = _dense_sums(op, data, weight, flatten)
    if bias is not None:
        step = op.Mul(*_widths(op, far, far_of_weight, op.dtype(data)))
        ratio = op.Div(width(op, reach(op, *ranges[4:6]), LEVELS[INT8]), step)
        sums = op.Add(sums, cast(op, op.Mul(cast(op, bias, FLOAT), ratio), INT32))
    return (sums, *_product_range(op, far, far_of_weight, op.dtype(data)))


def _widths(op, far, far_of_weight, dtype):
    return width(op, far, LEVELS[dtype]), width(op, far_of_weight, LEVELS[INT8])


def _dense_sums(op, data, weight, flat):
    data = flatten(op, data) if flat else data
    return op.MatMulInteger(data, op.Transpose(weight, perm=[1, 0]))


@table.op("_sg_mkldnn_conv", ignores=SAID_BY_THE_BODY, limits=LIMITS)
def fused_convolution(op, *inputs, bodies, quantized, min_calib_range, max_calib_range):
    """Inputs are data, weight, bias, four statistics, the summand, and their ranges."""
    (body,) = bodies
    if not quantized:
        return body(op, *inputs)
    given = iter(inputs)
    layer = {node.op_type: dict(node.values) for node in body.nodes}
    data, weight = next(given), next(given)
    bias = None if layer["Convolution"]["no_bias"] else _numbers(op, next(given))
    factors = np.ones(op.dims(weight)[0], np.float32)
    if "BatchNorm" in layer:
        statistics = [_numbers(op, next(given)) for _ in range(4)]
        factors, bias = _normalised(layer["BatchNorm"], bias, *statistics)
    summand = next(given) if "broadcast_add" in layer else None
    far = reach(op, next(given), next(given))
    step = width(op, far, LEVELS[op.dtype(data)])
    ranges = [next(given), next(given)] if summand else []
    window = _window(layer["Convolution"])
    if not calibrated(min_calib_range, max_calib_range):
        return _summed_convolution(
            op, (data, step, far), (weight, factors, bias), (summand, *ranges), window, body.nodes
        )
    groups = window["num_group"]
    per_filter = groups if groups > 1 else len(factors)
    weight, bias = _channel_wise(op, weight, bias, factors, step, per_filter)
    floats = dequantised(op, data, step, plain=True)
    result = convolution(op, floats, weight, bias, layout=None, **window)
    if summand:
        result = op.Add(result, levels_of(op, summand, *ranges))
    result = _activated(op, result, body.nodes, bounded=False)
    dtype = UINT8 if _is_uint8(body.nodes, leaky=False) else INT8
    far = op.constant(np.float32(max(abs(min_calib_range), abs(max_calib_range))))
    # MXNet sums into the summand's memory, which ends where the summand's dtype does
    stored = op.dtype(summand) if summand else dtype
    levels = quantised(op, result, width(op, far, LEVELS[dtype]), stored)
    return (cast(op, levels, dtype), *constant_range(op, min_calib_range, max_calib_range))


def _normalised(values, bias, gamma, beta, mean, variance):
    """Factors for the filters, and the bias, that a BatchNorm makes of a convolution's."""
    gamma = np.ones_like(gamma) if values["fix_gamma"] else gamma
    factors = (gamma / np.sqrt(variance.astype(np.float64) + values["eps"])).astype(np.float32)
    shift = beta - factors * mean if bias is None else beta + factors * (bias - mean)
    return factors, shift.astype(np.float32)


def _summed_convolution(op, data, weight, summand, window, nodes):
    """int32 sums, whose range is found later; one scale for the whole weight."""
    data, step, far = data
    weight, factors, bias = weight
    peak = np.float32((_peaks(op, weight) * np.abs(factors)).max())
    scale = _scales(np.array([peak]))[0]
    sums = _sums(op, data, _levels(op, weight, factors, scale), **window)
    if bias is not None:
        levels = _whole(op, op.Div(op.constant((bias * scale).astype(np.float32)), step))
        sums = op.Add(sums, _per_filter(op, levels, op.rank(data)))
    if summand[0] is not None:
        levels, *ends = summand
        # MKLDNN's scale in MXNet's order of products: the sum is rounded, and the last bit decides
        scale_of_data = op.Div(np.float32(LEVELS[op.dtype(data)]), far)
        scale_of_levels = op.Div(np.float32(LEVELS[op.dtype(levels)]), reach(op, *ends))
        ratio = op.Div(op.Mul(scale_of_data, op.constant(scale)), scale_of_levels)
        # one rounding, as of a product and a sum in one instruction
        wide, levels, ratio = (cast(op, x, np.float64) for x in (sums, levels, ratio))
        total = cast(op, op.Add(wide, op.Mul(levels, ratio)), FLOAT)
        sums = _whole(op, _activated(op, total, nodes, bounded=False))
    elif any(node.op_type in ACTIVATIONS for node in nodes):
        sums = _whole(op, _activated(op, cast(op, sums, FLOAT), nodes, bounded=False))
    return (sums, *_product_range(op, far, op.constant(peak), op.dtype(data)))


@table.op(
    "_sg_mkldnn_fully_connected",
    ignores=("with_eltwise", "with_relu"),
    limits=LIMITS,
)
def fused_fully_connected(
    op,
    *inputs,
    bodies,
    quantized,
    enable_float_output,
    channel_wise_quantize,
    min_calib_range,
    max_calib_range,
):
    """Inputs are data, weight, bias, and the ranges of those that came quantised."""
    (body,) = bodies
    if not quantized:
        return body(op, *inputs)
    given = iter(inputs)
    layer = next(dict(n.values) for n in body.nodes if n.op_type == "FullyConnected")
    data, weight = next(given), next(given)
    bias = None if layer["no_bias"] else next(given)
    far = reach(op, next(given), next(given))
    step = width(op, far, LEVELS[op.dtype(data)])
    ranges = list(given)
    fused = calibrated(min_calib_range, max_calib_range)
    if channel_wise_quantize:
        bias = None if bias is None else _numbers(op, bias)
        ones = np.ones(op.dims(weight)[0], np.float32)
        weight, bias = _channel_wise(op, weight, bias, ones, step, len(ones))
    elif not fused and not enable_float_output:
        return _summed_dense(op, (data, step, far), weight, bias, ranges, layer, body.nodes)
    else:
        weight, bias = _tensor_wise(op, weight, bias, ranges, step)
    floats = dequantised(op, data, step, plain=bool(channel_wise_quantize))
    result = fully_connected(op, floats, weight, bias, flatten=layer["flatten"])
    result = _activated(op, result, body.nodes)
    if enable_float_output:
        return result
    dtype = UINT8 if _is_uint8(body.nodes, leaky=True) else INT8
    far = op.constant(np.float32(max(abs(min_calib_range), abs(max_calib_range))))
    levels = quantised(op, result, width(op, far, LEVELS[dtype]), dtype)
    return (levels, *constant_range(op, min_calib_range, max_calib_range))


def _tensor_wise(op, weight, bias, ranges, step):
    """Weight and bias that came as int8, in floats."""
    step_of_weight = width(op, reach(op, *ranges[:2]), LEVELS[INT8])
    floats = dequantised(op, weight, step_of_weight)
    if bias is None:
        return floats, None
    step_of_bias = width(op, reach(op, *ranges[2:4]), LEVELS[INT8])
    scale = known(op, step_of_weight)
    if scale is None or op.tensor(bias) is None or known(op, step_of_bias) is None:
        return floats, dequantised(op, bias, step_of_bias)
    numbers = _numbers(op, bias) * known(op, step_of_bias)
    return floats, _written_bias(op, numbers, step, 1 / scale)


def _summed_dense(op, data, weight, bias, ranges, layer, nodes):
    """int32 sums, whose range is found later."""
    data, step, far = data
    far_of_weight = reach(op, *ranges[:2])
    sums = _dense_sums(op, data, weight, layer["flatten"])
    if bias is not None:
        ratio = op.Mul(step, width(op, far_of_weight, LEVELS[INT8]))
        floats = levels_of(op, bias, *ranges[2:4])
        sums = op.Add(sums, _whole(op, op.Div(floats, ratio)))
    if any(node.op_type == "clip" for node in nodes):
        raise TranslationError("MXNet cuts sums and not what they mean here; calibrate the network")
    if any(node.op_type in ACTIVATIONS for node in nodes):
        sums = _whole(op, _activated(op, cast(op, sums, FLOAT), nodes))
    return (sums, *_product_range(op, far, far_of_weight, op.dtype(data)))
