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
"""Write the small checkpoints of this folder, with inputs and the outputs that MXNet computes.

    python tests/python/unittest/onnx/data/generate.py [FOLDER]     (needs MXNet)

They stand for what users hold: a convolutional network of Gluon, a Symbol of the first releases in
its own file formats, a recurrent network, a float16 one, loops and branches. Weights and BatchNorm
statistics are random.
"""

import json
import os
import pathlib
import struct
import sys

import numpy as np

BATCHES = (2, 3)
os.environ["MXNET_SUBGRAPH_BACKEND"] = "NONE"  # what the symbols say, node by node


def random_parameters(block, rng):
    """Give every parameter of a Gluon block a value that cannot be left out unnoticed."""
    import mxnet as mx

    for name, parameter in block.collect_params().items():
        low, high = (0.5, 1.5) if name.endswith(("gamma", "running_var")) else (-0.4, 0.4)
        value = rng.uniform(low, high, parameter.shape).astype(parameter.dtype)
        parameter.set_data(mx.nd.array(value, dtype=parameter.dtype))


def save(folder, name, inputs, outputs):
    """One ``.npz``: ``in<run>:<name>`` and ``out<run>:<index>``."""
    arrays = {}
    for run, (given, computed) in enumerate(zip(inputs, outputs)):
        arrays.update({f"in{run}:{n}": a for n, a in given.items()})
        arrays.update({f"out{run}:{k}": a for k, a in enumerate(computed)})
    np.savez_compressed(folder / f"{name}.npz", **arrays)


def export_block(folder, name, block, inputs):
    """Export a Gluon block as a checkpoint, and save what it computes for each of ``inputs``."""
    import mxnet as mx

    block.hybridize()
    outputs = []
    for given in inputs:
        result = block(*[mx.nd.array(a, dtype=a.dtype) for a in given.values()])
        outputs.append([o.asnumpy() for o in (result if isinstance(result, list) else [result])])
    block.export(str(folder / name))
    save(folder, name, inputs, outputs)


def residual(folder, rng):
    """Convolution, BatchNorm, two residual blocks of which one projects, pooling, Dense."""
    from mxnet.gluon import nn

    class Block(nn.HybridBlock):
        def __init__(self, channels, project):
            super().__init__()
            self.body = nn.HybridSequential()
            for k in range(2):
                stride = 2 if project and k == 0 else 1
                self.body.add(nn.Conv2D(channels, 3, stride, 1, use_bias=False), nn.BatchNorm())
                if k == 0:
                    self.body.add(nn.Activation("relu"))
            self.shortcut = nn.Conv2D(channels, 1, 2) if project else None

        def hybrid_forward(self, F, x):
            around = self.shortcut(x) if self.shortcut else x
            return F.Activation(self.body(x) + around, act_type="relu")

    net = nn.HybridSequential(prefix="residual_")
    with net.name_scope():
        net.add(nn.Conv2D(8, 3, padding=1), nn.BatchNorm(), nn.Activation("relu"), nn.MaxPool2D())
        net.add(Block(8, False), Block(16, True), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Dense(10))
    data = [{"data": rng.standard_normal((n, 3, 16, 16)).astype(np.float32)} for n in BATCHES]
    prepare(net, data[0], rng)
    export_block(folder, "residual", net, data)


def lstm(folder, rng):
    """Two layers of bidirectional LSTM over (time, batch, features), and a Dense each step."""
    from mxnet import gluon

    net = gluon.nn.HybridSequential(prefix="tagger_")
    with net.name_scope():
        net.add(gluon.rnn.LSTM(12, num_layers=2, bidirectional=True, input_size=8))
        net.add(gluon.nn.Dense(5, flatten=False))
    data = [{"data": rng.standard_normal((7, n, 8)).astype(np.float32)} for n in BATCHES]
    prepare(net, data[0], rng)
    export_block(folder, "lstm", net, data)


def half(folder, rng):
    """Operators that MXNet computes in float16 on a CPU: BatchNorm, pooling, scalars, softmax."""
    from mxnet.gluon import nn

    class Half(nn.HybridBlock):
        def __init__(self):
            super().__init__(prefix="half_")
            with self.name_scope():
                self.norm = nn.BatchNorm(in_channels=4)
                self.pool = nn.AvgPool2D(2)

        def hybrid_forward(self, F, x):
            x = F.Activation(self.norm(x) * 1.5 + 0.25, act_type="sigmoid")
            return F.softmax(F.flatten(self.pool(x)) * 4)

    net = Half()
    data = [{"data": rng.standard_normal((n, 4, 6, 6)).astype(np.float16)} for n in BATCHES]
    net.cast("float16")
    prepare(net, data[0], rng)
    export_block(folder, "half", net, data)


