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
"""Operators of ai.onnx.ml on strings and maps, which MXNet has no tensors of.

A map is a Python ``dict`` in an array of rank 0.
"""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import numpy as np

from onnx import TensorProto, numpy_helper

from .strings import as_strings
from .table import FoldingTable, NotFolded, bounded

DOMAIN = "ai.onnx.ml"
table = FoldingTable()

#: Suffixes of the attributes that list numbers or words, and what the elements are.
KINDS = {"int64s": np.int64, "floats": np.float32, "strings": object}


def _plain(array: Any) -> np.ndarray:
    array = np.asarray(array)
    return as_strings(array) if array.dtype.kind in "OUS" else array


# -- labels ------------------------------------------------------------------------------------


def label_pairs(attributes: Dict[str, Any]) -> Tuple[np.ndarray, np.ndarray, Any]:
    """Keys, values and default of a LabelEncoder of version 2 and later.

    Raises
    ------
    ValueError
        If they do not belong together.
    """
    keys, values = _listed(attributes, "keys"), _listed(attributes, "values")
    if len(keys) != len(values):
        raise ValueError(f"{len(keys)} keys and {len(values)} values")
    if attributes.get("default_tensor") is not None:
        default = _plain(numpy_helper.to_array(attributes["default_tensor"])).reshape(-1)[0]
    elif values.dtype.kind == "O":
        default = attributes["default_string"]
    else:
        kind = "float" if values.dtype.kind == "f" else "int64"
        default = values.dtype.type(attributes[f"default_{kind}"])
    return keys, values, default


def _listed(attributes: Dict[str, Any], what: str) -> np.ndarray:
    given = [
        np.array(attributes[f"{what}_{kind}"], dtype)
        for kind, dtype in KINDS.items()
        if attributes.get(f"{what}_{kind}")
    ]
    tensor: Any = attributes.get(f"{what}_tensor")
    if isinstance(tensor, TensorProto):
        given.append(_plain(numpy_helper.to_array(tensor)).reshape(-1))
    if len(given) != 1:
        raise ValueError(f"{len(given)} of the attributes {what}_* are given, one is needed")
    return given[0]


@table.op("LabelEncoder", versions=(1,), domain=DOMAIN)
def label_encoder_1(X, *, classes_strings, default_int64, default_string):
    X = _plain(X)
    if X.dtype.kind == "O":
        return _mapped(
            X, dict(zip(classes_strings, range(len(classes_strings)))), default_int64, int
        )
    return _mapped(X, dict(enumerate(classes_strings)), default_string, object)


@table.op("LabelEncoder", versions=(2,), domain=DOMAIN)
def label_encoder_2(
    X,
    *,
    keys_int64s=(),
    keys_floats=(),
    keys_strings=(),
    values_int64s=(),
    values_floats=(),
    values_strings=(),
    default_int64,
    default_float,
    default_string,
):
    """Of a repeated key the first counts, as in ONNX Runtime."""
    keys, values, default = label_pairs(dict(locals()))
    return _encoded(X, keys[::-1], values[::-1], default)


@table.op("LabelEncoder", versions=(4,), domain=DOMAIN)
def label_encoder(
    X,
    *,
    keys_int64s=(),
    keys_floats=(),
    keys_strings=(),
    keys_tensor=None,
    values_int64s=(),
    values_floats=(),
    values_strings=(),
    values_tensor=None,
    default_int64,
    default_float,
    default_string,
    default_tensor=None,
):
    """Of a repeated key the last counts."""
    return _encoded(X, *label_pairs(dict(locals())))


def _encoded(X, keys, values, default):
    pairs = dict(zip(map(_key, keys.tolist()), values.tolist()))
    return _mapped(_plain(X), pairs, default, values.dtype)


def _key(value: Any) -> Any:
    """Every NaN is the same key."""
    return "NaN" if isinstance(value, float) and value != value else value


def _mapped(X: np.ndarray, pairs: Dict[Any, Any], default: Any, dtype: Any) -> np.ndarray:
    result = np.empty(X.shape, dtype)
    result.reshape(-1)[:] = [pairs.get(_key(v), default) for v in X.reshape(-1).tolist()]
    return result


