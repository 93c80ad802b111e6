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
"""The nine light networks of the ``onnx`` package: stored outputs, random weights, free sizes."""

import numpy as np
import pytest
from models import LIGHT, light_model, open_up, randomised_light_model
from mxnet.contrib.onnx import ConversionError, import_model
from running import Session, assert_imports

pytest.importorskip("onnxruntime", reason="ONNX Runtime, the reference, is not installed")

#: Those that do not write their batch of 1 into a Reshape, and the images they take then.
FREE = {"densenet121": [(224, 224), (256, 224)], "squeezenet": [(224, 224), (96, 131)]}


@pytest.mark.parametrize("name", LIGHT)
def test_stored_output(name):
    path, data, stored = light_model(name)
    assert_imports(path, [{Session(path).inputs[0]: data}], [[stored]])


@pytest.mark.parametrize("name", LIGHT)
def test_random_weights(name, rng):
    model = randomised_light_model(name, rng)
    data = Session(model).inputs[0]
    batches = [{data: rng.normal(size=(1, 3, 224, 224)).astype(np.float32)} for _ in range(2)]
    assert_imports(model, batches)


@pytest.mark.parametrize("name", FREE)
def test_free_sizes(name, rng):
    model = open_up(randomised_light_model(name, rng))
    data = Session(model).inputs[0]
    shapes = [(n, 3, *image) for n, image in zip((1, 3), FREE[name])]
    assert_imports(model, [{data: rng.normal(size=s).astype(np.float32)} for s in shapes])


@pytest.mark.parametrize("name", sorted(set(LIGHT) - set(FREE)))
def test_a_batch_written_into_a_reshape_is_refused(name):
    path, _, _ = light_model(name)
    data = Session(path).inputs[0]
    with pytest.raises(ConversionError, match="Reshape"):
        import_model(path, input_shapes={data: ("N", 3, 224, 224)})
