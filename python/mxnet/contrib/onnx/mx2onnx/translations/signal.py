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
"""Fourier transforms, which MXNet has on GPUs alone; as products with constant matrices."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable

table = TranslationTable()


def _points(op, data):
    size = op.dims(data)[-1]
    if size is None:
        raise TranslationError("the number of points, the last size, must be known")
    return size


def _turns(size):
    """Angles of every point at every frequency."""
    steps = np.arange(size)
    return 2 * np.pi / size * (np.outer(steps, steps) % size)


@table.op("_contrib_fft", ignores=("compute_size",), limits="the last size must be known")
def fft(op, data):
    """Real numbers; the last axis of the result has real and imaginary parts in turn."""
    angles = _turns(_points(op, data))
    matrix = np.stack([np.cos(angles), -np.sin(angles)], axis=-1).reshape(len(angles), -1)
    return op.MatMul(data, op.constant(matrix, op.dtype(data)))


@table.op("_contrib_ifft", ignores=("compute_size",), limits="the last size must be known")
def ifft(op, data):
    """The real part, times the number of points: MXNet leaves the division to its user."""
    angles = _turns(_points(op, data) // 2)
    matrix = np.stack([np.cos(angles), -np.sin(angles)], axis=1).reshape(-1, len(angles))
    return op.MatMul(data, op.constant(matrix, op.dtype(data)))
