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
"""Reductions: sums, extremes and where they are, norms, moments."""

from __future__ import annotations

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import carried, cast, is_float, known_dtype, operands, through
from .comparison import as_bool
from .dimensions import sizes

table = TranslationTable()
INITIAL = "initial, which MXNet does not have itself"


def reduced_axes(op, data, axis, exclude=False):
    """The axes that MXNet reduces: none given is all, ``exclude`` turns the choice around."""
    rank = op.rank(data)
    if not axis:
        return list(range(rank))
    axes = {op.axis(data, a) for a in axis}
    return [a for a in range(rank) if (a in axes) != exclude]


def reduce(op, op_type, data, axes, keepdims):
    """ONNX reduction ``op_type``; MXNet has no rank 0, and where no axis is reduced nothing is."""
    if not axes:
        return data
    everything = len(axes) == op.rank(data)
    if everything and len(axes) == 1:
        keepdims = True
    result = carried(op, op_type, data, axes=axes, keepdims=int(keepdims))
    return op.Reshape(result, shape=[1]) if everything and not keepdims else result


def _reduction(op_type, missing=None):
    """A row; ``missing`` is what stands in for NaN in the operators that overlook it."""

    def row(op, data, *, axis, keepdims, exclude):
        axes = reduced_axes(op, data, axis, exclude)
        if missing is not None and is_float(op, data):
            data = op.Where(op.IsNaN(data), operands(op, data, missing)[1], data)
        if op.dtype(data).kind == "b":
            return through(op, np.int32, lambda x: reduce(op, op_type, x, axes, keepdims), data)
        return reduce(op, op_type, data, axes, keepdims)

    return row


table.op("sum")(_reduction("ReduceSum"))
table.op("max")(_reduction("ReduceMax"))
table.op("min")(_reduction("ReduceMin"))
table.op("prod")(_reduction("ReduceProd"))
table.op("nansum")(_reduction("ReduceSum", missing=0))
table.op("nanprod")(_reduction("ReduceProd", missing=1))


@table.op("mean")
def mean(op, data, *, axis, keepdims, exclude):
    """Integers are summed in their own dtype, wrapping, and divided towards zero; bool is "any"."""
    axes = reduced_axes(op, data, axis, exclude)
    if is_float(op, data):
        return reduce(op, "ReduceMean", data, axes, keepdims)
    if op.dtype(data).kind == "b":
        return through(op, np.int32, lambda x: reduce(op, "ReduceMax", x, axes, keepdims), data)
    count = op.ReduceProd(sizes(op, data, axes), axes=[0], keepdims=1)
    total = reduce(op, "ReduceSum", data, axes, keepdims)
    return carried(op, "Div", total, cast(op, count, op.dtype(data)))


@table.op("norm", limits="integers")
def norm(op, data, *, ord, axis, keepdims, out_dtype):
    """Over two axes the norm is that of their elements, not of matrices."""
    dtype = op.dtype(data) if out_dtype is None else known_dtype(out_dtype)
    if not is_float(op, data) or dtype.kind != "f":
        raise TranslationError(
            f"of {op.dtype(data)} as {dtype} is not covered: MXNet rounds on the way; use floats"
        )
    if ord not in (1, 2):
        raise TranslationError(f"ord={ord} is none that MXNet computes; it has 1 and 2")
    op_type = "ReduceL1" if ord == 1 else "ReduceL2"
    return reduce(op, op_type, cast(op, data, dtype), reduced_axes(op, data, axis), keepdims)


@table.op("moments", limits="integers")
def moments(op, data, *, axes, keepdims):
    """Mean and variance; the variance divides by the count."""
    if not is_float(op, data):
        raise TranslationError(f"of {op.dtype(data)} is not covered; cast to float32 first")
    axes = reduced_axes(op, data, axes)
    centred = op.Sub(data, op.ReduceMean(data, axes=axes, keepdims=1))
    variance = reduce(op, "ReduceMean", op.Mul(centred, centred), axes, keepdims)
    return reduce(op, "ReduceMean", data, axes, keepdims), variance


def _extreme_index(op_type):
    def row(op, data, *, axis, keepdims):
        """The index has the dtype of the data."""
        if axis is None:
            index = getattr(op, op_type)(op.Reshape(data, shape=[-1]), axis=0, keepdims=1)
            index = op.Reshape(index, shape=[1] * op.rank(data)) if keepdims else index
        else:
            kept = int(keepdims or op.rank(data) == 1)
            index = getattr(op, op_type)(data, axis=op.axis(data, axis), keepdims=kept)
        return cast(op, index, op.dtype(data))

    return row


table.op("argmax")(_extreme_index("ArgMax"))
table.op("argmin")(_extreme_index("ArgMin"))


@table.op("argmax_channel")
def argmax_channel(op, data):
    return cast(op, op.ArgMax(data, axis=1, keepdims=0), op.dtype(data))


