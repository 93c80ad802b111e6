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
"""Import rows: ONNX operator to MXNet operators, for both builders."""

from __future__ import annotations

import math

import numpy as np

from onnx import helper, numpy_helper

from ...errors import TranslationError
from ...translation import TranslationTable
from ..values import Dim, product

table = TranslationTable()

# ---- elementwise -------------------------------------------------------------------------

UNARY = {
    "Sqrt": "_npi_sqrt",
    "Exp": "_npi_exp",
    "Log": "_npi_log",
    "Neg": "_npi_negative",
    "Erf": "erf",
    "Abs": "_npi_absolute",
    "Floor": "_npi_floor",
    "Ceil": "_npi_ceil",
    "Identity": "identity",
    "Reciprocal": "_npi_reciprocal",
}
ACTIVATIONS = {"Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softrelu"}
for _op_type, _name in UNARY.items():
    table.op(_op_type, versions=(1, 6, 9, 13, 14, 16))(
        lambda op, x, *, _n=_name: getattr(op, _n)(x)
    )
for _op_type, _name in ACTIVATIONS.items():
    table.op(_op_type, versions=(1, 6, 13, 14))(
        lambda op, x, *, _n=_name: op.Activation(x, act_type=_n)
    )


def binary(fused, general, scalar=None, reverse_scalar=None):
    def translate(op, a, b):
        if (
            a.dtype.kind == "f"
            and scalar
            and b.value is not None
            and b.value.size == 1
            and b.rank <= a.rank
        ):
            return getattr(op, scalar)(a, scalar=float(b.value.reshape(())))
        if (
            b.dtype.kind == "f"
            and reverse_scalar
            and a.value is not None
            and a.value.size == 1
            and a.rank <= b.rank
        ):
            return getattr(op, reverse_scalar)(b, scalar=float(a.value.reshape(())))
        if fused and a.shape == b.shape and a.dtype.kind == "f":
            return getattr(op, fused)(a, b)
        return getattr(op, general)(a, b)

    return translate


BINARY = {
    "Add": ("elemwise_add", "_npi_add", "_npi_add_scalar", "_npi_add_scalar"),
    "Sub": (None, "_npi_subtract", "_npi_subtract_scalar", "_npi_rsubtract_scalar"),
    "Mul": (None, "_npi_multiply", "_npi_multiply_scalar", "_npi_multiply_scalar"),
    "Pow": (None, "_npi_power", "_npi_power_scalar", "_npi_rpower_scalar"),
    "Equal": (None, "_npi_equal"),
    "Less": (None, "_npi_less"),
    "Greater": (None, "_npi_greater"),
}
BINARY["GreaterOrEqual"] = (None, "_npi_greater_equal")
BINARY["LessOrEqual"] = (None, "_npi_less_equal")
for _op_type, _names in BINARY.items():
    table.op(_op_type, versions=(7, 9, 11, 12, 13, 14, 15, 19))(binary(*_names))


@table.op("Div", versions=(7, 13, 14))
def div(op, a, b):
    """Integers divide towards zero, which only the legacy operator does."""
    if a.dtype.kind in "iu":
        return op.broadcast_div(a, b)
    return binary(None, "_npi_true_divide", "_npi_true_divide_scalar", "_npi_rtrue_divide_scalar")(
        op, a, b
    )


@table.op("Sum", versions=(6, 8, 13))
def sum_(op, x, *more):
    for y in more:
        x = binary("elemwise_add", "_npi_add")(op, x, y)
    return x


def fold_left(name):
    def translate(op, x, *more):
        for y in more:
            x = getattr(op, name)(x, y)
        return x

    return translate


table.op("Max", versions=(6, 8, 12, 13))(fold_left("_npi_maximum"))
table.op("Min", versions=(6, 8, 12, 13))(fold_left("_npi_minimum"))


@table.op("Where", versions=(9, 16))
def where(op, condition, x, y):
    return op._npi_where(condition, x, y)


@table.op("Cast", versions=(6, 9, 13, 19), ignores=("saturate",))
def cast(op, x, *, to):
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(to))
    return x if dtype == x.dtype else op.Cast(x, dtype=dtype.name)


