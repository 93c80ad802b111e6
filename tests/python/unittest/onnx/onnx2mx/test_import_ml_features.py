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
"""Import rows: features of ai.onnx.ml."""

import numpy as np
import onnx
import pytest
from import_cases import array, check, ints, known, normal, uniform
from mxnet.contrib.onnx import ModelError, TranslationError, backend, import_model
from mxnet.contrib.onnx.onnx2mx.eager import run_eagerly
from node_cases import ML, check_eagerly, node, words
from onnx import helper
from running import Session

NAN = float("nan")
HOLES = array([[1, NAN, 3], [NAN, 0, 0], [0, 5, NAN]])


def scaler(x, **attributes):
    return node("Scaler", 1, attributes, x=x, dynamic=(7,))


def normalizer(norm, x, **more):
    return node("Normalizer", 1, {"norm": norm}, x=x, dynamic=(7,), **more)


def encoder(x, opset=4, **attributes):
    options = {k: attributes.pop(k) for k in ("expected", "refused") if k in attributes}
    return node("LabelEncoder", opset, attributes, x=x, dynamic=(7,), **options)


def one_hot(x, **attributes):
    options = {k: attributes.pop(k) for k in ("expected",) if k in attributes}
    return node("OneHotEncoder", 1, attributes, x=x, dynamic=(7,), **options)


