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
"""Loss heads, by what they predict: the canonical graph has dropped their labels.

Losses that a model is cut at or consists of are computed as MXNet does.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .activation import softmax_over
from .casting import NO_FLOAT64, cast
from .dimensions import positions, sizes
from .indexing import pick

table = TranslationTable()


@table.op("LinearRegressionOutput", "MAERegressionOutput", ignores=("grad_scale",))
@table.op("SVMOutput", ignores=("margin", "regularization_coefficient", "use_linear"))
@table.op("MakeLoss", ignores=("grad_scale", "valid_thresh", "normalization"))
@table.op("make_loss", "BlockGrad")
def same(op, data):
    """What differs is the gradient alone."""
    return data


@table.op("LogisticRegressionOutput", ignores=("grad_scale",))
def logistic_output(op, data):
    return op.Sigmoid(data)


@table.op(
    "SoftmaxOutput",
    ignores=(
        "grad_scale",
        "ignore_label",
        "use_ignore",
        "normalization",
        "out_grad",
        "smooth_alpha",
    ),
    limits="rank 4 needs multi_output or preserve_shape",
)
def softmax_output(op, data, *, multi_output, preserve_shape):
    """Over axis 1, over the last axis, or over all behind the first; the rest shapes gradients."""
    rank = op.rank(data)
    if multi_output:
        return softmax_over(op, data, 1)
    if preserve_shape or rank == 2:
        return softmax_over(op, data, -1)
    if rank == 4:
        raise TranslationError(
            "without multi_output or preserve_shape it is computed over the last axis on MXNet's "
            "CPUs and over all axes but the first on its GPUs; set the one that is meant"
        )
    return op.Reshape(softmax_over(op, op.Flatten(data), -1), op.Shape(data))


@table.op("softmax_cross_entropy")
def softmax_cross_entropy(op, data, label):
    """The sum over all rows, with probabilities of at least 1e-8."""
    likely = pick(op, softmax_over(op, data, -1), label, axis=-1, mode="clip", keepdims=False)
    floor = op.constant(1e-8, op.dtype(data))
    total = op.ReduceSum(op.Log(op.Max(likely, floor)), axes=[0], keepdims=1)
    return op.Neg(total)


#: The logarithm of a probability of 0, which stays a number when others are added to it.
NEVER = -1e30


@table.op("CTCLoss", limits=NO_FLOAT64)
def ctc_loss(
    op,
    data,
    label,
    *lengths,
    use_data_lengths,
    use_label_lengths,
    blank_label,
):
    """data is (T, N, C) before its softmax, label (N, L). Without lengths a label ends where the
    first filling is, 0 where the blank comes first and -1 otherwise. A label that is too long for
    its data costs nothing, as in MXNet.
    """
    lengths = [cast(op, x, np.int64) for x in lengths]
    label = cast(op, label, np.int64)
    blank, filling = np.int64(0), 0
    if blank_label == "last":
        blank, filling = op.Sub(sizes(op, data, [2]), np.int64(1)), -1
    counts = lengths[-1] if use_label_lengths else _counts(op, label, filling)
    states = _with_blanks(op, label, blank)
    found = _paths(op, data, states, lengths[0] if use_data_lengths else None)
    last = op.Mul(counts, np.int64(2))
    before = op.Max(op.Sub(last, np.int64(1)), np.int64(0)) if op.opset > 11 else _above(op, last)
    ends = [op.GatherElements(found, op.Unsqueeze(k, axes=[1]), axis=1) for k in (last, before)]
    never = op.constant(NEVER, op.dtype(data))
    some = op.Unsqueeze(op.Greater(counts, np.int64(0)), axes=[1])
    both = op.Concat(ends[0], op.Where(some, ends[1], never), axis=1)
    total = op.ReduceLogSumExp(both, axes=[1], keepdims=0)
    zero = op.constant(0, op.dtype(data))
    return op.Where(op.Less(total, 0.5 * NEVER), zero, op.Neg(total))


def _above(op, last):
    """One less, and not below 0: the oldest Max takes no int64."""
    return op.Where(op.Greater(last, np.int64(0)), op.Sub(last, np.int64(1)), last)


def _counts(op, label, filling):
    """Where the first filling is, in every row."""
    is_end = cast(op, op.Equal(label, np.int64(filling)), np.int32)
    is_end = op.Pad(is_end, pads=[0, 0, 0, 1], constant_value=np.int32(1))
    return op.ArgMax(is_end, axis=1, keepdims=0)


def _with_blanks(op, label, blank):
    """(N, 2 L + 1), a blank before, between and behind."""
    blanks = op.Expand(blank, op.Shape(label))
    pairs = op.Concat(*(op.Unsqueeze(x, axes=[2]) for x in (blanks, label)), axis=2)
    flat = op.Reshape(pairs, op.Concat(sizes(op, label, [0]), op.constant([-1], np.int64), axis=0))
    behind = op.Expand(blank, op.Concat(sizes(op, label, [0]), op.constant([1], np.int64), axis=0))
    return op.Concat(flat, behind, axis=1)


def _paths(op, data, states, lengths):
    """(N, 2 L + 1): the logarithm of the probability of all paths that end in each state."""
    never, zero = (op.constant(n, op.dtype(data)) for n in (NEVER, 0))
    shape = op.Shape(states)
    start = op.Equal(positions(op, states, 1), np.int64(0))
    begun = op.Expand(op.Where(start, zero, never), shape)
    narrow = op.Slice(begun, starts=[0], ends=[1], axes=[1])
    gap = op.Expand(never, op.Shape(narrow))
    # over a blank between two different labels a path may jump
    shifted = _moved(op, states, op.Slice(states, starts=[0], ends=[2], axes=[1]), 2)
    odd = op.Equal(op.Mod(positions(op, states, 1), np.int64(2)), np.int64(1))
    jumps = op.And(odd, op.Not(op.Equal(states, shifted)))
    steps, scores = positions(op, data, 0), op.LogSoftmax(data, axis=2)
    rows = [dataclasses.replace(op.type(x), dims=op.type(x).dims[1:]) for x in (scores, steps)]
    inner, (path, score, step) = op.nested([op.type(begun), *rows], ["paths", "scores", "step"])
    one = _moved(inner, path, gap, 1)
    two = inner.Where(jumps, _moved(inner, one, gap, 1), never)
    ways = inner.Concat(*(inner.Unsqueeze(x, axes=[0]) for x in (path, one, two)), axis=0)
    joined = inner.ReduceLogSumExp(ways, axes=[0], keepdims=0)
    new = inner.Add(joined, inner.GatherElements(score, states, axis=1))
    if lengths is not None:
        goes = inner.Unsqueeze(inner.Less(step, lengths), axes=[1])
        new = inner.Where(goes, new, path)
    kind, body = op.type(begun), inner.graph([inner.Identity(new)])
    return op.custom("", "Scan", begun, scores, steps, outputs=[kind], body=body, num_scan_inputs=2)


def _moved(op, x, ahead, count):
    """The columns of ``x`` by ``count`` to the right, behind ``ahead``."""
    kept = op.Slice(x, starts=[0], ends=[-count], axes=[1])
    return op.Concat(ahead, kept, axis=1)