@table.op("Clip", versions=(6,))
def clip_6(op, input, *, min_=None, max_=None):
    return op.clip(input, a_min=_number(min_, -3.4028235e38), a_max=_number(max_, 3.4028235e38))


@table.op("Clip", versions=(11, 12, 13))
def clip(op, input, min_=None, max_=None):
    """Positional bounds: they may be run-time tensors; ``.value`` is there where they are not."""
    bounds = [b for b in (min_, max_) if b is not None]
    if input.dtype.kind == "f" and all(b.value is not None for b in bounds):
        return clip_6(
            op, input, min_=min_ and min_.value.tolist(), max_=max_ and max_.value.tolist()
        )
    input = input if min_ is None else op._npi_maximum(input, min_)
    return input if max_ is None else op._npi_minimum(input, max_)


@table.op("If", versions=(1, 11, 13, 16, 19, 21))
def if_(op, *, cond, then_branch, else_branch):
    """The condition is known: only the branch taken exists."""
    return (then_branch if _number(cond) else else_branch)()


@table.op("LayerNormalization", versions=(17,), ignores=("stash_type",))
def layer_normalization(op, x, scale, b=None, *, axis, epsilon):
    if axis % x.rank != x.rank - 1 or op.num_outputs > 1:
        op.fail("several axes and the mean output are not covered")
    b = op.constant(np.zeros(scale.shape, scale.dtype)) if b is None else b
    return op.LayerNorm(x, scale, b, axis=-1, eps=epsilon)


def _number(value, default=None):
    """The one element of ``value``, which some versions give bare and others as a list."""
    value = value[0] if isinstance(value, list) and value else value
    return default if value is None else value


@table.op("LeakyRelu", versions=(1, 6, 16))
def leaky_relu(op, x, *, alpha):
    return op.LeakyReLU(x, act_type="leaky", slope=alpha)


@table.op("HardSigmoid", versions=(1, 6, 22))
def hard_sigmoid(op, x, *, alpha, beta):
    return op.hard_sigmoid(x, alpha=alpha, beta=beta)


@table.op("HardSwish", versions=(14, 22))
def hard_swish(op, x):
    return op._npi_multiply(x, op.hard_sigmoid(x, alpha=1 / 6, beta=0.5))


@table.op("Dropout", versions=(6, 7, 10, 12, 13), ignores=("ratio", "seed", "is_test"))
def dropout(op, data, *unused):
    return op.identity(data)


# ---- convolution and pooling ---------------------------------------------------------------


@table.op("Conv", versions=(1, 11, 22))
def conv(
    op, x, w, b=None, *, kernel_shape=None, strides=None, pads=None, dilations=None, group, auto_pad
):
    out_channels, _, *kernel = w.shape
    strides, dilations = strides or [1] * len(kernel), dilations or [1] * len(kernel)
    begin, end = resolve_pads(x, kernel, strides, dilations, pads, auto_pad)
    x, pad = unequal_pads(op, x, begin, end, 0)
    return op.Convolution(
        x,
        w,
        b,
        no_bias=b is None,
        num_filter=out_channels,
        num_group=group,
        kernel=tuple(kernel),
        stride=tuple(strides),
        dilate=tuple(dilations),
        pad=pad,
    )


@table.op("ConvTranspose", versions=(1, 11, 22))
def conv_transpose(
    op,
    x,
    w,
    b=None,
    *,
    kernel_shape=None,
    strides=None,
    pads=None,
    dilations=None,
    group,
    auto_pad,
    output_padding=None,
    output_shape=None,
):
    channels, *kernel = w.shape[1:]
    pads = pads or [0] * 2 * len(kernel)
    if (
        auto_pad not in ("NOTSET", "VALID")
        or output_shape
        or pads[: len(kernel)] != pads[len(kernel) :]
    ):
        op.fail("unequal pads, auto_pad and output_shape are not covered")
    return op.Deconvolution(
        x,
        w,
        b,
        no_bias=b is None,
        num_filter=channels * group,
        num_group=group,
        kernel=tuple(kernel),
        stride=tuple(strides or [1] * len(kernel)),
        dilate=tuple(dilations or [1] * len(kernel)),
        pad=tuple(pads[: len(kernel)]),
        adj=tuple(output_padding or [0] * len(kernel)),
    )


