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
"""The plain form of a graph that is walked later: nodes in order, constants as arrays."""

from __future__ import annotations

import dataclasses
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple, Union

import numpy as np

from onnx import (
    AttributeProto,
    FunctionProto,
    GraphProto,
    NodeProto,
    TensorProto,
    TypeProto,
    ValueInfoProto,
)

from ..errors import ModelError
from .tensors import TensorReader, is_external

#: A declared size: fixed, named, or unknown.
DeclaredSize = Union[int, str, None]


@dataclasses.dataclass(frozen=True)
class ValueInfo:
    """What a model says of one of its inputs or outputs.

    Attributes
    ----------
    name : str
    kind : str
        ``"tensor"``, ``"sequence"``, ``"optional"``, ``"map"``, ``"sparse_tensor"``, or ``""``
        where nothing is said.
    data_type : int
        ``onnx.TensorProto`` data type of a tensor, 0 where none is said.
    shape : tuple of (int, str or None), or None
        None where not even the rank is said; a size of 0 or less counts as unknown.
    element : ValueInfo or None
        What a sequence or an optional holds.
    """

    name: str
    kind: str = ""
    data_type: int = 0
    shape: Optional[Tuple[DeclaredSize, ...]] = None
    element: Optional[ValueInfo] = None

    @classmethod
    def read(cls, info: ValueInfoProto) -> ValueInfo:
        return cls._of_type(info.name, info.type)

    @classmethod
    def _of_type(cls, name: str, proto: TypeProto) -> ValueInfo:
        kind = (proto.WhichOneof("value") or "").replace("_type", "")
        if kind in ("sequence", "optional"):
            element = getattr(proto, proto.WhichOneof("value")).elem_type
            return cls(name, kind, element=cls._of_type(name, element))
        if kind != "tensor":
            return cls(name, kind)
        tensor = proto.tensor_type
        shape = tuple(
            (d.dim_value if d.dim_value > 0 else None)
            if d.HasField("dim_value")
            else (None if d.dim_param in ("", "?") else d.dim_param)
            for d in tensor.shape.dim
        )
        known = tensor.HasField("shape")
        return cls(name, kind, tensor.elem_type, shape if known else None)


@dataclasses.dataclass(frozen=True)
class Node:
    """One node, with a name in any case and its subgraphs in plain form.

    Attributes
    ----------
    proto : onnx.NodeProto
    name : str
        The node's own, else that of its first output.
    graphs : mapping of str to list of Graph
        Subgraphs by attribute.
    reads : frozenset of str
        All names that it needs, those that its subgraphs take from outside included.
    """

    proto: NodeProto
    name: str
    graphs: Mapping[str, List[Graph]]
    reads: frozenset

    @property
    def op_type(self) -> str:
        return str(self.proto.op_type)

    @property
    def domain(self) -> str:
        return "" if self.proto.domain == "ai.onnx" else str(self.proto.domain)

    @property
    def inputs(self) -> Sequence[str]:
        return self.proto.input

    @property
    def outputs(self) -> Sequence[str]:
        return self.proto.output


@dataclasses.dataclass(frozen=True)
class Graph:
    """A graph, subgraph or function body.

    Attributes
    ----------
    inputs, outputs : list of ValueInfo
        Without the inputs that an initializer fixes.
    constants : dict of str to numpy.ndarray
    nodes : list of Node
        Each behind those whose outputs it reads.
    free : dict of str to str
        Names that it takes from outside, and the node (or output) that reads each first.
    """

    name: str
    inputs: List[ValueInfo]
    outputs: List[ValueInfo]
    constants: Dict[str, np.ndarray]
    nodes: List[Node]
    free: Dict[str, str]


