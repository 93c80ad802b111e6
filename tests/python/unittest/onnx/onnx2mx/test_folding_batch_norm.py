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
"""Batch normalisation built into convolutions."""

import json

import mxnet as mx
import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx import import_model, import_to_gluon
from onnx import numpy_helper
from running import Session, assert_close, run_gluon, run_module

NORM = "n = BatchNormalization <epsilon = 0.01> (c, scale, bias, mean, var) y = Relu (n)"


def model(nodes, opset=17, outputs="float[N, C, A, B] y", channels=4, **weights):
    made = onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : {opset}]>\n'
        f"g (float[N, 4, H, W] x) => ({outputs}) {{ {nodes} }}"
    )
    rng = np.random.default_rng(3)
    arrays = {
        "scale": rng.normal(1, 0.2, channels),
        "bias": rng.normal(size=channels),
        "mean": rng.normal(size=channels),
        "var": rng.uniform(0.5, 2, channels),
        **{n: rng.normal(size=shape) for n, shape in weights.items()},
    }
    read = {name for node in made.graph.node for name in node.input}
    made.graph.initializer.extend(
        numpy_helper.from_array(a.astype(np.float32), n) for n, a in arrays.items() if n in read
    )
    return made


def norms(symbol):
    return [n["op"] for n in json.loads(symbol.tojson())["nodes"]].count("BatchNorm")


FOLDED = {
    "without bias": model(f"c = Conv (x, w) {NORM}", w=(4, 4, 3, 3)),
    "with bias": model(f"c = Conv <pads = [1, 1, 1, 1]> (x, w, b) {NORM}", w=(4, 4, 3, 3), b=(4,)),
    "groups": model(f"c = Conv <group = 2> (x, w) {NORM}", w=(6, 2, 3, 3), channels=6),
    "transposed": model(f"c = ConvTranspose (x, w, b) {NORM}", w=(4, 6, 3, 3), b=(6,), channels=6),
    "transposed, groups": model(
        f"c = ConvTranspose <group = 2> (x, w) {NORM}", w=(4, 3, 2, 2), channels=6
    ),
    "opset 9": model(f"c = Conv (x, w) {NORM}", 9, w=(4, 4, 3, 3)),
    "one weight twice": model(f"a = Conv (x, w) c = Conv (a, w) {NORM}", w=(4, 4, 1, 1)),
}
KEPT = {
    "read twice": model(
        f"c = Conv (x, w) {NORM.replace('y =', 'r =')} y = Add (c, r)", w=(4, 4, 3, 3)
    ),
    "an output": model(
        f"c = Conv (x, w) {NORM}",
        outputs="float[N, C, A, B] y, float[N, C, A, B] c",
        w=(4, 4, 3, 3),
    ),
    "an output by another name": model(
        f"c = Conv (x, w) {NORM} z = Identity (c)",
        outputs="float[N, C, A, B] y, float[N, C, A, B] n, float[N, C, A, B] z",
        w=(4, 4, 3, 3),
    ),
    "first": model(NORM.replace("(c,", "(x,")),
    "of a sum": model(f"d = Conv (x, w) c = Add (d, x) {NORM}", w=(4, 4, 1, 1)),
}


@pytest.mark.parametrize("name", [*FOLDED, *KEPT])
def test_predicts_the_same(name):
    net = {**FOLDED, **KEPT}[name]
    x = np.random.default_rng(5).normal(size=(2, 4, 5, 6)).astype(np.float32)
    expected = Session(net)([x])
    symbol, *params = import_model(net, fold_batch_norm=True)
    assert norms(symbol) == (name in KEPT)
    assert norms(import_model(net)[0]) == 1
    assert_close(run_module(symbol, *params, {"x": x}), expected)
    assert_close(run_gluon(import_to_gluon(net, fold_batch_norm=True), [x]), expected)


def test_what_trains_itself_is_left_alone():
    net = model(
        "c = Conv (x, w) y, m, v = BatchNormalization <training_mode = 1> "
        "(c, scale, bias, mean, var)",
        w=(4, 4, 3, 3),
    )
    assert import_model(net, fold_batch_norm=True)[0].tojson() == import_model(net)[0].tojson()


def test_it_is_for_prediction():
    net = FOLDED["with bias"]
    parameters = import_to_gluon(net, fold_batch_norm=True).collect_params()
    assert set(parameters) == {"n_weight", "n_bias"}
    assert {p.grad_req for p in parameters.values()} == {"null"}
    with mx.autograd.record():
        y = import_to_gluon(net, fold_batch_norm=True)(mx.nd.ones((1, 4, 4, 4)))
    expected = Session(net)([np.ones((1, 4, 4, 4), np.float32)])
    assert_close([y.asnumpy()], expected)
