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
"""Import rows: ensembles of decision trees."""

import numpy as np
import pytest
from import_cases import check
from node_cases import check_eagerly, node
from random_trees import MODES, branches_of, nodes_of, samples, votes_of
from running import seed_of

rng = np.random.default_rng(11)


def regressor(targets=1, several=False, opset=3, x=None, name="", base=None, **more):
    """A TreeEnsembleRegressor of random trees."""
    options = {k: more.pop(k) for k in ("trees", "depth", "modes", "tracks") if k in more}
    nodes, leaves = nodes_of(rng, **options)
    refused = more.pop("refused", "")
    attributes = {
        **nodes,
        **votes_of(rng, leaves, targets, several=several),
        "n_targets": targets,
        "base_values": base,
        **more,
    }
    x = samples(rng, missing=bool(options.get("tracks"))) if x is None else x
    options = {"name": name, "dynamic": (40,), "refused": refused, "as_opset": min(opset, 3)}
    return node("TreeEnsembleRegressor", opset, attributes, x=x, **options)


def classifier(classes, several=False, low=-1.0, opset=3, name="", only=None, **more):
    """A TreeEnsembleClassifier of random trees; ``only`` is the one class that is voted for."""
    nodes, leaves = nodes_of(rng, trees=more.pop("trees", 6))
    votes = votes_of(rng, leaves, classes, "class", several, low)
    if only is not None:
        votes["class_ids"] = [only] * len(votes["class_ids"])
    refused = more.pop("refused", "")
    labels = list(range(classes)) if classes == 2 else [3 * i - 1 for i in range(classes)]
    attributes = {"classlabels_int64s": labels, **nodes, **votes, **more}
    return node(
        "TreeEnsembleClassifier",
        opset,
        attributes,
        x=samples(rng),
        outputs=2,
        name=name,
        dynamic=(40,),
        refused=refused,
        as_opset=min(opset, 3),  # version 5 is the same, and out of favour
    )


def ensemble(opset=5, x=None, **more):
    """A TreeEnsemble of random trees."""
    keys, refused = ("trees", "depth", "targets", "modes", "sets"), more.pop("refused", "")
    attributes = branches_of(rng, **{k: more.pop(k) for k in keys if k in more})
    if x is None:  # ONNX Runtime truncates what it looks for in a set
        sets = attributes["membership_values"] is not None
        x = np.round(samples(rng)) if sets else samples(rng, missing=True)
    attributes.update(more)
    return node("TreeEnsemble", opset, attributes, x=x, dynamic=(40,), refused=refused)


ONE_LEAF = {
    "nodes_treeids": [0, 1, 1, 1],
    "nodes_nodeids": [0, 0, 1, 2],
    "nodes_featureids": [0, 1, 0, 0],
    "nodes_modes": ["LEAF", "BRANCH_LEQ", "LEAF", "LEAF"],
    "nodes_values": [0.0, 0.5, 0.0, 0.0],
    "nodes_truenodeids": [0, 1, 0, 0],
    "nodes_falsenodeids": [0, 2, 0, 0],
    "target_treeids": [0, 1, 1],
    "target_nodeids": [0, 1, 2],
    "target_ids": [0, 0, 0],
    "target_weights": [1.5, 2.0, -3.0],
    "n_targets": 1,
}
#: The next float32 above 0.1: on which side of a threshold a neighbour falls must not change.
ABOVE = np.nextafter(np.float32(0.1), np.float32(1))
EXACT = np.array(
    [[0, 0.1, 0], [0, ABOVE, 0], [0, np.nextafter(ABOVE, np.float32(1)), 0]], "float32"
)

