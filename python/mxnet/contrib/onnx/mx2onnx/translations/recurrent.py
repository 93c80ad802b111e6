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
"""The fused recurrent layer: several layers and directions in one operator, here a node a layer.

ONNX has no LSTM that projects its output or clips its state: those are loops.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Tuple

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import NO_FLOAT64, cast
from .dimensions import positions
from .elementwise import clip
from .joining import concat

table = TranslationTable()
table.op("_rnn_param_concat", ignores=("num_args",))(concat)

#: Where ONNX finds each of its gates in MXNet's order.
GATES = {
    "lstm": (0, 3, 1, 2),  # i o f c, of i f c o
    "gru": (1, 0, 2),  # z r h, of r z h
    "rnn_tanh": (0,),
    "rnn_relu": (0,),
}


@dataclasses.dataclass(frozen=True)
class Packed:
    """MXNet's one vector: all layers' weights, then all layers' biases; directions within a layer.

    A direction of a layer has (gates * units, width) for its input, (gates * units, given) for its
    state, (given, units) where it projects what it gives, and two biases of gates * units. The
    vector is a constant, of which parts are read when the file is written, or a value.
    """

    op: Any
    vector: str
    gates: Tuple[int, ...]
    units: int
    layers: int
    ways: int
    projected: int

    @property
    def rows(self):
        return len(self.gates) * self.units

    @property
    def given(self):
        """Numbers that one direction gives in a step."""
        return self.projected or self.units

    @property
    def features(self):
        """Width of the first layer's input, by the length of the vector; None if that is open."""
        (length,) = self.op.dims(self.vector)
        if length is None:
            return None
        later = (self.layers - 1) * self.ways * self._each(self.ways * self.given)
        first = (length - 2 * self.rows * self.ways * self.layers - later) / self.ways
        return (first - self._projection) / self.rows - self.given

    @property
    def _projection(self):
        return self.projected * self.units

    def _each(self, width):
        """Weights of one direction."""
        return self.rows * (width + self.given) + self._projection

    def _starts(self, width, layer):
        """Where each direction of a layer begins; ``width`` is the first layer's."""
        inner = self.ways * self._each(self.ways * self.given)
        ahead = self.ways * self._each(width) + (layer - 1) * inner if layer else 0
        each = self._each(self.ways * self.given if layer else width)
        return [ahead + way * each for way in range(self.ways)]

    def weights(self, width, layer):
        """W, R, B and P of one layer; P is None where nothing is projected."""
        starts = self._starts(width, layer)
        bias = self._starts(width, self.layers)[0] + 2 * self.rows * self.ways * layer
        biases = [bias + k * self.rows for k in range(2 * self.ways)]
        width = self.ways * self.given if layer else width
        states = [s + self.rows * width for s in starts]
        ends = [s + self.rows * self.given for s in states]
        shape = (self.ways, self.given, self.units)
        return (
            self._picked(starts, self.gates, (self.ways, self.rows, width), "W"),
            self._picked(states, self.gates, (self.ways, self.rows, self.given), "R"),
            self._picked(biases, self.gates, (self.ways, 2 * self.rows), "B"),
            self._picked(ends, (0,), shape, "P") if self.projected else None,
        )

    def _picked(self, starts, gates, shape, name):
        """What begins at each of ``starts``, its gates in ONNX's order."""
        op, count = self.op, math.prod(shape) // len(starts)
        each = count // len(gates)
        vector = op.tensor(self.vector)
        if vector is None:
            places = [s + gate * each for s in starts for gate in gates]
            parts = [op.Slice(self.vector, starts=[k], ends=[k + each], axes=[0]) for k in places]
            return op.Reshape(op.Concat(*parts, axis=0), shape=shape)

        def read():
            picked = np.empty((len(starts), len(gates), each), vector.dtype)
            for way, start in enumerate(starts):
                for place, gate in enumerate(gates):
                    begin = start + gate * each
                    picked[way, place] = vector.part(begin, begin + each)
            return picked.reshape(shape)

        return op.computed(shape, vector.dtype, read, name)


@table.op(
    "RNN",
    ignores=("p",),
    limits="NaN clipped from states; parameters whose length is not known beside data whose width "
    "is not; sequence lengths and clipped states are as on GPUs, MXNet overlooks both on CPUs; "
    f"{NO_FLOAT64}",
)
def rnn(
    op,
    data,
    parameters,
    *states,
    mode,
    state_size,
    num_layers,
    bidirectional,
    state_outputs,
    projection_size,
    use_sequence_length,
    lstm_state_clip_min,
    lstm_state_clip_max,
):
    """data is (T, N, C), a state (layers * directions, N, H); ``p`` drops out in training alone."""
    ways = 2 if bidirectional else 1
    packed = Packed(op, parameters, GATES[mode], state_size, num_layers, ways, projection_size or 0)
    width = _width(op, data, packed)
    lengths = cast(op, states[-1], np.int32) if use_sequence_length else None
    states = (*states[: 2 if mode == "lstm" else 1], None)[:2]
    clipped = None if lstm_state_clip_min is None else (lstm_state_clip_min, lstm_state_clip_max)
    finals = []
    for layer in range(num_layers):
        first = [_of_layer(op, s, layer, ways, num_layers) for s in states]
        weights = packed.weights(width, layer)
        if packed.projected or clipped:
            y, *last = _looped(op, data, weights, first, packed, lengths, clipped)
        else:
            y, *last = _layer(op, data, weights[:3], lengths, first, mode, packed)
        finals.append(last)
        if ways == 1:
            data = op.Squeeze(y, axes=[1])
        else:  # (T, ways, N, H)
            shape = [0, 0, ways * packed.given]
            data = op.Reshape(op.Transpose(y, perm=[0, 2, 1, 3]), shape=shape)
    if not state_outputs:
        return data
    joined = [f[0] if num_layers == 1 else op.Concat(*f, axis=0) for f in zip(*finals)]
    return (data, *joined)


