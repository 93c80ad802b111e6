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
"""Loss heads, by what they predict."""

from __future__ import annotations

from ...translation import TranslationTable
from .activation import softmax_over

table = TranslationTable()


@table.op(
    "Dropout",
    "_copy",
    "BlockGrad",
    "make_loss",
    "MakeLoss",
    "LinearRegressionOutput",
    "MAERegressionOutput",
    "SVMOutput",
    ignores=(
        "p",
        "mode",
        "axes",
        "cudnn_off",
        "grad_scale",
        "valid_thresh",
        "normalization",
        "margin",
        "regularization_coefficient",
        "use_linear",
    ),
)
def same(op, data):
    """Nothing at inference: no node."""
    return data


@table.op("LogisticRegressionOutput", ignores=("grad_scale",))
def logistic_output(op, data):
    return op.Sigmoid(data)


@table.op(
    "SoftmaxOutput",
    ignores=(
        "grad_scale",
        "ignore_label",
        "use_ignore",
        "normalization",
        "out_grad",
        "smooth_alpha",
        "preserve_shape",
    ),
)
def softmax_output(op, data, *, multi_output):
    return softmax_over(op, data, 1 if multi_output else -1)
