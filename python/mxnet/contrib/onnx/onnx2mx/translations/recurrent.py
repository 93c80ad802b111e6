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
"""Recurrent layers: MXNet's fused layer where it can say them, otherwise step by step."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from ..values import Dim
from .precision import cast, constant_in
from .recurrent_cells import activations_of, gru_cell, lstm_cell, rnn_cell, unrolled

table = TranslationTable()

#: MXNet's order of the gates, as places in ONNX's: i f c o of iofc, r z n of zrh.
GATES = {"lstm": (0, 2, 3, 1), "gru": (1, 0, 2), "rnn_tanh": (0,), "rnn_relu": (0,)}
_LIMITS = (
    "step by step, with a fixed length, but for the activations, gates and lengths of MXNet's RNN"
)


@table.op("RNN", versions=(1, 7, 14, 22), ignores=("output_sequence",), limits=_LIMITS)
def rnn(
    op,
    x,
    w,
    r,
    b=None,
    sequence_lens=None,
    initial_h=None,
    *,
    hidden_size=None,
    direction,
    layout=0,
    activations=None,
    clip=None,
    activation_alpha=None,
    activation_beta=None,
):
    layer = _Layer(op, x, w, r, b, sequence_lens, direction, layout, hidden_size)
    activations = (activations or [])[: layer.ways]  # the default names two
    names = activations_of(
        op, activations, ("tanh",), activation_alpha, activation_beta, layer.ways
    )
    kind = {"tanh": "rnn_tanh", "relu": "rnn_relu"}.get(names[0][0].name)
    plain = kind and len({a[0].name for a in names}) == 1 and clip is None
    if plain and layer.lengths is None:
        return layer.fused(kind, initial_h)
    return layer.stepwise(rnn_cell(op, clip), names, initial_h)


@table.op("GRU", versions=(1, 3, 7, 14, 22), ignores=("output_sequence",), limits=_LIMITS)
def gru(
    op,
    x,
    w,
    r,
    b=None,
    sequence_lens=None,
    initial_h=None,
    *,
    hidden_size=None,
    direction,
    layout=0,
    linear_before_reset=0,
    activations=None,
    clip=None,
    activation_alpha=None,
    activation_beta=None,
):
    """MXNet resets after the linear part; ONNX does before it unless told otherwise."""
    layer = _Layer(op, x, w, r, b, sequence_lens, direction, layout, hidden_size)
    standard = ("sigmoid", "tanh")
    names = activations_of(op, activations, standard, activation_alpha, activation_beta, layer.ways)
    plain = all(tuple(a.name for a in way) == standard for way in names) and clip is None
    if plain and linear_before_reset and layer.lengths is None:
        return layer.fused("gru", initial_h)
    return layer.stepwise(gru_cell(op, clip, linear_before_reset), names, initial_h)


@table.op("LSTM", versions=(1, 7, 14, 22), ignores=("output_sequence",), limits=_LIMITS)
def lstm(
    op,
    x,
    w,
    r,
    b=None,
    sequence_lens=None,
    initial_h=None,
    initial_c=None,
    p=None,
    *,
    hidden_size=None,
    direction,
    layout=0,
    input_forget=0,
    activations=None,
    clip=None,
    activation_alpha=None,
    activation_beta=None,
):
    layer = _Layer(op, x, w, r, b, sequence_lens, direction, layout, hidden_size)
    standard = ("sigmoid", "tanh", "tanh")
    names = activations_of(op, activations, standard, activation_alpha, activation_beta, layer.ways)
    plain = all(tuple(a.name for a in way) == standard for way in names) and clip is None
    if plain and p is None and not input_forget and layer.lengths is None:
        return layer.fused("lstm", initial_h, initial_c)
    return layer.stepwise(
        lstm_cell(op, clip, input_forget), names, initial_h, initial_c, peepholes=p
    )


class _Layer:
    """What the three operators have in common.

    Attributes
    ----------
    x : Tensor, shape (T, N, I)
        Whatever the layout, and in float32 where it is float16.
    ways, hidden : int
        Number of directions, neurons in each.
    lengths : Tensor or None
        Lengths of the sequences, None where all are whole.
    """

    def __init__(self, op, x, w, r, b, sequence_lens, direction, layout, hidden_size):
        self.op, self.layout, self.own = op, layout, x.dtype
        self.wide = np.dtype(np.float32 if x.dtype == np.float16 else x.dtype)
        self.w, self.r, self.b = (constant_in(op, t, self.wide) for t in (w, r, b))
        self.ways, self.hidden = w.shape[0], r.shape[-1]
        self.direction = direction = direction.replace("foward", "forward")  # so in GRU-1
        if direction not in ("forward", "reverse", "bidirectional"):
            op.fail(f"direction '{direction}' is not known")
        if self.ways != (2 if direction == "bidirectional" else 1):
            op.fail(f"direction '{direction}' with weights for {self.ways} directions")
        if hidden_size not in (None, self.hidden):
            op.fail(f"hidden_size={hidden_size}, the weights have {self.hidden}")
        self.x = cast(op, op.swapaxes(x, dim1=0, dim2=1) if layout else x, self.wide)
        self.lengths = None if self._are_whole(sequence_lens) else sequence_lens

    def _are_whole(self, lengths):
        if lengths is None:
            return True
        steps = self.x.shape[0]
        known = lengths.value is not None and not isinstance(steps, Dim)
        return known and bool((lengths.value == steps).all())

    def state(self, initial):
        """An initial state, (D, N, H)."""
        if initial is None:
            return self.op.full((self.ways, self.x.shape[1], self.hidden), 0, self.x.dtype)
        initial = cast(self.op, initial, self.wide)
        return self.op.swapaxes(initial, dim1=0, dim2=1) if self.layout else initial

    def outputs(self, y, *states):
        """``y`` is (T, D, N, H), the states are (D, N, H)."""
        if self.layout:
            states = [self.op.swapaxes(s, dim1=0, dim2=1) for s in states]
            y = self.op.transpose(y, axes=(2, 0, 1, 3))
        return [cast(self.op, t, self.own) for t in (y, *states)]

    def fused(self, mode, *initial):
        """By MXNet's layer; a reversed one sees the reversed sequence."""
        op, back = self.op, self.direction == "reverse"
        y, *states = op.RNN(
            op.reverse(self.x, axis=0) if back else self.x,
            self._packed(GATES[mode]),
            *map(self.state, initial),
            state_size=self.hidden,
            num_layers=1,
            mode=mode,
            bidirectional=self.ways == 2,
            state_outputs=True,
        )
        y = op.reverse(y, axis=0) if back else y
        y = op._npx_reshape(y, newshape=(-2, -2, -6, self.ways, self.hidden))
        return self.outputs(op.transpose(y, axes=(0, 2, 1, 3)), *states)

    def _packed(self, order):
        """One vector: all weights, then all biases, in MXNet's order of gates."""
        op, rows = self.op, len(order) * self.hidden
        places = np.concatenate([np.arange(g * self.hidden, (g + 1) * self.hidden) for g in order])
        b = self.b
        if b is None:
            b = op.constant(np.zeros((self.ways, 2 * rows), self.w.dtype))
        if all(t.value is not None for t in (self.w, self.r, b)):
            parts = [m.value[d][places].ravel() for d in range(self.ways) for m in (self.w, self.r)]
            parts += [b.value[d].reshape(2, rows)[:, places].ravel() for d in range(self.ways)]
            return op.constant(np.concatenate(parts), trainable=True)
        index = op.constant(places)
        pieces = []
        for d in range(self.ways):
            for m in (self.w, self.r):
                way = op.take(op.cut(m, 0, d, d + 1), index, axis=1, mode="clip")
                pieces.append(op.reshape(way, (rows * m.shape[2],)))
        for d in range(self.ways):
            way = op.reshape(op.cut(b, 0, d, d + 1), (2, rows))
            pieces.append(op.reshape(op.take(way, index, axis=1, mode="clip"), (2 * rows,)))
        return op.Concat(*pieces, dim=0, num_args=len(pieces))

    def stepwise(self, cell, activations, *initial, peepholes=None):
        """One step after the other; the results of both directions are stacked."""
        op = self.op
        if isinstance(self.x.shape[0], Dim):
            op.fail(
                f"a layer that MXNet's RNN cannot say needs a fixed length, which here is "
                f"{self.x.shape[0]}: give it by input_shapes"
            )
        states, results = [self.state(s) for s in initial], []
        peepholes = constant_in(op, peepholes, self.wide)
        for d in range(self.ways):
            weights = [self._way(t, d) for t in (self.w, self.r, self.b, peepholes)]
            backwards = self.direction == "reverse" or d == 1
            results.append(
                unrolled(
                    op,
                    self.x,
                    weights,
                    [self._way(s, d) for s in states],
                    cell,
                    activations[d],
                    self.lengths,
                    backwards,
                )
            )
        y, *finals = (
            op._npi_stack(*parts, axis=axis, num_args=self.ways)
            for parts, axis in zip(zip(*results), (1, 0, 0))
        )
        return self.outputs(y, *finals)

    def _way(self, tensor, d):
        """The part of one direction, without its axis."""
        if tensor is None:
            return None
        part = self.op.cut(tensor, 0, d, d + 1)
        return self.op.squeeze(part, axis=(0,))
