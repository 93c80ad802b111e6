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
"""Export rows of the normalization family."""

from export_cases import case, checks, data, weight

X = data(2, 4, 5, 6)
GOOD = {"low": 0.5, "high": 1.5}


def scales(size, dtype="float32"):
    """gamma and beta."""
    return weight(size, dtype=dtype, **GOOD), weight(size, dtype=dtype)


def statistics(size, dtype="float32"):
    """gamma, beta, moving mean and moving variance."""
    return (*scales(size, dtype), weight(size, dtype=dtype), weight(size, dtype=dtype, **GOOD))


def batch_norm(x, size, op_type="BatchNorm", dtype="float32", **attrs):
    visible = range(3) if attrs.get("output_mean_var") else (0,)
    return case(op_type, x, *statistics(size, dtype), **attrs).but(outputs=visible)


def moments(op_type, *inputs, **attrs):
    return case(op_type, *inputs, **attrs).but(
        outputs=range(3 if "output_mean_var" in attrs else 1)
    )


test_normalization = checks([
    batch_norm(X, 4),
    batch_norm(X, 4, fix_gamma=False, eps=0.1, momentum=0.5, use_global_stats=True),
    batch_norm(X, 4, fix_gamma=False, output_mean_var=True),
    *(batch_norm(X, n, fix_gamma=f, axis=a) for n, a, f in ((6, -1, False), (2, 0, True))),
    batch_norm(data(2, 4), 4, fix_gamma=False),
    batch_norm(data(2, 4, 5), 4, fix_gamma=False),
    batch_norm(data(2, 4, 3, dtype="float64"), 4, dtype="float64", fix_gamma=False),
    *(batch_norm(data(2, 4, 3, dtype="float16"), n, fix_gamma=False, axis=a)
      for n, a in ((4, 1), (3, 2))),
    case("BatchNorm", X, data(4), data(4), weight(4), weight(4, **GOOD)).but(outputs=(0,)),
    *(batch_norm(X, 4, "BatchNorm_v1", fix_gamma=f, output_mean_var=o)
      for f in (False, True) for o in (False, True)),
    batch_norm(X, 4, "_contrib_SyncBatchNorm", key="k", fix_gamma=False),
    batch_norm(X, 4, "_contrib_BatchNormWithReLU", fix_gamma=False),
    batch_norm(X, 4, "_contrib_BatchNormWithReLU", output_mean_var=True),
    *(moments("LayerNorm", X, *scales(n), axis=a, eps=0.01) for n, a in ((6, -1), (4, 1), (2, 0))),
    moments("LayerNorm", X, *scales(6), output_mean_var=True),
    moments("LayerNorm", X, *scales(4), axis=1, output_mean_var=True),
    moments("LayerNorm", X, data(6), data(6)),
    moments("LayerNorm", data(3, 4, dtype="float16"), *scales(4, "float16")),
    moments("GroupNorm", X, *scales(2), num_groups=2),
    moments("GroupNorm", X, *scales(1), eps=0.1),
    moments("GroupNorm", X, *scales(4), num_groups=4, output_mean_var=True),
    moments("GroupNorm", data(2, 4, 5), *scales(2), num_groups=2),
    case("InstanceNorm", X, *scales(4)),
    case("InstanceNorm", data(2, 4, 5), *scales(4), eps=0.1),
    case("LRN", X, nsize=3),
    case("LRN", X, nsize=5, alpha=0.5, beta=0.6, knorm=1.5),
    case("LRN", X, nsize=2).but(refused="nsize=2"),
    *(case("L2Normalization", X, mode=m).but(outputs=(0,))
      for m in ("instance", "channel", "spatial")),
    case("L2Normalization", data(2, 6), eps=0.1).but(outputs=(0,)),
    case("L2Normalization", data(2, 3, 4, dtype="float16")).but(outputs=(0,)),
])  # fmt: skip
