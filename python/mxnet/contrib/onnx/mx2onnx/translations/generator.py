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
"""Tensors made from nothing but a shape."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from .casting import cast
from .dimensions import sizes

table = TranslationTable()


@table.op("_contrib_arange_like", ignores=("ctx",), limits="repeat is not covered")
def arange_like(op, data, *, start, step, axis):
    dtype = op.dtype(data)
    axes = range(op.rank(data)) if axis is None else [op.axis(data, axis)]
    count = op.ReduceProd(sizes(op, data, axes), axes=[0], keepdims=0)
    if op.tensor(count):
        numbers = op.constant(start + step * np.arange(int(op.tensor(count).read())), dtype)
    else:
        stop = op.Add(op.Mul(cast(op, count, dtype), step), start)
        numbers = op.Range(op.constant(start, dtype), stop, op.constant(step, dtype))
    return numbers if axis is not None else op.Reshape(numbers, op.Shape(data))


def filling(number):
    def row(op, *, shape, dtype):
        """A size of 0 is one that MXNet infers from the reader (an RNN takes zeros as no state)."""
        return op.filled(shape, number, dtype)

    return row


table.op("_zeros", ignores=("ctx",))(filling(0))


table.op("_ones", ignores=("ctx",))(filling(1))


@table.op("zeros_like")
def zeros_like(op, data):
    return op.Expand(op.constant(0, op.dtype(data)), op.Shape(data))


@table.op("ones_like")
def ones_like(op, data):
    return op.Expand(op.constant(1, op.dtype(data)), op.Shape(data))
