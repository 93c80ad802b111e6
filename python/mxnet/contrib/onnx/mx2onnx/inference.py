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
"""dtype and dims of every value, from ONNX's own inference, one node at a time and only when a row asks."""

import dataclasses
from typing import Optional, Tuple, Union

import numpy as np

import onnx
from onnx import defs, helper, shape_inference

from ..errors import TranslationError

DATA_BYTES = 512  # constants up to here are shown to ONNX's inference, numbers and all
Dim = Union[int, str, None]  # known, named, unknown


@dataclasses.dataclass(frozen=True)
class TensorType:
    dtype: np.dtype
    dims: Optional[Tuple[Dim, ...]]  # None where not even the rank is known

    def proto(self):
        return helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(self.dtype), self.dims)


class TypeInference:
    """Types of values; a node's outputs are inferred when first asked for, with everything before them."""

    def __init__(self, opset, constants):
        self._opset, self._constants = opset, constants  # constants: name -> Tensor
        self._types, self._protos, self._producer = {}, {}, {}
        self.asked, self.inferred, self.completed = 0, 0, 0

    def declare(self, name, tensor_type):
        self._types[name], self._protos[name] = tensor_type, tensor_type.proto()

    def produced(self, node):
        self._producer.update((name, node) for name in node.output)

    def __call__(self, name) -> TensorType:
        self.asked += 1
        stack = [name]
        while stack:
            if stack[-1] in self._types:
                stack.pop()
                continue
            node = self._producer[stack[-1]]
            waiting = [i for i in node.input if i and i not in self._types]
            if waiting:
                stack += waiting
            else:
                self._infer(node)
        return self._types[name]

    def _infer(self, node):
        self.inferred += 1
        data = {
            i: onnx.numpy_helper.from_array(self._constants[i].read())
            for i in node.input
            if i in self._constants and self._constants[i].nbytes <= DATA_BYTES
        }
        try:
            found = shape_inference.infer_node_outputs(
                defs.get_schema(node.op_type, self._opset),
                node,
                {i: self._protos[i] for i in node.input if i},
                data,
                opset_imports=[helper.make_opsetid("", self._opset)],
                ir_version=10,
            )
        except (shape_inference.InferenceError, onnx.checker.ValidationError) as error:
            raise TranslationError(f"{node.name}: {error}") from error
        for name in node.output:
            proto, dims = found[name].tensor_type, None
            if proto.HasField("shape"):
                dims = tuple(
                    d.dim_value if d.HasField("dim_value") else d.dim_param or None
                    for d in proto.shape.dim
                )
            dims = self._completed(node, dims)
            if any(isinstance(d, int) and d < 1 for d in dims or ()):
                raise TranslationError(
                    f"{node.name} would have size {dims}: the input is too small for this model"
                )
            self.declare(name, TensorType(helper.tensor_dtype_to_np_dtype(proto.elem_type), dims))

    # ONNX infers one node from types alone, so what a computed shape vector holds is lost: these few rules keep it
    def _completed(self, node, dims):
        if node.op_type in ("Reshape", "Expand") and (dims is None or None in dims):
            wanted = self.contents(node.input[1])
            source = self._types[node.input[0]].dims
            if wanted is not None and node.op_type == "Reshape":
                wanted = tuple(
                    source[i] if d == 0 and source else None if d in (-1, 0) else d
                    for i, d in enumerate(wanted)
                )
            elif wanted is not None and source is not None and len(source) <= len(wanted):
                behind = (1,) * (len(wanted) - len(source)) + source
                wanted = tuple(
                    w if b == 1 else b if w == 1 or w == b else None for w, b in zip(wanted, behind)
                )
            if wanted is not None and (dims is None or len(dims) == len(wanted)):
                self.completed += 1
                dims = tuple(
                    w if d is None else d for w, d in zip(wanted, dims or (None,) * len(wanted))
                )
        source = self._types[node.input[0]].dims if node.input and node.input[0] else None
        if (
            dims
            and source
            and node.op_type in WINDOWED
            and None in dims[2:]
            and len(dims) == len(source)
        ):
            weight = self._types[node.input[1]].dims if node.op_type.startswith("Conv") else None
            spatial = windowed(node, source[2:], weight[2:] if weight else None)
            self.completed += 1
            dims = (*dims[:2], *(w if d is None else d for d, w in zip(dims[2:], spatial)))
        if (
            dims
            and source
            and node.op_type == "Resize"
            and None in dims
            and len(dims) == len(source)
        ):
            scales = (
                self._constants[node.input[2]].read() if node.input[2] in self._constants else None
            )
            self.completed += 1
            dims = tuple(
                linear(s, int(f), 0)
                if d is None and s and scales is not None and f == int(f)
                else d
                for d, s, f in zip(dims, source, scales if scales is not None else dims)
            )
        return dims

    def contents(self, name):
        """What is known of the entries of an int64 vector: int, dimension name or None each; None for nothing."""
        node, tensor = self._producer.get(name), self._constants.get(name)
        if tensor is not None:
            return tuple(int(n) for n in tensor.read().reshape(-1))
        known = (
            {
                "Shape": lambda: self(node.input[0]).dims,
                "Concat": lambda: _joined(map(self.contents, node.input)),
                "Gather": lambda: _picked(
                    self.contents(node.input[0]), self._constants.get(node.input[1])
                ),
            }.get(node.op_type, lambda: None)()
            if node is not None
            else None
        )
        if known is None and self(name).dims and isinstance(self(name).dims[0], int):
            return (None,) * self(name).dims[0]
        return known


WINDOWED = ("Conv", "MaxPool", "AveragePool", "ConvTranspose")


def windowed(node, sizes, kernel):
    """Spatial sizes of a window operator whose input sizes are names: the sum is written into the new name."""
    attrs = {a.name: list(a.ints) or a.i for a in node.attribute}
    rank = len(sizes)
    kernel = attrs.get("kernel_shape", kernel)
    strides, dilations = attrs.get("strides", [1] * rank), attrs.get("dilations", [1] * rank)
    pads, extra = attrs.get("pads", [0] * 2 * rank), attrs.get("output_padding", [0] * rank)
    result = []
    for i, size in enumerate(sizes):
        reach, pad, stride = dilations[i] * (kernel[i] - 1), pads[i] + pads[rank + i], strides[i]
        if size is None:
            result.append(None)
        elif node.op_type == "ConvTranspose":
            result.append(linear(size, stride, extra[i] + reach + 1 - pad - stride))
        elif stride == 1:
            result.append(linear(size, 1, pad - reach))
        else:
            bump = stride - 1 if attrs.get("ceil_mode") else 0
            result.append(linear(f"({linear(size, 1, pad - reach - 1 + bump)})//{stride}", 1, 1))
    return result


def linear(name, factor, addend):
    """``factor * name + addend`` as a number, or as a dimension name that says it; equal sums get equal names."""
    if isinstance(name, int):
        return name * factor + addend
    text = (
        name if factor == 1 else f"{factor}*{name}" if name.isidentifier() else f"{factor}*({name})"
    )
    stem, sign, number = text.rpartition("+")
    if sign and number.isdigit() and factor == 1:  # n+1 and -1 is n
        text, addend = stem, addend + int(number)
    return text if addend == 0 else f"{text}{addend:+d}"


def _joined(parts):
    parts = list(parts)
    return None if None in parts else tuple(d for p in parts for d in p)


def _picked(vector, index):
    return (
        None
        if vector is None or index is None or not index.shape
        else tuple(vector[i] for i in index.read().reshape(-1))
    )
