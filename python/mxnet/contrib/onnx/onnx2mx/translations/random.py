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
"""Operators that draw random numbers."""

from __future__ import annotations

import functools

import numpy as np

from ...dtypes import carrier, element_dtype, numpy_dtype
from ...translation import TranslationTable
from ..values import Known, product
from .precision import cast

table = TranslationTable()

#: ONNX specifies distributions, no generator: a seed in the model repeats no numbers anywhere else.
_LIMITS = "mx.random.seed repeats the numbers, the attribute seed does not"


# -- out of nothing ------------------------------------------------------------------------------


@table.op("RandomNormal", versions=(1, 22), ignores=("seed",), limits=_LIMITS)
def random_normal(op, *, dtype, mean, scale, shape):
    draw = functools.partial(_drawn, op, op._random_normal, dtype, shape)
    return _stretched(op, draw, mean, scale)


@table.op("RandomUniform", versions=(1, 22), ignores=("seed",), limits=_LIMITS)
def random_uniform(op, *, dtype, low, high, shape):
    return _drawn(op, op._random_uniform, dtype, shape, low=low, high=high)


def _drawn(op, draw, data_type, shape, **parameters):
    shape, dtype = tuple(shape), element_dtype(data_type)
    held = _held(op, dtype)
    if not product(shape):
        return Known("", (np.zeros(shape, dtype),))
    x = draw(shape=shape or (1,), dtype=held.name, **parameters)
    return cast(op, op.reshape(x, shape), dtype)


def _held(op, dtype):
    """The type of floats in which numbers are drawn that are to be of ``dtype``."""
    held = carrier(dtype)
    if held is None or held.kind != "f":
        op.fail(f"random numbers of {dtype}")
    return held


def _stretched(op, draw, mean, scale):
    """By what is drawn where MXNet takes the scale, which may not be 0."""
    if scale > 0:
        return draw(loc=mean, scale=scale)
    x = op._npi_multiply_scalar(draw(loc=0.0, scale=1.0), scalar=scale)
    return op._npi_add_scalar(x, scalar=mean)


@table.op("RandomNormalLike", versions=(1, 22), ignores=("seed",), limits=_LIMITS)
def random_normal_like(op, input, *, dtype=None, mean, scale):
    dtype = _type(input, dtype)
    draw = functools.partial(op._random_normal_like, cast(op, input, _held(op, dtype)))
    return cast(op, _stretched(op, draw, mean, scale), dtype)


@table.op("RandomUniformLike", versions=(1, 22), ignores=("seed",), limits=_LIMITS)
def random_uniform_like(op, input, *, dtype=None, low, high):
    dtype = _type(input, dtype)
    drawn = op._random_uniform_like(cast(op, input, _held(op, dtype)), low=low, high=high)
    return cast(op, drawn, dtype)


def _type(input, data_type):
    """The element type of a result, which is the input's unless another one is named."""
    return input.element if data_type is None else element_dtype(data_type)


# -- by given chances ----------------------------------------------------------------------------


@table.op("Bernoulli", versions=(15, 22), ignores=("seed",), limits=_LIMITS)
def bernoulli(op, input, *, dtype=None):
    """1 where a number below 1 is less than the chance."""
    chance = cast(op, input, np.float64 if input.dtype == np.float64 else np.float32)
    hit = op._npi_less(op._random_uniform_like(chance, low=0.0, high=1.0), chance)
    return cast(op, hit, _type(input, dtype))


@table.op("Multinomial", versions=(7, 22), ignores=("seed",), limits=_LIMITS)
def multinomial(op, input, *, dtype, sample_size):
    """The input holds logarithms of chances, which need not add up to 1."""
    if input.rank != 2 or sample_size < 1:
        op.fail(f"{sample_size} samples from chances of {input.shape}")
    wide = np.float64 if input.dtype == np.float64 else np.float32
    chances = op.softmax(cast(op, input, wide), axis=-1)
    drawn = op._sample_multinomial(chances, shape=(sample_size,), dtype="int32")
    return cast(op, op.reshape(drawn, (input.shape[0], sample_size)), numpy_dtype(dtype))


# -- dropout -------------------------------------------------------------------------------------


@table.op("Dropout", versions=(1, 6, 7), ignores=("consumed_inputs", "is_test"))
def dropout_1(op, data, *, ratio):
    """Active where MXNet trains, the identity where it predicts, whatever is_test was.

    Inference leaves the mask unfilled, which ONNX Runtime reads as zeros.
    """
    return _dropped(op, data, ratio, "training"), op.zeros_like(data)


@table.op("Dropout", versions=(10,))
def dropout_10(op, data, *, ratio):
    """The mask is bool now."""
    return _dropped(op, data, ratio, "training"), cast(op, op.zeros_like(data), bool)


@table.op(
    "Dropout",
    versions=(12, 13, 22),
    ignores=("seed",),
    limits=_LIMITS,
)
def dropout_12(op, data, *, ratio=0.5, training_mode=False):
    ratio, always = (v[0] if isinstance(v, list) else v for v in (ratio, training_mode))
    if always and ratio and op.num_outputs > 1:
        share = _dropped(op, op.ones_like(data), ratio, "always")
        return op._npi_multiply(data, share), cast(op, share, bool)
    kept = _dropped(op, data, ratio, "always" if always else "training")
    return kept, cast(op, op.ones_like(data), bool)


def _dropped(op, data, ratio, mode):
    """Every kept element is scaled by 1 / (1 - ratio), as in ONNX."""
    if not 0 <= ratio < 1:
        op.fail(f"ratio={ratio} is not in [0, 1)")
    return op.Dropout(data, p=ratio, mode=mode) if ratio else data
