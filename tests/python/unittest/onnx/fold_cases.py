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
"""Folds of one node, against ONNX Runtime."""

import numpy as np
import onnx
from mxnet.contrib.onnx import opset
from mxnet.contrib.onnx.folding import folds
from mxnet.contrib.onnx.translation import bind
from onnx import helper
from running import Session


def words(*texts, shape=None):
    """An array of str."""
    return np.array(texts, object).reshape(shape or (len(texts),))


def model_of(op_type, version, attributes, arrays, outputs=1, domain=""):
    """One node, its arrays as inputs of any shape."""
    names = [f"x{i}" for i in range(len(arrays))]
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op_type, names, results, domain=domain, **attributes)
    inputs = [helper.make_tensor_value_info(n, _type(a), a.shape) for n, a in zip(names, arrays)]
    graph = helper.make_graph(
        [node], "g", inputs, [helper.make_empty_tensor_value_info(n) for n in results]
    )
    imports = [helper.make_opsetid(domain, version)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def _type(array):
    if array.dtype.kind in "OUS":
        return onnx.TensorProto.STRING
    return helper.np_dtype_to_tensor_dtype(array.dtype)


def folded(model, arrays, version, domain=""):
    """What the fold makes of a model of one node."""
    (node,) = model.graph.node
    fold = folds.find(node.op_type, version, domain)
    schema = opset.schema_at(node.op_type, version, domain)
    args, values = bind(fold, schema, node, list(arrays), lambda _, a: a.tolist())
    result = fold.function(*args, **values)
    return list(result) if isinstance(result, tuple) else [result]


def compare(op_type, version, attributes, *arrays, outputs=1, domain=""):
    """The fold against ONNX Runtime."""
    model = model_of(op_type, version, attributes, arrays, outputs, domain)
    wanted = Session(model)([a.astype(object) if a.dtype.kind == "U" else a for a in arrays])
    found = folded(model, arrays, version, domain)
    assert len(found) == len(wanted)
    for a, w in zip(found, wanted):
        assert (a.dtype, a.shape) == (w.dtype, w.shape)
        if w.dtype.kind == "f":
            np.testing.assert_allclose(a, w, rtol=1e-6)
        else:
            np.testing.assert_array_equal(a, w)
