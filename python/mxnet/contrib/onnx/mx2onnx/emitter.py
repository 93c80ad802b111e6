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
"""What rows write with: ``op.Relu(x)`` adds a Relu node, checked against the target's schema."""

from __future__ import annotations

import contextlib
import copy
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
    Tuple,
    Union,
)

import numpy as np

from onnx import GraphProto, NodeProto, helper

from ..errors import ConversionError, TranslationError
from ..folding import NotFolded, folds
from ..folding.table import Fold
from ..opset import OpSchema
from ..translation import bind
from .inference import TensorType, TypeInference
from .schema_checks import (
    attribute_value,
    check_counts,
    check_dtypes,
    fixed_dtype,
    refuse_argument,
    schema_for,
)
from .tensors import Tensor
from .unsized import Unsized
from .weight_forms import COMPUTED_AT_ONCE, parts_of, waits

#: Equal constants up to here are one constant.
SHARED_BYTES = 4096
#: Constants up to here are computed at once, so that rows can look at them; others when written.
COMPUTED_BYTES = 4096

Operand = Union[str, int, float, bool, np.ndarray, np.generic, None]
Emitted = Union[str, Tuple[str, ...]]


class Emitter:
    """Emits ONNX nodes and answers what is known of values.

    Values are names. ``op.ReduceSum(x, axes=[1])`` writes a node, gives its value's name and knows
    whether ``axes`` is an attribute or a constant input at the target opset; None is not given. A
    Python number given as a tensor becomes a constant of the dtype that its neighbours have.
    Operators on constants alone are computed instead of written.

    Parameters
    ----------
    opset : int
        The target.
    inputs : mapping of str to TensorType, optional
        The inputs of the graph.
    numpy_shapes : bool
        Whether MXNet's shapes are NumPy's, which have rank 0 and empty axes.

    Attributes
    ----------
    opset : int
    numpy_shapes : bool
    inputs : dict of str to TensorType
    nodes : list of onnx.NodeProto
        What was written, each node after those it reads.
    constants : dict of str to Tensor
        Values whose numbers are known: weights and what was computed from them.
    type : TypeInference
        ``op.type(x)`` is the dtype and the sizes of a value, names included.
    domains : set of str
        Operator domains in use beside ONNX's own.
    called : dict of str to str
        Values in graphs inside nodes to what MXNet calls them.
    reaches : dict of (str, str) to str
        Two ends of a range to the number that it reaches to, where a row knows it.
    """

    def __init__(
        self,
        opset: int,
        inputs: Optional[Mapping[str, TensorType]] = None,
        numpy_shapes: bool = False,
    ):
        self.opset = opset
        self.numpy_shapes = numpy_shapes
        self.inputs = dict(inputs or {})
        self.nodes: List[NodeProto] = []
        self.constants: Dict[str, Tensor] = {}
        self.type = TypeInference(opset, self.constants, numpy_shapes)
        self.domains: Set[str] = set()
        self.called: Dict[str, str] = {}
        self.reaches: Dict[Tuple[str, str], str] = {}
        self._unsized = Unsized()
        self._shared: Dict[Tuple[str, Tuple[int, ...], bytes], str] = {}
        self._taken: Set[str] = set()
        self._counts: Dict[str, int] = {}
        self._scope = ""
        for name, kind in self.inputs.items():
            self.type.declare(self.fresh(name), kind)

    # what is known of a value

    def rank(self, x: str) -> int:
        """Number of axes of ``x``; refuses where it is not known."""
        dims = self.type(x).dims
        if dims is None:
            raise TranslationError(f"the number of axes of '{x}' is not known")
        return len(dims)

    def dims(self, x: str) -> Tuple[Optional[int], ...]:
        """Sizes of ``x``; None for those that vary, as their names are nothing to compute with."""
        self.rank(x)
        return tuple(d if isinstance(d, int) else None for d in self.type(x).dims or ())

    def size_source(self, x: str, axis: int) -> Tuple[str, int]:
        """A value and its axis to read the size of ``x`` along ``axis`` from.

        Where a name says that it is an input's, that is read: all who ask share the answer.
        """
        size = self.type(x).dims[axis]  # type: ignore[index]
        for name, kind in self.inputs.items():
            if isinstance(size, str) and size in (kind.dims or ()):
                return name, (kind.dims or ()).index(size)
        return x, axis

    def dtype(self, x: str) -> np.dtype:
        """NumPy dtype of ``x``."""
        return self.type(x).dtype

    def axis(self, x: str, axis: int) -> int:
        """``axis`` of ``x`` counted from the front; refuses one that ``x`` does not have."""
        rank = self.rank(x)
        if not -rank <= axis < rank:
            raise TranslationError(f"axis {axis} is outside of the {rank} axes of '{x}'")
        return axis + rank if axis < 0 else axis

    def tensor(self, x: str) -> Optional[Tensor]:
        """The constant behind ``x``, or None."""
        return self.constants.get(x)

    # constants

    def constant(self, value: Any, dtype: Any = None, name: str = "const") -> str:
        """A constant, the same one for equal small values.

        Parameters
        ----------
        value : array-like or Tensor
        dtype : optional
            Of the constant; by default that of ``value``.
        name : str
            What to call it, a number behind it where that is taken.
        """
        key = None
        if isinstance(value, Tensor):
            tensor = value
        else:
            tensor = Tensor.of(np.asarray(value, dtype))
            if tensor.nbytes <= SHARED_BYTES:
                key = (tensor.dtype.name, tensor.shape, tensor.read().tobytes())
                if key in self._shared:
                    return self._shared[key]
        name = self.fresh(name)
        self.constants[name] = tensor
        if key is not None:
            self._shared[key] = name
        self.type.declare(name, TensorType(tensor.dtype, tensor.shape))
        return name

    def computed(
        self, shape: Sequence[int], dtype: Any, read: Callable[[], np.ndarray], name: str = ""
    ) -> str:
        """A constant whose numbers ``read()`` computes when the file is written."""
        tensor = Tensor(tuple(shape), np.dtype(dtype), read)
        return self.constant(tensor, name=f"{self._scope}/{name or 'weight'}")

    def derived(
        self,
        x: str,
        function: Callable[[np.ndarray], np.ndarray],
        shape: Optional[Sequence[int]] = None,
        dtype: Any = None,
    ) -> str:
        """A constant computed from the constant ``x`` when the file is written."""
        return self.constant(self.constants[x].derive(function, shape, dtype), name=x)

    def filled(self, shape: Sequence[int], number: float, dtype: Any) -> str:
        """A constant of one number.

        A size of 0 is empty with NumPy's shapes, else one that MXNet infers from whoever reads it:
        there 1 stands for the size as long as every reader broadcasts it; a reader that does not is
        refused.
        """
        if all(shape) or self.numpy_shapes:
            return self.constant(np.full(shape, number, dtype))
        array = np.full([n or 1 for n in shape], number, dtype)
        name = self.constant(Tensor.of(array), name=f"{self._scope}/unsized")
        self._unsized.add(name, batch=all(shape[1:]))
        return name

    def filled_like(self, x: str, number: float) -> str:
        """The same in the shape and dtype of ``x``, with the sizes open that are open there."""
        if not self.is_unsized(x):
            return self.Expand(self.constant(number, self.dtype(x)), self.Shape(x))
        sizes = [size or 1 for size in self.dims(x)]
        tensor = Tensor.of(np.full(sizes, number, self.dtype(x)))
        name = self.constant(tensor, name=f"{self._scope}/unsized")
        self._unsized.add_like(name, x)
        return name

    # nodes

    def __getattr__(self, op_type: str) -> Callable[..., Any]:
        if not op_type[0].isupper():
            raise AttributeError(f"an emitter has no '{op_type}'")

        def emit(*inputs: Operand, outputs: int = 1, **values: Any) -> Emitted:
            return self._emit(op_type, list(inputs), outputs, values)

        return emit

    def custom(
        self,
        domain: str,
        op_type: str,
        *inputs: Operand,
        outputs: Sequence[TensorType],
        **attributes: Any,
    ) -> Emitted:
        """An operator that ONNX has no record of, for a runtime that has one.

        Parameters
        ----------
        domain, op_type : str
        inputs : str or array-like
            Values; what is no name becomes a constant.
        outputs : sequence of TensorType
            What the operator gives: nobody could infer it.
        attributes
            Written as they are.
        """
        names = [self.fresh(f"{self._scope}/{op_type}") for _ in outputs]
        present = [
            i if isinstance(i, str) else "" if i is None else self.constant(i) for i in inputs
        ]
        node = helper.make_node(op_type, present, names, name=names[0], domain=domain, **attributes)
        self._unsized.follow(f"{domain}.{op_type}", present, names, self.constants.keys())
        for name, kind in zip(names, outputs):
            self.type.declare(name, kind)
        if domain:
            self.domains.add(domain)
        self.nodes.append(node)
        return names[0] if len(names) == 1 else tuple(names)

    def nested(
        self, types: Sequence[TensorType], names: Sequence[str] = ()
    ) -> Tuple[Emitter, List[str]]:
        """An emitter for a graph inside a node, and its inputs' names, as asked for where free.

        The graph sees the values that are there by now, and shares the constants.
        """
        inner = copy.copy(self)
        inner.nodes, inner.inputs = [], {}
        for place, kind in enumerate(types):
            stem = names[place] if place < len(names) else f"{self._scope}/inner"
            name = self.fresh(stem)
            inner.inputs[name] = kind
            inner.type.declare(name, kind)
        return inner, list(inner.inputs)

    def graph(self, outputs: Sequence[str]) -> GraphProto:
        """What was written, with the inputs, as the graph inside a node."""
        inputs = [helper.make_value_info(n, kind.proto()) for n, kind in self.inputs.items()]
        infos = [helper.make_value_info(n, self.type(n).proto()) for n in outputs]
        return helper.make_graph(self.nodes, self.fresh(f"{self._scope}/graph"), inputs, infos)

    def _emit(
        self, op_type: str, operands: List[Operand], outputs: int, values: Dict[str, Any]
    ) -> Emitted:
        schema = schema_for(op_type, self.opset)
        if "split" not in values and "num_outputs" in schema.attributes:
            values = {**values, "num_outputs": outputs}
        attributes = self._bind(schema, operands, values)
        inputs = self._as_values(schema, operands)
        check_counts(schema, len(inputs), outputs)
        check_dtypes(schema, [(i, self.dtype(i)) if i else None for i in inputs], self.opset)
        names = [self.fresh(f"{self._scope}/{op_type}") for _ in range(outputs)]
        node = helper.make_node(op_type, inputs, names, name=names[0], **attributes)
        self.type.infer(node, schema)
        self._unsized.follow(op_type, inputs, names, self.constants.keys())
        folded = self._folded(node, schema) if outputs == 1 else None
        if folded is not None:
            return folded
        self.nodes.append(node)
        return names[0] if outputs == 1 else tuple(names)

    def _bind(
        self, schema: OpSchema, operands: List[Operand], values: Mapping[str, Any]
    ) -> Dict[str, Any]:
        """Values by name: attributes are returned, inputs of this version join ``operands``."""
        attributes: Dict[str, Any] = {}
        for name, value in values.items():
            if value is None:
                continue
            attribute, index = schema.attribute_name(name), schema.input_index(name)
            if attribute is not None:
                value = attribute_value(schema, attribute, value)
                if value is not None:
                    attributes[attribute] = value
            elif index is not None:
                operands += [None] * (index + 1 - len(operands))
                operands[index] = value if isinstance(value, str) else np.asarray(value)
            else:
                refuse_argument(schema, name, self.opset)
        return attributes

    def _as_values(self, schema: OpSchema, operands: List[Operand]) -> List[str]:
        """Names of values: numbers become constants, what is left out and required an empty one."""
        while operands and operands[-1] is None:
            operands.pop()
        filled = [
            np.zeros(0) if operand is None and schema.requires(k) else operand
            for k, operand in enumerate(operands)
        ]
        return [
            operand
            if isinstance(operand, str)
            else ""
            if operand is None
            else self.constant(operand, self._dtype_of_input(schema, k, filled))
            for k, operand in enumerate(filled)
        ]

    def _dtype_of_input(
        self, schema: OpSchema, index: int, operands: Sequence[Operand]
    ) -> np.dtype:
        """What the schema wants at ``index``: one dtype, or that of an input of the same kind."""
        kind = schema.input_kind(index)
        if kind.startswith("tensor("):
            return fixed_dtype(kind)
        for other, operand in enumerate(operands):
            if isinstance(operand, str) and schema.input_kind(other) == kind:
                return self.dtype(operand)
        return np.dtype(np.int64 if schema.allows(index, "tensor(int64)") else np.float32)

    # folding

    def _folded(self, node: NodeProto, schema: OpSchema) -> Optional[str]:
        """A constant instead of ``node``, where what it reads is known and not smaller."""
        kind, name = self.type(node.output[0]), node.output[0]
        numbers = self.type.contents(name)
        if kind.dims is not None and numbers and all(isinstance(n, int) for n in numbers):
            self._taken.discard(name)
            array = np.array(numbers)
            return self.constant(
                array.reshape([int(d) for d in kind.dims if d is not None]), kind.dtype
            )
        row = folds.find(node.op_type, schema.since_version)
        if row is None or any(i and i not in self.constants for i in node.input):
            return None
        if kind.dims is None or not all(isinstance(d, int) for d in kind.dims):
            return None
        tensors = [self.constants[i] if i else None for i in node.input]
        shape = tuple(int(d) for d in kind.dims if d is not None)
        compute = _computation(row, schema, node, tensors, kind.dtype)
        result = Tensor(shape, kind.dtype, compute, None, parts_of(node, tensors))
        given = sum(t.nbytes for t in tensors if t is not None)
        if result.nbytes > max(given, COMPUTED_BYTES):
            return None
        small = max(given, result.nbytes) <= COMPUTED_BYTES
        if small or not waits(node.op_type, result.elements):
            try:
                if given > COMPUTED_AT_ONCE:
                    return None
                result = Tensor.of(compute())
            except NotFolded:
                return None
        self._taken.discard(name)
        shared = small and name not in self._unsized
        return self.constant(result.read() if shared else result, name=name)

    # names

    @contextlib.contextmanager
    def within(self, scope: str) -> Iterator[None]:
        """What is written inside is named after ``scope``, the MXNet node that it translates."""
        before, self._scope = self._scope, scope
        try:
            yield
        finally:
            self._scope = before

    def reserve(self, names: Sequence[str]) -> None:
        """Keep names for the outputs of the file."""
        self._taken.update(names)

    def fresh(self, stem: str) -> str:
        """``stem``, with a number behind it where it is taken."""
        name = stem
        while name in self._taken:
            self._counts[stem] = self._counts.get(stem, 1) + 1
            name = f"{stem}_{self._counts[stem]}"
        self._taken.add(name)
        return name

    def is_unsized(self, x: str) -> bool:
        """Whether ``x`` has sizes of 1 that stand for others, see :meth:`filled`."""
        return x in self._unsized


def _computation(
    row: Fold,
    schema: OpSchema,
    node: NodeProto,
    tensors: Sequence[Optional[Tensor]],
    dtype: np.dtype,
) -> Callable[[], np.ndarray]:
    """``node`` on constants, by the row of the folding table."""

    def known(name: str, tensor: Tensor) -> Any:
        return tensor.read().tolist()

    def compute() -> np.ndarray:
        operands, values = bind(row, schema, node, tensors, known)
        arrays = [None if t is None else t.read() for t in operands]
        try:
            result = row.compute(arrays, values, len(node.output))[0]
            return np.asarray(result).astype(dtype, copy=False)
        except (ConversionError, NotFolded):
            raise
        except Exception as error:
            raise TranslationError(
                f"{node.op_type} on constants failed: {type(error).__name__}: {error}"
            ) from error

    return compute
