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
"""What an ONNX model is run on for a comparison: given, or drawn at sizes that it accepts."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence

import numpy as np

from ..dtypes import ELEMENT_TYPES
from ..errors import ModelError
from .drawing import (
    Feed,
    Given,
    Inputs,
    bound_sizes,
    draw,
    given_runs,
    sizes_to_try,
    with_sizes,
)
from .onnx_runtime import RuntimeRefusal, Session

#: NumPy's dtypes that MXNet lacks, and what carries them there.
CARRIERS = {t.numpy: np.dtype(t.carrier) for t in ELEMENT_TYPES if t.numpy and t.carrier}


def carried(array: np.ndarray) -> np.ndarray:
    """The array in a type that MXNet has, rank 0 as (1,)."""
    return array.astype(CARRIERS.get(array.dtype, array.dtype)).reshape(array.shape or (1,))


def choose(
    session: Session,
    declared: Inputs,
    limits: Mapping[str, int],
    given: Given,
    *,
    sizes: Optional[Mapping[str, Sequence[int]]],
    seed: int,
    shapes: Mapping[str, Sequence[Any]],
    fixed: Mapping[str, Any],
) -> List[Feed]:
    """What to run.

    Parameters
    ----------
    session : Session
    declared : mapping
        As of ``declared_inputs``.
    limits : mapping of str to int
        As of ``index_limits``.
    given, sizes, seed : optional
        As of ``verify_import``.
    shapes, fixed : mapping
        ``input_shapes`` and ``input_values`` of the import.

    Raises
    ------
    ModelError
        If what is given is not what the model takes, or no sizes fit.
    """
    declared = dict(declared)
    values = {n: np.asarray(v, declared[n][0]) for n, v in fixed.items() if n in declared}
    for name, shape in shapes.items():
        if name in declared:
            dtype, _ = declared[name]
            declared[name] = (dtype, tuple(s or f"{name}.{k}" for k, s in enumerate(shape)))
    free = {n: kind for n, kind in declared.items() if n not in values}
    if given is not None:
        runs = given_runs(given)
        return [(bound_sizes(free, run), {**values, **run}) for run in runs]
    refusal: Optional[RuntimeRefusal] = None
    for chosen in sizes_to_try(free, sizes):
        feeds: List[Feed] = [
            (s, {**values, **draw(with_sizes(free, s), limits, seed)}) for s in chosen
        ]
        try:
            for _, arrays in feeds:
                session.run(arrays)
            return feeds
        except RuntimeRefusal as error:
            refusal = error
    raise ModelError(
        f"no sizes that were tried fit the model; give sizes=. The last refusal: {refusal}"
    )
