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

"""Export rows of the regions family."""

import numpy as np
import pytest
from export_cases import OPSETS, case, checks, data, values
from running import Session

REGIONS = [[0, 1, 2, 9, 7], [1, -3, -2, 30, 20], [0, 8, 6, 2, 1], [1, 4, 4, 4, 4],
           [0, 2.5, 1.5, 7.5, 8.5]]  # fmt: skip
SIZES = {"needs_sizes": "known image sizes"}
X = data(2, 3, 9, 11, fixed=(1,))


def regions(array=REGIONS, dtype="float32"):
    return values(array, dtype, fixed=(1,))


ROI_POOLING = [
    *(case("ROIPooling", x, regions(dtype=x.dtype), pooled_size=s, spatial_scale=f)
      .but(opsets=o, **n)
      for s, f in (((2, 3), 1), ((7, 7), 0.5), ((1, 1), 0.3), ((3, 2), 0.9))
      for o, n in (((11, 17), {}), ((28,), SIZES))
      for x in (data(2, 3, 9, 11), data(2, 3, 9, 11, dtype="float16"))),
    *(case("ROIPooling", data(2, 3, 9, 11), regions([[-1, 1, 2, 9, 7], [2, 1, 2, 9, 7]]),
           pooled_size=(2, 3), spatial_scale=1).but(opsets=o, **n)
      for o, n in (((11, 17), {}), ((28,), SIZES))),
    case("ROIPooling", data(2, 3, 9, 11, dtype="float64"), regions(dtype="float64"),
         pooled_size=(2, 3), spatial_scale=0.7),
    case("ROIPooling", data(2, 3, 1, 16), regions(), pooled_size=(2, 3), spatial_scale=0.7)
    .but(opsets=(28,), **SIZES),
]  # fmt: skip

INSIDE = [[0, 1, 2, 9, 7], [1, -3, -2, 30, 20], [0, 2, 1, 8, 6], [1, 4, 4, 4.5, 4.7],
          [0, 2.5, 1.5, 7.5, 8.5]]  # fmt: skip


def align(x=X, rois=REGIONS, **attrs):
    rois = INSIDE if attrs.get("aligned") else rois
    return case("_contrib_ROIAlign", x, regions(rois, x.dtype), **attrs)


ROI_ALIGN = [
    *(align(pooled_size=s, spatial_scale=f, sample_ratio=r, aligned=a)
      for s, f in (((2, 3), 1), ((7, 7), 0.5)) for r in (-1, 0, 1, 3) for a in (False, True)),
    *(align(data(2, 12, 9, 11, fixed=(1,)), pooled_size=(2, 3), spatial_scale=0.6,
            sample_ratio=r, aligned=a, position_sensitive=True)
      for r in (-1, 2) for a in (False, True)),
    *(align(data(2, 3, 9, 11, dtype=t), pooled_size=(2, 2), spatial_scale=0.7, sample_ratio=2)
      for t in ("float16", "float64")),
]  # fmt: skip

TURNED = [[0, 5, 4, 6, 3, 30], [1, 2, 7, 12, 20, -75], [0, 10, 0, 1, 0.4, 0], [1, 3, 3, 5, 5, 200]]
ROTATED_ROI_ALIGN = [
    *(case("_contrib_RROIAlign", data(2, 3, 9, 11, fixed=(1,)), values(TURNED, fixed=(1,)),
           pooled_size=s, spatial_scale=f, sampling_ratio=r)
      for s, f in (((2, 3), 1), ((4, 4), 0.5)) for r in (-1, 2)),
    case("_contrib_RROIAlign", data(2, 3, 9, 11, dtype="float64"), values(TURNED, "float64"),
         pooled_size=(2, 2), spatial_scale=0.7),
]  # fmt: skip

POSITION_SENSITIVE = [
    *(case("_contrib_PSROIPooling", data(2, 18, 9, 11, dtype=t, fixed=(1,)), regions(dtype=t),
           output_dim=2, pooled_size=p, group_size=g, spatial_scale=f)
      for p, g, f, t in ((3, 0, 0.7, "float32"), (3, 3, 1, "float32"), (5, 3, 0.3, "float32"),
                         (2, 3, 0.5, "float32"), (3, 3, 0.6, "float64"))),
    *(case("_contrib_DeformablePSROIPooling", data(2, 18, 9, 11, fixed=(1,)), regions(),
           output_dim=2, pooled_size=p, group_size=3, spatial_scale=0.7, no_trans=True,
           sample_per_part=s) for p, s in ((3, 1), (4, 3))),
    *(case("_contrib_DeformablePSROIPooling", data(2, 36, 9, 11, fixed=(1,)), regions(),
           data(5, 2 * c, q or 3, q or 3, low=-0.5, high=0.5, fixed=(1,)), output_dim=4,
           pooled_size=3, group_size=3, spatial_scale=0.7, sample_per_part=2, part_size=q,
           trans_std=0.3)
      for c, q in ((1, 0), (2, 2), (4, 5))),
]  # fmt: skip

test_regions = checks([*ROI_POOLING, *ROI_ALIGN, *ROTATED_ROI_ALIGN, *POSITION_SENSITIVE])


@pytest.mark.parametrize("opset", OPSETS)
def test_regions_of_no_image_are_zero(opset):
    """Networks with features of several levels sum them; MXNet leaves them undefined on CPUs."""
    attrs = {"pooled_size": (2, 3), "spatial_scale": 0.5, "sample_ratio": 2}
    call = align(rois=[[-1, 1, 2, 9, 7], REGIONS[0]], **attrs)
    alone = align(rois=[REGIONS[0]], **attrs)
    alone.__dict__["arrays"] = {**alone.arrays, "i0": call.arrays["i0"]}
    (features,) = Session(call.exported(opset, named=False))(call.arrays)
    assert not features[0].any()
    np.testing.assert_allclose(features[1:], alone.expected[0], 1e-4, 1e-5)
