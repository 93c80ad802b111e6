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
"""MXNet to ONNX and back: the same numbers, and a network that trains, saves and reloads."""

import mxnet as mx
import numpy as np
import pytest
from models import MTCNN_SHAPES, checkpoint_files, mtcnn, mtcnn_checkpoint, vision_checkpoint
from mxnet.contrib.onnx import export_model, import_model, import_to_gluon
from running import assert_close, assert_imports, opsets, run_gluon, run_module

#: Networks that are quick here; all of them are in tests/nightly/onnx.
SMALL = {"resnet18_v1": 64, "resnet18_v2": 64, "mobilenetv2_0.25": 64, "squeezenet1.1": 224}


@pytest.mark.parametrize("name", SMALL)
def test_vision_network_comes_back(name, tmp_path):
    checkpoint = vision_checkpoint(name, tmp_path, SMALL[name])
    path = tmp_path / "net.onnx"
    export_model(
        checkpoint.symbol, checkpoint.params, [("N", *checkpoint.shape)], onnx_file_path=path
    )
    assert_imports(path, [{"data": i} for i in checkpoint.inputs], checkpoint.outputs)


@pytest.mark.parametrize("name", MTCNN_SHAPES)
def test_mtcnn_comes_back(name, tmp_path):
    prefix = mtcnn().get(name)
    if prefix is None:
        pytest.skip(f"{name}: the MTCNN checkpoints are not here, see models.mtcnn")
    checkpoint = mtcnn_checkpoint(name, prefix)
    path = tmp_path / "net.onnx"
    export_model(prefix, in_shapes=[("N", *checkpoint.shape)], onnx_file_path=path, epoch=1)
    assert_imports(path, [{"data": i} for i in checkpoint.inputs], checkpoint.outputs)


@pytest.mark.parametrize("opset", opsets()[::2])
def test_any_opset_comes_back(opset, tmp_path):
    checkpoint = vision_checkpoint("mobilenetv2_0.25", tmp_path, 64)
    path = tmp_path / "net.onnx"
    shapes = [("N", *checkpoint.shape)]
    files = checkpoint.symbol, checkpoint.params
    export_model(*files, shapes, onnx_file_path=path, opset_version=opset)
    assert_imports(path, [{"data": i} for i in checkpoint.inputs], checkpoint.outputs)


# -- training ------------------------------------------------------------------------------------

CLASSES, BATCH = 4, 16


@pytest.fixture(scope="module")
def resnet(tmp_path_factory):
    """A ResNet v2, which keeps BatchNormalization in ONNX, and images of four classes of colour."""
    folder = tmp_path_factory.mktemp("resnet")
    checkpoint = vision_checkpoint("resnet18_v2", folder, 32, classes=CLASSES)
    path = folder / "net.onnx"
    export_model(
        checkpoint.symbol, checkpoint.params, [("N", *checkpoint.shape)], onnx_file_path=path
    )
    rng = np.random.default_rng(5)
    labels = rng.integers(0, CLASSES, 4 * BATCH)
    colours = rng.normal(0, 2, (CLASSES, 3, 1, 1))
    images = colours[labels] + rng.normal(0, 0.5, (len(labels), *checkpoint.shape))
    return path, images.astype(np.float32), labels.astype(np.float32)


def cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probability = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_probability[np.arange(len(labels)), labels.astype(int)].mean()


def test_module_fits_the_imported_network(resnet):
    path, images, labels = resnet
    symbol, arg_params, aux_params = import_model(path)
    before = cross_entropy(run_module(symbol, arg_params, aux_params, {"data": images})[0], labels)
    head = mx.sym.SoftmaxOutput(symbol, name="softmax")
    module = mx.mod.Module(head, context=mx.current_context())
    module.fit(
        mx.io.NDArrayIter(images, labels, BATCH),
        arg_params=arg_params,
        aux_params=aux_params,
        optimizer="adam",
        optimizer_params={"learning_rate": 1e-3},
        num_epoch=4,
    )
    fitted = module.get_params()
    after = cross_entropy(run_module(symbol, *fitted, {"data": images})[0], labels)
    assert after < before / 2
    moved = [n for n, a in aux_params.items() if (fitted[1][n] - a).abs().max().asscalar() > 0]
    assert sorted(moved) == sorted(aux_params) and aux_params, "running statistics stood still"


