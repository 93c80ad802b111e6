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
"""Bad inputs, both directions: refused in words, never by a crash, a flood or a broken file."""

import errno
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys

import bad_models
import bad_nodes
import bad_parameters
import bad_sources
import mxnet as mx
import numpy as np
import onnx
import pytest
from child import assert_refused, in_child, refusal
from encoder import encoder
from mxnet.contrib.onnx import (
    ConversionError,
    export_model,
    get_model_metadata,
    import_model,
    import_to_gluon,
)
from running import assert_close, run_module


def table(tables):
    """Every case of several tables, each with an id of its own."""
    return [
        pytest.param(case, id=f"{kind}: {name}")
        for kind, cases in tables.items()
        for name, case in cases.items()
    ]


@pytest.mark.parametrize("case", table({**bad_models.TABLES, **bad_nodes.TABLES}))
def test_import_refuses(case, tmp_path):
    outcome = refusal(lambda: import_model(case.given(tmp_path), **case.how))
    assert_refused(outcome, case.error, case.words)


@pytest.mark.parametrize("read", [import_to_gluon, get_model_metadata])
@pytest.mark.parametrize("case", table({"file": bad_models.FILES}))
def test_all_that_reads_a_model_refuses_alike(read, case, tmp_path):
    assert_refused(refusal(lambda: read(case.given(tmp_path))), case.error, case.words)


def test_gluon_refuses_what_is_no_context(tmp_path):
    outcome = refusal(lambda: import_to_gluon(bad_models.model(bad_models.GOOD), ctx="cpu"))
    assert_refused(outcome, "ModelError", ["ctx", "str"])


def test_the_good_model_is_good():
    """The cases above differ from it in one thing; that one is what they are refused for."""
    symbol, arg_params, aux_params = import_model(bad_models.model(bad_models.GOOD))
    assert symbol.list_outputs() and list(arg_params) == ["w"] and not aux_params
    import_model(bad_models.model(bad_models.CONV))
    shapes = {"input_values": {"s": np.array([3, 2])}}
    import_model(bad_models.model(bad_models.RESHAPED), **shapes)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return bad_sources.net_in(tmp_path_factory.mktemp("net"))


@pytest.fixture
def net(saved, tmp_path):
    """The saved network in a folder of this test's own."""
    for file in saved.files:
        shutil.copy(file, tmp_path)
    return bad_sources.Net(tmp_path, saved.symbol, saved.arg, saved.aux)


@pytest.mark.parametrize("case", table({**bad_sources.TABLES, **bad_parameters.TABLES}))
def test_export_refuses(case, net):
    before = sorted(net.folder.iterdir())
    given = case.given(net)
    made = sorted(set(net.folder.iterdir()) - set(before))
    outcome = refusal(lambda: export_model(**{**bad_sources.good_arguments(net), **given}))
    assert_refused(outcome, case.error, case.words)
    assert sorted(net.folder.iterdir()) == sorted(before + made), "it left something behind"


def test_the_good_network_is_good(net):
    export_model(**bad_sources.good_arguments(net))
    assert net.target.exists()


def test_parameters_that_nothing_reads_are_named_and_left_out(net, caplog):
    """No error: a checkpoint may hold more than the outputs that are wanted need."""
    given = {**bad_sources.good_arguments(net), "params": {**net.params, "spare": mx.nd.ones(3)}}
    export_model(**given)
    assert "spare" in caplog.text and "conv_weight" not in caplog.text
    assert "spare" not in [i.name for i in onnx.load(str(net.target)).graph.initializer]


def test_integers_divided_by_zero_do_not_kill():
    """They kill MXNet's process by a signal; ONNX leaves open what the number is."""
    model = bad_models.model(
        "g (int64[2] x) => (int64[2] y) <int64[2] z = {4, 0}> { y = Div(x, z) }"
    )

    def run():
        inputs = {"x": np.array([12, 12], np.int64)}
        return run_module(*import_model(model), inputs)[0].tolist()

    assert in_child(run)[0] == 3


