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
"""Sequences."""

from __future__ import annotations

from ...translation import TranslationTable
from .activation import within

table = TranslationTable()


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
