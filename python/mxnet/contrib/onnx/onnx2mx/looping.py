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

"""Loops over an axis as MXNet has them: the body is a graph of its own that an operator holds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Sequence, Tuple

import mxnet as mx
import numpy as np

from ..errors import DynamicSizeError, TranslationError
from .layouts import IN_ORDER
from .values import Tensor

if TYPE_CHECKING:
    from .context import Context

Tensors = List[Tensor]
Body = Callable[[Sequence[Tensor], Sequence[Tensor]], Tuple[Sequence[Any], Sequence[Any]]]


def foreach(
    op: Context, body: Body, elements: Sequence[Tensor], states: Sequence[Tensor]
) -> Tuple[Tensors, Tensors]:
    """Run ``body`` once for each position along the first axis of ``elements``.

    Parameters
    ----------
    body : callable
        ``body(slices, states)`` gives outputs and the next states, of the shapes and types that the
        states have.
    elements : sequence of Tensor
        At least one; of rank 1 and more, with first axes of one size.
    states : sequence of Tensor

    Returns
    -------
    outputs, states : list of Tensor
        The outputs stacked along a new first axis, and the last states.

    Raises
    ------
    TranslationError
        If the body cannot be a graph: a state changes its shape, or one is no tensor.
    """
    if any(t.is_empty for t in (*elements, *states)):
        raise TranslationError("MXNet holds no empty tensors, which its loop would go over")
    count = elements[0].shape[0]
    name = op.names.unique(f"{op.scope}_loop")
    columns = [_entering(op, op.reshape(e, (*e.shape, 1)) if e.rank == 1 else e) for e in elements]
    initial = [_entering(op, s) for s in states]
    with op.nested() as inner:
        op.keep_apart("a loop")
        slices = [
            inner.variable(f"{name}_slice", e.shape[1:], c.dtype) for e, c in zip(elements, columns)
        ]
        before = [inner.variable(f"{name}_state", s.shape, s.dtype) for s in initial]
        for tensor in (*slices, *before):
            op.hold(tensor)
        outputs, after = body(
            [_seen(op, v, e) for v, e in zip(slices, elements)],
            [_seen(op, v, s) for v, s in zip(before, states)],
        )
        outputs, after = list(map(op.tensor, outputs)), list(map(op.tensor, after))
        _check_states(states, after)
        heads = [_head(op, t) for t in (*outputs, *after)]
        read = mx.sym.Group([head.handle for head in heads]).list_inputs()
        # What the body does not read is given back by it: MXNet wants every input read.
        unread = [_head(op, t) for t in (*slices, *before) if t.handle.name not in read]
        heads[len(outputs) : len(outputs)] = unread
        graph = mx.sym.Group([head.handle for head in heads])
        captured = inner.captured()
    given = dict(zip((v.handle.name for v in (*slices, *before)), (*columns, *initial)))
    found = _node(op, name, graph, given, captured, len(elements), len(heads) - len(after))
    results = []
    for index, head in enumerate(heads):
        stacked = index < len(heads) - len(after)
        shape = (count, *head.carried) if stacked else head.shape
        results.append(op.builder.keep(Tensor(found[index], shape, head.dtype)))
        op.hold(results[-1])
    stacks = [_seen(op, op.reshape(r, (count, *t.shape)), t) for r, t in zip(results, outputs)]
    last = results[len(heads) - len(after) :]
    return stacks, [_seen(op, r, s) for r, s in zip(last, states)]


def without_races(flags: Dict[str, Any], loops: bool) -> Dict[str, Any]:
    """The flags of ``hybridize`` under which a graph with loops is computed in order.

    With static shapes MXNet 1.9.1 starts a loop on a thread of its own and takes it for done at
    once: what reads its outputs may be computed before them.
    """
    return {**flags, "static_shape": False} if loops and flags.get("static_shape") else flags


def _node(
    op: Context, name: str, graph: Any, given: Any, captured: Any, elements: int, outputs: int
) -> Any:
    """The operator's node: its inputs are elements, states, and then what the body captures."""
    order = graph.list_inputs()
    if len(order) != len(set(order)) or set(order) != {*given, *captured}:
        raise TranslationError("its body has auxiliary states, which MXNet's loops cannot hold")
    places = [order.index(variable) for variable in given]
    rest = [variable for variable in order if variable in captured]
    tensors = [*given.values(), *(captured[variable] for variable in rest)]
    attrs = {
        "num_args": 1 + len(tensors),
        "num_outputs": len(graph.list_outputs()),
        "num_out_data": outputs,
        "in_data_locs": places[:elements],
        "in_state_locs": places[elements:],
        "remain_locs": [order.index(variable) for variable in rest],
    }
    return op.builder.hold("_foreach", graph, tensors, attrs, name)


def _check_states(before: Sequence[Tensor], after: Sequence[Tensor]) -> None:
    for index, (old, new) in enumerate(zip(before, after)):
        if not isinstance(new, Tensor):
            raise TranslationError(f"its state {index} is no tensor")
        if (old.shape, old.element) != (new.shape, new.element):
            raise DynamicSizeError(
                f"its state {index} turns from {old.element} of {old.shape} into {new.element} of "
                f"{new.shape}"
            )


def _entering(op: Context, tensor: Tensor) -> Tensor:
    """What goes into a loop or out of its body: in the plain layout, and bool as uint8."""
    if tensor.origin.laid_out:
        reorder, attrs = IN_ORDER
        tensor = dataclasses.replace(getattr(op, reorder)(tensor, **attrs), shape=tensor.shape)
    if tensor.dtype == bool:
        return dataclasses.replace(op.Cast(tensor, dtype="uint8"), shape=tensor.shape)
    return tensor


def _seen(op: Context, tensor: Tensor, like: Tensor) -> Tensor:
    """A tensor as what it is outside of a loop."""
    if tensor.dtype != like.dtype:
        tensor = dataclasses.replace(op.Cast(tensor, dtype=like.dtype.name), shape=tensor.shape)
    return dataclasses.replace(tensor, stands_for=like.stands_for)


def _head(op: Context, tensor: Any) -> Tensor:
    """An output of the body as a node of its own, which no input and no other output is.

    The backward pass of MXNet's loop fails where an output has no gradient at all, as that of a
    comparison or of Floor; so each has one for the zero that is added to it.
    """
    if not isinstance(tensor, Tensor) or tensor.is_empty:
        raise TranslationError("what its body gives is no tensor, or an empty one")
    tensor = _entering(op, tensor)
    zero = op.constant(np.full((1,), -0.0 if tensor.dtype.kind == "f" else 0, tensor.dtype))
    return dataclasses.replace(op._npi_add(tensor, zero), shape=tensor.shape)
