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
"""Diagonals and triangles of matrices: taken out, made into matrices, and summed."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import carried
from .dimensions import count, positions, sizes
from .elementwise import smaller

table = TranslationTable()


def _two_last(op, x, axis1, axis2):
    """``x`` with two of its axes moved behind the others."""
    axis1, axis2 = op.axis(x, axis1), op.axis(x, axis2)
    if axis1 == axis2:
        raise TranslationError(f"axis1 and axis2 are both axis {axis1}")
    perm = [a for a in range(op.rank(x)) if a not in (axis1, axis2)] + [axis1, axis2]
    return x if perm == sorted(perm) else op.Transpose(x, perm=perm)


def diagonal(op, x, k, axis1=-2, axis2=-1):
    """Entries ``[..., i, i + k]`` of two axes, along a last axis."""
    x = _two_last(op, x, axis1, axis2)
    rank = op.rank(x)
    flat = op.Reshape(x, shape=[*[0] * (rank - 2), -1])
    return op.Gather(flat, _diagonal_places(op, x, k), axis=rank - 2)


def _diagonal_places(op, x, k):
    """Where the diagonal lies in the last two axes as one."""
    rows, columns = op.dims(x)[-2:]
    above, left = max(-k, 0), max(k, 0)
    if None not in (rows, columns):
        length = min(rows - above, columns - left)
        if length < 1:
            raise TranslationError(f"the diagonal {k} of {rows} x {columns} is empty")
        return op.constant(np.arange(length) * (columns + 1) + above * columns + left, np.int64)
    last = op.rank(x) - 1
    rows, columns = count(op, x, [last - 1]), count(op, x, [last])
    length = smaller(op, op.Sub(rows, np.int64(above)), op.Sub(columns, np.int64(left)))
    steps = op.Range(np.int64(0), length, np.int64(1))
    first = op.Add(op.Mul(columns, np.int64(above)), np.int64(left))
    return op.Add(op.Mul(steps, op.Add(columns, np.int64(1))), first)


def from_diagonal(op, x, k):
    """Matrices with the last axis of ``x`` as the diagonal ``k`` and 0 elsewhere."""
    rank, above = op.rank(x), abs(k)
    size = op.dims(x)[-1]

    if above:
        zero = op.constant(0, op.dtype(x))
        shape = op.constant([above], np.int64)
        if rank > 1:
            shape = op.Concat(sizes(op, x, range(rank - 1)), shape, axis=0)
        zeros = op.Expand(zero, shape)
        x = op.Concat(*((zeros, x) if k > 0 else (x, zeros)), axis=rank - 1)
    if size is not None:
        hot = op.constant(np.eye(size + above, k=k), bool)
    else:
        places = op.Range(np.int64(0), count(op, x, [rank - 1]), np.int64(1))
        hot = op.Equal(op.Unsqueeze(op.Add(places, np.int64(k)), axes=[1]), places)
    return op.Where(hot, op.Unsqueeze(x, axes=[rank - 1]), op.constant(0, op.dtype(x)))


@table.op("diag", limits="empty diagonals")
def diag(op, data, *, k, axis1, axis2):
    """A vector becomes a matrix."""
    if op.rank(data) == 1:
        return from_diagonal(op, data, k)
    return diagonal(op, data, k, axis1, axis2)


@table.op("_np_diag", limits="empty diagonals")
def np_diag(op, data, *, k):
    return diag(op, data, k=k, axis1=0, axis2=1)


@table.op("_np_diagonal", limits="empty diagonals")
def np_diagonal(op, data, *, offset, axis1, axis2):
    return diagonal(op, data, offset, axis1, axis2)


@table.op("_np_diagflat")
def diagflat(op, data, *, k):
    return from_diagonal(op, op.Reshape(data, shape=[-1]), k)


@table.op("_np_trace", limits="empty diagonals")
def trace(op, data, *, offset, axis1, axis2):
    entries = diagonal(op, data, offset, axis1, axis2)
    return carried(op, "ReduceSum", entries, axes=[op.rank(entries) - 1], keepdims=0)


@table.op("_npi_diag_indices_from")
def diag_indices_from(op, data):
    """The same positions once for each axis."""
    size = op.dims(data)[0]
    if size is not None:
        return op.constant(np.tile(np.arange(size), (op.rank(data), 1)), np.int64)
    places = op.Range(np.int64(0), count(op, data, [0]), np.int64(1))
    return op.Concat(*[op.Unsqueeze(places, axes=[0])] * op.rank(data), axis=0)


@table.op("_linalg_extractdiag", limits="empty diagonals")
def extractdiag(op, a, *, offset):
    return diagonal(op, a, offset)


@table.op("_linalg_makediag")
def makediag(op, a, *, offset):
    return from_diagonal(op, a, offset)


@table.op("_linalg_sumlogdiag")
def sumlogdiag(op, a):
    """No rank 0 in legacy MXNet."""
    logs = op.Log(diagonal(op, a, 0))
    return op.ReduceSum(logs, axes=[op.rank(logs) - 1], keepdims=int(op.rank(a) == 2))


def _triangle(size, offset, lower):
    """Rows and columns of a triangle's entries as MXNet packs them: an upper one by columns."""
    if offset > 0 or (offset == 0 and not lower):
        return np.tril_indices(size, -offset)[::-1]
    return np.tril_indices(size, offset)


