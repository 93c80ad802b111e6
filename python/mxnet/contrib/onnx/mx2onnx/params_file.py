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
"""Read ``.params`` files of any MXNet from 0.5 to 1.9: headers only, no weight enters memory."""

from __future__ import annotations

import math
import os
import struct
from typing import Any, BinaryIO, Dict, Tuple, Union

import numpy as np

from ..dtypes import from_mxnet_flag
from ..errors import ModelError
from .tensors import Tensor

LIST_MAGIC = 0x112
#: Array headers: 64-bit sizes since 0.12, storage types since 1.0, NumPy's shapes since 1.6.
SIZES_OF_64_BITS, STORAGE_TYPES, NUMPY_SHAPES = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
DENSE = (0, -1)
MOST_AXES = 32


def is_params(head: bytes) -> bool:
    """Whether a file that begins with ``head``, 8 bytes or more, is one of MXNet's parameters."""
    return head[:8] == struct.pack("<Q", LIST_MAGIC)


def read_params(path: Union[str, os.PathLike]) -> Dict[str, Tensor]:
    """The arrays of a parameter file by name, ``arg:`` and ``aux:`` taken off.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    dict of str to Tensor
        In the file's order. The numbers stay in the file until they are read.

    Raises
    ------
    ModelError
        If the file is absent, is something else, ends too early, or holds what ONNX cannot (sparse
        arrays, arrays without names, bfloat16).
    """
    path = os.path.abspath(os.fspath(path))
    try:
        with open(path, "rb", buffering=1 << 12) as file:
            tensors, names = _Reader(file, path).arrays()
    except OSError as error:
        raise ModelError(f"cannot read parameters from '{path}': {error.strerror}") from error
    return named(names, tensors, f"'{path}'")


def named(names: Any, tensors: Any, where: str) -> Dict[str, Tensor]:
    """Tensors by name without ``arg:`` and ``aux:``; a name that comes twice is refused."""
    found: Dict[str, Tensor] = {}
    twice = []
    for name, tensor in zip(names, tensors):
        name = name[4:] if name.startswith(("arg:", "aux:")) else name
        if name in found:
            twice.append(name)
        found[name] = tensor
    if twice:
        raise ModelError(f"{where} has several arrays named {', '.join(sorted(set(twice)))}")
    return found


class _Reader:
    """Walks over one file; nothing that the file claims is believed beyond the file's size."""

    def __init__(self, file: BinaryIO, path: str):
        self._file, self._path = file, path
        self._size = os.fstat(file.fileno()).st_size

    def arrays(self) -> Tuple[list, list]:
        """All tensors, and all names."""
        if not is_params(self._file.read(8)):
            raise ModelError(f"'{self._path}' is not an MXNet parameter file")
        self._take("Q")  # reserved
        count = self._count("arrays", 4)
        tensors = [self._array(k, count) for k in range(count)]
        names = [self._name() for _ in range(self._count("names", 8))]
        if len(names) != len(tensors):
            raise ModelError(
                f"'{self._path}' has {len(tensors)} arrays and {len(names)} names; save a dict, "
                "name to array, with mx.nd.save"
            )
        return tensors, names

    def _take(self, form: str) -> Tuple[int, ...]:
        size = struct.calcsize("<" + form)
        data = self._file.read(size)
        if len(data) < size:
            raise self._cut()
        return struct.unpack("<" + form, data)

    def _cut(self) -> ModelError:
        return ModelError(f"'{self._path}' is cut off: it ends after {self._size} bytes")

    def _count(self, what: str, least: int) -> int:
        """How many ``what`` follow, each of at least ``least`` bytes."""
        (count,) = self._take("Q")
        if count * least > self._size - self._file.tell():
            if self._file.tell() == self._size and count:
                raise self._cut()
            raise ModelError(f"'{self._path}' claims {count} {what} in {self._size} bytes")
        return count

    def _name(self) -> str:
        (length,) = self._take("Q")
        data = self._file.read(min(length, self._size))
        if len(data) < length:
            raise self._cut()
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ModelError(f"'{self._path}': the name {data[:40]!r} is not text") from error

    def _array(self, index: int, count: int) -> Tensor:
        where = f"'{self._path}', array {index + 1} of {count}"
        shape, absent = self._shape(where)
        if absent:  # an array that was never filled
            return Tensor.of(np.zeros(0, np.float32))
        flag = self._take("iii")[2]  # behind the device's type and number
        known = from_mxnet_flag(flag)
        if known is None or known.numpy is None:
            raise ModelError(f"{where}: element type {flag} is not covered; cast to float32 first")
        dtype, offset = known.numpy, self._file.tell()
        nbytes = math.prod(shape) * dtype.itemsize
        if offset + nbytes > self._size:
            raise self._cut()
        self._file.seek(offset + nbytes)
        return _stored(self._path, offset, shape, dtype)

    def _shape(self, where: str) -> Tuple[Tuple[int, ...], bool]:
        """The sizes, and whether they say that there is no array."""
        (magic,) = self._take("I")
        if magic in (STORAGE_TYPES, NUMPY_SHAPES):
            if self._take("i")[0] not in DENSE:
                raise ModelError(
                    f"{where} is sparse; make it dense with array.tostype('default') first"
                )
            (axes,) = self._take("i")
            absent = axes < 0 if magic == NUMPY_SHAPES else axes <= 0
            form = "q"
        else:  # before 0.12 the number of axes stands where the magic number does now
            axes = self._take("I")[0] if magic == SIZES_OF_64_BITS else magic
            absent, form = axes == 0, "q" if magic == SIZES_OF_64_BITS else "I"
        if axes > MOST_AXES:
            raise ModelError(f"{where}: header {magic:#x} with {axes} axes is not understood")
        shape = self._take(form * max(axes, 0))
        if min(shape, default=0) < 0:
            raise ModelError(f"{where}: shape {shape} is not understood")
        return shape, absent


def _stored(path: str, offset: int, shape: Tuple[int, ...], dtype: np.dtype) -> Tensor:
    """A tensor whose numbers stay where they are; the files are little-endian, as ONNX is."""

    def part(begin: int, end: int) -> np.ndarray:
        stored = dtype.newbyteorder("<")
        array = np.fromfile(path, stored, end - begin, offset=offset + begin * dtype.itemsize)
        if array.size < end - begin:
            raise ModelError(f"'{path}' became shorter while it was read")
        return array.astype(dtype, copy=False)

    count = math.prod(shape)
    return Tensor.stored(shape, dtype, lambda: part(0, count).reshape(shape), (path, offset), part)
