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
"""Quantised networks of MXNet's model zoo at their usual size, within a few levels of MXNet."""

import mxnet as mx
import numpy as np
import pytest
from mxnet.contrib import quantization
from mxnet.contrib.onnx import export_model
from mxnet.gluon.model_zoo import vision
from running import assert_valid

NETWORKS = ("resnet18_v1", "mobilenet1.0", "squeezenet1.0")
#: Levels that the output may be off: ranges of the run add up what lies between two levels.
FORMS = {("naive", "auto"): 1, ("none", "int8"): 4}


def network(name, rng):
    """A network with random numbers everywhere, and an input."""
    net = vision.get_model(name)
    net.initialize(mx.init.Xavier())
    net.hybridize()
    x = mx.nd.array(rng.uniform(-1, 1, (2, 3, 224, 224)))
    net(x)
    for key, parameter in net.collect_params().items():
        low, high = (0.5, 1.5) if key.endswith(("gamma", "var")) else (-0.3, 0.3)
        if not key.endswith("weight"):
            parameter.set_data(mx.nd.array(rng.uniform(low, high, parameter.shape)))
    return net, x


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("mode", "dtype"), FORMS)
def test_within_a_few_levels(name, mode, dtype, tmp_path, session, rng):
    net, x = network(name, rng)
    how = {"data_shapes": [mx.io.DataDesc("data", x.shape)]}
    if mode != "none":
        how = {"calib_data": mx.io.NDArrayIter(x, batch_size=2), "num_calib_examples": 2}
    small = quantization.quantize_net_v2(net, quantized_dtype=dtype, calib_mode=mode, **how)
    expected = small(x).asnumpy()
    path = tmp_path / "small.onnx"
    export_model(small, in_shapes=[("N", 3, 224, 224)], onnx_file_path=path)
    assert_valid(path, 17)
    weights = sum(p.data().size for p in net.collect_params().values())
    assert path.stat().st_size < 1.1 * weights + 300_000  # a byte a weight
    (actual,) = session(path)([x.asnumpy()])
    level = np.abs(expected).max() / 127.5
    assert np.abs(actual - expected).max() <= FORMS[mode, dtype] * level