def test_gluon_trains_the_imported_network(resnet):
    path, images, labels = resnet
    net = import_to_gluon(path, ctx=mx.current_context())
    net.hybridize()
    parameters = net.collect_params()
    frozen = [n for n, p in parameters.items() if p.grad_req != "null"][0]
    parameters[frozen].grad_req = "null"
    start = {n: p.data().copy() for n, p in parameters.items()}
    statistics = set(import_model(path)[2])
    trainer = mx.gluon.Trainer(parameters, "adam", {"learning_rate": 1e-3})
    loss_of = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    before = cross_entropy(run_gluon(net, [images])[0], labels)
    for _ in range(4):
        for at in range(0, len(images), BATCH):
            batch = mx.nd.array(images[at : at + BATCH])
            with mx.autograd.record():
                loss = loss_of(net(batch), mx.nd.array(labels[at : at + BATCH]))
            loss.backward()
            trainer.step(BATCH)
    assert cross_entropy(run_gluon(net, [images])[0], labels) < before / 2
    changed = {n for n, p in parameters.items() if (p.data() - start[n]).abs().max().asscalar() > 0}
    assert frozen not in changed
    assert statistics and statistics <= changed, "running statistics stood still"
    assert changed | {frozen} == set(parameters), "some parameters got no gradient"


def test_two_devices_share_a_batch(resnet):
    """Module splits the batch between its contexts, Gluon its parameters' copies."""
    path, images, _ = resnet
    devices = [mx.cpu(0), mx.cpu(1)]
    symbol, arg_params, aux_params = import_model(path)
    expected = run_module(symbol, arg_params, aux_params, {"data": images})
    module = mx.mod.Module(symbol, label_names=None, context=devices)
    module.bind([("data", images.shape)], for_training=False)
    module.set_params(arg_params, aux_params)
    module.forward(mx.io.DataBatch([mx.nd.array(images)]), is_train=False)
    assert_close([o.asnumpy() for o in module.get_outputs()], expected)
    net = import_to_gluon(path, ctx=devices)
    halves = mx.gluon.utils.split_and_load(mx.nd.array(images), devices)
    outputs = [net(half).asnumpy() for half in halves]
    assert_close([np.concatenate(outputs)], expected)


def test_gluon_exports_and_reloads(resnet, tmp_path):
    path, images, _ = resnet
    net = import_to_gluon(path, ctx=mx.current_context())
    net.hybridize()
    expected = run_gluon(net, [images])
    net.export(str(tmp_path / "again"))
    symbol, params = checkpoint_files(tmp_path / "again")
    again = mx.gluon.SymbolBlock.imports(
        str(symbol), ["data"], str(params), ctx=mx.current_context()
    )
    assert_close(run_gluon(again, [images]), expected, tolerance=1e-6)


def test_gluon_saves_and_loads_parameters(resnet, tmp_path):
    path, images, _ = resnet
    net = import_to_gluon(path, ctx=mx.current_context())
    expected = run_gluon(net, [images])
    net.save_parameters(str(tmp_path / "saved.params"))
    other = import_to_gluon(path, ctx=mx.current_context())
    for parameter in other.collect_params().values():
        parameter.set_data(mx.nd.zeros(parameter.shape))
    assert not np.allclose(run_gluon(other, [images])[0], expected[0])
    other.load_parameters(str(tmp_path / "saved.params"))
    assert_close(run_gluon(other, [images]), expected, tolerance=1e-6)


def test_module_saves_and_loads_a_checkpoint(resnet, tmp_path):
    path, images, _ = resnet
    imported = import_model(path)
    expected = run_module(*imported, {"data": images})
    mx.model.save_checkpoint(str(tmp_path / "again"), 3, *imported)
    again = mx.model.load_checkpoint(str(tmp_path / "again"), 3)
    assert_close(run_module(*again, {"data": images}), expected, tolerance=1e-6)


def test_the_imported_network_is_exported_again(resnet, tmp_path, session):
    """There, back and there once more: what import emits is MXNet like any other."""
    path, images, _ = resnet
    symbol, arg_params, aux_params = import_model(path)
    again = export_model(
        symbol,
        {**arg_params, **aux_params},
        [("N", *images.shape[1:])],
        onnx_file_path=tmp_path / "again.onnx",
    )
    assert_close(session(again)([images]), session(path)([images]))
