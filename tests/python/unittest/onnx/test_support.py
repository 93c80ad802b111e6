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
"""The tables' own account of themselves: lists, pages and figures."""

import pathlib
import re

import mxnet as mx
import pytest
from mxnet.contrib.onnx import (
    ModelError,
    export_model,
    get_operator_support,
    support,
    support_pages,
)
from mxnet.contrib.onnx.command_line import main
from mxnet.contrib.onnx.mx2onnx import operator_info
from mxnet.contrib.onnx.mx2onnx.translations import export_table
from mxnet.contrib.onnx.onnx2mx.translations import import_table
from mxnet.contrib.onnx.opset import NEWEST_OPSET, TARGET_OPSETS, history

DOCS = pathlib.Path(__file__).parents[4] / support_pages.FOLDER


def imported(op_type):
    return next(e for e in support.imported_operators() if e.op_type == op_type)


def exported(op_type):
    return next(e for e in support.exported_operators() if e.op_type == op_type)


def test_get_operator_support_is_a_sorted_list_of_names():
    names = get_operator_support()
    assert names == sorted(set(names))
    assert {"Convolution", "elemwise_add", "_plus_scalar", "broadcast_add", "Reshape"} <= set(names)
    assert "reshape" in names  # another name of Reshape
    assert not {e.op_type for e in support.exported_operators() if not e.covered} & set(names)
    assert get_operator_support(opset_version=13) == names
    assert get_operator_support(TARGET_OPSETS[-1]) == names
    with pytest.raises(ModelError, match="opset 7 cannot be exported to"):
        get_operator_support(7)


def test_names_of_the_wheel_are_understood():
    """What MXNet's own function returns are names too that this one returns, or it says so."""
    assert mx.onnx.get_operator_support() == get_operator_support()


@pytest.mark.parametrize("name", ["_plus_scalar", "_rdiv_scalar", "elemwise_mul", "_Plus"])
def test_a_name_that_is_listed_exports(name):
    assert name in get_operator_support()
    x = mx.sym.var("x")
    make = {
        "_plus_scalar": lambda: x + 1,
        "_rdiv_scalar": lambda: 1 / x,
        "elemwise_mul": lambda: mx.sym.elemwise_mul(x, x),
        "_Plus": lambda: mx.sym.elemwise_add(x, x),
    }
    assert export_model(make[name](), {}, [(2, 3)], onnx_file_path=None).graph.node


def test_every_row_is_in_the_account():
    for domain, op_type, version in sorted(import_table.keys()):
        if not domain:
            assert version in imported(op_type).rows, (op_type, version)
    covered = {e.same_as for e in support.exported_operators() if e.covered}
    for _, op_type, _ in sorted(export_table.keys()):
        if operator_info.known(op_type):
            assert op_type in covered, op_type


def test_versions_are_onnx_own():
    for entry in support.imported_operators():
        if history(entry.op_type):
            assert entry.history == history(entry.op_type)
        assert set(entry.covered).isdisjoint(entry.missing)
        assert {*entry.covered, *entry.missing, *entry.deprecated} - {0} == set(entry.history) - {0}


def test_bodies_count_where_they_are_made_of_covered_operators():
    assert imported("CenterCropPad").bodies or imported("CenterCropPad").rows
    assert all(set(e.bodies).isdisjoint(e.rows) for e in support.imported_operators())


def test_figures_count_what_is_listed():
    count = support.figures()
    assert count.opset == NEWEST_OPSET
    recorded = [e for e in support.imported_operators() if history(e.op_type)]
    assert count.imported_operators == sum(bool(e.covered) for e in recorded)
    assert count.imported_versions <= count.onnx_versions
    assert count.mxnet_operators == len(operator_info.registry()["operators"])


def test_new_versions_are_found_and_told_apart(monkeypatch):
    """As if the rows of two operators had been written before their newest versions came."""
    find = import_table.find

    def older(op_type, version=0, domain=""):
        last = history(op_type)[-1] if op_type in ("Abs", "TopK") else None
        return None if version == last else find(op_type, version, domain)

    monkeypatch.setattr(import_table, "find", older)
    support.imported_operators.cache_clear()
    try:
        new = {n.op_type: n for n in support.versions_without_rows()}
        assert new["Abs"].changes == ()
        assert (new["Abs"].before, new["Abs"].version) == history("Abs")[-2:]
        assert "TopK" in new
    finally:
        support.imported_operators.cache_clear()


# -- pages -------------------------------------------------------------------------------------


def test_pages_are_up_to_date(capsys):
    code = main(["support", "--check"])
    assert code == 0, capsys.readouterr().out


def test_pages_are_written_and_compared(tmp_path, capsys):
    assert main(["support", "--write", "--docs", str(tmp_path)]) == 0
    assert main(["support", "--check", "--docs", str(tmp_path)]) == 0
    page = tmp_path / "support_import.md"
    page.write_text(page.read_text(encoding="utf-8").replace("| activation |", "| none |", 1))
    capsys.readouterr()
    assert main(["support", "--check", "--docs", str(tmp_path)]) == 1
    assert "support_import.md differs from the tables" in capsys.readouterr().out


def test_pages_of_a_newer_onnx_are_not_compared(tmp_path, capsys):
    page = tmp_path / "support_import.md"
    main(["support", "--write", "--docs", str(tmp_path)])
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace(f"opset {NEWEST_OPSET}", f"opset {NEWEST_OPSET + 1}") + "more")
    capsys.readouterr()
    assert main(["support", "--check", "--docs", str(tmp_path)]) == 0
    assert "cannot be compared" in capsys.readouterr().out


def test_pages_link_and_escape():
    page = support_pages.import_page()
    assert "[Softmax](https://onnx.ai/onnx/operators/onnx__Softmax.html)" in page
    assert support_pages.page_opset(page) == NEWEST_OPSET
    lines = support_pages.markdown(("a", "b"), [("x|y", "z")])
    assert lines[-1] == "| x\\|y | z |"


# -- the subcommand ----------------------------------------------------------------------------


def test_one_operator(capsys):
    assert main(["support", "softmax"]) == 0
    out = capsys.readouterr().out
    assert "Softmax of ONNX, on import" in out
    assert "softmax of MXNet, on export" in out
    assert "1, 11, 13" in out
    assert main(["support", "ai.onnx.ml.Scaler"]) == 0
    assert "Scaler of ai.onnx.ml, on import" in capsys.readouterr().out
    for entry in (e for e in support.exported_operators() if not e.covered):
        assert main(["support", entry.op_type, "--export"]) == 1
        assert re.search(r"covered +no\n", capsys.readouterr().out)
        break


def test_all_and_markdown(capsys):
    assert main(["support"]) == 0
    out = capsys.readouterr().out
    count = support.figures()
    assert f"Import: {count.imported_operators} of {count.onnx_operators}" in out
    assert f"Export: {count.exported_operators} of {count.mxnet_operators}" in out
    assert main(["support", "--import", "--format", "markdown"]) == 0
    out = capsys.readouterr().out
    assert "# ONNX operators that can be imported" in out
    assert "# MXNet operators" not in out
    assert main(["support", "--new"]) == 0
    assert "Only types or prose changed" in capsys.readouterr().out
