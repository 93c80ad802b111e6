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
"""Import rows: convolutions over one to three spatial axes."""

import itertools

import numpy as np
import pytest
from gradients import check_gradients
from import_cases import case, check, known, normal, uniform, value
from running import Session

_IMAGE_OF_FOUR = normal(2, 4, 6, 7)
CASES = []
for _version in (1, 11, 22):
    CASES += [
        case(
            _version,
            "y = Conv (x, w, b)",
            x=normal(2, 4, 9, 11),
            w=known(6, 4, 3, 3),
            b=known(6),
            dynamic=(2, 9, 11),
        ),
        case(
            _version,
            "y = Conv <group=2, pads=[1,1,1,1], strides=[2,2]> (x, w)",
            x=normal(2, 4, 9, 11),
            w=known(6, 2, 3, 3),
            dynamic=(2, 9, 11),
        ),
    ]
_SPATIAL = {1: ((13,), (3,)), 2: ((9, 11), (3, 2)), 3: ((7, 8, 9), (3, 2, 3))}
for _rank, (_sizes, _kernel) in _SPATIAL.items():

    def _list(*numbers, rank=_rank):
        return str((list(numbers) * 3)[:rank])

    def _pads(begin, end, rank=_rank):
        return str((begin * 3)[:rank] + (end * 3)[:rank])

    for _attributes in (
        "",
        f"<strides={_list(2, 3)}>",
        f"<dilations={_list(2, 1)}, pads={_pads([1, 0], [1, 0])}>",
        f"<pads={_pads([1, 0], [0, 2])}, strides={_list(2, 1)}>",
        f"<pads={_pads([4], [4])}>",
        '<auto_pad="VALID">',
        f"<kernel_shape={list(_kernel)}>",
    ):
        CASES.append(
            case(
                22,
                f"y = Conv {_attributes} (x, w, b)",
                x=normal(2, 4, *_sizes),
                w=known(5, 4, *_kernel),
                b=known(5),
                dynamic=(2, *_sizes),
            ),
        )
    for _auto, _step in itertools.product(("SAME_UPPER", "SAME_LOWER"), (1, 2)):
        CASES.append(
            case(
                22,
                f'y = Conv <auto_pad="{_auto}", strides={_list(_step)}> (x, w)',
                x=normal(2, 4, *_sizes),
                w=known(5, 4, *_kernel),
                dynamic=(2, *_sizes) if _step == 1 else (2,),
            ),
        )
CASES += [
    case(
        22,
        "y = Conv <group=4> (x, w)",
        x=normal(2, 4, 9, 11),
        w=known(8, 1, 3, 3),
        dynamic=(2, 9, 11),
    ),
    case(22, "y = Conv (x, w)", x=normal(2, 4, 9, 11), w=normal(5, 4, 3, 3), dynamic=(2, 9, 11)),
    case(
        11,
        "y = Conv (x, w)",
        x=normal(2, 4, 9, 11, dtype="float64"),
        w=known(5, 4, 3, 3, dtype="float64"),
        expected="reference",
    ),
    case(
        22,
        "y = Conv <pads=[1,0,0,1]> (x, w, b)",
        x=normal(2, 4, 9, 11, dtype="float16"),
        w=known(5, 4, 3, 3, dtype="float16"),
        b=known(5, dtype="float16"),
        expected="reference",
        tolerance=(1e-2, 1e-2),
    ),
    case(
        22,
        "y = Conv <group=3> (x, w)",
        x=normal(2, 4, 9, 11),
        w=known(5, 4, 3, 3),
        refused="group=3 does not divide",
    ),
    case(
        22,
        "y = Conv <group=0> (x, w)",
        x=normal(2, 4, 9, 11),
        w=known(5, 4, 3, 3),
        refused="group=0",
    ),
    case(
        22,
        "y = Conv (x, w)",
        x=normal(2, 3, 9, 11),
        w=known(5, 4, 3, 3),
        refused="for 4 channels, the input has 3",
    ),
    case(
        22,
        "y = Conv <kernel_shape=[2,2]> (x, w)",
        x=normal(2, 4, 9, 11),
        w=known(5, 4, 3, 3),
        refused="kernel_shape",
    ),
    case(
        22,
        "y = Conv <strides=[0,1]> (x, w)",
        x=normal(2, 4, 9, 11),
        w=known(5, 4, 3, 3),
        refused="positive",
    ),
    case(
        22,
        "y = Conv (x, w)",
        x=normal(2, 4, 3, 3, 3, 3),
        w=known(5, 4, 1, 1, 1, 1),
        refused="4 spatial axes",
    ),
    case(
        22, "y = Conv (x, w)", x=normal(2, 4, 2, 2), w=known(5, 4, 3, 3), refused="do not fit into"
    ),
]

for _version in (1, 11, 22):
    CASES.append(
        case(
            _version,
            "y = ConvTranspose (x, w, b)",
            x=normal(2, 4, 5, 7),
            w=known(4, 6, 3, 3),
            b=known(6),
            dynamic=(2, 5, 7),
        ),
    )
