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
"""Spectra: Fourier transforms as products with matrices of cosines and sines."""

from __future__ import annotations

import math

import numpy as np

from ...translation import TranslationTable
from ..values import Dim
from .axes import from_front
from .precision import computed_in, scalar

table = TranslationTable()

#: A transform of more elements is made of two shorter ones, where its length has such a factor.
LONGEST_AT_ONCE = 512
#: The longest transform by one matrix, where the length has no factors.
LONGEST = 8192

_LIMITS = f"a fixed length, which above {LONGEST} is no prime nor nearly so"


@table.op("DFT", versions=(17,), limits=_LIMITS)
def dft_17(op, input, *, dft_length=None, axis, inverse, onesided):
    return dft_20(op, input, dft_length=dft_length, axis=axis, inverse=inverse, onesided=onesided)


@table.op("DFT", versions=(20,), limits=_LIMITS)
def dft_20(op, input, *, dft_length=None, axis=-2, inverse, onesided):
    """The last axis holds real and imaginary parts, or real ones alone."""
    axis = from_front(op, _one(axis), input.rank)
    if axis == input.rank - 1 or input.shape[-1] not in (1, 2):
        op.fail(f"axis {axis} of {input.shape}, whose last axis must be of 1 or 2 parts")
    if onesided and not inverse and input.shape[-1] == 2:
        op.fail("onesided=1 is for real input, this one has imaginary parts")
    size, length = input.shape[axis], _one(dft_length)
    if length is None:
        length = 2 * (size - 1) if inverse and onesided else size
    if isinstance(size, Dim) or isinstance(length, Dim):
        op.fail(f"the length {length} varies with the input: give it by input_shapes")
    if length < 1:
        op.fail(f"a transform of {length} elements")
    taken = length // 2 + 1 if inverse and onesided else length

    def compute(x):
        x = op.swapaxes(x, dim1=axis, dim2=input.rank - 2) if axis != input.rank - 2 else x
        y = _transformed(op, _fitted(op, x, taken), length, inverse, onesided)
        return op.swapaxes(y, dim1=axis, dim2=input.rank - 2) if axis != input.rank - 2 else y

    if input.dtype == np.float16:
        return computed_in(op, "float32", compute, input)
    return compute(input)


@table.op("STFT", versions=(17,), limits="frames of fixed length and step")
def stft(op, signal, window=None, *, frame_step, frame_length=None, onesided):
    """Frames are looked up in the signal, weighted and transformed."""
    step, length = _one(frame_step), _one(frame_length)
    if signal.rank != 3 or signal.shape[2] not in (1, 2):
        op.fail(f"a signal of {signal.shape}, which must be batch, length and 1 or 2 parts")
    batch, size, parts = signal.shape
    if length is None:
        length = size if window is None else window.shape[0]
    if isinstance(length, Dim) or length < 1 or step < 1:
        op.fail(f"frames of {length} elements every {step}")
    if window is not None and window.shape != (length,):
        op.fail(f"a window of {window.shape} for frames of {length}")
    if onesided and parts == 2:
        op.fail("onesided=1 is for real signals, this one has imaginary parts")
    if not isinstance(size, Dim) and size < length:
        op.fail(f"a signal of {size} elements has no frame of {length}")

    def compute(x, window):
        frames = _frames(op, x, step, length)
        if window is not None:
            frames = op._npi_multiply(frames, op.reshape(window, (length, 1)))
        return _transformed(op, frames, length, False, onesided)

    if signal.dtype == np.float16:
        return computed_in(op, "float32", compute, signal, window)
    return compute(signal, window)


def _frames(op, x, step, length):
    """(batch, frames, length, parts) of a signal (batch, size, parts)."""
    count = op.cut(x, 1, 0, 1 - length if length > 1 else None, step).shape[1]
    first = op.reshape(op.arange(0, count * step, step, np.int64), (count, 1))
    places = op._npi_add(first, op.constant(np.arange(length)[None]))
    return op.take(x, places, axis=1, mode="clip")


def _one(value):
    return value[0] if isinstance(value, list) else value


def _fitted(op, x, length):
    """The second last axis cut or filled with zeros."""
    axis, size = x.rank - 2, x.shape[-2]
    if size > length:
        return op.cut(x, axis, 0, length)
    if size < length:
        zeros = op.full((*x.shape[:-2], length - size, x.shape[-1]), 0, x.dtype)
        return op.Concat(x, zeros, dim=axis, num_args=2)
    return x


