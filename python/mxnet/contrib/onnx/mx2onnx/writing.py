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
"""Write a model in one pass, atomically; weights go from file to file without staying in memory."""

from __future__ import annotations

import contextlib
import glob
import io
import os
import stat
import uuid
from typing import Any, BinaryIO, Callable, Dict, List, Mapping, Optional, Tuple, Union

import numpy as np

from onnx import ModelProto, TensorProto

from ..dtypes import onnx_type
from ..errors import ConversionError, ModelError
from .tensors import Tensor

#: What protobuf can hold in one message.
MOST_INLINE = 2**31 - 1
#: Weights up to here stay in the model file when the others are in one of their own.
SMALL_BYTES = 1024
#: Weights begin at multiples of this, so that runtimes can map the file into memory.
ALIGNMENT = 4096
CHUNK = 1 << 20
#: Protobuf's tags of ModelProto.graph, GraphProto.initializer and TensorProto.raw_data.
GRAPH, INITIALIZER, RAW_DATA = b"\x3a", b"\x2a", b"\x4a"

Target = Union[str, os.PathLike, BinaryIO]


def check_target(target: Any) -> None:
    """Refuse what cannot be written to, before the long work begins.

    Raises
    ------
    ModelError
        If ``target`` is neither a path in a folder that is there, nor a binary file.
    """
    if hasattr(target, "write"):
        if isinstance(target, io.TextIOBase):
            raise ModelError("the file to write to is open for text; open it with mode 'wb'")
        return
    if not isinstance(target, (str, os.PathLike)):
        raise ModelError(
            f"onnx_file_path is a path, a binary file or None; got a {type(target).__name__}"
        )
    path = os.path.realpath(os.fspath(target))
    folder = os.path.dirname(path)
    if not os.fspath(target) or os.path.isdir(path):
        raise ModelError(f"cannot write a model to '{os.fspath(target)}': it is a folder")
    if not os.path.isdir(folder):
        raise ModelError(f"cannot write '{path}': there is no folder '{folder}'")
    if not os.access(path if os.path.exists(path) and not _is_file(path) else folder, os.W_OK):
        raise ModelError(f"cannot write '{path}': the folder is not writable")


def check_apart(target: Any, sym: Any, params: Any = None) -> None:
    """Refuse to write over the files that the model is read from.

    Raises
    ------
    ModelError
        If ``target``, or the file of weights beside it, is one of them.
    """
    if not isinstance(target, (str, os.PathLike)):
        return
    written = os.fspath(target)
    prefix = os.fspath(sym) if isinstance(sym, (str, os.PathLike)) else ""
    sources = [os.fspath(s) for s in (sym, params) if isinstance(s, (str, os.PathLike))]
    if prefix and not os.path.isfile(prefix):
        sources += glob.glob(f"{glob.escape(prefix)}-symbol.json")
        sources += glob.glob(f"{glob.escape(prefix)}-[0-9]*.params")
    for path in (written, f"{written}.data"):
        for source in sources:
            if os.path.isfile(path) and os.path.isfile(source) and os.path.samefile(path, source):
                raise ModelError(
                    f"'{path}' is read as part of the model and would be overwritten; "
                    "give another onnx_file_path"
                )


def write_model(
    model: ModelProto,
    tensors: Mapping[str, Tensor],
    target: Target,
    external: Optional[bool] = None,
) -> None:
    """Write ``model`` with ``tensors`` for its initializers.

    Parameters
    ----------
    model : onnx.ModelProto
        Without initializers.
    tensors : mapping of str to Tensor
        Each is read once, when its turn comes.
    target : path or binary file
        A path gets its new content whole or keeps its old one.
    external : bool, optional
        Whether the weights go into ``<target>.data`` beside the model; by default where the model
        would be larger than 2 GB.

    Raises
    ------
    ModelError
        If the model does not fit into what ``target`` can hold.
    ConversionError
        If writing fails; the ``OSError`` is its cause.
    """
    stream = None if isinstance(target, (str, os.PathLike)) else target
    total = _size(model, tensors)
    if external is None:
        external = total > MOST_INLINE and stream is None
    if stream is not None and (external or total > MOST_INLINE):
        raise ModelError(
            f"a model of {total} bytes needs a file for its weights beside the model: give a path"
        )
    if not external and total > MOST_INLINE:
        raise ModelError(
            f"a model of {total} bytes is more than one file holds (2 GB); "
            "leave external_data at None"
        )
    try:
        if isinstance(target, (str, os.PathLike)):
            _write_files(model, tensors, os.path.realpath(os.fspath(target)), external)
        else:
            _write_stream(model, tensors, _whole(target))
    except OSError as error:
        name = "the file" if stream is not None else f"'{target}'"
        raise ConversionError(f"writing {name} failed: {error.strerror or error}") from error


def to_proto(model: ModelProto, tensors: Mapping[str, Tensor]) -> ModelProto:
    """``model`` with ``tensors`` for its initializers, in memory."""
    total = _size(model, tensors)
    if total > MOST_INLINE:
        raise ModelError(
            f"a model of {total} bytes is more than a ModelProto holds (2 GB): give a path"
        )
    whole = ModelProto()
    whole.CopyFrom(model)
    for name, tensor in tensors.items():
        initializer = whole.graph.initializer.add(
            name=name, dims=tensor.shape, data_type=onnx_type(tensor.dtype)
        )
        initializer.raw_data = _numbers(name, tensor).tobytes()
    return whole


