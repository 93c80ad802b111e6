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
"""Values of tensors between their elements, at places that are known at run time only."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Optional

import numpy as np

from ..values import Dim, product
from .comparison import where
from .precision import cast, scalar

#: Coefficient of cubic convolution.
CUBIC = -0.75


@dataclasses.dataclass(frozen=True)
class Taps:
    """Elements along one axis that make up values, and their shares.

    Attributes
    ----------
    index : Tensor, shape (taps, batch, places)
        Whole numbers in a floating type, which may lie beyond the axis.
    share : Tensor or None
        Of the same shape; None where one element is all.
    inside : Tensor or None
        Of the same shape, bool: false counts as zero; None where all elements count.
    """

    index: Any
    share: Optional[Any] = None
    inside: Optional[Any] = None


def extent(op, x, axis, dtype):
    """The size of one axis as a number to compute with at run time."""
    size = x.shape[axis]
    if isinstance(size, Dim):
        return cast(op, op.cut(op.shape_array(x), 0, axis, axis + 1), dtype)
    return scalar(op, size, dtype)


def number(op, value, like):
    """A constant of the element type of ``like``."""
    return scalar(op, value, like.dtype)


def _rows(op, *tensors):
    return op._npi_stack(*tensors, axis=0, num_args=len(tensors))


def nearest(op, place):
    """Halves go to the even neighbour."""
    return Taps(op.expand_dims(op._npi_around(place), axis=0))


def linear(op, place):
    low = op.floor(place)
    part = op._npi_subtract(place, low)
    rest = op._npi_subtract(number(op, 1, place), part)
    return Taps(_rows(op, low, op._npi_add(low, number(op, 1, place))), _rows(op, rest, part))


def cubic(op, place, a=CUBIC):
    """Keys' convolution over the four elements around the place."""
    low = op.floor(place)
    part = op._npi_subtract(place, low)
    rest = op._npi_subtract(number(op, 1, place), part)

    def polynomial(t, *coefficients):
        value = number(op, coefficients[0], place)
        for c in coefficients[1:]:
            value = op._npi_add(op._npi_multiply(value, t), number(op, c, place))
        return value

    def near(t):
        return polynomial(t, a + 2, -(a + 3), 0, 1)

    def far(t):
        return polynomial(op._npi_add(t, number(op, 1, place)), a, -5 * a, 8 * a, -4 * a)

    index = [op._npi_add(low, number(op, offset, place)) for offset in (-1, 0, 1, 2)]
    return Taps(_rows(op, *index), _rows(op, far(part), near(part), near(rest), far(rest)))


def is_inside(op, place, low, high):
    """Whether places lie in the closed interval."""
    return op._npi_multiply(op._npi_greater_equal(place, low), op._npi_less_equal(place, high))


def clamped(op, place, low, high):
    return op._npi_minimum(op._npi_maximum(place, low), high)


def reflected(op, place, low, high):
    """Places beyond an end thrown back by it, as often as it takes."""
    span = op._npi_maximum(op._npi_subtract(high, low), number(op, 1, place))
    distance = op._npi_absolute(op._npi_subtract(place, low))
    times = op.floor(op._npi_true_divide(distance, span))
    rest = op._npi_subtract(distance, op._npi_multiply(times, span))
    half = op.floor(op._npi_multiply(times, number(op, 0.5, place)))
    odd = op._npi_subtract(times, op._npi_add(half, half))
    back = op._npi_subtract(span, op._npi_add(rest, rest))
    mirrored = op._npi_add(low, op._npi_add(rest, op._npi_multiply(odd, back)))
    return where(op, is_inside(op, place, low, high), place, mirrored)


def gathered(op, x, indices, batch=None):
    """Elements of ``x`` at whole places, each brought inside its axis.

    Parameters
    ----------
    x : Tensor, shape (N, C, D1, ..., Dr)
    indices : list of Tensor, shape (taps, N, P)
        One for each of the r axes, in floating types.
    batch : Tensor, shape (N', ), optional
        Whose elements of the first axis of ``x`` are taken; each its own by default. Then N' stands
        for N in all else.

    Returns
    -------
    Tensor, shape (taps of the first axis, ..., taps of the last axis, N, P, C)
    """
    space = len(indices)
    n, c, size = x.shape[0], x.shape[1], product(x.shape[2:])
    rows = op.transpose(op.reshape(x, (n, c, size)), axes=(0, 2, 1))
    rows = op.reshape(rows, (n * size, c))
    sizes = [extent(op, x, axis, np.int64) for axis in range(2, x.rank)]
    batch = op.arange(0, n, 1, np.int64) if batch is None else cast(op, batch, "int64")
    place = op.reshape(batch, (batch.shape[0], 1))
    for i, (index, count) in enumerate(zip(indices, sizes)):
        last = op._npi_subtract(count, scalar(op, 1, np.int64))
        index = clamped(op, cast(op, index, "int64"), scalar(op, 0, np.int64), last)
        index = op.reshape(index, (*_alone(index.shape[0], i, space), *index.shape[1:]))
        place = op._npi_add(op._npi_multiply(place, count), index)
    return op.take(rows, place, axis=0, mode="clip")


def _alone(size, axis, rank):
    return tuple(size if i == axis else 1 for i in range(rank))


def interpolated(op, x, taps, batch=None, join=None):
    """Sums of the elements at the taps, by their shares.

    Parameters
    ----------
    x : Tensor, shape (N, C, D1, ..., Dr)
    taps : list of Taps
        One for each of the r axes.
    batch : Tensor, optional
        As of :func:`gathered`.
    join : callable, optional
        MXNet's reduction that is taken in place of the sum.

    Returns
    -------
    Tensor, shape (N, C, P)
    """
    space = len(taps)
    values = gathered(op, x, [t.index for t in taps], batch)

    def together(tensors):
        found = [
            op.reshape(t, (*_alone(t.shape[0], i, space), *t.shape[1:], 1))
            for i, t in enumerate(tensors)
            if t is not None
        ]
        return functools.reduce(op._npi_multiply, found) if found else None

    inside, share = together([t.inside for t in taps]), together([t.share for t in taps])
    if inside is not None:
        values = where(op, inside, values, number(op, 0, values))
    if share is None:
        values = op.squeeze(values, axis=tuple(range(space)))
    else:
        values = op._npi_multiply(values, cast(op, share, values.dtype))
        values = (join or op.sum)(values, axis=tuple(range(space)))
    return op.transpose(values, axes=(0, 2, 1))


def within(op, taps, size):
    """Taps beyond an axis of ``size`` (a tensor) count as zero."""
    zero, one = number(op, 0, taps.index), number(op, 1, taps.index)
    inside = is_inside(op, taps.index, zero, op._npi_subtract(size, one))
    return dataclasses.replace(taps, inside=inside)