def resolve_pads(x, kernel, strides, dilations, pads, auto_pad):
    """Pads before and after each spatial axis; ONNX lists all befores first."""
    if auto_pad in ("NOTSET", "VALID"):
        pads = pads or [0] * 2 * len(kernel)
        return pads[: len(kernel)], pads[len(kernel) :]
    totals = [
        positive((-(-size // s) - 1) * s + (k - 1) * d + 1 - size)
        for size, k, s, d in zip(x.shape[2:], kernel, strides, dilations)
    ]
    less, more = [t // 2 for t in totals], [t - t // 2 for t in totals]
    return (less, more) if auto_pad == "SAME_UPPER" else (more, less)


def positive(size):
    return size if size > 0 else 0


def unequal_pads(op, x, begin, end, fill):
    """``x`` padded where the two ends differ, and the pad left for the operator itself."""
    if list(begin) == list(end):
        return x, tuple(begin)
    width = ((0, 0), (0, 0), *zip(begin, end))
    return op._npi_pad(x, pad_width=width, mode="constant", constant_value=fill), (0,) * len(begin)


@table.op("MaxPool", versions=(1, 8, 10, 11, 12, 22), ignores=("storage_order",))
def max_pool(
    op, x, *, kernel_shape, strides=None, pads=None, auto_pad, dilations=None, ceil_mode=0
):
    strides = strides or [1] * len(kernel_shape)
    if dilations and set(dilations) != {1} or op.num_outputs > 1:
        op.fail("dilations and Indices are not covered")
    begin, end = resolve_pads(x, kernel_shape, strides, [1] * len(kernel_shape), pads, auto_pad)
    x, pad = unequal_pads(op, x, begin, end, -3.4028235e38)
    return op.Pooling(
        x,
        pool_type="max",
        kernel=tuple(kernel_shape),
        stride=tuple(strides),
        pad=pad,
        pooling_convention="full" if ceil_mode else "valid",
    )


@table.op("AveragePool", versions=(1, 7, 10, 11, 19, 22))
def average_pool(
    op,
    x,
    *,
    kernel_shape,
    strides=None,
    pads=None,
    auto_pad,
    ceil_mode=0,
    count_include_pad=0,
    dilations=None,
):
    strides = strides or [1] * len(kernel_shape)
    if dilations and set(dilations) != {1}:
        op.fail("dilations are not covered")
    begin, end = resolve_pads(x, kernel_shape, strides, [1] * len(kernel_shape), pads, auto_pad)

    def pool(data):
        data, pad = unequal_pads(op, data, begin, end, 0)
        return op.Pooling(
            data,
            pool_type="avg",
            kernel=tuple(kernel_shape),
            stride=tuple(strides),
            pad=pad,
            pooling_convention="full" if ceil_mode else "valid",
            count_include_pad=bool(count_include_pad) or begin != end,
        )

    if begin == end or count_include_pad:
        return pool(x)
    return op._npi_true_divide(pool(x), pool(op.ones_like(x)))


@table.op("GlobalAveragePool", versions=(1, 22))
def global_average_pool(op, x):
    return op.Pooling(x, pool_type="avg", global_pool=True, kernel=(1,) * (x.rank - 2))


@table.op("BatchNormalization", versions=(7, 9, 14, 15), ignores=("momentum", "spatial"))
def batch_normalization(op, x, scale, b, mean, var, *, epsilon, training_mode=0):
    if training_mode:
        op.fail("training_mode=1 is not covered")
    return op.BatchNorm(
        x,
        scale,
        b,
        op.auxiliary(mean),
        op.auxiliary(var),
        eps=epsilon,
        fix_gamma=False,
        use_global_stats=True,
    )


@table.op("GlobalMaxPool", versions=(1, 22))
def global_max_pool(op, x):
    return op.Pooling(x, pool_type="max", global_pool=True, kernel=(1,) * (x.rank - 2))


@table.op("LRN", versions=(1, 13))
def lrn(op, x, *, alpha, beta, bias, size):
    return op.LRN(x, alpha=alpha, beta=beta, knorm=bias, nsize=size)


@table.op(
    "Resize",
    versions=(11, 13, 18, 19),
    ignores=("roi", "cubic_coeff_a", "exclude_outside", "extrapolation_value"),
)
def resize(
    op, x, *unused, scales=None, sizes=None, mode, coordinate_transformation_mode, nearest_mode
):
    sizes = sizes or [_scaled(s, f) for s, f in zip(x.shape, scales)]
    scales = scales or [None] * x.rank
    for axis, (old, new, scale) in enumerate(zip(x.shape, sizes, scales)):
        if old == new:
            continue
        ratio = scale or _ratio(old, new)
        whole = ratio is not None and float(ratio).is_integer()
        if (
            mode == "nearest"
            and whole
            and (coordinate_transformation_mode, nearest_mode)
            in (
                ("asymmetric", "floor"),
                ("half_pixel", "round_prefer_floor"),
                ("half_pixel", "round_prefer_ceil"),
            )
        ):
            x = op.repeat(x, repeats=int(ratio), axis=axis)  # size may vary
            continue
        if isinstance(old, Dim) or isinstance(new, Dim):
            op.fail(f"{mode} resize of the varying size {old}: give a fixed size by input_shapes")
        where = _coordinates(old, new, scale or new / old, coordinate_transformation_mode)
        if mode == "nearest":
            round_ = {
                "floor": np.floor,
                "ceil": np.ceil,
                "round_prefer_floor": lambda c: np.ceil(c - 0.5),
                "round_prefer_ceil": lambda c: np.floor(c + 0.5),
            }[nearest_mode]
            index = np.clip(round_(where), 0, old - 1).astype(np.int64)
            x = op.take(x, op.constant(index), axis=axis, mode="wrap")
        elif mode == "linear":
            where = np.clip(where, 0, old - 1)
            below = np.minimum(where.astype(int), old - 1)
            weights = np.zeros((old, new), np.float32)
            np.add.at(weights, (below, range(new)), 1 - (where - below))
            np.add.at(weights, (np.minimum(below + 1, old - 1), range(new)), where - below)
            x = op.swapaxes(x, dim1=axis, dim2=x.rank - 1)
            x = op.swapaxes(op._npi_matmul(x, op.constant(weights)), dim1=axis, dim2=x.rank - 1)
        else:
            op.fail(f"mode {mode} is not covered")
    return x


def _scaled(size, scale):
    if isinstance(size, Dim):
        return (
            size * int(scale)
            if float(scale).is_integer()
            else Dim(int(s * scale) for s in size.sizes)
        )
    return math.floor(size * scale)


def _ratio(old, new):
    pairs = (
        list(zip(old.sizes, new.sizes))
        if isinstance(old, Dim) and isinstance(new, Dim)
        else [(old, new)]
    )
    ratios = (
        {b / a for a, b in pairs} if not any(isinstance(v, Dim) for p in pairs for v in p) else ()
    )
    return ratios.pop() if len(ratios) == 1 else None


def _coordinates(old, new, scale, how):
    i = np.arange(new)
    if how in ("tf_crop_and_resize", "half_pixel_symmetric"):
        raise TranslationError(f"{how} is not covered")
    return {
        "half_pixel": (i + 0.5) / scale - 0.5,
        "asymmetric": i / scale,
        "pytorch_half_pixel": (i + 0.5) / scale - 0.5 if new > 1 else 0 * i,
        "align_corners": i * (old - 1) / max(old * scale - 1, 1),
    }[how]


# ---- linear algebra, reductions --------------------------------------------------------------


@table.op("MatMul", versions=(1, 9, 13))
def matmul(op, a, b):
    return op._npi_matmul(a, b)


@table.op("Gemm", versions=(7, 9, 11, 13))
def gemm(op, a, b, c=None, *, alpha, beta, transa, transb):
    a = op.transpose(a, axes=(1, 0)) if transa else a
    if alpha == 1 and (c is None or beta == 1 and c.rank == 1 and b.value is not None):
        b = b if transb else op.transpose(b, axes=(1, 0))
        return op.FullyConnected(a, b, c, num_hidden=b.shape[0], no_bias=c is None, flatten=False)
    b = op.transpose(b, axes=(1, 0)) if transb else b
    y = op._npi_matmul(a, b)
    y = y if alpha == 1 else op._npi_multiply_scalar(y, scalar=alpha)
    c = c if c is None or beta == 1 else op._npi_multiply_scalar(c, scalar=beta)
    return y if c is None else op._npi_add(y, c)


@table.op("Softmax", versions=(1, 11))
def softmax_1(op, input, *, axis):
    """Before opset 13 all axes from ``axis`` on are one."""
    axis %= input.rank
    if all(n == 1 for n in input.shape[axis + 1 :]):
        return op.softmax(input, axis=axis)
    flat = op.reshape(input, (*input.shape[:axis], product(input.shape[axis:])))
    return op.reshape_like(op.softmax(flat, axis=-1), input)


@table.op("Softmax", versions=(13,))
def softmax_13(op, input, *, axis):
    return op.softmax(input, axis=axis)


def reduction(name):
    def translate(op, data, *, axes=None, keepdims, noop_with_empty_axes=0):
        if not axes and noop_with_empty_axes:
            return op.identity(data)
        axes = sorted(a % data.rank for a in axes) if axes else list(range(data.rank))
        reduced = getattr(op, name)(data, axis=tuple(axes), keepdims=True)
        return reduced if keepdims else without_axes(op, reduced, axes)

    return translate


for _op_type, _name in {
    "ReduceMean": "_npi_mean",
    "ReduceSum": "_np_sum",
    "ReduceMax": "_np_max",
    "ReduceMin": "_np_min",
}.items():
    table.op(_op_type, versions=(1, 11, 12, 13, 18, 20))(reduction(_name))

# ---- shape -------------------------------------------------------------------------------------


def without_axes(op, x, axes):
    """``x`` less some axes of size 1; a result of rank 0 is carried as (1,)."""
    if len(axes) == x.rank:
        return op.reshape(x, ())
    return op.squeeze(x, axis=tuple(axes)) if axes else x


@table.op("Shape", versions=(1, 13, 15, 19, 21))
def shape(op, data, *, start=0, end=None):
    return op.cut(op.shape_array(data), 0, start, end)


@table.op("Size", versions=(1, 13, 19, 21))
def size(op, data):
    return op.reshape(op.size_array(data), ())


@table.op("Reshape", versions=(5, 13, 14))
def reshape(op, data, *, shape, allowzero=0):
    target = [data.shape[i] if n == 0 and not allowzero else n for i, n in enumerate(shape)]
    if -1 in target:
        rest = product(n for n in target if n != -1)
        target[target.index(-1)] = product(data.shape) // rest
    return op.reshape(data, target)


@table.op("Flatten", versions=(1, 9, 11, 13, 21))
def flatten(op, input, *, axis):
    axis = axis if axis >= 0 else axis + input.rank
    return op.reshape(input, (product(input.shape[:axis]), product(input.shape[axis:])))


@table.op("Transpose", versions=(1, 13))
def transpose(op, data, *, perm=None):
    return op.transpose(data, axes=tuple(perm or range(data.rank)[::-1]))


@table.op("Unsqueeze", versions=(1, 11, 13))
def unsqueeze(op, data, *, axes):
    rank = data.rank + len(axes)
    axes = sorted(a % rank for a in axes)
    if data.rank == 0:
        return op.reshape(data, (1,) * rank)
    for axis in axes:
        data = op.expand_dims(data, axis=axis)
    return data


@table.op("Squeeze", versions=(1, 11, 13))
def squeeze(op, data, *, axes=None):
    axes = (
        [i for i, n in enumerate(data.shape) if n == 1]
        if axes is None
        else [a % data.rank for a in axes]
    )
    return without_axes(op, data, axes)


@table.op("Concat", versions=(4, 11, 13))
def concat(op, *inputs, axis):
    if len(inputs) == 1:
        return inputs[0]
    if inputs[0].dtype == bool:
        return op._npi_concatenate(*inputs, axis=axis, num_args=len(inputs))
    return op.Concat(*inputs, dim=axis, num_args=len(inputs))


@table.op("Split", versions=(2, 11, 13, 18))
def split(op, input, *, axis, split=None, num_outputs=None):
    axis %= input.rank
    if split is None:
        part = -(-input.shape[axis] // op.num_outputs)
        split = [part] * (op.num_outputs - 1)
        split.append(input.shape[axis] - part * len(split))
    parts, begin = [], 0
    for size in split:
        parts.append(op.cut(input, axis, begin, begin + size))
        begin = begin + size
    return parts


@table.op("Slice", versions=(1, 10, 11, 13))
def slice_(op, data, *, starts, ends, axes=None, steps=None):
    for axis, begin, end, step in zip(
        axes or range(len(starts)), starts, ends, steps or [1] * len(starts)
    ):
        data = op.cut(data, axis % data.rank, begin, end, step)
    return data


@table.op("Gather", versions=(1, 11, 13))
def gather(op, data, indices, *, axis):
    axis %= data.rank
    if indices.value is not None and indices.value.size == 1:
        i = int(indices.value.reshape(()))
        one = op.cut(data, axis, i, i + 1 or None)
        return (
            one
            if indices.rank == 1
            else without_axes(op, one, [axis])
            if indices.rank == 0
            else op.fail("rank")
        )
    taken = op.take(data, indices, axis=axis, mode="wrap")
    return without_axes(op, taken, [axis]) if indices.rank == 0 else taken


@table.op("Expand", versions=(8, 13))
def expand(op, input, *, shape):
    rank = max(input.rank, len(shape))
    old = (1,) * (rank - input.rank) + input.shape
    new = [1] * (rank - len(shape)) + list(shape)
    return op.expand(input, tuple(a if b == 1 else b for a, b in zip(old, new)))


@table.op("ConstantOfShape", versions=(9, 20, 21))
def constant_of_shape(op, *, input, value=None):
    fill = np.float32(0) if value is None else numpy_helper.to_array(value).reshape(())
    return op.full(tuple(input), fill, fill.dtype)


@table.op("Range", versions=(11,))
def range_(op, *, start, limit, delta):
    floats = any(isinstance(v, float) for v in (start, limit, delta))
    return op.arange(start, limit, delta, np.float32 if floats else np.int64)


@table.op("Pad", versions=(2, 11, 13, 18, 19))
def pad(op, data, *, pads, mode, value=0.0, constant_value=None, axes=None):
    fill = _number(value if constant_value is None else constant_value, 0.0)
    half = len(pads) // 2
    if axes is not None or mode not in ("constant", "reflect", "edge") or any(n < 0 for n in pads):
        op.fail("axes, negative pads and wrap are not covered")
    return op._npi_pad(
        data,
        pad_width=tuple(zip(pads[:half], pads[half:])),
        mode=mode,
        constant_value=fill if mode == "constant" else None,
    )


@table.op("LSTM", versions=(1, 7, 14, 22))
def lstm(
    op,
    x,
    w,
    r,
    b=None,
    sequence_lens=None,
    initial_h=None,
    initial_c=None,
    p=None,
    *,
    hidden_size,
    direction,
    layout=0,
    input_forget=0,
    activations=None,
    clip=None,
    activation_alpha=None,
    activation_beta=None,
):
    """MXNet packs all weights, then all biases, with gates i f c o; ONNX has i o f c."""
    if sequence_lens is not None or p is not None or layout or input_forget or activations or clip:
        op.fail("sequence_lens, peepholes, layout, clip and other activations are not covered")
    dirs, hidden = w.shape[0], hidden_size
    order = np.concatenate([np.arange(g * hidden, (g + 1) * hidden) for g in (0, 2, 3, 1)])
    bias = np.zeros((dirs, 8 * hidden), w.dtype) if b is None else op.value(b)
    packed = [m[d][order].ravel() for d in range(dirs) for m in (op.value(w), op.value(r))]
    packed += [
        part[order] for d in range(dirs) for part in (bias[d, : 4 * hidden], bias[d, 4 * hidden :])
    ]
    state = (dirs, x.shape[1], hidden)
    h, c = (op.full(state, 0, x.dtype) if s is None else s for s in (initial_h, initial_c))
    x = op.reverse(x, axis=0) if direction == "reverse" else x
    y, h, c = op.RNN(
        x,
        op.constant(np.concatenate(packed)),
        h,
        c,
        state_size=hidden,
        num_layers=1,
        mode="lstm",
        bidirectional=direction == "bidirectional",
        state_outputs=True,
    )
    y = op.reverse(y, axis=0) if direction == "reverse" else y
    y = op._npx_reshape(y, newshape=(-2, -2, -6, dirs, hidden))
    return op.transpose(y, axes=(0, 2, 1, 3)), h, c