# -- cut off --------------------------------------------------------------------------------------


def offsets(size, count=150):
    """Lengths to cut to: the first bytes, the last ones, and many between."""
    step = max(1, size // count)
    return sorted({*range(0, min(size, 40)), *range(0, size, step), *range(size - 20, size)} - {-1})


def accepted(path, use, lengths):
    """Lengths at which a file is not refused as it should be, and what came instead."""
    whole, wrong = path.read_bytes(), {}
    for length in lengths:
        path.write_bytes(whole[:length])
        try:
            use(path)
        except ConversionError:
            pass
        except Exception as error:
            wrong[length] = f"{type(error).__name__}: {error}"
        else:
            wrong[length] = "accepted"
    return {str(k): v for k, v in wrong.items()}


@pytest.mark.parametrize("read", [import_model, get_model_metadata])
def test_a_truncated_model_is_refused(read, tmp_path, rng):
    path = tmp_path / "cut.onnx"
    path.write_bytes(encoder(17, rng, layers=1).SerializeToString())
    assert in_child(accepted, path, read, offsets(path.stat().st_size)) == {}


def test_a_truncated_model_of_megabytes_is_refused(tmp_path, rng):
    """Large tensors stay in their file while the rest is parsed: cut inside, before and behind."""
    weights = [rng.normal(size=(600, 600)).astype(np.float32) for _ in range(2)]
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("MatMul", ["x", "a"], ["h"], "first"),
            onnx.helper.make_node("MatMul", ["h", "b"], ["y"], "second"),
        ],
        "g",
        [onnx.helper.make_tensor_value_info("x", 1, ["N", 600])],
        [onnx.helper.make_tensor_value_info("y", 1, ["N", 600])],
        [onnx.numpy_helper.from_array(w, n) for w, n in zip(weights, "ab")],
    )
    path = tmp_path / "cut.onnx"
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 8
    path.write_bytes(model.SerializeToString())
    assert in_child(accepted, path, import_model, offsets(path.stat().st_size, 40)) == {}


#: Run in a process of its own and not in a fork: what still imports needs MXNet's threads.
IMPORT_ALL = """
import json, sys, traceback
from mxnet.contrib.onnx import ConversionError, import_model
wrong = {}
for path in sys.argv[1:]:
    try:
        import_model(path)
    except ConversionError:
        pass
    except Exception as error:
        wrong[path] = traceback.format_exc().splitlines()[-6:]
print(json.dumps(wrong))
"""


