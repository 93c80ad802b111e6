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
"""Ensembles of decision trees of ai.onnx.ml, as tensor programs."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from .comparison import where
from .descents import Descent, extremes, first_votes, received, totals
from .ensembles import NUMBERED, array_of, from_branches, from_nodes
from .precision import cast, scalar
from .scores import (
    ALONE,
    DOMAIN,
    LABELS,
    TRANSFORMS,
    as_rows,
    columns,
    highest,
    labels_of,
    of_two,
    transformed,
)

table = TranslationTable()

AGGREGATES = ("AVERAGE", "SUM", "MIN", "MAX")


def _regression(op, x, ensemble, targets, aggregate, transform, base):
    if aggregate not in AGGREGATES:
        op.fail(f"aggregate_function '{aggregate}' is none of {', '.join(AGGREGATES)}")
    if targets == 1:
        ensemble = first_votes(ensemble)
    descent = Descent(op, as_rows(op, x), ensemble)
    if aggregate in ("MIN", "MAX"):
        result = extremes(op, descent, targets, aggregate == "MAX")
    else:
        result = totals(op, descent, targets)
    if aggregate == "AVERAGE":
        result = op._npi_true_divide_scalar(result, scalar=float(len(ensemble.roots)))
    if len(base) not in (0, targets):
        op.fail(f"{len(base)} base_values for {targets} targets")
    if len(base):
        result = op._npi_add(result, op.constant(np.asarray(base, result.dtype)[None]))
    return transformed(op, cast(op, result, result.dtype), transform)


@table.op(
    "TreeEnsembleRegressor",
    versions=(1, 3, 5),
    domain=DOMAIN,
    ignores=("nodes_hitrates", "nodes_hitrates_as_tensor"),
    limits=ALONE,
)
def tree_ensemble_regressor(
    op,
    x,
    *,
    n_targets=1,
    aggregate_function,
    post_transform,
    target_treeids=(),
    target_nodeids=(),
    target_ids=(),
    target_weights=(),
    target_weights_as_tensor=None,
    base_values=(),
    base_values_as_tensor=None,
    nodes_treeids=(),
    nodes_nodeids=(),
    nodes_featureids=(),
    nodes_modes=(),
    nodes_values=(),
    nodes_values_as_tensor=None,
    nodes_truenodeids=(),
    nodes_falsenodeids=(),
    nodes_missing_value_tracks_true=(),
):
    """Version 5 only says that the operator is out of favour."""
    ensemble = from_nodes(
        _nodes(locals()),
        (
            target_treeids,
            target_nodeids,
            target_ids,
            array_of(target_weights_as_tensor, target_weights),
        ),
    )
    base = array_of(base_values_as_tensor, base_values)
    args = n_targets, aggregate_function, post_transform, base
    return cast(op, _regression(op, x, ensemble, *args), "float32")


def _nodes(attributes):
    values = array_of(attributes["nodes_values_as_tensor"], attributes["nodes_values"])
    names = ("treeids", "nodeids", "featureids", "modes", "truenodeids", "falsenodeids")
    return {
        **{name: attributes[f"nodes_{name}"] for name in names},
        "values": values,
        "tracks": attributes["nodes_missing_value_tracks_true"],
    }


@table.op("TreeEnsemble", versions=(5,), domain=DOMAIN, ignores=("nodes_hitrates",), limits=ALONE)
def tree_ensemble(
    op,
    x,
    *,
    n_targets=None,
    aggregate_function,
    post_transform,
    tree_roots,
    nodes_featureids,
    nodes_splits,
    nodes_modes,
    nodes_truenodeids,
    nodes_falsenodeids,
    nodes_trueleafs,
    nodes_falseleafs,
    leaf_targetids,
    leaf_weights,
    membership_values=None,
    nodes_missing_value_tracks_true=(),
):
    """Enumerations are numbers here; a set is searched by branches with three ways."""
    modes, weights = array_of(nodes_modes, ()), array_of(leaf_weights, ())
    wide = np.float64 if x.dtype == np.float64 else np.float32
    if not 0 <= modes.min(initial=0) <= modes.max(initial=0) < len(NUMBERED):
        op.fail(f"nodes_modes {sorted(set(modes.tolist()))}; 0 to {len(NUMBERED) - 1} are known")
    ensemble = from_branches(
        {
            "featureids": nodes_featureids,
            "splits": array_of(nodes_splits, ()).astype(wide),
            "modes": [NUMBERED[mode] for mode in modes],
            "true": nodes_truenodeids,
            "false": nodes_falsenodeids,
            "true_leaf": nodes_trueleafs,
            "false_leaf": nodes_falseleafs,
            "tracks": nodes_missing_value_tracks_true,
        },
        (leaf_targetids, weights.astype(wide)),
        tree_roots,
        array_of(membership_values, ()),
    )
    for name, value, known in (
        ("aggregate_function", aggregate_function, AGGREGATES),
        ("post_transform", post_transform, TRANSFORMS),
    ):
        if not 0 <= value < len(known):
            op.fail(f"{name} {value}; 0 to {len(known) - 1} are known")
    targets = max(leaf_targetids, default=0) + 1 if n_targets is None else n_targets
    aggregate, transform = AGGREGATES[aggregate_function], TRANSFORMS[post_transform]
    return cast(op, _regression(op, x, ensemble, targets, aggregate, transform, ()), x.dtype)


# -- classes -----------------------------------------------------------------------------------


@table.op(
    "TreeEnsembleClassifier",
    versions=(1, 3, 5),
    domain=DOMAIN,
    ignores=("nodes_hitrates", "nodes_hitrates_as_tensor"),
    limits=f"two classes are told apart as ONNX Runtime does; {LABELS}",
)
def tree_ensemble_classifier(
    op,
    x,
    *,
    post_transform,
    class_treeids=(),
    class_nodeids=(),
    class_ids=(),
    class_weights=(),
    class_weights_as_tensor=None,
    classlabels_int64s=(),
    classlabels_strings=(),
    base_values=(),
    base_values_as_tensor=None,
    nodes_treeids=(),
    nodes_nodeids=(),
    nodes_featureids=(),
    nodes_modes=(),
    nodes_values=(),
    nodes_values_as_tensor=None,
    nodes_truenodeids=(),
    nodes_falsenodeids=(),
    nodes_missing_value_tracks_true=(),
):
    """Version 5 only says that the operator is out of favour."""
    weights = array_of(class_weights_as_tensor, class_weights)
    ensemble = from_nodes(_nodes(locals()), (class_treeids, class_nodeids, class_ids, weights))
    base = array_of(base_values_as_tensor, base_values)
    classes = len(classlabels_strings or classlabels_int64s)
    if not classes:
        op.fail("it names no class labels")
    descent = Descent(op, as_rows(op, x), ensemble)
    scores = totals(op, descent, classes)
    if classes > 2:
        index, scores = _many(op, descent, scores, base, post_transform)
    else:
        one_sided = classes == 2 and len(set(class_ids)) == 1
        case = _TwoClasses(op, descent, base, post_transform, one_sided, bool((weights >= 0).all()))
        index, scores = case.one(scores) if classes == 1 else case.two(scores)
        plain = list(classlabels_int64s) == [0, 1][:classes] or (one_sided and classes == 2)
        if not plain and not (classlabels_strings and classes == 2):
            op.fail(
                "its leaves vote for both of two classes, or there is one class: which label "
                f"stands for the result is not specified unless they are 0 and 1, here they are "
                f"{list(classlabels_int64s or classlabels_strings)}"
            )
    ints = classlabels_int64s if classes > 1 else (0, 1)
    labels = labels_of(op, index, ints, classlabels_strings)
    return labels, cast(op, scores, "float32")


def _many(op, descent, scores, base, transform):
    """A class that nobody voted for cannot win, unless base values are given."""
    classes = scores.shape[1]
    if len(base):
        if len(base) != classes:
            op.fail(f"{len(base)} base_values for {classes} classes")
        scores = op._npi_add(scores, op.constant(np.asarray(base, scores.dtype)[None]))
        return highest(op, scores), transformed(op, scores, transform)
    voted = [received(op, descent, classes, target) for target in range(classes)]
    if all(v is True for v in voted):
        return highest(op, scores), transformed(op, scores, transform)
    parts = [op.cut(scores, 1, i, i + 1) for i in range(classes)]
    least = op._npi_add_scalar(op.zeros_like(parts[0]), scalar=-np.inf)
    able = [_chosen(op, v, part, least) for v, part in zip(voted, parts)]
    return highest(op, columns(op, *able)), transformed(op, scores, transform)


def _chosen(op, condition, yes, no):
    """``where`` whose condition may be known."""
    if condition is True:
        return yes
    return no if condition is False else where(op, condition, yes, no)


class _TwoClasses:
    """One or two classes, as ONNX Runtime tells them apart.

    Parameters
    ----------
    one_sided : bool
        Whether all votes are for one of two classes.
    positive : bool
        Whether no weight is negative, so that a total is taken for a probability.
    """

    def __init__(self, op, descent, base, transform, one_sided, positive):
        self.op, self.descent, self.base, self.transform = op, descent, base, transform
        self.one_sided, self.positive = one_sided, positive

    def one(self, scores):
        if len(self.base):
            scores = self._based(scores, 0)
        return self._index(scores), transformed(self.op, scores, self.transform)

    def two(self, scores):
        """Two base values: the second belongs to what was voted for the first class."""
        op, base = self.op, self.base
        if len(base) > 2:
            op.fail(f"{len(base)} base_values for 2 classes")
        first, second = (op.cut(scores, 1, i, i + 1) for i in range(2))
        others = received(op, self.descent, 2, 1)
        if len(base) == 2:
            total = self._based(first, 1)
            first = self._based(first, 0)
            deciding = _chosen(op, others, total, first)
            left = _chosen(op, others, op._npi_negative(total), first)
            pair = self._pair(left, _chosen(op, others, total, op.zeros_like(total)))
            return self._index(deciding), pair
        if len(base):
            first = self._based(first, 0)
        deciding, pair = _chosen(op, others, second, first), self._pair(first, second)
        if others is not True:
            pair = _chosen(op, others, pair, self._single(first))
        return self._index(deciding), pair

    def _pair(self, first, second):
        """What base values say of a class that nobody voted for does not count."""
        op = self.op
        if len(self.base):
            voted = received(op, self.descent, 2, 0)
            first = _chosen(op, voted, first, op.zeros_like(first))
        return transformed(op, columns(op, first, second), self.transform)

    def _based(self, score, i):
        return self.op._npi_add(score, scalar(self.op, self.base[i], score.dtype))

    def _index(self, deciding):
        op = self.op
        bound = 0.5 if self.one_sided and self.positive else 0.0
        wins = op._npi_greater(deciding, scalar(op, bound, deciding.dtype))
        return op.reshape(cast(op, wins, "int32"), deciding.shape[:1])

    def _single(self, score):
        """Both scores of what one score alone says."""
        op = self.op
        if len(self.base) and not self.one_sided:
            op.fail("ONNX Runtime leaves the second of two scores undefined here")
        return of_two(op, score, self.transform, self.one_sided and self.positive)
