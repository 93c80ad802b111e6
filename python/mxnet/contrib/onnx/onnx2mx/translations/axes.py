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
"""Axes of ONNX tensors, as rows count and drop them."""

from __future__ import annotations

import numpy as np


def from_front(op, axis, rank):
    """``axis`` counted from the front; out of range it is refused, MXNet would read elsewhere."""
    if not -max(rank, 1) <= axis < max(rank, 1):
        op.fail(f"axis {axis} is out of range for a tensor of rank {rank}")
    return axis % max(rank, 1)


def all_from_front(op, axes, rank):
    """Sorted axes counted from the front; none may be named twice."""
    found = sorted(from_front(op, axis, rank) for axis in axes)
    if len(set(found)) < len(found):
        op.fail(f"axes {list(axes)} name an axis twice")
    return found


def without_axes(op, x, axes):
    """``x`` less some axes of size 1, which are counted from the front."""
    if not axes:
        return x
    if len(axes) == x.rank:
        return op.reshape(x, ())
    return op.squeeze(x, axis=tuple(axes))


def along_axis(op, vector, axis, rank):
    """``vector`` laid along ``axis``, to broadcast with a tensor of rank ``rank``."""
    return op.reshape(vector, (1,) * axis + vector.shape + (1,) * (rank - 1 - axis))


def emptiness(op, shape, dtype):
    """What has no elements, where ``shape`` says so, else None: MXNet computes none."""
    return op.fixed(np.zeros(shape, dtype)) if 0 in shape else None
