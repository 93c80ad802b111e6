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
"""Arrays out of nothing, or out of sizes."""

from __future__ import annotations

import numpy as np

from onnx import helper, numpy_helper

from .table import FoldingTable, NotFolded, bounded

table = FoldingTable()


@table.op("Constant", versions=(1, 9, 11, 12, 13, 19, 21, 23, 24, 25))
def constant(
    *,
    value=None,
    sparse_value=None,
    value_float=None,
    value_floats=None,
    value_int=None,
    value_ints=None,
    value_string=None,
    value_strings=None,
):
    if value is not None:
        return numpy_helper.to_array(value)
    if sparse_value is not None:
        raise NotFolded("a sparse constant")
    if value_float is not None or value_floats is not None:
        return np.array(value_floats if value_float is None else value_float, np.float32)
    if value_int is not None or value_ints is not None:
        return np.array(value_ints if value_int is None else value_int, np.int64)
    return np.array(value_strings if value_string is None else value_string, object)


@table.op("ConstantOfShape", versions=(9, 20, 21, 23, 24, 25))
def constant_of_shape(input, *, value=None):
    fill = np.zeros((), np.float32) if value is None else numpy_helper.to_array(value)
    if (input < 0).any():
        raise ValueError(f"sizes {input.tolist()} are negative")
    return np.broadcast_to(fill.reshape(()), tuple(map(int, input)))  # a view: no memory yet


@table.op("Range", versions=(11, 27), ignores=("stash_type",))
def range_(start, limit, delta):
    """Steps are added to the start in the inputs' own type; narrower floats in float32."""
    start, limit, delta = (x.reshape(()) for x in (start, limit, delta))
    if not delta:
        raise ZeroDivisionError("a range with steps of 0")
    count = max(0, int(np.ceil((limit.astype(float) - start) / delta)))
    bounded([count])
    wide = np.float32 if start.dtype.itemsize < 4 and start.dtype.kind != "i" else start.dtype
    return (start.astype(wide) + np.arange(count, dtype=wide) * delta.astype(wide)).astype(
        start.dtype
    )


@table.op("EyeLike", versions=(9, 22), measures=True)
def eye_like(input, *, dtype=None, k):
    bounded(input.shape)
    rows, columns = input.shape
    kind = input.dtype if dtype is None else helper.tensor_dtype_to_np_dtype(dtype)
    return np.eye(rows, columns, k, kind)


@table.op("OneHot", versions=(9, 11, 28))
def one_hot(indices, depth, values, *, axis):
    depth = int(depth.reshape(()))
    bounded([*indices.shape, depth])
    axis = axis if axis >= 0 else axis + indices.ndim + 1
    places = indices + np.where(indices < 0, depth, 0)  # from the end; beyond it is nowhere
    steps = np.arange(depth).reshape([-1 if a == axis else 1 for a in range(indices.ndim + 1)])
    return np.where(np.expand_dims(places, axis) == steps, values[1], values[0])
