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
"""The rules of the house against the source text: who may know what, how large a room may grow."""

import ast
import functools
import pathlib
import re

import mxnet.contrib.onnx as package
import pytest
from mxnet.contrib.onnx.mx2onnx import operator_info
from mxnet.contrib.onnx.mx2onnx import translations as export_rows
from mxnet.contrib.onnx.onnx2mx import translations as import_rows
from onnx import defs

ROOT = pathlib.Path(package.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
FAMILIES = {
    "activation", "elementwise", "comparison", "reduction", "linear_algebra", "convolution",
    "pooling", "normalization", "shape", "joining", "indexing", "sorting", "image", "generator",
    "random", "recurrent", "control_flow", "attention", "detection", "geometry", "quantization",
    "quantized_layers", "quantized_elementwise", "fused_layers", "transformers",
    "cached_attention", "sequence", "optional",
    "signal", "loss", "diagonals", "special", "statistics", "placing", "decompositions", "choices",
    "sampling",
    "boxes", "proposals", "regions", "windows", "vision",
    "ml_features", "ml_linear", "ml_svm", "ml_trees", "training",
}  # fmt: skip
#: Files outside the row rooms whose job is to know operators by name.
KNOW_OPERATORS = {
    "mx2onnx/canonical.py": "says which MXNet operators mean the same",
    "mx2onnx/simplify.py": "its rules are about operators",
    "mx2onnx/parameter_shapes.py": "says which shapes the parameters of a layer have",
    "mx2onnx/unsized.py": "says which operators broadcast",
    "mx2onnx/weight_forms.py": "says which operators only rearrange numbers",
    "mx2onnx/inference.py": "completes ONNX's inference for the operators whose sizes it loses",
    "onnx2mx/graph.py": "nodes that hold a constant become constants",
    "onnx2mx/context.py": "says sizes that vary by MXNet's operators, for all rows",
    "onnx2mx/folding_batch_norm.py": "builds one layer into another",
    "onnx2mx/looping.py": "makes the loops of MXNet that hold a graph",
    "onnx2mx/carriers.py": "says which operators hand numbers on as they are",
    "onnx2mx/hazards.py": "lists what MXNet does not survive, operator by operator",
    "onnx2mx/layouts.py": "lists what MXNet computes wrongly behind a convolution",
    "mx2onnx/symbol_file.py": "upgrades operators that changed meaning between MXNet releases",
}
LINES_OF_A_FILE, LINES_OF_A_FUNCTION = 500, 60
LIBRARIES_OF_ROWS = {
    "__future__", "math", "typing", "functools", "itertools", "collections", "dataclasses",
    "contextlib", "contextvars", "fractions", "inspect", "re", "numpy", "onnx",
}  # fmt: skip
#: What single files of rows need besides: what decodes pictures is inside MXNet.
MORE_LIBRARIES = {"image_files.py": {"io", "zlib", "mxnet", "PIL"}}
#: Rooms that work where no MXNet can be installed.
WITHOUT_MXNET = ("mx2onnx", "folding")


def _place(path):
    return path.relative_to(ROOT).as_posix()


def _is_row_room(path):
    return "translations" in path.parts or _place(path).startswith("folding/")


@functools.lru_cache(maxsize=None)
def _tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def _docstrings(tree):
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, kinds) and node.body and isinstance(node.body[0], ast.Expr)
    }


def _imports(tree):
    """(module, level) of every import, and whether it runs when the module is imported."""
    inside = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.walk(node)
    } | {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, 0, id(node) not in inside
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level, id(node) not in inside


@functools.lru_cache(maxsize=None)
def _operator_names():
    """Names that only an operator has: words such as ``sum`` or ``max`` are Python's too."""
    onnx_names = {s.name for s in defs.get_all_schemas_with_history()}
    mxnet_names = {
        n
        for n in [*operator_info.registry()["operators"], *operator_info.registry()["aliases"]]
        if n.startswith("_") or any(c.isupper() for c in n)
    }
    return onnx_names | mxnet_names


def _operators_named(path):
    tree = _tree(path)
    prose = _docstrings(tree)
    return {
        f"line {node.lineno}: {node.value}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
        if node.value in _operator_names()
    }


FRAMEWORK = [f for f in FILES if not _is_row_room(f)]


@pytest.mark.parametrize(
    "path", [f for f in FRAMEWORK if _place(f) not in KNOW_OPERATORS], ids=_place
)
def test_framework_files_hold_no_operator_names(path):
    named = _operators_named(path)
    assert not named, f"operators belong into rows: {sorted(named)}"


@pytest.mark.parametrize("place", KNOW_OPERATORS)
def test_files_that_may_know_operators_do(place):
    assert _operators_named(ROOT / place)


@pytest.mark.parametrize("path", [f for f in FILES if _is_row_room(f)], ids=_place)
def test_rows_import_the_table_and_their_own_room_only(path):
    allowed = {"translation", "errors", "dtypes", "opset"}
    room = {p.stem for p in path.parent.glob("*.py")}
    for module, level, _ in _imports(_tree(path)):
        first = module.split(".")[0]
        if path.name == "__init__.py":
            assert level, f"{module}: the union of the families needs nothing else"
        elif level == 0:
            assert first in LIBRARIES_OF_ROWS | MORE_LIBRARIES.get(path.name, set()), module
        elif level == 1:
            assert not module or first in room, f"from .{module}"
        else:
            assert first in allowed | {"values"}, f"from {'.' * level}{module}"


@pytest.mark.parametrize("path", FILES, ids=_place)
def test_the_package_knows_itself_by_relative_imports_only(path):
    """It is loaded as mxnet.contrib.onnx and as mxnet_onnx."""
    for module, level, _ in _imports(_tree(path)):
        assert level or not re.match(r"mxnet\.contrib|mxnet_onnx", module), module


@pytest.mark.parametrize("path", FILES, ids=_place)
def test_mxnet_is_imported_late(path):
    at_import = {m for m, level, runs in _imports(_tree(path)) if runs and not level}
    anywhere = {m for m, level, _ in _imports(_tree(path)) if not level}
    place = _place(path)
    if not place.startswith("onnx2mx/") or "translations" in path.parts:
        assert "mxnet" not in {m.split(".")[0] for m in at_import}
    if place.startswith(WITHOUT_MXNET) and place != "mx2onnx/sources.py":
        assert "mxnet" not in {m.split(".")[0] for m in anywhere}


@pytest.mark.parametrize("path", FILES, ids=_place)
def test_a_room_stays_a_room(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LINES_OF_A_FILE
    long = {
        f"{node.name}: {_code_lines(node)}"
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef)
        if _code_lines(node) > LINES_OF_A_FUNCTION
    }
    assert not long, f"functions over {LINES_OF_A_FUNCTION} lines: {sorted(long)}"


def _code_lines(function):
    """Lines of the body without its docstring; a long signature is the interface's doing."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("room", [import_rows, export_rows], ids=["import", "export"])
def test_rows_live_in_families(room):
    families = {module.__name__.rsplit(".", 1)[-1] for module in room.FAMILIES}
    assert families <= FAMILIES
    folder = pathlib.Path(room.__file__).parent
    with_rows = {
        p.stem for p in folder.glob("*.py")
        if re.search(r"^table = TranslationTable\(", p.read_text(encoding="utf-8"), re.M)
    }  # fmt: skip
    assert with_rows == families
