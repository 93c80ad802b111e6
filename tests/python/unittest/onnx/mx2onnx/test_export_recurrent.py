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

from export_cases import case, checks, data, weight

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
T, N, C, H = 4, 2, 3, 5


def rnn(mode, layers=1, ways=1, dtype="float32", state=data, x=None, **attrs):
    size = sum(
        ways * GATES[mode] * H * ((H * ways if layer else C) + H + 2) for layer in range(layers)
    )
    states = [state(layers * ways, N, H, dtype=dtype)] * (2 if mode == "lstm" else 1)
    x = x or data(T, N, C, dtype=dtype)
    parameters = weight(size, low=-0.5, high=0.5, dtype=dtype)
    attrs = {"bidirectional": ways == 2, **attrs}
    return case("RNN", x, parameters, *states, mode=mode, num_layers=layers, state_size=H,
                **attrs)  # fmt: skip


def zeros(*shape, dtype):
    return weight(*shape, dtype=dtype, low=0, high=0)


test_recurrent = checks([
    *(rnn(m, layers, ways, state_outputs=True)
      for m in GATES for layers, ways in ((1, 1), (2, 1), (2, 2))),
    *(rnn(m, 2, 2) for m in GATES),
    *(rnn(m, 2, state=zeros) for m in GATES),
    rnn("lstm", 2, state=weight, state_outputs=True),
    rnn("gru", 1, 2, p=0.5),
    rnn("gru", 2, dtype="float64").but(runtime="reference"),
    rnn("gru", x=data(T, N, C + 1)).but(refused="for 3 features, the data has 4"),
    rnn("lstm", use_sequence_length=True).but(refused="use_sequence_length"),
    rnn("lstm", projection_size=2).but(refused="projection_size"),
    rnn("lstm", lstm_state_clip_min=-1, lstm_state_clip_max=1).but(refused="lstm_state_clip"),
    case("RNN", data(T, N, C), data(50), data(1, N, H), mode="rnn_tanh", num_layers=1,
         state_size=H).but(refused="must be constants"),
    case("_rnn_param_concat", data(2, 3, 4), data(2, 5, 4), num_args=2, dim=1),
])  # fmt: skip
