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
"""The values inside both sides, compared in order: which node is the first that differs."""

from __future__ import annotations

import dataclasses
from typing import Callable, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from . import onnx_runtime
from .comparison import Comparison
from .mxnet_process import MXNetProcess, MXNetRefusal
from .onnx_runtime import RuntimeRefusal
from .report import NodeDifference, Report

Arrays = Mapping[str, np.ndarray]
#: Bytes of values that are held at once.
AT_ONCE = 1 << 28
#: What to say where an output differs and no value inside does.
NOT_FOUND = "all of the {} values inside that both sides have agree"


@dataclasses.dataclass(frozen=True)
class Pair:
    """A value that both sides have.

    Attributes
    ----------
    node, op_type : str
        The node of the model that was converted.
    place, output : int
        Where MXNet's symbol file has the value: the node's place, and which of its outputs.
    value : str
        Its name in the ONNX model.
    """

    node: str
    op_type: str
    place: int
    output: int
    value: str

    @property
    def head(self) -> Tuple[int, int]:
        """The value in MXNet's symbol."""
        return self.place, self.output


def explained(
    report: Report,
    pairs: Sequence[Pair],
    mxnet: MXNetProcess,
    path: str,
    for_mxnet: Arrays,
    for_onnx: Arrays,
    judge: Callable[[str, np.ndarray, np.ndarray], Comparison],
    otherwise: Callable[[], str] = str,
) -> Report:
    """``report``, in which an output differs, with the first node that does.

    Parameters
    ----------
    report : Report
    pairs, mxnet, path, for_mxnet, for_onnx, judge
        See :func:`first_difference`.
    otherwise : callable
        ``otherwise()`` says more where no node does, or ``""``.
    """
    try:
        first = first_difference(pairs, mxnet, path, for_mxnet, for_onnx, judge)
        notes = () if first else (otherwise() or NOT_FOUND.format(len(pairs)),)
    except (MXNetRefusal, RuntimeRefusal) as error:
        told = f"the first node that differs was not found: {error}"
        return dataclasses.replace(report, problems=(told,))
    return dataclasses.replace(report, first_difference=first, notes=notes)


def first_difference(
    pairs: Sequence[Pair],
    mxnet: MXNetProcess,
    path: str,
    for_mxnet: Arrays,
    for_onnx: Arrays,
    judge: Callable[[str, np.ndarray, np.ndarray], Comparison],
) -> Optional[NodeDifference]:
    """Compare ``pairs`` in order, as many at once as memory allows, up to the first difference.

    Parameters
    ----------
    pairs : sequence of Pair
        In the order of the model that was converted.
    mxnet : MXNetProcess
    path : str
        The ONNX file.
    for_mxnet, for_onnx : mapping of str to numpy.ndarray
        The same inputs, as each side calls them.
    judge : callable
        ``judge(name, mxnet's, onnx's)``.
    """
    agreeing = 0
    for part in _parts(pairs, mxnet, for_mxnet):
        # where values are asked for that MXNet would fuse away, fusing fails
        found = mxnet.run([for_mxnet], [pair.head for pair in part], fused=False)
        names = [pair.value for pair in part]
        values = onnx_runtime.values_inside(path, names, for_onnx, mxnet.folder)
        for pair, array in zip(part, found.outputs[0, ""]):
            comparison = judge(pair.value, array, values[pair.value])
            if not comparison.agrees:
                return NodeDifference(pair.node, pair.op_type, pair.value, comparison, agreeing)
            agreeing += 1
    return None


def _parts(
    pairs: Sequence[Pair], mxnet: MXNetProcess, for_mxnet: Arrays
) -> Iterator[Sequence[Pair]]:
    if not pairs:
        return
    types = mxnet.run([for_mxnet], routes=(), inside=[pair.head for pair in pairs]).types[0]
    part: List[Pair] = []
    held = 0
    for pair, (shape, _) in zip(pairs, types):
        part.append(pair)
        held += 4 * int(np.prod(shape, dtype=np.int64))
        if held > AT_ONCE:
            yield part
            part, held = [], 0
    if part:
        yield part
