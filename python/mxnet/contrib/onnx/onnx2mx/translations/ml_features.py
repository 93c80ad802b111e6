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
"""Features of ai.onnx.ml: scaled, compared, picked, looked up, joined."""

from __future__ import annotations

import numpy as np

from onnx import numpy_helper

from ...translation import TranslationTable
from ..values import Dim
from .comparison import where
from .precision import cast, scalar
from .scores import DOMAIN, as_rows, columns, labels_of

table = TranslationTable()

#: Whole numbers that lie this close together are looked up by place, others are compared.
WIDEST_TABLE = 2**16
#: Keys that numbers are none of.
WORDS = ("keys_strings",)
STRINGS = "strings only where the model is run operator by operator"


@table.op("Scaler", versions=(1,), domain=DOMAIN)
def scaler(op, x, *, offset=(0.0,), scale=(1.0,)):
    """float64 stays that until the result, other types are computed in float32."""
    x = x if x.dtype == np.float64 else cast(op, x, "float32")
    moved = op._npi_subtract(x, op.constant(_each_feature(op, x, offset, "offset")))
    return cast(
        op, op._npi_multiply(moved, op.constant(_each_feature(op, x, scale, "scale"))), "float32"
    )


def _each_feature(op, x, numbers, name):
    if len(numbers) not in (1, x.shape[-1] if x.rank else 1):
        op.fail(f"{len(numbers)} elements in {name} for {x.shape[-1]} features")
    return np.array(numbers, np.float32).astype(x.dtype)


@table.op("Normalizer", versions=(1,), domain=DOMAIN, limits="rank 1 and 2")
def normalizer(op, x, *, norm):
    """By the largest number itself, not by its size; rows of zeros stay."""
    if x.rank not in (1, 2):
        op.fail(f"rank {x.rank}; 1 and 2 are specified")
    if norm not in ("MAX", "L1", "L2"):
        op.fail(f"norm '{norm}' is none of MAX, L1, L2")
    wide = x if norm == "L2" and x.dtype == np.float64 else cast(op, x, "float32")
    x, axis = cast(op, x, "float32"), x.rank - 1
    if norm == "MAX":
        divisor = op._np_max(x, axis=axis, keepdims=True)
    elif norm == "L1":
        divisor = op._np_sum(op._npi_absolute(x), axis=axis, keepdims=True)
    else:
        squares = cast(op, op._npi_multiply(wide, wide), "float32")
        divisor = op._npi_sqrt(op._np_sum(squares, axis=axis, keepdims=True))
    zero = op._npi_equal(divisor, scalar(op, 0, np.float32))
    return op._npi_true_divide(x, where(op, zero, scalar(op, 1, np.float32), divisor))


@table.op("Binarizer", versions=(1,), domain=DOMAIN)
def binarizer(op, x, *, threshold):
    """NaN is not greater."""
    kind = np.float64 if x.dtype.kind == "i" else x.dtype
    above = op._npi_greater(cast(op, x, kind), scalar(op, np.float32(threshold), kind))
    return cast(op, above, x.dtype)


@table.op("Imputer", versions=(1,), domain=DOMAIN)
def imputer(
    op,
    x,
    *,
    imputed_value_floats=(),
    imputed_value_int64s=(),
    replaced_value_float,
    replaced_value_int64,
):
    """A feature has a value of its own, or all have one."""
    floating = x.dtype.kind == "f"
    values = imputed_value_floats if floating else imputed_value_int64s
    replaced = replaced_value_float if floating else replaced_value_int64
    if len(values) not in (1, x.shape[-1]):
        op.fail(f"{len(values)} values to impute in {x.shape[-1]} features of {x.dtype}")
    if replaced != replaced:
        missing = op._npi_isnan(x)
    else:
        missing = op._npi_equal(x, scalar(op, replaced, x.dtype))
    return where(op, missing, op.constant(np.array(values, x.dtype)), x)


@table.op("ArrayFeatureExtractor", versions=(1,), domain=DOMAIN, limits=STRINGS)
def array_feature_extractor(op, x, y):
    """Picked along the last axis; of a vector a row comes."""
    size, places = x.shape[-1], op.known(y)
    if places is not None and not isinstance(size, Dim):
        low, high = places.min(initial=0), places.max(initial=0)
        if not 0 <= low <= high < size:
            op.fail(f"indices from {low} to {high} of {size} features")
    picked = op.take(x, op.reshape(y, (_count(y),)), axis=x.rank - 1, mode="clip")
    return op.reshape(picked, (1, _count(y))) if x.rank == 1 else picked


def _count(x):
    count = 1
    for size in x.shape:
        count = count * size
    return count


@table.op(
    "OneHotEncoder",
    versions=(1,),
    domain=DOMAIN,
    ignores=("cats_strings",),
    limits=f"with zeros=0 an element that is no category gives NaN, nothing can fail; {STRINGS}",
)
def one_hot_encoder(op, x, *, cats_int64s=(), zeros):
    """Numbers are truncated first."""
    if not cats_int64s:
        op.fail("cats_int64s is required for numbers")
    x = cast(op, x, "int64")
    hot = op._npi_equal(op.reshape(x, (*x.shape, 1)), op.constant(np.array(cats_int64s, np.int64)))
    hot = cast(op, hot, "float32")
    if zeros:
        return hot
    found = op._np_sum(hot, axis=x.rank, keepdims=True)
    none = op._npi_equal(found, scalar(op, 0, np.float32))
    return where(op, none, scalar(op, np.nan, np.float32), hot)


