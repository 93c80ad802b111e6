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
"""Folds on the import side: nodes whose results NumPy computes while the model is walked."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence

import numpy as np

from ..errors import DynamicSizeError, InferenceError, TranslationError
from ..folding.table import Fold
from ..translation import bind
from .hazards import MOST_ELEMENTS
from .planning import Step
from .values import Dim, Known, Tensor, Value, assume, at

#: Arrays that stand for values: of a sequence a list, of an input that is left out None.
Arrays = Any


def known_inputs(fold: Fold, inputs: Sequence[Value], samples: int) -> Optional[List[Any]]:
    """The inputs as the fold wants them, or None where one is only known at run time."""
    known = list(inputs)
    if fold.measures and known and isinstance(known[0], Tensor):
        known[0] = _shape_alone(known[0], samples)
    return None if any(isinstance(v, Tensor) for v in leaves(known)) else known


def leaves(value: Any) -> List[Any]:
    """What a sequence consists of, or the value itself; inputs that are left out are left out."""
    if isinstance(value, list):
        return [leaf for v in value for leaf in leaves(v)]
    return [] if value is None else [value]


def arrays_at(value: Any, sample: int) -> Arrays:
    """The arrays behind known values in one sample."""
    if isinstance(value, list):
        return [arrays_at(v, sample) for v in value]
    return value.at(sample) if isinstance(value, Known) else value


def compute(step: Step, known: Sequence[Any], sample: int) -> Sequence[Arrays]:
    """The node's results in one sample, by its fold; a list is a sequence.

    Raises
    ------
    InferenceError
        If the specification gives no result for these inputs.
    NotFolded
        If the fold does not cover them.
    TranslationError
    """
    fold: Any = step.fold

    def plain(_: str, value: Any) -> Any:
        return _plain(arrays_at(value, sample))

    args, values = bind(fold, step.schema, step.node.proto, known, plain)
    arrays = [arrays_at(a, sample) for a in args]
    try:
        with np.errstate(all="ignore"):
            results = fold.compute(arrays, values, len(step.node.outputs))
    except (IndexError, ValueError, ArithmeticError, MemoryError) as error:
        raise InferenceError(f"cannot be computed: {error}") from None  # ONNX would refuse too
    except TypeError as error:
        raise TranslationError(f"its fold fails: {error}") from error
    wanted = max((i for i, name in enumerate(step.node.outputs) if name), default=-1) + 1
    if len(results) < wanted:
        raise TranslationError(f"its fold gives {len(results)} outputs, {wanted} are wanted")
    return results


def known_value(
    name: str,
    arrays: Sequence[Arrays],
    emit: Optional[Callable[[], Tensor]] = None,
    trainable: bool = False,
) -> Value:
    """The value that is ``arrays[k]`` in sample ``k``.

    Raises
    ------
    DynamicSizeError
        If a sequence has another length in another sample.
    InferenceError
        If it is more than an MXNet tensor holds.
    """
    first = arrays[0]
    if first is None:
        return None
    if isinstance(first, list):
        if len({len(a) for a in arrays}) > 1:
            raise DynamicSizeError("the length of the sequence that it gives varies with the input")
        return [known_value(f"{name}[{i}]", each) for i, each in enumerate(zip(*arrays))]
    if max(np.size(a) for a in arrays) > MOST_ELEMENTS:
        raise InferenceError("its result has more elements than an MXNet tensor holds")
    return Known.of(name, arrays, emit, trainable)


def _plain(arrays: Arrays) -> Any:
    return list(map(_plain, arrays)) if isinstance(arrays, list) else arrays.tolist()


def _shape_alone(tensor: Tensor, samples: int) -> Known:
    """An array of the tensor's shape that takes no memory, for folds that read only the shape."""
    try:
        return Known(
            "",
            tuple(
                np.broadcast_to(np.zeros((), tensor.element), at(tensor.shape, k))
                for k in range(samples if _has_dims(tensor) else 1)
            ),
        )
    except ValueError as error:
        raise InferenceError(f"its shape {tensor.shape} is impossible: {error}") from None


def _has_dims(tensor: Tensor) -> bool:
    return any(isinstance(size, Dim) for size in tensor.shape)


def assume_choice(name: str, step: Step, known: Sequence[Any], result: Known, samples: int) -> None:
    """Note a choice between sizes that fell alike in all samples."""
    inputs = leaves(list(known))
    if _fell_alike(inputs, result, samples):
        outcome = np.unique(result.at(0)).tolist() if result.dtype == bool else result.elements()
        assume(f"{step.node.op_type} node '{name}' gives {outcome} whatever the sizes are")


def _fell_alike(inputs: Sequence[Known], result: Known, samples: int) -> bool:
    """Whether some element of ``result`` hangs on a size and yet is one choice in all samples."""
    results = [result.at(k) for k in range(samples)]
    if len({a.shape for a in results}) > 1:  # over positions, not over sizes
        return _is_one_fill(results) or any(
            v.varies and all(np.array_equal(v.at(k), a) for k, a in enumerate(results))
            for v in inputs
        )
    alike = np.all([a == results[0] for a in results], axis=0)
    varies, negative, varying_negative = (np.zeros(alike.shape, bool) for _ in range(3))
    for value in inputs:
        arrays = [np.broadcast_to(value.at(k), alike.shape) for k in range(samples)]
        moves = np.any([a != arrays[0] for a in arrays], axis=0)
        below = np.min(arrays, axis=0) < 0
        varies |= moves
        negative |= below & ~moves
        varying_negative |= below & moves
        if result.dtype != bool:
            alike |= np.all([a == b for a, b in zip(arrays, results)], axis=0)
    # Sizes are never negative: to compare one with something negative is no choice.
    no_choice = negative & ~varying_negative
    return bool((varies & alike & ~no_choice).any())


def _is_one_fill(arrays: Sequence[np.ndarray]) -> bool:
    first = arrays[0].flat[0] if arrays[0].size else None
    return all(a.size and bool((a == first).all()) for a in arrays)
