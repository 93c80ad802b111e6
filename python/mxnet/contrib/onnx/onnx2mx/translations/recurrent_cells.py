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
"""One step of the recurrent operators, for everything that MXNet's fused layer cannot say."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..values import Dim
from .precision import cast, scalar

#: Steps written out one by one where their number is fixed: MXNet's loop takes longer for each.
MOST_UNROLLED = 1024

#: An alpha or beta that the specification gives no default for.
REQUIRED = object()
#: Activation functions of the specification with their default alpha and beta (None: has none).
ACTIVATIONS = {
    "affine": (REQUIRED, REQUIRED),
    "elu": (1.0, None),
    "hardsigmoid": (0.2, 0.5),
    "leakyrelu": (0.01, None),
    "relu": (None, None),
    "scaledtanh": (REQUIRED, REQUIRED),
    "sigmoid": (None, None),
    "softplus": (None, None),
    "softsign": (None, None),
    "tanh": (None, None),
    "thresholdedrelu": (1.0, None),
}
_LAYERS = {"relu": "relu", "sigmoid": "sigmoid", "softplus": "softrelu", "softsign": "softsign"}
_LAYERS["tanh"] = "tanh"


@dataclasses.dataclass(frozen=True)
class Activation:
    """A function of the specification, its name in lower case, with its two numbers."""

    name: str
    alpha: float
    beta: float

    def __call__(self, op, x):
        if self.name in _LAYERS:
            return op.Activation(x, act_type=_LAYERS[self.name])
        if self.name in ("leakyrelu", "elu"):
            return op.LeakyReLU(x, act_type=self.name.replace("relu", ""), slope=self.alpha)
        if self.name == "hardsigmoid":
            return op.hard_sigmoid(x, alpha=self.alpha, beta=self.beta)
        if self.name == "thresholdedrelu":
            kept = op._npi_greater_equal_scalar(x, scalar=self.alpha)
            return op._npi_where(kept, x, scalar(op, 0, x.dtype))
        if self.name == "affine":
            scaled = op._npi_multiply_scalar(x, scalar=self.alpha)
            return op._npi_add_scalar(scaled, scalar=self.beta)
        inner = op._npi_multiply_scalar(x, scalar=self.beta)
        return op._npi_multiply_scalar(op.Activation(inner, act_type="tanh"), scalar=self.alpha)


def activations_of(op, names, standard, alphas, betas, ways):
    """The functions of each direction; alphas and betas go, in order, to those that have one."""
    names = [n.lower() for n in (names or standard * ways)]
    if len(names) != len(standard) * ways:
        op.fail(f"{len(names)} activations, not {len(standard)} for each of {ways} directions")
    alphas, betas, found = iter(alphas or ()), iter(betas or ()), []
    for name in names:
        if name not in ACTIVATIONS:
            op.fail(f"activation '{name}' is not known: {', '.join(ACTIVATIONS)} are")
        alpha, beta = ACTIVATIONS[name]
        alpha = None if alpha is None else next(alphas, alpha)
        beta = None if beta is None else next(betas, beta)
        if REQUIRED in (alpha, beta):
            op.fail(f"activation '{name}' has no default alpha and beta, and none are given")
        found.append(Activation(name, alpha, beta))
    count = len(standard)
    return [tuple(found[i : i + count]) for i in range(0, len(found), count)]


class Linear:
    """What a step does with a hidden state: ``R h``, and its bias.

    Parameters
    ----------
    r : Tensor, shape (rows, H)
    bias : Tensor, shape (rows,), or None
    """

    def __init__(self, op, r, bias):
        self.op, self.r, self.bias = op, r, bias

    def __call__(self, h):
        return self.op.FullyConnected(
            h,
            self.r,
            self.bias,
            num_hidden=self.r.shape[0],
            no_bias=self.bias is None,
            flatten=False,
        )

    def rows(self, first, last):
        """Some of its rows alone."""
        cut = [None if t is None else self.op.cut(t, 0, first, last) for t in (self.r, self.bias)]
        return Linear(self.op, *cut)


def run_steps(op, projected, step, states, lengths, backwards):
    """All steps of one direction: one after another, or as a loop of MXNet's.

    Parameters
    ----------
    projected : Tensor, shape (T, N, G * H)
        What the inputs add to the gates.
    step : callable
        ``step(x_t, states)`` gives the new states, the hidden one first.
    states : list of Tensor, shape (N, H)
    lengths : Tensor, shape (N,), or None
        Steps beyond a sequence's length leave its states alone, and their outputs are 0.

    Returns
    -------
    tuple of Tensor
        Hidden states (T, N, H), then the last states.
    """
    steps, batch = projected.shape[:2]
    if lengths is not None:
        lengths = op.reshape(cast(op, lengths, "int64"), (batch, 1))

    def guarded(x_t, number, states):
        new = step(x_t, states)
        if lengths is None:
            return new[0], new
        inside = op._npi_greater(lengths, number)
        kept = [op._npi_where(inside, after, before) for after, before in zip(new, states)]
        return op._npi_where(inside, new[0], scalar(op, 0, new[0].dtype)), kept

    if not op.eager and (isinstance(steps, Dim) or steps > MOST_UNROLLED):
        return _looped(op, projected, guarded, states, lengths is not None, backwards)
    hidden = [None] * steps
    for t in reversed(range(steps)) if backwards else range(steps):
        x_t = op.squeeze(op.cut(projected, 0, t, t + 1), axis=(0,))
        hidden[t], states = guarded(x_t, scalar(op, t, np.int64), states)
    return (op._npi_stack(*hidden, axis=0, num_args=steps), *states)


def _looped(op, projected, guarded, states, numbered, backwards):
    """The same by MXNet's loop, which goes forwards."""
    columns = [projected]
    if numbered:
        columns.append(op.arange(0, projected.shape[0], 1, np.int64))
    if backwards:
        columns = [op.reverse(c, axis=(0,)) for c in columns]

    def body(slices, states):
        hidden, after = guarded(slices[0], slices[1] if numbered else None, states)
        return [hidden], after

    (hidden,), states = op.foreach(body, columns, states)
    return (op.reverse(hidden, axis=(0,)) if backwards else hidden, *states)


