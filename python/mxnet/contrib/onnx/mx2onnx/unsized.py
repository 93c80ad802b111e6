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
"""Zeros and ones whose size MXNet infers from their readers, and where 1 can stand for it.

``zeros(shape=(0, 6))`` is the usual first state of a recurrent cell: the 0 is the batch size, which
MXNet infers backwards. ONNX infers forwards only, but 1 broadcasts to any size, so that most
readers compute the same from one row. Here is which do.
"""

from __future__ import annotations

from typing import AbstractSet, Sequence, Set

from ..errors import TranslationError

#: Operators whose operands broadcast: beside one that has the size, a stand-in stretches to it.
BROADCASTING = frozenset(
    {
        "Add", "And", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max",
        "Mean", "Min", "Mod", "Mul", "Or", "Pow", "Sub", "Sum", "Where", "Xor",
    }
)  # fmt: skip
#: Operators on each row, or each number, by itself: from a stand-in comes a stand-in.
ROW_BY_ROW = BROADCASTING | frozenset(
    {
        "Abs", "Cast", "Ceil", "Clip", "Elu", "Erf", "Exp", "Floor", "Gelu", "Gemm", "HardSigmoid",
        "HardSwish", "Identity", "LeakyRelu", "Log", "MatMul", "Mish", "Neg", "Not", "PRelu",
        "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Softplus", "Softsign", "Split",
        "Sqrt", "Squeeze", "Tanh", "Transpose", "Unsqueeze",
    }
)  # fmt: skip
#: Operators on each entry of the first axis by itself, beside constants.
ENTRY_BY_ENTRY = frozenset({"Conv"})


class Unsized:
    """Which values stand in, with sizes of 1, for sizes that are not known here."""

    def __init__(self) -> None:
        self._names: Set[str] = set()
        self._batches: Set[str] = set()

    def add(self, name: str, batch: bool = False) -> None:
        """``name`` is a stand-in; ``batch`` says that no size but the first is open."""
        self._names.add(name)
        if batch:
            self._batches.add(name)

    def add_like(self, name: str, other: str) -> None:
        """``name`` stands in where ``other`` does."""
        self.add(name, other in self._batches)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __bool__(self) -> bool:
        return bool(self._names)

    def follow(
        self,
        op_type: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        constants: AbstractSet[str],
    ) -> None:
        """Note what a node does with stand-ins.

        Raises
        ------
        TranslationError
            If it would compute something else from a size of 1 than from the right one.
        """
        if not self._names.intersection(inputs):
            return
        sized = [i for i in inputs if i and i not in self._names and i not in constants]
        if sized and op_type in BROADCASTING:
            return
        if op_type == "Gemm" and self._names.isdisjoint(inputs[1:]):  # rows times a weight
            self._names.update(outputs)
            return
        batch = op_type in ENTRY_BY_ENTRY and not self._names.intersection(inputs) - self._batches
        if batch and not sized:
            self._batches.update(outputs)
        elif sized or op_type not in ROW_BY_ROW:
            self.refuse(f"{op_type} does not broadcast it")
        self._names.update(outputs)

    def refuse(self, reason: str) -> None:
        """Raise what a stand-in in the wrong place deserves."""
        raise TranslationError(
            "an operand is zeros or ones with a size of 0, which MXNet infers from its readers; "
            f"{reason}: write the size out, or make it an input of the network"
        )
