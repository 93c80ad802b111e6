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
"""Whole MXNet networks to ONNX: equal to MXNet in ONNX Runtime, from every source there is."""

import io
import pathlib

import mxnet as mx
import numpy as np
import onnx
import pytest
from models import (
    MTCNN_SHAPES,
    VISION,
    checkpoint_files,
    mtcnn,
    mtcnn_checkpoint,
    vision_checkpoint,
    vision_network,
)
from mxnet.contrib.onnx import export_model
from mxnet.contrib.onnx.opset import DEFAULT_TARGET_OPSET
from running import assert_close, assert_valid, opsets, run_gluon, run_symbol

#: The smallest network of each architecture of the model zoo, and an image side it still takes.
#: All of them, at their usual size, are in tests/nightly/onnx.
SMALL = {
    "resnet18_v1": 64,
    "resnet18_v2": 64,
    "vgg11": 32,
    "vgg11_bn": 32,
    "densenet121": 224,
    "mobilenet0.25": 64,
    "mobilenetv2_0.25": 64,
    "alexnet": 64,
    "squeezenet1.1": 224,
    "inceptionv3": 299,
}


def test_the_list_of_networks_is_mxnets_own():
    with pytest.raises(ValueError) as caught:
        mx.gluon.model_zoo.vision.get_model("no such network")
    assert sorted(str(caught.value).split("\n\t")[1:]) == sorted(VISION)