def _gates(op, x, count):
    """``x`` (N, G * H) cut into its gates."""
    size = x.shape[1] // count
    return [op.cut(x, 1, g * size, (g + 1) * size) for g in range(count)]


def _clipped(op, clip):
    if clip is None:
        return lambda x: x
    return lambda x: op.clip(x, a_min=-clip, a_max=clip)


def rnn_cell(op, clip):
    limit = _clipped(op, clip)

    def cell(activations, linear, p):
        return lambda x, states: [activations[0](op, limit(op._npi_add(x, linear(states[0]))))]

    return cell


def gru_cell(op, clip, linear_before_reset):
    limit = _clipped(op, clip)

    def cell(activations, linear, p):
        f, g = activations
        rows = linear.r.shape[0] // 3 * 2
        both, last = linear.rows(0, rows), linear.rows(rows, None)

        def step(x, states):
            (h,) = states
            xz, xr, xh = _gates(op, x, 3)
            hz, hr = _gates(op, both(h), 2)
            z, reset = (f(op, limit(op._npi_add(a, c))) for a, c in ((xz, hz), (xr, hr)))
            if linear_before_reset:
                inner = op._npi_multiply(reset, last(h))
            else:
                inner = last(op._npi_multiply(reset, h))
            new = g(op, limit(op._npi_add(xh, inner)))
            kept = op._npi_multiply(z, op._npi_subtract(h, new))
            return [op._npi_add(new, kept)]

        return step

    return cell


def lstm_cell(op, clip, input_forget):
    """Gates i o f c; peepholes i o f look at the cell, the output gate at the new one."""
    limit = _clipped(op, clip)

    def cell(activations, linear, p):
        f, g, h_of = activations
        pi, po, pf = [None] * 3 if p is None else _thirds(op, p)

        def step(x, states):
            h, c = states
            i, o, forget, new = _gates(op, op._npi_add(x, linear(h)), 4)
            if p is not None:
                i = op._npi_add(i, op._npi_multiply(c, pi))
                forget = op._npi_add(forget, op._npi_multiply(c, pf))
            i, new = f(op, limit(i)), g(op, limit(new))
            forget = (
                op._npi_rsubtract_scalar(i, scalar=1.0) if input_forget else f(op, limit(forget))
            )
            c = op._npi_add(op._npi_multiply(forget, c), op._npi_multiply(i, new))
            if p is not None:
                o = op._npi_add(o, op._npi_multiply(c, po))
            return [op._npi_multiply(f(op, limit(o)), h_of(op, c)), c]

        return step

    return cell


def _thirds(op, p):
    size = p.shape[0] // 3
    return [op.cut(p, 0, k * size, (k + 1) * size) for k in range(3)]
