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
"""Steps of optimizers, of ai.onnx.preview.training.

Each takes the learning rate, the number of steps before, and for several tensors at once their
values, gradients and states: all values, then all gradients, then the states, kind by kind.
"""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from .precision import cast, scalar

DOMAIN = "ai.onnx.preview.training"
table = TranslationTable()
table.refuse(
    "it asks for a gradient inside a model; import the model without it and let mx.autograd, or "
    "Module's backward, compute the gradient",
    "Gradient",
)


def _kinds(op, tensors, kinds):
    """For each optimized tensor its value, its gradient and its states."""
    if len(tensors) % kinds:
        op.fail(f"{len(tensors)} tensors cannot be {kinds} for each tensor that is optimized")
    count = len(tensors) // kinds
    return list(zip(*(tensors[i * count : (i + 1) * count] for i in range(kinds))))


def _in_order(results):
    """All new values, then the states, kind by kind."""
    return tuple(tensor for kind in zip(*results) for tensor in kind)


def _scaled(op, x, number):
    return op._npi_multiply_scalar(x, scalar=float(number))


def _regularized(op, x, gradient, coefficient):
    return op._npi_add(_scaled(op, x, coefficient), gradient) if coefficient else gradient


def _mixed(op, share, old, new):
    """``share`` of the old and the rest of the new."""
    return op._npi_add(_scaled(op, old, share), _scaled(op, new, 1 - share))


def _moved(op, x, rate, direction):
    return op._npi_subtract(x, op._npi_multiply(cast(op, rate, x.dtype), direction))


@table.op("Adagrad", versions=(1,), domain=DOMAIN)
def adagrad(op, r, t, *inputs, norm_coefficient, decay_factor, epsilon):
    steps = _scaled(op, cast(op, t, r.dtype), decay_factor)
    rate = op._npi_true_divide(r, op._npi_add_scalar(steps, scalar=1.0))
    results = []
    for x, gradient, squares in _kinds(op, inputs, 3):
        gradient = _regularized(op, x, gradient, norm_coefficient)
        squares = op._npi_add(squares, op._npi_multiply(gradient, gradient))
        scale = op._npi_add_scalar(op._npi_sqrt(squares), scalar=epsilon)
        results.append((_moved(op, x, rate, op._npi_true_divide(gradient, scale)), squares))
    return _in_order(results)


@table.op("Adam", versions=(1,), domain=DOMAIN)
def adam(op, r, t, *inputs, alpha, beta, epsilon, norm_coefficient, norm_coefficient_post):
    """The learning rate of the first step is not corrected."""
    steps = cast(op, t, "float64")
    corrected = op._npi_true_divide(
        op._npi_sqrt(_left(op, beta, steps)),
        _left(op, alpha, steps),
    )
    started = op._npi_greater(steps, scalar(op, 0, np.float64))
    factor = op._npi_where(started, corrected, op.ones_like(steps))
    rate = op._npi_multiply(cast(op, r, "float64"), factor)
    results = []
    for x, gradient, mean, squares in _kinds(op, inputs, 4):
        gradient = _regularized(op, x, gradient, norm_coefficient)
        mean = _mixed(op, alpha, mean, gradient)
        squares = _mixed(op, beta, squares, op._npi_multiply(gradient, gradient))
        scale = op._npi_add_scalar(op._npi_sqrt(squares), scalar=epsilon)
        new = _moved(op, x, rate, op._npi_true_divide(mean, scale))
        if norm_coefficient_post:
            new = _scaled(op, new, 1 - norm_coefficient_post)
        results.append((new, mean, squares))
    return _in_order(results)


def _left(op, share, steps):
    """One less ``share`` to the number of steps."""
    return op._npi_rsubtract_scalar(op._npi_rpower_scalar(steps, scalar=float(share)), scalar=1.0)


@table.op("Momentum", versions=(1,), domain=DOMAIN)
def momentum(op, r, t, *inputs, alpha, beta, mode, norm_coefficient):
    """The first step takes the whole gradient."""
    if mode not in ("standard", "nesterov"):
        op.fail(f"mode '{mode}' is neither standard nor nesterov")
    started = op._npi_greater(t, scalar(op, 0, np.int64))
    results = []
    for x, gradient, velocity in _kinds(op, inputs, 3):
        gradient = _regularized(op, x, gradient, norm_coefficient)
        one, part = scalar(op, 1, x.dtype), scalar(op, beta, x.dtype)
        share = op._npi_where(started, part, one)
        velocity = op._npi_add(
            _scaled(op, velocity, alpha),
            op._npi_multiply(share, gradient),
        )
        direction = velocity
        if mode == "nesterov":
            direction = op._npi_add(gradient, _scaled(op, velocity, alpha))
        results.append((_moved(op, x, r, direction), velocity))
    return _in_order(results)
