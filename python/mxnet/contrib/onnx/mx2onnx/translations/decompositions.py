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
"""Systems of linear equations, inverses and Cholesky factors, by loops: ONNX has determinants.

MXNet calls LAPACK; the digits agree where the matrices are far from singular.
"""

from __future__ import annotations

import math

import numpy as np

from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast
from .diagonals import triangle
from .dimensions import count, positions, sizes, transposed
from .loops import loop

table = TranslationTable()


def _eliminate(op, a, b):
    """``a`` becomes the unit matrix by Gauss and Jordan, with the largest pivots of its columns.

    Gives what ``b`` becomes, the sign of the determinant and the logarithm of its magnitude.
    """
    rank, dtype = op.rank(a), op.dtype(a)
    size = count(op, a, [rank - 1])
    both = op.Concat(a, b, axis=rank - 1)
    one = op.constant(1, dtype)
    ahead = sizes(op, a, range(rank - 2)) if rank > 2 else None
    sign = one if ahead is None else op.Expand(one, ahead)
    logarithm = op.Sub(sign, sign)

    def body(inner, step, both, sign, logarithm):
        rows = inner.Range(np.int64(0), _size(inner, both, rank - 2), np.int64(1))
        column = inner.Gather(both, step, axis=rank - 1)
        sizes_left = inner.Where(
            inner.Less(rows, step), inner.constant(-1, dtype), inner.Abs(column)
        )
        pivot_row = inner.ArgMax(sizes_left, axis=rank - 2, keepdims=1)
        here = inner.Equal(rows, step)
        order = inner.Where(inner.Equal(rows, pivot_row), step, rows)
        order = inner.Where(here, pivot_row, order)
        order = inner.Expand(inner.Unsqueeze(order, axes=[rank - 1]), inner.Shape(both))
        both = inner.GatherElements(both, order, axis=rank - 2)
        row = inner.Gather(both, step, axis=rank - 2)
        pivot = inner.Gather(row, step, axis=rank - 2)
        row = inner.Div(row, inner.Unsqueeze(pivot, axes=[rank - 2]))
        row = inner.Unsqueeze(row, axes=[rank - 2])
        column = inner.Unsqueeze(inner.Gather(both, step, axis=rank - 1), axes=[rank - 1])
        rest = inner.Sub(both, inner.Mul(column, row))
        both = inner.Where(inner.Unsqueeze(here, axes=[1]), row, rest)
        stays = inner.Equal(inner.Squeeze(pivot_row, axes=[rank - 2]), step)
        turn = inner.Sub(inner.Mul(cast(inner, stays, dtype), 2.0), 1.0)
        sign = inner.Mul(inner.Mul(sign, inner.Sign(pivot)), turn)
        logarithm = inner.Add(logarithm, inner.Log(inner.Abs(pivot)))
        return (both, sign, logarithm), None

    both, sign, logarithm = loop(op, body, (both, sign, logarithm), size)
    begin = op.Reshape(size, shape=[1])
    return (
        op.Slice(both, starts=begin, ends=[2**63 - 1], axes=[rank - 1]),
        sign,
        logarithm,
    )


def _size(inner, x, axis):
    return inner.Gather(inner.Shape(x), inner.constant(axis, np.int64), axis=0)


def _unit(op, a):
    """Unit matrices as ``a`` has matrices."""
    rank = op.rank(a)
    size = op.dims(a)[-1]
    if size is not None:
        unit = op.constant(np.eye(size), op.dtype(a))
    else:
        places = positions(op, a, rank - 1)
        unit = cast(op, op.Equal(op.Unsqueeze(places, axes=[1]), places), op.dtype(a))
    return op.Expand(unit, op.Shape(a))


def solution(op, a, b):
    """The matrix that ``a`` makes ``b`` of."""
    return _eliminate(op, a, b)[0]


@table.op("_linalg_inverse")
def inverse(op, a):
    return solution(op, a, _unit(op, a))


