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
"""Folds of ai.onnx.ml: strings and maps, against ONNX Runtime."""

import numpy as np
import pytest
from fold_cases import compare, folded, model_of, words
from mxnet.contrib.onnx.folding import NotFolded, folds
from mxnet.contrib.onnx.folding import ml as family

ML = "ai.onnx.ml"
CASES = [
    (
        "LabelEncoder",
        1,
        {"classes_strings": ["a", "b"], "default_int64": -7},
        (words("b", "a", "c"),),
    ),
    ("LabelEncoder", 1, {"classes_strings": ["a", "b"]}, (np.array([1, 0, 5, -1]),)),
    *(
        ("LabelEncoder", version, {"keys_strings": ["a", "b"], **values}, (words("b", "x", "a"),))
        for version in (2, 4)
        for values in (
            {"values_int64s": [5, 6], "default_int64": 9},
            {"values_floats": [0.5, 1.5]},
            {"values_strings": ["x", "y"], "default_string": "?"},
        )
    ),
    (
        "LabelEncoder",
        4,
        {"keys_floats": [0.5, float("nan")], "values_strings": ["x", "y"]},
        (np.array([np.nan, 0.5, 1], np.float32),),
    ),
    (
        "CategoryMapper",
        1,
        {"cats_strings": ["a", "b"], "cats_int64s": [3, 9], "default_int64": -1},
        (words("b", "z", shape=(2, 1)),),
    ),
    ("CategoryMapper", 1, {"cats_strings": ["a", "b"], "cats_int64s": [3, 9]}, (np.array([9, 4]),)),
    ("ArrayFeatureExtractor", 1, {}, (words(*"abcdef", shape=(2, 3)), np.array([2, 0]))),
    ("ArrayFeatureExtractor", 1, {}, (words(*"abc"), np.array([[2, 2]]))),
    ("OneHotEncoder", 1, {"cats_strings": ["a", "b"]}, (words("b", "z", shape=(2, 1)),)),
    ("OneHotEncoder", 1, {"cats_int64s": [4, 2]}, (np.array([2, 9]),)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}-{case[2]}"[:90])
def test_fold_computes_what_onnx_runtime_does(case):
    op_type, version, attributes, arrays = case
    compare(op_type, version, attributes, *arrays, domain=ML)


def test_every_operator_of_the_family_has_a_case():
    maps = {"DictVectorizer", "CastMap", "ZipMap"}
    assert {row.op_type for row in family.table} == {case[0] for case in CASES} | maps


def fold(op_type, *arrays, **attributes):
    """The fold of version 1 with its attributes bound."""
    arrays = [np.asarray(a) for a in arrays]
    model = model_of(op_type, 1, attributes, [np.zeros(1)] * len(arrays), domain=ML)
    return folded(model, arrays, 1, ML)


def of_map(**entries):
    return np.array(entries, object)


def test_tensors_of_maps():
    (row,) = fold("DictVectorizer", of_map(a=4.0, c=8.0), string_vocabulary=list("acbz"))
    assert row.tolist() == [[4, 8, 0, 0]]
    counts = np.array({3: 7, 1: 5}, object)
    (row,) = fold("DictVectorizer", counts, int64_vocabulary=[1, 2, 3])
    assert row.tolist() == [[5, 0, 7]] and row.dtype == np.int64
    (row,) = fold("CastMap", np.array({3: 7.5, 1: 5.0}, object))
    assert row.tolist() == [[5, 7.5]] and row.dtype == np.float32
    (row,) = fold("CastMap", np.array({3: "7", 1: "5"}, object), cast_to="TO_INT64")
    assert row.tolist() == [[5, 7]] and row.dtype == np.int64
    (row,) = fold("CastMap", np.array({2: 7.5, 0: 5.0}, object), map_form="SPARSE", max_map=4)
    assert row.tolist() == [[5, 0, 7.5, 0]]
    with pytest.raises(ValueError, match="max_map 2"):
        fold("CastMap", np.array({2: 7.5}, object), map_form="SPARSE", max_map=2)
    with pytest.raises(NotFolded, match="no map"):
        fold("CastMap", np.zeros(2))


def test_maps_of_rows():
    x = np.array([[0.25, 0.75], [1, 0]], np.float32)
    zipped = folds.find("ZipMap", 1, ML).function(x, classlabels_strings=["a", "b"])
    assert [m.item() for m in zipped] == [{"a": 0.25, "b": 0.75}, {"a": 1.0, "b": 0.0}]
    with pytest.raises(ValueError, match="2 columns for 1"):
        folds.find("ZipMap", 1, ML).function(x, classlabels_int64s=[1])


def test_what_is_none_of_the_categories_may_be_an_error():
    with pytest.raises(ValueError, match="none of the categories"):
        fold("OneHotEncoder", words("z"), cats_strings=["a"], zeros=0)
    with pytest.raises(ValueError, match="of 3 features"):
        fold("ArrayFeatureExtractor", words(*"abc"), np.array([3]))
    with pytest.raises(ValueError, match="2 keys and 1 values"):
        label = folds.find("LabelEncoder", 2, ML).function
        label(words("a"), keys_strings=["a", "b"], values_strings=["x"],
              default_int64=0, default_float=0, default_string="")  # fmt: skip
