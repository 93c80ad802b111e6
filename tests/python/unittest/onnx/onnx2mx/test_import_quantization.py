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
    case(11, "y, s, z = DynamicQuantizeLinear (x)", x=normal(2, 3, 4) * 5, dynamic=True),
]

for _a, _b in (("uint8", "int8"), ("uint8", "uint8"), ("int8", "int8")):
    _zeros = {"az": known(array(113, _a)), "bz": known(array(3, _b))}
    for _depth in (7, 400):
        CASES.append(
            case(
                10,
                "y = MatMulInteger (a, b, az, bz)",
                a=_quantized(2, 3, _depth, dtype=_a),
                b=_quantized(_depth, 5, dtype=_b),
                **_zeros,
                dynamic=(2, 3),
                expected=lambda a, b, az, bz: (a.astype("i4") - az) @ (b.astype("i4") - bz),
            )
        )
CASES += [
    case(10, "y = MatMulInteger (a, b)", a=_quantized(3, 4), b=_quantized(4, 5)),
    case(
        10,
        "y = MatMulInteger (a, b, az, bz)",
        a=_quantized(3, 4),
        b=known(_quantized(4, 5)),
        az=known(_quantized(3)),
        bz=known(_quantized(5)),
        expected=lambda a, b, az, bz: (
            (a.astype("i4") - az[:, None].astype("i4")) @ (b.astype("i4") - bz.astype("i4"))
        ),
    ),
]
for _version in (10, 21):
    for _dtype in ("uint8", "int8"):
        CASES.append(
            case(
                _version,
                "y = QLinearMatMul (a, as, az, b, bs, bz, ys, yz)",
                a=_quantized(2, 3, 7, dtype=_dtype),
                b=_quantized(2, 7, 5, dtype=_dtype),
                ys=known(array(0.9)),
                yz=known(array(12, _dtype)),
                az=known(array(113, _dtype)),
                bz=known(array(3, _dtype)),
                bs=known(array(0.02)),
                dynamic=(2, 3),
                **{"as": known(array(0.05))},
            )
        )
_IMAGE = {"x": _quantized(2, 4, 7, 8), "w": known(_quantized(6, 2, 3, 3))}
_ATTRIBUTES = "<group=2, pads=[1,0,0,1], strides=[2,1]>"
CASES += [
    case(10, f"y = ConvInteger {_ATTRIBUTES} (x, w)", **_IMAGE, dynamic=(2, 7, 8), bigger={2: 2}),
    case(
        10,
        f"y = ConvInteger {_ATTRIBUTES} (x, w, xz, wz)",
        **_IMAGE,
        xz=known(array(120, "uint8")),
        wz=known(array(130, "uint8")),
    ),
]
for _dtype in ("uint8", "int8"):
    for _scale, _zero in (
        (array(0.03), array(0, "int8")),
        (uniform(0.01, 0.05, 6), array([0] * 6, "int8")),
    ):
        CASES.append(
            case(
                10,
                f"y = QLinearConv {_ATTRIBUTES} (x, xs, xz, w, ws, wz, ys, yz, b)",
                x=_quantized(2, 4, 7, 8, dtype=_dtype),
                w=known(_quantized(6, 2, 3, 3, dtype="int8")),
                xs=known(array(0.04)),
                xz=known(array(20, _dtype)),
                ws=known(_scale),
                wz=known(_zero),
                ys=known(array(0.5)),
                yz=known(array(7, _dtype)),
                b=known(uniform(-9999, 9999, 6, dtype="int32")),
                dynamic=(7, 8),
            )
        )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
