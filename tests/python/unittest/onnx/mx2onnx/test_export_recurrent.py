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
"""Export rows of the recurrent family."""

import numpy as np
from export_cases import case, checks, data, values, weight

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
T, N, C, H, P = 4, 2, 3, 5, 2


def count(mode, layers, ways, projected=0):
    """Length of the parameters."""
    given = projected or H
    return sum(
        ways * (GATES[mode] * H * ((given * ways if layer else C) + given + 2) + projected * H)
        for layer in range(layers)
    )


def rnn(mode, layers=1, ways=1, dtype="float32", state=data, x=None, parameters=weight, lengths=(),
        **attrs):  # fmt: skip
    projected = attrs.get("projection_size", 0)
    states = [state(layers * ways, N, projected or H, dtype=dtype)]
    if mode == "lstm":
        states.append(state(layers * ways, N, H, dtype=dtype))
    x = x or data(T, N, C, dtype=dtype)
    size = count(mode, layers, ways, projected)
    parameters = parameters(size, low=-0.5, high=0.5, dtype=dtype)
    attrs = {"bidirectional": ways == 2, **attrs}
    return case("RNN", x, parameters, *states, *lengths, mode=mode, num_layers=layers,
                state_size=H, **attrs)  # fmt: skip


def zeros(*shape, dtype):
    return weight(*shape, dtype=dtype, low=0, high=0)


def known(*shape, **more):
    return data(*shape, fixed=True, **more)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, vector, h, c, lengths=None, clip=None, projected=0, ways=1):
    """What an LSTM of one layer gives where MXNet has it on GPUs alone, step by step."""
    given, found = projected or H, []
    each = 4 * H * (C + given) + projected * H
    for way in range(ways):
        w, r, p = np.split(vector[way * each : (way + 1) * each], [4 * H * C, 4 * H * (C + given)])
        b = vector[ways * each + way * 8 * H : ways * each + (way + 1) * 8 * H]
        y = np.zeros((T, N, given), "float32")
        for n in range(N):
            hn, cn, steps = h[way, n], c[way, n], range(T if lengths is None else int(lengths[n]))
            for t in reversed(steps) if way else steps:
                gates = w.reshape(4 * H, C) @ x[t, n] + r.reshape(4 * H, given) @ hn
                i, f, g, o = (gates + b[: 4 * H] + b[4 * H :]).reshape(4, H)
                cn = sigmoid(f) * cn + sigmoid(i) * np.tanh(g)
                cn = cn if clip is None else np.clip(cn, *clip)
                hn = sigmoid(o) * np.tanh(cn)
                y[t, n] = hn = p.reshape(projected, H) @ hn if projected else hn
        found.append(y)
    return np.concatenate(found, axis=2).astype("float32")


LENGTHS = (values([2, T]),)
SOME = values([2, T], "int32")
CLIP = {"lstm_state_clip_min": -0.25, "lstm_state_clip_max": 0.2}


def alone(ways=1, lengths=(), clip=None, **attrs):
    """A call whose result MXNet's CPUs do not give, as they overlook an attribute."""
    more = {"use_sequence_length": bool(lengths), **attrs, **(CLIP if clip else {})}
    projected = attrs.get("projection_size", 0)

    def expected(x, vector, h, c, length=None):
        limits = tuple(CLIP.values()) if clip else None
        return lstm(x, vector, h, c, length, limits, projected, ways)

    return rnn("lstm", 1, ways, lengths=lengths, **more).but(expected=expected)


def masked(x, vector, h, length):
    """A forward layer of tanh whose steps beyond a length are 0."""
    w, r, b = np.split(vector, [H * C, H * (C + H)])
    y = np.zeros((T, N, H), "float32")
    for n in range(N):
        hn = h[0, n]
        for t in range(int(length[n])):
            both = w.reshape(H, C) @ x[t, n] + r.reshape(H, H) @ hn
            y[t, n] = hn = np.tanh(both + b[:H] + b[H:])
    return y


test_recurrent = checks([
    *(rnn(m, layers, ways, state_outputs=True)
      for m in GATES for layers, ways in ((1, 1), (2, 1), (2, 2))),
    *(rnn(m, 2, 2) for m in GATES),
    *(rnn(m, 2, state=zeros) for m in GATES),
    rnn("lstm", 2, state=weight, state_outputs=True),
    rnn("gru", 1, 2, p=0.5),
    rnn("gru", 2, dtype="float64").but(runtime="reference"),
    rnn("gru", x=data(T, N, C + 1, fixed=(2,))).but(refused="for 3 features, the data has 4"),
    # parameters that the caller gives
    *(rnn(m, layers, ways, parameters=known, state_outputs=True)
      for m in GATES for layers, ways in ((1, 1), (2, 2))),
    rnn("lstm", parameters=data).but(needs_sizes="neither the width"),
    # a projection: a loop
    *(rnn("lstm", layers, ways, projection_size=P, state_outputs=True)
      for layers, ways in ((1, 1), (2, 1), (1, 2), (2, 2))),
    rnn("lstm", 2, projection_size=P, state_outputs=True, state=zeros),
    rnn("lstm", 1, 2, projection_size=P, state_outputs=True, parameters=known),
    # what MXNet overlooks on CPUs
    *(alone(ways, lengths, clip, **more)
      for ways in (1, 2) for lengths in ((), LENGTHS, (SOME,)) for clip in (False, True)
      for more in ({}, {"projection_size": P}) if lengths or clip),
    rnn("rnn_tanh", lengths=LENGTHS, use_sequence_length=True).but(expected=masked),
    rnn("lstm", lstm_state_clip_nan=True, **CLIP).but(refused="lstm_state_clip_nan"),
    case("_rnn_param_concat", data(2, 3, 4), data(2, 5, 4), num_args=2, dim=1),
])  # fmt: skip
