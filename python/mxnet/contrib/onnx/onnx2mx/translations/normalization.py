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
"""Normalisation by means and variances, over batches, layers, groups, channels and neighbours."""

from __future__ import annotations

import functools

import numpy as np

from ...translation import TranslationTable
from ..values import product
from .axes import along_axis, from_front
from .precision import cast, computed_in, constant_in

table = TranslationTable()


def _standardised(op, x, axes, epsilon):
    """``x`` less its mean, over its deviation; the mean and the reciprocal of the deviation too."""
    mean = op.mean(x, axis=axes, keepdims=True)
    centred = op._npi_subtract(x, mean)
    variance = op.mean(op._npi_multiply(centred, centred), axis=axes, keepdims=True)
    inverse = op.rsqrt(op._npi_add_scalar(variance, scalar=epsilon))
    return op._npi_multiply(centred, inverse), mean, inverse


def _scaled(op, x, scale, b):
    y = x if scale is None else op._npi_multiply(x, scale)
    return y if b is None else op._npi_add(y, b)


# -- over the batch ------------------------------------------------------------------------------


@table.op(
    "BatchNormalization",
    versions=(1, 6),
    ignores=("consumed_inputs",),
    limits="is_test=0 with one output is read as inference, as its writers meant it",
)
def batch_normalization_1(op, x, scale, b, mean, var, *, epsilon, momentum, spatial, is_test):
    if is_test or op.num_outputs == 1:
        return _inference(op, x, scale, b, mean, var, epsilon, momentum, spatial)
    return _training(op, x, scale, b, mean, var, epsilon, momentum, spatial)


@table.op("BatchNormalization", versions=(7, 9))
def batch_normalization_7(op, x, scale, b, mean, var, *, epsilon, momentum, spatial=1):
    """The number of outputs says whether it is training."""
    if op.num_outputs == 1:
        return _inference(op, x, scale, b, mean, var, epsilon, momentum, spatial)
    return _training(op, x, scale, b, mean, var, epsilon, momentum, spatial)


@table.op("BatchNormalization", versions=(14, 15))
def batch_normalization_14(op, x, scale, b, mean, var, *, epsilon, momentum, training_mode):
    if training_mode:
        return _training(op, x, scale, b, mean, var, epsilon, momentum, 1)[:3]
    if op.num_outputs > 1:
        op.fail("the running statistics are outputs in training_mode=1 only")
    return _inference(op, x, scale, b, mean, var, epsilon, momentum, 1)


def _inference(op, x, scale, b, mean, var, epsilon, momentum, spatial):
    """MXNet's layer with its statistics as auxiliary states: training will update them.

    use_global_stats stays off for that; predicting uses them anyway. Below 1e-5 CUDNN refuses.
    """
    known = all(t.value is not None or op.is_weight(t) for t in (scale, b, mean, var))
    known = known and not (x.dtype == np.float16 and op.is_weight(mean))
    if not known or not spatial or x.rank < 2:
        scale, b, mean, var = (_per_channel(op, t, x, spatial) for t in (scale, b, mean, var))
        inverse = op.rsqrt(op._npi_add_scalar(cast(op, var, x.dtype), scalar=epsilon))
        factor = op._npi_multiply(cast(op, scale, x.dtype), inverse)
        centred = op._npi_subtract(x, cast(op, mean, x.dtype))
        return op._npi_add(op._npi_multiply(centred, factor), cast(op, b, x.dtype))
    wanted = np.float32 if x.dtype == np.float16 else x.dtype
    arguments = [constant_in(op, t, wanted) for t in (scale, b)]
    states = [op.auxiliary(constant_in(op, t, wanted), arguments) for t in (mean, var)]
    return op.BatchNorm(
        x,
        *arguments,
        *states,
        eps=epsilon,
        momentum=momentum,
        fix_gamma=False,
        cudnn_off=epsilon < 1e-5,
    )


def _per_channel(op, tensor, x, spatial):
    if x.rank < 2:
        return tensor
    if spatial:
        return along_axis(op, tensor, 1, x.rank)
    return op.reshape(tensor, (1, *tensor.shape))


