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

from export_cases import OPSETS, case, checks, data, values

#: Regions within the image, across its edge, turned around, of one pixel, and halves to round.
REGIONS = [[0, 1, 2, 9, 7], [1, -3, -2, 30, 20], [0, 8, 6, 2, 1], [1, 4, 4, 4, 4],
           [0, 2.5, 1.5, 7.5, 8.5]]  # fmt: skip

test_detection = checks([
    case("ROIPooling", data(2, 3, 9, 11), values(REGIONS), pooled_size=s,
         spatial_scale=f).but(opsets=OPSETS[:2])
    for s, f in (((2, 3), 1), ((7, 7), 0.5), ((1, 1), 0.3))
])  # fmt: skip
