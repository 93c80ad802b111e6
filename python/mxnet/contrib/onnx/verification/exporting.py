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
"""An exported model in ONNX Runtime beside its source in MXNet."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
from typing import Any, Deque, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

import onnx

from ..mx2onnx.conversion import Conversion
from ..mx2onnx.symbol_file import Graph, Node, Output, Variable
from ..mx2onnx.symbol_json import NodeDict
from ..mx2onnx.tensors import Tensor
from . import onnx_runtime
from .comparison import Comparison, compare
from .drawing import (
    Feed,
    Given,
    Shaped,
    bound_sizes,
    check_count,
    declared_types,
    described,
    draw,
    given_runs,
    index_limits,
    sizes_to_try,
    with_sizes,
)
from .expressions import evaluate
from .inside import Pair, explained
from .mxnet_process import CPU, MXNetProcess, MXNetRefusal, Place, require
from .onnx_runtime import RuntimeRefusal
from .report import Report, Run

#: How many levels numbers of a quantised network may be apart.
LEVELS = 2.0


def verify_export(
    conversion: Conversion,
    inputs: Given = None,
    *,
    sizes: Optional[Mapping[str, Sequence[int]]] = None,
    tolerance: Optional[float] = None,
    seed: int = 0,
    ctx: Any = None,
    path: Optional[str] = None,
) -> Report:
    """Run source and result on the same inputs, compare, and name the first node that differs.

    MXNet runs in a child process and fuses no operators: what counts is what the network means.
    Where sizes vary, two assignments of them are run. The shapes and dtypes that the converter
    inferred for the values inside are held against MXNet's own inference.

    Parameters
    ----------
    conversion : Conversion
        What :func:`mx2onnx.export_model.convert` returns.
    inputs : dict of str to numpy.ndarray, or sequence of such dicts, optional
        By the ONNX model's input names. Drawn where not given: floats normal with deviation 1,
        integers 0 or 1, or below the number of rows where they index a table.
    sizes : mapping of str to sequence of int, optional
        For dimensions that vary, the sizes to run at. Chosen so that MXNet accepts them where not
        given.
    tolerance : float, optional
        Largest error of float outputs, as a fraction of the output's largest magnitude; by dtype
        otherwise: 1e-4 (float32), 1e-2 (float16), 1e-6 (float64). Integers and booleans must be
        equal. Of quantised networks, which hold int8, it is two levels, and their levels may be
        as far apart: a number between two levels may get either.
    seed : int
        Of the inputs that are drawn.
    ctx : mxnet.Context or str, optional
        Where MXNet runs, the first CPU by default.
    path : str, optional
        The file that was written from ``conversion``; a temporary one is written where not given.

    Returns
    -------
    Report

    Raises
    ------
    ImportError
        If MXNet or ONNX Runtime is not installed.
    ModelError
        If ``inputs`` or ``sizes`` are not the model's.
    """
    require()
    runtime = onnx_runtime.name()
    report = Report(os.path.basename(path) if path else "the ONNX model", runtime, "MXNet")
    parameters = {n: _placed(t) for n, t in conversion.tensors.items()}
    with MXNetProcess(_symbol(conversion), parameters, str(ctx or CPU)) as mxnet:
        if path is None:
            path = os.path.join(mxnet.folder, "converted.onnx")
            conversion.write(path)
        sides = _Sides(conversion, mxnet, path, tolerance)
        try:
            report = sides.compared(report, sides.feeds(inputs, sizes, seed))
        except (MXNetRefusal, RuntimeRefusal) as error:
            report = dataclasses.replace(report, problems=(str(error),))
        reference = f"MXNet {mxnet.version}".strip()
        notes = report.notes + sides.notes()
        return dataclasses.replace(report, reference=reference, notes=notes)


class _Sides:
    """Both sides of one verification."""

    def __init__(
        self, conversion: Conversion, mxnet: MXNetProcess, path: str, tolerance: Optional[float]
    ):
        self.conversion, self.mxnet, self.path, self.tolerance = conversion, mxnet, path, tolerance
        self.model = onnx.load(path, load_external_data=False)
        self.places = _places(conversion.graph, conversion.symbol.nodes)
        self.pairs = list(self._pairs())
        self.quantised = any(t.dtype == np.int8 for t in conversion.constants.values())
        self.variables = {name: v for v, name in conversion.input_names.items()}

    def feeds(
        self, given: Given, sizes: Optional[Mapping[str, Sequence[int]]], seed: int
    ) -> List[Feed]:
        """What to run."""
        declared = declared_types(self.conversion.inputs)
        if given is not None:
            runs = given_runs(given)
            return [(bound_sizes(declared, run), run) for run in runs]
        candidates = list(sizes_to_try(declared, sizes))
        chosen = candidates[0]
        if len(candidates) > 1:
            fitting = [self._by_variable(_shapes(with_sizes(declared, c[0]))) for c in candidates]
            chosen = candidates[self.mxnet.fitting(fitting)]
        limits = index_limits(self.model)
        return [(s, draw(with_sizes(declared, s), limits, seed)) for s in chosen]

    def _by_variable(self, inputs: Mapping[str, Any]) -> Dict[str, Any]:
        """``inputs`` by the names that MXNet knows."""
        return {self.variables[n]: value for n, value in inputs.items()}

    def compared(self, report: Report, feeds: Sequence[Feed]) -> Report:
        """``report`` with every run, and with the first node that differs where an output does."""
        fed = [self._by_variable(arrays) for _, arrays in feeds]
        heads = [(self.places[node], k) for node, k in self.conversion.graph.heads]
        inside = [(self.places[node], k) for node, k in self._read()]
        # the network's own meaning: MXNet's fusion computes a sum behind a convolution that others
        # read, too, wrong
        found = self.mxnet.run(fed, heads, inside=inside, fused=False)
        session = onnx_runtime.Session(self.path)
        runs = []
        for index, (sizes, arrays) in enumerate(feeds):
            results, references = session.run(arrays), found.outputs[index, ""]
            check_count(len(results), len(references), "MXNet")
            outputs = tuple(map(self._judge, session.outputs, references, results))
            runs.append(Run("", described(arrays), sizes, outputs))
        differences = [
            difference
            for (sizes, _), types in zip(feeds, found.types)
            for difference in self._type_differences(types, sizes)
        ]
        report = dataclasses.replace(
            report,
            runs=tuple(runs),
            types_checked=len(inside),
            type_differences=tuple(dict.fromkeys(differences)),
        )
        wrong = next((index for index, run in enumerate(runs) if not run.agrees), None)
        if wrong is None:
            return report
        arrays = feeds[wrong][1]
        return explained(report, self.pairs, self.mxnet, self.path, fed[wrong], arrays, self._judge)

    def _judge(self, name: str, reference: np.ndarray, result: np.ndarray) -> Comparison:
        if self.mxnet.widened and (result.dtype, reference.dtype) == (np.float16, np.float32):
            reference = reference.astype(np.float16)
        if not self.quantised:
            return compare(name, result, reference, self.tolerance)
        tolerance = LEVELS / 127 if self.tolerance is None else self.tolerance
        most = float(np.abs(reference.astype(np.float64)).max(initial=0.0))
        whole = LEVELS if reference.dtype.itemsize == 1 else most * tolerance
        return compare(name, result, reference, tolerance, whole)

    def notes(self) -> Tuple[str, ...]:
        """What a reader of the report should know."""
        if self.mxnet.widened:
            return ("MXNet has no float16 kernels for this model here; it computed in float32",)
        return ()

    def _type_differences(
        self, types: Sequence[Tuple[Tuple[int, ...], str]], sizes: Mapping[str, int]
    ) -> Iterator[str]:
        """What the converter inferred otherwise than MXNet."""
        for (index, k), (shape, dtype) in zip(self._read(), types):
            value = self.conversion.values[index, k]
            inferred = value.type
            if inferred.dims is None or value.stands_in:
                continue
            dims = tuple(evaluate(d, sizes) if isinstance(d, str) else d for d in inferred.dims)
            if self.mxnet.widened and inferred.dtype == np.float16:
                dtype = "float16"
            if not _fits(dims, shape) or dtype not in ("", inferred.dtype.name):
                yield (
                    f"{self._called(index)}, output {k}: {_dims(dims)} "
                    f"{inferred.dtype.name} instead of {_dims(shape)} {dtype}"
                )

    def _read(self) -> List[Output]:
        """Outputs of operators that something reads, in order."""
        graph = self.conversion.graph
        nodes = (graph.nodes[index] for index in self.conversion.live)
        read = {source for node in nodes if isinstance(node, Node) for source in node.sources}
        read.update(graph.heads)
        return sorted(
            output
            for output in read.intersection(self.conversion.values)
            if isinstance(graph.nodes[output[0]], Node)
        )

    def _pairs(self) -> Iterator[Pair]:
        """The outputs of operators that the ONNX model still has as values."""
        present = {o for node in self.model.graph.node for o in node.output}
        for index, k in self._read():
            node, value = self.conversion.graph.nodes[index], self.conversion.values[index, k]
            if isinstance(node, Node) and value.name in present and not value.stands_in:
                yield Pair(node.name, node.op_type, self.places[index], k, str(value.name))

    def _called(self, index: int) -> str:
        node = self.conversion.graph.nodes[index]
        return f"'{node.name}'" + (f" ({node.op_type})" if isinstance(node, Node) else "")


def _placed(tensor: Tensor) -> Union[Place, np.ndarray]:
    """Where a parameter lies, or its numbers."""
    if tensor.place is None:
        return tensor.read()
    path, offset = tensor.place
    return Place(os.path.abspath(path), offset, tensor.dtype.name, tuple(tensor.shape))


def _places(graph: Graph, stored: Sequence[NodeDict]) -> Dict[int, int]:
    """Node of the canonical graph to its place in the symbol file, by name, equal ones in order."""
    waiting: Dict[Tuple[str, bool], Deque[int]] = collections.defaultdict(collections.deque)
    for place, entry in enumerate(stored):
        waiting[entry.name, entry.op == "null"].append(place)
    places = {}
    for index, node in enumerate(graph.nodes):
        found = waiting.get((node.name, isinstance(node, Variable)))
        if found:
            places[index] = found.popleft()
    return places


def _symbol(conversion: Conversion) -> str:
    """The symbol file, in which labels that were computed are variables.

    What computes a label reads one whose shape nothing says; that of the label follows from what
    it is compared with.
    """
    graph, stored = conversion.graph, conversion.symbol.nodes
    places = _places(graph, stored)
    live = {places[index] for index in conversion.live if index in places}
    raw = json.loads(conversion.symbol.text())
    for index in conversion.live:
        node = graph.nodes[index]
        if not isinstance(node, Node) or index not in places:
            continue
        for source, _ in stored[places[index]].inputs[len(node.inputs) :]:
            if source not in live and stored[source].op != "null":
                raw["nodes"][source] = {"op": "null", "name": stored[source].name, "inputs": []}
    return json.dumps(raw)


def _shapes(inputs: Shaped) -> Dict[str, Tuple[int, ...]]:
    return {name: shape for name, (_, shape) in inputs.items()}


def _fits(dims: Sequence[Optional[int]], shape: Sequence[int]) -> bool:
    return len(dims) == len(shape) and all(d in (None, s) for d, s in zip(dims, shape))


def _dims(dims: Sequence[Optional[int]]) -> str:
    return "(" + ", ".join("?" if d is None else str(d) for d in dims) + ")"
