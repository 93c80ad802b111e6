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
"""CMake: the staged tree of the developer build, and the patch to an MXNet source tree."""

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig

import pytest

CHECKOUT = pathlib.Path(__file__).resolve().parents[4]
SITE = pathlib.Path(sysconfig.get_path("purelib"))

pytestmark = [
    pytest.mark.skipif(not shutil.which("cmake"), reason="no cmake (extra 'test')"),
    pytest.mark.skipif(
        not (SITE / "mxnet" / "__init__.py").exists(), reason="no MXNet wheel in site-packages"
    ),
]


def cmake(*arguments, status=0):
    """What cmake prints; it has to end with ``status``."""
    ran = subprocess.run(
        ["cmake", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == status, ran.stdout
    return ran.stdout


def configure(build, *options, status=0):
    """Configure the checkout in folder ``build``."""
    ninja = ["-GNinja"] if shutil.which("ninja") else []
    python = f"-DPython3_EXECUTABLE={sys.executable}"
    return cmake("-S", CHECKOUT, "-B", build, *ninja, python, *options, status=status)


def where(tree, **environment):
    """Files of ``mx.contrib.onnx`` and ``mx.onnx`` with ``tree`` on PYTHONPATH, links resolved."""
    code = "import mxnet as mx; print(mx.__file__, mx.contrib.onnx.__file__, mx.onnx.__file__)"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tree), **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=os.sep,
    )
    files = ran.stdout.split()
    assert all(file.startswith(str(tree)) for file in files), files
    return [pathlib.Path(file).resolve() for file in files[1:]]


def test_the_staged_tree_is_the_installed_mxnet_with_our_packages(tmp_path):
    configure(tmp_path)
    cmake("--build", tmp_path)
    assert where(tmp_path / "python") == [
        CHECKOUT / "python/mxnet/contrib/onnx/__init__.py",
        CHECKOUT / "python/mxnet/onnx/__init__.py",
    ]
    listed = subprocess.run(
        ["ctest", "--test-dir", str(tmp_path), "--print-labels"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert {"unit", "sanity"} <= set(listed.split())


def test_an_interpreter_without_mxnet_is_named(tmp_path):
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    configure(tmp_path / "build", f"-DPython3_EXECUTABLE={bare}/bin/python3")
    said = cmake("--build", tmp_path / "build", status=1)
    assert "bare/bin/python3 has no MXNet: pip install mxnet==1.9.1" in " ".join(said.split())


@pytest.fixture
def source_tree(tmp_path):
    """A source tree of MXNet, as far as the wheel has its files, and the start of its CI script."""
    tree = tmp_path / "mxnet"
    ignore = shutil.ignore_patterns("*.so*", "__pycache__", "include", "dmlc_tracker")
    shutil.copytree(SITE / "mxnet", tree / "python" / "mxnet", ignore=ignore)
    functions = tree / "ci" / "docker" / "runtime_functions.sh"
    functions.parent.mkdir(parents=True)
    functions.write_text('#!/bin/bash\n# $1; "quoted" [list] \\\nset -ex\n\nset +x\n$@\n')
    return tree


def patch(build, tree):
    """Configure for ``tree`` and install into it."""
    configure(build, f"-DMXNET_SOURCE_TREE={tree}")
    cmake("--install", build)


def test_the_patch_replaces_mxnets_converters_and_runs(source_tree, tmp_path):
    stale = source_tree / "python/mxnet/contrib/onnx/onnx2mx/_op_translations.py"
    assert stale.exists()
    patch(tmp_path / "build", source_tree)
    assert not stale.exists()
    for folder in ("python/mxnet/contrib/onnx", "python/mxnet/onnx"):
        assert files_of(source_tree / folder) == files_of(CHECKOUT / folder)
    tests = files_of(source_tree / "tests/python/unittest/onnx")
    assert "test_packaging.py" in tests
    assert "test_wheel.py" not in tests
    ours = where(source_tree / "python", MXNET_LIBRARY_PATH=str(SITE / "mxnet" / "libmxnet.so"))
    assert ours[0] == source_tree / "python/mxnet/contrib/onnx/__init__.py"


def files_of(folder):
    """Paths of the files below ``folder``, without what Python compiles."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {path for path in paths if "__pycache__" not in path}


def test_mxnets_ci_script_gets_our_functions_once(source_tree, tmp_path):
    script = source_tree / "ci" / "docker" / "runtime_functions.sh"
    before = script.read_text().split("\n")
    patch(tmp_path / "build", source_tree)
    patch(tmp_path / "build", source_tree)
    after = script.read_text().split("\n")
    assert after[1] == 'source "$(dirname "${BASH_SOURCE[0]}")/runtime_functions_onnx.sh"'
    assert after[:1] + after[2:] == before
    ran = subprocess.run(
        ["bash", str(script), "declare", "-F"], stdout=subprocess.PIPE, check=True, cwd=source_tree
    )
    assert b"unittest_onnx_cpu" in ran.stdout


def test_what_is_no_mxnet_1_tree_is_refused(tmp_path):
    said = configure(tmp_path / "build", f"-DMXNET_SOURCE_TREE={tmp_path}", status=1)
    assert "is no MXNet 1.x source tree" in said
    (tmp_path / "python/mxnet").mkdir(parents=True)
    (tmp_path / "python/mxnet/libinfo.py").write_text('__version__ = "2.0.0"\n')
    assert "is no MXNet 1.x source tree" in configure(
        tmp_path / "build", f"-DMXNET_SOURCE_TREE={tmp_path}", status=1
    )
