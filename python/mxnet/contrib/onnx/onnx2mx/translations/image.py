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
"""Images, and tensors like them, made larger and smaller."""

from __future__ import annotations

import dataclasses
import fractions
import math
from typing import Optional, Tuple

import numpy as np

from ...errors import DynamicSizeError
from ...translation import TranslationTable
from ..values import Dim, Known
from . import interpolation, resampling
from .axes import along_axis, from_front
from .image_files import decoded
from .precision import cast, scalar

table = TranslationTable()

#: Of a scale as a fraction, by which a varying size is multiplied.
LARGEST_TERM = 64


@dataclasses.dataclass(frozen=True)
class _Way:
    """How elements are found: a Resize node without its sizes, named as the specification does."""

    mode: str
    transformation: str
    nearest_mode: str
    cubic_coeff_a: float = -0.75
    exclude_outside: bool = False
    extrapolation_value: float = 0.0
    antialias: bool = False


@dataclasses.dataclass(frozen=True)
class _Stretch:
    """One axis: its sizes before and after, the scale, and the crop if there is one."""

    axis: int
    old: object
    new: object
    scale: Optional[float]
    region: Optional[Tuple[float, float]] = None

    @property
    def varies(self):
        return isinstance(self.old, Dim) or isinstance(self.new, Dim)

    @property
    def changes_nothing(self):
        """A scale of 1.2 may keep the size, and yet move the elements."""
        same = self.old == self.new and self.scale in (None, 1)
        return same and self.region in (None, (0.0, 1.0))


@table.op("Upsample", versions=(1,))
def upsample_1(op, x, *, height_scale, width_scale, mode):
    mode = "linear" if mode == "bilinear" else mode
    return resize_10(op, x, scales=[1.0, 1.0, height_scale, width_scale], mode=mode)


@table.op("Upsample", versions=(7, 9, 10))
@table.op("Resize", versions=(10,))
def resize_10(op, x, *, scales, mode):
    """Places are those of the output over the scale.

    The nearest element is the one below when enlarging, and above when reducing: ONNX leaves that
    open, ONNX Runtime does so.
    """
    if mode not in ("nearest", "linear"):
        op.fail(f"mode '{mode}' is not known, 'nearest' and 'linear' are")
    stretches = _by_scales(op, x, range(x.rank), scales)
    larger, smaller = [s for s in stretches if s.scale >= 1], [s for s in stretches if s.scale < 1]
    x = _resized(op, x, _Way(mode, "asymmetric", "floor"), larger)
    return _resized(op, x, _Way(mode, "asymmetric", "ceil"), smaller)


@table.op(
    "Resize",
    versions=(11, 13, 18, 19),
    limits="antialias=1, crops and aspect ratios need fixed sizes, and so do scales that are no "
    f"fractions of numbers up to {LARGEST_TERM}; interpolated integers may be off by one",
)
def resize_11(
    op,
    x,
    *,
    roi=None,
    scales=None,
    sizes=None,
    mode,
    coordinate_transformation_mode,
    nearest_mode,
    cubic_coeff_a,
    exclude_outside,
    extrapolation_value,
    antialias=0,
    axes=None,
    keep_aspect_ratio_policy="stretch",
):
    way = _Way(
        mode,
        coordinate_transformation_mode,
        nearest_mode,
        cubic_coeff_a,
        bool(exclude_outside),
        extrapolation_value,
        bool(antialias),
    )
    if mode not in ("nearest", "linear", "cubic"):
        op.fail(f"mode '{mode}' is not known: nearest, linear and cubic are")
    axes = [from_front(op, a, x.rank) for a in (range(x.rank) if axes is None else axes)]
    if scales:
        stretches = _by_scales(op, x, axes, scales)
    elif sizes:
        stretches = _by_sizes(op, x, axes, sizes, keep_aspect_ratio_policy)
    else:
        op.fail("neither scales nor sizes are given")
    if coordinate_transformation_mode == "tf_crop_and_resize":
        if not roi or len(roi) != 2 * len(axes):
            op.fail(f"roi must have two entries for each of the {len(axes)} axes")
        half = len(axes)
        stretches = [
            dataclasses.replace(s, region=(roi[i], roi[i + half])) for i, s in enumerate(stretches)
        ]
    return _resized(op, x, way, stretches)


