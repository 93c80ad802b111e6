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
"""What an ONNX file says of itself, read without its weights and without MXNet."""

from __future__ import annotations

from typing import Any, Dict, List

from onnx import FunctionProto

from ..dtypes import onnx_name
from .graph import ValueInfo, check_texts, dimension_names
from .loading import ModelFile, load
from .normalise import opset_versions


def get_model_metadata(model_file: ModelFile) -> Dict[str, Any]:
    """Names, shapes and types of a model's inputs and outputs, and what else it says of itself.

    Parameters
    ----------
    model_file : str, os.PathLike, bytes, binary file object or onnx.ModelProto

    Returns
    -------
    dict
        - ``"input_tensor_data"``, ``"output_tensor_data"``: list of (name, shape), as MXNet has
          always had them. A size is an int, the name of a dimension that varies, or None where
          nothing is known of it; the shape is None where not even the rank is known. Inputs that an
          initializer fixes are left out.
        - ``"input_types"``, ``"output_types"``: dict of name to element type (``"float32"``), or
          to the kind (``"sequence"``) of what is no tensor.
        - ``"opsets"``: dict of domain to version, ``"ai.onnx"`` for ONNX's own.
        - ``"ir_version"`` : int
        - ``"producer_name"``, ``"producer_version"``, ``"domain"``, ``"doc_string"`` : str
        - ``"model_version"`` : int
        - ``"graph_name"`` : str
        - ``"metadata_props"``: dict of str to str
        - ``"functions"``: list of ``"domain.name"``, the model's own operators.

    Raises
    ------
    ModelError
        If it cannot be read or is no ONNX model.
    """
    proto = load(model_file).proto
    graph = proto.graph
    texts = [
        graph.name,
        proto.producer_name,
        proto.producer_version,
        proto.domain,
        proto.doc_string,
    ]
    values = [*graph.input, *graph.output]
    check_texts(texts, [v.name for v in values], *map(dimension_names, values))
    fixed = {t.name for t in graph.initializer} | {s.values.name for s in graph.sparse_initializer}
    inputs = [ValueInfo.read(v) for v in graph.input if v.name not in fixed]
    outputs = [ValueInfo.read(v) for v in graph.output]
    return {
        "input_tensor_data": [(v.name, v.shape) for v in inputs],
        "output_tensor_data": [(v.name, v.shape) for v in outputs],
        "input_types": _types(inputs),
        "output_types": _types(outputs),
        "opsets": {domain or "ai.onnx": n for domain, n in opset_versions(proto).items()},
        "ir_version": proto.ir_version,
        "producer_name": proto.producer_name,
        "producer_version": proto.producer_version,
        "domain": proto.domain,
        "model_version": proto.model_version,
        "graph_name": graph.name,
        "doc_string": proto.doc_string,
        "metadata_props": {entry.key: entry.value for entry in proto.metadata_props},
        "functions": list(map(_function_name, proto.functions)),
    }


def _types(values: List[ValueInfo]) -> Dict[str, str]:
    return {v.name: onnx_name(v.data_type) if v.kind == "tensor" else v.kind for v in values}


def _function_name(function: FunctionProto) -> str:
    return ".".join(filter(None, (function.domain, function.name)))
