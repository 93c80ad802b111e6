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
"""Import rows: linear models of ai.onnx.ml."""

import mxnet as mx
import numpy as np
import pytest
from import_cases import check, normal, uniform
from mxnet.contrib.onnx import TranslationError, import_model
from node_cases import check_eagerly, node
from onnx import helper

ROWS = normal(7, 4)
MATRIX = normal(12).tolist()
TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO")


def regressor(x=ROWS, **attributes):
    """A LinearRegressor of three targets, unless told otherwise."""
    attributes = {"coefficients": MATRIX, "targets": 3, **attributes}
    refused = attributes.pop("refused", "")
    return node("LinearRegressor", 1, attributes, x=x, dynamic=(7,), refused=refused)


def classifier(x=ROWS, **attributes):
    """A LinearClassifier of three classes, unless told otherwise."""
    refused = attributes.pop("refused", "")
    attributes = {
        "coefficients": MATRIX,
        "intercepts": [0.5, -1.0, 0.25],
        "classlabels_ints": [4, -2, 9],
        **attributes,
    }
    return node("LinearClassifier", 1, attributes, x=x, outputs=2, dynamic=(7,), refused=refused)


ONE = {"coefficients": MATRIX[:4], "intercepts": [0.1]}
CASES = [
    regressor(),
    regressor(intercepts=[1.0, 2.0, 3.0]),
    regressor(x=ROWS[0]),
    regressor(targets=1, coefficients=MATRIX[:4], intercepts=[1.5]),
    regressor(targets=1, coefficients=MATRIX[:4], post_transform="LOGISTIC"),
    *[regressor(post_transform=t) for t in TRANSFORMS],
    regressor(coefficients=[0.0] * 4 + MATRIX[4:], post_transform="SOFTMAX_ZERO"),
    regressor(
        x=uniform(0, 1, 7, 4), coefficients=[0.2, 0.1, 0.05, 0.02] * 3, post_transform="PROBIT"
    ),
    regressor(targets=2),
    regressor(targets=4, refused="12 coefficients for 4 scores of 4 features"),
    regressor(post_transform="ODD", refused="post_transform 'ODD'"),
    *[classifier(post_transform=t) for t in TRANSFORMS],
    classifier(multi_class=1),
    classifier(classlabels_ints=[0, 1, 2]),
    classifier(x=ROWS[0]),
    *[classifier(x=uniform(-5, 5, 7, 4, dtype=t)) for t in ("int32", "int64", "float64")],
    *[
        classifier(**ONE, classlabels_ints=[3, 8], post_transform=t)
        for t in ("NONE", "LOGISTIC", "SOFTMAX")
    ],
    classifier(**ONE, classlabels_ints=None),
    classifier(**ONE, classlabels_ints=[3], refused="1 class labels for one score"),
    classifier(
        **ONE, classlabels_ints=[3, 8], post_transform="PROBIT", refused="undefined with PROBIT"
    ),
    classifier(classlabels_ints=[1, 2], refused="2 class labels for 3 scores"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_other_types_of_features(dtype):
    """ONNX Runtime's regressor takes float32 alone; ours computes in it."""
    x = uniform(-3, 3, 7, 4, dtype=dtype)
    plain = regressor(x=x.astype(np.float32))
    case = regressor(x=x)
    expected = plain.reference({"x": x.astype(np.float32)})
    check(node("LinearRegressor", 1, case.attributes, x=x, expected=lambda x: expected[0]))


@pytest.mark.parametrize("count", [1, 3])
def test_labels_that_are_strings_are_read_where_they_can_be(count):
    labels = ["ham", "spam", "eggs"][: max(count, 2)]
    rows = {"coefficients": MATRIX[: 4 * count], "intercepts": [0.5, -1.0, 0.25][:count]}
    case = classifier(classlabels_ints=None, classlabels_strings=labels, **rows)
    check_eagerly(case, "output 'out0' cannot be had: it consists of strings")


def test_labels_that_nobody_reads_may_be_strings():
    """The scores alone are a symbol; a node that reads the labels is named."""
    labels = {"classlabels_ints": None, "classlabels_strings": ["ham", "spam", "eggs"]}
    case = classifier(**labels)
    wanted = case.reference(case.inputs)[1]
    model = case.model()
    del model.graph.output[0]
    symbol, arg_params, _ = import_model(model)
    executor = symbol.bind(mx.cpu(), {**arg_params, "x": mx.nd.array(ROWS)})
    np.testing.assert_allclose(executor.forward()[0].asnumpy(), wanted, 1e-5, 1e-5)
    model = case.model()
    model.graph.node.append(helper.make_node("Identity", ["out0"], ["words"], name="reader"))
    model.graph.output[0].name = "words"
    with pytest.raises(TranslationError, match="Identity-.* node 'reader': its input 'out0' can"):
        import_model(model)
