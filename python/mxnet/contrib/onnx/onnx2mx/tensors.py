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
"""The arrays behind a model's tensors: inside the file, beside it, or mapped from it."""

from __future__ import annotations

import math
import mmap
import os
import stat
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np

from onnx import SparseTensorProto, TensorProto, helper, numpy_helper

from ..dtypes import onnx_name
from ..errors import ModelError

#: Types of which one byte holds several elements, and how many.
_PACKED = {
    getattr(TensorProto, name): per_byte
    for name, per_byte in (("INT4", 2), ("UINT4", 2), ("FLOAT4E2M1", 2), ("INT2", 4), ("UINT2", 4))
    if hasattr(TensorProto, name)
}
#: Bytes an element of the types that older NumPy or ``onnx`` lack.
_NARROW = {
    value: 2 if name == "BFLOAT16" else 1
    for name, value in TensorProto.DataType.items()
    if name == "BFLOAT16" or name.startswith("FLOAT8")
}
#: Most elements that a sparse tensor may have when it is written out in full.
MOST_SPARSE = 2**26


class TensorReader:
    """Gives the array of any tensor of one model.

    Parameters
    ----------
    folder : str or None
        Folder of the model's file, the only one that external data is read from.
    private : bool
        Whether files are mapped so that arrays may be written to; the files never are.
    """

    def __init__(self, folder: Optional[str] = None, private: bool = False):
        self.folder, self.private = folder, private
        self._buffers: Dict[str, Any] = {}

    def provide(self, location: str, buffer: Any) -> None:
        """Serve external references to ``location`` from ``buffer`` (bytes or mapping)."""
        self._buffers[location] = buffer

    def array(self, tensor: TensorProto) -> np.ndarray:
        """The array of ``tensor``; a view without a copy where the file holds plain bytes.

        Raises
        ------
        ModelError
            If sizes, type and data contradict each other, or the data cannot be read.
        """
        name = tensor.name or "without a name"
        try:
            shape = _shape(tensor)
            if tensor.HasField("segment"):
                raise ModelError("is in segments, which no ONNX version in use allows")
            if is_external(tensor):
                return self._external(tensor, shape)
            return _embedded(tensor, shape)
        except ModelError as error:
            raise ModelError(f"tensor '{name}': {error}") from None

    def dense(self, sparse: SparseTensorProto) -> np.ndarray:
        """A sparse tensor, written out in full.

        Raises
        ------
        ModelError
            If it is malformed or would have more than ``MOST_SPARSE`` elements.
        """
        name = sparse.values.name or "without a name"
        shape = tuple(sparse.dims)
        values, indices = self.array(sparse.values), self.array(sparse.indices)
        if min(shape, default=0) < 0 or math.prod(shape) > MOST_SPARSE:
            raise ModelError(f"sparse tensor '{name}': sizes {list(shape)} are out of range")
        if indices.ndim == 2 and indices.shape[1] == len(shape):
            places: Any = tuple(indices.T)
            inside = all(((p >= 0) & (p < n)).all() for p, n in zip(places, shape))
        else:
            places, inside = indices, bool(((indices >= 0) & (indices < math.prod(shape))).all())
        if not inside or values.ndim != 1 or len(values) != len(indices):
            raise ModelError(f"sparse tensor '{name}': indices do not fit sizes {list(shape)}")
        full = np.zeros(shape, values.dtype)
        if isinstance(places, tuple):
            full[places] = values
        else:
            full.reshape(-1)[places] = values
        return full

    def _external(self, tensor: TensorProto, shape: Tuple[int, ...]) -> np.ndarray:
        location, offset, length = _place(tensor)
        needed, dtype = _bytes_needed(tensor, shape), _dtype(tensor)
        if length not in (None, needed):
            raise ModelError(
                f"{list(shape)} of {onnx_name(tensor.data_type)} are {needed} bytes, it has "
                f"{length} in '{location}'"
            )
        buffer = self._buffers.get(location)
        if buffer is None:
            buffer = self._buffers[location] = _mapped(self._safe_path(location), self.private)
        if offset + needed > len(buffer):
            raise ModelError(
                f"needs {needed} bytes at offset {offset} of '{location}', which has {len(buffer)}"
            )
        if not needed:
            return np.empty(shape, dtype)
        if needed != math.prod(shape) * dtype.itemsize:  # packed, or no type of this NumPy
            inside = TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
            inside.raw_data = bytes(buffer[offset : offset + needed])
            return _embedded(inside, shape)
        flat = np.frombuffer(buffer, dtype.newbyteorder("<"), math.prod(shape), offset)
        return flat.reshape(shape)

    def _safe_path(self, location: str) -> str:
        """Path of an external file, which must be a plain file in or below the model's folder."""
        if self.folder is None:
            raise ModelError(
                f"its data is in the file '{location}'; give the model as a path, so that the "
                "file is found beside it"
            )
        parts = location.replace("\\", "/").split("/")
        if os.path.isabs(location) or ".." in parts or ":" in parts[0] or "\0" in location:
            raise ModelError(f"its data is said to be in '{location}', outside the model's folder")
        folder = os.path.realpath(self.folder)
        path = os.path.realpath(os.path.join(folder, location))
        if os.path.commonpath([folder, path]) != folder:
            raise ModelError(
                f"its data is in '{location}', which is a link out of the model's folder; put the "
                "file itself there"
            )
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise ModelError(f"its data is in '{location}', which is not a plain file")
        except OSError as error:
            raise ModelError(f"its data is in '{location}': {error.strerror}") from None
        return path


