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
"""Arrays of MXNet over a model's file itself, and memory of the file that is not needed more."""

from __future__ import annotations

import mmap
from typing import Any, Optional

import mxnet as mx
import numpy as np

#: Types that MXNet takes from NumPy without a copy.
_SHARED = frozenset({"float32", "float64", "float16", "uint8", "int32", "int64"})
#: Bytes below which an array is copied in any case, and its pages are left alone.
LEAST_SHARED = 4096


def over_file(array: np.ndarray) -> Optional[mx.nd.NDArray]:
    """An NDArray on the memory of ``array``, where that is a private mapping of a file, or None.

    The mapping is copied page by page where it is written to, and lives as long as the NDArray.
    """
    mapping = _mapping(array)
    if (
        mapping is None
        or not array.flags.writeable  # of a mapping that is not private
        or array.nbytes < LEAST_SHARED
        or not array.ndim
        or not array.flags.c_contiguous
        or array.dtype.name not in _SHARED
        or not array.dtype.isnative
        or not array.flags.aligned
    ):
        return None
    # MXNet marks what it takes as read-only: a view, for others may take it too.
    return mx.nd.from_numpy(array.view(), zero_copy=True)


def forget(array: np.ndarray) -> None:
    """Let the system take back the memory in which ``array`` was read from its file.

    It is read again where it is needed again. Nothing may have been written to it.
    """
    mapping = _mapping(array)
    if mapping is None or not hasattr(mapping, "madvise"):
        return
    first = array.ctypes.data - np.frombuffer(mapping, np.uint8, 1).ctypes.data
    begin = -(-first // mmap.PAGESIZE) * mmap.PAGESIZE
    length = (first + array.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE - begin
    if length > 0 and array.flags.c_contiguous:
        mapping.madvise(mmap.MADV_DONTNEED, begin, length)


def _mapping(array: Any) -> Optional[mmap.mmap]:
    """The mapping that an array is a view of."""
    base = array.base
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    return base if isinstance(base, mmap.mmap) else None
