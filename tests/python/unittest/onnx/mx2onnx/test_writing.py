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
"""Files that are whole or as before, in one piece or two, and streams."""

import errno
import io
import os
import stat
import sys

import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx import ConversionError, ModelError
from mxnet.contrib.onnx.mx2onnx import writing
from mxnet.contrib.onnx.mx2onnx.params_file import read_params
from mxnet.contrib.onnx.mx2onnx.tensors import Tensor
from mxnet.contrib.onnx.mx2onnx.writing import check_target, to_proto, write_model
from onnx import helper, numpy_helper
from symbols import params

ARRAYS = {
    "large": np.arange(3000, dtype=np.float32).reshape(30, 100),
    "scalar": np.array(7, np.int64),
    "empty": np.zeros((0, 3), np.float32),
    "half": np.array([[1.5]], np.float16),
    "truth": np.array([True, False]),
    "other": np.linspace(0, 1, 999),
}


def shell():
    value = helper.make_tensor_value_info("x", 1, ["N"])
    out = helper.make_tensor_value_info("y", 1, ["N"])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [value], [out])
    return helper.make_model(graph, producer_name="test")


def tensors(arrays=ARRAYS):
    return {name: Tensor.of(array) for name, array in arrays.items()}


def read_back(model, arrays=ARRAYS):
    assert model.producer_name == "test" and [n.op_type for n in model.graph.node] == ["Relu"]
    found = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


class Unbuffered(io.RawIOBase):
    """A file that takes 7 bytes at a time."""

    def __init__(self):
        self.taken = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.taken += bytes(data)[:7]
        return min(len(data), 7)


# what is written


def test_a_path(tmp_path):
    write_model(shell(), tensors(), tmp_path / "m.onnx")
    assert os.listdir(tmp_path) == ["m.onnx"]
    read_back(onnx.load(str(tmp_path / "m.onnx")))


def test_a_stream():
    buffer = io.BytesIO()
    write_model(shell(), tensors(), buffer)
    read_back(onnx.ModelProto.FromString(buffer.getvalue()))


def test_a_stream_that_takes_little_at_a_time():
    stream = Unbuffered()
    write_model(shell(), tensors(), stream)
    read_back(onnx.ModelProto.FromString(bytes(stream.taken)))


def test_memory():
    read_back(to_proto(shell(), tensors()))


def test_weights_in_a_file_of_their_own(tmp_path):
    write_model(shell(), tensors(), tmp_path / "m.onnx", external=True)
    assert sorted(os.listdir(tmp_path)) == ["m.onnx", "m.onnx.data"]
    inside = onnx.load(str(tmp_path / "m.onnx"), load_external_data=False).graph.initializer
    places = {i.name: {e.key: e.value for e in i.external_data} for i in inside if i.external_data}
    assert set(places) == {"large", "other"}
    assert all(int(p["offset"]) % 4096 == 0 for p in places.values())
    read_back(onnx.load(str(tmp_path / "m.onnx")))


def test_weights_go_from_file_to_file(tmp_path, monkeypatch):
    (tmp_path / "p").write_bytes(params(ARRAYS, version=3))
    stored = read_params(tmp_path / "p")
    monkeypatch.setattr(np, "fromfile", None)  # large ones become no array
    large = {n: t for n, t in stored.items() if t.place}
    write_model(shell(), large, tmp_path / "m.onnx")
    read_back(onnx.load(str(tmp_path / "m.onnx")), {n: ARRAYS[n] for n in large})


def test_a_model_may_replace_the_parameters_that_it_is_made_from(tmp_path):
    path = tmp_path / "both"
    path.write_bytes(params({"large": ARRAYS["large"]}))
    write_model(shell(), read_params(path), path)
    read_back(onnx.load(str(path)), {"large": ARRAYS["large"]})


