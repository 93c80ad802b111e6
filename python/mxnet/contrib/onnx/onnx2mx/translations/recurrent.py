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

import dataclasses

import numpy as np

from ...translation import TranslationTable
from ..values import Dim
from .precision import cast, constant_in
from .quantization import dynamically_centred
from .quantized_layers import dynamic_product
from .recurrent_cells import Linear, activations_of, gru_cell, lstm_cell, rnn_cell, run_steps
from .signatures import taking

table = TranslationTable()

#: A fault of MXNet's layer of all modes but LSTM.
FROZEN = (
    "MXNet's gradient of what comes before is wrong while the layer's own parameters get none: "
    "freeze them by a learning rate of 0, not by grad_req null"
)

#: MXNet's order of the gates, as places in ONNX's: i f c o of iofc, r z n of zrh.
GATES = {"lstm": (0, 2, 3, 1), "gru": (1, 0, 2), "rnn_tanh": (0,), "rnn_relu": (0,)}


class _Layer:
    """What the operators have in common.

    Attributes
    ----------
    x : Tensor, shape (T, N, I)
        Whatever the layout, and in float32 where it is float16.
    ways, hidden : int
        Number of directions, neurons in each.
    lengths : Tensor or None
        Lengths of the sequences, None where all are whole.
    functions : list of tuple of Activation
        Of each direction.
    clip : float or None
    """

    def __init__(
        self,
        op,
        inputs,
        sequence_lens,
        standard,
        *,
        hidden_size=None,
        direction,
        layout=0,
        activations=None,
        clip=None,
        activation_alpha=None,
        activation_beta=None,
    ):
        x, w, r, b = inputs
        self.op, self.layout, self.own, self.clip = op, layout, x.dtype, clip
        self.wide = np.dtype(np.float32 if x.dtype == np.float16 else x.dtype)
        self._weights(w, r, b)
        self.direction = direction = direction.replace("foward", "forward")  # so in GRU-1
        if direction not in ("forward", "reverse", "bidirectional"):
            op.fail(f"direction '{direction}' is not known")
        if self.ways != (2 if direction == "bidirectional" else 1):
            op.fail(f"direction '{direction}' with weights for {self.ways} directions")
        if hidden_size not in (None, self.hidden):
            op.fail(f"hidden_size={hidden_size}, the weights have {self.hidden}")
        self.x = cast(op, op.swapaxes(x, dim1=0, dim2=1) if layout else x, self.wide)
        self.lengths = None if self._are_whole(sequence_lens) else sequence_lens
        if len(standard) == 1:
            activations = (activations or [])[: self.ways]  # the default of RNN names two
        self.functions = activations_of(
            op, activations, standard, activation_alpha, activation_beta, self.ways
        )
        self.is_plain = clip is None and self.lengths is None
        self.is_standard = all(tuple(a.name for a in way) == standard for way in self.functions)

    def _weights(self, w, r, b):
        self.w, self.r, self.b = (constant_in(self.op, t, self.wide) for t in (w, r, b))
        self.ways, self.hidden = w.shape[0], r.shape[-1]

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

    def projected(self, d):
        """What the inputs add to the gates of one direction at all steps at once."""
        w, rows = self._way(self.w, d), self.w.shape[1]
        bias = self.b if self.b is None else self.op.cut(self._way(self.b, d), 0, 0, rows)
        return self.op.FullyConnected(
            self.x, w, bias, num_hidden=rows, no_bias=bias is None, flatten=False
        )

    def linear(self, d):
        """What the hidden state adds, and its bias."""
        bias = self.b
        if bias is not None:
            bias = self.op.cut(self._way(bias, d), 0, self.w.shape[1], None)
        return Linear(self.op, self._way(self.r, d), bias)

    def stepwise(self, cell, *initial, peepholes=None):
        """One step after the other; the results of both directions are stacked."""
        op = self.op
        states, results = [self.state(s) for s in initial], []
        peepholes = constant_in(op, peepholes, self.wide)
        for d in range(self.ways):
            step = cell(self.functions[d], self.linear(d), self._way(peepholes, d))
            before = [self._way(s, d) for s in states]
            backwards = self.direction == "reverse" or d == 1
            results.append(run_steps(op, self.projected(d), step, before, self.lengths, backwards))
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


