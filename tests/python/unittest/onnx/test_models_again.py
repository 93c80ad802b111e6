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
"""ONNX to MXNet and back: the file that comes out computes what the file that went in does."""

import ast
import pathlib

import mxnet as mx
import numpy as np
import onnx
import pytest
from encoder import encoder, encoder_inputs
from models import WHEELS, installed_model, open_up, randomised_light_model
from mxnet.contrib.onnx import export_model, import_model, import_to_gluon, onnx2mx
from mxnet.contrib.onnx.mx2onnx import operator_info
from mxnet.contrib.onnx.support import exported_operators
from running import Session, assert_close, run_gluon
from test_models_import import WHEEL_SHAPES

pytest.importorskip("onnxruntime", reason="ONNX Runtime, the reference, is not installed")

#: How many nodes may come back for one that went in; constants are none, identities neither.
LEAN = 1.15


def nodes(model):
    """How many nodes compute something."""
    return sum(n.op_type not in ("Constant", "Identity") for n in model.graph.node)


def assert_comes_back(model, batches, dims, tmp_path, opset=17, **how):
    """Import, export with inputs of sizes ``dims``, and compare the two files at every batch."""
    before = Session(model)
    symbol, arg_params, aux_params = import_model(model, **how)
    params = {**arg_params, **aux_params}
    names = [n for n in symbol.list_inputs() if n not in params]
    path = export_model(
        symbol,
        params,
        [dims[n] for n in names],
        [batches[0][n].dtype for n in names],
        tmp_path / "again.onnx",
        opset_version=opset,
    )
    after = Session(path)
    for batch in batches:
        assert_close(after({n: batch[n] for n in after.inputs}), before(batch))
    original = model if isinstance(model, onnx.ModelProto) else onnx.load(str(model))
    assert nodes(onnx.load(str(path))) <= LEAN * nodes(original)


def _names_in(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_operator_that_import_knows_is_exported():
    """Names of operators in the source of the import: those it emits, and a few that it avoids."""
    source = pathlib.Path(onnx2mx.__file__).parent
    used = {name for path in source.rglob("*.py") for name in _names_in(path)}
    canonical = {operator_info.canonical_name(name) for name in used}
    missing = {o.op_type for o in exported_operators() if not o.covered}
    assert "_npx_reshape" in canonical and not canonical & missing


@pytest.mark.parametrize("name", ["squeezenet", "shufflenet"])
def test_light_network(name, rng, tmp_path):
    model = randomised_light_model(name, rng)
    batch = {Session(model).inputs[0]: rng.normal(size=(1, 3, 224, 224)).astype(np.float32)}
    assert_comes_back(model, [batch], {n: a.shape for n, a in batch.items()}, tmp_path)


def test_batch_and_image_still_vary(rng, tmp_path):
    model = open_up(randomised_light_model("squeezenet", rng))
    data = Session(model).inputs[0]
    shapes = [(1, 3, 224, 224), (2, 3, 96, 131)]
    batches = [{data: rng.normal(size=s).astype(np.float32)} for s in shapes]
    assert_comes_back(model, batches, {data: ("N", 3, "H", "W")}, tmp_path)


@pytest.mark.parametrize("opset", [11, 13, 17])
def test_encoder_still_keeps_batch_and_sequence(opset, rng, tmp_path):
    batches = [encoder_inputs(rng, *s) for s in [(1, 7), (1, 1), (3, 19)]]
    dims = dict.fromkeys(batches[0], ("N", "S"))
    assert_comes_back(encoder(opset, rng), batches, dims, tmp_path, opset)


def test_encoder_of_a_fixed_size(rng, tmp_path):
    batch = encoder_inputs(rng, 2, 12)
    shapes = {n: a.shape for n, a in batch.items()}
    assert_comes_back(encoder(17, rng), [batch], shapes, tmp_path, input_shapes=shapes)


#: Sizes of the one input of each network of ``WHEELS`` that stay open.
WHEEL_DIMS = {
    "text_direction": ("N", 3, "H", "W"),
    "text_detection": ("N", 3, "H", "W"),
    "text_recognition": ("N", 3, 48, "W"),
    "nudenet": ("N", 3, "H", "W"),
    "basic_pitch": ("N", 43844, 1),
}


@pytest.mark.parametrize("name", WHEELS)
def test_network_of_a_wheel(name, rng, tmp_path):
    path = installed_model(name)
    if path is None:
        pytest.skip(f"pip install --no-deps {WHEELS[name][0]} brings this model")
    shapes, how = WHEEL_SHAPES[name]
    data = Session(path).inputs[0]
    batches = [{data: rng.normal(size=s).astype(np.float32)} for s in shapes]
    assert_comes_back(path, batches, {data: WHEEL_DIMS[name]}, tmp_path, **how)


def test_a_tuned_block(rng, tmp_path):
    """Imported for Gluon, trained for a step, and exported as it stands."""
    model = randomised_light_model("shufflenet", rng)
    data = rng.normal(size=(1, 3, 224, 224)).astype(np.float32)
    block = import_to_gluon(model, ctx=mx.cpu())
    before = run_gluon(block, [data])
    trainer = mx.gluon.Trainer(block.collect_params(), "sgd", {"learning_rate": 1e-3})
    with mx.autograd.record():
        loss = block(mx.nd.array(data)).square().mean()
    loss.backward()
    trainer.step(1)
    tuned = run_gluon(block, [data])
    assert not np.allclose(tuned[0], before[0], atol=1e-3)
    path = export_model(block, None, [data.shape], onnx_file_path=tmp_path / "tuned.onnx")
    assert_close(Session(path)([data]), tuned)
