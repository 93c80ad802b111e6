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
"""What a row sees: ``op.<MXNet operator>(...)``, and shapes said so that they stay dynamic."""

from __future__ import annotations

import numpy as np

from ..errors import DynamicSizeError, InferenceError, TranslationError
from .values import Dim, Known, Tensor, at, join, product


class Context:
    """Emits MXNet operators for one graph, through a builder.

    A row may compute with sizes as with ints. Where MXNet wants a number and the size varies,
    a DynamicSizeError says so; ``reshape``, ``expand``, ``full``, ``arange`` and ``cut`` below
    say varying sizes by reshape codes and by operators that copy a size from another tensor.
    """

    def __init__(self, builder):
        self.builder, self.scope, self.num_outputs = builder, "", 1
        self._count, self._holders, self._tensors = 0, {}, {}

    def __getattr__(self, op_name):
        if op_name.startswith("__"):
            raise AttributeError(op_name)

        def emit(*inputs, **attrs):
            tensors = [self.tensor(i) for i in inputs if i is not None]
            for key, value in attrs.items():
                if value is not None and _varies(value):
                    raise DynamicSizeError(f"{op_name} needs a fixed {key}, which here is {value}")
            self._count += 1
            outputs = self.builder.apply(op_name, tensors, attrs, f"{self.scope}_{self._count}")
            if all(t.rank == 0 for t in tensors):  # rank 0 is carried as (1,)
                outputs = [self.as_scalar(o) if o.shape == (1,) else o for o in outputs]
            for output in outputs:
                self.hold(output)
            return outputs[0] if len(outputs) == 1 else tuple(outputs)

        return emit

    # -- values ----------------------------------------------------------------------------

    def tensor(self, value) -> Tensor:
        """``value`` as a run-time tensor."""
        if not isinstance(value, Known):
            return value
        if value not in self._tensors:
            self._tensors[value] = self._materialise(value)
        return self._tensors[value]

    def _materialise(self, known):
        if not known.varies:
            return self.builder.parameter(known.name, known.arrays[0])
        fills = {
            a.flat[0].item() if a.size and (a == a.flat[0]).all() else None for a in known.arrays
        }
        if len(fills) == 1 and fills != {None} and all(a.size for a in known.arrays):
            return self.full(known.shape, fills.pop(), known.at(0).dtype)
        return known.emit()

    def constant(self, array, name=None) -> Tensor:
        array = np.asarray(array)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._tensors:
            self._count += 1
            self._tensors[key] = self.builder.parameter(
                name or f"{self.scope}_const{self._count}", array
            )
        return self._tensors[key]

    def value(self, tensor) -> np.ndarray:
        """The array itself: a constant's, or in an eager run anything's."""
        array = tensor.value if tensor.value is not None else self.builder.read(tensor)
        return (
            self.fail("an input must be known when the model is imported")
            if array is None
            else array
        )

    def auxiliary(self, tensor) -> Tensor:
        """A parameter of its own: MXNet allows no array to be argument and auxiliary state."""
        self._count += 1
        return self.builder.parameter(f"{self.scope}_aux{self._count}", self.value(tensor))

    @staticmethod
    def as_scalar(tensor) -> Tensor:
        return Tensor(tensor.handle, (), tensor.dtype, tensor.value)

    def hold(self, tensor):
        """Remember ``tensor`` as a place to copy its varying sizes from."""
        for axis, size in enumerate(tensor.shape):
            if isinstance(size, Dim):
                self._holders.setdefault(size, (tensor, axis))

    def holder(self, size):
        if size not in self._holders:
            raise DynamicSizeError(f"no tensor has an axis of the varying size {size}")
        return self._holders[size]

    def fail(self, reason):
        raise TranslationError(reason)

    # -- shapes ----------------------------------------------------------------------------

    def reshape(self, x, shape) -> Tensor:
        shape = tuple(shape)
        source, target = x.carried, shape or (1,)
        if product(source) != product(target):
            raise InferenceError(f"cannot reshape {source} to {target}")
        if source != target:
            x = self._reshaped(x, source, target)
        return self.as_scalar(x) if shape == () else x

    def _reshaped(self, x, source, target):
        for codes, reverse in _reshape_codes(source, target):
            try:
                fits = self.builder.infer(
                    "_npx_reshape", [x], dict(newshape=codes, reverse=reverse)
                )
            except (InferenceError, DynamicSizeError):
                continue
            if fits[0] == target:
                return self._npx_reshape(x, newshape=codes, reverse=reverse)
        pieces, begin = _segments(source, target), 0
        for old, new in pieces:  # copy the sizes from a tensor that has them
            if old != new:
                x = self.reshape_like(
                    x,
                    self.full(new, 0, np.float32),
                    lhs_begin=begin,
                    lhs_end=begin + len(old),
                    rhs_begin=0,
                    rhs_end=len(new),
                )
            begin += len(new)
        return x

    def expand(self, x, shape) -> Tensor:
        """``x`` broadcast to ``shape``, which has at least its rank."""
        x = self.reshape(x, (1,) * (len(shape) - x.rank) + x.shape)
        grow = [i for i, (a, b) in enumerate(zip(x.shape, shape)) if a == 1 and b != 1]
        fixed = [i for i in grow if not isinstance(shape[i], Dim)]
        if fixed:
            x = self.broadcast_axis(x, axis=tuple(fixed), size=tuple(shape[i] for i in fixed))
        for i in grow:
            if isinstance(shape[i], Dim):
                other, axis = self.holder(shape[i])
                x = self.broadcast_like(x, other, lhs_axes=(i,), rhs_axes=(axis,))
        return x

    def full(self, shape, value, dtype) -> Tensor:
        if not _varies(shape):
            return self.constant(np.full(shape, value, dtype))
        return self.expand(self.constant(np.full((1,) * len(shape), value, dtype)), shape)

    def arange(self, start, limit, delta, dtype) -> Tensor:
        count = join(
            max(0, -(-(at(limit, k) - at(start, k)) // at(delta, k)))
            for k in range(self.builder.samples)
        )
        if not _varies((start, count, delta)):
            return self.constant(np.asarray(start + np.arange(count) * delta, dtype))
        other, axis = self.holder(count)
        steps = self._contrib_arange_like(other, axis=axis, start=start, step=delta)
        return self.Cast(steps, dtype=np.dtype(dtype).name)

    def cut(self, x, axis, begin, end, step=1) -> Tensor:
        """``x[begin:end:step]`` along one axis, with Python's meaning of the three."""
        size = x.shape[axis]
        bounds = [
            slice(at(begin, k), at(end, k), step).indices(at(size, k))[:2]
            for k in range(self.builder.samples)
        ]
        first, last = (join(column) for column in zip(*bounds))
        if (
            step == 1
            and first == 0
            and isinstance(last, Dim)
            and last != size
            and last in self._holders
        ):
            other, holder_axis = self.holder(last)
            if holder_axis == axis:
                return self.slice_like(x, other, axes=(axis,))
        spellings = [(first, last)]  # as MXNet may be told; inference judges
        if isinstance(size, Dim):  # a constant bound keeps its own clamping
            spellings = [(begin, end), (_from_an_end(first, size), _from_an_end(last, size))]
        for low, high in spellings:
            low = None if low == (0 if step > 0 else size - 1) or step < 0 and _beyond(low) else low
            high = None if high == size or _beyond(high) or step < 0 and high == -1 else high
            attrs = {
                key: tuple(value if i == axis else fill for i in range(x.rank))
                for key, value, fill in (
                    ("begin", low, None),
                    ("end", high, None),
                    ("step", step, 1),
                )
            }
            if not _varies((low, high)) and self._yields("slice", x, attrs, axis, bounds, step):
                return self.slice(x, **attrs)
        raise DynamicSizeError(
            f"cannot say [{first}:{last}:{step}] of an axis of the varying size {size}"
        )

    def _yields(self, op_name, x, attrs, axis, bounds, step):
        wanted = join(len(range(*pair, step)) for pair in bounds)
        try:
            return self.builder.infer(op_name, [x], attrs)[0][axis] == wanted
        except InferenceError:
            return False


def _beyond(position):
    return isinstance(position, int) and abs(position) >= 2**31 - 1


def _varies(value) -> bool:
    return isinstance(value, Dim) or isinstance(value, (list, tuple)) and any(map(_varies, value))


def _from_an_end(position, size):
    """An index that varies, counted from the other end if it is fixed there."""
    return position - size if isinstance(position, Dim) else position


def _segments(source, target):
    """Cut both shapes into runs of equal product: ``(2, 3, 4), (6, 4)`` into ``(2,3)->(6,), ...``."""
    pieces, i, j = [], 0, 0
    while i < len(source) or j < len(target):
        m, n = min(i + 1, len(source)), min(j + 1, len(target))
        while product(source[i:m]) != product(target[j:n]):
            behind = at(product(source[i:m]), 0) <= at(product(target[j:n]), 0)
            if behind and m < len(source) or n == len(target):
                m += 1
            else:
                n += 1
            if m > len(source) or n > len(target):
                return pieces + [(source[i:], target[j:])]
        if m == len(source):
            n = len(target)
        elif n == len(target):
            m = len(source)
        pieces.append((source[i:m], target[j:n]))
        i, j = m, n
    return pieces


def _reshape_codes(source, target):
    """Ways to spell ``target`` for _npx_reshape, likeliest first; the caller tries them."""
    if not _varies(target):
        yield target, False
        return
    for reverse in (False, True):
        old, new = (source[::-1], target[::-1]) if reverse else (source, target)
        codes = [
            -2
            if i < len(old) and isinstance(n, Dim) and old[i] == n
            else -1
            if isinstance(n, Dim)
            else n
            for i, n in enumerate(new)
        ]
        if codes.count(-1) <= 1:
            yield tuple(codes[::-1] if reverse else codes), reverse
    codes = []  # -2 keep one, -5 merge two, -6 split one in two
    for old, new in _segments(source, target):
        plain = [-1 if isinstance(n, Dim) else n for n in new]
        if len(old) == len(new) == 1:
            codes += [-2] if isinstance(new[0], Dim) else plain
        elif (len(old), len(new)) == (2, 1):
            codes += [-5]
        elif (len(old), len(new)) == (1, 2) and plain.count(-1) < 2:
            codes += [-6, *plain]
        else:
            codes += plain
    yield tuple(codes), False
