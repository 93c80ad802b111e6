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
"""Export rows of the image family."""

from export_cases import case, checks, data, weight

X = data(2, 3, 5, 4)
EVEN = data(2, 3, 6, 7)


def nearest(*inputs, **attrs):
    return case("UpSampling", *inputs, sample_type="nearest", num_args=len(inputs), **attrs)


def bilinear(scale):
    kernel = 2 * scale - scale % 2
    return case("UpSampling", X, weight(3, 1, kernel, kernel), scale=scale, num_filter=3,
                sample_type="bilinear", num_args=2)  # fmt: skip


def resize(*inputs, **attrs):
    return [case("_contrib_BilinearResize2D", *inputs, align_corners=a, **attrs)
            for a in (True, False)]  # fmt: skip


test_image = checks([
    nearest(X, scale=1),
    nearest(X, scale=2),
    nearest(X, scale=3),
    nearest(data(2, 3, 5, 4, dtype="float16"), scale=2),
    nearest(data(2, 3, 4, 6), data(2, 2, 8, 12), data(2, 1, 2, 3), scale=2),
    nearest(data(2, 3, 4, 6), data(2, 3, 2, 3), scale=2, multi_input_mode="sum"),
    *(bilinear(scale) for scale in (2, 3, 4)),
    *resize(X, height=8, width=9),
    *resize(X, height=3, width=2),
    *resize(X, height=1, width=1),
    *resize(X, height=5, width=4),
    *resize(X, scale_height=1.5, scale_width=2.3),
    *resize(X, data(1, 1, 7, 9), mode="like"),
    *resize(X, mode="odd_scale", scale_height=2.5, scale_width=0.6),
    *(case("_contrib_BilinearResize2D", x, mode=m) for x in (X, EVEN)
      for m in ("to_even_down", "to_even_up", "to_odd_down", "to_odd_up")),
    case("_contrib_BilinearResize2D", X, scale_height=2).but(refused="or neither"),
])  # fmt: skip
