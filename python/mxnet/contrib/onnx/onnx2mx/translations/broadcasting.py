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
"""Broadcasting as ONNX had it before opset 7: one way, on request, from a named axis."""

from __future__ import annotations

from ..values import is_one, product

#: Most axes that MXNet's choice between tensors takes.
MOST_AXES = 5


def one_way(function):
    """Row of two tensors whose second is broadcast only by the attributes of opset 6 and before."""

    def translate(op, a, b, *, broadcast, axis=None):
        return function(op, a, aligned(op, a, b, broadcast, axis))

    return translate


def aligned(op, a, b, broadcast, axis):
    """``b`` reshaped so that the common broadcasting does what opset 6 meant.

    Parameters
    ----------
    broadcast : int
        0 demands equal shapes.
    axis : int or None
        Axis of ``a`` that the first axis of ``b`` lies along; by default the last ones match.
    """
    if not broadcast:
        if a.shape != b.shape:
            op.fail(f"shapes {a.shape} and {b.shape} differ, and the attribute broadcast is 0")
        return b
    if axis is None:
        return b
    first = axis if axis >= 0 else axis + a.rank
    if not 0 <= first <= a.rank - b.rank:
        op.fail(f"axis {axis} leaves no room for {b.shape} in {a.shape}")
    return op.reshape(b, b.shape + (1,) * (a.rank - first - b.rank))


def in_few_axes(op, function, *tensors):
    """``function`` of tensors that broadcast; neighbouring axes that do so alike are made one.

    MXNet does this itself in arithmetic and in comparisons.
    """
    rank = max(t.rank for t in tensors)
    if rank <= MOST_AXES:
        return function(*tensors)
    columns = list(zip(*((1,) * (rank - t.rank) + t.shape for t in tensors)))
    wide = [i for i, sizes in enumerate(columns) if not all(map(is_one, sizes))]
    groups = []
    for i in wide:
        alike = groups and _stretches(columns[i]) == _stretches(columns[groups[-1][0]])
        groups = [*groups[:-1], [*groups[-1], i]] if alike else [*groups, [i]]
    if len(groups) > MOST_AXES:
        op.fail(f"tensors of rank {rank} broadcast in more ways than MXNet can")
    merged = [
        op.reshape(t, [product(columns[i][k] for i in group) for group in groups])
        for k, t in enumerate(tensors)
    ]
    shape = [next((n for n in sizes if not is_one(n)), 1) for sizes in columns]
    return op.reshape(function(*merged), shape)


def _stretches(sizes):
    """Which of the tensors are stretched along an axis of these sizes."""
    return [is_one(n) for n in sizes]
