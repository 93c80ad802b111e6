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
"""Activation functions, the softmax family among them."""

from __future__ import annotations

import math

import numpy as np

from ...translation import TranslationTable
from ..values import product
from .axes import along_axis, from_front
from .comparison import where
from .precision import cast, computed_in, scalar, without_float16

table = TranslationTable()

OLD = ("consumed_inputs",)

#: MKLDNN fuses these into the layer before them, and by this spelling only.
ACTIVATIONS = {
    "Sigmoid": ("sigmoid", (1, 6, 13)),
    "Softsign": ("softsign", (1, 22)),
    "Tanh": ("tanh", (1, 6, 13)),
}


def _activation(act_type):
    def translate(op, x):
        return op.Activation(x, act_type=act_type)

    return translate


for _op_type, (_act_type, _versions) in ACTIVATIONS.items():
    _ignores = OLD if 6 in _versions else ()
    table.op(_op_type, versions=_versions, ignores=_ignores)(_activation(_act_type))


@table.op("Softplus", versions=(1, 22))
def softplus(op, x):
    """MKLDNN's log(1 + e**x) is 0 or twice too much far below 0; this keeps its digits.

    Its slope at 0 is 1/2, which that of relu(x) is not.
    """
    size = op._npi_absolute(x)
    rest = op.log1p(op._npi_exp(op._npi_negative(size)))
    halves = (op._npi_multiply_scalar(part, scalar=0.5) for part in (x, size))
    return op._npi_add(op._npi_add(*halves), rest)


@table.op(
    "Relu",
    versions=(1, 6, 13, 14),
    ignores=OLD,
    limits="NaN gives 0 on the CPU, where ONNX Runtime keeps it",
)
def relu(op, x):
    """Integers (since 14) by the elementwise operator: the layer is for floats."""
    return op.Activation(x, act_type="relu") if x.dtype.kind == "f" else op.relu(x)


@table.op("LeakyRelu", versions=(1, 6, 16), ignores=OLD)
def leaky_relu(op, x, *, alpha):
    return op.LeakyReLU(x, act_type="leaky", slope=alpha)


@table.op("Elu", versions=(1, 6, 22), ignores=OLD)
def elu(op, x, *, alpha):
    return op.LeakyReLU(x, act_type="elu", slope=alpha)


@table.op("Selu", versions=(1, 6, 22), ignores=OLD)
def selu(op, x, *, alpha, gamma):
    """By elu: MXNet's selu has constants of its own."""
    return op._npi_multiply_scalar(elu(op, x, alpha=alpha), scalar=gamma)


@table.op("Celu", versions=(12, 28))
def celu(op, x, *, alpha):
    curve = elu(op, op._npi_true_divide_scalar(x, scalar=alpha), alpha=1.0)
    return op._npi_multiply_scalar(curve, scalar=alpha)


@table.op("HardSigmoid", versions=(1, 6, 22), ignores=OLD)
def hard_sigmoid(op, x, *, alpha, beta):
    return op.hard_sigmoid(x, alpha=alpha, beta=beta)


@table.op("HardSwish", versions=(14, 22))
def hard_swish(op, x):
    return op._npi_multiply(x, op.hard_sigmoid(x, alpha=1 / 6, beta=0.5))


@table.op("Mish", versions=(18, 22))
def mish(op, x):
    """tanh(softplus(x)) is n / (n + 2) with n = e**x (e**x + 2): exact far below 0 too."""
    if x.dtype == np.float16:  # which has no e**20
        return computed_in(op, "float32", lambda y: mish(op, y), x)
    power = op._npi_exp(op._npi_minimum(x, scalar(op, 20, x.dtype)))
    n = op._npi_multiply(power, op._npi_add_scalar(power, scalar=2.0))
    return op._npi_multiply(x, op._npi_true_divide(n, op._npi_add_scalar(n, scalar=2.0)))


@table.op("Gelu", versions=(20,))
def gelu(op, x, *, approximate):
    if approximate == "none":
        return op.LeakyReLU(x, act_type="gelu")
    if approximate != "tanh":
        op.fail(f"approximate='{approximate}' is not known, 'none' and 'tanh' are")
    cube = op._npi_multiply(op._npi_multiply(x, x), x)
    inner = op._npi_add(x, op._npi_multiply_scalar(cube, scalar=0.044715))
    inner = op._npi_multiply_scalar(inner, scalar=math.sqrt(2 / math.pi))
    gate = op._npi_add_scalar(op.Activation(inner, act_type="tanh"), scalar=1.0)
    return op._npi_multiply(op._npi_multiply_scalar(x, scalar=0.5), gate)


