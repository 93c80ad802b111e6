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
"""Export rows of the joining family."""

from export_cases import case, checks, data

X = data(2, 3, 4)

test_joining = checks([
    case("Concat", X, data(2, 5, 4), num_args=2),
    case("Concat", X, X, X, num_args=3, dim=-1),
    case("Concat", X, num_args=1, dim=0),
    *(case("Concat", data(2, 3, 4, dtype=t), data(2, 3, 4, dtype=t), num_args=2, dim=2)
      for t in ("float16", "int8", "int64")),
    *(case("stack", X, X, num_args=2, axis=a) for a in (0, 1, -1)),
    case("SliceChannel", X, num_outputs=3),
    case("SliceChannel", X, num_outputs=2, axis=-1),
    case("SliceChannel", X, num_outputs=3, squeeze_axis=True),
    case("SliceChannel", X, num_outputs=1, axis=0),
    case("SliceChannel", X, num_outputs=3).but(outputs=(1,)),
    case("SliceChannel", data(2, 1, 4, dtype="int32"), num_outputs=1, squeeze_axis=True),
    case("_split_v2", X, indices=(0, 1), axis=1),
    case("_split_v2", X, indices=(0, 1, 3), axis=-1),
    case("_split_v2", X, indices=(0, 1, 2), axis=1, squeeze_axis=True),
    case("_split_v2", X, indices=(0,), axis=1),
    *(case("_split_v2", X, indices=(0,), sections=n, axis=1).but(needs_sizes="known size")
      for n in (3, 2)),
    case("_split_v2", X, indices=(0,), sections=1, axis=1),
    case("_split_v2", X, indices=(), sections=3, axis=1, squeeze_axis=True)
    .but(needs_sizes="known size"),
])  # fmt: skip
