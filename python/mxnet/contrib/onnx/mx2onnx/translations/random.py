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
"""Random numbers: what is drawn differs, as from run to run; its distribution does not."""

from __future__ import annotations

import numpy as np

from ...dtypes import onnx_type
from ...errors import TranslationError
from ...translation import TranslationTable
from .casting import cast, known_dtype
from .dimensions import sizes

table = TranslationTable()
UP_TO_21 = "ONNX Runtime has no kernel for random numbers since opset 22"
#: Proposals of a draw by rejection at once: that none of them is taken has probability 1e-15.
PROPOSALS = 12


# Uniform and normal numbers, of which all others are made
def _shape(op, sizes_of, *parameters):
    """int64 vector: ``sizes_of`` ahead of the shape in which the parameters broadcast."""
    tensors = [p for p in parameters if isinstance(p, str)]
    shape = op.constant(sizes_of, np.int64) if len(sizes_of) else None
    if tensors:
        together = tensors[0]
        for other in tensors[1:]:
            together = op.Add(together, other)
        if op.rank(together):
            own = sizes(op, together, range(op.rank(together)))
            shape = own if shape is None else op.Concat(shape, own, axis=0)
    return shape


def _drawn(op, op_type, shape, dtype, **values):
    """A tensor of random float32 or float64; ``shape`` is an int64 vector, None for rank 0."""
    kind = onnx_type(np.float64 if dtype == np.float64 else np.float32)
    known = op.constant([1], np.int64) if shape is None else shape
    numbers = op.tensor(known)
    if numbers is not None:
        dims = numbers.read().tolist()
        drawn = getattr(op, op_type)(shape=dims, dtype=kind, **values)
    else:
        like = op.Expand(op.constant(0, np.float32), shape)
        drawn = getattr(op, f"{op_type}Like")(like, dtype=kind, **values)
    return op.Reshape(drawn, shape=[]) if shape is None else drawn


def uniform(op, shape, dtype, low=0.0, high=1.0):
    """Numbers of [low, high)."""
    return _drawn(op, "RandomUniform", shape, dtype, low=low, high=high)


def normal(op, shape, dtype):
    """Numbers of mean 0 and deviation 1."""
    return _drawn(op, "RandomNormal", shape, dtype, mean=0.0, scale=1.0)


def _float(dtype):
    """The dtype to draw in."""
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def as_operand(op, parameter, dtype):
    """A parameter as a tensor of ``dtype``."""
    if isinstance(parameter, str):
        return cast(op, parameter, dtype)
    return op.constant(parameter, dtype)


# From the numbers to a distribution
def _uniform(op, shape, dtype, low, high):
    low, high = (as_operand(op, p, dtype) for p in (low, high))
    return op.Add(op.Mul(uniform(op, shape, dtype), op.Sub(high, low)), low)


def _normal(op, shape, dtype, mean, deviation):
    mean, deviation = (as_operand(op, p, dtype) for p in (mean, deviation))
    return op.Add(op.Mul(normal(op, shape, dtype), deviation), mean)


def _waiting(op, shape, dtype):
    """Exponential numbers of mean 1."""
    rest = op.Sub(op.constant(1, dtype), uniform(op, shape, dtype))  # never 0
    return op.Neg(op.Log(rest))


def _exponential(op, shape, dtype, scale):
    return op.Mul(_waiting(op, shape, dtype), as_operand(op, scale, dtype))


def _exponential_rate(op, shape, dtype, rate):
    return op.Div(_waiting(op, shape, dtype), as_operand(op, rate, dtype))


def _gumbel(op, shape, dtype, location, scale):
    location, scale = (as_operand(op, p, dtype) for p in (location, scale))
    tiny = op.Max(_waiting(op, shape, dtype), op.constant(np.finfo(dtype).tiny))
    return op.Sub(location, op.Mul(scale, op.Log(tiny)))


def _logistic(op, shape, dtype, location, scale):
    location, scale = (as_operand(op, p, dtype) for p in (location, scale))
    tiny = op.constant(np.finfo(dtype).tiny)
    u = op.Max(uniform(op, shape, dtype), tiny)
    odds = op.Sub(op.Log(u), op.Log(op.Max(op.Sub(op.constant(1, dtype), u), tiny)))
    return op.Add(location, op.Mul(scale, odds))


def _rayleigh(op, shape, dtype, scale):
    root = op.Sqrt(op.Mul(_waiting(op, shape, dtype), 2.0))
    return op.Mul(root, as_operand(op, scale, dtype))


def _weibull(op, shape, dtype, a):
    power = op.Reciprocal(as_operand(op, a, dtype))
    return op.Pow(_waiting(op, shape, dtype), power)


