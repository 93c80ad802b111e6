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
"""ONNX's record as we read it."""

import onnx
import pytest
from mxnet.contrib.onnx.errors import ModelError
from mxnet.contrib.onnx.opset import (
    DEFAULT_TARGET_OPSET,
    NEWEST_OPSET,
    TARGET_OPSETS,
    history,
    plain_attribute,
    schema_at,
)
from onnx import helper


def test_the_schema_in_force_is_the_newest_not_above_the_opset():
    assert [schema_at("Relu", opset).since_version for opset in (1, 6, 12, 13, 14)] == [
        1, 6, 6, 13, 14,
    ]  # fmt: skip
    assert schema_at("Gelu", 19) is None
    assert schema_at("NoSuchOperator", 17) is None
    assert schema_at("Relu", 14, "ai.onnx").domain == ""


def test_an_opset_that_onnx_does_not_know_is_refused():
    with pytest.raises(ModelError, match="update onnx"):
        schema_at("Relu", NEWEST_OPSET + 1)


def test_arguments_of_a_schema():
    schema = schema_at("Softmax", 13)
    assert schema.default("axis") == -1
    assert schema.attribute_name("AXIS") == "axis"
    assert schema.input_index("INPUT") == 0
    assert schema.input_index("axis") is None
    assert schema_at("Concat", 13).variadic
    assert not schema.variadic
    resize = schema_at("Resize", 11)
    assert resize.requires(0)
    assert not schema_at("Resize", 13).requires(1)
    assert schema_at("Clip", 12).allows(0, "tensor(int64)")
    assert schema_at("Slice", 13).input_kind(1) == "Tind"


def test_every_version_of_an_operator():
    assert history("Relu")[:3] == (1, 6, 13)
    assert history("NoSuchOperator") == ()


def test_targets_reach_from_11_to_what_onnx_knows():
    assert min(TARGET_OPSETS) == 11
    assert max(TARGET_OPSETS) <= onnx.defs.onnx_opset_version()
    assert DEFAULT_TARGET_OPSET in TARGET_OPSETS


@pytest.mark.parametrize("value", [3, 0.5, "text", [1, 2], [0.5, 1.5], ["a", "b"]], ids=repr)
def test_attributes_in_plain_python(value):
    plain = plain_attribute(helper.make_attribute("a", value))
    assert plain == value
    assert type(plain) is type(value)
