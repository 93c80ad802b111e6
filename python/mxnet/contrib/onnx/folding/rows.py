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
"""Operators on values known at conversion time: exact, in NumPy, one sample at a time.

The rows know nothing of samples or dynamic sizes; the translator calls them once per sample.
"""

from __future__ import annotations

import numpy as np

from onnx import helper, numpy_helper

from ..translation import TranslationTable

folds = TranslationTable(context=False)


def _elementwise(op_types, versions):
    for op_type, function in op_types.items():
        folds.op(op_type, versions=versions)(function)


def _divide(a, b):
    return (
        np.trunc(a / b).astype(a.dtype)
        if (a.dtype.kind in "iu" and np.abs(a).max(initial=0) < 2**53)
        else a / b
    )


_elementwise(
    {
        "Add": lambda a, b: a + b,
        "Sub": lambda a, b: a - b,
        "Mul": lambda a, b: a * b,
        "Div": _divide,
    },
    (7, 13, 14),
)
_elementwise(
    {
        "Neg": lambda x: -x,
        "Sqrt": lambda x: np.sqrt(x),
        "Floor": lambda x: np.floor(x),
        "Ceil": lambda x: np.ceil(x),
        "Identity": lambda x: x,
    },
    (1, 6, 13, 14, 16),
)
_elementwise(
    {
        "Equal": lambda a, b: a == b,
        "Less": lambda a, b: a < b,
        "Greater": lambda a, b: a > b,
        "And": lambda a, b: a & b,
        "Or": lambda a, b: a | b,
    },
    (7, 9, 11, 13, 19),
)
folds.op("Not", versions=(1,))(lambda x: ~x)
folds.op("Where", versions=(9, 16))(lambda c, x, y: np.where(c, x, y))
folds.op("Min", versions=(8, 12, 13))(lambda *xs: np.minimum.reduce(xs))
folds.op("Max", versions=(8, 12, 13))(lambda *xs: np.maximum.reduce(xs))


@folds.op("Constant", versions=(1, 9, 11, 12, 13))
def constant(*, value=None, value_float=None, value_int=None, value_floats=None, value_ints=None):
    if value is not None:
        return numpy_helper.to_array(value)
    if value_float is not None or value_floats is not None:
        return np.float32(value_floats if value_float is None else value_float)
    return np.int64(value_ints if value_int is None else value_int)


@folds.op("ConstantOfShape", versions=(9, 20, 21))
def constant_of_shape(shape, *, value=None):
    fill = np.float32([0]) if value is None else numpy_helper.to_array(value)
    return np.broadcast_to(fill.reshape(()), tuple(shape))  # a view: no memory yet


@folds.op("Cast", versions=(6, 9, 13, 19), ignores=("saturate",))
def cast(x, *, to):
    return x.astype(helper.tensor_dtype_to_np_dtype(to))


@folds.op("Range", versions=(11,))
def range_(start, limit, delta):
    return np.arange(start, limit, delta, dtype=start.dtype)


@folds.op("Gather", versions=(1, 11, 13))
def gather(data, indices, *, axis):
    return np.take(data, indices, axis)


@folds.op("Concat", versions=(4, 11, 13))
def concat(*xs, axis):
    return np.concatenate(xs, axis)


@folds.op("Reshape", versions=(5, 13, 14), ignores=("allowzero",))
def reshape(data, shape):
    return data.reshape([data.shape[i] if n == 0 else n for i, n in enumerate(shape)])


@folds.op("Transpose", versions=(1, 13))
def transpose(data, *, perm=None):
    return data.transpose(perm)


@folds.op("Expand", versions=(8, 13))
def expand(data, shape):
    return np.broadcast_to(data, np.broadcast_shapes(data.shape, tuple(shape)))


@folds.op("Unsqueeze", versions=(1, 11, 13))
def unsqueeze(data, *, axes):
    return np.expand_dims(data, tuple(axes))


@folds.op("Squeeze", versions=(1, 11, 13))
def squeeze(data, *, axes=None):
    return np.squeeze(data, None if axes is None else tuple(axes))


@folds.op("Slice", versions=(1, 10, 11, 13))
def slice_(data, *, starts, ends, axes=None, steps=None):
    for axis, begin, end, step in zip(
        axes or range(len(starts)), starts, ends, steps or [1] * len(starts)
    ):
        picked = np.arange(data.shape[axis])[slice(begin, end if end > -(2**62) else None, step)]
        data = np.take(data, picked, axis)
    return data


@folds.op("ReduceProd", versions=(1, 11, 13))
def reduce_prod(data, *, axes=None, keepdims):
    return np.prod(data, None if axes is None else tuple(axes), keepdims=bool(keepdims)).astype(
        data.dtype
    )
