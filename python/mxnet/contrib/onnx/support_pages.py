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

from .opset import NEWEST_OPSET, TARGET_OPSETS
from .support import (
    ExportedOperator,
    ImportedOperator,
    exported_operators,
    figures,
    imported_operators,
)

#: Where the pages lie in a checkout.
FOLDER = pathlib.Path("docs", "python_docs", "python", "api", "contrib", "onnx")
SPECIFICATION = "https://onnx.ai/onnx/operators/onnx__{}.html"
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
    return {"support_import.md": import_page(), "support_export.md": export_page()}


def page_opset(text: str) -> int:
    """The newest opset known to the ``onnx`` that a page was made with, 0 where none is said."""
    found = OPSET.search(text)
    return int(found.group(1)) if found else 0


def import_page() -> str:
    """What can be imported of ai.onnx."""
    count, entries = figures(), imported_operators()
    rows = [_imported(entry) for entry in entries if entry.covered]
    lines = [
        "# ONNX operators that can be imported",
        "",
        f"{count.imported_operators} of the {count.onnx_operators} operators of ai.onnx up to "
        f"opset {NEWEST_OPSET}, in {count.imported_versions} of {count.onnx_versions} versions. "
        + MADE,
        "",
        "A model names an opset; the version in force there is the newest that is not above it. "
        "Versions without a translation are refused, never taken for a neighbour. *By its body*: "
        "ONNX defines the operator by others, which are covered. *On constants*: computed where "
        "all inputs are known when the model is imported.",
        "",
        *markdown(("Operator", "Versions", "Not covered", "Family", "Limits"), rows),
        "",
        "## Computed on constants only",
        "",
        _listed(e.op_type for e in entries if not e.covered and e.folds),
        "",
        "## Not covered",
        "",
        _listed(e.op_type for e in entries if not e.covered and not e.folds and e.missing),
    ]
    return LICENSE + "\n" + "\n".join(lines) + "\n"


def _imported(entry: ImportedOperator) -> Tuple[str, ...]:
    complete = not entry.missing
    versions = ", ".join(map(str, entry.covered))
    how = ["by its body"] if entry.bodies and not entry.rows else []
    if entry.bodies and entry.rows:
        how = [f"{_numbers(entry.bodies)} by its body"]
    return (
        f"[{entry.op_type}]({SPECIFICATION.format(entry.op_type)})",
        f"all: {versions}" if complete else versions,
        _numbers(entry.missing),
        entry.family,
        "; ".join([*how, *entry.limits]),
    )


def _numbers(versions: Sequence[int]) -> str:
    return ", ".join(map(str, versions))


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
        "## Not covered",
        "",
        _listed(e.op_type for e in entries if not e.covered),
    ]
    return LICENSE + "\n" + "\n".join(lines) + "\n"


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
