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
"""Rows: arithmetic, shapes, joining, indexing, reductions."""

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .rows_nn import cast, transposed

table = TranslationTable()
TO_THE_END = 2**63 - 1


def add_rows(names, make):
    for mxnet_name, onnx_name in names.items():
        table.op(mxnet_name)(make(onnx_name))


def unary(onnx_name):
    return lambda op, data: getattr(op, onnx_name)(data)


def binary(onnx_name):
    return lambda op, lhs, rhs: getattr(op, onnx_name)(lhs, rhs)


def comparison(onnx_name):
    def row(op, lhs, rhs):
        """MXNet answers in the dtype of its operands, ONNX in bool."""
        dtype = op.dtype(lhs if isinstance(lhs, str) else rhs)
        if onnx_name.startswith("Not"):
            return cast(op, op.Not(getattr(op, onnx_name[3:])(lhs, rhs)), dtype)
        return cast(op, getattr(op, onnx_name)(lhs, rhs), dtype)

    return row


add_rows(
    {
        "relu": "Relu",
        "sigmoid": "Sigmoid",
        "tanh": "Tanh",
        "exp": "Exp",
        "log": "Log",
        "sqrt": "Sqrt",
        "abs": "Abs",
        "negative": "Neg",
        "floor": "Floor",
        "ceil": "Ceil",
        "erf": "Erf",
        "sin": "Sin",
        "cos": "Cos",
        "sign": "Sign",
        "reciprocal": "Reciprocal",
        "softsign": "Softsign",
    },
    unary,
)
add_rows(
    {
        "broadcast_add": "Add",
        "broadcast_sub": "Sub",
        "broadcast_mul": "Mul",
        "broadcast_div": "Div",
        "broadcast_power": "Pow",
        "broadcast_maximum": "Max",
        "broadcast_minimum": "Min",
    },
    binary,
)
add_rows(
    {
        "broadcast_equal": "Equal",
        "broadcast_not_equal": "NotEqual",
        "broadcast_greater": "Greater",
        "broadcast_greater_equal": "NotLess",
        "broadcast_lesser": "Less",
        "broadcast_lesser_equal": "NotGreater",
    },
    comparison,
)


@table.op("square")
def square(op, data):
    return op.Mul(data, data)


@table.op("add_n", ignores=("num_args",))
def add_n(op, *args):
    return op.Sum(*args)


@table.op("clip")
def clip(op, data, *, a_min, a_max):
    return op.Clip(data, a_min, a_max)


@table.op("Cast")
def cast_(op, data, *, dtype):
    return cast(op, data, dtype)


@table.op("Flatten")
def flatten(op, data):
    return data if op.rank(data) == 2 else op.Flatten(data)


@table.op("Concat", "_rnn_param_concat", ignores=("num_args",))
def concat(op, *data, dim):
    return op.Concat(*data, axis=op.axis(data[0], dim))


@table.op("stack", ignores=("num_args",))
def stack(op, *data, axis):
    axis = axis if axis >= 0 else axis + op.rank(data[0]) + 1
    return op.Concat(*(op.Unsqueeze(d, axes=[axis]) for d in data), axis=axis)


def sizes(op, x, axes):
    """int64 vector of the sizes of ``x`` along ``axes``: a constant where they are known."""
    dims = [op.dims(x)[a] for a in axes]
    if None not in dims:
        return op.constant(dims, np.int64)
    shape = op.Shape(x)
    return (
        shape
        if list(axes) == list(range(op.rank(x)))
        else op.Gather(shape, op.constant(list(axes), np.int64), axis=0)
    )


