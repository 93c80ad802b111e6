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
"""Real checkpoints become ONNX files that compute what MXNet computed, without MXNet."""

import sys

import mxnet_onnx
import numpy as np
import onnx
import pytest
from checkpoints import COMMITTED, DATA, MTCNN, REFERENCES, mtcnn_prefix, runs

ort = pytest.importorskip("onnxruntime", reason="ONNX Runtime runs what is converted here")
#: Largest difference as a fraction of the output's largest magnitude.
TOLERANCE = {"float32": 1e-4, "float16": 1e-2}


def assert_agrees(path, references):
    """The file at ``path`` computes the outputs of every run."""
    try:
        session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:
        if "max supported IR version" not in str(error):
            raise
        pytest.skip(f"ONNX Runtime {ort.__version__} loads no files of this opset")
    count = 0
    for given, wanted in references:
        results = session.run(None, given)
        assert len(results) == len(wanted)
        for result, reference in zip(results, wanted):
            assert result.shape == reference.shape
            assert result.dtype == reference.dtype
            scale = np.abs(reference).max()
            assert np.isfinite(scale) and scale > 0, "the reference proves nothing"
            difference = np.abs(result.astype(np.float64) - reference).max()
            assert difference <= TOLERANCE[reference.dtype.name] * scale
            count += 1
    assert count >= 2


@pytest.mark.parametrize("opset", [11, 13, 17, 21])
@pytest.mark.parametrize("name", COMMITTED)
def test_committed_checkpoint(name, opset, tmp_path):
    epoch, shape, dtype = COMMITTED[name]
    path = mxnet_onnx.export_model(
        str(DATA / name),
        in_shapes=[shape],
        in_types=dtype,
        onnx_file_path=str(tmp_path / "model.onnx"),
        epoch=epoch,
        opset_version=opset,
    )
    model = onnx.load(path)
    assert [i.name for i in model.graph.input] == ["data"]
    assert model.opset_import[0].version == opset
    assert_agrees(path, runs(DATA / f"{name}.npz"))
    assert "mxnet" not in sys.modules


@pytest.mark.parametrize("opset", [11, 17, 21])
def test_loops_and_branches(opset, tmp_path):
    path = mxnet_onnx.export_model(
        str(DATA / "loops"),
        in_shapes={"data": (7, "N", 8), "state": ("N", 6)},
        onnx_file_path=str(tmp_path / "model.onnx"),
        opset_version=opset,
    )
    found = {node.op_type for node in onnx.load(path).graph.node}
    assert {"Scan", "Loop", "If"} <= found
    assert_agrees(path, runs(DATA / "loops.npz"))
    assert "mxnet" not in sys.modules


def test_two_files_and_a_model_in_memory():
    epoch, shape, dtype = COMMITTED["legacy"]
    model = mxnet_onnx.export_model(
        DATA / "legacy-symbol.json",
        DATA / "legacy-0001.params",
        {"data": shape},
        dtype,
        onnx_file_path=None,
    )
    assert isinstance(model, onnx.ModelProto)
    assert {o.name for o in model.graph.output} == {"prob_output"}


def test_conversion_is_the_same_every_time():
    epoch, shape, dtype = COMMITTED["residual"]
    first, second = (
        mxnet_onnx.export_model(str(DATA / "residual"), in_shapes=[shape], onnx_file_path=None)
        for _ in range(2)
    )
    assert first.SerializeToString(deterministic=True) == second.SerializeToString(
        deterministic=True
    )


@pytest.mark.parametrize("name", MTCNN)
def test_mtcnn(name, tmp_path):
    prefix, reference = mtcnn_prefix(name), REFERENCES / f"mtcnn-{name}.npz"
    if not prefix.with_name(f"{name}-symbol.json").exists():
        pytest.skip(f"{prefix} is not there; ONNX_TEST_MODELS names its folder")
    if not reference.exists():
        pytest.skip(f"{reference} is not there; save_references.py writes it where MXNet is")
    path = mxnet_onnx.export_model(
        str(prefix), in_shapes=[MTCNN[name][0]], onnx_file_path=tmp_path / "model.onnx", epoch=1
    )
    assert_agrees(path, runs(reference))
