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
"""Parameters of a Gluon block that wait for the shapes of their first data."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import ModelError
from .arguments import listed
from .inference import Dim

Shape = Tuple[int, ...]
#: Sizes to try where some vary: two of the first axis; of others, the first that a network takes.
BATCHES = (2, 3)
SAMPLES = (64, 7, 224, 512)


def finish_initialisation(
    symbol: Any, parameters: Mapping[str, Any], shapes: Optional[Mapping[str, Sequence[Dim]]]
) -> None:
    """Give parameters that wait for their shape the shape they have with inputs like these.

    This is what the first run of the block would do, without the run.

    Parameters
    ----------
    symbol : mxnet.symbol.Symbol
        The block, traced.
    parameters : mapping of str to mxnet.gluon.Parameter
    shapes : mapping of str to shape, or None
        Of the inputs.

    Raises
    ------
    ModelError
        If there are parameters that were never initialised, or whose shapes hang on sizes that
        vary.
    """
    used = set(symbol.list_inputs())
    waiting = {n: p for n, p in parameters.items() if n in used and p._data is None}
    unset = [name for name, p in waiting.items() if not p._deferred_init]
    if unset:
        raise ModelError(
            f"parameters have no values: {listed(unset)}; "
            "call initialize() or load_parameters() first"
        )
    if not waiting:
        return
    if not shapes:
        raise ModelError(
            f"parameters wait for the shapes of the inputs: {listed(list(waiting))}; give in_shapes"
        )
    found = _inferred(symbol, {n: s for n, s in shapes.items() if n in used}, list(waiting))
    for name, parameter in waiting.items():
        parameter.shape = found[name]
        parameter._finish_deferred_init()


def _inferred(
    symbol: Any, shapes: Mapping[str, Sequence[Dim]], wanted: List[str]
) -> Dict[str, Shape]:
    """Shapes of ``wanted``: found without the sizes that vary, or the same at several of them."""
    reason = ""
    try:
        found = _at_sizes(symbol, shapes, lambda name, axis, size: 0)  # 0: unknown to MXNet
        undecided = [name for name in wanted if _is_open(found.get(name))]
        if not undecided:
            return found
        reason = listed(undecided)
    except Exception as error:
        reason = _cause(error)
    varies = any(not isinstance(size, int) for shape in shapes.values() for size in shape)
    for base in SAMPLES if varies else ():
        try:
            first, second = (_at_sizes(symbol, shapes, _sample(k, base, shapes)) for k in (0, 1))
        except Exception as error:
            reason = _cause(error)
            continue
        undecided = [n for n in wanted if _is_open(first.get(n)) or first[n] != second[n]]
        if not undecided:
            return first
        reason = listed(undecided)
    raise ModelError(
        f"parameters wait for shapes that in_shapes do not decide ({reason}); "
        "give more sizes as numbers, or run the block once"
    )


def _at_sizes(
    symbol: Any, shapes: Mapping[str, Sequence[Dim]], sample: Callable[[str, int, Dim], int]
) -> Dict[str, Shape]:
    """Shapes of arguments and states, with what ``sample`` gives for sizes that vary."""
    known = {
        name: tuple(
            size if isinstance(size, int) else sample(name, axis, size)
            for axis, size in enumerate(shape)
        )
        for name, shape in shapes.items()
    }
    arguments, _, states = symbol.infer_shape_partial(**known)
    found = dict(zip(symbol.list_arguments(), arguments))
    found.update(zip(symbol.list_auxiliary_states(), states))
    return found


def _sample(
    number: int, base: int, shapes: Mapping[str, Sequence[Dim]]
) -> Callable[[str, int, Dim], int]:
    """Sizes that differ from name to name; all grow with ``number``, so that products do, too."""
    batches = {shape[0] for shape in shapes.values() if shape}
    names: List[Any] = []

    def size(name: str, axis: int, dim: Dim) -> int:
        if axis == 0 or (dim is not None and dim in batches):
            return BATCHES[number]
        key = dim if dim is not None else (name, axis)
        if key not in names:
            names.append(key)
        return base * (1 + number) + base // 2 * names.index(key)

    return size


def _is_open(shape: Optional[Shape]) -> bool:
    return not shape or min(shape) < 1


def _cause(error: Exception) -> str:
    """What MXNet says; with DMLC_LOG_STACK_TRACE_DEPTH a trace of the native stack comes first."""
    return str(error).rpartition("MXNetError: ")[2].strip().partition("\n")[0]
