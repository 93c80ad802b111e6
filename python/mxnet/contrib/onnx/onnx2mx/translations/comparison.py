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
"""Comparisons, logic, and the choice between two tensors."""

from __future__ import annotations

from ...translation import TranslationTable
from .broadcasting import in_few_axes, one_way
from .precision import scalar

table = TranslationTable()

#: MXNet operator, versions of opset 6 and before, later versions. Logic is arithmetic of bool:
#: MXNet's bitwise operators broadcast no bool.
BINARY = {
    "And": ("_npi_multiply", (1,), (7,)),
    "Equal": ("_npi_equal", (1,), (7, 11, 13, 19)),
    "Greater": ("_npi_greater", (1,), (7, 9, 13)),
    "GreaterOrEqual": ("_npi_greater_equal", (), (12, 16)),
    "Less": ("_npi_less", (1,), (7, 9, 13)),
    "LessOrEqual": ("_npi_less_equal", (), (12, 16)),
    "Or": ("_npi_add", (1,), (7,)),
    "Xor": ("_npi_not_equal", (1,), (7,)),
}


def _binary(op_name):
    def translate(op, a, b):
        return getattr(op, op_name)(a, b)

    return translate


for _op_type, (_op_name, _old, _versions) in BINARY.items():
    table.op(_op_type, versions=_old)(one_way(_binary(_op_name)))
    table.op(_op_type, versions=_versions)(_binary(_op_name))


@table.op("Not", versions=(1,))
def not_(op, x):
    return op._npi_logical_not(x)


@table.op("IsNaN", versions=(9, 13, 20))
def is_nan(op, x):
    return op._npi_isnan(x)


@table.op("IsInf", versions=(10, 20))
def is_inf(op, x, *, detect_negative, detect_positive):
    if detect_negative and detect_positive:
        return op._npi_isinf(x)
    if detect_positive:
        return op._npi_isposinf(x)
    if detect_negative:
        return op._npi_isneginf(x)
    return op._npi_less(op._npi_absolute(x), scalar(op, 0, x.dtype))  # nowhere


@table.op("Where", versions=(9, 16))
def where(op, condition, x, y):
    """MXNet's has no gradient for integers and bool, and fails where training asks for one."""
    if x.dtype.kind != "f":
        x, y = op.BlockGrad(x), op.BlockGrad(y)
    return in_few_axes(op, op._npi_where, condition, x, y)
