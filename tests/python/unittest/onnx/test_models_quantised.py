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
"""A network quantised by ONNX Runtime, in each of its formats, is computed as ONNX Runtime does."""

import contextlib
import io
import logging

import numpy as np
import onnx
import onnx.parser
import pytest
from mxnet.contrib.onnx import backend
from onnx import numpy_helper
from running import Session, run_gluon, run_module, seed_of

quantization = pytest.importorskip(
    "onnxruntime.quantization", reason="ONNX Runtime is not installed"
)
TEXT = """
<ir_version: 8, opset_import: ["" : 13]> network (float[N, 3, 16, 16] x) => (float[N, 10] y) {
    a = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (x, w1, b1)
    b = Relu (a)
    c = Conv <pads = [1, 1, 1, 1], group = 8> (b, w2, b2)
    d = LeakyRelu <alpha = 0.1> (c)
    e = Conv <pads = [1, 1, 1, 1]> (d, w3, b3)
    f = Add (d, e)
    g = Sigmoid (f)
    h = Mul (f, g)
    i = AveragePool <kernel_shape = [2, 2]> (h)
    j = Concat <axis = 1> (i, i)
    k = GlobalAveragePool (j)
    l = Flatten (k)
    y = Gemm <transB = 1> (l, w4, b4)
}
"""
SHAPES = {"w1": (8, 3, 3, 3), "w2": (8, 1, 3, 3), "w3": (8, 8, 3, 3), "w4": (10, 16)}


def _images(rng, count):
    return rng.normal(size=(count, 3, 16, 16)).astype(np.float32)


class _Images(quantization.CalibrationDataReader):
    def __init__(self, rng):
        self._batches = iter([{"x": _images(rng, 4)} for _ in range(3)])

    def get_next(self):
        return next(self._batches, None)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """The network in float32, and a generator for its images."""
    rng = np.random.default_rng(seed_of(__name__))
    model = onnx.parser.parse_model(TEXT)
    for name, shape in SHAPES.items():
        weight = rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
        bias = rng.normal(size=shape[:1]) / 10
        for array, called in ((weight, name), (bias, f"b{name[1:]}")):
            model.graph.initializer.append(
                numpy_helper.from_array(array.astype(np.float32), called)
            )
    path = tmp_path_factory.mktemp("quantised") / "network.onnx"
    onnx.save(model, str(path))
    return path, rng


def _static(path, target, rng, layout, activations, weights, each):
    types = {n: getattr(quantization.QuantType, n) for n in (activations, weights)}
    quantization.quantize_static(
        str(path),
        str(target),
        _Images(rng),
        quant_format=getattr(quantization.QuantFormat, layout),
        activation_type=types[activations],
        weight_type=types[weights],
        per_channel=each,
    )


FORMATS = [
    ("QOperator", "QUInt8", "QInt8", False),
    ("QOperator", "QInt8", "QInt8", True),
    ("QOperator", "QUInt8", "QUInt8", False),
    ("QDQ", "QUInt8", "QInt8", True),
    ("dynamic", "QUInt8", "QUInt8", False),
]


@pytest.mark.parametrize("layout, activations, weights, each", FORMATS)
def test_quantised_by_onnx_runtime(layout, activations, weights, each, network, tmp_path):
    from mxnet.contrib.onnx import import_model, import_to_gluon

    path, rng = network
    target = tmp_path / "quantised.onnx"
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            if layout == "dynamic":
                quantization.quantize_dynamic(str(path), str(target))
            else:
                _static(path, target, rng, layout, activations, weights, each)
    finally:
        logging.disable(logging.NOTSET)
    session, images = Session(target), _images(rng, 3)
    (expected,) = session({"x": images})
    block, imported = import_to_gluon(target), import_model(target)
    results = {
        "eager": backend.prepare(onnx.load(str(target))).run([images])[0],
        "Module": run_module(*imported, {"x": images})[0],
        "Gluon": run_gluon(block, [images])[0],
    }
    # Between Q and DQ convolutions are of floats: what is summed in another order may be rounded
    # to the next of 255 steps.
    steps = np.unique(expected)
    step = np.diff(steps).min() if layout == "QDQ" else 0
    for route, result in results.items():
        np.testing.assert_allclose(
            result, expected, rtol=1e-5, atol=1.01 * step + 1e-5, err_msg=route
        )
