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
"""Regions that a network proposes: Proposal, and MultiProposal for batches."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast
from .dimensions import positions, sizes
from .suppression import at_most, column, columns, ranked, rows_at, scalar, stacked, survivors

table = TranslationTable()
SINGLE = {np.dtype(np.float32)}


@table.op("_contrib_Proposal", "_contrib_MultiProposal")
def proposal(
    op,
    cls_prob,
    bbox_pred,
    im_info,
    *,
    rpn_pre_nms_top_n,
    rpn_post_nms_top_n,
    threshold,
    rpn_min_size,
    scales,
    ratios,
    feature_stride,
    output_score,
    iou_loss,
):
    """Regions (batch, x1, y1, x2, y2); where too few are left they come again from the first.

    Boxes include their last pixel, so what is compared is one pixel larger.
    """
    scores, moves = _by_place(op, cls_prob, len(scales) * len(ratios), bbox_pred)
    anchors = _anchors(op, cls_prob, _base_anchors(feature_stride, ratios, scales), feature_stride)
    boxes = op.Add(anchors, moves) if iou_loss else _moved(op, anchors, moves)
    boxes = _within_image(op, boxes, im_info)
    scores = _inside(op, cls_prob, scores, im_info, feature_stride)
    boxes, scores = _large(op, boxes, scores, im_info, rpn_min_size)
    if rpn_pre_nms_top_n > 0:
        count = at_most(op, rpn_pre_nms_top_n, scores, 1)
    else:
        count = sizes(op, scores, [1])
    scores, order = ranked(op, scores, None, count)
    boxes = rows_at(op, boxes, order)
    reach = op.Add(boxes, op.constant([0, 0, 1, 1], np.float32))
    keep = survivors(op, reach, scores, threshold, most=rpn_post_nms_top_n)
    regions = op.Concat(boxes, op.Unsqueeze(scores, axes=[2]), axis=2)
    rows, batch = _cycled(op, regions, keep, rpn_post_nms_top_n)
    result = op.Concat(cast(op, batch, np.float32), columns(op, rows, 0, 4), axis=1)
    return (result, columns(op, rows, 4, 1)) if output_score else result


def _by_place(op, cls_prob, count, bbox_pred):
    """Scores (B, H * W * A) of the foreground and moves (B, H * W * A, 4)."""
    channels = op.dims(cls_prob)[1]
    if channels not in (None, 2 * count):
        raise TranslationError(f"cls_prob has {channels} channels; two an anchor are {2 * count}")
    foreground = op.Slice(cls_prob, starts=[count], ends=[2 * count], axes=[1])
    batch, grid = sizes(op, cls_prob, [0]), sizes(op, cls_prob, [2, 3])
    scores = op.Transpose(foreground, perm=[0, 2, 3, 1])
    scores = op.Reshape(scores, op.Concat(batch, [-1], axis=0))
    moves = op.Reshape(bbox_pred, op.Concat(batch, [count, 4], grid, axis=0))
    moves = op.Transpose(moves, perm=[0, 3, 4, 1, 2])
    return scores, op.Reshape(moves, op.Concat(batch, [-1, 4], axis=0))


def _base_anchors(stride, ratios, scales):
    """(A, 4) corners around the first pixel, rounded in float32 where MXNet rounds."""
    one, half = np.float32(1), np.float32(0.5)
    side = np.float32(stride)
    middle = half * (side - one)
    anchors = []
    for ratio in np.array(ratios, np.float32):
        for scale in np.array(scales, np.float32):
            width = np.floor(np.sqrt(np.floor(side * side / ratio)) + half) * scale
            height = np.floor(width / scale * ratio + half) * scale
            reach = half * np.array([width - one, height - one])
            anchors.append([*(middle - reach), *(middle + reach)])
    return np.array(anchors, np.float32)


def _anchors(op, cls_prob, base, stride):
    """(1, H * W * A, 4): the base anchors shifted to every pixel."""
    grid = op.Concat(sizes(op, cls_prob, [2, 3]), [1, 1], axis=0)
    y, x = (
        op.Mul(positions(op, cls_prob, axis, np.float32), np.float32(stride)) for axis in (2, 3)
    )
    x = op.Expand(op.Unsqueeze(x, axes=[0, 2, 3]), grid)
    y = op.Expand(op.Unsqueeze(y, axes=[1, 2, 3]), grid)
    shifts = op.Concat(x, y, x, y, axis=3)
    return op.Reshape(op.Add(shifts, op.constant(base)), shape=[1, -1, 4])


def _moved(op, anchors, moves):
    """The anchors with center and size moved."""
    low, high = columns(op, anchors, 0, 2), columns(op, anchors, 2, 2)
    sides = op.Add(op.Sub(high, low), 1.0)
    middle = op.Add(low, op.Mul(op.Sub(sides, 1.0), 0.5))
    center = op.Add(op.Mul(columns(op, moves, 0, 2), sides), middle)
    wanted = op.Mul(op.Exp(columns(op, moves, 2, 2)), sides)
    reach = op.Mul(op.Sub(wanted, 1.0), 0.5)
    return op.Concat(op.Sub(center, reach), op.Add(center, reach), axis=2)


def _within_image(op, boxes, im_info):
    height, width = column(op, im_info, 0), column(op, im_info, 1)
    last = op.Sub(stacked(op, width, height, width, height), 1.0)
    return op.Max(op.Min(boxes, op.Unsqueeze(last, axes=[1])), op.constant(0, np.float32))


def _inside(op, cls_prob, scores, im_info, stride):
    """Scores with -1 at pixels that only pad the image to the size of the batch."""
    sides = op.Div(columns(op, im_info, 0, 2), np.float32(stride))
    real = cast(op, cast(op, sides, np.int32), np.int64)
    outside = op.Or(
        *(
            op.Not(op.Less(op.Unsqueeze(positions(op, cls_prob, axis), axes=axes), limit))
            for axis, axes, limit in (
                (2, [0, 2, 3], op.Unsqueeze(columns(op, real, 0, 1), axes=[2, 3])),
                (3, [0, 1, 3], op.Unsqueeze(columns(op, real, 1, 1), axes=[2, 3])),
            )
        )
    )
    batch, grid = sizes(op, cls_prob, [0]), sizes(op, cls_prob, [2, 3])
    by_pixel = op.Reshape(scores, op.Concat(batch, grid, [-1], axis=0))
    by_pixel = op.Where(outside, op.constant(-1, np.float32), by_pixel)
    return op.Reshape(by_pixel, op.Concat(batch, [-1], axis=0))


def _large(op, boxes, scores, im_info, least):
    """Boxes with a side below ``least`` grow by it on both and score -1."""
    least = op.Mul(columns(op, im_info, 2, 1), np.float32(least))
    sides = op.Add(op.Sub(columns(op, boxes, 2, 2), columns(op, boxes, 0, 2)), 1.0)
    shortest = op.ReduceMin(sides, axes=[2], keepdims=0)
    small = op.Less(shortest, least)
    growth = op.Mul(op.Div(least, 2.0), op.constant([-1, -1, 1, 1], np.float32))
    grown = op.Add(boxes, op.Unsqueeze(growth, axes=[1]))
    boxes = op.Where(op.Unsqueeze(small, axes=[2]), grown, boxes)
    return boxes, op.Where(small, op.constant(-1, np.float32), scores)


def _cycled(op, regions, keep, count):
    """Rows (B * count, 5) of what is kept, over and over, and their int64 image (B * count, 1)."""
    chosen = op.GatherND(regions, op.Transpose(op.NonZero(keep), perm=[1, 0]))
    counts = op.ReduceSum(keep, axes=[1], keepdims=1)
    begins = op.CumSum(counts, np.int64(0), exclusive=1)
    turn = op.Unsqueeze(op.constant(np.arange(count), np.int64), axes=[0])
    places = op.Reshape(op.Add(op.Mod(turn, counts), begins), shape=[-1])
    numbers = op.Range(np.int64(0), scalar(op, keep, 0), np.int64(1))
    batch = op.Expand(
        op.Unsqueeze(numbers, axes=[1]), op.Concat(sizes(op, keep, [0]), [count], axis=0)
    )
    return op.Gather(chosen, places, axis=0), op.Reshape(batch, shape=[-1, 1])
