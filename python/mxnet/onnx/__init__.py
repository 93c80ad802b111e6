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
"""Where MXNet 1.9 has its exporter: the same functions as in :mod:`mxnet.contrib.onnx`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, List

if TYPE_CHECKING:
    from mxnet.contrib.onnx import export_model as export_model
    from mxnet.contrib.onnx import get_operator_support as get_operator_support

__all__ = ["export_model", "get_operator_support"]


def __getattr__(name: str) -> Any:
    # MXNet imports this while it is itself half imported, hence late.
    if name == "mx2onnx":
        return importlib.import_module(".mx2onnx", __name__)
    if name in __all__:
        return getattr(importlib.import_module("..contrib.onnx", __name__), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> List[str]:
    return sorted({*globals(), *__all__, "mx2onnx"})