def is_external(tensor: TensorProto) -> bool:
    """Whether the tensor's data is not in the message itself."""
    return bool(tensor.data_location == TensorProto.EXTERNAL)


def map_file(path: str, private: bool = False) -> Any:
    """The file's bytes, mapped and not read; ``b""`` for an empty one.

    What is written to a private mapping stays in memory.
    """
    access = mmap.ACCESS_COPY if private else mmap.ACCESS_READ
    with open(path, "rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return b""
        return mmap.mmap(file.fileno(), 0, access=access)


def _mapped(path: str, private: bool) -> Any:
    try:
        return map_file(path, private)
    except OSError as error:
        raise ModelError(
            f"its data is in '{os.path.basename(path)}': {error.strerror or error}"
        ) from None


def _place(tensor: TensorProto) -> Tuple[str, int, Optional[int]]:
    """Location, offset and length (None if not said) of external data."""
    said = {entry.key: entry.value for entry in tensor.external_data}
    try:
        offset = int(said.get("offset") or 0)
        length = int(said["length"]) if said.get("length") else None
    except ValueError:
        raise ModelError(f"offset or length of its external data is no number: {said}") from None
    if offset < 0 or (length or 0) < 0 or not said.get("location"):
        raise ModelError(f"the reference to its external data is malformed: {said}")
    return said["location"], offset, length


def _shape(tensor: TensorProto) -> Tuple[int, ...]:
    shape = tuple(tensor.dims)
    if min(shape, default=0) < 0 or math.prod(shape) >= 2**62:
        raise ModelError(f"has impossible sizes {list(shape)}")
    return shape


def _dtype(tensor: TensorProto) -> np.dtype:
    try:
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    except (KeyError, ValueError, TypeError, AttributeError):
        raise ModelError(f"has the unknown element type {tensor.data_type}") from None
    if _NARROW.get(tensor.data_type, dtype.itemsize) != dtype.itemsize:
        # Before it used ml_dtypes, onnx gave the bits of such numbers in place of the numbers.
        name = onnx_name(tensor.data_type)
        raise ModelError(f"is of {name}, which this version of onnx cannot read; update onnx")
    return dtype


def _bytes_needed(tensor: TensorProto, shape: Sequence[int]) -> int:
    count, kind = math.prod(shape), tensor.data_type
    if kind in _PACKED:
        return -(-count // _PACKED[kind])
    return count * (_NARROW.get(kind) or _dtype(tensor).itemsize)


def _embedded(tensor: TensorProto, shape: Sequence[int]) -> np.ndarray:
    """Check the amount of data before NumPy sees it, so that no false size allocates anything."""
    count, _ = math.prod(shape), _dtype(tensor)
    if tensor.HasField("raw_data"):
        found, needed, unit = len(tensor.raw_data), _bytes_needed(tensor, shape), "bytes"
    else:
        field = helper.tensor_dtype_to_field(tensor.data_type)
        found, needed, unit = len(getattr(tensor, field)), count, "elements"
        if tensor.data_type in (TensorProto.COMPLEX64, TensorProto.COMPLEX128):
            needed *= 2
        elif tensor.data_type in _PACKED:
            needed = _bytes_needed(tensor, shape)
    if found != needed:
        raise ModelError(
            f"{list(shape)} of {onnx_name(tensor.data_type)} are {needed} {unit}, it has {found}"
        )
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, OverflowError) as error:
        raise ModelError(f"its data cannot be read: {error}") from None
