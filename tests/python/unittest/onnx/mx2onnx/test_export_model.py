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
"""``export_model`` as its callers know it: arguments, names, outputs, opsets, results."""

import concurrent.futures
import inspect
import io
import json
import logging
import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx import (
    ConversionError,
    ModelError,
    TranslationTable,
    VerificationError,
    export_model,
)
from mxnet.contrib.onnx.mx2onnx.export_model import convert
from mxnet.contrib.onnx.opset import DEFAULT_TARGET_OPSET, TARGET_OPSETS
from running import assert_close
from symbols import params, symbol

SHAPE = (2, 3, 8, 8)
CONV = {"kernel": "(3, 3)", "num_filter": "4"}
NET = (
    "data",
    "w",
    "b",
    ("Convolution", "conv", ["data", "w", "b"], CONV),
    "gamma",
    "beta",
    "mean",
    "var",
    ("BatchNorm", "norm", ["conv", "gamma", "beta", "mean", "var"], {"fix_gamma": "False"}),
    ("Activation", "act", ["norm"], {"act_type": "relu"}),
    ("Flatten", "flat", ["act"]),
    "fw",
    "fb",
    ("FullyConnected", "dense", ["flat", "fw", "fb"], {"num_hidden": "5"}),
    "softmax_label",
    ("SoftmaxOutput", "softmax", ["dense", "softmax_label"]),
)


@pytest.fixture
def arrays(rng):
    shapes = {"w": (4, 3, 3, 3), "fw": (5, 144), "fb": (5,)}
    shapes.update(dict.fromkeys(["b", "gamma", "beta", "mean", "var"], (4,)))
    return {n: rng.uniform(0.2, 0.8, s).astype(np.float32) for n, s in shapes.items()}


@pytest.fixture
def checkpoint(arrays, tmp_path):
    """A checkpoint prefix."""
    (tmp_path / "net-symbol.json").write_text(symbol(*NET))
    (tmp_path / "net-0000.params").write_bytes(params(arrays))
    return tmp_path / "net"


@pytest.fixture
def export(tmp_path):
    """Export a symbol that is written by hand to a ModelProto."""

    def run(*nodes, heads=None, shapes=None, tensors=None, **more):
        path = tmp_path / "hand.json"
        path.write_text(symbol(*nodes, heads=heads))
        return export_model(path, tensors, shapes, onnx_file_path=None, **more)

    return run


def names(values):
    return [v.name for v in values]


def sizes(value):
    return [d.dim_param or d.dim_value or None for d in value.type.tensor_type.shape.dim]


# what comes out


def test_the_model_says_who_made_it_and_has_weights_for_initializers(checkpoint, arrays):
    model = export_model(checkpoint, in_shapes=[SHAPE], onnx_file_path=None)
    assert model.producer_name == "mxnet.contrib.onnx" and model.producer_version
    assert [(i.domain, i.version) for i in model.opset_import] == [("", DEFAULT_TARGET_OPSET)]
    assert names(model.graph.input) == ["data"]
    assert "fw" in names(model.graph.initializer)
    onnx.checker.check_model(model, full_check=True)


@pytest.mark.parametrize("opset", TARGET_OPSETS)
def test_every_target_opset_has_the_lowest_ir_version_that_carries_it(opset, checkpoint):
    model = export_model(checkpoint, in_shapes=[SHAPE], onnx_file_path=None, opset_version=opset)
    assert [i.version for i in model.opset_import] == [opset]
    assert model.ir_version == onnx.helper.find_min_ir_version_for(model.opset_import)
    onnx.checker.check_model(model, full_check=True)


def test_nodes_and_values_are_called_what_mxnet_calls_them(checkpoint):
    model = export_model(checkpoint, in_shapes=[SHAPE], onnx_file_path=None)
    assert names(model.graph.node) == ["conv", "act", "flat", "dense", "softmax"]
    assert [n.output[0] for n in model.graph.node] == [
        "norm_output", "act_output", "flat_output", "dense_output", "softmax_output",
    ]  # fmt: skip


def test_sizes_of_values_between_are_recorded(checkpoint):
    model = export_model(checkpoint, in_shapes=[("N", 3, 8, 8)], onnx_file_path=None)
    recorded = {v.name: sizes(v) for v in model.graph.value_info}
    assert recorded == {
        "norm_output": ["N", 4, 6, 6],
        "act_output": ["N", 4, 6, 6],
        "flat_output": ["N", 144],
        "dense_output": ["N", 5],
    }
    assert sizes(model.graph.output[0]) == ["N", 5]


