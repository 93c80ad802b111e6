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

"""Export rows of the sampling family."""

from export_cases import case, checks, data, weight

X = data(2, 3, 6, 5)
GRID = data(2, 2, 4, 7, low=-1.3, high=1.3, fixed=(1,))

SAMPLING = [
    case("BilinearSampler", X, GRID),
    case("BilinearSampler", data(2, 1, 1, 5), GRID),
    case("BilinearSampler", data(2, 3, 6, 5, dtype="float64"),
         data(2, 2, 4, 7, low=-1.3, high=1.3, dtype="float64")),
    case("GridGenerator", data(2, 6, fixed=(1,)), transform_type="affine", target_shape=(4, 7))
    .but(outputs=(0,)),
    case("GridGenerator", data(2, 2, 4, 7, fixed=(1,)), transform_type="warp").but(outputs=(0,)),
    case("GridGenerator", data(2, 6), transform_type="affine", target_shape=(1, 7))
    .but(refused="two sides"),
    *(case("SpatialTransformer", data(2, 3, 6, 5, dtype=t), data(2, 6, fixed=(1,), dtype=t),
           transform_type="affine", sampler_type="bilinear", target_shape=(4, 7))
      .but(outputs=(0,)) for t in ("float32", "float64")),
]  # fmt: skip


def deformable(x=None, groups=1, num_group=1, kernel=(3, 2), filters=4, grid=(4, 4), bias=False,
               modulated=False, dtype="float32", **attrs):  # fmt: skip
    x = x or data(2, 4, 6, 5, fixed=(1,), dtype=dtype)
    cells = kernel[0] * kernel[1]
    inputs = [x, data(2, 2 * cells * groups, *grid, fixed=(1,), dtype=dtype)]
    if modulated:
        inputs.append(data(2, cells * groups, *grid, low=0, high=1, fixed=(1,), dtype=dtype))
    inputs.append(weight(filters, x.shape[1] // num_group, *kernel, dtype=dtype))
    if bias:
        inputs.append(weight(filters, dtype=dtype))
    name = "Modulated" if modulated else ""
    return case(f"_contrib_{name}DeformableConvolution", *inputs, kernel=kernel,
                num_filter=filters, num_group=num_group, num_deformable_group=groups,
                no_bias=not bias, **attrs)  # fmt: skip


BOTH = [
    {}, {"bias": True}, {"groups": 2}, {"num_group": 2, "groups": 4, "bias": True},
    {"pad": (1, 1), "stride": (2, 1), "grid": (3, 6)},
    {"dilate": (2, 3), "pad": (2, 1), "grid": (6, 4), "groups": 2},
    {"kernel": (1, 1), "grid": (6, 5)}, {"dtype": "float64", "bias": True},
]  # fmt: skip

DEFORMABLE = [deformable(**m, modulated=k) for m in BOTH for k in (False, True)]

test_sampling = checks([*SAMPLING, *DEFORMABLE])
