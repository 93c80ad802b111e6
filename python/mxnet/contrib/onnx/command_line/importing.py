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
"""``import``: an ONNX file to an MXNet checkpoint."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import warnings
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..errors import ConversionError, ModelError, UnsupportedOperatorError
from ..reporting import aligned, shape, size
from . import arguments
from .describing import operators
from .exporting import add_verification
from .progress import step

NAME = "import"
HELP = "an ONNX file to an MXNet checkpoint"
DESCRIPTION = """\
Convert an ONNX file to an MXNet checkpoint: PREFIX-symbol.json and PREFIX-0000.params, for Module
and, with SymbolBlock.imports, for Gluon. Needs MXNet."""
EPILOG = """\
Dimensions that are open in the file stay open in the symbol where MXNet can say what the network
does with them; otherwise the refusal names the node, and --shape fixes them.

examples:
  {prog} import resnet50.onnx --verify
      writes resnet50-symbol.json and resnet50-0000.params; compares Module and Gluon with
      ONNX Runtime

  {prog} import rec.onnx -o text --shape x=N,3,48,W
      height fixed at 48, batch and width open

  {prog} import pad.onnx --value pads=[0,0,1,1]
      an input whose value the shapes depend on becomes a constant

  {prog} import net.onnx --sizes S=128,256,512
      sizes of an open dimension to try the network with"""
OTHERWISE = """\
So no symbol file is written. In Python import_to_gluon() gives a block that runs what no symbol
says, and mxnet.contrib.onnx.backend runs it operator by operator; 'check MODEL --verify' compares
both with ONNX Runtime."""
#: Keywords of ``import_model``, and the options that are the same.
KEYWORDS = {
    "input_shapes": "--shape",
    "input_values": "--value",
    "sizes": "--sizes",
    "translations": "translations= of import_model() in Python",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the subcommand."""
    parser.add_argument("model", metavar="MODEL", help="ONNX file")
    parser.add_argument(
        "-o", "--output", metavar="PREFIX", help="of the checkpoint [the file's name, here]"
    )
    parser.add_argument(
        "--epoch", type=int, default=0, help="number in the parameter file's name [%(default)s]"
    )
    parser.add_argument(
        "--shape",
        action="append",
        default=[],
        type=arguments.named(arguments.shape, "x=N,3,224,224"),
        metavar="NAME=SHAPE",
        help="shape of an input, names for dimensions that stay open",
    )
    parser.add_argument(
        "--value",
        action="append",
        default=[],
        type=arguments.named(arguments.array, "pads=[0,0,1,1]"),
        metavar="NAME=VALUE",
        help="value of an input: a number, a list, or a .npy file",
    )
    parser.add_argument(
        "--gluon", action="store_true", help="make sure that it loads as a Gluon block too"
    )
    add_verification(parser, "run Module, Gluon and ONNX Runtime on the same inputs and compare")


def run(options: argparse.Namespace) -> bool:
    """Perform the subcommand."""
    from ..verification.mxnet_process import require

    require("importing")
    from ..onnx2mx.import_model import translate

    prefix = options.output or os.path.splitext(os.path.basename(options.model))[0]
    folder = os.path.dirname(os.path.abspath(prefix))
    if not os.path.isdir(folder):
        raise ModelError(f"there is no folder '{folder}' to write to")
    start = time.perf_counter()
    with step(f"converting {options.model}"):
        try:
            imported = translate(
                options.model,
                input_shapes=arguments.collected(options.shape) or None,
                input_values=arguments.collected(options.value) or None,
                sizes=_sizes(options),
                floating=True,
            )
        except (ModelError, UnsupportedOperatorError):
            raise
        except ConversionError as error:
            raise ConversionError(f"{error}\n{OTHERWISE}") from error
        arrays = dict(imported.arrays(imported.symbol.list_inputs()))
    seconds, report = time.perf_counter() - start, None
    if options.verify or options.inputs:
        with step("comparing with ONNX Runtime"):
            report = _verified(imported, arrays, options)
    start = time.perf_counter()
    with step(f"writing {prefix}"):
        paths = save(prefix, options.epoch, imported, arrays)
        if options.gluon:
            _load_block(paths, imported)
    seconds += time.perf_counter() - start
    print(f"{options.model} to {prefix}")
    print("\n".join(aligned(_described(imported, paths, seconds), indent=2)))
    if report is not None:
        print(f"\n{report}")
    return True


