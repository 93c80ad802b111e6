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
"""The package under test is ours, complete, and needs nothing that it does not ask for."""

import ast
import importlib.util
import pathlib
import re
import subprocess
import sys

import mxnet as mx
import pytest

CHECKOUT = pathlib.Path(__file__).resolve().parents[4]
PACKAGE = CHECKOUT / "python" / "mxnet" / "contrib" / "onnx"
FUNCTIONS = CHECKOUT / "ci" / "docker" / "runtime_functions.sh"


def test_the_package_under_test_is_ours():
    """With a wrong set-up these tests would judge the package inside MXNet's own wheel."""
    assert pathlib.Path(mx.contrib.onnx.__file__).resolve() == PACKAGE / "__init__.py"


def test_mxnets_own_name_for_the_exporter_is_ours():
    """``mx.onnx`` is there after a plain ``import mxnet``, like MXNet's own."""
    assert pathlib.Path(mx.onnx.__file__).resolve() == CHECKOUT / "python/mxnet/onnx/__init__.py"
    assert mx.onnx.export_model is mx.contrib.onnx.export_model
    assert mx.onnx.get_operator_support is mx.contrib.onnx.get_operator_support
    assert {"export_model", "get_operator_support", "mx2onnx"} <= set(dir(mx.onnx))
    with pytest.raises(AttributeError, match="'mxnet.onnx' has no attribute 'import_model'"):
        mx.onnx.import_model  # noqa: B018


def test_paths_that_users_know():
    from mxnet.contrib.onnx.mx2onnx.export_model import export_model
    from mxnet.contrib.onnx.onnx2mx.import_model import get_model_metadata, import_model
    from mxnet.contrib.onnx.onnx2mx.import_to_gluon import import_to_gluon
    from mxnet.onnx.mx2onnx import export_model as longer

    ours = mx.contrib.onnx
    assert export_model is longer is ours.export_model is ours.mx2onnx.export_model.export_model
    assert import_model is ours.import_model is ours.onnx2mx.import_model.import_model
    assert get_model_metadata is ours.get_model_metadata
    assert import_to_gluon is ours.import_to_gluon
    assert mx.onnx.mx2onnx.export_model is export_model


def test_the_same_folder_is_mxnet_onnx():
    """In a patched MXNet tree there is none, or that of another installation."""
    spec = importlib.util.find_spec("mxnet_onnx")
    if spec is None or not (CHECKOUT / "pyproject.toml").exists():
        pytest.skip("no mxnet_onnx beside this MXNet")
    assert pathlib.Path(spec.origin).resolve() == PACKAGE / "__init__.py"


def test_every_public_name_is_there():
    for name in mx.contrib.onnx.__all__:
        assert getattr(mx.contrib.onnx, name).__name__ == name
        assert name in dir(mx.contrib.onnx)


def test_nothing_is_imported_that_the_distribution_does_not_ask_for():
    asked_for = {"mxnet", "numpy", "onnx"}
    asked_for |= {"onnxruntime", "PIL"}  # the extras
    asked_for |= {"google"}  # protobuf, which onnx is made of
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module]
            else:
                continue
            for module in modules:
                first = module.split(".")[0]
                assert first in asked_for or _is_standard(first), f"{path}: {module}"


def _is_standard(module):
    names = getattr(sys, "stdlib_module_names", None)
    if names is None:  # Python 3.9 and older
        origin = getattr(importlib.util.find_spec(module), "origin", None) or "built-in"
        return "site-packages" not in origin
    return module in names


@pytest.mark.parametrize("code", ["import mxnet", "import mxnet_onnx"])
def test_importing_costs_nothing_until_a_name_is_used(code):
    if code == "import mxnet_onnx" and importlib.util.find_spec("mxnet_onnx") is None:
        pytest.skip("no mxnet_onnx beside this MXNet")
    code += "; import sys; sys.exit('onnx' in sys.modules or 'google.protobuf' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


STEPS = [*CHECKOUT.glob("ci/jenkins/*onnx*"), *CHECKOUT.glob("tests/nightly/*Onnx*")]


def test_every_step_of_jenkins_runs_a_function_that_exists():
    functions = FUNCTIONS
    if (FUNCTIONS.parent / "runtime_functions_onnx.sh").exists():  # in MXNet's tree
        functions = FUNCTIONS.parent / "runtime_functions_onnx.sh"
    defined = set(re.findall(r"^(\w+)\(\) \{", functions.read_text(), re.M))
    steps = "\n".join(path.read_text() for path in STEPS)
    named = set(re.findall(r"'([a-z_]*_onnx\w*)'", steps))
    assert {"unittest_onnx_cpu", "unittest_onnx_gpu"} <= named <= defined
    called = set(re.findall(r"onnx_steps\.(\w+)\(\)", steps))
    assert called == set(re.findall(r"^def (\w*onnx\w*)\(\)", steps, re.M))


def test_ranges_are_the_same_everywhere():
    """An image of MXNet's CI gets what pyproject.toml says."""
    project = CHECKOUT / "pyproject.toml"
    if not project.exists():
        pytest.skip("a patched MXNet tree")
    image = (CHECKOUT / "ci/docker/install/ubuntu_onnx.sh").read_text()
    for requirement in ("onnx", "onnxruntime", "pytest"):
        stated = re.search(rf'"({requirement}[<>=][^";]*)"', project.read_text()).group(1)
        assert f"'{stated}'" in image
    models = (CHECKOUT / "tests/requirements-models.txt").read_text().split("\n")[1:]
    assert " ".join(filter(None, models)) in image
