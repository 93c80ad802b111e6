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
"""Comparisons, logic and selection."""

from __future__ import annotations

import numpy as np

from .table import FoldingTable, bounded

table = FoldingTable()


def _bounded(function):
    def fold(A, B):
        bounded(np.broadcast_shapes(A.shape, B.shape))
        return function(A, B)

    return fold


# Versions 1 broadcast by an attribute, along an axis of the first input.
COMPARISONS = {
    "Equal": (np.equal, (7, 11, 13, 19)),
    "Less": (np.less, (7, 9, 13)),
    "Greater": (np.greater, (7, 9, 13)),
    "LessOrEqual": (np.less_equal, (12, 16)),
    "GreaterOrEqual": (np.greater_equal, (12, 16)),
}
for _op_type, (_function, _versions) in COMPARISONS.items():
    table.op(_op_type, versions=_versions, chooses=True)(_bounded(_function))

LOGIC = {"And": np.logical_and, "Or": np.logical_or, "Xor": np.logical_xor}
for _op_type, _function in LOGIC.items():
    table.op(_op_type, versions=(7,))(_bounded(_function))

table.op("Not", versions=(1,))(lambda X: np.logical_not(X))
table.op("IsNaN", versions=(9, 13, 20))(lambda X: np.isnan(X))


@table.op("Where", versions=(9, 16))
def where(condition, X, Y):
    bounded(np.broadcast_shapes(condition.shape, X.shape, Y.shape))
    return np.where(condition, X, Y)
