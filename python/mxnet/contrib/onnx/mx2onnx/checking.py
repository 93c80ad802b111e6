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
"""Hold the model against ONNX's checker, full inference included, without reading a weight."""

from __future__ import annotations

from typing import Mapping

import onnx
from onnx import ModelProto, helper, numpy_helper

from ..errors import ConversionError
from .inference import TensorType
from .tensors import Tensor

#: Constants up to here go in with their numbers: shapes, axes, scales that inference needs.
SHOWN_BYTES = 1024


def check_model(model: ModelProto, constants: Mapping[str, Tensor]) -> None:
    """Check ``model``, whose initializers ``constants`` will be; larger ones stand in as inputs.

    Raises
    ------
    ConversionError
        If ONNX finds fault with the model: a fault of this package, or of a user's row.
    """
    shell = ModelProto()
    shell.CopyFrom(model)
    for name, tensor in constants.items():
        if tensor.nbytes <= SHOWN_BYTES:
            shell.graph.initializer.append(numpy_helper.from_array(tensor.read(), name))
        else:
            kind = TensorType(tensor.dtype, tensor.shape)
            shell.graph.input.append(helper.make_value_info(name, kind.proto()))
    try:
        onnx.checker.check_model(shell, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ConversionError(f"the translated model is not valid ONNX: {error}") from error
