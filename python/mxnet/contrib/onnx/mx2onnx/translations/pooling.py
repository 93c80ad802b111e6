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
"""Pooling."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .convolution import channels_first

table = TranslationTable()


@table.op("Pooling", ignores=("cudnn_off",))
def pooling(
    op,
    data,
    *,
    pool_type,
    kernel,
    stride,
    pad,
    global_pool,
    pooling_convention,
    count_include_pad,
    p_value,
    layout,
):
    channels_first(layout)
    if global_pool:
        if pool_type == "sum":
            return op.ReduceSum(data, axes=range(2, op.rank(data)), keepdims=1)
        return {"max": op.GlobalMaxPool, "avg": op.GlobalAveragePool, "lp": op.GlobalLpPool}[
            pool_type
        ](data, p=p_value if pool_type == "lp" else None)
    rank = len(kernel)
    stride, pad, ends = stride or (1,) * rank, pad or (0,) * rank, list(pad or (0,) * rank)
    ceil = None
    if pooling_convention == "full":
        sizes = op.dims(data)[2:]
        if not any(pad) and all(s <= k for s, k in zip(stride, kernel)):
            if pool_type == "sum":  # ceil_mode would divide by the cells inside the image alone
                ends = [s - 1 for s in stride]
            else:
                ceil = 1  # no window starts in padding: no two readings
        elif pool_type == "max" and None not in sizes:
            last = [-(-(n + 2 * p - k) // s) * s for n, p, k, s in zip(sizes, pad, kernel, stride)]
            ends = [max(at + k - n - p, p) for at, k, n, p in zip(last, kernel, sizes, pad)]
            if any(end >= k for end, k in zip(ends, kernel)):
                raise TranslationError("a window of this 'full' pooling lies in padding alone")
        else:
            raise TranslationError(
                "pooling_convention='full' with padding needs max pooling and known sizes"
            )
    elif pooling_convention != "valid":
        raise TranslationError(f"pooling_convention '{pooling_convention}' is not covered")
    common = dict(kernel_shape=kernel, strides=stride, pads=[*pad, *ends], ceil_mode=ceil)
    if pool_type == "max":
        return op.MaxPool(data, **common)
    if pool_type not in ("avg", "sum"):
        raise TranslationError(f"pool_type '{pool_type}' is not covered")
    include = 1 if pool_type == "sum" or count_include_pad is None else int(count_include_pad)
    average = op.AveragePool(data, count_include_pad=include, **common)
    return average if pool_type == "avg" else op.Mul(average, float(np.prod(kernel)))


@table.op("_contrib_AdaptiveAvgPooling2D", limits="output_size 1 only")
def adaptive_avg_pooling(op, data, *, output_size):
    if tuple(output_size or (1,)) not in ((1,), (1, 1)):
        raise TranslationError("AdaptiveAvgPooling2D to more than one cell is not covered")
    return op.GlobalAveragePool(data)