class GraphReader:
    """Turns messages into :class:`Graph`; what is wrong with them collects in ``problems``."""

    def __init__(self, tensors: TensorReader):
        self.tensors = tensors
        self.problems: List[ModelError] = []

    def graph(self, proto: GraphProto, where: str = "") -> Graph:
        """The plain form of a graph or subgraph; ``where`` is put before its problems."""
        check_texts(
            [t.name for t in proto.initializer],
            [s.values.name for s in proto.sparse_initializer],
            *([v.name, *dimension_names(v)] for v in (*proto.input, *proto.output)),
        )
        constants = self._initializers(proto, where)
        declared = [ValueInfo.read(v) for v in proto.input]
        self._once((v.name for v in declared), "input", where)
        # An initializer fixes an input of the model, but not what an operator gives a subgraph.
        inputs = [v for v in declared if where or v.name not in constants]
        outputs = [ValueInfo.read(v) for v in proto.output]
        return self._body(proto.name, inputs, outputs, constants, proto.node, where)

    def function(
        self, proto: FunctionProto, nodes: Sequence[NodeProto], outputs: List[str], where: str
    ) -> Graph:
        """The plain form of a function body whose nodes have had their attributes filled in.

        ``outputs`` are the function's, ``""`` for those that nobody wants.
        """
        inputs = [ValueInfo(name) for name in proto.input]
        return self._body(proto.name, inputs, list(map(ValueInfo, outputs)), {}, nodes, where)

    def _problem(self, text: str, where: str) -> None:
        self.problems.append(ModelError(f"{where}{text}"))

    def _once(self, names: Iterable[str], what: str, where: str) -> None:
        seen: Set[str] = set()
        for name in names:
            if not name:
                self._problem(f"an {what} has no name", where)
            elif name in seen:
                self._problem(f"two {what}s are called '{name}'", where)
            seen.add(name)

    def _initializers(self, proto: GraphProto, where: str) -> Dict[str, np.ndarray]:
        names = [t.name for t in proto.initializer]
        names += [s.values.name for s in proto.sparse_initializer]
        self._once(names, "initializer", where)
        constants = {}
        for tensor in proto.initializer:
            try:
                constants[tensor.name] = self.tensors.array(tensor)
            except ModelError as error:
                self._problem(str(error), where)
                constants[tensor.name] = np.empty(0)
        for sparse in proto.sparse_initializer:
            try:
                constants[sparse.values.name] = self.tensors.dense(sparse)
            except ModelError as error:
                self._problem(str(error), where)
        return constants

    def _body(
        self,
        name: str,
        inputs: List[ValueInfo],
        outputs: List[ValueInfo],
        constants: Dict[str, np.ndarray],
        protos: Sequence[NodeProto],
        where: str,
    ) -> Graph:
        for proto in protos:
            check_texts(
                [proto.name, proto.op_type, proto.domain, *proto.input, *proto.output],
                [a.name for a in proto.attribute],
            )
        makers: Dict[str, str] = {v.name: "an input" for v in inputs}
        makers.update((n, "an initializer") for n in constants)
        nodes = []
        for proto in protos:
            node = self._node(proto, constants, where)
            for output in filter(None, proto.output):
                if output in makers:
                    text = f"'{output}' is made twice, by {makers[output]} and {_called(proto)}"
                    self._problem(text, where)
                makers[output] = _called(proto)
            if node is not None:
                nodes.append(node)
        ordered = _ordered(nodes)
        if len(ordered) < len(nodes):
            stuck = _on_a_cycle(nodes, ordered)
            self._problem(f"{_called(stuck.proto)} waits for its own result: a cycle", where)
        free: Dict[str, str] = {}
        for node in ordered:
            for read in sorted(node.reads):
                if read not in makers:
                    free.setdefault(read, _called(node.proto))
        for output in outputs:
            if output.name and output.name not in makers:
                free.setdefault(output.name, "the list of outputs")
        return Graph(name, inputs, outputs, constants, ordered, free)

    def _node(
        self, proto: NodeProto, constants: Dict[str, np.ndarray], where: str
    ) -> Optional[Node]:
        """The node, or None where it is a constant (now in ``constants``) or senseless."""
        if not proto.op_type:
            self._problem(f"{_called(proto)} does not say its operator", where)
            return None
        if not any(proto.output):
            return None
        proto = _typed(proto)
        try:
            array = self._constant(proto)
            proto = self._whole(proto) if array is None else proto
        except ModelError as error:
            self._problem(f"{_called(proto)}: {error}", where)
            return None
        if array is not None:
            constants[proto.output[0]] = array
            return None
        graphs = {
            a.name: [self.graph(g, f"{where}{_called(proto)}, {a.name}: ") for g in _graphs(a)]
            for a in proto.attribute
            if a.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS)
        }
        inner = {name for found in graphs.values() for graph in found for name in graph.free}
        name = proto.name or next(filter(None, proto.output))
        return Node(proto, name, graphs, frozenset([*filter(None, proto.input), *inner]))

    def _constant(self, proto: NodeProto) -> Optional[np.ndarray]:
        if proto.op_type != "Constant" or proto.domain not in ("", "ai.onnx"):
            return None
        for attribute in proto.attribute:
            if attribute.ref_attr_name:
                return None
            if attribute.type == AttributeProto.TENSOR:
                return self.tensors.array(attribute.t)
            if attribute.type == AttributeProto.SPARSE_TENSOR:
                return self.tensors.dense(attribute.sparse_tensor)
        return None

    def _whole(self, proto: NodeProto) -> NodeProto:
        """The node with sound tensors as attributes, and their bytes in them wherever they were."""
        if not any(map(_tensors, proto.attribute)):
            return proto
        whole = _copy(proto)
        for tensor in (t for a in whole.attribute for t in _tensors(a)):
            array = self.tensors.array(tensor)
            if is_external(tensor):
                tensor.ClearField("external_data")
                tensor.ClearField("data_location")
                tensor.raw_data = array.tobytes()
        return whole


