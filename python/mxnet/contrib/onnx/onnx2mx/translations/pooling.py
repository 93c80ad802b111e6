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
"""Pooling over sliding windows and over all of space."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np

from ...translation import TranslationTable
from ..values import Dim
from .axes import emptiness
from .comparison import where
from .precision import cast, computed_in, scalar
from .windows import Windows, check_room, rest_of, windows_over, with_pads

table = TranslationTable()
LIMITS = "one to three spatial axes"


def _with_ceil(op, windows: Windows) -> Windows:
    """Windows that a rounded up count adds, said by pads behind the end.

    A window that would begin behind the last element and its begin pad is left out.
    """
    ends = []
    for size, begin, end, span, stride in zip(
        windows.sizes, windows.begin, windows.end, windows.spans, windows.strides
    ):
        missing = (span - begin - end - rest_of(op, size, stride)) % stride
        if missing + end >= span:
            missing -= stride
        ends.append(end + max(missing, 0))
    return dataclasses.replace(windows, end=ends)


def _layer_rounds_up_alike(windows: Windows) -> bool:
    """Whether no size at all has a window that MXNet's 'full' pooling adds and ONNX leaves out."""
    return all(
        stride <= span - end
        for stride, span, end in zip(windows.strides, windows.spans, windows.end)
    )


def _is_plain(windows: Windows) -> bool:
    return set(windows.dilations) == {1}


def _layer(op, x, windows, pads, pool_type, **more):
    return op.Pooling(
        x,
        pool_type=pool_type,
        kernel=tuple(windows.kernel),
        stride=tuple(windows.strides),
        pad=tuple(pads),
        **more,
    )


def _pooled(op, x, windows, ceil_mode, pool_type, fill, join):
    """Largest or sum in every window: by the layer, padded before if need be, else by slices."""
    check_room(op, windows)
    plain = _is_plain(windows)
    if plain and windows.has_one_pad and (not ceil_mode or _layer_rounds_up_alike(windows)):
        convention = "full" if ceil_mode else "valid"
        return _layer(op, x, windows, windows.begin, pool_type, pooling_convention=convention)
    windows = _with_ceil(op, windows) if ceil_mode else windows
    x = with_pads(op, x, windows.begin, windows.end, fill)
    if plain:
        return _layer(op, x, windows, [0] * len(windows.kernel), pool_type)
    for axis in range(2, x.rank):
        x = functools.reduce(functools.partial(join, op), _slices(op, x, windows, axis))
    return x


def _slices(op, x, windows, axis):
    """Of all windows along one axis the first elements, the second ones, and so on."""
    span, stride = windows.spans[axis - 2], windows.strides[axis - 2]
    for offset in range(0, span, windows.dilations[axis - 2]):
        behind = span - 1 - offset
        yield op.cut(x, axis, offset, -behind if behind else None, stride)


# -- maximum -----------------------------------------------------------------------------------


def _larger(op, a, b):
    return op._npi_maximum(a, b)


@table.op("MaxPool", versions=(1, 8, 10, 11, 12, 22), limits=f"{LIMITS}; Indices of fixed sizes")
def max_pool(
    op,
    x,
    *,
    kernel_shape,
    strides=None,
    pads=None,
    auto_pad,
    dilations=None,
    ceil_mode=0,
    storage_order=0,
):
    windows = windows_over(
        op, x, kernel_shape, strides=strides, pads=pads, auto_pad=auto_pad, dilations=dilations
    )

    def compute(x):
        if op.num_outputs == 1:
            return _pooled(op, x, windows, ceil_mode, "max", -math.inf, _larger)
        check_room(op, windows)
        exact = _with_ceil(op, windows) if ceil_mode else windows
        return _largest_and_places(op, x, exact, storage_order)

    if x.dtype.kind == "f":
        return compute(x)
    if op.num_outputs == 1:
        return computed_in(op, "float32", compute, x)
    values, places = compute(cast(op, x, "float32"))
    return cast(op, values, x.dtype), places