def _transformed(op, x, length, inverse, onesided):
    """Over the second last axis, the last one holds the parts."""
    parts = [
        op.squeeze(op.cut(x, x.rank - 1, k, k + 1), axis=(x.rank - 1,)) for k in range(x.shape[-1])
    ]
    real, imaginary = parts if len(parts) == 2 else (parts[0], None)
    if inverse and onesided:
        y = _real_from_half(op, real, imaginary, length)
        return op.expand_dims(y, axis=y.rank)
    kept = length // 2 + 1 if onesided else length
    pair = _spectrum(op, real, imaginary, length, 1 if inverse else -1, kept)
    if inverse:
        pair = [op._npi_multiply(t, scalar(op, 1 / length, t.dtype)) for t in pair]
    return op._npi_stack(*pair, axis=real.rank, num_args=2)


def _turns(rows, columns, length):
    """Angles of ``rows`` times ``columns`` over ``length``, whose product is reduced exactly."""
    return 2 * np.pi / length * (np.outer(rows, columns) % length)


def _product(op, x, matrix):
    """The last axis of ``x`` with a constant matrix in its type."""
    matrix = op.constant(matrix.astype(x.dtype))
    if x.rank == 1:
        return op.reshape(op._np_dot(op.reshape(x, (1, *x.shape)), matrix), matrix.shape[1:])
    return op._np_dot(x, matrix)


def _spectrum(op, real, imaginary, length, sign, kept):
    """Real and imaginary part of the first ``kept`` sums over the last axis."""
    short = _factor(op, length)
    if short is None:
        angles = _turns(np.arange(length), np.arange(kept), length)
        return _turned(op, real, imaginary, np.cos(angles), sign * np.sin(angles))
    pair = _in_two_steps(op, real, imaginary, length, short, sign)
    return [op.cut(t, t.rank - 1, 0, kept) for t in pair]


def _turned(op, real, imaginary, cos, sin):
    """(real + i imaginary) times (cos + i sin), summed over the last axis."""
    a, b = _product(op, real, cos), _product(op, real, sin)
    if imaginary is None:
        return [a, b]
    c, d = _product(op, imaginary, cos), _product(op, imaginary, sin)
    return [op._npi_subtract(a, d), op._npi_add(b, c)]


def _factor(op, length):
    """The factor next to the square root, of a length that is too much for one matrix."""
    if length <= LONGEST_AT_ONCE:
        return None
    best = max(n for n in range(1, math.isqrt(length) + 1) if length % n == 0)
    if best == 1 or length // best > LONGEST:
        if length > LONGEST:
            op.fail(f"the length {length} has no factors that make it short enough")
        return None
    return best


def _in_two_steps(op, real, imaginary, length, short, sign):
    """Cooley and Tukey: n = long * a + b, k = short * d + c for a, c below short."""
    long, outer = length // short, real.shape[:-1]
    inner = [
        None if t is None else op.swapaxes(op.reshape(t, (*outer, short, long)), dim1=-2, dim2=-1)
        for t in (real, imaginary)
    ]
    real, imaginary = _spectrum(op, *inner, short, sign, short)  # (..., b, c)
    angles = _turns(np.arange(long), np.arange(short), length)
    cos, sin = (op.constant(m.astype(real.dtype)) for m in (np.cos(angles), sign * np.sin(angles)))
    turned = (
        op._npi_subtract(op._npi_multiply(real, cos), op._npi_multiply(imaginary, sin)),
        op._npi_add(op._npi_multiply(real, sin), op._npi_multiply(imaginary, cos)),
    )
    turned = [op.swapaxes(t, dim1=-2, dim2=-1) for t in turned]  # (..., c, b)
    pair = _spectrum(op, *turned, long, sign, long)  # (..., c, d)
    return [op.reshape(op.swapaxes(t, dim1=-2, dim2=-1), (*outer, length)) for t in pair]


def _real_from_half(op, real, imaginary, length):
    """The real signal of a spectrum whose other half is the first one's conjugate."""
    kept = length // 2 + 1
    angles = _turns(np.arange(kept), np.arange(length), length)
    twice = np.full((kept, 1), 2.0)
    twice[0] = 1
    if length % 2 == 0:
        twice[-1] = 1
    y = _product(op, real, twice * np.cos(angles) / length)
    if imaginary is None:
        return y
    return op._npi_subtract(y, _product(op, imaginary, twice * np.sin(angles) / length))
