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
"""Sequences of different lengths in one tensor: (T, N, ...), or (N, T, ...) with axis=1."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast, operands
from .dimensions import TO_THE_END, positions, within

table = TranslationTable()


@table.op("SequenceMask")
def sequence_mask(op, data, sequence_length=None, *, use_sequence_length, value, axis):
    if not use_sequence_length:
        return data
    length, rank = cast(op, sequence_length, np.int64), op.rank(data)
    if rank - 2 + axis:
        length = op.Unsqueeze(length, axes=range(1, rank - 1 + axis))
    inside = within(op, data, length, axis)
    return op.Where(inside, *operands(op, data, value))


@table.op("SequenceLast")
def sequence_last(op, data, sequence_length=None, *, use_sequence_length, axis):
    if not use_sequence_length:
        return op.Gather(data, np.int64(-1), axis=axis)
    last = op.Sub(cast(op, sequence_length, np.int64), np.int64(1))
    places = [last, positions(op, data, 1 - axis)]
    if axis == 1:
        places.reverse()
    index = op.Concat(*(op.Unsqueeze(p, axes=[1]) for p in places), axis=1)
    return op.GatherND(data, index)


@table.op("SequenceReverse")
def sequence_reverse(op, data, sequence_length=None, *, use_sequence_length, axis):
    if axis != 0:
        raise TranslationError(f"axis={axis} is none that MXNet reverses; it has 0")
    if not use_sequence_length:
        return op.Slice(data, starts=[-1], ends=[-TO_THE_END], axes=[0], steps=[-1])
    return op.ReverseSequence(data, cast(op, sequence_length, np.int64), batch_axis=1, time_axis=0)
