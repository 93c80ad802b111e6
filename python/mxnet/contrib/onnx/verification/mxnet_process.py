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
"""MXNet in a process of its own: a graph that kills it is a finding, not the end of the caller."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..errors import ConversionError

SCRIPT = pathlib.Path(__file__).with_name("run_mxnet.py")
CPU = "cpu(0)"
#: Runs a file without putting its folder before the standard library.
LAUNCH = "import runpy, sys; runpy.run_path(sys.argv.pop(1), run_name='__main__')"


Arrays = Mapping[str, np.ndarray]
#: A value of the symbol: the node's place in its file, and which of its outputs.
Head = Tuple[int, int]


class MXNetRefusal(ConversionError):
    """MXNet does not load the symbol, does not run it, or dies of it."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where an array lies in a file, as the child reads it."""

    path: str
    offset: int
    dtype: str
    shape: Tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Results:
    """Outputs by run and route, and per run the shape and dtype of each value asked for.

    A dtype is ``""`` where MXNet does not infer it.
    """

    outputs: Mapping[Tuple[int, str], List[np.ndarray]]
    types: Sequence[Sequence[Tuple[Tuple[int, ...], str]]]


def is_installed() -> bool:
    """Whether ``import mxnet`` can be tried; a bare folder called mxnet does not count."""
    found = importlib.util.find_spec("mxnet")
    return found is not None and found.origin is not None


def require(purpose: str = "verification") -> None:
    """Raise ImportError, with the remedy, where MXNet is not installed."""
    if not is_installed():
        raise ImportError(
            f"{purpose} needs MXNet, which is not installed here: pip install mxnet==1.9.1, on "
            "Linux or an Intel Mac with Python 3.8 to 3.12"
        )


class MXNetProcess:
    """Runs one symbol with its parameters in a child process; in a new one after it died.

    Parameters
    ----------
    symbol : str
        Text of the symbol file.
    parameters : mapping of str to Place or numpy.ndarray
    device : str
        ``"cpu(0)"``, ``"gpu(0)"``, ...

    Attributes
    ----------
    version : str
        MXNet's, once something ran.
    widened : bool
        Whether float16 is computed in float32, for want of a float16 kernel in MXNet.
    """

    def __init__(self, symbol: str, parameters: Mapping[str, Any], device: str = CPU):
        require()
        self._folder = tempfile.TemporaryDirectory(prefix="onnx-verification-")
        self._symbol = os.path.join(self.folder, "source-symbol.json")
        with open(self._symbol, "w", encoding="utf-8") as file:
            file.write(symbol)
        self._said = os.path.join(self.folder, "stderr.txt")
        self._child: Optional[subprocess.Popen[bytes]] = None
        self._device = device
        self._written = 0
        self._parameters = {n: self._placed(p) for n, p in parameters.items()}
        self.version = ""
        self.widened = False

    def __enter__(self) -> MXNetProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._folder.cleanup()

    @property
    def folder(self) -> str:
        """A temporary folder that lives as long as this object."""
        return self._folder.name

    def fitting(self, candidates: Sequence[Mapping[str, Sequence[int]]]) -> int:
        """Index of the first ``{input: shape}`` that MXNet's inference accepts; or MXNetRefusal."""
        return self._ask({"candidates": list(candidates)})["fits"]

    def run(
        self,
        runs: Sequence[Arrays],
        heads: Optional[Sequence[Head]] = None,
        routes: Sequence[str] = ("",),
        inside: Sequence[Head] = (),
        fused: bool = True,
    ) -> Results:
        """Run the symbol on each of ``runs``.

        Parameters
        ----------
        runs : sequence of mapping of str to numpy.ndarray
        heads : sequence of (node, output), optional
            Outputs to have instead of the symbol's own: places in its file.
        routes : sequence of str
            ``""`` an executor, ``"Module"``, ``"Gluon"``. None: only ``inside`` is answered.
        inside : sequence of (node, output)
            Values whose shape and dtype MXNet shall infer.
        fused : bool
            Whether MXNet may fuse operators, as it does by default; it fails at it where ``heads``
            are values that it would fuse away.
        """
        task: Dict[str, Any] = {
            "heads": heads,
            "inside": inside,
            "routes": list(routes),
            "fused": fused,
            "runs": [{n: self._placed(a) for n, a in r.items()} for r in runs],
        }
        try:
            answer = self._ask(task)
        except MXNetRefusal:
            if self.widened or not self._holds_float16(task["runs"]):
                raise
            self.widened = True
            answer = self._ask(task)
        outputs = {
            (o["run"], o["route"]): [np.load(p) for p in o["paths"]] for o in answer["outputs"]
        }
        types = [[(tuple(shape), kind) for shape, kind in run] for run in answer.get("types", ())]
        return Results(outputs, types)

    def _holds_float16(self, runs: Sequence[Mapping[str, Any]]) -> bool:
        places = [*self._parameters.values(), *(p for run in runs for p in run.values())]
        return any(place["dtype"] == "float16" for place in places)

    def _placed(self, array: Any) -> Dict[str, Any]:
        if not isinstance(array, Place):
            self._written += 1
            path = os.path.join(self.folder, f"in{self._written}.bin")
            np.ascontiguousarray(array).tofile(path)
            array = Place(path, 0, array.dtype.name, tuple(int(s) for s in array.shape))
        return dataclasses.asdict(array)

    def _ask(self, task: Mapping[str, Any]) -> Dict[str, Any]:
        task = {
            "candidates": [], "heads": None, "inside": [], "runs": [], "routes": [], "fused": True,
            "symbol": self._symbol, "parameters": self._parameters, "device": self._device,
            "widen": self.widened, **task,
        }  # fmt: skip
        with open(os.path.join(self.folder, "task.json"), "w", encoding="utf-8") as file:
            json.dump(task, file)
        self._perform()
        with open(os.path.join(self.folder, "result.json"), encoding="utf-8") as file:
            answer = json.load(file)
        if "error" in answer:
            raise MXNetRefusal(f"MXNet itself refuses the model: {answer['error']}")
        self.version = answer["version"]
        return answer

    def _perform(self) -> None:
        """Have the child perform the task in the folder; MXNetRefusal if it dies of it."""
        if self._child is None:
            self._child = self._started()
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None and stdout is not None
        try:
            stdin.write(b"task\n")
            stdin.flush()
            alive = bool(stdout.readline())
        except BrokenPipeError:
            alive = False
        if not alive:
            code = self._child.wait()
            self._end()
            with open(self._said, encoding="utf-8", errors="replace") as file:
                said = file.read().strip().splitlines()
            raise MXNetRefusal(ending(code) + (f": {said[-1]}" if said else ""))

    def _started(self) -> subprocess.Popen[bytes]:
        with open(self._said, "wb") as said:
            return subprocess.Popen(
                [sys.executable, "-c", LAUNCH, str(SCRIPT), self.folder],
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
            )

    def _end(self) -> None:
        """End the child, if there is one."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()


def environment() -> Dict[str, str]:
    """The environment of a child process, which finds the modules that this one finds."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "MXNET_SUBGRAPH_VERBOSE": "0",
    }


def ending(code: int) -> str:
    """How a child process ended, which had no result."""
    if code >= 0:
        return f"MXNet's process ended with exit code {code} before it had a result"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"MXNet's process was killed by {name} while it ran the model"
