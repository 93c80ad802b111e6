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
"""Attention."""

from __future__ import annotations

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable

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
