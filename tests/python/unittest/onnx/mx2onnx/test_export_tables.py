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
"""The export table against MXNet's own record of its operators, and against the cases."""

import importlib.util
import pathlib

import pytest
from mxnet.contrib.onnx.mx2onnx import operator_info
from mxnet.contrib.onnx.mx2onnx.canonical import REVERSED_SCALAR, SAME, SCALAR
from mxnet.contrib.onnx.mx2onnx.translations import FAMILIES, control_flow, export_table

HERE = pathlib.Path(__file__).parent
ROWS = list(export_table)
#: Rows whose cases are networks, not calls.
NETS = control_flow.table
#: Operators that no case can give an input of rank 3, and why.
LOW_RANK = {
    "_np_diag": "takes vectors and matrices",
    "_npi_bincount": "takes vectors",
    "_npi_multinomial": "takes vectors",
    "_sample_multinomial": "takes matrices",
    "_unravel_index": "takes vectors",
    "batch_take": "takes matrices",
    "khatri_rao": "takes matrices",
    "softmax_cross_entropy": "takes matrices",
    "SVMOutput": "takes matrices",
}


def _cases():
    """Every case of the families' files beside this one, by its canonical operator."""
    found = {}
    families = [
        module.__name__.rsplit(".", 1)[-1] for module in FAMILIES if module.table is not NETS
    ]
    for family in (*families, "numpy_style"):
        path = HERE / f"test_export_{family}.py"
        spec = importlib.util.spec_from_file_location(path.stem, path)
        file = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(file)
        for case in getattr(file, f"test_{family}").cases:
            name = operator_info.canonical_name(case.op_type)
            name = SCALAR.get(name) or REVERSED_SCALAR.get(name) or SAME.get(name, name)
            found.setdefault(name, []).append(case)
    return found


def test_every_row_has_one_home():
    rows = [key for family in FAMILIES for key in family.table.keys()]  # noqa: SIM118
    assert sorted(rows) == sorted(set(rows)) == list(export_table.keys())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.op_type)
def test_rows_take_and_ignore_parameters_that_mxnet_has(row):
    assert operator_info.known(row.op_type), "rows are for canonical operators"
    operator = operator_info.registry()["operators"][row.op_type]
    parameters = {*operator["parameters"], operator.get("variadic")}
    assert set(row.values) <= parameters | {"bodies"}  # the graphs inside a node
    assert set(row.ignores) <= parameters - set(row.values)


def test_every_row_has_a_case_of_rank_three():
    ranks = {
        op_type: max([len(a.shape) for case in cases for a in case.inputs], default=0)
        for op_type, cases in _cases().items()
        if any("refused" not in case.options for case in cases)
    }
    assert set(ranks) == {row.op_type for row in ROWS} - {row.op_type for row in NETS}
    low = {op_type for op_type, rank in ranks.items() if rank < 3}
    assert {op_type for op_type in low if operator_info.inputs(op_type)} == set(LOW_RANK)


def _silent():
    """Operators without a row of which nobody says why."""
    forms = {**SCALAR, **REVERSED_SCALAR, **SAME}
    return {
        op_type
        for op_type in operator_info.registry()["operators"]
        if not export_table.find(forms.get(op_type, op_type)) and not export_table.reason(op_type)
    }


def test_what_has_no_row_has_a_reason():
    assert not _silent()


def test_reasons_are_for_operators_that_mxnet_has():
    reasons = {o for o in operator_info.registry()["operators"] if export_table.reason(o)}
    assert len(reasons) > 80
    assert not reasons & {row.op_type for row in ROWS}
