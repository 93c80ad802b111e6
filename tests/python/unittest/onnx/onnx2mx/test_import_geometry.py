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
"""Import rows: images read at places that are computed."""

import itertools

import numpy as np
import pytest
from gradients import check_gradients
from import_cases import case, check, uniform

_IMAGE, _GRID = uniform(-1, 1, 2, 3, 4, 5), uniform(-2.5, 2.5, 2, 6, 7, 2)
_CUBE, _PLACES = uniform(-1, 1, 2, 2, 3, 4, 5), uniform(-2, 2, 2, 2, 3, 4, 3)
OLD = {"linear": "bilinear", "cubic": "bicubic", "nearest": "nearest"}
CASES = [
    case(16, "y = GridSample (x, g)", x=_IMAGE, g=_GRID),
    case(22, "y = GridSample (x, g)", x=_IMAGE, g=_GRID, as_opset=20, dynamic=(3, 4, 5, 6, 7)),
    case(20, "y = GridSample (x, g)", x=uniform(-1, 1, 2, 3, 5), g=uniform(-2, 2, 2, 6, 1),
         expected="reference"),
    case(20, "y = GridSample (x, g)", x=_IMAGE, g=uniform(-2, 2, 2, 6, 7, 2, dtype="float64"),
         expected="reference", tolerance=(1e-5, 1e-6)),
    case(20, "y = GridSample (x, g)", x=_IMAGE, g=uniform(-2, 2, 2, 6, 7, 3), refused="grid"),
    case(20, 'y = GridSample <mode="lanczos"> (x, g)', x=_IMAGE, g=_GRID, refused="lanczos"),
]  # fmt: skip
for _mode, _padding, _corners in itertools.product(
    ("linear", "nearest", "cubic"), ("zeros", "border", "reflection"), (0, 1)
):
    _how = f'padding_mode="{_padding}", align_corners={_corners}'
    CASES += [
        case(20, f'y = GridSample <mode="{_mode}", {_how}> (x, g)', x=_IMAGE, g=_GRID),
        case(16, f'y = GridSample <mode="{OLD[_mode]}", {_how}> (x, g)', x=_IMAGE, g=_GRID),
    ]
    if _mode != "cubic":  # of which ONNX Runtime has images only
        text = f'y = GridSample <mode="{_mode}", {_how}> (x, g)'
        CASES += [case(20, text, x=_CUBE, g=_PLACES)]
    elif _padding != "border":  # whose places the reference cuts off first, unlike ONNX Runtime
        text = f'y = GridSample <mode="cubic", {_how}> (x, g)'
        CASES += [case(20, text, x=_CUBE, g=_PLACES, expected="reference")]
for _dtype in ("uint8", "int32", "int64", "bool"):
    CASES.append(
        case(
            22,
            'y = GridSample <mode="nearest"> (x, g)',
            x=uniform(0, 99, 2, 3, 4, 5, dtype="int64").astype(_dtype),
            g=_GRID,
            expected="reference",
        )
    )
for _dtype in ("float16", "float64"):
    CASES.append(
        case(
            20,
            "y = GridSample (x, g)",
            x=_IMAGE.astype(_dtype),
            g=_GRID.astype("float32" if _dtype == "float16" else _dtype),
        )
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


def test_whole_numbers_are_mixed_as_floats_and_cut():
    """The specification's words; ONNX's reference rounds in between."""
    x, g = np.array([[[[0, 10], [20, 31]]]], "int32"), np.zeros((1, 1, 1, 2), "float32")
    check(case(22, "y = GridSample (x, g)", x=x, g=g, expected=lambda x, g: np.int32([[[[15]]]])))


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_gradients(mode, padding):
    x, g = (
        uniform(-1, 1, 2, 2, 4, 5, dtype="float64"),
        uniform(-1.3, 1.3, 2, 3, 3, 2, dtype="float64"),
    )
    text = f'y = GridSample <mode="{mode}", padding_mode="{padding}"> (x, g)'
    check_gradients(case(20, text, x=x, g=g), "xg")