def _size(model: ModelProto, tensors: Mapping[str, Tensor]) -> int:
    """Bytes that ``model`` takes with all weights in it, or a few more."""
    heads = sum(2 * len(name) + 16 * len(tensor.shape) + 64 for name, tensor in tensors.items())
    return model.ByteSize() + heads + sum(tensor.nbytes for tensor in tensors.values())


def _write_files(
    model: ModelProto, tensors: Mapping[str, Tensor], path: str, external: bool
) -> None:
    if os.path.exists(path) and not _is_file(path):  # a pipe or a device cannot be replaced
        with open(path, "wb") as out:
            _write_stream(model, tensors, out.write)
        return
    pending: List[_Replacement] = []
    try:
        places: Dict[str, int] = {}
        if external:
            pending.append(_Replacement(path + ".data"))
            places = _layout(tensors)
            for name, offset in places.items():
                pending[0].out.seek(offset)
                _copy(name, tensors[name], pending[0].out.write)
        pending.append(_Replacement(path))
        data_name = os.path.basename(path) + ".data"
        _write_stream(model, tensors, pending[-1].out.write, places, data_name)
        for replacement in pending:
            replacement.finish()
        for replacement in pending:  # all are whole by now; the weights take their place first
            replacement.commit()
    finally:
        for replacement in pending:
            replacement.discard()


def _layout(tensors: Mapping[str, Tensor]) -> Dict[str, int]:
    """Offsets of the weights in a file of their own."""
    places, end = {}, 0
    for name, tensor in tensors.items():
        if tensor.nbytes > SMALL_BYTES:
            end += -end % ALIGNMENT
            places[name] = end
            end += tensor.nbytes
    return places


class _Replacement:
    """A file under a temporary name beside the one whose place it takes when it is whole."""

    def __init__(self, path: str):
        folder, name = os.path.split(path)
        self._path = path
        self._temporary = os.path.join(folder, f".{name}.{uuid.uuid4().hex}.part")
        # a name that nobody else has, and the permissions that the umask leaves
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self.out = os.fdopen(os.open(self._temporary, flags, 0o666), "wb")

    def finish(self) -> None:
        """Bring everything to the disk."""
        self.out.flush()
        os.fsync(self.out.fileno())
        self.out.close()

    def commit(self) -> None:
        """Take the place."""
        os.replace(self._temporary, self._path)

    def discard(self) -> None:
        """Leave nothing behind, unless the place is taken."""
        with contextlib.suppress(OSError):  # on a full disk closing fails too
            self.out.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._temporary)


def _write_stream(
    model: ModelProto,
    tensors: Mapping[str, Tensor],
    write: Callable[[Any], Any],
    places: Optional[Mapping[str, int]] = None,
    data_name: str = "",
) -> None:
    """The model's bytes. A message may come in pieces: the weights follow the rest of the graph."""
    rest = ModelProto()
    rest.CopyFrom(model)
    rest.ClearField("graph")
    body = model.graph.SerializeToString()
    heads: List[Tuple[bytes, str]] = []
    size = len(body)
    for name, tensor in tensors.items():
        head, inline = _initializer(name, tensor, (places or {}).get(name), data_name)
        heads.append((head, name if inline else ""))
        size += len(head) + (tensor.nbytes if inline else 0)
    write(rest.SerializeToString() + GRAPH + _varint(size) + body)
    for head, name in heads:
        write(head)
        if name:
            _copy(name, tensors[name], write)


def _initializer(
    name: str, tensor: Tensor, offset: Optional[int], data_name: str
) -> Tuple[bytes, bool]:
    """An initializer up to its numbers, and whether those follow."""
    proto = TensorProto(name=name, dims=tensor.shape, data_type=onnx_type(tensor.dtype))
    if offset is not None:
        proto.data_location = TensorProto.EXTERNAL
        entries = {"location": data_name, "offset": offset, "length": tensor.nbytes}
        for key, value in entries.items():
            proto.external_data.add(key=key, value=str(value))
        head = proto.SerializeToString()
        return INITIALIZER + _varint(len(head)) + head, False
    head = proto.SerializeToString() + RAW_DATA + _varint(tensor.nbytes)
    return INITIALIZER + _varint(len(head) + tensor.nbytes) + head, True


def _numbers(name: str, tensor: Tensor) -> np.ndarray:
    """The array of a tensor as ONNX stores it."""
    array = np.asarray(tensor.read(), tensor.dtype.newbyteorder("<"), order="C")
    if array.shape != tensor.shape:
        raise ConversionError(
            f"'{name}' was to be of shape {tensor.shape} and is of shape {array.shape}"
        )
    return array


def _copy(name: str, tensor: Tensor, write: Callable[[Any], Any]) -> None:
    """The numbers of a tensor, little-endian."""
    if tensor.place is None:
        flat = _numbers(name, tensor).reshape(-1).view(np.uint8)
        for at in range(0, flat.size, CHUNK):
            write(flat[at : at + CHUNK].data)
        return
    path, offset = tensor.place
    with open(path, "rb", buffering=0) as source:
        source.seek(offset)
        left = tensor.nbytes
        while left:
            chunk = source.read(min(left, CHUNK))
            if not chunk:
                raise ModelError(f"'{path}' became shorter while it was read")
            write(chunk)
            left -= len(chunk)


def _whole(stream: BinaryIO) -> Callable[[Any], None]:
    """A write that takes all bytes, which a file without buffer need not."""

    def write(data: Any) -> None:
        view = memoryview(data)
        while len(view):
            written = stream.write(view)
            view = view[len(view) if written is None else written :]

    return write


def _is_file(path: str) -> bool:
    return stat.S_ISREG(os.stat(path).st_mode)


def _varint(value: int) -> bytes:
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes(data + bytes([value]))
