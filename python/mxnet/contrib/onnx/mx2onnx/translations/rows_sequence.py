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
"""Rows: attention and sequences. Nothing here computes a shape in the file but a length that is not known."""

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .rows_nn import cast, softmax_over
from .rows_tensor import arange_like

table = TranslationTable()


def heads_of(op, x, heads, parts):
    """(T, N, heads * parts * d) as (T, N * heads, parts, d), and d; neither T nor N need be known."""
    size = op.dims(x)[2]
    if size is None:
        raise TranslationError("the last size of the projections must be known")
    size //= heads * parts
    return op.Reshape(x, shape=[0, -1, parts, size]), size


@table.op("_contrib_interleaved_matmul_selfatt_qk")
def selfatt_qk(op, queries_keys_values, *, heads):
    split, size = heads_of(op, queries_keys_values, heads, 3)
    query, key = (op.Gather(split, np.int64(i), axis=2) for i in (0, 1))
    return op.MatMul(
        op.Mul(op.Transpose(query, perm=[1, 0, 2]), 1 / math.sqrt(size)),
        op.Transpose(key, perm=[1, 2, 0]),
    )


@table.op("_contrib_interleaved_matmul_selfatt_valatt")
def selfatt_valatt(op, queries_keys_values, attention, *, heads):
    split, size = heads_of(op, queries_keys_values, heads, 3)
    value = op.Transpose(op.Gather(split, np.int64(2), axis=2), perm=[1, 0, 2])
    return op.Reshape(
        op.Transpose(op.MatMul(attention, value), perm=[1, 0, 2]), shape=[0, -1, heads * size]
    )


def within(op, data, length, axis):
    """Bool, broadcast against ``data``: position along ``axis`` < ``length``, which has one entry a sequence."""
    positions = cast(op, arange_like(op, data, start=0, step=1, axis=axis), op.dtype(length))
    after = op.rank(data) - 1 - axis
    return op.Less(op.Reshape(positions, shape=[-1, *[1] * after]), length)


@table.op("SequenceMask")
def sequence_mask(op, data, sequence_length=None, *, use_sequence_length, value, axis):
    """data is (T, N, ...) or, with axis=1, (N, T, ...)."""
    if not use_sequence_length:
        return data
    rank = op.rank(data)
    length = op.Reshape(
        sequence_length, shape=[-1, *[1] * (rank - 2)] if axis == 0 else [-1, *[1] * (rank - 1)]
    )
    return op.Where(within(op, data, length, axis), data, value)


@table.op("softmax", limits="a length needs axis=-1")
def softmax(op, data, length=None, *, axis, temperature, use_length, dtype):
    scaled = data if temperature in (None, 1.0) else op.Div(data, temperature)
    if not use_length:
        result = softmax_over(op, scaled, axis)
    else:
        axis = op.axis(data, axis)
        if axis != op.rank(data) - 1:
            raise TranslationError("softmax with a length is covered along the last axis only")
        inside = within(op, data, op.Unsqueeze(length, axes=[axis]), axis)
        result = op.Where(inside, softmax_over(op, op.Where(inside, scaled, -np.inf), axis), 0.0)
    return cast(op, result, dtype) if dtype else result


@table.op("zeros_like")
def zeros_like(op, data):
    return op.Expand(op.constant(0, op.dtype(data)), op.Shape(data))


@table.op("ones_like")
def ones_like(op, data):
    return op.Expand(op.constant(1, op.dtype(data)), op.Shape(data))


@table.op("broadcast_axis")
def broadcast_axis(op, data, *, axis, size):
    shape = [1] * op.rank(data)
    for a, n in zip(axis, size):
        shape[a] = n
    return op.Expand(data, op.constant(shape, np.int64))


@table.op("_contrib_AdaptiveAvgPooling2D", limits="output_size 1 only")
def adaptive_avg_pooling(op, data, *, output_size):
    if tuple(output_size or (1,)) not in ((1,), (1, 1)):
        raise TranslationError("AdaptiveAvgPooling2D to more than one cell is not covered")
    return op.GlobalAveragePool(data)
