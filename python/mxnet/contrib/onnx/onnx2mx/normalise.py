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
"""Second step of an import: bring the many spellings of a model into one form, or refuse it."""

from __future__ import annotations

import dataclasses
from typing import Dict, Iterable, List, Tuple

import onnx
from onnx import FunctionProto, ModelProto

from ..errors import ModelError, refuse
from ..opset import NEWEST_OPSET
from .graph import Graph, GraphReader, check_texts
from .loading import LoadedModel
from .tensors import TensorReader

#: Domain, name and overload of a model-local function.
FunctionKey = Tuple[str, str, str]


@dataclasses.dataclass(frozen=True)
class Model:
    """A model in plain form.

    Attributes
    ----------
    graph : Graph
    opsets : dict of str to int
        Opset of every imported domain; ai.onnx is ``""``.
    functions : dict of FunctionKey to onnx.FunctionProto
        The model's own functions.
    tensors : TensorReader
    proto : onnx.ModelProto
        For what is only reported.
    source : str
    """

    graph: Graph
    opsets: Dict[str, int]
    functions: Dict[FunctionKey, FunctionProto]
    tensors: TensorReader
    proto: ModelProto
    source: str


def normalise(loaded: LoadedModel) -> Model:
    """Check the structure of a model and bring it into plain form.

    Initializers count as constants whether or not they are repeated as inputs, and so do constant
    nodes; nodes are in order and have names.

    Raises
    ------
    ModelError
        Everything that is wrong with the structure, at once.
    """
    proto = loaded.proto
    reader = GraphReader(loaded.tensors)
    try:
        opsets = opset_versions(proto)
        graph = reader.graph(proto.graph)
        functions = _functions(proto, reader.problems)
    except (UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"{loaded.source} is damaged: {error}") from None
    problems = reader.problems
    problems += [
        ModelError(f"{reader_name} reads '{name}', which nothing makes")
        for name, reader_name in graph.free.items()
    ]
    if not graph.outputs:
        problems.append(ModelError("the graph has no outputs"))
    if problems:
        refuse(problems, f"{loaded.source} is not a valid model:")
    return Model(graph, opsets, functions, loaded.tensors, proto, loaded.source)


def opset_versions(proto: ModelProto) -> Dict[str, int]:
    """Opset of every domain that the model imports; 1 of ai.onnx in files older than opsets.

    Raises
    ------
    ModelError
        If the IR version is missing or newer than the installed ``onnx``, or imports contradict.
    """
    if proto.ir_version < 1:
        raise ModelError(f"IR version {proto.ir_version} cannot be; the model is damaged")
    if proto.ir_version > onnx.IR_VERSION:
        raise ModelError(
            f"the model is of IR version {proto.ir_version}, the installed onnx "
            f"{onnx.__version__} knows versions up to {onnx.IR_VERSION}; update onnx"
        )
    versions = imported_versions(proto.opset_import)
    if not versions and proto.ir_version >= 3:
        raise ModelError("the model imports no opset, which since IR version 3 it must")
    if versions.get("", 1) > NEWEST_OPSET:
        raise ModelError(
            f"the model is of opset {versions['']}, the installed onnx {onnx.__version__} knows "
            f"opsets up to {NEWEST_OPSET}; update onnx"
        )
    return versions or {"": 1}


def imported_versions(imports: Iterable[onnx.OperatorSetIdProto]) -> Dict[str, int]:
    """Version by domain of a list of imports."""
    versions: Dict[str, int] = {}
    imports = list(imports)
    check_texts(entry.domain for entry in imports)
    for entry in imports:
        domain = "" if entry.domain == "ai.onnx" else str(entry.domain)
        called = domain or "ai.onnx"
        if entry.version < 1:
            raise ModelError(f"opset {entry.version} of {called} is imported, which cannot be")
        if versions.setdefault(domain, entry.version) != entry.version:
            raise ModelError(
                f"opsets {versions[domain]} and {entry.version} of {called} are both imported"
            )
    return versions


def _functions(proto: ModelProto, problems: List[ModelError]) -> Dict[FunctionKey, FunctionProto]:
    functions: Dict[FunctionKey, FunctionProto] = {}
    for function in proto.functions:
        check_texts([function.domain, function.name], function.input, function.output)
        domain = "" if function.domain == "ai.onnx" else function.domain
        key = (domain, function.name, getattr(function, "overload", ""))
        if key in functions:
            problems.append(ModelError(f"function {'.'.join(filter(None, key))} is defined twice"))
        functions[key] = function
    return functions
