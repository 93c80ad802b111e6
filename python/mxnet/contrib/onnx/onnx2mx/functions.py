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
"""Functions: operators made of other operators, by the model itself or by ONNX's record of them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

import onnx
from onnx import AttributeProto, FunctionProto, NodeProto, TypeProto, shape_inference

from ..errors import ModelError, refuse
from ..opset import OpSchema
from .graph import Graph, GraphReader, Node
from .tensors import TensorReader

Attributes = Dict[str, AttributeProto]


def instantiate(
    function: FunctionProto,
    node: Node,
    tensors: TensorReader,
    schema: Optional[OpSchema] = None,
) -> Graph:
    """The body of ``function`` with the attributes that ``node`` calls it with.

    Parameters
    ----------
    schema : OpSchema, optional
        Where the function is an operator's body: gives the defaults of attributes.

    Raises
    ------
    ModelError
        If the body is malformed.
    """
    given: Attributes = {}
    if schema is not None:
        for name, attribute in schema.attributes.items():
            if attribute.default_value.type:
                given[name] = attribute.default_value
    given.update((a.name, a) for a in function.attribute_proto)
    given.update((a.name, a) for a in node.proto.attribute)
    nodes = [_filled(inner, given) for inner in function.node]
    reader = GraphReader(tensors)
    where = f"function {function.name}: "
    wanted = {formal for formal, name in zip(function.output, node.outputs) if name}
    made = {name for inner in nodes for name in inner.output} | {*function.input}
    outputs = [name if name in wanted or name in made else "" for name in function.output]
    body = reader.function(function, nodes, outputs, where)
    reader.problems += [
        ModelError(f"{where}{who} reads '{name}', which nothing makes")
        for name, who in body.free.items()
    ]
    if reader.problems:
        refuse(reader.problems, f"function {function.name} is malformed:")
    return body


def _filled(node: NodeProto, given: Attributes) -> NodeProto:
    """A copy of ``node`` in which references to attributes of the function are those given."""
    filled = NodeProto()
    filled.CopyFrom(node)
    _fill(filled, given)
    return filled


def _fill(node: NodeProto, given: Attributes) -> None:
    kept: List[AttributeProto] = []
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            for graph in [attribute.g, *attribute.graphs] if _holds_graphs(attribute) else ():
                for inner in graph.node:
                    _fill(inner, given)
            kept.append(attribute)
        elif attribute.ref_attr_name in given:  # else an optional one that the caller leaves out
            own = AttributeProto()
            own.CopyFrom(given[attribute.ref_attr_name])
            own.name = attribute.name
            kept.append(own)
    if any(a.ref_attr_name for a in node.attribute):
        copies = [AttributeProto.FromString(a.SerializeToString()) for a in kept]
        del node.attribute[:]
        node.attribute.extend(copies)


def _holds_graphs(attribute: AttributeProto) -> bool:
    return attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS)


def schema_body(
    schema: OpSchema, opset: int, node: Node, types: Optional[Sequence[TypeProto]]
) -> Optional[FunctionProto]:
    """The body that ONNX records for an operator, or None where it has none for this use.

    Parameters
    ----------
    opset : int
        The newest body that is not newer is taken, else the oldest: all bodies of one schema mean
        the same.
    types : sequence of onnx.TypeProto or None
        Types of the node's inputs; some bodies depend on them. None: any float tensors.
    """
    record: Any = schema.proto
    serialized = None
    if record.has_function:
        version = _nearest(record.function_opset_versions, opset)
        serialized = record.get_function_with_opset_version(version)
    elif record.has_context_dependent_function:
        version = _nearest(record.context_dependent_function_opset_versions, opset)
        if types is None:
            types = [_float_tensor() if name else TypeProto() for name in node.inputs]
        try:
            serialized = record.get_context_dependent_function_with_opset_version(
                version, node.proto.SerializeToString(), [t.SerializeToString() for t in types]
            )
        except (ValueError, RuntimeError, shape_inference.InferenceError):
            return None  # none for inputs of these types
    if not serialized:
        return None
    body = FunctionProto.FromString(serialized)
    return body if body.node else None


def depends_on_types(schema: OpSchema) -> bool:
    """Whether the operator's body is another one for other types of inputs."""
    record: Any = schema.proto
    return not record.has_function and bool(record.has_context_dependent_function)


def _nearest(versions: Sequence[int], opset: int) -> int:
    return max((v for v in versions if v <= opset), default=min(versions))


def _float_tensor() -> TypeProto:
    return onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, None)
