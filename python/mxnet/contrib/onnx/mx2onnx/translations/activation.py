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
"""Activations. MXNet has them for floats alone, but for the operators named in lower case."""

from __future__ import annotations

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import NO_FLOAT64, carried, cast, is_float, known_dtype
from .dimensions import within
from .elementwise import in_floats, larger

table = TranslationTable()

ACTIVATIONS = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softrelu": "Softplus",
    "softsign": "Softsign",
}


@table.op("Activation", limits=f"of softrelu and softsign {NO_FLOAT64}")
def activation(op, data, *, act_type):
    return getattr(op, ACTIVATIONS[act_type])(data)


@table.op("relu")
def relu(op, data):
    return op.Relu(data) if is_float(op, data) else larger(op, data, 0)


@table.op("sigmoid")
def sigmoid(op, data):
    return in_floats(op, data, op.Sigmoid)


@table.op("softsign", limits=NO_FLOAT64)
def softsign(op, data):
    """Of an integer it is less than 1, which MXNet truncates."""
    return op.Softsign(data) if is_float(op, data) else carried(op, "Sub", data, data)


@table.op("hard_sigmoid", limits=NO_FLOAT64)
def hard_sigmoid(op, data, *, alpha, beta):
    return op.HardSigmoid(data, alpha=alpha, beta=beta)


@table.op("LeakyReLU", limits=f"slopes for another axis than 1; {NO_FLOAT64}")
def leaky_relu(op, data, gamma=None, *, act_type, slope, lower_bound, upper_bound):
    if act_type == "prelu":
        return _prelu(op, data, gamma)
    if act_type == "elu":
        return op.Elu(data, alpha=slope)
    if act_type == "selu":
        return op.Selu(data, alpha=1.6732632423543772, gamma=1.0507009873554805)
    if act_type == "gelu":
        return _gelu(op, data)
    return op.LeakyRelu(
        data, alpha=slope if act_type == "leaky" else (lower_bound + upper_bound) / 2
    )


def _prelu(op, data, gamma):
    """The slope's last axis is axis 1 of the data."""
    channels, slopes = op.dims(data)[1:2], op.dims(gamma)[-1:]
    if channels and slopes != (1,) and None not in channels + slopes and channels != slopes:
        raise TranslationError(
            f"{slopes[0]} slopes for axis 0 of the data are not covered: axis 1 has {channels[0]}"
        )
    after, rank = op.rank(data) - 2, op.rank(gamma)
    return op.PRelu(
        data, op.Unsqueeze(gamma, axes=range(rank, rank + after)) if after > 0 else gamma
    )


def _gelu(op, data):
    """With the error function; before opset 20 in the form that runtimes know and fuse."""
    if op.opset >= 20:
        return op.Gelu(data)
    scaled = op.Mul(data, op.Add(op.Erf(op.Div(data, math.sqrt(2))), 1.0))
    return op.Mul(scaled, 0.5)


def softmax_over(op, data, axis, op_type="Softmax"):
    """Softmax or LogSoftmax along one axis; before opset 13 ONNX took all axes from ``axis`` on."""
    axis, last = op.axis(data, axis), op.rank(data) - 1
    softmax_of = getattr(op, op_type)
    if op.opset >= 13:
        return softmax_of(data, axis=axis - last - 1)
    if axis == last:
        return softmax_of(data, axis=axis)
    perm = list(range(last + 1))
    perm[axis], perm[last] = last, axis
    return op.Transpose(softmax_of(op.Transpose(data, perm=perm), axis=last), perm=perm)


def _tempered(op, data, temperature, dtype, compute):
    """``compute`` on the data divided by ``temperature``, in the wider of the two dtypes."""
    wanted = op.dtype(data) if dtype is None else known_dtype(dtype)
    if wanted.itemsize > op.dtype(data).itemsize:
        data = cast(op, data, wanted)
    scaled = data if temperature in (None, 1.0) else op.Div(data, temperature)
    return cast(op, compute(scaled), wanted)


@table.op("softmax")
def softmax(op, data, length=None, *, axis, temperature, use_length, dtype):
    """What lies beyond ``length`` along the axis is 0 and takes no part; so is all of length 0.

    A bound for each place and a product cost ONNX Runtime half of what two choices do.
    """

    def masked(scaled):
        along, dtype = op.axis(scaled, axis), op.dtype(scaled)
        lengths = op.Unsqueeze(length, axes=[along])
        inside = within(op, scaled, lengths, along)
        untouched = op.Or(inside, op.Not(op.Greater(lengths, 0)))
        bound = op.Where(untouched, op.constant(np.inf, dtype), op.constant(-np.inf, dtype))
        return op.Mul(softmax_over(op, op.Min(scaled, bound), along), cast(op, inside, dtype))

    def plain(scaled):
        return softmax_over(op, scaled, axis)

    return _tempered(op, data, temperature, dtype, masked if use_length else plain)


@table.op("softmin")
def softmin(op, data, *, axis, temperature, dtype):
    return _tempered(
        op, data, temperature, dtype, lambda scaled: softmax_over(op, op.Neg(scaled), axis)
    )


@table.op("log_softmax")
def log_softmax(op, data, *, axis, temperature, dtype):
    return _tempered(
        op, data, temperature, dtype, lambda scaled: softmax_over(op, scaled, axis, "LogSoftmax")
    )


@table.op("SoftmaxActivation")
def softmax_activation(op, data, *, mode):
    """ "instance" is the last axis at every rank, whatever its documentation says (measured)."""
    return softmax_over(op, data, 1 if mode == "channel" else -1)
