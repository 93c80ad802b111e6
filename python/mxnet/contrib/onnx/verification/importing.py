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
"""An imported model in MXNet, as Module and as Gluon block, beside its source in ONNX Runtime."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence

import numpy as np

import onnx

from ..dtypes import ELEMENT_TYPES
from ..errors import ModelError
from . import onnx_runtime
from .comparison import Comparison, compare
from .drawing import (
    Arrays,
    Feed,
    Given,
    bound_sizes,
    check_count,
    declared_inputs,
    described,
    draw,
    given_runs,
    index_limits,
    sizes_to_try,
    with_sizes,
)
from .inside import Pair, explained
from .mxnet_process import CPU, MXNetProcess, MXNetRefusal, require
from .onnx_runtime import RuntimeRefusal
from .report import Report, Run

ROUTES = ("Module", "Gluon")
FUSED_WRONG = (
    "without the fusion of operators that MXNet does by default, in Module, it computes the same; "
    "MXNET_SUBGRAPH_BACKEND=NONE in the environment turns that off"
)
#: NumPy's dtypes that MXNet lacks, and what carries them there.
CARRIERS = {t.numpy: np.dtype(t.carrier) for t in ELEMENT_TYPES if t.numpy and t.carrier}


def verify_import(
    model_file: Any,
    symbol: Any,
    arg_params: Mapping[str, Any],
    aux_params: Mapping[str, Any],
    inputs: Given = None,
    *,
    input_shapes: Optional[Mapping[str, Sequence[Any]]] = None,
    input_values: Optional[Mapping[str, Any]] = None,
    sizes: Optional[Mapping[str, Sequence[int]]] = None,
    tolerance: Optional[float] = None,
    seed: int = 0,
    ctx: Any = None,
) -> Report:
    """Run an ONNX file in ONNX Runtime and what was imported from it in MXNet, and compare.

    MXNet runs in a child process, as Module and as Gluon block, and fuses operators as it does for
    a user; where that alone makes the difference, the report says so. Where sizes vary, two
    assignments of them are run.

    Parameters
    ----------
    model_file : str, os.PathLike, bytes, binary file object or onnx.ModelProto
    symbol : mxnet.symbol.Symbol
    arg_params, aux_params : dict of str to mxnet.nd.NDArray
        All three as :func:`import_model` returns them.
    inputs : dict of str to numpy.ndarray, or sequence of such dicts, optional
        By the ONNX model's input names. Drawn where not given: floats normal with deviation 1,
        integers 0 or 1, or below the number of rows where they index a table.
    input_shapes, input_values : dict, optional
        As they were given to :func:`import_model`.
    sizes : mapping of str to sequence of int, optional
        For dimensions that vary, the sizes to run at. Chosen so that ONNX Runtime accepts them
        where not given.
    tolerance : float, optional
        Largest error of float outputs, as a fraction of the output's largest magnitude; by dtype
        otherwise: 1e-4 (float32), 1e-2 (float16), 1e-6 (float64). Integers and booleans must be
        equal.
    seed : int
        Of the inputs that are drawn.
    ctx : mxnet.Context or str, optional
        Where MXNet runs, the first CPU by default.

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
    parameters = {n: a.asnumpy() for n, a in [*arg_params.items(), *aux_params.items()]}
    with MXNetProcess(symbol.tojson(), parameters, str(ctx or CPU)) as mxnet:
        path = _path(model_file, mxnet.folder)
        is_file = isinstance(model_file, (str, os.PathLike))
        name = os.path.basename(path) if is_file else "the ONNX model"
        report = Report("the imported network", "MXNet", f"{name} in {runtime}")
        sides = _Sides(symbol.tojson(), mxnet, path, tolerance)
        try:
            feeds = sides.feeds(inputs, sizes, seed, input_shapes or {}, input_values or {})
            report = sides.compared(report, feeds)
        except (MXNetRefusal, RuntimeRefusal) as error:
            report = dataclasses.replace(report, problems=(str(error),))
        return dataclasses.replace(report, runtime=f"MXNet {mxnet.version}".strip())


def _path(model_file: Any, folder: str) -> str:
    """Where ONNX Runtime finds the model: its own path, or a temporary copy."""
    if isinstance(model_file, (str, os.PathLike)):
        return os.path.abspath(os.fspath(model_file))
    if isinstance(model_file, onnx.ModelProto):
        data = model_file.SerializeToString()
    elif hasattr(model_file, "read"):
        model_file.seek(0)
        data = model_file.read()
    else:
        data = bytes(model_file)
    path = os.path.join(folder, "source.onnx")
    with open(path, "wb") as file:
        file.write(data)
    return path


