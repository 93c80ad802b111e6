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
"""Single-shot detection: anchors, and what is found from them."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from . import dimensions
from .casting import cast
from .suppression import (
    LIMITS,
    LOWEST,
    column,
    columns,
    filled_like,
    ranked,
    rows_at,
    scalar,
    stacked,
    survivors,
    to_the_front,
)

table = TranslationTable()


@table.op("_contrib_MultiBoxPrior")
def multi_box_prior(op, data, *, sizes, ratios, clip, steps, offsets):
    """Anchors around every pixel, in shares of the image: all sizes, then all ratios but the first.

    In float32 and in MXNet's order, whatever the dtype of the result.
    """
    shapes = [(size, ratios[0]) for size in sizes] + [(sizes[0], ratio) for ratio in ratios[1:]]
    length = np.array([size for size, _ in shapes], np.float32)
    root = np.sqrt(np.array([ratio for _, ratio in shapes], np.float32))
    height, width = (cast(op, scalar(op, data, axis), np.float32) for axis in (2, 3))
    own = min(steps) <= 0
    y, x = (
        op.Mul(
            op.Add(dimensions.positions(op, data, axis, np.float32), np.float32(offset)),
            op.Div(np.float32(1), size) if own else np.float32(step),
        )
        for axis, offset, size, step in zip((2, 3), offsets, (height, width), steps)
    )
    scaled = op.Div(op.Mul(op.constant(length), height), width)
    half_width = op.Div(op.Mul(scaled, op.constant(root)), np.float32(2))
    reach = stacked(op, half_width, op.constant(length / root / np.float32(2)))
    grid = op.Concat(dimensions.sizes(op, data, [2, 3]), [1, 1], axis=0)
    center = op.Concat(
        op.Expand(op.Unsqueeze(x, axes=[0, 2, 3]), grid),
        op.Expand(op.Unsqueeze(y, axes=[1, 2, 3]), grid),
        axis=3,
    )
    boxes = op.Concat(op.Sub(center, reach), op.Add(center, reach), axis=3)
    if clip:
        boxes = op.Clip(boxes, min=np.float32(0), max=np.float32(1))
    return cast(op, op.Reshape(boxes, shape=[1, -1, 4]), op.dtype(data))


@table.op(
    "_contrib_MultiBoxDetection",
    ignores=("background_id",),  # MXNet reads it nowhere: class 0 is the background
    limits=LIMITS,
)
def multi_box_detection(
    op, cls_prob, loc_pred, anchor, *, threshold, clip, variances, nms_threshold, force_suppress,
    nms_topk,
):  # fmt: skip
    """Rows (class, score, corners), by score; what was suppressed keeps its row with class -1."""
    if len(variances) != 4:
        raise TranslationError(f"variances has {len(variances)} numbers in place of 4")
    dtype = op.dtype(cls_prob)
    cls_prob, loc_pred, anchor = (cast(op, x, np.float32) for x in (cls_prob, loc_pred, anchor))
    classes, scores = _best_class(op, cls_prob)
    boxes = _located(op, loc_pred, anchor, variances, clip)
    found = op.Greater(scores, op.constant(-1, np.float32))
    valid = op.And(found, op.Not(op.Less(scores, op.constant(threshold, np.float32))))
    rows = op.Concat(stacked(op, classes, scores), boxes, axis=2)
    if 0 < nms_threshold <= 1:
        rows = _suppressed(op, rows, scores, valid, nms_threshold, force_suppress, nms_topk)
    else:
        rows = to_the_front(op, rows, cast(op, valid, np.int64), filled_like(op, rows, -1))
    return cast(op, rows, dtype)


def _suppressed(op, rows, scores, valid, threshold, force_suppress, topk):
    """Rows by score. Those behind the ``topk`` best are in their first order, with class -1."""
    ordered, order = ranked(op, scores, valid, dimensions.sizes(op, scores, [1]))
    found = op.Unsqueeze(op.Greater(ordered, op.constant(LOWEST, np.float32)), axes=[2])
    best = rows_at(op, rows, order)
    among_best = None
    if topk > 0:
        among_best = op.Less(dimensions.positions(op, scores, 1), np.int64(topk))
        ordered = op.Where(among_best, ordered, op.constant(-np.inf, np.float32))
    keep = survivors(
        op,
        columns(op, best, 2, 4),
        ordered,
        np.nextafter(np.float32(threshold), np.float32(0)),  # MXNet suppresses at it, ONNX above
        None if force_suppress else column(op, best, 0),
    )
    nothing = op.constant(-1, np.float32)
    left = op.Unsqueeze(cast(op, keep, np.bool_), axes=[2])
    best = op.Concat(
        op.Where(left, columns(op, best, 0, 1), nothing), columns(op, best, 1, 5), axis=2
    )
    best = op.Where(found, best, nothing)
    if among_best is None:
        return best
    classless = op.Concat(
        filled_like(op, columns(op, rows, 0, 1), -1), columns(op, rows, 1, 5), axis=2
    )
    rest = to_the_front(op, classless, cast(op, valid, np.int64), filled_like(op, rows, -1))
    return op.Where(op.Unsqueeze(among_best, axes=[0, 2]), best, rest)


def _best_class(op, cls_prob):
    """Number of the best class but the background, from 0, and its score: (B, N) both."""
    foreground = op.Slice(cls_prob, starts=[1], ends=[2**63 - 1], axes=[1])
    classes = op.ArgMax(foreground, axis=1, keepdims=0)
    return cast(op, classes, np.float32), op.ReduceMax(foreground, axes=[1], keepdims=0)


def _located(op, loc_pred, anchor, variances, clip):
    """(B, N, 4) corners from offsets (B, N * 4) and anchors (1, N, 4)."""
    moves = op.Reshape(loc_pred, op.Concat(dimensions.sizes(op, loc_pred, [0]), [-1, 4], axis=0))
    low, high = columns(op, anchor, 0, 2), columns(op, anchor, 2, 2)
    sides, middle = op.Sub(high, low), op.Div(op.Add(low, high), 2.0)
    shift = op.Mul(columns(op, moves, 0, 2), op.constant(variances[:2], np.float32))
    center = op.Add(op.Mul(shift, sides), middle)
    growth = op.Exp(op.Mul(columns(op, moves, 2, 2), op.constant(variances[2:], np.float32)))
    half = op.Div(op.Mul(growth, sides), 2.0)
    boxes = op.Concat(op.Sub(center, half), op.Add(center, half), axis=2)
    return op.Clip(boxes, min=np.float32(0), max=np.float32(1)) if clip else boxes
