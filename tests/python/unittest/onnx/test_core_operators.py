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
"""What MXNet's operators are in ONNX, as the page says and as the exporter writes them."""

import collections
import importlib.util
import pathlib

import pytest
from mxnet.contrib.onnx import core_operators
from mxnet.contrib.onnx.mx2onnx import canonical, operator_info

ROOT = pathlib.Path(__file__).parents[4]
FORMS = {form.operator.op_type: form for form in core_operators.forms()}


@pytest.fixture(scope="module")
def measuring():
    """The tool that measures."""
    path = ROOT / "tools" / "core_operators" / "measure.py"
    spec = importlib.util.spec_from_file_location("measure", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


def test_every_operator_of_the_registry_is_in_one_class():
    assert set(FORMS) == {*operator_info.registry()["operators"], *canonical.RETIRED}
    counts = collections.Counter(form.kind for form in FORMS.values())
    assert set(counts) == {"core", "composite", "outside"}
    assert counts["core"] > 250 and counts["composite"] > 150


def test_what_has_a_row_was_measured():
    unknown = [o for o, form in FORMS.items() if form.operator.covered and not form.lowest]
    assert not unknown, "run tools/core_operators/measure.py"


@pytest.mark.parametrize(
    ("op_type", "kind", "nodes"),
    [
        ("Convolution", "core", ("Conv",)),
        ("elemwise_add", "core", ("Add",)),
        ("BlockGrad", "core", ()),
        ("log2", "composite", ("Log", "Div")),
        ("_linalg_inverse", "composite", None),
        ("sgd_update", "outside", ()),
    ],
)
def test_classes(op_type, kind, nodes):
    assert FORMS[op_type].kind == kind
    assert nodes is None or FORMS[op_type].nodes == nodes


def test_the_file_agrees_with_the_exporter(measuring):
    found = measuring.measure(
        measuring.cases(sorted(measuring.TESTS.glob("mx2onnx/test_export_[aj]*.py")))
    )
    assert len(found) > 20
    for op_type, fact in found.items():
        stored = core_operators.measured()[op_type]
        assert measuring.plainness(stored["nodes"]) <= measuring.plainness(fact["nodes"]), op_type
        assert stored["lowest"] <= fact["lowest"] <= fact["complete"] <= stored["complete"]
