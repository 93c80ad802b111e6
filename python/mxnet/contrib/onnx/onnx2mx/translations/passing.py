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

"""Values as rows that hand them on need them: cut, stacked, chosen from, where they are sequences,
known at conversion time, or tensors."""

from __future__ import annotations

import dataclasses

import numpy as np

from ...dtypes import carrier, element_dtype
from ...errors import DynamicSizeError
from ..values import Known, Tensor
from .axes import from_front
from .joining import concat
from .precision import without_bool


def plain(value):
    """Whether an array stands for a value in all samples."""
    return isinstance(value, Known) and not value.varies


def number(op, value, name):
    """A number that decides what is done, or a size that varies.

    Raises
    ------
    DynamicSizeError
        If it is only known at run time.
    """
    if isinstance(value, Known):
        found = value.elements()
        while isinstance(found, list):
            if len(found) != 1:
                op.fail(f"{name} has {len(found)} elements, not one")
            found = found[0]
        return found
    array = op.known(value)
    if array is None:
        raise DynamicSizeError(
            f"its input {name} must be known when the model is imported and is computed at run "
            "time; if it depends on an input of the model, give that with input_values="
        )
    return array.reshape(()).item()


def flag_of(op, condition):
    """A condition where it is known, else None."""
    if isinstance(condition, Tensor) and op.known(condition) is None:
        return None
    return bool(number(op, condition, "cond"))


def part(op, value, axis, begin, end):
    """``value[begin:end]`` along one axis."""
    if plain(value):
        array = value.at(0)
        return op.fixed(array[(slice(None),) * axis + (slice(begin, end),)])
    tensor = op.tensor(value)
    return like(op.cut(tensor, axis, begin, end), tensor)


def like(tensor, source):
    """``tensor`` as one of the element type of ``source``, from which it was cut or moved."""
    return dataclasses.replace(tensor, stands_for=source.stands_for)


def element(op, value, axis, index):
    """What is at a position of one axis, without the axis."""
    if plain(value):
        return op.fixed(np.take(value.at(0), index, axis))
    tensor = op.tensor(value)
    cut = op.cut(tensor, axis, index, index + 1)
    return like(op.reshape(cut, tensor.shape[:axis] + tensor.shape[axis + 1 :]), tensor)


def joined(op, values, axis, new_axis=False):
    """Values concatenated along an axis, or stacked along a new one."""
    rank = len(values[0].shape) + new_axis
    axis = from_front(op, axis, rank)
    if all(map(plain, values)) or (op.eager and not all(map(_is_held, values))):
        arrays = [
            v.at(0) if plain(v) else op.known(v).astype(v.element, copy=False) for v in values
        ]
        function = np.stack if new_axis else np.concatenate
        try:
            return op.fixed(function(arrays, axis))
        except ValueError as error:
            op.fail(f"its tensors do not fit together: {error}")
    tensors = [op.tensor(v) for v in values]
    if new_axis:
        tensors = [op.reshape(t, (*t.shape[:axis], 1, *t.shape[axis:])) for t in tensors]
    return like(concat(op, *tensors, axis=axis), tensors[0])


def _is_held(value):
    """Whether MXNet can hold a value, whatever its numbers are."""
    kind = value.element
    return 0 not in value.shape and carrier(kind) is not None and kind != np.uint64


def empty(op, info, axis=0):
    """No elements of what a subgraph declares, along a new axis; sizes it does not say are 0."""
    if not info.data_type or info.shape is None:
        op.fail(f"nothing runs, and the subgraph does not say what '{info.name}' would be")
    shape = [size if isinstance(size, int) else 0 for size in info.shape]
    shape.insert(from_front(op, axis, len(shape) + 1), 0)
    return op.fixed(np.empty(shape, element_dtype(info.data_type)))


def chosen(op, condition, one, other):
    """``one`` where the condition, a bool computed at run time, holds, else ``other``.

    Both are computed. Raises DynamicSizeError where one value could not be either.
    """
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [chosen(op, condition, *pair) for pair in zip(one, other)]
    if one is other or (plain(one) and plain(other) and _same(one.at(0), other.at(0))):
        return one
    if not all(isinstance(v, (Known, Tensor)) for v in (one, other)):
        raise DynamicSizeError(
            "a condition computed at run time decides what kind of value there is"
        )
    if (one.shape, one.element) != (other.shape, other.element):
        raise DynamicSizeError(
            f"a condition computed at run time decides between {one.element} of {one.shape} and "
            f"{other.element} of {other.shape}"
        )
    one, other = op.tensor(one), op.tensor(other)
    flag = op.reshape(condition, (1,))
    return like(op.reshape(op._npi_where(flag, one, other), one.shape), one)


def _same(one, other):
    return one.dtype == other.dtype and np.array_equal(one, other)


def moved(op, value, source, target):
    """``value`` with one axis moved to another place."""
    if source == target:
        return value
    if plain(value):
        return op.fixed(np.moveaxis(value.at(0), source, target))
    tensor = op.tensor(value)
    order = [i for i in range(tensor.rank) if i != source]
    order.insert(target, source)
    return like(without_bool(op, lambda x: op.transpose(x, axes=tuple(order)), tensor), tensor)


def reversed_along(op, value, axis):
    """``value`` from its end along one axis."""
    if plain(value):
        return op.fixed(np.flip(value.at(0), axis))
    tensor = op.tensor(value)
    return like(without_bool(op, lambda x: op.reverse(x, axis=(axis,)), tensor), tensor)
