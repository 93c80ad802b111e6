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
STOCK = ("mxnet.contrib.onnx_stock", "mxnet.onnx_stock")


def folders():
    """Folder of each module of ours, or nothing where the user asks for the wheel's own.

    Returns
    -------
    dict of str to str
        ``mxnet_onnx`` is among them only where the usual finders do not see it.
    """
    python = os.environ.get("MXNET_CONTRIB_ONNX", "")
    if python == "stock":
        return {}
    checkout = os.path.join(HERE, "CHECKOUT")  # written by editable installs only
    if not python and os.path.isfile(checkout):
        with open(checkout, encoding="utf-8") as file:
            python = file.read().strip()
    if python:
        package = os.path.join(python, "mxnet", "contrib", "onnx")
        entry = os.path.join(python, "mxnet", "onnx")
        return {"mxnet_onnx": package, "mxnet.contrib.onnx": package, "mxnet.onnx": entry}
    return {
        "mxnet.contrib.onnx": os.path.join(os.path.dirname(HERE), "mxnet_onnx"),
        "mxnet.onnx": os.path.join(HERE, "onnx"),
    }


def from_wheel(name, parent):
    """Whether the MXNet that holds ``parent``, the folder ``name`` is looked for in, was installed.

    A staged tree or a source tree has a package of its own, which wins. Wheels for GPUs have other
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
    def find_spec(name, path=None, target=None):
        """Spec of module ``name``, or None for the finders that follow to decide."""
        if name == "mxnet":
            return prepared(usual_spec(name, path, target))
        if name == "mxnet_onnx":
            return spec_of(name, folders().get(name))
        if name not in ("mxnet.contrib.onnx", "mxnet.onnx", *STOCK):
            return None
        for parent in path or ():
            wheels = os.path.join(parent, "onnx")
            if os.path.isdir(wheels):
                if not from_wheel(name, parent):
                    return None
                return spec_of(name, wheels if name in STOCK else folders().get(name))
        return None


def spec_of(name, folder):
    """Spec of package ``name`` in ``folder``, or None where there is none."""
    source = os.path.join(folder or "", "__init__.py")
    if not folder or not os.path.isfile(source):
        return None
    from importlib.util import spec_from_file_location

    spec = spec_from_file_location(name, source, submodule_search_locations=[folder])
    if name == STOCK[0]:
        from . import compatibility

        compatibility.run_with(spec.loader, compatibility.stock_exporter)
    return spec


def usual_spec(name, path, target):
    """What the finders other than ours say."""
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)
        if finder is not Finder and find_spec is not None:
            spec = find_spec(name, path, target)
            if spec is not None:
                return spec
    return None


def prepared(spec):
    """``spec`` of MXNet, so that MXNet loads on the NumPy and Python that are there."""
    if spec is not None and spec.loader is not None:
        from . import compatibility

        compatibility.run_with(spec.loader, compatibility.old_names)
    return spec


def install():
    """Put the finder first, once."""
    if Finder not in sys.meta_path:
        sys.meta_path.insert(0, Finder)
