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
"""A network of Gluon's model zoo to ONNX and back, compared at every station.

    python example/onnx/round_trip.py
    python example/onnx/round_trip.py --model mobilenetv2_1.0 --folder /tmp/there

Builds the network with random weights and random BatchNorm statistics, so that nothing hides behind
zeros and ones; exports it; runs the file in ONNX Runtime beside MXNet; imports it again and runs
that through Module and through Gluon. The exit code is 0 if everything agrees.
"""

import argparse
import os
import pathlib
import platform
import sys
import time

os.environ.setdefault("MXNET_SUBGRAPH_VERBOSE", "0")

import mxnet as mx
import numpy as np
import onnx
import onnxruntime

BATCHES = (1, 4)
#: Largest difference allowed, as a fraction of the output's largest magnitude.
ALLOWED = 1e-4


def main():
    """Make the round trip and return the exit code."""
    options = arguments()
    folder = pathlib.Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    report = Report(f"{options.model} to ONNX and back")
    try:
        files = round_trip(options, folder, report)
    except mx.contrib.onnx.ConversionError as error:
        print(f"\n{type(error).__name__}: {error}")
        return 1
    return report.finish(files)


def round_trip(options, folder, report):
    """Build, export, compare, import, compare; return the files written."""
    size = 299 if options.model == "inceptionv3" else 224
    images = [np.random.RandomState(n).randn(n, 3, size, size).astype("float32") for n in BATCHES]

    with report.station("build") as line:
        net = random_network(options.model, size)
        count = sum(p.data().size for p in net.collect_params().values())
        line.text = f"{options.model} of Gluon's model zoo, {count / 1e6:.1f} M random parameters"
    with report.station("run") as line:
        wanted = [net(mx.nd.array(x)).asnumpy() for x in images]
        line.text = "in MXNet: what it computes is the reference"

    path = folder / f"{options.model}.onnx"
    with report.station("export") as line:
        mx.contrib.onnx.export_model(
            net,
            in_shapes=[("N", 3, size, size)],
            onnx_file_path=str(path),
            opset_version=options.opset,
        )
        nodes = len(onnx.load(str(path)).graph.node)
        line.text = f"{operators(net)} operators became {nodes} ONNX nodes, opset {options.opset}"
    with report.station("compare") as line:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        results = [session.run(None, {name: x})[0] for x in images]
        line.compared("ONNX Runtime", results, wanted)

    with report.station("import") as line:
        symbol, arg_params, aux_params = mx.contrib.onnx.import_model(str(path))
        block = mx.contrib.onnx.import_to_gluon(str(path), ctx=mx.cpu())
        line.text = (
            f"{nodes} ONNX nodes became {operators(symbol)} operators, Symbol and Gluon block"
        )
    with report.station("compare") as line:
        results = [by_module(symbol, arg_params, aux_params, name, x) for x in images]
        line.compared("Module", results, wanted)
    with report.station("compare") as line:
        block.hybridize()
        line.compared("Gluon", [block(mx.nd.array(x)).asnumpy() for x in images], wanted)

    prefix = folder / f"{options.model}-imported"
    mx.model.save_checkpoint(str(prefix), 0, symbol, arg_params, aux_params)
    return [path, *sorted(folder.glob(f"{prefix.name}-*"))]


def arguments():
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet50_v1", help="of the model zoo [%(default)s]")
    parser.add_argument("--folder", default="build/round_trip", help="for files [%(default)s]")
    parser.add_argument("--opset", type=int, default=17, help="ONNX opset [%(default)s]")
    return parser.parse_args()


def random_network(name, size):
    """The network with random numbers in every parameter, of sizes that keep the signal alive."""
    net = mx.gluon.model_zoo.vision.get_model(name)
    net.initialize(mx.init.Zero())
    net.hybridize()
    net(mx.nd.zeros((1, 3, size, size)))
    rng = np.random.RandomState(0)
    for key, parameter in net.collect_params().items():
        if key.endswith(("gamma", "running_var")):
            value = rng.uniform(0.5, 1.5, parameter.shape)
        elif key.endswith(("beta", "running_mean", "bias")):
            value = rng.normal(0, 0.2, parameter.shape)
        else:
            value = rng.normal(0, np.sqrt(2 / np.prod(parameter.shape[1:])), parameter.shape)
        parameter.set_data(mx.nd.array(value))
    return net


def by_module(symbol, arg_params, aux_params, name, x):
    """The imported network on ``x``, bound for inference by Module."""
    module = mx.mod.Module(symbol, data_names=[name], label_names=None, context=mx.cpu())
    module.bind(data_shapes=[(name, x.shape)], for_training=False)
    module.set_params(arg_params, aux_params)
    module.forward(mx.io.DataBatch([mx.nd.array(x)]), is_train=False)
    return module.get_outputs()[0].asnumpy()


def operators(network):
    """How many operators a block or symbol holds."""
    symbol = network if isinstance(network, mx.sym.Symbol) else network(mx.sym.var("data"))
    graph = symbol.get_internals()
    names = set(symbol.list_inputs())
    return sum(1 for i in range(len(graph.list_outputs())) if graph[i].name not in names)


def error(result, reference):
    """Largest difference as a fraction of the largest magnitude; infinite for another shape."""
    if result.shape != reference.shape or result.dtype != reference.dtype:
        return float("inf")
    difference = np.abs(result.astype(np.float64) - reference).max()
    return float(difference / np.abs(reference).max())


class Report:
    """Prints each station when it is over."""

    def __init__(self, title):
        versions = {
            "MXNet": mx.__version__,
            "onnx": onnx.__version__,
            "ONNX Runtime": onnxruntime.__version__,
            "NumPy": np.__version__,
            "Python": platform.python_version(),
        }
        self.good, self.start = True, time.perf_counter()
        print(f"\n{title}\n{', '.join(f'{k} {v}' for k, v in versions.items())}\n")

    def station(self, name):
        """One line of the report; the block says what stands in it."""
        return Line(self, name)

    def finish(self, files):
        """Say what was written and how it ended; return the exit code."""
        print(f"\n  Figures: largest difference / largest output; {ALLOWED:g} is allowed.\n")
        for file in files:
            print(f"  wrote {str(file):<60} {file.stat().st_size / 1e6:8.1f} MB")
        seconds = time.perf_counter() - self.start
        verdict = "Everything agrees" if self.good else "NOT everything agrees"
        print(f"\n{verdict}, after {seconds:.0f} s.")
        return 0 if self.good else 1


class Line:
    """One line of the report."""

    def __init__(self, report, name):
        self.report, self.name, self.text = report, name, ""

    def compared(self, who, results, wanted):
        """Say how far the results are from what was wanted."""
        errors = [error(result, reference) for result, reference in zip(results, wanted)]
        good = all(e <= ALLOWED for e in errors)
        self.report.good &= good
        figures = "  ".join(f"batch {n}: {e:.1e}" for n, e in zip(BATCHES, errors))
        self.text = f"{who + ' with MXNet':<25} {figures}  {'ok' if good else 'DIFFERS'}"

    def __enter__(self):
        self.start = time.perf_counter()
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            seconds = time.perf_counter() - self.start
            print(f"  {self.name:<8} {self.text:<70} {seconds:5.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
