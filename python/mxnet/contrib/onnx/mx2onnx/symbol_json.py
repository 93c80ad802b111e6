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
"""The JSON of a symbol: its form is checked, it is cut to outputs; no operator is looked at."""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ..errors import ConversionError, ModelError, refuse
from . import operator_info

Output = Tuple[int, int]
#: Files from before 0.9 say no version.
OLDEST_VERSION = 800


@dataclasses.dataclass(frozen=True)
class NodeDict:
    """One entry of ``nodes``, as the file says it."""

    op: str
    name: str
    attrs: Mapping[str, str]
    inputs: Tuple[Output, ...]
    subgraphs: Tuple[SymbolJson, ...] = ()


@dataclasses.dataclass(frozen=True)
class SymbolJson:
    """A symbol file whose form is right: every node reads earlier nodes only.

    Attributes
    ----------
    where : str
        What the file is called in messages.
    nodes : tuple of NodeDict
    heads : tuple of (int, int)
    version : int
        MXNet release that wrote it, 10901 for 1.9.1.
    raw : dict
        The file itself.
    numpy_shapes : bool
        Whether it was written with NumPy's shapes, which have rank 0 and empty axes.
    """

    where: str
    nodes: Tuple[NodeDict, ...]
    heads: Tuple[Output, ...]
    version: int
    raw: Mapping[str, Any]
    numpy_shapes: bool = False

    def cut(self, outputs: Sequence[str]) -> SymbolJson:
        """The part that computes the outputs called ``outputs``, in that order.

        Parameters
        ----------
        outputs : sequence of str
            Names as ``symbol.get_internals().list_outputs()`` gives them (``"fc1_output"``,
            ``"split_output1"``, ``"bn_mean"``), or names of nodes that have one output.

        Raises
        ------
        ModelError
            If there are no such outputs; all of them are named.
        """
        heads: List[Output] = []
        problems: List[ConversionError] = []
        for name in outputs:
            try:
                heads.append(self._find(name))
            except ModelError as error:
                problems.append(error)
        if problems:
            refuse(problems, f"not all outputs are in {self.where}:")
        wanted = sorted(self._needed(heads))
        moved = {old: new for new, old in enumerate(wanted)}
        raw_nodes = []
        for old in wanted:
            entry = dict(self.raw["nodes"][old])
            entry["inputs"] = [[moved[i[0]], *i[1:]] for i in entry.get("inputs", ())]
            raw_nodes.append(entry)
        raw = {
            **{k: v for k, v in self.raw.items() if k != "node_row_ptr"},
            "nodes": raw_nodes,
            "arg_nodes": [n for n, old in enumerate(wanted) if self.nodes[old].op == "null"],
            "heads": [[moved[index], k, 0] for index, k in heads],
        }
        return parse_symbol(json.dumps(raw), self.where)

    def variables(self) -> List[str]:
        """Names of all variables, in order."""
        return [node.name for node in self.nodes if node.op == "null"]

    def text(self) -> str:
        """The JSON, as MXNet loads it."""
        return json.dumps(self.raw)

    def _needed(self, heads: Sequence[Output]) -> set:
        needed: set = set()
        stack = [index for index, _ in heads]
        while stack:
            index = stack.pop()
            if index not in needed:
                needed.add(index)
                stack += [source for source, _ in self.nodes[index].inputs]
        return needed

    def _find(self, name: str) -> Output:
        found = []
        for index, node in enumerate(self.nodes):
            if node.name == name:
                found.append((index, self._only_output(index)))
            elif node.op != "null" and name.startswith(node.name + "_"):
                output = _output_index(node.op, name[len(node.name) + 1 :])
                if output is not None:
                    found.append((index, output))
        if len(found) == 1:
            return found[0]
        if found:
            raise ModelError(
                f"'{name}' names {len(found)} outputs; give its nodes names of their own"
            )
        near = difflib.get_close_matches(name, self._output_names(), n=3)
        hint = f"; similar are {', '.join(near)}" if near else ""
        raise ModelError(f"there is no output '{name}'{hint}")

    def _count(self, index: int) -> int:
        """Outputs of a node that somebody reads, one at least."""
        read = [k for node in self.nodes for i, k in node.inputs if i == index]
        read += [k for i, k in self.heads if i == index]
        return max(read, default=0) + 1

    def _only_output(self, index: int) -> int:
        node, count = self.nodes[index], self._count(index)
        own = operator_info.own_output_names(operator_info.canonical_name(node.op))
        if count > 1 and own[:1] != ("output",):  # there the others have names of their own
            names = ", ".join(f"{node.name}_output{k}" for k in range(count))
            raise ModelError(f"'{node.name}' has several outputs: {names}")
        return 0

    def _output_names(self) -> List[str]:
        names = []
        for index, node in enumerate(self.nodes):
            if node.op == "null":
                names.append(node.name)
                continue
            op_type, count = operator_info.canonical_name(node.op), self._count(index)
            names += [
                f"{node.name}_{operator_info.output_name(op_type, k, count)}" for k in range(count)
            ]
        return names


