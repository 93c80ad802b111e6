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
"""Refusals: what they say, and many raised as one."""

import pytest
from mxnet.contrib.onnx.errors import (
    ConversionError,
    DynamicSizeError,
    MissingOperator,
    ModelError,
    TranslationError,
    refuse,
)


def test_one_refusal_is_raised_as_it_is():
    with pytest.raises(ModelError, match="^no such file$") as caught:
        refuse([ModelError("no such file")])
    assert caught.value.causes == ()


def test_many_refusals_are_raised_as_their_common_class():
    with pytest.raises(ModelError) as caught:
        refuse([ModelError("a is missing"), ModelError("b is superfluous")], "2 parameters:")
    assert str(caught.value) == "2 parameters:\n  - a is missing\n  - b is superfluous"
    assert [str(c) for c in caught.value.causes] == ["a is missing", "b is superfluous"]


def test_refusals_of_several_kinds_are_a_conversion_error():
    with pytest.raises(ConversionError) as caught:
        refuse([ModelError("a"), TranslationError("b")])
    assert type(caught.value) is ConversionError
    assert len(caught.value.causes) == 2


def test_a_refusal_gets_its_place_once():
    bare = DynamicSizeError("a fixed size is needed")
    placed = bare.placed("Pad", "pad0", 13)
    assert isinstance(placed, DynamicSizeError)
    assert str(placed) == "Pad-13 node 'pad0': a fixed size is needed"
    assert (placed.op_type, placed.node, placed.version) == ("Pad", "pad0", 13)
    assert placed.placed("If", "outer", 16) is placed
    assert str(bare.placed("Pad", "pad0")) == "Pad node 'pad0': a fixed size is needed"


@pytest.mark.parametrize(
    "missing, text",
    [
        (MissingOperator("Gelu", version=20, nodes=("g0",)), "Gelu-20: 1 node 'g0'"),
        (
            MissingOperator("Gelu", "com.acme", 1, ("g0", "g1"), "no rows"),
            "com.acme.Gelu-1: 2 nodes, first 'g0' (no rows)",
        ),
        (MissingOperator("Custom", nodes=("c",)), "Custom: 1 node 'c'"),
    ],
    ids=["one", "many", "no version"],
)
def test_a_missing_operator_says_where(missing, text):
    assert str(missing) == text
