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
"""Products over nothing: sums of no terms, of which MXNet would have to make something.

Others are left to run time: a product of weights is a weight, not shape arithmetic.
"""

from __future__ import annotations

import numpy as np

from .table import FoldingTable, NotFolded

table = FoldingTable()


def _check_empty(*arrays):
    if all(a.size for a in arrays):
        raise NotFolded("a product of matrices")


@table.op("MatMul", versions=(1, 9, 13))
def matmul(A, B):
    _check_empty(A, B)
    return np.matmul(A, B)


@table.op("Gemm", versions=(7, 9, 11, 13))
def gemm(A, B, C=None, *, alpha, beta, transA, transB):
    _check_empty(A, B)
    product = np.matmul(A.T if transA else A, B.T if transB else B)
    return product if C is None else (product + C * A.dtype.type(beta)).astype(A.dtype)
