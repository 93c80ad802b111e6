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
"""Windows laid out as columns and back, and the correlation of two images over windows."""

from __future__ import annotations

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import NO_FLOAT64
from .dimensions import TO_THE_END, positions, sizes
from .suppression import scalar

table = TranslationTable()


def _each(values, rank, default):
    return list(values) if values else [default] * rank


@table.op("im2col")
def im2col(op, data, *, kernel, stride, dilate, pad):
    """(B, C * cells, windows): the cells of each window, the image padded with zeros."""
    rank = len(kernel)
    stride, dilate, pad = _each(stride, rank, 1), _each(dilate, rank, 1), _each(pad, rank, 0)
    pads = [0, 0, *pad] * 2
    padded = op.Pad(data, pads=pads) if any(pads) else data
    for k in range(rank):  # every axis becomes two: cells, windows
        axis = 2 + 2 * k
        reach = dilate[k] * (kernel[k] - 1)
        padded = op.Gather(
            padded, _windows(op, padded, axis, kernel[k], stride[k], dilate[k], reach), axis=axis
        )
    cells = range(2, 2 + 2 * rank, 2)
    windows = range(3, 3 + 2 * rank, 2)
    columns = op.Transpose(padded, perm=[0, 1, *cells, *windows])
    count = math.prod(kernel)
    channels = op.Mul(sizes(op, data, [1]), np.int64(count))
    return op.Reshape(columns, op.Concat(sizes(op, data, [0]), channels, [-1], axis=0))


def _windows(op, x, axis, kernel, stride, dilate, reach):
    """int64 (kernel, windows): the index of every cell of every window along ``axis``."""
    cells = np.arange(kernel)[:, np.newaxis] * dilate
    size = op.dims(x)[axis]
    if size is not None:
        return op.constant(cells + np.arange(0, size - reach, stride), np.int64)
    end = op.Sub(scalar(op, x, axis), np.int64(reach))
    return op.Add(op.constant(cells, np.int64), op.Range(np.int64(0), end, np.int64(stride)))


@table.op("col2im", limits=NO_FLOAT64)
def col2im(op, data, *, output_size, kernel, stride, dilate, pad):
    """Windows added up where they overlap; a deconvolution by ones does so before opset 18."""
    rank = len(kernel)
    stride, dilate, pad = _each(stride, rank, 1), _each(dilate, rank, 1), _each(pad, rank, 0)
    if op.opset >= 18:
        return op.Col2Im(
            data,
            np.array(output_size, np.int64),
            np.array(kernel, np.int64),
            dilations=dilate,
            pads=[*pad, *pad],
            strides=stride,
        )
    cells = math.prod(kernel)
    counts, extra = [], []
    for size, k, s, d, p in zip(output_size, kernel, stride, dilate, pad):
        room = size + 2 * p - d * (k - 1) - 1
        counts.append(room // s + 1)
        extra.append(room % s)
    windows = op.Reshape(data, shape=[-1, cells, *counts])
    ones = np.eye(cells).reshape(cells, 1, *kernel)
    summed = op.ConvTranspose(
        windows,
        op.constant(ones, op.dtype(data)),
        kernel_shape=kernel,
        strides=stride,
        dilations=dilate,
        pads=[*pad, *pad],
        output_padding=extra if any(extra) else None,
    )
    return op.Reshape(summed, op.Concat(sizes(op, data, [0]), [-1, *output_size], axis=0))


@table.op("Correlation", limits=f"an even kernel_size; {NO_FLOAT64}")
def correlation(
    op, data1, data2, *, kernel_size, max_displacement, stride1, stride2, pad_size, is_multiply
):
    """Means of products, or distances, of windows moved against each other: a channel a move."""
    if kernel_size % 2 == 0:
        raise TranslationError(f"kernel_size {kernel_size} is even; windows need a middle")
    reach = max_displacement
    pads = [0, 0, pad_size, pad_size] * 2
    first, second = (op.Pad(x, pads=pads) if pad_size else x for x in (data1, data2))
    inner = _shifted(op, _shifted(op, first, 2, reach, 0), 3, reach, 0)
    inner = op.Unsqueeze(inner, axes=[3])
    moves = np.arange(-(reach // stride2), reach // stride2 + 1) * stride2
    across = op.Add(positions(op, inner, 4), op.constant(moves[:, np.newaxis] + reach, np.int64))
    found = []
    for move in moves:
        other = op.Gather(_shifted(op, second, 2, reach, int(move)), across, axis=3)
        both = op.Mul(inner, other) if is_multiply else op.Abs(op.Sub(inner, other))
        found.append(op.ReduceMean(both, axes=[1], keepdims=0))
    maps = op.Transpose(op.Concat(*found, axis=2), perm=[0, 2, 1, 3])
    return op.AveragePool(maps, kernel_shape=[kernel_size] * 2, strides=[stride1] * 2)


def _shifted(op, x, axis, reach, move):
    """``x`` without ``reach`` places at both ends, all moved by ``move``."""
    end = move - reach
    return op.Slice(x, starts=[reach + move], ends=[end or TO_THE_END], axes=[axis])
