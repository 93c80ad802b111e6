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
"""Where there is no MXNet, checkpoints become files that compute what MXNet computed."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import pytest
from running import assert_close

DATA = pathlib.Path(__file__).parents[1] / "data"
CODE = """
import sys
sys.modules["mxnet"] = None  # any import of it fails from now on
import mxnet_onnx
prefix, target, arguments = sys.argv[1], sys.argv[2], eval(sys.argv[3])
print(mxnet_onnx.export_model(prefix, onnx_file_path=target, **arguments))
assert sys.modules["mxnet"] is None and not any(n.startswith("mxnet.") for n in sys.modules)
"""


@pytest.fixture
def converted(tmp_path):
    """Convert a checkpoint in a process that cannot import MXNet; returns the file's path."""
    import mxnet.contrib.onnx as package

    (tmp_path / "mxnet_onnx").symlink_to(pathlib.Path(package.__file__).parent)

    def run(name, **arguments):
        target = tmp_path / f"{name}.onnx"
        command = [sys.executable, "-c", CODE, str(DATA / name), str(target), repr(arguments)]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        found = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert found.returncode == 0, found.stderr
        assert found.stdout.strip() == str(target)
        return target

    return run


def saved(name):
    """Inputs and outputs of each run, as MXNet computed them."""
    with np.load(DATA / f"{name}.npz") as file:
        runs = sorted({key.split(":")[0][2:] for key in file if key.startswith("in")})
        for run in runs:
            given = {k.split(":", 1)[1]: file[k] for k in file if k.startswith(f"in{run}:")}
            outputs = sorted(k for k in file if k.startswith(f"out{run}:"))
            yield given, [file[k] for k in outputs]


@pytest.mark.parametrize("name", ["residual", "legacy", "lstm", "half"])
@pytest.mark.parametrize("opset", [11, 17])
def test_a_checkpoint_is_converted_and_right(name, opset, converted, session):
    runs = list(saved(name))
    inputs = runs[0][0]
    axis = 1 if name == "lstm" else 0
    shapes = {
        n: tuple("N" if k == axis else size for k, size in enumerate(a.shape))
        for n, a in inputs.items()
    }
    types = {n: a.dtype.name for n, a in inputs.items()}
    epoch = 1 if name == "legacy" else 0
    path = converted(name, in_shapes=shapes, in_types=types, epoch=epoch, opset_version=opset)
    onnx.checker.check_model(str(path), full_check=True)
    run = session(path)
    for given, expected in runs:
        tolerance = 1e-2 if name == "half" else 1e-4
        assert_close(run({n: given[n] for n in run.inputs}), expected, tolerance)
