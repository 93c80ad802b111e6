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
"""The ONNX graph between translation and file, while nodes and names still change."""

from __future__ import annotations

import collections
from typing import Callable, Counter, Dict, Iterable, List, Mapping

from onnx import NodeProto

from .inference import TensorType, TypeInference
from .nested import names_read, nested_graphs, rename_nested
from .tensors import Tensor


class Draft:
    """Nodes, constants and outputs, and what became of values that were replaced.

    Parameters
    ----------
    nodes : list of onnx.NodeProto
        Each after those it reads. They are changed in place.
    constants : dict of str to Tensor
    types : TypeInference
        What is known of every value.
    outputs : sequence of str
        The values that the file gives, in order; one may come twice.
    fresh : callable
        ``fresh(stem)`` is a name that is not taken.
    whole : bool
        Whether this is the model; otherwise a graph inside a node, and others read the constants.
    """

    def __init__(
        self,
        nodes: List[NodeProto],
        constants: Dict[str, Tensor],
        types: TypeInference,
        outputs: Iterable[str],
        fresh: Callable[[str], str],
        whole: bool = True,
    ):
        self.nodes, self.constants, self.types = nodes, constants, types
        self.outputs: List[str] = list(outputs)
        self.fresh, self.whole = fresh, whole
        self.holders: List[NodeProto] = [node for node in nodes if nested_graphs(node)]
        self._holding = {id(node) for node in self.holders}
        self._became: Dict[str, str] = {}

    def readers(self) -> Counter[str]:
        """How often each value is read, by nodes and as an output."""
        count: Counter[str] = collections.Counter(
            name for node in self.nodes for name in self.read_by(node)
        )
        count.update(self.outputs)
        return count

    def read_by(self, node: NodeProto) -> Iterable[str]:
        """What ``node`` reads, and the graphs inside it."""
        return names_read(node) if id(node) in self._holding else node.input

    def producers(self) -> Dict[str, NodeProto]:
        """The node that makes each value."""
        return {name: node for node in self.nodes for name in node.output}

    def constant(self, tensor: Tensor, stem: str) -> str:
        """A further constant."""
        name = self.fresh(stem)
        self.constants[name] = tensor
        self.types.declare(name, TensorType(tensor.dtype, tensor.shape))
        return name

    def replace(self, values: Mapping[str, str], dropped: Iterable[NodeProto] = ()) -> None:
        """Read ``values[x]``, which is the same, for every ``x``; do without nodes ``dropped``."""
        gone = {id(node) for node in dropped}
        last = {name: _end(values, name) for name in values}
        self.nodes[:] = [node for node in self.nodes if id(node) not in gone]
        for node in self.nodes:
            if any(name in last for name in node.input):
                node.input[:] = [last.get(name, name) for name in node.input]
        for node in self.holders:
            rename_nested(node, last)
        self.outputs = [last.get(name, name) for name in self.outputs]
        self._follow(last)

    def current(self, name: str) -> str:
        """What carries by now the value that was first called ``name``."""
        return self._became.get(name, name)

    def rename(self, names: Mapping[str, str]) -> None:
        """Call values otherwise: ``names`` is from old to new, and no new one is in use."""
        for node in self.nodes:
            node.input[:] = [names.get(name, name) for name in node.input]
            node.output[:] = [names.get(name, name) for name in node.output]
        for node in self.holders:
            rename_nested(node, names)
        self.outputs = [names.get(name, name) for name in self.outputs]
        for old, new in names.items():
            self.types.declare(new, self.types(old))
        self._follow(names)

    def _follow(self, moved: Mapping[str, str]) -> None:
        """Note what became of values; a name that one gave up may be another's by now."""
        for first, name in self._became.items():
            self._became[first] = moved.get(name, name)
        for old, new in moved.items():
            self._became.setdefault(old, new)


def _end(values: Mapping[str, str], name: str) -> str:
    while name in values:
        name = values[name]
    return name