def _by_scales(op, x, axes, scales):
    if len(scales) != len(axes) or not all(0 < s < math.inf for s in scales):
        op.fail(f"scales {scales} for {len(axes)} axes")
    return [
        _Stretch(axis, x.shape[axis], _scaled(x.shape[axis], scale), scale)
        for axis, scale in zip(axes, scales)
    ]


def _scaled(size, scale):
    """In float32, as ONNX's shape inference has it: 2.6 times 5 are 13 there, and 12 exactly."""
    if isinstance(size, Dim):
        if float(scale).is_integer():
            return size * int(scale)
        return Dim(tuple(_scaled(n, scale) for n in size.sizes))
    return math.floor(np.float32(size) * np.float32(scale))


def _by_sizes(op, x, axes, sizes, policy):
    if len(sizes) != len(axes):
        op.fail(f"sizes {sizes} for {len(axes)} axes")
    if policy == "stretch":
        return [_Stretch(a, x.shape[a], n, None) for a, n in zip(axes, sizes)]
    if policy not in ("not_larger", "not_smaller"):
        op.fail(f"keep_aspect_ratio_policy '{policy}' is not known")
    if any(isinstance(n, Dim) for n in (*sizes, *(x.shape[a] for a in axes))):
        op.fail(f"keep_aspect_ratio_policy '{policy}' needs fixed sizes: give them by input_shapes")
    choose = min if policy == "not_larger" else max
    scale = choose(n / x.shape[a] for a, n in zip(axes, sizes))
    return [_Stretch(a, x.shape[a], math.floor(scale * x.shape[a] + 0.5), scale) for a in axes]


def _resized(op, x, way, stretches):
    """Axis by axis: elements repeated or picked, or a product with a constant matrix of weights."""
    stretches = [s for s in stretches if not s.changes_nothing]
    if way.mode == "nearest":
        return _nearest(op, x, way, stretches)
    own = x.dtype
    x = x if own in (np.float32, np.float64) else op.Cast(x, dtype="float32")
    for stretch in stretches:
        x = _weighted(op, x, way, stretch)
    x = _outside(op, x, way, stretches)
    return cast(op, _whole(op, x, own) if way.antialias or way.mode == "cubic" else x, own)


def _whole(op, x, dtype):
    """Rounded where linear weights alone are cut, and no further than 8 bits go."""
    if dtype.kind == "f":
        return x
    x = op._npi_rint(x)
    if dtype.itemsize == 1:
        x = op.clip(x, a_min=np.iinfo(dtype).min, a_max=np.iinfo(dtype).max)
    return x


# -- nearest -----------------------------------------------------------------------------------

#: Where whole scales repeat every element.
REPEATING = {
    ("asymmetric", "floor"),
    ("half_pixel", "round_prefer_floor"),
    ("half_pixel", "round_prefer_ceil"),
    ("pytorch_half_pixel", "round_prefer_floor"),
    ("pytorch_half_pixel", "round_prefer_ceil"),
    ("tf_half_pixel_for_nn", "floor"),
}


def _nearest(op, x, way, stretches):
    if way.nearest_mode not in interpolation.ROUNDINGS:
        op.fail(f"nearest_mode '{way.nearest_mode}' is not known")
    repeats = {}
    if (way.transformation, way.nearest_mode) in REPEATING:
        repeats = {s.axis: _whole_ratio(s.old, s.new) for s in stretches}
    equal = repeats.get(2) if repeats.get(2) == repeats.get(3) else None
    if equal and x.rank == 4 and x.dtype.kind == "f" and len(stretches) == 2:
        return op.UpSampling(x, scale=equal, sample_type="nearest", num_args=1)
    for stretch in stretches:
        count = repeats.get(stretch.axis)
        if count is not None:
            x = op.repeat(x, repeats=count, axis=stretch.axis)
            continue
        if stretch.varies:
            place = _varying_places(op, x, way, stretch)
            index = _rounded(op, place, way.nearest_mode)
        else:
            place = _places(op, way, stretch)
            index = op.constant(interpolation.nearest(place, stretch.old, way.nearest_mode))
        x = op.take(x, index, axis=stretch.axis, mode="clip")
    return _outside(op, x, way, stretches)


