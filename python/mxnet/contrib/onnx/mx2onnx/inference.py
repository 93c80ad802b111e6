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
"""dtype and sizes of every value: ONNX's own inference, and rules for named sizes that it drops."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

import numpy as np

import onnx
from onnx import NodeProto, TensorProto, TypeProto, helper, numpy_helper, shape_inference

from ..dtypes import numpy_dtype, onnx_type
from ..errors import InferenceError
from ..opset import OpSchema, plain_attribute
from ..reporting import shape
from .dimensions import Dim, NamedSizes
from .tensors import Tensor

#: Constants up to here are shown to ONNX's inference, numbers and all.
SHOWN_BYTES = 512
#: Longer vectors are no shapes.
MOST_AXES = 64
Dims = Tuple[Dim, ...]


@dataclasses.dataclass(frozen=True)
class TensorType:
    """What is known of a value.

    Attributes
    ----------
    dtype : numpy.dtype
    dims : tuple of int, str or None, or None
        Sizes: known, named, unknown. None where not even their number is known.
    """

    dtype: np.dtype
    dims: Optional[Dims]

    @property
    def is_known(self) -> bool:
        """Whether every size has a number or a name."""
        return self.dims is not None and None not in self.dims

    def proto(self) -> TypeProto:
        """The same in ONNX's form."""
        return helper.make_tensor_type_proto(onnx_type(self.dtype), self.dims)


class TypeInference:
    """Types of values, inferred node by node as the nodes are written.

    Parameters
    ----------
    opset : int
    constants : mapping of str to Tensor
        The values whose numbers are known; the owner adds to it.
    may_be_empty : bool
        Whether a size of 0 is one, and no sign of data that is too small.
    """

    def __init__(self, opset: int, constants: Mapping[str, Tensor], may_be_empty: bool = False):
        self._least = 0 if may_be_empty else 1
        self.sizes = NamedSizes()
        self._imports = [helper.make_opsetid("", opset)]
        self._ir_version = helper.find_min_ir_version_for(self._imports)
        self._constants = constants
        self._types: Dict[str, TensorType] = {}
        self._protos: Dict[str, TypeProto] = {}
        self._shown: Dict[str, TensorProto] = {}
        self._contents: Dict[str, Dims] = {}

    def __call__(self, name: str) -> TensorType:
        """What is known of the value ``name``."""
        return self._types[name]

    def declare(self, name: str, tensor_type: TensorType) -> None:
        """Say what a value is that no node makes, or that no rule can infer."""
        self._types[name], self._protos[name] = tensor_type, tensor_type.proto()

    def infer(self, node: NodeProto, schema: OpSchema) -> None:
        """Infer the outputs of a node whose inputs are known.

        Raises
        ------
        InferenceError
            If ONNX refuses the inputs, or a size would be 0: the data is too small for the model.
        """
        present = [name for name in node.input if name]
        _check_windows(node)
        try:
            found = shape_inference.infer_node_outputs(
                schema.proto,
                node,
                {name: self._protos[name] for name in present},
                self._known_numbers(present),
                opset_imports=self._imports,
                ir_version=self._ir_version,
            )
        except (shape_inference.InferenceError, onnx.checker.ValidationError) as error:
            sizes = [_text(self._types[name].dims) for name in present]
            raise InferenceError(
                f"{node.op_type} does not take {' and '.join(sizes)}: {_first_line(error)}"
            ) from error
        record: Any = schema.proto  # onnx's stubs know nothing of functions
        if record.has_function and not record.has_type_and_shape_inference_function:
            found = self._infer_body(node)
        for name in node.output:
            if not name:
                continue
            if name not in found or not found[name].HasField("tensor_type"):
                raise InferenceError(f"{node.op_type} gives no tensor for '{name}'")
            self._judge(node, name, found[name].tensor_type)
        self._contents.pop(node.output[0], None)  # names of nodes that were folded come again
        entries = CONTENTS.get(node.op_type)
        rank = len(self._types[node.output[0]].dims or ())
        numbers = entries(self, node) if entries is not None and rank <= 1 else None
        if numbers is not None:
            self._contents[node.output[0]] = numbers

    def _judge(self, node: NodeProto, name: str, proto: TypeProto.Tensor) -> None:
        dims = None
        if proto.HasField("shape"):
            dims = tuple(
                d.dim_value if d.HasField("dim_value") else d.dim_param or None
                for d in proto.shape.dim
            )
        rule = SIZES.get(node.op_type)
        if rule is not None and (dims is None or None in dims):
            dims = _filled(dims, rule(self, node))
        if any(isinstance(d, int) and d < self._least for d in dims or ()):
            raise InferenceError(
                f"{node.op_type} would give the shape {dims}: the input is too small for the model"
            )
        self.declare(name, TensorType(numpy_dtype(proto.elem_type), dims))

    def _infer_body(self, node: NodeProto) -> Dict[str, TypeProto]:
        """Outputs of an operator that has a body and no rule of its own, as some comparisons."""
        inputs = [helper.make_value_info(n, self._protos[n]) for n in set(node.input) if n]
        outputs = [helper.make_empty_tensor_value_info(n) for n in node.output if n]
        graph = helper.make_graph([node], "body", inputs, outputs)
        model = helper.make_model(graph, opset_imports=self._imports, ir_version=self._ir_version)
        return {o.name: o.type for o in shape_inference.infer_shapes(model).graph.output}

    def _known_numbers(self, names: Iterable[str]) -> Dict[str, TensorProto]:
        known = {}
        for name in names:
            tensor = self._constants.get(name)
            if tensor is not None and tensor.nbytes <= SHOWN_BYTES:
                if name not in self._shown:
                    self._shown[name] = numpy_helper.from_array(tensor.read())
                known[name] = self._shown[name]
        return known

    def dims(self, name: str) -> Optional[Dims]:
        """The sizes of ``name``; None for a value that is left out, or of unknown rank."""
        return self._types[name].dims if name else None

    def contents(self, name: str) -> Optional[Dims]:
        """What is known of the entries of an integer vector or number; None for nothing."""
        tensor = self._constants.get(name)
        if tensor is not None:
            if tensor.dtype.kind != "i" or tensor.nbytes > SHOWN_BYTES or len(tensor.shape) > 1:
                return None
            return tuple(int(n) for n in tensor.read().reshape(-1))
        if name in self._contents:
            return self._contents[name]
        dims = self.dims(name)
        if dims is None or len(dims) != 1 or not isinstance(dims[0], int) or dims[0] > MOST_AXES:
            return None
        return (None,) * dims[0]

    def numbers(self, name: str) -> Optional[List[float]]:
        """The entries of a constant; None where ``name`` is none."""
        tensor = self._constants.get(name) if name else None
        return None if tensor is None else [float(n) for n in tensor.read().reshape(-1)]


