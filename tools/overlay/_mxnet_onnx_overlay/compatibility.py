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
"""What MXNet 1.9.1 asks of NumPy and Python that newer ones no longer have."""

from __future__ import annotations

import contextlib
import importlib
import sys
import types
from typing import Any, Callable, ContextManager, Iterator, List


def run_with(loader: Any, context: Callable[[], ContextManager[None]]) -> None:
    """Make ``loader`` execute its module inside ``context``."""
    execute = loader.exec_module

    def exec_module(module: types.ModuleType) -> None:
        with context():
            execute(module)

    # On the loader itself rather than in a loader around it: inspect and importlib.resources go
    # by its class.
    loader.exec_module = exec_module


@contextlib.contextmanager
def old_names() -> Iterator[None]:
    """Provide the names that MXNet reads, while it is imported or from then on.

    Raises
    ------
    ImportError
        If MXNet fails to load because NumPy is a version it cannot work with.
    """
    import numpy

    if int(numpy.__version__.split(".")[0]) >= 2:
        try:
            yield
        except AttributeError as error:
            raise ImportError(
                f"MXNet 1.9.1 needs NumPy older than 2, and {numpy.__version__} is installed "
                f"({error}): pip install 'numpy<2'"
            ) from error
        return
    # Gone since NumPy 1.24; MXNet reads them at run time too.
    for name, value in (("bool", bool), ("int", int)):
        if name not in vars(numpy):
            setattr(numpy, name, value)
    with distutils_version():
        yield


@contextlib.contextmanager
def distutils_version() -> Iterator[None]:
    """Provide ``distutils.version`` on Python 3.12 and newer where setuptools does not.

    Only while MXNet is imported: a ``distutils`` left in ``sys.modules`` disturbs setuptools.
    """
    try:
        importlib.import_module("distutils.version")
    except ImportError:
        package, module = types.ModuleType("distutils"), types.ModuleType("distutils.version")
        module.StrictVersion = module.LooseVersion = Version  # type: ignore[attr-defined]
        package.__path__ = []
        package.version = module  # type: ignore[attr-defined]
        sys.modules.update({"distutils": package, "distutils.version": module})
        try:
            yield
        finally:
            del sys.modules["distutils"], sys.modules["distutils.version"]
    else:
        yield


class Version:
    """Order of version numbers, as far as MXNet compares NumPy's."""

    def __init__(self, text: str):
        self.numbers: List[int] = [int(part) for part in text.split(".") if part.isdigit()]

    def __eq__(self, other: object) -> bool:
        return self.numbers == self.of(other).numbers

    def __lt__(self, other: object) -> bool:
        return self.numbers < self.of(other).numbers

    def __le__(self, other: object) -> bool:
        return self.numbers <= self.of(other).numbers

    def __gt__(self, other: object) -> bool:
        return self.numbers > self.of(other).numbers

    def __ge__(self, other: object) -> bool:
        return self.numbers >= self.of(other).numbers

    @classmethod
    def of(cls, version: object) -> Version:
        """``version`` itself, or the version that a text names."""
        return version if isinstance(version, Version) else cls(str(version))


@contextlib.contextmanager
def stock_exporter() -> Iterator[None]:
    """Let ``from ...onnx import export_model`` of the wheel's package find the wheel's exporter."""
    stock = importlib.import_module("mxnet.onnx_stock")
    ours = sys.modules.get("mxnet.onnx")
    sys.modules["mxnet.onnx"] = stock
    try:
        yield
    finally:
        if ours is None:
            del sys.modules["mxnet.onnx"]
        else:
            sys.modules["mxnet.onnx"] = ours
