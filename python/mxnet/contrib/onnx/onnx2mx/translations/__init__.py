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
"""The import rows: ONNX operator to MXNet operators, a file a family."""

from ...translation import TranslationTable
from . import (
    activation,
    attention,
    cached_attention,
    comparison,
    control_flow,
    convolution,
    detection,
    elementwise,
    fused_layers,
    generator,
    geometry,
    image,
    indexing,
    joining,
    linear_algebra,
    ml_features,
    ml_linear,
    ml_svm,
    ml_trees,
    normalization,
    optional,
    pooling,
    quantization,
    quantized_elementwise,
    quantized_layers,
    random,
    recurrent,
    reduction,
    sequence,
    shape,
    signal,
    sorting,
    training,
    transformers,
)

#: Families in reading order.
FAMILIES = (
    activation,
    elementwise,
    comparison,
    reduction,
    linear_algebra,
    convolution,
    pooling,
    normalization,
    shape,
    joining,
    indexing,
    sorting,
    image,
    geometry,
    detection,
    attention,
    signal,
    generator,
    random,
    recurrent,
    control_flow,
    sequence,
    optional,
    quantization,
    fused_layers,
    quantized_elementwise,
    quantized_layers,
    transformers,
    cached_attention,
    ml_features,
    ml_linear,
    ml_svm,
    ml_trees,
    training,
)

import_table = TranslationTable()
for _family in FAMILIES:
    import_table = import_table | _family.table