def _pareto(op, shape, dtype, a):
    """Less 1, as NumPy has it."""
    return op.Sub(op.Exp(op.Div(_waiting(op, shape, dtype), as_operand(op, a, dtype))), 1.0)


def _power(op, shape, dtype, a):
    return op.Pow(uniform(op, shape, dtype), op.Reciprocal(as_operand(op, a, dtype)))


def gamma(op, shape, dtype, alpha, scale):
    """Marsaglia and Tsang's rejection, all proposals at once and the first good one of them.

    Below 1 the shape is raised by 1, and a power of a uniform number makes up for it.
    """
    alpha = as_operand(op, alpha, dtype)
    one = op.constant(1, dtype)
    small = op.Less(alpha, one)
    d = op.Sub(op.Where(small, op.Add(alpha, one), alpha), 1 / 3)
    c = op.Reciprocal(op.Sqrt(op.Mul(d, 9.0)))
    many = op.constant([PROPOSALS], np.int64)
    many = many if shape is None else op.Concat(many, shape, axis=0)
    x = normal(op, many, dtype)
    v = op.Add(op.Mul(x, c), one)
    v = op.Mul(op.Mul(v, v), v)
    possible = op.Greater(v, 0.0)
    v = op.Where(possible, v, one)
    bound = op.Add(op.Sub(op.Mul(op.Mul(x, x), 0.5), op.Mul(d, v)), d)
    bound = op.Add(bound, op.Mul(d, op.Log(v)))
    lower = op.Neg(_waiting(op, many, dtype))
    taken = cast(op, op.And(possible, op.Less(lower, bound)), np.float32)
    first = op.ArgMax(taken, axis=0, keepdims=1)
    chosen = op.Squeeze(op.GatherElements(v, first, axis=0), axes=[0])
    power = op.Where(small, op.Reciprocal(alpha), op.constant(0, dtype))
    lowered = op.Pow(op.Sub(one, uniform(op, shape, dtype)), power)
    return op.Mul(op.Mul(op.Mul(d, chosen), lowered), as_operand(op, scale, dtype))


# Legacy operators: of a shape, like a tensor, and for every entry of tensors of parameters
def of_shape(op, distribution, shape, dtype, *parameters):
    """Draws of a known shape."""
    if not shape:
        raise TranslationError("a shape that MXNet infers as a whole is not covered; give it")
    dtype = known_dtype("float32" if dtype in (None, "None") else dtype)
    drawn = distribution(op, op.constant(shape, np.int64), _float(dtype), *parameters)
    return cast(op, drawn, dtype)


def like(op, distribution, data, *parameters):
    """Draws of the shape and dtype of ``data``."""
    dtype = op.dtype(data)
    return cast(op, distribution(op, op.Shape(data), _float(dtype), *parameters), dtype)


def of_tensors(op, distribution, shape, dtype, *parameters):
    """Each entry of the parameters has draws of ``shape``, behind its own place."""
    own = op.dtype(parameters[0])
    own = own if own.kind == "f" else np.dtype(np.float32)
    dtype = own if dtype in (None, "None") else known_dtype(dtype)
    whole, rank, behind = op.Shape(parameters[0]), op.rank(parameters[0]), len(shape)
    if behind:
        whole = op.Concat(whole, op.constant(shape, np.int64), axis=0)
        parameters = [op.Unsqueeze(p, axes=range(rank, rank + behind)) for p in parameters]
    return cast(op, distribution(op, whole, _float(dtype), *parameters), dtype)


@table.op("_random_uniform", ignores=("ctx",), limits=UP_TO_21)
def random_uniform(op, *, low, high, shape, dtype):
    return of_shape(op, _uniform, shape, dtype, low, high)


@table.op("_random_uniform_like", limits=UP_TO_21)
def random_uniform_like(op, data, *, low, high):
    return like(op, _uniform, data, low, high)


@table.op("_sample_uniform", limits=UP_TO_21)
def sample_uniform(op, low, high, *, shape, dtype):
    return of_tensors(op, _uniform, shape, dtype, low, high)


@table.op("_random_normal", ignores=("ctx",), limits=UP_TO_21)
def random_normal(op, *, loc, scale, shape, dtype):
    return of_shape(op, _normal, shape, dtype, loc, scale)


@table.op("_random_normal_like", limits=UP_TO_21)
def random_normal_like(op, data, *, loc, scale):
    return like(op, _normal, data, loc, scale)


@table.op("_sample_normal", limits=UP_TO_21)
def sample_normal(op, mu, sigma, *, shape, dtype):
    return of_tensors(op, _normal, shape, dtype, mu, sigma)


@table.op("_random_exponential", ignores=("ctx",), limits=UP_TO_21)
def random_exponential(op, *, lam, shape, dtype):
    return of_shape(op, _exponential_rate, shape, dtype, lam)


