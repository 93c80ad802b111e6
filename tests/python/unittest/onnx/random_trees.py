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
"""Ensembles of random trees, as attributes of the operators of ai.onnx.ml."""

import numpy as np

MODES = [f"BRANCH_{mode}" for mode in ("LEQ", "LT", "GTE", "GT", "EQ", "NEQ")]


def nodes_of(rng, trees=4, depth=4, features=3, modes=("BRANCH_LEQ",), tracks=False, grid=True):
    """Attributes ``nodes_*`` of versions 1 and 3, and the leaves as (tree, node).

    Thresholds lie on a coarse grid, as samples may, so that equality is met.
    """
    attributes = {
        name: []
        for name in (
            *("treeids", "nodeids", "featureids", "modes", "values"),
            *("truenodeids", "falsenodeids", "missing_value_tracks_true"),
        )
    }
    leaves = []
    for tree in range(trees):
        pending, count = [(0, 0)], 1
        while pending:
            node, level = pending.pop(0)
            leaf = level == depth or (level and rng.random() < 0.25)
            ways = (0, 0) if leaf else (count, count + 1)
            threshold = rng.integers(-2, 3) / 2 if grid else rng.standard_normal()
            row = {
                "treeids": tree,
                "nodeids": node,
                "featureids": 0 if leaf else int(rng.integers(features)),
                "modes": "LEAF" if leaf else str(rng.choice(modes)),
                "values": 0.0 if leaf else float(np.float32(threshold)),
                "truenodeids": ways[0],
                "falsenodeids": ways[1],
                "missing_value_tracks_true": int(tracks and not leaf and rng.random() < 0.5),
            }
            for name, value in row.items():
                attributes[name].append(value)
            if leaf:
                leaves.append((tree, node))
            else:
                pending += [(way, level + 1) for way in ways]
                count += 2
    return {f"nodes_{name}": column for name, column in attributes.items()}, leaves


def votes_of(rng, leaves, targets, what="target", several=False, low=-1.0):
    """Attributes of the leaves' votes: each for one target, or for all."""
    rows = [
        (tree, node, target)
        for tree, node in leaves
        for target in (range(targets) if several else [int(rng.integers(targets))])
    ]
    tree, node, target = (list(column) for column in zip(*rows))
    weights = rng.uniform(low, 1, len(rows)).astype(np.float32)
    return {
        f"{what}_treeids": tree,
        f"{what}_nodeids": node,
        f"{what}_ids": target,
        f"{what}_weights": weights.tolist(),
    }


def samples(rng, count=40, features=3, missing=False, dtype="float32"):
    """Features on the grid of the thresholds, some of them NaN if so wanted."""
    x = rng.integers(-3, 4, (count, features)) / 2
    if np.dtype(dtype).kind == "i":
        return np.round(x).astype(dtype)
    if missing:
        x[rng.random(x.shape) < 0.2] = np.nan
    return x.astype(dtype)


def branches_of(rng, trees=4, depth=4, features=3, targets=1, modes=range(6), sets=False):
    """Attributes of version 5; with ``sets`` some branches ask for membership."""
    node = {name: [] for name in ("featureids", "modes", "splits", "missing_value_tracks_true")}
    ways = {name: [] for name in ("truenodeids", "falsenodeids", "trueleafs", "falseleafs")}
    leaves, roots, members = [], [], []

    def leaf():
        leaves.append((int(rng.integers(targets)), float(np.float32(rng.uniform(-1, 1)))))
        return len(leaves) - 1

    def branch(level):
        place = len(node["modes"])
        member = sets and rng.random() < 0.5
        node["featureids"].append(int(rng.integers(features)))
        node["modes"].append(6 if member else int(rng.choice(list(modes))))
        node["splits"].append(float(rng.integers(-2, 3) / 2))
        node["missing_value_tracks_true"].append(int(rng.random() < 0.5))
        for column in ways.values():
            column.append(0)
        if member:  # ONNX Runtime has sets of whole numbers only
            chosen = rng.choice(np.arange(-2.0, 4), int(rng.integers(1, 5)), replace=False)
            members.append((place, chosen.tolist()))
        for way in ("true", "false"):
            ends = level == depth - 1 or rng.random() < 0.2
            ways[f"{way}leafs"][place] = int(ends)
            ways[f"{way}nodeids"][place] = leaf() if ends else branch(level + 1)
        return place

    for _ in range(trees):
        roots.append(branch(0))
    values = [v for _, chosen in sorted(members) for v in (*chosen, np.nan)]
    return {
        "tree_roots": roots,
        "nodes_featureids": node["featureids"],
        "nodes_modes": np.array(node["modes"], np.uint8),
        "nodes_splits": np.array(node["splits"], np.float32),
        "nodes_missing_value_tracks_true": node["missing_value_tracks_true"],
        **{f"nodes_{name}": column for name, column in ways.items()},
        "leaf_targetids": [target for target, _ in leaves],
        "leaf_weights": np.array([weight for _, weight in leaves], np.float32),
        "membership_values": np.array(values, np.float32) if sets else None,
        "n_targets": targets,
    }
