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
"""Import rows: reductions, places of extremes, running totals."""

import numpy as np
import pytest
from import_cases import array, bools, case, cases, check, ints, known, normal, uniform, value
from mxnet.contrib.onnx.opset import history

REDUCTIONS = (
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
)
CASES = []
for _op in REDUCTIONS:
    for _version in history(_op):
        _x = uniform(0.1, 2, 2, 3, 4)
        _from = {"as_opset": 11} if _version == 1 else {"as_opset": 18} if _version == 28 else {}
        if _version < (13 if _op == "ReduceSum" else 18):
            CASES += [
                case(_version, f"y = {_op} <axes=[0, 2]> (x)", x=_x, dynamic=True, **_from),
                case(
                    _version, f"y = {_op} <axes=[1], keepdims=0> (x)", x=_x, dynamic=True, **_from
                ),
                case(_version, f"y = {_op} <keepdims=0> (x)", x=_x, dynamic=True, **_from),
            ]
        else:
            _axes = {"axes": known(ints(-1, 0))}
            CASES += [
                case(_version, f"y = {_op} (x, axes)", x=_x, dynamic=(3, 4), **_axes, **_from),
                case(
                    _version,
                    f"y = {_op} <keepdims=0> (x, axes)",
                    x=_x,
                    axes=value([1]),
                    dynamic=(2, 3, 4),
                    **_from,
                ),
                case(_version, f"y = {_op} <keepdims=0> (x)", x=_x, dynamic=True, **_from),
                case(
                    _version, f"y = {_op} <noop_with_empty_axes=1> (x)", x=_x, dynamic=True, **_from
                ),
            ]
    CASES += [
        case(18 if _op != "ReduceSum" else 13, f"y = {_op} (x)", x=array(2.5)),
        case(11, f"y = {_op} <axes=[1]> (x)", x=uniform(1, 5, 2, 3, 4, dtype="int32")),
        case(11, f"y = {_op} <axes=[2, 3]> (x)", x=normal(2, 3, 4, 5) ** 2, dynamic=True),
        case(11, f"y = {_op} <axes=[1, -2]> (x)", x=normal(2, 3, 4), refused="name an axis twice"),
        case(11, f"y = {_op} <axes=[3]> (x)", x=normal(2, 3, 4), refused="axis 3 is out of range"),
        case(
            11,
            f"y = {_op} <axes=[1]> (x)",
            x=uniform(0.1, 1, 2, 300, dtype="float16"),
            expected=lambda x, n=_op: _numpy(n, x.astype("float64")).astype("float16"),
        ),
        case(
            11,
            f"y = {_op} <axes=[1]> (x)",
            x=uniform(0.1, 1, 2, 7, dtype="float64"),
            expected=lambda x, n=_op: _numpy(n, x),
        ),
    ]


def _numpy(op, x):
    along = {"axis": 1, "keepdims": True}
    return {
        "ReduceL1": lambda: np.abs(x).sum(**along),
        "ReduceL2": lambda: np.sqrt((x * x).sum(**along)),
        "ReduceLogSum": lambda: np.log(x.sum(**along)),
        "ReduceLogSumExp": lambda: np.log(np.exp(x).sum(**along)),
        "ReduceMax": lambda: x.max(**along),
        "ReduceMean": lambda: x.mean(**along),
        "ReduceMin": lambda: x.min(**along),
        "ReduceProd": lambda: x.prod(**along),
        "ReduceSum": lambda: x.sum(**along),
        "ReduceSumSquare": lambda: (x * x).sum(**along),
    }[op]()


