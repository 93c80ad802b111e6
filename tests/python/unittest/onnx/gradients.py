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

import dataclasses
import importlib.util
import pathlib
from typing import Any, Dict, Iterable, Iterator, List, Tuple

import mxnet as mx
import numpy as np
from import_cases import Case, Known, Value, _carried, _held
from mxnet.contrib.onnx import ConversionError, import_model
from mxnet.contrib.onnx.opset import NEWEST_OPSET
from running import seed_of

#: Step of a difference, and the allowed one, relative to the largest gradient, or to 1.
STEP, TOLERANCE = 1e-6, 1e-5
#: The same where MXNet computes in float32, whatever the type.
COARSE = 1e-2, 3e-2
#: Most elements of an input that are moved.
MOST_MOVED = 24
ROWS = pathlib.Path(__file__).with_name("onnx2mx")


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


# -- any case ----------------------------------------------------------------------------------


def all_cases() -> Iterator[Case]:
    """Every case of the import rows that is not refused."""
    for path in sorted(ROWS.glob("test_import_*.py")):
        spec = importlib.util.spec_from_file_location(f"{path.stem}_gradients", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for case in getattr(module, "CASES", ()):
            if not case.refused and case.opset <= NEWEST_OPSET:
                yield case


def in_float64(case: Case) -> Case:
    """The case with all that is float32 in float64."""

    def widened(a: Any) -> Any:
        if isinstance(a, (Known, Value)):
            return type(a)(widened(a.array))
        return a.astype(np.float64) if a.dtype == np.float32 else a

    return dataclasses.replace(case, arrays={n: widened(a) for n, a in case.arrays.items()})


def outcome(case: Case, most: int = MOST_MOVED) -> str:
    """What comparing the gradients of all that is float in ``case`` gave.

    Returns
    -------
    str
        ``right``; ``zero``, which is right too; ``no float``, where nothing float goes in or comes
        out; ``random``; ``steps``, where no place is smooth; ``refused: `` and MXNet's reason;
        or ``wrong: `` and where.
    """
    try:
        found = _compared(in_float64(case), most, STEP, TOLERANCE)
        if found.startswith("wrong") or found == "steps":  # what MXNet computes in float32
            found = _compared(in_float64(case), most, *COARSE)
        if found != "no float":
            return found
    except (ConversionError, mx.MXNetError):
        pass  # types that the case says, or that MXNet's operator has not
    try:
        return _compared(case, most, *COARSE)
    except mx.MXNetError as error:
        return f"refused: {str(error).strip().splitlines()[-1]}"


def _compared(case, most, step, tolerance):
    graph = _Trained(case)
    if not graph.moved:
        return "no float"
    before, again = graph.outputs(), graph.outputs()
    kinds = {o.dtype.kind for o in before}
    if "f" not in kinds or any(o.dtype == np.float16 for o in before):
        return "no float"
    if any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(before, again)):
        return "random"
    rng = np.random.default_rng(seed_of("gradients"))
    weights = [rng.normal(size=o.shape) * (o.dtype.kind == "f") for o in before]
    gradients = graph.gradients(weights)
    right, largest = 0, 0.0
    for name, gradient in gradients.items():
        gradient = gradient.ravel()
        allowed = tolerance * max(1, np.abs(gradient).max(initial=0))
        for place in _places(rng, gradient, most):
            sides = graph.slopes(name, place, step, weights)
            if not np.isfinite(sides).all() or abs(sides[1] - sides[0]) > 10 * allowed:
                continue  # not smooth here
            slope = sum(sides) / 2
            if not abs(slope - gradient[place]) <= 3 * allowed:
                return f"wrong: {name}[{place}] is {gradient[place]:.6g}, not {slope:.6g}"
            right, largest = right + 1, max(largest, abs(gradient[place]))
    return "steps" if not right else "right" if largest else "zero"


def _places(rng, gradient, most):
    """Places to move: half of them where there is a gradient, if there are so many."""
    places = rng.permutation(gradient.size)
    flat = gradient[places] == 0
    moving = places[~flat][: most - most // 2]
    return [*moving, *[p for p in places if p not in moving][: most - len(moving)]]


class _Trained:
    """A case bound for training: everything float gets a gradient."""

    def __init__(self, case: Case):
        shapes = {n: a.shape for n, a in case.inputs.items() if n not in case.values}
        symbol, arg_params, aux_params = import_model(
            case.model(), input_shapes=shapes, input_values=case.values
        )
        names = symbol.list_arguments()
        given = {n: _held(a) for n, a in case.inputs.items() if n in names}
        self.given = {n: a.reshape(_carried(a.shape)) for n, a in given.items()}
        self.given.update({n: a.asnumpy() for n, a in arg_params.items()})
        wide = [n for n, a in self.given.items() if a.dtype in (np.float32, np.float64)]
        self.moved = [n for n in wide if n in case.arrays]
        if not self.moved:
            return
        self.executor = symbol.simple_bind(
            mx.cpu(),
            grad_req={n: "write" if n in wide else "null" for n in names},
            type_dict={n: a.dtype for n, a in self.given.items()},
            **{n: a.shape for n, a in self.given.items()},
        )
        self.executor.copy_params_from({}, aux_params)

    def outputs(self, **moved: np.ndarray) -> List[np.ndarray]:
        data = {n: mx.nd.array(a, dtype=a.dtype) for n, a in {**self.given, **moved}.items()}
        return [o.asnumpy() for o in self.executor.forward(is_train=True, **data)]

    def gradients(self, weights: List[np.ndarray]) -> Dict[str, np.ndarray]:
        outputs = self.executor.outputs
        heads = [mx.nd.array(w, dtype=o.dtype) for w, o in zip(weights, outputs)]
        self.executor.backward(heads)
        return {n: self.executor.grad_dict[n].asnumpy() for n in self.moved}

    def slopes(
        self, name: str, place: int, step: float, weights: List[np.ndarray]
    ) -> Tuple[float, float]:
        """On the left and on the right; small numbers are moved by less."""
        sums, step = [], step * float(np.clip(abs(self.given[name].ravel()[place]), 0.01, 1))
        for way in (-step, 0, step):
            moved = self.given[name].copy()
            moved.ravel()[place] += way
            outputs = self.outputs(**{name: moved})
            sums.append(sum(float((o * w).sum()) for o, w in zip(outputs, weights) if w.any()))
        return (sums[1] - sums[0]) / step, (sums[2] - sums[1]) / step
