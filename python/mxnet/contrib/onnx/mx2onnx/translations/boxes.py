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
"""Boxes: suppression, overlaps, and their coding against anchors."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast
from .dimensions import positions, sizes
from .loops import loop
from .suppression import (
    LIMITS,
    at_most,
    column,
    columns,
    corners,
    filled_like,
    ranked,
    rows_at,
    survivors,
    to_the_front,
)

table = TranslationTable()


@table.op("_contrib_box_nms", limits=f"overlap_thresh below 0; {LIMITS}")
def box_nms(
    op,
    data,
    *,
    overlap_thresh,
    valid_thresh,
    topk,
    coord_start,
    score_index,
    id_index,
    background_id,
    force_suppress,
    in_format,
    out_format,
):
    """What is left comes first, by score, of equal ones the first; rows of -1 follow.

    MXNet cuts classes to whole numbers and does not convert boxes that begin left of 0.
    """
    if topk == 0:
        return data
    if overlap_thresh < 0:
        raise TranslationError("overlap_thresh is below 0; 0 suppresses all that overlaps")
    dtype = op.dtype(data)
    flat = _batched(op, data)
    scores = column(op, flat, score_index)
    valid = op.Greater(scores, op.constant(np.float32(valid_thresh), dtype))
    if id_index >= 0:
        ground = op.Equal(column(op, flat, id_index), op.constant(background_id, dtype))
        valid = op.And(valid, op.Not(ground))
    count = at_most(op, topk, flat, 1) if topk > 0 else sizes(op, flat, [1])
    scores, order = ranked(op, scores, valid, count)
    rows = rows_at(op, flat, order)
    boxes = columns(op, rows, coord_start, 4)
    boxes = corners(op, boxes) if in_format == "center" else boxes
    classes = None
    if id_index >= 0 and not force_suppress:
        classes = cast(op, column(op, rows, id_index), np.int32)
    keep = survivors(op, boxes, scores, overlap_thresh, classes)
    result = to_the_front(op, rows, keep, filled_like(op, flat, -1))
    if in_format != out_format:
        result = _converted(op, result, coord_start, out_format)
    return result if flat == data else op.Reshape(result, op.Shape(data))


def _batched(op, data):
    """All axes ahead of the last two in one."""
    rank = op.rank(data)
    if rank == 3:
        return data
    if rank == 2:
        return op.Unsqueeze(data, axes=[0])
    return op.Reshape(data, op.Concat([-1], sizes(op, data, [rank - 2, rank - 1]), axis=0))


def _converted(op, rows, start, out_format):
    """Rows with their boxes in the other format, those left of 0 as they are."""
    boxes = columns(op, rows, start, 4)
    if out_format == "corner":
        other = corners(op, boxes)
    else:
        low, high = columns(op, boxes, 0, 2), columns(op, boxes, 2, 2)
        other = op.Concat(op.Div(op.Add(low, high), 2.0), op.Sub(high, low), axis=2)
    stay = op.Less(columns(op, boxes, 0, 1), op.constant(0, op.dtype(rows)))
    ahead = [columns(op, rows, 0, start)] if start else []
    end = op.dims(rows)[2]
    behind = []
    if end != start + 4:
        behind = [op.Slice(rows, starts=[start + 4], ends=[end or 2**63 - 1], axes=[2])]
    return op.Concat(*ahead, op.Where(stay, boxes, other), *behind, axis=2)


@table.op("_contrib_box_iou")
def box_iou(op, lhs, rhs, *, format):
    """Areas are 0 where a side is negative, overlaps 0 where there is none."""
    left = op.Reshape(lhs, shape=[-1, 1, 4])
    right = op.Reshape(rhs, shape=[1, -1, 4])
    areas = op.Add(_area(op, left, format), _area(op, right, format))
    if format == "center":
        left, right = corners(op, left), corners(op, right)
    low = op.Max(columns(op, left, 0, 2), columns(op, right, 0, 2))
    high = op.Min(columns(op, left, 2, 2), columns(op, right, 2, 2))
    zero = op.constant(0, op.dtype(lhs))
    sides = op.Max(op.Sub(high, low), zero)
    common = op.Mul(column(op, sides, 0), column(op, sides, 1))
    overlap = op.Div(common, op.Sub(areas, common))
    overlap = op.Where(op.Greater(common, zero), overlap, zero)
    shape = [sizes(op, x, range(op.rank(x) - 1)) for x in (lhs, rhs)]
    return op.Reshape(overlap, op.Concat(*shape, axis=0))


def _area(op, boxes, format):
    sides = columns(op, boxes, 2, 2)
    if format == "corner":
        sides = op.Sub(sides, columns(op, boxes, 0, 2))
    width, height = column(op, sides, 0), column(op, sides, 1)
    zero = op.constant(0, op.dtype(boxes))
    return op.Mul(op.Max(width, zero), op.Max(height, zero))


@table.op("_contrib_box_decode")
def box_decode(op, data, anchors, *, std0, std1, std2, std3, clip, format):
    """Offsets from anchors to corners; one set of anchors serves all of the batch."""
    dtype = op.dtype(data)
    center, sides = columns(op, anchors, 0, 2), columns(op, anchors, 2, 2)
    if format == "corner":
        sides = op.Sub(sides, center)
        center = op.Add(center, op.Mul(sides, 0.5))
    moved = op.Mul(columns(op, data, 0, 2), op.constant(np.float32([std0, std1]), dtype))
    middle = op.Add(op.Mul(moved, sides), center)
    growth = op.Mul(columns(op, data, 2, 2), op.constant(np.float32([std2, std3]), dtype))
    if clip > 0:
        growth = op.Min(growth, op.constant(np.float32(clip), dtype))
    half = op.Mul(op.Mul(op.Exp(growth), sides), 0.5)
    return op.Concat(op.Sub(middle, half), op.Add(middle, half), axis=2)


@table.op("_contrib_box_encode")
def box_encode(op, samples, matches, anchors, refs, means, stds):
    """Offsets from anchors to the boxes matched to them, 0 and a mask of 0 where no sample is."""
    dtype = op.dtype(anchors)
    matched = rows_at(op, refs, cast(op, matches, np.int64))
    sides, center = _sides_and_center(op, anchors)
    wanted, place = _sides_and_center(op, matched)
    moved = op.Concat(op.Div(op.Sub(place, center), sides), op.Log(op.Div(wanted, sides)), axis=2)
    targets = op.Div(op.Sub(moved, means), stds)
    positive = op.Unsqueeze(op.Greater(samples, op.constant(0.5, dtype)), axes=[2])
    masks = op.Expand(cast(op, positive, dtype), op.Shape(anchors))
    return op.Where(positive, targets, op.constant(0, dtype)), masks


def _sides_and_center(op, boxes):
    low = columns(op, boxes, 0, 2)
    sides = op.Sub(columns(op, boxes, 2, 2), low)
    return sides, op.Add(low, op.Mul(sides, 0.5))


@table.op("_contrib_bipartite_matching")
def bipartite_matching(op, data, *, threshold, is_ascend, topk):
    """The best pair of a free row and a free column, again and again, for all of a batch at once.

    MXNet stops after ``topk + 1`` pairs. Of equal scores the first is taken.
    """
    dtype = op.dtype(data)
    scores = _batched(op, data)
    scores = cast(op, scores, np.float32) if dtype == np.float16 else scores
    working = op.dtype(scores)
    limit = np.float32(threshold)
    if is_ascend:
        scores, limit = op.Neg(scores), -limit
    rows, columns_ = (positions(op, scores, axis, np.int64) for axis in (1, 2))
    shapes = [sizes(op, scores, [0, axis]) for axis in (1, 2)]
    none = [op.ConstantOfShape(shape, value=np.array([-1], np.int64)) for shape in shapes]
    count = op.ReduceMin(op.Concat(*(sizes(op, scores, [a]) for a in (1, 2)), axis=0), keepdims=0)
    if topk > 0:
        most = op.constant(topk + 1, np.int64)
        count = op.Where(op.Less(count, most), count, most)

    def match(inner, step, scores, by_row, by_column, rows, columns_):
        across = inner.Squeeze(inner.Shape(columns_), axes=[0])
        best = inner.ArgMax(inner.Flatten(scores, axis=1), axis=1, keepdims=1)
        row, column_ = inner.Div(best, across), inner.Mod(best, across)
        score = inner.ReduceMax(scores, axes=[1, 2], keepdims=0)
        good = inner.Greater(score, inner.constant(limit, working))
        good = inner.Unsqueeze(good, axes=[1])
        at_row = inner.And(inner.Equal(inner.Unsqueeze(rows, axes=[0]), row), good)
        at_column = inner.And(inner.Equal(inner.Unsqueeze(columns_, axes=[0]), column_), good)
        by_row = inner.Where(at_row, column_, by_row)
        by_column = inner.Where(at_column, row, by_column)
        taken = inner.Or(inner.Unsqueeze(at_row, axes=[2]), inner.Unsqueeze(at_column, axes=[1]))
        scores = inner.Where(taken, inner.constant(-np.inf, working), scores)
        return (scores, by_row, by_column, rows, columns_), None

    _, by_row, by_column, *_ = loop(op, match, (scores, *none, rows, columns_), count)
    ahead = sizes(op, data, range(op.rank(data) - 2))
    return tuple(
        cast(op, op.Reshape(marks, op.Concat(ahead, [-1], axis=0)), dtype)
        if op.rank(data) != 3
        else cast(op, marks, dtype)
        for marks in (by_row, by_column)
    )
