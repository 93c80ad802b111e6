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
"""Measure what MXNet's operators are in ONNX, on every call that the unit tests make.

Needs MXNet. Writes ``mx2onnx/core_operators.json``, from which the page of core operators is made:
for each operator the ONNX operators of its plainest call, the lowest opset at which a call can be
exported, and the opset from which on all of them can.

    python tools/core_operators/measure.py
"""

from __future__ import annotations

import importlib.util
import json
import pathlib
import sys
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

ROOT = pathlib.Path(__file__).parents[2]
TESTS = ROOT / "tests" / "python" / "unittest" / "onnx"
PATH = ROOT / "python" / "mxnet" / "contrib" / "onnx" / "mx2onnx" / "core_operators.json"
sys.path.insert(0, str(TESTS))


def cases(files: Sequence[pathlib.Path]) -> Iterator[Any]:
    """Every case that the checkers in ``files`` run, refusals aside."""
    for path in files:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, value in vars(module).items():
            if name.startswith("test_"):
                for case in getattr(value, "cases", ()):
                    if "refused" not in case.options:
                        yield case


def form(case: Any, opset: int) -> Optional[List[str]]:
    """ONNX operators of an export, None where it is refused. Names of outputs need no operator."""
    import onnx
    from mxnet.contrib.onnx import ConversionError

    try:
        model = onnx.load_from_string(case.exported(opset, False))
    except ConversionError:
        return None
    return [node.op_type for node in model.graph.node if node.op_type != "Identity"]


def plainness(nodes: List[str]) -> Tuple[int, int]:
    """One node says most; a call without any changed nothing, as a cast to the dtype it had."""
    return (0, 0) if len(nodes) == 1 else (1, len(nodes))


def measure(found: Iterator[Any]) -> Dict[str, Any]:
    """The facts of every operator that one of the cases calls."""
    from mxnet.contrib.onnx.mx2onnx import operator_info
    from mxnet.contrib.onnx.opset import DEFAULT_TARGET_OPSET, TARGET_OPSETS

    facts: Dict[str, Any] = {}
    for case in found:
        lowest = next((o for o in TARGET_OPSETS if form(case, o) is not None), None)
        if lowest is None:
            continue
        nodes = form(case, max(lowest, DEFAULT_TARGET_OPSET))
        name = operator_info.canonical_name(case.op_type)
        fact = facts.setdefault(name, {"nodes": nodes, "lowest": lowest, "complete": lowest})
        fact["nodes"] = min(fact["nodes"], nodes, key=plainness)
        fact["lowest"] = min(fact["lowest"], lowest)
        fact["complete"] = max(fact["complete"], lowest)
    return dict(sorted(facts.items()))


def text(facts: Dict[str, Any]) -> str:
    """An operator a line."""
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in facts.items())
    return "{\n" + lines + "\n}\n"


if __name__ == "__main__":
    files = sorted((TESTS / "mx2onnx").glob("test_export_*.py"))
    PATH.write_text(text(measure(cases(files))), encoding="utf-8")
    print(f"{PATH}: {PATH.stat().st_size} bytes")
