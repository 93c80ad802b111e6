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
"""When two arrays are equal: dtype, shape and values; and how far apart they are if not."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Optional, Tuple

import numpy as np

#: Largest error allowed, by dtype of the reference; everything else must be equal to the bit.
TOLERANCES: Dict[str, float] = {"float16": 1e-2, "float32": 1e-4, "float64": 1e-6}
#: Differences of so many rounding steps of numbers near 1 are never an error: sigmoid and softmax
#: reach small results through such numbers.
ROUNDING_STEPS = 10


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A result beside its reference.

    Attributes
    ----------
    name : str
        What was compared: an output of the model, or the value of a node.
    shape, expected_shape : tuple of int
    dtype, expected_dtype : str
    largest_difference : float
        max |result - reference|; infinite where one is finite and the other is not.
    error : float
        ``largest_difference`` as a fraction of max |reference|. A reference that is all but zero
        counts as what the tolerance makes of a few rounding steps, so that noise is no error.
    tolerance : float
        Largest ``error`` allowed; 0 for integers and booleans.
    position : tuple of int or None
        Index of the largest difference, None where shapes or nothing differ.
    value, expected_value : float, or str
        What stands there.
    telling : bool
        Whether the reference holds different finite numbers: agreeing with one number everywhere
        proves little.
    """

    name: str
    shape: Tuple[int, ...]
    expected_shape: Tuple[int, ...]
    dtype: str
    expected_dtype: str
    largest_difference: float
    error: float
    tolerance: float
    position: Optional[Tuple[int, ...]] = None
    value: Any = 0.0
    expected_value: Any = 0.0
    telling: bool = True

    @property
    def agrees(self) -> bool:
        """Whether shape and dtype are equal and the values are close enough."""
        return (
            self.shape == self.expected_shape
            and self.dtype == self.expected_dtype
            and self.error <= self.tolerance
        )

    def reason(self) -> str:
        """What is wrong, in a few words; empty where nothing is."""
        if self.shape != self.expected_shape:
            return f"shape {self.shape} instead of {self.expected_shape}"
        if self.dtype != self.expected_dtype:
            return f"{self.dtype} instead of {self.expected_dtype}"
        if self.agrees:
            return ""
        if isinstance(self.value, str):
            return f"{self.value!r} instead of {self.expected_value!r} at {self.position}"
        return f"{self.value:.6g} instead of {self.expected_value:.6g} at {self.position}"


def compare(
    name: str,
    result: np.ndarray,
    reference: np.ndarray,
    tolerance: Optional[float] = None,
    whole: float = 0.0,
) -> Comparison:
    """Compare ``result`` with ``reference``.

    NaN agrees with NaN, an infinity with itself. Values are not looked at where dtype or shape
    differ.

    Parameters
    ----------
    name : str
    result, reference : numpy.ndarray
    tolerance : float, optional
        Instead of the one in ``TOLERANCES``.
    whole : float
        Largest difference of integers.
    """
    kind = reference.dtype.name
    exact = kind not in TOLERANCES
    allowed = whole if exact else TOLERANCES[kind] if tolerance is None else tolerance
    comparison = Comparison(
        name, result.shape, reference.shape, result.dtype.name, kind, np.inf, np.inf, allowed
    )
    if result.shape != reference.shape or result.dtype != reference.dtype:
        return comparison
    if reference.size == 0:
        return dataclasses.replace(comparison, largest_difference=0.0, error=0.0)
    distances = _distances(result, reference)
    at = np.unravel_index(int(np.argmax(distances)), reference.shape)
    largest = float(distances[at])
    return dataclasses.replace(
        comparison,
        largest_difference=largest,
        error=largest / _scale(reference, allowed) if largest else 0.0,
        position=tuple(int(i) for i in at) if largest else None,
        value=_shown(result[at]),
        expected_value=_shown(reference[at]),
        telling=_is_telling(reference),
    )


def _shown(element: Any) -> Any:
    return element if isinstance(element, str) else float(element)


def _is_telling(reference: np.ndarray) -> bool:
    finite = reference if reference.dtype.kind in "OUS" else reference[np.isfinite(reference)]
    return reference.size == 1 or (finite.size > 0 and bool((finite != finite[0]).any()))


def _distances(result: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """|result - reference| element by element, infinite where only one of the two is a number."""
    if reference.dtype.kind in "OUS":  # strings are the same or they are not
        return np.where(result == reference, 0.0, np.inf)
    if reference.dtype.kind not in "f":
        differs = result != reference
        wide = np.abs(result.astype(np.float64) - reference.astype(np.float64))
        return np.where(differs, np.maximum(wide, np.finfo(np.float64).tiny), 0.0)
    same = (result == reference) | (np.isnan(result) & np.isnan(reference))
    with np.errstate(invalid="ignore", over="ignore"):
        distances = np.abs(result.astype(np.float64) - reference.astype(np.float64))
    return np.where(same, 0.0, np.where(np.isfinite(distances), distances, np.inf))


def _scale(reference: np.ndarray, tolerance: float) -> float:
    """Largest finite magnitude of ``reference``, never so small that rounding is an error."""
    if reference.dtype.kind != "f":
        return 1.0
    finite = np.abs(reference[np.isfinite(reference)].astype(np.float64))
    step = float(np.finfo(reference.dtype).eps)
    least = ROUNDING_STEPS * step / tolerance if tolerance else step
    return max(float(finite.max(initial=0.0)), least)