class _QuantizedLayer(_Layer):
    """Weights of 8 bits, inputs and hidden states quantised by what they hold.

    The inputs are quantised together, the hidden states of a batch anew at every step.
    """

    def __init__(self, op, inputs, scales, *more, **common):
        self.scales = scales
        super().__init__(op, inputs, *more, **common)

    def _weights(self, w, r, b):
        self.w, self.r, self.b = w, r, b
        self.ways, self.hidden = w.shape[0], r.shape[-1] // 4

    def projected(self, d):
        """With all biases, which are added at once."""
        op, (scale, zero_point, _, _) = self.op, self.scales
        if d == 0:
            self._quantized_x = dynamically_centred(op, self.x)
        y = self._product(self.w, scale, zero_point, d)(*self._quantized_x)
        if self.b is None:
            return y
        halves = op.reshape(self._way(self.b, d), (2, 4 * self.hidden))
        return op._npi_add(y, op.sum(halves, axis=(0,)))

    def linear(self, d):
        _, _, scale, zero_point = self.scales
        product = self._product(self.r, scale, zero_point, d)
        return lambda h: product(*dynamically_centred(self.op, h))

    def _product(self, w, scale, zero_point, d):
        op = self.op
        w, zero_point = (
            # nothing but what is known of it will be read
            dataclasses.replace(t, shape=t.shape[1:], value=op.value(t)[d])
            for t in (w, zero_point)
        )
        return dynamic_product(op, w, op.constant(op.value(scale)[d]), zero_point)


# -- rows ----------------------------------------------------------------------------------------


@table.op("RNN", versions=(1, 7, 14, 22), ignores=("output_sequence",), limits=FROZEN)
@taking(_Layer.__init__)
def rnn(op, x, w, r, b=None, sequence_lens=None, initial_h=None, **common):
    layer = _Layer(op, (x, w, r, b), sequence_lens, ("tanh",), **common)
    names = {way[0].name for way in layer.functions}
    kind = {"tanh": "rnn_tanh", "relu": "rnn_relu"}.get(layer.functions[0][0].name)
    if layer.is_plain and kind and len(names) == 1:
        return layer.fused(kind, initial_h)
    return layer.stepwise(rnn_cell(op, layer.clip), initial_h)


@table.op("GRU", versions=(1, 3, 7, 14, 22), ignores=("output_sequence",), limits=FROZEN)
@taking(_Layer.__init__)
def gru(
    op, x, w, r, b=None, sequence_lens=None, initial_h=None, *, linear_before_reset=0, **common
):
    """MXNet resets after the linear part; ONNX does before it unless told otherwise."""
    layer = _Layer(op, (x, w, r, b), sequence_lens, ("sigmoid", "tanh"), **common)
    if layer.is_plain and layer.is_standard and linear_before_reset:
        return layer.fused("gru", initial_h)
    return layer.stepwise(gru_cell(op, layer.clip, linear_before_reset), initial_h)


@table.op("LSTM", versions=(1, 7, 14, 22), ignores=("output_sequence",))
@taking(_Layer.__init__)
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
    input_forget=0,
    **common,
):
    layer = _Layer(op, (x, w, r, b), sequence_lens, ("sigmoid", "tanh", "tanh"), **common)
    if layer.is_plain and layer.is_standard and p is None and not input_forget:
        return layer.fused("lstm", initial_h, initial_c)
    cell = lstm_cell(op, layer.clip, input_forget)
    return layer.stepwise(cell, initial_h, initial_c, peepholes=p)


@table.op(
    "DynamicQuantizeLSTM",
    domain="com.microsoft",
    limits="sequences of one length; weights known when the model is imported",
)
@taking(_Layer.__init__, direction="forward")
def dynamic_quantize_lstm(
    op,
    x,
    w,
    r,
    b=None,
    sequence_lens=None,
    initial_h=None,
    initial_c=None,
    p=None,
    w_scale=None,
    w_zero_point=None,
    r_scale=None,
    r_zero_point=None,
    *,
    input_forget=0,
    **common,
):
    """As ONNX Runtime does on one thread; on more, parts of a batch have ranges of their own."""
    scales = (w_scale, w_zero_point, r_scale, r_zero_point)
    standard = ("sigmoid", "tanh", "tanh")
    layer = _QuantizedLayer(op, (x, w, r, b), scales, sequence_lens, standard, **common)
    if layer.lengths is not None:
        op.fail("sequences of their own lengths are not covered")
    cell = lstm_cell(op, layer.clip, input_forget)
    return layer.stepwise(cell, initial_h, initial_c, peepholes=p)
