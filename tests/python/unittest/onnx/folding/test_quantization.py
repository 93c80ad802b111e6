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
"""Quantisation on arrays, of every type that the installed onnx has, against ONNX's reference."""

import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx.folding import folds
from mxnet.contrib.onnx.folding.quantization import integer_limits
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

OPSET = min(onnx.defs.onnx_opset_version(), 25)
if OPSET < 25:
    pytest.skip("the installed onnx has not all types of opset 25", allow_module_level=True)

INTEGERS = [f"{sign}INT{bits}" for sign in ("", "U") for bits in (2, 4, 8, 16)]
FLOATS = ["FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "FLOAT4E2M1"]
RNG = np.random.default_rng(11)
X = (RNG.normal(size=(2, 5, 3)) * 300).astype(np.float32)
#: Shapes of scales: for all, along the axis, blocks of 2 along the axis.
SHAPES = [((), 0), ((5,), 0), ((2, 3, 3), 2)]


def _dtype(name):
    return np.dtype(helper.tensor_dtype_to_np_dtype(TensorProto.DataType.Value(name)))


def _reference(op_type, arrays, **attributes):
    node = helper.make_node(op_type, list("xsz")[: len(arrays)], ["y"], **attributes)
    infos = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for n, a in zip("xsz", arrays)
    ]
    out = helper.make_empty_tensor_value_info("y")
    graph = helper.make_graph([node], "g", infos, [out])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    return ReferenceEvaluator(model).run(None, dict(zip("xsz", arrays)))[0]


def _fold(op_type, arrays, **attributes):
    with np.errstate(all="ignore"):
        return folds.find(op_type, OPSET).function(*arrays, **attributes)


def _same(actual, expected):
    assert actual.dtype == expected.dtype and actual.shape == expected.shape
    np.testing.assert_array_equal(actual.astype(np.float32), expected.astype(np.float32))


def _zero_point(name, shape):
    limits = integer_limits(_dtype(name))
    numbers = RNG.integers(limits[0], limits[1] + 1, shape) if limits else np.zeros(shape)
    return np.asarray(numbers).astype(_dtype(name))


@pytest.mark.parametrize("shape, block", SHAPES, ids=str)
@pytest.mark.parametrize("name", INTEGERS + FLOATS)
def test_every_type_to_and_from(name, shape, block):
    scale = np.asarray(RNG.uniform(0.5, 40, shape), np.float32)
    zero_point = _zero_point(name, shape)
    attributes = {"axis": 1, **({"block_size": block} if block else {})}
    y = _fold("QuantizeLinear", [X, scale, zero_point], **attributes)
    _same(y, _reference("QuantizeLinear", [X, scale, zero_point], **attributes))
    back = _fold("DequantizeLinear", [y, scale, zero_point], **attributes)
    _same(back, _reference("DequantizeLinear", [y, scale, zero_point], **attributes))


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("saturate", (0, 1))
def test_float8_beyond_its_end(name, saturate):
    x = np.array([1e6, -1e6, np.nan, 460, 500, 1e-9, -0.0, 3.3], np.float32)
    arrays = [x, np.float32(1) + np.zeros((), np.float32)]
    attributes = {"output_dtype": TensorProto.DataType.Value(name), "saturate": saturate}
    _same(
        _fold("QuantizeLinear", arrays, **attributes),
        _reference("QuantizeLinear", arrays, **attributes),
    )


def test_precision_is_that_of_the_division():
    x, scale = np.arange(1, 2000, 7, dtype=np.float32) * 0.37, np.float32(0.7) + np.zeros((), "f4")
    attributes = {"precision": TensorProto.FLOAT16, "output_dtype": TensorProto.INT16}
    y = _fold("QuantizeLinear", [x, scale], **attributes)
    _same(y, _reference("QuantizeLinear", [x, scale], **attributes))
    assert (y != _fold("QuantizeLinear", [x, scale], output_dtype=TensorProto.INT16)).any()


def test_weights_of_four_bits_are_what_their_bytes_say():
    tensor = helper.make_tensor("w", TensorProto.INT4, [3], b"\x7f\x08", raw=True)
    back = _fold("DequantizeLinear", [numpy_helper.to_array(tensor), np.array(0.5, np.float32)])
    np.testing.assert_array_equal(back, np.array([-0.5, 3.5, -4], np.float32))