_SPATIAL = {1: ((7,), (3,)), 2: ((5, 6), (3, 4)), 3: ((3, 5, 6), (3, 2, 3))}
for _rank, (_sizes, _kernel) in _SPATIAL.items():

    def _list(*numbers, rank=_rank):
        return str((list(numbers) * 3)[:rank])

    def _pads(begin, end, rank=_rank):
        return str((begin * 3)[:rank] + (end * 3)[:rank])

    for _attributes in (
        "",
        f"<strides={_list(2, 3)}, pads={_pads([1], [1])}>",
        f"<strides={_list(2)}, output_padding={_list(1)}, pads={_pads([1], [1])}>",
        f"<strides={_list(2)}, output_padding={_list(1)}>",
        f"<dilations={_list(2, 1)}>",
        f"<pads={_pads([1, 0], [0, 1])}, strides={_list(2)}>",
        f'<auto_pad="SAME_UPPER", strides={_list(2)}>',
        f'<auto_pad="SAME_LOWER", strides={_list(2)}>',
        '<auto_pad="VALID">',
    ):
        CASES.append(
            case(
                22,
                f"y = ConvTranspose {_attributes} (x, w, b)",
                x=normal(2, 4, *_sizes),
                w=known(4, 5, *_kernel),
                b=known(5),
                dynamic=(2, *_sizes),
            ),
        )
_IMAGE = {"x": normal(2, 4, 5, 7), "w": known(4, 3, 3, 3), "b": known(6)}
CASES += [
    case(11, "y = ConvTranspose <group=2, strides=[2,2]> (x, w, b)", **_IMAGE, dynamic=(2, 5, 7)),
    case(
        11,
        "y = ConvTranspose <group=2, strides=[2,2], output_shape=[10,14]> (x, w, b)",
        **_IMAGE,
        dynamic=(2,),
    ),
    case(
        11, "y = ConvTranspose <group=2, strides=[2,2], output_shape=[12,15]> (x, w, b)", **_IMAGE
    ),
    case(
        11,
        "y = ConvTranspose <group=2, strides=[2,3], output_shape=[10,20], output_padding=[1,1]>"
        " (x, w, b)",
        **_IMAGE,
    ),
    case(
        11,
        'y = ConvTranspose <group=2, strides=[2,2], output_shape=[10,14], auto_pad="SAME_UPPER">'
        " (x, w, b)",
        **_IMAGE,
    ),
    case(11, "y = ConvTranspose <group=2, pads=[3,0,0,1]> (x, w, b)", **_IMAGE, dynamic=(2, 5, 7)),
    case(
        11,
        "y = ConvTranspose <strides=[2,2], output_padding=[2,3]> (x, w)",
        x=normal(2, 4, 5, 7),
        w=known(4, 3, 3, 3),
        expected=lambda x, w: _transposed_convolution(x, w, 2, (2, 3)),
        dynamic=(2, 5, 7),
    ),
    case(
        11,
        "y = ConvTranspose (x, w)",
        x=normal(2, 4, 5, 7, dtype="float64"),
        w=known(4, 3, 3, 3, dtype="float64"),
        expected=lambda x, w: _transposed_convolution(x, w),
    ),
    case(
        11,
        "y = ConvTranspose (x, w)",
        x=normal(2, 4, 5, 7, dtype="float16"),
        w=known(4, 3, 3, 3, dtype="float16"),
        expected=lambda x, w: _transposed_convolution(x, w),
        tolerance=(1e-2, 1e-2),
    ),
    case(
        11,
        "y = ConvTranspose (x, w)",
        x=normal(2, 3, 5, 7),
        w=known(4, 3, 3, 3),
        refused="for 4 channels, the input has 3",
    ),
    case(
        11,
        "y = ConvTranspose <group=3> (x, w)",
        x=normal(2, 4, 5, 7),
        w=known(4, 3, 3, 3),
        refused="group=3 does not divide",
    ),
]


def _transposed_convolution(x, w, stride=1, more=(0, 0)):
    """Plain, in float64: every element is spread by the kernel."""
    sizes = [(n - 1) * stride + k + m for n, k, m in zip(x.shape[2:], w.shape[2:], more)]
    y = np.zeros((x.shape[0], w.shape[1], *sizes))
    for i, j in np.ndindex(*x.shape[2:]):
        spread = np.einsum("nc,cokl->nokl", x[:, :, i, j].astype(float), w.astype(float))
        top, left = i * stride, j * stride
        y[:, :, top : top + w.shape[2], left : left + w.shape[3]] += spread
    return y.astype(x.dtype)


