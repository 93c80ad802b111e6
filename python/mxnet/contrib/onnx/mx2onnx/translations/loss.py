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
"""Loss heads, by what they predict: the canonical graph has dropped their labels."""

from __future__ import annotations

from ...errors import TranslationError
from ...translation import TranslationTable
from .activation import softmax_over
from .indexing import pick

table = TranslationTable()


@table.op("LinearRegressionOutput", "MAERegressionOutput", ignores=("grad_scale",))
@table.op("SVMOutput", ignores=("margin", "regularization_coefficient", "use_linear"))
@table.op("MakeLoss", ignores=("grad_scale", "valid_thresh", "normalization"))
@table.op("make_loss", "BlockGrad")
def same(op, data):
    """What differs is the gradient alone."""
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
    ),
    limits="rank 4 needs multi_output or preserve_shape",
)
def softmax_output(op, data, *, multi_output, preserve_shape):
    """Over axis 1, over the last axis, or over all behind the first; the rest shapes gradients."""
    rank = op.rank(data)
    if multi_output:
        return softmax_over(op, data, 1)
    if preserve_shape or rank == 2:
        return softmax_over(op, data, -1)
    if rank == 4:
        raise TranslationError(
            "without multi_output or preserve_shape it is computed over the last axis on MXNet's "
            "CPUs and over all axes but the first on its GPUs; set the one that is meant"
        )
    return op.Reshape(softmax_over(op, op.Flatten(data), -1), op.Shape(data))


@table.op("softmax_cross_entropy")
def softmax_cross_entropy(op, data, label):
    """The sum over all rows, with probabilities of at least 1e-8."""
    likely = pick(op, softmax_over(op, data, -1), label, axis=-1, mode="clip", keepdims=False)
    floor = op.constant(1e-8, op.dtype(data))
    total = op.ReduceSum(op.Log(op.Max(likely, floor)), axes=[0], keepdims=1)
    return op.Neg(total)