CASES = [
    scaler(normal(7, 3), offset=[1.0, 2.0, 3.0], scale=[0.5, 2.0, -1.0]),
    scaler(normal(7, 3), offset=[0.5], scale=[3.0]),
    scaler(normal(2, 7, 3), offset=[0.5], scale=[3.0]),
    *[
        scaler(uniform(-5, 5, 7, 3, dtype=t), offset=[1.0, 2.0, 3.0], scale=[0.5, 2.0, -1.0])
        for t in ("float64", "int32", "int64")
    ],
    *[normalizer(norm, normal(7, 3)) for norm in ("MAX", "L1", "L2")],
    *[normalizer(norm, array([[0, 0, 0], [-1, -2, 0]])) for norm in ("MAX", "L1", "L2")],
    *[normalizer(n, uniform(-5, 5, 7, 3, dtype="int64")) for n in ("MAX", "L1", "L2")],
    *[normalizer(n, normal(7, 3, dtype="float64")) for n in ("MAX", "L1", "L2")],
    normalizer("L2", normal(7)),
    normalizer("L2", normal(2, 7, 3), refused="rank 3; 1 and 2 are specified"),
    normalizer("L3", normal(7, 3), refused="norm 'L3'"),
    node("Binarizer", 1, {"threshold": 0.5}, x=array([[0.5, 0.6], [-1, 7]])),
    node("Binarizer", 1, {}, x=normal(7, 3), dynamic=(7,)),
    *[
        node(
            "Binarizer",
            1,
            {"threshold": 0.5},
            x=uniform(-2, 3, 7, 3, dtype=t),
            expected=lambda x: (x > 0.5).astype(x.dtype),  # ONNX Runtime has float32 alone
        )
        for t in ("float64", "int32", "int64")
    ],
    node("Imputer", 1, {"imputed_value_floats": [7.0], "replaced_value_float": NAN}, x=HOLES),
    node("Imputer", 1, {"imputed_value_floats": [7.0, 8.0, 9.0]}, x=HOLES),
    node("Imputer", 1, {"imputed_value_floats": [7.0, 8.0, 9.0]}, x=uniform(0, 1, 7, 3)),
    node(
        "Imputer",
        1,
        {"imputed_value_int64s": [7, 8, 2**40], "replaced_value_int64": 2},
        x=uniform(0, 4, 7, 3, dtype="int64"),
        dynamic=(7,),
    ),
    node(
        "Imputer",
        1,
        {"imputed_value_floats": [7.0, 8.0]},
        x=HOLES,
        refused="2 values to impute in 3 features",
    ),
    node("ArrayFeatureExtractor", 1, {}, x=normal(7, 5), y=known(ints(3, 0, 3)), dynamic=(7,)),
    node("ArrayFeatureExtractor", 1, {}, x=normal(7, 5), y=known(np.array([[1, 2]])), dynamic=(7,)),
    node("ArrayFeatureExtractor", 1, {}, x=normal(5), y=known(ints(3, 0))),
    node("ArrayFeatureExtractor", 1, {}, x=normal(2, 7, 5), y=ints(4, 1)),
    node("ArrayFeatureExtractor", 1, {}, x=normal(7, 5), y=known(ints(5)), refused="of 5 features"),
    one_hot(uniform(0, 5, 7, dtype="int64"), cats_int64s=[3, 1, 4]),
    one_hot(uniform(0, 5, 7, 2, dtype="int32"), cats_int64s=[3, 1, 4], expected="reference"),
    one_hot(array([[1.9, 3.0], [4.2, -1.9]]), cats_int64s=[3, 1, 4, -1]),
    one_hot(uniform(0, 3, 7, dtype="int64"), cats_int64s=[0, 1, 2], zeros=0),
    one_hot(
        ints(1, 5),
        cats_int64s=[0, 1],
        zeros=0,
        expected=lambda x: array([[0, 1], [NAN, NAN]]),  # ONNX Runtime fails
    ),
    node(
        "FeatureVectorizer",
        1,
        {"inputdimensions": [2, 3]},
        x=normal(7, 2),
        y=normal(7, 3),
        dynamic=(7,),
    ),
    node("FeatureVectorizer", 1, {"inputdimensions": [4, 1]}, x=normal(7, 2), y=normal(7, 3)),
    encoder(uniform(0, 9, 7, dtype="int64"), keys_int64s=[3, 7, 1], values_int64s=[30, 2**40, 10]),
    encoder(
        uniform(0, 9, 7, 2, dtype="int64"),
        keys_int64s=[3, -(2**50), 1, 2**60],
        values_floats=[0.5, 1.5, 2.5, 3.5],
        default_float=-7.0,
        opset=2,
    ),
    encoder(ints(2**60, -(2**50), 5), keys_int64s=[-(2**50), 2**60], values_int64s=[1, 2]),
    encoder(array([0.5, NAN, 2, -0.0]), keys_floats=[NAN, 0.5, 0.0], values_int64s=[1, 2, 3]),
    encoder(array([0.5, 2]), keys_floats=[0.5, 0.5], values_floats=[1.0, 2.0], opset=2),
    encoder(
        array([0.5, 2]),
        keys_floats=[0.5, 0.5],
        values_floats=[1.0, 2.0],
        expected=lambda x: array([2.0, -0.0]),  # as specified; ONNX Runtime takes the first
    ),
    encoder(
        np.array([1.5, 2.5, 9.0]),
        keys_tensor=np.array([1.5, 2.5]),
        values_tensor=np.array([10, 20], np.int32),
        default_tensor=np.array([-3], np.int32),
        expected=lambda x: np.array([10, 20, -3], np.int32),
    ),
    encoder(ints(1), keys_int64s=[1, 2], values_int64s=[1], refused="2 keys and 1 values"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


def test_numbers_are_told_by_words_where_values_can_be_read():
    case = encoder(ints(1, 5, 2), keys_int64s=[1, 2], values_strings=["a", "b"], default_string="?")
    check_eagerly(case, "output 'out0' cannot be had: it consists of strings")


def test_what_is_picked_may_be_strings():
    case = node("ArrayFeatureExtractor", 1, {}, x=words("a", "b", "c"), y=ints(2, 0))
    check_eagerly(case)


def test_maps_exist_where_a_model_is_run_operator_by_operator():
    case = node("ZipMap", 1, {"classlabels_strings": ["a", "b"]}, x=array([[0.25, 0.75]]))
    assert run_eagerly(case.model(), case.inputs) == [[{"a": 0.25, "b": 0.75}]]
    with pytest.raises(TranslationError, match="option zipmap=False"):
        import_model(case.model())


def test_maps_are_given_as_they_are_in_python():
    value_type = helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, None)
    words_to_numbers = helper.make_map_type_proto(onnx.TensorProto.STRING, value_type)
    vectorizer = helper.make_node(
        "DictVectorizer", ["x"], ["y"], domain=ML, string_vocabulary=["a", "c", "b"]
    )
    scaler = helper.make_node("Scaler", ["y"], ["z"], domain=ML, offset=[1.0], scale=[2.0])
    graph = helper.make_graph(
        [vectorizer, scaler],
        "maps",
        [helper.make_value_info("x", words_to_numbers)],
        [onnx.ValueInfoProto(name="z")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(ML, 1)], ir_version=8)
    given = {"c": 3.5, "a": 1.5}
    (wanted,) = Session(model)({"x": given})
    np.testing.assert_array_equal(backend.run_model(model, [given])[0], wanted)
    with pytest.raises(ModelError, match="no dict, for a map"):
        run_eagerly(model, {"x": np.zeros(3)})
