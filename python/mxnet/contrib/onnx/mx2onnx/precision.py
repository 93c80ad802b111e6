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
"""A model of 16-bit floats as one of float32: parameters, dtypes that it names, and its inputs."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Mapping, Optional

import numpy as np

from ..dtypes import from_mxnet_flag
from ..errors import ModelError
from .sources import Source
from .symbol_json import parse_symbol
from .tensors import Tensor

HALF, SINGLE = np.dtype(np.float16), np.dtype(np.float32)
#: What may become of 16-bit floats.
CHOICES = ("keep", "float32")
#: How parameters of operators name them.
NAMES = ("float16", "bfloat16")


def check_float16(float16: Any) -> None:
    """Refuse what is no choice.

    Raises
    ------
    ModelError
    """
    if float16 not in CHOICES:
        raise ModelError(f"float16 is 'keep' or 'float32'; got {float16!r}")


def widened(source: Source) -> Source:
    """The same model in float32: what its symbol says of 16-bit floats, and their arrays.

    Casts to them become casts to float32, those of automatic mixed precision too, and so go where
    nothing is left to be cast.
    """
    raw = _widened_json(source.symbol.raw)
    return dataclasses.replace(
        source,
        symbol=parse_symbol(json.dumps(raw), source.symbol.where),
        tensors={name: _widened_tensor(tensor) for name, tensor in source.tensors.items()},
        types=widened_types(source.types),
    )


def widened_types(types: Any) -> Any:
    """dtypes of inputs in any of the forms that :func:`.arguments.check_types` returns."""
    if types is None:
        return None
    if isinstance(types, Mapping):
        return {name: widened_types(dtype) for name, dtype in types.items()}
    if isinstance(types, list):
        return [widened_types(dtype) for dtype in types]
    return SINGLE if types == HALF else types


def _widened_tensor(tensor: Tensor) -> Tensor:
    return tensor.derive(np.asarray, dtype=SINGLE) if tensor.dtype == HALF else tensor


def _widened_json(entry: Any) -> Any:
    """A symbol's JSON, graphs inside nodes included."""
    if isinstance(entry, list):
        return [_widened_json(part) for part in entry]
    if not isinstance(entry, dict):
        return entry
    return {
        key: {k: _widened_text(k, v) for k, v in value.items()}
        if key in ("attrs", "attr", "param") and isinstance(value, dict)
        else _widened_json(value)
        for key, value in entry.items()
    }


def _widened_text(key: str, text: Any) -> Any:
    if text in NAMES:
        return SINGLE.name
    flag: Optional[Any] = None
    if key == "__dtype__" and str(text).isdigit():
        flag = from_mxnet_flag(int(text))
    return "0" if flag is not None and flag.name in NAMES else text
