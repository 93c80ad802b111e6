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
"""Shapes: asked for, changed, and widened."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from ..values import Dim, is_one, product
from .axes import all_from_front, without_axes
from .precision import without_bool

table = TranslationTable()


@table.op("Shape", versions=(1, 13, 15, 19, 21, 23, 24, 25))
def shape(op, data, *, start=0, end=None):
    return op.cut(op.shape_array(data), 0, start, end)


@table.op("Size", versions=(1, 13, 19, 21, 23, 24, 25))
def size(op, data):
    return op.reshape(op.size_array(data), ())


@table.op(
    "Reshape",
    versions=(1, 5, 13, 14, 19, 21, 23, 24, 25),
    ignores=("consumed_inputs",),
)
def reshape(op, data, *, shape, allowzero=0):
    """MXNet's own Reshape does not count elements: that is done here."""
    if shape.count(-1) > 1:
        op.fail(f"shape {shape} has more than one -1")
    target = list(shape)
    for i, n in enumerate(target):
        if n == 0 and not allowzero:
            if i >= data.rank:
                op.fail(f"shape {shape} copies axis {i} of a tensor of rank {data.rank}")
            target[i] = data.shape[i]
    if -1 in target:
        known = product(n for n in target if n != -1)
        if known == 0:
            op.fail(f"shape {shape} has a 0 beside its -1: the -1 could be anything")
        target[target.index(-1)] = product(data.shape) // known
    return op.reshape(data, tuple(target))


@table.op("Flatten", versions=(1, 9, 11, 13, 21, 23, 24, 25))
def flatten(op, input, *, axis):
    if not -input.rank <= axis <= input.rank:
        op.fail(f"axis {axis} is out of range for a tensor of rank {input.rank}")
    axis = axis if axis >= 0 else axis + input.rank
    return op.reshape(input, (product(input.shape[:axis]), product(input.shape[axis:])))


@table.op("Transpose", versions=(1, 13, 21, 23, 24, 25))
def transpose(op, data, *, perm=None):
    """MXNet takes what is no permutation too, and gives nonsense."""
    axes = tuple(perm if perm is not None else reversed(range(data.rank)))
    if sorted(axes) != list(range(data.rank)):
        op.fail(f"perm {list(axes)} is no permutation of the {data.rank} axes")
    if axes == tuple(range(data.rank)):
        return data
    return without_bool(op, lambda x: op.transpose(x, axes=axes), data)


@table.op("Unsqueeze", versions=(1, 11, 13, 21, 23, 24, 25))
def unsqueeze(op, data, *, axes):
    axes = [axes] if isinstance(axes, int) else axes  # so in the specification's own functions
    rank = data.rank + len(axes)
    axes = all_from_front(op, axes, rank)
    if data.rank == 0:
        return op.reshape(data, (1,) * rank)
    for axis in axes:
        data = op.expand_dims(data, axis=axis)
    return data


@table.op("Squeeze", versions=(1, 11, 13, 21, 23, 24, 25))
def squeeze(op, data, *, axes=None):
    if axes is None:
        axes = [i for i, n in enumerate(data.shape) if is_one(n)]
    axes = all_from_front(op, axes, data.rank)
    for axis in axes:
        if data.shape[axis] != 1:
            op.fail(f"axis {axis} has size {data.shape[axis]}, not 1")
    return without_axes(op, data, axes)


@table.op("Expand", versions=(8, 13))
def expand(op, input, *, shape):
    rank = max(input.rank, len(shape))
    old = (1,) * (rank - input.rank) + input.shape
    new = [1] * (rank - len(shape)) + list(shape)
    for a, b in zip(old, new):
        if a not in (1, b) and b != 1:
            op.fail(f"{input.shape} does not broadcast to {tuple(shape)}")
    return op.expand(input, tuple(a if b == 1 else b for a, b in zip(old, new)))


# -- between depth and space -------------------------------------------------------------------


@table.op("DepthToSpace", versions=(1, 11, 13, 28))
def depth_to_space(op, input, *, blocksize, mode="DCR"):
    """MXNet's order of the channels is DCR."""
    cells = blocksize * blocksize
    _check_blocks(op, input, blocksize, 1, cells)
    if _is_crd(op, mode):
        input = _transposed_channels(op, input, input.shape[1] // cells, cells)
    return without_bool(op, lambda x: op.depth_to_space(x, block_size=blocksize), input)


@table.op("SpaceToDepth", versions=(1, 13, 28))
def space_to_depth(op, input, *, blocksize, mode="DCR"):
    _check_blocks(op, input, blocksize, 2, blocksize)
    _check_blocks(op, input, blocksize, 3, blocksize)
    is_crd = _is_crd(op, mode)

    def compute(x):
        y = op.space_to_depth(x, block_size=blocksize)
        return _transposed_channels(op, y, blocksize**2, x.shape[1]) if is_crd else y

    return without_bool(op, compute, input)


def _is_crd(op, mode):
    if mode not in ("DCR", "CRD"):
        op.fail(f"mode '{mode}' is not known, 'DCR' and 'CRD' are")
    return mode == "CRD"


def _transposed_channels(op, x, rows, columns):
    """The channels seen as a matrix, transposed."""
    places = np.arange(rows * columns).reshape(rows, columns).T.ravel()
    return op.take(x, op.constant(places), axis=1, mode="clip")


def _check_blocks(op, x, blocksize, axis, divisor):
    if x.rank != 4:
        op.fail(f"the input is of rank {x.rank}, not 4")
    if blocksize < 1:
        op.fail(f"blocksize={blocksize} is not positive")
    if not isinstance(x.shape[axis], Dim) and x.shape[axis] % divisor:
        op.fail(f"axis {axis} of size {x.shape[axis]} does not divide into blocks of {divisor}")
