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
"""Tensors made of nothing but a shape. Where they run is no matter of the file: ctx is ignored."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import carried, cast, known_dtype, number_as
from .dimensions import count, positions

table = TranslationTable()


def _filled(op, shape, number, dtype):
    """A size of 0 is one that MXNet infers from whoever reads it, but with NumPy's shapes."""
    if not shape and not op.numpy_shapes:
        raise TranslationError("a shape that MXNet infers as a whole is not covered; give it")
    dtype = known_dtype(dtype)
    return op.filled(shape, number_as(number, dtype), dtype)


@table.op("_zeros", ignores=("ctx",))
def zeros(op, *, shape, dtype):
    return _filled(op, shape, 0, dtype)


@table.op("_ones", ignores=("ctx",))
def ones(op, *, shape, dtype):
    return _filled(op, shape, 1, dtype)


@table.op("_full", ignores=("ctx",))
def full(op, *, shape, value, dtype):
    return _filled(op, shape, value, dtype)


@table.op("_eye", ignores=("ctx",))
def eye(op, *, N, M, k, dtype):
    """N rows, and M columns or as many."""
    return op.constant(np.eye(N, M or N, k, known_dtype(dtype)))


def _number(number, dtype):
    """A bound or step as MXNet reads it: whole where C++ does not know the dtype as signed."""
    return float(np.trunc(number)) if dtype in (np.float16, np.uint8) else number


@table.op("_arange", ignores=("ctx",))
def arange(op, *, start, stop, step, repeat, infer_range, dtype):
    """One bound alone is the end, as in NumPy; each number comes ``repeat`` times."""
    if infer_range:
        raise TranslationError("a range without an end, which MXNet infers, is not covered")
    if stop is None:
        start, stop = 0, start
    dtype = known_dtype(dtype)
    first, by = (number_as(_number(n, dtype), dtype) for n in (start, step))
    index = np.arange(int(np.ceil((stop - start) / step)), dtype=np.int64)
    return op.constant(np.repeat(first + index.astype(dtype) * by, repeat).astype(dtype))


@table.op("zeros_like")
def zeros_like(op, data):
    return op.filled_like(data, 0)


@table.op("ones_like")
def ones_like(op, data):
    return op.filled_like(data, 1)


@table.op("_contrib_arange_like", ignores=("ctx",))
def arange_like(op, data, *, start, step, repeat, axis):
    """As many numbers as the data has along ``axis``, or in the data's shape, and of its dtype."""
    if axis is not None:
        index = positions(op, data, op.axis(data, axis))
    else:
        total = count(op, data, range(op.rank(data)))
        index = op.Range(np.int64(0), total, np.int64(1))
    if repeat != 1:
        index = op.Div(index, np.int64(repeat))
    start, step = (_number(n, op.dtype(data)) for n in (start, step))
    numbers = cast(op, index, op.dtype(data))
    numbers = numbers if step == 1 else carried(op, "Mul", numbers, step)
    numbers = numbers if start == 0 else carried(op, "Add", numbers, start)
    return numbers if axis is not None else op.Reshape(numbers, op.Shape(data))


@table.op("_npi_identity", ignores=("ctx",))
def identity(op, *, shape, dtype):
    return op.constant(np.eye(*shape, dtype=known_dtype(dtype)))


@table.op("_npi_full_like", ignores=("ctx",))
def full_like(op, a, *, fill_value, dtype):
    dtype = op.dtype(a) if dtype is None else known_dtype(dtype)
    return op.Expand(op.constant(number_as(fill_value, dtype)), op.Shape(a))


@table.op("_linspace", ignores=("ctx",))
def linspace(op, *, start, stop, num, endpoint, dtype):
    numbers = np.linspace(start, stop, num, endpoint)
    return op.constant(_cut(numbers, known_dtype(dtype)))


@table.op("_npi_logspace", ignores=("ctx",))
def logspace(op, *, start, stop, num, endpoint, base, dtype):
    return op.constant(_cut(base ** np.linspace(start, stop, num, endpoint), known_dtype(dtype)))


def _cut(numbers, dtype):
    """As the dtype, integers towards zero."""
    return (np.trunc(numbers) if dtype.kind in "iu" else numbers).astype(dtype)


@table.op("_npi_indices", ignores=("ctx",))
def indices(op, *, dimensions, dtype):
    return op.constant(np.indices(dimensions).astype(known_dtype(dtype)))


def _window(function):
    def row(op, *, M, dtype):
        """Integers have the coefficients cut to 0, but for the window of one point."""
        dtype, window = known_dtype(dtype), function(int(M))
        return op.constant((window if dtype.kind == "f" or M == 1 else 0 * window).astype(dtype))

    return row


table.op("_npi_blackman", ignores=("ctx",))(_window(np.blackman))
table.op("_npi_hamming", ignores=("ctx",))(_window(np.hamming))
table.op("_npi_hanning", ignores=("ctx",))(_window(np.hanning))
