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
"""Import rows: images made larger and smaller."""

import itertools
import struct
import zlib

import numpy as np
import pytest
from gradients import check_gradients
from import_cases import array, case, check, ints, known, normal, uniform, value
from mxnet.contrib.onnx import backend

_IMAGE = normal(2, 3, 4, 6)
_PPM = b"P6 # a comment\n2 2\n255\n" + bytes(range(0, 240, 20))


def _picture(how):
    """What ``_PPM`` shows."""
    rgb = np.arange(0, 240, 20, dtype=np.uint8).reshape(2, 2, 3)
    if how == "Grayscale":
        luma = np.array([19595, 38470, 7471]) @ rgb.reshape(-1, 3).T + 2**15
        return (luma >> 16).astype(np.uint8).reshape(2, 2, 1)
    return rgb if how == "RGB" else rgb[..., ::-1]


_BY_TWO = known(array([1, 1, 2, 2]))
CASES = [
    case(
        1,
        "y = Upsample <height_scale=2.0, width_scale=3.0> (x)",
        x=_IMAGE,
        expected=lambda x: x.repeat(2, 2).repeat(3, 3),
    ),
    case(
        1,
        'y = Upsample <height_scale=2.0, width_scale=2.0, mode="bilinear"> (x)',
        x=_IMAGE,
        expected=lambda x: _by_two(x),
    ),
]
for _mode in ("nearest", "linear"):
    CASES += [
        case(
            7,
            f'y = Upsample <mode="{_mode}", scales=[1.0, 1.0, 2.0, 2.0]> (x)',
            x=_IMAGE,
            dynamic=True if _mode == "nearest" else (2, 3),
        ),
        case(7, f'y = Upsample <mode="{_mode}", scales=[1.0, 1.0, 1.6, 2.5]> (x)', x=_IMAGE),
        case(9, f'y = Upsample <mode="{_mode}"> (x, s)', x=_IMAGE, s=_BY_TWO),
        case(
            9, f'y = Upsample <mode="{_mode}"> (x, s)', x=_IMAGE, s=value([1, 1, 3, 1.7], "float32")
        ),
        case(10, f'y = Upsample <mode="{_mode}"> (x, s)', x=_IMAGE, s=_BY_TWO, as_opset=9),
        case(10, f'y = Resize <mode="{_mode}"> (x, s)', x=_IMAGE, s=_BY_TWO, dynamic=(3,)),
        case(10, f'y = Resize <mode="{_mode}"> (x, s)', x=_IMAGE, s=known(array([1, 1, 1.6, 2.5]))),
        case(10, f'y = Resize <mode="{_mode}"> (x, s)', x=_IMAGE, s=known(array([1, 1, 0.5, 0.6]))),
    ]


def _by_two(x):
    """Linear, at half steps; the last element stays beyond the edge."""
    for axis in (2, 3):
        after = np.take(x, np.minimum(np.arange(x.shape[axis]) + 1, x.shape[axis] - 1), axis)
        x = np.stack([x, (x + after) / 2], axis + 1)
        x = x.reshape(*x.shape[:axis], -1, *x.shape[axis + 2 :])
    return x


for _version in (11, 13, 18, 19):
    CASES += (
        [
            case(_version, "y = Resize (x, , s)", x=_IMAGE, s=_BY_TWO, dynamic=(3, 4, 6)),
            case(
                _version,
                'y = Resize <mode="linear"> (x, , , n)',
                x=_IMAGE,
                n=known(ints(2, 3, 7, 9)),
            ),
            case(
                _version,
                'y = Resize <mode="cubic"> (x, , s)',
                x=_IMAGE,
                s=known(array([1, 1, 0.7, 1.9])),
            ),
        ]
        if _version > 11
        else [
            case(
                _version,
                "y = Resize (x, r, s)",
                x=_IMAGE,
                r=known(array([])),
                s=_BY_TWO,
                dynamic=(3, 4, 6),
            ),
            case(
                _version,
                'y = Resize <mode="linear"> (x, r, e, n)',
                x=_IMAGE,
                r=known(array([])),
                e=known(array([])),
                n=known(ints(2, 3, 7, 9)),
            ),
            case(
                _version,
                'y = Resize <mode="cubic"> (x, r, s)',
                x=_IMAGE,
                r=known(array([])),
                s=known(array([1, 1, 0.7, 1.9])),
            ),
        ]
    )
