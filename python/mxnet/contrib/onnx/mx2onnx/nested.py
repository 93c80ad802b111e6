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
"""Graphs inside nodes: bodies of loops and branches, which see the values around them by name."""

from __future__ import annotations

from typing import Iterator, List, Mapping

from onnx import AttributeProto, GraphProto, NodeProto


def nested_graphs(node: NodeProto) -> List[GraphProto]:
    """The graphs that a node holds; of most nodes none."""
    found: List[GraphProto] = []
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            found.append(attribute.g)
        elif attribute.type == AttributeProto.GRAPHS:
            found += attribute.graphs
    return found


def names_read(node: NodeProto) -> Iterator[str]:
    """What a node and the graphs inside it read; a graph's own values are among them."""
    yield from node.input
    for graph in nested_graphs(node):
        for inner in graph.node:
            yield from names_read(inner)
        yield from (value.name for value in graph.output)


def rename_nested(node: NodeProto, names: Mapping[str, str]) -> None:
    """Call values otherwise in the graphs inside a node: no name means two values of a model."""
    for graph in nested_graphs(node):
        for value in (*graph.input, *graph.output, *graph.value_info):
            value.name = names.get(value.name, value.name)
        for inner in graph.node:
            inner.input[:] = [names.get(name, name) for name in inner.input]
            inner.output[:] = [names.get(name, name) for name in inner.output]
            rename_nested(inner, names)
