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
"""What a node must keep to: the arguments and element types that its operator's schema says."""

from __future__ import annotations

import functools
from typing import Container, Dict, List, Optional, Sequence

import numpy as np

from onnx import AttributeProto, TensorProto, defs

from ..dtypes import onnx_data_type
from ..errors import ModelError, TranslationError
from ..opset import OpSchema
from .graph import Node


def malformed(node: Node, schema: OpSchema) -> List[str]:
    """Everything in which a node contradicts its operator's schema, types of inputs aside."""
    faults = []
    record = schema.proto
    for what, names, least, most in (
        ("inputs", node.inputs, record.min_input, record.max_input),
        ("outputs", node.outputs, record.min_output, record.max_output),
    ):
        if not least <= len(names) <= most:
            bounds = str(least) if least == most else f"{least} to {most}"
            faults.append(f"has {len(names)} {what}, the operator has {bounds}")
    for index, name in enumerate(node.inputs):
        if not name and schema.requires(index):
            faults.append(f"its input {schema.inputs[index]} is required and left out")
    given: Dict[str, AttributeProto] = {}
    for attribute in node.proto.attribute:
        if attribute.name in given:
            faults.append(f"attribute {attribute.name} is given twice")
        given[attribute.name] = attribute
        wanted = schema.attribute_type(attribute.name) if attribute.name in schema.attributes else 0
        if wanted and attribute.type != wanted and not _is_empty(attribute):
            kinds = AttributeProto.AttributeType
            faults.append(
                f"attribute {attribute.name} is {kinds.Name(attribute.type)}, the operator wants "
                f"{kinds.Name(wanted)}"
            )
    faults += [
        f"attribute {name} is required and not given"
        for name, attribute in schema.attributes.items()
        if attribute.required and name not in given
    ]
    return faults


def _is_empty(attribute: AttributeProto) -> bool:
    """Whether it is an empty list, whose type files of IR version 1 do not say."""
    return attribute.type == AttributeProto.INTS and not attribute.ints


data_type = functools.lru_cache(maxsize=None)(onnx_data_type)


@functools.lru_cache(maxsize=None)
def tensor_kind(dtype: np.dtype) -> str:
    """ONNX's spelling of a tensor type: ``"tensor(float)"`` for float32.

    Raises
    ------
    ModelError
        If ONNX has no tensors of it.
    """
    if not data_type(dtype):
        raise ModelError(f"ONNX has no tensors of {dtype}")
    return f"tensor({TensorProto.DataType.Name(data_type(dtype)).lower()})"


def check_input_types(
    schema: OpSchema, dtypes: Sequence[Optional[np.dtype]], names: Sequence[str]
) -> Dict[str, np.dtype]:
    """Hold the types of a node's inputs against its schema.

    Parameters
    ----------
    dtypes : sequence of numpy.dtype or None
        None for an input that is left out or is no tensor.
    names : sequence of str
        What the inputs are called in the model.

    Returns
    -------
    dict of str to numpy.dtype
        What the schema's type variables stand for.

    Raises
    ------
    ModelError
        If the operator does not allow a type, or wants one type where there are two.
    """
    bound: Dict[str, np.dtype] = {}
    formal = schema.proto.inputs
    for index, dtype in enumerate(dtypes):
        if dtype is None or not formal:
            continue
        parameter = formal[min(index, len(formal) - 1)]
        if not _is_one_of(tensor_kind(dtype), schema.kinds(parameter)):
            kind = tensor_kind(dtype)[len("tensor(") : -1]
            raise ModelError(
                f"its input {parameter.name}, '{names[index]}', is of {kind}, which the operator "
                "does not take"
            )
        if not _binds(parameter):
            continue
        if bound.setdefault(parameter.type_str, dtype) != dtype:
            first = bound[parameter.type_str]
            raise ModelError(
                f"its inputs are of {first} and {dtype} ({parameter.name}), which must be the same"
            )
    return bound


def output_types(
    schema: OpSchema, bound: Dict[str, np.dtype], count: int
) -> List[Optional[np.dtype]]:
    """Types of a node's first ``count`` outputs as its inputs bind them, None where they do not."""
    formal = schema.proto.outputs
    parameters = [formal[min(index, len(formal) - 1)] for index in range(count)] if formal else []
    return [bound.get(p.type_str) if _binds(p) else None for p in parameters]


def check_output_types(
    schema: OpSchema, bound: Dict[str, np.dtype], dtypes: Sequence[Optional[np.dtype]]
) -> None:
    """Hold the types of what a row returned against the schema.

    Raises
    ------
    TranslationError
        If the row made something of another type than the specification says.
    """
    formal = schema.proto.outputs
    for index, dtype in enumerate(dtypes):
        if dtype is None or not formal:
            continue
        parameter = formal[min(index, len(formal) - 1)]
        wanted = bound.get(parameter.type_str) if _binds(parameter) else None
        kinds = schema.kinds(parameter)
        if (wanted is not None and wanted != dtype) or not _is_one_of(tensor_kind(dtype), kinds):
            says = wanted or " or ".join(sorted(kinds))
            raise TranslationError(
                f"its row gives {parameter.name} as {dtype} where the specification says {says}"
            )


def _is_one_of(kind: str, kinds: Container[str]) -> bool:
    """Whether a tensor may stand there; it is an optional that holds it as well."""
    return kind in kinds or f"optional({kind})" in kinds


def _binds(parameter: defs.OpSchema.FormalParameter) -> bool:
    """Whether all uses of the parameter's type variable are one type."""
    variadic = parameter.option == defs.OpSchema.FormalParameterOption.Variadic
    return parameter.is_homogeneous or not variadic
