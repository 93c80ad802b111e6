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
"""Cases of one node of any domain, whose attributes are Python values."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Tuple

import numpy as np
import onnx
import pytest
from import_cases import Case, _compare
from mxnet.contrib.onnx import TranslationError, import_model
from mxnet.contrib.onnx.onnx2mx.eager import run_eagerly
from onnx import helper, numpy_helper

ML = "ai.onnx.ml"


@dataclasses.dataclass(frozen=True, eq=False)
class NodeCase(Case):
    """A case of one node; ``opset`` is that of its domain.

    Attributes
    ----------
    domain, op_type : str
    attributes : dict
        Those that are None are left out; arrays become tensors.
    outputs : int
    name : str
        Of the case, where the attributes do not tell it from others.
    """

    domain: str = ML
    op_type: str = ""
    attributes: Dict[str, Any] = dataclasses.field(default_factory=dict)
    outputs: int = 1
    name: str = ""

    def __str__(self) -> str:
        said = {
            k: v
            for k, v in self.attributes.items()
            if isinstance(v, (int, float, str)) or (isinstance(v, list) and len(v) < 3)
        }
        shapes = ",".join("x".join(map(str, a.shape)) + a.dtype.name for a in self.inputs.values())
        return f"{self.op_type}-{self.opset}:{self.name}:{said or ''}:{shapes}".replace(" ", "")

    @property
    def opsets(self) -> Dict[str, int]:
        """Opset of every domain."""
        return {"": 17, self.domain: self.opset}

    def model(self, opset: int = 0) -> onnx.ModelProto:
        """The case as a model."""
        attributes = {
            name: numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
            for name, value in self.attributes.items()
            if value is not None
        }
        outputs = [f"out{i}" for i in range(self.outputs)]
        node = helper.make_node(
            self.op_type, list(self.arrays), outputs, domain=self.domain, **attributes
        )
        constants = {n: a.array for n, a in self.arrays.items() if n not in self.inputs}
        graph = helper.make_graph(
            [node],
            self.op_type,
            [helper.make_tensor_value_info(n, _type(a), a.shape) for n, a in self.inputs.items()],
            [onnx.ValueInfoProto(name=name) for name in outputs],
            [numpy_helper.from_array(a, n) for n, a in constants.items()],
        )
        versions = {**self.opsets, self.domain: opset or self.opset}
        imports = [helper.make_opsetid(domain, version) for domain, version in versions.items()]
        return helper.make_model(graph, opset_imports=imports, ir_version=8)


def _type(array: np.ndarray) -> int:
    if array.dtype.kind in "OUS":
        return onnx.TensorProto.STRING
    return helper.np_dtype_to_tensor_dtype(array.dtype)


def node(op_type: str, opset: int, attributes: Dict[str, Any], **more: Any) -> NodeCase:
    """A :class:`NodeCase`; what is none of its attributes is an array."""
    fields = {f.name for f in dataclasses.fields(NodeCase)}
    options = {k: more.pop(k) for k in fields & set(more)}
    return NodeCase(opset, "", more, op_type=op_type, attributes=attributes, **options)


def words(*texts: str, shape: Tuple[int, ...] = ()) -> np.ndarray:
    """Strings."""
    array = np.array(texts, object)
    return array.reshape(shape) if shape else array


def check_eagerly(case: Case, refused: str = "") -> None:
    """Run ``case`` operator by operator against its reference; a symbol of it is ``refused``."""
    wanted = [np.asarray(a) for a in case.reference(case.inputs)]
    results = [_objects(a) for a in run_eagerly(case.model(), case.inputs)]
    _compare("eager", results, [_objects(a) for a in wanted], case.tolerance, lambda shape: shape)
    if refused:
        with pytest.raises(TranslationError, match=refused):
            import_model(case.model())


def _objects(array: Any) -> np.ndarray:
    """Strings of any width as objects."""
    array = np.asarray(array)
    return array.astype(object) if array.dtype.kind in "US" else array
