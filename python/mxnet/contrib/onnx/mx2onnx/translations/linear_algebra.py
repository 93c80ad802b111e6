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
"""Matrix products."""

from __future__ import annotations

import functools

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import NO_FLOAT64, is_float, through
from .diagonals import triangle
from .dimensions import count, sizes, transposed

table = TranslationTable()


@table.op("FullyConnected", ignores=("num_hidden", "no_bias"))
def fully_connected(op, data, weight, bias=None, *, flatten):
    """weight is (units, features), bias (units,) or (units, 1); both tell what is ignored."""
    if bias is not None and op.rank(bias) == 2:
        bias = op.Reshape(bias, shape=[-1])
    if flatten and op.rank(data) != 2:
        data = op.Flatten(data)
    features, wanted = op.dims(data)[-1], op.dims(weight)[-1]
    if None not in (features, wanted) and features != wanted:  # older releases of onnx do not look
        raise TranslationError(f"the weight is for {wanted} features, the data has {features}")
    if op.rank(data) == 2:
        return op.Gemm(data, weight, bias, transB=1)
    product = op.MatMul(data, transposed(op, weight))
    return product if bias is None else op.Add(product, bias)


@table.op("batch_dot", ignores=("forward_stype",))
def batch_dot(op, lhs, rhs, *, transpose_a, transpose_b):
    """forward_stype is about sparse storage."""
    return _product(op, lhs, rhs, transpose_a, transpose_b)


def _product(op, lhs, rhs, transpose_a, transpose_b):
    """Matrices in the last two axes."""
    lhs = transposed(op, lhs) if transpose_a else lhs
    return op.MatMul(lhs, transposed(op, rhs) if transpose_b else rhs)


@table.op("dot", ignores=("forward_stype",))
def dot(op, lhs, rhs, *, transpose_a, transpose_b):
    """The last axis of ``lhs``, the first if transposed, against the other end of ``rhs``.

    All other axes stay, those of ``lhs`` ahead.
    """
    if transpose_a and op.rank(lhs) > 1:
        lhs = op.Transpose(lhs, perm=[*range(1, op.rank(lhs)), 0])
    if transpose_b and op.rank(rhs) > 1:
        rhs = op.Transpose(rhs, perm=[op.rank(rhs) - 1, *range(op.rank(rhs) - 1)])
    if op.rank(rhs) == 1:
        return _dot_vector(op, lhs, rhs)
    if op.rank(rhs) == 2:
        return op.MatMul(lhs, rhs)
    flat = op.MatMul(lhs, op.Reshape(rhs, shape=[0, -1]))
    behind = sizes(op, rhs, range(1, op.rank(rhs)))
    if op.rank(lhs) == 1:
        return op.Reshape(flat, behind)
    ahead = sizes(op, lhs, range(op.rank(lhs) - 1))
    return op.Reshape(flat, op.Concat(ahead, behind, axis=0))


def _dot_vector(op, lhs, vector):
    """As a column: ONNX Runtime 1.32 gets a transposed matrix times a vector wrong (measured)."""
    if op.rank(lhs) == 1:
        return op.Reshape(op.MatMul(lhs, vector), shape=[1])  # no rank 0 in legacy MXNet
    return op.Squeeze(op.MatMul(lhs, op.Unsqueeze(vector, axes=[1])), axes=[op.rank(lhs) - 1])


@table.op("_np_dot")
def np_dot(op, a, b):
    """The last axis of ``a`` against the last but one of ``b``."""
    ranks = op.rank(a), op.rank(b)
    if 0 in ranks:
        return op.Mul(a, b)
    if ranks == (1, 1):
        return op.MatMul(a, b)
    if ranks[1] > 2:
        b = op.Transpose(b, perm=[ranks[1] - 2, *range(ranks[1] - 2), ranks[1] - 1])
    return dot(op, a, b, transpose_a=False, transpose_b=False)


@table.op("_npi_matmul")
def npi_matmul(op, a, b):
    if op.rank(b) == 1 < op.rank(a):
        return _dot_vector(op, a, b)
    return op.MatMul(a, b)


@table.op(
    "_npi_einsum",
    ignores=("num_args", "optimize"),
    limits="matrix products at all opsets, others from opset 12 on",
)
def einsum(op, *data, subscripts):
    """ONNX Runtime has it for 32 and 64 bits; narrow integers wrap alike there."""
    left, _, out = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if _is_product(terms, out):
        compute = op.MatMul
    elif _is_product([terms[0], *(t[:-2] + t[:-3:-1] for t in terms[1:])], out):
        compute = functools.partial(_product, op, transpose_a=False, transpose_b=True)
    else:
        compute = functools.partial(op.Einsum, equation=subscripts)
    if op.dtype(data[0]).itemsize >= 4:
        return compute(*data)
    return through(op, np.float32 if is_float(op, data[0]) else np.int32, compute, *data)


