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
"""Weights that stay in the model's file."""

import sys

import mxnet as mx
import numpy as np
import onnx
import pytest
from mxnet import autograd
from mxnet.contrib.onnx import OnnxBlock, import_model, import_to_gluon
from mxnet.contrib.onnx.onnx2mx.sharing import forget, over_file
from mxnet.contrib.onnx.onnx2mx.tensors import map_file
from onnx import numpy_helper
from running import Session, assert_close, run_gluon, run_module

ROWS = 64


@pytest.fixture
def path(tmp_path, rng):
    """A model whose data is beside it: two large weights, one of which starts at an odd place."""
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]>\n'
        "g (float[N, 64] x) => (float[N, 64] y) { a = MatMul (x, v) y = MatMul (a, w) }"
    )
    for name in ("v", "w"):
        array = rng.normal(size=(ROWS, 64)).astype(np.float32) / 8
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    data, place = b"", {"v": 4096, "w": 8192 + 4 * ROWS * 64 + 1}
    for tensor in model.graph.initializer:
        raw, offset = tensor.raw_data, place[tensor.name]
        data = data.ljust(offset, b"\0") + raw
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", "data.bin"), ("offset", offset), ("length", len(raw))):
            tensor.external_data.add(key=key, value=str(value))
    (tmp_path / "data.bin").write_bytes(data)
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def x(rng):
    return rng.normal(size=(3, 64)).astype(np.float32)


def test_the_same_results(path, x):
    expected = Session(path)([x])
    for block in (import_to_gluon(path, copy=False), OnnxBlock(path, copy=False)):
        assert_close(run_gluon(block, [x]), expected)
        assert {p.grad_req for p in block.collect_params().values()} == {"null"}
    symbol, *params = import_model(path, copy=False)
    assert_close(run_module(symbol, *params, {"x": x}), expected)


@pytest.mark.parametrize("kind", [import_to_gluon, OnnxBlock])
def test_they_can_be_changed_and_the_file_stays(kind, path, x):
    before = (path.parent / "data.bin").read_bytes()
    block = kind(path, copy=False)
    for parameter in block.collect_params().values():
        parameter.set_data(parameter.data() * 2)
        parameter.grad_req = "write"
    (expected,) = Session(path)([x])
    assert_close(run_gluon(block, [x]), [4 * expected])
    trainer = mx.gluon.Trainer(block.collect_params(), "sgd", {"learning_rate": 1e-5})
    with autograd.record():
        loss = (block(mx.nd.array(x)) ** 2).sum()
    loss.backward()
    trainer.step(3)
    assert float((block(mx.nd.array(x)) ** 2).sum().asscalar()) < float(loss.asscalar())
    assert (path.parent / "data.bin").read_bytes() == before
    assert_close(run_gluon(kind(path), [x]), [expected])


def test_what_is_shared_and_what_is_not(tmp_path, rng):
    numbers = rng.normal(size=4096).astype(np.float32)
    (tmp_path / "data").write_bytes(numbers.tobytes())
    private, plain = (map_file(str(tmp_path / "data"), private) for private in (True, False))
    array = np.frombuffer(private, np.float32).reshape(64, 64)
    shared = over_file(array)
    assert np.array_equal(shared.asnumpy(), array)
    array[0, 0] = 7  # one memory
    assert shared[0, 0].asscalar() == 7
    assert over_file(np.frombuffer(plain, np.float32)) is None, "it could not be written to"
    assert over_file(array[:8, :8]) is None, "not in one piece"
    assert over_file(np.frombuffer(private, np.float32, 4000, 2)) is None, "not aligned"
    assert over_file(np.frombuffer(private, np.int8)) is None, "MXNet takes no int8"
    assert over_file(np.frombuffer(private, np.float32, 8)) is None, "too small"
    assert over_file(numbers) is None, "no file"
    assert np.array_equal(
        over_file(np.frombuffer(private, np.int32)).asnumpy()[1:], numbers.view("i4")[1:]
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_that_was_read_is_given_back(tmp_path):
    size = 64 * 2**20
    with open(tmp_path / "data", "wb") as file:
        file.truncate(size)
    array = np.frombuffer(map_file(str(tmp_path / "data")), np.uint8)

    def resident():
        with open("/proc/self/status") as status:
            return next(1024 * int(line.split()[1]) for line in status if "RssFile" in line)

    before = resident()
    assert array.sum() == 0 and resident() > before + size // 2
    forget(array)
    assert resident() < before + size // 2 and array.sum() == 0
    forget(np.zeros(4))  # no file: nothing to do
