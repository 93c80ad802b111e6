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
"""Reductions along axes, places of extremes, and running totals."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from ..values import Dim, product
from .axes import all_from_front, from_front, without_axes
from .elementwise import abs_, divide_integers
from .precision import computed_in, scalar

table = TranslationTable()

# Each of these keeps the reduced axes with size 1.


def _sum(op, x, axes):
    """The legacy operator: NumPy's spelling makes NaN of an infinity that a number follows."""
    if x.dtype == np.float16:  # its sums lose digits
        return computed_in(op, "float32", lambda y: _sum(op, y, axes), x)
    return op.sum(x, axis=axes, keepdims=True)


def _product(op, x, axes):
    return op._np_prod(x, axis=axes, keepdims=True)


def _largest(op, x, axes):
    return op._np_max(x, axis=axes, keepdims=True)


def _smallest(op, x, axes):
    return op._np_min(x, axis=axes, keepdims=True)


def _mean(op, x, axes):
    """Over all spatial axes by the pooling layer, which takes a tenth of the time."""
    if x.dtype.kind != "f":
        count = product(x.carried[a] for a in axes)
        return divide_integers(op, _sum(op, x, axes), scalar(op, count, x.dtype))
    if x.dtype == np.float16:
        return computed_in(op, "float32", lambda y: _mean(op, y, axes), x)
    if 3 <= x.rank <= 5 and axes == tuple(range(2, x.rank)):
        return op.Pooling(x, pool_type="avg", global_pool=True, kernel=(1,) * len(axes))
    return op.mean(x, axis=axes, keepdims=True)


def _sum_of_squares(op, x, axes):
    return _sum(op, op._npi_multiply(x, x), axes)


def _sum_of_sizes(op, x, axes):
    return _sum(op, abs_(op, x), axes)


def _root_of_squares(op, x, axes):
    return _float(op, x, lambda y: op._npi_sqrt(_sum_of_squares(op, y, axes)))


def _log_of_sum(op, x, axes):
    return _float(op, x, lambda y: op._npi_log(_sum(op, y, axes)))


def _log_of_sum_of_powers(op, x, axes):
    """Less its largest element, so that no power overflows; an infinite one is left in."""

    def reduce(y):
        top = _largest(op, y, axes)
        finite = op._npi_isfinite(top)
        top = op._npi_where(finite, top, scalar(op, 0, y.dtype))
        total = _sum(op, op._npi_exp(op._npi_subtract(y, top)), axes)
        return op._npi_add(op._npi_log(total), top)

    return _float(op, x, reduce)


def _float(op, x, function):
    """Roots and logarithms of integers are cut to integers, those of float16 are float32's."""
    if x.dtype.kind != "f":
        return computed_in(op, "float64", function, x)
    return computed_in(op, "float32", function, x) if x.dtype == np.float16 else function(x)


def _lowest(dtype):
    if dtype.kind == "b":
        return False
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _highest(dtype):
    if dtype.kind == "b":
        return True
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


#: Reduction, what is left of no elements at all, versions.
REDUCTIONS = {
    "ReduceL1": (_sum_of_sizes, 0, (1, 11, 13, 18)),
    "ReduceL2": (_root_of_squares, 0, (1, 11, 13, 18)),
    "ReduceLogSum": (_log_of_sum, -np.inf, (1, 11, 13, 18, 28)),
    "ReduceLogSumExp": (_log_of_sum_of_powers, -np.inf, (1, 11, 13, 18, 28)),
    "ReduceMax": (_largest, _lowest, (1, 11, 12, 13, 18, 20)),
    "ReduceMean": (_mean, np.nan, (1, 11, 13, 18)),
    "ReduceMin": (_smallest, _highest, (1, 11, 12, 13, 18, 20)),
    "ReduceProd": (_product, 1, (1, 11, 13, 18)),
    "ReduceSum": (_sum, 0, (1, 11, 13)),
    "ReduceSumSquare": (_sum_of_squares, 0, (1, 11, 13, 18)),
}


