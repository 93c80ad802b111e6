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
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

import onnx

from ..errors import ModelError
from . import onnx_runtime
from .comparison import compare
from .drawing import Inputs, draw, index_limits, sizes_to_try, varying, with_sizes
from .expressions import evaluate
from .mxnet_process import MXNetProcess, MXNetRefusal, Place, require
from .onnx_runtime import RuntimeRefusal
from .report import NodeDifference, Report, Run

Arrays = Mapping[str, np.ndarray]
#: Values inside that are held at once while the first node that differs is looked for, in bytes.
AT_ONCE = 1 << 28


@dataclasses.dataclass(frozen=True)
class SourceNode:
    """A node of the source: its place in the symbol file, its ONNX values by output."""

    name: str
    op_type: str
    place: int
    values: Mapping[int, str]


#: A value inside: its node, which output, and its name in the ONNX model.
Entry = Tuple[SourceNode, int, str]
#: Shape and dtype.
Type = Tuple[Tuple[int, ...], str]


def verify_export(
    conversion: Any,
    inputs: Union[None, Arrays, Sequence[Arrays]] = None,
    *,
    sizes: Optional[Mapping[str, Sequence[int]]] = None,
    tolerance: Optional[float] = None,
    seed: int = 0,
    device: str = "cpu(0)",
    path: Optional[str] = None,
) -> Report:
    """Run source and result on the same inputs, compare, and name the first node that differs.

    MXNet runs in a child process. Where sizes vary, two assignments of them are run. The shapes and
    dtypes that the converter inferred for the values inside are held against MXNet's own inference.

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
        equal.
    seed : int
        Of the inputs that are drawn.
    device : str
        Where MXNet runs: ``"cpu(0)"``, ``"gpu(0)"``.
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
    report = Report(os.path.basename(path) if path else "the ONNX model", "MXNet", runtime)
    parameters = {n: _placed(t) for n, t in conversion.parameters.items()}
    with MXNetProcess(conversion.symbol, parameters, device) as mxnet:
        if path is None:
            path = os.path.join(mxnet.folder, "converted.onnx")
            conversion.write(path)
        side = _Sides(conversion, mxnet, path, tolerance)
        try:
            runs = side.inputs(inputs, sizes, seed)
            report = side.compared(report, runs)
        except (MXNetRefusal, RuntimeRefusal) as error:
            report = dataclasses.replace(report, problems=(str(error),))
        notes = side.notes()
        return dataclasses.replace(report, source=f"MXNet {mxnet.version}".strip(), notes=notes)


class _Sides:
    """Both sides of one verification."""

    def __init__(self, conversion: Any, mxnet: MXNetProcess, path: str, tolerance: Optional[float]):
        self.conversion, self.mxnet, self.path, self.tolerance = conversion, mxnet, path, tolerance
        self.nodes = list(source_nodes(conversion))
        self.places = _places(conversion)

    def inputs(
        self,
        given: Union[None, Arrays, Sequence[Arrays]],
        sizes: Optional[Mapping[str, Sequence[int]]],
        seed: int,
    ) -> List[Tuple[Dict[str, int], Arrays]]:
        """What to run: the sizes, and the arrays by ONNX name."""
        declared = declared_types(self.conversion.inputs)
        if given is not None:
            runs = [given] if isinstance(given, Mapping) else list(given)
            return [(bound_sizes(declared, run), run) for run in runs]
        candidates = list(sizes_to_try(declared, sizes))
        chosen = candidates[0]
        if len(candidates) > 1:
            shapes = [self._shapes(with_sizes(declared, c[0])) for c in candidates]
            chosen = candidates[self.mxnet.fitting(shapes)]
        limits = index_limits(onnx.load(self.path, load_external_data=False))
        return [(s, draw(with_sizes(declared, s), limits, seed)) for s in chosen]

    def _shapes(
        self, inputs: Mapping[str, Tuple[np.dtype, Tuple[int, ...]]]
    ) -> Dict[str, Tuple[int, ...]]:
        variables = self.conversion.variables
        return {variables[n]: shape for n, (_, shape) in inputs.items()}

    def _by_variable(self, arrays: Arrays) -> Dict[str, np.ndarray]:
        return {self.conversion.variables[n]: a for n, a in arrays.items()}

    def compared(self, report: Report, inputs: Sequence[Tuple[Dict[str, int], Arrays]]) -> Report:
        """``report`` with every run, and with the first node that differs where an output does."""
        fed = [self._by_variable(arrays) for _, arrays in inputs]
        heads = [(self.places[node], k) for node, k in self.conversion.graph.heads]
        entries = [(node, k, value) for node in self.nodes for k, value in node.values.items()]
        found = self.mxnet.run(fed, heads, inside=[(node.place, k) for node, k, _ in entries])
        session = onnx_runtime.Session(self.path)
        runs = []
        for index, (sizes, arrays) in enumerate(inputs):
            references = found.outputs[index, ""]
            outputs = tuple(
                compare(name, result, self._as_stored(reference, result), self.tolerance)
                for name, result, reference in zip(session.outputs, session.run(arrays), references)
            )
            shapes = {n: (a.dtype.name, a.shape) for n, a in arrays.items()}
            runs.append(Run("", shapes, sizes, outputs))
        differences = [
            difference
            for (sizes, _), types in zip(inputs, found.types)
            for difference in self._type_differences(entries, types, sizes)
        ]
        report = dataclasses.replace(
            report,
            runs=tuple(runs),
            types_checked=len(entries),
            type_differences=tuple(dict.fromkeys(differences)),
        )
        wrong = next((index for index, run in enumerate(runs) if not run.agrees), None)
        if wrong is None:
            return report
        parts = _parts(entries, found.types[wrong]) if entries else ()
        try:
            first = self._first_difference(parts, inputs[wrong][1], fed[wrong])
        except (MXNetRefusal, RuntimeRefusal) as error:
            told = f"the first node that differs was not found: {error}"
            return dataclasses.replace(report, problems=(told,))
        return dataclasses.replace(report, first_difference=first)

    def _as_stored(self, reference: np.ndarray, result: np.ndarray) -> np.ndarray:
        """A reference that MXNet could compute in float32 only, as the float16 it stands for."""
        if self.mxnet.widened and result.dtype == np.float16 and reference.dtype == np.float32:
            return reference.astype(np.float16)
        return reference

    def notes(self) -> Tuple[str, ...]:
        """What a reader of the report should know."""
        if self.mxnet.widened:
            return ("MXNet has no float16 kernels for this model here; it computed in float32",)
        return ()

    def _type_differences(
        self, entries: Sequence[Entry], types: Sequence[Type], sizes: Mapping[str, int]
    ) -> Iterator[str]:
        """What the converter inferred otherwise than MXNet."""
        for (node, k, value), (shape, dtype) in zip(entries, types):
            inferred = self.conversion.types(value)
            if inferred.dims is None:
                continue
            dims = tuple(evaluate(d, sizes) if isinstance(d, str) else d for d in inferred.dims)
            if self.mxnet.widened and inferred.dtype == np.float16:
                dtype = "float16"
            if not _fits(dims, shape) or dtype not in ("", inferred.dtype.name):
                yield (
                    f"'{node.name}' ({node.op_type}), output {k}: {_dims(dims)} "
                    f"{inferred.dtype.name} instead of {_dims(shape)} {dtype}"
                )

    def _first_difference(
        self, parts: Iterable[Sequence[Entry]], arrays: Arrays, fed: Arrays
    ) -> Optional[NodeDifference]:
        """Compare the values inside, in the source's order, a part at a time."""
        agreeing = 0
        for part in parts:
            heads = [(node.place, k) for node, k, _ in part]
            references = self.mxnet.run([fed], heads, fused=False)
            names = [value for _, _, value in part]
            results = onnx_runtime.values_inside(self.path, names, arrays, self.mxnet.folder)
            for (node, _, value), reference in zip(part, references.outputs[0, ""]):
                result = results[value]
                found = compare(value, result, self._as_stored(reference, result), self.tolerance)
                if not found.agrees:
                    return NodeDifference(node.name, node.op_type, value, found, agreeing)
                agreeing += 1
        return None


