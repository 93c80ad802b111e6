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
"""Images."""

from __future__ import annotations

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable

table = TranslationTable()


@table.op("UpSampling", ignores=("workspace", "multi_input_mode", "num_args"))
def up_sampling(op, data, weight=None, *, scale, sample_type, num_filter):
    if sample_type == "nearest" and weight is None:
        return op.Resize(
            data,
            scales=np.array([1, 1, scale, scale], np.float32),
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
    if sample_type == "nearest":
        raise TranslationError("UpSampling of several inputs is not covered")
    kernel, pad = 2 * scale - scale % 2, math.ceil((scale - 1) / 2)
    return op.ConvTranspose(
        data,
        weight,
        kernel_shape=[kernel] * 2,
        strides=[scale] * 2,
        pads=[pad] * 4,
        group=num_filter,
    )
