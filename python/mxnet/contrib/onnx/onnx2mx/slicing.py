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
"""Slices of axes whose sizes may vary, by the operator of MXNet that can say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict

import numpy as np

from ..errors import DynamicSizeError, InferenceError
from .values import Dim, Size, Tensor, at, join, product, varies

if TYPE_CHECKING:
    from .context import Context

#: Most axes of what MXNet's slice takes.
MOST_SLICED_AXES = 5


def cut(op: Context, x: Tensor, axis: int, begin: Any, end: Any, step: int = 1) -> Tensor:
    """``x[begin:end:step]`` along one axis, as Python means it; sizes may vary."""
    size = x.shape[axis]
    bounds = [
        slice(at(begin, k), at(end, k), step).indices(at(size, k))[:2]
        for k in range(op.builder.samples)
    ]
    first, last = (join(column) for column in zip(*bounds))
    from_first = begin is None or (not isinstance(begin, Dim) and begin == 0)
    if from_first and step == 1 and (end is None or end == size or (_beyond(end) and end > 0)):
        return x
    wanted = join(len(range(*pair, step)) for pair in bounds)
    if wanted == 0 or x.is_empty:
        return op.nothing((*x.shape[:axis], wanted, *x.shape[axis + 1 :]), x.dtype)
    if x.rank > MOST_SLICED_AXES:
        before, behind = x.shape[:axis], x.shape[axis + 1 :]
        sides = [(product(sizes),) if sizes else () for sizes in (before, behind)]
        x = op.reshape(x, (*sides[0], size, *sides[1]))
        x = cut(op, x, len(sides[0]), begin, end, step)
        return op.reshape(x, (*before, wanted, *behind))
    if from_first and step == 1 and end == last and last in op.holders:
        return _cut_like(op, x, axis, last)
    if x.origin.laid_out and step == 1 and not varies((size, first, last)):
        return op.slice_axis(x, axis=axis, begin=first, end=last)
    spellings = [(first, last)]  # as MXNet may be told; inference judges
    if isinstance(size, Dim):  # a constant bound keeps its own clamping
        spellings = [(begin, end), (_from_an_end(first, size), _from_an_end(last, size))]
    for low, high in spellings:
        if isinstance(size, Dim) and step == 1 and isinstance(low, int) and low < -1:
            return _cut_from_the_end(op, x, axis, low, high)
        attrs = _slice_attributes(x.rank, axis, low, high, step, size)
        if not varies(tuple(attrs.values())) and _yields(op, x, attrs, axis, wanted):
            return op.slice(x, **attrs)
    raise DynamicSizeError(
        f"cannot say [{first}:{last}:{step}] of an axis of the varying size {size}"
    )


def _cut_from_the_end(op: Context, x: Tensor, axis: int, low: int, high: Any) -> Tensor:
    """``x[low:high]`` with ``low`` counted from the end, which may be before the beginning.

    MXNet's slice then reads from before the tensor; counted from the beginning it clamps.
    """
    size: Any = x.shape[axis]
    if high is None or _beyond(high) or high == size:
        high = 0
    if not isinstance(high, int) or (high > 0 and not size <= high):
        raise DynamicSizeError(f"cannot say [{low}:{high}] of an axis of the varying size {size}")
    if x.dtype == bool:
        part = _cut_from_the_end(op, op.Cast(x, dtype="uint8"), axis, low, high)
        return op.Cast(part, dtype="bool")
    back = cut(op, op.reverse(x, axis=(axis,)), axis, max(0, -high), -low)
    return op.reverse(back, axis=(axis,))


def _cut_like(op: Context, x: Tensor, axis: int, size: Dim) -> Tensor:
    """The first ``size`` of one axis, as many as another tensor has."""
    if x.dtype == bool:
        part = _cut_like(op, op.Cast(x, dtype="uint8"), axis, size)
        return op.Cast(part, dtype="bool")
    for other, other_axis in op.holders[size]:
        if other_axis == axis:
            return op.slice_like(x, other, axes=(axis,))
    shape = tuple(size if i == axis else 1 for i in range(x.rank))
    return op.slice_like(x, op.full(shape, 0, np.float32), axes=(axis,))


def _yields(op: Context, x: Tensor, attrs: Dict[str, Any], axis: int, wanted: Size) -> bool:
    try:
        return bool(op.builder.infer("slice", [x], attrs)[0][axis] == wanted)
    except InferenceError:
        return False


def _slice_attributes(
    rank: int, axis: int, low: Any, high: Any, step: int, size: Any
) -> Dict[str, Any]:
    """Attributes of MXNet's ``slice``, which wants None where a bound is the end itself."""
    back = step < 0
    if low == (size - 1 if back else 0) or (back and _beyond(low)):
        low = None
    if high == size or _beyond(high) or (back and high == -1):
        high = None
    return {
        key: tuple(value if i == axis else other for i in range(rank))
        for key, value, other in (("begin", low, None), ("end", high, None), ("step", step, 1))
    }


def _beyond(position: Any) -> bool:
    return isinstance(position, int) and abs(position) >= 2**31 - 1


def _from_an_end(position: Any, size: Any) -> Any:
    """An index that varies, counted from the other end if it is fixed there."""
    return position - size if isinstance(position, Dim) and position != size else position
