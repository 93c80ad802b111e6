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

"""Export rows of the proposals family."""

import numpy as np
from export_cases import case, checks, data, values

SMALL = {"scales": (2, 4), "ratios": (0.5, 1), "feature_stride": 8, "rpn_min_size": 4}


def propose(op_type, batch, height=6, width=5, info=None, **attrs):
    """A call with scores that differ, by default on images that fill the batch."""
    attrs = {**SMALL, **attrs}
    count = len(attrs["scales"]) * len(attrs["ratios"])
    rng = np.random.default_rng(2)
    shape = (batch, 2 * count, height, width)
    scores = rng.permutation(int(np.prod(shape))).reshape(shape) / np.prod(shape)
    full = [[height * 8, width * 8, 1]] * batch
    return case(
        op_type,
        values(scores, fixed=(1,)),
        data(batch, 4 * count, height, width, low=-0.7, high=0.7, fixed=(1,)),
        values(info or full, fixed=(1,)),
        **attrs,
    )


MODES = ({}, {"rpn_post_nms_top_n": 9}, {"rpn_pre_nms_top_n": 20, "rpn_post_nms_top_n": 30},
         {"rpn_pre_nms_top_n": -1, "threshold": 0.3, "output_score": True},
         {"rpn_min_size": 30, "output_score": True, "rpn_post_nms_top_n": 100},
         {"iou_loss": True, "rpn_post_nms_top_n": 20},
         {"scales": (8, 16, 3.5), "ratios": (0.4, 1, 2.3)})  # fmt: skip

CALLS = [
    *(propose("_contrib_Proposal", 1, **mode) for mode in MODES),
    *(propose("_contrib_MultiProposal", 2, **mode) for mode in MODES),
    propose("_contrib_MultiProposal", 2, info=[[40, 33, 1.5], [48, 20, 0.7]], output_score=True),
    propose("_contrib_MultiProposal", 1, scales=(2,)),
]  # fmt: skip

test_proposals = checks([*CALLS])