REGRESSORS = [
    *[regressor(modes=[mode], tracks=t, opset=1, name=mode) for mode in MODES for t in (0, 1)],
    regressor(modes=MODES, name="all modes"),
    regressor(opset=5, name="out of favour"),
    regressor(modes=MODES, tracks=True, name="all modes, tracks"),
    regressor(depth=1, name="one level"),
    regressor(trees=30, depth=7, name="many"),
    *[
        regressor(targets, several, aggregate_function=aggregate, base=base, name=f"{aggregate}")
        for aggregate in ("SUM", "AVERAGE", "MIN", "MAX")
        for targets, several, base in (
            (1, False, None),
            (1, False, [0.25]),
            (3, True, [0.5, 1.0, -1.0]),
            (3, False, None),
        )
    ],
    *[
        regressor(3, True, post_transform=transform)
        for transform in ("SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO")
    ],
    regressor(2, False, post_transform="SOFTMAX_ZERO", name="zeros"),
    regressor(1, False, post_transform="LOGISTIC", name="one score"),
    regressor(base=[1.0, 2.0], targets=3, refused="2 base_values for 3 targets"),
    node("TreeEnsembleRegressor", 3, ONE_LEAF, x=samples(rng), dynamic=(40,), name="one leaf"),
    node(
        "TreeEnsembleRegressor",
        3,
        {**ONE_LEAF, "nodes_values": [0.0, float(ABOVE), 0.0, 0.0]},
        x=EXACT,
        name="neighbours",
    ),
    node(
        "TreeEnsembleRegressor",
        3,
        {
            **{k: v for k, v in ONE_LEAF.items() if k not in ("nodes_values", "target_weights")},
            "nodes_values_as_tensor": np.array([0, 0.1, 0, 0]),
            "target_weights_as_tensor": np.array([1.5, 2.0, -3.0]),
        },
        x=np.array([[0, 0.1, 0], [0, np.nextafter(0.1, 1), 0]]),
        name="doubles",
    ),
    node(
        "TreeEnsembleRegressor",
        3,
        {**ONE_LEAF, "nodes_modes": ["LEAF", "BRANCH_XY", "LEAF", "LEAF"]},
        x=samples(rng),
        refused="nodes_modes BRANCH_XY are not known",
    ),
    node(
        "TreeEnsembleRegressor",
        3,
        {**ONE_LEAF, "nodes_falsenodeids": [0, 0, 0, 0]},
        x=samples(rng),
        refused="lead in a circle",
    ),
    node(
        "TreeEnsembleRegressor",
        3,
        {**ONE_LEAF, "nodes_truenodeids": [0, 7, 0, 0]},
        x=samples(rng),
        refused="tree 1 has no node 7",
    ),
    node(
        "TreeEnsembleRegressor",
        3,
        {**ONE_LEAF, "nodes_featureids": [0, 9, 0, 0]},
        x=samples(rng),
        refused="feature 9 of 3",
    ),
    node(
        "TreeEnsembleRegressor",
        3,
        {**ONE_LEAF, "target_ids": [0, 0, 1]},
        x=samples(rng),
        refused="votes for a target outside 0 to 0",
    ),
]

CLASSIFIERS = [
    *[classifier(3, True, opset=opset) for opset in (1, 3, 5)],
    classifier(3, False, name="not every class"),
    classifier(4, True, low=0.0, post_transform="SOFTMAX"),
    classifier(3, True, base_values=[0.5, -1.0, 0.25], post_transform="LOGISTIC"),
    classifier(3, False, trees=1, name="votes for one class alone"),
    *[
        classifier(2, False, low=low, only=only, post_transform=transform, base_values=base)
        for low in (0.0, -1.0)
        for only in (0, 1)
        for transform in ("NONE", "LOGISTIC", "SOFTMAX")
        for base in (None, [0.25], [0.5, -0.25])
    ],
    *[
        classifier(2, True, low=low, post_transform="SOFTMAX", name="both", base_values=base)
        for low in (0.0, -1.0)
        for base in (None, [0.25], [0.5, -0.25])
    ],
    classifier(2, False, trees=1, name="either"),
    classifier(2, False, trees=1, name="either", base_values=[0.5, -0.25]),
    classifier(2, False, trees=1, base_values=[0.5], refused="leaves the second of two scores"),
    classifier(
        2, only=0, post_transform="PROBIT", low=0.0, refused="leaves the second of two scores"
    ),
    classifier(2, True, classlabels_int64s=[5, 7], refused="which label stands for the result"),
]

ENSEMBLES = [
    ensemble(),
    ensemble(sets=True, trees=8),
    ensemble(targets=3, sets=True, modes=[0]),
    *[ensemble(targets=3, aggregate_function=i) for i in range(4)],
    ensemble(targets=3, post_transform=3),
    ensemble(modes=[0], depth=6, trees=20),
    ensemble(aggregate_function=7, refused="aggregate_function 7"),
]


