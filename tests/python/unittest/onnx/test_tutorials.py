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
"""The documentation does what it says: code of the tutorials runs, links lead somewhere."""

import contextlib
import io
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[4]
TUTORIALS = ROOT / "docs" / "python_docs" / "python" / "tutorials" / "packages" / "onnx"
PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "benchmark" / "python" / "onnx").glob("*.md"),
]


def blocks(path):
    """(language, line before the first, text) of every fenced block."""
    for fence in re.finditer(
        r"^```(\w*)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.M | re.S
    ):
        yield fence[1], fence.string.count("\n", 0, fence.start(2)), fence[2]


def run_shell(text):
    """Run commands as someone with this Python first on the path would."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euc", text],
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}"


@pytest.mark.parametrize("page", sorted(p.name for p in TUTORIALS.glob("*.md")))
def test_tutorial_runs(page, tmp_path, monkeypatch):
    """All blocks of a page in order, in an empty folder; ``text`` is what the code above prints."""
    pytest.importorskip("mxnet")
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    monkeypatch.chdir(tmp_path)
    names, printed, count = {"__name__": "__main__"}, io.StringIO(), 0
    for language, line, text in blocks(TUTORIALS / page):
        place = f"{page}:{line}"
        if language == "python":
            # so that a traceback names the page and its own line
            code = compile("\n" * line + text, str(TUTORIALS / page), "exec")
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(code, names)
            count += 1
        elif language == "text":
            assert printed.getvalue().strip() == text.strip(), f"{place} is not what is printed"
        else:
            assert language == "bash", f"{place}: nothing runs {language}"
            run_shell(text)
    assert count, "no code in this page"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    local = [t for t in targets if "://" not in t and not t.startswith("mailto:")]
    assert not [t for t in local if not (path.parent / t).exists()]


def test_places_in_contributing_exist():
    """The table of what to change where names files that are there."""
    package = ROOT / "python" / "mxnet" / "contrib" / "onnx"
    rows = re.findall(r"^\| .*? \| (.*) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.M)
    places = [p for row in rows for p in re.findall(r"`([\w./<>-]+(?:/|\.py|\.json))`", row)]
    assert len(places) > 10
    for place in places:
        pattern = place.replace("<family>", "*").rstrip("/")
        assert any((*package.glob(pattern), *ROOT.glob(pattern))), f"there is no {place}"
