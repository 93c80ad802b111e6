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
"""Compares gradients of imported cases with central differences."""

from __future__ import annotations

from typing import Any, Iterable

import mxnet as mx
import numpy as np
from mxnet.contrib.onnx import import_model
from running import seed_of

#: Step of a difference, and the allowed one, relative to the largest gradient, or to 1.
STEP, TOLERANCE = 1e-6, 1e-5
#: Most elements of an input that are moved.
MOST_MOVED = 24


def check_gradients(case: Any, names: Iterable[str], shapes: Any = None) -> None:
    """Gradients of a weighted sum of the first output of ``case`` by some of its inputs.

    The inputs are float64, and lie where the output is smooth. ``shapes`` may leave sizes open.
    """
    symbol, arg_params, aux_params = import_model(
        case.model(), input_values=case.values, input_shapes=shapes
    )
    symbol, names = symbol[0], list(names)
    given = {n: a for n, a in case.inputs.items() if n in symbol.list_arguments()}
    executor = symbol.simple_bind(
        mx.cpu(),
        grad_req={n: "write" if n in names else "null" for n in symbol.list_arguments()},
        type_dict={n: a.dtype for n, a in given.items()},
        **{n: a.shape for n, a in given.items()},
    )
    executor.copy_params_from(arg_params, aux_params)

    def outputs(train=False):
        data = {n: mx.nd.array(a, dtype=a.dtype) for n, a in given.items()}
        return executor.forward(is_train=train, **data)[0]

    rng = np.random.default_rng(seed_of("gradients"))
    weights = rng.normal(size=outputs().shape)
    outputs(train=True)
    executor.backward(mx.nd.array(weights, dtype="float64"))
    found = {n: executor.grad_dict[n].asnumpy() for n in names}
    for name in names:
        array, gradient = given[name], found[name].ravel()
        assert array.dtype == np.float64 and np.abs(gradient).max() > 0
        places = rng.permutation(array.size)[:MOST_MOVED]
        scale = max(1, np.abs(gradient).max())
        for place in places:
            sides = []
            for step in (STEP, -STEP):
                moved = array.copy()
                moved.ravel()[place] += step
                given[name] = moved
                sides.append((outputs().asnumpy() * weights).sum())
            given[name] = array
            slope = (sides[0] - sides[1]) / (2 * STEP)
            assert abs(slope - gradient[place]) < TOLERANCE * scale, (name, place)
