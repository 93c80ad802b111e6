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
"""Values as they are typed: ``data=N,3,224,224``, ``ids=int64``, ``shape=[1,-1]``."""

from __future__ import annotations

import argparse
import json
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

import numpy as np

#: A size, the name of one that varies, or None for one that varies without a name.
Size = Union[int, str, None]


def named(read: Callable[[str], Any], example: str) -> Callable[[str], Tuple[str, Any]]:
    """A reader of ``NAME=VALUE`` whose value ``read`` reads; ``example`` is for the message."""

    def reader(text: str) -> Tuple[str, Any]:
        name, equals, value = text.rpartition("=")
        if not equals or not name:
            raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE, for example {example}")
        return name, read(value)

    return reader


def maybe_named(read: Callable[[str], Any]) -> Callable[[str], Tuple[Optional[str], Any]]:
    """A reader of ``NAME=VALUE`` or ``VALUE``; the name is None where there is none."""

    def reader(text: str) -> Tuple[Optional[str], Any]:
        name, equals, value = text.rpartition("=")
        return (name if equals else None), read(value)

    return reader


def names(text: str) -> List[str]:
    """``a,b`` as names."""
    found = [part.strip() for part in text.split(",")]
    if not all(found):
        raise argparse.ArgumentTypeError(f"'{text}' has an empty name")
    return found


def shape(text: str) -> Tuple[Size, ...]:
    """``N,3,224,224`` as a shape; ``?`` varies without a name, an empty text is rank 0."""
    return tuple(_size(part.strip()) for part in text.split(",")) if text.strip() else ()


def _size(text: str) -> Size:
    if text in ("?", "None"):
        return None
    if text.lstrip("-").isdigit():
        if int(text) < 1:
            raise argparse.ArgumentTypeError(
                f"{text} is no size; a dimension that varies is given as a name or as ?"
            )
        return int(text)
    if not text:
        raise argparse.ArgumentTypeError("a size is missing between two commas")
    return text


def dtype(text: str) -> np.dtype:
    """``float32``, ``int64`` and the like."""
    try:
        return np.dtype(text)
    except TypeError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no dtype, such as float32 or int64"
        ) from None


def sizes(text: str) -> List[int]:
    """``1,8,32`` as sizes."""
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no list of sizes, such as 1,8,32")
    return found


def array(text: str) -> np.ndarray:
    """A value: a JSON number or list, or the path of a ``.npy`` file."""
    if text.endswith(".npy"):
        try:
            return np.load(text, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise argparse.ArgumentTypeError(f"cannot read {text}: {error}") from None
    try:
        return np.asarray(json.loads(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is neither a number or list, such as [1,64], nor a .npy file"
        ) from None


def collected(pairs: Optional[List[Tuple[str, Any]]]) -> Dict[str, Any]:
    """The pairs of a repeated option as a dict."""
    return dict(pairs or ())


def arrays(path: str) -> Dict[str, np.ndarray]:
    """Inputs by name from a ``.npz`` file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"cannot read {path}: {error}") from None
