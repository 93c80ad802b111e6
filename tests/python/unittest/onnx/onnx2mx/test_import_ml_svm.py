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
"""Import rows: support vector machines of ai.onnx.ml."""

import numpy as np
import pytest
from import_cases import check, normal, uniform
from node_cases import check_eagerly, node

TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO")
KERNELS = {
    "LINEAR": [0.0, 0.0, 0.0],
    "POLY": [0.3, 0.7, 3.0],
    "RBF": [0.2, 0.0, 0.0],
    "SIGMOID": [0.1, 0.3, 0.0],
}


def regressor(kernel="RBF", x=None, **attributes):
    """An SVMRegressor with five support vectors of three features."""
    refused = attributes.pop("refused", "")
    attributes = {
        "kernel_type": kernel,
        "kernel_params": KERNELS[kernel],
        "n_supports": 5,
        "support_vectors": normal(15).tolist(),
        "coefficients": normal(5).tolist(),
        "rho": [0.25],
        **attributes,
    }
    x = normal(8, 3) if x is None else x
    return node("SVMRegressor", 1, attributes, x=x, dynamic=(8,), refused=refused)


def classifier(classes=3, kernel="RBF", probabilities=False, x=None, **attributes):
    """An SVMClassifier with two to four support vectors a class."""
    refused = attributes.pop("refused", "")
    per_class = [2 + i % 3 for i in range(classes)]
    vectors, duels = sum(per_class), classes * (classes - 1) // 2
    attributes = {
        "kernel_type": kernel,
        "kernel_params": KERNELS[kernel],
        "vectors_per_class": per_class,
        "support_vectors": normal(3 * vectors).tolist(),
        "coefficients": normal(vectors * (classes - 1)).tolist(),
        "rho": normal(duels).tolist(),
        "prob_a": (-uniform(1, 3, duels)).tolist() if probabilities else None,
        "prob_b": normal(duels).tolist() if probabilities else None,
        "classlabels_ints": [5 * i - 3 for i in range(classes)],
        **attributes,
    }
    x = normal(8, 3) if x is None else x
    return node("SVMClassifier", 1, attributes, x=x, outputs=2, dynamic=(8,), refused=refused)


LINEAR = {
    "vectors_per_class": None,
    "support_vectors": None,
    "rho": [0.125],
    "prob_a": None,
    "prob_b": None,
}
CASES = [
    *[regressor(kernel) for kernel in KERNELS],
    regressor("POLY", kernel_params=[0.5, 2.0, 2.0]),
    regressor(one_class=1),
    regressor(n_supports=0, support_vectors=None, coefficients=normal(3).tolist()),
    regressor(x=normal(3)),
    regressor(post_transform="LOGISTIC", refused="ONNX Runtime leaves it out"),
    regressor(n_supports=4, refused="15 numbers for 4 vectors of 3 features"),
    *[classifier(classes, kernel) for kernel in KERNELS for classes in (2, 3)],
    classifier(5),
    *[
        classifier(classes, probabilities=probabilities, post_transform=transform)
        for classes in (2, 3)
        for probabilities in (False, True)
        for transform in TRANSFORMS
    ],
    classifier(4, probabilities=True),
    classifier(7, "SIGMOID", probabilities=True),
    classifier(2, coefficients=uniform(0, 1, 5).tolist()),
    *[classifier(x=uniform(-4, 4, 8, 3, dtype=t)) for t in ("int32", "int64", "float64")],
    *[
        classifier(classes, **LINEAR, coefficients=uniform(low, 1, 3 * classes).tolist())
        for classes in (2, 3)
        for low in (-1, 0)
    ],
    classifier(3, **LINEAR, coefficients=normal(9).tolist(), post_transform="LOGISTIC"),
    classifier(2, post_transform="PROBIT", refused="leaves the second of two scores"),
    classifier(3, vectors_per_class=[1, 2], refused=r"vectors_per_class \[1, 2\] for 3"),
    classifier(3, kernel_type="ODD", refused="kernel_type 'ODD'"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


@pytest.mark.parametrize("classes", [2, 3])
def test_labels_that_are_strings_are_read_where_they_can_be(classes):
    labels = ["ham", "spam", "eggs"][:classes]
    case = classifier(classes, classlabels_ints=None, classlabels_strings=labels)
    check_eagerly(case, "output 'out0' cannot be had: it consists of strings")


def test_far_from_the_origin_distances_stay_exact():
    """Products of float32 would cancel: the kernel of neighbours at 1,000 is near 1."""
    x = (1000 + 0.25 * normal(8, 3)).astype(np.float32)
    check(regressor(x=x, support_vectors=x[:5].reshape(-1).tolist()))