def _whole_ratio(old, new):
    """How often ``old`` goes into ``new``, at every size tried, or None."""
    pairs = [
        (a, b)
        for a, b in zip(
            old.sizes if isinstance(old, Dim) else [old],
            new.sizes if isinstance(new, Dim) else [new],
        )
    ]
    alike = isinstance(old, Dim) == isinstance(new, Dim)
    ratios = {b / a for a, b in pairs} if alike else set()
    ratio = ratios.pop() if len(ratios) == 1 else 0.5
    return int(ratio) if ratio.is_integer() else None


def _places(op, way, stretch):
    """Where the new elements lie among the old ones."""
    try:
        return interpolation.places(
            stretch.old,
            stretch.new,
            stretch.scale or stretch.new / stretch.old,
            way.transformation,
            stretch.region,
        )
    except KeyError:
        return op.fail(f"coordinate_transformation_mode '{way.transformation}' is not known")


# -- weighted ----------------------------------------------------------------------------------


def _weighted(op, x, way, stretch):
    if stretch.varies:
        return _tapped(op, x, way, stretch)
    linear = way.mode == "linear"
    matrix = interpolation.weights(
        _places(op, way, stretch),
        stretch.old,
        interpolation.triangle if linear else interpolation.cubic(way.cubic_coeff_a),
        1 if linear else 2,
        stretch.scale or stretch.new / stretch.old,
        way.antialias,
        way.exclude_outside,
    ).astype(x.dtype)
    last = x.rank - 1
    if stretch.axis == last:
        return op._np_dot(x, op.constant(matrix)) if last else _row(op, x, matrix)
    if stretch.axis == last - 1:
        return op._npi_matmul(op.constant(matrix.T.copy()), x)
    y = op.swapaxes(x, dim1=stretch.axis, dim2=last)
    return op.swapaxes(op._np_dot(y, op.constant(matrix)), dim1=stretch.axis, dim2=last)


def _row(op, x, matrix):
    """A tensor of rank 1 as a matrix of one row."""
    row = op.reshape(x, (1, *x.shape))
    return op.reshape(op._np_dot(row, op.constant(matrix)), matrix.shape[1:])


def _outside(op, x, way, stretches):
    """Places beyond the tensor, which only a crop has, are filled."""
    beyond = None
    for stretch in stretches:
        if stretch.region is None:
            continue
        where = _places(op, way, stretch)
        missed = op.constant((where < 0) | (where > stretch.old - 1))
        missed = along_axis(op, missed, stretch.axis, x.rank)
        beyond = missed if beyond is None else op._npi_add(beyond, missed)
    if beyond is None:
        return x
    return op._npi_where(beyond, scalar(op, way.extrapolation_value, x.dtype), x)


# -- sizes that vary -----------------------------------------------------------------------------


def _varying_places(op, x, way, stretch):
    """Where the new elements lie among the old ones, computed at run time."""
    if way.antialias or stretch.region is not None:
        op.fail(
            f"antialias=1 and crops of the varying size {stretch.old} are not covered: give a "
            "fixed size by input_shapes"
        )
    i = _counted(op, x, stretch)
    old = resampling.extent(op, x, stretch.axis, np.float32)
    if isinstance(stretch.new, Dim):
        new = resampling.extent(op, i, 0, np.float32)
    else:
        new = scalar(op, stretch.new, np.float32)
    if stretch.scale is None:
        scale = op._npi_true_divide(new, old)
    else:
        scale = scalar(op, stretch.scale, np.float32)
    return _transformed(op, way.transformation, i, old, new, scale)


