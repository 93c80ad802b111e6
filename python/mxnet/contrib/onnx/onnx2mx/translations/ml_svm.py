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
"""Support vector machines of ai.onnx.ml, with the arithmetic of ONNX Runtime.

Kernels are computed in float64: distances come from products, where float32 would cancel.
"""

from __future__ import annotations

import itertools

import numpy as np

from ...translation import TranslationTable
from .comparison import where
from .precision import cast, scalar
from .scores import (
    DOMAIN,
    LABELS,
    as_rows,
    columns,
    highest,
    labels_of,
    of_two,
    transformed,
)

table = TranslationTable()

KERNELS = ("LINEAR", "POLY", "RBF", "SIGMOID")
#: Sweeps over coupled probabilities. ONNX Runtime and libsvm stop when a sample changes little, at
#: the latest after 100; of 200,000 random and extreme samples of 2 to 10 classes none took over 4.
SWEEPS = 12
#: Distance from certainty that is kept.
LEAST = 1e-7


def _kernel(op, x, vectors, kind, params):
    """The kernel of every sample with every vector, float64."""
    gamma, coef0, degree = (float(p) for p in (*params, 0, 0, 0)[:3])
    if kind not in KERNELS:
        op.fail(f"kernel_type '{kind}' is none of {', '.join(KERNELS)}")
    products = op._npi_matmul(x, op.constant(vectors.T.copy()))
    if kind == "LINEAR":
        return products
    if kind == "RBF":
        squares = op._np_sum(op._npi_multiply(x, x), axis=1, keepdims=True)
        lengths = op._npi_add(squares, op.constant((vectors**2).sum(axis=1)[None]))
        distances = op._npi_add(lengths, op._npi_multiply_scalar(products, scalar=-2.0))
        distances = op._npi_maximum(distances, scalar(op, 0, np.float64))
        return op._npi_exp(op._npi_multiply_scalar(distances, scalar=-gamma))
    inner = op._npi_add_scalar(op._npi_multiply_scalar(products, scalar=gamma), scalar=coef0)
    return op._npi_tanh(inner) if kind == "SIGMOID" else op._npi_power_scalar(inner, scalar=degree)


def _features(op, x):
    """Samples as ONNX Runtime rounds them, then in float64."""
    return cast(op, cast(op, as_rows(op, x), "float32"), "float64")


def _vectors(op, x, vectors, count):
    if len(vectors) != count * x.shape[1]:
        op.fail(f"{len(vectors)} numbers for {count} vectors of {x.shape[1]} features")
    return np.array(vectors, np.float32).astype(np.float64).reshape(count, -1)


@table.op("SVMRegressor", versions=(1,), domain=DOMAIN, limits="post_transform NONE")
def svm_regressor(
    op,
    x,
    *,
    coefficients,
    rho,
    support_vectors=(),
    n_supports,
    kernel_type,
    kernel_params=(),
    one_class,
    post_transform,
):
    """Without support vectors it is linear, whatever kernel is named."""
    if post_transform != "NONE":
        op.fail(f"post_transform '{post_transform}': ONNX Runtime leaves it out, ONNX does not")
    x = _features(op, x)
    if n_supports:
        x = _kernel(op, x, _vectors(op, x, support_vectors, n_supports), kernel_type, kernel_params)
    weights = _vectors(op, x, coefficients, 1)
    result = op._npi_add_scalar(op._npi_matmul(x, op.constant(weights.T.copy())), scalar=rho[0])
    result = cast(op, result, "float32")
    if not one_class:
        return result
    inside = op._npi_greater(result, scalar(op, 0, np.float32))
    return where(op, inside, scalar(op, 1, np.float32), scalar(op, -1, np.float32))


@table.op(
    "SVMClassifier",
    versions=(1,),
    domain=DOMAIN,
    limits=f"two classes without probabilities are transformed by LOGISTIC only; {LABELS}",
)
def svm_classifier(
    op,
    x,
    *,
    coefficients,
    rho,
    support_vectors=(),
    vectors_per_class=(),
    kernel_type,
    kernel_params=(),
    prob_a=(),
    prob_b=(),
    classlabels_ints=(),
    classlabels_strings=(),
    post_transform,
):
    """A score of each two classes; the class that wins most of them is chosen."""
    classes = len(classlabels_strings or classlabels_ints)
    x = _features(op, x)
    if not sum(vectors_per_class):
        index, scores = _linear(op, x, coefficients, rho, classes, post_transform)
    else:
        if len(vectors_per_class) != classes or classes < 2:
            op.fail(f"vectors_per_class {list(vectors_per_class)} for {classes} class labels")
        vectors = _vectors(op, x, support_vectors, sum(vectors_per_class))
        duels = _duel_weights(op, coefficients, vectors_per_class)
        if len(rho) < duels.shape[1] or len(prob_a) != len(prob_b):
            op.fail(f"{len(rho)} rho, {len(prob_a)} prob_a and {len(prob_b)} prob_b do not fit")
        kernel = _kernel(op, x, vectors, kernel_type, kernel_params)
        sums = op._npi_matmul(kernel, op.constant(duels))
        sums = op._npi_add(sums, op.constant(np.array(rho[: duels.shape[1]], np.float64)[None]))
        index = highest(op, _wins(op, sums, classes))
        scores = cast(op, sums, "float32")
        if prob_a:
            scores = _probabilities(op, scores, prob_a, prob_b, classes)
        scores = _as_classes(op, scores, bool(prob_a), classes, post_transform)
    return labels_of(op, index, classlabels_ints, classlabels_strings), scores


