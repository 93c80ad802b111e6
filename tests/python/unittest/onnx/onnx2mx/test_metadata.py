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
"""What a model says of itself."""

import subprocess
import sys

import mxnet.contrib.onnx as package
import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx import ModelError, get_model_metadata
from onnx import TensorProto, helper, numpy_helper


def model():
    text = """
    <ir_version: 8, opset_import: ["" : 17, "com.acme" : 3], producer_name: "us",
     producer_version: "2", domain: "org", model_version: 5, doc_string: "says",
     metadata_props: ["a" : "b", "c" : "d"]>
    net (float[N, 3, ?] x, int64 k, float[2] w) => (float[N, 4] y, bool[] z) <float[2] w = {1, 2}> {
      y = com.acme.F(x)
    }
    <opset_import: ["" : 17], domain: "com.acme"> F (a) => (b) { b = Relu(a) }
    """  # fmt: skip
    return onnx.parser.parse_model(text.replace("bool[] z", "bool z"))


def test_the_keys_that_mxnet_always_had():
    metadata = get_model_metadata(model())
    assert metadata["input_tensor_data"] == [("x", ("N", 3, None)), ("k", ())]
    assert metadata["output_tensor_data"] == [("y", ("N", 4)), ("z", ())]


def test_all_else():
    metadata = get_model_metadata(model().SerializeToString())
    assert metadata["input_types"] == {"x": "float32", "k": "int64"}
    assert metadata["output_types"] == {"y": "float32", "z": "bool"}
    assert metadata["opsets"] == {"ai.onnx": 17, "com.acme": 3} and metadata["ir_version"] == 8
    assert (metadata["producer_name"], metadata["producer_version"]) == ("us", "2")
    assert (metadata["domain"], metadata["model_version"]) == ("org", 5)
    assert (metadata["graph_name"], metadata["doc_string"]) == ("net", "says")
    assert metadata["metadata_props"] == {"a": "b", "c": "d"}
    assert metadata["functions"] == ["com.acme.F"]


def test_what_is_not_known_is_none_and_what_is_no_tensor_is_named():
    proto = model()
    proto.graph.input[0].type.tensor_type.ClearField("shape")
    inner = helper.make_tensor_type_proto(TensorProto.FLOAT, [2])
    proto.graph.input[1].type.CopyFrom(helper.make_sequence_type_proto(inner))
    metadata = get_model_metadata(proto)
    assert metadata["input_tensor_data"] == [("x", None), ("k", None)]
    assert metadata["input_types"]["k"] == "sequence"


def test_weights_are_not_read_and_need_not_be_there(tmp_path):
    proto = model()
    proto.graph.initializer.append(numpy_helper.from_array(np.zeros(10**6, np.float32), "large"))
    path = tmp_path / "model.onnx"
    onnx.save(proto, str(path), save_as_external_data=True, location="gone.bin")
    (tmp_path / "gone.bin").unlink()
    assert get_model_metadata(path)["input_tensor_data"][0][0] == "x"


def test_operators_that_have_no_row_are_no_obstacle():
    proto = model()
    proto.graph.node.append(helper.make_node("Nonsense", ["x"], ["z"]))
    assert get_model_metadata(proto)


def test_text_that_is_none_is_refused():
    data = model().SerializeToString().replace(b"net", b"n\xff\xfe")
    with pytest.raises(ModelError, match="UTF-8"):
        get_model_metadata(data)


def test_mxnet_is_not_needed():
    code = f"""
import importlib.util, sys
sys.modules["mxnet"] = None
spec = importlib.util.spec_from_file_location("mxnet_onnx", {package.__file__!r})
module = sys.modules["mxnet_onnx"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from mxnet_onnx.onnx2mx.metadata import get_model_metadata
"""
    subprocess.run([sys.executable, "-c", code], check=True)
