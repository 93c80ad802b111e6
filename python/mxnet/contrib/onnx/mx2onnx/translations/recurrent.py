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
"""The fused recurrent layer."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable

table = TranslationTable()

GATES = {
    "lstm": (0, 3, 1, 2),
    "gru": (1, 0, 2),
    "rnn_tanh": (0,),
    "rnn_relu": (0,),
}  # MXNet's order, read in ONNX's


@table.op(
    "RNN",
    ignores=("p",),
    limits="use_sequence_length, projection and state clipping are not covered",
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
    """One packed vector holds all layers' weights, then all layers' biases; ONNX has a node a layer."""
    packed, gates, ways = op.tensor(parameters), GATES[mode], 2 if bidirectional else 1
    if packed is None:
        raise TranslationError("RNN needs its parameters as constants")
    rows, at, finals = len(gates) * state_size, 0, []
    input_size = op.dims(data)[2]

    def in_onnx_order(start, columns):
        """(ways, rows, columns) from ``start``; each way's gates are reordered."""

        def read():
            flat = packed.read().reshape(-1)
            return np.stack(
                [
                    flat[s : s + rows * columns]
                    .reshape(len(gates), -1)[list(gates)]
                    .reshape(rows, columns)
                    for s in start
                ]
            )

        return read

    widths = [input_size if layer == 0 else state_size * ways for layer in range(num_layers)]
    bias_at = sum(ways * rows * (w + state_size) for w in widths)

    for layer, width in enumerate(widths):
        begin = [at + way * rows * (width + state_size) for way in range(ways)]
        at += ways * rows * (width + state_size)
        w = op.computed((ways, rows, width), packed.dtype, in_onnx_order(begin, width))
        r = op.computed(
            (ways, rows, state_size),
            packed.dtype,
            in_onnx_order([b + rows * width for b in begin], state_size),
        )
        first = [bias_at + (layer * ways + way) * 2 * rows for way in range(ways)]
        biases = in_onnx_order([f + k * rows for f in first for k in (0, 1)], 1)
        b = op.computed(
            (ways, 2 * rows), packed.dtype, lambda biases=biases: biases().reshape(ways, 2 * rows)
        )
        more = {
            "initial_h": _initial(op, state, layer, ways, num_layers),
            "hidden_size": state_size,
            "direction": "bidirectional" if bidirectional else None,
        }
        if mode == "lstm":
            result = op.LSTM(
                data,
                w,
                r,
                b,
                outputs=3,
                initial_c=_initial(op, state_cell, layer, ways, num_layers),
                **more,
            )
        elif mode == "gru":
            result = op.GRU(data, w, r, b, outputs=2, linear_before_reset=1, **more)
        else:
            result = op.RNN(
                data,
                w,
                r,
                b,
                outputs=2,
                activations=["Relu" if mode == "rnn_relu" else "Tanh"] * ways,
                **more,
            )
        finals.append(result[1:])
        y = result[0]  # (T, ways, N, H)
        data = (
            op.Squeeze(y, axes=[1])
            if ways == 1
            else op.Reshape(op.Transpose(y, perm=[0, 2, 1, 3]), shape=[0, 0, -1])
        )
    if not state_outputs:
        return data
    return data, *(
        parts[0] if num_layers == 1 else op.Concat(*parts, axis=0) for parts in zip(*finals)
    )


def _initial(op, state, layer, ways, num_layers):
    """The layer's part of the initial state; zeros are ONNX's own default."""
    if state is None or (op.tensor(state) and not op.tensor(state).read().any()):
        return None
    return (
        state
        if num_layers == 1
        else op.Slice(state, starts=[layer * ways], ends=[(layer + 1) * ways], axes=[0])
    )
