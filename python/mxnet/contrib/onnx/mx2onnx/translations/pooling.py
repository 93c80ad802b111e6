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
"""Pooling, over 1 to 3 spatial axes."""

from __future__ import annotations

import dataclasses
import math
from typing import Tuple

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import NO_FLOAT64, cast
from .convolution import CHANNELS_FIRST
from .dimensions import positions
from .dimensions import sizes as sizes_of
from .elementwise import cube_root

table = TranslationTable()


@dataclasses.dataclass(frozen=True)
class Window:
    """A window over spatial axes, a number an axis; ``full``: the last one may reach out."""

    kernel: Tuple[int, ...]
    stride: Tuple[int, ...]
    pad: Tuple[int, ...]
    full: bool

    @property
    def common(self):
        """The attributes that all of ONNX's pooling operators have."""
        return {"kernel_shape": self.kernel, "strides": self.stride}

    @property
    def pads(self):
        """Padding at both ends, none behind the last window."""
        return [*self.pad, *self.pad]

    @property
    def behind(self):
        """Padding at the end that makes ONNX's count of windows MXNet's, at every size."""
        return [p + s - 1 if self.full else p for p, s in zip(self.pad, self.stride)]

    def last(self, sizes):
        """Where the last windows start, by sizes that are known."""
        return [
            -(-(n + 2 * p - k) // s) * s - p
            for n, k, s, p in zip(sizes, self.kernel, self.stride, self.pad)
        ]

    def may_miss(self, sizes, slack):
        """Whether a window may hold nothing, ``slack`` behind the image or in pads alone.

        Of images whose size varies it may where it does at some size.
        """
        if any(p >= k for p, k in zip(self.pad, self.kernel)):
            return True
        if not self.full or all(
            s <= k - p + more for k, s, p, more in zip(self.kernel, self.stride, self.pad, slack)
        ):
            return False
        return None in sizes or any(
            at >= n + more for at, n, more in zip(self.last(sizes), sizes, slack)
        )


@table.op(
    "Pooling",
    ignores=("cudnn_off",),
    limits=f"pooling_convention='same', which MXNet has of one axis alone; {NO_FLOAT64}",
)
def pooling(
    op,
    data,
    *,
    pool_type,
    kernel,
    stride,
    pad,
    global_pool,
    pooling_convention,
    count_include_pad,
    p_value,
    layout,
):
    rank = op.rank(data)
    if layout not in CHANNELS_FIRST:
        data = op.Transpose(data, perm=[0, rank - 1, *range(1, rank - 1)])
    if global_pool:
        result = _over_all(op, data, pool_type, p_value)
    else:
        if pooling_convention == "same":
            raise TranslationError("pooling_convention='same' is not covered; give the padding")
        ones, zeros = (1,) * len(kernel), (0,) * len(kernel)
        window = Window(kernel, stride or ones, pad or zeros, pooling_convention == "full")
        result = _pooled(op, data, window, pool_type, count_include_pad, p_value)
    if layout not in CHANNELS_FIRST:
        result = op.Transpose(result, perm=[0, *range(2, rank), 1])
    return result


def _over_all(op, data, pool_type, p_value):
    if pool_type == "max":
        return op.GlobalMaxPool(data)
    if pool_type == "avg":
        return op.GlobalAveragePool(data)
    axes = range(2, op.rank(data))
    total = lambda x: op.ReduceSum(x, axes=axes, keepdims=1)  # noqa: E731
    return total(data) if pool_type == "sum" else _lp(op, data, p_value, total)


def _pooled(op, data, window, pool_type, count_include_pad, p_value):
    if pool_type == "max":
        return _max(op, data, window)
    if pool_type == "avg":
        return _average(op, data, window, count_include_pad is not False)
    total = lambda x: _sum(op, x, window)  # noqa: E731
    return total(data) if pool_type == "sum" else _lp(op, data, p_value, total)


def _max(op, data, window, of_nothing=None):
    """With ceil_mode where no window starts in padding, which runtimes read in two ways.

    Of nothing the maximum is the lowest finite number, in runtimes as in MXNet, unless given.
    """
    sizes = op.dims(data)[2:]
    if window.may_miss(sizes, slack=[0] * len(sizes)):
        dtype = op.dtype(data)
        lowest = op.constant(np.finfo(dtype).min)
        padded = _padded(op, data, window.pad, window.behind, lowest)
        result = op.MaxPool(padded, **window.common)
        if of_nothing is None:
            return result
        return op.Where(op.Greater(result, lowest), result, op.constant(of_nothing, dtype))
    pads, ceil_mode = window.pads, None
    if window.full and all(s <= k - p for k, s, p in zip(window.kernel, window.stride, window.pad)):
        ceil_mode = 1
    elif window.full:
        ends = [at + k - n for at, k, n in zip(window.last(sizes), window.kernel, sizes)]
        pads = [*window.pad, *(max(end, p) for end, p in zip(ends, window.pad))]
    return op.MaxPool(data, **window.common, pads=pads, ceil_mode=ceil_mode)


def _average(op, data, window, count_include_pad):
    """MXNet divides by the cells within the padded image; a window may reach out of that."""
    sizes, pads = op.dims(data)[2:], window.pads
    if window.may_miss(sizes, slack=window.pad if count_include_pad else [0] * len(sizes)):
        return op.Div(_sum(op, data, window), _cells(op, data, window, count_include_pad))
    if not window.full:
        include = int(count_include_pad and any(pads))
        return op.AveragePool(data, **window.common, pads=pads, count_include_pad=include)
    if count_include_pad and any(pads):
        data, pads = _padded(op, data, window.pad, window.pad), [0] * len(pads)
    return op.AveragePool(data, **window.common, pads=pads, ceil_mode=int(window.full))


def _cells(op, data, window, count_include_pad):
    """How many cells of each window count, (1, 1, *windows); 1 for none, so that nothing is 0."""
    spatial = sizes_of(op, data, range(2, op.rank(data)))
    one = np.ones(1, op.dtype(data))
    ones = op.ConstantOfShape(op.Concat([1, 1], spatial, axis=0), value=one)
    if count_include_pad:
        ones = _padded(op, ones, window.pad, window.pad, op.constant(one[0]))
        inner = dataclasses.replace(window, pad=(0,) * len(window.pad))
        extra = [b - p for b, p in zip(window.behind, window.pad)]
        counts = _whole_sum(op, ones, inner, inner.pad, extra)
    else:
        counts = _sum(op, ones, window)
    return op.Max(counts, op.constant(one[0]))


def _sum(op, data, window):
    """The average of whole windows, zeros included, times their size."""
    return _whole_sum(op, data, window, window.pad, window.behind)


def _whole_sum(op, data, window, begin, end):
    """Sums of windows over zeros at both ends, none of which makes another window."""
    kernel = window.kernel
    if any(p >= k for p, k in zip([*begin, *end], [*kernel, *kernel])):  # refused by runtimes
        data, begin, end = _padded(op, data, begin, end), [0] * len(begin), [0] * len(end)
    average = op.AveragePool(
        data, **window.common, pads=[*begin, *end], count_include_pad=int(any([*begin, *end]))
    )
    return op.Mul(average, float(math.prod(window.kernel)))


def _padded(op, data, begin, end, value=None):
    return op.Pad(data, pads=[0, 0, *begin, 0, 0, *end], constant_value=value)


def _lp(op, data, p_value, total):
    """The root of summed powers, signs kept, where ONNX's LpPool takes magnitudes."""
    if p_value == 1:
        return total(data)
    if p_value == 2:
        return op.Sqrt(total(op.Mul(data, data)))
    if p_value == 3:
        return cube_root(op, total(op.Mul(op.Mul(data, data), data)))
    raise TranslationError(f"p_value={p_value} is none that MXNet computes; it has 1, 2 and 3")


@table.op("Pooling_v1", limits=NO_FLOAT64)
def pooling_v1(op, data, *, pool_type, kernel, stride, pad, global_pool, pooling_convention):
    """Zeros of the padding count: in maxima too, and means are of whole windows."""
    if global_pool:
        return _over_all(op, data, pool_type, None)
    if len(kernel) != 2:
        raise TranslationError(f"kernel {kernel} is not of two axes, and MXNet has no other here")
    window = Window(kernel, stride or (1, 1), pad or (0, 0), pooling_convention == "full")
    if pool_type == "max":
        if any(window.pad):
            data = _padded(op, data, window.pad, window.pad)
            window = dataclasses.replace(window, pad=(0, 0))
        return _max(op, data, window, of_nothing=-np.inf)
    total = _sum(op, data, window)
    return total if pool_type == "sum" else op.Div(total, float(math.prod(kernel)))


@table.op("_contrib_AdaptiveAvgPooling2D", limits=NO_FLOAT64)
def adaptive_avg_pooling(op, data, *, output_size):
    """Cells that cover the image, overlapping where its size is no multiple of their number."""
    cells = (tuple(output_size) * 2)[:2] if output_size else (1, 1)
    if cells == (1, 1):
        return op.GlobalAveragePool(data)
    sizes = op.dims(data)[2:]
    if None not in sizes and not any(n % c for n, c in zip(sizes, cells)):
        kernel = [n // c for n, c in zip(sizes, cells)]
        return op.AveragePool(data, kernel_shape=kernel, strides=kernel)
    rows, columns = (_averaging(op, data, axis, c) for axis, c in zip((2, 3), cells))
    return op.MatMul(op.MatMul(rows, data), op.Transpose(columns, perm=[1, 0]))


def _averaging(op, data, axis, cells):
    """The matrix (cells, size) that takes the mean of each cell's places along an axis."""
    dtype, size = op.dtype(data), op.dims(data)[axis]
    if size is not None:
        matrix = np.zeros((cells, size), dtype)
        for cell in range(cells):
            begin, end = cell * size // cells, -(-(cell + 1) * size // cells)
            matrix[cell, begin:end] = 1 / (end - begin)
        return op.constant(matrix)
    size = sizes_of(op, data, [axis])
    cell = op.constant(np.arange(cells).reshape(-1, 1), np.int64)
    begin = op.Div(op.Mul(cell, size), np.int64(cells))
    after = op.Add(op.Mul(op.Add(cell, np.int64(1)), size), np.int64(cells - 1))
    end = op.Div(after, np.int64(cells))
    places = positions(op, data, axis)
    inside = op.And(op.Not(op.Less(places, begin)), op.Less(places, end))
    return op.Div(cast(op, inside, dtype), cast(op, op.Sub(end, begin), dtype))
