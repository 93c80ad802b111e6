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
"""Ensembles of decision trees as tables of one kind, whatever the attributes that spell them."""

from __future__ import annotations

import dataclasses

import numpy as np

from onnx import numpy_helper

from ...errors import TranslationError

#: How a feature can stand to a threshold: greater, less, equal, or NaN is among them.
GREATER, LESS, EQUAL, UNORDERED = range(4)
#: Branches by how they are named, and in which of these states they are true.
MODES = {
    "BRANCH_LEQ": (LESS, EQUAL),
    "BRANCH_LT": (LESS,),
    "BRANCH_GTE": (GREATER, EQUAL),
    "BRANCH_GT": (GREATER,),
    "BRANCH_EQ": (EQUAL,),
    "BRANCH_NEQ": (GREATER, LESS, UNORDERED),
}
MEMBER = "BRANCH_MEMBER"
#: Names of the numbers that version 5 has in their place.
NUMBERED = (*MODES, MEMBER)


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """Branches are numbered from 0, leaves behind them.

    Attributes
    ----------
    features, thresholds : numpy.ndarray
        Of each branch.
    children : numpy.ndarray
        Of shape (branches, 4): where each of the four states leads.
    roots : numpy.ndarray
        Of each tree.
    leaves : int
    votes : tuple of numpy.ndarray
        Leaf counted from 0, target and weight of every vote, in order.
    """

    features: np.ndarray
    thresholds: np.ndarray
    children: np.ndarray
    roots: np.ndarray
    leaves: int
    votes: tuple

    @property
    def branches(self):
        return len(self.features)

    def depth(self):
        """Most branches on the way from a root to a leaf."""
        reached, depth = np.unique(self.roots), 0
        while True:
            reached = reached[reached < self.branches]
            if not reached.size:
                return depth
            if depth > self.branches:
                raise TranslationError("its branches lead in a circle")
            reached, depth = np.unique(self.children[reached]), depth + 1

    def trees_of_leaves(self):
        """The tree in which each leaf is first reached, -1 where none."""
        trees = np.full(self.branches + self.leaves, -1)
        for tree, root in enumerate(self.roots):
            reached = np.array([root])
            while reached.size:
                trees[reached] = tree
                reached = np.unique(self.children[reached[reached < self.branches]])
        return trees[self.branches :]

    def table(self, targets, empty=0.0):
        """Weights of shape (leaves, targets); votes of a leaf for one target add up."""
        weights = np.zeros((self.leaves, targets), self.votes[2].dtype)
        leaf, target, weight = self.votes
        if target.size and not 0 <= target.min() <= target.max() < targets:
            raise TranslationError(f"a leaf votes for a target outside 0 to {targets - 1}")
        np.add.at(weights, (leaf, target), weight)
        return np.where(self.voted(targets), weights, weights.dtype.type(empty))

    def voted(self, targets):
        """Whether a leaf votes for a target, of shape (leaves, targets)."""
        voted = np.zeros((self.leaves, targets), bool)
        voted[self.votes[0], self.votes[1]] = True
        return voted


def array_of(attribute, floats, dtype=np.float32):
    """The numbers of an attribute that is a tensor, or a list of float32 where it is not given."""
    if attribute is not None:
        return numpy_helper.to_array(attribute).reshape(-1)
    return np.asarray(floats, dtype)


def branching(true, false, modes, tracks):
    """Where each state leads, of shape (branches, 4)."""
    names, which = np.unique(np.asarray(modes, str), return_inverse=True)
    unknown = sorted(set(names.tolist()) - set(MODES))
    if unknown:
        raise TranslationError(f"nodes_modes {', '.join(unknown)} are not known")
    truth = np.array([np.isin(np.arange(4), MODES[name]) for name in names], bool).reshape(-1, 4)
    chosen = truth[which.reshape(-1)].reshape(-1, 4)
    chosen[:, UNORDERED] |= np.asarray(tracks, bool)
    return np.where(chosen, np.asarray(true)[:, None], np.asarray(false)[:, None])


def _same_length(**lists):
    lengths = {name: len(found) for name, found in lists.items() if found is not None}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{n} {name}" for name, n in lengths.items())
        raise TranslationError(f"attributes of the nodes differ in length: {said}")


# -- versions 1 and 3 --------------------------------------------------------------------------


