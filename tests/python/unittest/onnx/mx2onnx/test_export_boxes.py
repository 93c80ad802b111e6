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

"""Export rows of the boxes family."""

import numpy as np
from export_cases import case, checks, data, values


def found(*shape, seed=0, center=False, classes=3, dtype="float32", size=0.5, low=-0.1):
    """Rows (class, score, box, one more number): scores without ties, boxes that overlap."""
    rng = np.random.default_rng(seed)
    count = int(np.prod(shape))
    scores = rng.permutation(count) / count - 0.2
    kinds = rng.integers(-1, classes, count)
    begin, sides = rng.uniform(low, 1, (count, 2)), rng.uniform(0.1, size, (count, 2))
    boxes = np.concatenate([begin, sides if center else begin + sides], axis=1)
    rows = np.column_stack([kinds, scores, boxes, rng.uniform(0, 1, count)])
    return values(rows.reshape(*shape, 7), dtype=dtype, fixed=(-1,))


def nms(x, **attrs):
    return case("_contrib_box_nms", x, **attrs)


def boxes(*shape, center=False, **more):
    """Boxes of sides between 0.2 and 1.2, some inside out."""
    rng = np.random.default_rng(5)
    begin, sides = rng.uniform(0, 1, (*shape, 2)), rng.uniform(-0.1, 0.8, (*shape, 2))
    array = np.concatenate([begin, sides if center else begin + sides], axis=-1)
    return values(array, fixed=(-1,), **more)


def sized(*shape, **more):
    """Boxes that have a size."""
    rng = np.random.default_rng(6)
    begin = rng.uniform(0, 1, (*shape, 2))
    array = np.concatenate([begin, begin + rng.uniform(0.1, 0.8, (*shape, 2))], axis=-1)
    return values(array, fixed=(-1,), **more)


TWINS = [[0, 0.9, 0, 0, 1, 1], [0, 0.8, 0, 0, 1, 1], [1, 0.8, 0, 0, 1, 1], [1, 0.9, 2, 2, 1, 1],
         [0, 0.5, 0.5, 0.5, 0.5, 0.5], [0, 0.6, 0.5, 0.5, 0.5, 0.5]]  # fmt: skip
NOTHING = np.full((2, 5, 6), -1.0)
MODES = ({}, {"id_index": 0}, {"id_index": 0, "background_id": 1},
         {"id_index": 0, "force_suppress": True}, {"valid_thresh": 0.3, "topk": 7},
         {"id_index": 0, "topk": 400, "overlap_thresh": 0.1}, {"topk": 0},
         {"overlap_thresh": 0}, {"overlap_thresh": 1}, {"overlap_thresh": 1.5})  # fmt: skip

BOX_NMS = [
    *(nms(found(2, 20), **mode) for mode in MODES),
    *(nms(found(2, 20, center=i == "center"), in_format=i, out_format=o, id_index=0)
      for i in ("corner", "center") for o in ("corner", "center")),
    nms(found(2, 20, low=0.1, center=True), in_format="center", out_format="corner", topk=9),
    nms(found(30), id_index=0), nms(found(2, 3, 9), id_index=0), nms(found(1, 12)),
    nms(found(2, 20), coord_start=1, score_index=6, id_index=5),
    nms(found(2, 20), coord_start=2, score_index=6, id_index=1, out_format="center"),
    nms(found(2, 20), coord_start=3, score_index=1, id_index=0, in_format="center",
        out_format="corner"),
    nms(values(TWINS, fixed=(-1,)), id_index=0), nms(values(TWINS, fixed=(-1,))),
    nms(values(NOTHING, fixed=(-1,)), id_index=0), nms(values(NOTHING, fixed=(-1,)), topk=2),
    *(nms(found(2, 20, dtype=t), id_index=0, valid_thresh=0.1, topk=k)
      for t in ("float16", "float64") for k in (-1, 6)),
    nms(found(2, 5), overlap_thresh=-0.5).but(refused="below 0"),
]  # fmt: skip

BOX_IOU = [
    *(case("_contrib_box_iou", boxes(*a, center=f == "center"), boxes(*b, center=f == "center"),
           format=f) for a, b in (((5,), (7,)), ((2, 3), (4,)), ((1,), (2, 2)))
      for f in ("corner", "center")),
    *(case("_contrib_box_iou", boxes(4, dtype=t), boxes(5, dtype=t))
      for t in ("float16", "float64")),
]  # fmt: skip

BOX_CODING = [
    *(case("_contrib_box_decode", data(2, 5, 4, fixed=(-1,)), boxes(1, 5, center=f == "center"),
           format=f, clip=c, std0=0.1, std1=0.2, std2=0.3, std3=2.5)
      for f in ("corner", "center") for c in (-1, 0.4)),
    *(case("_contrib_box_decode", data(1, 5, 4, dtype=t), boxes(1, 5, dtype=t), std2=0.2)
      for t in ("float16", "float64")),
    *(case("_contrib_box_encode", values([[1, 0, -1], [0.4, 0.6, 1]], dtype=t),
           values([[1, 0, 1], [0, 0, 0]], dtype=t), sized(2, 3, dtype=t), sized(2, 2, dtype=t),
           values([0.0, 0.1, 0.2, -0.3], dtype=t, fixed=True),
           values([0.1, 0.1, 0.2, 0.3], dtype=t, fixed=True))
      for t in ("float32", "float64")),
]  # fmt: skip


def scores(*shape, dtype="float32"):
    """Scores without ties."""
    count = int(np.prod(shape))
    array = np.random.default_rng(8).permutation(count).reshape(shape) / count
    return values(array, dtype)


BIPARTITE_MATCHING = [
    *(case("_contrib_bipartite_matching", scores(*s), threshold=t, is_ascend=a, topk=k)
      for s in ((4, 3), (2, 3, 5), (2, 2, 4, 4)) for t, k in ((1e-12, -1), (0.7, -1), (0.2, 1))
      for a in (False, True)),
    *(case("_contrib_bipartite_matching", scores(2, 3, 5, dtype=t), threshold=0.3)
      for t in ("float16", "float64")),
]  # fmt: skip

test_boxes = checks([*BOX_NMS, *BOX_IOU, *BOX_CODING, *BIPARTITE_MATCHING])
