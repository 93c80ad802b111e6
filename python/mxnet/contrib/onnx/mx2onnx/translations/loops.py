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
    types = [op.type(x) for x in state]
    true = op.constant(True, bool)
    step = op.type(op.constant(0, np.int64))
    inner, names = op.nested([step, op.type(true), *types])
    results, going = body(inner, names[0], *names[2:])
    given = zip((going or names[1], *results), (op.type(true), *types))
    # a constant or an input is no output of a graph inside a node in all runtimes
    outputs = [inner.custom("", "Identity", x, outputs=[kind]) for x, kind in given]
    if isinstance(times, int):
        times = op.constant(times, np.int64)
    body = inner.graph(outputs)
    found = op.custom("", "Loop", times, true, *state, outputs=types, body=body)
    return found if isinstance(found, tuple) else (found,)
