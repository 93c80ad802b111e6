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
"""The many spellings of a model, in one plain form."""

import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx.errors import ModelError
from mxnet.contrib.onnx.onnx2mx.loading import load
from mxnet.contrib.onnx.onnx2mx.normalise import normalise
from onnx import AttributeProto, TensorProto, helper, numpy_helper


def parse(text, opset=17):
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]>\n{text}')


def plain(proto):
    return normalise(load(proto)).graph


W = "<float[3] w = {1, 2, 3}>"


def test_initializers_are_constants_repeated_as_inputs_or_not():
    for repeated in ("", ", float[3] w"):
        graph = plain(parse(f"g (float[3] x{repeated}) => (float[3] y) {W} {{ y = Add(x, w) }}"))
        assert [v.name for v in graph.inputs] == ["x"]
        assert graph.constants["w"].tolist() == [1, 2, 3]


def test_constant_nodes_are_constants():
    graph = plain(parse("g () => (float[2] y) { y = Constant <value = float[2] {4, 5}> () }"))
    assert not graph.nodes and graph.constants["y"].tolist() == [4, 5]


def test_sparse_constants_are_written_out():
    values = numpy_helper.from_array(np.array([5.0], np.float32), "s")
    sparse = helper.make_sparse_tensor(values, numpy_helper.from_array(np.array([1])), [3])
    proto = parse("g (float[3] x) => (float[3] y) { y = Add(x, s) }")
    proto.graph.sparse_initializer.append(sparse)
    assert plain(proto).constants["s"].tolist() == [0, 5, 0]


def test_nodes_without_a_name_are_called_by_their_output():
    graph = plain(parse("g (float[3] x) => (float[3] y) { a = Relu(x) y = Neg(a) }"))
    assert [n.name for n in graph.nodes] == ["a", "y"]


def test_nodes_are_brought_into_order_and_stay_in_it():
    graph = plain(
        parse("g (float x) => (float y) { y = Neg(b) b = Exp(a) c = Abs(x) a = Relu(x) }")
    )
    assert [n.op_type for n in graph.nodes] == ["Abs", "Relu", "Exp", "Neg"]
    graph = plain(parse("g (float x) => (float y) { b = Abs(x) a = Relu(x) y = Add(a, b) }"))
    assert [n.op_type for n in graph.nodes] == ["Abs", "Relu", "Add"]


BRANCHES = """
g (float x) => (float y) {{
  q = Constant <value = bool {{1}}> ()
  y = If (q) <
    then_branch = t () => (float u) {{ u = Add(x, {inner}) }},
    else_branch = e () => (float v) {{ v = Neg(x) }}>
  {outer} = Exp(x)
}}
"""


def test_a_node_waits_for_what_its_subgraphs_read():
    graph = plain(parse(BRANCHES.format(inner="late", outer="late")))
    assert [n.op_type for n in graph.nodes] == ["Exp", "If"]


def test_what_a_subgraph_reads_and_nothing_makes_is_named():
    with pytest.raises(ModelError, match="If node 'y' reads 'nowhere'"):
        plain(parse(BRANCHES.format(inner="nowhere", outer="late")))


def test_a_subgraph_may_hide_outer_names():
    text = BRANCHES.format(inner="x", outer="late").replace(
        "v = Neg(x)", "late = Neg(x) v = Exp(late)"
    )
    assert plain(parse(text)).nodes


def test_attributes_of_files_of_version_1_get_their_types():
    proto = parse("g (float[1, 2] x) => (float[2] y) { y = Reshape <shape = [2]> (x) }", 1)
    proto.ir_version = 1
    del proto.opset_import[:]
    for attribute in proto.graph.node[0].attribute:
        attribute.ClearField("type")
    model = normalise(load(proto))
    assert model.opsets == {"": 1}
    (attribute,) = model.graph.nodes[0].proto.attribute
    assert attribute.type == AttributeProto.INTS and list(attribute.ints) == [2]


def test_the_message_that_was_given_is_not_changed():
    proto = parse("g (float x) => (float y) { y = Neg(a) a = Relu(x) }")
    before = proto.SerializeToString()
    plain(proto)
    assert proto.SerializeToString() == before


def test_declared_sizes():
    graph = plain(parse("g (float[N, 3, ?] x, float z) => (float[N, M] y) { y = Foo(x, z) }"))
    assert [v.shape for v in graph.inputs] == [("N", 3, None), ()]
    proto = parse("g (float[2] x) => (float y) { y = Foo(x) }")
    proto.graph.input[0].type.tensor_type.ClearField("shape")
    proto.graph.input[0].type.tensor_type.shape.dim.add(dim_value=-1)
    assert plain(proto).inputs[0].shape == (None,)
    proto.graph.input[0].type.tensor_type.ClearField("shape")
    assert plain(proto).inputs[0].shape is None


def test_everything_that_is_wrong_is_said_at_once():
    proto = parse("g (float x) => (float y, float z) { a = Relu(x) a = Neg(x) y = Add(a, b) }")
    proto.graph.node.add(output=["c"])
    proto.graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=[2], raw_data=b"1234")
    with pytest.raises(ModelError) as caught:
        plain(proto)
    text = str(caught.value)
    for word in ("'a' is made twice", "reads 'b'", "reads 'z'", "its operator", "'w'"):
        assert word in text
    assert len(caught.value.causes) == 5


def test_a_node_on_the_cycle_is_named_and_not_one_behind_it():
    text = "g (float x) => (float y) { y = Relu(b) a = Add(x, b) b = Neg(a) }"
    with pytest.raises(ModelError, match="(Add node 'a'|Neg node 'b').*cycle"):
        plain(parse(text))


def test_names_that_are_no_text_are_refused():
    proto = parse("g (float x) => (float wxyz) { wxyz = Relu(x) }")
    data = proto.SerializeToString().replace(b"wxyz", b"w\xff\xfez")
    with pytest.raises(ModelError, match="UTF-8"):
        normalise(load(data))


def test_imports_that_contradict_each_other():
    proto = parse("g (float x) => (float y) { y = Relu(x) }")
    proto.opset_import.add(domain="ai.onnx", version=17)
    assert normalise(load(proto)).opsets == {"": 17}
    proto.opset_import[1].version = 16
    with pytest.raises(ModelError, match="17 and 16"):
        normalise(load(proto))
