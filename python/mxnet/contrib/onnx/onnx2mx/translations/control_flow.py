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

"""Branches and loops. Run at once they are Python's own; in Symbols both branches are computed and
one is chosen, and loops are written out or become loops of MXNet's."""

from __future__ import annotations

from ...translation import TranslationTable
from ..values import Known, Tensor
from .axes import from_front
from .iterations import MOST_MASKED, MOST_UNROLLED, MOST_UNROLLED_AT_ALL, Loop, Scan
from .passing import chosen, element, flag_of, joined, moved, number, reversed_along

table = TranslationTable()

#: Versions that only added types.
LATER = (16, 19, 21, 23, 24, 25)


@table.op("If", versions=(1, 11, 13, *LATER), passes=True, limits=(
    "in a Symbol, branches chosen at run time give values of one shape and type"
))  # fmt: skip
def if_(op, cond, *, then_branch, else_branch):
    """A branch that is known to be taken is the only one that exists."""
    known = flag_of(op, cond)
    if known is not None:
        return tuple((then_branch if known else else_branch)())
    pairs = zip(then_branch(), else_branch())
    return tuple(chosen(op, cond, *pair) for pair in pairs)


@table.op("Loop", versions=(1, 11, 13, *LATER), passes=True, limits=(
    "in a Symbol the number of iterations is known or a size, and where states change their shape "
    f"at most {MOST_UNROLLED_AT_ALL}; with a condition computed at run time it is known, at most "
    f"{MOST_MASKED}, and nothing is stacked"
))  # fmt: skip
def loop(op, m=None, cond=None, *v_initial, body):
    count = None if m is None else number(op, m, "M")
    going = True if cond is None else flag_of(op, cond)
    run = Loop(op, body, len(v_initial))
    if (isinstance(count, int) and count <= 0) or going is False:
        return (*v_initial, *run.nothing())
    return run(count, cond if going is None else going, v_initial)


# -- scans -------------------------------------------------------------------------------------


@table.op("Scan", versions=(9, 11, *LATER), passes=True, limits=(
    "in a Symbol what states and rows are does not change from step to step"
))  # fmt: skip
def scan_9(
    op,
    *initial_state_and_scan_inputs,
    body,
    num_scan_inputs,
    scan_input_axes=None,
    scan_input_directions=None,
    scan_output_axes=None,
    scan_output_directions=None,
):
    """Over any axis from either end; rows stacked along any axis at either end."""
    states, elements = _parted(op, initial_state_and_scan_inputs, num_scan_inputs)
    rows = len(body.outputs) - len(states)
    axes = _each(op, scan_input_axes, num_scan_inputs, "scan_input_axes")
    turned = _each(op, scan_input_directions, num_scan_inputs, "scan_input_directions")
    out_axes = _each(op, scan_output_axes, rows, "scan_output_axes")
    out_turned = _each(op, scan_output_directions, rows, "scan_output_directions")
    columns = []
    for value, axis in zip(elements, axes):
        columns.append(moved(op, value, from_front(op, axis, len(value.shape)), 0))
    last, stacks = Scan(op, body, len(states)).run(columns, states, turned)
    outputs = []
    for stack, axis, turn in zip(stacks, out_axes, out_turned):
        stack = reversed_along(op, stack, 0) if turn else stack
        outputs.append(moved(op, stack, 0, from_front(op, axis, len(stack.shape))))
    return (*last, *outputs)


@table.op("Scan", versions=(8,), passes=True, limits=(
    "in a Symbol what states and rows are does not change from step to step"
))  # fmt: skip
def scan_8(
    op,
    sequence_lens,
    *initial_state_and_scan_inputs,
    body,
    num_scan_inputs,
    directions=None,
):
    """One sequence of the batch after the other; rows behind a sequence's end are 0."""
    states, elements = _parted(op, initial_state_and_scan_inputs, num_scan_inputs)
    turned = _each(op, directions, num_scan_inputs, "directions")
    batch = elements[0].shape[0]
    lengths = [] if sequence_lens is None else [sequence_lens]
    scan = Scan(op, body, len(states))

    def sequence(slices, _):
        length = slices[0] if lengths else None
        parts = slices[len(lengths) :]
        last, stacks = scan.run(parts[len(states) :], parts[: len(states)], turned, length)
        return [*last, *stacks], []

    values = [*lengths, *states, *elements]
    if op.eager or (isinstance(batch, int) and batch <= MOST_UNROLLED):
        results = [sequence([element(op, v, 0, b) for v in values], [])[0] for b in range(batch)]
        return tuple(joined(op, column, 0, True) for column in zip(*results))
    results, _ = op.foreach(sequence, [op.tensor(v) for v in values], [])
    return tuple(results)


def _parted(op, values, count):
    """Initial states, and what is scanned."""
    if not 0 < count <= len(values):
        op.fail(f"{count} of its {len(values)} inputs would be scanned")
    states, elements = list(values[:-count]), list(values[-count:])
    if not all(isinstance(v, (Known, Tensor)) and len(v.shape) for v in elements):
        op.fail("what is scanned must be tensors of rank 1 and more")
    return states, elements


def _each(op, numbers, count, name):
    """One number for each of ``count``; 0 where the attribute is left out."""
    if numbers is not None and len(numbers) != count:
        op.fail(f"{name} has {len(numbers)} entries for {count}")
    return numbers or [0] * count
