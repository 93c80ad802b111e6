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
"""Whatever holds a model can be exported: files, symbols, blocks, modules, arrays of every kind."""

import pathlib

import mxnet as mx
import numpy as np
import pytest
from mxnet.contrib.onnx import ModelError, export_model
from mxnet.contrib.onnx.mx2onnx.export_model import convert
from mxnet.contrib.onnx.mx2onnx.sources import read_source
from mxnet.gluon import nn
from running import assert_close

SHAPE = (2, 3, 8, 8)


def symbol():
    data = mx.sym.var("data")
    net = mx.sym.Convolution(data, num_filter=4, kernel=(3, 3), name="conv")
    net = mx.sym.BatchNorm(net, fix_gamma=False, name="norm")
    net = mx.sym.FullyConnected(mx.sym.relu(net, name="relu"), num_hidden=5, name="dense")
    return mx.sym.SoftmaxOutput(net, name="softmax")


def parameters(net, rng):
    shapes, _, aux_shapes = net.infer_shape(data=SHAPE)
    arg = {
        n: mx.nd.array(rng.normal(size=s))
        for n, s in zip(net.list_arguments(), shapes)
        if n not in ("data", "softmax_label")
    }
    states = zip(net.list_auxiliary_states(), aux_shapes)
    return arg, {n: mx.nd.array(rng.uniform(0.5, 2, s)) for n, s in states}


@pytest.fixture
def net(rng):
    return (symbol(), *parameters(symbol(), rng))


@pytest.fixture
def data(rng):
    return rng.normal(size=SHAPE).astype(np.float32)


def expected(net, data):
    symbol, arg, aux = net
    arrays = {**arg, "data": mx.nd.array(data), "softmax_label": mx.nd.zeros(SHAPE[:1])}
    executor = symbol.bind(mx.cpu(), arrays, aux_states=aux)
    return [o.asnumpy() for o in executor.forward(is_train=False)]


def bound(net):
    symbol, arg, aux = net
    module = mx.mod.Module(symbol)
    module.bind([("data", SHAPE)], [("softmax_label", SHAPE[:1])], for_training=False)
    module.set_params(arg, aux)
    return module


def saved(net, folder):
    symbol, arg, aux = net
    mx.model.save_checkpoint(str(folder / "net"), 3, symbol, arg, aux)
    return folder / "net"


def renamed(net, folder):
    """The two files under names of their own."""
    prefix = saved(net, folder)
    (folder / "net-symbol.json").rename(folder / "architecture")
    (folder / "net-0003.params").rename(folder / "weights.bin")
    return prefix.parent / "architecture", prefix.parent / "weights.bin"


