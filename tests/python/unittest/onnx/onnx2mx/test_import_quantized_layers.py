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


def _quantized(*shape, dtype="uint8"):
    ends = np.iinfo(dtype)
    return uniform(ends.min, ends.max + 1, *shape, dtype=dtype)


CASES = []
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

_MANY = {
    "x": _quantized(1, 70, 5, 5),
    "w": known(_quantized(3, 70, 3, 3)),
    "xz": known(array(7, "uint8")),
}
CASES += [
    case(10, "y = ConvInteger (x, w, xz)", **_MANY),  # sums beyond what float32 counts
    case(
        10,
        'y = ConvInteger <auto_pad="SAME_UPPER", strides=[2]> (x, w)',
        x=_quantized(2, 3, 9),
        w=known(_quantized(4, 3, 3)),
    ),
    case(
        10,
        "y = ConvInteger (x, w)",
        x=_quantized(1, 2, 4, 5, 6),
        w=known(_quantized(3, 2, 2, 2, 2)),
        expected="reference",
    ),
    case(10, "y = ConvInteger (x, w)", x=_quantized(1, 2, 6, 5), w=_quantized(3, 2, 2, 2)),
    case(
        21,
        "y = QLinearMatMul (a, as, az, b, bs, bz, ys, yz)",
        a=_quantized(2, 3, 7),
        b=known(_quantized(7, 5, dtype="int8")),
        ys=known(array(0.9)),
        yz=known(array(12, "uint8")),
        az=known(array(113, "uint8")),
        bz=known(array([0] * 5, "int8")),
        bs=known(uniform(0.01, 0.05, 5)),
        **{"as": known(array(0.05))},
    ),
    case(
        10,
        "y = com.microsoft.QLinearConv <channels_last=1, pads=[1,0,0,1], group=2> "
        "(x, xs, xz, w, ws, wz, ys, yz, b)",
        x=_quantized(2, 7, 8, 4),
        w=known(_quantized(6, 2, 3, 3, dtype="int8")),
        xs=known(array(0.04)),
        xz=known(array(20, "uint8")),
        ws=known(uniform(0.01, 0.05, 6)),
        wz=known(array([0] * 6, "int8")),
        ys=known(array(0.5)),
        yz=known(array(7, "uint8")),
        b=known(uniform(-9999, 9999, 6, dtype="int32")),
    ),
]
for _type in ("uint8", "int8"):
    for _each in (False, True):
        _b = {
            "b": known(_quantized(7, 5, dtype=_type)),
            "bs": known(uniform(0.01, 0.05, *((5,) if _each else ()))),
            "bz": known(_quantized(*((5,) if _each else ()), dtype=_type)),
            "bias": known(5),
        }
        CASES += [
            case(
                13,
                "y = com.microsoft.MatMulIntegerToFloat (a, b, as, bs, az, bz, bias)",
                a=_quantized(2, 3, 7),
                az=known(array(113, "uint8")),
                dynamic=(2, 3),
                **{"as": known(array(0.05))},
                **_b,
            ),
            case(
                13,
                "y = com.microsoft.DynamicQuantizeMatMul (a, b, bs, bz, bias)",
                a=normal(2, 3, 7),
                dynamic=(2, 3),
                **_b,
            ),
        ]
CASES += [
    case(
        13,
        "y = com.microsoft.DynamicQuantizeMatMul (a, b, bs)",
        a=normal(2, 3, 7),
        b=known(_quantized(7, 5)),
        bs=known(array(0.03)),
    ),
    case(
        13,
        "y = com.microsoft.MatMulIntegerToFloat (a, b, as, bs)",
        a=_quantized(2, 3, 7),
        b=_quantized(2, 7, 5),
        bs=array(0.03),
        **{"as": array(0.02)},
    ),
]
_GEMM = {
    "a": _quantized(3, 7),
    "az": known(array(113, "uint8")),
    "b": known(_quantized(5, 7, dtype="int8")),
    "bs": known(uniform(0.01, 0.05, 5)),
    "bz": known(array([0] * 5, "int8")),
    "c": known(uniform(-9999, 9999, 5, dtype="int32")),
    "as": known(array(0.05)),
}
CASES += [
    case(13, "y = com.microsoft.QGemm <transB=1, alpha=0.5> (a, as, az, b, bs, bz, c)", **_GEMM),
    case(
        13,
        "y = com.microsoft.QGemm <transB=1> (a, as, az, b, bs, bz, c, ys, yz)",
        ys=known(array(0.4)),
        yz=known(array(9, "uint8")),
        **_GEMM,
    ),
    case(
        13,
        "y = com.microsoft.QGemm <transA=1, transB=1> (a, as, az, b, bs, bz)",
        **{**_GEMM, "a": _quantized(7, 3)},
    ),
]
for _bits, _packed in ((2, 8), (4, 16), (8, 32)):
    _blocks = {
        "b": known(_quantized(5, 2, 2 * _packed // 2)),
        "s": known(uniform(0.01, 0.05, 5, 2)),
    }
    _text = f"com.microsoft.MatMulNBits <K=40, N=5, bits={_bits}, block_size=32>"
    CASES += [
        case(
            13,
            f"y = {_text} (a, b, s)",
            a=normal(2, 3, 40),
            tolerance=(1e-4, 1e-4),
            dynamic=(2, 3),
            **_blocks,
        ),
        case(
            13,
            f"y = {_text} (a, b, s, z, , c)",
            a=normal(2, 3, 40),
            z=known(_quantized(5, -(-2 * _bits // 8))),
            c=known(5),
            tolerance=(1e-4, 1e-4),
            **_blocks,
        ),
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
