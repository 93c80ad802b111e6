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
"""Whole ONNX networks into MXNet: equal to ONNX Runtime, as Module and Gluon, at several sizes."""

import io

import numpy as np
import onnx
import pytest
from encoder import encoder, encoder_inputs
from models import WHEELS, installed_model, light_model, open_up, randomised_light_model
from mxnet.contrib.onnx import ConversionWarning, get_model_metadata, import_model
from running import Session, assert_close, assert_imports, run_module

pytest.importorskip("onnxruntime", reason="ONNX Runtime, the reference, is not installed")

#: Networks of the ``onnx`` package with few weights; tests/nightly/onnx has all nine.
LIGHT_AND_SMALL = ("squeezenet", "shufflenet")


@pytest.mark.parametrize("name", LIGHT_AND_SMALL)
def test_light_model_gives_its_stored_output(name):
    path, data, stored = light_model(name)
    session = Session(path)
    assert_imports(path, [{session.inputs[0]: data}], [[stored]])


@pytest.mark.parametrize("name", LIGHT_AND_SMALL)
def test_light_model_with_random_weights(name, rng):
    model = randomised_light_model(name, rng)
    batch = {
        Session(model).inputs[0]: rng.normal(size=(1, 3, 224, 224)).astype(np.float32),
    }
    assert_imports(model, [batch])


def test_batch_and_image_vary_where_the_file_is_opened_up(rng):
    """The file says 1 x 3 x 224 x 224, the network takes more: the user may say so."""
    model = open_up(randomised_light_model("squeezenet", rng))
    name = Session(model).inputs[0]
    batches = [
        {name: rng.normal(size=s).astype(np.float32)}
        for s in [(1, 3, 224, 224), (3, 3, 224, 224), (2, 3, 96, 131)]
    ]
    assert_imports(model, batches)


def test_a_batch_that_a_network_bakes_in_varies_where_it_is_wished():
    path, _, _ = light_model("shufflenet")
    with pytest.warns(ConversionWarning, match="the 1 that shapes begin with is N, the batch"):
        symbol, *_ = import_model(path, input_shapes={"gpu_0/data_0": ("N", 3, 224, 224)})
    _, shapes, _ = symbol.infer_shape(**{"gpu_0/data_0": (3, 3, 224, 224)})
    assert shapes == [(3, 1000)]


# -- a transformer -----------------------------------------------------------------------------


@pytest.mark.parametrize("opset", [11, 13, 17])
def test_encoder_keeps_batch_and_sequence(opset, rng):
    model = encoder(opset, rng)
    sizes = [(1, 1), (1, 7), (2, 19), (3, 40)]
    symbol, *_ = assert_imports(model, [encoder_inputs(rng, *s) for s in sizes])
    assert symbol.list_outputs()[0].startswith("last_hidden_state")


@pytest.mark.parametrize("opset", [11, 17])
def test_encoder_at_a_fixed_size_is_leaner(opset, rng):
    model = encoder(opset, rng)
    shapes = dict.fromkeys(("input_ids", "attention_mask", "token_type_ids"), (2, 12))
    fixed, *_ = assert_imports(model, [encoder_inputs(rng, 2, 12)], input_shapes=shapes)
    free, *_ = import_model(model)
    assert len(fixed.get_internals().list_outputs()) < len(free.get_internals().list_outputs())


SOURCES = {
    "path as text": str,
    "path": lambda path: path,
    "bytes": lambda path: path.read_bytes(),
    "file object": lambda path: io.BytesIO(path.read_bytes()),
    "ModelProto": lambda path: onnx.load(str(path)),
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_gives_the_same_network(source, tmp_path, rng):
    path = tmp_path / "encoder.onnx"
    onnx.save(encoder(17, rng, layers=1), str(path))
    batch = encoder_inputs(rng, 2, 9)
    imported = import_model(SOURCES[source](path))
    assert_close(run_module(*imported, batch), Session(path)(batch))


def test_weights_in_a_file_of_their_own(tmp_path, rng):
    path = tmp_path / "encoder.onnx"
    onnx.save(
        encoder(17, rng),
        str(path),
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=64,
    )
    assert (tmp_path / "weights.bin").stat().st_size > 100_000
    assert_imports(path, [encoder_inputs(rng, 2, 9)])


# -- networks of the wild ------------------------------------------------------------------------

#: Shapes of each network's one input, and what ``import_model`` has to be told.
WHEEL_SHAPES = {
    "text_direction": ([(1, 3, 48, 192), (3, 3, 48, 192), (2, 3, 64, 224)], {}),
    "text_detection": ([(1, 3, 64, 96), (2, 3, 96, 64), (1, 3, 160, 160)], {}),
    "text_recognition": (
        [(1, 3, 48, 96), (2, 3, 48, 160), (3, 3, 48, 96)],
        {"input_shapes": {"x": ("N", 3, 48, "W")}},
    ),
    "nudenet": ([(1, 3, 64, 96), (3, 3, 96, 64), (1, 3, 320, 320)], {}),
    "basic_pitch": ([(1, 43844, 1), (2, 43844, 1)], {}),
}


def wheel_or_skip(name):
    path = installed_model(name)
    if path is None:
        pytest.skip(f"pip install --no-deps {WHEELS[name][0]} brings this model")
    return path


@pytest.mark.parametrize("name", WHEELS)
def test_network_of_a_wheel(name, rng):
    path = wheel_or_skip(name)
    shapes, how = WHEEL_SHAPES[name]
    data = Session(path).inputs[0]
    assert_imports(path, [{data: rng.normal(size=s).astype(np.float32)} for s in shapes], **how)


@pytest.mark.parametrize("name", WHEELS)
def test_network_of_a_wheel_at_one_size(name, rng):
    path = wheel_or_skip(name)
    shape, data = WHEEL_SHAPES[name][0][0], Session(path).inputs[0]
    batch = {data: rng.normal(size=shape).astype(np.float32)}
    assert_imports(path, [batch], input_shapes={data: shape})


def test_metadata_of_a_wheel():
    metadata = get_model_metadata(wheel_or_skip("nudenet"))
    assert metadata["input_tensor_data"] == [("images", ("batch", 3, "height", "width"))]
    ((name, (batch, classes, _)),) = metadata["output_tensor_data"]
    assert (name, batch, classes) == ("output0", "batch", 22)
