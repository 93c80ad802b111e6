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
"""Arrays joined, and taken apart."""

from __future__ import annotations

import numpy as np

from .table import FoldingTable

table = FoldingTable()


@table.op("Concat", versions=(4, 11, 13))
def concat(*inputs, axis):
    return np.concatenate(inputs, axis)


@table.op("Concat", versions=(1,))
def concat_1(*inputs, axis=1):
    return np.concatenate(inputs, axis)


@table.op("Split", versions=(2, 11, 13, 18), counts=True)
def split(input, *, split=None, axis, num_outputs=None, count=1):
    """Without lengths, the parts are of one length but the last, which may be shorter."""
    if split is None:
        split = _equal_parts(input.shape[axis], num_outputs or count, num_outputs is not None)
    if sum(split) != input.shape[axis] or min(split) < 0 or len(split) != count:
        raise ValueError(f"{count} parts of {split} out of {input.shape[axis]}")
    return tuple(np.split(input, np.cumsum(split)[:-1], axis))


def _equal_parts(length, count, uneven):
    if length % count and not uneven:
        raise ValueError(f"{count} equal parts out of {length}")
    part = -(-length // count)
    return [max(0, min(part, length - part * i)) for i in range(count)]
