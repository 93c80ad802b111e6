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
"""``check``: what a file is and whether it will convert; or whether two files agree."""

from __future__ import annotations

import argparse
import os
from typing import Any

from ..errors import ConversionError, ModelError
from ..mx2onnx.symbol_json import OLDEST_VERSION
from ..reporting import aligned
from . import arguments, exporting, importing
from .describing import onnx_model, operators
from .progress import step
from .wording import worded

NAME = "check"
HELP = "say what a file is and whether it will convert"
DESCRIPTION = """\
Say what a file is, and whether every operator in it has a translation: all that are missing are
named at once. Nothing is written. Neither MXNet nor ONNX Runtime is needed, except for --verify
and --against."""
EPILOG = """\
examples:
  {prog} check net.onnx                 an ONNX file: will it import?
  {prog} check resnet50_v1              a checkpoint: will it export?
  {prog} check net-symbol.json          a symbol file alone
  {prog} check detector.onnx --verify
      does it compute as a block, and by the backend, what ONNX Runtime does?
  {prog} check net.onnx --against resnet50_v1 --epoch 3
      do the file and the checkpoint that it was exported from compute the same?"""
#: What is compared is exported first.
KEYWORDS = {**exporting.KEYWORDS, "inputs": "--inputs"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the subcommand."""
    parser.add_argument(
        "model", metavar="MODEL", help="ONNX file, symbol file or checkpoint prefix"
    )
    parser.add_argument(
        "--against", metavar="SOURCE", help="the checkpoint prefix or symbol file to compare with"
    )
    parser.add_argument("--params", metavar="PARAMS", help="parameter file of SOURCE")
    parser.add_argument("--epoch", type=int, default=0, help="of SOURCE [%(default)s]")
    parser.add_argument(
        "--verify",
        action="store_true",
        help="run an ONNX file as OnnxBlock, by the backend and in ONNX Runtime, and compare",
    )
    exporting.add_comparison(parser.add_argument_group("with --against or --verify"))


def run(options: argparse.Namespace) -> bool:
    """Perform the subcommand; False where the file will not convert, or the two do not agree."""
    if options.against:
        return _compare(options)
    if is_symbol(options.model):
        if options.verify:
            raise argparse.ArgumentTypeError(
                "--verify is for ONNX files; a checkpoint is verified by export --verify"
            )
        return _symbol(options.model)
    verified = options.verify or options.inputs
    return _onnx(options.model) and (not verified or _verified(options))


def is_symbol(path: str) -> bool:
    """Whether ``path`` is a checkpoint prefix or a symbol file, by what is there."""
    if not os.path.isfile(path):
        return os.path.isfile(f"{path}-symbol.json")
    with open(path, "rb") as file:
        return file.read(64).lstrip().startswith(b"{")


def _onnx(path: str) -> bool:
    from ..onnx2mx.loading import load
    from ..onnx2mx.normalise import normalise
    from ..onnx2mx.planning import Planner
    from ..onnx2mx.translations import import_table

    with step(f"reading {path}"):
        loaded = load(path)
    print(f"{path}, an ONNX model")
    print("\n".join(onnx_model(loaded.proto)))
    try:
        with step("planning"):
            Planner(normalise(loaded), import_table).plan()
    except ConversionError as error:
        print(f"\nIt will NOT import: {worded(error, importing.KEYWORDS)}")
        return False
    print("\nEvery operator has a translation: it will import, unless a node asks for what MXNet")
    print("cannot do, which import says. --verify runs it without making a symbol.")
    return True


def _verified(options: argparse.Namespace) -> bool:
    """Whether an ONNX file computes in MXNet, without a symbol, what it does in ONNX Runtime."""
    from ..verification import verify_import

    with step("comparing with ONNX Runtime"):
        report = verify_import(
            options.model,
            inputs=options.inputs,
            sizes=arguments.collected(options.sizes) or None,
            tolerance=options.tolerance,
        )
    print(f"\n{report}")
    return bool(report.agrees)


def _symbol(path: str) -> bool:
    from ..mx2onnx.canonical import canonicalise
    from ..mx2onnx.planning import plan
    from ..mx2onnx.sources import read_source
    from ..mx2onnx.symbol_file import Node, read_symbol
    from ..mx2onnx.translations import export_table

    file = path if os.path.isfile(path) else f"{path}-symbol.json"
    with step(f"reading {file}"):
        symbol = read_source(file).symbol
        graph = canonicalise(read_symbol(symbol))
    live = graph.live()
    nodes = [graph.nodes[index] for index in live]
    print(f"{file}, an MXNet symbol")
    rows = [
        ("saved by", _release(symbol.version)),
        ("outputs", ", ".join(graph.nodes[index].name for index, _ in graph.heads)),
        ("variables", f"{len(graph.variables(live))}: inputs, parameters and states"),
        ("nodes", operators(node.op_type for node in nodes if isinstance(node, Node))),
    ]
    print("\n".join(aligned(rows, indent=2)))
    try:
        plan(graph, live, export_table)
    except ConversionError as error:
        print(f"\nIt will NOT export: {worded(error, exporting.KEYWORDS)}")
        return False
    print("\nEvery operator has a translation: it will export, unless a node asks for what ONNX")
    print("cannot say, which export says.")
    return True


def _release(version: int) -> str:
    """``10901`` is MXNet 1.9.1."""
    name = f"MXNet {version // 10000}.{version // 100 % 100}.{version % 100}"
    return f"{name} or earlier" if version == OLDEST_VERSION else name


def _compare(options: argparse.Namespace) -> bool:
    """Whether an ONNX file computes what the MXNet model computes."""
    import onnx

    from ..mx2onnx.export_model import convert
    from ..verification import verify_export
    from ..verification.drawing import declared_inputs

    if not os.path.isfile(options.model):
        raise ModelError(f"there is no file '{options.model}'")
    model = onnx.load(options.model, load_external_data=False)
    declared = declared_inputs(model)
    with step(f"reading {options.against}"):
        conversion = convert(
            options.against,
            options.params,
            [shape for _, shape in declared.values()],
            [dtype for dtype, _ in declared.values()],
            epoch=options.epoch,
            input_names=list(declared),
        )
    with step("comparing with MXNet"):
        report: Any = verify_export(
            conversion,
            options.inputs,
            sizes=arguments.collected(options.sizes) or None,
            tolerance=options.tolerance,
            path=options.model,
        )
    print(report)
    return bool(report.agrees)
