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
"""Import rows: pooling over windows and over all of space."""

import numpy as np
import pytest
from import_cases import case, check, normal, uniform, value
from mxnet.contrib.onnx import ConversionError, ConversionWarning, import_model
from mxnet.contrib.onnx.opset import history

CASES = []
_IMAGE = normal(2, 3, 9, 11)
for _op in ("MaxPool", "AveragePool", "LpPool"):
    for _version in history(_op):
        _from = (
            {"as_opset": 7 if _op == "AveragePool" else 2}
            if _version == 1 and _op != "MaxPool"
            else {}
        )
        if _op == "LpPool" and _version == 1:
            _from = {"as_opset": 2}
        CASES += [
            case(
                _version,
                f"y = {_op} <kernel_shape=[3,2], strides=[2,2]> (x)",
                x=_IMAGE,
                dynamic=(2, 9, 11),
                **_from,
            ),
            case(
                _version,
                f"y = {_op} <kernel_shape=[3,3], pads=[1,1,1,1]> (x)",
                x=_IMAGE,
                dynamic=(2, 9, 11),
                **_from,
            ),
            case(
                _version,
                f'y = {_op} <kernel_shape=[3,2], auto_pad="SAME_UPPER"> (x)',
                x=_IMAGE,
                dynamic=(2, 9, 11),
                **_from,
            ),
        ]
    _sizes = {1: (13,), 2: (9, 11), 3: (7, 8, 9)}
    for _rank, _size in _sizes.items():
        _x = {"x": normal(2, 3, *_size)}
        _all = (2, *_size)

        def _list(*numbers, rank=_rank):
            return str((list(numbers) * 3)[:rank])

        def _pads(begin, end, rank=_rank):
            return str((begin * 3)[:rank] + (end * 3)[:rank])

        _kernel = f"kernel_shape={_list(3, 2)}"
        for _attributes, _dynamic in (
            ("", _all),
            (f", strides={_list(2)}, pads={_pads([1], [1])}", _all),
            (f", strides={_list(2, 3)}, pads={_pads([1, 0], [0, 1])}", _all),
            (f", dilations={_list(2, 1)}", _all if _rank < 3 else (2,)),
            (f", dilations={_list(2, 3)}, strides={_list(2)}, pads={_pads([1], [1])}", _all),
            (f", ceil_mode=1, strides={_list(2)}", _all),
            (f", ceil_mode=1, strides={_list(3)}, pads={_pads([1], [1])}", (2,)),
            (f", ceil_mode=1, strides={_list(2)}, pads={_pads([0, 1], [1, 0])}", (2,)),
            (f", ceil_mode=1, strides={_list(2)}, dilations={_list(2)}", (2,)),
            (f', auto_pad="SAME_LOWER", strides={_list(2)}', (2,)),
            (f', auto_pad="SAME_UPPER", strides={_list(2)}', (2,)),
            (', auto_pad="VALID"', _all),
        ):
            CASES.append(
                case(22, f"y = {_op} <{_kernel}{_attributes}> (x)", **_x, dynamic=_dynamic)
            )
            if _op == "AveragePool":
                CASES.append(
                    case(
                        22,
                        f"y = {_op} <count_include_pad=1, {_kernel}{_attributes}> (x)",
                        **_x,
                        dynamic=_dynamic,
                    )
                )
    CASES += [
        case(
            22,
            f"y = {_op} <kernel_shape=[2,2,2]> (x)",
            x=normal(2, 3, 5, 5),
            refused="does not fit",
        ),
        case(
            22,
            f"y = {_op} <kernel_shape=[2,2], strides=[0,1]> (x)",
            x=normal(2, 3, 5, 5),
            refused="positive",
        ),
        case(
            22,
            f"y = {_op} <kernel_shape=[3,2,2,2]> (x)",
            x=normal(2, 3, 5, 4, 3, 4),
            refused="4 spatial axes",
        ),
        case(
            22,
            f"y = {_op} <kernel_shape=[3,2]> (x)",
            x=normal(2, 3, 5, 6, dtype="float64"),
            expected="reference",
        ),
    ]


