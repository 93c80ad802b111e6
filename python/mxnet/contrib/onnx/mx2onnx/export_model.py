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
"""Convert an MXNet model to ONNX and write it."""

from __future__ import annotations

import logging
from typing import Any, Mapping, Optional, Sequence, Union

import numpy as np

from onnx import ModelProto

from ..errors import ModelError
from ..opset import DEFAULT_TARGET_OPSET
from ..translation import TranslationTable
from .arguments import check_shapes, dynamic_shapes
from .conversion import Conversion
from .converting import convert
from .writing import Target, check_apart, check_target

__all__ = ["Conversion", "convert", "export_model"]

logger = logging.getLogger(__name__)


def export_model(
    sym: Any,
    params: Any = None,
    in_shapes: Any = None,
    in_types: Any = np.float32,
    onnx_file_path: Optional[Target] = "model.onnx",
    verbose: bool = False,
    dynamic: bool = False,
    dynamic_input_shapes: Any = None,
    run_shape_inference: bool = False,
    input_type: Any = None,
    input_shape: Any = None,
    *,
    epoch: int = 0,
    opset_version: int = DEFAULT_TARGET_OPSET,
    input_names: Union[Sequence[str], Mapping[str, str], None] = None,
    output_names: Union[Sequence[str], Mapping[str, str], None] = None,
    outputs: Optional[Sequence[str]] = None,
    verify: Any = False,
    translations: Optional[TranslationTable] = None,
    custom_domain: Optional[str] = None,
    custom_opsets: Optional[Mapping[str, int]] = None,
    external_data: Optional[bool] = None,
    float16: str = "keep",
    ctx: Any = None,
) -> Any:
    """Convert an MXNet model to ONNX.

    Parameters
    ----------
    sym : Symbol, HybridBlock, Module, str or path-like
        The network: a Symbol; the path of a symbol file under any name; a checkpoint prefix, with
        ``epoch``; a HybridBlock, hybridised or not; or a Module that is bound and has parameters.
    params : dict, pair of dict, str, path-like or None
        The parameters: name to NDArray or NumPy array, with or without ``arg:`` and ``aux:``;
        ``(arg_params, aux_params)``; or the path of a parameter file. None where ``sym`` has them:
        a checkpoint prefix, a block, a module.
    in_shapes : list or dict of shape
        A shape for every input, by name, or in the order in which a block is called, a module's
        ``data_names`` or ``sym.list_inputs()`` has them. A size is an int, a str that names a size
        which may differ from run to run, or None for such a size without a name; on the first axis
        None is the batch, one size for all inputs. Labels need none. May be left out where the
        symbol or the module says the shapes.
    in_types : dtype, list or dict of dtype
        Element types of the inputs. With the default, an input whose variable declares a dtype has
        that, one that meets weights of another floating dtype has theirs, others have float32.
    onnx_file_path : str, path-like, binary file or None
        Where to write. A path gets the model whole or keeps its old content. None: the model is
        returned.
    verbose : bool
        Print a summary. Steps are logged under this module's name in any case.
    dynamic : bool
        Whether ``dynamic_input_shapes`` count.
    dynamic_input_shapes : list or dict of shape, optional
        Take the place of ``in_shapes``; where not given, every size is left open.
    run_shape_inference : bool
        Accepted for old callers; shapes are always inferred and recorded.
    input_type, input_shape : optional
        What ``in_types`` and ``in_shapes`` were called up to MXNet 1.8.
    epoch : int
        Which parameters of a checkpoint.
    opset_version : int
        ONNX opset to write, 11 or newer. The default is loaded by runtimes since 2023.
    input_names, output_names : list or dict of str, optional
        Names for the inputs and outputs of the ONNX model, in order, or from old to new. By default
        they are MXNet's.
    outputs : list of str, optional
        End the graph at these outputs, as ``sym.get_internals().list_outputs()`` names them
        (``"fc1_output"``), or at these nodes. The cut is made before operators are looked at.
    verify : bool or dict
        Run MXNet and ONNX Runtime on the same inputs and compare; a dict holds the inputs, name to
        array. Needs both. The model is written only if it passes.
    translations : TranslationTable, optional
        Further rows, which win. One for a custom operator goes under the name that it is registered
        by, or under ``Custom`` for all.
    custom_domain : str, optional
        Write the user's own operators (``Custom``) that no row covers as operators of this domain,
        such as ``"com.acme"``: under the name that they are registered by, with their parameters as
        attributes of text. The runtime has to know them.
    custom_opsets : dict of str to int, optional
        Versions of domains other than ONNX's, 1 where not given.
    external_data : bool, optional
        Whether weights go into ``<path>.data`` beside the model; by default above 2 GB.
    float16 : str
        What becomes of 16-bit floats: "keep", or "float32", which widens parameters, casts and
        inputs, and takes automatic mixed precision (``amp_cast``) out. Runtimes without kernels for
        float16 need the latter; the numbers are those of the network in float32 with its rounded
        weights.
    ctx : Context, optional
        Where MXNet runs for ``verify``.

    Returns
    -------
    str, path-like or onnx.ModelProto
        ``onnx_file_path`` as it was given; the model where that is None.

    Raises
    ------
    ModelError
        If an argument, a file, the parameters or the shapes are not what they should be.
    UnsupportedOperatorError
        If operators have no translation; it names all.
    TranslationError
        If a node asks for what ONNX, or the chosen opset, cannot say.
    VerificationError
        If ``verify`` finds that the model computes something else.

    Examples
    --------
    >>> path = export_model("resnet50", in_shapes=[("N", 3, 224, 224)], epoch=12,
    ...                     onnx_file_path="resnet50.onnx", verify=True)  # doctest: +SKIP
    """
    in_shapes = _one_of(in_shapes, input_shape, "in_shapes", "input_shape")
    if input_type is not None:
        in_types = input_type
    if dynamic:
        in_shapes = dynamic_shapes(
            check_shapes(in_shapes), check_shapes(dynamic_input_shapes, "dynamic_input_shapes")
        )
    if onnx_file_path is not None:
        check_target(onnx_file_path)
        check_apart(onnx_file_path, sym, params)
    _check_verify(verify)
    conversion = convert(
        sym,
        params,
        in_shapes,
        None if in_types is np.float32 else in_types,
        epoch=epoch,
        opset_version=opset_version,
        input_names=input_names,
        output_names=output_names,
        outputs=outputs,
        translations=translations,
        custom_domain=custom_domain,
        custom_opsets=custom_opsets,
        external_data=external_data,
        float16=float16,
    )
    if isinstance(verify, Mapping) or verify:
        _verify(conversion, verify, ctx)
    result: Union[Target, ModelProto]
    if onnx_file_path is None:
        result = conversion.to_proto()
    else:
        conversion.write(onnx_file_path)
        logger.info("wrote %s", onnx_file_path)
        result = onnx_file_path
    if verbose:
        print(conversion.summary())
    return result


def _one_of(new: Any, old: Any, new_name: str, old_name: str) -> Any:
    if new is not None and old is not None:
        raise ModelError(f"{old_name} is the old name of {new_name}; give one of them")
    return old if new is None else new


def _check_verify(verify: Any) -> None:
    if verify is not None and not isinstance(verify, (bool, Mapping)):
        raise ModelError(
            f"verify is True, or a dict from input to array; got a {type(verify).__name__}"
        )


def _verify(conversion: Conversion, verify: Any, ctx: Any) -> None:
    """Compare with MXNet on the inputs given, or drawn; VerificationError where they differ."""
    from ..verification import verify_export

    inputs = verify if isinstance(verify, Mapping) else None
    report = verify_export(conversion, inputs, ctx=ctx)
    logger.info("%s", report)
    report.raise_unless_agrees()
