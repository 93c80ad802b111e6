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
"""Export rows of the placing family. MXNet writes by mask only into its input."""

from export_cases import case, checks, data, values

NUMBERS = ("float32", "float16", "float64", "int8", "uint8", "int32", "int64")
PLACES = values([[0, 3, 2], [1, 4, 0]], "int64")
MASK = values([[1, 0, 1], [0, 1, 0]], "bool")
VECTOR_MASK = values([1, 0, 1], "bool")
WIDE = data(2, 5, 3)

SLICES = [
    *(case("_slice_assign", data(4, 5, 6, dtype=t), data(2, 3, 6, dtype=t), begin=(1, 0),
           end=(3, 5), step=(1, 2)) for t in NUMBERS),
    case("_slice_assign", data(4, 5, 6), data(3, 5, 2), begin=(None, None, 5), end=(-1, None, 1),
         step=(1, 1, -2)),
    *(case("_slice_assign_scalar", data(4, 5, 6, dtype=t), begin=(1, 0), end=(3, 5), step=(1, 2),
           scalar=2.5) for t in NUMBERS),
]  # fmt: skip
INDICES = [
    *(case("_scatter_set_nd", data(4, 5, 6, dtype=t), data(3, 6, dtype=t), PLACES, shape=(4, 5, 6))
      .but(how="in place") for t in NUMBERS),
    *(case("_contrib_index_copy", data(4, 5, 6, dtype=t), values([3, 1], i), data(2, 5, 6, dtype=t))
      for t in NUMBERS for i in ("int64", "int32", "float32")),
]  # fmt: skip
MASKS = [
    *(case("_npi_boolean_mask_assign_scalar", data(2, 3, 4, dtype=t), data(*s, dtype="bool"),
           start_axis=a, value=2.5).but(how="in place")
      for t in NUMBERS
      for s, a in [((2, 3, 4), 0), ((2, 3), 0), ((3,), 1), ((3, 4), 1), ((4,), 2)]),
    *(case("_npi_boolean_mask_assign_tensor", data(2, 3, 4, dtype=t), MASK, data(n, 4, dtype=t),
           start_axis=0).but(how="in place") for t in NUMBERS for n in (3, 1)),
    *(case("_npi_boolean_mask_assign_tensor", data(2, 3, 4), VECTOR_MASK, data(2, n, 4),
           start_axis=1).but(how="in place") for n in (2, 1)),
]  # fmt: skip
LEFT_OUT = [
    *(case("_npi_delete", data(5, 4, 3, fixed=(0,)), axis=0, **k)
      for k in ({"int_ind": 2}, {"int_ind": -1}, {"start": 1, "stop": 4, "step": 2},
                {"start": -1, "stop": 1, "step": -1})),
    case("_npi_delete", data(2, 4, 3, fixed=True), int_ind=5),
    case("_npi_delete", data(2, 4, 3), int_ind=1, axis=1).but(needs_sizes="known size of axis 1"),
    *(case("_npi_delete", data(2, 4, 3, dtype=t, fixed=(1,)), int_ind=1, axis=1) for t in NUMBERS),
    *(case("_npi_delete", data(2, 3, 4), values(i, "int64"), axis=2).but(how="eager")
      for i in ([1, 2], [1, 0, 1])),
    case("_npi_delete", data(2, 3, 4), values([1, 5], "int64")).but(how="eager"),
    *(case("_npi_delete", data(2, 3, 4, dtype=t), values([1], "int64"), axis=1).but(how="eager")
      for t in NUMBERS),
]  # fmt: skip
BETWEEN = [
    *(case("_npi_insert_scalar", data(5, dtype=t, fixed=True), axis=a, val=2.5, int_ind=k)
      .but(how="eager") for k in (1, -1, 0) for a in (0, None) for t in NUMBERS),
    *(case("_npi_insert_scalar", data(2, 4, 3, fixed=(a,)), data(*s), axis=a, int_ind=1)
      for a, s in [(1, (2, 3)), (0, (4, 3)), (2, (2, 4)), (1, (5, 1, 3)), (1, (3,)),
                   (2, (3, 2, 4))]),
    case("_npi_insert_scalar", data(2, 4, fixed=True), data(3, fixed=True), int_ind=1),
    case("_npi_insert_slice", data(2, 5, 3, fixed=(1,)), data(2, 3, 3), axis=1, start=0, stop=5,
         step=2),
    case("_npi_insert_slice", WIDE, axis=1, start=0, stop=5, step=2, val=7).but(refused="val=7"),
    *(case("_npi_insert_slice", data(2, 5, 3, fixed=(1,)), data(2, 1, 3), axis=1, start=b, stop=e,
           step=s) for b, e, s in [(None, None, -1), (4, 0, -2), (1, 3, 1), (1, 2, 1)]),
    *(case("_npi_insert_tensor", WIDE, data(2, 3, 3), values(i, "int64"), axis=1)
      for i in ([4, 1, 1], [0, 5, 2], [-1, -1, 3])),
    case("_npi_insert_tensor", WIDE, values([1], "int64"), axis=1, val=7).but(refused="val=7"),
    case("_npi_insert_tensor", WIDE, data(2, 3, 3), values([2], "int64", fixed=True), axis=1),
]  # fmt: skip

test_placing = checks([*SLICES, *INDICES, *MASKS, *LEFT_OUT, *BETWEEN])
