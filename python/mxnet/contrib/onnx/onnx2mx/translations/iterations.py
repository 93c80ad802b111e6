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

"""Bodies run again and again: at once or written out one by one, or as a loop of MXNet's."""

from __future__ import annotations

import numpy as np

from ...errors import DynamicSizeError, TranslationError
from ..values import Dim, Known, Tensor
from .passing import chosen, element, empty, flag_of, joined, number, part, reversed_along

#: Iterations that are written out one after another where they are no more than these.
MOST_UNROLLED = 32
#: Iterations that are written out where a loop of MXNet's cannot say them.
MOST_UNROLLED_AT_ALL = 1024
#: Iterations of which each may be the last, that are computed to the end in any case.
MOST_MASKED = 1024


class _MayEnd(TranslationError):
    """The body's condition is not known to stay true."""


def _as_number(op, flag):
    """A condition as one float32."""
    return op.reshape(op.Cast(op.tensor(flag), dtype="float32"), (1,))


class Loop:
    """One loop: its body gives a condition, states, and rows to be stacked."""

    def __init__(self, op, body, states):
        self.op, self.body, self.states = op, body, states
        if len(body.inputs) != states + 2 or len(body.outputs) < states + 1:
            op.fail(
                f"its body takes {len(body.inputs)} inputs and gives {len(body.outputs)} outputs, "
                f"which does not go with {states} states"
            )

    def __call__(self, count, going, states):
        """The last states and the stacked rows."""
        long = not isinstance(count, int) or count > MOST_UNROLLED
        if not self.op.eager and count is not None and long:
            try:
                return self.over_an_axis(count, going, states)
            except TranslationError:
                if not isinstance(count, int) or count > MOST_UNROLLED_AT_ALL:
                    raise
        return self.one_by_one(count, going, states)

    def nothing(self):
        """What is stacked where nothing runs."""
        return [empty(self.op, info) for info in self.body.outputs[self.states + 1 :]]

    def one_by_one(self, count, going, states):
        """Iteration behind iteration, until a condition or the count ends it."""
        op, rows, index = self.op, [], 0
        states = list(states)
        while going is not False and (count is None or index < count):
            self._check_length(count, going, index)
            iteration = op.fixed(np.asarray(index, np.int64))
            flag = op.fixed(np.asarray(True)) if going is True else going
            go_on, *found = self.body(iteration, flag, *states)
            new, row = found[: self.states], found[self.states :]
            if going is not True:
                self._check_masked(row)
                new = [chosen(op, going, *pair) for pair in zip(new, states)]
            states, index = new, index + 1
            rows.append(row)
            going = self._still(going, go_on)
            if count is None and going is True and not self.body.hangs_on(0, self._varying()):
                op.fail("it never ends: nothing limits it, and its condition stays true")
        stacked = [joined(op, column, 0, True) for column in zip(*rows)]
        return (*states, *stacked)

    def over_an_axis(self, count, going, states):
        """By a loop of MXNet's over the numbers of the iterations."""
        states = [self._tensor(s) for s in states]
        if going is True:
            try:
                return self._plain_foreach(count, states)
            except _MayEnd:
                going = self.op.constant(np.ones(1, np.float32))
        if isinstance(count, Dim) or count > MOST_MASKED:
            raise DynamicSizeError(
                f"its condition is computed at run time, and nothing says that it ends within "
                f"{MOST_MASKED} iterations"
            )
        return self._masked_foreach(count, going, states)

    def _plain_foreach(self, count, states):
        op, always = self.op, self.op.fixed(np.asarray(True))

        def step(slices, before):
            go_on, *found = self.body(slices[0], always, *before)
            if not flag_of(op, go_on):
                raise _MayEnd("its condition may end it")
            return found[self.states :], found[: self.states]

        stacked, last = op.foreach(step, [op.arange(0, count, 1, np.int64)], states)
        return (*last, *stacked)

    def _masked_foreach(self, count, going, states):
        """All iterations, of which those behind the last one change nothing."""
        op = self.op
        self._check_masked(self.body.outputs[self.states + 1 :])

        def step(slices, before):
            *states, running = before
            flag = op.reshape(op.Cast(running, dtype="bool"), ())
            go_on, *found = self.body(slices[0], flag, *states)
            new = [chosen(op, flag, *pair) for pair in zip(found, states)]
            both = op.broadcast_mul(running, _as_number(op, go_on))
            return [], [*new, op.reshape(both, (1,))]

        steps = op.arange(0, count, 1, np.int64)
        _, last = op.foreach(step, [steps], [*states, _as_number(op, going)])
        return tuple(last[:-1])

    def _varying(self):
        """Inputs of the body that change from iteration to iteration."""
        return [0, *range(2, len(self.body.inputs))]

    def _still(self, going, go_on):
        """Whether it goes on: True, False, or what is computed at run time."""
        op, known = self.op, flag_of(self.op, go_on)
        if known is not None:
            return going if known else False
        if going is True:
            return go_on
        both = op.broadcast_mul(_as_number(op, going), _as_number(op, go_on))
        return op.Cast(op.reshape(both, ()), dtype="bool")

    def _check_length(self, count, going, index):
        op = self.op
        if op.eager:
            return
        if count is None and going is not True:
            raise DynamicSizeError(
                "its condition is computed at run time and nothing else limits it; the block of "
                "import_to_gluon and mx.contrib.onnx.backend can follow it"
            )
        if index >= MOST_UNROLLED_AT_ALL:
            op.fail(f"it does not end within {MOST_UNROLLED_AT_ALL} iterations")

    def _check_masked(self, row):
        if row:
            raise DynamicSizeError(
                "its condition is computed at run time, and with it how many rows it gives"
            )

    def _tensor(self, value):
        if not isinstance(value, (Known, Tensor)):
            self.op.fail("a state is a sequence or an optional")
        return self.op.tensor(value)


