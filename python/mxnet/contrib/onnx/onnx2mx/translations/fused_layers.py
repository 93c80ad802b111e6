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
"""Operators of ONNX Runtime that stand for several of ONNX's, or came before ONNX had them."""

from __future__ import annotations

import functools

from ...translation import TranslationTable
from .activation import gelu, hard_sigmoid, leaky_relu
from .convolution import conv
from .elementwise import multiply
from .geometry import grid_sample
from .indexing import trilu
from .linear_algebra import gemm_7, matmul
from .pooling import max_pool
from .precision import scalar, without_float16
from .quantized_layers import in_front
from .signatures import taking

table = TranslationTable()
MICROSOFT = "com.microsoft"


# -- layers with an activation -------------------------------------------------------------------


def _activated(op, y, activation, numbers):
    """``numbers`` are the attributes of the activation in its own order."""
    if activation in (None, ""):
        return y
    if activation in ("Relu", "Tanh", "Sigmoid"):
        return op.Activation(y, act_type=activation.lower())
    if activation == "LeakyRelu":
        return leaky_relu(op, y, alpha=_number(numbers, 0, 0.01))
    if activation == "HardSigmoid":
        return hard_sigmoid(op, y, alpha=_number(numbers, 0, 0.2), beta=_number(numbers, 1, 0.5))
    given = [n for n in numbers if n is not None]
    if activation == "Clip" and len(given) == 2:
        return op.clip(y, a_min=given[0], a_max=given[1])
    return op.fail(f"activation '{activation}' with {len(given)} numbers is not covered")


def _number(numbers, index, default):
    return numbers[index] if index < len(numbers) and numbers[index] is not None else default


@table.op("FusedConv", domain=MICROSOFT)
@taking(conv, group=1, auto_pad="NOTSET")
def fused_conv(op, x, w, b=None, z=None, *, activation=None, activation_params=None, **windows):
    """A convolution, to which ``z`` is added before the activation."""
    y = conv(op, x, w, b, **windows)
    y = y if z is None else op._npi_add(y, z)
    return _activated(op, y, activation, activation_params or ())


@table.op("FusedGemm", domain=MICROSOFT, ignores=("activation_gamma",))
@taking(gemm_7, alpha=1.0, beta=1.0, transa=0, transb=0)
def fused_gemm(
    op,
    a,
    b,
    c=None,
    *,
    activation=None,
    activation_alpha=None,
    activation_beta=None,
    **factors,
):
    numbers = (activation_alpha, activation_beta)
    return _activated(op, gemm_7(op, a, b, c, **factors), activation, numbers)


@table.op("FusedMatMul", "TransposeMatMul", domain=MICROSOFT)
def fused_matmul(op, a, b, *, transa=0, transb=0, transbatcha=0, transbatchb=0, alpha=1.0):
    """``transBatch`` brings the axis behind the first in front of the last but one."""
    a, b = _turned(op, a, transa, transbatcha), _turned(op, b, transb, transbatchb)
    y = matmul(op, a, b)
    return y if alpha == 1 else multiply(op, y, scalar(op, alpha, y.dtype))


def _turned(op, x, last_two, batch):
    order = list(range(x.rank))
    if batch and x.rank > 2:
        order = [*order[1:-1], 0, order[-1]]
    if last_two and x.rank > 1:
        order[-2:] = reversed(order[-2:])
    return x if order == sorted(order) else op.transpose(x, axes=tuple(order))


@table.op("NhwcMaxPool", domain=MICROSOFT)
@taking(max_pool, auto_pad="NOTSET")
def nhwc_max_pool(op, x, **windows):
    """Channels are the last axis."""
    return in_front(op, x, functools.partial(max_pool, op, **windows))


# -- activations ---------------------------------------------------------------------------------


@table.op("Gelu", domain=MICROSOFT)
def microsoft_gelu(op, x):
    return gelu(op, x, approximate="none")


@table.op("BiasGelu", domain=MICROSOFT)
def bias_gelu(op, a, b):
    return gelu(op, op._npi_add(a, b), approximate="none")


@table.op("FastGelu", domain=MICROSOFT)
def fast_gelu(op, x, bias=None):
    return gelu(op, x if bias is None else op._npi_add(x, bias), approximate="tanh")


@table.op("QuickGelu", domain=MICROSOFT)
def quick_gelu(op, x, *, alpha=1.702):
    gate = op.Activation(op._npi_multiply_scalar(x, scalar=alpha), act_type="sigmoid")
    return op._npi_multiply(x, gate)


# -- forerunners of ai.onnx ----------------------------------------------------------------------


@table.op("Inverse", domain=MICROSOFT)
def inverse(op, x):
    """One matrix as a batch of one."""
    if x.rank == 2:
        return op.reshape(inverse(op, op.reshape(x, (1, *x.shape))), x.shape)
    return without_float16(op, op._npi_inv, x)


@table.op("Trilu", domain=MICROSOFT)
def microsoft_trilu(op, x, k=None, *, upper=1):
    return trilu(op, x, k=0 if k is None else int(op.value(k).reshape(())), upper=upper)


@table.op("GridSample", domain=MICROSOFT)
@taking(grid_sample, mode="bilinear", padding_mode="zeros", align_corners=0)
def microsoft_grid_sample(op, x, grid, **how):
    return grid_sample(op, x, grid, **how)


@table.op("CDist", domain=MICROSOFT, limits="metric 'sqeuclidean' and 'euclidean'")
def cdist(op, a, b, *, metric="sqeuclidean"):
    """From the differences themselves: sums of squares would lose the digits of near places."""
    if metric not in ("sqeuclidean", "euclidean"):
        op.fail(f"metric '{metric}' is not covered, 'sqeuclidean' and 'euclidean' are")
    a, b = op.expand_dims(a, axis=1), op.expand_dims(b, axis=0)
    difference = op._npi_subtract(a, b)
    y = op.sum(op._npi_multiply(difference, difference), axis=(2,))
    return y if metric == "sqeuclidean" else op._npi_sqrt(y)
