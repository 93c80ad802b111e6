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
"""Read symbols of any MXNet from 0.8 to 1.9 into one form: canonical names, typed values."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple, Union

from ..dtypes import from_mxnet_flag
from ..errors import ConversionError, ModelError, refuse
from . import operator_info
from .symbol_json import NodeDict, SymbolJson

#: An output of a node: (index of the node, index of the output).
Output = Tuple[int, int]
#: Attributes of MXNet's own housekeeping, with ``__`` around them since 0.9 and without before.
HOUSEKEEPING = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage")
#: Releases in which the meaning of files changed, as the ``mxnet_version`` attribute writes them.
AUXILIARY_STATES_ARE_NODES, NO_AXIS_IS_ALL_AXES = 900, 905


@dataclasses.dataclass(frozen=True)
class Variable:
    """An input, a parameter or an auxiliary state: the file does not say which."""

    name: str
    attrs: Mapping[str, str]

    @property
    def shape(self) -> Optional[Tuple[Optional[int], ...]]:
        """The shape that the variable declares, None for each size that it leaves open; or None."""
        text = self.attrs.get("__shape__", "")
        if not re.fullmatch(r"[(\[][-\d,\sLNone]*[)\]]", text):
            return None
        sizes = [int(n) if n != "None" else 0 for n in re.findall(r"-?\d+|None", text)]
        return tuple(n if n > 0 else None for n in sizes) or None

    @property
    def dtype(self) -> Optional[Any]:
        """The NumPy dtype that the variable declares, or None."""
        text = self.attrs.get("__dtype__", "")
        known = from_mxnet_flag(int(text)) if re.fullmatch(r"\d+", text) else None
        return known.numpy if known else None

    @property
    def is_trained(self) -> bool:
        """Whether the variable carries what only trained parameters need."""
        return any(f"__{key}__" in self.attrs for key in ("init", "lr_mult", "wd_mult"))


@dataclasses.dataclass(frozen=True)
class Node:
    """One call of an operator.

    Attributes
    ----------
    name, op_type : str
        The node's own name, and the operator's canonical one.
    inputs : tuple of (int, int) or float
        Outputs of earlier nodes; a number where the operator had a scalar form.
    values : mapping of str to object
        The operator's parameters as Python values, MXNet's defaults filled in.
    changed : frozenset of str
        Parameters that differ from MXNet's default.
    subgraphs : tuple of Graph
        Bodies of control flow.
    """

    name: str
    op_type: str
    inputs: Tuple[Union[Output, float], ...]
    values: Mapping[str, Any]
    changed: FrozenSet[str]
    subgraphs: Tuple[Graph, ...] = ()

    @property
    def sources(self) -> Tuple[Output, ...]:
        """The inputs that are outputs of nodes."""
        return tuple(i for i in self.inputs if isinstance(i, tuple))


@dataclasses.dataclass(frozen=True)
class Graph:
    """Nodes, of which each reads earlier ones only, and the outputs that are asked for."""

    nodes: Tuple[Union[Variable, Node], ...]
    heads: Tuple[Output, ...]

    def live(self, heads: Optional[Sequence[Output]] = None) -> List[int]:
        """Indices of the nodes that ``heads``, or else the graph's own, depend on, in order."""
        wanted = set()
        stack = [index for index, _ in (self.heads if heads is None else heads)]
        while stack:
            index = stack.pop()
            if index not in wanted:
                wanted.add(index)
                node = self.nodes[index]
                if isinstance(node, Node):
                    stack += [source for source, _ in node.sources]
        return sorted(wanted)

    def count_of_outputs(self, index: int) -> int:
        """How many outputs of a node somebody reads, those between them included; one at least."""
        read = [source for node in self.nodes if isinstance(node, Node) for source in node.sources]
        return max((k for i, k in (*read, *self.heads) if i == index), default=0) + 1

    def variables(self, indices: Optional[Sequence[int]] = None) -> List[str]:
        """Names of the variables among ``indices``, or of all, each once, in order."""
        chosen = range(len(self.nodes)) if indices is None else indices
        found = (self.nodes[index] for index in chosen)
        return list(dict.fromkeys(node.name for node in found if isinstance(node, Variable)))


def read_symbol(symbol: SymbolJson) -> Graph:
    """The graph of a symbol file, upgraded to what MXNet 1.9.1 means by its operators.

    Raises
    ------
    ModelError
        If attributes are not what MXNet's operators have; all of them are named.
    """
    problems: List[ConversionError] = []
    graph = _read(symbol.nodes, symbol.heads, symbol.version, problems)
    if problems:
        refuse(problems, f"{symbol.where} is not a symbol that MXNet 1.9.1 could have made:")
    return graph


def _read(
    raw: Sequence[NodeDict],
    heads: Sequence[Output],
    version: int,
    problems: List[ConversionError],
) -> Graph:
    nodes: List[Union[Variable, Node]] = []
    moved: List[int] = []  # indices shift where variables come in between
    for entry in raw:
        if entry.op == "null":
            nodes.append(Variable(entry.name, entry.attrs))
        else:
            inputs = [(moved[index], k) for index, k in entry.inputs]
            op_type = operator_info.canonical_name(entry.op)
            for name in _absent_states(op_type, len(inputs), version):
                nodes.append(Variable(f"{entry.name}_{name}", {}))
                inputs.append((len(nodes) - 1, 0))
            subgraphs = tuple(
                _read(part.nodes, part.heads, version, problems) for part in entry.subgraphs
            )
            nodes.append(_node(entry, op_type, inputs, subgraphs, version, problems))
        moved.append(len(nodes) - 1)
    return Graph(tuple(nodes), tuple((moved[index], k) for index, k in heads))


def _node(
    entry: NodeDict,
    op_type: str,
    inputs: List[Output],
    subgraphs: Tuple[Graph, ...],
    version: int,
    problems: List[ConversionError],
) -> Node:
    attrs = {k: v for k, v in entry.attrs.items() if not _is_housekeeping(k)}
    if version < NO_AXIS_IS_ALL_AXES and op_type in ("argmax", "argmin"):
        attrs = {k: v for k, v in attrs.items() if (k, v) != ("axis", "-1")}
    values: Dict[str, Any] = dict(attrs)
    changed: FrozenSet[str] = frozenset(attrs)
    if operator_info.known(op_type):
        try:
            values, changed = operator_info.decode(op_type, attrs)
        except ModelError as error:
            problems += [ModelError(f"node '{entry.name}': {e}") for e in error.causes or (error,)]
    return Node(entry.name, op_type, tuple(inputs), values, changed, subgraphs)


def _is_housekeeping(key: str) -> bool:
    """``lr_mult`` and, since it may name the input that it is about, ``weight_lr_mult``."""
    return key.startswith("__") or any(
        key == h or (key.endswith(h) and len(key) > len(h) + 1) for h in HOUSEKEEPING
    )


def _absent_states(op_type: str, count: int, version: int) -> List[str]:
    """Auxiliary states that files before 0.9 did not list among a node's inputs."""
    if version >= AUXILIARY_STATES_ARE_NODES or not op_type.startswith("BatchNorm"):
        return []
    return operator_info.inputs(op_type)[count:]
