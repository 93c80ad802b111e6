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

import pytest
from models import VISION, vision_checkpoint
from mxnet.contrib.onnx import export_model
from mxnet.contrib.onnx.opset import DEFAULT_TARGET_OPSET, TARGET_OPSETS
from running import assert_close, assert_imports, assert_valid

OPSETS = (TARGET_OPSETS[0], DEFAULT_TARGET_OPSET, TARGET_OPSETS[-1])


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


@pytest.mark.parametrize("opset", OPSETS)
def test_out(checkpoint, opset, tmp_path, session):
    path = tmp_path / "net.onnx"
    export(checkpoint, path, opset)
    assert_valid(path, opset)
    net = session(path)
    for data, expected in zip(checkpoint.inputs, checkpoint.outputs):
        assert_close(net([data]), expected)


def test_and_back(checkpoint, tmp_path):
    path = tmp_path / "net.onnx"
    export(checkpoint, path, DEFAULT_TARGET_OPSET)
    assert_imports(path, [{"data": i} for i in checkpoint.inputs], checkpoint.outputs)