# NumPy-style
def over(op, op_type, x, axis, keepdims):
    """ONNX reduction ``op_type`` as NumPy reads axes: None is all of them, () is none."""
    if axis == ():
        return x
    axes = None if axis is None else [op.axis(x, a) for a in axis]
    return carried(op, op_type, x, axes=axes, keepdims=int(keepdims))


def _numpy_extreme(op_type):
    def row(op, a, *, axis, keepdims):
        if op.dtype(a).kind == "b":
            return through(op, np.int32, lambda x: over(op, op_type, x, axis, keepdims), a)
        return over(op, op_type, a, axis, keepdims)

    return row


table.op("_np_max", limits=INITIAL)(_numpy_extreme("ReduceMax"))
table.op("_np_min", limits=INITIAL)(_numpy_extreme("ReduceMin"))


def _numpy_total(op_type):
    def row(op, a, *, axis, keepdims, dtype):
        """bool is counted in int64."""
        own = np.dtype(np.int64) if op.dtype(a).kind == "b" else op.dtype(a)
        wanted = own if dtype is None else known_dtype(dtype)
        if is_float(op, a) and wanted.kind != "f":
            raise TranslationError(f"dtype={dtype} of {op.dtype(a)} is not covered; cast first")
        return over(op, op_type, cast(op, a, wanted), axis, keepdims)

    return row


table.op("_np_sum", limits=f"integers of floats; {INITIAL}")(_numpy_total("ReduceSum"))
table.op("_np_prod", limits=f"integers of floats; {INITIAL}")(_numpy_total("ReduceProd"))


@table.op("_npi_mean", limits=f"integers as result; {INITIAL}")
def npi_mean(op, a, *, axis, keepdims, dtype):
    """That of integers is float32."""
    own = op.dtype(a) if is_float(op, a) else np.dtype(np.float32)
    wanted = own if dtype is None else known_dtype(dtype)
    if wanted.kind != "f":
        raise TranslationError(f"dtype={dtype} is not covered; cast the mean")
    return over(op, "ReduceMean", cast(op, a, wanted), axis, keepdims)


def _any_or_all(op_type):
    def row(op, data, *, axis, keepdims):
        truth = cast(op, as_bool(op, data), np.int32)
        return cast(op, over(op, op_type, truth, axis, keepdims), bool)

    return row


table.op("_np_any")(_any_or_all("ReduceMax"))
table.op("_np_all")(_any_or_all("ReduceMin"))


def _numpy_extreme_index(op_type):
    def row(op, data, *, axis, keepdims):
        if axis is not None and op.rank(data):
            return getattr(op, op_type)(data, axis=op.axis(data, axis), keepdims=int(keepdims))
        line = op.Reshape(data, shape=[-1])
        index = getattr(op, op_type)(line, axis=0, keepdims=int(keepdims))
        return op.Reshape(index, shape=[1] * op.rank(data)) if keepdims else index

    return row


table.op("_npi_argmax")(_numpy_extreme_index("ArgMax"))
table.op("_npi_argmin")(_numpy_extreme_index("ArgMin"))


@table.op("_np_cumsum")
def cumsum(op, a, *, axis, dtype):
    """Of the flattened data without an axis; bool is counted in int64."""
    kept = np.dtype(np.int64) if op.dtype(a).kind == "b" else op.dtype(a)
    kept = kept if dtype is None else known_dtype(dtype)
    if axis is None:
        a, axis = op.Reshape(a, shape=[-1]), 0
    axis, a = np.int64(op.axis(a, axis)), cast(op, a, kept)
    if kept == np.float16:
        return through(op, np.float32, lambda x: op.CumSum(x, axis), a)
    return carried(op, "CumSum", a, axis=axis)


@table.op("_npi_norm", limits="integers; nuclear norms, and of matrices others than Frobenius's")
def npi_norm(op, data, *, ord, axis, keepdims, flag):
    """``flag`` -2 is the norm of all, 1 Frobenius's. No axes are the last two, of a matrix.

    What is not here MXNet writes as sums and extremes.
    """
    if not is_float(op, data):
        raise TranslationError(f"of {op.dtype(data)} is not covered: MXNet rounds on the way")
    if axis is None and flag != -2:
        axis = tuple(range(op.rank(data)))[-2:]
    if flag in (-2, 1):
        return over(op, "ReduceL2", data, axis, keepdims)
    if len(axis) == 2:
        raise TranslationError(f"ord={ord} of matrices is not covered: ONNX has no singular values")
    if ord == 2:
        return over(op, "ReduceL2", data, axis, keepdims)
    if ord == 0:
        return over(op, "ReduceSum", cast(op, as_bool(op, data), op.dtype(data)), axis, keepdims)
    total = op.Abs(data) if ord == 1 else op.Pow(*operands(op, op.Abs(data), ord))
    total = over(op, "ReduceSum", total, axis, keepdims)
    return total if ord == 1 else op.Pow(*operands(op, total, 1 / ord))
