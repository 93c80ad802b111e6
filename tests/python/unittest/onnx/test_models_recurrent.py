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
"""Recurrent cells of Gluon, of its contrib and of `mx.rnn`, unrolled and fused, become ONNX."""

import io
import zlib

import mxnet as mx
import numpy as np
import pytest
from export_cases import OPSETS
from mxnet.contrib.onnx import export_model
from mxnet.gluon import contrib, rnn
from mxnet_process import MXNetProcess
from running import Session, assert_close

MXNET = MXNetProcess(MXNET_SUBGRAPH_BACKEND="NONE")
N, T, C, H = 2, 4, 3, 5
CONV = contrib.rnn


def numbers(name, shape):
    rng = np.random.RandomState(zlib.crc32(name.encode()) % 2**32)
    positive = name.endswith("var")
    return (rng.uniform(-0.5, 0.5, shape) + positive).astype(np.float32)


def flat(values):
    return [leaf for v in values for leaf in (flat(v) if isinstance(v, (list, tuple)) else [v])]


def agree(symbol, shapes, dims, opsets=OPSETS, lengths=()):
    """Export with random parameters and named dimensions, and compare with MXNet."""
    found, _, states = symbol.infer_shape(**shapes)
    names = [*symbol.list_arguments(), *symbol.list_auxiliary_states()]
    # names of cells are numbered as they are made, and are no seed
    arrays = {
        name: numbers(f"{k}{name.rpartition('_')[2]}", shape)
        for k, (name, shape) in enumerate(zip(names, [*found, *states]))
    }
    if lengths:
        arrays["lengths"] = np.array(lengths, np.float32)
    expected = MXNET(symbol.tojson(), arrays)
    parameters = {n: a for n, a in arrays.items() if n not in shapes}
    for opset in opsets:
        file = io.BytesIO()
        export_model(symbol, parameters, dims, onnx_file_path=file, opset_version=opset)
        session = Session(file.getvalue())
        assert_close(session({n: arrays[n] for n in session.inputs}), expected)


def unrolled(cell, layout="NTC", lengths=None, size=(C,)):
    """The cell over ``T`` steps, with its last states."""
    more = {} if lengths is None else {"valid_length": mx.sym.var("lengths")}
    out, states = cell.unroll(T, mx.sym.var("data"), layout=layout, merge_outputs=True, **more)
    symbol = mx.sym.Group(flat([out, states]))
    ahead = (N, T) if layout == "NTC" else (T, N)
    dims = {"data": ("N" if layout == "NTC" else T, T if layout == "NTC" else "N", *size)}
    if lengths is not None:
        agree(symbol, {"data": (*ahead, *size), "lengths": (N,)}, {**dims, "lengths": ("N",)},
              lengths=lengths)  # fmt: skip
    else:
        agree(symbol, {"data": (*ahead, *size)}, dims)


def stacked(kind):
    cell = kind()
    cell.add(rnn.LSTMCell(H))
    cell.add(rnn.DropoutCell(0.3))
    cell.add(rnn.ResidualCell(rnn.GRUCell(H)))
    cell.add(rnn.ZoneoutCell(rnn.RNNCell(4), 0.2, 0.2))
    return cell


CELLS = {
    "RNNCell": lambda: rnn.RNNCell(H),
    "LSTMCell": lambda: rnn.LSTMCell(H),
    "GRUCell": lambda: rnn.GRUCell(H),
    "SequentialRNNCell": lambda: stacked(rnn.SequentialRNNCell),
    "HybridSequentialRNNCell": lambda: stacked(rnn.HybridSequentialRNNCell),
    "BidirectionalCell": lambda: rnn.BidirectionalCell(rnn.LSTMCell(H), rnn.GRUCell(4)),
    "LSTMPCell": lambda: CONV.LSTMPCell(H, 2),
}


@pytest.mark.parametrize("layout", ["NTC", "TNC"])
@pytest.mark.parametrize("name", CELLS)
def test_a_cell_of_gluon(name, layout):
    unrolled(CELLS[name](), layout)


def test_a_cell_that_drops_the_same_in_every_step():
    unrolled(CONV.VariationalDropoutCell(rnn.LSTMCell(H), 0.1, 0.2, 0.3))


@pytest.mark.parametrize("name", [n for n in CELLS if n != "LSTMPCell"])
def test_a_cell_of_gluon_over_sequences_of_different_lengths(name):
    unrolled(CELLS[name](), lengths=[2, 4])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_convolutional_cell(kind, rank):
    size = (2, *(6,) * rank)
    cell = getattr(CONV, f"Conv{rank}D{kind}Cell")(size, 4, 3, 3, i2h_pad=1)
    unrolled(cell, size=size)


LAYERS = {
    f"{kind}-{layout}-{ways}": (kind, layout, ways)
    for kind in ("LSTM", "GRU", "RNN")
    for layout in ("TNC", "NTC")
    for ways in (1, 2)
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_of_gluon(name):
    kind, layout, ways = LAYERS[name]
    net = getattr(rnn, kind)(H, 2, layout=layout, bidirectional=ways == 2)
    net.initialize(mx.init.Uniform(0.5))
    x = numbers(name, (T, N, C))
    expected = net(mx.nd.array(x)).asnumpy()
    for opset in OPSETS:
        file = io.BytesIO()
        export_model(net, None, [("A", "B", C)], onnx_file_path=file, opset_version=opset)
        assert_close(Session(file.getvalue())({"data": x}), [expected])


# the older front end


def legacy_stack():
    cell = mx.rnn.SequentialRNNCell()
    cell.add(mx.rnn.LSTMCell(H, prefix="one_"))
    cell.add(mx.rnn.DropoutCell(0.3))
    cell.add(mx.rnn.GRUCell(4, prefix="two_"))
    return cell


LEGACY = {
    "RNNCell": lambda: mx.rnn.RNNCell(H),
    "LSTMCell": lambda: mx.rnn.LSTMCell(H),
    "GRUCell": lambda: mx.rnn.GRUCell(H),
    "SequentialRNNCell": legacy_stack,
    "BidirectionalCell": lambda: mx.rnn.BidirectionalCell(
        mx.rnn.LSTMCell(H, prefix="l_"), mx.rnn.GRUCell(H, prefix="r_")
    ),
    "ZoneoutCell": lambda: mx.rnn.ZoneoutCell(mx.rnn.LSTMCell(H), 0.2, 0.3),
    "ResidualCell": lambda: mx.rnn.ResidualCell(mx.rnn.GRUCell(C)),
    **{
        f"FusedRNNCell-{mode}": lambda mode=mode: mx.rnn.FusedRNNCell(
            H, 2, mode, bidirectional=True, get_next_state=True
        )
        for mode in ("lstm", "gru", "rnn_tanh", "rnn_relu")
    },
    "unfused": lambda: mx.rnn.FusedRNNCell(H, 2, "lstm", bidirectional=True).unfuse(),
}


@pytest.mark.parametrize("name", LEGACY)
def test_a_cell_of_the_older_front_end(name):
    unrolled(LEGACY[name]())


@pytest.mark.parametrize("kind", ["ConvRNNCell", "ConvLSTMCell", "ConvGRUCell"])
def test_a_convolutional_cell_of_the_older_front_end(kind):
    unrolled(getattr(mx.rnn, kind)((N, 2, 6, 6), 4), size=(2, 6, 6))
