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
"""Products of matrices and their like."""

from __future__ import annotations

from ...translation import TranslationTable
from ..values import product
from .elementwise import add, multiply
from .precision import scalar, without_float16

table = TranslationTable()


@table.op("MatMul", versions=(1, 9, 13))
def matmul(op, a, b):
    return without_float16(op, lambda x, y: _matmul(op, x, y), a, b)


def _matmul(op, a, b):
    """By one matrix product where ``b`` is one matrix; integers by einsum, exact and slow."""
    if a.rank == b.rank == 1:  # MXNet would give rank 0
        return op.reshape(_matmul(op, op.reshape(a, (1, *a.shape)), b), ())
    if a.dtype.kind != "f":
        return _integer_matmul(op, a, b)
    if b.rank == 2 and a.rank > 1:
        return op._np_dot(a, b)
    return batched_product(op, a, b)


def batched_product(op, a, b):
    """MXNet's product; what it broadcasts along an axis behind another one gets a wrong gradient
    from it, and so is spread before."""
    return op._npi_matmul(_spread(op, a, b), _spread(op, b, a))


def _spread(op, x, other):
    batch, more = x.shape[:-2], other.shape[:-2]
    more = (1,) * (len(batch) - len(more)) + more[max(0, len(more) - len(batch)) :]
    shape = tuple(
        n if m == 1 or n != 1 or all(k == 1 for k in batch[:i]) else m
        for i, (n, m) in enumerate(zip(batch, more))
    )
    return x if shape == batch else op.expand(x, (*shape, *x.shape[-2:]))


def _integer_matmul(op, a, b):
    left = "i" if a.rank == 1 else "...hi"
    right = "i" if b.rank == 1 else "...ij"
    rows, columns = ("" if a.rank == 1 else "h"), ("" if b.rank == 1 else "j")
    return op._npi_einsum(a, b, subscripts=f"{left},{right}->...{rows}{columns}", num_args=2)


@table.op("Gemm", versions=(1, 6))
def gemm_1(op, a, b, c, *, alpha, beta, transa, transb, broadcast):
    if not broadcast:
        rows, columns = a.shape[1 if transa else 0], b.shape[0 if transb else 1]
        if c.shape != (rows, columns):
            op.fail(f"C is {c.shape}, not {(rows, columns)}, and the attribute broadcast is 0")
    return gemm_7(op, a, b, c, alpha=alpha, beta=beta, transa=transa, transb=transb)


@table.op("Gemm", versions=(7, 9, 11, 13))
def gemm_7(op, a, b, c=None, *, alpha, beta, transa, transb):
    if a.rank != 2 or b.rank != 2:
        op.fail(f"the operands are of rank {a.rank} and {b.rank}, not 2")

    def compute(a, b, c):
        x = op.transpose(a, axes=(1, 0)) if transa else a
        columns = b.shape[0 if transb else 1]
        fits = c is None or (beta == 1 and c.shape == (columns,))
        if a.dtype.kind == "f" and alpha == 1 and fits:
            weight = b if transb else op.transpose(b, axes=(1, 0))
            return op.FullyConnected(
                x, weight, c, num_hidden=columns, no_bias=c is None, flatten=False
            )
        y = _matmul(op, x, op.transpose(b, axes=(1, 0)) if transb else b)
        y = _scaled(op, y, alpha)
        return y if c is None else add(op, y, _scaled(op, c, beta))

    return without_float16(op, compute, a, b, c)


def _scaled(op, x, factor):
    return x if factor == 1 else multiply(op, x, scalar(op, factor, x.dtype))


@table.op("Einsum", versions=(12, 28), limits="as MXNet's einsum, but for two operands by matmul")
def einsum(op, *inputs, equation):
    left, arrow, out = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(inputs):
        op.fail(f"equation '{equation}' is for {len(terms)} operands, there are {len(inputs)}")
    if not arrow:
        letters = sorted(set(left) - set(",."))
        out = "".join(s for s in letters if left.count(s) == 1)
        out = "..." + out if "..." in left else out
    return without_float16(op, lambda *x: _einsum(op, x, terms, out), *inputs)


def _einsum(op, inputs, terms, out):
    if len(inputs) == 2 and inputs[0].dtype.kind == "f" and _is_product(terms, out):
        return _two_operands(op, inputs, terms, out)
    if out:
        return op._npi_einsum(*inputs, subscripts=f"{','.join(terms)}->{out}", num_args=len(inputs))
    # MXNet would give rank 0: the first operand gets an axis of size 1 that stays
    extra = next(s for s in "zyxwvutsrqponmlkjihgfedcba" if s not in "".join(terms))
    first = op.reshape(inputs[0], (1, *inputs[0].shape))
    subscripts = f"{extra}{','.join(terms)}->{extra}"
    result = op._npi_einsum(first, *inputs[1:], subscripts=subscripts, num_args=len(inputs))
    return op.reshape(result, ())


def _is_product(terms, out):
    """Plain letters, each once in an operand, and none summed that only one of them has."""
    a, b = terms
    plain = "." not in a + b + out and all(len(set(t)) == len(t) for t in (a, b, out))
    return plain and set(a) ^ set(b) <= set(out) <= set(a) | set(b)


def _two_operands(op, inputs, terms, out):
    """Shared letters that stay are the batch, those that go are summed by matmul."""
    a, b = terms
    batch = [s for s in out if s in a and s in b]
    summed = [s for s in a if s not in out]
    rows, columns = [s for s in out if s not in b], [s for s in out if s not in a]
    sizes = {**dict(zip(a, inputs[0].shape)), **dict(zip(b, inputs[1].shape))}

    def matrix(x, term, *groups):
        order = [term.index(s) for group in groups for s in group]
        x = x if order == sorted(order) else op.transpose(x, axes=tuple(order))
        lead = tuple(sizes[s] for s in groups[0])
        return op.reshape(x, lead + tuple(product(sizes[s] for s in g) for g in groups[1:]))

    y = op._npi_matmul(
        matrix(inputs[0], a, batch, rows, summed), matrix(inputs[1], b, batch, summed, columns)
    )
    given = [*batch, *rows, *columns]
    y = op.reshape(y, tuple(sizes[s] for s in given))
    order = tuple(given.index(s) for s in out)
    return y if order == tuple(range(len(order))) else op.transpose(y, axes=order)


@table.op("Det", versions=(11, 22))
def det(op, x):
    """One matrix as a batch of one: MXNet would give rank 0."""
    if x.rank == 2:
        return op.reshape(det(op, op.reshape(x, (1, *x.shape))), ())
    return without_float16(op, op._npi_det, x)