def _reduction(reduce, of_none):
    def translate(op, data, *, axes=None, keepdims, noop_with_empty_axes=0):
        if not axes and noop_with_empty_axes:
            return _over_no_axes(op, data, reduce)
        axes = tuple(all_from_front(op, axes or range(data.rank), data.rank))
        if product(data.shape[a] for a in axes) == 0 and data.rank:
            fill = of_none(data.dtype) if callable(of_none) else of_none
            fill = fill if data.dtype.kind == "f" or np.isfinite(fill) else 0
            kept = [1 if i in axes else n for i, n in enumerate(data.shape)]
            reduced = op.full(tuple(kept), fill, data.dtype)
        else:
            reduced = reduce(op, data, axes or (0,))  # rank 0 is carried as (1,)
        return reduced if keepdims else without_axes(op, reduced, axes)

    return translate


def _over_no_axes(op, data, reduce):
    """Nothing is joined, but what is done to each element stays: a reduction of a new axis."""
    if reduce in (_sum, _product, _largest, _smallest, _mean):
        return data
    if not data.rank:
        return reduce(op, data, (0,))
    spread = op.expand_dims(data, axis=data.rank)
    return op.squeeze(reduce(op, spread, (data.rank,)), axis=(data.rank,))


for _op_type, (_reduce, _of_none, _versions) in REDUCTIONS.items():
    table.op(_op_type, versions=_versions)(_reduction(_reduce, _of_none))


# -- places --------------------------------------------------------------------------------------


def _place(op_name):
    def translate(op, data, *, axis, keepdims, select_last_index=0):
        """The first of equals, or the last: then seen from behind."""
        axis = from_front(op, axis, data.rank)
        if data.dtype in (np.int8, np.uint8):  # MXNet counts in the data's own type
            data = op.Cast(data, dtype="int32")
        if not data.rank:
            return op.full((), 0, np.int64)
        data = op.reverse(data, axis=axis) if select_last_index else data
        place = getattr(op, op_name)(data, axis=axis, keepdims=True)
        if select_last_index:
            place = op._npi_subtract(scalar(op, data.shape[axis] - 1, np.int64), place)
        return place if keepdims else without_axes(op, place, [axis])

    return translate


table.op("ArgMax", versions=(1, 11, 12, 13))(_place("_npi_argmax"))
table.op("ArgMin", versions=(1, 11, 12, 13))(_place("_npi_argmin"))


# -- running totals ------------------------------------------------------------------------------


@table.op("CumSum", versions=(11, 14))
def cum_sum(op, x, *, axis, exclusive, reverse):
    axis = axis[0] if isinstance(axis, list) else axis
    axis = from_front(op, axis, x.rank)
    x = op.reverse(x, axis=axis) if reverse else x
    if exclusive:
        none = op.full(tuple(1 if i == axis else n for i, n in enumerate(x.shape)), 0, x.dtype)
        if x.shape[axis] == 1:
            return none
        x = op._npi_concatenate(none, op.cut(x, axis, 0, -1), axis=axis, num_args=2)
    total = op._np_cumsum(x, axis=axis)
    return op.reverse(total, axis=axis) if reverse else total


@table.op("CumProd", versions=(26,), limits="a fixed size along the axis")
def cum_prod(op, x, *, axis, exclusive, reverse):
    """Products of 1, 2, 4, ... neighbours, each of two before: MXNet has no running product."""
    axis = axis[0] if isinstance(axis, list) else axis
    axis = from_front(op, axis, x.rank)
    size = x.shape[axis]
    if isinstance(size, Dim):
        op.fail(f"running products along the varying size {size}: give it by input_shapes")
    x = op.reverse(x, axis=axis) if reverse else x

    def shifted(y, by):
        ones = op.full(tuple(by if i == axis else n for i, n in enumerate(x.shape)), 1, x.dtype)
        if by >= size:
            return ones
        return op._npi_concatenate(ones, op.cut(y, axis, 0, size - by), axis=axis, num_args=2)

    y, reach = shifted(x, 1) if exclusive else x, 1
    while reach < size:
        y, reach = op._npi_multiply(y, shifted(y, reach)), 2 * reach
    return op.reverse(y, axis=axis) if reverse else y
