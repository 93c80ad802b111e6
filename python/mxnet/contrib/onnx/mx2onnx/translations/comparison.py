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
"""Comparisons."""

from __future__ import annotations

from ...translation import TranslationTable
from .casting import cast
from .elementwise import add_rows

table = TranslationTable()


def comparison(onnx_name):
    def row(op, lhs, rhs):
        """MXNet answers in the dtype of its operands, ONNX in bool."""
        dtype = op.dtype(lhs if isinstance(lhs, str) else rhs)
        if onnx_name.startswith("Not"):
            return cast(op, op.Not(getattr(op, onnx_name[3:])(lhs, rhs)), dtype)
        return cast(op, getattr(op, onnx_name)(lhs, rhs), dtype)

    return row


add_rows(
    {
        "broadcast_equal": "Equal",
        "broadcast_not_equal": "NotEqual",
        "broadcast_greater": "Greater",
        "broadcast_greater_equal": "NotLess",
        "broadcast_lesser": "Less",
        "broadcast_lesser_equal": "NotGreater",
    },
    comparison,
)
