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
"""Tensors made of nothing but a shape or a range."""

from __future__ import annotations

import numpy as np

from onnx import numpy_helper

from ...dtypes import in_mxnet, numpy_dtype
from ...translation import TranslationTable

table = TranslationTable()


@table.op("ConstantOfShape", versions=(9, 20, 21, 23, 24, 25))
def constant_of_shape(op, *, input, value=None):
    fill = np.float32(0) if value is None else numpy_helper.to_array(value).reshape(())
    if not in_mxnet(fill.dtype):
        op.fail(f"MXNet has no {fill.dtype}")
    return op.full(tuple(input), fill.item(), fill.dtype)


@table.op(
    "Range", versions=(11, 27), ignores=("stash_type",), limits="delta must not vary with a size"
)
def range_(op, delta, *, start, limit):
    """The step is a tensor here for its element type; where a size varies, so may the bounds."""
    start, limit = (v[0] if isinstance(v, list) else v for v in (start, limit))
    return op.arange(start, limit, op.value(delta).item(), delta.dtype)


@table.op("EyeLike", versions=(9, 22))
def eye_like(op, input, *, dtype=None, k):
    """Rows against columns, so that sizes may vary."""
    own = input.dtype if dtype is None else numpy_dtype(dtype)
    if input.rank != 2:
        op.fail(f"the input is of rank {input.rank}, not 2")
    if not in_mxnet(own):
        op.fail(f"MXNet has no {own}")
    rows, columns = (op.arange(0, n, 1, np.int64) for n in input.shape)
    rows = op.reshape(rows, (input.shape[0], 1))
    diagonal = op._npi_equal(op._npi_add(rows, op.constant(np.int64(k))), columns)
    return op.Cast(diagonal, dtype=own.name)
