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
"""Windows that slide over spatial axes: sizes, pads, and tensors padded for them."""

from __future__ import annotations

import dataclasses
from typing import Any, List, Sequence

from ..values import Dim, assume


@dataclasses.dataclass
class Windows:
    """Where the windows of a convolution or a pooling lie, one entry a spatial axis.

    Attributes
    ----------
    sizes : list of int or Dim
        Of the tensor, without pads.
    kernel, strides, dilations : list of int
        In elements.
    begin, end : list of int or Dim
        Pads before the first and behind the last element.
    """

    sizes: List[Any]
    kernel: List[int]
    strides: List[int]
    dilations: List[int]
    begin: List[Any]
    end: List[Any]

    @property
    def spans(self) -> List[int]:
        """Elements from the first to the last of a window."""
        return [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations)]

    @property
    def has_one_pad(self) -> bool:
        """Whether MXNet's layers can say the pads: one for both ends, less than the window."""
        return self.begin == self.end and all(
            0 <= pad < span for pad, span in zip(self.begin, self.spans)
        )

    @property
    def counts(self) -> List[Any]:
        """How many windows lie along each axis."""
        return [
            (size + begin + end - span) // stride + 1
            for size, begin, end, span, stride in zip(
                self.sizes, self.begin, self.end, self.spans, self.strides
            )
        ]


def windows_over(
    op, x, kernel: Sequence[int], *, strides, pads, auto_pad: str, dilations=None
) -> Windows:
    """The windows that a node's attributes ask for; what MXNet would stumble over is refused."""
    rank = len(kernel)
    if not 1 <= rank <= 3:
        op.fail(f"{rank} spatial axes are not covered, 1 to 3 are")
    if x.rank != rank + 2:
        op.fail(f"a kernel of {rank} axes does not fit a tensor of rank {x.rank}")
    strides, dilations = list(strides or [1] * rank), list(dilations or [1] * rank)
    pads = list(pads or [0] * 2 * rank)
    if (len(strides), len(dilations), len(pads)) != (rank, rank, 2 * rank):
        op.fail(f"strides, dilations or pads do not match the {rank} axes of the kernel")
    if min([*kernel, *strides, *dilations]) < 1:
        op.fail("kernel, strides and dilations must be positive")
    windows = Windows(list(x.shape[2:]), list(kernel), strides, dilations, pads[:rank], pads[rank:])
    if auto_pad == "VALID":
        windows.begin, windows.end = [0] * rank, [0] * rank
    elif auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        windows.begin, windows.end = _same(op, windows, auto_pad)
    elif auto_pad != "NOTSET":
        op.fail(f"auto_pad '{auto_pad}' is not known")
    return windows


def check_room(op, windows: Windows) -> None:
    """Refuse windows that reach beyond what they slide over.

    Where that varies, MXNet's inference is left to judge the sizes tried: others may do.
    """
    fixed = [n for size, n in zip(windows.sizes, windows.counts) if isinstance(size, int)]
    if any(isinstance(n, int) and n < 1 for n in fixed):
        op.fail(f"windows of {windows.spans} do not fit into {windows.sizes} and their pads")


def _same(op, windows: Windows, auto_pad: str):
    """Pads that give ceil(size / stride) windows; an odd one goes to the end, or to the begin."""
    totals = [
        max(span - (rest_of(op, size, stride) or stride), 0) if span > 1 else 0
        for size, stride, span in zip(windows.sizes, windows.strides, windows.spans)
    ]
    less, more = [t // 2 for t in totals], [t - t // 2 for t in totals]
    return (less, more) if auto_pad == "SAME_UPPER" else (more, less)


def rest_of(op, size, stride: int) -> int:
    """What is left of a size by strides: pads hang on it, and pads are built into a symbol."""
    rest = size % stride
    if isinstance(rest, Dim):
        op.fail(f"its pads depend on {size} % {stride}: fix the size by input_shapes or sizes")
    if isinstance(size, Dim) and stride > 1:
        assume(f"{size} % {stride} is {rest}")
    return rest


def padded(op, x, windows: Windows, fill):
    """``x``, with the pads in it where a layer cannot say them, and the pads that are left."""
    if windows.has_one_pad:
        return x, tuple(windows.begin)
    return with_pads(op, x, windows.begin, windows.end, fill), (0,) * len(windows.begin)


def with_pads(op, x, begin, end, fill):
    """``x`` padded along its spatial axes; a negative pad takes away."""
    for axis, (before, behind) in enumerate(zip(begin, end), 2):
        if before < 0 or behind < 0:
            low, high = (-before if before < 0 else 0), (behind if behind < 0 else None)
            x = op.cut(x, axis, low, high)
    width = tuple((max(b, 0), max(e, 0)) for b, e in zip(begin, end))
    if all(pair == (0, 0) for pair in width):
        return x
    return op._npi_pad(x, pad_width=((0, 0), (0, 0), *width), mode="constant", constant_value=fill)