@pytest.fixture(scope="module", params=SMALL)
def checkpoint(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vision")
    return vision_checkpoint(request.param, folder, SMALL[request.param], classes=10)


@pytest.mark.parametrize("opset", opsets())
def test_vision_network(checkpoint, opset, tmp_path, session):
    path = tmp_path / "net.onnx"
    written = export_model(
        checkpoint.symbol,
        checkpoint.params,
        [("N", *checkpoint.shape)],
        onnx_file_path=path,
        opset_version=opset,
    )
    assert pathlib.Path(written) == path
    model = assert_valid(path, opset)
    batch = model.graph.input[0].type.tensor_type.shape.dim[0]
    assert batch.dim_param == "N"
    net = session(path)
    assert net.inputs == ["data"]
    for data, expected in zip(checkpoint.inputs, checkpoint.outputs):
        assert_close(net([data]), expected)


@pytest.fixture(scope="module", params=MTCNN_SHAPES)
def detector(request):
    prefixes = mtcnn()
    if request.param not in prefixes:
        pytest.skip(f"{request.param}: the MTCNN checkpoints are not here, see models.mtcnn")
    return prefixes[request.param], mtcnn_checkpoint(request.param, prefixes[request.param])


@pytest.mark.parametrize("opset", opsets())
def test_mtcnn(detector, opset, tmp_path, session):
    """Files of the Symbol era, with several heads, SoftmaxOutput and labels among them."""
    prefix, checkpoint = detector
    path = tmp_path / "net.onnx"
    shapes = {"data": ("N", *checkpoint.shape)}
    export_model(prefix, in_shapes=shapes, onnx_file_path=path, epoch=1, opset_version=opset)
    assert_valid(path, opset)
    net = session(path)
    assert net.inputs == ["data"], "labels are no inputs of a network that predicts"
    assert net.outputs == mx.sym.load(str(checkpoint.symbol)).list_outputs()
    for data, expected in zip(checkpoint.inputs, checkpoint.outputs):
        assert_close(net([data]), expected)


@pytest.mark.parametrize("opset", opsets())
def test_fully_convolutional_detector_takes_any_image(opset, tmp_path, session, rng):
    prefix = mtcnn().get("det1")
    if prefix is None:
        pytest.skip("det1: the MTCNN checkpoints are not here, see models.mtcnn")
    path = export_model(
        prefix,
        in_shapes=[("N", 3, "H", "W")],
        onnx_file_path=tmp_path / "net.onnx",
        epoch=1,
        opset_version=opset,
    )
    net, loaded = session(path), mx.model.load_checkpoint(str(prefix), 1)
    for shape in [(1, 3, 12, 12), (2, 3, 45, 60), (1, 3, 117, 31)]:
        data = rng.normal(size=shape).astype(np.float32)
        assert_close(net([data]), run_symbol(*loaded, {"data": data}))


# -- sources and targets -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One small network in all the forms that MXNet keeps networks in, and what it computes."""
    rng = np.random.default_rng(3)
    net = vision_network("mobilenetv2_0.25", rng, size=32, classes=10)
    data = rng.normal(size=(2, 3, 32, 32)).astype(np.float32)
    expected = run_gluon(net, [data])
    prefix = tmp_path_factory.mktemp("trained") / "net"
    net.hybridize()
    net(mx.nd.array(data))
    net.export(str(prefix), epoch=7)
    symbol, arg_params, aux_params = mx.model.load_checkpoint(str(prefix), 7)
    return {
        "net": net,
        "prefix": prefix,
        "files": checkpoint_files(prefix, 7),
        "symbol": symbol,
        "arg": arg_params,
        "aux": aux_params,
        "data": data,
        "expected": expected,
    }


def _module(trained):
    module = mx.mod.Module(trained["symbol"], label_names=None, context=mx.current_context())
    module.bind([("data", trained["data"].shape)], for_training=False)
    module.set_params(trained["arg"], trained["aux"])
    return module


def _not_hybridised(trained):
    net = vision_network("mobilenetv2_0.25", np.random.default_rng(3), size=32, classes=10)
    assert not net._active
    return net


def _prefixed(trained):
    return {
        **{f"arg:{n}": a for n, a in trained["arg"].items()},
        **{f"aux:{n}": a for n, a in trained["aux"].items()},
    }


def _renamed(trained):
    """The same two files under names of no pattern."""
    symbol, params = trained["files"]
    folder = symbol.parent / "elsewhere"
    folder.mkdir(exist_ok=True)
    graph, weights = folder / "architecture", folder / "weights.bin"
    graph.write_bytes(symbol.read_bytes())
    weights.write_bytes(params.read_bytes())
    return graph, weights


def _merged(trained):
    return {**trained["arg"], **trained["aux"]}


SOURCES = {
    "symbol, one dict": lambda t: {"sym": t["symbol"], "params": _merged(t)},
    "symbol, one dict with prefixes": lambda t: {"sym": t["symbol"], "params": _prefixed(t)},
    "symbol, two dicts in a list": lambda t: {"sym": t["symbol"], "params": [t["arg"], t["aux"]]},
    "symbol, two dicts in a tuple": lambda t: {"sym": t["symbol"], "params": (t["arg"], t["aux"])},
    "symbol, params file": lambda t: {"sym": t["symbol"], "params": str(t["files"][1])},
    "symbol file, dict": lambda t: {"sym": str(t["files"][0]), "params": _merged(t)},
    "two files, text": lambda t: dict(zip(("sym", "params"), map(str, t["files"]))),
    "two files, pathlib": lambda t: dict(zip(("sym", "params"), t["files"])),
    "two files of any name": lambda t: dict(zip(("sym", "params"), _renamed(t))),
    "prefix and epoch, text": lambda t: {"sym": str(t["prefix"]), "epoch": 7},
    "prefix and epoch, pathlib": lambda t: {"sym": t["prefix"], "epoch": 7},
    "Gluon, hybridised": lambda t: {"sym": t["net"]},
    "Gluon, not hybridised": lambda t: {"sym": _not_hybridised(t)},
    "Module": lambda t: {"sym": _module(t)},
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_gives_the_same_network(source, trained, tmp_path, session):
    path = tmp_path / "net.onnx"
    given = SOURCES[source](trained)
    assert export_model(**given, in_shapes=[("N", 3, 32, 32)], onnx_file_path=str(path)) == str(
        path
    )
    model = assert_valid(path, DEFAULT_TARGET_OPSET)
    assert_close(session(path)([trained["data"]]), trained["expected"])
    again = onnx.load(export_model(*trained["files"], [("N", 3, 32, 32)], onnx_file_path=str(path)))
    assert [n.op_type for n in model.graph.node] == [n.op_type for n in again.graph.node]


def test_positional_arguments_are_mxnets(trained, tmp_path, session):
    """The call as the documentation of MXNet 1.2 to 1.9 has it."""
    path = str(tmp_path / "net.onnx")
    shape = (2, 3, 32, 32)
    symbol, params = map(str, trained["files"])
    assert mx.contrib.onnx.export_model(symbol, params, [shape], np.float32, path) == path
    assert_close(session(path)([trained["data"]]), trained["expected"])
    model = onnx.load(path)
    dims = model.graph.input[0].type.tensor_type.shape.dim
    assert tuple(d.dim_value for d in dims) == shape


@pytest.mark.parametrize("target", ["path", "file object", "in memory"])
def test_every_target_gets_the_same_model(target, trained, tmp_path):
    shapes, path = [("N", 3, 32, 32)], tmp_path / "net.onnx"
    export_model(*trained["files"], shapes, onnx_file_path=path)
    expected = onnx.load(str(path))
    if target == "path":
        other = tmp_path / "again.onnx"
        export_model(*trained["files"], shapes, onnx_file_path=str(other))
        assert other.read_bytes() == path.read_bytes()
    elif target == "file object":
        stream = io.BytesIO()
        export_model(*trained["files"], shapes, onnx_file_path=stream)
        assert onnx.load_model_from_string(stream.getvalue()) == expected
    else:
        model = export_model(*trained["files"], shapes, onnx_file_path=None)
        assert isinstance(model, onnx.ModelProto)
        assert model == expected


def test_external_data_lies_beside_the_model_and_moves_with_it(trained, tmp_path, session):
    path = tmp_path / "here" / "net.onnx"
    path.parent.mkdir()
    export_model(*trained["files"], [("N", 3, 32, 32)], onnx_file_path=path, external_data=True)
    files = sorted(p.name for p in path.parent.iterdir())
    assert len(files) == 2 and "net.onnx" in files
    assert path.stat().st_size < path.with_name(files[files[0] == "net.onnx"]).stat().st_size
    path.parent.rename(tmp_path / "there")
    assert_valid(tmp_path / "there" / "net.onnx", DEFAULT_TARGET_OPSET)
    assert_close(session(tmp_path / "there" / "net.onnx")([trained["data"]]), trained["expected"])


def test_unnamed_dynamic_dimensions(trained, tmp_path, session):
    path = export_model(
        *trained["files"], [(None, 3, None, None)], onnx_file_path=tmp_path / "net.onnx"
    )
    for shape in [(1, 3, 32, 32), (3, 3, 64, 32)]:
        data = np.random.normal(size=shape).astype(np.float32)
        assert_close(session(path)([data]), run_gluon(trained["net"], [data]))


def test_mxnets_dynamic_flag(trained, tmp_path, session):
    """``dynamic=True`` with ``dynamic_input_shapes`` is how MXNet 1.9 asked for it."""
    path = export_model(
        *trained["files"],
        [(1, 3, 32, 32)],
        np.float32,
        str(tmp_path / "net.onnx"),
        dynamic=True,
        dynamic_input_shapes=[(None, 3, 32, 32)],
    )
    assert_close(session(path)([trained["data"]]), trained["expected"])


def test_verification_agrees(trained, tmp_path):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    path = tmp_path / "net.onnx"
    export_model(*trained["files"], [("N", 3, 32, 32)], onnx_file_path=path, verify=True)
    assert path.exists()