def _largest_and_places(op, x, windows, storage_order):
    """The first of the largest in every window, and its place in the whole tensor."""
    if any(isinstance(n, Dim) for n in x.shape):
        op.fail("Indices need fixed sizes: give them by input_shapes")
    space = np.arange(math.prod(x.shape[2:]), dtype=np.int64)
    order = "F" if storage_order else "C"
    width = tuple(zip(windows.begin, windows.end))
    places = op.constant(np.pad(space.reshape(x.shape[2:], order=order), width)[None, None])
    planes = np.arange(x.shape[0] * x.shape[1], dtype=np.int64) * space.size
    x = with_pads(op, x, windows.begin, windows.end, -math.inf)
    for axis in reversed(range(2, x.rank)):  # the last axis runs fastest, so the first one wins
        pairs = list(zip(_slices(op, x, windows, axis), _slices(op, places, windows, axis)))
        x, places = pairs[0]
        for value, place in pairs[1:]:
            better = op._npi_greater(value, x)
            places = where(op, better, place, places)
            x = where(op, better, value, x)
    first = op.constant(planes.reshape(x.shape[:2] + (1,) * (x.rank - 2)))
    return x, op._npi_add(places, first)


@table.op("MaxUnpool", versions=(9, 11, 22), limits="fixed sizes")
def max_unpool(op, x, i, *, output_shape=None, kernel_shape, strides=None, pads=None):
    """Indices are those of the output without a given shape, which is filled up behind its end."""
    rank = len(kernel_shape)
    strides, pads = strides or [1] * rank, pads or [0] * 2 * rank
    if x.shape != i.shape or x.rank != rank + 2 or (len(strides), len(pads)) != (rank, 2 * rank):
        op.fail(f"values of {x.shape} and indices of {i.shape} with a kernel of {kernel_shape}")
    if any(isinstance(n, Dim) for n in x.shape):
        op.fail("placing into varying sizes is not covered: give them by input_shapes")
    space = [
        (n - 1) * stride + kernel - begin - end
        for n, stride, kernel, begin, end in zip(
            x.shape[2:], strides, kernel_shape, pads[:rank], pads[rank:]
        )
    ]
    shape = (*x.shape[:2], *space)
    given = shape if output_shape is None else tuple(output_shape)
    if len(given) != x.rank or any(a < b for a, b in zip(given, shape)):
        op.fail(f"output_shape {given} has no room for {shape}")
    none = emptiness(op, given, x.dtype)
    if none is not None:
        return none
    count = math.prod(shape)
    known = op.known(i)
    if known is not None and not 0 <= known.min() <= known.max() < count:
        op.fail(f"indices from {known.min()} to {known.max()} leave an output of {shape}")
    low, high = scalar(op, 0, i.dtype), scalar(op, count - 1, i.dtype)
    places = op._npi_minimum(op._npi_maximum(i, low), high)  # MXNet writes wherever they say
    places = op.reshape(places, (1, math.prod(x.shape)))
    y = op.scatter_nd(op.reshape(x, (math.prod(x.shape),)), places, shape=(count,))
    missing = [a - b for a, b in zip(given[2:], space)]
    return with_pads(op, op.reshape(y, shape), [0] * rank, missing, 0)


# -- averages and norms ------------------------------------------------------------------------


def _sum(op, x, windows, ceil_mode):
    return _pooled(op, x, windows, ceil_mode, "sum", 0, lambda op, a, b: op._npi_add(a, b))


