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
"""Order: the largest, all in order, and where they were. ONNX takes the first of equal values."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from .casting import cast, known_dtype, operands
from .dimensions import sizes

table = TranslationTable()
TIES = "MXNet may order equal values in another way"


def _ordered(op, data, axis, k, is_ascend):
    """The ``k`` first along ``axis``, all of them for 0, and their int64 positions."""
    k = [k] if k else sizes(op, data, [axis])
    return op.TopK(data, k, axis=axis, largest=int(not is_ascend), outputs=2)


def _flat_without_axis(op, data, axis):
    """The data and the axis to order along: all of it in a row where there is none."""
    if axis is None:
        return op.Reshape(data, shape=[-1]), 0
    return data, op.axis(data, axis)


@table.op("topk", limits=TIES)
def topk(op, data, *, axis, k, ret_typ, is_ascend, dtype):
    line, along = _flat_without_axis(op, data, axis)
    ordered, places = _ordered(op, line, along, max(k, 0), is_ascend)
    if ret_typ == "mask":
        zero, one = operands(op, data, 0, 1)[1:]
        shape = op.Shape(line)
        zeros, ones = op.Expand(zero, shape), op.Expand(one, op.Shape(places))
        mask = op.ScatterElements(zeros, places, ones, axis=along)
        return mask if axis is not None else op.Reshape(mask, op.Shape(data))
    places = cast(op, places, known_dtype(dtype))
    # "value" has the second output in MXNet too, unseen: it shows in the name of the first
    return places if ret_typ == "indices" else (ordered, places)


@table.op("sort")
def sort(op, data, *, axis, is_ascend):
    return _ordered(op, *_flat_without_axis(op, data, axis), 0, is_ascend)[0]


@table.op("argsort", limits=TIES)
def argsort(op, data, *, axis, is_ascend, dtype):
    places = _ordered(op, *_flat_without_axis(op, data, axis), 0, is_ascend)[1]
    return cast(op, places, known_dtype(dtype))


@table.op("_npi_unique")
def unique(op, data, *, return_index, return_inverse, return_counts, axis):
    """In ascending order; then places of the first of each, of each in the result, and counts."""
    dtype, axis = op.dtype(data), None if axis is None else op.axis(data, axis)
    if dtype in (np.int32, np.uint8, np.float16):  # ONNX Runtime has no kernels
        data = cast(op, data, np.int64 if dtype.kind in "iu" else np.float32)
    found = list(op.Unique(data, axis=axis, sorted=1, outputs=4))
    found[0] = cast(op, found[0], dtype)
    wanted = (True, return_index, return_inverse, return_counts)
    chosen = tuple(x for x, w in zip(found, wanted) if w)
    return chosen if len(chosen) > 1 else chosen[0]
