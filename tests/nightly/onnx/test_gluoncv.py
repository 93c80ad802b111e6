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
"""Every network of GluonCV that can be built without downloads; detectors: test_detectors.py."""

import re

import pytest
from mxnet.contrib.onnx.opset import DEFAULT_TARGET_OPSET
from networks import assert_equal_to_mxnet
from running import opsets

gluoncv = pytest.importorskip("gluoncv", reason="GluonCV is not installed")

#: Pattern of names to the shapes of the inputs, without the batch; the first that fits counts.
SHAPES = {
    "c3d_": [(3, 16, 112, 112)],
    "(i3d_|p3d_|r2plus1d_)": [(3, 16, 64, 64)],
    "slowfast_4x16": [(3, 36, 64, 64)],
    "slowfast_8x8": [(3, 40, 64, 64)],
    "slowfast_16x8": [(3, 80, 64, 64)],
    "(cifar_)": [(3, 32, 32)],
    "(simple_pose|mobile_pose)": [(3, 128, 96)],
    "alpha_pose": [(3, 160, 128)],
    "monodepth2.*posenet": [(6, 64, 128)],
    "monodepth2": [(3, 64, 128)],
    "(fcn|psp|deeplab|danet|fastscnn|icnet)_": [(3, 96, 96)],
    "(densenet|googlenet|residualattention|nasnet|squeezenet|vgg16_)": [(3, 224, 224)],
    "inceptionv3": [(3, 299, 299)],
    ".*": [(3, 64, 64)],
}
#: Names, and why they are left out. Those of int8 are in the tests of quantised networks.
LEFT_OUT = {
    ".*_int8": "holds quantised weights, which random numbers do not replace",
    "(ssd_|yolo3_|center_net_|.*rcnn_)": "a detector, see test_detectors.py",
    "resnet.*_gn": "MXNet itself cannot make a symbol of its GroupNorm",
    "siamrpn_": "its exemplar and its search image are not given in one call",
    "i3d_resnet50_v1_custom|slowfast_4x16_resnet50_custom": "always downloads weights",
}
#: One of each architecture: at every opset and looked over with the checker.
ONE_OF_EACH = [
    "alexnet", "alpha_pose_resnet101_v1b_coco", "c3d_kinetics400", "cifar_residualattentionnet56",
    "cifar_resnet20_v1", "cifar_resnet20_v2", "cifar_resnext29_16x64d", "cifar_wideresnet16_10",
    "danet_resnet50_citys", "darknet53", "deeplab_resnest50_ade", "deeplab_resnet50_ade",
    "deeplab_v3b_plus_wideresnet_citys", "densenet121", "dla34", "fastscnn_citys",
    "fcn_resnet50_ade", "googlenet", "hrnet_w18_small_v1_c", "hrnet_w18_small_v1_s",
    "i3d_inceptionv1_kinetics400", "i3d_nl5_resnet50_v1_kinetics400", "i3d_resnet50_v1_kinetics400",
    "icnet_resnet50_citys", "inceptionv1_ucf101", "inceptionv3", "inceptionv3_ucf101",
    "mobile_pose_mobilenet1.0", "mobilenet0.25", "mobilenetv2_0.25", "mobilenetv3_small",
    "monodepth2_resnet18_kitti_mono_640x192", "monodepth2_resnet18_posenet_kitti_mono_640x192",
    "nasnet_4_1056", "p3d_resnet50_kinetics400", "psp_resnet50_ade",
    "r2plus1d_resnet18_kinetics400",
    "residualattentionnet56", "resnest14", "resnet18_v1", "resnet18_v1b", "resnet18_v2",
    "resnet50_v1c", "resnet50_v1d", "resnet50_v1e", "resnet50_v1s", "resnext50_32x4d",
    "se_resnet18_v1", "se_resnet18_v2", "se_resnext50_32x4d", "senet_154", "shufflenet_v1",
    "shufflenet_v2", "simple_pose_resnet18_v1b", "slowfast_4x16_resnet50_kinetics400",
    "squeezenet1.0", "squeezenet1.1", "vgg11", "vgg11_bn", "vgg16_ucf101", "xception",
]  # fmt: skip
#: Networks that take images of any size, and do in ONNX.
ANY_IMAGE = ["resnest14", "resnet18_v1b", "mobilenetv3_small", "simple_pose_resnet18_v1b", "dla34"]


def left_out(name):
    return next((reason for pattern, reason in LEFT_OUT.items() if re.match(pattern, name)), None)


def shapes_of(name):
    return next(shapes for pattern, shapes in SHAPES.items() if re.match(pattern, name))


def builder(name):
    """Makes the network; segmentation at the size of its input."""
    more = {"pretrained": False}
    if shapes_of(name) == [(3, 96, 96)]:
        more.update(crop_size=96, base_size=96)

    def build():
        try:
            return gluoncv.model_zoo.get_model(name, pretrained_base=False, **more)
        except (TypeError, Warning):  # has no base, and does not take the word
            return gluoncv.model_zoo.get_model(name, **more)

    return build


NAMES = [name for name in sorted(gluoncv.model_zoo.get_model_list()) if not left_out(name)]


def test_one_of_each_is_one_of_all():
    assert not set(ONE_OF_EACH) - set(NAMES)


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_one_of_each_architecture(name, tmp_path):
    assert_equal_to_mxnet(name, builder(name), [shapes_of(name)], opsets(), tmp_path)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ONE_OF_EACH])
def test_network(name, tmp_path):
    opset = [DEFAULT_TARGET_OPSET]
    assert_equal_to_mxnet(name, builder(name), [shapes_of(name)], opset, tmp_path, batches=(2,))


@pytest.mark.parametrize("name", ANY_IMAGE)
def test_any_image(name, tmp_path):
    sizes = [[(3, 64, 96)], [(3, 128, 64)]]
    shapes = [("N", 3, "H", "W")]
    assert_equal_to_mxnet(name, builder(name), sizes, opsets(), tmp_path, shapes)
