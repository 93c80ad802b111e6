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
"""What the caller gives, files or objects of MXNet, as a symbol and its parameters.

Objects of MXNet can only be given where it is imported, so it is looked up and never imported here.
"""

from __future__ import annotations

import dataclasses
import glob
import inspect
import os
import sys
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..dtypes import onnx_type
from ..errors import ConversionError, ModelError, TranslationError, refuse
from .arguments import listed
from .deferred import finish_initialisation
from .params_file import is_params, named, read_params
from .symbol_json import SymbolJson, parse_symbol
from .tensors import Tensor

ACCEPTED = "a Symbol, a path of a symbol file, a checkpoint prefix, a HybridBlock or a bound Module"


@dataclasses.dataclass(frozen=True)
class Source:
    """A model as it was given.

    Attributes
    ----------
    symbol : SymbolJson
    tensors : dict of str to Tensor
        Parameters by name, without ``arg:`` and ``aux:``.
    shapes, types : dict or None
        What the source itself says of its inputs.
    inputs : tuple of str
        The inputs in the order in which the source takes them, where that may differ from the one
        in which its symbol reads them; some may not be read at all.
    """

    symbol: SymbolJson
    tensors: Dict[str, Tensor]
    shapes: Optional[Dict[str, Any]] = None
    types: Optional[Dict[str, Any]] = None
    inputs: Tuple[str, ...] = ()


def read_source(sym: Any, params: Any = None, epoch: int = 0, in_shapes: Any = None) -> Source:
    """Read a model.

    Parameters
    ----------
    sym : Symbol, HybridBlock, Module, str or path-like
        Objects of MXNet; the path of a symbol file, whatever its name; or a checkpoint prefix.
    params : dict, sequence of dict, str, path-like or None
        Arrays by name, with or without ``arg:`` and ``aux:``; the path of a parameter file; None
        where ``sym`` brings them along.
    epoch : int
        Of a checkpoint.
    in_shapes : list, dict or None
        Checked shapes of the inputs: a block is traced with as many inputs, and parameters whose
        shapes are still open get them from these.

    Raises
    ------
    ModelError
        If either is something else, or is not what its name says.
    """
    if isinstance(epoch, bool) or not isinstance(epoch, (int, np.integer)):
        raise ModelError(f"epoch is an int; got {epoch!r}")
    if isinstance(sym, (str, os.PathLike)):
        return _from_files(os.fspath(sym), params, int(epoch))
    mxnet = sys.modules.get("mxnet")
    if mxnet is not None:
        if isinstance(sym, mxnet.gluon.Block):
            return _from_block(mxnet, sym, params, in_shapes)
        if isinstance(sym, mxnet.module.BaseModule):
            return _from_module(sym, params)
    if callable(getattr(sym, "tojson", None)):
        return Source(parse_symbol(sym.tojson()), read_tensors(params))
    raise ModelError(f"the model is {ACCEPTED}; got a {type(sym).__name__}")


def _from_files(path: str, params: Any, epoch: int) -> Source:
    if os.path.isfile(path):
        return Source(_read_symbol_file(path), read_tensors(params))
    if path.lstrip().startswith("{"):
        raise ModelError(
            "the model is a symbol's JSON text; give its file's path, or mx.sym.load_json(text)"
        )
    symbol_path = f"{path}-symbol.json"
    if not path or not os.path.isfile(symbol_path):
        raise ModelError(f"there is no symbol file '{path}' and no checkpoint '{symbol_path}'")
    if params is None:
        params = f"{path}-{epoch:04d}.params"
        if not os.path.isfile(params):
            there = sorted(glob.glob(f"{glob.escape(path)}-[0-9]*.params"))
            hint = f"; there are {listed(there)}" if there else ""
            raise ModelError(f"there is no '{params}' for epoch {epoch}{hint}")
    return Source(_read_symbol_file(symbol_path), read_tensors(params))


def _read_symbol_file(path: str) -> SymbolJson:
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        raise ModelError(f"cannot read the symbol '{path}': {error.strerror}") from error
    if is_params(text[:8]):
        raise ModelError(f"'{path}' is a parameter file; the symbol comes first, then the params")
    return parse_symbol(text, f"'{path}'")


def read_tensors(params: Any) -> Dict[str, Tensor]:
    """Parameters in any of the forms that callers have them in, by name.

    Raises
    ------
    ModelError
        If they are in another form; all arrays that cannot be used are named.
    """
    if params is None:
        return {}
    if isinstance(params, (str, os.PathLike)):
        return read_params(params)
    parts = params if isinstance(params, (list, tuple)) else [params]
    if not all(part is None or callable(getattr(part, "items", None)) for part in parts):
        raise ModelError(
            "params is a dict of arrays, a pair of dicts (arg_params, aux_params), or the path of "
            f"a parameter file; got {_described(params)}"
        )
    names: List[str] = []
    tensors: List[Tensor] = []
    problems: List[ConversionError] = []
    for part in parts:
        for name, array in () if part is None else part.items():
            try:
                if not isinstance(name, str):
                    raise ModelError(f"params has the key {name!r}, which is no name")
                tensors.append(_tensor(name, array))
                names.append(name)
            except ModelError as error:
                problems.append(error)
    if problems:
        refuse(problems, "not all parameters can be used:")
    return named(names, tensors, "params")


