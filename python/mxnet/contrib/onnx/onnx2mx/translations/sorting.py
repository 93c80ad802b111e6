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
"""Sorting."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from .axes import emptiness, from_front
from .precision import cast, scalar

table = TranslationTable()


@table.op("TopK", versions=(1, 10, 11, 24), ignores=("sorted",))
def top_k(op, x, *, k, axis, largest=1):
    """Of equal elements the one with the lower index is first; MXNet's topk leaves that open.

    So it sorts numbers that are never equal: the rank of an element among the distinct values,
    above the index counted from the end.
    """
    k = int(k[0] if isinstance(k, list) else k)
    axis = from_front(op, axis, x.rank)
    if k < 0 or k > x.shape[axis]:
        op.fail(f"k={k} of an axis of size {x.shape[axis]}")
    shape = tuple(k if i == axis else n for i, n in enumerate(x.shape))
    none = emptiness(op, shape, x.dtype)
    if none is not None:
        return none, op.fixed(np.zeros(shape, np.int64))
    last = x.rank - 1
    x = x if axis == last else op.swapaxes(x, dim1=axis, dim2=last)
    places = op.arange(0, x.shape[last], 1, np.int64)
    ranks = _distinct_ranks(op, x)
    ranks = ranks if largest else op._npi_negative(ranks)
    keys = op._npi_multiply(ranks, scalar(op, 2**31, np.int64))
    keys = op._npi_subtract(keys, places)
    indices = op.topk(keys, axis=last, k=k, ret_typ="indices", dtype="int64")
    values = op.gather_nd(x, _places_along_last(op, indices))
    if axis == last:
        return values, indices
    return tuple(op.swapaxes(t, dim1=axis, dim2=last) for t in (values, indices))


def _distinct_ranks(op, x):
    """int64: how many smaller values there are along the last axis, equal ones counted once."""
    if x.dtype == np.float16:  # MXNet sorts none
        return _sorted_ranks(op, op.Cast(x, dtype="float32"))
    if x.dtype.kind == "f" or x.dtype == np.int64:
        return _sorted_ranks(op, x)
    return cast(op, x, "int64")  # the value itself, which 32 bits hold


def _sorted_ranks(op, x):
    last = x.rank - 1
    if x.shape[last] == 1:
        return op.full(x.shape, 0, np.int64)
    order = op.argsort(x, axis=last, dtype="int64")
    ordered = op.gather_nd(x, _places_along_last(op, order))
    steps = op._npi_not_equal(op.cut(ordered, last, 1, None), op.cut(ordered, last, 0, -1))
    first = op.full((*x.shape[:-1], 1), 0, np.int64)
    steps = op.Concat(first, op.Cast(steps, dtype="int64"), dim=last, num_args=2)
    ranks = op._np_cumsum(steps, axis=last)
    back = op.argsort(order, axis=last, dtype="int64")
    return op.gather_nd(ranks, _places_along_last(op, back))


def _places_along_last(op, indices):
    """For gather_nd: ``indices`` along the last axis, each element's own place along the others."""
    places = []
    for axis, size in enumerate(indices.shape[:-1]):
        own = op.reshape(
            op.arange(0, size, 1, np.int64),
            tuple(size if i == axis else 1 for i in range(indices.rank)),
        )
        places.append(op.expand(own, indices.shape))
    return op._npi_stack(*places, indices, axis=0, num_args=indices.rank)
