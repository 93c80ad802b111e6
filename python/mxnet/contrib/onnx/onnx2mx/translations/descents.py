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
"""All trees of an ensemble descended at once, a level at a time, as MXNet operators."""

from __future__ import annotations

import dataclasses

import numpy as np

from .comparison import where
from .ensembles import EQUAL, GREATER, LESS, UNORDERED
from .precision import cast, scalar

#: Comparisons that tell two groups of states apart, and the states in which they are true.
COMPARISONS = {
    "_npi_less_equal": (LESS, EQUAL),
    "_npi_less": (LESS,),
    "_npi_greater_equal": (GREATER, EQUAL),
    "_npi_greater": (GREATER,),
    "_npi_equal": (EQUAL,),
}


# -- descending --------------------------------------------------------------------------------


class Descent:
    """The leaf that every sample reaches in every tree.

    Places are those of the children's table: the number of a branch or leaf times the ways that
    lead from it, so that a place and a way add up to where the next place stands.

    Attributes
    ----------
    places : Tensor
        int32, a row a sample, a column a tree.
    """

    def __init__(self, op, x, ensemble):
        self.op, self.ensemble = op, ensemble
        if ensemble.features.size and ensemble.features.max() >= x.shape[1]:
            op.fail(f"a node asks for feature {ensemble.features.max()} of {x.shape[1]}")
        self.can_be_nan = x.dtype.kind == "f"
        thresholds = ensemble.thresholds
        if x.dtype != np.float64:  # as ONNX Runtime compares whole numbers
            x = cast(op, x, "float64" if thresholds.dtype == np.float64 else "float32")
        self.x, self.comparison = x, self._one_comparison()
        self.ways = 2 if self.comparison else 4
        self.places = op.BlockGrad(self._descend())

    def at_leaves(self, values):
        """What ``values``, a row or a number a leaf, holds of each leaf that is reached."""
        op, count = self.op, self.ensemble.branches
        if values.ndim == 1:
            padded = np.concatenate([np.zeros(count, values.dtype), values])
            return op.take(self._table(padded), self.places, axis=0, mode="clip")
        number = np.arange(count + len(values)) - count
        leaf = op.take(self._table(number.clip(0).astype(np.int32)), self.places, axis=0)
        return op.take(op.constant(values), leaf, axis=0, mode="clip")

    def _table(self, values):
        """A constant that is looked up by places."""
        return self.op.constant(np.repeat(values, self.ways))

    def _one_comparison(self):
        """An operator that is enough to choose the way, its true and its false state; or None."""
        children = self.ensemble.children
        for name, states in COMPARISONS.items():
            others = [s for s in range(4) if s not in states]
            if not self.can_be_nan:
                others.remove(UNORDERED)
            groups = (children[:, list(states)], children[:, others])
            if all((group == group[:, :1]).all() for group in groups):
                return name, others[0], states[0]
        return None

    def _children(self):
        """Where each place and way lead; a leaf leads to itself."""
        ensemble = self.ensemble
        states = [self.comparison[1], self.comparison[2]] if self.comparison else range(4)
        branches = ensemble.children[:, list(states)].reshape(-1)
        leaves = np.repeat(np.arange(ensemble.leaves) + ensemble.branches, self.ways)
        return (np.concatenate([branches, leaves]) * self.ways).astype(np.int32)

    def _descend(self):
        op, ensemble, x = self.op, self.ensemble, self.x
        samples, features = x.shape
        roots = (ensemble.roots[None] * self.ways).astype(np.int32)
        place = op.constant(roots)
        depth = ensemble.depth()
        if not depth:
            return op.expand(place, (samples, len(ensemble.roots)))
        rest = np.zeros(ensemble.leaves)
        feature = np.concatenate([ensemble.features, rest]).astype(np.int32)
        threshold = np.concatenate([ensemble.thresholds, rest]).astype(x.dtype)
        children = op.constant(self._children())
        feature_of, threshold_of = self._table(feature), self._table(threshold)
        value = op.take(x, op.constant(feature[ensemble.roots]), axis=1, mode="clip")
        bound = op.constant(threshold[ensemble.roots][None])
        if depth > 1:
            rows = op._npi_multiply(
                op.reshape(op.arange(0, samples, 1, np.int32), (samples, 1)),
                scalar(op, features, np.int32),
            )
            flat = op.reshape(x, (samples * features,))
        for level in range(depth):
            if level:
                at = op._npi_add(rows, op.take(feature_of, place, axis=0, mode="clip"))
                value = op.take(flat, at, axis=0, mode="clip")
                bound = op.take(threshold_of, place, axis=0, mode="clip")
            way = self._way(value, bound)
            place = op.take(children, op._npi_add(place, way), axis=0, mode="clip")
        return place

    def _way(self, value, bound):
        op = self.op
        if self.comparison:
            return cast(op, getattr(op, self.comparison[0])(value, bound), "int32")
        way = cast(op, op._npi_less(value, bound), "int32")
        for state, found in (
            (EQUAL, op._npi_equal(value, bound)),
            (UNORDERED, op._npi_isnan(value)),
        ):
            found = op._npi_multiply(cast(op, found, "int32"), scalar(op, state, np.int32))
            way = op._npi_add(way, found)
        return way


