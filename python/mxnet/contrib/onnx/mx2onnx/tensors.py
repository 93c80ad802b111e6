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
"""Arrays known by shape and dtype, whose numbers are read only when they are written or needed."""

import dataclasses
import io
import os
import struct
from typing import Callable, Optional, Tuple

import numpy as np

from ..errors import ModelError

LIST_MAGIC, V1, V2, V3 = 0x112, 0xF993FAC8, 0xF993FAC9, 0xF993FACA
DTYPES = (
    "float32",
    "float64",
    "float16",
    "uint8",
    "int32",
    "int8",
    "int64",
    "bool",
)  # mshadow type flags


@dataclasses.dataclass(frozen=True)
class Tensor:
    """Shape, dtype, a way to read the numbers and, where they lie in a file untouched, the place."""

    shape: Tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray]
    place: Optional[Tuple[str, int]] = None

    @property
    def nbytes(self):
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    @classmethod
    def of(cls, array):
        array = np.asarray(array)
        return cls(array.shape, array.dtype, lambda: array)

    def derive(self, function, shape=None, dtype=None):
        """A tensor computed from this one when it is read; one array at a time is ever in memory."""
        return Tensor(
            tuple(self.shape if shape is None else shape),
            np.dtype(dtype or self.dtype),
            lambda: np.ascontiguousarray(function(self.read())).astype(
                dtype or self.dtype, copy=False
            ),
        )


def read_params(path):
    """Name -> Tensor of a ``.params`` file. Only headers are read: no weight enters memory here."""
    path, size = os.fspath(path), os.path.getsize(path)
    with open(path, "rb", buffering=1 << 12) as file:

        def take(form):
            data = file.read(struct.calcsize("<" + form))
            if len(data) < struct.calcsize("<" + form):
                raise ModelError(f"{path} ends in the middle of an array")
            return struct.unpack("<" + form, data)

        if size < 24 or take("QQ")[0] != LIST_MAGIC:
            raise ModelError(f"{path} is not an MXNet parameter file")
        count = take("Q")[0]
        if count > size:
            raise ModelError(f"{path} claims {count} arrays in {size} bytes")
        tensors = [_read_array(path, file, take, size) for _ in range(count)]
        names = [file.read(min(take("Q")[0], size)).decode() for _ in range(take("Q")[0])]
    if len(names) != len(tensors):
        raise ModelError(
            f"{path} has {len(tensors)} arrays and {len(names)} names; named arrays are needed"
        )
    return {
        n.split(":", 1)[1] if n.startswith(("arg:", "aux:")) else n: t
        for n, t in zip(names, tensors)
    }


def _read_array(path, file, take, size):
    magic = take("I")[0]
    if magic in (V2, V3):
        if take("i")[0] not in (0, -1):
            raise ModelError(
                f"{path} holds a sparse array; save it dense (tostype('default')) first"
            )
        ndim = take("i")[0]
        shape, empty = take("q" * max(ndim, 0)), ndim <= 0 if magic == V2 else ndim < 0
    elif magic == V1:
        shape = take("q" * take("I")[0])
        empty = not shape
    else:  # before 0.12: the number is the rank itself
        if magic > 32:
            raise ModelError(f"{path}: array header {magic:#x} is unknown")
        shape = take("I" * magic)
        empty = not shape
    if empty:
        return Tensor.of(np.zeros(0, np.float32))
    flag = take("iii")[2]  # device type, device id, dtype
    if not 0 <= flag < len(DTYPES) or min(shape, default=0) < 0:
        raise ModelError(f"{path}: dtype {flag} or shape {shape} is not understood")
    dtype, offset = np.dtype(DTYPES[flag]), file.tell()
    end = offset + int(np.prod(shape, dtype=object)) * dtype.itemsize
    if end > size:
        raise ModelError(f"{path} ends in the middle of an array")
    file.seek(end, io.SEEK_SET)
    count = (end - offset) // dtype.itemsize

    def read():
        return np.fromfile(path, dtype, count, offset=offset).reshape(shape)

    return Tensor(tuple(shape), dtype, read, (path, offset))
