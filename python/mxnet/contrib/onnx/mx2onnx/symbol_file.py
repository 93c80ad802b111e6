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
"""Read ``*-symbol.json`` as any MXNet from 0.8 to 1.9 wrote it, into one form: canonical names, typed values."""

import dataclasses
import json
from typing import Any, Dict, List, Set, Tuple, Union

from ..errors import ModelError
from . import operator_info

HIDDEN = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage", "profiler_scope")


@dataclasses.dataclass
class Variable:
    name: str
    attrs: Dict[str, str]


@dataclasses.dataclass
class Node:
    """One operator call. ``inputs`` are (node index, output index) pairs or Python numbers (scalar operands)."""

    name: str
    op_type: str
    inputs: List[Union[Tuple[int, int], float]]
    values: Dict[str, Any]
    changed: Set[str]  # parameters that differ from MXNet's default


@dataclasses.dataclass
class Graph:
    nodes: List[Union[Variable, Node]]
    heads: List[Tuple[int, int]]

    def live(self):
        """Indices that the heads need, in order."""
        wanted, stack = set(), [i for i, _ in self.heads]
        while stack:
            index = stack.pop()
            if index not in wanted:
                wanted.add(index)
                stack += [
                    s[0] for s in getattr(self.nodes[index], "inputs", ()) if isinstance(s, tuple)
                ]
        return sorted(wanted)


def _hidden(key):
    return key.startswith("__") or any(key == h or key.endswith("_" + h) for h in HIDDEN)


def read_symbol(text):
    try:
        data = json.loads(text)
        version = data.get("attrs", {}).get("mxnet_version", [0, 800])[1]
        raw, heads = data["nodes"], [(h[0], h[1]) for h in data["heads"]]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ModelError("this is not an MXNet symbol file") from error
    nodes, index = [], {}
    for old, entry in enumerate(raw):
        attrs = {**entry.get("param", {}), **entry.get("attr", {}), **entry.get("attrs", {})}
        name, op_type = entry["name"], operator_info.canonical_name(entry["op"])
        if op_type == "null":
            nodes.append(Variable(name, attrs))
        else:
            attrs = {k: v for k, v in attrs.items() if not _hidden(k)}
            if version < 905 and op_type in ("argmax", "argmin") and attrs.get("axis") == "-1":
                del attrs["axis"]  # meant "all axes" then
            if any(i[0] not in index for i in entry["inputs"]):
                raise ModelError(f"node '{name}' reads a node that does not come before it")
            inputs = [(index[i[0]], i[1]) for i in entry["inputs"]]
            if version < 900 and op_type.startswith("BatchNorm"):
                expected = operator_info.inputs(op_type)  # auxiliary states were not nodes yet
                for missing in expected[len(inputs) :]:
                    nodes.append(Variable(f"{name}_{missing}", {}))
                    inputs.append((len(nodes) - 1, 0))
            values, changed = (
                operator_info.decode(op_type, attrs, name)
                if operator_info.known(op_type)
                else (attrs, set())
            )
            nodes.append(Node(name, op_type, inputs, values, changed))
        index[old] = len(nodes) - 1
    return Graph(nodes, [(index[i], k) for i, k in heads])
