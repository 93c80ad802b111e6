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
"""Non-maximum suppression and the orders around it, which rows of several families share."""

from __future__ import annotations

import numpy as np

from .casting import cast
from .dimensions import sizes

#: As many boxes as there are: ONNX has no word for no limit.
NO_LIMIT = 2**31 - 1
LOWEST = np.finfo(np.float32).min
#: What of MXNet's order and arithmetic is not ONNX's.
LIMITS = "overlaps are compared in float32, whatever the dtype"


def column(op, x, index):
    """Entry ``index`` of the last axis of ``x``, that axis gone."""
    return op.Gather(x, op.constant(index, np.int64), axis=op.rank(x) - 1)


def columns(op, x, start, count):
    """``count`` entries of the last axis of ``x``."""
    return op.Slice(x, starts=[start], ends=[start + count], axes=[op.rank(x) - 1])


def stacked(op, *xs):
    """Tensors of one shape side by side along a new last axis."""
    last = op.rank(xs[0])
    return op.Concat(*(op.Unsqueeze(x, axes=[last]) for x in xs), axis=last)


def corners(op, boxes):
    """(..., x, y, width, height) as (..., x1, y1, x2, y2)."""
    center, half = columns(op, boxes, 0, 2), op.Div(columns(op, boxes, 2, 2), 2.0)
    return op.Concat(op.Sub(center, half), op.Add(center, half), axis=op.rank(boxes) - 1)


def at_most(op, count, x, axis):
    """int64 vector of one: ``count``, or the size of ``x`` along ``axis`` where that is less."""
    size = op.dims(x)[axis]
    if size is not None:
        return op.constant([min(count, size)], np.int64)
    have, wanted = sizes(op, x, [axis]), op.constant([count], np.int64)
    return op.Where(op.Less(have, wanted), have, wanted)


def ranked(op, scores, valid, count):
    """The ``count`` best of each row, best first: their scores and int64 places, both (B, K).

    Of equal scores the first comes first, in MXNet as in ONNX. Those that are not ``valid`` come
    behind all others, with a score of minus infinity.
    """
    if valid is not None:
        scores = op.Where(valid, scores, op.constant(-np.inf, op.dtype(scores)))
    return op.TopK(scores, count, axis=1, largest=1, outputs=2)


def rows_at(op, x, places):
    """Rows (B, K, W) of ``x`` (B, N, W) at int64 ``places`` (B, K)."""
    width = op.dims(x)[2]
    flat = op.Reshape(x, shape=[-1, width] if width else op.Concat([-1], sizes(op, x, [2]), axis=0))
    if op.dims(x)[0] != 1:
        batch = cast(op, op.Range(np.int64(0), scalar(op, x, 0), np.int64(1)), np.int64)
        first = op.Mul(batch, sizes(op, x, [1]))
        places = op.Add(places, op.Unsqueeze(first, axes=[1]))
    return op.Gather(flat, places, axis=0)


def scalar(op, x, axis):
    """Size of ``x`` along ``axis``, int64, of rank 0."""
    return op.Squeeze(sizes(op, x, [axis]), axes=[0])


def survivors(op, boxes, scores, threshold, classes=None, most=NO_LIMIT):
    """Which boxes are left: 1 where no better one of their class overlaps by more than allowed.

    Parameters
    ----------
    boxes : str
        (B, K, 4) corners; boxes that are inside out overlap nothing, as in MXNet.
    scores : str
        (B, K) in falling order; minus infinity for what is no candidate.
    threshold : float
    classes : str, optional
        (B, K) integers: only boxes of one class compete.
    most : int
        How many are left at most, of each row.

    Returns
    -------
    str
        (B, K), int64.
    """
    boxes, scores = cast(op, boxes, np.float32), cast(op, scores, np.float32)
    low, high = columns(op, boxes, 0, 2), columns(op, boxes, 2, 2)
    boxes = op.Concat(low, op.Max(low, high), axis=2)
    by_class = op.Unsqueeze(scores, axes=[1])
    if classes is not None:
        by_class = op.Where(_membership(op, classes), by_class, op.constant(-np.inf, np.float32))
    chosen = op.NonMaxSuppression(
        boxes,
        by_class,
        np.array([most], np.int64),
        np.array([min(threshold, 1.0)], np.float32),
        np.array([LOWEST], np.float32),
    )
    places = op.Gather(chosen, op.constant([0, 2], np.int64), axis=1)
    ones = op.Expand(op.constant([1], np.int64), op.Gather(op.Shape(chosen), [0], axis=0))
    none = op.ConstantOfShape(sizes(op, scores, [0, 1]), value=np.zeros(1, np.int64))
    return op.ScatterND(none, places, ones)


def _membership(op, classes):
    """(B, C, K): whether a box is of a class; C counts the classes that there are, at run time."""
    flat = op.Reshape(cast(op, classes, np.int64), shape=[-1])
    kinds, _, inverse, _ = op.Unique(flat, outputs=4)
    own = op.Unsqueeze(op.Reshape(inverse, op.Shape(classes)), axes=[1])
    count = op.Squeeze(op.Shape(kinds), axes=[0])
    numbers = op.Range(np.int64(0), count, np.int64(1))
    return op.Equal(own, op.Unsqueeze(numbers, axes=[0, 2]))


def to_the_front(op, rows, keep, behind):
    """Rows (B, K, W) with ``keep`` (B, K) moved to the front of ``behind`` (B, N, W), in order."""
    places = op.Transpose(op.NonZero(keep), perm=[1, 0])
    ranks = op.Sub(op.CumSum(keep, np.int64(1)), np.int64(1))
    batch = op.Slice(places, starts=[0], ends=[1], axes=[1])
    targets = op.Concat(batch, op.Unsqueeze(op.GatherND(ranks, places), axes=[1]), axis=1)
    return op.ScatterND(behind, targets, op.GatherND(rows, places))


def filled_like(op, x, number):
    """``number`` in the shape and dtype of ``x``."""
    return op.ConstantOfShape(op.Shape(x), value=np.array([number], op.dtype(x)))
