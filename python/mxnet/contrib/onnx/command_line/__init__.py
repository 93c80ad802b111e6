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
"""``mxnet-onnx``: a file a subcommand; here is what they share, the parser and the exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from typing import List, Optional, Sequence

from ..errors import ConversionError, VerificationError
from . import checking, exporting, importing, supporting
from .wording import worded

#: Exit codes. ``REFUSED``: nothing was converted, or it does not agree with its source.
GOOD, REFUSED, USAGE = 0, 1, 2

DESCRIPTION = """\
Convert models between Apache MXNet 1.x and ONNX.

  export   an MXNet checkpoint, or a symbol and its parameters, to an ONNX file
  import   an ONNX file to an MXNet checkpoint
  check    say what a file is and whether it will convert, without converting it
  support  which operators are covered, in which versions

Exporting, checking and the support tables need no MXNet; importing and --verify do."""

EPILOG = """\
examples:
  {prog} export resnet50_v1 --shape data=N,3,224,224 --verify
  {prog} import resnet50_v1.onnx --output reborn --verify
  {prog} check resnet50_v1.onnx
  {prog} support Convolution

exit codes: 0 good; 1 the model is refused, or does not agree with its source; 2 wrong usage.
'{prog} SUBCOMMAND --help' explains each."""


def program() -> str:
    """What the user typed to get here."""
    package = __package__.rsplit(".", 1)[0]
    name = os.path.basename(sys.argv[0])
    return f"python -m {package}" if name in ("__main__.py", "-m", "-c", "") else name


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    prog = program()
    top = argparse.ArgumentParser(
        prog=prog,
        description=DESCRIPTION,
        epilog=EPILOG.format(prog=prog),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", metavar="SUBCOMMAND", required=True)
    for room in (exporting, importing, checking, supporting):
        command = commands.add_parser(
            room.NAME,
            help=room.HELP,
            description=room.DESCRIPTION,
            epilog=room.EPILOG.format(prog=prog),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        room.add_arguments(command)
        command.set_defaults(run=room.run, keywords=room.KEYWORDS)
    return top


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Instead of ``sys.argv[1:]``.

    Returns
    -------
    int
        The exit code: 0 good, 1 refused or different, 2 wrong usage.
    """
    try:
        chosen = parser().parse_args(arguments)
    except SystemExit as end:  # argparse ends the process itself, after --help too
        return int(end.code or GOOD)
    try:
        return GOOD if chosen.run(chosen) else REFUSED
    except argparse.ArgumentTypeError as error:  # what only shows when options are put together
        print(f"{program()} {chosen.command}: error: {error}", file=sys.stderr)
        return USAGE
    except VerificationError as error:
        return _refused([str(error)])
    except (ConversionError, ImportError, OSError) as error:
        return _refused([f"{chosen.command} refused: {worded(error, chosen.keywords)}"])
    except KeyboardInterrupt:
        return _refused(["interrupted; nothing was written"])


def _refused(lines: List[str]) -> int:
    sys.stdout.flush()
    print("\n".join(lines), file=sys.stderr)
    return REFUSED