@table.op("FeatureVectorizer", versions=(1,), domain=DOMAIN)
def feature_vectorizer(op, *x, inputdimensions=()):
    """An input that is narrower than said is filled with zeros, a wider one is cut."""
    parts = []
    for i, part in enumerate(x):
        part = cast(op, as_rows(op, part), "float32")
        width = inputdimensions[i] if i < len(inputdimensions) else part.shape[1]
        if part.shape[1] > width:
            part = op.cut(part, 1, 0, width)
        parts.append(part)
        if part.shape[1] < width:
            parts.append(op.full((part.shape[0], width - part.shape[1]), 0, np.float32))
    return columns(op, *parts)


@table.op(
    "ZipMap",
    versions=(1,),
    domain=DOMAIN,
    ignores=("classlabels_int64s", "classlabels_strings"),
    limits="maps only where the model is run operator by operator",
)
def zip_map(op, x):
    """A map a row by its fold, to which an eager run turns where a row refuses."""
    return (op.fail if op.eager else op.unavailable)(
        "it is a sequence of maps, which MXNet has not; make the node's input, the tensor of "
        "probabilities, the output in its place (skl2onnx leaves the node out with the option "
        "zipmap=False), or run the model by mx.contrib.onnx.backend or import_to_gluon"
    )


# -- labels ------------------------------------------------------------------------------------


@table.op("LabelEncoder", versions=(2,), domain=DOMAIN, ignores=WORDS, limits=STRINGS)
def label_encoder_2(
    op,
    x,
    *,
    keys_int64s=(),
    keys_floats=(),
    values_int64s=(),
    values_floats=(),
    values_strings=(),
    default_int64,
    default_float,
    default_string,
):
    """Of a repeated key the first counts, as in ONNX Runtime; the specification does not say."""
    keys = _listed(op, "keys", keys_int64s, keys_floats, (), None)[::-1]
    values = _listed(op, "values", values_int64s, values_floats, values_strings, None)[::-1]
    default = {"f": default_float, "O": default_string}.get(values.dtype.kind, default_int64)
    return _encoded(op, x, keys, values, default)


@table.op("LabelEncoder", versions=(4,), domain=DOMAIN, ignores=WORDS, limits=STRINGS)
def label_encoder(
    op,
    x,
    *,
    keys_int64s=(),
    keys_floats=(),
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
    """Of a repeated key the last counts; ONNX Runtime takes the first."""
    keys = _listed(op, "keys", keys_int64s, keys_floats, (), keys_tensor)
    values = _listed(op, "values", values_int64s, values_floats, values_strings, values_tensor)
    default = {"f": default_float, "O": default_string}.get(values.dtype.kind, default_int64)
    if default_tensor is not None:
        default = numpy_helper.to_array(default_tensor).reshape(-1)[0]
    return _encoded(op, x, keys, values, default)


def _encoded(op, x, keys, values, default):
    """Looked up by place, or compared with each key; the last of a key counts."""
    if len(keys) != len(values):
        op.fail(f"{len(keys)} keys and {len(values)} values")
    last = {("NaN" if k != k else k): i for i, k in enumerate(keys.tolist())}
    chosen = np.array(list(last.values()), np.int64)
    place = _place(op, x, keys[chosen])
    outcomes = np.array([*values[chosen].tolist(), default], values.dtype)
    if values.dtype.kind == "O":
        return labels_of(op, place, (), outcomes.tolist())
    return op.take(op.constant(outcomes), place, axis=0, mode="clip")


def _listed(op, what, ints, floats, words, tensor):
    kinds = (ints, np.int64), (floats, np.float32), (words, object)
    given = [np.array(numbers, dtype) for numbers, dtype in kinds if numbers]
    if tensor is not None:
        given.append(numpy_helper.to_array(tensor).reshape(-1))
    if len(given) != 1:
        op.fail(f"{len(given)} of the attributes {what}_* are given, one is needed")
    return given[0]


def _place(op, x, keys):
    """Which of the keys each element is, int32; their count where none."""
    count = len(keys)
    if x.dtype.kind == "i" and keys.max() - keys.min() < WIDEST_TABLE:
        low = int(keys.min())
        places = np.full(int(keys.max()) - low + 3, count, np.int32)  # one more at each end
        places[keys.astype(np.int64) - low + 1] = np.arange(count)
        at = op._npi_subtract(cast(op, x, "int64"), scalar(op, low - 1, np.int64))
        at = op._npi_minimum(at, scalar(op, len(places) - 1, np.int64))
        return op.take(op.constant(places), op._npi_maximum(at, scalar(op, 0, np.int64)), axis=0)
    wide = op.reshape(x, (*x.shape, 1))
    same = op._npi_equal(wide, op.constant(keys.astype(x.dtype)))
    if keys.dtype.kind == "f" and np.isnan(keys).any():
        same = op._npi_add(same, op._npi_multiply(op._npi_isnan(wide), op.constant(np.isnan(keys))))
    number = op.constant(np.arange(1, count + 1).astype(np.float64))
    found = op._np_sum(op._npi_multiply(cast(op, same, "float64"), number), axis=x.rank)
    none = op._npi_equal(found, scalar(op, 0, np.float64))
    place = where(op, none, scalar(op, count + 1, np.float64), found)
    return cast(op, op._npi_add_scalar(place, scalar=-1.0), "int32")
