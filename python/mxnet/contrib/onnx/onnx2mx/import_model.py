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

import warnings
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Union

import mxnet as mx

from ..errors import ConversionWarning
from ..translation import TranslationTable
from .arguments import resolve
from .fitting import Fitting
from .folding_batch_norm import without_batch_norm
from .imported import Imported
from .loading import ModelFile, load
from .metadata import get_model_metadata
from .normalise import Model, normalise
from .planning import Planner
from .sampling import spelled_sizes
from .translations import import_table

#: ``get_model_metadata`` was found here up to MXNet 1.9.
__all__ = ["get_model_metadata", "import_model", "translate"]

Arrays = Dict[str, "mx.nd.NDArray"]


def import_model(
    model_file: ModelFile,
    *,
    input_shapes: Optional[Mapping[str, Sequence[Any]]] = None,
    input_values: Optional[Mapping[str, Any]] = None,
    sizes: Optional[Mapping[str, Any]] = None,
    translations: Optional[TranslationTable] = None,
    fold_batch_norm: bool = False,
    copy: bool = True,
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
        Where a batch of 1 is made to vary, a 1 that shapes inside begin with is read as the batch.
    input_values : dict of str to array_like, optional
        Inputs to make constants of: needed where they decide shapes.
    sizes : dict of str to (int or three ints), optional
        An int fixes a dimension; three different ints are the sizes to try it at, where the
        importer's own choice does not suit the network. An unnamed one is called ``"input[axis]"``.
    translations : TranslationTable, optional
        Your own rows, for operators that have none here or in place of those.
    fold_batch_norm : bool
        Build batch normalisation into the convolution before it, which predicts faster. For
        prediction only: a network trained so has no statistics to keep up.
    copy : bool
        False leaves weights in the file where they can be used as they lie there: tensors of 4 kB
        and more that start at a multiple of their element's size, as external data mostly does and
        data inside a file by chance, and not of int8 or bool. The file must stay as it is; what is
        written to the arrays stays in memory. Module copies what ``set_params`` is given, and
        convolutions rearrange their weights when they first run.

    Returns
    -------
    sym : mxnet.symbol.Symbol
        Its nodes have the names of the model's nodes; head ``i`` is the node called like output
        ``i``, so ``list_outputs()`` gives ``"<output>_output"``. Inputs that nothing reads are
        left out, since Module cannot bind them. A ``$`` in a name becomes ``_``. Tensors of rank 0
        have shape ``(1,)``. One that holds loops (``_foreach``, of Scan, Loop or recurrent nodes)
        goes neither into one graph with convolutions nor under ``hybridize(static_shape=True)``,
        where MXNet computes loops wrongly; fixed by ``input_shapes``, short ones are written out.
    arg_params, aux_params : dict of str to mxnet.nd.NDArray
        Named as in the model. Constants of whole numbers are floats here and cast in the Symbol,
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
        read(model_file, copy),
        input_shapes=input_shapes,
        input_values=input_values,
        sizes=sizes,
        translations=translations,
        fold_batch_norm=fold_batch_norm,
        floating=True,
    )
    warn_of_assumptions(imported)
    symbol = imported.symbol
    return (
        symbol,
        dict(imported.arrays(symbol.list_arguments(), copy, last=True)),
        dict(imported.arrays(symbol.list_auxiliary_states(), copy, last=True)),
    )


def warn_of_assumptions(imported: Imported, stacklevel: int = 3) -> None:
    """Tell the user what was taken for granted of sizes that vary."""
    if imported.assumptions:
        tried = spelled_sizes(imported.sizes)
        text = "\n".join(
            [
                f"the result holds only while the following does, as at all sizes tried ({tried}):",
                *(f"  - {assumption}" for assumption in imported.assumptions),
                "Sizes for which it may not hold can be tried with sizes=, or fixed by it.",
            ]
        )
        warnings.warn(text, ConversionWarning, stacklevel=stacklevel)


def read(model_file: Union[ModelFile, Model], copy: bool = True) -> Model:
    """The model in plain form; one that is so already is given back.

    Parameters
    ----------
    model_file : str, os.PathLike, bytes, binary file object, onnx.ModelProto or Model
    copy : bool
        Otherwise its arrays are made to be used where they lie in the file.
    """
    if isinstance(model_file, Model):
        return model_file
    return normalise(load(model_file, private=not copy))


def translate(
    model_file: Union[ModelFile, Model],
    *,
    input_shapes: Optional[Mapping[str, Sequence[Any]]] = None,
    input_values: Optional[Mapping[str, Any]] = None,
    sizes: Optional[Mapping[str, Any]] = None,
    translations: Optional[TranslationTable] = None,
    fold_batch_norm: bool = False,
    floating: bool = False,
    patient: bool = True,
) -> Imported:
    """Translate a model without copying its weights; parameters as of :func:`import_model`.

    Parameters
    ----------
    floating : bool
        Whether constants of whole numbers become variables of floats, see ``SymbolBuilder``.
    patient : bool
        Whether to look for the dimension that is to blame where no sizes fit, which takes time.

    Raises
    ------
    ConversionError
    """
    # Classic semantics while symbols are made, whatever the user has switched on.
    with mx.util.np_array(False), mx.util.np_shape(False):
        model = read(model_file)
        if fold_batch_norm:
            model = without_batch_norm(model)
        wishes = resolve(model, input_shapes, input_values, sizes, translations)
        planner = Planner(model, import_table, translations)
        return Fitting(model, wishes, planner, planner.plan(), floating, patient).run()
