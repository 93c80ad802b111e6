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
"""Element types that an MXNet operator computes in when it lacks the tensor's own."""

from __future__ import annotations

import numpy as np


def computed_in(op, dtype, function, *tensors):
    """``function(*tensors)`` in ``dtype``, its results in the element type of the first tensor.

    Tensors left out (None) stay out.
    """
    own = tensors[0].dtype
    results = function(*(t if t is None else cast(op, t, dtype) for t in tensors))
    if isinstance(results, (list, tuple)):
        return tuple(cast(op, r, own) for r in results)
    return cast(op, results, own)


def cast(op, x, dtype):
    """``x`` in ``dtype``; no operator where it has it already."""
    return op.cast(x, dtype)


def constant_in(op, tensor, dtype):
    """A constant in ``dtype`` from the start, where it is one; otherwise cast at run time."""
    if tensor is None or tensor.dtype == dtype or tensor.value is None:
        return tensor if tensor is None else cast(op, tensor, dtype)
    return op.constant(tensor.value.astype(dtype), trainable=True)


def without_float16(op, function, *tensors):
    """MXNet has no float16 matrix products, convolutions and rounding on CPU: float32 instead."""
    if tensors[0].dtype == np.float16:
        return computed_in(op, "float32", function, *tensors)
    return function(*tensors)


def without_bool(op, function, *tensors):
    """MXNet moves no bool in transposes, flips, sorts and scatters: uint8 instead."""
    if tensors[0].dtype == bool:
        return computed_in(op, "uint8", function, *tensors)
    return function(*tensors)


def scalar(op, value, dtype):
    """A constant of rank 0."""
    return op.constant(np.asarray(value, dtype))