def _transformed(op, transformation, i, old, new, scale):
    half, one = scalar(op, 0.5, np.float32), scalar(op, 1, np.float32)

    def centred(offset):
        return op._npi_subtract(op._npi_true_divide(op._npi_add(i, half), scale), offset)

    if transformation == "asymmetric":
        return op._npi_true_divide(i, scale)
    if transformation == "half_pixel":
        return centred(half)
    if transformation == "pytorch_half_pixel":  # one element is the first one
        return op._npi_multiply(centred(half), op._npi_minimum(op._npi_subtract(new, one), one))
    if transformation == "tf_half_pixel_for_nn":
        return centred(scalar(op, 0, np.float32))
    if transformation == "half_pixel_symmetric":
        shrunk = op._npi_true_divide(new, op._npi_multiply(old, scale))
        margin = op._npi_multiply(op._npi_subtract(one, shrunk), op._npi_multiply(old, half))
        return op._npi_add(margin, centred(half))
    if transformation == "align_corners":
        steps = op._npi_maximum(op._npi_subtract(new, one), one)
        return op._npi_true_divide(op._npi_multiply(i, op._npi_subtract(old, one)), steps)
    return op.fail(f"coordinate_transformation_mode '{transformation}' is not known")


def _counted(op, x, stretch):
    """0, 1, ... for every new element, float32."""
    try:
        return op.arange(0, stretch.new, 1, np.float32)
    except DynamicSizeError:
        if stretch.scale is None:
            raise
    ratio = fractions.Fraction(stretch.scale).limit_denominator(LARGEST_TERM)
    if ratio.numerator > LARGEST_TERM or abs(float(ratio) / stretch.scale - 1) > 1e-7:
        op.fail(f"the varying size {stretch.old} by {stretch.scale}: give it by input_shapes")
    line = op.arange(0, stretch.old, 1, np.float32)
    line = op.repeat(line, repeats=ratio.numerator, axis=0)
    line = op.cut(line, 0, ratio.denominator - 1, None, ratio.denominator)
    return op._contrib_arange_like(line, axis=0)


def _rounded(op, place, nearest_mode):
    half = scalar(op, 0.5, np.float32)
    if nearest_mode == "round_prefer_floor":
        place = op.ceil(op._npi_subtract(place, half))
    elif nearest_mode == "round_prefer_ceil":
        place = op.floor(op._npi_add(place, half))
    else:
        place = op.floor(place) if nearest_mode == "floor" else op.ceil(place)
    return cast(op, place, "int64")


def _tapped(op, x, way, stretch):
    """The elements around every place, added up by their shares."""
    place = _varying_places(op, x, way, stretch)
    size = resampling.extent(op, x, stretch.axis, np.float32)
    if way.mode == "linear":
        last = op._npi_subtract(size, scalar(op, 1, np.float32))
        place = resampling.clamped(op, place, scalar(op, 0, np.float32), last)
        taps = resampling.linear(op, place)
    else:
        taps = resampling.cubic(op, place, way.cubic_coeff_a)
    index, share = taps.index, taps.share
    if way.exclude_outside:
        inside = resampling.within(op, taps, size).inside
        share = op._npi_multiply(share, cast(op, inside, np.float32))
        share = op._npi_true_divide(share, op.sum(share, axis=(0,), keepdims=True))
    total = None
    for k in range(index.shape[0]):
        picked, part = (op.squeeze(op.cut(t, 0, k, k + 1), axis=(0,)) for t in (index, share))
        value = op.take(x, cast(op, picked, "int64"), axis=stretch.axis, mode="clip")
        part = along_axis(op, cast(op, part, x.dtype), stretch.axis, x.rank)
        value = op._npi_multiply(value, part)
        total = value if total is None else op._npi_add(total, value)
    return total


# -- files ---------------------------------------------------------------------------------------


@table.op(
    "ImageDecoder",
    versions=(20,),
    limits="run at once, or of a known stream; JPEG 2000 and WebP where Pillow is installed",
)
def image_decoder(op, encoded_stream, *, pixel_format):
    """By the OpenCV inside MXNet; what cannot be read is an empty picture."""
    if pixel_format not in ("RGB", "BGR", "Grayscale"):
        op.fail(f"pixel_format '{pixel_format}' is not known: RGB, BGR and Grayscale are")
    picture = decoded(op.value(encoded_stream).tobytes(), pixel_format)
    return op.constant(picture) if picture.size else Known("", (picture,))