@table.op("Reshape", ignores=("keep_highest",), limits="target_shape (before 0.9) is not covered")
def reshape(op, data, *, shape, reverse):
    if not reverse and all(code >= -1 for code in shape):
        return op.Reshape(data, shape=shape)  # the codes 0 and -1 mean the same in ONNX
    turn = (lambda v: list(v)[::-1]) if reverse else list
    targets = turn(target_sizes(turn(range(op.rank(data))), turn(shape)))
    parts = []
    for position, target in enumerate(targets):
        known = target and [op.dims(data)[a] for a in target[0]]
        if target is None:
            parts.append(-1)
        elif target == ((position,), 1, 1):
            parts.append(0)  # the same dimension in the same place
        else:
            parts.append(target if None in known else int(np.prod(known)) * target[1] // target[2])
    unknown = [i for i, p in enumerate(parts) if isinstance(p, tuple)]
    if len(unknown) == 1 and -1 not in parts:
        parts[unknown.pop()] = -1
    if not unknown:
        return op.Reshape(data, shape=parts)
    vector = [
        op.Div(
            op.ReduceProd(sizes(op, data, p[0]), axes=[0], keepdims=1),
            op.constant([p[2]], np.int64),
        )
        if isinstance(p, tuple)
        else op.constant([p], np.int64)
        for p in parts
    ]
    return op.Reshape(data, op.Concat(*vector, axis=0))


def target_sizes(axes, codes):
    """What MXNet's reshape codes ask for, a triple each: (axes, n, d) is the product of those axes * n / d; None is the rest."""
    result, at, codes = [], 0, list(codes)
    while codes:
        code = codes.pop(0)
        if code == -2:
            result += [((a,), 1, 1) for a in axes[at:]]
            at = len(axes)
        elif code == -3:
            result.append(((axes[at], axes[at + 1]), 1, 1))
            at += 2
        elif code == -4:
            left, right = codes.pop(0), codes.pop(0)
            result.append(((axes[at],), 1, right) if left == -1 else ((), left, 1))
            result.append(((axes[at],), 1, left) if right == -1 else ((), right, 1))
            at += 1
        else:
            result.append(
                ((axes[at],), 1, 1) if code == 0 else None if code == -1 else ((), code, 1)
            )
            at += 1
    return result


@table.op("transpose")
def transpose(op, data, *, axes):
    return op.Transpose(data, perm=axes or None)


@table.op("SwapAxis")
def swap_axis(op, data, *, dim1, dim2):
    perm = list(range(op.rank(data)))
    perm[dim1], perm[dim2] = perm[dim2], perm[dim1]
    return op.Transpose(data, perm=perm)


@table.op("expand_dims")
def expand_dims(op, data, *, axis):
    return op.Unsqueeze(data, axes=[axis if axis >= 0 else axis + op.rank(data) + 1])


@table.op("squeeze")
def squeeze(op, data, *, axis):
    if not axis and None in op.dims(data):
        raise TranslationError("squeeze without axes needs known sizes")
    return op.Squeeze(data, axes=[op.axis(data, a) for a in axis] if axis else None)


@table.op("slice_axis")
def slice_axis(op, data, *, axis, begin, end):
    return op.Slice(
        data, starts=[begin], ends=[TO_THE_END if end is None else end], axes=[op.axis(data, axis)]
    )


@table.op("slice")
def slice_(op, data, *, begin, end, step):
    step = [1 if s is None else s for s in (step or (1,) * len(begin))]
    starts = [(0 if s > 0 else TO_THE_END) if b is None else b for b, s in zip(begin, step)]
    ends = [(TO_THE_END if s > 0 else -TO_THE_END) if e is None else e for e, s in zip(end, step)]
    return op.Slice(data, starts=starts, ends=ends, axes=range(len(begin)), steps=step)


@table.op("slice_like")
def slice_like(op, data, shape_like, *, axes):
    axes = [op.axis(data, a) for a in axes] or list(range(op.rank(shape_like)))
    axes = [
        a for a in axes if op.dims(data)[a] is None or op.dims(data)[a] != op.dims(shape_like)[a]
    ]
    return (
        op.Slice(data, starts=[0] * len(axes), ends=sizes(op, shape_like, axes), axes=axes)
        if axes
        else data
    )


@table.op("Crop", ignores=("num_args",))
def crop(op, data, crop_like=None, *, offset, h_w, center_crop):
    wanted = op.constant(list(h_w), np.int64) if crop_like is None else sizes(op, crop_like, [2, 3])
    if (
        not center_crop
        and op.tensor(wanted)
        and tuple(op.tensor(wanted).read()) == op.dims(data)[2:]
    ):
        return data
    begin = op.constant(list(offset), np.int64)
    if center_crop:
        begin = op.Div(op.Sub(sizes(op, data, [2, 3]), wanted), op.constant(2, np.int64))
    return op.Slice(
        data,
        starts=begin,
        ends=op.Add(begin, wanted) if any(offset) or center_crop else wanted,
        axes=[2, 3],
    )


@table.op("SliceChannel")
def slice_channel(op, data, *, num_outputs, axis, squeeze_axis):
    axis = op.axis(data, axis)
    parts = (data,) if num_outputs == 1 else op.Split(data, axis=axis, outputs=num_outputs)
    return tuple(op.Squeeze(p, axes=[axis]) for p in parts) if squeeze_axis else parts


def reduction(onnx_name):
    def row(op, data, *, axis, keepdims, exclude):
        rank = op.rank(data)
        axes = sorted(a + rank if a < 0 else a for a in axis or ()) or list(range(rank))
        if exclude and axis:
            axes = [a for a in range(rank) if a not in axes]
        result = getattr(op, onnx_name)(data, axes=axes, keepdims=int(keepdims))
        return (
            op.Reshape(result, shape=[1]) if len(axes) == rank and not keepdims else result
        )  # no rank 0 in MXNet

    return row


add_rows(
    {
        "sum": "ReduceSum",
        "mean": "ReduceMean",
        "max": "ReduceMax",
        "min": "ReduceMin",
        "prod": "ReduceProd",
    },
    reduction,
)


def extremum_index(onnx_name):
    def row(op, data, *, axis, keepdims):
        """float32 indices, as MXNet's."""
        if axis is None:
            flat = op.Reshape(data, shape=[-1])
            return cast(op, getattr(op, onnx_name)(flat, axis=0, keepdims=1), np.float32)
        return cast(
            op,
            getattr(op, onnx_name)(data, axis=op.axis(data, int(axis)), keepdims=int(keepdims)),
            np.float32,
        )

    return row


add_rows({"argmax": "ArgMax", "argmin": "ArgMin"}, extremum_index)


def indices(op, x, count, mode):
    """int64 indices from MXNet's, which may be of any dtype and out of range."""
    if mode == "wrap":
        return op.Mod(cast(op, x, np.int64), count)
    if op.dtype(x).kind in "iu" and op.opset < 12:  # neither Clip nor Max takes integers before
        return cast(op, op.Min(op.Max(cast(op, x, np.float64), 0), count - 1), np.int64)
    return cast(op, op.Clip(x, 0, count - 1), np.int64)


@table.op("take", limits="mode='raise' is not covered")
def take(op, a, indices_, *, axis, mode):
    count = op.dims(a)[op.axis(a, axis)]
    if count is None:
        raise TranslationError(f"the size of axis {axis} must be known")
    return op.Gather(a, indices(op, indices_, count, mode), axis=op.axis(a, axis))


@table.op("Embedding", ignores=("output_dim", "dtype", "sparse_grad"))
def embedding(op, data, weight, *, input_dim):
    return op.Gather(weight, indices(op, data, input_dim, "clip"), axis=0)


@table.op("batch_dot", ignores=("forward_stype",))
def batch_dot(op, lhs, rhs, *, transpose_a, transpose_b):
    return op.MatMul(
        transposed(op, lhs) if transpose_a else lhs, transposed(op, rhs) if transpose_b else rhs
    )


@table.op(
    "dot", ignores=("forward_stype",), limits="transposed operands of rank above 2 are not covered"
)
def dot(op, lhs, rhs, *, transpose_a, transpose_b):
    ranks = op.rank(lhs), op.rank(rhs)
    if (transpose_a and ranks[0] > 2) or (transpose_b and ranks[1] > 2):
        raise TranslationError("dot: transposed operands of rank above 2 are not covered")
    lhs = transposed(op, lhs) if transpose_a and ranks[0] == 2 else lhs
    rhs = transposed(op, rhs) if transpose_b and ranks[1] == 2 else rhs
    if ranks[1] <= 2:
        product = op.MatMul(lhs, rhs)
        return op.Reshape(product, shape=[1]) if ranks == (1, 1) else product  # no rank 0 in MXNet
    flat = op.MatMul(lhs, op.Reshape(rhs, shape=[0, -1]))
    ahead, behind = sizes(op, lhs, range(ranks[0] - 1)), sizes(op, rhs, range(1, ranks[1]))
    return op.Reshape(flat, op.Concat(ahead, behind, axis=0))


@table.op("tile")
def tile(op, data, *, reps):
    extra = len(reps) - op.rank(data)
    if extra > 0:
        data = op.Unsqueeze(data, axes=range(extra))
    return op.Tile(data, repeats=[*[1] * max(-extra, 0), *reps])


@table.op("broadcast_like")
def broadcast_like(op, lhs, rhs, *, lhs_axes, rhs_axes):
    if not lhs_axes:
        return op.Expand(lhs, op.Shape(rhs))
    wanted = [op.constant([1], np.int64)] * op.rank(lhs)
    for left, right in zip(lhs_axes, rhs_axes):
        wanted[op.axis(lhs, left)] = sizes(op, rhs, [op.axis(rhs, right)])
    return op.Expand(lhs, op.Concat(*wanted, axis=0))


@table.op("_contrib_arange_like", ignores=("ctx",), limits="repeat is not covered")
def arange_like(op, data, *, start, step, axis):
    dtype = op.dtype(data)
    axes = range(op.rank(data)) if axis is None else [op.axis(data, axis)]
    count = op.ReduceProd(sizes(op, data, axes), axes=[0], keepdims=0)
    if op.tensor(count):
        numbers = op.constant(start + step * np.arange(int(op.tensor(count).read())), dtype)
    else:
        stop = op.Add(op.Mul(cast(op, count, dtype), step), start)
        numbers = op.Range(op.constant(start, dtype), stop, op.constant(step, dtype))
    return numbers if axis is not None else op.Reshape(numbers, op.Shape(data))


@table.op("Pad")
def pad(op, data, *, mode, pad_width, constant_value):
    return op.Pad(
        data,
        pads=[*pad_width[::2], *pad_width[1::2]],
        mode=mode,
        constant_value=constant_value if mode == "constant" else None,
    )


def filling(number):
    def row(op, *, shape, dtype):
        """A size of 0 is one that MXNet infers from the reader; 1 broadcasts to it (an RNN takes zeros as no state)."""
        return op.constant(np.full([n or 1 for n in shape], number), np.dtype(dtype))

    return row


table.op("_zeros", ignores=("ctx",))(filling(0))
table.op("_ones", ignores=("ctx",))(filling(1))