# -- votes -------------------------------------------------------------------------------------


def totals(op, descent, targets):
    """Sum of the votes for each target, a row a sample."""
    ensemble = descent.ensemble
    weights = ensemble.table(targets)
    if targets == 1:
        return op._np_sum(descent.at_leaves(weights[:, 0]), axis=1, keepdims=True)
    only = _only_targets(ensemble, targets)
    if only is None:
        return op._np_sum(descent.at_leaves(weights), axis=1)
    shares = descent.at_leaves(weights.sum(axis=1))  # every tree votes for one target alone
    return op._npi_matmul(
        shares, op.constant((only[:, None] == np.arange(targets)).astype(weights.dtype))
    )


def _only_targets(ensemble, targets):
    """The one target of each tree, or None where a tree has several."""
    voted, trees = ensemble.voted(targets), ensemble.trees_of_leaves()
    reached = trees >= 0
    by_tree = np.zeros((len(ensemble.roots), targets), bool)
    np.logical_or.at(by_tree, trees[reached], voted[reached])
    return by_tree.argmax(axis=1) if (by_tree.sum(axis=1) <= 1).all() else None


def extremes(op, descent, targets, largest):
    """The largest or smallest vote for each target; 0 where there is none."""
    leaf, target, weight = descent.ensemble.votes
    none = weight.dtype.type(-np.inf if largest else np.inf)
    weights = np.full((descent.ensemble.leaves, targets), none)
    (np.maximum if largest else np.minimum).at(weights, (leaf, target), weight)
    reduce = op._np_max if largest else op._np_min
    if targets == 1:
        found = reduce(descent.at_leaves(weights[:, 0]), axis=1, keepdims=True)
    else:
        found = reduce(descent.at_leaves(weights), axis=1)
    if descent.ensemble.voted(targets).all():
        return found
    return where(op, op._npi_isinf(found), scalar(op, 0, weights.dtype), found)


def first_votes(ensemble):
    """Of several votes of a leaf for the only target the first counts, as in ONNX Runtime."""
    first = np.unique(ensemble.votes[0], return_index=True)[1]
    return dataclasses.replace(ensemble, votes=tuple(part[first] for part in ensemble.votes))


def received(op, descent, targets, target):
    """Whether some vote was cast for a class: True, False or a column that tells of each sample."""
    voted = descent.ensemble.voted(targets)[:, target]
    trees = descent.ensemble.trees_of_leaves()
    always = np.ones(len(descent.ensemble.roots), bool)
    np.logical_and.at(always, trees[trees >= 0], voted[trees >= 0])
    if always.any():
        return True
    if not voted.any():
        return False
    votes = op._np_sum(descent.at_leaves(voted.astype(np.float32)), axis=1, keepdims=True)
    return op._npi_greater(votes, scalar(op, 0, np.float32))