CASES += [
    case(
        11,
        "y = ReduceLogSumExp <axes=[1]> (x)",
        x=array([[1000.0, 1001.0], [-np.inf, -np.inf], [np.inf, 1]]),
        expected=lambda x: array([[1001.3132617], [-np.inf], [np.inf]]),
    ),
    case(20, "y = ReduceMax (x, axes)", x=bools(2, 3, 4), axes=known(ints(1)), dynamic=(2,)),
    case(20, "y = ReduceMin (x, axes)", x=bools(2, 3, 4), axes=known(ints(1)), dynamic=(2,)),
    case(
        13,
        "y = ReduceSum (x, axes)",
        x=array([[2**53 + 1, 1, 1]], "int64"),
        axes=known(ints(1)),
        expected=lambda x, axes: x.sum(1, keepdims=True),
    ),
    case(11, "y = ReduceMean <axes=[1]> (x)", x=array([[-7, 2, 1], [7, 2, 1]], "int64")),
    case(13, "y = ReduceMean (x)", x=array(-7, "int32")),
]
for _op in ("ArgMax", "ArgMin"):
    _ties = array([[[1, 3, 3, 0], [2, 2, 0, 0]]] * 2)
    CASES += [
        *cases((11, 12, 13), f"y = {_op} <axis=-1> (x)", x=normal(2, 3, 4), dynamic=True),
        case(1, f"y = {_op} <axis=1> (x)", x=normal(2, 3, 4), as_opset=11, dynamic=True),
        case(13, f"y = {_op} <axis=1, keepdims=0> (x)", x=normal(2, 3, 4), dynamic=True),
        case(13, f"y = {_op} (x)", x=normal(2, 3, 4)),
        case(13, f"y = {_op} <axis=2> (x)", x=_ties),
        case(12, f"y = {_op} <axis=2, select_last_index=1> (x)", x=_ties, dynamic=(2,)),
        case(13, f"y = {_op} <axis=2, select_last_index=1, keepdims=0> (x)", x=_ties),
        case(13, f"y = {_op} <keepdims=0> (x)", x=normal(5), dynamic=True),
        case(13, f"y = {_op} <axis=1> (x)", x=uniform(0, 200, 2, 300, dtype="uint8")),
        case(13, f"y = {_op} <axis=1> (x)", x=uniform(-9, 9, 2, 30, dtype="int32")),
    ]
_STEPS = {"x": normal(2, 3, 4), "axis": known(array(1, "int32"))}
CASES += [
    *cases((11, 14), "y = CumSum (x, axis)", **_STEPS, dynamic=True),
    *cases((11, 14), "y = CumSum <exclusive=1> (x, axis)", **_STEPS, dynamic=True),
    *cases((11, 14), "y = CumSum <reverse=1> (x, axis)", **_STEPS, dynamic=True),
    *cases((11, 14), "y = CumSum <reverse=1, exclusive=1> (x, axis)", **_STEPS),
    case(
        14, "y = CumSum <exclusive=1> (x, axis)", x=normal(2, 1, 3), axis=known(array(1, "int32"))
    ),
    case(
        14, "y = CumSum (x, axis)", x=uniform(-9, 9, 3, 4, dtype="int64"), axis=value([-1], "int32")
    ),
    case(
        14, "y = CumSum (x, axis)", x=uniform(-9, 9, 3, 4, dtype="int32"), axis=value([-1], "int64")
    ),
]
CASES += [
    case(
        26,
        f"y = CumProd <exclusive={exclusive}, reverse={reverse}> (x, a)",
        x=uniform(1, 4, 2, 3, 5, dtype=dtype),
        a=value(axis),
        expected="reference",
        tolerance=(1e-5, 1e-5),
    )
    for axis, exclusive, reverse, dtype in (
        (0, 0, 0, "float32"),
        (1, 1, 0, "float64"),
        (-1, 0, 1, "int64"),
        (2, 1, 1, "int32"),
        (2, 0, 0, "float32"),
    )
]
CASES += [
    case(26, "y = CumProd (x, a)", x=normal(2, 3, 9), a=value(2), expected="reference",
         dynamic=(2, 3)),
    case(26, "y = CumProd (x, a)", x=normal(2, 3, 9), a=value(3), refused="axis 3"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
