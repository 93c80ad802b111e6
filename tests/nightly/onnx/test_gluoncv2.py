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
"""Every architecture of gluoncv2, at its smallest."""

import re

import pytest
from mxnet.contrib.onnx.opset import DEFAULT_TARGET_OPSET
from networks import assert_equal_to_mxnet
from running import opsets

providers = pytest.importorskip(
    "gluoncv2.model_provider", reason="gluoncv2 is not installed", exc_type=ImportError
)

#: Pattern of names to the shape of the image; the first that fits counts.
SHAPES = {
    ".*_(cifar10|cifar100|svhn)$": (3, 32, 32),
    ".*(_voc|_coco|_ade20k|_cityscapes|_celebamaskhq|_widerface)$": None,
    "(nasnet|pnasnet|inception|xception|polynet|fishnet|irevnet)": (3, 224, 224),
    ".*": (3, 224, 224),
}
#: Dense prediction is made for one size, which the network is told.
DENSE = (3, 480, 480)
#: Names, and why they are left out.
LEFT_OUT = {
    "alphapose_": "gluoncv2 itself cannot build it",
    "efficientnet_edge": "asks its input for its size, which MXNet cannot hybridise",
    "(jasper|quartznet|voca|nvpatt|ibppose|lwopenpose|superpoint|ntsnet|visemenet)": "no image "
    "alone, or more than a symbol goes in or out",
    ".*_(cifar100|svhn|cub)$": "another number of classes alone",
}


def family(name):
    """The name without depths and widths."""
    return re.sub(r"\d+", "#", re.sub(r"_(cifar10|voc|coco|ade20k|cityscapes)$", "", name))


def smallest():
    """The network of the fewest layers, as far as its name says, of each family."""
    families = {}
    for name in sorted(providers._models):
        if not any(re.match(pattern, name) for pattern in LEFT_OUT):
            families.setdefault(family(name), []).append(name)

    def layers(name):
        return sum(map(int, re.findall(r"\d+", name.partition("_")[0]))), len(name), name

    return sorted(min(names, key=layers) for names in families.values())


NAMES = smallest()
#: At every opset, and looked over with the checker.
AT_EVERY_OPSET = re.compile(
    "(alexnet|bagnet9|densenet121|dla34|efficientnet_b0|ghostnet|resnet10)$"
)


@pytest.mark.parametrize("name", NAMES)
def test_network(name, tmp_path):
    shape = next(s for pattern, s in SHAPES.items() if re.match(pattern, name)) or DENSE

    def build():
        if shape == DENSE:
            try:  # some ask their input for its size, which a symbol cannot say, unless told
                return providers.get_model(name, in_size=shape[1:], fixed_size=True)
            except TypeError:
                pass
        return providers.get_model(name)

    wanted = opsets() if AT_EVERY_OPSET.match(name) else [DEFAULT_TARGET_OPSET]
    assert_equal_to_mxnet(name, build, [[shape]], wanted, tmp_path, batches=(2,))
