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
"""What is measured, each in a process of its own.

``python measures.py NAME JSON`` calls a function of this file and prints its result as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import pathlib
import platform
import shutil
import statistics
import sys
import time
from typing import Any, Callable, Dict, List

import numpy as np


def package() -> Any:
    """The converter, under the name that needs no MXNet where there is one."""
    try:
        return importlib.import_module("mxnet_onnx")
    except ImportError:
        return importlib.import_module("mxnet.contrib.onnx")


def memory(field: str) -> int:
    """``VmRSS`` (now) or ``VmHWM`` (at most so far) of this process, in bytes. Linux only."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {field}")


def measured(work: Callable[[], object]) -> Dict[str, float]:
    """Wall and CPU seconds of ``work()``, and bytes of memory by which the process grew at most."""
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew here
    before, wall, cpu = memory("VmRSS"), time.perf_counter(), time.process_time()
    work()
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peak": max(0, memory("VmHWM") - before),
    }


def versions() -> Dict[str, str]:
    """Of Python and of everything that takes part."""
    names = ("mxnet", "numpy", "onnx", "onnxruntime")
    found = {name: importlib.import_module(name).__version__ for name in names}
    return {"python": platform.python_version(), **found}


# -- files to work on ------------------------------------------------------------------------


def network(name: str, prefix: str, size: int) -> Dict[str, Any]:
    """Write model-zoo network ``name`` with random weights as MXNet's files and as ONNX."""
    import mxnet as mx

    mx.random.seed(0)
    net = mx.gluon.model_zoo.vision.get_model(name)
    net.initialize(mx.init.Xavier())
    net.hybridize()
    net(mx.nd.zeros((1, 3, size, size)))
    symbol, parameters = f"{prefix}-symbol.json", f"{prefix}-0000.params"
    net.export(prefix)
    package().export_model(
        symbol, parameters, [("N", 3, size, size)], onnx_file_path=f"{prefix}.onnx"
    )
    net.save_parameters(f"{prefix}.gluon")
    return {
        "symbol": symbol,
        "parameters": parameters,
        "gluon": f"{prefix}.gluon",
        "onnx": f"{prefix}.onnx",
    }


def encoder(path: str, layers: int) -> Dict[str, Any]:
    """Write a transformer encoder with tiny weights that computes its shapes as torch.onnx does."""
    import onnx

    width, heads = 16, 4
    weights = {f"{m}{k}": np.eye(width, dtype=np.float32) for k in range(layers) for m in "qkvo"}
    lines = []
    for k in range(layers):
        source = f"x{k}"
        lines += [
            f"shape{k} = Shape ({source})",
            f"batch{k} = Gather <axis=0> (shape{k}, zero)",
            f"length{k} = Gather <axis=0> (shape{k}, one)",
            f"batches{k} = Unsqueeze (batch{k}, axis)",
            f"lengths{k} = Unsqueeze (length{k}, axis)",
            f"split{k} = Concat <axis=0> (batches{k}, lengths{k}, heads, depth)",
            f"joined{k} = Concat <axis=0> (batches{k}, lengths{k}, width)",
        ]
        for m in "qkv":
            perm = "[0,2,3,1]" if m == "k" else "[0,2,1,3]"
            lines += [
                f"{m}p{k} = MatMul ({source}, {m}{k})",
                f"{m}r{k} = Reshape ({m}p{k}, split{k})",
                f"{m}t{k} = Transpose <perm={perm}> ({m}r{k})",
            ]
        lines += [
            f"score{k} = MatMul (qt{k}, kt{k})",
            f"scaled{k} = Div (score{k}, scale)",
            f"weight{k} = Softmax <axis=-1> (scaled{k})",
            f"mixed{k} = MatMul (weight{k}, vt{k})",
            f"back{k} = Transpose <perm=[0,2,1,3]> (mixed{k})",
            f"flat{k} = Reshape (back{k}, joined{k})",
            f"out{k} = MatMul (flat{k}, o{k})",
            f"x{k + 1} = Add (out{k}, {source})",
        ]
    model = onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : 17]>\n'
        f"encoder (float[N,S,{width}] x0) => (float[N,S,{width}] x{layers})\n"
        "<int64 zero = {0}, int64 one = {1}, int64[1] axis = {0}, float scale = {2.0},\n"
        f" int64[1] heads = {{{heads}}}, int64[1] depth = {{{width // heads}}},\n"
        f" int64[1] width = {{{width}}}>\n"
        "{\n" + "\n".join(lines) + "\n}"
    )
    for name, array in weights.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return {"onnx": path, "nodes": len(model.graph.node)}


# -- conversion ------------------------------------------------------------------------------


def copy_file(source: str, target: str) -> Dict[str, float]:
    """Copying the weights safely to disk: the least that a conversion could take."""

    def work() -> None:
        with open(source, "rb") as read, open(target, "wb") as write:
            shutil.copyfileobj(read, write, 1 << 20)
            write.flush()
            os.fsync(write.fileno())

    return measured(work)


def export(symbol: str, parameters: str, target: str, size: int) -> Dict[str, Any]:
    """One ``export_model`` from files to a file."""
    import onnx

    export_model = package().export_model
    shapes = [("N", 3, size, size)]
    result = measured(lambda: export_model(symbol, parameters, shapes, onnx_file_path=target))
    return {**result, "nodes": len(onnx.load(target, load_external_data=False).graph.node)}


