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
"""Loops that rows write, where ONNX has no operator for what an algorithm does step by step."""

from __future__ import annotations

import numpy as np

from onnx import helper, numpy_helper

from ..inference import TensorType


def loop(op, body, state, times=None):
    """``state`` after ``body`` was done to it again and again.

    Parameters
    ----------
    op : Emitter
    body : callable
        ``body(inner, step, *state)`` writes with ``inner`` and gives the next state and whether to
        go on, None where ``times`` alone says so. It sees nothing but its arguments; ``step`` is an
        int64 of rank 0.
    state : sequence of str
        Values that keep their dtype and shape.
    times : int or str, optional
        How often, at most.

    Returns
    -------
    tuple of str
    """
    inner = op.nested()
    types = [op.type(x) for x in state]
    kinds = [TensorType(np.dtype(np.int64), ()), TensorType(np.dtype(bool), ()), *types]
    names = [inner.fresh(stem) for stem in ("step", "going", *("state" for _ in state))]
    for name, kind in zip(names, kinds):
        inner.type.declare(name, kind)
    results, going = body(inner, names[0], *names[2:])
    outputs = [inner.Identity(x) for x in (going or names[1], *results)]
    outputs = [_as_output(inner, x) for x in outputs]
    infos = [
        [
            helper.make_value_info(name, kind.proto())
            for name, kind in zip(side, kinds[len(kinds) - len(side) :])
        ]
        for side in (names, outputs)
    ]
    constants = [numpy_helper.from_array(t.read(), n) for n, t in inner.constants.items()]
    graph = helper.make_graph(inner.nodes, inner.fresh("body"), *infos, constants)
    if times is not None and not isinstance(times, str):
        times = op.constant(times, np.int64)
    found = op.custom("", "Loop", times, op.constant(True, bool), *state, outputs=types, body=graph)
    return found if isinstance(found, tuple) else (found,)


def _as_output(inner, x):
    """A node's value for a constant, which no graph inside a node gives out in all runtimes."""
    if x not in inner.constants:
        return x
    name = inner.fresh("out")
    inner.nodes.append(helper.make_node("Identity", [x], [name]))
    return name
