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
"""Elements taken from an array by their places, and put there."""

from __future__ import annotations

import numpy as np

from .table import FoldingTable, bounded

table = FoldingTable()

#: Ends at or below this mean "from the very beginning", where NumPy would count from the end.
_BEFORE_THE_FIRST = -(2**31)


@table.op("Gather", versions=(1, 11, 13))
def gather(data, indices, *, axis):
    """Places count from the end where negative; beyond the ends is an error."""
    bounded([*indices.shape, *data.shape[:axis], *data.shape[axis:][1:]])
    return np.take(data, indices, axis)


@table.op("GatherElements", versions=(11, 13))
def gather_elements(data, indices, *, axis):
    return np.take_along_axis(data, indices, axis)


@table.op("GatherND", versions=(11, 12, 13))
def gather_nd(data, indices, *, batch_dims=0):
    if data.shape[:batch_dims] != indices.shape[:batch_dims]:
        raise ValueError(f"batches of {data.shape} and {indices.shape} differ")
    batch = indices.shape[:batch_dims]
    grids = np.indices(batch, sparse=True)
    inner = (1,) * (indices.ndim - 1 - batch_dims)
    places = tuple(grid.reshape(grid.shape + inner) for grid in grids)
    return data[places + tuple(np.moveaxis(indices, -1, 0))]


#: What becomes of an element and what is written on it.
_REDUCTIONS = {
    "none": None,
    "add": np.add,
    "mul": np.multiply,
    "min": np.minimum,
    "max": np.maximum,
}


@table.op("ScatterND", versions=(11, 13, 16, 18))
def scatter_nd(data, indices, updates, *, reduction="none"):
    depth = indices.shape[-1]
    if updates.shape != indices.shape[:-1] + data.shape[depth:]:
        raise ValueError(f"updates are of {updates.shape}")
    return _scattered(data, tuple(np.moveaxis(indices, -1, 0)), updates, reduction)


@table.op("ScatterElements", versions=(11, 13, 16, 18))
def scatter_elements(data, indices, updates, *, axis, reduction="none"):
    if updates.shape != indices.shape:
        raise ValueError(f"updates are of {updates.shape}, indices of {indices.shape}")
    places = list(np.indices(indices.shape, sparse=True))
    places[axis] = indices
    return _scattered(data, tuple(places), updates, reduction)


def _scattered(data, places, updates, reduction):
    result = data.copy()
    function = _REDUCTIONS[reduction]
    if function is None:
        result[places] = updates
    else:
        function.at(result, places, updates)
    return result


@table.op("Slice", versions=(1, 10, 11, 13))
def slice_(data, *, starts, ends, axes=None, steps=None):
    index = [slice(None)] * data.ndim
    axes = list(range(len(starts)) if axes is None else axes)
    if not all(-data.ndim <= axis < data.ndim for axis in axes):
        raise ValueError(f"axes {axes} of {data.ndim}")
    axes = [axis % data.ndim for axis in axes]
    if len(set(axes)) < len(axes):
        raise ValueError(f"an axis is named twice in {axes}")
    for axis, begin, end, step in zip(axes, starts, ends, steps or [1] * len(starts)):
        before = step < 0 and end <= _BEFORE_THE_FIRST
        index[axis] = slice(begin, None if before else end, step)
    return data[tuple(index)]


@table.op("NonZero", versions=(9, 13))
def nonzero(X):
    """One row an axis, one column an element."""
    return np.array(np.nonzero(np.atleast_1d(X)), np.int64).reshape(max(X.ndim, 1), -1)
