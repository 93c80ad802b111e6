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
"""Where operators go: into an MXNet symbol, or straight to NDArrays. One interface."""

from __future__ import annotations

import ctypes
import functools

import mxnet as mx
import numpy as np
from mxnet.base import _LIB, OpHandle, c_str, check_call
from mxnet.ndarray._internal import _imperative_invoke
from mxnet.symbol._internal import _symbol_creator

from ..errors import InferenceError
from .values import Tensor, at, join


@functools.lru_cache(maxsize=None)
def operator_handle(op_name: str) -> int:
    handle = OpHandle()
    check_call(_LIB.NNGetOpHandle(c_str(op_name), ctypes.byref(handle)))
    return handle.value


def _node(op_name, inputs, attrs, name):
    return _symbol_creator(
        operator_handle(op_name),
        list(inputs),
        {},
        [k for k, _ in attrs],
        [v for _, v in attrs],
        name,
        False,
        False,
    )


_slot = functools.lru_cache(maxsize=None)(lambda i: mx.sym.var(f"in{i}"))


@functools.lru_cache(maxsize=4096)
def _probe(op_name, attrs, count):
    """A symbol of this one operator over ``count`` fresh variables."""
    return _node(op_name, [_slot(i) for i in range(count)], attrs, "probe")


@functools.lru_cache(maxsize=65536)
def infer_shapes(op_name, attrs, shapes):
    """Output shapes of one operator; asked of MXNet, at plain sizes only.

    Never at partly unknown ones: MXNet 1.9.1 then forgets ranks (_npx_reshape, take, sum) or
    answers wrongly (_npi_where of (?, 1) and (?, 5) is "(1, 5)").
    """
    try:
        _, outputs, _ = _probe(op_name, attrs, len(shapes))._infer_shape_impl(
            False, **{f"in{i}": s for i, s in enumerate(shapes)}
        )
    except mx.base.MXNetError as error:
        reason = next((line for line in str(error).splitlines() if "Check failed" in line), error)
        raise InferenceError(f"{op_name} of {shapes}: {reason}") from None
    if not outputs or not all(outputs):
        raise InferenceError(f"{op_name} of {shapes}: result has rank 0 or no known shape")
    return tuple(outputs)


@functools.lru_cache(maxsize=65536)
def infer_dtypes(op_name, attrs, dtypes):
    _, outputs, _ = _probe(op_name, attrs, len(dtypes)).infer_type(
        **{f"in{i}": d for i, d in enumerate(dtypes)}
    )
    if not outputs or None in outputs:
        raise InferenceError(f"{op_name} of {dtypes}: no type can be inferred")
    return tuple(map(np.dtype, outputs))


def _texts(attrs):
    return tuple((k, str(v)) for k, v in attrs.items() if v is not None)


class SymbolBuilder:
    """Builds classic symbol nodes; shapes are inferred in every sample and joined."""

    def __init__(self, samples=1):
        self.samples, self.parameters = samples, {}

    def input(self, name, shape, dtype):
        fixed = {"shape": shape} if shape == at(shape, 0) else {}
        return Tensor(mx.sym.var(name, dtype=dtype, **fixed), shape, np.dtype(dtype))

    def parameter(self, name, array):
        self.parameters[name] = array
        return Tensor(
            mx.sym.var(name, shape=array.shape or (1,), dtype=array.dtype),
            array.shape,
            array.dtype,
            array,
        )

    def infer(self, op_name, tensors, attrs):
        shapes = [t.carried for t in tensors]
        return join(
            infer_shapes(op_name, _texts(attrs), tuple(at(s, k) for s in shapes))
            for k in range(self.samples)
        )

    def apply(self, op_name, tensors, attrs, name):
        shapes = self.infer(op_name, tensors, attrs)
        dtypes = infer_dtypes(op_name, _texts(attrs), tuple(t.dtype for t in tensors))
        node = _node(op_name, [t.handle for t in tensors], _texts(attrs), name)
        outputs = [node] if len(shapes) == 1 else [node[i] for i in range(len(shapes))]
        return [Tensor(*o) for o in zip(outputs, shapes, dtypes)]

    def read(self, tensor):
        """The array behind a run-time tensor, which a symbol cannot give."""
        return None


class NDArrayBuilder:
    """Runs every operator at once; there is one sample, and it is the real thing."""

    samples = 1

    def read(self, tensor):
        return tensor.handle.asnumpy().reshape(tensor.shape)

    def __init__(self, ctx=None):
        self.ctx = ctx or mx.cpu()

    def _array(self, array):
        return mx.nd.array(array if array.shape else array.reshape(1), self.ctx, array.dtype)

    def input(self, name, array, dtype):
        return Tensor(self._array(array), array.shape, array.dtype)

    def parameter(self, name, array):
        return Tensor(self._array(array), array.shape, array.dtype, array)

    def infer(self, op_name, tensors, attrs):
        return infer_shapes(op_name, _texts(attrs), tuple(t.carried for t in tensors))

    def apply(self, op_name, tensors, attrs, name):
        texts = _texts(attrs)
        outputs = _imperative_invoke(
            operator_handle(op_name),
            [t.handle for t in tensors],
            [k for k, _ in texts],
            [v for _, v in texts],
            None,
            False,
            False,
        )
        outputs = outputs if isinstance(outputs, list) else [outputs]
        return [Tensor(o, o.shape, np.dtype(o.dtype)) for o in outputs]
