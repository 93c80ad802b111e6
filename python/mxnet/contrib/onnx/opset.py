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
"""ONNX's own record of its operators: the one source of argument names, defaults and versions."""

from __future__ import annotations

import functools
from typing import Any, Dict, FrozenSet, Mapping, Optional, Tuple

from onnx import AttributeProto, GraphProto, defs, helper

from .errors import ModelError

#: Newest ai.onnx opset that the installed ``onnx`` knows.
NEWEST_OPSET: int = defs.onnx_opset_version()
#: Opsets that :func:`export_model` writes: what the installed ``onnx`` and ONNX Runtime 1.32 share.
TARGET_OPSETS: range = range(11, min(NEWEST_OPSET, 28) + 1)
#: Written unless the user asks otherwise: runtimes since 2023 load it, and it is the first opset
#: with LayerNormalization.
DEFAULT_TARGET_OPSET: int = 17


class OpSchema:
    """One version of one ONNX operator, as ``onnx.defs`` records it.

    Attributes
    ----------
    op_type, domain : str
    since_version : int
        Opset at which this version came in.
    inputs : tuple of str
        Names of the formal inputs, as the specification spells them.
    variadic : bool
        Whether the last formal input may be repeated.
    attributes : mapping of str to onnx.defs.OpSchema.Attribute
    """

    def __init__(self, schema: defs.OpSchema):
        self.proto = schema
        self.op_type: str = schema.name
        self.domain: str = schema.domain
        self.since_version: int = schema.since_version
        self.inputs: Tuple[str, ...] = tuple(i.name for i in schema.inputs)
        self.variadic: bool = any(
            i.option == defs.OpSchema.FormalParameterOption.Variadic for i in schema.inputs
        )
        self.attributes: Mapping[str, defs.OpSchema.Attribute] = dict(schema.attributes)
        self._kinds: Dict[str, FrozenSet[str]] = {
            c.type_param_str: frozenset(c.allowed_type_strs) for c in schema.type_constraints
        }
        self._attribute_names: Dict[str, str] = {a.casefold(): a for a in self.attributes}
        self._input_indices: Dict[str, int] = {n.casefold(): i for i, n in enumerate(self.inputs)}
        self._defaults: Dict[str, Any] = {
            name: plain_attribute(attribute.default_value)
            for name, attribute in self.attributes.items()
            if attribute.default_value.type
        }

    def default(self, attribute: str) -> Any:
        """Default that the specification gives ``attribute``, or None where it gives none."""
        return self._defaults.get(attribute)

    def attribute_name(self, name: str) -> Optional[str]:
        """The specification's spelling of attribute ``name``, letter case aside, or None."""
        return self._attribute_names.get(name.casefold())

    def input_index(self, name: str) -> Optional[int]:
        """Position of the formal input called ``name``, letter case aside, or None."""
        return self._input_indices.get(name.casefold())

    def attribute_type(self, attribute: str) -> int:
        """``onnx.AttributeProto`` type of ``attribute``."""
        kind = self.attributes[attribute].type
        return int(kind.value)  # type: ignore[attr-defined] # a native enum without stubs

    def input_kind(self, index: int) -> str:
        """Type of formal input ``index``: ``"tensor(int64)"``, or a type variable as ``"T"``."""
        formal = self.proto.inputs
        return formal[min(index, len(formal) - 1)].type_str

    def allows(self, index: int, kind: str) -> bool:
        """Whether formal input ``index`` may be of type ``kind``, such as ``"tensor(int64)"``."""
        formal = self.proto.inputs
        return kind in self.kinds(formal[min(index, len(formal) - 1)])

    def kinds(self, parameter: defs.OpSchema.FormalParameter) -> FrozenSet[str]:
        """Types that ``parameter``, one of the formal inputs or outputs, may have."""
        # its own ``types`` cannot be read in onnx 1.20
        return self._kinds.get(parameter.type_str) or frozenset([parameter.type_str])

    def requires(self, index: int) -> bool:
        """Whether formal input ``index`` may not be left out."""
        formal = self.proto.inputs
        return (
            index < len(formal)
            and formal[index].option == defs.OpSchema.FormalParameterOption.Single
        )


@functools.lru_cache(maxsize=None)
def schema_at(op_type: str, opset: int, domain: str = "") -> Optional[OpSchema]:
    """Schema of ``op_type`` in force at ``opset``, or None where ONNX has no such operator.

    Raises
    ------
    ModelError
        If ``opset`` of ai.onnx is newer than the installed ``onnx`` knows: its newest schema would
        be a guess.
    """
    if domain in ("", "ai.onnx"):
        domain = ""
        if opset > NEWEST_OPSET:
            raise ModelError(
                f"the model is of opset {opset}, the installed onnx knows opsets up to "
                f"{NEWEST_OPSET}; update onnx"
            )
    try:
        return OpSchema(defs.get_schema(op_type, opset, domain))
    except defs.SchemaError:
        return None


@functools.lru_cache(maxsize=None)
def _histories() -> Dict[Tuple[str, str], Tuple[int, ...]]:
    versions: Dict[Tuple[str, str], set] = {}
    for schema in defs.get_all_schemas_with_history():
        versions.setdefault((schema.name, schema.domain), set()).add(schema.since_version)
    return {key: tuple(sorted(found)) for key, found in versions.items()}


def history(op_type: str, domain: str = "") -> Tuple[int, ...]:
    """Every opset at which ``op_type`` was defined or changed, oldest first; empty if none."""
    return _histories().get((op_type, domain), ())


def plain_attribute(attribute: AttributeProto) -> Any:
    """Value of an attribute in plain Python: text as str, repeated as list, others as they are."""
    value = helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="surrogateescape")
    if isinstance(value, (str, GraphProto)) or not hasattr(value, "__iter__"):
        return value
    if attribute.type in (AttributeProto.INTS, AttributeProto.FLOATS):  # may be very many
        return list(value)
    return [
        v.decode("utf-8", errors="surrogateescape") if isinstance(v, bytes) else v for v in value
    ]
