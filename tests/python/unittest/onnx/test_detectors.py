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

"""Small detectors, exported with their suppression, against MXNet."""

import mxnet as mx
import numpy as np
import pytest
from mxnet.contrib.onnx import export_model
from running import Session, assert_valid, opsets, run_symbol


def convolution(x, name, filters, kernel=3, stride=1):
    layer = mx.sym.Convolution(
        x,
        kernel=(kernel, kernel),
        stride=(stride, stride),
        pad=(kernel // 2,) * 2,
        num_filter=filters,
        name=name,
    )
    return layer


def features(x):
    for k, filters in enumerate((8, 16, 16)):
        x = convolution(x, f"body{k}", filters, stride=2)
        x = mx.sym.Activation(mx.sym.BatchNorm(x, fix_gamma=False, name=f"norm{k}"), "relu")
    return x


def single_shot():
    """SSD of two scales and four classes, by MultiBoxPrior and MultiBoxDetection."""
    first = features(mx.sym.var("data"))
    scores, moves, anchors = [], [], []
    for k, x in enumerate((first, convolution(first, "next", 16, stride=2))):
        sizes, ratios = (0.2 + 0.3 * k, 0.35 + 0.3 * k), (1, 2, 0.5)
        score, move = convolution(x, f"score{k}", 4 * 5), convolution(x, f"move{k}", 4 * 4)
        scores.append(mx.sym.Flatten(mx.sym.transpose(score, (0, 2, 3, 1))))
        moves.append(mx.sym.Flatten(mx.sym.transpose(move, (0, 2, 3, 1))))
        anchors.append(mx.sym.contrib.MultiBoxPrior(x, sizes=sizes, ratios=ratios))
    scores = mx.sym.reshape(mx.sym.concat(*scores, dim=1), shape=(0, -1, 5))
    scores = mx.sym.softmax(mx.sym.transpose(scores, (0, 2, 1)), axis=1)
    return mx.sym.contrib.MultiBoxDetection(
        scores, mx.sym.concat(*moves, dim=1), mx.sym.concat(*anchors, dim=1), nms_threshold=0.45,
        nms_topk=60, name="found",
    )  # fmt: skip


def two_stage(pool):
    """Proposals and features of their regions, then the best class of each by box_nms."""
    x = features(mx.sym.var("data"))
    rpn = convolution(x, "rpn", 16)
    scores = mx.sym.sigmoid(convolution(rpn, "rpn_score", 2 * 4, kernel=1))
    regions = mx.sym.contrib.MultiProposal(
        scores, convolution(rpn, "rpn_move", 4 * 4, kernel=1), mx.sym.var("info"),
        feature_stride=8, scales=(1, 3), ratios=(0.7, 1.4), rpn_min_size=2, rpn_post_nms_top_n=20,
        threshold=0.6,
    )  # fmt: skip
    pooled = pool(x, regions)
    hidden = mx.sym.FullyConnected(pooled, num_hidden=16, name="hidden")
    classes = mx.sym.softmax(mx.sym.FullyConnected(hidden, num_hidden=3, name="class"))
    best = mx.sym.max(classes, axis=1, keepdims=True)
    kind = mx.sym.expand_dims(mx.sym.argmax(classes, axis=1), axis=1)
    boxes = mx.sym.slice_axis(regions, axis=1, begin=1, end=5)
    rows = mx.sym.concat(kind, best, boxes, dim=1)
    rows = mx.sym.reshape(rows, shape=(-1, 20, 6))
    return mx.sym.contrib.box_nms(rows, overlap_thresh=0.1, id_index=0, name="found")


def by_interpolation(x, regions):
    return mx.sym.contrib.ROIAlign(
        x, regions, pooled_size=(3, 3), spatial_scale=1 / 8, sample_ratio=2
    )


def by_maximum(x, regions):
    return mx.sym.ROIPooling(x, regions, pooled_size=(3, 3), spatial_scale=1 / 8)


def random_parameters(symbol, shapes, rng):
    """Weights, and statistics of 1 and more, for everything but the inputs."""
    found, _, states = symbol.infer_shape(**shapes)
    named = [*zip(symbol.list_arguments(), found), *zip(symbol.list_auxiliary_states(), states)]
    arrays = {}
    for name, shape in named:
        if name in shapes:
            continue
        array = rng.normal(size=shape) / np.sqrt(max(1, np.prod(shape[1:])))
        positive = name.endswith(("gamma", "var"))
        arrays[name] = mx.nd.array(1 + np.abs(array) if positive else array)
    states = set(symbol.list_auxiliary_states())
    auxiliary = {n: a for n, a in arrays.items() if n in states}
    return {n: a for n, a in arrays.items() if n not in states}, auxiliary


NETWORKS = {
    "single shot": single_shot,
    "interpolation": lambda: two_stage(by_interpolation),
    "maximum": lambda: two_stage(by_maximum),
}


@pytest.mark.parametrize("opset", opsets())
@pytest.mark.parametrize("name", NETWORKS)
def test_detector(name, opset, rng, tmp_path):
    symbol = NETWORKS[name]()
    names = [n for n in symbol.list_inputs() if n in ("data", "info")]
    batches = []
    for count in (1, 3):
        batch = {
            "data": rng.normal(size=(count, 3, 64, 80)),
            "info": np.array([[64, 80, 1]] * count),
        }
        batches.append({n: batch[n].astype(np.float32) for n in names})
    shapes = {n: a.shape for n, a in batches[0].items()}
    arguments, states = random_parameters(symbol, shapes, rng)
    path = tmp_path / "net.onnx"
    dims = {n: ("N", *shape[1:]) for n, shape in shapes.items()}
    export_model(symbol, [arguments, states], dims, onnx_file_path=path, opset_version=opset)
    assert_valid(path, opset)
    session = Session(path)
    for batch in batches:
        (actual,) = session(batch)
        (expected,) = run_symbol(symbol, arguments, states, batch)
        assert actual.shape == expected.shape
        found = expected[..., 0] >= 0
        assert found.any() and not found.all()
        np.testing.assert_allclose(actual, expected, 1e-3, 1e-4)
