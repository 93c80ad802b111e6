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
"""Operators whose data decide how much comes out, and caches, on known arrays."""

from __future__ import annotations

import numpy as np

from .table import FoldingTable

table = FoldingTable()


@table.op("Compress", versions=(9, 11, 28))
def compress(input, condition, *, axis=None):
    """A condition that is shorter leaves out the rest."""
    if condition.ndim != 1:
        raise ValueError(f"the condition is of rank {condition.ndim}, not 1")
    input = input.reshape(-1) if axis is None else input
    return np.take(input, np.flatnonzero(condition), 0 if axis is None else axis)


@table.op("Unique", versions=(11, 28), counts=True)
def unique(X, *, axis=None, sorted, count=4):
    """Distinct elements or slices, where each is first, which one each is, how many of each."""
    slices = X.reshape(-1, 1) if axis is None else _lines(X, axis)
    ranks = np.unique(slices, return_inverse=True)[1].reshape(slices.shape)
    found = {"return_index": True, "return_inverse": True, "return_counts": True}
    _, first, inverse, counts = np.unique(ranks, axis=0, **found)
    inverse = inverse.reshape(-1)
    if not sorted:
        order = np.argsort(first)
        inverse = np.argsort(order)[inverse]
        first, counts = first[order], counts[order]
    y = np.take(X.reshape(-1), first) if axis is None else np.take(X, first, axis)
    return (y, *(a.astype(np.int64) for a in (first, inverse, counts)))[:count]


def _lines(X, axis):
    """Slices along ``axis``, a row each."""
    moved = np.moveaxis(X, axis, 0)
    return moved.reshape(len(moved), -1)


@table.op("TensorScatter", versions=(24,))
def tensor_scatter(past_cache, update, write_indices=None, *, axis, mode):
    axis %= past_cache.ndim
    size, count = past_cache.shape[axis], update.shape[axis]
    starts = np.zeros(len(past_cache), np.int64) if write_indices is None else write_indices
    if mode != "circular" and ((starts < 0) | (starts + count > size)).any():
        raise ValueError(f"{count} steps from {starts.tolist()} on leave a cache of {size}")
    result = past_cache.copy()
    for cache, start, new in zip(result, starts, update):
        index = (slice(None),) * (axis - 1) + ((start + np.arange(count)) % size,)
        cache[index] = new
    return result


@table.op("CumProd", versions=(26,))
def cum_prod(x, axis, *, exclusive, reverse):
    axis = int(axis.reshape(()))
    y = np.flip(x, axis) if reverse else x
    if exclusive:
        y = np.moveaxis(y, axis, 0)
        y = np.moveaxis(np.concatenate([np.ones_like(y[:1]), y[:-1]]), 0, axis)
    y = np.cumprod(y, axis, dtype=x.dtype)
    return np.flip(y, axis) if reverse else y
