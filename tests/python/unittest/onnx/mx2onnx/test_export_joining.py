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

ALL = ("float32", "float16", "float64", "int8", "uint8", "int32", "int64", "bool")
STACKED = [
    ("column_stack", [(3,), (3,)]), ("column_stack", [(3, 2), (3,)]),
    ("column_stack", [(3, 2, 4), (3, 5, 4)]), ("hstack", [(3,), (2,)]),
    ("hstack", [(3, 2, 4), (3, 1, 4)]), ("hstack", [(3, 2, 4)]), ("vstack", [(3,), (3,)]),
    ("vstack", [(2, 3), (3,)]), ("vstack", [(2, 3, 4), (3, 3, 4)]), ("dstack", [(3,), (3,)]),
    ("dstack", [(2, 3), (2, 3)]), ("dstack", [(2, 3, 4), (2, 3, 1)]),
]  # fmt: skip
NUMPY = [
    *(case(f"_np_atleast_{k}d", *(data(*s) for s in shapes), num_args=len(shapes))
      for k in (1, 2, 3)
      for shapes in ([(3,)], [(2, 3), (4,)], [(2, 3, 4), (5,)], [(2, 3, 4, 5)])),
    *(case("_np_atleast_3d", data(2, 3, dtype=t), num_args=1) for t in ALL),
    *(case(f"_npi_{n}", *(data(*s) for s in shapes), num_args=len(shapes))
      for n, shapes in STACKED),
    *(case(f"_npi_{n}", data(2, 3, 4, dtype=t), data(2, 3, 4, dtype=t), num_args=2)
      for n in ("column_stack", "hstack", "vstack", "dstack") for t in ALL[:-1]),
    case("_npi_hsplit", data(2, 6, 4, fixed=(1,)), indices=(), sections=3),
    case("_npi_hsplit", data(6, fixed=(0,)), indices=(), sections=3),
    *(case("_npi_hsplit", data(2, 6, 4, dtype=t), indices=(0, 2, 5)) for t in ALL[:-1]),
    case("_npi_dsplit", data(2, 3, 6), axis=2, indices=(0, 2, 5)),
    case("_npi_dsplit", data(2, 3, 6, fixed=(2,)), axis=2, indices=(), sections=2),
]  # fmt: skip

test_joining = checks([
    *NUMPY,
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