TRANSFORMATIONS = (
    "half_pixel",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "half_pixel_symmetric",
)
for _how in TRANSFORMATIONS:
    _more = f'coordinate_transformation_mode="{_how}"'
    for _sizes in ((7, 9), (3, 2), (8, 12), (1, 1), (2, 3)):
        _n = {"n": known(ints(2, 3, *_sizes))}
        CASES += [
            case(19, f'y = Resize <mode="{_mode}", {_more}> (x, , , n)', x=_IMAGE, **_n)
            for _mode in ("nearest", "linear", "cubic")
        ]
    for _nearest in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"):
        CASES += [
            case(
                19,
                f'y = Resize <nearest_mode="{_nearest}", {_more}> (x, , s)',
                x=_IMAGE,
                s=known(array(s)),
            )
            for s in ([1, 1, 2, 2], [1, 1, 1.6, 2.5], [1, 1, 0.6, 0.5])
        ]
    CASES += [
        case(
            19,
            f'y = Resize <mode="{_mode}", {_more}> (x, , s)',
            x=_IMAGE,
            s=known(array([1, 1, 2, 1.7])),
        )
        for _mode in ("linear", "cubic")
    ]
_N = {"n": known(ints(3, 8))}
CASES += [
    case(19, "y = Resize (x, , s)", x=uniform(0, 99, 1, 2, 3, 4, dtype="int32"), s=_BY_TWO),
    case(
        19,
        'y = Resize <mode="cubic", exclude_outside=1> (x, , s)',
        x=_IMAGE,
        s=known(array([1, 1, 0.7, 1.9])),
    ),
    case(
        19,
        'y = Resize <mode="cubic", cubic_coeff_a=-0.5> (x, , s)',
        x=_IMAGE,
        s=known(array([1, 1, 2.3, 1.9])),
    ),
    case(
        19,
        'y = Resize <mode="linear", axes=[2, 3]> (x, , , n)',
        x=_IMAGE,
        **_N,
        dynamic=(2, 3),
        bigger={3: 3},
    ),
    case(19, 'y = Resize <mode="linear", axes=[3, 2]> (x, , , n)', x=_IMAGE, **_N),
    case(19, 'y = Resize <mode="linear", axes=[-1]> (x, , s)', x=_IMAGE, s=known(array([1.5]))),
    case(
        19,
        'y = Resize <axes=[2, 3], keep_aspect_ratio_policy="not_larger"> (x, , , n)',
        x=_IMAGE,
        **_N,
    ),
    case(
        19,
        'y = Resize <axes=[2, 3], keep_aspect_ratio_policy="not_smaller"> (x, , , n)',
        x=_IMAGE,
        **_N,
    ),
    case(19, 'y = Resize <mode="linear"> (x, , s)', x=normal(2, 3, 7), s=known(array([1, 1, 1.7]))),
    case(
        19,
        'y = Resize <mode="linear"> (x, , s)',
        x=normal(1, 2, 3, 4, 5),
        s=known(array([1, 1, 1.7, 1.2, 2])),
    ),
    case(
        19,
        'y = Resize <mode="linear"> (x, , s)',
        x=normal(7),
        s=known(array([1.7])),
        expected="reference",
    ),
    case(
        19,
        'y = Resize <mode="linear"> (x, , s)',
        x=normal(2, 3, 4, 5, dtype="float64"),
        s=known(array([1, 1, 1.7, 2])),
        expected="reference",
        tolerance=(1e-6, 1e-6),
    ),
    case(
        19,
        "y = Resize (x, , s)",
        x=uniform(0, 255, 2, 3, 4, 5, dtype="uint8"),
        s=known(array([1, 1, 1.7, 2])),
    ),
    case(
        19,
        "y = Resize (x, , s)",
        x=normal(2, 3, 4, 5, 6),
        s=known(array([1, 1, 2, 2, 2])),
        dynamic=(3, 4),
    ),
    case(19, "y = Resize (x, , s)", x=_IMAGE, s=known(array([1, 1, 0])), refused="scales"),
    case(19, "y = Resize (x, , s)", x=_IMAGE, s=known(array([1, np.nan, 2])), refused="scales"),
    *(
        case(
            19,
            f'y = Resize <mode="cubic", antialias={antialias}> (x, , , n)',
            x=array([[[[0, 0, 0, 0, 255, 255, 255, 255, 9, 7, 100, 3]]]], "uint8"),
            n=known(ints(1, 1, 1, 7)),
            expected="reference",
        )
        for antialias in (0, 1)
    ),
]
for _mode, _sizes in itertools.product(("linear", "cubic"), ((3, 4), (2, 9))):
    CASES += [
        case(
            19,
            f'y = Resize <mode="{_mode}", antialias=1> (x, , , n)',
            x=normal(2, 3, 8, 9),
            n=known(ints(2, 3, *_sizes)),
        ),
        case(
            19,
            f'y = Resize <mode="{_mode}", antialias=1, exclude_outside=1> (x, , , n)',
            x=normal(2, 3, 8, 9),
            n=known(ints(2, 3, *_sizes)),
        ),
    ]
