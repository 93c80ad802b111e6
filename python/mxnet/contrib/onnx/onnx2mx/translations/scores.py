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
"""What models of ai.onnx.ml share: rows of features, transforms of scores, labels of classes."""

from __future__ import annotations

import numpy as np

from .comparison import where
from .precision import cast, scalar

DOMAIN = "ai.onnx.ml"

#: One score alone, as ONNX Runtime has it; for the support page.
ALONE = "one score alone is changed by PROBIT only, as ONNX Runtime does"
#: Where strings can be.
LABELS = (
    "class labels that are strings exist only where the model is run operator by operator; "
    "elsewhere their output must be left unused"
)
TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")


def as_rows(op, x):
    """One row of features a sample; a vector is one sample."""
    if x.rank not in (1, 2):
        op.fail(f"features of rank {x.rank}, which must be of rank 1 or 2")
    return op.reshape(x, (1, *x.shape)) if x.rank == 1 else x


def columns(op, *parts):
    """Columns side by side."""
    return op.Concat(*parts, dim=1, num_args=len(parts)) if len(parts) > 1 else parts[0]


# -- scores ------------------------------------------------------------------------------------


def transformed(op, scores, transform):
    """What ``post_transform`` makes of the scores of each sample."""
    if transform not in TRANSFORMS:
        op.fail(f"post_transform '{transform}' is none of {', '.join(TRANSFORMS)}")
    if transform == "PROBIT":
        return _probit(op, scores)
    if transform == "NONE" or scores.shape[1] == 1:
        return scores
    if transform == "LOGISTIC":
        return op.sigmoid(scores)
    return op.softmax(scores, axis=1) if transform == "SOFTMAX" else _softmax_zero(op, scores)


def _softmax_zero(op, scores):
    """Zeros stay zeros and do not count; what counts as zero, and the sum, are ONNX Runtime's."""
    shifted = op._npi_subtract(scores, op._np_max(scores, axis=1, keepdims=True))
    bound = scalar(op, 1e-7, scores.dtype)
    counts = op._npi_greater(op._npi_absolute(scores), bound)
    powers = where(op, counts, op._npi_exp(shifted), scalar(op, 0, scores.dtype))
    total = op._np_sum(powers, axis=1, keepdims=True)
    return op._npi_true_divide(powers, total)


def _probit(op, p):
    """By the approximation of the inverse error function that ONNX Runtime uses."""
    a = 0.147
    x = op._npi_add_scalar(op._npi_multiply_scalar(p, scalar=2.0), scalar=-1.0)
    left, right = op._npi_rsubtract_scalar(x, scalar=1.0), op._npi_add_scalar(x, scalar=1.0)
    log = op._npi_log(op._npi_multiply(left, right))
    half = op._npi_add_scalar(op._npi_multiply_scalar(log, scalar=0.5), scalar=2 / (3.14159 * a))
    rest = op._npi_multiply_scalar(log, scalar=1 / a)
    root = op._npi_sqrt(op._npi_subtract(op._npi_multiply(half, half), rest))
    size = op._npi_sqrt(op._npi_subtract(root, half))
    sign = where(op, op._npi_less(x, scalar(op, 0, p.dtype)), *_signs(op, p.dtype))
    return op._npi_multiply_scalar(op._npi_multiply(sign, size), scalar=1.41421356)


def _signs(op, dtype):
    return scalar(op, -1, dtype), scalar(op, 1, dtype)


def of_two(op, score, transform, probability):
    """Scores of two classes of which ``score`` is the second's; ONNX Runtime has them so.

    Parameters
    ----------
    probability : bool
        Whether it is one, to be completed to 1; otherwise it is positive where the second wins.
    """
    if transform == "PROBIT":
        op.fail("ONNX Runtime leaves the second of two scores undefined with PROBIT")
    if probability and transform != "LOGISTIC":
        return columns(op, op._npi_rsubtract_scalar(score, scalar=1.0), score)
    pair = columns(op, op._npi_negative(score), score)
    return op.sigmoid(pair) if transform == "LOGISTIC" else pair


# -- labels ------------------------------------------------------------------------------------


def labels_of(op, index, ints, strings):
    """The label of each class index, int64 or, where values can be read, strings."""
    if strings:
        places = op.known(index)
        if places is None:
            return op.unavailable(
                "it consists of strings, which MXNet has no tensors of; take it out of the model's "
                "outputs, or run the model by mx.contrib.onnx.backend or import_to_gluon"
            )
        return op.fixed(np.array(strings, object)[places.astype(np.int64)])
    if list(ints) == list(range(len(ints))):
        return cast(op, index, "int64")
    return op.take(op.constant(np.array(ints, np.int64)), index, axis=0, mode="clip")


def highest(op, scores):
    """The first column that has the highest score, int64."""
    return op._npi_argmax(scores, axis=1)
