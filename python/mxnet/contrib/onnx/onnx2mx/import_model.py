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
"""Public entry points of the sketch."""

from __future__ import annotations

import mxnet as mx
import numpy as np

import onnx
from onnx import helper

from ..errors import DynamicSizeError, InferenceError
from .builders import NDArrayBuilder, SymbolBuilder
from .emitting import Translator
from .translations import import_table as rows
from .values import Known, join

PRIMES = (7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73)
BATCHES = ((2, 3, 5), (3, 7, 4), (7, 4, 3), (4, 5, 7))


RANGES = ((20, 1000, 300), (20, 110, 60), (300, 1000, 600), (6000, 19000, 9000))


def ladders():
    """Sizes to try for the varying axes after the first: rungs of triples, one triple a dim.

    A decision that all samples take alike is built in, so samples must disagree where they can:
    the first rung is wide (a clamp at 128 or 512 shows), and odd sizes come first (so does
    rounding and padding). Later rungs are narrower, longer, or multiples of 2, 4, ... 32, for
    networks that accept nothing else. Different dims get different primes, to keep them apart.
    """
    for step in (1, 2, 4, 8, 16, 32):
        for triple in RANGES:
            yield (
                step,
                [
                    tuple(
                        (PRIMES[(i + 5 * k) % 18] + max(least // step // 2 * 2 - 6, -4)) * step
                        for k, least in enumerate(triple)
                    )
                    for i in range(12)
                ],
            )


def declared_inputs(model):
    """Name to (dtype, shape) of the run-time inputs; a varying size is a string."""
    given = {t.name for t in model.graph.initializer}
    result = {}
    for value in model.graph.input:
        if value.name not in given:
            kind = value.type.tensor_type
            shape = tuple(
                d.dim_value
                if d.HasField("dim_value") and d.dim_value > 0
                else d.dim_param
                if d.dim_param not in ("", "?")
                else f"{value.name}.{i}"
                for i, d in enumerate(kind.shape.dim)
            )
            result[value.name] = np.dtype(helper.tensor_dtype_to_np_dtype(kind.elem_type)), shape
    return result


def sampled(shapes, lengths, batches, sizes, count):
    """Shapes whose varying sizes are Dims; equal names are equal dims. Returns (shapes, count)."""
    dims, batches, lengths = {}, iter(batches), iter(lengths)
    for shape in shapes.values():
        for axis, size in enumerate(shape):
            if isinstance(size, str) and size not in dims:
                chosen = (sizes or {}).get(size) or next(lengths if axis else batches)
                dims[size] = join(chosen[:count])
    return (
        {n: tuple(dims.get(s, s) for s in shape) for n, shape in shapes.items()},
        count if dims else 1,
    )


def import_model(model, input_shapes=None, input_values=None, sizes=None, samples=3, table=rows):
    """Symbol, arg_params, aux_params; ``input_shapes`` may name sizes that stay varying."""
    model = onnx.load(model) if isinstance(model, str) else model
    declared = declared_inputs(model)
    shapes = {n: (input_shapes or {}).get(n, shape) for n, (_, shape) in declared.items()}
    varies = any(isinstance(s, str) for shape in shapes.values() for s in shape[1:])

    def build(lengths, batches):
        chosen, count = sampled(shapes, lengths, batches, sizes, samples)
        builder = SymbolBuilder(count)
        inputs = {
            n: Known.of(n, [input_values[n]])
            if n in (input_values or {})
            else builder.input(n, chosen[n], dtype)
            for n, (dtype, _) in declared.items()
        }
        translator = Translator(model, builder, table)
        outputs = translator.run(inputs)
        builder.assumptions = translator.assumptions
        return mx.sym.Group([o.handle for o in outputs]), builder

    refusals = []
    for step, lengths in ladders() if varies and not sizes else [(1, [])]:
        try:
            symbol, builder = build(lengths, BATCHES)
            break
        except InferenceError as error:  # no such sizes fit this network: try others
            refusals.append(error)
    else:
        raise InferenceError(
            f"no sizes tried for {shapes} fit; give input_shapes. Last: {refusals[-1]}"
        )
    if builder.samples > 1 and not sizes:  # other samples must lead to the very same symbol
        other, _ = build(lengths[::-1], BATCHES[::-1])
        if other.tojson() != symbol.tojson():
            raise DynamicSizeError("the graph depends on the input's size beyond its shapes")
    import_model.last = dict(
        step=step,
        assumes=builder.assumptions,
        tries=len(refusals) + 1,
        shapes=sampled(shapes, lengths, BATCHES, sizes, samples)[0],
    )

    def arrays(names):
        found = ((n, builder.parameters[n]) for n in names if n in builder.parameters)
        return {n: mx.nd.array(a.reshape(a.shape or (1,)), dtype=a.dtype) for n, a in found}

    return symbol, arrays(symbol.list_arguments()), arrays(symbol.list_auxiliary_states())


def run_eagerly(model, arrays, table=rows):
    """The same rows on NDArrays; the tensors' ONNX rank is restored."""
    builder = NDArrayBuilder()
    inputs = {n: builder.input(n, a, a.dtype) for n, a in arrays.items()}
    return [
        o.handle.asnumpy().reshape(o.shape) for o in Translator(model, builder, table).run(inputs)
    ]
