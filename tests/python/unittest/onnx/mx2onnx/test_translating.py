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
"""What rows refuse is gathered; what goes wrong in them is placed."""

import pytest
from mxnet.contrib.onnx import ConversionError, ModelError, TranslationError, TranslationTable
from mxnet.contrib.onnx.mx2onnx.export_model import convert
from symbols import symbol


def no(op, data):
    raise TranslationError("not like this")


def no_model(op, data):
    raise ModelError("the parameters are odd")


def crash(op, data):
    return {}["nothing here"]


def nothing(op, data):
    return None


ROWS = {"refusing": no, "odd": no_model, "crashing": crash, "silent": nothing}


@pytest.fixture
def run(tmp_path):
    def convert_symbol(*nodes, rows=ROWS, **more):
        table = TranslationTable()
        for name, row in rows.items():
            table.op(name)(row)
        path = tmp_path / "net.json"
        path.write_text(symbol(*nodes, heads=more.pop("heads", None)))
        return convert(path, None, {"x": ("N", 3)}, translations=table, **more)

    return convert_symbol


def custom(name, node, *inputs):
    return ("Custom", node, list(inputs), {"op_type": name})


def test_one_run_names_everything_that_stands_in_the_way(run):
    with pytest.raises(TranslationError) as refusal:
        run(
            "x",
            custom("refusing", "a", "x"),
            ("relu", "after_a", ["a"]),
            custom("crashing", "b", "x"),
            custom("odd", "c", "x"),
            custom("silent", "d", "x"),
            ("relu", "fine", ["x"]),
            ("add_n", "all", ["after_a", "b", "c", "d", "fine"]),
        )
    causes = {e.node: e for e in refusal.value.causes}
    assert list(causes) == ["a", "b", "c", "d"]
    assert causes["a"].op_type == "Custom refusing" and causes["a"].reason == "not like this"
    assert "KeyError: 'nothing here'" in str(causes["b"])
    assert isinstance(causes["b"].__cause__, KeyError)
    assert "the parameters are odd" in str(causes["c"])
    assert "returned None, which is no value" in str(causes["d"])


def test_one_refusal_is_raised_as_it_is(run):
    with pytest.raises(TranslationError, match="Custom refusing node 'a': not like this"):
        run("x", custom("refusing", "a", "x"))


def test_an_output_that_nobody_gives_is_named(run):
    with pytest.raises(TranslationError, match="softmax node 'n'.*output 1 is not covered"):
        run("x", ("softmax", "n", ["x"]), heads=["n:1"])
    with pytest.raises(TranslationError, match="reads output 2 of 'n', which is not covered"):
        run("x", ("softmax", "n", ["x"]), ("relu", "r", ["n:2"]))


def test_a_wrong_number_of_inputs_is_named(run):
    with pytest.raises(TranslationError, match="'n': it has 3 inputs, its row takes 2 to 2"):
        run("x", ("elemwise_add", "n", ["x", "x", "x"]))


def test_errors_of_inference_are_placed_where_they_arise(run):
    with pytest.raises(ConversionError, match="node 'bad'"):
        run(
            "x",
            ("relu", "fine", ["x"]),
            ("transpose", "bad", ["fine"], {"axes": "(0, 5)"}),
            ("relu", "later", ["bad"]),
        )


def test_a_failed_row_leaves_nothing_behind(run):
    """What it had written is not part of another run, and its scope is left."""

    def half(op, data):
        op.Exp(data)
        raise TranslationError("half way")

    with pytest.raises(TranslationError, match="half way"):
        run("x", custom("half", "a", "x"), rows={"half": half})
    assert [n.op_type for n in run("x", ("relu", "n", ["x"])).nodes] == ["Relu"]


def test_zeros_that_do_not_stretch_are_refused(run):
    zeros = ("_zeros", "begin", [], {"shape": "(0, 3)"})
    run(zeros, "x", ("elemwise_add", "n", ["x", "begin"]))
    for node in (("Concat", "n", ["x", "begin"], {"num_args": 2}), ("relu", "n", ["begin"])):
        with pytest.raises(TranslationError, match="node 'n'"):
            run(zeros, "x", node)