def test_a_model_with_bytes_changed_never_crashes(tmp_path, rng):
    """What still parses may import or be refused; nothing else may happen."""
    good = encoder(17, rng, layers=1).SerializeToString()
    paths = [tmp_path / f"{number}.onnx" for number in range(30)]
    for path in paths:
        data = bytearray(good)
        for at in rng.integers(0, len(data), 3):
            data[at] = rng.integers(0, 256)
        path.write_bytes(data)
    command = [sys.executable, "-W", "ignore", "-c", IMPORT_ALL, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {}


@pytest.mark.parametrize("which", ["symbol", "params"])
def test_a_truncated_checkpoint_is_refused(which, net):
    path = net.files[which == "params"]
    given = bad_sources.good_arguments(net)
    lengths = offsets(path.stat().st_size, 100)
    # MXNet ends its JSON with a bracket and perhaps a line end, which nobody misses
    lengths = [n for n in lengths if path.read_bytes()[n:].strip()]
    assert in_child(accepted, path, lambda _: export_model(**given), lengths) == {}
    assert not net.target.exists()


# -- a full disk ----------------------------------------------------------------------------------


def assert_old_file_stays(write, path, error=errno.ENOSPC):
    """``write()`` fails; the file is what it was before, and nothing else lies beside it."""
    folder = sorted(p.name for p in path.parent.iterdir())
    content = path.read_bytes()
    classes, message, _ = write()
    assert "OSError" in classes or "ConversionError" in classes, (classes, message)
    assert os.strerror(error) in message or "space" in message, message
    assert path.read_bytes() == content
    assert sorted(p.name for p in path.parent.iterdir()) == folder


@pytest.mark.parametrize("external", [False, True], ids=["one file", "external data"])
def test_a_limit_of_file_size_leaves_the_old_file(external, net):
    """A quota that is reached in the middle of the weights."""
    given = {**bad_sources.good_arguments(net), "external_data": external}
    export_model(**given)
    limits = [(resource.RLIMIT_FSIZE, 4000)]
    assert_old_file_stays(
        lambda: refusal(lambda: export_model(**given), limits=limits), net.target, errno.EFBIG
    )


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB, where this process may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this process may not mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("external", [False, True], ids=["one file", "external data"])
def test_a_full_disk_leaves_the_old_file(external, net, small_disk):
    given = {**bad_sources.good_arguments(net), "onnx_file_path": small_disk / "net.onnx"}
    given["external_data"] = external
    export_model(**given)
    disk = os.statvfs(small_disk)
    (small_disk / "rest").write_bytes(bytes((disk.f_bavail - 1) * disk.f_bsize))
    assert_old_file_stays(lambda: refusal(lambda: export_model(**given)), small_disk / "net.onnx")


def test_a_full_device_is_an_os_error(net):
    if not pathlib.Path("/dev/full").exists():
        pytest.skip("/dev/full, the device that is always full, is Linux's")
    given = bad_sources.good_arguments(net)

    def export():
        with open("/dev/full", "wb", buffering=0) as stream:
            export_model(**{**given, "onnx_file_path": stream})

    classes, message, _ = refusal(export)
    assert "OSError" in classes or "ConversionError" in classes, (classes, message)


class Unreadable:
    """A weight whose numbers are gone when they are to be written."""

    def __init__(self, array):
        self.shape, self.dtype, self.stype = array.shape, array.dtype, "default"

    def asnumpy(self):
        raise OSError(errno.EIO, "the array cannot be read")


def test_a_weight_that_cannot_be_read_leaves_the_old_file(net):
    given = bad_sources.good_arguments(net)
    export_model(**given)
    given["params"] = {**net.params, "dense_weight": Unreadable(net.params["dense_weight"])}
    content = net.target.read_bytes()
    with pytest.raises((OSError, ConversionError), match="cannot be read"):
        export_model(**given)
    assert net.target.read_bytes() == content
    assert sorted(p.name for p in net.folder.iterdir()) == [
        "net-0000.params",
        "net-symbol.json",
        "net.onnx",
    ]


def test_a_refused_export_leaves_the_old_file(net):
    net.target.write_bytes(b"old")
    with pytest.raises(ConversionError):
        export_model(**{**bad_sources.good_arguments(net), "in_shapes": [(2, 5, 8, 8)]})
    assert net.target.read_bytes() == b"old"


# -- names that are odd but right -----------------------------------------------------------------

NAMES = ["a/b:0", "a b", "été", "名", "a,b", "[0]", "a" * 300, "null", "data_0", "softmax_label"]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_imported(name, session, rng):
    model = bad_models.model(bad_models.GOOD)
    model.graph.input[0].name = model.graph.node[0].input[0] = name
    model.graph.node[0].name = name
    data = rng.normal(size=(2, 3)).astype(np.float32)
    assert_close(run_module(*import_model(model), {name: data}), session(model)([data]))


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_exported(name, session, rng):
    """Even if every operator of the network has the name of its input."""
    x = mx.sym.var(name)
    net = mx.sym.relu(mx.sym.relu(x, name=name) + mx.sym.relu(-x, name=name), name=name)
    model = export_model(net, {}, [(2, 3)], onnx_file_path=None)
    onnx.checker.check_model(model, full_check=True)
    data = rng.normal(size=(2, 3)).astype(np.float32)
    assert_close(session(model)([data]), [np.abs(data)])
