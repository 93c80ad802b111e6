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
"""Sources that ``export_model`` must refuse, as data, and what it says of them."""

import dataclasses
import json
import pathlib
from typing import Any, Callable, Dict, Tuple, Union

import mxnet as mx
import numpy as np
import onnx

HUGE = 2**40


def network():
    """A small convolutional network with every kind of parameter."""
    data = mx.sym.var("data")
    net = mx.sym.Convolution(data, num_filter=4, kernel=(3, 3), pad=(1, 1), name="conv")
    net = mx.sym.BatchNorm(net, fix_gamma=False, name="norm")
    net = mx.sym.Activation(net, act_type="relu", name="relu")
    net = mx.sym.FullyConnected(net, num_hidden=5, name="dense")
    return mx.sym.SoftmaxOutput(net, name="softmax")


SHAPE = (2, 3, 8, 8)


@dataclasses.dataclass(frozen=True)
class Net:
    """The network in all its forms; each case changes what it likes, the forms are its own."""

    folder: pathlib.Path
    symbol: Any
    arg: Dict[str, Any]
    aux: Dict[str, Any]

    @property
    def params(self):
        return {**self.arg, **self.aux}

    @property
    def files(self):
        return self.folder / "net-symbol.json", self.folder / "net-0000.params"

    @property
    def target(self):
        return self.folder / "net.onnx"


def net_in(folder):
    """The network with random parameters, saved into ``folder``."""
    symbol = network()
    arg_shapes, _, aux_shapes = symbol.infer_shape(data=SHAPE)
    shapes = dict(zip(symbol.list_arguments(), arg_shapes))
    arg = {
        n: mx.nd.random.uniform(shape=s)
        for n, s in shapes.items()
        if n not in ("data", "softmax_label")
    }
    aux = {n: mx.nd.ones(s) for n, s in zip(symbol.list_auxiliary_states(), aux_shapes)}
    mx.model.save_checkpoint(str(folder / "net"), 0, symbol, arg, aux)
    return Net(folder, symbol, arg, aux)


@dataclasses.dataclass(frozen=True)
class Refused:
    """One case: ``given(net)`` changes arguments of a good export, ``words`` are what is said."""

    given: Callable[[Net], Dict[str, Any]]
    words: Tuple[str, ...]
    error: Union[str, Tuple[str, ...]] = "ModelError"


def refused(given, *words, error="ModelError"):
    return Refused(given if callable(given) else lambda net: given, words, error)


def good_arguments(net):
    symbol, params = net.files
    return {
        "sym": symbol,
        "params": params,
        "in_shapes": [SHAPE],
        "onnx_file_path": net.target,
    }


def written(net, name, content):
    path = net.folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# -- sources --------------------------------------------------------------------------------------


def symbol_text(text):
    """The symbol file holds ``text``."""
    return lambda net: {"sym": written(net, "bad-symbol.json", text)}


def symbol_json(change):
    """The symbol file after ``change(its JSON)``."""

    def given(net):
        graph = json.loads(net.symbol.tojson())
        change(graph)
        return {"sym": written(net, "bad-symbol.json", json.dumps(graph))}

    return given


def _node(graph, name):
    return next(n for n in graph["nodes"] if n["name"] == name)


def _unknown_operators(graph):
    _node(graph, "conv")["op"] = "Konvolution"
    _node(graph, "relu")["op"] = "Aktivation"
    _node(graph, "dense")["op"] = "Aktivation"


def _cycle(graph):
    names = [n["name"] for n in graph["nodes"]]
    _node(graph, "relu")["inputs"] = [[names.index("dense"), 0, 0]]


def _input(node, index, output=0):
    def change(graph):
        _node(graph, node)["inputs"][0] = [index, output, 0]

    return change


def _attribute(node, **attrs):
    def change(graph):
        _node(graph, node)["attrs"].update(attrs)

    return change


def _drop(node, key):
    def change(graph):
        del _node(graph, node)[key]

    return change


def _rename(node, name):
    def change(graph):
        _node(graph, node)["name"] = name

    return change


def _uninitialised(net):
    block = mx.gluon.nn.Dense(3)
    return {"sym": block, "params": None, "in_shapes": [(2, 4)]}


def _plain_block(net):
    class Plain(mx.gluon.Block):
        def forward(self, x):
            return x

    return {"sym": Plain(), "params": None}


def _unbound(net):
    return {"sym": mx.mod.Module(net.symbol), "params": None}


def onnx_file(net):
    graph = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) { y = Relu(x) }'
    )
    return written(net, "model.onnx", graph.SerializeToString())


