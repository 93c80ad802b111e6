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
"""The export rows: MXNet operators to ONNX operators, a file a family."""

from ...translation import TranslationTable
from . import (
    activation,
    attention,
    boxes,
    choices,
    comparison,
    control_flow,
    convolution,
    decompositions,
    detection,
    diagonals,
    elementwise,
    generator,
    image,
    indexing,
    joining,
    linear_algebra,
    loss,
    normalization,
    placing,
    pooling,
    proposals,
    quantization,
    quantized_layers,
    random,
    recurrent,
    reduction,
    refused,
    regions,
    sampling,
    sequence,
    shape,
    signal,
    sorting,
    special,
    statistics,
    vision,
    windows,
)

#: The families in reading order.
FAMILIES = (
    activation,
    elementwise,
    special,
    comparison,
    reduction,
    statistics,
    linear_algebra,
    diagonals,
    decompositions,
    convolution,
    pooling,
    normalization,
    shape,
    joining,
    indexing,
    placing,
    sorting,
    image,
    vision,
    generator,
    random,
    choices,
    recurrent,
    attention,
    quantization,
    quantized_layers,
    boxes,
    detection,
    proposals,
    regions,
    sampling,
    windows,
    sequence,
    signal,
    loss,
    control_flow,
)

export_table = TranslationTable()
for _family in FAMILIES:
    export_table |= _family.table
export_table |= refused.refusals
