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
"""Detection, computed on known arrays."""

from __future__ import annotations

import numpy as np

from .table import FoldingTable

table = FoldingTable()

#: Boxes that are compared with one another at once.
BLOCK = 128


@table.op("NonMaxSuppression", versions=(10, 11))
def non_max_suppression(
    boxes,
    scores,
    max_output_boxes_per_class=None,
    iou_threshold=None,
    score_threshold=None,
    *,
    center_point_box,
):
    """Greedily the best box that overlaps none kept before; of equal scores the first box.

    Scores at the threshold itself are left out, as ONNX Runtime does.
    """
    if boxes.ndim != 3 or boxes.shape[2] != 4 or scores.ndim != 3:
        raise ValueError(f"boxes of shape {boxes.shape} with scores of shape {scores.shape}")
    if boxes.shape[:2] != (scores.shape[0], scores.shape[2]):
        raise ValueError(f"boxes of shape {boxes.shape} with scores of shape {scores.shape}")
    most = _number(max_output_boxes_per_class, 0)
    overlap = np.float32(_number(iou_threshold, 0.0))
    if not 0 <= overlap <= 1:
        raise ValueError(f"iou_threshold is {overlap}, not in [0, 1]")
    found = []
    for batch, corners in enumerate(_corners(boxes, center_point_box)):
        for label, score in enumerate(scores[batch]):
            kept = _kept(corners, _candidates(score, score_threshold), int(most), overlap)
            first = np.full_like(kept, batch), np.full_like(kept, label)
            found.append(np.stack([*first, kept], 1))
    return np.concatenate(found) if found else np.zeros((0, 3), np.int64)


def _number(array, default):
    return default if array is None else array.reshape(()).item()


def _candidates(score, threshold):
    """Boxes above the threshold, best first."""
    if threshold is None:
        return np.argsort(-score, kind="stable")
    places = np.flatnonzero(score > threshold.reshape(()))
    return places[np.argsort(-score[places], kind="stable")]


def _corners(boxes, center_point_box):
    """Lower corner, upper corner and area of every box: shape (batches, boxes, 5)."""
    boxes = boxes.astype(np.float32, copy=False)
    if center_point_box:
        half = boxes[..., 2:] / np.float32(2)
        low, high = boxes[..., :2] - half, boxes[..., :2] + half
    else:
        low = np.minimum(boxes[..., :2], boxes[..., 2:])
        high = np.maximum(boxes[..., :2], boxes[..., 2:])
    area = np.prod(high - low, -1, keepdims=True)
    return np.concatenate([low, high, area], -1)


def _kept(corners, order, most, overlap):
    """Places of at most ``most`` boxes, none of which overlaps a better one too much."""
    kept = np.zeros(0, np.int64)
    for start in range(0, len(order), BLOCK):
        if len(kept) >= most:
            break
        block = order[start : start + BLOCK]
        alive = ~_overlapping(corners[block], corners[kept], overlap).any(1)
        block = block[alive]
        covered = _overlapping(corners[block], corners[block], overlap)
        alive = np.ones(len(block), bool)
        for i in range(len(block)):
            if alive[i]:
                alive[i + 1 :] &= ~covered[i, i + 1 :]
        kept = np.concatenate([kept, block[alive]])
    return kept[: max(most, 0)]


def _overlapping(a, b, overlap):
    """Whether the intersection of each of ``a`` with each of ``b`` is too large a part of both."""
    a, b = a[:, None], b[None]
    sides = np.minimum(a[..., 2:4], b[..., 2:4]) - np.maximum(a[..., :2], b[..., :2])
    common = np.prod(np.maximum(sides, 0), -1)
    union = a[..., 4] + b[..., 4] - common
    proper = (common > 0) & (a[..., 4] > 0) & (b[..., 4] > 0) & (union > 0)
    return proper & (common / np.where(union > 0, union, 1) > overlap)