@table.op("_linalg_slogdet")
def slogdet(op, a):
    """Sign, and logarithm of the magnitude."""
    none = op.Slice(a, starts=[0], ends=[1], axes=[op.rank(a) - 1])
    _, sign, logarithm = _eliminate(op, a, none)
    if op.rank(a) == 2 and not op.numpy_shapes:
        sign, logarithm = (op.Reshape(x, shape=[1]) for x in (sign, logarithm))
    return sign, logarithm


@table.op("_npi_solve")
def solve(op, a, b):
    """``b`` is a matrix, or one axis less than ``a`` and so a vector."""
    if op.rank(b) == op.rank(a):
        return solution(op, a, b)
    last = op.rank(b)
    return op.Squeeze(solution(op, a, op.Unsqueeze(b, axes=[last])), axes=[last])


@table.op("_linalg_trsm")
def trsm(op, a, b, *, transpose, rightside, lower, alpha):
    """A triangle of ``a``, from the left or the right of the unknown."""
    a = triangle(op, a, 0, lower)
    b = b if alpha == 1 else op.Mul(b, alpha)
    if bool(transpose) != bool(rightside):
        a = transposed(op, a)
    return transposed(op, solution(op, a, transposed(op, b))) if rightside else solution(op, a, b)


def _cholesky(op, a):
    """The lower triangle that times its transpose is ``a``, whose lower triangle alone is read."""
    rank, dtype = op.rank(a), op.dtype(a)

    def body(inner, step, rest, factor):
        places = inner.Range(np.int64(0), _size(inner, rest, rank - 1), np.int64(1))
        column = inner.Gather(rest, step, axis=rank - 1)
        head = inner.Unsqueeze(inner.Gather(column, step, axis=rank - 2), axes=[rank - 2])
        column = inner.Div(column, inner.Sqrt(head))
        column = inner.Where(inner.Less(places, step), inner.constant(0, dtype), column)
        upright = inner.Unsqueeze(column, axes=[rank - 1])
        product = inner.Mul(upright, inner.Unsqueeze(column, axes=[rank - 2]))
        factor = inner.Where(inner.Equal(places, step), upright, factor)
        return (inner.Sub(rest, product), factor), None

    zeros = op.Expand(op.constant(0, dtype), op.Shape(a))
    return loop(op, body, (a, zeros), count(op, a, [rank - 1]))[1]


@table.op("_linalg_potrf", "_npi_cholesky")
def potrf(op, a):
    return _cholesky(op, a)


@table.op("_linalg_potri")
def potri(op, a):
    """The inverse of the matrix whose Cholesky factor is ``a``."""
    a = triangle(op, a, 0)
    return solution(op, op.MatMul(a, transposed(op, a)), _unit(op, a))


def _known(op, x, why):
    dims = op.dims(x)
    if None in dims:
        raise TranslationError(f"{why} needs known sizes")
    return dims


@table.op("_npi_tensorinv", limits="sizes must be known")
def tensorinv(op, a, *, ind):
    """The inverse of the matrix that the first ``ind`` axes and the others make."""
    dims = _known(op, a, "tensorinv")
    rows = math.prod(dims[:ind])
    flat = inverse(op, op.Reshape(a, shape=[rows, rows]))
    return op.Reshape(flat, shape=[*dims[ind:], *dims[:ind]])


@table.op("_npi_tensorsolve", limits="sizes must be known")
def tensorsolve(op, a, b, *, a_axes):
    """``a_axes`` go behind the others first; the result has the axes that ``b`` leaves, or all."""
    behind = [op.axis(a, k) for k in a_axes or ()]
    if behind:
        perm = [k for k in range(op.rank(a)) if k not in behind] + behind
        a = op.Transpose(a, perm=perm)
    dims = _known(op, a, "tensorsolve")
    kept = dims[op.rank(b) - len(dims) :]
    rows = math.prod(kept)
    flat = op.Reshape(b, shape=[rows, 1])
    found = solution(op, op.Reshape(a, shape=[rows, rows]), flat)
    return op.Reshape(found, shape=kept)
