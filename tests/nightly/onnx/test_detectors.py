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

"""Detectors of GluonCV, exported with their suppression, against themselves."""

import numpy as np
import pytest
from mxnet.contrib.onnx import export_model
from running import Session, assert_valid, opsets, seed_of

gluoncv = pytest.importorskip("gluoncv", reason="GluonCV is not installed")

#: Name, side of the image, and whether the network takes batches of any size.
DETECTORS = [
    ("ssd_300_vgg16_atrous_voc", 300, True),
    ("ssd_512_resnet50_v1_voc", 512, True),
    ("yolo3_darknet53_voc", 128, True),
    ("yolo3_mobilenet1.0_voc", 128, True),
    ("center_net_resnet18_v1b_voc", 128, True),
    ("center_net_resnet18_v1b_dcnv2_voc", 128, True),
    ("faster_rcnn_resnet50_v1b_voc", 160, False),
    ("faster_rcnn_fpn_resnet50_v1b_coco", 160, False),
    ("mask_rcnn_resnet18_v1b_coco", 160, False),
    ("mask_rcnn_fpn_resnet50_v1b_coco", 160, False),
]
#: Weights whose results are scores: small ones keep scores from running into 0 and 1, and ties.
SCORES = ("dense", "rpn", "predictor", "mask")


def detector(name, side, rng):
    """The network with random weights and statistics; constants such as anchors stay."""
    import mxnet as mx

    net = gluoncv.model_zoo.get_model(name, pretrained=False, pretrained_base=False)
    net.initialize()
    if "rcnn" in name:  # fewer proposals than 300 a picture keep the test short
        net._rpn_test_post_nms = net.rpn._test_post_nms = 60
    net(mx.nd.array(rng.random((1, 3, side, side))))
    for parameter in net.collect_params().values():
        array = _random(parameter.name, parameter.shape, rng)
        if array is not None:
            parameter.set_data(mx.nd.array(array))
    return net


def _random(name, shape, rng):
    kind = name.rsplit("_", 1)[-1]
    if kind == "gamma":
        array = rng.uniform(0.7, 1.3, shape)
    elif kind == "var":
        array = rng.uniform(0.5, 1.5, shape)
    elif kind in ("beta", "mean", "bias"):
        array = 0.1 * rng.normal(size=shape)
    elif kind == "weight":
        array = rng.normal(size=shape) / np.sqrt(max(1, np.prod(shape[1:])))
    else:
        return None
    return 0.2 * array if any(part in name for part in SCORES) else array


@pytest.fixture(autouse=True)
def defined_regions(monkeypatch):
    """Regions of image -1 are 0, as on GPUs: on CPUs MXNet sums what was in memory into them."""
    import mxnet as mx

    align = mx.nd.contrib.ROIAlign

    def defined(data, rois, *args, **kwargs):
        features = align(data, rois, *args, **kwargs)
        return mx.nd.where(rois[:, 0] < 0, mx.nd.zeros_like(features), features)

    monkeypatch.setattr(mx.nd.contrib, "ROIAlign", defined)


def ids_scores_boxes(net, array):
    import mxnet as mx

    return [output.asnumpy() for output in net(mx.nd.array(array))]


def rows_apart(scores):
    """Rows (B, N) whose scores are not so near their neighbours' that rounding orders them."""
    scores = scores.reshape(len(scores), -1)
    near = np.abs(np.diff(scores, axis=1)) < 1e-5
    near &= scores[:, 1:] >= 0  # padding is alike
    clear = np.ones_like(scores, bool)
    clear[:, 1:] &= ~near
    clear[:, :-1] &= ~near
    return clear


@pytest.mark.parametrize("name, side, any_batch", DETECTORS)
def test_detector(name, side, any_batch, tmp_path):
    rng = np.random.default_rng(seed_of(name))
    net = detector(name, side, rng)
    batches = [rng.random((n, 3, side, side), np.float32) for n in ((1, 2) if any_batch else (1,))]
    expected = [ids_scores_boxes(net, batch) for batch in batches]
    path = tmp_path / "detector.onnx"
    for opset in opsets():
        shape = ("N" if any_batch else 1, 3, side, side)
        export_model(net, None, [shape], np.float32, path, opset_version=opset)
        assert_valid(path, opset)
        session = Session(path)
        for batch, wanted in zip(batches, expected):
            clear = rows_apart(wanted[1])
            assert clear.mean() > 0.2
            for actual, array in zip(session([batch]), wanted):
                assert actual.shape == array.shape and actual.dtype == array.dtype
                np.testing.assert_allclose(actual[clear], array[clear], 1e-3, 1e-3)