SOURCES = {
    "None": refused({"sym": None}, "sym", "NoneType"),
    "a number": refused({"sym": 42}, "sym", "int"),
    "an array": refused({"sym": np.zeros(3)}, "sym", "ndarray"),
    "missing": refused(
        lambda net: {"sym": net.folder / "no-symbol.json"},
        "no-symbol.json",
        error=("ModelError", "FileNotFoundError"),
    ),
    "a checkpoint of another epoch": refused(
        lambda net: {"sym": net.folder / "net", "params": None, "epoch": 7},
        "net-0007.params",
        error=("ModelError", "FileNotFoundError"),
    ),
    "a checkpoint that is not there": refused(
        lambda net: {"sym": net.folder / "no", "params": None},
        "no-symbol.json",
        error=("ModelError", "FileNotFoundError"),
    ),
    "empty": refused(symbol_text(""), "bad-symbol.json", "symbol"),
    "text": refused(symbol_text("import mxnet"), "bad-symbol.json", "symbol"),
    "bytes": refused(symbol_text(bytes(range(256))), "bad-symbol.json", "symbol"),
    "an empty object": refused(symbol_text("{}"), "bad-symbol.json", "symbol"),
    "a list": refused(symbol_text("[1, 2]"), "bad-symbol.json", "symbol"),
    "a number in JSON": refused(symbol_text("5"), "bad-symbol.json", "symbol"),
    "too deep": refused(symbol_text("[" * 100000), "bad-symbol.json", "symbol"),
    "an ONNX file": refused(lambda net: {"sym": onnx_file(net)}, "model.onnx", "symbol"),
    "the two files swapped": refused(
        lambda net: dict(zip(("params", "sym"), net.files)), "net-0000.params", "symbol"
    ),
    "an uninitialised block": refused(_uninitialised, "initialize"),
    "a block that is no HybridBlock": refused(_plain_block, "HybridBlock"),
    "an unbound Module": refused(_unbound, "Module", "bind"),
}

GRAPHS = {
    "several unknown operators": refused(
        symbol_json(_unknown_operators),
        "Konvolution",
        "Aktivation",
        "'conv'",
        "2 nodes",
        error="UnsupportedOperatorError",
    ),
    "a cycle": refused(symbol_json(_cycle), "'relu'"),
    "an input that is not there": refused(symbol_json(_input("relu", 999)), "'relu'"),
    "a negative input": refused(symbol_json(_input("relu", -1)), "'relu'"),
    "an input in words": refused(symbol_json(_input("relu", "conv")), "'relu'"),
    "an output that is not there": refused(
        symbol_json(_input("relu", 3, 9)), "'relu'", error="ConversionError"
    ),
    "no heads": refused(symbol_json(lambda g: g.update(heads=[])), "output"),
    "a head that is not there": refused(
        symbol_json(lambda g: g.update(heads=[[999, 0, 0]])), "999"
    ),
    "nodes that are a number": refused(symbol_json(lambda g: g.update(nodes=5)), "symbol"),
    "a node that is a number": refused(symbol_json(lambda g: g["nodes"].insert(0, 5)), "symbol"),
    "a node without inputs": refused(symbol_json(_drop("relu", "inputs")), "input"),
    "a node without an operator": refused(symbol_json(_drop("relu", "op")), "symbol", "op"),
    "a node without a name": refused(symbol_json(_drop("relu", "name")), "symbol"),
    "a name that is a number": refused(symbol_json(_rename("relu", 5)), "symbol"),
    "two variables of one name": refused(
        symbol_json(_rename("dense_weight", "conv_weight")),
        "conv_weight",
        error="ConversionError",
    ),
    "an attribute that the operator lacks": refused(
        symbol_json(_attribute("conv", colour="red")),
        "'conv'",
        "colour",
        error="ConversionError",
    ),
    "an attribute that cannot be read": refused(
        symbol_json(_attribute("conv", kernel="(3, three)")),
        "'conv'",
        "kernel",
        error="ConversionError",
    ),
    "an attribute outside its choices": refused(
        symbol_json(_attribute("relu", act_type="relu7")),
        "'relu'",
        "relu7",
        error="ConversionError",
    ),
    "a required attribute left out": refused(
        symbol_json(lambda g: _node(g, "conv")["attrs"].pop("kernel")),
        "'conv'",
        "kernel",
        error="ConversionError",
    ),
    "filters that contradict the weight": refused(
        symbol_json(_attribute("conv", num_filter="7")), "'conv'", error="ConversionError"
    ),
    "a kernel that contradicts the weight": refused(
        symbol_json(_attribute("conv", kernel="(5, 5)")), "'conv'", error="ConversionError"
    ),
    "0 groups": refused(
        symbol_json(_attribute("conv", num_group="0")), "'conv'", error="ConversionError"
    ),
    "strides of 0": refused(
        symbol_json(_attribute("conv", stride="(0, 0)")), "'conv'", error="ConversionError"
    ),
}

TABLES = {"source": SOURCES, "graph": GRAPHS}