def test_two_gigabytes_decide(monkeypatch, tmp_path):
    monkeypatch.setattr(writing, "MOST_INLINE", 10000)
    write_model(shell(), tensors(), tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx.data").exists()
    for refused in (
        lambda: write_model(shell(), tensors(), tmp_path / "m.onnx", external=False),
        lambda: write_model(shell(), tensors(), io.BytesIO()),
        lambda: to_proto(shell(), tensors()),
    ):
        with pytest.raises(ModelError, match="2 GB|give a path"):
            refused()


def test_the_graph_counts_toward_the_two_gigabytes(monkeypatch, tmp_path):
    """Weights that just fit and many nodes do not."""
    model, path = shell(), tmp_path / "m.onnx"
    whole = len(to_proto(model, tensors()).SerializeToString())
    weights = sum(array.nbytes for array in ARRAYS.values())
    assert whole <= writing._size(model, tensors()) < whole + 1000
    monkeypatch.setattr(writing, "MOST_INLINE", weights)
    write_model(model, tensors(), path)
    assert (tmp_path / "m.onnx.data").exists()
    read_back(onnx.load(path))


def test_a_stream_has_no_second_file():
    with pytest.raises(ModelError, match="beside the model: give a path"):
        write_model(shell(), tensors(), io.BytesIO(), external=True)


# where it is written


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are POSIX's")
@pytest.mark.parametrize("umask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(umask, mode, tmp_path):
    before = os.umask(umask)
    try:
        write_model(shell(), tensors(), tmp_path / "m.onnx", external=True)
    finally:
        os.umask(before)
    for name in ("m.onnx", "m.onnx.data"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.onnx").write_bytes(b"old")
    (tmp_path / "link.onnx").symlink_to(tmp_path / "real.onnx")
    write_model(shell(), tensors(), tmp_path / "link.onnx")
    assert (tmp_path / "link.onnx").is_symlink()
    read_back(onnx.load(str(tmp_path / "real.onnx")))


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="no such device here")
def test_a_device_is_written_to_and_not_replaced():
    write_model(shell(), tensors(), "/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


TARGETS = {
    "a folder": (lambda folder: folder, "it is a folder"),
    "a folder that is not there": (lambda folder: folder / "no" / "m.onnx", "there is no folder"),
    "nothing": (lambda folder: "", "it is a folder"),
    "a text file": (lambda folder: io.StringIO(), "open it with mode 'wb'"),
    "a number": (lambda folder: 5, "a path, a binary file or None; got a int"),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_targets_that_are_refused_before_the_work(kind, tmp_path):
    make, words = TARGETS[kind]
    with pytest.raises(ModelError, match=words):
        check_target(make(tmp_path))


# what fails


def failing(error):
    def read():
        raise error

    return Tensor((1000,), np.dtype(np.float32), read)


def wrong_shape():
    return Tensor((1000,), np.dtype(np.float32), lambda: np.zeros(999, np.float32))


FAILURES = {
    "a full disk": (lambda: failing(OSError(errno.ENOSPC, "No space left on device")), OSError),
    "an interrupt": (lambda: failing(KeyboardInterrupt()), None),
    "a computation": (lambda: failing(ConversionError("cannot")), None),
    "a wrong shape": (wrong_shape, None),
}


@pytest.mark.parametrize("external", [False, True])
@pytest.mark.parametrize("kind", FAILURES)
def test_the_old_files_stay_and_nothing_is_left(kind, external, tmp_path):
    for name in ("m.onnx", "m.onnx.data"):
        (tmp_path / name).write_bytes(b"old")
    make, cause = FAILURES[kind]
    arrays = {**tensors(), "bad": make()}
    with pytest.raises((ConversionError, KeyboardInterrupt)) as failure:
        write_model(shell(), arrays, tmp_path / "m.onnx", external=external)
    assert sorted(os.listdir(tmp_path)) == ["m.onnx", "m.onnx.data"]
    assert {(tmp_path / n).read_bytes() for n in os.listdir(tmp_path)} == {b"old"}
    if cause is not None:
        assert isinstance(failure.value.__cause__, cause)
        assert "No space left on device" in str(failure.value) and "m.onnx" in str(failure.value)


def test_a_disk_that_is_full_when_all_is_flushed(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConversionError, match="No space left"):
        write_model(shell(), tensors(), tmp_path / "m.onnx")
    assert not os.listdir(tmp_path)


def test_parameters_that_become_shorter_meanwhile(tmp_path):
    (tmp_path / "p").write_bytes(params({"large": ARRAYS["large"]}))
    stored = read_params(tmp_path / "p")
    (tmp_path / "p").write_bytes((tmp_path / "p").read_bytes()[:5000])
    with pytest.raises(ModelError, match="became shorter"):
        write_model(shell(), stored, tmp_path / "m.onnx")
    assert os.listdir(tmp_path) == ["p"]
