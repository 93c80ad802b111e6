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
from mxnet.contrib.onnx import ConversionError, export_model, import_model
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


#: Networks that end in global pooling, and one that folds what is left of the image into its last
#: layer: it takes sides of 224 to 447 alone, which the importer does not find out by itself.
ANY_IMAGE = {
    "resnet18_v1": None,
    "resnet18_v2": None,
    "mobilenet0.25": None,
    "mobilenetv2_0.25": None,
    "densenet121": {"H": (227, 353, 288), "W": (320, 229, 256)},
}


@pytest.mark.parametrize("name", ANY_IMAGE)
def test_any_image(name, tmp_path, session, rng):
    checkpoint = vision_checkpoint(name, tmp_path)
    path = tmp_path / "net.onnx"
    files = checkpoint.symbol, checkpoint.params
    export_model(*files, [("N", 3, "H", "W")], onnx_file_path=path)
    block = mx.gluon.SymbolBlock.imports(
        str(files[0]), ["data"], str(files[1]), mx.current_context()
    )
    shapes = [(2, 3, 224, 224), (1, 3, 256, 240), (1, 3, 233, 255)]
    batches = [{"data": rng.normal(size=s).astype(np.float32)} for s in shapes]
    outputs = [run_gluon(block, b.values()) for b in batches]
    net = session(path)
    for batch, expected in zip(batches, outputs):
        assert_close(net(batch), expected)
    assert_imports(path, batches, outputs, sizes=ANY_IMAGE[name])


def test_sizes_that_nothing_tried_fits_are_refused_in_words(tmp_path):
    checkpoint = vision_checkpoint("densenet121", tmp_path)
    path = tmp_path / "net.onnx"
    files = checkpoint.symbol, checkpoint.params
    export_model(*files, [("N", 3, "H", "W")], onnx_file_path=path)
    with pytest.raises(ConversionError, match="none of the sizes tried.*sizes="):
        import_model(path)


def test_and_back(checkpoint, tmp_path):
    path = tmp_path / "net.onnx"
    export(checkpoint, path, DEFAULT_TARGET_OPSET)
    assert_imports(path, [{"data": i} for i in checkpoint.inputs], checkpoint.outputs)
