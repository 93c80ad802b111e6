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
"""The pages of ``docs/`` that say what is covered, written from the tables."""

from __future__ import annotations

import pathlib
import re
import textwrap
from typing import Dict, Iterable, List, Sequence, Tuple

from .onnx2mx.translations import import_table
from .opset import NEWEST_OPSET, TARGET_OPSETS, history
from .support import (
    ExportedOperator,
    ImportedOperator,
    domains,
    exported_operators,
    figures,
    imported_operators,
)

#: Where the pages lie in a checkout.
FOLDER = pathlib.Path("docs", "python_docs", "python", "api", "contrib", "onnx")
SPECIFICATION = "https://onnx.ai/onnx/operators/onnx_{}_{}.html"
LICENSE = """\
<!--- Licensed to the Apache Software Foundation (ASF) under one -->
<!--- or more contributor license agreements.  See the NOTICE file -->
<!--- distributed with this work for additional information -->
<!--- regarding copyright ownership.  The ASF licenses this file -->
<!--- to you under the Apache License, Version 2.0 (the -->
<!--- "License"); you may not use this file except in compliance -->
<!--- with the License.  You may obtain a copy of the License at -->

<!---   http://www.apache.org/licenses/LICENSE-2.0 -->

<!--- Unless required by applicable law or agreed to in writing, -->
<!--- software distributed under the License is distributed on an -->
<!--- "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY -->
<!--- KIND, either express or implied.  See the License for the -->
<!--- specific language governing permissions and limitations -->
<!--- under the License. -->
"""
MADE = (
    "This page is made from the translation tables by `python -m mxnet.contrib.onnx support "
    "--write`."
)
OPSET = re.compile(r"up to opset (\d+)")


def pages() -> Dict[str, str]:
    """Text of every page by file name."""
    from .core_operators import core_page

    return {
        "support_import.md": import_page(),
        "support_export.md": export_page(),
        "core_operators.md": core_page(),
    }


def page_opset(text: str) -> int:
    """The newest opset known to the ``onnx`` that a page was made with, 0 where none is said."""
    found = OPSET.search(text)
    return int(found.group(1)) if found else 0


def import_page() -> str:
    """What can be imported of every domain."""
    count = figures()
    lines = [
        "# ONNX operators that can be imported",
        "",
        f"{count.imported_operators} of the {count.onnx_operators} operators of ai.onnx up to "
        f"opset {NEWEST_OPSET}, in {count.imported_versions} of {count.onnx_versions} versions; "
        "other domains behind. " + MADE,
        "",
        "A model names an opset; the version in force there is the newest that is not above it. "
        "Versions without a translation are refused, never taken for a neighbour. *By its body*: "
        "ONNX defines the operator by others, which are covered. *Computed by NumPy only*: where "
        "all inputs are known when the model is imported, and where a model is run operator by "
        "operator (`mxnet.contrib.onnx.backend`, blocks whose shapes hang on data); strings exist "
        "nowhere else.",
        "",
        *_imported_lines("", "##"),
    ]
    for domain in domains()[1:]:
        lines += ["", f"## {domain}", "", *_imported_lines(domain, "###")]
    return LICENSE + "\n" + "\n".join(lines) + "\n"


def _imported_lines(domain: str, heading: str) -> List[str]:
    """A table, the operators without rows that NumPy computes, and what is not covered."""
    entries = imported_operators(domain)
    covered = [e for e in entries if e.covered]
    host = [e for e in entries if not e.covered and e.folds]
    missing = [e.op_type for e in entries if not e.covered and not e.folds and e.missing]
    columns = ("Operator", "Versions", "Not covered", "Family", "Limits")
    lines = markdown(columns, map(_imported, covered)) if covered else []
    if host:
        table = markdown(("Operator", "Versions", "Limits"), map(_on_host, host))
        lines += ["", f"{heading} Computed by NumPy only", "", *table]
    if missing or not domain:
        lines += ["", f"{heading} Not covered", "", _listed(missing)]
        reasons = [(f"`{o}`", import_table.reason(o)) for o in missing if import_table.reason(o)]
        lines += ["", *markdown(("Operator", "Reason"), reasons)] if reasons else []
    return lines if covered else lines[1:]


def _imported(entry: ImportedOperator) -> Tuple[str, ...]:
    complete = not entry.missing
    versions = _numbers(entry.covered)
    how = ["by its body"] if entry.bodies and not entry.rows else []
    if entry.bodies and entry.rows:
        how = [f"{_numbers(entry.bodies)} by its body"]
    return (
        _linked(entry),
        f"all: {versions}" if complete else versions,
        _numbers(entry.missing),
        entry.family,
        "; ".join([*how, *entry.limits]),
    )


def _on_host(entry: ImportedOperator) -> Tuple[str, ...]:
    return _linked(entry), _numbers(entry.folds), "; ".join(entry.limits)


def _linked(entry: ImportedOperator) -> str:
    """The operator's name, a link where ONNX specifies it."""
    if not history(entry.op_type, entry.domain):
        return f"`{entry.op_type}`"
    address = SPECIFICATION.format(entry.domain.replace(".", ""), entry.op_type)
    return f"[{entry.op_type}]({address})"


def _numbers(versions: Sequence[int]) -> str:
    return ", ".join(str(v) if v else "without a version" for v in versions)


def export_page() -> str:
    """What can be exported of MXNet."""
    count, entries = figures(), exported_operators()
    covered = [entry for entry in entries if entry.covered]
    lines = [
        "# MXNet operators that can be exported",
        "",
        f"{count.exported_operators} of the {count.mxnet_operators} operators of MXNet's registry, "
        f"from opset {TARGET_OPSETS[0]} up to opset {TARGET_OPSETS[-1]}. " + MADE,
        "",
        "An operator may have several names in MXNet; all are understood. *As*: forms that mean "
        "the same are brought to one operator first. A parameter that is neither translated nor "
        "without effect is refused.",
        "",
        *markdown(("Operator", "Other names", "As", "Family", "Limits"), map(_exported, covered)),
        "",
        "## Refused, and why",
        "",
        *markdown(("Reason", "Operators"), _refused(entries)),
        "",
        "## Not covered",
        "",
        _listed(e.op_type for e in entries if not e.covered and not e.reason),
    ]
    return LICENSE + "\n" + "\n".join(lines) + "\n"


def _refused(entries: Sequence[ExportedOperator]) -> List[Tuple[str, str]]:
    """Reasons, the one of most operators first, with their operators."""
    by_reason: Dict[str, List[str]] = {}
    for entry in entries:
        if not entry.covered and entry.reason:
            by_reason.setdefault(entry.reason, []).append(f"`{entry.op_type}`")
    ordered = sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(reason, ", ".join(names)) for reason, names in ordered]


def _exported(entry: ExportedOperator) -> Tuple[str, ...]:
    return (
        f"`{entry.op_type}`",
        ", ".join(f"`{name}`" for name in entry.aliases),
        f"`{entry.same_as}`" if entry.same_as != entry.op_type else "",
        entry.family,
        "; ".join(entry.limits),
    )


def _listed(names: Iterable[str]) -> str:
    text = ", ".join(f"`{name}`" for name in names) or "None."
    return textwrap.fill(text, 110, break_long_words=False, break_on_hyphens=False)


def markdown(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> List[str]:
    """Lines of a table."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return [line(heading), "|" + "---|" * len(heading), *map(line, rows)]
