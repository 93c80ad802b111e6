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
"""Export rows of the activation family."""

import numpy as np
from export_cases import case, checks, data, values, weight

X = data(2, 3, 4, 5)
KINDS = ["relu", "sigmoid", "softrelu", "softsign", "tanh"]
INTEGERS = ("int8", "uint8", "int32", "int64")
LENGTHS = values([[1, 2, 3], [0, 4, 1]], "int32")

test_activation = checks([
    *(case("Activation", X, act_type=a) for a in KINDS),
    *(case("Activation", data(2, 3, 4, dtype="float64"), act_type=a) for a in ("relu", "tanh")),
    case("Activation", data(2, 3, dtype="float64"), act_type="softrelu").but(runtime="reference"),
    *(case(n, data(2, 3, 4, dtype=t)) for n in ("relu", "sigmoid", "softsign")
      for t in ("float32", "float16", *INTEGERS)),
    case("hard_sigmoid", X),
    case("hard_sigmoid", X, alpha=0.3, beta=0.4),
    *(case("LeakyReLU", X, act_type=a) for a in ("leaky", "elu", "selu", "gelu")),
    case("LeakyReLU", X, act_type="rrelu").but(outputs=(0,)),
    *(case("LeakyReLU", X, act_type=a, slope=0.1) for a in ("leaky", "elu")),
    case("LeakyReLU", X, act_type="rrelu", lower_bound=0.1, upper_bound=0.7).but(outputs=(0,)),
    case("LeakyReLU", data(2, 3, 4, dtype="float16"), act_type="gelu"),
    case("LeakyReLU", X, weight(3), act_type="prelu"),
    case("LeakyReLU", X, weight(1), act_type="prelu"),
    case("LeakyReLU", X, weight(2, 3), act_type="prelu"),
    case("LeakyReLU", data(2, 3), weight(3), act_type="prelu"),
    case("LeakyReLU", data(3), weight(1), act_type="prelu"),
    case("LeakyReLU", X, data(3), act_type="prelu"),
    case("LeakyReLU", X, weight(2), act_type="prelu").but(refused="slopes for axis 0"),
    *(case(n, X, axis=a) for n in ("softmax", "log_softmax", "softmin") for a in (-1, 1, 0)),
    *(case(n, data(2, 3, 4), axis=-2, temperature=2.5)
      for n in ("softmax", "log_softmax", "softmin")),
    case("softmax", data(5)),
    case("softmax", data(2, 3, 4, dtype="float16")),
    case("softmax", data(2, 3, 4, dtype="float16"), dtype="float32").but(tolerance=(1e-2, 1e-3)),
    case("softmax", data(2, 3, 4), dtype="float16"),
    case("log_softmax", data(2, 3, 4, dtype="float64"), axis=1),
    case("softmax", data(2, 3, 4), LENGTHS, use_length=True),
    case("softmax", data(2, 3, 4), LENGTHS, use_length=True, temperature=3),
    case("softmax", data(2, 3, 4), values([[1, 2, 3, 0], [3, 0, 1, 1]], "int64"),
         axis=1, use_length=True),
    case("softmax", data(4, 2, 3), LENGTHS, axis=0, use_length=True),
    case("SoftmaxActivation", X),
    case("SoftmaxActivation", data(2, 3)),
    case("SoftmaxActivation", X, mode="channel"),
    case("softmax", values([[[-np.inf, 0, 1]]])),
])  # fmt: skip
