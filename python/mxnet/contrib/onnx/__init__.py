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
from typing import TYPE_CHECKING, Any, Dict, List

if TYPE_CHECKING:
    from .errors import (
        ConversionError as ConversionError,
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
    from .support import get_operator_support as get_operator_support
    from .translation import TranslationTable as TranslationTable

_HOMES: Dict[str, str] = {
    "import_model": ".onnx2mx.import_model",
    "import_to_gluon": ".onnx2mx.import_to_gluon",
    "get_model_metadata": ".onnx2mx.metadata",
    "export_model": ".mx2onnx.export_model",
    "get_operator_support": ".support",
    "TranslationTable": ".translation",
    "ConversionError": ".errors",
    "ModelError": ".errors",
    "UnsupportedOperatorError": ".errors",
    "TranslationError": ".errors",
    "VerificationError": ".errors",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(importlib.import_module(home, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted({*globals(), *_HOMES})