def _described(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {', '.join(type(v).__name__ for v in value[:3])}"
    return f"a {type(value).__name__}"


def _tensor(name: str, array: Any) -> Tensor:
    """An array of NumPy, of MXNet, or Gluon's parameter; MXNet's are copied when read."""
    if callable(getattr(array, "list_data", None)):
        array = array.list_data()[0]
    if getattr(array, "stype", "default") != "default":
        raise ModelError(f"parameter '{name}' is sparse; give array.tostype('default')")
    try:
        if isinstance(array, np.ndarray):
            onnx_type(array.dtype)
            return Tensor.of(array)
        if callable(getattr(array, "asnumpy", None)):
            onnx_type(array.dtype)
            return Tensor.stored(array.shape, np.dtype(array.dtype), array.asnumpy)
    except (TypeError, TranslationError) as error:
        raise ModelError(f"parameter '{name}': {error}") from error
    raise ModelError(f"parameter '{name}' is {_described(array)}, not an array")


def _from_module(module: Any, params: Any) -> Source:
    if not (module.binded and module.params_initialized):
        raise ModelError("the module has no parameters yet: bind it and initialise or load them")
    if module.symbol is None:
        raise ModelError(
            f"a {type(module).__name__} has no Symbol of its own; export the Symbols that it is "
            "made of, with the parameters that get_params() gives"
        )
    tensors = {**read_tensors(module.get_params()), **read_tensors(params)}
    described = list(module.data_shapes or ())
    return Source(
        parse_symbol(module.symbol.tojson()),
        tensors,
        {d.name: tuple(d.shape) for d in described},
        {d.name: np.dtype(d.dtype) for d in described},
        tuple(module.data_names),
    )


def _from_block(mxnet: Any, block: Any, params: Any, in_shapes: Any) -> Source:
    if not isinstance(block, mxnet.gluon.HybridBlock):
        raise ModelError(
            f"{type(block).__name__} is a Block that only runs; "
            "a model to export is a HybridBlock, which can be traced"
        )
    names, symbol = _trace(mxnet, block, in_shapes)
    shapes = None
    if isinstance(in_shapes, list):
        shapes = dict(zip(names, in_shapes))
    elif in_shapes is not None:
        shapes = in_shapes
    parameters = block.collect_params()
    finish_initialisation(symbol, parameters, shapes)
    used = set(symbol.list_inputs())
    present = {name: p for name, p in parameters.items() if name in used}
    tensors = {**read_tensors(present), **read_tensors(params)}
    return Source(parse_symbol(symbol.tojson()), tensors, inputs=tuple(names))


def _trace(mxnet: Any, block: Any, in_shapes: Any) -> Tuple[List[str], Any]:
    """The block's symbol, and the names of its inputs: those that ``block.export`` gives them.

    A name manager of its own keeps the trace out of the user's numbering of nodes.
    """
    if _is_traced(mxnet, block, in_shapes):
        variables, symbol = block._cached_graph
        return [v.name for v in variables], symbol
    names = _input_names(block, in_shapes)
    variables = [mxnet.symbol.var(name) for name in names]
    if mxnet.util.is_np_array():
        variables = [v.as_np_ndarray() for v in variables]
    try:
        with mxnet.name.NameManager():
            result = block(*variables)
    except Exception as error:
        raise ModelError(
            f"{type(block).__name__} cannot be traced with {len(names)} inputs "
            f"({type(error).__name__}: {error}); it must hybridise. Where inputs are lists of "
            "arrays, hybridize() it, run it once, and give in_shapes for all arrays in order"
        ) from error
    outputs = list(_flat(result))
    symbol = outputs[0] if len(outputs) == 1 else mxnet.symbol.Group(outputs)
    return names, symbol


def _is_traced(mxnet: Any, block: Any, in_shapes: Any) -> bool:
    """Whether the block's own trace is the model: it has no other, or its inputs are lists.

    Then no call with an array an input makes another one, as does that of a layer with its states.
    """
    if isinstance(block, mxnet.gluon.SymbolBlock):
        return True
    variables = block._cached_graph[0] if block._active and block._cached_graph else ()
    nested = isinstance(getattr(block, "_in_format", None), (list, tuple)) and any(
        isinstance(part, (list, tuple)) for part in block._in_format
    )
    return nested and in_shapes is not None and len(in_shapes) == len(variables)


def _input_names(block: Any, in_shapes: Any) -> List[str]:
    """``data``, or ``data0`` and on: as many as there are shapes, or as the block takes."""
    count = len(in_shapes) if in_shapes else _count_of_inputs(block)
    names = ["data"] if count == 1 else [f"data{k}" for k in range(count)]
    if isinstance(in_shapes, Mapping) and set(in_shapes) != set(names):
        raise ModelError(
            f"the inputs of a block with {count} are {', '.join(names)}; in_shapes names "
            f"{', '.join(map(str, in_shapes))} (input_names= renames them)"
        )
    return names


def _count_of_inputs(block: Any) -> int:
    parameters = inspect.signature(block.hybrid_forward).parameters.values()
    taken = [
        p
        for p in list(parameters)[1:]  # the first is the namespace F
        if p.kind is p.POSITIONAL_OR_KEYWORD
        and p.default is p.empty
        and p.name not in block._reg_params
    ]
    return max(len(taken), 1)


def _flat(result: Any) -> Sequence[Any]:
    if isinstance(result, (list, tuple)):
        return [leaf for part in result for leaf in _flat(part)]
    return [] if result is None else [result]
