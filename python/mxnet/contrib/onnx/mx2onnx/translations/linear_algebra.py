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
"""Matrix products."""

from __future__ import annotations

from ...errors import TranslationError
from ...translation import TranslationTable
from .dimensions import sizes, transposed

table = TranslationTable()


@table.op("FullyConnected", ignores=("num_hidden", "no_bias"))
def fully_connected(op, data, weight, bias=None, *, flatten):
    rank = op.rank(data)
    if flatten or rank == 2:
        return op.Gemm(data if rank == 2 else op.Flatten(data), weight, bias, transB=1)
    product = op.MatMul(data, transposed(op, weight))
    return product if bias is None else op.Add(product, bias)


@table.op("batch_dot", ignores=("forward_stype",))
def batch_dot(op, lhs, rhs, *, transpose_a, transpose_b):
    return op.MatMul(
        transposed(op, lhs) if transpose_a else lhs, transposed(op, rhs) if transpose_b else rhs
    )


@table.op(
    "dot", ignores=("forward_stype",), limits="transposed operands of rank above 2 are not covered"
)
def dot(op, lhs, rhs, *, transpose_a, transpose_b):
    ranks = op.rank(lhs), op.rank(rhs)
    if (transpose_a and ranks[0] > 2) or (transpose_b and ranks[1] > 2):
        raise TranslationError("dot: transposed operands of rank above 2 are not covered")
    lhs = transposed(op, lhs) if transpose_a and ranks[0] == 2 else lhs
    rhs = transposed(op, rhs) if transpose_b and ranks[1] == 2 else rhs
    if ranks[1] <= 2:
        product = op.MatMul(lhs, rhs)
        return op.Reshape(product, shape=[1]) if ranks == (1, 1) else product  # no rank 0 in MXNet
    flat = op.MatMul(lhs, op.Reshape(rhs, shape=[0, -1]))
    ahead, behind = sizes(op, lhs, range(ranks[0] - 1)), sizes(op, rhs, range(1, ranks[1]))
    return op.Reshape(flat, op.Concat(ahead, behind, axis=0))
