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
"""What a row gives an ONNX operator, held against the operator's schema at the target opset."""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, Mapping, NoReturn, Optional, Sequence, Tuple

import numpy as np

from onnx import AttributeProto, numpy_helper

from ..errors import TranslationError
from ..opset import OpSchema, history, schema_at

_ATTRIBUTES: Mapping[int, Callable[[Any], Any]] = {
    AttributeProto.INT: int,
    AttributeProto.FLOAT: float,
    AttributeProto.STRING: str,
    AttributeProto.STRINGS: list,
    AttributeProto.INTS: lambda v: [int(i) for i in v],
    AttributeProto.FLOATS: lambda v: [float(f) for f in v],
    AttributeProto.TENSOR: lambda v: numpy_helper.from_array(np.asarray(v)),
    AttributeProto.GRAPH: lambda v: v,
}
_NUMPY = {"float": "float32", "double": "float64"}
_ONNX = {"float32": "float", "float64": "double"}


def schema_for(op_type: str, opset: int) -> OpSchema:
    """The schema of ``op_type`` at ``opset``; where there is none, since when there is one.

    Raises
    ------
    TranslationError
    """
    schema = schema_at(op_type, opset)
    if schema is not None and not schema.proto.deprecated:
        return schema
    since = [version for version in history(op_type) if version > opset]
    if schema is None and since:
        raise TranslationError(
            f"{op_type} is in ONNX since opset {since[0]}; give opset_version={since[0]} or more"
        )
    raise TranslationError(f"ONNX has no operator {op_type} at opset {opset}")


def attribute_value(schema: OpSchema, attribute: str, value: Any) -> Any:
    """``value`` in the type that ``attribute`` has, or None where it is the default."""
    kind, default = schema.attribute_type(attribute), schema.default(attribute)
    value = _ATTRIBUTES[kind](value)
    if default is not None and kind == AttributeProto.FLOAT:
        return None if np.float32(value) == np.float32(default) else value
    return None if value == default else value


def refuse_argument(schema: OpSchema, name: str, opset: int) -> NoReturn:
    """Say that the operator has no argument ``name``, or since when it has."""
    for version in history(schema.op_type):
        later = schema_at(schema.op_type, version) if version > opset else None
        if later and (later.attribute_name(name) or later.input_index(name) is not None):
            raise TranslationError(
                f"{schema.op_type} has '{name}' since opset {version}; "
                f"give opset_version={version} or more"
            )
    raise TranslationError(f"{schema.op_type}-{schema.since_version} has no '{name}'")


def check_counts(schema: OpSchema, inputs: int, outputs: int) -> None:
    """Refuse a number of inputs or outputs that the operator cannot have."""
    proto = schema.proto
    for what, count, least, most in (
        ("inputs", inputs, proto.min_input, proto.max_input),
        ("outputs", outputs, proto.min_output, proto.max_output),
    ):
        if not least <= count <= most:
            raise TranslationError(
                f"{schema.op_type}-{schema.since_version} takes {least} to {most} {what}, "
                f"not {count}"
            )


def check_dtypes(
    schema: OpSchema, inputs: Sequence[Optional[Tuple[str, np.dtype]]], opset: int
) -> None:
    """Refuse dtypes that the operator does not take, or not beside each other.

    Parameters
    ----------
    schema : OpSchema
    inputs : sequence of (str, numpy.dtype) or None
        Names and dtypes; None for an input that is left out.
    opset : int
        The target: a later one may take the dtype.
    """
    first: Dict[str, Tuple[str, np.dtype]] = {}  # by what ONNX calls their common type
    for index, given in enumerate(inputs):
        if given is None:
            continue
        if not schema.allows(index, _tensor_of(given[1])):
            _refuse_dtype(schema, index, given[1], opset)
        other = first.setdefault(schema.input_kind(index), given)
        if given[1] != other[1] and _is_homogeneous(schema, index):
            raise TranslationError(
                f"{schema.op_type} takes operands of one dtype; '{other[0]}' is of {other[1]}, "
                f"'{given[0]}' of {given[1]} (in_types= says the dtypes of inputs)"
            )


def _refuse_dtype(schema: OpSchema, index: int, dtype: np.dtype, opset: int) -> NoReturn:
    later = [
        version
        for version in history(schema.op_type)
        if version > opset
        and (newer := schema_at(schema.op_type, version)) is not None
        and newer.allows(index, _tensor_of(dtype))
    ]
    formal = schema.inputs[min(index, len(schema.inputs) - 1)]
    remedy = f"; it does since opset {later[0]}" if later else ""
    raise TranslationError(
        f"{schema.op_type}-{schema.since_version} takes no {dtype} for '{formal}'{remedy}"
    )


def _is_homogeneous(schema: OpSchema, index: int) -> bool:
    """Whether input ``index`` must have the dtype of others of its kind; a loop's need not."""
    formal = schema.proto.inputs
    return bool(formal[min(index, len(formal) - 1)].is_homogeneous)


def fixed_dtype(kind: str) -> np.dtype:
    """The dtype of a type such as ``"tensor(float)"``."""
    name = kind[len("tensor(") : -1]
    return np.dtype(_NUMPY.get(name, name))


@functools.lru_cache(maxsize=None)
def _tensor_of(dtype: np.dtype) -> str:
    """``"tensor(float)"``, as ONNX's schemas write types."""
    return f"tensor({_ONNX.get(dtype.name, dtype.name)})"