@table.op("AveragePool", versions=(1, 7, 10, 11, 19, 22), limits=LIMITS)
def average_pool(
    op,
    x,
    *,
    kernel_shape,
    strides=None,
    pads=None,
    auto_pad,
    dilations=None,
    ceil_mode=0,
    count_include_pad=0,
):
    windows = windows_over(
        op, x, kernel_shape, strides=strides, pads=pads, auto_pad=auto_pad, dilations=dilations
    )
    check_room(op, windows)
    if _is_plain(windows) and windows.has_one_pad and not ceil_mode:
        include = bool(count_include_pad)
        return _layer(op, x, windows, windows.begin, "avg", count_include_pad=include)
    total = _sum(op, x, windows, ceil_mode)
    return op._npi_true_divide(total, _elements(op, x, windows, ceil_mode, count_include_pad))


def _elements(op, x, windows, ceil_mode, count_include_pad):
    """How many elements each window holds, pads if asked, but never what rounding up adds."""
    padless = not any(windows.begin) and not any(windows.end)
    if (count_include_pad or padless) and not ceil_mode:
        return scalar(op, math.prod(windows.kernel), x.dtype)
    if any(isinstance(n, Dim) for n in windows.sizes):
        ones = op.ones_like(x)
        if count_include_pad:
            ones = with_pads(op, ones, windows.begin, windows.end, 1)
            windows = dataclasses.replace(
                windows,
                sizes=list(ones.shape[2:]),
                begin=[0] * (x.rank - 2),
                end=[0] * (x.rank - 2),
            )
        return _sum(op, ones, windows, ceil_mode)
    exact = _with_ceil(op, windows) if ceil_mode else windows
    result = np.ones((1, 1))
    for axis, count in enumerate(exact.counts):
        first = np.arange(count) * exact.strides[axis] - exact.begin[axis]
        places = first[:, None] + np.arange(exact.kernel[axis]) * exact.dilations[axis]
        low, high = 0, exact.sizes[axis]
        if count_include_pad:
            low, high = low - windows.begin[axis], high + windows.end[axis]
        held = ((low <= places) & (places < high)).sum(1)
        result = result[..., None] * held
    return op.constant(result.astype(x.dtype))


@table.op("LpPool", versions=(1, 2, 11, 18, 22), limits=LIMITS)
def lp_pool(
    op,
    x,
    *,
    kernel_shape=None,
    strides=None,
    pads=None,
    auto_pad,
    dilations=None,
    ceil_mode=0,
    p,
):
    if not kernel_shape:
        op.fail("kernel_shape is not given")
    windows = windows_over(
        op, x, kernel_shape, strides=strides, pads=pads, auto_pad=auto_pad, dilations=dilations
    )
    return _norm(op, x, p, lambda y: _sum(op, y, windows, ceil_mode))


def _norm(op, x, p, total):
    """The p-norm of what ``total`` adds up."""
    if p == 2:
        return op._npi_sqrt(total(op._npi_multiply(x, x)))
    sizes = op._npi_absolute(x)
    if p == 1:
        return total(sizes)
    powers = op._npi_power_scalar(sizes, scalar=float(p))
    return op._npi_power_scalar(total(powers), scalar=1 / p)


# -- all of space ------------------------------------------------------------------------------


def _global(pool_type, reduce):
    def translate(op, x):
        """By the layer up to three spatial axes, by a reduction beyond."""
        if x.rank < 3:
            op.fail(f"a tensor of rank {x.rank} has no spatial axes")
        if x.rank <= 5:
            return op.Pooling(x, pool_type=pool_type, global_pool=True, kernel=(1,) * (x.rank - 2))
        return getattr(op, reduce)(x, axis=tuple(range(2, x.rank)), keepdims=True)

    return translate


table.op("GlobalAveragePool", versions=(1, 22))(_global("avg", "mean"))
table.op("GlobalMaxPool", versions=(1, 22))(_global("max", "_np_max"))


@table.op("GlobalLpPool", versions=(1, 2, 22))
def global_lp_pool(op, x, *, p):
    axes = tuple(range(2, x.rank))
    return _norm(op, x, p, lambda y: op.sum(y, axis=axes, keepdims=True))