def _is_product(terms, out):
    """Whether it is rows by columns of matrices in the last two axes, the axes ahead in common."""
    if len(terms) != 2:
        return False
    (ahead, rows), (ahead_too, columns) = ((t[:-2], t[-2:]) for t in terms)
    letters = ahead.replace("...", "") + rows + columns[1:]
    return (
        ahead == ahead_too == out[:-2]
        and len(rows) == len(columns) == 2
        and "." not in rows + columns
        and rows[1] == columns[0]
        and out[-2:] == rows[0] + columns[1]
        and len(set(letters)) == len(letters)
    )


@table.op("_linalg_det", limits=NO_FLOAT64)
def det(op, a):
    """Of one matrix of rank 0 with NumPy's shapes alone."""
    determinant = op.Det(a)
    if op.rank(a) > 2 or op.numpy_shapes:
        return determinant
    return op.Reshape(determinant, shape=[1])


def _with_rows_at(op, axis, *xs):
    """``xs`` with the rows of their matrices in the last axis but one, or back at ``axis``."""
    rank = op.rank(xs[0])
    rows = op.axis(xs[0], axis)
    if rows == rank - 2:
        return xs
    perm = list(range(rank))
    perm[rows], perm[rank - 2] = rank - 2, rows
    return tuple(op.Transpose(x, perm=perm) for x in xs)


def _scaled(op, x, factor):
    return x if factor == 1 else op.Mul(x, factor)


@table.op("_linalg_gemm")
def gemm(op, a, b, c, *, transpose_a, transpose_b, alpha, beta, axis):
    a, b, c = _with_rows_at(op, axis, a, b, c)
    product = _scaled(op, _product(op, a, b, transpose_a, transpose_b), alpha)
    return _with_rows_at(op, axis, op.Add(product, _scaled(op, c, beta)))[0]


@table.op("_linalg_gemm2")
def gemm2(op, a, b, *, transpose_a, transpose_b, alpha, axis):
    a, b = _with_rows_at(op, axis, a, b)
    product = _scaled(op, _product(op, a, b, transpose_a, transpose_b), alpha)
    return _with_rows_at(op, axis, product)[0]


@table.op("_linalg_syrk")
def syrk(op, a, *, transpose, alpha):
    """A matrix times its own transpose, or the transpose times the matrix."""
    return _scaled(op, _product(op, a, a, transpose, not transpose), alpha)


@table.op("_linalg_trmm")
def trmm(op, a, b, *, transpose, rightside, lower, alpha):
    """A triangular matrix times another, from the left or the right; the other half is not read."""
    a = triangle(op, a, 0, lower)
    a = transposed(op, a) if transpose else a
    return _scaled(op, op.MatMul(*((b, a) if rightside else (a, b))), alpha)


# Products of tensors
@table.op("_npi_tensordot")
def tensordot(op, a, b, *, a_axes_summed, b_axes_summed):
    summed_a = [op.axis(a, k) for k in a_axes_summed]
    summed_b = [op.axis(b, k) for k in b_axes_summed]
    free_a = [k for k in range(op.rank(a)) if k not in summed_a]
    free_b = [k for k in range(op.rank(b)) if k not in summed_b]
    shapes = [sizes(op, x, free) for x, free in ((a, free_a), (b, free_b)) if free]
    inner, rest = op.constant([1], np.int64), op.constant([-1], np.int64)
    if summed_a:
        inner = op.Reshape(count(op, a, summed_a), shape=[1])
    rows = op.Transpose(a, perm=free_a + summed_a)
    rows = op.Reshape(rows, op.Concat(rest, inner, axis=0))
    columns = op.Transpose(b, perm=summed_b + free_b)
    columns = op.Reshape(columns, op.Concat(inner, rest, axis=0))
    product = op.MatMul(rows, columns)
    if not shapes:
        return op.Reshape(product, op.constant(np.zeros(0), np.int64))
    return op.Reshape(product, op.Concat(*shapes, axis=0) if len(shapes) > 1 else shapes[0])


@table.op("_npi_tensordot_int_axes")
def tensordot_int_axes(op, a, b, *, axes):
    """The last axes of ``a`` with the first of ``b``."""
    last = range(op.rank(a) - axes, op.rank(a))
    return tensordot(op, a, b, a_axes_summed=last, b_axes_summed=range(axes))


@table.op("khatri_rao", ignores=("num_args",))
def khatri_rao(op, *args):
    """Each column is the Kronecker product of the matrices' columns."""
    product = args[0]
    for matrix in args[1:]:
        pairs = op.Mul(op.Unsqueeze(product, axes=[1]), op.Unsqueeze(matrix, axes=[0]))
        columns = sizes(op, args[0], [1])
        product = op.Reshape(pairs, op.Concat(op.constant([-1], np.int64), columns, axis=0))
    return product