_CROP = {"r": known(array([0, 0, 0.4, 0.6, 1, 1, 0.6, 0.8])), "n": known(ints(2, 3, 3, 3))}
_FAR = {"r": known(array([0, 0, 0.6, 0.6, 1, 1, 1.2, 1.7])), "n": known(ints(2, 3, 3, 4))}
for _mode in ("nearest", "linear", "cubic"):
    _crop = 'coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=7.0'
    _text = f'y = Resize <mode="{_mode}", {_crop}> (x, r, , n)'
    CASES += [case(19, _text, x=_IMAGE, **crop) for crop in (_CROP, _FAR)]
for _mode, _how in itertools.product(
    ("linear", "cubic"), (*TRANSFORMATIONS, "tf_half_pixel_for_nn")
):
    _text = f'y = Resize <mode="{_mode}", coordinate_transformation_mode="{_how}"> '
    _varying = {"x": normal(2, 3, 7, 9), "dynamic": (7, 9)}
    if _how != "tf_half_pixel_for_nn":
        CASES.append(
            case(
                19,
                f"n = Shape (z)\n{_text} (x, , , n)",
                z=normal(2, 3, 5, 11),
                **{**_varying, "dynamic": (5, 7, 9, 11)},
            )
        )
    CASES += [
        case(v, f"{_text} (x, {'r' if v < 13 else ''}, s)", s=known(array(scales)), **_varying,
             **({"r": known(array([]))} if v < 13 else {}))
        for v, scales in ((11, [1, 1, 2, 3]), (13, [1, 1, 1.5, 0.5]), (19, [1, 1, 0.25, 1.75]))
        if v == 11 or _how != "tf_half_pixel_for_nn"
    ]  # fmt: skip
for _nearest in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"):
    CASES += [
        case(
            19,
            f'y = Resize <nearest_mode="{_nearest}"> (x, , s)',
            x=normal(2, 3, 7, 9),
            s=known(array([1, 1, 1.5, 0.5])),
            dynamic=(7, 9),
        )
    ]
