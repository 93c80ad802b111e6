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
"""Weights put into another form: which operators on constants wait until the file is written."""

from __future__ import annotations

import itertools
from typing import Optional, Sequence

import numpy as np

from onnx import NodeProto

from ..folding.table import MAX_ELEMENTS
from ..opset import plain_attribute
from .tensors import PartReader, Tensor

#: Operators that keep the numbers in their order.
SAME_ORDER = frozenset({"Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"})
#: Operators that keep the numbers, or leave some out.
REARRANGING = SAME_ORDER | frozenset({"Cast", "Concat", "Slice", "Transpose"})
#: Operators from numbers to numbers in the same place.
ARITHMETIC = frozenset({"Add", "Div", "Mul", "Neg", "Reciprocal", "Sqrt", "Sub"})
#: Others are computed at once, and only up to here.
COMPUTED_AT_ONCE = 1 << 20


def waits(op_type: str, elements: int) -> bool:
    """Whether a node on constants may wait until the file is written: it is sure to succeed."""
    return op_type in REARRANGING or (op_type in ARITHMETIC and elements <= MAX_ELEMENTS)


def parts_of(node: NodeProto, tensors: Sequence[Optional[Tensor]]) -> Optional[PartReader]:
    """How to read a range of what ``node`` gives without reading all, where that can be."""
    if node.op_type in SAME_ORDER and tensors[0] is not None:
        return tensors[0].part
    axis = {a.name: plain_attribute(a) for a in node.attribute}.get("axis")
    joined = [tensor for tensor in tensors if tensor is not None]
    if node.op_type == "Concat" and axis == 0 and len({t.dtype for t in joined}) == 1:
        return _joined(joined)
    return None


def _joined(tensors: Sequence[Tensor]) -> PartReader:
    ends = list(itertools.accumulate(tensor.elements for tensor in tensors))

    def read(begin: int, end: int) -> np.ndarray:
        pieces = [np.empty(0, tensors[0].dtype)]
        for tensor, last in zip(tensors, ends):
            first = last - tensor.elements
            if begin < last and end > first:
                until = min(end - first, tensor.elements)
                pieces.append(tensor.part(max(begin - first, 0), until))
        return np.concatenate(pieces) if len(pieces) != 2 else pieces[1]

    return read
