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
"""The command line: what it writes, says and returns."""

import inspect
import os
import pathlib
import subprocess
import sys

import mxnet as mx
import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx import export_model, import_model
from mxnet.contrib.onnx.command_line import (
    arguments,
    exporting,
    importing,
    main,
    parser,
    progress,
)
from mxnet.contrib.onnx.command_line.wording import worded

DATA = pathlib.Path(__file__).parent / "data"
RESIDUAL = str(DATA / "residual")
SHAPE = "data=N,3,16,16"


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """``run(*arguments)`` gives exit code, stdout and stderr; the working folder is a fresh one."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return call


@pytest.fixture
def exported(run):
    """The residual network, exported into the working folder."""
    assert run("export", RESIDUAL, "--shape", SHAPE)[0] == 0
    return "residual.onnx"


def onnx_file(text, path="model.onnx"):
    onnx.save(onnx.parser.parse_model(text), path)
    return path


# -- export ------------------------------------------------------------------------------------


def test_export_says_what_became_of_the_model(run):
    code, out, err = run("export", RESIDUAL, "--shape", SHAPE)
    assert (code, err) == (0, "")
    model = onnx.load("residual.onnx")
    assert model.opset_import[0].version == 17
    lines = {line.split("  ")[1].strip(): line for line in out.splitlines()[1:]}
    assert "(N, 3, 16, 16)" in lines["input"]
    assert f"{len(model.graph.node)}: " in lines["ONNX nodes"]
    assert "residual.onnx" in lines["file"]


def test_export_options(run):
    code, out, _ = run(
        *("export", DATA / "legacy-symbol.json", DATA / "legacy-0001.params"),
        *("--shape", "2,3,12,12", "--type", "float32", "--opset", 13, "-o", "small.onnx"),
        *("--input-names", "image", "--output-names", "score", "--outputs", "fc1_output"),
        "--external-data",
    )
    assert code == 0
    model = onnx.load("small.onnx", load_external_data=False)
    assert model.opset_import[0].version == 13
    assert [i.name for i in model.graph.input] == ["image"]
    assert [o.name for o in model.graph.output] == ["score"]
    assert "Softmax" not in {n.op_type for n in model.graph.node}
    assert sorted(os.listdir()) == ["small.onnx", "small.onnx.data"]
    assert "small.onnx.data" in out


def test_export_verifies(run):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    code, out, _ = run("export", RESIDUAL, "--shape", SHAPE, "--verify", "--sizes", "N=1,4")
    assert code == 0
    assert "agrees with MXNet" in out
    assert "(4, 3, 16, 16)" in out


def test_export_that_differs_writes_nothing(run, monkeypatch):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    from mxnet.contrib.onnx.mx2onnx import export_model

    def wrong(*given, **options):
        import test_verification

        return convert(*given, translations=test_verification.wrong_rows(), **options)

    convert = export_model.convert
    monkeypatch.setattr(export_model, "convert", wrong)
    code, out, err = run("export", RESIDUAL, "--shape", SHAPE, "--verify")
    assert code == 1
    assert "residual_pool0_fwd" in err
    assert not os.listdir()


# -- import ------------------------------------------------------------------------------------


def test_import_writes_a_checkpoint(run, exported):
    code, out, err = run("import", exported, "-o", "back", "--gluon", "--epoch", 7)
    assert (code, err) == (0, "")
    assert "N stays open" in out
    symbol, arg_params, aux_params = mx.model.load_checkpoint("back", 7)
    data = np.random.rand(4, 3, 16, 16).astype("float32")
    module = mx.mod.Module(symbol, ["data"], None)
    module.bind([("data", data.shape)], for_training=False)
    module.set_params(arg_params, aux_params)
    module.forward(mx.io.DataBatch([mx.nd.array(data)]), is_train=False)
    source = mx.gluon.SymbolBlock.imports(
        f"{RESIDUAL}-symbol.json", ["data"], f"{RESIDUAL}-0000.params"
    )
    expected = source(mx.nd.array(data)).asnumpy()
    np.testing.assert_allclose(module.get_outputs()[0].asnumpy(), expected, rtol=1e-4, atol=1e-5)
    assert sorted(os.listdir()) == ["back-0007.params", "back-symbol.json", exported]


def test_import_verifies(run, exported):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    code, out, _ = run("import", exported, "--verify")
    assert code == 0
    assert "by Module" in out
    assert "by Gluon" in out


def test_import_with_shapes_values_and_sizes(run):
    path = onnx_file(
        """
        <ir_version: 8, opset_import: ["" : 17]>
        padded (float[N,S] x, int64[4] pads) => (float[N,T] y) { y = Pad (x, pads) }
        """
    )
    code, _, err = run("import", path)
    assert code == 1
    assert "pads" in err
    code, out, _ = run("import", path, "--shape", "x=2,S", "--value", "pads=[0,1,0,2]")
    assert code == 0
    assert "fixed to the value given" in out
    code, out, _ = run("import", path, "--value", "pads=[0,1,0,2]", "--sizes", "S=8,16,24")
    assert "S stays open; tried with 8, 16, 24" in out
    assert "x  float32 (N, S)" in out


# -- check -------------------------------------------------------------------------------------


def test_check_of_files_that_convert(run, exported):
    for path, what in [
        (exported, "an ONNX model"),
        (RESIDUAL, "an MXNet symbol"),
        (DATA / "lstm-symbol.json", "an MXNet symbol"),
    ]:
        code, out, _ = run("check", path)
        assert code == 0
        assert what in out
        assert "Every operator has a translation" in out


def test_check_names_everything_that_is_missing(run):
    path = onnx_file(
        """
        <ir_version: 8, opset_import: ["" : 17, "com.acme" : 1]>
        acme (float[N,4] x) => (float[N,4] y) {
            a = com.acme.Mystery (x)
            b = Relu (a)
            y = com.acme.Riddle (b)
        }
        """
    )
    code, out, _ = run("check", path)
    assert code == 1
    assert "Mystery" in out
    assert "Riddle" in out
    x = mx.sym.var("x")
    symbol = mx.sym.linalg.syevd(mx.sym.linalg.gelqf(x)[0])
    symbol.save("net-symbol.json")
    code, out, _ = run("check", "net")
    assert code == 1
    assert "_linalg_gelqf" in out
    assert "_linalg_syevd" in out


def test_check_against_the_source(run, exported):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    code, out, _ = run("check", exported, "--against", RESIDUAL)
    assert code == 0
    assert "agrees with MXNet" in out
    model = onnx.load(exported)
    weight = model.graph.initializer[0]
    weight.CopyFrom(
        onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight) + 1, weight.name)
    )
    onnx.save(model, "changed.onnx")
    code, out, _ = run("check", "changed.onnx", "--against", RESIDUAL)
    assert code == 1
    assert "does NOT agree" in out
    assert "the first node that differs" in out


WITHOUT_SYMBOL = """
<ir_version: 8, opset_import: ["" : 17]>
found (float[N,4] x) => (int64[R,M] y) { y = NonZero (x) }
"""


def test_import_says_what_runs_a_model_that_no_symbol_says(run):
    code, _, err = run("import", onnx_file(WITHOUT_SYMBOL))
    assert code == 1
    assert "NonZero-13 node 'y'" in err
    assert "no symbol file is written" in err
    assert "check MODEL --verify" in err
    assert os.listdir() == ["model.onnx"]


def test_check_runs_a_model_that_no_symbol_says(run):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    code, out, _ = run("check", onnx_file(WITHOUT_SYMBOL), "--verify", "--sizes", "N=2,5")
    assert code == 0
    assert "agrees with model.onnx in ONNX Runtime" in out
    assert "y by OnnxBlock" in out
    assert "y by backend" in out
    assert "(5, 4)" in out
    text = "g (string[2] x) => (string[2] y) { y = StringConcat (x, x) }"
    path = onnx_file(f'<ir_version: 10, opset_import: ["" : 20]> {text}', "text.onnx")
    code, _, err = run("check", path, "--verify")
    assert code == 1
    assert "'x': only tensors of numbers can be drawn; give --inputs of your own" in err
    np.savez("given.npz", x=np.array(["a", "bc"]))
    code, out, _ = run("check", path, "--inputs", "given.npz")
    assert code == 0
    assert "agrees with text.onnx" in out
    code, _, err = run("check", RESIDUAL, "--verify")
    assert code == 2
    assert "export --verify" in err


# -- refusals, usage, help ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, reason",
    [
        (["export", "nothing", "--shape", "data=1,2"], "no symbol file 'nothing'"),
        (["export", RESIDUAL], "give --shape data=N,3,224,224"),
        (["export", RESIDUAL, "--shape", "image=1,3,16,16"], "image"),
        (["export", RESIDUAL, "--shape", SHAPE, "-o", "no/such/folder/x.onnx"], "no/such/folder"),
        (["import", "nothing.onnx"], "nothing.onnx"),
        (["import", "nothing.onnx", "-o", "no/folder/x"], "there is no folder"),
        (["check", "nothing.onnx"], "nothing.onnx"),
        (["check", RESIDUAL + "-0000.params"], "not an ONNX model"),
        (["support", "Convolusion"], "did you mean Convolution"),
    ],
)
def test_refusals_are_one_message(run, words, reason):
    code, out, err = run(*words)
    assert code == 1
    assert reason in err
    assert not os.listdir()


@pytest.mark.parametrize(
    "message, expected",
    [
        ("give opset_version=17 or more", "give --opset 17 or more"),
        ("in_shapes has 2 shapes, the inputs are 1", "--shape has 2 shapes, the inputs are 1"),
        ("end it with outputs=. No outputs are left", "end it with --outputs. No outputs are left"),
        ("'in_shapes' is a node, ./in_shapes a file", "'in_shapes' is a node, ./in_shapes a file"),
        ("(input_names= renames them)", "(--input-names renames them)"),
    ],
)
def test_messages_name_options_in_place_of_keywords(message, expected):
    assert worded(message, exporting.KEYWORDS) == expected


def test_messages_of_the_importer_name_options_too():
    message = "Fix what varies with sizes={'H': 7} or input_shapes=; see input_values=."
    expected = "Fix what varies with --sizes H=7 or --shape; see --value."
    assert worded(message, importing.KEYWORDS) == expected


@pytest.mark.parametrize(
    "room, function", [(exporting, export_model), (importing, import_model)], ids=str
)
def test_keywords_and_options_are_there(room, function):
    known = {o for a in parser()._subparsers._group_actions[0].choices[room.NAME]._actions
             for o in a.option_strings}  # fmt: skip
    spoken = {word for word in room.KEYWORDS.values() if word.startswith("--")}
    assert spoken <= known
    keywords = set(inspect.signature(function).parameters)
    assert set(room.KEYWORDS) - {"sizes"} <= keywords  # sizes= is of verify_export


@pytest.mark.parametrize(
    "words, reason",
    [
        ([], "SUBCOMMAND"),
        (["convert"], "invalid choice"),
        (["export", RESIDUAL, "--shape", "data=0,3"], "0 is no size"),
        (["export", RESIDUAL, "--shape", "data=1,,3"], "a size is missing"),
        (["export", RESIDUAL, "--shape", SHAPE, "--opset", "9"], "invalid choice"),
        (["export", RESIDUAL, "--shape", SHAPE, "--type", "float33"], "'float33' is no dtype"),
        (["export", RESIDUAL, "--shape", SHAPE, "--shape", "2,3"], "all with NAME= or all without"),
        (["export", RESIDUAL, "--sizes", "N"], "is not NAME=VALUE, for example N=1,8"),
        (["export", RESIDUAL, "--inputs", "nothing.npz"], "cannot read nothing.npz"),
        (["import", "x.onnx", "--value", "pads=[1,"], "neither a number or list"),
        (["import", "x.onnx", "--sizes", "N=0"], "no list of sizes"),
    ],
)
def test_wrong_usage(run, words, reason):
    code, _, err = run(*words)
    assert code == 2
    assert reason in err


@pytest.mark.parametrize("words", [[], ["export"], ["import"], ["check"], ["support"]])
def test_help_teaches_with_examples_that_parse(run, words):
    code, out, _ = run(*words, "--help")
    assert code == 0
    prog = parser().prog
    examples = [line.split() for line in out.splitlines() if line.startswith(f"  {prog} ")]
    assert len(examples) >= 4
    for example in examples:
        given = example[len(prog.split()) :]
        words = given[: next((k for k, w in enumerate(given) if not _is_word(w, given, k)), None)]
        parser().parse_args(words)


def _is_word(word, given, position):
    """Whether a word of a line of help still belongs to the command; prose follows two blanks."""
    return (
        position < 2 or word.startswith("-") or "=" in word or given[position - 1].startswith("-")
    )


def test_as_a_process(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mxnet.contrib.onnx", "support", "Softmax"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Softmax of ONNX, on import" in done.stdout
    assert done.stderr == ""


# -- parts -------------------------------------------------------------------------------------


def test_values_as_they_are_typed(tmp_path):
    assert arguments.shape("N, 3,?,224") == ("N", 3, None, 224)
    assert arguments.shape("") == ()
    assert arguments.named(arguments.shape, "")("a=b=1,2") == ("a=b", (1, 2))
    assert arguments.maybe_named(arguments.shape)("1,2") == (None, (1, 2))
    assert arguments.array("[[1, 2.5]]").tolist() == [[1, 2.5]]
    assert arguments.array("3").shape == ()
    np.save(tmp_path / "a.npy", np.arange(3))
    assert arguments.array(str(tmp_path / "a.npy")).tolist() == [0, 1, 2]
    np.savez(tmp_path / "a.npz", x=np.arange(2))
    assert arguments.arrays(str(tmp_path / "a.npz"))["x"].tolist() == [0, 1]


class Terminal:
    """A stream that says it is a terminal, and keeps what is written."""

    def __init__(self):
        self.text = ""

    def isatty(self):
        return True

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def test_progress_is_shown_on_a_terminal_and_taken_away(monkeypatch):
    import time

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    monkeypatch.setattr(progress, "TICK", 0.01)
    with progress.step("converting"):
        time.sleep(0.2)
    assert "converting ..." in terminal.text
    assert terminal.text.endswith("\r")
    assert terminal.text.rsplit("\r", 2)[-2].strip() == ""


def test_no_progress_where_no_one_watches(capsys):
    with progress.step("converting"):
        pass
    assert capsys.readouterr().err == ""