def _training(op, x, scale, b, mean, var, epsilon, momentum, spatial):
    """Normalised by the batch; then the running and the batch's mean and variance."""
    axes = tuple(i for i in range(x.rank) if i != 1) if spatial else (0,)

    def compute(x, scale, b, mean, var):
        now = op.mean(x, axis=axes, keepdims=True)
        centred = op._npi_subtract(x, now)
        spread = op.mean(op._npi_multiply(centred, centred), axis=axes, keepdims=True)
        y = op._npi_multiply(centred, op.rsqrt(op._npi_add_scalar(spread, scalar=epsilon)))
        y = _scaled(op, y, *(_per_channel(op, t, x, spatial) for t in (scale, b)))
        now, spread = op.reshape(now, mean.shape), op.reshape(spread, var.shape)
        moved = (
            op._npi_add(
                op._npi_multiply_scalar(old, scalar=momentum),
                op._npi_multiply_scalar(new, scalar=1 - momentum),
            )
            for old, new in ((mean, now), (var, spread))
        )
        return y, *moved, now, spread

    if x.dtype == np.float16:
        y, *rest = computed_in(op, "float32", compute, x, scale, b, mean, var)
        return y, *(cast(op, t, mean.dtype) for t in rest)
    same = (cast(op, t, x.dtype) for t in (scale, b, mean, var))
    y, *rest = compute(x, *same)
    return y, *(cast(op, t, mean.dtype) for t in rest)


# -- over one example ----------------------------------------------------------------------------


@table.op("InstanceNormalization", versions=(1, 6, 22), ignores=("consumed_inputs",))
def instance_normalization(op, input, scale, b, *, epsilon):
    """MXNet's layer is for float32 and spatial axes."""
    if input.dtype == np.float64 or input.rank < 3:
        y, _, _ = _standardised(op, input, tuple(range(2, input.rank)), epsilon)
        return _scaled(op, y, *(along_axis(op, t, 1, input.rank) for t in (scale, b)))
    return computed_in(
        op, "float32", lambda x, s, t: op.InstanceNorm(x, s, t, eps=epsilon), input, scale, b
    )


@table.op("LayerNormalization", versions=(17,), limits="stash_type=1 (float32) only")
def layer_normalization(op, x, scale, b=None, *, axis, epsilon, stash_type):
    """By the layer over the last axis; over several, or with the statistics, by the formula."""
    if stash_type != 1:
        op.fail(f"stash_type={stash_type} is not covered, 1 (float32) is")
    axis = from_front(op, axis, x.rank)
    if op.num_outputs == 1 and axis == x.rank - 1 and scale.shape == x.shape[-1:]:
        b = op.full(scale.shape, 0, scale.dtype) if b is None else b
        if b.shape == scale.shape:
            return op.LayerNorm(x, scale, b, axis=-1, eps=epsilon)
    axes = tuple(range(axis, x.rank))
    y, *statistics = _standardised(op, cast(op, x, _stash(x)), axes, epsilon)
    y = _scaled(op, cast(op, y, x.dtype), scale, b)
    return y, *(cast(op, t, "float32") for t in statistics)


def _stash(x):
    """Element type of the stages in between; float64 stays."""
    return np.float64 if x.dtype == np.float64 else np.float32


@table.op("GroupNormalization", versions=(18,))
def group_normalization_18(op, x, scale, bias, *, epsilon, num_groups):
    """A scale and a bias a group."""
    y = _grouped(op, x, num_groups, epsilon)
    each = product(x.shape[1:2]) // num_groups
    scale, bias = (op.repeat(t, repeats=each, axis=0) for t in (scale, bias))
    return _scaled(op, y, *(along_axis(op, t, 1, x.rank) for t in (scale, bias)))


@table.op("GroupNormalization", versions=(21,), ignores=("stash_type",))
def group_normalization_21(op, x, scale, bias, *, epsilon, num_groups):
    """A scale and a bias a channel, applied in float32 where ``x`` is float16."""

    def compute(x, scale, bias):
        y = _grouped(op, x, num_groups, epsilon)
        return _scaled(op, y, *(along_axis(op, t, 1, x.rank) for t in (scale, bias)))

    return computed_in(op, _stash(x), compute, x, scale, bias)


