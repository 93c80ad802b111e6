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
"""Reductions along axes, cumulative ones included."""

from __future__ import annotations

import numpy as np

from .table import FoldingTable

table = FoldingTable()


def extremum(function, of_nothing):
    """``function``, that of no elements being the least or the largest value of the type."""

    def extreme(x, axis, keepdims):
        if x.dtype.kind in "iu":
            edge = getattr(np.iinfo(x.dtype), "min" if of_nothing < 0 else "max")
        else:
            edge = of_nothing > 0 if x.dtype == bool else x.dtype.type(of_nothing)
        return function(x, axis=axis, keepdims=keepdims, initial=edge)

    return extreme


REDUCTIONS = {
    "ReduceSum": (np.sum, (1, 11, 13)),
    "ReduceProd": (np.prod, (1, 11, 13, 18)),
    "ReduceMax": (extremum(np.max, -np.inf), (1, 11, 12, 13, 18, 20)),
    "ReduceMin": (extremum(np.min, np.inf), (1, 11, 12, 13, 18, 20)),
    "ReduceMean": (np.mean, (1, 11, 13, 18)),
}


def reduction(function):
    """Axes became an input over the years; without them all are reduced, or none if so asked."""

    def fold(data, *, axes=None, keepdims, noop_with_empty_axes=0):
        if not axes and noop_with_empty_axes:
            return data
        reduced = function(data, axis=tuple(axes) if axes else None, keepdims=bool(keepdims))
        if data.dtype.kind in "iu" and reduced.dtype.kind == "f":
            reduced = np.trunc(reduced)  # the mean of whole numbers is one
        return np.asarray(reduced).astype(data.dtype)

    return fold


for _op_type, (_function, _versions) in REDUCTIONS.items():
    table.op(_op_type, versions=_versions)(reduction(_function))


@table.op("CumSum", versions=(11, 14))
def cumsum(x, *, axis, exclusive, reverse):
    axis = axis if isinstance(axis, int) else axis[0]
    x = np.flip(x, axis) if reverse else x
    total = np.cumsum(x, axis, dtype=x.dtype)
    total = total - x if exclusive else total
    return np.flip(total, axis) if reverse else total