for _version, _dtype in ((19, "float32"), (22, "float64"), (19, "float16")):
    _deformed = {
        "x": normal(2, 4, 7, 8, dtype=_dtype),
        "w": normal(4, 2, 3, 2, dtype=_dtype),
        "as_opset": 19,
    }
    _how = "strides=[2, 1], pads=[1, 1, 1, 1], group=2, offset_group=2"
    CASES += [
        case(
            _version,
            "y = DeformConv <group=2> (x, w, o)",
            **_deformed,
            o=normal(2, 12, 5, 7, dtype=_dtype),
            tolerance=(4e-3, 4e-3) if _dtype == "float16" else None,
        ),
        case(
            _version,
            f"y = DeformConv <{_how}, dilations=[1, 2]> (x, w, o, b, m)",
            **_deformed,
            o=normal(2, 24, 4, 8, dtype=_dtype),
            b=normal(4, dtype=_dtype),
            m=normal(2, 12, 4, 8, dtype=_dtype),
            tolerance=(4e-3, 4e-3) if _dtype == "float16" else None,
        ),
    ]
CASES += [  # where MXNet's layer would be wrong
    case(
        11,
        "y = ConvTranspose <strides=[2, 2], dilations=[1, 2], pads=[0, 1, 1, 0]> (x, w)",
        x=normal(2, 4, 3, 2, dtype="float64"),
        w=normal(4, 2, 2, 3, dtype="float64"),
        expected="reference",
    )
]
_LINE, _CUBE = normal(2, 4, 9), normal(1, 2, 5, 4, 4)
CASES += [
    case(
        22,
        "y = DeformConv <pads=[1, 0, 0, 1]> (x, w, o)",
        x=_IMAGE_OF_FOUR,
        w=known(3, 4, 3, 3),
        o=normal(2, 18, 5, 6),
        as_opset=19,
        dynamic=(2,),
    ),
    case(
        22,
        "y = DeformConv <pads=[1, 1], group=2, offset_group=2> (x, w, o)",
        x=_LINE,
        w=normal(6, 2, 3),
        o=np.zeros((2, 6, 9), "float32"),
        expected=lambda x, w, o: _plain(x, w, "<pads=[1, 1], group=2>"),
    ),
    case(
        22,
        "y = DeformConv <strides=[2, 1, 1]> (x, w, o)",
        x=_CUBE,
        w=normal(3, 2, 2, 2, 2),
        o=np.tile(np.float32([0, 1, -1]), 8)[None, :, None, None, None]
        * np.ones((1, 24, 2, 3, 3), "float32"),
        expected=lambda x, w, o: _plain(np.roll(_with_margin(x), (-1, 1), (3, 4)), w),
    ),
    case(22, "y = DeformConv (x, w, o)", x=_LINE, w=normal(6, 4, 3), o=_LINE, refused="offset"),
    case(
        19,
        "y = DeformConv <offset_group=2> (x, w, o)",
        x=_IMAGE_OF_FOUR,
        w=normal(3, 4, 2, 2),
        o=normal(2, 16, 5, 6),
    ),
]
_BLOCKS = {"n": value([6, 6]), "k": value([2, 3])}
_COLUMNS = "y = Col2Im <pads=[0, 1, 1, 0], strides=[2, 2], dilations=[1, 2]> (x, n, k)"
CASES += [
    case(18, "y = Col2Im (x, n, k)", x=normal(2, 12, 20), **_BLOCKS, dynamic=(2,)),
    case(18, _COLUMNS, x=normal(2, 12, 6), **_BLOCKS),
    case(18, _COLUMNS, x=normal(2, 12, 6, dtype="float64"), **_BLOCKS, expected="reference"),
    case(
        18,
        "y = Col2Im <strides=[3, 3]> (x, n, k)",
        x=normal(1, 9, 4),
        n=value([6, 7]),
        k=value([3, 3]),
    ),
    *(
        case(
            18,
            "y = Col2Im (x, n, k)",
            x=uniform(0, 9, 1, 24, 18, dtype=dtype),
            n=value([3, 4, 4]),
            k=value([2, 2, 2]),
            expected="reference",
            tolerance=(4e-3, 4e-3) if dtype == "float16" else None,
        )
        for dtype in ("float16", "float32", "float64", "int64", "uint8")
    ),
    case(18, "y = Col2Im (x, n, k)", x=normal(2, 12, 21), **_BLOCKS, refused="columns"),
]


def _with_margin(x):
    """A cube with room for what deformed windows see beyond its last two axes."""
    return np.pad(x, [(0, 0)] * 3 + [(1, 1)] * 2)


def _plain(x, w, how=""):
    """The convolution that a deformed one is."""
    y = Session(case(19, f"y = Conv {how} (x, w)", x=x, w=w).model())({"x": x, "w": w})[0]
    return y if x.ndim == 3 else y[:, :, ::2, 1:-1, 1:-1]


def test_gradients_of_a_deformed_convolution():
    """Of one axis; for images MXNet's layer has them on GPUs only."""
    given = {"x": normal(2, 2, 8), "w": normal(2, 2, 3), "m": normal(2, 3, 6)}
    given["o"] = uniform(0.1, 0.9, 2, 3, 6)
    given = {n: a.astype("float64") for n, a in given.items()}
    check_gradients(case(19, "y = DeformConv (x, w, o, , m)", **given), "xwom")


def test_gradients_of_columns():
    x = normal(2, 12, 6, dtype="float64")
    check_gradients(case(18, _COLUMNS, x=x, **_BLOCKS), "x")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
