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
"""Activations."""

from __future__ import annotations

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast
from .generator import arange_like

table = TranslationTable()

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


def softmax_over(op, data, axis, op_type="Softmax"):
    """Softmax along one axis at every opset: before 13 the operator took all axes from ``axis`` on."""
    axis, last = op.axis(data, axis), op.rank(data) - 1
    if op.opset >= 13 or axis == last:
        return getattr(op, op_type)(data, axis=axis if axis != last or op.opset < 13 else -1)
    perm = list(range(last + 1))
    perm[axis], perm[last] = last, axis
    return op.Transpose(getattr(op, op_type)(op.Transpose(data, perm=perm), axis=last), perm=perm)


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


def within(op, data, length, axis):
    """Bool, broadcast against ``data``: position along ``axis`` < ``length``, which has one entry a sequence."""
    positions = cast(op, arange_like(op, data, start=0, step=1, axis=axis), op.dtype(length))
    after = op.rank(data) - 1 - axis
    return op.Less(op.Reshape(positions, shape=[-1, *[1] * after]), length)


@table.op("softmax", limits="a length needs axis=-1")
def softmax(op, data, length=None, *, axis, temperature, use_length, dtype):
    scaled = data if temperature in (None, 1.0) else op.Div(data, temperature)
    if not use_length:
        result = softmax_over(op, scaled, axis)
    else:
        axis = op.axis(data, axis)
        if axis != op.rank(data) - 1:
            raise TranslationError("softmax with a length is covered along the last axis only")
        inside = within(op, data, op.Unsqueeze(length, axes=[axis]), axis)
        result = op.Where(inside, softmax_over(op, op.Where(inside, scaled, -np.inf), axis), 0.0)
    return cast(op, result, dtype) if dtype else result