def _linear(op, x, coefficients, rho, classes, transform):
    """One row of coefficients a class; of two classes the second is chosen as ONNX Runtime does."""
    weights = _vectors(op, x, coefficients, classes)
    sums = op._npi_matmul(x, op.constant(weights.T.copy()))
    scores = cast(op, op._npi_add_scalar(sums, scalar=rho[0]), "float32")
    index = highest(op, scores)
    if classes == 2:
        most = op._np_max(scores, axis=1)
        bound = scalar(op, 0.5 if min(coefficients) >= 0 else 0, np.float32)
        compare = op._npi_greater_equal if min(coefficients) >= 0 else op._npi_greater
        wins = cast(op, compare(most, bound), "int64")
        index = op._npi_maximum(cast(op, index, "int64"), wins)
    return index, transformed(op, scores, transform)


def _duels(classes):
    return list(itertools.combinations(range(classes), 2))


def _duel_weights(op, coefficients, per_class):
    """Weights of shape (vectors, duels): what each support vector says in each duel of its class.

    Of the rows of coefficients, of which there is one less than classes, a vector of class i finds
    the one on class j at j, less one where j comes behind i.
    """
    count, classes = sum(per_class), len(per_class)
    if len(coefficients) < count * (classes - 1):
        op.fail(f"{len(coefficients)} coefficients for {count} vectors of {classes} classes")
    rows = np.array(coefficients[: count * (classes - 1)], np.float32).reshape(classes - 1, count)
    owner = np.repeat(np.arange(classes), per_class)
    weights = np.zeros((count, len(_duels(classes))))
    for column, (i, j) in enumerate(_duels(classes)):
        weights[owner == i, column] = rows[j - 1, owner == i]
        weights[owner == j, column] = rows[i, owner == j]
    return weights


def _wins(op, sums, classes):
    """How many duels each class wins."""
    won = cast(op, op._npi_greater(sums, scalar(op, 0, np.float64)), "float32")
    sides = np.zeros((len(_duels(classes)), classes), np.float32)
    for row, (i, j) in enumerate(_duels(classes)):
        sides[row, i], sides[row, j] = 1, -1
    lost = (sides < 0).sum(axis=0, keepdims=True).astype(np.float32)
    return op._npi_add(op._npi_matmul(won, op.constant(sides)), op.constant(lost))


def _as_classes(op, scores, probable, classes, transform):
    if probable or classes > 2:
        return transformed(op, scores, transform)
    return of_two(op, scores, transform, transform != "NONE")


# -- probabilities -----------------------------------------------------------------------------


def _probabilities(op, scores, a, b, classes):
    """Probabilities of the classes, coupled from those of each two.

    They minimise a quadratic form, one class after the other until a sample changes little, which
    is where ONNX Runtime and libsvm stop.
    """
    duels = _duels(classes)
    a, b = (np.array(p[: len(duels)], np.float32)[None] for p in (a, b))
    duel = op._npi_add(op._npi_multiply(scores, op.constant(a)), op.constant(b))
    first = op.sigmoid(op._npi_negative(duel))
    first = op.clip(first, a_min=LEAST, a_max=1 - LEAST)
    second = op._npi_rsubtract_scalar(first, scalar=1.0)
    return _coupled(op, *(cast(op, part, "float64") for part in (first, second)), classes)


def _coupled(op, first, second, classes):
    """``first`` and ``second`` hold what each two classes say against each other."""
    duels = {duel: k for k, duel in enumerate(_duels(classes))}
    against = [
        [
            None if i == j else op.cut(first if i < j else second, 1, k, k + 1)
            for j in range(classes)
            for k in [duels.get((min(i, j), max(i, j)))]
        ]
        for i in range(classes)
    ]
    diagonal = [
        _total(
            op, [op._npi_multiply(against[j][i], against[j][i]) for j in range(classes) if j != i]
        )
        for i in range(classes)
    ]
    rows = [
        columns(
            op,
            *(
                diagonal[i]
                if i == j
                else op._npi_negative(op._npi_multiply(against[j][i], against[i][j]))
                for j in range(classes)
            ),
        )
        for i in range(classes)
    ]
    p = op._npi_multiply_scalar(op.ones_like(rows[0]), scalar=1 / classes)
    for _ in range(SWEEPS if classes > 2 else 3):
        p = _swept(op, p, rows, diagonal, classes)
    return cast(op, p, "float32")


def _swept(op, p, rows, diagonal, classes):
    """One sweep over the classes, of the samples that are not done."""
    each = [op._np_sum(op._npi_multiply(row, p), axis=1, keepdims=True) for row in rows]
    gradient = columns(op, *each)
    form = op._np_sum(op._npi_multiply(p, gradient), axis=1, keepdims=True)
    error = op._npi_absolute(op._npi_subtract(gradient, form))
    error = op._np_max(error, axis=1, keepdims=True)
    unfinished = op._npi_greater_equal(error, scalar(op, 0.005 / classes, np.float64))
    new = p
    for i in range(classes):
        step = op._npi_subtract(form, op.cut(gradient, 1, i, i + 1))
        step = op._npi_true_divide(step, diagonal[i])
        scale = op._npi_add_scalar(step, scalar=1.0)
        unit = op.constant(np.eye(classes)[i : i + 1])
        new = op._npi_true_divide(op._npi_add(new, op._npi_multiply(step, unit)), scale)
        gradient = op._npi_add(gradient, op._npi_multiply(step, rows[i]))
        gradient = op._npi_true_divide(gradient, scale)
        form = op._np_sum(op._npi_multiply(new, gradient), axis=1, keepdims=True)
    return where(op, unfinished, new, p)


def _total(op, parts):
    total = parts[0]
    for part in parts[1:]:
        total = op._npi_add(total, part)
    return total
