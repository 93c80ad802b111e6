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
"""First step of an import: parse whatever the model was given as, without copying its weights."""

from __future__ import annotations

import dataclasses
import os
import secrets
from typing import IO, Any, Optional, Tuple, Union

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

import onnx

from ..errors import ModelError
from .tensors import TensorReader, map_file
from .wire import WireError, cut_large_tensors

#: What ``model_file`` may be wherever it is a parameter.
ModelFile = Union[str, "os.PathLike[str]", bytes, IO[bytes], onnx.ModelProto]

#: Bytes above which a file's large tensors stay in the file.
LEAST_MAPPED = 2**20


@dataclasses.dataclass(frozen=True)
class LoadedModel:
    """A parsed model and the way to its tensors.

    Attributes
    ----------
    proto : onnx.ModelProto
        Without the bytes of large tensors; ``tensors`` finds them.
    tensors : TensorReader
    source : str
        What to call the model in messages.
    """

    proto: onnx.ModelProto
    tensors: TensorReader
    source: str


def load(model_file: ModelFile, private: bool = False) -> LoadedModel:
    """Parse a model.

    Parameters
    ----------
    model_file : str, os.PathLike, bytes, binary file object or onnx.ModelProto
        External data is found beside a path, or beside a file object that has one as its name.
    private : bool
        As of ``TensorReader``.

    Raises
    ------
    ModelError
        If it cannot be read or is no ONNX model.
    """
    if isinstance(model_file, onnx.ModelProto):
        return LoadedModel(model_file, TensorReader(), "the ModelProto")
    buffer, source, folder = _buffer(model_file, private)
    reader = TensorReader(folder, private)
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(_without_large_tensors(buffer, reader))
    except (DecodeError, ValueError) as error:
        raise ModelError(
            f"{source} is not an ONNX model, or is damaged or cut off: {error}"
        ) from None
    if not proto.HasField("graph"):
        raise ModelError(f"{source} is not an ONNX model: it holds no graph")
    return LoadedModel(proto, reader, source)


def _buffer(model_file: Any, private: bool) -> Tuple[Any, str, Optional[str]]:
    """The model's bytes (or a mapping of them), what to call it, and its folder."""
    if isinstance(model_file, (str, os.PathLike)):
        path = os.fspath(model_file)
        source = f"'{path}'"
        try:
            buffer = map_file(path, private)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ModelError(f"cannot read {source}: {reason}") from None
        folder: Optional[str] = os.path.dirname(os.path.abspath(path))
    elif isinstance(model_file, (bytes, bytearray, memoryview)):
        buffer, source, folder = bytes(model_file), "the bytes given", None
    elif callable(getattr(model_file, "read", None)):
        buffer, name = model_file.read(), getattr(model_file, "name", None)
        if not isinstance(buffer, bytes):
            raise ModelError("the file object gives text; open it in binary mode, with 'rb'")
        source, folder = "the file object", None
        if isinstance(name, str) and os.path.isfile(name):
            source, folder = f"{source} of '{name}'", os.path.dirname(os.path.abspath(name))
    else:
        raise ModelError(
            "a model is given as path, bytes, binary file object or onnx.ModelProto, not as "
            f"{type(model_file).__name__}"
        )
    if not len(buffer):
        raise ModelError(f"{source} is empty")
    return buffer, source, folder


def _without_large_tensors(buffer: Any, reader: TensorReader) -> bytes:
    if len(buffer) < LEAST_MAPPED:
        return bytes(buffer)
    # No file can refer to a name that is made up after it was written.
    location = secrets.token_hex(16)
    try:
        rest = cut_large_tensors(buffer, location)
    except WireError:
        return bytes(buffer)  # for the parser to refuse, in its own words
    reader.provide(location, buffer)
    return rest