CASES += [
    case(22, "y, i = MaxPool <kernel_shape=[3,2], strides=[2,2]> (x)", x=_IMAGE),
    case(22, "y, i = MaxPool <kernel_shape=[3,2], strides=[2,2], pads=[1,0,0,1]> (x)", x=_IMAGE),
    case(22, "y, i = MaxPool <kernel_shape=[3,2], storage_order=1> (x)", x=_IMAGE),
    case(
        22,
        "y, i = MaxPool <kernel_shape=[3,2], strides=[2,2], ceil_mode=1, dilations=[2,1]> (x)",
        x=_IMAGE,
    ),
    case(22, "y, i = MaxPool <kernel_shape=[3], strides=[2]> (x)", x=normal(2, 3, 13)),
    case(22, "y, i = MaxPool <kernel_shape=[2,2,2]> (x)", x=normal(2, 3, 4, 5, 6)),
    case(22, "y, i = MaxPool <kernel_shape=[2,2]> (x)", x=np.zeros((1, 1, 4, 4), "float32")),
    case(
        12,
        "y = MaxPool <kernel_shape=[3,2], pads=[1,1,1,1]> (x)",
        x=uniform(-99, 99, 2, 3, 6, 7, dtype="int8"),
        dynamic=(2, 6, 7),
    ),
    case(
        12,
        "y = MaxPool <kernel_shape=[3,2], pads=[1,0,0,1]> (x)",
        x=uniform(0, 255, 2, 3, 6, 7, dtype="uint8"),
    ),
    case(
        12, "y, i = MaxPool <kernel_shape=[3,2]> (x)", x=uniform(0, 255, 2, 3, 6, 7, dtype="uint8")
    ),
    case(22, "y = LpPool <kernel_shape=[3,2], p=1> (x)", x=_IMAGE),
    case(
        22, "y = LpPool <kernel_shape=[3,2], p=3, pads=[1,1,1,1]> (x)", x=_IMAGE, dynamic=(2, 9, 11)
    ),
]
for _op in ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"):
    for _version in history(_op):
        _from = {"as_opset": 2} if _op == "GlobalLpPool" else {}
        CASES.append(case(_version, f"y = {_op} (x)", x=_IMAGE, dynamic=True, **_from))
    CASES += [
        case(22, f"y = {_op} (x)", x=normal(2, 3, 7), dynamic=True, **_from),
        case(22, f"y = {_op} (x)", x=normal(2, 3, 4, 5, 6), dynamic=True, **_from),
        case(
            22,
            f"y = {_op} (x)",
            x=normal(2, 3, 4, 5, 6, 2),
            expected=lambda x, n=_op: _global(x, n),
        ),
    ]
CASES += [case(22, "y = GlobalLpPool <p=3> (x)", x=_IMAGE, dynamic=True, as_opset=2)]


def _global(x, op):
    axes = (2, 3, 4, 5)
    if op == "GlobalLpPool":
        return np.sqrt((x * x).sum(axes, keepdims=True))
    return (x.max if op == "GlobalMaxPool" else x.mean)(axes, keepdims=True)


_POOLED, _PLACES = normal(1, 1, 2, 2), np.int64([[[[5, 7], [13, 15]]]])
_UNPOOL = "y = MaxUnpool <kernel_shape=[2, 2], strides=[2, 2]"
for _version in (9, 11, 22):
    CASES += [
        case(_version, f"{_UNPOOL}> (x, i)", x=_POOLED, i=_PLACES, as_opset=11),
        case(
            _version,
            f"{_UNPOOL}> (x, i, n)",
            x=_POOLED,
            i=_PLACES,
            n=value([1, 1, 5, 6]),
            expected="reference",  # ONNX Runtime counts indices in the larger output
        ),
    ]
CASES += [
    case(
        11,
        "y, i = MaxPool <kernel_shape=[2, 3], strides=[2, 2], pads=[0, 1, 0, 1]> (x)\n"
        "z = MaxUnpool <kernel_shape=[2, 3], strides=[2, 2], pads=[0, 1, 0, 1]> (y, i)",
        x=normal(2, 3, 6, 7, dtype=dtype),
    )
    for dtype in ("float32", "float16")
]
CASES += [
    case(11, f"{_UNPOOL}> (x, i)", x=_POOLED, i=value(_PLACES + 1), refused="leave an output"),
    case(11, f"{_UNPOOL}> (x, i, n)", x=_POOLED, i=_PLACES, n=value([1, 1, 3, 3]), refused="room"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


@pytest.mark.parametrize(
    "attributes", ['auto_pad="SAME_UPPER"', 'auto_pad="SAME_LOWER"', "ceil_mode=1, pads=[0,0,1,1]"]
)
def test_pads_that_depend_on_a_size_that_varies(attributes):
    """They are built into the Symbol, so they must not vary, and that is told."""
    text = f"y = MaxPool <kernel_shape=[3,3], strides=[2,2], {attributes}> (x)"
    model = case(22, text, x=normal(2, 3, 8, 11)).model()
    shapes = {"x": (2, 3, "H", 11)}
    with pytest.raises(ConversionError, match="pads depend on .* % 2"):
        import_model(model, input_shapes=shapes)
    with pytest.warns(ConversionWarning, match="% 2 is [01]"):
        import_model(model, input_shapes=shapes, sizes={"H": (8, 64, 20)})
