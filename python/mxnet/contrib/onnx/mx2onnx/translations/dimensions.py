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
"""Sizes, axes and positions as rows speak of them, dynamic ones included."""

from __future__ import annotations

import numpy as np

from .casting import cast

#: Ends a slice behind whatever is there; negated, ahead of it.
TO_THE_END = 2**63 - 1


def sizes(op, x, axes):
    """int64 vector of the sizes of ``x`` along ``axes``: a constant where they are known."""
    axes = list(axes)
    dims = [op.dims(x)[a] for a in axes]
    if None not in dims:
        return op.constant(dims, np.int64)
    shape = op.Shape(x)
    if axes == list(range(op.rank(x))):
        return shape
    return op.Gather(shape, op.constant(axes, np.int64), axis=0)


def count(op, x, axes):
    """How many elements ``x`` has along ``axes`` together, int64, of rank 0."""
    axes = list(axes)
    if len(axes) == 1 and op.dims(x)[axes[0]] is None:
        source, axis = op.size_source(x, op.axis(x, axes[0]))
        return op.Gather(op.Shape(source), op.constant(axis, np.int64), axis=0)
    return op.ReduceProd(sizes(op, x, axes), axes=[0], keepdims=0)


def positions(op, x, axis, dtype=np.int64):
    """0, 1, 2, ... along ``axis`` of ``x``, a vector."""
    size = op.dims(x)[axis]
    if size is not None:
        return op.constant(np.arange(size), dtype)
    return cast(op, op.Range(np.int64(0), count(op, x, [axis]), np.int64(1)), dtype)


def along(op, vector, x, axis):
    """``vector`` in a shape that broadcasts along ``axis`` of ``x``."""
    after = op.rank(x) - 1 - axis
    return op.Unsqueeze(vector, axes=range(1, after + 1)) if after else vector


def within(op, x, length, axis):
    """Whether a position along ``axis`` is less than ``length``, which broadcasts against ``x``."""
    return op.Less(along(op, positions(op, x, axis, op.dtype(length)), x, axis), length)


def transposed(op, x):
    """The last two axes the other way round."""
    rank = op.rank(x)
    return op.Transpose(x, perm=[*range(rank - 2), rank - 1, rank - 2])