def _output_index(op: str, suffix: str) -> Optional[int]:
    """Which output of an operator ``suffix`` names, or None."""
    own = operator_info.own_output_names(operator_info.canonical_name(op))
    if suffix in own:
        return own.index(suffix)
    match = re.fullmatch(r"output(\d*)", suffix)
    return int(match.group(1) or 0) if match else None


def parse_symbol(text: Union[str, bytes], where: str = "the symbol") -> SymbolJson:
    """Check the form of a symbol's JSON.

    Parameters
    ----------
    text : str or bytes
    where : str
        What to call it in messages.

    Raises
    ------
    ModelError
        If it is not JSON, or not that of a symbol.
    """
    try:
        raw = json.loads(text.decode("utf-8-sig") if isinstance(text, bytes) else text)
    except (ValueError, RecursionError) as error:
        what = "ends too early" if _is_cut(text, error) else "is no JSON"
        raise ModelError(f"{where} is not an MXNet symbol: it {what} ({error})") from error
    return _parse(raw, where, None)


def _is_cut(text: Union[str, bytes], error: Exception) -> bool:
    end = len(text.rstrip()) - 1
    return isinstance(error, json.JSONDecodeError) and error.pos >= end > 0


def _parse(raw: Any, where: str, version: Optional[int]) -> SymbolJson:
    try:
        if version is None:
            version = _version(raw)
        nodes = tuple(_parse_node(entry, k, where, version) for k, entry in enumerate(raw["nodes"]))
        heads = tuple(_output(head, len(nodes)) for head in raw["heads"])
        numpy_shapes = bool(int(raw.get("attrs", {}).get("is_np_shape", ["int", 0])[1]))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        reason = f"no '{error.args[0]}'" if isinstance(error, KeyError) else str(error)
        raise ModelError(f"{where} is not an MXNet symbol ({reason})") from error
    if not heads:
        raise ModelError(f"{where} has no outputs")
    return SymbolJson(where, nodes, heads, version, raw, numpy_shapes)


def _version(raw: Mapping[str, Any]) -> int:
    entry = raw.get("attrs", {}).get("mxnet_version", ["int", OLDEST_VERSION])
    return int(entry[1])


def _parse_node(entry: Any, index: int, where: str, version: int) -> NodeDict:
    name, op = entry["name"], entry["op"]
    if not isinstance(name, str) or not isinstance(op, str):
        raise ValueError(f"node {index} has no name or no operator")
    attrs: Dict[str, str] = {}
    for key in ("param", "attr", "attrs"):  # 0.8 and before, 0.9, and since
        attrs.update((str(k), str(v)) for k, v in (entry.get(key) or {}).items())
    try:
        inputs = tuple(_output(i, index) for i in entry.get("inputs", ()))
    except ValueError:
        raise ValueError(f"node '{name}' reads a node that does not come before it") from None
    subgraphs = tuple(
        _parse(part, f"{where}, the body of '{name}'", version)
        for part in entry.get("subgraphs", ())
    )
    return NodeDict(op, name, attrs, inputs, subgraphs)


def _output(entry: Sequence[int], before: int) -> Output:
    index, output = entry[0], entry[1]
    if not (type(index) is type(output) is int and 0 <= index < before and output >= 0):
        raise ValueError(f"{list(entry)} is no output of a node")
    return index, output
