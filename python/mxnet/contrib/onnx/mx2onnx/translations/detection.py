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
"""Detection: features of regions."""

from __future__ import annotations

from ...translation import TranslationTable

table = TranslationTable()


@table.op("ROIPooling", limits="ONNX Runtime has no kernel for it since opset 22")
def roi_pooling(op, data, rois, *, pooled_size, spatial_scale):
    """A region is (batch index, x1, y1, x2, y2); both sides round and overlap alike (measured)."""
    return op.MaxRoiPool(data, rois, pooled_shape=pooled_size, spatial_scale=spatial_scale)
