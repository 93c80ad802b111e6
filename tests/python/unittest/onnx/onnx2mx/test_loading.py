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
"""Models out of files, bytes, streams and messages; their tensors out of wherever they are."""

import io
import os
import tracemalloc

import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx.errors import ModelError
from mxnet.contrib.onnx.onnx2mx.loading import LEAST_MAPPED, load
from mxnet.contrib.onnx.onnx2mx.tensors import TensorReader
from onnx import TensorProto, helper, numpy_helper

TYPES = sorted(
    {
        np.dtype(helper.tensor_dtype_to_np_dtype(t)).name
        for t in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12)
    }
)


def model(*arrays):
    tensors = [numpy_helper.from_array(a, f"w{i}") for i, a in enumerate(arrays)]
    node = helper.make_node("Identity", ["w0"], ["y"])
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    return helper.make_model(helper.make_graph([node], "g", [], [output], tensors))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file of 8 MB, its path and the array in it."""
    array = np.random.default_rng(0).normal(size=(1024, 2048)).astype(np.float32)
    path = tmp_path_factory.mktemp("large") / "model.onnx"
    onnx.save(model(array), str(path))
    assert path.stat().st_size > LEAST_MAPPED
    return path, array


SOURCES = {
    "text": lambda path: str(path),
    "pathlib": lambda path: path,
    "bytes": lambda path: path.read_bytes(),
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "stream": lambda path: io.BytesIO(path.read_bytes()),
    "file": lambda path: open(path, "rb"),  # noqa: SIM115
    "message": lambda path: onnx.load(str(path)),
}


@pytest.mark.parametrize("source", SOURCES)
def test_all_sources_give_the_same_array(source, large):
    path, array = large
    loaded = load(SOURCES[source](path))
    found = loaded.tensors.array(loaded.proto.graph.initializer[0])
    assert np.array_equal(found, array) and found.dtype == array.dtype


def test_a_large_file_is_mapped_and_not_read(large):
    path, array = large
    tracemalloc.start()
    loaded = load(path)
    found = loaded.tensors.array(loaded.proto.graph.initializer[0])
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < array.nbytes / 20
    assert not found.flags.owndata and not found.flags.writeable
    assert loaded.proto.ByteSize() < 1000


@pytest.mark.parametrize("dtype", TYPES)
def test_arrays_of_all_types(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    for tensor in (numpy_helper.from_array(array, "t"), typed(array)):
        found = TensorReader().array(tensor)
        assert found.dtype == array.dtype and np.array_equal(found, array)


def typed(array):
    values = array.ravel().view(np.uint16) if array.dtype == np.float16 else array.ravel()
    return helper.make_tensor(
        "t", helper.np_dtype_to_tensor_dtype(array.dtype), array.shape, values.tolist()
    ) if array.dtype != np.float16 else helper.make_tensor(
        "t", TensorProto.FLOAT16, array.shape, array.ravel()
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["BFLOAT16", "FLOAT8E4M3FN", "INT4", "UINT4"])
def test_types_of_no_numpy_of_old_are_read_too(kind):
    """Or refused, where the installed onnx gives their bits in place of their numbers."""
    data_type = getattr(TensorProto, kind)
    tensor = helper.make_tensor("t", data_type, [3], [1.0, 0.0, 2.0])
    raw = TensorProto(name="t", data_type=data_type, dims=[3], raw_data=as_raw(tensor))
    for given in (tensor, raw):
        if helper.tensor_dtype_to_np_dtype(data_type) == np.float32:
            with pytest.raises(ModelError, match="update onnx"):
                TensorReader().array(given)
        else:
            assert TensorReader().array(given).astype(np.float32).tolist() == [1, 0, 2]


def as_raw(tensor):
    width = {TensorProto.BFLOAT16: "<u2"}.get(tensor.data_type, "u1")
    return np.array(tensor.int32_data, width).tobytes() if tensor.int32_data else tensor.raw_data


def test_sparse_tensors_are_written_out():
    values = numpy_helper.from_array(np.array([5.0, 7.0], np.float32), "s")
    flat = helper.make_sparse_tensor(values, numpy_helper.from_array(np.array([1, 5])), [2, 3])
    pairs = numpy_helper.from_array(np.array([[0, 1], [1, 2]]))
    for sparse in (flat, helper.make_sparse_tensor(values, pairs, [2, 3])):
        assert TensorReader().dense(sparse).tolist() == [[0, 5, 0], [0, 0, 7]]
    wild = helper.make_sparse_tensor(values, numpy_helper.from_array(np.array([1, 6])), [2, 3])
    huge = helper.make_sparse_tensor(values, pairs, [2**20, 2**20])
    for sparse in (wild, huge):
        with pytest.raises(ModelError, match="'s'"):
            TensorReader().dense(sparse)


def test_external_data_is_found_beside_a_path_and_beside_an_open_file(tmp_path):
    array = np.arange(1000, dtype=np.float32)
    path = tmp_path / "model.onnx"
    onnx.save(
        model(array), str(path), save_as_external_data=True, location="w.bin", size_threshold=0
    )
    with open(path, "rb") as file:
        for source in (path, file):
            loaded = load(source)
            found = loaded.tensors.array(loaded.proto.graph.initializer[0])
            assert np.array_equal(found, array) and not found.flags.owndata
    loaded = load(path.read_bytes())
    with pytest.raises(ModelError, match="give the model as a path"):
        loaded.tensors.array(loaded.proto.graph.initializer[0])


def test_a_link_inside_the_folder_is_followed(tmp_path):
    array = np.arange(4, dtype=np.float32)
    path = tmp_path / "model.onnx"
    onnx.save(
        model(array), str(path), save_as_external_data=True, location="w.bin", size_threshold=0
    )
    (tmp_path / "w.bin").rename(tmp_path / "real.bin")
    os.symlink("real.bin", tmp_path / "w.bin")
    loaded = load(path)
    assert np.array_equal(loaded.tensors.array(loaded.proto.graph.initializer[0]), array)


def test_a_file_cannot_refer_into_itself(tmp_path):
    """Cut tensors are external references; a file cannot make such a one up."""
    path = tmp_path / "model.onnx"
    proto = model(np.zeros(LEAST_MAPPED, np.float32))
    tensor = proto.graph.initializer.add(name="w", data_type=1, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "0" * 32), ("offset", "0"), ("length", "4")):
        tensor.external_data.add(key=key, value=value)
    onnx.save(proto, str(path))
    loaded = load(path)
    with pytest.raises(ModelError, match="'w'"):
        loaded.tensors.array(loaded.proto.graph.initializer[1])
