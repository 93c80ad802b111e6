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
"""Export rows of the shape family."""

from export_cases import case, checks, data

X = data(2, 3, 4, 5)
DTYPES = ("float32", "float16", "int8", "int64", "bool")
RESHAPES = [
    (6, 20), (0, -1), (-1,), (0, 0, 20), (2, 0, -1), (-3, 0, 0), (0, -3, -1), (-2, 1, 1),
    (-3, -3), (0, -4, -1, 3, -2), (0, 0, -4, 2, -1, 0), (-4, 1, 2, -2), (0, -2), (-4, 1, 2, -3, -2),
    (0, -3, -4, 5, 1),
]  # fmt: skip
REVERSED = [(-3, 0, 0), (6, -1, 0), (-1, 0, 0), (0, -3, -1), (24, 0), (0, 0, -1, 0)]

RESHAPE = [
    *(case("Reshape", X, shape=s) for s in RESHAPES),
    *(case("Reshape", X, shape=s, reverse=True) for s in REVERSED),
    *(case("Reshape", data(2, 3, 4, dtype=t), shape=(-3, 0)) for t in DTYPES),
    *(case("Reshape", X, target_shape=s) for s in ((6, 20), (0, 20), (2, 0))),
    case("Reshape", X, target_shape=(7, 0), keep_highest=True),
    case("Reshape", X, target_shape=(0, 0, 5)).but(refused="more than one size"),
    *(case("Flatten", data(*s)) for s in ((2, 3, 4), (2, 3), (2,))),
    case("reshape_like", X, data(6, 20)),
    case("reshape_like", X, data(6, 7), lhs_begin=0, lhs_end=2, rhs_begin=0, rhs_end=1),
    case("reshape_like", X, data(9, 20), lhs_begin=-2, rhs_begin=-1),
    case("reshape_like", X, data(6, 7), lhs_end=-2, rhs_end=-1),
    case("squeeze", data(1, 3, 1), axis=(0, -1)),
    case("squeeze", data(1, 3, 1), axis=0),
    case("squeeze", data(1, 3, 1)).but(needs_sizes="name the axes"),
    case("squeeze", data(2, 3, 4)).but(needs_sizes="name the axes"),
    case("squeeze", data(1, 1, 1), axis=(0, 1, 2)),
    *(case("expand_dims", X, axis=a) for a in (0, 2, -1)),
    case("shape_array", X),
    case("size_array", X),
]  # fmt: skip

ORDER = [
    case("transpose", X),
    case("transpose", X, axes=(0, 2, 3, 1)),
    *(case("transpose", data(2, 3, 4, dtype=t), axes=(2, 0, 1)) for t in ("int8", "int64")),
    case("SwapAxis", X, dim1=1, dim2=3),
    case("SwapAxis", X, dim1=0, dim2=-1),
    case("reverse", X, axis=(1,)),
    case("reverse", X, axis=(0, 2)),
    case("depth_to_space", data(2, 8, 3, 2), block_size=2),
    case("space_to_depth", data(2, 2, 6, 4), block_size=2),
    *(case(n, data(1, 4, 2, 2, dtype="int32"), block_size=2).but(runtime="reference")
      for n in ("depth_to_space", "space_to_depth")),
]  # fmt: skip

REPETITION = [
    *(case("tile", data(2, 3, 4), reps=r) for r in ((2,), (2, 1, 3), (2, 1, 1, 2), ())),
    case("tile", data(2, 3, dtype="bool"), reps=(2, 2)),
    *(case("repeat", data(2, 3, 4), repeats=2, axis=a) for a in (0, 1, -1)),
    case("repeat", data(2, 3, 4), repeats=3),
    case("repeat", data(2, 3, 4, fixed=(1, 2)), repeats=3, axis=0),
    case("broadcast_axis", data(2, 1, 4, 1), axis=(1, 3), size=(3, 5)),
    case("broadcast_to", data(2, 1, 4), shape=(0, 3, 0)),
    case("broadcast_to", data(1, 3, 1, dtype="int32"), shape=(2, 3, 4)),
    case("broadcast_like", data(2, 1, 4), data(2, 3, 4)),
    case("broadcast_like", data(2, 1, 1), data(5, 3, 4), lhs_axes=(1, 2), rhs_axes=(0, -1)),
    *(case("Pad", X, mode=m, pad_width=(0, 0, 0, 0, 1, 2, 3, 0))
      for m in ("constant", "edge", "reflect")),
    case("Pad", X, mode="constant", pad_width=(0, 0, 0, 0, 1, 2, 3, 0), constant_value=-1.5),
    case("Pad", data(1, 2, 3, 4, 5), mode="edge", pad_width=(0, 0, 0, 0, 1, 0, 0, 2, 1, 1)),
    case("Pad", data(1, 2, 3, 4, dtype="float64"), mode="constant",
         pad_width=(0, 0, 0, 0, 1, 0, 0, 2), constant_value=2),
]  # fmt: skip

NUMBERS = ("float32", "float16", "float64", "int8", "uint8", "int32", "int64")
NUMPY = [
    *(case("_npi_broadcast_to", data(1, 3, 1, dtype=t), shape=(2, -2, 4))
      for t in (*NUMBERS, "bool")),
    case("_npi_broadcast_to", data(3), shape=(2, 4, 3)),
    case("_npi_broadcast_to", data(2, 3, 4), shape=(5, 2, 3, 4)),
    *(case("_np_roll", data(2, 3, 4), shift=s, axis=a)
      for s, a in [((1,), None), ((-5,), None), ((2,), (1,)), ((-1,), (-1,)), ((1, 2), (0, 2)),
                   ((1,), (0, 1)), ((7,), (1,))]),
    *(case("_np_roll", data(2, 3, 4, dtype=t), shift=1, axis=1) for t in NUMBERS),
    *(case("_npi_rot90", data(2, 3, 4), k=k, axes=a)
      for k in (0, 1, 2, 3, -1, 5) for a in [(0, 1), (1, 2), (2, 0), (-1, 0)]),
    *(case("_npi_rot90", data(2, 3, 4, dtype=t), k=1, axes=(0, 1)) for t in NUMBERS),
]  # fmt: skip

test_shape = checks([*NUMPY, *RESHAPE, *ORDER, *REPETITION])
