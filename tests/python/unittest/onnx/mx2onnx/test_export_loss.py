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
"""Export rows of the loss family: what the heads predict."""

from export_cases import case, checks, data, label, values

X = data(2, 3, 4)
HEADS = ["LinearRegressionOutput", "MAERegressionOutput", "LogisticRegressionOutput"]

FIRST = values([[1, 2, 0], [3, 3, 0], [0, 0, 0], [1, 2, 3]])
LAST = values([[1, 2, -1], [3, 3, -1], [-1, -1, -1], [1, 2, 3]])
SCORES = data(5, 4, 6)
LONG = values([[1, 1, 1, 0], [2, 1, 3, 0], [2, 2, 2, 1], [4, 4, 5, 5]])

test_loss = checks([
    case("CTCLoss", SCORES, FIRST),
    case("CTCLoss", data(5, 4, 6, low=-40, high=40), FIRST),
    case("CTCLoss", SCORES, values([[1, 2, 0], [3, 3, 0], [0, 0, 0], [1, 2, 3]], "int32")),
    case("CTCLoss", SCORES, LAST, blank_label="last"),
    case("CTCLoss", SCORES, LONG),
    case("CTCLoss", data(20, 4, 6), LONG),
    case("CTCLoss", SCORES, FIRST, values([3, 5, 1, 4]), use_data_lengths=True),
    case("CTCLoss", SCORES, FIRST, values([3, 5, 2, 2]), values([1, 2, 0, 3]),
         use_data_lengths=True, use_label_lengths=True),
    case("CTCLoss", SCORES, values([[0, 2, 1], [4, 4, 0], [1, 0, 0], [1, 2, 3]]),
         values([2, 3, 1, 2]), use_label_lengths=True, blank_label="last"),
    *(case("softmax_cross_entropy", data(3, 4, low=-b, high=b), values([1, 0, 3]))
      for b in (2, 40)),
    *(case(n, X, label(2, 3, 4), grad_scale=3) for n in HEADS),
    case("SVMOutput", data(2, 3), label(2), margin=2, use_linear=True),
    case("MakeLoss", X, grad_scale=2, normalization="batch"),
    case("make_loss", X),
    case("BlockGrad", X),
    case("SoftmaxOutput", data(2, 3), label(2), use_ignore=True, ignore_label=3, grad_scale=2),
    case("SoftmaxOutput", X, label(2, 3)),
    case("SoftmaxOutput", data(2, 3, 2, 2, 2), label(2, 3, 2, 2)),
    case("SoftmaxOutput", data(2, 3, 4, 5), label(2, 3, 4)).but(refused="CPUs .* GPUs"),
    case("SoftmaxOutput", data(2, 3, 4, 5), label(2, 3, 4), preserve_shape=True),
    case("SoftmaxOutput", data(2, 3, 4, 5), label(2, 4, 5), multi_output=True),
])  # fmt: skip