def test_the_conversion_knows_what_became_of_every_node(checkpoint):
    conversion = convert(checkpoint, None, [SHAPE])
    graph = conversion.graph
    values = {(graph.nodes[i].name, k): v for (i, k), v in conversion.values.items()}
    assert values["conv", 0].name is None  # it is inside of the convolution that has the norm in it
    assert values["conv", 0].type.dims == (2, 4, 6, 6)
    assert values["norm", 0].name == "norm_output"
    assert values["data", 0].name == "data"
    whole = convert(checkpoint, None, [SHAPE], simplify=False)
    values = {whole.graph.nodes[i].name: v.name for (i, _), v in whole.values.items()}
    assert values["conv"] == "conv_output" and values["norm"] == "norm_output"
    assert "ONNX nodes of opset 17" in conversion.summary()


def test_conversion_again_is_conversion_alike(checkpoint):
    """Nothing is left from one run to the next, nor between runs at the same time."""

    def run(k):
        opset = (11, 17)[k % 2]
        return opset, export_model(
            checkpoint, in_shapes=[SHAPE], onnx_file_path=None, opset_version=opset
        ).SerializeToString()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(run, range(12)))
    assert len(set(results)) == 2 and len({opset for opset, _ in results}) == 2


# the file


def test_the_path_is_returned_as_it_was_given(checkpoint, tmp_path):
    for path in (tmp_path / "a.onnx", str(tmp_path / "b.onnx")):
        assert export_model(checkpoint, None, [SHAPE], np.float32, path) is path
        onnx.checker.check_model(str(path))


def test_a_file_object_is_written_to(checkpoint):
    buffer = io.BytesIO()
    assert export_model(checkpoint, in_shapes=[SHAPE], onnx_file_path=buffer) is buffer
    assert onnx.ModelProto.FromString(buffer.getvalue()).graph.node


def test_external_data(checkpoint, tmp_path, session, rng):
    x = rng.normal(size=SHAPE).astype(np.float32)
    results = []
    for external in (False, True):
        path = tmp_path / f"{external}.onnx"
        export_model(checkpoint, in_shapes=[SHAPE], onnx_file_path=path, external_data=external)
        results.append(session(path)([x]))
    assert (tmp_path / "True.onnx.data").exists() and not (tmp_path / "False.onnx.data").exists()
    assert_close(*results)


def test_a_target_that_cannot_be_written_is_refused_before_the_model_is_read(tmp_path):
    with pytest.raises(ModelError, match="there is no folder"):
        export_model("no such model", onnx_file_path=tmp_path / "no" / "m.onnx")


def test_verification_comes_before_the_file(checkpoint, tmp_path, rng):
    """A model that computes something else takes no other's place."""
    pytest.importorskip("mxnet")
    table = TranslationTable()
    table.op("Flatten")(lambda op, data: op.Mul(op.Flatten(data), 2.0))
    path = tmp_path / "m.onnx"
    with pytest.raises(VerificationError, match="flat"):
        export_model(
            checkpoint,
            None,
            [("N", *SHAPE[1:])],
            onnx_file_path=path,
            verify={"data": rng.normal(size=SHAPE).astype(np.float32)},
            translations=table,
        )
    assert not path.exists()
    export_model(checkpoint, None, [SHAPE], onnx_file_path=path, verify=True)
    assert path.exists()


# the callers of old


def test_the_signature_that_callers_know():
    known = (
        "sym params in_shapes in_types onnx_file_path verbose dynamic dynamic_input_shapes "
        "run_shape_inference input_type input_shape"
    )
    parameters = list(inspect.signature(export_model).parameters.values())
    assert [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD] == known.split()
    assert inspect.signature(export_model).parameters["in_types"].default is np.float32


def test_names_of_arguments_up_to_1_8(checkpoint):
    model = export_model(
        checkpoint, input_shape=[SHAPE], input_type=np.float32, onnx_file_path=None
    )
    assert sizes(model.graph.input[0]) == list(SHAPE)
    with pytest.raises(ModelError, match="input_shape is the old name of in_shapes"):
        export_model(checkpoint, None, [SHAPE], input_shape=[SHAPE], onnx_file_path=None)


def test_dynamic_with_shapes(checkpoint):
    model = export_model(
        checkpoint, None, [SHAPE], np.float32, None, False, True, [(None, 3, 8, 8)], True
    )
    assert sizes(model.graph.input[0]) == ["batch", 3, 8, 8]
    assert sizes(model.graph.output[0]) == ["batch", 5]