def from_nodes(nodes, votes):
    """An ensemble whose branches and leaves are nodes of numbered trees.

    Parameters
    ----------
    nodes : dict of str to sequence
        ``treeids``, ``nodeids``, ``featureids``, ``values``, ``modes``, ``truenodeids``,
        ``falsenodeids`` and ``tracks``.
    votes : tuple of sequences
        Tree, node, target and weight of each.
    """
    _same_length(**{k: v for k, v in nodes.items() if k != "tracks"})
    trees, numbers = (np.array(nodes[name], np.int64) for name in ("treeids", "nodeids"))
    modes = np.array(nodes["modes"], object)
    is_leaf = modes == "LEAF"
    inner, count = np.flatnonzero(~is_leaf), len(trees)
    branches = len(inner)
    places = np.empty(count, np.int64)
    places[~is_leaf], places[is_leaf] = np.arange(branches), np.arange(branches, count)
    find = _finder(trees, numbers)
    ways = [
        places[find(trees[inner], np.array(nodes[name], np.int64)[inner], "branch")]
        for name in ("truenodeids", "falsenodeids")
    ]
    tracks = np.zeros(count, bool)
    tracks[: len(nodes["tracks"])] = np.array(nodes["tracks"][:count], bool)
    first = np.sort(np.unique(trees, return_index=True)[1])
    tree, node, target, weight = votes
    _same_length(treeids=tree, nodeids=node, ids=target, weights=weight)
    voting = find(np.array(tree, np.int64), np.array(node, np.int64), "vote")
    leaf = places[voting] - branches
    counted = leaf >= 0  # votes of branches are never reached
    return Ensemble(
        np.array(nodes["featureids"], np.int64)[inner],
        np.asarray(nodes["values"])[inner],
        branching(*ways, modes[inner], tracks[inner]),
        places[first],
        count - branches,
        (leaf[counted], np.array(target, np.int64)[counted], np.asarray(weight)[counted]),
    )


def _finder(trees, numbers):
    """What gives the positions of nodes by tree and number."""
    span = numbers.max(initial=0) + 1
    keys = trees * span + numbers
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    if (ordered[1:] == ordered[:-1]).any():
        raise TranslationError("a node of a tree is given twice")

    def find(tree, node, what):
        wanted = tree * span + node
        at = np.searchsorted(ordered, wanted).clip(0, max(len(ordered) - 1, 0))
        lost = np.ones(len(wanted), bool) if not len(ordered) else ordered[at] != wanted
        lost |= (node < 0) | (node >= span)
        if lost.any():
            i = int(np.flatnonzero(lost)[0])
            raise TranslationError(f"tree {tree[i]} has no node {node[i]}, a {what}")
        return order[at]

    return find


# -- version 5 ---------------------------------------------------------------------------------


def from_branches(nodes, leaves, roots, members):
    """An ensemble whose branches and leaves are apart.

    Parameters
    ----------
    nodes : dict of str to sequence
        ``featureids``, ``splits``, ``modes`` as names, ``true`` and ``false`` with their places,
        ``true_leaf`` and ``false_leaf`` that say where these are, and ``tracks``.
    leaves : tuple of (targets, weights)
    roots : sequence of int
    members : numpy.ndarray
        Of the sets, one behind the other with NaN between.
    """
    _same_length(**{k: v for k, v in nodes.items() if k != "tracks"})
    count, targets = len(nodes["modes"]), np.array(leaves[0], np.int64)
    _same_length(targetids=leaves[0], weights=leaves[1])
    sets = iter(_sets(members))
    features, splits = list(nodes["featureids"]), list(nodes["splits"])
    modes, tracks = list(nodes["modes"]), [*nodes["tracks"], *[0] * count][:count]
    leaf_at = count + sum(max(0, len(s) - 1) for s in _sets(members))
    ways = []
    for what in ("true", "false"):
        places = np.array(nodes[what], np.int64)
        is_leaf = np.array(nodes[f"{what}_leaf"], bool)
        sizes = np.where(is_leaf, len(targets), count)
        if ((places < 0) | (places >= sizes)).any():
            raise TranslationError(f"nodes_{what}nodeids lead to where there is nothing")
        ways.append(np.where(is_leaf, places + leaf_at, places))
    plain = [m if m != MEMBER else "BRANCH_EQ" for m in modes]
    children = list(branching(*ways, plain, tracks))
    for i in range(count):
        if modes[i] == MEMBER:
            _search(i, next(sets, []), features, splits, children)
    if ((np.asarray(roots) < 0) | (np.asarray(roots) >= count)).any():
        raise TranslationError("tree_roots lead to where there is nothing")
    splits = np.array(splits, np.asarray(nodes["splits"]).dtype)
    votes = (np.arange(len(targets)), targets, np.asarray(leaves[1]))
    return Ensemble(
        np.array(features, np.int64),
        splits,
        np.array(children),
        np.array(roots, np.int64),
        len(targets),
        votes,
    )


def _sets(members):
    """The sets between the NaN, the last one without what follows it."""
    found, current = [], []
    for member in np.asarray(members).tolist():
        if member != member:
            found.append(sorted(set(current)))
            current = []
        else:
            current.append(member)
    return [*found, sorted(set(current))] if current else found


def _search(place, members, features, splits, children):
    """Make a branch on a set a search in it, by nodes with three ways: less, greater, found."""
    greater, _, true, unordered = children[place]
    if not members:
        children[place] = np.array([greater, greater, greater, unordered])
        splits[place] = 0
        return
    ranges = [(place, 0, len(members))]
    while ranges:
        node, first, last = ranges.pop()
        middle = (first + last) // 2
        ways = {}
        for state, low, high in ((LESS, first, middle), (GREATER, middle + 1, last)):
            ways[state] = greater
            if low < high:
                ways[state] = len(features)
                features.append(features[place])
                splits.append(0)
                children.append(None)
                ranges.append((ways[state], low, high))
        splits[node] = members[middle]
        children[node] = np.array([ways[GREATER], ways[LESS], true, unordered])
