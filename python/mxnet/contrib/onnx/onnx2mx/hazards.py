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
"""What kills MXNet 1.9.1 or makes it read wild memory, refused before it gets there.

MXNet checks most arguments itself and raises. The rest is here, by MXNet's operator names: each
entry was seen to end the process or to read out of bounds.
"""

from __future__ import annotations

import ast
from typing import Callable, Dict, Mapping, Sequence, Tuple

from ..errors import InferenceError, TranslationError

PlainShape = Tuple[int, ...]
Check = Callable[[Mapping[str, str], Sequence[PlainShape]], None]

#: Most elements of one MXNet tensor: the released wheels count them in 32 bits.
MOST_ELEMENTS = 2**31 - 1


#: Operators that put tensors one after the other: empty ones among them change nothing.
JOINING = frozenset({"Concat", "_npi_concatenate"})


def check_hazards(
    op_name: str,
    attrs: Mapping[str, str],
    shapes: Sequence[PlainShape],
    nothing: bool = False,
) -> None:
    """Refuse a call that MXNet would not survive.

    Parameters
    ----------
    nothing : bool
        Whether only shapes are asked for, so that tensors may be empty.

    Raises
    ------
    InferenceError
        If it hangs on the shapes: other sizes may do.
    TranslationError
        If it hangs on the attributes.
    """
    for shape in shapes:
        count = 1
        for size in shape:
            count *= size
        if count == 0 and not nothing:
            raise InferenceError(f"MXNet's {op_name} would get an empty tensor of shape {shape}")
        if count > MOST_ELEMENTS:
            raise InferenceError(f"{shape} has more elements than an MXNet tensor holds")
    check = _CHECKS.get(op_name)
    if check is not None:
        check(attrs, shapes)


def _numbers(attrs: Mapping[str, str], key: str) -> Tuple[int, ...]:
    value = ast.literal_eval(attrs.get(key, "()"))
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _window(attrs: Mapping[str, str], shapes: Sequence[PlainShape]) -> None:
    """Divisions by a stride or a group of 0, and windows of negative size."""
    for key in ("kernel", "stride", "dilate", "num_group", "num_filter"):
        if any(n < 1 for n in _numbers(attrs, key)):
            raise TranslationError(f"{key} {attrs[key]} is not positive")
    if any(n < 0 for n in _numbers(attrs, "pad")):
        raise TranslationError(f"pad {attrs['pad']} is negative")


def _permutation(attrs: Mapping[str, str], shapes: Sequence[PlainShape]) -> None:
    """``(0, 0)`` is accepted and reads out of bounds."""
    axes = _numbers(attrs, "axes")
    rank = len(shapes[0])
    if axes and sorted(a % rank if -rank <= a < rank else -1 for a in axes) != list(range(rank)):
        raise TranslationError(f"axes {axes} are no permutation of {rank} axes")


def _at_most(rank: int) -> Check:
    """More axes are found out only when the operator runs."""

    def check(attrs: Mapping[str, str], shapes: Sequence[PlainShape]) -> None:
        most = max(map(len, shapes))
        if most > rank:
            raise TranslationError(f"MXNet takes at most {rank} axes here, not {most}")

    return check


def _legacy_reshape(attrs: Mapping[str, str], shapes: Sequence[PlainShape]) -> None:
    """Does not compare numbers of elements; rows use ``op.reshape``."""
    raise TranslationError("the legacy Reshape reads out of bounds; use op.reshape")


_CHECKS: Dict[str, Check] = {
    "Concat": _at_most(6),  # by MKLDNN
    "Convolution": _window,
    "Deconvolution": _window,
    "Pooling": _window,
    "transpose": _permutation,
    "_np_transpose": _permutation,
    "Reshape": _legacy_reshape,
    "reshape": _legacy_reshape,
    "slice": _at_most(5),
    "_npi_pad": _at_most(5),
    "_npi_where": _at_most(5),
}