def test_empty_inputs_are_for_numpy_shapes(tmp_path):
    path = tmp_path / "net-symbol.json"
    path.write_text(symbol("data", ("relu", "act", ["data"])))
    with pytest.raises(ModelError, match=r"NumPy's shapes.*data \(0, 4\)"):
        convert(path, None, [(0, 4)])
    numpy_style = json.loads(path.read_text())
    numpy_style["attrs"]["is_np_shape"] = ["int", 1]
    path.write_text(json.dumps(numpy_style))
    converted = convert(path, None, [(0, 4)])
    assert [kind.dims for kind in converted.outputs.values()] == [(0, 4)]


def test_dynamic_without_shapes_opens_every_size(export):
    model = export("x", ("relu", "n", ["x"]), shapes=[(2, 3)], dynamic=True)
    assert sizes(model.graph.input[0]) == sizes(model.graph.output[0]) == ["batch", "x_dim_1"]


def test_verbose_prints_and_steps_are_logged(checkpoint, capsys, caplog):
    with caplog.at_level(logging.INFO):
        export_model(checkpoint, in_shapes=[SHAPE], onnx_file_path=None)
    assert not capsys.readouterr().out and "translated to" in caplog.text
    export_model(checkpoint, in_shapes=[SHAPE], onnx_file_path=None, verbose=True)
    assert "6 MXNet nodes became 5 ONNX nodes of opset 17" in capsys.readouterr().out


# names and outputs


def test_inputs_and_outputs_may_be_called_otherwise(checkpoint, session, rng):
    x = rng.normal(size=SHAPE).astype(np.float32)
    plain = export_model(checkpoint, in_shapes=[SHAPE], onnx_file_path=None)
    for given in (
        {"input_names": ["image"], "output_names": ["scores"]},
        {"input_names": {"data": "image"}, "output_names": {"softmax_output": "scores"}},
    ):
        model = export_model(checkpoint, in_shapes=[SHAPE], onnx_file_path=None, **given)
        assert names(model.graph.input) == ["image"] and names(model.graph.output) == ["scores"]
        assert_close(session(model)([x]), session(plain)([x]))


def test_names_that_something_else_has_in_the_meantime(checkpoint, session, rng):
    """A parameter and a value give way to the name that an output is to have."""
    x = rng.normal(size=SHAPE).astype(np.float32)
    for name in ("fw", "act_output"):
        model = export_model(
            checkpoint, in_shapes=[SHAPE], onnx_file_path=None, output_names=[name]
        )
        assert names(model.graph.output) == [name]
        assert session(model)([x])[0].shape == (2, 5)
    with pytest.raises(ModelError, match="output_names gives a name that is taken: image"):
        export_model(
            checkpoint, in_shapes=[SHAPE], onnx_file_path=None,
            input_names=["image"], output_names=["image"],
        )  # fmt: skip


def test_duplicates_and_inputs_that_pass_through(export, session, rng):
    model = export(
        "x", "w", ("relu", "r", ["x"]), ("BlockGrad", "b", ["r"]),
        heads=["r", "x", "b", "r", "w"], shapes=[(2, 3)], tensors={"w": np.float32([7])},
    )  # fmt: skip
    assert names(model.graph.output) == [
        "r_output",
        "x_output",
        "b_output",
        "r_output_3",
        "w_output",
    ]
    x = rng.normal(size=(2, 3)).astype(np.float32)
    relu = np.maximum(x, 0)
    assert_close(session(model)([x]), [relu, x, relu, relu, np.float32([7])])


def test_several_outputs_of_one_node(export):
    model = export(
        "x", ("SliceChannel", "s", ["x"], {"num_outputs": 3}),
        heads=["s:2", "s:0"], shapes=[("N", 6)],
    )  # fmt: skip
    assert names(model.graph.output) == ["s_output2", "s_output0"]
    assert [sizes(o) for o in model.graph.output] == [["N", 2]] * 2


