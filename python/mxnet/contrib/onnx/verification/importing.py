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
import tempfile
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence

import numpy as np

import onnx

from . import onnx_runtime
from .blocks import Blocks
from .comparison import Comparison, compare
from .drawing import (
    Arrays,
    Feed,
    check_count,
    declared_inputs,
    described,
    index_limits,
)
from .feeding import carried, choose
from .inside import Pair, explained
from .mxnet_process import CPU, MXNetProcess, MXNetRefusal, require
from .onnx_runtime import RuntimeRefusal
from .report import Report, Run

ROUTES = ("Module", "Gluon")
FUSED_WRONG = (
    "without the fusion of operators that MXNet does by default, in Module, it computes the same; "
    "MXNET_SUBGRAPH_BACKEND=NONE in the environment turns that off"
)


def verify_import(
    model_file: Any,
    symbol: Any = None,
    arg_params: Optional[Mapping[str, Any]] = None,
    aux_params: Optional[Mapping[str, Any]] = None,
    inputs: Any = None,
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

    Without a symbol it is the ``OnnxBlock`` of the model that runs, and the backend, operator by
    operator: for models that no symbol can say.

    Parameters
    ----------
    model_file : str, os.PathLike, bytes, binary file object or onnx.ModelProto
    symbol : mxnet.symbol.Symbol, optional
    arg_params, aux_params : dict of str to mxnet.nd.NDArray, optional
        All three as :func:`import_model` returns them.
    inputs : dict of str to numpy.ndarray, or sequence of such dicts, optional
        By the ONNX model's input names; without a symbol also lists for sequences and None for
        optionals without a value. Drawn where not given: floats normal with deviation 1,
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
    if symbol is None:
        chosen = {"sizes": sizes, "seed": seed}
        asked = {"input_shapes": input_shapes or {}, "input_values": input_values or {}}
        with tempfile.TemporaryDirectory(prefix="onnx-verification-") as folder:
            path = _path(model_file, folder)
            name = _called(model_file, path)
            report = Report("the imported model", "MXNet", f"{name} in {runtime}")
            blocks = Blocks(path, folder, tolerance, str(ctx or CPU))
            return blocks.compared(report, inputs, chosen, asked)
    parameters = {
        n: a.asnumpy() for n, a in [*(arg_params or {}).items(), *(aux_params or {}).items()]
    }
    with MXNetProcess(symbol.tojson(), parameters, str(ctx or CPU)) as mxnet:
        path = _path(model_file, mxnet.folder)
        name = _called(model_file, path)
        report = Report("the imported network", "MXNet", f"{name} in {runtime}")
        sides = _Sides(symbol.tojson(), mxnet, path, tolerance)
        try:
            report = sides.compared(
                report,
                choose(
                    sides.session,
                    declared_inputs(sides.model),
                    index_limits(sides.model),
                    inputs,
                    sizes=sizes,
                    seed=seed,
                    shapes=input_shapes or {},
                    fixed=input_values or {},
                ),
            )
        except (MXNetRefusal, RuntimeRefusal) as error:
            report = dataclasses.replace(report, problems=(str(error),))
        return dataclasses.replace(report, runtime=f"MXNet {mxnet.version}".strip())


def _called(model_file: Any, path: str) -> str:
    is_file = isinstance(model_file, (str, os.PathLike))
    return os.path.basename(path) if is_file else "the ONNX model"


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

    def compared(self, report: Report, feeds: Sequence[Feed]) -> Report:
        """``report`` with every run, and with the first node that differs where an output does."""
        fed = [{n: carried(a) for n, a in arrays.items()} for _, arrays in feeds]
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

    def _judge(self, name: str, result: np.ndarray, reference: np.ndarray) -> Comparison:
        return compare(name, result, carried(reference), self.tolerance)

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