CASES += [
    case(
        19,
        'y = Resize <mode="cubic", exclude_outside=1, cubic_coeff_a=-0.5> (x, , s)',
        x=normal(2, 3, 7, 9),
        s=known(array([1, 1, 1.5, 2])),
        dynamic=(7, 9),
    ),
    case(
        10,
        'y = Resize <mode="linear"> (x, s)',
        x=normal(2, 3, 7, 9),
        s=known(array([1, 1, 1.5, 0.5])),
        dynamic=(7, 9),
    ),
    *(
        case(
            20,
            f'y = ImageDecoder <pixel_format="{_format}"> (x)',
            x=known(np.frombuffer(_PPM, np.uint8)),
            expected=lambda x, how=_format: _picture(how),
        )
        for _format in ("RGB", "BGR", "Grayscale")
    ),
    case(20, "y = ImageDecoder (x)", x=known(np.frombuffer(b"RIFF....WEBP....", np.uint8)),
         refused="Pillow"),
    *(
        case(v, "y = Resize (x, , s)", x=normal(1, 2, 5, 10), s=known(array([1, 1, 2.6, 1.1])))
        for v in (13, 19)
    ),
    case(20, 'y = ImageDecoder <pixel_format="HSV"> (x)', x=known(np.zeros(9, np.uint8)),
         refused="HSV"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


def test_gradients_of_a_size_that_varies():
    x = normal(1, 2, 5, 6, dtype="float64")
    sizes = known(array([1, 1, 1.5, 2]))
    for mode in ("linear", "cubic"):
        text = f'y = Resize <mode="{mode}"> (x, , s)'
        check_gradients(case(19, text, x=x, s=sizes), "x")
        check_gradients(case(19, text, x=x, s=sizes), "x", {"x": (1, 2, "h", "w")})


# -- files -------------------------------------------------------------------------------------


def decode(stream, how="RGB"):
    given = case(
        20, f'y = ImageDecoder <pixel_format="{how}"> (x)', x=np.frombuffer(stream, np.uint8)
    )
    (picture,) = backend.prepare(given.model()).run(given.inputs)
    assert picture.dtype == np.uint8
    return picture


@pytest.mark.parametrize(
    "stream, wanted",
    [
        (b"P1 3 1 1 0 1", [[0, 255, 0]]),
        (b"P2\n2 1\n#text\n10\n0 5", [[0, 128]]),
        (b"P4\n3 1\n\xa0", [[0, 255, 0]]),
        (b"P5 2 1 65535\n\x00\x00\xff\xff", [[0, 255]]),
    ],
)
def test_portable_pictures(stream, wanted):
    picture = decode(stream)
    np.testing.assert_array_equal(picture, np.repeat(np.uint8(wanted)[..., None], 3, 2))
    np.testing.assert_array_equal(decode(stream, "Grayscale"), np.uint8(wanted)[..., None])


def test_a_bitmap():
    header = b"BM" + struct.pack(
        "<IHHIIiiHHIIiiII", 70, 0, 0, 54, 40, 2, 2, 1, 24, 0, 16, 0, 0, 0, 0
    )
    rows = bytes([1, 2, 3, 4, 5, 6, 0, 0]) + bytes([7, 8, 9, 10, 11, 12, 0, 0])
    wanted = np.uint8([[[9, 8, 7], [12, 11, 10]], [[3, 2, 1], [6, 5, 4]]])
    np.testing.assert_array_equal(decode(header + rows), wanted)
    np.testing.assert_array_equal(decode(header + rows, "BGR"), wanted[..., ::-1])


def _png(width):
    """Two rows of red and of blue, as a file that says it is so wide."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, 2, 8, 2, 0, 0, 0)), (b"IEND", b"")]
    rows = b"\0" + b"\xff\0\0" * 3 + b"\0" + b"\0\0\xff" * 3
    parts.insert(1, (b"IDAT", zlib.compress(rows)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def test_a_png_with_a_damaged_header_is_not_waited_for():
    """MXNet's decoder never comes back from it."""
    whole = _png(3)
    red = decode(whole)
    assert red.shape == (2, 3, 3)
    np.testing.assert_array_equal(red[:, 0], [[255, 0, 0], [0, 0, 255]])
    for damaged in (whole.replace(b"\0\0\0\3", b"\x0c\0\0\3", 1), whole[:-9], whole[:40]):
        assert damaged != whole and decode(damaged).shape == (0, 0, 3)


@pytest.mark.parametrize("stream", [b"nothing", b"P6 2 2 255\n12", b"P5 2", b"\x89PNG"])
def test_what_is_no_picture_is_an_empty_one(stream):
    assert decode(stream).shape == (0, 0, 3)
    assert decode(stream, "Grayscale").shape == (0, 0, 1)
