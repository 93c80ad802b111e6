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
"""Element types as rows speak of them."""

from __future__ import annotations

import numpy as np


def cast(op, x, dtype):
    from onnx.helper import np_dtype_to_tensor_dtype

    return (
        x
        if op.dtype(x) == np.dtype(dtype)
        else op.Cast(x, to=np_dtype_to_tensor_dtype(np.dtype(dtype)))
    )
