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
"""Docstrings against the code they describe: numpydoc sections, and names that signatures have."""

import ast
import pathlib
import re

import pytest

PACKAGE = pathlib.Path(__file__).parents[4] / "python" / "mxnet" / "contrib" / "onnx"
FILES = sorted(PACKAGE.rglob("*.py"))
#: Public functions that raise nothing of their own, so that a Raises section would be empty.
RAISE_NOTHING = {"get_operator_support"}


def _place(path):
    return path.relative_to(PACKAGE).as_posix()


def _tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def _public_names():
    """Every public name with the file that defines it, as the package's own register says."""
    for node in _tree(PACKAGE / "__init__.py").body:
        target = getattr(node, "target", None) or (getattr(node, "targets", None) or [None])[0]
        if getattr(target, "id", "") == "_HOMES":
            homes = ast.literal_eval(node.value)
    paths = {name: PACKAGE.joinpath(*home.strip(".").split(".")) for name, home in homes.items()}
    return [
        (name, path / "__init__.py" if path.is_dir() else path.with_suffix(".py"))
        for name, path in paths.items()
    ]


def _definition(name, path):
    return next(n for n in _tree(path).body if getattr(n, "name", "") == name)


def sections(docstring):
    """Numpydoc sections of a docstring: heading to lines."""
    lines, found, heading = docstring.splitlines(), {}, ""
    for line, below in zip(lines, [*lines[1:], ""]):
        if (
            below.strip()
            and set(below.strip()) == {"-"}
            and len(below.strip()) == len(line.strip())
        ):
            heading = line.strip()
            found[heading] = []
        elif heading and set(line.strip()) != {"-"}:
            found[heading].append(line)
    return found


def described(lines):
    """Parameter names of a section: ``a, b : int`` gives two, what is indented is prose."""
    heads = [line.split(" :")[0] for line in lines if line.strip() and not line.startswith(" ")]
    return [name.strip().lstrip("*") for head in heads for name in head.split(",")]


def accepted(node):
    """Names that a function, a class or a dataclass is called with."""
    if isinstance(node, ast.ClassDef):
        makers = [n for n in node.body if getattr(n, "name", "") == "__init__"]
        if not makers:
            return [n.target.id for n in node.body if isinstance(n, ast.AnnAssign)]
        node = makers[0]
    given = node.args
    names = [a.arg for a in (*given.posonlyargs, *given.args) if a.arg not in ("self", "cls")]
    names += [given.vararg.arg] if given.vararg else []
    names += [a.arg for a in given.kwonlyargs]
    return names + ([given.kwarg.arg] if given.kwarg else [])


def definitions(path):
    for node in ast.walk(_tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node


@pytest.mark.parametrize("path", FILES, ids=_place)
def test_module_says_what_it_is_for(path):
    assert ast.get_docstring(_tree(path)), "no module docstring"


@pytest.mark.parametrize("path", FILES, ids=_place)
def test_parameters_described_are_accepted_in_that_order(path):
    wrong = []
    for node in definitions(path):
        told = described(sections(ast.get_docstring(node) or "").get("Parameters", []))
        taken = accepted(node)
        if told != [name for name in taken if name in told]:
            wrong.append(f"{node.name} describes {told}, takes {taken}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name, path", [pytest.param(*n, id=n[0]) for n in _public_names()])
def test_public_name_is_documented(name, path):
    node = _definition(name, path)
    docstring = ast.get_docstring(node)
    assert docstring, f"{name} has no docstring"
    if isinstance(node, ast.ClassDef):
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                assert ast.get_docstring(method), f"{name}.{method.name} has no docstring"
        return
    parts = sections(docstring)
    assert re.match(r"[A-Z].*\.$", docstring.splitlines()[0]), "the first line is a sentence"
    wanted = {"Parameters", "Returns", "Raises"}
    if name in RAISE_NOTHING:
        wanted.remove("Raises")
    if not accepted(node):
        wanted.remove("Parameters")
    assert wanted <= set(parts), f"{name} lacks {sorted(wanted - set(parts))}"
    assert not accepted(node) or described(parts["Parameters"]) == accepted(node)


def test_sections_are_read_as_numpydoc_writes_them():
    """The reader above, on a docstring with every form that it has to tell apart."""

    def example(first, second, third=None, *rest, **more):
        """Summary.

        Parameters
        ----------
        first, second : int
            Prose, with : a colon.
        third : str
        *rest
        **more

        Returns
        -------
        int
        """

    parts = sections(ast.get_docstring(ast.parse(f'def f():\n    """{example.__doc__}"""').body[0]))
    assert list(parts) == ["Parameters", "Returns"]
    assert described(parts["Parameters"]) == ["first", "second", "third", "rest", "more"]