class _Sides:
    """Both sides of one verification."""

    def __init__(self, symbol: str, mxnet: MXNetProcess, path: str, tolerance: Optional[float]):
        self.graph = json.loads(symbol)
        self.mxnet, self.path, self.tolerance = mxnet, path, tolerance
        self.model = onnx.load(path, load_external_data=False)
        self.session = onnx_runtime.Session(path)

    def feeds(
        self,
        given: Given,
        sizes: Optional[Mapping[str, Sequence[int]]],
        seed: int,
        shapes: Mapping[str, Sequence[Any]],
        fixed: Mapping[str, Any],
    ) -> List[Feed]:
        """What to run."""
        declared = declared_inputs(self.model)
        values = {n: np.asarray(v, declared[n][0]) for n, v in fixed.items() if n in declared}
        for name, shape in shapes.items():
            if name in declared:
                dtype, _ = declared[name]
                declared[name] = (dtype, tuple(s or f"{name}.{k}" for k, s in enumerate(shape)))
        free = {n: kind for n, kind in declared.items() if n not in values}
        if given is not None:
            runs = given_runs(given)
            return [(bound_sizes(free, run), {**values, **run}) for run in runs]
        limits = index_limits(self.model)
        refusal: Optional[RuntimeRefusal] = None
        for chosen in sizes_to_try(free, sizes):
            feeds: List[Feed] = [
                (s, {**values, **draw(with_sizes(free, s), limits, seed)}) for s in chosen
            ]
            try:
                for _, arrays in feeds:
                    self.session.run(arrays)
                return feeds
            except RuntimeRefusal as error:
                refusal = error
        raise ModelError(
            f"no sizes that were tried fit the model; give sizes=. The last refusal: {refusal}"
        )

    def compared(self, report: Report, feeds: Sequence[Feed]) -> Report:
        """``report`` with every run, and with the first node that differs where an output does."""
        fed = [self._carried(arrays) for _, arrays in feeds]
        found = self.mxnet.run(fed, routes=ROUTES)
        references = [self.session.run(arrays) for _, arrays in feeds]
        runs = []
        for route in ROUTES:
            for index, (sizes, arrays) in enumerate(feeds):
                results = found.outputs[index, route]
                check_count(len(results), len(references[index]), "ONNX Runtime")
                outputs = tuple(map(self._judge, self.session.outputs, results, references[index]))
                runs.append(Run(route, described(arrays), sizes, outputs))
        report = dataclasses.replace(report, runs=tuple(runs))
        wrong = next((index for index, run in enumerate(runs) if not run.agrees), None)
        if wrong is None:
            return report
        wrong %= len(feeds)
        return explained(
            report,
            list(self._pairs()),
            self.mxnet,
            self.path,
            fed[wrong],
            feeds[wrong][1],
            self._judge,
            lambda: self._of_fusion(fed[wrong], references[wrong]),
        )

    def _of_fusion(self, arrays: Arrays, references: Sequence[np.ndarray]) -> str:
        """What to say where an output differs and no value inside does: it may be the fusion."""
        results = self.mxnet.run([arrays], fused=False).outputs[0, ""]
        judged = map(self._judge, self.session.outputs, results, references)
        return FUSED_WRONG if all(each.agrees for each in judged) else ""

    @staticmethod
    def _carried(arrays: Arrays) -> Dict[str, np.ndarray]:
        """The arrays in the types that MXNet has, rank 0 as (1,)."""
        return {
            n: a.astype(CARRIERS.get(a.dtype, a.dtype)).reshape(a.shape or (1,))
            for n, a in arrays.items()
        }

    def _judge(self, name: str, result: np.ndarray, reference: np.ndarray) -> Comparison:
        return compare(name, result, self._carried({name: reference})[name], self.tolerance)

    def _pairs(self) -> Iterator[Pair]:
        """Values of the nodes that the importer named an MXNet node after, in order."""
        places: Dict[str, int] = {
            entry["name"]: place
            for place, entry in enumerate(self.graph["nodes"])
            if entry["op"] != "null"
        }
        for node in self.model.graph.node:
            output = next(filter(None, node.output), "")
            place = places.get(node.name or output)
            if place is not None and output == node.output[0]:
                yield Pair(node.name or output, node.op_type, place, 0, output)
