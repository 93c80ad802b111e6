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
"""MXNet's operators by what they are in ONNX: core, composite, or outside of it.

An operator is *core* where some call of it is one ONNX node or none, *composite* where the plainest
call takes several, and *outside* where it has no row. The numbers of nodes are measured: the tool
``tools/core_operators/measure.py`` exports every case of the unit tests and keeps the plainest.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import json
import pathlib
from typing import Any, Dict, List, Sequence, Tuple

from .opset import DEFAULT_TARGET_OPSET
from .support import ExportedOperator, exported_operators
from .support_pages import LICENSE, MADE, markdown

CORE, COMPOSITE, OUTSIDE = "core", "composite", "outside"
#: Of composites that are longer, the page says which operators they use most.
MOST_NAMED = 6


@dataclasses.dataclass(frozen=True)
class Form:
    """What an MXNet operator is in ONNX.

    Attributes
    ----------
    operator : ExportedOperator
    kind : str
        "core", "composite" or "outside".
    nodes : tuple of str
        ONNX operators of its plainest call, in order.
    lowest, complete : int
        The lowest opset at which some call can be exported, and the one from which on every call
        that the tests know can; 0 where none can.
    """

    operator: ExportedOperator
    kind: str
    nodes: Tuple[str, ...] = ()
    lowest: int = 0
    complete: int = 0


@functools.lru_cache(maxsize=None)
def measured() -> Dict[str, Any]:
    """By operator: ``nodes``, ``lowest`` and ``complete``."""
    path = pathlib.Path(__file__).parent / "mx2onnx" / "core_operators.json"
    return json.loads(path.read_text(encoding="utf-8"))


def forms() -> List[Form]:
    """Every operator of MXNet's registry, in order."""
    return [_form(entry) for entry in exported_operators()]


def _form(entry: ExportedOperator) -> Form:
    if not entry.covered:
        return Form(entry, OUTSIDE)
    facts = measured().get(entry.op_type) or measured().get(entry.same_as)
    if facts is None:
        return Form(entry, COMPOSITE)
    nodes = tuple(facts["nodes"])
    kind = CORE if len(nodes) <= 1 else COMPOSITE
    return Form(entry, kind, nodes, facts["lowest"], facts["complete"])


def core_page() -> str:
    """The page that classifies MXNet's operators."""
    everything = forms()
    by_kind = {k: [f for f in everything if f.kind == k] for k in (CORE, COMPOSITE, OUTSIDE)}
    heading = ("Operator", "As", "In ONNX", "From opset", "In all forms from", "Family")
    lines = [
        "# Core operators",
        "",
        f"Of {len(everything)} operators of MXNet {len(by_kind[CORE])} are core, "
        f"{len(by_kind[COMPOSITE])} composite and {len(by_kind[OUTSIDE])} outside of ONNX. " + MADE,
        "",
        "*Core*: some call is a single ONNX node, or none at all. *Composite*: the plainest call "
        "takes several. *Outside*: ONNX has no way to say it, or it belongs to training. The forms "
        f"are measured: the plainest among the calls that the unit tests make, at opset "
        f"{DEFAULT_TARGET_OPSET} or at the lowest one above where it needs that. *In all forms "
        "from*: the opset from which on every call of the tests can be exported.",
        "",
        "## Core",
        "",
        *markdown(heading, map(_line, by_kind[CORE])),
        "",
        "## Composite",
        "",
        *markdown(heading, map(_line, by_kind[COMPOSITE])),
        "",
        "## Outside",
        "",
        *markdown(("Operator", "Why"), [_outside(f) for f in by_kind[OUTSIDE]]),
    ]
    return LICENSE + "\n" + "\n".join(lines) + "\n"


def _line(form: Form) -> Tuple[str, ...]:
    entry = form.operator
    return (
        f"`{entry.op_type}`",
        f"`{entry.same_as}`" if entry.same_as != entry.op_type else "",
        _spelled(form.nodes),
        str(form.lowest or ""),
        str(form.complete or ""),
        entry.family,
    )


def _spelled(nodes: Sequence[str]) -> str:
    """``Mul``, 2 × ``Add``."""
    if not nodes:
        return "no node"
    counts = collections.Counter(nodes)
    named = counts.most_common(MOST_NAMED)
    words = [f"`{name}`" if n == 1 else f"{n} × `{name}`" for name, n in named]
    rest = len(nodes) - sum(n for _, n in named)
    return ", ".join(words) + (f" and {rest} more" if rest else "")


def _outside(form: Form) -> Tuple[str, str]:
    return f"`{form.operator.op_type}`", form.operator.reason or "not covered"
