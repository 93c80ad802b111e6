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
"""Element types: how ONNX, NumPy and MXNet call them, and what carries those that MXNet lacks."""

from __future__ import annotations

import dataclasses
from typing import Dict, Optional, Tuple

import numpy as np
from numpy.typing import DTypeLike

from onnx import TensorProto, helper

from .errors import TranslationError


@dataclasses.dataclass(frozen=True)
class ElementType:
    """One element type.

    Attributes
    ----------
    name : str
        ONNX's name in lower case; NumPy's too where NumPy has the type.
    onnx : int
        ``onnx.TensorProto`` data type.
    numpy : numpy.dtype or None
        None where NumPy itself has no such type.
    mxnet : int or None
        MXNet's type flag, as its parameter files hold it; None where MXNet lacks the type.
    carrier : str
        Element type of MXNet that holds every value, ``""`` where none does. Of uint64 it holds
        those below 2 ** 63, and the bits of the others.
    """

    name: str
    onnx: int
    numpy: Optional[np.dtype]
    mxnet: Optional[int]
    carrier: str


def _type(
    name: str, mxnet: Optional[int] = None, carrier: str = "", numpy: bool = True
) -> ElementType:
    dtype = np.dtype(name) if numpy else None
    return ElementType(name, _onnx(name), dtype, mxnet, name if mxnet is not None else carrier)


def _onnx(name: str) -> int:
    return TensorProto.DataType.Value(
        {"float32": "FLOAT", "float64": "DOUBLE"}.get(name, name.upper())
    )


ELEMENT_TYPES: Tuple[ElementType, ...] = (
    _type("float32", 0),
    _type("float64", 1),
    _type("float16", 2),
    _type("uint8", 3),
    _type("int32", 4),
    _type("int8", 5),
    _type("int64", 6),
    _type("bool", 7),
    _type("int16", carrier="int32"),
    _type("uint16", carrier="int32"),
    _type("uint32", carrier="int64"),
    _type("uint64", carrier="int64"),
    _type("bfloat16", carrier="float32", numpy=False),
    *(
        _type(name, carrier=carrier, numpy=False)
        for name, carrier in (
            ("int4", "int8"),
            ("uint4", "uint8"),
            ("int2", "int8"),
            ("uint2", "uint8"),
        )
        if name.upper() in dict(TensorProto.DataType.items())  # newer than the oldest onnx
    ),
)
_BY_ONNX: Dict[int, ElementType] = {t.onnx: t for t in ELEMENT_TYPES}
_BY_NAME: Dict[str, ElementType] = {t.name: t for t in ELEMENT_TYPES}
_BY_FLAG: Dict[int, ElementType] = {t.mxnet: t for t in ELEMENT_TYPES if t.mxnet is not None}


def onnx_name(data_type: int) -> str:
    """Name of an ``onnx.TensorProto`` data type in lower case, for messages and metadata."""
    known = _BY_ONNX.get(data_type)
    if known is not None:
        return known.name
    return (
        TensorProto.DataType.Name(data_type).lower()
        if data_type in TensorProto.DataType.values()
        else str(data_type)
    )


def numpy_dtype(data_type: int) -> np.dtype:
    """NumPy dtype of an ``onnx.TensorProto`` data type.

    Raises
    ------
    TranslationError
        If NumPy has no such type (bfloat16, float8, int4, string and the like).
    """
    known = _BY_ONNX.get(data_type)
    if known is None or known.numpy is None:
        raise TranslationError(f"tensors of {onnx_name(data_type)} are not covered")
    return known.numpy


def onnx_type(dtype: DTypeLike) -> int:
    """``onnx.TensorProto`` data type of a NumPy dtype.

    Raises
    ------
    TranslationError
        If ONNX tensors of it are not covered (complex, objects, dates and the like).
    """
    known = _BY_NAME.get(np.dtype(dtype).name)
    if known is None:
        raise TranslationError(f"arrays of {np.dtype(dtype).name} are not covered")
    return known.onnx


def from_mxnet_flag(flag: int) -> Optional[ElementType]:
    """The element type that MXNet's files number ``flag``, or None."""
    return _BY_FLAG.get(flag)


def element_dtype(data_type: int) -> np.dtype:
    """NumPy dtype of an ``onnx.TensorProto`` data type, those of ml_dtypes and strings included.

    Raises
    ------
    TranslationError
        If the installed ``onnx`` gives no array of it: before it used ml_dtypes it gave the bits.
    """
    known = _BY_ONNX.get(data_type)
    if known is not None and known.numpy is not None:
        return known.numpy
    name = onnx_name(data_type)
    try:
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(data_type))
    except (KeyError, ValueError, TypeError, AttributeError):
        raise TranslationError(f"tensors of {name} are not covered") from None
    if dtype.kind != "O" and onnx_data_type(dtype) != data_type:
        raise TranslationError(f"this version of onnx has no arrays of {name}; update onnx")
    return dtype


def onnx_data_type(dtype: np.dtype) -> int:
    """``onnx.TensorProto`` data type of a dtype, those of ml_dtypes included; 0 for none."""
    if dtype.kind in "OUS":
        return int(TensorProto.STRING)
    try:
        return int(helper.np_dtype_to_tensor_dtype(dtype))
    except (KeyError, ValueError):
        return 0


def carrier(dtype: DTypeLike) -> Optional[np.dtype]:
    """The dtype in which MXNet holds numbers of ``dtype``: itself, a wider one, or None."""
    known = _BY_NAME.get(np.dtype(dtype).name)
    return np.dtype(known.carrier) if known is not None and known.carrier else None


def in_mxnet(dtype: DTypeLike) -> bool:
    """Whether MXNet has the NumPy dtype itself."""
    known = _BY_NAME.get(np.dtype(dtype).name)
    return known is not None and known.mxnet is not None
