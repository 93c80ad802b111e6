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
"""``support``: which operators are covered; keeps the pages of the documentation in step."""

from __future__ import annotations

import argparse
import difflib
import pathlib
from typing import Dict, List

from ..errors import ModelError
from ..opset import NEWEST_OPSET
from ..reporting import aligned

NAME = "support"
HELP = "which operators are covered, in which versions"
DESCRIPTION = """\
Say which operators are covered: of ONNX on import, of MXNet on export. Nothing is converted, and
MXNet is not needed."""
EPILOG = """\
examples:
  {prog} support                        figures, and every operator by family
  {prog} support Resize                 one operator: versions, limits, the file of its rows
  {prog} support --import               one direction only
  {prog} support --format markdown      the pages of the documentation

for those who work on the package:
  {prog} support --new      versions of operators that came after those with rows
  {prog} support --write    renew the pages in docs/
  {prog} support --check    exit code 1 if the pages differ from the tables"""

#: It has no keywords that a message could name.
KEYWORDS: Dict[str, str] = {}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the subcommand."""
    parser.add_argument(
        "operator", nargs="?", metavar="OPERATOR", help="of ONNX or MXNet, letter case aside"
    )
    direction = parser.add_mutually_exclusive_group()
    direction.add_argument(
        "--import", dest="direction", action="store_const", const="import", help="ONNX's only"
    )
    direction.add_argument(
        "--export", dest="direction", action="store_const", const="export", help="MXNet's only"
    )
    parser.add_argument(
        "--format", choices=("text", "markdown"), default="text", help="[%(default)s]"
    )
    job = parser.add_mutually_exclusive_group()
    job.add_argument("--new", action="store_true", help="list versions without rows")
    job.add_argument("--write", action="store_true", help="write the pages of the documentation")
    job.add_argument("--check", action="store_true", help="compare the pages with the tables")
    parser.add_argument(
        "--docs", metavar="FOLDER", help="where the pages are [that of the checkout]"
    )


def run(options: argparse.Namespace) -> bool:
    """Perform the subcommand; False where pages are stale or the operator is not covered."""
    if options.new:
        return _new()
    if options.write or options.check:
        return _pages(options)
    if options.operator:
        return _one(options.operator, options.direction)
    if options.format == "markdown":
        from .. import support_pages

        for name, text in support_pages.pages().items():
            if options.direction in (None, name.split("_")[1].split(".")[0]):
                print(text)
        return True
    return _all(options.direction)


def _all(direction: str) -> bool:
    """Figures, and the operators by family."""
    from .. import support

    count = support.figures()
    if direction != "export":
        print(
            f"Import: {count.imported_operators} of {count.onnx_operators} ONNX operators, "
            f"{count.imported_versions} of {count.onnx_versions} versions up to opset {count.opset}"
        )
        for domain in support.domains()[1:]:
            more = support.figures(domain)
            print(f"  and {more.imported_operators} of {more.onnx_operators} of {domain}")
        imported = [
            (e.family or "by ONNX's own body", e.op_type + ("*" if e.missing else ""))
            for domain in support.domains()
            for e in support.imported_operators(domain)
            if e.covered
        ]
        print("\n".join(_by_family(imported)))
        print("  * not in all versions\n")
    if direction != "import":
        print(
            f"Export: {count.exported_operators} of {count.mxnet_operators} MXNet operators, "
            "by any of their names"
        )
        exported = [(e.family, e.op_type) for e in support.exported_operators() if e.covered]
        print("\n".join(_by_family(exported)))
    return True


def _by_family(pairs: List[tuple]) -> List[str]:
    families: dict = {}
    for family, name in pairs:
        families.setdefault(family, []).append(name)
    return aligned([(f, ", ".join(names)) for f, names in sorted(families.items())], indent=2)


def _one(name: str, direction: str) -> bool:
    """Everything about one operator in both directions."""
    from .. import support

    wanted = name.lower()
    everything = [e for domain in support.domains() for e in support.imported_operators(domain)]
    imported = [e for e in everything if wanted in (e.op_type.lower(), e.name.lower())]
    exported = [
        e
        for e in support.exported_operators()
        if wanted in {n.lower() for n in (e.op_type, *e.aliases)}
    ]
    imported = imported if direction != "export" else []
    exported = exported if direction != "import" else []
    if not imported and not exported:
        raise ModelError(_unknown(name))
    for entry in imported:
        rows = [("versions", _versions(entry.history))]
        rows += [("translated", _versions(entry.rows))] if entry.rows else []
        rows += [("by its body", _versions(entry.bodies))] if entry.bodies else []
        rows += [("by NumPy", _versions(entry.folds))] if entry.folds else []
        rows += [("not covered", _versions(entry.missing))] if entry.missing else []
        rows += [("rows in", f"onnx2mx/translations/{entry.family}.py")] if entry.family else []
        rows += [("limits", limit) for limit in entry.limits]
        print(f"{entry.op_type} of {entry.domain or 'ONNX'}, on import")
        print("\n".join(aligned(rows, indent=2)))
    for other in exported:
        rows = [("covered", "yes" if other.covered else "no")]
        rows += [("other names", ", ".join(other.aliases))] if other.aliases else []
        rows += [("exported as", other.same_as)] if other.same_as != other.op_type else []
        rows += [("row in", f"mx2onnx/translations/{other.family}.py")] if other.family else []
        rows += [("limits", limit) for limit in other.limits]
        rows += [("reason", other.reason)] if other.reason else []
        print(f"{other.op_type} of MXNet, on export")
        print("\n".join(aligned(rows, indent=2)))
    return any(e.covered for e in imported) or any(e.covered for e in exported)


def _versions(versions: tuple) -> str:
    return ", ".join(map(str, versions))


def _unknown(name: str) -> str:
    from .. import support

    names = {e.op_type for domain in support.domains() for e in support.imported_operators(domain)}
    names |= {n for e in support.exported_operators() for n in (e.op_type, *e.aliases)}
    near = difflib.get_close_matches(name, names, cutoff=0.6)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"neither ONNX nor MXNet has an operator '{name}'{hint}"


def _new() -> bool:
    """Versions of operators that came after those with rows, in two parts."""
    from .. import support

    found = list(support.versions_without_rows())
    for title, part in (
        ("Only types or prose changed", [n for n in found if not n.changes]),
        ("Arguments changed", [n for n in found if n.changes]),
    ):
        print(f"{title}: {len(part)}")
        rows = [
            (f"{n.op_type}-{n.version}", f"after {n.before}", "; ".join(n.changes)) for n in part
        ]
        print("\n".join(aligned(rows, indent=2)))
    return True


def _pages(options: argparse.Namespace) -> bool:
    """Write the pages, or say which differ."""
    from .. import support_pages

    folder = pathlib.Path(options.docs) if options.docs else _docs()
    good = True
    for name, text in support_pages.pages().items():
        path = folder / name
        if options.write:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
            continue
        stored = path.read_text(encoding="utf-8") if path.exists() else ""
        made_with = support_pages.page_opset(stored)
        if made_with > NEWEST_OPSET:
            print(
                f"{path} was made with an onnx that knows opset {made_with}; the one installed "
                f"knows {NEWEST_OPSET}, so it cannot be compared"
            )
        elif stored != text:
            good = False
            print(f"{path} differs from the tables: run support --write")
            changed = difflib.unified_diff(stored.splitlines(), text.splitlines(), lineterm="", n=0)
            print("\n".join(line[:160] for line in list(changed)[2:12]))
        else:
            print(f"{path} is up to date")
    return good


def _docs() -> pathlib.Path:
    """The pages' folder in the checkout of this package, or below the working folder."""
    from ..support_pages import FOLDER

    for root in [*pathlib.Path(__file__).resolve().parents, pathlib.Path.cwd()]:
        if (root / FOLDER).is_dir():
            return root / FOLDER
    raise ModelError(f"there is no {FOLDER} here; name the folder with --docs")