def check_texts(*lists: Iterable[str]) -> None:
    """Refuse names that are no text, which protobuf leaves as bytes.

    Raises
    ------
    ModelError
    """
    for text in (text for texts in lists for text in texts):
        if not isinstance(text, str):
            raise ModelError(f"the text {text!r} is not in UTF-8; the model is damaged")


def dimension_names(info: ValueInfoProto) -> List[str]:
    """What the declared sizes of an input or output are called, ``""`` where they have no name."""
    return [dim.dim_param for dim in info.type.tensor_type.shape.dim]


def _called(proto: NodeProto) -> str:
    name = proto.name or next(filter(None, proto.output), "")
    return f"{proto.op_type or 'the'} node '{name}'" if name else f"a {proto.op_type} node"


def _copy(proto: NodeProto) -> NodeProto:
    copied = NodeProto()
    copied.CopyFrom(proto)
    return copied


def _graphs(attribute: AttributeProto) -> List[GraphProto]:
    return [attribute.g] if attribute.type == AttributeProto.GRAPH else list(attribute.graphs)


def _tensors(attribute: AttributeProto) -> List[TensorProto]:
    if attribute.type == AttributeProto.TENSOR:
        return [attribute.t]
    return list(attribute.tensors)


_SINGLE = {"f": "FLOAT", "i": "INT", "s": "STRING", "t": "TENSOR", "g": "GRAPH"}
_REPEATED = {
    "floats": "FLOATS",
    "ints": "INTS",
    "strings": "STRINGS",
    "tensors": "TENSORS",
    "graphs": "GRAPHS",
}


def _typed(proto: NodeProto) -> NodeProto:
    """The node with a type on each attribute: files of IR version 1 have none."""
    if all(a.type or a.ref_attr_name for a in proto.attribute):
        return proto
    typed = _copy(proto)
    for attribute in typed.attribute:
        if not attribute.type and not attribute.ref_attr_name:
            single = [kind for field, kind in _SINGLE.items() if attribute.HasField(field)]
            repeated = [kind for field, kind in _REPEATED.items() if getattr(attribute, field)]
            attribute.type = AttributeProto.AttributeType.Value([*single, *repeated, "INTS"][0])
    return typed


def _ordered(nodes: List[Node]) -> List[Node]:
    """The nodes, each behind those it reads from; those that wait for a cycle are left out."""
    maker = {output: i for i, node in enumerate(nodes) for output in node.outputs if output}
    needs = [{maker[name] for name in node.reads if name in maker} for node in nodes]
    if all(all(j < i for j in need) for i, need in enumerate(needs)):
        return nodes
    readers: List[List[int]] = [[] for _ in nodes]
    for i, need in enumerate(needs):
        for j in need:
            readers[j].append(i)
    waiting = [len(need) for need in needs]
    ready = [i for i in reversed(range(len(nodes))) if not waiting[i]]
    ordered = []
    while ready:
        i = ready.pop()
        ordered.append(nodes[i])
        for reader in reversed(readers[i]):
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    return ordered


def _on_a_cycle(nodes: List[Node], ordered: List[Node]) -> Node:
    """One of the nodes that wait for their own results, given those that could be ordered."""
    done = {id(node) for node in ordered}
    stuck = [node for node in nodes if id(node) not in done]
    maker = {output: node for node in stuck for output in node.outputs if output}
    node, seen = stuck[0], set()
    while id(node) not in seen:
        seen.add(id(node))
        node = next(maker[name] for name in sorted(node.reads) if name in maker)
    return node
