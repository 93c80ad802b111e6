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
"""An ONNX file in ONNX Runtime: its outputs, and the values inside."""

from __future__ import annotations

import os
import shutil
from typing import Dict, List, Mapping, Sequence

import numpy as np

import onnx

from ..errors import ConversionError


class RuntimeRefusal(ConversionError):
    """ONNX Runtime does not load the model, or does not run it on these inputs."""


def name() -> str:
    """``"ONNX Runtime"`` and its version.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(
            f"verification runs the ONNX file in ONNX Runtime, which cannot be imported ({error}): "
            "pip install onnxruntime"
        ) from error
    return f"ONNX Runtime {onnxruntime.__version__}"


class Session:
    """One model, loaded on the CPU.

    Parameters
    ----------
    path : str
    """

    def __init__(self, path: str):
        name()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # what it says below that is about its own optimizer
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions share no base class
            raise RuntimeRefusal(
                f"{name()} does not load the model: {_first_line(error)}"
            ) from error
        self.outputs: List[str] = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: Mapping[str, np.ndarray]) -> List[np.ndarray]:
        """The outputs, in order. Raises RuntimeRefusal."""
        taken = {i.name for i in self._session.get_inputs()}
        try:
            return self._session.run(None, {n: a for n, a in inputs.items() if n in taken})
        except Exception as error:
            raise RuntimeRefusal(
                f"{name()} does not run the model: {_first_line(error)}"
            ) from error


def values_inside(
    path: str, names: Sequence[str], inputs: Mapping[str, np.ndarray], folder: str
) -> Dict[str, np.ndarray]:
    """What stands in the named values of the model at ``path``, which are made outputs for that.

    Parameters
    ----------
    path : str
    names : sequence of str
    inputs : mapping of str to numpy.ndarray
    folder : str
        A temporary folder for the copy of the model with more outputs.
    """
    model = onnx.load(path, load_external_data=False)
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names)
    copy = os.path.join(folder, "inside.onnx")
    onnx.save(model, copy)
    for location in _external_files(model):
        if os.path.isabs(location) or ".." in location.replace("\\", "/").split("/"):
            raise RuntimeRefusal(
                f"external data outside the model's folder is not read: {location}"
            )
        _place(os.path.join(os.path.dirname(path), location), os.path.join(folder, location))
    return dict(zip(names, Session(copy).run(inputs)))


def _external_files(model: onnx.ModelProto) -> List[str]:
    locations = {
        entry.value
        for tensor in model.graph.initializer
        if tensor.data_location == onnx.TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return sorted(locations)


def _place(source: str, target: str) -> None:
    """The same file in another folder; ONNX Runtime follows no symbolic link out of one."""
    if os.path.exists(target):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
