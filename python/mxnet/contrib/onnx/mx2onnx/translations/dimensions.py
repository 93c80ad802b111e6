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
"""Sizes and axes as rows speak of them, dynamic ones included."""

from __future__ import annotations

import numpy as np


def sizes(op, x, axes):
    """int64 vector of the sizes of ``x`` along ``axes``: a constant where they are known."""
    dims = [op.dims(x)[a] for a in axes]
    if None not in dims:
        return op.constant(dims, np.int64)
    shape = op.Shape(x)
    return (
        shape
        if list(axes) == list(range(op.rank(x)))
        else op.Gather(shape, op.constant(list(axes), np.int64), axis=0)
    )


def transposed(op, x):
    """The last two axes the other way round."""
    return op.Transpose(x, perm=[*range(op.rank(x) - 2), op.rank(x) - 1, op.rank(x) - 2])
