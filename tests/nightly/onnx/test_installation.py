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
"""Python x NumPy x onnx x ONNX Runtime: install the wheel, convert there and back, uninstall.

Interpreters are found on PATH and among pyenv's; those that are not there are skipped.
"""

import glob
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
ROUND_TRIP = pathlib.Path(__file__).with_name("quick_round_trip.py")
#: Python, and what is asked of pip besides our wheel; the rest is as pip resolves it.
MATRIX = {
    "3.8": [[], ["numpy==1.21.6", "onnx==1.17.0", "onnxruntime==1.16.3"]],
    "3.9": [[], ["numpy==1.23.5", "onnx==1.18.0"]],
    "3.10": [[], ["numpy==1.24.4", "onnx==1.19.1", "onnxruntime==1.17.3"]],
    "3.11": [[], ["numpy==1.23.5", "onnx==1.20.1", "onnxruntime==1.20.1"]],
    "3.12": [[], ["onnx==1.21.0", "onnxruntime==1.22.1"], ["onnx==1.22.0"]],
    "3.13": [[], ["numpy==2.1.3", "onnx==1.18.0", "onnxruntime==1.21.1"]],
    "3.14": [[]],
}
WHERE = "import mxnet as mx; print(mx.contrib.onnx.__file__)"
#: The same without the overlay, which otherwise provides what MXNet misses in NumPy and Python.
BARE = f"""
import sys, types, numpy
numpy.bool = bool
version = types.ModuleType("distutils.version")
version.StrictVersion = version.LooseVersion = str
sys.modules.update({{"distutils": types.ModuleType("distutils"), "distutils.version": version}})
{WHERE}
"""
#: Counts files of MXNet's wheel that are not what its record says.
CHANGED = """
import base64, hashlib, importlib.metadata
files = [f for f in importlib.metadata.files("mxnet") if f.hash]
digests = [hashlib.sha256(f.locate().read_bytes()).digest() for f in files]
encoded = [base64.urlsafe_b64encode(d).rstrip(b"=").decode() for d in digests]
print(sum(e != f.hash.value for e, f in zip(encoded, files)))
"""


def interpreter(version):
    """Path of Python ``version``, or None."""
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    found = [
        shutil.which(f"python{version}"),
        *glob.glob(f"{pyenv}/versions/{version}.*/bin/python3"),
    ]
    for path in filter(None, found):
        command = [path, "-c", "import ensurepip, venv"]  # a shim may have no Python behind it
        if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0:
            return path
    return None


def output(*command):
    """What a command prints; it has to succeed."""
    ran = subprocess.run(
        [*map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        cwd=os.sep,
        env={**os.environ, "MXNET_SUBGRAPH_VERBOSE": "0", "PYTHONPATH": ""},
    )
    assert ran.returncode == 0, f"{' '.join(map(str, command))}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


class Environment:
    """A virtual environment of its own, removed with its packages when the test is over."""

    def __init__(self, python, folder):
        output(python, "-m", "venv", folder)
        self.folder = folder
        self.python = folder / "bin" / "python3"
        (self.site,) = folder.glob("lib/python*/site-packages")

    def pip(self, *arguments):
        quiet = ("-qq", "--disable-pip-version-check", "--no-input")
        return output(self.python, "-m", "pip", *arguments, *quiet)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """Our wheel, built once."""
    folder = tmp_path_factory.mktemp("wheel")
    output(sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "-w", folder, CHECKOUT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A checkpoint with MXNet's own output, made here."""
    folder = tmp_path_factory.mktemp("checkpoint")
    output(sys.executable, ROUND_TRIP, "make", folder)
    return folder


@pytest.fixture
def environment(request, tmp_path):
    """Environment of the Python version that the test's parameter names."""
    python = interpreter(request.param)
    if python is None:
        pytest.skip(f"no Python {request.param} on this machine")
    yield Environment(python, tmp_path / "venv")
    shutil.rmtree(tmp_path / "venv", ignore_errors=True)


CASES = [(python, pins) for python, choices in MATRIX.items() for pins in choices]


@pytest.mark.parametrize(
    "environment, pins",
    CASES,
    indirect=["environment"],
    ids=[" ".join([python, *(pins or ["as resolved"])]) for python, pins in CASES],
)
def test_install_convert_uninstall(environment, pins, wheel, checkpoint):
    environment.pip("install", f"{wheel}[onnxruntime]", *pins)
    output(environment.python, "-m", "pip", "check")
    assert "usage" in output(environment.folder / "bin" / "mxnet-onnx", "--help").lower()
    if not (environment.site / "mxnet").exists():
        print(output(environment.python, ROUND_TRIP, "export", checkpoint))
        return
    print(output(environment.python, ROUND_TRIP, "both"))
    environment.pip("uninstall", "-y", "mxnet-contrib-onnx")
    assert not list(environment.site.glob("*mxnet_*onnx*"))
    stock = environment.site / "mxnet" / "contrib" / "onnx" / "__init__.py"
    assert output(environment.python, "-c", BARE).strip() == str(stock)


@pytest.mark.parametrize("environment", ["3.11"], indirect=True)
def test_ours_comes_and_goes_and_mxnet_stays_as_it_was(environment, wheel):
    """In any order of installation; with the newest NumPy that MXNet imports with by itself."""

    def used():
        return output(environment.python, "-c", WHERE).strip()

    ours = str(environment.site / "mxnet_onnx" / "__init__.py")
    wheels = str(environment.site / "mxnet" / "contrib" / "onnx" / "__init__.py")
    environment.pip("install", "--no-deps", wheel)
    environment.pip("install", "mxnet==1.9.1", "onnx", "numpy==1.23.5")
    assert used() == ours
    environment.pip("install", "--no-deps", "--force-reinstall", "mxnet==1.9.1")
    assert used() == ours
    before = {path.name for path in environment.site.iterdir()}
    environment.pip("uninstall", "-y", "mxnet-contrib-onnx")
    gone = before - {path.name for path in environment.site.iterdir()}
    assert {name for name in gone if not name.endswith(".dist-info")} == {
        "mxnet_onnx",
        "_mxnet_onnx_overlay",
        "_mxnet_onnx_overlay.pth",
    }
    assert used() == wheels
    assert output(environment.python, "-c", CHANGED) == "0\n"
    environment.pip("install", "--no-deps", wheel)
    assert used() == ours


@pytest.mark.parametrize("environment", ["3.11", "3.13"], indirect=True)
def test_an_editable_install_is_live(environment, tmp_path):
    python = tmp_path / "checkout" / "python"
    shutil.copytree(CHECKOUT, tmp_path / "checkout", ignore=shutil.ignore_patterns("build", ".*"))
    environment.pip("install", "--no-deps", "-e", tmp_path / "checkout")
    (python / "mxnet" / "contrib" / "onnx" / "added.py").write_text("HERE = 'added later'\n")
    code = "import mxnet_onnx.added; print(mxnet_onnx.added.HERE)"
    assert output(environment.python, "-c", code) == "added later\n"
    environment.pip("uninstall", "-y", "mxnet-contrib-onnx")
    code = "import importlib.util; print(importlib.util.find_spec('mxnet_onnx'))"
    assert output(environment.python, "-c", code) == "None\n"
