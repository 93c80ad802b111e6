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
"""The wheel: what is in it, and what an installed MXNet makes of it.

The wheel is unpacked into a folder, and a bare interpreter (``-I -S``) is given that folder and the
one that holds MXNet, so that neither this environment's hooks nor its own installation take part.
"""

import importlib.metadata
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

import numpy as np
import pytest

CHECKOUT = pathlib.Path(__file__).resolve().parents[4]
PYTHON = CHECKOUT / "python"
SITE = pathlib.Path(sysconfig.get_path("purelib"))
LIBRARIES = sorted({str(SITE), str(pathlib.Path(np.__file__).parents[1])})

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("scikit_build_core") is None or not shutil.which("cmake"),
        reason="building the wheel needs scikit-build-core and cmake (extra 'test')",
    ),
    pytest.mark.skipif(
        not (SITE / "mxnet" / "__init__.py").exists(), reason="no MXNet wheel in site-packages"
    ),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Folder with a wheel and a source distribution of this checkout."""
    folder = tmp_path_factory.mktemp("built")
    code = "from scikit_build_core.build import *; import sys; build_{0}(sys.argv[1])"
    for kind in ("wheel", "sdist"):
        command = [sys.executable, "-c", code.format(kind), str(folder)]
        subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE)
    return folder


@pytest.fixture(scope="module")
def unpacked(built, tmp_path_factory):
    """The wheel as pip lays it out."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder


def run(code, *sites, libraries=LIBRARIES, **environment):
    """What ``code`` prints, by an interpreter that sees ``sites`` and ``libraries`` alone."""
    start = (
        f"import site, sys; sys.path += {[*map(str, sites), *libraries]!r}\n"
        f"for folder in {[*map(str, sites)]!r}: site.addsitedir(folder)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", start + code],
        env={**os.environ, "MXNET_SUBGRAPH_VERBOSE": "0", **environment},
        capture_output=True,
        text=True,
        check=False,
        cwd=os.sep,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


WHERE = "import mxnet as mx; print(mx.contrib.onnx.__file__, mx.onnx.__file__);"
#: Every file of the package that a build may not lose.
FILES = sorted(
    path.relative_to(PYTHON)
    for folder in ("mxnet/contrib/onnx", "mxnet/onnx")
    for path in (PYTHON / folder).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
)


def in_wheel(path):
    """Where the wheel has a file of ``python/``."""
    text = path.as_posix()
    if text.startswith("mxnet/contrib/onnx/"):
        return text.replace("mxnet/contrib/onnx/", "mxnet_onnx/")
    return text.replace("mxnet/onnx/", "_mxnet_onnx_overlay/onnx/")


def test_the_wheel_has_every_file_and_no_other(built):
    wheel = next(built.glob("*.whl"))
    assert wheel.name.endswith("-py3-none-any.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    overlay = {"_mxnet_onnx_overlay.pth"} | {
        f"_mxnet_onnx_overlay/{name}.py" for name in ("__init__", "compatibility")
    }
    expected = {in_wheel(path) for path in FILES} | overlay
    assert "mxnet_onnx/mx2onnx/operator_info.json" in expected
    assert {name for name in names if ".dist-info/" not in name} == expected