CASES = [*REGRESSORS, *CLASSIFIERS, *ENSEMBLES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


@pytest.mark.parametrize("classes", [2, 3])
def test_labels_that_are_strings_are_read_where_they_can_be(classes):
    """Two classes that are voted for both: the label is the one of the second or the first."""
    case = classifier(
        classes, True, classlabels_int64s=None, classlabels_strings=["a", "b", "c"][:classes]
    )
    check_eagerly(case, "output 'out0' cannot be had: it consists of strings")


@pytest.mark.parametrize("dtype", ["float64", "int64", "int32"])
def test_other_types_of_features(dtype):
    case = classifier(3, True)
    x = samples(rng, dtype=dtype)
    check(node(case.op_type, 3, case.attributes, x=x, outputs=2, dynamic=(40,)))


def test_float16_keeps_its_type():
    """ONNX Runtime has no kernel for it; on this grid float32 is the same."""
    attributes = branches_of(np.random.default_rng(3))
    x = samples(np.random.default_rng(4))
    wide = node("TreeEnsemble", 5, attributes, x=x)
    halves = {
        k: v.astype(np.float16) if isinstance(v, np.ndarray) and v.dtype == np.float32 else v
        for k, v in attributes.items()
    }

    def expected(x):
        return wide.reference({"x": x.astype(np.float32)})[0].astype(np.float16)

    check(node("TreeEnsemble", 5, halves, x=x.astype(np.float16), expected=expected))


@pytest.mark.parametrize("number, transform", [(1, "SOFTMAX"), (2, "LOGISTIC")])
def test_numbers_of_transforms_are_those_of_the_specification(number, transform):
    """ONNX Runtime has the two the other way around."""
    attributes = branches_of(np.random.default_rng(5), targets=3)
    plain = node("TreeEnsemble", 5, attributes, x=samples(rng))

    def expected(x):
        (scores,) = plain.reference({"x": x})
        if transform == "LOGISTIC":
            return 1 / (1 + np.exp(-scores))
        powers = np.exp(scores)
        return powers / powers.sum(axis=1, keepdims=True)

    attributes = {**attributes, "post_transform": number}
    check(node("TreeEnsemble", 5, attributes, x=samples(rng), expected=expected))


def test_a_vector_is_one_sample():
    """ONNX Runtime wants a matrix."""
    matrix = regressor(2, True)

    def expected(x):
        return matrix.reference({"x": x[None]})[0]

    check(node(matrix.op_type, 3, matrix.attributes, x=samples(rng)[0], expected=expected))


@pytest.mark.parametrize("seed", range(6))
def test_random_ensembles(seed):
    """Any number of trees, depth, modes, targets, votes and aggregates, in all routes."""
    drawn = np.random.default_rng((seed_of("random ensembles"), seed))
    targets, several = int(drawn.integers(1, 5)), bool(drawn.integers(2))
    check(
        regressor(
            targets,
            several,
            depth=int(drawn.integers(1, 6)),
            trees=int(drawn.integers(1, 8)),
            modes=drawn.choice(MODES, int(drawn.integers(1, 6))).tolist(),
            tracks=bool(drawn.integers(2)),
            aggregate_function=str(drawn.choice(["SUM", "AVERAGE", "MIN", "MAX"])),
            base=drawn.standard_normal(targets).tolist() if several else None,
        )
    )
    check(ensemble(targets=targets, sets=bool(drawn.integers(2)), depth=int(drawn.integers(1, 6))))


def test_base_values_count_where_no_leaf_votes():
    """As specified; ONNX Runtime leaves them out there."""
    attributes = {**ONE_LEAF, "n_targets": 2, "base_values": [0.5, 7.0]}
    plain = node("TreeEnsembleRegressor", 3, ONE_LEAF, x=samples(rng))

    def expected(x):
        first = plain.reference({"x": x})[0] + np.float32(0.5)
        return np.concatenate([first, np.full_like(first, 7)], axis=1)

    check(node("TreeEnsembleRegressor", 3, attributes, x=samples(rng), expected=expected))
