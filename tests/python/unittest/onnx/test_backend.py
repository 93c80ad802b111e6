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
"""The backend, and a third of ONNX's conformance suite on it; the whole is nightly."""

import backend_suite
import mxnet as mx
import numpy as np
import pytest
from mxnet.contrib.onnx import (
    ConversionError,
    ModelError,
    TranslationTable,
    UnsupportedOperatorError,
    backend,
)
from onnx import helper, parser

#: One of so many node cases is run.
SHARE = 3


@pytest.mark.parametrize("module", backend_suite.MODULES)
def test_node_cases(module):
    cases = backend_suite.node_cases(module)
    assert not backend_suite.complaints(backend_suite.sample(cases, SHARE))


@pytest.mark.parametrize("kind", backend_suite.FILES)
def test_file_cases(kind):
    assert not backend_suite.complaints(backend_suite.file_cases(kind))


# -- the interface -----------------------------------------------------------------------------

MODEL = """<ir_version: 8, opset_import: ["": 17]>
g (float[N, 3] a, float[1, 3] b) => (float[N, 3] total, float[N, 3] difference)
<float[3] w = {1, 2, 3}> { s = Add(a, b)  total = Mul(s, w)  difference = Sub(a, b) }"""


def model():
    return parser.parse_model(MODEL)


def arrays(rows=2):
    a = np.arange(rows * 3, dtype=np.float32).reshape(rows, 3)
    return a, np.ones((1, 3), np.float32)


@pytest.mark.parametrize("form", [list, tuple, lambda pair: dict(zip("ba", pair[::-1]))])
def test_inputs_in_order_or_by_name(form):
    a, b = arrays()
    outputs = backend.prepare(model()).run(form((a, b)))
    np.testing.assert_array_equal(outputs[0], (a + b) * [1, 2, 3])
    np.testing.assert_array_equal(outputs["difference"], a - b)
    assert [type(y) for y in outputs] == [np.ndarray] * 2
    assert {y.dtype for y in outputs} == {np.dtype("float32")}


def test_a_prepared_model_runs_at_other_sizes():
    prepared = backend.prepare(model())
    for rows in (1, 5, 2):
        a, b = arrays(rows)
        np.testing.assert_array_equal(prepared.run([a, b])["difference"], a - b)


def test_arrays_of_mxnet_go_in_too():
    a, b = arrays()
    outputs = backend.prepare(model()).run([mx.nd.array(a), mx.np.array(b)])
    np.testing.assert_array_equal(outputs["difference"], a - b)


def test_an_array_is_the_one_input():
    node = helper.make_node("Neg", ["x"], ["y"])
    np.testing.assert_array_equal(backend.run_node(node, np.float32([1, -2]))[0], [-1, 2])


@pytest.mark.parametrize(
    "change, words",
    [
        ({"a": np.zeros((2, 3))}, "'a' is float64 of (2, 3): the model wants float32"),
        ({"a": np.zeros((2, 4), np.float32)}, "the model wants the shape ('N', 3)"),
        ({"a": np.zeros(3, np.float32)}, "the model wants the shape ('N', 3)"),
        ({"w": np.zeros(3, np.float32)}, "'w' is given, which is no input of the model"),
        ({"a": None}, "no array is given for the input 'a'"),
    ],
)
def test_what_the_inputs_should_be(change, words):
    given = {**dict(zip("ab", arrays())), **change}
    given = {name: array for name, array in given.items() if array is not None}
    with pytest.raises(ModelError) as refusal:
        backend.run_model(model(), given)
    assert words in str(refusal.value)


def test_how_many_inputs_there_should_be():
    with pytest.raises(ModelError, match="1 inputs are given, these are wanted: 'a', 'b'"):
        backend.run_model(model(), arrays()[:1])


def test_a_node_is_of_the_opset_that_is_asked_for():
    """Softmax over all axes from the second on, before opset 13."""
    node = helper.make_node("Softmax", ["x"], ["y"], axis=1)
    x = np.zeros((2, 3, 4), np.float32)
    (old,) = backend.run_node(node, [x], opset_version=12)
    (new,) = backend.run_node(node, [x])
    np.testing.assert_allclose(old, 1 / 12, rtol=1e-6)
    np.testing.assert_allclose(new, 1 / 3, rtol=1e-6)


def test_a_node_with_inputs_and_outputs_left_out():
    node = helper.make_node("Clip", ["x", "", "high"], ["y"])
    x = np.float32([-3, 0, 5])
    (y,) = backend.run_node(node, [x, np.float32(2)])
    np.testing.assert_array_equal(y, [-3, 0, 2])
    node = helper.make_node("TopK", ["x", "k"], ["", "i"])
    (i,) = backend.run_node(node, [x, np.int64([1])])
    np.testing.assert_array_equal(i, [2])


@pytest.mark.parametrize("op_type", ["Gather", "GatherElements", "GatherND", "ScatterElements"])
def test_indices_that_leave_their_axis(op_type):
    """They are known here; MXNet would wrap them around or cut them off."""
    inputs = [np.ones((3, 2), np.float32), np.int64([[0, 7]]), np.ones((1, 2), np.float32)]
    inputs = inputs[: 3 if op_type.startswith("Scatter") else 2]
    node = helper.make_node(op_type, list("xiu")[: len(inputs)], ["y"])
    with pytest.raises(ConversionError, match="7"):
        backend.run_node(node, inputs)


def test_the_module_is_there_when_it_is_asked_for():
    assert mx.contrib.onnx.backend is backend


def test_devices():
    assert backend.supports_device("CPU")
    assert backend.supports_device("CUDA") == bool(mx.context.num_gpus())
    assert not backend.supports_device("CUDA:99") and not backend.supports_device("TPU")
    assert not backend.is_compatible(model(), "CUDA:99")
    with pytest.raises(ModelError, match="no device 'TPU'"):
        backend.prepare(model(), "TPU")


def test_an_operator_without_a_row_makes_a_model_incompatible():
    unknown = helper.make_model(
        helper.make_graph(
            [helper.make_node("Twice", ["x"], ["y"], domain="my.domain")],
            "g",
            [helper.make_tensor_value_info("x", 1, [2])],
            [helper.make_tensor_value_info("y", 1, [2])],
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("my.domain", 1)],
    )
    assert backend.is_compatible(model()) and not backend.is_compatible(unknown)
    with pytest.raises(UnsupportedOperatorError, match="my.domain.Twice"):
        backend.prepare(unknown)

    rows = TranslationTable()

    @rows.op("Twice", versions=(1,), domain="my.domain")
    def twice(op, x):
        return op._npi_add(x, x)

    (y,) = backend.run_model(unknown, [np.float32([1, 2])], translations=rows)
    np.testing.assert_array_equal(y, [2, 4])