class Scan:
    """A body that gives states and rows, for each position along the first axes of its columns."""

    def __init__(self, op, body, states):
        self.op, self.body, self.states = op, body, states

    def run(self, columns, states, turned, length=None):
        """The last states and the stacked rows.

        ``turned`` says which columns are read from their end; ``length`` is how many positions
        count, and rows behind them are 0.
        """
        op, whole = self.op, columns[0].shape[0]
        sizes = [c.shape[0] for c in columns]
        if any(size != whole for size in sizes):
            op.fail(f"its inputs have {', '.join(map(str, sizes))} elements to scan")
        if len(self.body.inputs) != len(states) + len(columns):
            op.fail(
                f"its body takes {len(self.body.inputs)} inputs, {len(states)} states and "
                f"{len(columns)} elements are there"
            )
        if isinstance(length, Tensor) and op.known(length) is None:
            columns = [self._turned(c, length) if t else c for c, t in zip(columns, turned)]
            return self._masked(columns, states, whole, length)
        count = whole if length is None else number(op, length, "sequence_lens")
        if count != whole:
            columns = [part(op, c, 0, 0, count) for c in columns]
        columns = [reversed_along(op, c, 0) if t else c for c, t in zip(columns, turned)]
        last, stacks = self._run(columns, states, count)
        return last, [self._padded(stack, whole) for stack in stacks]

    def _run(self, columns, states, count):
        op = self.op
        if not op.eager and (isinstance(count, Dim) or count > MOST_UNROLLED):
            try:
                return self._foreach(columns, states)
            except TranslationError:
                if isinstance(count, Dim) or count > MOST_UNROLLED_AT_ALL:
                    raise
        if count == 0:
            return list(states), [empty(op, info) for info in self.body.outputs[self.states :]]
        rows = []
        for index in range(count):
            found = self.body(*states, *(element(op, c, 0, index) for c in columns))
            states = found[: self.states]
            rows.append(found[self.states :])
        return states, [joined(op, column, 0, True) for column in zip(*rows)]

    def _foreach(self, columns, states):
        op = self.op

        def step(slices, before):
            found = self.body(*before, *slices)
            return found[self.states :], found[: self.states]

        stacks, last = op.foreach(step, list(map(op.tensor, columns)), list(map(op.tensor, states)))
        return last, stacks

    def _masked(self, columns, states, whole, length):
        """All positions; those from a length on, which run time tells, change nothing."""
        op = self.op

        def step(slices, before):
            index, *slices = slices
            counts = op._npi_less(index, length)
            found = self.body(*before, *slices)
            new = [chosen(op, counts, *pair) for pair in zip(found, before)]
            rows = [op.tensor(row) for row in found[self.states :]]
            nothing = [op.full(row.shape, 0, row.element) for row in rows]
            return [chosen(op, counts, *pair) for pair in zip(rows, nothing)], new

        steps = op.Cast(op.arange(0, whole, 1, np.int64), dtype=length.dtype.name)
        columns = [steps, *map(op.tensor, columns)]
        stacks, last = op.foreach(step, columns, list(map(op.tensor, states)))
        return last, stacks

    def _turned(self, column, length):
        """The elements that count, from the last to the first."""
        op, column = self.op, self.op.tensor(column)
        steps = op.arange(0, column.shape[0], 1, np.float32)
        last = op._plus_scalar(op.Cast(op.reshape(length, (1,)), dtype="float32"), scalar=-1.0)
        return op.take(column, op.broadcast_sub(last, steps), axis=0, mode="clip")

    def _padded(self, stack, whole):
        count = stack.shape[0]
        if count == whole:
            return stack
        missing = self.op.fixed(np.zeros((whole - count, *stack.shape[1:]), stack.element))
        return joined(self.op, [stack, missing], 0)
