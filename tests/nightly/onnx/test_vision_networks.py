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
"""Every network of MXNet's model zoo at its usual size: out at three opsets, and back in."""

import mxnet as mx
import numpy as np
import pytest
from models import VISION, vision_checkpoint
from mxnet.contrib.onnx import export_model
from mxnet.contrib.onnx.opset import DEFAULT_TARGET_OPSET
from running import assert_close, assert_imports, assert_valid, opsets, run_gluon


@pytest.fixture(scope="module", params=VISION)
def checkpoint(request, tmp_path_factory):
    return vision_checkpoint(request.param, tmp_path_factory.mktemp("vision"))


def export(checkpoint, path, opset):
    return export_model(
        checkpoint.symbol,
        checkpoint.params,
        [("N", *checkpoint.shape)],
        onnx_file_path=path,
        opset_version=opset,
    )


@pytest.mark.parametrize("opset", opsets())
def test_out(checkpoint, opset, tmp_path, session):
    path = tmp_path / "net.onnx"
    export(checkpoint, path, opset)
    assert_valid(path, opset)
    net = session(path)
    for data, expected in zip(checkpoint.inputs, checkpoint.outputs):
        assert_close(net([data]), expected)


@pytest.mark.parametrize("name", ["resnet18_v1", "resnet18_v2", "mobilenet0.25", "densenet121"])
def test_any_image(name, tmp_path, session, rng):
    """Networks that end in global pooling, or fold what is left of the image into the batch."""
    checkpoint = vision_checkpoint(name, tmp_path)
    path = tmp_path / "net.onnx"
    files = checkpoint.symbol, checkpoint.params
    export_model(*files, [("N", 3, "H", "W")], onnx_file_path=path)
    net, symbol = session(path), mx.gluon.SymbolBlock.imports(*map(str, files[:1]), ["data"])
    symbol.load_parameters(str(files[1]))
    shapes = [(2, 3, 224, 224), (1, 3, 256, 240), (1, 3, 233, 255)]
    batches = [{"data": rng.normal(size=s).astype(np.float32)} for s in shapes]
    outputs = [run_gluon(symbol, b.values()) for b in batches]
    for batch, expected in zip(batches, outputs):
        assert_close(net(batch), expected)
    assert_imports(path, batches, outputs)


def test_and_back(checkpoint, tmp_path):
    path = tmp_path / "net.onnx"
    export(checkpoint, path, DEFAULT_TARGET_OPSET)
    assert_imports(path, [{"data": i} for i in checkpoint.inputs], checkpoint.outputs)
