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
"""ONNX to a Gluon block: predict, hybridize, fine-tune, export."""

from __future__ import annotations

import warnings
from typing import Any, List, Mapping, Optional, Sequence, Tuple, Union

import mxnet as mx

from ..dtypes import carrier
from ..errors import ConversionError, ConversionWarning, UnsupportedOperatorError
from ..translation import TranslationTable
from .block_parameters import Contexts, WholeNames, contexts_of, place
from .folding_batch_norm import without_batch_norm
from .import_model import Imported, read, translate, warn_of_assumptions
from .loading import ModelFile
from .looping import without_races
from .onnx_block import OnnxBlock


class ImportedBlock(WholeNames, mx.gluon.SymbolBlock):
    """An ONNX model as a block; its parameters have the model's names and types.

    Called with the model's inputs in the model's order, it gives its output, or the list of its
    outputs. It can be used whole or inside other blocks, and everything that a ``SymbolBlock`` can
    do it does.

    Attributes
    ----------
    input_names, output_names : tuple of str
        As in the model. An input that nothing in the model reads is taken and not looked at; it is
        absent from exported files.
    assumptions : tuple of str
        What holds for all sizes that the importer tried and is built in.

    Parameters
    ----------
    imported : Imported
    ctx : list of mxnet.Context
    copy : bool
        As of :func:`import_model`.
    """

    def __init__(self, imported: Imported, ctx: List[mx.Context], copy: bool = True):
        fed = [given for given in imported.inputs if given.value is None]
        numpy_style = mx.util.is_np_array()
        heads, variables = _graph(imported, [i.name for i in fed if i.used], numpy_style)
        super().__init__(heads, variables)
        self.input_names = tuple(i.name for i in fed)
        self.output_names = tuple(imported.outputs)
        self.assumptions = imported.assumptions
        self._loops = imported.loops
        self._read = [place for place, given in enumerate(fed) if given.used]
        self._scalars = {place for place, given in enumerate(fed) if not given.shape}
        # Whole names also in saved parameters: SymbolBlock cuts off what all have in common, and
        # then does not find the parameters that it saved itself.
        self._reg_params = dict(self._params.items())
        still = {n for n, p in imported.parameters.items() if not p.trainable}
        for name, array in imported.arrays(list(self._params.keys()), copy, last=True):
            parameter = self._params[name]
            if name in still or not copy:
                parameter.grad_req = "null"
            place(parameter, array, ctx)

    def hybridize(self, active: bool = True, **flags: Any) -> None:
        """As of ``gluon.HybridBlock``; without ``static_shape`` where the model has loops.

        MXNet computes those wrongly under it, also in exported files and in blocks around this one,
        which are then not to be hybridised with it, nor at all where they hold convolutions.
        """
        super().hybridize(active, **without_races(flags, self._loops))

    def forward(self, *args: Any) -> Any:
        """The model's outputs for its inputs, in the model's order."""
        if len(args) != len(self.input_names):
            names = ", ".join(f"'{name}'" for name in self.input_names) or "none"
            raise ValueError(f"{len(args)} inputs are given, the model takes: {names}")
        if self._loops and any(isinstance(a, mx.sym.Symbol) for a in args):
            warnings.warn(
                "the imported model has loops; what holds it must not be hybridised with "
                "static_shape=True, which MXNet computes loops wrongly with, nor at all where it "
                "has convolutions (fixed by input_shapes=, short loops are written out)",
                ConversionWarning,
                stacklevel=2,
            )
        read = [args[i].reshape((1,)) if i in self._scalars else args[i] for i in self._read]
        return super().forward(*read) if read else self._call_cached_op()


def _graph(imported: Imported, names: List[str], numpy_style: bool) -> Tuple[Any, Any]:
    """Heads and input variables, in the style of arrays that the user has switched on."""
    heads = list(imported.symbol)
    if mx.util.is_np_shape():
        heads = [
            _as_rank_0(head) if shape == () else head
            for head, shape in zip(heads, imported.output_shapes)
        ]
    dtypes = {given.name: carrier(given.dtype) or given.dtype for given in imported.inputs}
    variables = [mx.sym.var(imported.variables[name], dtype=dtypes[name]) for name in names]
    if numpy_style:
        heads = [head.as_np_ndarray() for head in heads]
        variables = [variable.as_np_ndarray() for variable in variables]
    return heads, variables


def _as_rank_0(head: Any) -> Any:
    """Inside the graph rank 0 is carried as ``(1,)``; under NumPy's shapes the edge restores it."""
    return head.as_np_ndarray().reshape(()).as_nd_ndarray()


def import_to_gluon(
    model_file: ModelFile,
    ctx: Contexts = None,
    *,
    input_shapes: Optional[Mapping[str, Sequence[Any]]] = None,
    input_values: Optional[Mapping[str, Any]] = None,
    sizes: Optional[Mapping[str, Any]] = None,
    translations: Optional[TranslationTable] = None,
    fold_batch_norm: bool = False,
    copy: bool = True,
) -> Union[ImportedBlock, OnnxBlock]:
    """Import an ONNX model as a Gluon block.

    Parameters
    ----------
    model_file : str, os.PathLike, bytes, binary file object or onnx.ModelProto
    ctx : mxnet.Context or list of mxnet.Context, optional
        Where the parameters live; the current context where not given.
    input_shapes, input_values, sizes, translations : optional
        As of :func:`import_model`.
    fold_batch_norm : bool
        As of :func:`import_model`; the parameters then have ``grad_req`` ``"null"``.
    copy : bool
        As of :func:`import_model`, on the CPU. Where False, all parameters have ``grad_req``
        ``"null"``, since gradients take as much memory again.

    Returns
    -------
    ImportedBlock
        Where one Symbol says the whole model at all its sizes. Its parameters keep the model's
        types. Weights and biases of floats are trainable, auxiliary states are kept up by
        BatchNorm itself, and all else has ``grad_req`` ``"null"``. Under
        ``mx.npx.set_np()`` it takes and gives ``mx.np`` arrays, of rank 0 where the model has it;
        otherwise ``mx.nd`` arrays, with shape ``(1,)`` for rank 0.
    OnnxBlock
        Otherwise: a block that compiles the model for each set of shapes, and runs it operator by
        operator where values decide. Its attribute ``reason`` says why.

    Raises
    ------
    ModelError
        If the file or an argument is not what it should be.
    UnsupportedOperatorError
        If operators have no row; all are named.

    Examples
    --------
    >>> net = import_to_gluon("net.onnx", ctx=mx.cpu())
    >>> net.hybridize(static_alloc=True, static_shape=True)
    >>> net(mx.nd.ones((8, 3, 224, 224)))
    """
    contexts = contexts_of(ctx)
    model = read(model_file, copy)
    if fold_batch_norm:
        model = without_batch_norm(model)
    try:
        imported = translate(
            model,
            input_shapes=input_shapes,
            input_values=input_values,
            sizes=sizes,
            translations=translations,
            patient=False,
        )
    except UnsupportedOperatorError:
        raise
    except ConversionError as refusal:
        block: Union[ImportedBlock, OnnxBlock] = OnnxBlock(
            model,
            contexts,
            input_shapes=input_shapes,
            input_values=input_values,
            sizes=sizes,
            translations=translations,
            copy=copy,
        )
        block.reason = str(refusal)
    else:
        warn_of_assumptions(imported)
        block = ImportedBlock(imported, contexts, copy)
    if fold_batch_norm:
        block.collect_params().setattr("grad_req", "null")
    return block