def _check_windows(node: NodeProto) -> None:
    """Older releases of ``onnx`` divide by what they find, and the process ends."""
    for attribute in node.attribute:
        window = attribute.name in ("kernel_shape", "strides", "dilations")
        if window and min(attribute.ints, default=1) < 1:
            raise InferenceError(f"{attribute.name} {list(attribute.ints)} are not positive")


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].replace("[ShapeInferenceError] ", "") if lines else type(error).__name__


def _text(dims: Optional[Dims]) -> str:
    """Sizes for a message."""
    return "unknown sizes" if dims is None else shape(dims)


def _filled(dims: Optional[Dims], ours: Optional[Dims]) -> Optional[Dims]:
    """ONNX's sizes with ours where it knows none."""
    if ours is None or (dims is not None and len(dims) != len(ours)):
        return dims
    return tuple(w if d is None else d for d, w in zip(dims or (None,) * len(ours), ours))


def _attributes(node: NodeProto) -> Dict[str, Any]:
    return {a.name: plain_attribute(a) for a in node.attribute}


def _input(node: NodeProto, index: int) -> str:
    return node.input[index] if index < len(node.input) else ""


# Sizes of outputs. ONNX infers a node from types alone, so what a computed shape vector holds is
# lost to it, and it gives up a named size at the first window that crosses it.


def _reshaped(types: TypeInference, node: NodeProto) -> Optional[Dims]:
    wanted, source = types.contents(node.input[1]), types.dims(node.input[0])
    if wanted is None:
        return None
    copied = source or ()
    sizes: List[Dim] = [
        (copied[i] if d == 0 and i < len(copied) else None) if d in (0, -1) else d
        for i, d in enumerate(wanted)
    ]
    if wanted.count(-1) == 1:
        place = wanted.index(-1)
        sizes[place] = _left_over(types, source, sizes[:place] + sizes[place + 1 :])
    return tuple(sizes)


def _left_over(
    types: TypeInference, source: Optional[Dims], others: Sequence[Dim]
) -> Optional[Dim]:
    """What the other sizes of a reshape leave for the one at -1, if one name remains."""
    if source is None or None in source or None in others:
        return None
    named = [size for size in source if isinstance(size, str)]
    for size in others:
        if isinstance(size, str):
            if size not in named:
                return None
            named.remove(size)
    elements, taken = (
        math.prod(size for size in sizes if isinstance(size, int)) for sizes in (source, others)
    )
    if len(named) != 1 or not taken:
        return None
    return types.sizes.quotient(types.sizes.linear(named[0], elements), taken)  # without remainder


