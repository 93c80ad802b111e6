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
"""What cannot be done without MXNet says so in one sentence; the command line does the rest."""

import subprocess
import sys

import mxnet_onnx
import numpy as np
import onnx
import pytest
from checkpoints import COMMITTED, DATA, runs


def sentence(error):
    """The message, which must be one line that names MXNet and a remedy."""
    text = str(error)
    assert "\n" not in text
    assert "MXNet" in text
    assert "pip install" in text
    return text


@pytest.mark.parametrize("name", ["import_model", "import_to_gluon", "OnnxBlock"])
def test_importing(name):
    with pytest.raises(ImportError) as raised:
        getattr(mxnet_onnx, name)("model.onnx")
    assert name in sentence(raised.value)


def test_verifying(tmp_path):
    target = tmp_path / "model.onnx"
    with pytest.raises(ImportError) as raised:
        mxnet_onnx.export_model(
            str(DATA / "residual"),
            in_shapes=[("N", 3, 16, 16)],
            onnx_file_path=str(target),
            verify=True,
        )
    assert "verif" in sentence(raised.value)
    assert not target.exists()


def test_everything_else_is_there():
    assert "Convolution" in mxnet_onnx.get_operator_support()
    table = mxnet_onnx.TranslationTable()
    assert len(table) == 0
    assert issubclass(mxnet_onnx.UnsupportedOperatorError, mxnet_onnx.ConversionError)


def command(*arguments, cwd=None):
    """Run the command line in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "mxnet_onnx", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_command_line_exports(tmp_path):
    ort = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    path = tmp_path / "legacy.onnx"
    shape = ",".join(map(str, COMMITTED["legacy"][1]))
    done = command("export", DATA / "legacy", "--epoch", 1, "--shape", f"data={shape}", "-o", path)
    assert done.returncode == 0, done.stderr
    assert "legacy.onnx" in done.stdout
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for given, wanted in runs(DATA / "legacy.npz"):
        np.testing.assert_allclose(session.run(None, given)[0], wanted[0], rtol=0, atol=1e-5)


def test_command_line_checks_and_tells_support(tmp_path):
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]>'
        "relu (float[N,4] x) => (float[N,4] y) { y = Relu(x) }"
    )
    onnx.save(model, str(tmp_path / "model.onnx"))
    done = command("check", tmp_path / "model.onnx")
    assert done.returncode == 0, done.stderr
    assert "Relu" in done.stdout
    assert command("check", DATA / "residual").returncode == 0
    assert "Convolution" in command("support", "convolution").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["import", "model.onnx"],
        ["export", DATA / "residual", "--shape", "data=N,3,16,16", "--verify"],
    ],
    ids=["import", "verify"],
)
def test_command_line_refuses(arguments, tmp_path):
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert sentence(done.stderr.strip())
    assert not list(tmp_path.iterdir())
