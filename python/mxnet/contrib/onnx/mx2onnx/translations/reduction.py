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
"""Reductions."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable
from .casting import cast
from .elementwise import add_rows

table = TranslationTable()


def reduction(onnx_name):
    def row(op, data, *, axis, keepdims, exclude):
        rank = op.rank(data)
        axes = sorted(a + rank if a < 0 else a for a in axis or ()) or list(range(rank))
        if exclude and axis:
            axes = [a for a in range(rank) if a not in axes]
        result = getattr(op, onnx_name)(data, axes=axes, keepdims=int(keepdims))
        return (
            op.Reshape(result, shape=[1]) if len(axes) == rank and not keepdims else result
        )  # no rank 0 in MXNet

    return row


add_rows(
    {
        "sum": "ReduceSum",
        "mean": "ReduceMean",
        "max": "ReduceMax",
        "min": "ReduceMin",
        "prod": "ReduceProd",
    },
    reduction,
)


def extremum_index(onnx_name):
    def row(op, data, *, axis, keepdims):
        """float32 indices, as MXNet's."""
        if axis is None:
            flat = op.Reshape(data, shape=[-1])
            return cast(op, getattr(op, onnx_name)(flat, axis=0, keepdims=1), np.float32)
        return cast(
            op,
            getattr(op, onnx_name)(data, axis=op.axis(data, int(axis)), keepdims=int(keepdims)),
            np.float32,
        )

    return row


add_rows({"argmax": "ArgMax", "argmin": "ArgMin"}, extremum_index)
