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
"""Where MXNet 1.9.1 computes something else on CPU, and what is emitted so that it does not.

Faults of its MKLDNN build, most often without an error (tests run every family behind a
convolution):

* Convolutions leave their output in MKLDNN's own memory layout. Operators that keep to MKLDNN, or
  write into their input's memory, pass it on. NumPy-style reshapes relabel such an array without
  putting it in order, softmax along the last axis reads it wrongly or ends the process, RNN fails,
  and so do ``slice`` and, with other than two axes of space, BatchNorm where they train.
  ``slice_axis`` is always in order; the legacy ``Reshape`` is up to rank 4 only.
* Convolutions that train hand such a layout back to what they read. LRN then has a wrong gradient;
  RNN and, with other than two axes of space, BatchNorm fail. So a copy in order follows them, which
  is one for the gradient too. Concat of channels fails or ends the process if not all its parts are
  of whole blocks of channels, see ``joining``.
* Loops (operators that hold a graph) are begun by the thread that only queues all others, and take
  the layout off their outputs' memory at once, which they share with outputs of convolutions that
  are still to be written or read: wrong numbers, now and then. No graph holds both.
* ``elemwise_add`` is fused into a convolution that feeds it even where its other operand depends
  on the same convolution, which then reads the sum. ``_npi_add`` is never fused.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Dict, List, Sequence, Tuple

import numpy as np

if TYPE_CHECKING:
    from .values import Tensor

#: Operators that choose the layout of their output.
CHOOSE = frozenset({"Convolution", "Deconvolution"})
#: Operators whose output has the layout of their input, whatever its shape.
_KEEP = frozenset(
    {
        "BatchNorm", "Concat", "LRN", "Pooling", "SliceChannel", "add_n",
    }
)  # fmt: skip
#: Operators that take memory for the plain layout, or refuse any other, and how many of their
#: inputs they do so with.
_MISREAD: Dict[str, int] = {
    "RNN": 4,
    "_np_reshape": 1,
    "_npx_reshape": 1,
    "log_softmax": 1,
    "reshape_like": 1,
    "slice": 1,
    "softmax": 1,
    "softmin": 1,
}
#: What puts an array into the plain layout.
IN_ORDER: Tuple[str, Dict[str, Any]] = ("slice_axis", {"axis": 0, "begin": 0, "end": "None"})
#: What copies an array.
COPY = "identity"
#: Operators that are fused into a convolution, and the one that computes the same and is not.
_UNFUSED: Dict[str, str] = {"elemwise_add": "_npi_add"}


@dataclasses.dataclass(frozen=True)
class Origin:
    """What matters here of how a tensor came about.

    Attributes
    ----------
    laid_out : bool
        Whether it may be in MKLDNN's own layout.
    fusable : int
        Bit of the convolution that gives it, directly or through a BatchNorm; 0 if none does.
    convolutions : int
        Bits of all convolutions that it depends on.
    """

    laid_out: bool = False
    fusable: int = 0
    convolutions: int = 0


PLAIN = Origin()


def origin_of(op_name: str, inputs: Sequence[Tensor], output: Tensor, count: int) -> Origin:
    """Origin of an output of an operator; ``count`` operators were emitted before."""
    convolutions = 0
    for tensor in inputs:
        convolutions |= tensor.origin.convolutions
    if op_name in CHOOSE:
        own = 1 << count
        return Origin(True, own, convolutions | own)
    fusable = inputs[0].origin.fusable if op_name == "BatchNorm" else 0
    kept = output.dtype == np.float32 and op_name != IN_ORDER[0]
    laid_out = kept and any(
        tensor.origin.laid_out and (op_name in _KEEP or tensor.shape == output.shape)
        for tensor in inputs
    )
    return Origin(laid_out, fusable, convolutions)


def misread(op_name: str, inputs: Sequence[Tensor]) -> List[int]:
    """Which inputs of an operator have to be put in order first."""
    count = _MISREAD.get(op_name, 0)
    if op_name == "BatchNorm" and inputs[0].rank != 4:
        count = 1
    return [i for i, tensor in enumerate(inputs[:count]) if tensor.origin.laid_out]


def misreads_gradient(op_name: str, inputs: Sequence[Tensor]) -> bool:
    """Whether the gradient of an operator's output has to be put in order."""
    return op_name in ("LRN", "RNN") or (op_name == "BatchNorm" and inputs[0].rank != 4)


def unfused(op_name: str, inputs: Sequence[Tensor]) -> str:
    """``op_name``, or what computes the same where fusing it would go wrong."""
    if op_name in _UNFUSED and len(inputs) == 2:
        one, other = (tensor.origin for tensor in inputs)
        if one.fusable & other.convolutions or other.fusable & one.convolutions:
            return _UNFUSED[op_name]
    return op_name


def in_a_loop(op_name: str) -> str:
    """What computes the same in the body of a loop.

    ``elemwise_add`` hands its gradient on as it is, to both operands, and the loop then adds to it:
    a wrong gradient wherever a state has other readers too.
    """
    return _UNFUSED.get(op_name, op_name)


def adds_gradients(op_name: str) -> bool:
    """Whether the gradient of an operator's inputs is added to what is there already.

    A loop asks for that where its body reads a tensor from outside; reverse, for one, writes over
    it. Only large products are trusted, which are worth it; others read a copy.
    """
    return op_name in ("FullyConnected", "batch_dot", "_npi_matmul", "_npi_multiply", "_npi_add")
