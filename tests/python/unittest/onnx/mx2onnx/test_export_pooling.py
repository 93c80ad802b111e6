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
"""Export rows of the pooling family."""

from export_cases import case, checks, data

X = data(2, 3, 8, 7)
FULL = {"pooling_convention": "full"}
OLD = {"mkldnn": False}


def pool(x=X, **attrs):
    """Only the pooled values: MXNet's second output is a workspace."""
    return case("Pooling", x, **attrs).but(outputs=(0,))


KINDS = [{"pool_type": "max"}, {"pool_type": "avg"}, {"pool_type": "sum"},
         {"pool_type": "avg", "count_include_pad": False},
         *({"pool_type": "lp", "p_value": p} for p in (1, 2, 3))]  # fmt: skip

test_pooling = checks([
    *(pool(kernel=(3, 2), **kind) for kind in KINDS),
    *(pool(kernel=(3, 3), stride=(2, 2), pad=(1, 1), **kind) for kind in KINDS),
    *(pool(kernel=(3, 3), stride=(2, 2), **FULL, **kind) for kind in KINDS),
    *(pool(kernel=(3, 3), stride=(2, 2), pad=(1, 1), **FULL, **kind) for kind in KINDS),
    *(pool(kernel=(2, 2), stride=(2, 2), pad=(1, 1), **FULL, pool_type=t)
      for t in ("avg", "sum")),
    *(pool(data(2, 3, 8, 8), kernel=(2, 2), stride=(2, 2), pad=(1, 1), **FULL, **kind)
      for kind in ({"pool_type": "max"}, {"pool_type": "avg", "count_include_pad": False})),
    pool(data(2, 3, 8, 8), kernel=(2, 2), stride=(3, 3), **FULL, pool_type="avg"),
    pool(data(2, 3, 6, 6), kernel=(2, 2), stride=(4, 4), **FULL),
    *(pool(data(2, 3, 7, 7), kernel=(2, 2), stride=s, pad=p, **FULL, **kind)
      for s, p in (((4, 4), (0, 0)), ((2, 2), (1, 1)), ((3, 3), (1, 1))) for kind in KINDS),
    *(pool(data(2, 3, 6, 7), kernel=(2, 2), pad=(2, 3), stride=(2, 2), **kind).but(**OLD)
      for kind in KINDS),
    *(pool(global_pool=True, **kind) for kind in KINDS),
    pool(global_pool=True, kernel=(7, 7), pool_type="avg"),
    *(pool(data(2, 3, 9), kernel=(3,), stride=(2,), pad=(1,), **kind) for kind in KINDS[:3]),
    *(pool(data(2, 3, 5, 6, 7), kernel=(3, 2, 2), stride=(2, 1, 2), **kind) for kind in KINDS[:3]),
    *(pool(data(2, 8, 7, 3), kernel=(3, 2), stride=(2, 1), pad=(1, 1), layout="NHWC", **kind)
      for kind in KINDS[:3]),
    pool(data(2, 8, 7, 3), global_pool=True, layout="NHWC", pool_type="avg"),
    pool(data(2, 3, 8, 7, dtype="float16"), kernel=(3, 2), pool_type="avg"),
    pool(data(2, 3, 8, 7, dtype="float64"), kernel=(3, 2), pool_type="max"),
    pool(data(2, 3, 8), kernel=(3,), pooling_convention="same").but(refused="'same'"),
    pool(kernel=(2, 2), pool_type="lp", p_value=4).but(refused="p_value=4"),
    *(case("Pooling_v1", x, kernel=(3, 2), stride=(2, 3), pad=(1, 1), pool_type=t,
           pooling_convention=c)
      for t in ("max", "avg", "sum") for c in ("valid", "full") for x in (X, data(2, 3, 9, 6))),
    *(case("Pooling_v1", X, kernel=(2, 2), pool_type=t, global_pool=g)
      for t in ("max", "avg", "sum") for g in (False, True)),
    case("_contrib_AdaptiveAvgPooling2D", X),
    case("_contrib_AdaptiveAvgPooling2D", X, output_size=1),
    *(case("_contrib_AdaptiveAvgPooling2D", X, output_size=s)
      for s in ((4, 7), (3, 5), (2,), (16, 14))),
])  # fmt: skip