def loops(folder, rng):
    """A recurrent step in a loop, a loop that stops by itself, a branch; weights are captured."""
    import mxnet as mx

    F, data, weight, k = mx.sym, mx.sym.var("data"), mx.sym.var("weight"), mx.sym.var("k")

    def row(x, states):
        h = F.FullyConnected(x, weight, no_bias=True, num_hidden=6, name="fc")
        h = F.tanh(h + F.broadcast_mul(states[0], k), name="h")
        return h, [h]

    def step(i, a):
        return [], [i + 1, F.broadcast_add(a * 0.5, k)]

    out, (last,) = F.contrib.foreach(row, data, [F.var("state")], name="rows")
    start = F.slice_axis(F.var("state"), axis=0, begin=0, end=1).sum() * 0
    _, (_, last) = F.contrib.while_loop(lambda i, a: i < 3, step, [start, last], max_iterations=5)
    total = F.sum(out, axis=0)
    branch = F.contrib.cond(F.sum(data) > 0, lambda: last * 2 + total, lambda: last - total)
    arrays = {"weight": rng.uniform(-0.5, 0.5, (6, 8)), "k": rng.uniform(-0.5, 0.5, (1, 6))}
    arguments = {n: mx.nd.array(a) for n, a in arrays.items()}
    mx.model.save_checkpoint(str(folder / "loops"), 0, branch, arguments, {})
    inputs, outputs = [], []
    for shift, n in zip((-0.5, 0.5), BATCHES):
        given = {"data": rng.standard_normal((7, n, 8)) + shift, "state": rng.uniform(size=(n, 6))}
        inputs.append({name: a.astype(np.float32) for name, a in given.items()})
        feed = {**arguments, **{name: mx.nd.array(a) for name, a in inputs[-1].items()}}
        outputs.append([o.asnumpy() for o in branch.bind(mx.cpu(), feed).forward()])
    save(folder, "loops", inputs, outputs)


def prepare(net, given, rng):
    """Initialise ``net``, let it see its shapes, and fill its parameters."""
    import mxnet as mx

    net.initialize(mx.init.Zero())
    net(*[mx.nd.array(a, dtype=a.dtype) for a in given.values()])
    random_parameters(net, rng)


def legacy(folder, rng):
    """A Symbol with BatchNorm, PReLU and a SoftmaxOutput, as MXNet 0.8 would have saved it."""
    import mxnet as mx

    x = mx.sym.var("data")
    x = mx.sym.Convolution(x, num_filter=6, kernel=(3, 3), name="conv1")
    x = mx.sym.BatchNorm(x, fix_gamma=False, eps=2e-3, name="bn1")
    x = mx.sym.LeakyReLU(x, act_type="prelu", name="prelu1")
    x = mx.sym.Pooling(
        x, kernel=(3, 3), stride=(2, 2), pool_type="max", pooling_convention="full", name="pool1"
    )
    x = mx.sym.FullyConnected(mx.sym.Flatten(x, name="flatten1"), num_hidden=4, name="fc1")
    symbol = mx.sym.SoftmaxOutput(x, name="prob")
    shapes, _, states = symbol.infer_shape(data=(1, 3, 12, 12))
    given = dict(zip(symbol.list_arguments(), shapes))
    arrays = {f"arg:{n}": s for n, s in given.items() if n not in ("data", "prob_label")}
    arrays.update({f"aux:{n}": s for n, s in zip(symbol.list_auxiliary_states(), states)})
    for name, shape in arrays.items():
        low, high = (0.5, 1.5) if name.endswith(("gamma", "var")) else (-0.4, 0.4)
        arrays[name] = rng.uniform(low, high, shape).astype(np.float32)
    (folder / "legacy-symbol.json").write_text(old_json(symbol.tojson()))
    (folder / "legacy-0001.params").write_bytes(old_parameters(arrays))

    # what MXNet itself makes of these very files is the reference
    symbol, arguments, states = mx.model.load_checkpoint(str(folder / "legacy"), 1)
    inputs, outputs = [], []
    for n in BATCHES:
        data = rng.standard_normal((n, 3, 12, 12)).astype(np.float32)
        feed = {**arguments, "data": mx.nd.array(data), "prob_label": mx.nd.zeros(n)}
        executor = symbol.bind(mx.cpu(), feed, aux_states=states, grad_req="null")
        inputs.append({"data": data})
        outputs.append([o.asnumpy() for o in executor.forward(is_train=False)])
    save(folder, "legacy", inputs, outputs)


def old_json(text):
    """A symbol file as MXNet 0.8 wrote it: ``param``, no version, auxiliary states are no nodes."""
    graph = json.loads(text)
    hidden = {
        i[0] for n in graph["nodes"] if n["op"] == "BatchNorm" for i in n["inputs"][3:]
    }  # moving mean and variance
    kept = [i for i in range(len(graph["nodes"])) if i not in hidden]
    place = {old: new for new, old in enumerate(kept)}
    nodes = [
        {
            "op": node["op"],
            "param": node.get("attrs", {}) if node["op"] != "null" else {},
            "name": node["name"],
            "inputs": [[place[i[0]], i[1]] for i in node["inputs"] if i[0] in place],
            "backward_source_id": -1,
        }
        for node in (graph["nodes"][i] for i in kept)
    ]
    variables = [i for i, node in enumerate(nodes) if node["op"] == "null"]
    heads = [[place[h[0]], h[1]] for h in graph["heads"]]
    return json.dumps({"nodes": nodes, "arg_nodes": variables, "heads": heads}, indent=2)


def old_parameters(arrays):
    """A parameter file as before MXNet 0.12: each array starts with its rank, in 32 bits."""
    parts = [struct.pack("<QQQ", 0x112, 0, len(arrays))]
    for array in arrays.values():
        parts.append(struct.pack(f"<I{array.ndim}I", array.ndim, *array.shape))
        parts.append(struct.pack("<iii", 1, 0, 0))  # cpu, number 0, float32
        parts.append(array.tobytes())
    parts.append(struct.pack("<Q", len(arrays)))
    for name in arrays:
        parts.append(struct.pack("<Q", len(name)) + name.encode())
    return b"".join(parts)


def main(folder):
    """Write everything into ``folder``."""
    for number, network in enumerate((residual, lstm, half, legacy, loops)):
        network(pathlib.Path(folder), np.random.RandomState(number))


if __name__ == "__main__":
    main(*(sys.argv[1:] or [pathlib.Path(__file__).parent]))
