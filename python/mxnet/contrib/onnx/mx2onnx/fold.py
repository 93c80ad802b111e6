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
"""Operators on constants, done here instead of in the file: static shape arithmetic, and weights put in another form."""

import numpy as np


def _slice(x, starts, ends, axes=None, steps=None):
    index = [slice(None)] * x.ndim
    for i, axis in enumerate(range(len(starts)) if axes is None else axes):
        index[axis] = slice(int(starts[i]), int(ends[i]), 1 if steps is None else int(steps[i]))
    return x[tuple(index)]


def _unsqueeze(x, axes):
    return np.expand_dims(x, tuple(int(a) for a in axes))


def _squeeze(x, axes=None):
    return np.squeeze(x, None if axes is None else tuple(int(a) for a in axes))


def _reshape(x, shape):
    return x.reshape([x.shape[i] if n == 0 else int(n) for i, n in enumerate(shape)])


RULES = {  # the dtype of the result is the one ONNX infers
    "Cast": lambda x, to: x,
    "Reshape": _reshape,
    "Transpose": lambda x, perm=None: np.transpose(x, perm),
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Neg": np.negative,
    "Div": lambda a, b: a / b if a.dtype.kind == "f" else np.trunc(a / b),
    "Max": lambda *x: np.maximum.reduce(x),
    "Min": lambda *x: np.minimum.reduce(x),
    "Gather": lambda x, i, axis=0: np.take(x, i, axis),
    "Concat": lambda *x, axis: np.concatenate(x, axis),
    "Slice": _slice,
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "ReduceProd": lambda x, axes=None, keepdims=1: np.prod(x, keepdims=bool(keepdims)),
}