def _sizes(options: argparse.Namespace) -> Optional[Dict[str, Any]]:
    """Sizes to try: one fixes a dimension, three are tried; two are for verification alone."""
    chosen = arguments.collected(options.sizes)
    return {n: s[0] if len(s) == 1 else s for n, s in chosen.items() if len(s) in (1, 3)} or None


def _verified(imported: Any, arrays: Dict[str, Any], options: argparse.Namespace) -> Any:
    """Compare with ONNX Runtime before anything is written; raises VerificationError."""
    from ..verification import verify_import

    open_sizes = {s for i in imported.inputs for s in i.shape if isinstance(s, str)}
    chosen = {n: s for n, s in arguments.collected(options.sizes).items() if n in open_sizes}
    report = verify_import(
        options.model,
        imported.symbol,
        arrays,
        {},
        options.inputs,
        input_shapes={i.name: i.shape for i in imported.inputs},
        input_values={i.name: i.value for i in imported.inputs if i.value is not None},
        sizes=chosen or None,
        tolerance=options.tolerance,
    )
    report.raise_unless_agrees()
    return report


def save(prefix: str, epoch: int, imported: Any, arrays: Dict[str, Any]) -> List[str]:
    """Write the two files of a checkpoint; a file that cannot be written whole stays as it was."""
    import mxnet as mx

    states = set(imported.symbol.list_auxiliary_states())
    stored = {f"{'aux' if n in states else 'arg'}:{n}": a for n, a in arrays.items()}
    paths = [f"{prefix}-symbol.json", f"{prefix}-{epoch:04d}.params"]
    for path, write in zip(paths, (imported.symbol.save, lambda p: mx.nd.save(p, stored))):
        folder = os.path.dirname(os.path.abspath(path))
        with tempfile.TemporaryDirectory(prefix=".onnx-", dir=folder) as temporary:
            part = os.path.join(temporary, os.path.basename(path))
            write(part)
            os.replace(part, path)
    return paths


def _load_block(paths: Sequence[str], imported: Any) -> None:
    """Load the checkpoint as users of Gluon do; raises what they would see."""
    import mxnet as mx

    arguments_ = set(imported.symbol.list_arguments())
    names = [i.name for i in imported.inputs if i.name in arguments_]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it cannot tell dtypes before it knows shapes
        mx.gluon.SymbolBlock.imports(paths[0], names, paths[1])


def _described(imported: Any, paths: Sequence[str], seconds: float) -> List[Tuple[str, str]]:
    nodes = json.loads(imported.symbol.tojson())["nodes"]
    rows: List[Tuple[str, str]] = []
    for i in imported.inputs:
        fixed = ", fixed to the value given" if i.value is not None else ""
        unused = "" if i.used else ", not used"
        rows.append(("input", f"{i.name}  {i.dtype.name} {shape(i.shape)}{fixed}{unused}"))
    rows += [("output", name) for name in imported.outputs]
    rows.append(("MXNet nodes", operators(n["op"] for n in nodes if n["op"] != "null")))
    for name, tried in imported.sizes.items():
        rows.append(("size", f"{name} stays open; tried with {', '.join(map(str, tried))}"))
    if imported.step > 1:
        rows.append(("note", f"the network seems to want multiples of {imported.step}"))
    if imported.loops:
        rows.append(("note", "it has loops: hybridize without static_shape, join no convolutions"))
    rows += [("assumes", text) for text in imported.assumptions]
    rows += [("file", f"{path} {size(os.path.getsize(path))}") for path in paths]
    return [*rows, ("time", f"{seconds:.2f} s to convert and write")]