def _parts(entries: Sequence[Entry], types: Sequence[Type]) -> Iterator[List[Entry]]:
    """``entries`` in runs whose arrays are held in memory together."""
    part: List[Entry] = []
    held = 0
    for entry, (shape, _) in zip(entries, types):
        part.append(entry)
        held += 4 * int(np.prod(shape, dtype=np.int64))
        if held > AT_ONCE:
            yield part
            part, held = [], 0
    if part:
        yield part


def _placed(tensor: Any) -> Union[Place, np.ndarray]:
    """Where a parameter lies, or its numbers."""
    if tensor.place is None:
        return tensor.read()
    path, offset = tensor.place
    return Place(os.path.abspath(path), offset, tensor.dtype.name, tuple(tensor.shape))


def declared_types(
    types: Mapping[str, Any],
) -> Dict[str, Tuple[np.dtype, Tuple[Union[int, str], ...]]]:
    """(dtype, shape) of each input; unnamed sizes get names, the batch one for all inputs."""
    return {
        name: (
            kind.dtype,
            tuple(
                (f"{name}.{axis}" if axis else "batch") if d is None else d
                for axis, d in enumerate(kind.dims or ())
            ),
        )
        for name, kind in types.items()
    }


def bound_sizes(declared: Inputs, arrays: Arrays) -> Dict[str, int]:
    """What the varying sizes are in ``arrays``; ModelError where they do not fit the inputs."""
    if set(arrays) != set(declared):
        raise ModelError(
            f"inputs are given for {', '.join(sorted(arrays)) or 'none'}; "
            f"the model takes {', '.join(declared)}"
        )
    sizes: Dict[str, int] = {}
    for name, (dtype, shape) in declared.items():
        array = np.asarray(arrays[name])
        for size, given in zip(shape, array.shape):
            if isinstance(size, str):
                sizes.setdefault(size, given)
        wanted = tuple(sizes.get(s, -1) if isinstance(s, str) else s for s in shape)
        if wanted != array.shape or array.dtype != dtype:
            raise ModelError(
                f"input '{name}' is given as {array.dtype.name} {array.shape}, "
                f"the model takes {dtype.name} ({', '.join(map(str, shape))})"
            )
    return {n: sizes[n] for n in varying(declared)}


