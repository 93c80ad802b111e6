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
"""What a model is, in a few aligned lines."""

from __future__ import annotations

import collections
import math
import os
from typing import Iterable, List, Sequence, Tuple

import onnx

from ..dtypes import onnx_name
from ..reporting import aligned, counted, shape, size

Rows = List[Tuple[str, str]]


def onnx_model(model: onnx.ModelProto) -> List[str]:
    """Lines about an ONNX model; its weights are not looked at."""
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    opsets = ", ".join(f"{o.domain or 'ai.onnx'} {o.version}" for o in model.opset_import)
    maker = " ".join(filter(None, (model.producer_name, model.producer_version)))
    rows: Rows = [("made by", maker)] if maker else []
    rows.append(("opset", f"{opsets or 'none said'}; IR version {model.ir_version}"))
    rows += values("input", [v for v in graph.input if v.name not in weights])
    rows += values("output", graph.output)
    rows.append(("weights", _weights(graph.initializer)))
    rows.append(("nodes", operators(node.op_type for node in graph.node)))
    if model.functions:
        rows.append(("functions", ", ".join(f.name for f in model.functions)))
    return aligned(rows, indent=2)


def values(kind: str, infos: Iterable[onnx.ValueInfoProto]) -> Rows:
    """A row an input or output."""
    return [(kind, f"{info.name}  {_type(info.type)}") for info in infos]


def _type(kind: onnx.TypeProto) -> str:
    if kind.WhichOneof("value") != "tensor_type":
        return (kind.WhichOneof("value") or "of unknown type").replace("_type", "")
    tensor = kind.tensor_type
    if not tensor.HasField("shape"):
        return f"{onnx_name(tensor.elem_type)} of unknown rank"
    sizes = [d.dim_value or d.dim_param or None for d in tensor.shape.dim]
    return f"{onnx_name(tensor.elem_type)} {shape(sizes)}"


def _weights(tensors: Sequence[onnx.TensorProto]) -> str:
    numbers = sum(math.prod(t.dims) for t in tensors)
    return f"{counted(len(tensors), 'tensor')}, {numbers:,} numbers"


def operators(op_types: Iterable[str]) -> str:
    """How many nodes there are, and of which operators."""
    counts = collections.Counter(op_types)
    each = ", ".join(f"{n} {op_type}" for op_type, n in counts.most_common())
    return f"{sum(counts.values())}: {each}" if counts else "none"


def files(paths: Iterable[str]) -> List[str]:
    """A line a file, with its size."""
    return [f"wrote {path}  {size(os.path.getsize(path))}" for path in paths]
