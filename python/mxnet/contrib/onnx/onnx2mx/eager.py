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

from typing import Any, List, Mapping, Optional

import mxnet as mx
import numpy as np

from ..errors import ModelError
from ..translation import TranslationTable
from .builders import NDArrayBuilder
from .loading import ModelFile, load
from .normalise import normalise
from .planning import Planner
from .translating import Translator
from .translations import import_table
from .values import Known, Tensor


def run_eagerly(
    model_file: ModelFile,
    arrays: Mapping[str, np.ndarray],
    *,
    translations: Optional[TranslationTable] = None,
    ctx: Optional[mx.Context] = None,
) -> List[Any]:
    """Compute a model's outputs.

    Every size and value is known here, so this reaches whatever the rows can say, shapes that
    hang on values included.

    Parameters
    ----------
    model_file : str, os.PathLike, bytes, binary file object or onnx.ModelProto
    arrays : dict of str to numpy.ndarray
        All inputs of the model.
    translations : TranslationTable, optional
    ctx : mxnet.Context, optional

    Returns
    -------
    list of numpy.ndarray
        In the model's order, of the ONNX rank and type.

    Raises
    ------
    ConversionError
    """
    with mx.util.np_array(False), mx.util.np_shape(False):
        model = normalise(load(model_file))
        planner = Planner(model, import_table, translations)
        plan = planner.plan()
        builder = NDArrayBuilder(ctx)
        missing = [v.name for v in model.graph.inputs if v.name not in arrays]
        if missing:
            raise ModelError(f"no array is given for the inputs {', '.join(missing)}")
        inputs = {
            v.name: builder.input(v.name, np.asarray(arrays[v.name])) for v in model.graph.inputs
        }
        outputs = Translator(planner, plan, builder).run(inputs)
        return [_array(builder, value) for value in outputs]


def _array(builder: NDArrayBuilder, value: Any) -> Any:
    if isinstance(value, Known):
        return value.at(0)
    return builder.read(value) if isinstance(value, Tensor) else [_array(builder, v) for v in value]
