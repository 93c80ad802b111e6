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
"""Run a model at once, operator by operator, on the very rows that make Symbols."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Tuple

import mxnet as mx
import numpy as np

from ..dtypes import element_dtype, onnx_name
from ..errors import ModelError, TranslationError, refuse
from ..translation import TranslationTable
from .builders import NDArrayBuilder, carries, read
from .graph import ValueInfo
from .loading import ModelFile, load
from .normalise import normalise
from .planning import Planner
from .translating import Translator
from .translations import import_table
from .values import Known, as_array, plain


class EagerModel:
    """A model that is planned once and run operator by operator, any number of times.

    Every size and value is known while it runs, so this reaches whatever the rows can say, shapes
    that hang on values included.

    Parameters
    ----------
    model_file : str, os.PathLike, bytes, binary file object or onnx.ModelProto
    translations : TranslationTable, optional
    ctx : mxnet.Context, optional

    Attributes
    ----------
    inputs, outputs : tuple of str
        Their names in the model's order, without inputs that have an initializer.

    Raises
    ------
    ModelError
        If the file is not what it should be.
    UnsupportedOperatorError
        If operators have no row; all are named.
    """

    def __init__(
        self,
        model_file: ModelFile,
        *,
        translations: Optional[TranslationTable] = None,
        ctx: Optional[mx.Context] = None,
    ):
        self._ctx = ctx
        self._model = normalise(load(model_file))
        self._planner = Planner(self._model, import_table, translations)
        self._plan = self._planner.plan()
        self.inputs: Tuple[str, ...] = tuple(v.name for v in self._model.graph.inputs)
        self.outputs: Tuple[str, ...] = tuple(v.name for v in self._model.graph.outputs)

    def run(self, arrays: Mapping[str, Any]) -> List[Any]:
        """Compute the outputs.

        Parameters
        ----------
        arrays : dict of str to array_like
            All inputs, of the types and shapes that the model declares; lists for sequences, None
            for empty optionals, which may be left out too.

        Returns
        -------
        list of (numpy.ndarray, list or None)
            In the model's order, of the ONNX rank and type; sequences are lists, empty optionals
            are None.

        Raises
        ------
        ModelError
            If the arrays are not what the model wants; everything at once.
        ConversionError
            If a node cannot be computed.
        """
        given = self._checked(arrays)
        # Classic semantics while operators run, whatever the user has switched on.
        with mx.util.np_array(False), mx.util.np_shape(False):
            builder = NDArrayBuilder(self._ctx)
            inputs = {name: _value(builder, name, array) for name, array in given.items()}
            outputs = Translator(self._planner, self._plan, builder).run(inputs)
            return [_array(builder, value) for value in outputs]

    def _checked(self, arrays: Mapping[str, Any]) -> Mapping[str, Any]:
        infos = {v.name: v for v in self._model.graph.inputs}
        problems = [
            ModelError(f"no array is given for the input '{n}'")
            for n, info in infos.items()
            if n not in arrays and info.kind != "optional"
        ]
        problems += [
            ModelError(f"'{name}' is given, which is no input of the model")
            for name in arrays
            if name not in infos
        ]
        given = {n: _given(info, arrays.get(n)) for n, info in infos.items()}
        problems += [
            ModelError(text)
            for name, value in given.items()
            if name in arrays
            for text in _faults(infos[name], value, f"the array for the input '{name}'")
        ]
        if problems:
            refuse(problems, f"{self._model.source} cannot be run on these arrays:")
        return given


def run_eagerly(
    model_file: ModelFile,
    arrays: Mapping[str, Any],
    *,
    translations: Optional[TranslationTable] = None,
    ctx: Optional[mx.Context] = None,
) -> List[Any]:
    """Compute a model's outputs once; see :class:`EagerModel`."""
    return EagerModel(model_file, translations=translations, ctx=ctx).run(arrays)


def _given(info: ValueInfo, value: Any) -> Any:
    """What is given for an input as an array, a list of them, or None for an empty optional."""
    if info.kind == "optional":
        return None if value is None else _given(_element(info), value)
    if info.kind == "sequence" and isinstance(value, (list, tuple)):
        return [_given(_element(info), v) for v in value]
    return as_array(value)


def _element(info: ValueInfo) -> ValueInfo:
    return info.element or ValueInfo(info.name)


def _faults(info: ValueInfo, value: Any, place: str) -> List[str]:
    """In what a value contradicts the declaration of its input."""
    if info.kind == "optional":
        return [] if value is None else _faults(_element(info), value, place)
    if info.kind == "sequence":
        if not isinstance(value, list):
            return [f"{place} is no list of arrays: the model wants a sequence"]
        elements = [(_element(info), v, f"element {i} of {place}") for i, v in enumerate(value)]
        return [text for each in elements for text in _faults(*each)]
    if info.kind == "map":
        return [] if isinstance(plain(value), dict) else [f"{place} is no dict, for a map"]
    if info.kind not in ("tensor", ""):
        return [f"{place} cannot be run with: the model wants a {info.kind}"]
    faults = []
    if info.data_type and not _is_of(value.dtype, info.data_type):
        faults.append(f"the model wants {onnx_name(info.data_type)}")
    if info.shape is not None and (
        len(info.shape) != value.ndim
        or any(isinstance(d, int) and d != n for d, n in zip(info.shape, value.shape))
    ):
        faults.append(f"the model wants the shape {info.shape}")
    return [f"{place} is {value.dtype} of {value.shape}: {fault}" for fault in faults]


def _is_of(dtype: np.dtype, data_type: int) -> bool:
    try:
        return element_dtype(data_type) == dtype
    except TranslationError:
        return False


def _value(builder: NDArrayBuilder, name: str, value: Any) -> Any:
    """The array in MXNet; where MXNet cannot hold it, it may still be folded."""
    if value is None:
        return None
    if isinstance(value, list):
        return [_value(builder, f"{name}[{i}]", v) for i, v in enumerate(value)]
    return builder.input(name, value) if carries(value) else Known.of(name, [value])


def _array(builder: NDArrayBuilder, value: Any) -> Any:
    if isinstance(value, Known):
        return plain(value.at(0))
    if isinstance(value, list):
        return [_array(builder, v) for v in value]
    return None if value is None else read(builder, value)
