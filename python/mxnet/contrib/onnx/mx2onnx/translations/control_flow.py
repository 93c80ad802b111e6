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
"""Loops and branches: a graph inside MXNet's node becomes one inside ONNX's.

What a graph reads from outside, weights above all, it reads there in ONNX too.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast

table = TranslationTable()
COUNTS = ("num_args", "num_outputs")
STATES = (
    "states whose dtype changes in a step; a first state without a size, unless the data has it"
)


@table.op("_foreach", ignores=COUNTS, limits=STATES)
def foreach(op, *inputs, bodies, in_data_locs, in_state_locs, remain_locs, num_out_data):
    """Inputs are the data, the states, and what the body reads besides."""
    (body,) = bodies
    places = [*in_data_locs, *in_state_locs, *remain_locs]
    first = len(in_data_locs)
    data, states, rest = inputs[:first], inputs[first:], inputs[first + len(in_state_locs) :]
    states = list(states[: len(in_state_locs)])
    slices = [_row(op, x) for x in data]
    names = [body.inputs[k] for k in (*in_state_locs, *in_data_locs)]

    def written(kinds):
        inner, given = op.nested([*kinds, *slices], names)
        operands = [*given[len(states) :], *given[: len(states)], *rest]
        results = body(inner, *(operands[places.index(k)] for k in range(len(places))))
        return inner, list(results[num_out_data:]), list(results[:num_out_data])

    states, kinds, (inner, new, rows) = _settled(op, states, written, data)
    graph = inner.graph([*new, *rows])
    steps = op.type(data[0]).dims[0]
    outputs = [*kinds, *(_stacked(op, r, steps) for r in rows)]
    found = _several(
        op.custom("", "Scan", *states, *data, outputs=outputs, body=graph, num_scan_inputs=first)
    )
    return (*found[len(states) :], *found[: len(states)])


@table.op(
    "_while_loop",
    ignores=COUNTS,
    limits=f"{STATES}; the rows that were not computed are 0, in MXNet whatever was in memory",
)
def while_loop(
    op,
    *inputs,
    bodies,
    cond_input_locs,
    func_input_locs,
    func_var_locs,
    max_iterations,
    num_out_data,
):
    """A step may give rows, of which there are ``max_iterations`` in any case."""
    condition, step = bodies
    places = [func_input_locs[k] for k in func_var_locs]
    states = [inputs[k] for k in places]
    names = ["step", "going", *(step.inputs[k] for k in func_var_locs)]
    control = [op.type(op.constant(0, np.int64)), op.type(op.constant(True, bool))]

    def going(emitter, values):
        read = {**dict(enumerate(inputs)), **dict(zip(places, values))}
        (answer,) = condition(emitter, *(read[k] for k in cond_input_locs))
        return _truth(emitter, answer)

    def written(kinds):
        inner, given = op.nested([*control, *kinds], names)
        read = {**dict(enumerate(inputs)), **dict(zip(places, given[2:]))}
        results = step(inner, *(read[k] for k in func_input_locs))
        return inner, list(results[num_out_data:]), list(results[:num_out_data])

    states, kinds, (inner, new, rows) = _settled(op, states, written, ())
    graph = inner.graph([going(inner, new), *new, *rows])
    outputs = [*kinds, *(_stacked(op, r, None) for r in rows)]
    most = op.constant(max_iterations, np.int64)
    begin = going(op, states)
    found = _several(op.custom("", "Loop", most, begin, *states, outputs=outputs, body=graph))
    last, rows = found[: len(states)], found[len(states) :]
    return (*(_filled_up(op, r, max_iterations) for r in rows), *last)


@table.op("_cond", ignores=COUNTS, limits="branches whose outputs differ in dtype or rank")
def cond(op, *inputs, bodies, cond_input_locs, then_input_locs, else_input_locs):
    """What it asks is a graph, too, and is asked once."""
    condition, *branches = bodies
    (answer,) = condition(op, *(inputs[k] for k in cond_input_locs))
    graphs, kinds = [], []
    for branch, places in zip(branches, (then_input_locs, else_input_locs)):
        inner, _ = op.nested([])
        results = branch(inner, *(inputs[k] for k in places))
        kinds.append([op.type(r) for r in results])
        graphs.append(inner.graph(results))
    outputs = [_either(*pair) for pair in zip(*kinds)]
    return op.custom(
        "",
        "If",
        _truth(op, answer),
        outputs=outputs,
        then_branch=graphs[0],
        else_branch=graphs[1],
    )


def _several(found):
    return found if isinstance(found, tuple) else (found,)


def _row(op, x):
    op.rank(x)  # refused where it is not known
    return dataclasses.replace(op.type(x), dims=op.type(x).dims[1:])


def _stacked(op, x, steps):
    op.rank(x)
    return dataclasses.replace(op.type(x), dims=(steps, *op.type(x).dims))


def _truth(op, answer):
    """MXNet asks a number of shape (1,) or ()."""
    return cast(op, op.Reshape(answer, shape=np.zeros(0, np.int64)), bool)


def _either(one, other):
    """What is known of a value that is one or the other."""
    if one.dtype != other.dtype:
        raise TranslationError(f"it may give {one.dtype} or {other.dtype}")
    if one.dims is None or other.dims is None or len(one.dims) != len(other.dims):
        raise TranslationError("it may give arrays of different ranks")
    dims = tuple(a if a == b else None for a, b in zip(one.dims, other.dims))
    return dataclasses.replace(one, dims=dims)


def _settled(op, states, written, data):
    """First states, their types in every step, and the body as ``written`` for these.

    A first state of which some sizes are open gets them from ``data``.
    """
    kinds = [op.type(s) for s in states]
    while True:
        body = written(kinds)
        new = [op.type(value) for value in body[1]]
        stretched = [
            _stretch(op, state, kind, data) if op.is_unsized(state) and kind != before else state
            for state, kind, before in zip(states, new, kinds)
        ]
        joined = [_either(op.type(s), kind) for s, kind in zip(stretched, new)]
        if joined == kinds:
            return stretched, kinds, body
        states, kinds = stretched, joined


def _stretch(op, state, kind, data):
    """Zeros or ones of an open size, at the sizes that a step gives."""
    tensor = op.tensor(state)
    numbers = np.unique(tensor.read()) if tensor is not None else np.zeros(0)
    sizes = [_size(op, size, data) for size in kind.dims or ()]
    if len(numbers) != 1 or None in sizes:
        raise TranslationError(
            "a first state has a size of 0, which MXNet infers from the body: write it out, or "
            "make the state an input of the network"
        )
    shape = op.Concat(*sizes, axis=0)
    return op.Expand(op.constant(numbers.reshape([1] * len(sizes)), kind.dtype), shape)


def _size(op, size, data):
    if isinstance(size, int):
        return op.constant([size], np.int64)
    for source in data:
        for axis, other in enumerate(op.type(source).dims or ()):
            if size is not None and other == size:
                return op.Gather(op.Shape(source), [axis], axis=0)
    return None


def _filled_up(op, rows, count):
    """``rows`` with zeros behind, ``count`` in all."""
    sizes = op.Shape(rows)
    there = op.Slice(sizes, starts=[0], ends=[1], axes=[0])
    missing = op.Sub(op.constant([count], np.int64), there)
    if op.rank(rows) > 1:
        behind = op.Slice(sizes, starts=[1], ends=[op.rank(rows)], axes=[0])
        missing = op.Concat(missing, behind, axis=0)
    zeros = op.Expand(op.constant(0, op.dtype(rows)), missing)
    whole = op.Concat(rows, zeros, axis=0)
    return op.Reshape(whole, shape=[count, *[0] * (op.rank(rows) - 1)])
