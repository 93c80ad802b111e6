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

"""Export rows of the windows family."""

from export_cases import case, checks, data

X = data(2, 3, 7, 6)

WINDOWS = [
    {"kernel": (3, 2)}, {"kernel": (3, 3), "stride": (2, 1), "pad": (1, 2)},
    {"kernel": (2, 2), "dilate": (2, 3), "stride": (2, 2), "pad": (1, 1)}, {"kernel": (1, 1)},
]  # fmt: skip
COUNTS = (25, 32, 12, 42)

COLUMNS = [
    *(case("im2col", X, **w) for w in WINDOWS),
    case("im2col", data(2, 3, 7, 6, dtype="float64"), **WINDOWS[1]),
    case("im2col", data(2, 3, 7, 6, dtype="float16"), **WINDOWS[0]),
    *(case("col2im", data(2, 3 * w["kernel"][0] * w["kernel"][1], n, fixed=(1, 2)),
           output_size=(7, 6), **w) for w, n in zip(WINDOWS, COUNTS)),
]  # fmt: skip

IMAGES = data(2, 3, 8, 9), data(2, 3, 8, 9)

CORRELATION = [
    *(case("Correlation", *IMAGES, **attrs).but(outputs=(0,)) for attrs in (
        {}, {"max_displacement": 2, "pad_size": 2}, {"kernel_size": 3, "pad_size": 2},
        {"max_displacement": 3, "stride2": 2, "pad_size": 3, "is_multiply": False},
        {"kernel_size": 3, "stride1": 2, "pad_size": 3, "max_displacement": 2},
        {"stride1": 3, "pad_size": 1})),
    case("Correlation", *IMAGES, kernel_size=2).but(refused="even"),
]  # fmt: skip

test_windows = checks([*COLUMNS, *CORRELATION])