def _expanded(types: TypeInference, node: NodeProto) -> Optional[Dims]:
    wanted, source = types.contents(node.input[1]), types.dims(node.input[0])
    if wanted is None or source is None or len(source) > len(wanted):
        return None
    behind = (1,) * (len(wanted) - len(source)) + source
    return tuple(w if b == 1 else b if w in (1, b) else None for w, b in zip(wanted, behind))


def _windowed(types: TypeInference, node: NodeProto) -> Optional[Dims]:
    """(N, C, spatial) under a window that moves over the spatial axes."""
    source, attrs = types.dims(node.input[0]), _attributes(node)
    if source is None or attrs.get("auto_pad", "NOTSET") != "NOTSET":
        return None
    rank = len(source) - 2
    weight = types.dims(_input(node, 1))
    kernel = [k for k in attrs.get("kernel_shape") or (weight or ())[2:] if isinstance(k, int)]
    if len(kernel) != rank:
        return None
    strides, dilations = (attrs.get(k) or [1] * rank for k in ("strides", "dilations"))
    pads = attrs.get("pads") or [0] * 2 * rank
    extra = attrs.get("output_padding") or [0] * rank
    sizes: List[Dim] = [None, None]
    for axis, size in enumerate(source[2:]):
        reach = dilations[axis] * (kernel[axis] - 1)
        pad, stride = pads[axis] + pads[rank + axis], strides[axis]
        if node.op_type == "ConvTranspose":
            sizes.append(types.sizes.linear(size, stride, extra[axis] + reach + 1 - pad - stride))
            continue
        room = types.sizes.linear(
            size, 1, pad - reach - 1 + (stride - 1 if attrs.get("ceil_mode") else 0)
        )
        sizes.append(types.sizes.linear(types.sizes.quotient(room, stride), 1, 1))
    return tuple(sizes)


def _resized(types: TypeInference, node: NodeProto) -> Optional[Dims]:
    source, scales = types.dims(node.input[0]), types.numbers(_input(node, 2))
    if source is None:
        return None
    if not scales:
        return types.contents(_input(node, 3)) if _input(node, 3) else None
    if len(scales) != len(source):
        return None
    return tuple(
        types.sizes.linear(size, int(scale)) if scale == int(scale) else None
        for size, scale in zip(source, scales)
    )


def _padded(types: TypeInference, node: NodeProto) -> Optional[Dims]:
    source, pads = types.dims(node.input[0]), types.contents(_input(node, 1))
    if source is None or pads is None or len(pads) != 2 * len(source):
        return None
    rank = len(source)
    return tuple(
        types.sizes.linear(size, 1, begin + end)
        if isinstance(begin, int) and isinstance(end, int)
        else None
        for size, begin, end in zip(source, pads[:rank], pads[rank:])
    )


def _sliced(types: TypeInference, node: NodeProto) -> Optional[Dims]:
    """Named sizes that a slice leaves whole, or takes a known part from the front of."""
    source = types.dims(node.input[0])
    starts, ends = types.contents(_input(node, 1)), types.contents(_input(node, 2))
    axes = types.contents(_input(node, 3)) if _input(node, 3) else None
    steps = types.contents(_input(node, 4)) if _input(node, 4) else None
    if source is None or starts is None or ends is None:
        return None
    sizes = list(source)
    for k, axis in enumerate(axes if axes is not None else range(len(starts))):
        if not isinstance(axis, int):
            return None
        start, end, step = starts[k], ends[k], steps[k] if steps else 1
        size = sizes[axis]
        if step == 1 and isinstance(start, int) and start >= 0 and end == WHOLE:
            sizes[axis] = types.sizes.linear(size, 1, -start)
        elif step == 1 and start == 0 and isinstance(end, int) and -WHOLE < end < 0:
            sizes[axis] = types.sizes.linear(size, 1, end)
        elif step == 1 and start == 0 and isinstance(end, str):
            sizes[axis] = end  # rows slice to sizes that they know to fit
        else:
            sizes[axis] = None
    return tuple(sizes)


def _counted(types: TypeInference, node: NodeProto) -> Optional[Dims]:
    """0, 1, 2, ... below a size are as many."""
    start, limit, step = (types.contents(name) for name in node.input)
    return limit if start == (0,) and step == (1,) and limit and len(limit) == 1 else None


