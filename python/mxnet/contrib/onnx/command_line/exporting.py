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
"""``export``: an MXNet model to an ONNX file."""

from __future__ import annotations

import argparse
import os
import time
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from ..opset import DEFAULT_TARGET_OPSET, TARGET_OPSETS
from ..reporting import aligned, counted, shape, size
from . import arguments
from .describing import operators
from .progress import step

NAME = "export"
HELP = "an MXNet model to an ONNX file"
DESCRIPTION = """\
Convert an MXNet model to an ONNX file. It is given as a checkpoint prefix, or as its symbol file
and its parameter file. MXNet is not needed, except for --verify."""
EPILOG = """\
A dimension that is given as a name stays open in the file, and is called so there: N in
data=N,3,224,224 is any batch size. All others are fixed.

examples:
  {prog} export resnet50_v1 --shape data=N,3,224,224
      reads resnet50_v1-symbol.json and resnet50_v1-0000.params, writes resnet50_v1.onnx

  {prog} export det1 --epoch 1 --shape data=N,3,H,W -o pnet.onnx
      another epoch; height and width stay open too

  {prog} export net.json net.params --shape tokens=N,64 --type tokens=int32 --verify
      any file names; a dtype; and a comparison with MXNet in ONNX Runtime

  {prog} export detector --shape data=1,3,300,300 --outputs relu4_3_output
      cut the graph at another output, named as get_internals().list_outputs() has it"""

