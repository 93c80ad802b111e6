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

import numpy as np
import pytest
from import_cases import array, case, check, known, normal, uniform

CASES = []
_IMAGE = {"x": normal(2, 4, 7, 8), "w": known(6, 2, 3, 3), "b": known(6)}
_WINDOWS = "group=2, pads=[1,0,0,1], strides=[2,1]"
for _activation in (
    'activation="Relu"',
    'activation="Tanh"',
    'activation="Sigmoid"',
    'activation="LeakyRelu", activation_params=[0.3]',
    'activation="Clip", activation_params=[-0.2, 0.7]',
    'activation="HardSigmoid", activation_params=[0.3, 0.4]',
):
    CASES.append(
        case(13, f"y = com.microsoft.FusedConv <{_WINDOWS}, {_activation}> (x, w, b)", **_IMAGE)
    )
CASES += [
    case(
        13,
        'y = com.microsoft.FusedConv <activation="Relu"> (x, w, , z)',
        x=normal(2, 4, 7, 8),
        w=known(6, 4, 1, 1),
        z=normal(2, 6, 7, 8),
        dynamic=(2, 7, 8),
    ),
    case(
        13,
        'y = com.microsoft.FusedConv <activation="Swoosh"> (x, w)',
        x=normal(2, 4, 7, 8),
        w=known(6, 4, 1, 1),
        refused="'Swoosh'",
    ),
]
_MATRICES = {"a": normal(3, 4), "b": known(5, 4), "c": known(5)}
for _activation in (
    'activation="Relu"',
    'activation="LeakyRelu", activation_alpha=0.3',
    'activation="Tanh", alpha=0.5, beta=2.0',
):
    CASES.append(
        case(13, f"y = com.microsoft.FusedGemm <transB=1, {_activation}> (a, b, c)", **_MATRICES)
    )
for _op in ("FusedMatMul", "TransposeMatMul"):
    CASES += [
        case(
            13,
            f"y = com.microsoft.{_op} <transA=1, alpha=0.3> (a, b)",
            a=normal(2, 4, 3),
            b=normal(2, 4, 5),
            dynamic=(2, 3),
        ),
        case(
            13,
            f"y = com.microsoft.{_op} <transB=1> (a, b)",
            a=normal(2, 3, 4),
            b=known(2, 5, 4),
        ),
    ]
CASES += [
    case(
        13,
        "y = com.microsoft.FusedMatMul <transBatchA=1, transBatchB=1> (a, b)",
        a=normal(3, 2, 4),
        b=normal(4, 2, 5),
    ),
    case(
        13,
        "y = com.microsoft.FusedMatMul <transBatchA=1, transA=1> (a, b)",
        a=normal(4, 2, 3),
        b=normal(2, 4, 5),
    ),
    case(
        13,
        "y = com.microsoft.NhwcMaxPool <kernel_shape=[3,2], strides=[2,1], pads=[1,0,1,1]> (x)",
        x=uniform(0, 256, 2, 7, 8, 3, dtype="uint8"),
    ),
    case(13, "y = com.microsoft.Gelu (x)", x=normal(2, 3, 4) * 3, dynamic=True),
    case(13, "y = com.microsoft.BiasGelu (x, b)", x=normal(2, 3, 4) * 3, b=known(4)),
    case(13, "y = com.microsoft.FastGelu (x)", x=normal(2, 3, 4) * 3, dynamic=True),
    case(13, "y = com.microsoft.FastGelu (x, b)", x=normal(2, 3, 4) * 3, b=known(4)),
    case(13, "y = com.microsoft.QuickGelu (x)", x=normal(2, 3, 4) * 3, dynamic=True),
    case(13, "y = com.microsoft.QuickGelu <alpha=0.7> (x)", x=normal(2, 3, 4) * 3),
    case(
        13,
        "y = com.microsoft.Inverse (x)",
        x=normal(2, 3, 3) + 4 * np.eye(3, dtype="float32"),
        tolerance=(1e-4, 1e-4),
    ),
    case(13, "y = com.microsoft.Inverse (x)", x=array([[2, 1], [1, 3]]), tolerance=(1e-4, 1e-4)),
    case(13, "y = com.microsoft.Trilu (x)", x=normal(2, 4, 5)),
    case(
        13,
        "y = com.microsoft.Trilu <upper=0> (x, k)",
        x=normal(2, 4, 5),
        k=known(np.array(1)),
    ),
    case(
        13,
        'y = com.microsoft.GridSample <align_corners=1, padding_mode="border"> (x, g)',
        x=normal(2, 3, 5, 6),
        g=uniform(-1.2, 1.2, 2, 4, 3, 2),
    ),
    case(13, "y = com.microsoft.GridSample (x, g)", x=normal(2, 3, 5, 6), g=normal(2, 4, 3, 2)),
    case(13, "y = com.microsoft.CDist (a, b)", a=normal(4, 3), b=normal(5, 3), dynamic=(4, 5)),
    case(
        13,
        'y = com.microsoft.CDist <metric="euclidean"> (a, b)',
        a=normal(4, 3),
        b=known(5, 3),
    ),
    case(
        13,
        'y = com.microsoft.CDist <metric="cosine"> (a, b)',
        a=normal(4, 3),
        b=known(5, 3),
        refused="metric 'cosine'",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
