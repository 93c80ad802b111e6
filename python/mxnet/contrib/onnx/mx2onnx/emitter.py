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
"""What rows write with: ``op.Relu(x)`` adds one Relu node, checked against the schema in force at the target opset."""

import numpy as np

from onnx import AttributeProto, helper

from ..errors import TranslationError
from ..opset import schema_at
from . import fold
from .inference import TensorType, TypeInference
from .tensors import Tensor

SHARED_BYTES = 4096
KINDS = {
    AttributeProto.INT: int,
    AttributeProto.FLOAT: float,
    AttributeProto.STRING: str,
    AttributeProto.STRINGS: list,
    AttributeProto.INTS: lambda v: [int(i) for i in v],
    AttributeProto.FLOATS: lambda v: [float(i) for i in v],
}


class Emitter:
    """Emits ONNX nodes and answers what is known of values.

    A value given by name becomes an attribute or a constant input, whichever that version of the operator has; a Python
    number given as a tensor becomes a constant of the dtype its neighbours have. Integer arithmetic on constants is folded.
    """

    def __init__(self, opset):
        self.opset, self.nodes, self.constants = opset, [], {}
        self.type = TypeInference(opset, self.constants)
        self._shared, self._taken, self.scope = {}, set(), ""

    # what is known of a value
    def rank(self, x):
        dims = self.type(x).dims
        if dims is None:
            raise TranslationError(f"the rank of '{x}' is not known")
        return len(dims)

    def dims(self, x):
        """int where known, else None: names say nothing a row could compute with."""
        self.rank(x)
        return tuple(d if isinstance(d, int) else None for d in self.type(x).dims)

    def dtype(self, x):
        return self.type(x).dtype

    def axis(self, x, axis):
        return axis + self.rank(x) if axis < 0 else axis

    def tensor(self, x):
        """The constant behind ``x``, or None."""
        return self.constants.get(x)

    # constants
    def constant(self, value, dtype=None, name="const"):
        tensor = value if isinstance(value, Tensor) else Tensor.of(np.asarray(value, dtype))
        key = None
        if tensor.nbytes <= SHARED_BYTES and not isinstance(value, Tensor):
            key = (tensor.dtype.str, tensor.shape, tensor.read().tobytes())
            if key in self._shared:
                return self._shared[key]
        name = self.fresh(name)
        self.constants[name] = tensor
        if key is not None:
            self._shared[key] = name
        self.type.declare(name, TensorType(tensor.dtype, tensor.shape))
        return name

    def computed(self, shape, dtype, read, name="weight"):
        """A constant whose numbers ``read()`` computes when the file is written."""
        return self.constant(
            Tensor(tuple(shape), np.dtype(dtype), read), name=f"{self.scope}/{name}"
        )

    def derived(self, x, function, shape=None, dtype=None):
        """A constant computed from constant ``x`` when the file is written."""
        return self.constant(self.constants[x].derive(function, shape, dtype), name=x)

    # nodes
    def __getattr__(self, op_type):
        if not op_type[0].isupper():
            raise AttributeError(op_type)
        return lambda *inputs, outputs=1, **values: self._emit(
            op_type, list(inputs), outputs, values
        )

    def _emit(self, op_type, inputs, outputs, values):
        schema = schema_at(op_type, self.opset)
        attributes = {}
        if op_type == "Split" and "num_outputs" in schema.attributes and "split" not in values:
            values["num_outputs"] = outputs
        for name, value in values.items():
            if value is None:
                continue
            attribute, index = schema.attribute_name(name), schema.input_index(name)
            if attribute is not None:
                value = KINDS[schema.attribute_type(attribute)](value)
                if value != schema.default(attribute):
                    attributes[attribute] = value
            elif index is not None:
                inputs += [None] * (index + 1 - len(inputs))
                inputs[index] = value if isinstance(value, str) else np.asarray(value)
            else:
                raise TranslationError(f"{op_type}-{schema.since_version} has no '{name}'")
        while inputs and inputs[-1] is None:
            inputs.pop()
        inputs = [
            np.zeros(0) if i is None and schema.requires(k) else i for k, i in enumerate(inputs)
        ]  # "empty" is "not given"
        inputs = [
            i
            if i is None or isinstance(i, str)
            else self.constant(np.asarray(i), self._dtype_of_input(schema, k, inputs))
            for k, i in enumerate(inputs)
        ]
        if op_type == "Shape" and not attributes and None not in self.dims(inputs[0]):
            return self.constant(self.dims(inputs[0]), np.int64)
        names = [self.fresh(f"{self.scope}/{op_type}") for _ in range(outputs)]
        node = helper.make_node(
            op_type, [i or "" for i in inputs], names, name=names[0], **attributes
        )
        self.type.produced(node)
        if op_type in fold.RULES and outputs == 1 and all(i in self.constants for i in inputs if i):
            return self._folded(node, [self.constants[i] for i in inputs if i], attributes)
        self.nodes.append(node)
        return names[0] if outputs == 1 else tuple(names)

    def _folded(self, node, tensors, attributes):
        """A constant instead of ``node``: now where rows may compute with it, else when the file is written."""
        kind = self.type(node.output[0])

        def compute():
            return np.asarray(
                fold.RULES[node.op_type](*[t.read() for t in tensors], **attributes), kind.dtype
            )

        if kind.dtype == np.int64 and all(t.nbytes <= 512 for t in tensors):
            return self.constant(compute())
        return self.constant(Tensor(kind.dims, kind.dtype, compute), name=node.name)

    def _dtype_of_input(self, schema, index, inputs):
        """dtype the schema wants at ``index``: a fixed one, or that of another input of the same type variable."""
        kind = schema.input_kind(index)
        if kind.startswith("tensor("):
            return {"float": np.float32, "double": np.float64}.get(kind[7:-1]) or np.dtype(
                kind[7:-1]
            )
        for other, value in enumerate(inputs):
            if isinstance(value, str) and schema.input_kind(other) == kind:
                return self.dtype(value)
        return np.int64 if schema.allows(index, "tensor(int64)") else np.float32

    def fresh(self, stem):
        name, count = stem, 1
        while name in self._taken:
            count += 1
            name = f"{stem}_{count}"
        self._taken.add(name)
        return name