@table.op("_random_exponential_like", limits=UP_TO_21)
def random_exponential_like(op, data, *, lam):
    return like(op, _exponential_rate, data, lam)


@table.op("_sample_exponential", limits=UP_TO_21)
def sample_exponential(op, lam, *, shape, dtype):
    return of_tensors(op, _exponential_rate, shape, dtype, lam)


@table.op("_random_gamma", ignores=("ctx",), limits=UP_TO_21)
def random_gamma(op, *, alpha, beta, shape, dtype):
    """``beta`` is the scale."""
    return of_shape(op, gamma, shape, dtype, alpha, beta)


@table.op("_random_gamma_like", limits=UP_TO_21)
def random_gamma_like(op, data, *, alpha, beta):
    return like(op, gamma, data, alpha, beta)


@table.op("_sample_gamma", limits=UP_TO_21)
def sample_gamma(op, alpha, beta, *, shape, dtype):
    return of_tensors(op, gamma, shape, dtype, alpha, beta)


# NumPy-style operators: parameters are numbers or tensors, which broadcast
def numpy_style(op, distribution, inputs, parameters, size, dtype="float32", ahead=False):
    """``size`` is the shape of the draws, or ``ahead`` of that in which the tensors broadcast."""
    inputs = list(inputs)
    parameters = [inputs.pop(0) if p is None else p for p in parameters]
    dtype = known_dtype(dtype)
    if size is None or ahead:
        shape = _shape(op, size or (), *parameters)
    else:
        shape = op.constant(size, np.int64) if size else None
    return cast(op, distribution(op, shape, _float(dtype), *parameters), dtype)


@table.op("_npi_uniform", ignores=("ctx",), limits=UP_TO_21)
def npi_uniform(op, *inputs, low, high, size, dtype):
    return numpy_style(op, _uniform, inputs, (low, high), size, dtype)


@table.op("_npi_uniform_n", ignores=("ctx",), limits=UP_TO_21)
def npi_uniform_n(op, *inputs, low, high, size, dtype):
    return numpy_style(op, _uniform, inputs, (low, high), size, dtype, ahead=True)


@table.op("_npi_normal", ignores=("ctx",), limits=UP_TO_21)
def npi_normal(op, *inputs, loc, scale, size, dtype):
    return numpy_style(op, _normal, inputs, (loc, scale), size, dtype)


@table.op("_npi_normal_n", ignores=("ctx",), limits=UP_TO_21)
def npi_normal_n(op, *inputs, loc, scale, size, dtype):
    return numpy_style(op, _normal, inputs, (loc, scale), size, dtype, ahead=True)


@table.op("_npi_gamma", ignores=("ctx",), limits=UP_TO_21)
def npi_gamma(op, *inputs, shape, scale, size, dtype):
    return numpy_style(op, gamma, inputs, (shape, scale), size, dtype)


@table.op("_npi_gumbel", ignores=("ctx",), limits=UP_TO_21)
def npi_gumbel(op, *inputs, loc, scale, size):
    return numpy_style(op, _gumbel, inputs, (loc, scale), size)


@table.op("_npi_logistic", ignores=("ctx",), limits=UP_TO_21)
def npi_logistic(op, *inputs, loc, scale, size):
    return numpy_style(op, _logistic, inputs, (loc, scale), size)


def _of_scale(distribution):
    return lambda op, *inputs, scale, size: numpy_style(op, distribution, inputs, (scale,), size)


def _of_a(distribution):
    return lambda op, *inputs, a, size: numpy_style(op, distribution, inputs, (a,), size)


table.op("_npi_exponential", ignores=("ctx",), limits=UP_TO_21)(_of_scale(_exponential))
table.op("_npi_rayleigh", ignores=("ctx",), limits=UP_TO_21)(_of_scale(_rayleigh))
table.op("_npi_pareto", ignores=("ctx",), limits=UP_TO_21)(_of_a(_pareto))
table.op("_npi_weibull", ignores=("ctx",), limits=UP_TO_21)(_of_a(_weibull))
table.op("_npi_powerd", limits=UP_TO_21)(_of_a(_power))


@table.op("Dropout", ignores=("cudnn_off",), limits=f"with mode='always' {UP_TO_21}")
def dropout(op, data, *, p, mode, axes):
    """Nothing at inference, but for mode="always"; along ``axes`` all entries go together."""
    if mode == "training" or not p:
        return data
    shape = op.Shape(data)
    if axes:
        one = op.constant([1], np.int64)
        parts = [one if k in axes else sizes(op, data, [k]) for k in range(op.rank(data))]
        shape = op.Concat(*parts, axis=0)
    dtype = op.dtype(data)
    kept = op.Less(uniform(op, shape, np.float32), 1 - p)
    return op.Where(kept, op.Div(data, 1 - p), op.constant(0, dtype))
