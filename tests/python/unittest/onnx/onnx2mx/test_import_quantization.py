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
"""Import rows: quantised tensors."""

import numpy as np
import pytest
from import_cases import array, case, check, known, normal, uniform
from mxnet.contrib.onnx.opset import history


def _quantized(*shape, dtype="uint8"):
    ends = np.iinfo(dtype)
    return uniform(ends.min, ends.max + 1, *shape, dtype=dtype)


_ONE, _EACH = known(array(0.05)), known(array([0.02, 0.05, 0.1]))
CASES = []
for _version in history("QuantizeLinear"):
    _from = {"as_opset": 25} if _version > 25 else {}
    for _dtype in ("uint8", "int8"):
        _to = {"x": normal(2, 3, 4) * 5, "s": _ONE, "z": known(array(3, _dtype)), **_from}
        _back = {**_to, "x": _quantized(2, 3, 4, dtype=_dtype)}
        CASES += [
            case(_version, "y = QuantizeLinear (x, s, z)", dynamic=True, **_to),
            case(_version, "y = DequantizeLinear (x, s, z)", dynamic=True, **_back),
        ]
        if _version >= 13:
            _each = {"s": _EACH, "z": known(array([1, 2, 120], _dtype)), "dynamic": (2, 4)}
            CASES += [
                case(_version, "y = QuantizeLinear (x, s, z)", **{**_to, **_each}),
                case(_version, "y = DequantizeLinear <axis=-2> (x, s, z)", **{**_back, **_each}),
            ]
    CASES.append(
        case(_version, "y = QuantizeLinear (x, s)", x=normal(2, 3, 4) * 5, s=_ONE, **_from)
    )
CASES += [
    case(13, "y = QuantizeLinear (x, s)", x=array([0.5, 1.5, 2.5, -0.5, 300]), s=known(array(1.0))),
    case(
        13, "y = DequantizeLinear (x, s)", x=uniform(-(2**30), 2**30, 2, 3, dtype="int32"), s=_ONE
    ),
    case(
        13,
        "w = DequantizeLinear <axis=0> (q, s, z)\ny = MatMul (x, w)",
        x=normal(2, 4, 3),
        q=known(_quantized(3, 5, dtype="int8")),
        s=_EACH,
        z=known(array([1, 2, 3], "int8")),
        dynamic=(2, 4),
    ),
    case(
        21,
        "y = QuantizeLinear <axis=1, block_size=2> (x, s, z)",
        x=normal(2, 5, 3) * 5,
        s=known(uniform(0.02, 0.1, 2, 3, 3)),
        z=known(_quantized(2, 3, 3)),
    ),
    *(
        case(
            21,
            "y = DequantizeLinear <axis=1, block_size=2> (x, s, z)",
            x=known(_quantized(2, 5, 3)) if folded else _quantized(2, 5, 3),
            s=known(uniform(0.02, 0.1, 2, 3, 3)),
            z=known(_quantized(2, 3, 3)),
        )
        for folded in (False, True)
    ),
    case(21, "y = QuantizeLinear <output_dtype=3> (x, s)", x=normal(2, 3, 4), s=_ONE),
    case(
        13,
        "y = QuantizeLinear (x, s, z)",
        x=array([np.nan, np.inf, -np.inf, 1] * 5),
        s=_ONE,
        z=known(array(3, "int8")),
    ),
    case(
        23,
        "y = QuantizeLinear <precision=10> (x, s)",
        x=uniform(0, 200, 2, 30, 4),
        s=known(array(0.7)),
        expected="reference",
    ),
    case(11, "y, s, z = DynamicQuantizeLinear (x)", x=normal(2, 3, 4) * 5, dynamic=True),
]
for _axis, _scales in (("", ()), ("<axis=1>", (3,))):
    for _name in ("Quantize", "Dequantize"):
        _x = normal(2, 3, 4) * 5 if _name == "Quantize" else _quantized(2, 3, 4)
        CASES.append(
            case(
                13,
                f"y = com.microsoft.{_name}Linear {_axis} (x, s, z)",
                x=_x,
                s=known(uniform(0.02, 0.1, *_scales)),
                z=known(_quantized(*_scales)),
                dynamic=(2, 4),
            )
        )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
