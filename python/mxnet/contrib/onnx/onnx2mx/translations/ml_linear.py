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
"""Linear models of ai.onnx.ml."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from .precision import cast, scalar
from .scores import (
    ALONE,
    DOMAIN,
    LABELS,
    as_rows,
    highest,
    labels_of,
    of_two,
    transformed,
)

table = TranslationTable()


def _products(op, x, coefficients, intercepts, count):
    """A row of ``count`` scores a sample, in float32 as ONNX Runtime has it.

    ONNX Runtime's own example has coefficients to spare; the first ones count there.
    """
    x = cast(op, as_rows(op, x), "float32")
    features = x.shape[1]
    if len(coefficients) < count * features:
        op.fail(f"{len(coefficients)} coefficients for {count} scores of {features} features")
    weight = np.array(coefficients[: count * features], np.float32).reshape(count, features)
    weight = op.constant(weight, trainable=True)
    bias = None
    if intercepts:
        if len(intercepts) != count:
            op.fail(f"{len(intercepts)} intercepts for {count} scores")
        bias = op.constant(np.array(intercepts, np.float32), trainable=True)
    return op.FullyConnected(x, weight, bias, num_hidden=count, flatten=False, no_bias=bias is None)


@table.op("LinearRegressor", versions=(1,), domain=DOMAIN, limits=ALONE)
def linear_regressor(op, x, *, coefficients, intercepts=(), targets, post_transform):
    return transformed(op, _products(op, x, coefficients, intercepts, targets), post_transform)


@table.op(
    "LinearClassifier",
    versions=(1,),
    domain=DOMAIN,
    ignores=("multi_class",),
    limits=f"one row of coefficients is transformed by LOGISTIC only, as in ONNX Runtime; {LABELS}",
)
def linear_classifier(
    op,
    x,
    *,
    coefficients,
    intercepts=(),
    classlabels_ints=(),
    classlabels_strings=(),
    post_transform,
):
    """The scores of several classes are compared before they are transformed."""
    labels = classlabels_strings or classlabels_ints
    count = len(intercepts) or len(labels)
    scores = _products(op, x, coefficients, intercepts, count)
    if count > 1:
        if len(labels) != count:
            op.fail(f"{len(labels)} class labels for {count} scores")
        label = labels_of(op, highest(op, scores), classlabels_ints, classlabels_strings)
        return label, transformed(op, scores, post_transform)
    wins = op._npi_greater(scores, scalar(op, 0, np.float32))
    index = op.reshape(cast(op, wins, "int32"), scores.shape[:1])
    if not labels:
        return cast(op, index, "int64"), transformed(op, scores, post_transform)
    if len(labels) != 2:
        op.fail(f"{len(labels)} class labels for one score, which tells two apart")
    label = labels_of(op, index, classlabels_ints, classlabels_strings)
    return label, of_two(op, scores, post_transform, True)
