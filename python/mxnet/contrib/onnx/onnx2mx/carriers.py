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
"""Element types that MXNet lacks: their numbers in a wider type, back in range after every node.

Whole numbers of fewer bits wrap around, bfloat16 is rounded, halves to even. uint64 is carried by
int64, whose arithmetic wraps as its own does; numbers from 2 ** 63 on compare and divide wrongly
there, so an eager run prefers the folds for it.
"""

from __future__ import annotations

from typing import Any, Sequence, Tuple

import numpy as np

from .builders import carried, tagged
from .values import Tensor

#: Adds 29 + 16 bits to a float32 in float64 and takes them away again: of its 24 bits 8 remain,
#: rounded to nearest, halves to even.
_SPLIT = float(2**45 + 1)

#: Operators that hand numbers on as they are.
_MOVING = frozenset(
    {
        "Concat", "SwapAxis", "_copy", "_np_copy", "_np_reshape", "_np_transpose",
        "_npi_concatenate", "_npi_flip", "_npi_split", "_npi_stack", "_npi_where", "_npx_reshape",
        "broadcast_axis", "broadcast_like", "expand_dims", "gather_nd", "identity", "repeat",
        "reshape_like", "reverse", "slice", "slice_axis", "slice_like", "squeeze", "stack",
        "swapaxes", "take", "tile", "transpose",
    }
)  # fmt: skip


def handed_on(op_name: str, inputs: Sequence[Tensor], output: Tensor) -> Tensor:
    """An operator's output, of the type that its inputs stand for where it only moves numbers."""
    if op_name not in _MOVING:
        return output
    kinds = {t.element for t in inputs if t.dtype == output.dtype}
    return tagged(output, kinds.pop()) if len(kinds) == 1 else output


def narrowed(op: Any, x: Tensor, dtype: np.dtype) -> Tensor:
    """``x``, which is of the carrier of ``dtype``, with the numbers that ``dtype`` can hold."""
    if dtype in (x.element, x.dtype) or x.is_empty:
        return tagged(x, dtype)
    if x.value is not None:
        with np.errstate(all="ignore"):
            return tagged(op.constant(carried(x.value.astype(dtype))), dtype)
    if x.dtype.kind == "f":
        return tagged(_rounded(op, x), dtype)
    return tagged(_wrapped(op, x, *_range(dtype)), dtype)


def _range(dtype: np.dtype) -> Tuple[int, bool]:
    """Bits of a type of whole numbers, and whether it has negative ones."""
    sign, _, bits = dtype.name.rpartition("int")
    return int(bits), sign != "u"


def _wrapped(op: Any, x: Tensor, bits: int, signed: bool) -> Tensor:
    if bits >= 64:
        return x
    x = op._npi_bitwise_and_scalar(x, scalar=2**bits - 1)
    if not signed:
        return x
    half = 2 ** (bits - 1)
    flipped = op._npi_bitwise_xor_scalar(x, scalar=half)
    return op._npi_subtract_scalar(flipped, scalar=half, is_int=True)


def _rounded(op: Any, x: Tensor) -> Tensor:
    wide = op.Cast(x, dtype="float64")
    split = op._npi_multiply_scalar(wide, scalar=_SPLIT, is_int=False)
    near = op.Cast(op._npi_subtract(split, op._npi_subtract(split, wide)), dtype="float32")
    return op._npi_where(op._npi_isfinite(x), near, x)