@table.op("Swish", versions=(24,))
def swish(op, x, *, alpha):
    scaled = x if alpha == 1 else op._npi_multiply_scalar(x, scalar=alpha)
    return op._npi_multiply(x, op.Activation(scaled, act_type="sigmoid"))


@table.op("ThresholdedRelu", versions=(10, 22))
def thresholded_relu(op, x, *, alpha):
    return where(op, op._npi_greater_scalar(x, scalar=alpha), x, scalar(op, 0, x.dtype))


@table.op("Shrink", versions=(9,))
def shrink(op, input, *, bias, lambd):
    """Integers too: what comes of them is cut to integers."""
    if input.dtype.kind != "f":
        return computed_in(op, "float64", lambda x: shrink(op, x, bias=bias, lambd=lambd), input)
    below = op._npi_less_scalar(input, scalar=-lambd)
    above = op._npi_greater_scalar(input, scalar=lambd)
    less, more = (op._npi_add_scalar(input, scalar=b) for b in (-bias, bias))
    return where(op, below, more, where(op, above, less, scalar(op, 0, input.dtype)))


@table.op("PRelu", versions=(1, 6), ignores=OLD)
def prelu_1(op, x, slope):
    """A slope for all, or one a channel."""
    if slope.shape not in ((), (1,)):
        slope = op.reshape(slope, slope.shape + (1,) * (x.rank - 2))
    return prelu_7(op, x, slope)


@table.op("PRelu", versions=(7, 9, 16))
def prelu_7(op, x, slope):
    """Not by MXNet's layer: an executor that trains gives a wrong gradient of its slope."""
    if x.dtype.kind == "f":
        below = op._npi_multiply(op._npi_minimum_scalar(x, scalar=0.0), slope)
        return op._npi_add(op.relu(x), below)
    negative = op._npi_less(x, scalar(op, 0, x.dtype))
    return where(op, negative, op._npi_multiply(x, slope), x)


# -- softmax -----------------------------------------------------------------------------------


def _one_axis(op_name):
    def translate(op, input, *, axis):
        """float16 in float32; the operator's own ``dtype`` would still sum in float16."""
        axis = from_front(op, axis, input.rank)
        return without_float16(op, lambda x: getattr(op, op_name)(x, axis=axis), input)

    return translate


def _axes_from(one_axis, many_axes):
    def translate(op, input, *, axis):
        """Before opset 13 all axes from ``axis`` on are one."""
        axis = from_front(op, axis, input.rank)
        if all(n == 1 for n in input.shape[axis + 1 :]):
            return one_axis(op, input, axis=axis)
        return many_axes(op, input, tuple(range(axis, input.rank)))

    return translate


def _softmax_over(op, x, axes):
    powers = op._npi_exp(op._npi_subtract(x, op._np_max(x, axis=axes, keepdims=True)))
    return op._npi_true_divide(powers, op.sum(powers, axis=axes, keepdims=True))


def _log_softmax_over(op, x, axes):
    centred = op._npi_subtract(x, op._np_max(x, axis=axes, keepdims=True))
    total = op.sum(op._npi_exp(centred), axis=axes, keepdims=True)
    return op._npi_subtract(centred, op._npi_log(total))


softmax, log_softmax = _one_axis("softmax"), _one_axis("log_softmax")
table.op("Softmax", versions=(13,))(softmax)
table.op("Softmax", versions=(1, 11))(_axes_from(softmax, _softmax_over))
table.op("LogSoftmax", versions=(13,))(log_softmax)
table.op("LogSoftmax", versions=(1, 11))(_axes_from(log_softmax, _log_softmax_over))


@table.op("Hardmax", versions=(13,))
def hardmax(op, input, *, axis):
    """1 at the first of the largest."""
    axis = from_front(op, axis, input.rank)
    first = op._npi_argmax(input, axis=axis, keepdims=True)
    places = op.arange(0, input.shape[axis], 1, np.int64)
    chosen = op._npi_equal(along_axis(op, places, axis, input.rank), first)
    return cast(op, chosen, input.dtype)


def _hardmax_over(op, x, axes):
    flat = op.reshape(x, (*x.shape[: axes[0]], product(x.shape[axes[0] :])))
    return op.reshape_like(hardmax(op, flat, axis=-1), x)


table.op("Hardmax", versions=(1, 11))(_axes_from(hardmax, _hardmax_over))
