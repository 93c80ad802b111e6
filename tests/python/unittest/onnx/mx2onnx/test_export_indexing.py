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
"""Export rows of the indexing family."""

from export_cases import case, checks, data, values, weight

X = data(2, 3, 4)
WILD = [[0, 1, 9, -1], [2, 1, 0, -9]]
IMAGE = data(2, 3, 7, 6)

SLICES = [
    *(case("slice_axis", X, axis=a, begin=b, end=e)
      for a, b, e in ((1, 0, 2), (-1, -3, None), (0, 1, 2), (2, 1, -1))),
    case("slice", X, begin=(0, 1), end=(2, 3)),
    case("slice", X, begin=(None, 2, -1), end=(None, None, 0), step=(1, -1, -2)),
    case("slice", X, begin=(None, 0, -3), end=(1, 9, None)),
    case("slice", X, begin=(0, 0, 3), end=(2, 3, None), step=(1, 2, -1)),
    case("slice", data(2, 3, 4, dtype="bool"), begin=(1,), end=(2,)),
    case("slice_like", data(4, 5, 6), X),
    case("slice_like", data(4, 5, 6), data(2, 9, 4), axes=(0, -1)),
    case("slice_like", data(4, 3, 6), X, axes=(1,)),
    case("Crop", IMAGE, data(1, 1, 4, 5), num_args=2),
    case("Crop", IMAGE, data(1, 1, 4, 3), num_args=2, center_crop=True),
    case("Crop", IMAGE, data(1, 1, 4, 3), num_args=2, offset=(1, 2), h_w=(1, 1)),
    case("Crop", IMAGE, num_args=1, h_w=(4, 3), offset=(2, 1)),
    case("Crop", IMAGE, num_args=1, h_w=(4, 3), center_crop=True, offset=(1, 1)),
    case("Crop", IMAGE, data(1, 1, 7, 6), num_args=2),
]  # fmt: skip

ENTRIES = [
    *(case("take", X, values(WILD, t), mode=m, axis=a)
      for t in ("float32", "int32", "int64") for m, a in (("clip", 0), ("wrap", 1))),
    case("take", X, values([-0.5, 1.7, 5], "float64"), axis=-1),
    case("take", weight(5, 3, 2), values(WILD, "float16")),
    case("take", X, values([[1, 0]], "int64"), axis=-1, mode="raise"),
    case("take", data(2, 3, 4, dtype="bool"), values([1], "int32")),
    *(case("Embedding", values(WILD, t), weight(3, 5), input_dim=3, output_dim=5)
      for t in ("float32", "int32", "int64")),
    case("Embedding", values([WILD]), weight(3, 5), input_dim=3, output_dim=5),
    case("Embedding", values(WILD, "int8"), weight(3, 5, dtype="float16"), input_dim=3,
         output_dim=5, dtype="float16"),
    *(case("pick", X, values(WILD, t), axis=1, mode=m)
      for t in ("float32", "int32") for m in ("clip", "wrap")),
    case("pick", X, values([[0, 9, 2], [-1, 3, 0]]), keepdims=True),
    case("pick", X, values([[[0, 9, 2, 1]], [[-1, 3, 0, 0]]]), axis=1),
    case("pick", data(5), values([3]), axis=0),
    case("pick", X, values([1]), axis=None).but(refused="axis=None"),
    case("batch_take", data(2, 3), values([9, 1], "int32")),
    *(case("one_hot", values([WILD], t), depth=3) for t in ("float32", "int32")),
    *(case("one_hot", values(WILD, "int64"), depth=4, on_value=2.5, off_value=-1, dtype=t)
      for t in ("float64", "int32", "int8")),
    case("one_hot", values(WILD), depth=4, dtype="bfloat16").but(refused="bfloat16"),
    case("gather_nd", X, values([[1, 0], [2, -1], [3, 0]], "int64", fixed=(0,))),
    case("gather_nd", X, values([[[1, 0, 1]], [[2, 1, 0]]], fixed=(0,))),
    case("gather_nd", data(2, 3, 4, dtype="bool"), values([[1, 0]], "int32")).but(
        needs_sizes="coordinates, must be known"),
    case("scatter_nd", data(2, 4), values([[1, 0], [2, 1]], "int64"), shape=(2, 3, 4)),
    case("scatter_nd", data(2, 4, 5), values([[1, 0], [2, 1]]), shape=(2, 3, 4, 5)),
    case("scatter_nd", data(2), values([[1, 0], [2, 1], [0, 3]]), shape=(2, 3, 4)),
    *(case("where", data(2, 3, 4, dtype=t, low=0, high=1), X, data(2, 3, 4))
      for t in ("float32", "int32")),
    case("where", values([0, 3]), X, data(2, 3, 4)),
    case("where", values([0, -3]), data(2, 3, 4, dtype="int8"), data(2, 3, 4, dtype="int8")),
]  # fmt: skip

NUMBERS = ("float32", "float16", "float64", "int8", "uint8", "int32", "int64")
INTO = ("float32", "float64", "int8", "uint8", "int32", "int64")
SPARSE = [[[0, 1], [2, 0]], [[0, 0], [3, 4]]]
NUMPY = [
    *(case(f"_npi_where_{n}scalar", data(2, 3, 4, dtype=c, low=0, high=1), data(1, 3, 4, dtype=t),
           scalar=1.5)
      for n in "lr" for c in ("bool", "float32", "int32") for t in (*NUMBERS, "bool")),
    *(case("_npi_where_scalar2", data(2, 3, 4, dtype=c, low=0, high=1), x=1.5, y=-2)
      for c in ("bool", "float32", "int32")),
    *(case("_ravel_multi_index", values([[0, 1, 1], [2, 0, 1], [3, 3, 0]], t), shape=(2, 3, 4))
      for t in INTO),
    case("_ravel_multi_index", values([[0, 1, 1], [2, 0, 1]]), shape=(-1, 4)),
    case("_ravel_multi_index", data(2, 3, 4), shape=(3, 4)).but(refused="a matrix"),
    *(case("_unravel_index", values([0, 23, 7, 11], t), shape=(2, 3, 4)) for t in INTO),
    *(case("_unravel_index", values([0, 23, 7], "int64"), shape=s) for s in ((50,), (-1, 5))),
    case("_unravel_index", data(2, 3), shape=(3, 4)).but(refused="a vector"),
    *(case("_contrib_index_array", data(2, 3, 4), axes=a) for a in (None, (1,), (-1, 0))),
    case("_contrib_index_array", data(3)),
    *(case("_npx_nonzero", values(SPARSE, t)).but(how="eager") for t in (*NUMBERS, "bool")),
    *(case("_contrib_boolean_mask", x, values([1, 0, 3], t)).but(how="eager")
      for x in (data(3, 4), data(3), data(3, 2, 2, dtype="int64")) for t in ("float32", "int32")),
    case("_contrib_boolean_mask", data(3, 4), data(4), axis=1).but(refused="axis 1"),
]  # fmt: skip

test_indexing = checks([*NUMPY, *SLICES, *ENTRIES])
