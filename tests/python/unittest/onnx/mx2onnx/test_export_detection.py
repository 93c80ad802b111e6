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

"""Export rows of the detection family."""

import numpy as np
from export_cases import case, checks, data, values


def prior(x=None, **attrs):
    return case("_contrib_MultiBoxPrior", x or data(2, 3, 5, 4), **attrs)


MULTI_BOX_PRIOR = [
    prior(), prior(sizes=(0.3, 0.9, 1.2), ratios=(1, 2, 0.5), clip=True),
    prior(ratios=(3, 0.3), steps=(0.1, 0.2), offsets=(0.3, 0.7)), prior(data(1, 1, 1, 1)),
]  # fmt: skip


def found(batch, classes, anchors, seed=3):
    """Inputs with scores that differ."""
    rng = np.random.default_rng(seed)
    scores = rng.permutation(batch * classes * anchors).reshape(batch, classes, anchors)
    begin, sides = rng.uniform(0, 0.8, (anchors, 2)), rng.uniform(0.1, 0.4, (anchors, 2))
    corners = np.concatenate([begin, begin + sides], axis=1)
    return (
        values(scores / scores.size),
        data(batch, anchors * 4),
        values(corners[np.newaxis], fixed=(-1,)),
    )


def detect(inputs=None, **attrs):
    return case("_contrib_MultiBoxDetection", *(inputs or found(2, 4, 15)), **attrs)


MODES = ({}, {"threshold": 0.8}, {"nms_topk": 4}, {"nms_topk": 4, "threshold": 0.8},
         {"nms_topk": 400}, {"force_suppress": True, "nms_threshold": 0.2}, {"clip": False},
         {"variances": (0.1, 0.3, 0.2, 0.4)}, {"threshold": 2}, {"threshold": -1},
         {"nms_threshold": 0}, {"nms_threshold": 2, "threshold": 0.7}, {"nms_threshold": 1},
         {"background_id": 2})  # fmt: skip

MULTI_BOX_DETECTION = [
    *(detect(**mode) for mode in MODES), detect(found(1, 2, 9)),
    detect((values(np.full((1, 2, 3), -2.0)), *found(1, 2, 3)[1:]), threshold=-3),
    detect(variances=(0.1, 0.1)).but(refused="variances"),
]  # fmt: skip

test_detection = checks([*MULTI_BOX_PRIOR, *MULTI_BOX_DETECTION])
