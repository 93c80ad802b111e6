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
"""The block for what no one Symbol says: compiled for each set of shapes, or run eagerly."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import mxnet as mx
import numpy as np

from ..translation import TranslationTable
from .arguments import Input, resolve
from .block_parameters import Contexts, WholeNames, add_parameters, contexts_of
from .computing import leaves
from .edges import as_given, from_numpy, taken
from .graph import ValueInfo
from .import_model import read
from .loading import ModelFile
from .normalise import Model
from .planning import Plan, Planner
from .sampling import ladder
from .specialisations import Specialisation, Specialiser
from .specialising import Described, states_and_settled
from .translations import import_table
from .weights import separated

#: What ``hybridize`` hands on to compiled specialisations.
FLAGS = ("static_alloc", "static_shape", "inline_limit", "forward_bulk_size", "backward_bulk_size")


class OnnxBlock(WholeNames, mx.gluon.Block):
    """An ONNX model as a block that specialises: for all that no one Symbol can say.

    At each new set of input shapes the model is translated for these shapes and compiled. Where
    shapes hang on the values of small inputs, these are built in too. Where they hang on values
    that the network computes, or where a value is no tensor, it runs operator by operator, by the
    same rows and with the same results. :attr:`specialisations` tells which and why, and the log
    does once. At most 32 are kept, and after the first 8 only what is met again is compiled.

    Call it with the model's inputs in the model's order: ``mx.nd`` or ``mx.np`` arrays, NumPy
    arrays, lists of arrays for sequences, None for an optional without a value. Inputs that have a
    default (``default_names``) are given by name or left out. It gives its output, or the list of
    its outputs: arrays of the caller's kind, lists for sequences, None for an empty optional, and
    NumPy arrays for strings. Element types that MXNet lacks come in those that carry them (int32
    for uint16). Under ``mx.npx.set_np()`` or ``set_np_shape`` rank 0 has the shape ``()``,
    otherwise ``(1,)``.

    Its parameters are the model's weights, with the model's names: all constants of floats of more
    than one element, of subgraphs too. Gradients reach them and the inputs through compiled and
    eager specialisations, except where an operator gives none and where a value was built in.
    ``cast`` changes the type of the parameters and of what goes in and out; operators compute in
    the model's types. It may be called from several threads. A ``gluon.Block`` can hold it, a
    ``HybridBlock`` cannot, which would need a graph of it.

    Parameters
    ----------
    model_file : str, os.PathLike, bytes, binary file object or onnx.ModelProto
    ctx : mxnet.Context or list of mxnet.Context, optional
    input_shapes, input_values, sizes, translations, copy : optional
        As of :func:`import_model`. Sizes that are fixed are asked of the inputs; those to try are
        not needed.

    Attributes
    ----------
    input_names, output_names, default_names : tuple of str
    reason : str
        Why :func:`import_to_gluon` made no ``ImportedBlock``.

    Raises
    ------
    ModelError
        If the file or an argument is not what it should be.
    UnsupportedOperatorError
        If operators have no row; all are named.
    """

    def __init__(
        self,
        model_file: Union[ModelFile, Model],
        ctx: Contexts = None,
        *,
        input_shapes: Optional[Mapping[str, Sequence[Any]]] = None,
        input_values: Optional[Mapping[str, Any]] = None,
        sizes: Optional[Mapping[str, Any]] = None,
        translations: Optional[TranslationTable] = None,
        copy: bool = True,
    ):
        contexts, self.reason = contexts_of(ctx), ""
        super().__init__(prefix="", params=None)
        with mx.util.np_array(False), mx.util.np_shape(False):
            model = read(model_file, copy)
            wishes = resolve(model, input_shapes, input_values, sizes, translations, lenient=True)
            planner = Planner(model, import_table, translations)
            plan, weights = separated(planner.plan())
            self._set_inputs(model, wishes.inputs)
            plan, weights, states = self._settled(planner, plan, weights, wishes)
        add_parameters(self._params, weights, states, contexts, copy)
        self._reg_params = dict(self._params.items())
        types = {name: array.dtype for name, array in weights.items()}
        self._specialiser = Specialiser(planner, plan, self._reg_params, types, model.source)
        self._edge_type: Optional[np.dtype] = None

    def _set_inputs(self, model: Model, inputs: List[Input]) -> None:
        infos = {v.name: v for v in model.graph.inputs}
        self._values = {i.name: i.value for i in inputs if i.value is not None}
        self._infos = {
            i.name: dataclasses.replace(infos[i.name], shape=_asked(infos[i.name], i))
            for i in inputs
            if i.value is None
        }
        defaults = [v for v in model.proto.graph.input if v.name in model.graph.constants]
        self._defaults = {v.name: ValueInfo.read(v) for v in defaults}
        self.input_names = tuple(self._infos)
        self.default_names = tuple(self._defaults)
        self.output_names = tuple(v.name for v in model.graph.outputs)

    def _settled(
        self, planner: Planner, plan: Plan, weights: Dict[str, np.ndarray], wishes: Any
    ) -> Any:
        """What of the constants is a weight and what a state, tried at made-up sizes."""
        given: Dict[str, Any] = {}
        sizes: Dict[str, Tuple[int, ...]] = {}
        if wishes.dimensions:
            sizes = next(iter(ladder(wishes.dimensions, wishes.sizes))).sizes
        for i in wishes.inputs:
            if i.value is None:
                shape = tuple(sizes.get(s, (1,))[0] if isinstance(s, str) else s for s in i.shape)
                given[i.name] = None if i.dtype == object else Described(shape, i.dtype)
        constants = {**plan.graph.constants, **self._values}
        plan = dataclasses.replace(plan, graph=dataclasses.replace(plan.graph, constants=constants))
        states, settled = states_and_settled(planner, plan, weights, given)
        constants.update((name, weights.pop(name)) for name in settled)
        return plan, weights, states

    # -- calls -----------------------------------------------------------------------------

    def __call__(self, *args: Any, **defaults: Any) -> Any:
        """The model's outputs; ``defaults`` are inputs that have one, by name."""
        for name in defaults:
            if name not in self._defaults:
                there = ", ".join(map(repr, self.default_names)) or "none"
                raise ValueError(
                    f"'{name}' is no input with a default; these are given by name: {there}; all "
                    "others in the model's order"
                )
        for hook in self._forward_pre_hooks.values():
            hook(self, args)
        outputs = self._called(args, defaults)
        for hook in self._forward_hooks.values():
            hook(self, args, outputs)
        return outputs

    def forward(self, *args: Any) -> Any:
        """The model's outputs for its inputs, in the model's order."""
        return self._called(args, {})

    def _called(self, args: Sequence[Any], defaults: Mapping[str, Any]) -> Any:
        if len(args) != len(self.input_names):
            names = ", ".join(f"'{name}'" for name in self.input_names) or "none"
            raise ValueError(f"{len(args)} inputs are given, the model takes: {names}")
        numpy_style, numpy_shape = mx.util.is_np_array(), mx.util.is_np_shape()
        infos = {**self._infos, **{n: self._defaults[n] for n in defaults}}
        with mx.util.np_array(False), mx.util.np_shape(False):
            given = {
                info.name: taken(info, array, self._edge_type)
                for info, array in zip(infos.values(), [*args, *defaults.values()])
            }
            ctx = self._context(given)
            results = self._specialiser.run(infos, given, ctx)

        def styled(result: Any) -> Any:
            if isinstance(result, list):
                return [styled(each) for each in result]
            if result is None:
                return None
            array, shape = result if isinstance(result, tuple) else (result, result.shape)
            if self._edge_type is not None and np.dtype(array.dtype).kind == "f":
                array = array.astype(self._edge_type)
            if isinstance(array, np.ndarray):
                return from_numpy(array, ctx, numpy_style, numpy_shape)
            return as_given(array, shape, numpy_style, numpy_shape)

        outputs = [styled(result) for result in results]
        return outputs[0] if len(outputs) == 1 else outputs

    def _context(self, given: Mapping[str, Any]) -> mx.Context:
        for array in leaves(list(given.values())):
            if isinstance(array, mx.nd.NDArray):
                return array.context
        here = mx.current_context()
        contexts = [c for p in self._reg_params.values() for c in p.list_ctx()]
        return contexts[0] if contexts and here not in contexts else here

    # -- what is compiled ------------------------------------------------------------------

    @property
    def specialisations(self) -> Tuple[Specialisation, ...]:
        """What is kept, at most 32: compiled or not, for which inputs, and why."""
        return tuple(self._specialiser.kept)

    def hybridize(self, active: bool = True, **flags: Any) -> None:
        """Set how specialisations are compiled: the flags of ``gluon.HybridBlock.hybridize``.

        They are compiled in any case, and give the same results.
        """
        chosen = ((name, flags[name]) for name in FLAGS if name in flags)
        self._specialiser.flags = tuple(chosen) if active else ()
        super().hybridize(active, **flags)

    def __repr__(self) -> str:
        lines = [
            f"{type(self).__name__}(",
            "  a gluon.Block: a gluon.Block or nn.Sequential can hold it, a HybridBlock cannot",
            f"  inputs: {', '.join(self.input_names) or 'none'}",
            f"  outputs: {', '.join(self.output_names)}",
            f"  weights: {len(self._reg_params)}",
        ]
        deciding = sorted(self._specialiser.deciding)
        if deciding:
            lines.append(f"  values built in: {', '.join(deciding)}")
        lines += [f"  {record}" for record in self.specialisations]
        return "\n".join([*lines, ")"])

    # -- parameters ------------------------------------------------------------------------

    def load_parameters(self, filename: str, *args: Any, **how: Any) -> None:
        """Load what ``save_parameters`` saved; arguments as of ``gluon.Block.load_parameters``."""
        super().load_parameters(filename, *args, **how)
        self._specialiser.forget()

    def cast(self, dtype: Any) -> None:
        """Keep parameters, and take and give floats, in ``dtype``; operators keep the model's."""
        for parameter in self._reg_params.values():
            parameter.cast(dtype)
        self._edge_type = np.dtype(dtype)

    def reset_ctx(self, ctx: Contexts) -> None:
        """Move the parameters to other contexts."""
        self.collect_params().reset_ctx(ctx)

    def export(self, path: str, epoch: int = 0) -> Tuple[str, str]:
        """Write the graph that the last call ran as a checkpoint, for the shapes of that call.

        Parameters
        ----------
        path : str
            Prefix of ``-symbol.json`` and ``-0000.params``.
        epoch : int

        Raises
        ------
        RuntimeError
            If no call has run a compiled graph.
        """
        return self._specialiser.export(path, epoch)


def _asked(info: ValueInfo, wanted: Input) -> Optional[Tuple[Any, ...]]:
    """The shape that an input must have; sizes with a name are open."""
    return info.shape if wanted.dtype == object else tuple(wanted.shape)