def _width(op, data, packed):
    known, wanted = op.dims(data)[2], packed.features
    if known is None and wanted is None:
        raise TranslationError(
            "neither the width of its data nor the length of its parameters is known"
        )
    if None not in (known, wanted) and known != wanted:
        raise TranslationError(f"the parameters are for {wanted:g} features, the data has {known}")
    return int(wanted) if known is None else known


def _layer(op, data, weights, lengths, states, mode, packed):
    common = {
        "hidden_size": packed.units,
        "direction": "bidirectional" if packed.ways == 2 else None,
        "sequence_lens": lengths,
        "initial_h": states[0],
    }
    if mode == "lstm":
        return op.LSTM(data, *weights, outputs=3, initial_c=states[1], **common)
    if mode == "gru":
        return op.GRU(data, *weights, outputs=2, linear_before_reset=1, **common)
    function = "Relu" if mode == "rnn_relu" else "Tanh"
    return op.RNN(data, *weights, outputs=2, activations=[function] * packed.ways, **common)


def _of_layer(op, state, layer, ways, num_layers):
    """The layer's part of an initial state; zeros are ONNX's own default, at any batch size."""
    if state is None or (op.tensor(state) and not op.tensor(state).read().any()):
        return None
    if num_layers == 1:
        return state
    return op.Slice(state, starts=[layer * ways], ends=[(layer + 1) * ways], axes=[0])


def _looped(op, data, weights, states, packed, lengths, clipped):
    """An LSTM layer that ONNX has no node for: Y, Y_h and Y_c as its node would give them."""
    ways = []
    for way in range(packed.ways):
        w, r, b, p = (w and op.Gather(w, np.int64(way), axis=0) for w in weights)
        given = [s and op.Gather(s, np.int64(way), axis=0) for s in states]
        bias = op.ReduceSum(op.Reshape(b, shape=[2, packed.rows]), axes=[0], keepdims=0)
        turned = way == 1 and lengths is not None
        x = op.ReverseSequence(data, cast(op, lengths, np.int64)) if turned else data
        gates = op.Add(op.MatMul(x, op.Transpose(w, perm=[1, 0])), bias)
        back = way == 1 and not turned
        y, *last = _loop(op, gates, given, r, p, packed, lengths, clipped, back)
        y = op.ReverseSequence(y, cast(op, lengths, np.int64)) if turned else y
        ways.append([op.Unsqueeze(y, axes=[1]), *(op.Unsqueeze(x, axes=[0]) for x in last)])
    if len(ways) == 1:
        return ways[0]
    return [op.Concat(*parts, axis=axis) for axis, parts in zip((1, 0, 0), zip(*ways))]


def _loop(op, gates, states, r, p, packed, lengths, clipped, back):
    """One direction: what it gives (T, N, given), and the last of both states."""
    batch = op.Slice(op.Shape(gates), starts=[1], ends=[2], axes=[0])
    zero = op.constant(0, op.dtype(gates))
    begun = [
        state or op.Expand(zero, op.Concat(batch, op.constant([n], np.int64), axis=0))
        for state, n in zip(states, (packed.given, packed.units))
    ]
    steps = positions(op, gates, 0)
    rows = [dataclasses.replace(op.type(x), dims=op.type(x).dims[1:]) for x in (gates, steps)]
    kinds = [op.type(x) for x in begun]
    inner, (h, c, x, step) = op.nested([*kinds, *rows], ["h", "c", "gates", "step"])
    x = inner.Add(x, inner.MatMul(h, inner.Transpose(r, perm=[1, 0])))
    i, o, f, g = inner.Split(x, axis=1, outputs=4)
    new = inner.Mul(inner.Sigmoid(f), c)
    new_c = inner.Add(new, inner.Mul(inner.Sigmoid(i), inner.Tanh(g)))
    if clipped:
        new_c = clip(inner, new_c, a_min=clipped[0], a_max=clipped[1])
    new_h = inner.Mul(inner.Sigmoid(o), inner.Tanh(new_c))
    if p:
        new_h = inner.MatMul(new_h, inner.Transpose(p, perm=[1, 0]))
    y = new_h
    if lengths is not None:
        goes = inner.Less(step, cast(inner, lengths, np.int64))
        goes = inner.Unsqueeze(goes, axes=[1])
        y = inner.Where(goes, new_h, zero)
        new_h, new_c = inner.Where(goes, new_h, h), inner.Where(goes, new_c, c)
    y = inner.Identity(y)
    time = op.type(gates).dims[0]
    outputs = [*kinds, dataclasses.replace(kinds[0], dims=(time, *kinds[0].dims))]
    ways = {"scan_input_directions": [1, 1], "scan_output_directions": [1]} if back else {}
    body = inner.graph([new_h, new_c, y])
    h, c, y = op.custom(
        "", "Scan", *begun, gates, steps, outputs=outputs, body=body, num_scan_inputs=2, **ways
    )
    return y, h, c
