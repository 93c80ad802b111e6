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

from .table import FoldingTable, NotFolded

table = FoldingTable()


@table.op("Concat", versions=(4, 11, 13))
def concat(*inputs, axis):
    return np.concatenate(inputs, axis)


@table.op("Concat", versions=(1,))
def concat_1(*inputs, axis=1):
    return np.concatenate(inputs, axis)


@table.op("Split", versions=(2, 11, 13, 18))
def split(input, *, split=None, axis, num_outputs=None):
    """Without lengths and number, the number is that of the node's outputs."""
    if split is None and num_outputs is None:
        raise NotFolded("parts of which only the node knows how many they are")
    length = input.shape[axis]
    if split is None:
        part = -(-length // num_outputs)
        split = [part] * (num_outputs - 1)
        split.append(length - sum(split))
    if sum(split) != length:
        raise ValueError(f"parts of {split} out of {length}")
    return np.split(input, np.cumsum(split)[:-1], axis)
