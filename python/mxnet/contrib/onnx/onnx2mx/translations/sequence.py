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

"""Sequences. They are lists while a model is translated, and cost nothing in a graph."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from ..values import Known, Tensor
from .axes import from_front
from .passing import joined, like, number, part, plain

table = TranslationTable()


@table.op("SequenceEmpty", versions=(11,), ignores=("dtype",), passes=True)
def sequence_empty(op):
    return []


@table.op("SequenceConstruct", versions=(11,), passes=True)
def sequence_construct(op, *inputs):
    for value in inputs[1:]:
        _check_type(op, inputs[:1], value)
    return list(inputs)


@table.op("SequenceAt", versions=(11,), passes=True, limits=(
    "the position must be known when the model is imported"
))  # fmt: skip
def sequence_at(op, input_sequence, position):
    return input_sequence[_index(op, position, len(input_sequence))]


@table.op("SequenceInsert", versions=(11,), passes=True, limits=(
    "the position must be known when the model is imported"
))  # fmt: skip
def sequence_insert(op, input_sequence, tensor, position=None):
    _check_type(op, input_sequence, tensor)
    count = len(input_sequence)
    index = count if position is None else _index(op, position, count, behind=1)
    return [*input_sequence[:index], tensor, *input_sequence[index:]]


@table.op("SequenceErase", versions=(11,), passes=True, limits=(
    "the position must be known when the model is imported"
))  # fmt: skip
def sequence_erase(op, input_sequence, position=None):
    count = len(input_sequence)
    index = count - 1 if position is None else _index(op, position, count)
    if not count:
        op.fail("the sequence is empty, nothing can be erased")
    return [*input_sequence[:index], *input_sequence[index + 1 :]]


@table.op("SequenceLength", versions=(11,), passes=True)
def sequence_length(op, input_sequence):
    return op.fixed(np.asarray(len(input_sequence), np.int64))


@table.op("SplitToSequence", versions=(11, 24), passes=True, limits=(
    "the lengths must be known when the model is imported"
))  # fmt: skip
def split_to_sequence(op, input, split=None, *, axis, keepdims):
    """Single elements, equal parts and a rest, or parts of lengths given one by one."""
    axis = from_front(op, axis, len(input.shape))
    whole = input.shape[axis]
    if not isinstance(whole, int):
        op.fail(f"the length of the sequence would vary with the size {whole} of axis {axis}")
    if split is None:
        lengths = [1] * whole
    elif len(split.shape) == 0:
        length = number(op, split, "split")
        if length < 1:
            op.fail(f"parts of {length} elements cannot be")
        lengths = [min(length, whole - begin) for begin in range(0, whole, length)]
    else:
        lengths = split.elements() if isinstance(split, Known) else op.value(split).tolist()
        if sum(lengths) != whole:
            op.fail(f"the lengths {lengths} do not add up to the {whole} of axis {axis}")
    bounds = np.cumsum([0, *lengths]).tolist()
    parts = [part(op, input, axis, *pair) for pair in zip(bounds, bounds[1:])]
    if split is not None or keepdims:
        return parts
    shape = (*input.shape[:axis], *input.shape[axis + 1 :])
    return [
        op.fixed(p.at(0).reshape(shape))
        if plain(p)
        else like(op.reshape(op.tensor(p), shape), op.tensor(p))
        for p in parts
    ]


@table.op("ConcatFromSequence", versions=(11,), passes=True)
def concat_from_sequence(op, input_sequence, *, axis, new_axis):
    if not input_sequence:
        op.fail("the sequence is empty, there is nothing to join")
    return joined(op, input_sequence, axis, bool(new_axis))


@table.op("SequenceMap", versions=(17,), passes=True)
def sequence_map(op, input_sequence, *additional_inputs, body):
    """The body once for each element; further sequences give theirs, tensors are as they are."""
    for value in additional_inputs:
        if isinstance(value, list) and len(value) != len(input_sequence):
            op.fail(f"sequences of {len(input_sequence)} and {len(value)} elements go together")
    results = [
        body(first, *(v[i] if isinstance(v, list) else v for v in additional_inputs))
        for i, first in enumerate(input_sequence)
    ]
    columns = zip(*results) if results else [()] * len(body.outputs)
    return tuple(list(column) for column in columns)


def _index(op, position, count, behind=0):
    index = number(op, position, "position")
    if not -count <= index < count + behind:
        op.fail(f"position {index} is outside the sequence of {count} elements")
    return index + count if index < 0 else index


def _check_type(op, sequence, value):
    for other in sequence:
        if isinstance(value, (Known, Tensor)) and isinstance(other, (Known, Tensor)):
            if value.element != other.element:
                op.fail(f"a sequence of {other.element} cannot hold {value.element}")
        elif type(value) is not type(other):
            op.fail("a sequence holds tensors only or sequences only")
