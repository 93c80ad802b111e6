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
"""From a model to a :class:`Conversion`: the steps in order, each in a file of its own."""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from ..errors import ModelError
from ..opset import DEFAULT_TARGET_OPSET, TARGET_OPSETS
from ..translation import TranslationTable
from .arguments import check_shapes, check_types, listed, rename
from .canonical import canonicalise
from .checking import check_model
from .conversion import Conversion
from .custom_operators import check_domain, check_versions, handed_on
from .draft import Draft
from .emitter import Emitter
from .finishing import finish
from .inference import TensorType
from .inputs import check_not_empty, plan_inputs
from .naming import output_names as mxnet_output_names
from .planning import plan
from .precision import check_float16, widened, widened_types
from .sources import Source, read_source
from .symbol_file import Graph, read_symbol
from .symbol_json import SymbolJson
from .translating import translate
from .translations import export_table

logger = logging.getLogger(__name__)


def convert(
    sym: Any,
    params: Any = None,
    in_shapes: Any = None,
    in_types: Any = None,
    *,
    epoch: int = 0,
    opset_version: int = DEFAULT_TARGET_OPSET,
    input_names: Union[Sequence[str], Mapping[str, str], None] = None,
    output_names: Union[Sequence[str], Mapping[str, str], None] = None,
    outputs: Optional[Sequence[str]] = None,
    translations: Optional[TranslationTable] = None,
    custom_domain: Optional[str] = None,
    custom_opsets: Optional[Mapping[str, int]] = None,
    external_data: Optional[bool] = None,
    float16: str = "keep",
    simplify: bool = True,
) -> Conversion:
    """Convert a model and write nothing; parameters as in :func:`export_model`, and

    Parameters
    ----------
    simplify : bool
        Whether nodes may be taken out or merged. Without, every value of MXNet's graph is there.

    Returns
    -------
    Conversion
    """
    opset = _check_opset(opset_version)
    _check_table(translations)
    check_domain(custom_domain)
    versions = check_versions(custom_opsets)
    if external_data not in (None, True, False):
        raise ModelError(f"external_data is True, False or None; got {external_data!r}")
    in_shapes, in_types = check_shapes(in_shapes), check_types(in_types)
    check_float16(float16)
    source = read_source(sym, params, epoch, in_shapes)
    if float16 != "keep":
        source, in_types = widened(source), widened_types(in_types)
    symbol, original = _read(source, outputs)
    graph = canonicalise(original, keep_losses=outputs is not None)
    live = graph.live()
    table = export_table if custom_domain is None else export_table | handed_on(custom_domain)
    table = table if translations is None else table | translations
    rows = plan(graph, live, table, translations)
    kinds = plan_inputs(
        original,
        graph,
        source.tensors,
        source.shapes if in_shapes is None else in_shapes,
        source.types if in_types is None else in_types,
        source.inputs,
    )
    names = dict(zip(kinds, rename(input_names, list(kinds), "input_names")))
    if not symbol.numpy_shapes:
        check_not_empty(kinds)
    inputs = {names[variable]: kind for variable, kind in kinds.items()}
    op = Emitter(opset, inputs, symbol.numpy_shapes)
    values = translate(graph, live, rows, op, names, source.tensors)
    logger.info("translated to %d nodes", len(op.nodes))

    wanted = rename(
        output_names, mxnet_output_names(graph, values, op.inputs), "output_names", op.inputs
    )
    draft, kept = finish(op, graph, values, wanted, simplify)
    conversion = Conversion(
        symbol=symbol,
        tensors=source.tensors,
        graph=graph,
        live=live,
        opset=opset,
        inputs=op.inputs,
        outputs={name: draft.types(name) for name in draft.outputs},
        input_names=names,
        values=kept,
        nodes=draft.nodes,
        constants=draft.constants,
        value_types=_types_between(draft),
        domains={domain: versions.get(domain, 1) for domain in op.domains},
        external_data=external_data,
    )
    check_model(conversion.model(), conversion.constants)
    logger.info("%s", conversion.summary())
    return conversion


def _read(source: Source, outputs: Any) -> Tuple[SymbolJson, Graph]:
    """The symbol cut to ``outputs``, and the graph of that."""
    symbol = source.symbol if outputs is None else source.symbol.cut(_check_outputs(outputs))
    graph = read_symbol(symbol)
    logger.info("read %d nodes and %d parameters", len(graph.nodes), len(source.tensors))
    unused = sorted(set(source.tensors) - set(source.symbol.variables()) - set(graph.variables()))
    if unused:
        logger.warning("parameters that the symbol does not have: %s", listed(unused))
    return symbol, graph


def _types_between(draft: Draft) -> Dict[str, TensorType]:
    """Types of the values that are neither inputs nor outputs, where sizes are known."""
    outputs = set(draft.outputs)
    made = (name for node in draft.nodes for name in node.output if name and name not in outputs)
    types = ((name, draft.types(name)) for name in made)
    return {name: kind for name, kind in types if kind.dims is not None}


def _check_opset(opset: Any) -> int:
    if isinstance(opset, bool) or not isinstance(opset, (int, np.integer)):
        raise ModelError(f"opset_version is an int; got {opset!r}")
    if opset not in TARGET_OPSETS:
        raise ModelError(
            f"opset_version {opset} is not written; "
            f"there are {TARGET_OPSETS[0]} to {TARGET_OPSETS[-1]}"
        )
    return int(opset)


def _check_table(translations: Any) -> None:
    if translations is not None and not isinstance(translations, TranslationTable):
        raise ModelError(f"translations is a TranslationTable; got a {type(translations).__name__}")


def _check_outputs(outputs: Any) -> List[str]:
    wrong = isinstance(outputs, str) or not isinstance(outputs, (list, tuple))
    if wrong or not outputs or not all(isinstance(name, str) for name in outputs):
        raise ModelError(f"outputs is a list of names; got {outputs!r}")
    return list(outputs)