#: The largest int64, which ends a slice at the end whatever the size.
WHOLE = 2**63 - 1
SIZES: Dict[str, Callable[[TypeInference, NodeProto], Optional[Dims]]] = {
    "Reshape": _reshaped,
    "Expand": _expanded,
    "Conv": _windowed,
    "ConvInteger": _windowed,
    "ConvTranspose": _windowed,
    "MaxPool": _windowed,
    "AveragePool": _windowed,
    "LpPool": _windowed,
    "Resize": _resized,
    "Pad": _padded,
    "Slice": _sliced,
    "Range": _counted,
}


# Entries of integer vectors, for the shape arithmetic that stays in the file.


def _shape_of(types: TypeInference, node: NodeProto) -> Optional[Dims]:
    dims, attrs = types.dims(node.input[0]), _attributes(node)
    return None if dims is None else dims[slice(attrs.get("start", 0), attrs.get("end"))]


def _joined(types: TypeInference, node: NodeProto) -> Optional[Dims]:
    entries: List[Dim] = []
    for name in node.input:
        part = types.contents(name)
        if part is None:
            return None
        entries += part
    return tuple(entries)


def _picked(types: TypeInference, node: NodeProto) -> Optional[Dims]:
    entries, chosen = types.contents(node.input[0]), types.contents(node.input[1])
    if entries is None or chosen is None or _attributes(node).get("axis", 0) != 0:
        return None
    if any(not isinstance(c, int) or not -len(entries) <= c < len(entries) for c in chosen):
        return None
    return tuple(entries[c] for c in chosen if isinstance(c, int))


def _taken(types: TypeInference, node: NodeProto) -> Optional[Dims]:
    entries = types.contents(node.input[0])
    bounds = [types.contents(_input(node, k)) if _input(node, k) else (1,) for k in (1, 2, 4)]
    if entries is None or any(b is None or len(b) != 1 or type(b[0]) is not int for b in bounds):
        return None
    begin, end, step = (int(b[0]) for b in bounds if b and b[0] is not None)
    return entries[begin:end:step]


def _same_entries(types: TypeInference, node: NodeProto) -> Optional[Dims]:
    if types(node.output[0]).dtype.kind != "i" or types(node.input[0]).dtype.kind != "i":
        return None
    return types.contents(node.input[0])


def _pairwise(
    function: Callable[[NamedSizes, Dim, Dim], Dim],
) -> Callable[[TypeInference, NodeProto], Optional[Dims]]:
    def rule(types: TypeInference, node: NodeProto) -> Optional[Dims]:
        if types(node.output[0]).dtype.kind != "i":
            return None
        left, right = types.contents(node.input[0]), types.contents(node.input[1])
        if left is None or right is None:
            return None
        count = max(len(left), len(right))
        if {len(left), len(right)} - {1, count}:
            return None
        left, right = (side * count if len(side) == 1 else side for side in (left, right))
        return tuple(function(types.sizes, a, b) for a, b in zip(left, right))

    return rule


def _sum(sizes: NamedSizes, a: Dim, b: Dim) -> Dim:
    if isinstance(b, int):
        return sizes.linear(a, 1, b)
    return sizes.linear(b, 1, a) if isinstance(a, int) else None


def _difference(sizes: NamedSizes, a: Dim, b: Dim) -> Dim:
    if isinstance(b, int):
        return sizes.linear(a, 1, -b)
    return 0 if a is not None and a == b else sizes.linear(b, -1, a) if isinstance(a, int) else None


def _scaled(sizes: NamedSizes, a: Dim, b: Dim) -> Dim:
    if isinstance(b, int):
        return sizes.linear(a, b)
    return sizes.linear(b, a) if isinstance(a, int) else None


def _divided(sizes: NamedSizes, a: Dim, b: Dim) -> Dim:
    # ONNX rounds towards zero and a quotient here down: the same on sizes, which are positive
    return sizes.quotient(a, b) if isinstance(b, int) and b > 0 else None


CONTENTS: Dict[str, Callable[[TypeInference, NodeProto], Optional[Dims]]] = {
    "Shape": _shape_of,
    "Concat": _joined,
    "Gather": _picked,
    "Slice": _taken,
    "Cast": _same_entries,
    "Squeeze": _same_entries,
    "Unsqueeze": _same_entries,
    "Identity": _same_entries,
    "Add": _pairwise(_sum),
    "Sub": _pairwise(_difference),
    "Mul": _pairwise(_scaled),
    "Div": _pairwise(_divided),
}
