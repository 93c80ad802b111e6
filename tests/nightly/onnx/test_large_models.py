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
"""A model above the 2 GiB of a protobuf message: out to external data, and back in."""

import resource
import struct

import mxnet as mx
import numpy as np
import onnx
import pytest
from child import in_child
from mxnet.contrib.onnx import export_model, import_model, import_to_gluon
from running import assert_close, run_gluon, run_module

#: Two layers of this width are 2.3 GB of weights, nearly all of them zero.
WIDTH = 17000


@pytest.fixture
def checkpoint(tmp_path):
    """Written by hand, so that the zeros are holes in the file and cost no disk."""
    net = mx.sym.var("data")
    for name in ("a", "b"):
        net = mx.sym.FullyConnected(net, num_hidden=WIDTH, no_bias=True, name=name)
    symbol, params = tmp_path / "net-symbol.json", tmp_path / "net-0000.params"
    net.save(str(symbol))
    with open(params, "wb") as file:
        file.write(struct.pack("<QQQ", 0x112, 0, 2))
        for _ in range(2):
            file.write(struct.pack("<Iii2qiii", 0xF993FAC9, 0, 2, WIDTH, WIDTH, 1, 0, 0))
            start = file.tell()
            for row in range(0, WIDTH, 100):  # a diagonal of every hundredth
                file.seek(start + 4 * (row * WIDTH + row))
                file.write(struct.pack("<f", 1 + row / WIDTH))
            file.seek(start + 4 * WIDTH * WIDTH)
        names = [f"arg:{n}_weight".encode() for n in "ab"]
        file.write(struct.pack("<Q", 2) + b"".join(struct.pack("<Q", len(n)) + n for n in names))
    yield symbol, params
    for path in tmp_path.iterdir():
        path.unlink()


def test_two_gigabytes(checkpoint, tmp_path, session, rng):
    path = tmp_path / "net.onnx"

    def export():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        export_model(*checkpoint, [("N", WIDTH)], onnx_file_path=path)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    assert in_child(export, seconds=600) < 200 * 1024, "KiB of memory, the weights are 2.3 million"
    assert path.stat().st_size < 10_000
    onnx.checker.check_model(str(path))
    data = rng.normal(size=(2, WIDTH)).astype(np.float32)
    factor = np.zeros(WIDTH, np.float32)
    factor[::100] = (1 + np.arange(0, WIDTH, 100) / WIDTH) ** 2
    expected = [data * factor]
    assert_close(session(path)([data]), expected)
    assert_close(run_module(*import_model(path), {"data": data}), expected)

    before = own_memory()
    block = import_to_gluon(path, copy=False)
    assert own_memory() - before < 200 * 1024, "KiB; the weights stay in the file"
    assert_close(run_gluon(block, [data]), expected)


def own_memory():
    """KiB of memory of this process that is no file's."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))
