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

from onnx import helper

from ..dtypes import numpy_dtype, onnx_name
from ..errors import ModelError, TranslationError, refuse
from ..translation import TranslationTable
from .builders import NDArrayBuilder, holds
from .graph import ValueInfo
from .loading import ModelFile, load
from .normalise import normalise
from .planning import Planner
from .translating import Translator
from .translations import import_table
from .values import Known, Tensor, as_array


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
            All inputs, of the types and shapes that the model declares.

        Returns
        -------
        list of numpy.ndarray
            In the model's order, of the ONNX rank and type.

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

    def _checked(self, arrays: Mapping[str, Any]) -> Mapping[str, np.ndarray]:
        infos = {v.name: v for v in self._model.graph.inputs}
        problems = [
            ModelError(f"no array is given for the input '{n}'") for n in infos if n not in arrays
        ]
        problems += [
            ModelError(f"'{name}' is given, which is no input of the model")
            for name in arrays
            if name not in infos
        ]
        given = {n: as_array(arrays[n]) for n in infos if n in arrays}
        problems += [
            ModelError(
                f"the array for the input '{name}' is {array.dtype} of {array.shape}: {text}"
            )
            for name, array in given.items()
            for text in _faults(infos[name], array)
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


def _faults(info: ValueInfo, array: np.ndarray) -> List[str]:
    """In what an array contradicts the declaration of its input."""
    if info.kind not in ("tensor", ""):
        return [f"the model wants a {info.kind}, only tensors can be inputs here"]
    faults = []
    if info.data_type and not _is_of(array.dtype, info.data_type):
        faults.append(f"the model wants {onnx_name(info.data_type)}")
    if info.shape is not None and (
        len(info.shape) != array.ndim
        or any(isinstance(d, int) and d != n for d, n in zip(info.shape, array.shape))
    ):
        faults.append(f"the model wants the shape {info.shape}")
    return faults


def _is_of(dtype: np.dtype, data_type: int) -> bool:
    try:
        return numpy_dtype(data_type) == dtype
    except TranslationError:  # types that NumPy lacks: what arrays of them are is onnx's affair
        return helper.tensor_dtype_to_np_dtype(data_type) == dtype


def _value(builder: NDArrayBuilder, name: str, array: np.ndarray) -> Any:
    """The array in MXNet; where MXNet cannot hold it, it may still be folded."""
    return builder.input(name, array) if holds(array) else Known.of(name, [array])


def _array(builder: NDArrayBuilder, value: Any) -> Any:
    if isinstance(value, Known):
        return value.at(0)
    return builder.read(value) if isinstance(value, Tensor) else [_array(builder, v) for v in value]