@table.op("CategoryMapper", versions=(1,), domain=DOMAIN)
def category_mapper(X, *, cats_int64s, cats_strings, default_int64, default_string):
    X = _plain(X)
    if len(cats_int64s) != len(cats_strings):
        raise ValueError(f"{len(cats_int64s)} cats_int64s and {len(cats_strings)} cats_strings")
    if X.dtype.kind == "O":
        return _mapped(X, dict(zip(cats_strings, cats_int64s)), default_int64, np.int64)
    return _mapped(X, dict(zip(cats_int64s, cats_strings)), default_string, object)


# -- features ----------------------------------------------------------------------------------


@table.op("ArrayFeatureExtractor", versions=(1,), domain=DOMAIN)
def array_feature_extractor(X, Y):
    X, places = np.asarray(X), Y.reshape(-1)
    if ((places < 0) | (places >= X.shape[-1])).any():
        raise ValueError(f"indices from {places.min()} to {places.max()} of {X.shape[-1]} features")
    bounded((*X.shape[:-1], places.size))
    picked = X[..., places]
    return picked.reshape(1, -1) if X.ndim == 1 else picked


@table.op("OneHotEncoder", versions=(1,), domain=DOMAIN)
def one_hot_encoder(X, *, cats_int64s=(), cats_strings=(), zeros):
    X = _plain(X)
    categories: List[Any] = list(cats_strings if X.dtype.kind == "O" else cats_int64s)
    if X.dtype.kind != "O":
        X = X.astype(np.int64)
    bounded((*X.shape, len(categories)))
    hot = np.array([[v == c for c in categories] for v in X.reshape(-1).tolist()], np.float32)
    if not zeros and not hot.any(axis=-1).all():
        raise ValueError("an element is none of the categories, and the attribute zeros is 0")
    return hot.reshape(*X.shape, len(categories))


# -- maps --------------------------------------------------------------------------------------


def _map(X: Any) -> Dict[Any, Any]:
    found = X.item() if isinstance(X, np.ndarray) and X.ndim == 0 else X
    if not isinstance(found, dict):
        raise NotFolded("its input is no map")
    return found


@table.op("DictVectorizer", versions=(1,), domain=DOMAIN)
def dict_vectorizer(X, *, int64_vocabulary=(), string_vocabulary=()):
    """Keys that the vocabulary lacks are left out, as ONNX Runtime does."""
    given = _map(X)
    values = np.asarray(list(given.values()))
    words = values.dtype.kind in "OUS"
    found = [given.get(key, "" if words else 0) for key in string_vocabulary or int64_vocabulary]
    return np.array(found, object if words else values.dtype).reshape(1, -1)


@table.op("CastMap", versions=(1,), domain=DOMAIN)
def cast_map(X, *, cast_to, map_form, max_map):
    given = _map(X)
    if map_form == "SPARSE":
        if any(not 0 <= key < max_map for key in given):
            raise ValueError(f"keys {sorted(given)} with max_map {max_map}")
        empty = "" if cast_to == "TO_STRING" else 0
        values = [given.get(key, empty) for key in range(max_map)]
    else:
        values = [given[key] for key in sorted(given)]
    return _cast_values(values, cast_to).reshape(1, -1)


def _cast_values(values: List[Any], cast_to: str) -> np.ndarray:
    if cast_to == "TO_STRING":
        return np.array([v if isinstance(v, str) else f"{v:g}" for v in values], object)
    dtype = {"TO_FLOAT": np.float32, "TO_INT64": np.int64}[cast_to]
    return np.array([float(v) for v in values]).astype(dtype)


@table.op("ZipMap", versions=(1,), domain=DOMAIN)
def zip_map(X, *, classlabels_int64s=(), classlabels_strings=()):
    """A sequence of maps, one a row."""
    keys = list(classlabels_strings or classlabels_int64s)
    rows = X.reshape(1, -1) if X.ndim == 1 else X
    if rows.shape[-1] != len(keys):
        raise ValueError(f"{rows.shape[-1]} columns for {len(keys)} class labels")
    maps = [np.empty((), object) for _ in rows]
    for place, row in zip(maps, rows.tolist()):
        place[()] = dict(zip(keys, row))
    return maps