OUTPUTS = {
    "a node": (["act"], ["act_output"]),
    "an output": (["dense_output"], ["dense_output"]),
    "several, in their order": (["softmax_output", "norm"], ["softmax_output", "norm_output"]),
    "a variable": (["data"], ["data_output"]),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_the_graph_ends_where_it_is_told_to(case, checkpoint):
    outputs, expected = OUTPUTS[case]
    model = export_model(checkpoint, in_shapes=[SHAPE], onnx_file_path=None, outputs=outputs)
    assert names(model.graph.output) == expected


@pytest.mark.parametrize("outputs", ["act", [], [5], {"act"}, ["atc"]])
def test_outputs_that_are_refused(outputs, checkpoint):
    with pytest.raises(ModelError, match="outputs is a list of names|no output 'atc'"):
        export_model(checkpoint, in_shapes=[SHAPE], onnx_file_path=None, outputs=outputs)


def test_what_mxnet_cannot_load_can_be_cut(export):
    """An operator that no MXNet has, with attributes and inputs of its own, behind the cut."""
    model = export(
        "x", ("relu", "r", ["x"]), "label", ("Swirl", "head", ["r", "label"], {"a": "b"}),
        outputs=["r"], shapes=[(2, 3)],
    )  # fmt: skip
    assert names(model.graph.output) == ["r_output"] and names(model.graph.input) == ["x"]


# what is refused


ARGUMENTS = {
    "an opset too old": (
        {"opset_version": 10},
        "opset_version 10 is not written; there are 11 to",
    ),
    "an opset too new": ({"opset_version": 99}, "opset_version 99 is not written"),
    "an opset in words": ({"opset_version": "17"}, "opset_version is an int; got '17'"),
    "an opset that is a truth": ({"opset_version": True}, "opset_version is an int; got True"),
    "an epoch in words": ({"epoch": "0"}, "epoch is an int; got '0'"),
    "verification by a number": ({"verify": 2.5}, "verify is True, or a dict .*got a float"),
    "external data by a name": ({"external_data": "w.bin"}, "external_data is True, False or None"),
    "rows in a dict": ({"translations": {}}, "translations is a TranslationTable; got a dict"),
    "a target in numbers": ({"onnx_file_path": 5}, "onnx_file_path is a path"),
    "shapes that are dynamic and bare": (
        {"dynamic": True, "dynamic_input_shapes": (None, 3)},
        "dynamic_input_shapes is a list with a shape for every input.*bare shape",
    ),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_arguments_that_are_refused(case, checkpoint):
    given, words = ARGUMENTS[case]
    with pytest.raises(ModelError, match=words):
        export_model(**{"sym": checkpoint, "in_shapes": [SHAPE], "onnx_file_path": None, **given})


def test_a_failed_export_leaves_the_old_file(checkpoint, tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"old")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(ConversionError):
        export_model(checkpoint, None, [(2, 5, 8, 8)], onnx_file_path=tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx").read_bytes() == b"old" and sorted(os.listdir(tmp_path)) == before


def test_parameters_that_the_symbol_does_not_have_are_reported(checkpoint, arrays, caplog):
    arrays["extra"] = np.zeros(3, np.float32)
    export_model(f"{checkpoint}-symbol.json", arrays, [SHAPE], onnx_file_path=None)
    assert "parameters that the symbol does not have: extra" in caplog.text
    caplog.clear()
    export_model(checkpoint, arrays, [SHAPE], onnx_file_path=None, outputs=["act"])
    assert "fw" not in caplog.text


# memory


MEMORY = """
import mxnet_onnx
def megabytes(key):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(key))
mxnet_onnx.export_model({prefix!r} + "-small", in_shapes=[(1, 4)], onnx_file_path=None)
before = megabytes("VmRSS")
mxnet_onnx.export_model({prefix!r}, in_shapes=[(1, 4)], onnx_file_path={target!r})
print(megabytes("VmHWM") - before)
"""


def dense_network(prefix, width):
    """The checkpoint of a network of dense layers, three of which are of ``width`` by ``width``."""
    nodes, arrays, last, inside = ["data"], {}, "data", 4
    for k in range(4):
        arrays[f"w{k}"] = np.ones((width, inside), np.float32)
        arrays[f"b{k}"] = np.ones(width, np.float32)
        layer = ("FullyConnected", f"fc{k}", [last, f"w{k}", f"b{k}"], {"num_hidden": width})
        nodes += [f"w{k}", f"b{k}", layer]
        last, inside = f"fc{k}", width
    pathlib.Path(f"{prefix}-symbol.json").write_text(symbol(*nodes))
    pathlib.Path(f"{prefix}-0000.params").write_bytes(params(arrays))


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from /proc")
def test_weights_do_not_pass_through_memory(tmp_path):
    """A network is converted within a tenth of its weights."""
    dense_network(tmp_path / "net-small", 4)
    dense_network(tmp_path / "net", 2304)
    import mxnet.contrib.onnx as package

    (tmp_path / "mxnet_onnx").symlink_to(pathlib.Path(package.__file__).parent)
    code = MEMORY.format(prefix=str(tmp_path / "net"), target=str(tmp_path / "m.onnx"))
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    weights = os.path.getsize(tmp_path / "m.onnx") / 2**20
    assert weights > 60 and float(run.stdout) < 0.1 * weights