@table.op("_linalg_extracttrian", limits="the matrices' size must be known")
def extracttrian(op, a, *, offset, lower):
    """The side of the diagonal that ``offset`` is on, and for 0 the one that ``lower`` names."""
    size, rank = op.dims(a)[-1], op.rank(a)
    if size is None:
        raise TranslationError("the size of the matrices must be known")
    rows, columns = _triangle(size, offset, lower)
    flat = op.Reshape(a, shape=[*[0] * (rank - 2), -1])
    return op.Gather(flat, op.constant(rows * size + columns, np.int64), axis=rank - 2)


@table.op("_linalg_maketrian", limits="the number of entries must be known")
def maketrian(op, a, *, offset, lower):
    packed = op.dims(a)[-1]
    if packed is None:
        raise TranslationError("the number of entries must be known")
    size = int((8 * packed + 1) ** 0.5 - 1) // 2 + abs(offset)
    rows, columns = _triangle(size, offset, lower)
    places = np.full((size, size), packed)
    places[rows, columns] = np.arange(packed)
    rank = op.rank(a)
    zeros = op.constant([0], op.dtype(a))
    if rank > 1:
        ahead = op.Concat(sizes(op, a, range(rank - 1)), op.constant([1], np.int64), axis=0)
        zeros = op.Expand(zeros, ahead)
    padded = op.Concat(a, zeros, axis=rank - 1)
    return op.Gather(padded, op.constant(places, np.int64), axis=rank - 1)


def triangle(op, x, k, lower=True):
    """What lies on and below the diagonal ``k`` of the last two axes, or on and above it."""
    rank = op.rank(x)
    if op.opset >= 14 and op.dtype(x) in (np.float32, np.float64, np.int64):  # those have kernels
        return op.Trilu(x, np.int64(k), upper=int(not lower))
    rows, columns = (positions(op, x, a) for a in (rank - 2, rank - 1))
    behind = op.Sub(op.Sub(columns, np.int64(k)), op.Unsqueeze(rows, axes=[1]))
    outside = op.Greater(behind, 0) if lower else op.Less(behind, 0)
    return op.Where(outside, op.constant(0, op.dtype(x)), x)


@table.op("_npi_tril")
def tril(op, data, *, k):
    """Of a vector, that of the matrix with the vector in every row."""
    if op.rank(data) == 1:
        size = sizes(op, data, [0])
        data = op.Expand(data, op.Concat(size, size, axis=0))
    return triangle(op, data, k)
