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
"""A model that no symbol says, as OnnxBlock and by the backend, beside its source."""

from __future__ import annotations

import dataclasses
import os
import pickle
import subprocess
import sys
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np

import onnx

from ..errors import ModelError
from . import onnx_runtime
from .comparison import Comparison, compare
from .drawing import declared_inputs, index_limits
from .feeding import carried, choose
from .mxnet_process import MXNetRefusal, ending, environment
from .onnx_runtime import RuntimeRefusal
from .report import Report, Run
from .run_block import RESULT, TASK, leaves

#: Runs the module that the command line names.
LAUNCH = "import importlib, sys; importlib.import_module(sys.argv[1]).main(sys.argv[2])"


class Blocks:
    """Both ways to run a model without a symbol, and ONNX Runtime.

    Parameters
    ----------
    path : str
    folder : str
        A temporary one.
    tolerance : float, optional
    device : str
        ``"cpu(0)"``, ``"gpu(0)"``, ...
    """

    def __init__(self, path: str, folder: str, tolerance: Optional[float], device: str):
        self.path, self.folder, self.tolerance, self.device = path, folder, tolerance, device
        self.model = onnx.load(path, load_external_data=False)

    def compared(
        self, report: Report, given: Any, chosen: Mapping[str, Any], asked: Mapping[str, Any]
    ) -> Report:
        """``report`` with every run.

        Parameters
        ----------
        given : as of ``verify_import``
        chosen : mapping
            ``sizes`` and ``seed`` of what is drawn.
        asked : mapping
            ``input_shapes`` and ``input_values`` of the import.

        Raises
        ------
        ModelError
            If ``given`` or the sizes are not the model's.
        """
        try:
            session = onnx_runtime.Session(self.path)
            feeds = self._feeds(session, given, chosen, asked)
            references = [session.run(arrays) for _, arrays in feeds]
            found, version = self._run([arrays for _, arrays in feeds], asked)
        except (MXNetRefusal, RuntimeRefusal) as error:
            return dataclasses.replace(report, problems=(str(error),))
        runs = []
        for route, results in found.items():
            for (sizes, arrays), result, reference in zip(feeds, results, references):
                outputs = self._judged(session.outputs, result, reference, route == "OnnxBlock")
                inputs = {n: a for name in arrays for n, a in leaves(name, arrays[name]).items()}
                described = {n: (a.dtype.name, a.shape) for n, a in inputs.items()}
                runs.append(Run(route, described, sizes, outputs))
        return dataclasses.replace(report, runs=tuple(runs), runtime=f"MXNet {version}")

    def _feeds(
        self, session: Any, given: Any, chosen: Mapping[str, Any], asked: Mapping[str, Any]
    ) -> List[Any]:
        odd = [v.name for v in self._inputs() if not _is_of_numbers(v)]
        if not odd:
            limits = index_limits(self.model)
            return choose(
                session,
                declared_inputs(self.model),
                limits,
                given,
                shapes=asked["input_shapes"],
                fixed=asked["input_values"],
                **chosen,
            )
        if given is None:
            raise ModelError(
                f"{', '.join(map(repr, odd))}: only tensors of numbers can be drawn; give "
                "inputs= of your own"
            )
        fixed = {n: np.asarray(v) for n, v in asked["input_values"].items()}
        runs = [given] if isinstance(given, Mapping) else list(given)
        names = {v.name for v in self._inputs()} - set(fixed)
        for run in runs:
            if set(run) != names:
                raise ModelError(
                    f"inputs are given for {', '.join(sorted(run)) or 'none'}; the model takes "
                    f"{', '.join(sorted(names))}"
                )
        return [({}, {**fixed, **run}) for run in runs]

    def _inputs(self) -> List[Any]:
        given = {tensor.name for tensor in self.model.graph.initializer}
        return [value for value in self.model.graph.input if value.name not in given]

    def _run(self, runs: List[Any], asked: Mapping[str, Any]) -> Tuple[Dict[str, Any], str]:
        task = {"path": self.path, "device": self.device, "runs": runs, "asked": asked}
        with open(os.path.join(self.folder, TASK), "wb") as file:
            pickle.dump(task, file)
        module = f"{__package__}.run_block"
        child = subprocess.run(
            [sys.executable, "-c", LAUNCH, module, self.folder],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        if child.returncode:
            said = child.stderr.decode(errors="replace").strip().splitlines()
            raise MXNetRefusal(ending(child.returncode) + (f": {said[-1]}" if said else ""))
        with open(os.path.join(self.folder, RESULT), "rb") as file:
            result = pickle.load(file)
        if "error" in result:
            raise MXNetRefusal(result["error"])
        return result["outputs"], result["version"]

    def _judged(
        self, names: List[str], results: List[Any], references: List[Any], held: bool
    ) -> Tuple[Comparison, ...]:
        """Every array of every output; ``held`` in the types of MXNet."""
        judged = []
        for name, result, reference in zip(names, results, references):
            found, wanted = leaves(name, result), leaves(name, reference)
            if list(found) != list(wanted):
                raise ModelError(
                    f"output '{name}' consists of {', '.join(found) or 'nothing'}, of "
                    f"{', '.join(wanted) or 'nothing'} in ONNX Runtime"
                )
            for part, array in wanted.items():
                array = carried(array) if held and array.dtype.kind != "O" else array
                judged.append(compare(part, _alike(found[part], array), array, self.tolerance))
        return tuple(judged)


def _alike(array: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Single numbers of a map are Python's: of no type of their own, and of no shape."""
    return array.astype(like.dtype).reshape(like.shape) if array.shape == () else array


def _is_of_numbers(value: onnx.ValueInfoProto) -> bool:
    kind = value.type.tensor_type
    return value.type.HasField("tensor_type") and kind.elem_type != onnx.TensorProto.STRING