FORMS = {
    "a symbol and two dicts": lambda net, folder: (net[0], net[1:]),
    "a symbol and one dict": lambda net, folder: (net[0], {**net[1], **net[2]}),
    "a dict with prefixes": lambda net, folder: (
        net[0],
        {
            **{f"arg:{n}": a for n, a in net[1].items()},
            **{f"aux:{n}": a for n, a in net[2].items()},
        },
    ),
    "arrays of NumPy": lambda net, folder: (
        net[0],
        {n: a.asnumpy() for part in net[1:] for n, a in part.items()},
    ),
    "arrays of mx.np": lambda net, folder: (
        net[0],
        {n: a.as_np_ndarray() for part in net[1:] for n, a in part.items()},
    ),
    "a module": lambda net, folder: (bound(net), None),
    "files under any name": renamed,
    "files as text": lambda net, folder: tuple(map(str, renamed(net, folder))),
    "a checkpoint": lambda net, folder: (saved(net, folder), None),
    "a symbol and a file": lambda net, folder: (net[0], f"{saved(net, folder)}-0003.params"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_model(form, net, data, tmp_path, session):
    sym, params = FORMS[form](net, tmp_path)
    path = tmp_path / "out.onnx"
    export_model(sym, params, [("N", *SHAPE[1:])], onnx_file_path=path, epoch=3)
    assert_close(session(path)([data]), expected(net, data))


def test_a_module_knows_its_shapes(net):
    assert {n: k.dims for n, k in convert(bound(net)).inputs.items()} == {"data": SHAPE}


def test_a_module_with_buckets(net, data, session, tmp_path):
    symbol, arg, aux = net
    module = mx.mod.BucketingModule(lambda key: (symbol, ("data",), ("softmax_label",)), 8)
    module.bind([("data", SHAPE)], [("softmax_label", SHAPE[:1])], for_training=False)
    module.set_params(arg, aux)
    export_model(module, onnx_file_path=tmp_path / "m.onnx")
    assert_close(session(tmp_path / "m.onnx")([data]), expected(net, data))


def test_a_module_without_a_symbol_of_its_own_is_refused():
    chain = mx.mod.SequentialModule()
    for name in ("first", "second"):
        layer = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name=name)
        chain.add(mx.mod.Module(layer, label_names=None), auto_wiring=True)
    chain.bind([("data", (2, 3))], for_training=False)
    chain.init_params()
    with pytest.raises(ModelError, match="a SequentialModule has no Symbol of its own"):
        convert(chain)


def test_the_text_of_a_symbol_is_no_path():
    with pytest.raises(ModelError, match="^the model is a symbol's JSON text; give its"):
        read_source(mx.sym.relu(mx.sym.var("data")).tojson())


def test_a_module_takes_its_inputs_in_the_order_that_its_user_gave(rng):
    symbol = mx.sym.var("read_first") - mx.sym.var("read_second")
    module = mx.mod.Module(symbol, ["read_second", "read_first"], label_names=None)
    shapes = [("read_second", (2, 3)), ("read_first", (2, 3))]
    module.bind(shapes, for_training=False)
    module.init_params()
    found = convert(module, None, [("S", 3), ("F", 3)]).inputs
    assert {n: k.dims for n, k in found.items()} == {
        "read_second": ("S", 3),
        "read_first": ("F", 3),
    }
    assert list(found) == ["read_second", "read_first"]


def test_arrays_are_read_once_and_left_alone(net, monkeypatch, tmp_path):
    symbol, arg, aux = net
    arrays = {n: a.asnumpy() for part in (arg, aux) for n, a in part.items()}
    before = {n: a.copy() for n, a in arrays.items()}
    reads = []
    original = mx.nd.NDArray.asnumpy
    monkeypatch.setattr(mx.nd.NDArray, "asnumpy", lambda a: reads.append(id(a)) or original(a))
    export_model(symbol, (arg, aux), [SHAPE], onnx_file_path=tmp_path / "a.onnx")
    assert sorted(reads) == sorted(id(a) for part in (arg, aux) for a in part.values())
    export_model(symbol, arrays, [SHAPE], onnx_file_path=tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    for name, array in arrays.items():
        assert (array == before[name]).all() and array.flags.writeable


def test_other_epochs_are_pointed_to(net, tmp_path):
    prefix = saved(net, tmp_path)
    with pytest.raises(ModelError, match=r"net-0000\.params' for epoch 0; there are .*net-0003"):
        read_source(prefix)


# Gluon


class TwoWays(nn.HybridBlock):
    """Two inputs, two outputs, one of them nested, and a parameter of its own."""

    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.dense = nn.Dense(4, flatten=False)
            self.scale = self.params.get("scale", shape=(4,), init=mx.init.Constant(1.5))

    def hybrid_forward(self, F, x, y, scale):
        out = F.broadcast_mul(self.dense(x), scale)
        return out, [F.broadcast_add(out, y)]


def convolutional(prefix=None):
    net = nn.HybridSequential(prefix=prefix)
    with net.name_scope():
        net.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Activation("relu"), nn.Dense(5))
    return net


def ran(block, *arrays):
    block.initialize(mx.init.Normal(0.3))
    block(*arrays)
    return block


@pytest.mark.parametrize("hybridised", [False, True])
def test_a_block(hybridised, data, session, tmp_path):
    net = ran(convolutional(), mx.nd.array(data))
    if hybridised:
        net.hybridize()
        net(mx.nd.array(data))
    export_model(net, in_shapes=[("N", *SHAPE[1:])], onnx_file_path=tmp_path / "m.onnx")
    run = session(tmp_path / "m.onnx")
    assert run.inputs == ["data"]
    assert_close(run([data]), [net(mx.nd.array(data)).asnumpy()])


def test_the_names_are_those_of_block_export(data, tmp_path):
    net = ran(convolutional(), mx.nd.array(data))
    net.hybridize()
    net(mx.nd.array(data))
    net.export(str(tmp_path / "net"))
    ours = convert(net, in_shapes=[SHAPE])
    theirs = mx.sym.load(str(tmp_path / "net-symbol.json"))
    assert list(ours.outputs) == theirs.list_outputs()
    assert ours.graph.variables() == theirs.list_inputs()
    assert (tmp_path / "net-0000.params").exists()


def test_a_block_is_as_it_was(data):
    net = ran(convolutional(prefix=""), mx.nd.array(data))
    before = {k: v for k, v in vars(net).items() if k != "_scope"}
    first = mx.sym.relu(mx.sym.var("x")).name
    one = convert(net, in_shapes=[SHAPE])
    two = convert(net, in_shapes=[SHAPE])
    last = mx.sym.relu(mx.sym.var("x")).name
    assert {k: v for k, v in vars(net).items() if k != "_scope"} == before
    assert int(last[len("relu") :]) == int(first[len("relu") :]) + 1  # the user's numbering goes on
    assert [n.name for n in one.nodes] == [n.name for n in two.nodes]


def test_parameters_that_wait_for_shapes_get_them(data, session, tmp_path):
    net = convolutional()
    net.initialize(mx.init.Normal(0.3))
    with pytest.raises(ModelError, match="parameters wait for the shapes of the inputs"):
        convert(net)
    with pytest.raises(ModelError, match="in_shapes do not decide .*dense.*numbers"):
        convert(net, in_shapes=[("N", 3, "H", "W")])
    path = export_model(net, in_shapes=[("N", *SHAPE[1:])], onnx_file_path=tmp_path / "m.onnx")
    assert_close(session(path)([data]), [net(mx.nd.array(data)).asnumpy()])


class Pyramid(nn.HybridBlock):
    """MXNet infers nothing through its layers as long as height and width are open."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2D(4, 3, 2, 1)
        self.head = nn.Conv2D(2, 1)

    def hybrid_forward(self, F, x):
        return self.head(F.UpSampling(self.first(x), scale=2, sample_type="nearest"))


def test_parameters_wait_for_no_size_that_they_do_not_hang_on(rng, session, tmp_path):
    net = Pyramid()
    net.initialize(mx.init.Normal(0.3))
    path = export_model(net, None, [("N", 3, "H", "W")], onnx_file_path=tmp_path / "m.onnx")
    image = rng.normal(size=(2, 3, 6, 10)).astype(np.float32)
    assert_close(session(path)([image]), [net(mx.nd.array(image)).asnumpy()])


def test_several_inputs_and_nested_outputs(rng, session, tmp_path):
    x, y = (rng.normal(size=s).astype(np.float32) for s in ((3, 2, 6), (3, 2, 4)))
    net = ran(TwoWays(), mx.nd.array(x), mx.nd.array(y))
    expected = [o.asnumpy() for o in (lambda a, b: (a, *b))(*net(mx.nd.array(x), mx.nd.array(y)))]
    for shapes in ([x.shape, y.shape], {"data0": x.shape, "data1": y.shape}):
        run = session(export_model(net, in_shapes=shapes, onnx_file_path=tmp_path / "m.onnx"))
        assert run.inputs == ["data0", "data1"]
        assert_close(run([x, y]), expected)
    with pytest.raises(ModelError, match="the inputs of a block with 2 are data0, data1.*left"):
        convert(net, in_shapes={"left": x.shape, "right": y.shape})
    with pytest.raises(ModelError, match="inputs have no shape: data0, data1"):
        convert(net)


class ReadsTheLastFirst(nn.HybridBlock):
    """Of its three inputs it reads the last first, and the second never."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(7, 3)
        self.dense = nn.Dense(3)

    def hybrid_forward(self, F, ids, ignored, features):
        return self.dense(features) - self.table(ids)


def test_shapes_and_dtypes_are_in_the_order_in_which_a_block_is_called(rng, session, tmp_path):
    block = ReadsTheLastFirst()
    block.initialize()
    path = tmp_path / "m.onnx"
    types = [np.int32, np.float32, "float32"]
    export_model(block, None, [("N",), ("N", 9), ("N", 4)], types, path, input_names=["ids", "x"])
    net = session(path)
    assert net.inputs == ["ids", "x"]
    ids, x = np.array([1, 6], np.int32), rng.normal(size=(2, 4)).astype(np.float32)
    expected = block(mx.nd.array(ids, dtype=np.int32), mx.nd.zeros((2, 9)), mx.nd.array(x))
    assert_close(net([ids, x]), [expected.asnumpy()])


def test_recurrent_layers_begin_with_zeros(rng, session, tmp_path):
    x = rng.normal(size=(5, 2, 6)).astype(np.float32)
    net = ran(mx.gluon.rnn.GRU(4, input_size=6), mx.nd.array(x))
    path = export_model(net, in_shapes=[("T", "N", 6)], onnx_file_path=tmp_path / "m.onnx")
    for array in (x, x[:3, :1]):
        assert_close(session(path)([array]), [net(mx.nd.array(array)).asnumpy()])


def test_a_symbol_block(net, data, session, tmp_path):
    symbol, arg, aux = net
    block = mx.gluon.SymbolBlock(symbol, [mx.sym.var("data"), mx.sym.var("softmax_label")])
    for name, parameter in block.collect_params().items():
        parameter._load_init((arg | aux)[name], mx.cpu())
    export_model(block, in_shapes=[SHAPE], onnx_file_path=tmp_path / "m.onnx")
    assert_close(session(tmp_path / "m.onnx")([data]), expected(net, data))


def test_a_block_of_numpy_arrays(data, session, tmp_path):
    with mx.util.np_shape(True), mx.util.np_array(True):
        net = ran(convolutional(), mx.np.array(data))
        expected = net(mx.np.array(data)).asnumpy()
        path = export_model(net, in_shapes=[SHAPE], onnx_file_path=tmp_path / "m.onnx")
    assert_close(session(path)([data]), [expected])


def test_parameters_beside_a_block_win(data, session, tmp_path):
    net = ran(nn.Dense(2, use_bias=False, in_units=3, prefix="d_"), mx.nd.ones((1, 3)))
    weight = np.float32([[1, 2, 3], [4, 5, 6]])
    path = export_model(net, {"d_weight": weight}, [("N", 3)], onnx_file_path=tmp_path / "m.onnx")
    assert_close(session(path)([np.eye(3, dtype=np.float32)]), [weight.T])


def test_a_block_that_cannot_be_traced():
    class Looks(nn.HybridBlock):
        def hybrid_forward(self, F, x):
            return x.reshape((x.shape[0], -1))

    with pytest.raises(ModelError, match="Looks cannot be traced with 1 inputs .*AttributeError"):
        convert(Looks(), in_shapes=[(2, 3, 4)])


# arrays that cannot be used

ARRAYS = {
    "sparse": (lambda: mx.nd.ones((2, 3)).tostype("csr"), "sparse; give array.tostype"),
    "a list": (lambda: [1.0, 2.0], "is a list of float, float, not an array"),
    "text": (lambda: np.array(["a"]), "arrays of .* are not covered"),
    "complex": (lambda: np.zeros(2, np.complex64), "complex64"),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_that_are_refused(kind):
    make, words = ARRAYS[kind]
    with pytest.raises(ModelError, match=f"parameter 'w'.*{words}"):
        read_source(mx.sym.var("x"), {"w": make()})


def test_all_arrays_that_cannot_be_used_are_named():
    with pytest.raises(ModelError) as refusal:
        read_source(mx.sym.var("x"), {"a": 1.0, "b": mx.nd.ones((2,)), 5: mx.nd.ones((2,))})
    said = str(refusal.value)
    assert "parameter 'a' is a float" in said and "key 5, which is no name" in said


def test_a_name_in_both_dicts_is_refused():
    with pytest.raises(ModelError, match="params has several arrays named w"):
        read_source(mx.sym.var("x"), ({"w": np.zeros(1)}, {"w": np.zeros(1)}))


def test_a_path_that_is_pathlib_s(net, tmp_path):
    assert isinstance(saved(net, tmp_path), pathlib.Path)
    assert read_source(saved(net, tmp_path), epoch=3).tensors