def test_the_source_distribution_has_every_file(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {f"python/{path.as_posix()}" for path in FILES} <= names
    needed = {"pyproject.toml", "CMakeLists.txt", "cmake/wheel.cmake", "README.md", "LICENSE"}
    assert needed <= names
    assert "tests/python/unittest/onnx/test_wheel.py" in names
    assert not any(name.startswith(("build/", ".ci/", ".git/")) for name in names)


def test_there_is_one_version(built):
    import mxnet.contrib.onnx as package

    stated = re.search(r"^version = |^VERSION ", (CHECKOUT / "pyproject.toml").read_text(), re.M)
    assert stated is None
    assert re.fullmatch(r"\d+\.\d+\.\d+", package.__version__)
    assert next(built.glob("*.whl")).name.split("-")[1] == package.__version__


def test_the_command_is_named(unpacked):
    (points,) = unpacked.glob("*.dist-info/entry_points.txt")
    assert "mxnet-onnx=mxnet_onnx.__main__:main" in points.read_text().replace(" ", "")


def test_a_plain_import_has_ours_and_the_wheels_own_stays_reachable(unpacked):
    code = WHERE + (
        "from mxnet.contrib import onnx_stock; print(onnx_stock.__file__);"
        "import mxnet.onnx_stock; print(mxnet.onnx_stock.__file__);"
        "print(onnx_stock.export_model_ is mxnet.onnx_stock.export_model, mx.onnx.__file__)"
    )
    ours, entry, stock, stock_entry, same, after = run(code, unpacked)
    assert ours == str(unpacked / "mxnet_onnx" / "__init__.py")
    assert entry == after == str(unpacked / "_mxnet_onnx_overlay" / "onnx" / "__init__.py")
    assert stock == str(SITE / "mxnet" / "contrib" / "onnx" / "__init__.py")
    assert stock_entry == str(SITE / "mxnet" / "onnx" / "__init__.py")
    assert same == "True"


def test_the_environment_chooses(unpacked):
    assert run(WHERE, unpacked, MXNET_CONTRIB_ONNX="stock") == [
        str(SITE / "mxnet" / "contrib" / "onnx" / "__init__.py"),
        str(SITE / "mxnet" / "onnx" / "__init__.py"),
    ]
    assert run(WHERE, unpacked, MXNET_CONTRIB_ONNX=str(PYTHON)) == [
        str(PYTHON / "mxnet" / "contrib" / "onnx" / "__init__.py"),
        str(PYTHON / "mxnet" / "onnx" / "__init__.py"),
    ]


def test_without_the_overlay_the_wheels_own_is_back():
    if int(np.__version__.split(".")[1]) >= 24:
        pytest.skip("MXNet 1.9.1 by itself does not import with this NumPy")
    assert run(WHERE)[0] == str(SITE / "mxnet" / "contrib" / "onnx" / "__init__.py")


@pytest.mark.parametrize(
    "info, ours",
    [("mxnet_cu117-1.9.1.dist-info", True), ("mxnet-1.9.1.dist-info", True), (None, False)],
    ids=["GPU wheel", "CPU wheel", "source tree"],
)
def test_an_installed_mxnet_is_overlaid_and_a_source_tree_is_not(unpacked, tmp_path, info, ours):
    (tmp_path / "mxnet").symlink_to(SITE / "mxnet")
    if info:
        (tmp_path / info).mkdir()
    (tmp_path / "mxnet_contrib_onnx-0.1.0.dist-info").mkdir()
    # Found before the MXNet in LIBRARIES.
    found = run(WHERE, tmp_path, unpacked)[0]
    theirs = tmp_path / "mxnet" / "contrib" / "onnx" / "__init__.py"
    assert found == str(unpacked / "mxnet_onnx" / "__init__.py" if ours else theirs)


def error_of(name, package):
    """Code that prints the ImportError of using ``name`` of ``package``."""
    return (
        f"import {package} as p\n"
        f"try: p.{name}\nexcept ImportError as error: print(type(error).__name__, error)\n"
        "else: print('no error')"
    )


def _fake(folder, module, source):
    (folder / module).mkdir()
    (folder / module / "__init__.py").write_text(source)
    return folder


@pytest.mark.parametrize(
    "source, cause",
    [
        ("raise ModuleNotFoundError(\"No module named 'onnx'\", name='onnx')", "No module named"),
        ("raise TypeError('Descriptors cannot be created')", "TypeError: Descriptors"),
    ],
    ids=["missing", "broken"],
)
def test_onnx_missing_or_broken_is_said_when_a_name_is_used(unpacked, tmp_path, source, cause):
    _fake(tmp_path, "onnx", source)
    said = " ".join(run(error_of("export_model", "mxnet.contrib.onnx"), tmp_path, unpacked))
    assert said.startswith("ImportError mxnet.contrib.onnx.export_model needs the package onnx")
    assert cause in said
    assert "pip install 'onnx" in said
    usable = "import mxnet_onnx; print(mxnet_onnx.ModelError.__name__)"
    assert run(usable, tmp_path, unpacked) == ["ModelError"]


def test_without_mxnet_what_needs_it_says_so(unpacked, tmp_path):
    _fake(tmp_path, "mxnet", "raise ModuleNotFoundError(\"No module named 'mxnet'\", name='mxnet')")
    said = " ".join(run(error_of("import_model", "mxnet_onnx"), tmp_path, unpacked))
    assert said.startswith(
        "ImportError mxnet_onnx.import_model needs MXNet, which is not installed"
    )
    export = "import mxnet_onnx; print(callable(mxnet_onnx.export_model))"
    assert run(export, tmp_path, unpacked) == ["True"]


def test_the_wheel_asks_for_mxnet_only_where_it_has_wheels(unpacked):
    (metadata,) = unpacked.glob("*.dist-info/METADATA")
    asked = re.findall(r"^Requires-Dist: (mxnet==.*)$", metadata.read_text(), re.M)
    assert len(asked) == 1
    requirements = pytest.importorskip("packaging.requirements")
    marker = requirements.Requirement(asked[0]).marker
    for python, system, machine, has in [
        ("3.8", "linux", "x86_64", True),
        ("3.12", "linux", "aarch64", True),
        ("3.12", "darwin", "x86_64", True),
        ("3.13", "linux", "x86_64", False),
        ("3.14", "linux", "x86_64", False),
        ("3.11", "darwin", "arm64", False),
        ("3.11", "win32", "AMD64", False),
        ("3.11", "linux", "ppc64le", False),
    ]:
        where = {"python_version": python, "sys_platform": system, "platform_machine": machine}
        assert marker.evaluate(where) == has, where


def test_this_environment_is_the_distribution_that_the_checkout_describes():
    try:
        version = importlib.metadata.version("mxnet-contrib-onnx")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("not installed: a staged or a source tree")
    import mxnet.contrib.onnx as package

    assert version == package.__version__, "pip install again: the version has changed"


@pytest.fixture(scope="module")
def compatibility():
    """The overlay's module of that name."""
    path = CHECKOUT / "tools" / "overlay" / "_mxnet_onnx_overlay" / "compatibility.py"
    spec = importlib.util.spec_from_file_location("compatibility", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_stand_in_for_distutils_leaves_with_the_import(compatibility, monkeypatch):
    monkeypatch.setitem(sys.modules, "distutils", None)  # as if Python had none
    monkeypatch.delitem(sys.modules, "distutils.version", raising=False)
    with compatibility.distutils_version():
        from distutils.version import LooseVersion, StrictVersion

        assert LooseVersion("1.26.4") >= LooseVersion("1.17")
        assert StrictVersion("1.9.1") < "1.20" and StrictVersion("1.20") == "1.20"
    assert "distutils.version" not in sys.modules


def test_numpy_2_is_named_as_the_cause(compatibility, monkeypatch):
    monkeypatch.setattr(np, "__version__", "2.5.5")
    refused = pytest.raises(ImportError, match="needs NumPy older than 2, and 2.5.5 is installed")
    with refused, compatibility.old_names():
        raise AttributeError("module 'numpy' has no attribute 'PZERO'")
    with compatibility.old_names():
        pass


def test_names_that_mxnet_reads_are_given_back(compatibility, monkeypatch):
    monkeypatch.delattr(np, "bool", raising=False)
    with compatibility.old_names():
        pass
    assert np.bool is bool
