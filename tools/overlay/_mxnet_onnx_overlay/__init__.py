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
"""Make ``mxnet.contrib.onnx`` and ``mxnet.onnx`` of an installed MXNet mean our code.

``_mxnet_onnx_overlay.pth`` runs :func:`install` whenever the interpreter starts, so this file
imports nothing that is not loaded by then, and never raises. No file of the MXNet wheel is touched.

The environment variable ``MXNET_CONTRIB_ONNX`` chooses otherwise: ``stock`` leaves the wheel's own
modules in place; a path names the ``python`` folder of a checkout to take ours from. The wheel's
own stay importable as ``mxnet.contrib.onnx_stock`` and ``mxnet.onnx_stock``.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OURS = ("mxnet.contrib.onnx", "mxnet.onnx")
STOCK = ("mxnet.contrib.onnx_stock", "mxnet.onnx_stock")


def checkout() -> str:
    """The ``python`` folder of the checkout that our modules are in, or nothing: they are here."""
    chosen = os.environ.get("MXNET_CONTRIB_ONNX", "")
    if chosen not in ("", "stock"):
        return chosen
    link = os.path.join(HERE, "CHECKOUT")  # written by editable installs only
    if not os.path.isfile(link):
        return ""
    with open(link, encoding="utf-8") as file:
        return file.read().strip()


def folder(name: str) -> str:
    """Folder of our module ``name``, or nothing where other finders see it by themselves."""
    python = checkout()
    if name == "mxnet.onnx":
        return os.path.join(python, "mxnet", "onnx") if python else os.path.join(HERE, "onnx")
    if python:
        return os.path.join(python, "mxnet", "contrib", "onnx")
    return "" if name == "mxnet_onnx" else os.path.join(os.path.dirname(HERE), "mxnet_onnx")


def from_wheel(name: str, parent: str) -> bool:
    """Whether the MXNet that holds ``parent``, the folder ``name`` is looked for in, was installed.

    A staged tree or a source tree has modules of its own, which win. Wheels for GPUs have other
    distribution names: ``mxnet_cu117-1.9.1.dist-info``.
    """
    for _ in range(name.count(".")):
        parent = os.path.dirname(parent)
    try:
        entries = os.listdir(parent)
    except OSError:
        return False
    return any(
        entry.startswith("mxnet")
        and entry.endswith(".dist-info")
        and not entry.startswith("mxnet_contrib_onnx")
        for entry in entries
    )


class Finder:
    """Meta path finder for MXNet itself, our modules and the wheel's own; for nothing else."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # type: ignore[no-untyped-def]
        """Spec of module ``name``, or None for the finders that follow to decide."""
        if name == "mxnet":
            return mxnet_spec(path, target)
        if name == "mxnet_onnx":
            return spec_of(name, folder(name))
        if name not in OURS and name not in STOCK:
            return None
        if name in OURS and os.environ.get("MXNET_CONTRIB_ONNX") == "stock":
            return None
        for parent in path or ():
            wheels = os.path.join(parent, "onnx")
            if os.path.isdir(wheels):
                if not from_wheel(name, parent):
                    return None
                return spec_of(name, wheels if name in STOCK else folder(name))
        return None


def spec_of(name: str, folder: str):  # type: ignore[no-untyped-def]
    """Spec of package ``name`` in ``folder``, or None where there is none."""
    source = os.path.join(folder, "__init__.py")
    if not folder or not os.path.isfile(source):
        return None
    from importlib.util import spec_from_file_location

    spec = spec_from_file_location(name, source, submodule_search_locations=[folder])
    if spec is not None and name == "mxnet.contrib.onnx_stock":
        from . import compatibility

        compatibility.run_with(spec.loader, compatibility.stock_exporter)
    return spec


def mxnet_spec(path, target):  # type: ignore[no-untyped-def]
    """What other finders say of MXNet, made to load on the NumPy and Python that are there."""
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)
        spec = find_spec("mxnet", path, target) if find_spec and finder is not Finder else None
        if spec is not None:
            if spec.loader is not None:
                from . import compatibility

                compatibility.run_with(spec.loader, compatibility.old_names)
            return spec
    return None


def install() -> None:
    """Put the finder first, once."""
    if Finder not in sys.meta_path:
        sys.meta_path.insert(0, Finder)