def import_(onnx: str, shapes: Dict[str, List[Any]]) -> Dict[str, float]:
    """One ``import_model`` from a file; ``shapes`` as its ``input_shapes``."""
    import mxnet as mx

    import_model = mx.contrib.onnx.import_model
    mx.nd.zeros((1,)).wait_to_read()  # the engine's threads are no cost of importing

    def work() -> None:
        import_model(onnx, input_shapes={n: tuple(s) for n, s in shapes.items()} or None)
        mx.nd.waitall()

    return measured(work)


# -- latency ---------------------------------------------------------------------------------


def latency(network: str, files: Dict[str, str], rounds: int, size: int) -> Dict[str, Any]:
    """Milliseconds that a batch of one takes MXNet's own network, the imported one, ONNX Runtime.

    Runners take turns, so that what else the machine does meets all of them; medians are returned.
    """
    import mxnet as mx

    image = np.random.default_rng(0).standard_normal((1, 3, size, size)).astype(np.float32)
    data = mx.nd.array(image)
    prefix = files["symbol"][: -len("-symbol.json")]
    runners = {
        "ONNX Runtime": onnxruntime_runner(files["onnx"], image),
        "Module, own": module_runner(*mx.model.load_checkpoint(prefix, 0), data),
        "Module, imported": module_runner(*mx.contrib.onnx.import_model(files["onnx"]), data),
    }
    for kind, static in (("plain", False), ("hybridised static", True)):
        own = mx.gluon.model_zoo.vision.get_model(network)
        own.load_parameters(files["gluon"])
        imported = mx.contrib.onnx.import_to_gluon(files["onnx"])
        special = mx.contrib.onnx.OnnxBlock(files["onnx"])
        for name, block in (("own", own), ("imported", imported), ("imported, OnnxBlock", special)):
            if static:
                block.hybridize(static_alloc=True, static_shape=True)
            runners[f"Gluon {kind}, {name}"] = gluon_runner(block, data)
    reference = runners["Module, own"]()
    differences = {n: float(np.abs(run() - reference).max()) for n, run in runners.items()}
    times: Dict[str, List[float]] = {name: [] for name in runners}
    for _ in range(rounds):
        for name, run in runners.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {
        "milliseconds": {n: 1000 * statistics.median(t) for n, t in times.items()},
        "differences": differences,
        "largest": float(np.abs(reference).max()),
    }


def against_torch(folder: str, rounds: int) -> Dict[str, Any]:
    """Milliseconds in ONNX Runtime of our file and of torch.onnx's, which take turns; and nodes.

    ``folder`` has what torch_models.py wrote; weights are random in both, and layouts the same.
    """
    import mxnet as mx
    import onnx
    from mxnet_models import bert

    net = mx.gluon.model_zoo.vision.get_model("resnet50_v1")
    net.initialize(mx.init.Xavier())
    blocks = {
        "resnet50_v1": (net, [(1, 3, 224, 224)]),
        "bert": (bert(), [(1, 128), (1, 128), (1,)]),
    }
    result: Dict[str, Any] = {}
    for name, (block, shapes) in blocks.items():
        ours, theirs = (
            str(pathlib.Path(folder) / f"{name}{end}") for end in ("-ours.onnx", ".onnx")
        )
        package().export_model(block, None, shapes, onnx_file_path=ours)
        runs = [filled_runner(path) for path in (ours, theirs)]
        times: List[List[float]] = [[], []]
        for turn in range(rounds + 2):
            for run, taken in zip(runs, times):
                start = time.perf_counter()
                run()
                if turn >= 2:  # the first runs set up
                    taken.append(time.perf_counter() - start)
        nodes = [len(onnx.load(p, load_external_data=False).graph.node) for p in (ours, theirs)]
        result[name] = {
            "milliseconds": [1000 * statistics.median(t) for t in times],
            "fastest": [1000 * min(t) for t in times],
            "nodes": nodes,
        }
    return result


def filled_runner(path: str) -> Callable[[], Any]:
    """A session on one thread, with ones for all inputs; vectors are lengths."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {
        i.name: np.full(i.shape, 100 if len(i.shape) == 1 else 1, np.float32)
        if i.type == "tensor(float)"
        else np.full(i.shape, 100 if len(i.shape) == 1 else 1, np.int64)
        for i in session.get_inputs()
    }
    return lambda: session.run(None, feed)


def onnxruntime_runner(onnx: str, image: np.ndarray) -> Callable[[], np.ndarray]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: image}
    return lambda: session.run(None, feed)[0]


def module_runner(
    sym: Any, arg_params: Any, aux_params: Any, data: Any
) -> Callable[[], np.ndarray]:
    import mxnet as mx

    module = mx.mod.Module(sym, data_names=["data"], label_names=None, context=mx.cpu())
    module.bind(for_training=False, data_shapes=[("data", data.shape)])
    module.set_params(arg_params, aux_params)
    batch = mx.io.DataBatch([data])

    def run() -> np.ndarray:
        module.forward(batch, is_train=False)
        return module.get_outputs()[0].asnumpy()

    return run


def gluon_runner(block: Any, data: Any) -> Callable[[], np.ndarray]:
    return lambda: block(data).asnumpy()


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
