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
"""Parameter files of every format, whole, cut off, and of other kinds."""

import struct

import numpy as np
import pytest
from mxnet.contrib.onnx import ModelError
from mxnet.contrib.onnx.mx2onnx.params_file import read_params
from symbols import FLAGS, params


def arrays(rng):
    return {
        "arg:weight": rng.normal(size=(4, 3, 2)).astype(np.float32),
        "aux:mean": rng.normal(size=(4,)).astype(np.float64),
        "plain": rng.integers(-5, 5, (2, 2)).astype(np.int64),
        "large": rng.normal(size=(40, 50)).astype(np.float32),
        "ümläut:x": np.array([True, False]),
    }


@pytest.fixture
def written(tmp_path):
    def write(data):
        path = tmp_path / "some.params"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_every_format_is_read(version, rng, written):
    given = arrays(rng)
    found = read_params(written(params(given, version)))
    assert list(found) == ["weight", "mean", "plain", "large", "ümläut:x"]
    for tensor, array in zip(found.values(), given.values()):
        assert (tensor.shape, tensor.dtype, tensor.nbytes) == (
            array.shape,
            array.dtype,
            array.nbytes,
        )
        np.testing.assert_array_equal(tensor.read(), array)


@pytest.mark.parametrize("dtype", FLAGS)
def test_every_dtype_is_read(dtype, written):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    tensor = read_params(written(params({"x": array})))["x"]
    assert tensor.dtype == array.dtype and (tensor.read() == array).all()


def test_numbers_stay_in_the_file_until_they_are_read(rng, written):
    path = written(params(arrays(rng)))
    tensor = read_params(path)["large"]
    place, offset = tensor.place
    assert path.read_bytes()[offset : offset + tensor.nbytes] == tensor.read().tobytes()
    path.write_bytes(path.read_bytes()[: offset + 8])
    with pytest.raises(ModelError, match="became shorter"):
        tensor.read()
    assert place == str(path)


def test_scalars_and_empty_arrays(written):
    found = read_params(written(params({"s": np.float32(3), "e": np.zeros((0, 2))}, 3)))
    assert found["s"].shape == () and found["s"].read() == 3
    assert found["e"].shape == (0, 2) and found["e"].read().size == 0


def test_an_array_that_was_never_filled_is_empty(written):
    never = struct.pack("<QQQIii", 0x112, 0, 1, 0xF993FAC9, 0, 0) + struct.pack("<QQ", 1, 1) + b"x"
    assert read_params(written(never))["x"].shape == (0,)


def test_the_same_as_mxnet_reads(rng, tmp_path):
    mx = pytest.importorskip("mxnet")
    given = {n: mx.nd.array(a, dtype=a.dtype) for n, a in arrays(rng).items() if a.dtype != bool}
    mx.nd.save(str(tmp_path / "x"), given)
    found = read_params(tmp_path / "x")
    for tensor, array in zip(found.values(), given.values()):
        np.testing.assert_array_equal(tensor.read(), array.asnumpy())


@pytest.mark.parametrize("version", [0, 2])
def test_cut_off_anywhere_is_refused(version, rng, written):
    given = arrays(rng)
    given["large"] = given["large"][:3, :3].copy()
    whole = params(given, version)
    for length in range(len(whole)):
        with pytest.raises(ModelError, match=r"some\.params"):
            read_params(written(whole[:length]))


def test_any_changed_byte_of_a_header_is_read_or_refused(rng, written):
    """Nothing that a file claims may bring more than a refusal."""
    whole = bytearray(params({"ab": np.float32([1, 2, 3]), "c": np.int64([[1], [2]])}))
    for place in range(len(whole)):
        for bit in (0x01, 0x10, 0x80, 0xFF):
            changed = bytearray(whole)
            changed[place] ^= bit
            try:
                for tensor in read_params(written(changed)).values():
                    tensor.read()
            except ModelError:
                pass


def list_of(*array, count=1):
    """A parameter file that holds one array as given, and room behind it."""
    return struct.pack("<QQQ", 0x112, 0, count) + b"".join(array) + bytes(80)


REFUSED = {
    "nothing": (b"", "not an MXNet parameter file"),
    "text": (b"hello, this is no parameter file", "not an MXNet parameter file"),
    "a zip": (b"PK" + bytes(60), "not an MXNet parameter file"),
    "sparse": (list_of(struct.pack("<Iii", 0xF993FAC9, 1, 1)), "array 1 of 1 is sparse.*tostype"),
    "an unknown header": (list_of(struct.pack("<I", 0xDEADBEEF)), "0xdeadbeef"),
    "a negative size": (
        list_of(struct.pack("<Iiiq", 0xF993FACA, 0, 1, -3)),
        r"shape \(-3,\)",
    ),
    "2**40 arrays": (list_of(count=2**40), "claims 1099511627776 arrays"),
    "2**80 bytes": (
        list_of(struct.pack("<Iii2q", 0xF993FAC9, 0, 2, 2**40, 2**40)),
        "cut off",
    ),
    "arrays without names": (
        params({"x": np.float32([1])})[: -8 - 8 - 1] + bytes(8),
        "1 arrays and 0 names",
    ),
    "bfloat16": (
        params({"x": np.float16([1])}, flags={"x": 12}),
        "element type 12 is not covered; cast to float32",
    ),
    "a name twice": (
        params({"arg:x": np.float32([1]), "aux:x": np.float32([2])}),
        "several arrays named x",
    ),
    "a name that is no text": (params({"x": np.float32([1])})[:-1] + b"\xff", "is not text"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_other_files_are_refused_in_words(kind, written):
    data, words = REFUSED[kind]
    with pytest.raises(ModelError, match=words):
        read_params(written(data))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ModelError, match="cannot read parameters from '.*no.params': No such file"):
        read_params(tmp_path / "no.params")