def _grouped(op, x, num_groups, epsilon):
    """Each group of channels standardised: an instance normalisation of groups."""
    if num_groups < 1 or x.shape[1] % num_groups:
        op.fail(f"num_groups={num_groups} does not divide the {x.shape[1]} channels")
    groups = op.reshape(x, (x.shape[0], num_groups, product(x.shape[1:]) // num_groups))
    if x.dtype == np.float64:
        y, _, _ = _standardised(op, groups, (2,), epsilon)
    else:
        one, none = (op.constant(np.full(num_groups, n, np.float32)) for n in (1, 0))
        y = op.InstanceNorm(cast(op, groups, "float32"), one, none, eps=epsilon)
    return op.reshape_like(cast(op, y, x.dtype), x)


@table.op("RMSNormalization", versions=(23,), limits="stash_type=1 (float32) only")
def rms_normalization(op, x, scale, *, axis, epsilon, stash_type):
    if stash_type != 1:
        op.fail(f"stash_type={stash_type} is not covered, 1 (float32) is")
    axes = tuple(range(from_front(op, axis, x.rank), x.rank))
    y = cast(op, x, _stash(x))
    square = op.mean(op._npi_multiply(y, y), axis=axes, keepdims=True)
    y = op._npi_multiply(y, op.rsqrt(op._npi_add_scalar(square, scalar=epsilon)))
    return op._npi_multiply(cast(op, y, x.dtype), scale)


@table.op("MeanVarianceNormalization", versions=(9, 13))
def mean_variance_normalization(op, x, *, axes):
    """The specification adds 1e-9 to the deviation, not to the variance."""
    axes = tuple(sorted(from_front(op, a, x.rank) for a in axes))
    centred = op._npi_subtract(x, op.mean(x, axis=axes, keepdims=True))
    variance = op.mean(op._npi_multiply(centred, centred), axis=axes, keepdims=True)
    deviation = op._npi_add_scalar(op._npi_sqrt(variance), scalar=1e-9)
    return op._npi_true_divide(centred, deviation)


@table.op("LpNormalization", versions=(1, 22))
def lp_normalization(op, input, *, axis, p):
    """A vector of zeros stays one."""
    if p not in (1, 2):
        op.fail(f"p={p} is not covered, 1 and 2 are")
    axis = from_front(op, axis, input.rank)
    sizes = op._npi_absolute(input) if p == 1 else op._npi_multiply(input, input)
    norm = op.sum(sizes, axis=(axis,), keepdims=True)
    norm = norm if p == 1 else op._npi_sqrt(norm)
    is_zero = op._npi_equal_scalar(norm, scalar=0.0)
    one = op.constant(np.ones((), input.dtype))
    return op._npi_true_divide(input, op._npi_where(is_zero, one, norm))


# -- over neighbours -----------------------------------------------------------------------------


@table.op("LRN", versions=(1, 13))
def lrn(op, x, *, alpha, beta, bias, size):
    """MXNet's layer is for images and windows of odd size; an even one reaches further up."""
    if x.dtype == np.float16:
        again = functools.partial(lrn, op, alpha=alpha, beta=beta, bias=bias, size=size)
        return computed_in(op, "float32", again, x)
    if x.rank == 4 and size % 2 and x.dtype == np.float32:
        return op.LRN(x, alpha=alpha, beta=beta, knorm=bias, nsize=size)
    before, channels = (size - 1) // 2, x.shape[1]
    width = tuple((before, size - 1 - before) if i == 1 else (0, 0) for i in range(x.rank))
    squares = op._npi_multiply(x, x)
    squares = op._npi_pad(squares, pad_width=width, mode="constant", constant_value=0)
    total = None
    for offset in range(size):
        part = op.cut(squares, 1, offset, offset + channels)
        total = part if total is None else op._npi_add(total, part)
    total = op._npi_add_scalar(op._npi_multiply_scalar(total, scalar=alpha / size), scalar=bias)
    return op._npi_true_divide(x, op._npi_power_scalar(total, scalar=beta))