#: Keywords of ``export_model``, and the options that are the same.
KEYWORDS = {
    "in_shapes": "--shape",
    "in_types": "--type",
    "opset_version": "--opset",
    "input_names": "--input-names",
    "output_names": "--output-names",
    "outputs": "--outputs",
    "custom_domain": "--custom-domain",
    "external_data": "--external-data",
    "float16": "--float16",
    "onnx_file_path": "--output",
    "sizes": "--sizes",
    "translations": "translations= of export_model() in Python",
}
Options = argparse.Namespace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the subcommand."""
    parser.add_argument("model", metavar="MODEL", help="checkpoint prefix, or symbol file (.json)")
    parser.add_argument("params", nargs="?", metavar="PARAMS", help="parameter file (.params)")
    parser.add_argument(
        "--epoch", type=int, default=0, help="of a checkpoint: PREFIX-0000.params [%(default)s]"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="ONNX file [named after the model, here]"
    )
    parser.add_argument(
        "--shape",
        action="append",
        default=[],
        type=arguments.maybe_named(arguments.shape),
        metavar="NAME=SHAPE",
        help="shape of an input, such as data=N,3,224,224; without NAME= in the inputs' order",
    )
    parser.add_argument(
        "--type",
        action="append",
        default=[],
        type=arguments.maybe_named(arguments.dtype),
        metavar="NAME=DTYPE",
        help="dtype of an input [float32]; without NAME= of all",
    )
    parser.add_argument(
        "--opset",
        type=int,
        default=DEFAULT_TARGET_OPSET,
        choices=TARGET_OPSETS,
        metavar="N",
        help=f"ONNX opset to write, {TARGET_OPSETS[0]} to {TARGET_OPSETS[-1]} [%(default)s]",
    )
    parser.add_argument(
        "--outputs", type=arguments.names, metavar="A,B", help="end the graph at these outputs"
    )
    parser.add_argument(
        "--input-names", type=arguments.names, metavar="A,B", help="what to call the inputs"
    )
    parser.add_argument(
        "--output-names", type=arguments.names, metavar="A,B", help="what to call the outputs"
    )
    parser.add_argument(
        "--custom-domain",
        metavar="DOMAIN",
        help="write operators of your own (Custom) into this domain, such as com.acme",
    )
    parser.add_argument(
        "--external-data",
        action="store_true",
        default=None,
        help="weights in a file of their own beside the model; always so above 2 GB",
    )
    parser.add_argument(
        "--float16",
        choices=("keep", "float32"),
        default="keep",
        help="what becomes of 16-bit floats [%(default)s]",
    )
    add_verification(parser, "run MXNet and ONNX Runtime on the same inputs and compare")


def add_verification(parser: argparse.ArgumentParser, what: str) -> None:
    """Arguments about verification, the same for both directions."""
    group = parser.add_argument_group("verification, which needs MXNet and ONNX Runtime")
    group.add_argument("--verify", action="store_true", help=what)
    add_comparison(group)


def add_comparison(group: argparse._ActionsContainer) -> None:
    """Arguments that say what is compared."""
    group.add_argument(
        "--inputs",
        type=arguments.arrays,
        metavar="FILE.npz",
        help="inputs by name, instead of random ones",
    )
    group.add_argument(
        "--sizes",
        action="append",
        default=[],
        type=arguments.named(arguments.sizes, "N=1,8"),
        metavar="NAME=SIZES",
        help="sizes to run an open dimension at, such as N=1,8",
    )
    group.add_argument(
        "--tolerance", type=float, metavar="T", help="largest error allowed [by dtype: 1e-4]"
    )


def run(options: Options) -> bool:
    """Perform the subcommand."""
    from ..mx2onnx.export_model import convert
    from ..mx2onnx.writing import check_apart

    target = options.output or default_target(options.model)
    check_apart(target, options.model, options.params)
    start = time.perf_counter()
    with step(f"converting {options.model}"):
        conversion = convert(
            options.model,
            options.params,
            listed_or_named(options.shape),
            listed_or_named(options.type, every=True),
            epoch=options.epoch,
            opset_version=options.opset,
            input_names=options.input_names,
            output_names=options.output_names,
            outputs=options.outputs,
            custom_domain=options.custom_domain,
            external_data=options.external_data,
            float16=options.float16,
        )
    seconds, report = time.perf_counter() - start, None
    if options.verify or options.inputs or options.sizes:
        report = verified(conversion, options)
    start = time.perf_counter()
    with step(f"writing {target}"):
        conversion.write(target)
    seconds += time.perf_counter() - start
    print(f"{options.model} to {target}")
    print("\n".join(aligned(_described(conversion, target, seconds), indent=2)))
    if report is not None:
        print(f"\n{report}")
    return True


def verified(conversion: Any, options: Options) -> Any:
    """Compare with MXNet before anything is written; raises VerificationError."""
    from ..verification import verify_export

    with step("comparing with MXNet"):
        report = verify_export(
            conversion,
            options.inputs,
            sizes=arguments.collected(options.sizes) or None,
            tolerance=options.tolerance,
        )
    report.raise_unless_agrees()
    return report


def default_target(model: str) -> str:
    """``net-symbol.json``, ``net.json`` and ``folder/net`` become ``net.onnx`` here."""
    name = os.path.basename(model.rstrip("/\\"))
    for ending in ("-symbol.json", ".json"):
        if name.endswith(ending):
            name = name[: -len(ending)]
    return f"{name}.onnx"


def listed_or_named(
    pairs: Sequence[Tuple[Optional[str], Any]], every: bool = False
) -> Union[None, List[Any], Dict[str, Any], np.dtype]:
    """What was given with names as a dict, without as a list; one for ``every`` input as it is."""
    if not pairs:
        return None
    named = [name for name, _ in pairs if name is not None]
    if not named:
        return pairs[0][1] if every and len(pairs) == 1 else [value for _, value in pairs]
    if len(named) < len(pairs):
        raise argparse.ArgumentTypeError("give all with NAME= or all without")
    return {str(name): value for name, value in pairs}


def _described(conversion: Any, target: str, seconds: float) -> List[Tuple[str, str]]:
    files = [path for path in (target, f"{target}.data") if os.path.exists(path)]
    weights = sum(tensor.nbytes for tensor in conversion.constants.values())
    before = sum(hasattr(conversion.graph.nodes[i], "op_type") for i in conversion.live)
    rows = [("opset", str(conversion.opset))]
    for kind, types in (("input", conversion.inputs), ("output", conversion.outputs)):
        rows += [(kind, f"{n}  {t.dtype.name} {shape(t.dims or ())}") for n, t in types.items()]
    rows.append(("weights", f"{counted(len(conversion.constants), 'tensor')}, {size(weights)}"))
    rows.append(("MXNet nodes", str(before)))
    rows.append(("ONNX nodes", operators(node.op_type for node in conversion.nodes)))
    rows.append(("file", ", ".join(f"{path} {size(os.path.getsize(path))}" for path in files)))
    return [*rows, ("time", f"{seconds:.2f} s to convert and write")]
