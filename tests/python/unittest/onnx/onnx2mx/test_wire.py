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
"""Cutting the bytes of large tensors out of a serialized model."""

import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx.onnx2mx.wire import LEAST_CUT, WireError, cut_large_tensors
from onnx import TensorProto, helper, numpy_helper

LARGE = np.arange(LEAST_CUT, dtype=np.float32)
SMALL = np.arange(4, dtype=np.float32)


def model():
    """Large tensors everywhere a tensor can be: initializer, attribute, subgraph."""
    branch = helper.make_graph(
        [helper.make_node("Identity", ["inner"], ["b"])],
        "branch",
        [],
        [helper.make_tensor_value_info("b", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(LARGE * 3, "inner")],
    )
    constant = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(LARGE * 2))
    choice = helper.make_node("If", ["q"], ["y"], then_branch=branch, else_branch=branch)
    graph = helper.make_graph(
        [constant, choice],
        "g",
        [helper.make_tensor_value_info("q", TensorProto.BOOL, [])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(LARGE, "large"), numpy_helper.from_array(SMALL, "small")],
        doc_string="d" * 10000,
    )
    return helper.make_model(graph, producer_name="p" * 5000)


def tensors(proto):
    yield from proto.graph.initializer
    for node in proto.graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield attribute.t
            elif attribute.type == onnx.AttributeProto.GRAPH:
                yield from attribute.g.initializer


def test_what_is_cut_can_be_found_again_and_the_rest_is_as_it_was():
    whole = model()
    data = whole.SerializeToString()
    cut = cut_large_tensors(data, "elsewhere")
    assert len(cut) < len(data) - 4 * LARGE.nbytes + 4096
    parsed = onnx.ModelProto.FromString(cut)
    places = 0
    for tensor, original in zip(tensors(parsed), tensors(whole)):
        if original.name == "small":
            assert tensor == original
            continue
        said = {e.key: e.value for e in tensor.external_data}
        assert said["location"] == "elsewhere" and not tensor.HasField("raw_data")
        start, length = int(said["offset"]), int(said["length"])
        assert data[start : start + length] == original.raw_data
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")
        tensor.raw_data = data[start : start + length]
        places += 1
    assert places == 4 and parsed == whole


def test_a_field_behind_the_data_does_not_hide_where_it_went():
    """Some writers say last that the data is not elsewhere."""
    tensor = numpy_helper.from_array(LARGE, "large")
    tensor.data_location = TensorProto.DEFAULT
    graph = helper.make_graph([], "g", [], [], [tensor])
    cut = onnx.ModelProto.FromString(
        cut_large_tensors(helper.make_model(graph).SerializeToString(), "elsewhere")
    )
    assert cut.graph.initializer[0].data_location == TensorProto.EXTERNAL


@pytest.mark.parametrize(
    "damage", [b"\xff" * 20, b"\x0a\xff\xff\xff\xff\x0f", b"\x0b", b"\x0d\x00"]
)
def test_what_is_no_protocol_buffer_is_refused(damage):
    with pytest.raises(WireError):
        cut_large_tensors(damage, "x")


def test_a_message_that_is_cut_off_is_refused():
    """Unless the cut is between two of its fields."""
    data, whole = model().SerializeToString(), 0
    lengths = range(1, len(data), 997)
    for length in lengths:
        try:
            whole += bool(cut_large_tensors(data[:length], "x"))
        except WireError:
            continue
    assert whole < len(lengths) / 10
