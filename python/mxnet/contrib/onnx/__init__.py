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
"""Import ONNX models into MXNet, and export MXNet models to ONNX. Experimental.

The same package is ``mxnet.contrib.onnx`` inside MXNet and ``mxnet_onnx`` on machines without it.
Names are loaded when first used: MXNet imports this package while it is itself half imported, and
people who never convert a model should not pay for it.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Dict, List

if TYPE_CHECKING:
    from .errors import (
        ConversionError as ConversionError,
    )
    from .errors import (
        ConversionWarning as ConversionWarning,
    )
    from .errors import (
        ModelError as ModelError,
    )
    from .errors import (
        TranslationError as TranslationError,
    )
    from .errors import (
        UnsupportedOperatorError as UnsupportedOperatorError,
    )
    from .errors import (
        VerificationError as VerificationError,
    )
    from .mx2onnx.export_model import export_model as export_model
    from .onnx2mx.import_model import import_model as import_model
    from .onnx2mx.import_to_gluon import import_to_gluon as import_to_gluon
    from .onnx2mx.metadata import get_model_metadata as get_model_metadata
    from .onnx2mx.onnx_block import OnnxBlock as OnnxBlock
    from .support import get_operator_support as get_operator_support
    from .translation import TranslationTable as TranslationTable

_HOMES: Dict[str, str] = {
    "import_model": ".onnx2mx.import_model",
    "import_to_gluon": ".onnx2mx.import_to_gluon",
    "get_model_metadata": ".onnx2mx.metadata",
    "OnnxBlock": ".onnx2mx.onnx_block",
    "export_model": ".mx2onnx.export_model",
    "get_operator_support": ".support",
    "TranslationTable": ".translation",
    "ConversionError": ".errors",
    "ConversionWarning": ".errors",
    "ModelError": ".errors",
    "UnsupportedOperatorError": ".errors",
    "TranslationError": ".errors",
    "VerificationError": ".errors",
}

#: ``backend``, and paths that MXNet's users know, such as ``onnx2mx.import_model.import_model``.
_ROOMS: Dict[str, str] = {
    "backend": ".backend",
    "onnx2mx": ".onnx2mx.import_model",
    "mx2onnx": ".mx2onnx.export_model",
}

__all__ = list(_HOMES)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name) or _ROOMS.get(name)
    if home is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    module = _load(home, name)
    value = getattr(module, name) if name in _HOMES else sys.modules[f"{__name__}.{name}"]
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted({*globals(), *_HOMES, *_ROOMS})


def _load(home: str, name: str) -> ModuleType:
    """Import module ``home``, which has ``name``, or say in one sentence what is not there."""
    if home != ".errors":
        try:
            importlib.import_module("onnx")
        except Exception as error:  # with an unfit protobuf it fails in more ways than ImportError
            raise ImportError(
                f"{__name__}.{name} needs the package onnx, which cannot be imported "
                f"({type(error).__name__}: {error}): pip install 'onnx>=1.17'"
            ) from error
    try:
        return importlib.import_module(home, __name__)
    except ModuleNotFoundError as error:
        if error.name != "mxnet":
            raise
        raise ImportError(
            f"{__name__}.{name} needs MXNet, which is not installed: pip install mxnet==1.9.1, on "
            "Linux or an Intel Mac with Python 3.8 to 3.12"
        ) from error


if __name__ == "mxnet.contrib.onnx":
    # ``mx.onnx`` exists after ``import mxnet`` because this package loads it; nobody else does.
    importlib.import_module("...onnx", __name__)
