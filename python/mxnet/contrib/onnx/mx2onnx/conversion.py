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
"""A converted model in memory: what the file will hold, and what became of every MXNet node."""

from __future__ import annotations

import dataclasses
from typing import Dict, List, Mapping, Optional

from onnx import ModelProto, NodeProto, ValueInfoProto, helper

from .inference import TensorType
from .symbol_file import Graph, Node, Output
from .symbol_json import SymbolJson
from .tensors import Tensor
from .writing import Target, to_proto, write_model

PRODUCER = "mxnet.contrib.onnx"


@dataclasses.dataclass(frozen=True)
class Value:
    """What became of one output of one MXNet node.

    Attributes
    ----------
    name : str or None
        The value in the ONNX graph; None where it exists only inside of another node, as a
        convolution's output does whose BatchNorm was folded into it.
    type : TensorType
        dtype and sizes, as inferred.
    stands_in : bool
        Whether sizes of 1 stand for some that MXNet infers from the value's readers, see
        :meth:`.Emitter.filled`.
    """

    name: Optional[str]
    type: TensorType
    stands_in: bool = False


@dataclasses.dataclass(frozen=True)
class Conversion:
    """A model that is converted and checked, and not yet written.

    Attributes
    ----------
    symbol : SymbolJson
        The symbol that was converted, cut to the outputs asked for; ``symbol.text()`` is what MXNet
        loads.
    tensors : dict of str to Tensor
        All parameters that were given, by MXNet's names.
    graph : Graph
        The same symbol in canonical operators; node indices in ``values`` count in it.
    live : list of int
        The nodes that the outputs depend on.
    opset : int
    inputs, outputs : dict of str to TensorType
        Of the ONNX model, in order.
    input_names : dict of str to str
        MXNet's variable to the ONNX model's input.
    values : dict of (int, int) to Value
        (node index, output index) of every live node.
    nodes : list of onnx.NodeProto
    constants : dict of str to Tensor
        The initializers; their numbers are read when they are written.
    value_types : dict of str to TensorType
        Of the values between inputs and outputs.
    domains : dict of str to int
        Operator domains beside ONNX's own, and their versions.
    external_data : bool or None
        Whether :meth:`write` puts the weights into a file of their own; None decides by size.
    """

    symbol: SymbolJson
    tensors: Mapping[str, Tensor]
    graph: Graph
    live: List[int]
    opset: int
    inputs: Dict[str, TensorType]
    outputs: Dict[str, TensorType]
    input_names: Dict[str, str]
    values: Dict[Output, Value]
    nodes: List[NodeProto]
    constants: Dict[str, Tensor]
    value_types: Dict[str, TensorType]
    domains: Dict[str, int]
    external_data: Optional[bool] = None

    def model(self) -> ModelProto:
        """The model without its initializers."""
        graph = helper.make_graph(self.nodes, "mxnet", _infos(self.inputs), _infos(self.outputs))
        graph.value_info.extend(_infos(self.value_types))
        imports = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(
            graph,
            ir_version=helper.find_min_ir_version_for(imports),
            producer_name=PRODUCER,
            producer_version=_version(),
        )
        del model.opset_import[:]
        model.opset_import.extend(imports)
        model.opset_import.extend(helper.make_opsetid(*d) for d in sorted(self.domains.items()))
        return model

    def to_proto(self) -> ModelProto:
        """The whole model in memory.

        Raises
        ------
        ModelError
            If it is larger than protobuf allows, 2 GB.
        """
        return to_proto(self.model(), self.constants)

    def write(self, target: Target) -> None:
        """Write the model to a binary file, or to a path: it then has it whole or is as before."""
        write_model(self.model(), self.constants, target, self.external_data)

    def summary(self) -> str:
        """A line or two on what came out."""
        before = sum(isinstance(self.graph.nodes[index], Node) for index in self.live)
        size = sum(tensor.nbytes for tensor in self.constants.values()) / 2**20
        return (
            f"{before} MXNet nodes became {len(self.nodes)} ONNX nodes of opset {self.opset} "
            f"with {size:.1f} MB of weights\n"
            f"inputs: {_listed(self.inputs)}; outputs: {_listed(self.outputs)}"
        )


def _infos(types: Mapping[str, TensorType]) -> List[ValueInfoProto]:
    return [helper.make_value_info(name, kind.proto()) for name, kind in types.items()]


def _listed(types: Mapping[str, TensorType]) -> str:
    return ", ".join(f"{name} {kind.dtype}[{_sizes(kind)}]" for name, kind in types.items())


def _sizes(kind: TensorType) -> str:
    if kind.dims is None:
        return "..."
    return ", ".join("?" if size is None else str(size) for size in kind.dims)


def _version() -> str:
    from .. import __version__

    return __version__
