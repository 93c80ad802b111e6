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
"""The fused recurrent layer: several layers and directions in one operator, here a node a layer."""

from __future__ import annotations

import dataclasses
from typing import Any, Tuple

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import NO_FLOAT64
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

    A direction of a layer has (gates * units, width) for its input, (gates * units, units) for its
    state, and two biases of gates * units.
    """

    vector: Any
    gates: Tuple[int, ...]
    units: int
    layers: int
    ways: int

    @property
    def rows(self):
        return len(self.gates) * self.units

    @property
    def features(self):
        """Width of the first layer's input, by the length of the vector."""
        biases = 2 * self.rows * self.ways * self.layers
        later = (self.layers - 1) * self.ways * self.rows * (self.units * self.ways + self.units)
        first = (int(np.prod(self.vector.shape)) - biases - later) / (self.rows * self.ways)
        return first - self.units

    def width(self, layer):
        return self.ways * self.units if layer else int(self.features)

    def _start(self, layer):
        return sum(
            self.ways * self.rows * (self.width(before) + self.units) for before in range(layer)
        )

    def _picked(self, starts, columns):
        """(len(starts), rows, columns), the gates in ONNX's order."""
        each = self.units * columns
        picked = np.empty((len(starts), len(self.gates), each), self.vector.dtype)
        for way, start in enumerate(starts):
            for place, gate in enumerate(self.gates):
                begin = start + gate * each
                picked[way, place] = self.vector.part(begin, begin + each)
        return picked.reshape(len(starts), self.rows, columns)

    def weights(self, op, layer):
        """W, R and B of one layer, read when the file is written."""
        width, dtype = self.width(layer), self.vector.dtype
        each = self.rows * (width + self.units)
        starts = [self._start(layer) + way * each for way in range(self.ways)]
        bias = self._start(self.layers) + 2 * self.rows * self.ways * layer
        biases = [bias + k * self.rows for k in range(2 * self.ways)]

        def read_b():
            return self._picked(biases, 1).reshape(self.ways, 2 * self.rows)

        return (
            op.computed(
                (self.ways, self.rows, width), dtype, lambda: self._picked(starts, width), "W"
            ),
            op.computed(
                (self.ways, self.rows, self.units),
                dtype,
                lambda: self._picked([s + self.rows * width for s in starts], self.units),
                "R",
            ),
            op.computed((self.ways, 2 * self.rows), dtype, read_b, "B"),
        )


@table.op(
    "RNN",
    ignores=("p",),
    limits="parameters that are not constant; projection; state clipping; sequence lengths, which "
    f"MXNet itself overlooks on CPUs; {NO_FLOAT64}",
)
def rnn(
    op,
    data,
    parameters,
    state=None,
    state_cell=None,
    *,
    mode,
    state_size,
    num_layers,
    bidirectional,
    state_outputs,
):
    """data is (T, N, C), a state (layers * directions, N, H); ``p`` drops out in training alone."""
    vector = op.tensor(parameters)
    if vector is None:
        raise TranslationError("its parameters must be constants; give them with the others")
    ways = 2 if bidirectional else 1
    packed = Packed(vector, GATES[mode], state_size, num_layers, ways)
    if op.dims(data)[2] not in (None, packed.features):
        raise TranslationError(
            f"the parameters are for {packed.features:g} features, the data has {op.dims(data)[2]}"
        )
    finals = []
    for layer in range(num_layers):
        states = [_of_layer(op, s, layer, ways, num_layers) for s in (state, state_cell)]
        y, *last = _layer(op, data, packed.weights(op, layer), states, mode, packed)
        finals.append(last)
        if ways == 1:
            data = op.Squeeze(y, axes=[1])
        else:  # (T, ways, N, H)
            data = op.Reshape(op.Transpose(y, perm=[0, 2, 1, 3]), shape=[0, 0, ways * state_size])
    if not state_outputs:
        return data
    joined = [f[0] if num_layers == 1 else op.Concat(*f, axis=0) for f in zip(*finals)]
    return (data, *joined)


def _layer(op, data, weights, states, mode, packed):
    common = {
        "hidden_size": packed.units,
        "direction": "bidirectional" if packed.ways == 2 else None,
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