def source_nodes(conversion: Any) -> Iterator[SourceNode]:
    """Nodes of the source whose values the ONNX model still has, in order."""
    present = {o for node in conversion.nodes for o in node.output}
    places = _places(conversion)
    used = {
        i
        for node in conversion.graph.nodes
        for i in getattr(node, "inputs", ())
        if isinstance(i, tuple)
    }
    used |= set(conversion.graph.heads)
    by_node: Dict[int, Dict[int, str]] = collections.defaultdict(dict)
    for (index, k), value in conversion.values.items():
        if value in present and (index, k) in used:
            by_node[index][k] = value
    for index in sorted(by_node):
        node = conversion.graph.nodes[index]
        yield SourceNode(node.name, node.op_type, places[index], by_node[index])


def _places(conversion: Any) -> Dict[int, int]:
    """Canonical node to place in the symbol file, by name; equal names in their order."""
    stored: Dict[Tuple[str, bool], collections.deque] = collections.defaultdict(collections.deque)
    for place, entry in enumerate(json.loads(conversion.symbol)["nodes"]):
        stored[entry["name"], entry["op"] == "null"].append(place)
    places = {}
    for index, node in enumerate(conversion.graph.nodes):
        waiting = stored.get((node.name, not hasattr(node, "op_type")))
        if waiting:
            places[index] = waiting.popleft()
    return places


def _fits(dims: Sequence[Optional[int]], shape: Sequence[int]) -> bool:
    return len(dims) == len(shape) and all(d in (None, s) for d, s in zip(dims, shape))


def _dims(dims: Sequence[Optional[int]]) -> str:
    return "(" + ", ".join("?" if d is None else str(d) for d in dims) + ")"
