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
"""ONNX to Symbol and parameters: the import as a whole."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import mxnet as mx

from onnx import helper

from ..dtypes import onnx_name
from ..errors import (
    ConversionWarning,
    DynamicSizeError,
    InferenceError,
    ModelError,
    TranslationError,
)
from ..translation import TranslationTable
from .arguments import Input, Wishes, resolve
from .builders import Parameter, SymbolBuilder, to_ndarray
from .graph import ValueInfo
from .loading import ModelFile, load
from .normalise import Model, normalise
from .planning import Plan, Planner
from .sampling import COMMON_SIZES, SAMPLES, Rung, ladder
from .translating import Translator
from .translations import import_table
from .values import Account, Known, Tensor, Value, join

Arrays = Dict[str, "mx.nd.NDArray"]


@dataclasses.dataclass(frozen=True)
class Imported:
    """An imported model, before its weights are copied.

    Attributes
    ----------
    symbol : mxnet.symbol.Symbol
        One head for each output of the model, in its order.
    parameters : dict of str to Parameter
        Arrays of the arguments and auxiliary states that are no inputs, many still in the file.
    inputs : list of Input
        All inputs of the model in its order, unused and fixed ones included.
    outputs : list of str
        The model's names of its outputs.
    output_shapes : list of tuple
        With a size for each sample (``Dim``) where it varies.
    assumptions : tuple of str
        What holds for all sizes tried and is built into the symbol.
    sizes : dict of str to tuple of int
        Sizes that were tried, by dimension; empty where everything is fixed.
    step : int
        What the network seems to want its varying lengths to be multiples of.
    rungs : int
        How many sets of sizes were tried until the network accepted one.
    """

    symbol: Any
    parameters: Dict[str, Parameter]
    inputs: List[Input]
    outputs: List[str]
    output_shapes: List[Tuple[Any, ...]]
    assumptions: Tuple[str, ...]
    sizes: Dict[str, Tuple[int, ...]]
    step: int
    rungs: int

    def arrays(self, names: Sequence[str]) -> Iterator[Tuple[str, mx.nd.NDArray]]:
        """Copies of the parameters of these names, one at a time, on the CPU."""
        for name in names:
            if name in self.parameters:
                parameter = self.parameters[name]
                yield name, to_ndarray(parameter.array, mx.cpu(), parameter.carrier)


def import_model(
    model_file: ModelFile,
    *,
    input_shapes: Optional[Mapping[str, Sequence[Any]]] = None,
    input_values: Optional[Mapping[str, Any]] = None,
    sizes: Optional[Mapping[str, Any]] = None,
    translations: Optional[TranslationTable] = None,
) -> Tuple[Any, Arrays, Arrays]:
    """Import an ONNX model as a Symbol and its parameters, ready for ``mx.mod.Module``.

    Dimensions that the model declares as varying stay so where MXNet can say them: the same Symbol
    is then bound at any size. What had to be assumed of sizes is told as a
    :class:`ConversionWarning`.

    Parameters
    ----------
    model_file : str, os.PathLike, bytes, binary file object or onnx.ModelProto
    input_shapes : dict of str to tuple, optional
        Shapes of inputs, in place of the declared ones. A size is an int, a name for one that
        varies (equal names are equal sizes) or None for one that varies on its own. So a declared
        size can be fixed, and a fixed one be made to vary: ``{"data": ("N", 3, 224, 224)}``.
    input_values : dict of str to array_like, optional
        Inputs to make constants of: needed where they decide shapes.
    sizes : dict of str to (int or three ints), optional
        An int fixes a dimension; three different ints are the sizes to try it at, where the
        importer's own choice does not suit the network. An unnamed one is called ``"input[axis]"``.
    translations : TranslationTable, optional
        Your own rows, for operators that have none here or in place of those.

    Returns
    -------
    sym : mxnet.symbol.Symbol
        Its nodes have the names of the model's nodes; head ``i`` is the node called like output ``i``,
        so ``list_outputs()`` gives ``"<output>_output"``. Inputs that nothing reads are left out,
        since Module cannot bind them. Tensors of rank 0 have shape ``(1,)``.
    arg_params, aux_params : dict of str to mxnet.nd.NDArray
        Named as in the model. Constants of whole numbers are float64 here and cast in the Symbol,
        since MXNet's optimizers refuse whole numbers; constants that are no weights have learning
        rate 0.

    Raises
    ------
    ModelError
        If the file or an argument is not what it should be.
    UnsupportedOperatorError
        If operators have no row; all are named.
    TranslationError
        If a node asks for something that cannot be given.

    Examples
    --------
    >>> sym, arg_params, aux_params = import_model("net.onnx")
    >>> module = mx.mod.Module(sym, data_names=["data"], label_names=None)
    >>> module.bind([("data", (8, 3, 224, 224))], for_training=False)
    >>> module.set_params(arg_params, aux_params)
    """
    imported = translate(
        model_file,
        input_shapes=input_shapes,
        input_values=input_values,
        sizes=sizes,
        translations=translations,
        floating=True,
    )
    warn_of_assumptions(imported)
    symbol = imported.symbol
    return (
        symbol,
        dict(imported.arrays(symbol.list_arguments())),
        dict(imported.arrays(symbol.list_auxiliary_states())),
    )


def warn_of_assumptions(imported: Imported, stacklevel: int = 3) -> None:
    """Tell the user what was taken for granted of sizes that vary."""
    if imported.assumptions:
        tried = ", ".join(
            f"{name} = {', '.join(map(str, sizes))}" for name, sizes in imported.sizes.items()
        )
        text = "\n".join(
            [
                f"the result holds only while the following does, as at all sizes tried ({tried}):",
                *(f"  - {assumption}" for assumption in imported.assumptions),
                "Sizes for which it may not hold can be tried with sizes=, or fixed by it.",
            ]
        )
        warnings.warn(text, ConversionWarning, stacklevel=stacklevel)


def translate(
    model_file: ModelFile,
    *,
    input_shapes: Optional[Mapping[str, Sequence[Any]]] = None,
    input_values: Optional[Mapping[str, Any]] = None,
    sizes: Optional[Mapping[str, Any]] = None,
    translations: Optional[TranslationTable] = None,
    floating: bool = False,
) -> Imported:
    """Translate a model without copying its weights; parameters as of :func:`import_model`.

    Parameters
    ----------
    floating : bool
        Whether constants of whole numbers become variables of float64, see ``SymbolBuilder``.

    Raises
    ------
    ConversionError
    """
    # Classic semantics while symbols are made, whatever the user has switched on.
    with mx.util.np_array(False), mx.util.np_shape(False):
        model = normalise(load(model_file))
        wishes = resolve(model, input_shapes, input_values, sizes, translations)
        planner = Planner(model, import_table, translations)
        return _Import(model, wishes, planner, planner.plan(), floating).run()


class _Import:
    """Finds sizes that the network accepts, and translates it at them."""

    def __init__(self, model: Model, wishes: Wishes, planner: Planner, plan: Plan, floating: bool):
        self.model, self.wishes, self.planner, self.plan = model, wishes, planner, plan
        self.floating = floating

    def run(self) -> Imported:
        dimensions = self.wishes.dimensions
        if not dimensions:
            return self._translated(Rung(1, {}, {}), hasty=False)
        first: Optional[InferenceError] = None
        for count, rung in enumerate(ladder(dimensions, self.wishes.sizes), 1):
            try:
                imported = self._translated(rung, hasty=True)
            except InferenceError as error:  # no such sizes fit this network: try others
                first = first or error
                continue
            except DynamicSizeError:
                error = self._refusal_of_a_sample(rung)
                if error is None:
                    raise
                first = first or error
                continue
            self._check_other_sizes(imported, rung)
            return dataclasses.replace(imported, rungs=count)
        raise self._no_sizes_fit(first)

    def _refusal_of_a_sample(self, rung: Rung) -> Optional[InferenceError]:
        """Why the network does not accept one of the samples at all, or None if it accepts each.

        A position table of 512 rows cut to a length of 1017 gives 512 rows: what follows may then
        look as if it could not be said at varying sizes, where it is only wrong.
        """
        for sample in range(SAMPLES):
            fixed = self
            for name, sizes in rung.sizes.items():
                fixed = fixed.at_size(name, sizes[sample])
            try:
                fixed._translated(Rung(1, {}, {}), hasty=True)
            except InferenceError as error:
                return error
            except TranslationError:
                continue
        return None

    def at_size(self, dimension: str, size: int) -> _Import:
        """The same with one dimension fixed."""
        wishes = self.wishes.at_size(dimension, size)
        return _Import(self.model, wishes, self.planner, self.plan, self.floating)

    def _translated(self, rung: Rung, hasty: bool) -> Imported:
        sizes = rung.sizes
        account = Account({triple: name for name, triple in sizes.items()})
        builder = SymbolBuilder(SAMPLES if sizes else 1, self.floating)
        translator = Translator(self.planner, self.plan, builder, hasty)
        dims = {name: join(triple) for name, triple in sizes.items()}
        with account.kept():
            values = translator.run({i.name: _value(builder, i, dims) for i in self._fed()})
            heads = self._heads(translator, values)
        symbol = mx.sym.Group([head.handle for head in heads])
        return Imported(
            symbol=symbol,
            parameters=builder.parameters,
            inputs=self.wishes.inputs,
            outputs=[v.name for v in self.model.graph.outputs],
            output_shapes=[head.shape for head in heads],
            assumptions=tuple(account.assumptions),
            sizes=dict(sizes),
            step=rung.step,
            rungs=1,
        )

    def _fed(self) -> Iterator[Input]:
        return (given for given in self.wishes.inputs if given.used)

    def _heads(self, translator: Translator, values: Sequence[Value]) -> List[Tensor]:
        """The outputs as nodes of their own, called like the model's outputs."""
        op, heads = translator.op, []  # type: Any, List[Tensor]
        for info, value in zip(self.model.graph.outputs, values):
            tensor = _checked_output(op.tensor(value), info)
            with op.node(info.name, 1):
                if not _is_sole_output(tensor) or any(tensor.handle is h.handle for h in heads):
                    tensor = op.identity(tensor)
                again = any(info.name == v.name for v in self.model.graph.outputs[: len(heads)])
                op.builder.rename(tensor, op.names.unique(info.name) if again else info.name)
            heads.append(tensor)
        return heads

    def _check_other_sizes(self, imported: Imported, rung: Rung) -> None:
        """Other samples must lead to the very same symbol.

        Raises
        ------
        DynamicSizeError
            If they do not: something hangs on the sizes that the symbol does not say.
        """
        turned = {name: (*sizes[1:], sizes[0]) for name, sizes in rung.sizes.items()}
        try:
            other = self._translated(dataclasses.replace(rung, sizes=rung.others), hasty=True)
        except InferenceError:  # not accepted; the same sizes in another order are
            other = self._translated(dataclasses.replace(rung, sizes=turned), hasty=True)
        if other.symbol.tojson() != imported.symbol.tojson():
            raise DynamicSizeError(
                f"{self.model.source} computes something else at other sizes, which a Symbol "
                f"cannot say; fix the sizes with {self._remedy()}"
            )

    def _no_sizes_fit(self, first: Optional[InferenceError]) -> InferenceError:
        """The refusal of all sizes, with the dimension that is to blame if one is found."""
        blame = self._blame()
        return InferenceError(
            f"{self.model.source} accepts none of the sizes tried for "
            f"{', '.join(d.name for d in self.wishes.dimensions)}. {blame}The first refusal: {first}"
        )

    def _blame(self) -> str:
        """Hold one dimension at a common size while the others vary, and say what helps."""
        for dimension in self.wishes.dimensions:
            for size in COMMON_SIZES:
                if self.at_size(dimension.name, size)._accepts_some_sizes():
                    return (
                        f"With '{dimension.name}' fixed it does, for example at {size}: "
                        f"sizes={{'{dimension.name}': {size}}}. "
                    )
        return f"Fix sizes with {self._remedy()}. "

    def _accepts_some_sizes(self) -> bool:
        dimensions = self.wishes.dimensions
        rungs: Iterator[Rung] = iter([Rung(1, {}, {})])
        if dimensions:
            rungs = (r for i, r in enumerate(ladder(dimensions, self.wishes.sizes)) if i in (0, 20))
        for rung in rungs:
            try:
                self._translated(rung, hasty=True)
            except InferenceError:
                continue
            except DynamicSizeError:
                return False
            return True
        return False

    def _remedy(self) -> str:
        shapes = {
            given.name: tuple(size if isinstance(size, int) else "..." for size in given.shape)
            for given in self._fed()
            if any(isinstance(size, str) for size in given.shape)
        }
        return f"input_shapes={shapes}".replace("'...'", "...")


def _value(builder: SymbolBuilder, given: Input, dims: Mapping[str, Any]) -> Value:
    if given.value is not None:
        return Known(given.name, (given.value,))
    shape = tuple(dims[size] if isinstance(size, str) else size for size in given.shape)
    return builder.input(given.name, shape, given.dtype)


def _checked_output(value: Any, info: ValueInfo) -> Tensor:
    """An output of the model, which must be what the model says it is."""
    if not isinstance(value, Tensor):
        raise TranslationError(f"output '{info.name}' is no tensor; a Symbol gives tensors only")
    if info.data_type and helper.np_dtype_to_tensor_dtype(value.dtype) != info.data_type:
        raise ModelError(
            f"output '{info.name}' is declared as {onnx_name(info.data_type)} and computed as "
            f"{value.dtype}"
        )
    return value


def _is_sole_output(tensor: Tensor) -> bool:
    """Whether a node makes this tensor and nothing else, so that it can be called like the tensor."""
    names = tensor.handle.list_outputs()
    return bool(names == [f"{tensor.handle.name}_output"])
