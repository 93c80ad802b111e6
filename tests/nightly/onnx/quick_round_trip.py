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
"""What :mod:`test_installation` runs in each environment; needs the distribution and ONNX Runtime.

quick_round_trip.py make FOLDER      a checkpoint with an input and MXNet's output for it
quick_round_trip.py export FOLDER    that checkpoint to ONNX, without MXNet, against the output
quick_round_trip.py both             a network there and back, through Module and Gluon
"""

import importlib.metadata
import pathlib
import sys
import tempfile

import numpy as np

SHAPE = (2, 3, 16, 16)


def network():
    """A small Gluon network with its parameters."""
    import mxnet as mx

    net = mx.gluon.nn.HybridSequential()
    net.add(
        mx.gluon.nn.Conv2D(8, 3, padding=1, activation="relu"),
        mx.gluon.nn.BatchNorm(),
        mx.gluon.nn.MaxPool2D(),
        mx.gluon.nn.Flatten(),
        mx.gluon.nn.Dense(5),
    )
    net.initialize(mx.init.Xavier())
    net.hybridize()
    return net


def images():
    """One input, the same everywhere."""
    return np.random.RandomState(0).uniform(size=SHAPE).astype(np.float32)


def run_onnx(path, data):
    """The first output of a file in ONNX Runtime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: data})[0]


def make(folder):
    """Write ``net-symbol.json``, ``net-0000.params``, ``input.npy`` and ``output.npy``."""
    import mxnet as mx

    net, data = network(), images()
    output = net(mx.nd.array(data)).asnumpy()
    net.export(str(folder / "net"))
    np.save(folder / "input.npy", data)
    np.save(folder / "output.npy", output)


def export(folder):
    """The checkpoint of ``make`` on a machine without MXNet."""
    import mxnet_onnx

    with tempfile.TemporaryDirectory() as scratch:
        path = mxnet_onnx.export_model(
            str(folder / "net"), None, [SHAPE], onnx_file_path=f"{scratch}/net.onnx"
        )
        output = run_onnx(path, np.load(folder / "input.npy"))
    np.testing.assert_allclose(output, np.load(folder / "output.npy"), rtol=1e-4, atol=1e-5)
    try:
        mxnet_onnx.import_model(str(folder / "net.onnx"))
    except ImportError as error:
        assert "needs MXNet, which is not installed" in str(error), error
    else:
        raise AssertionError("import_model did something without MXNet")


def both():
    """MXNet to ONNX and back."""
    import mxnet as mx

    net, data = network(), images()
    expected = net(mx.nd.array(data)).asnumpy()
    with tempfile.TemporaryDirectory() as scratch:
        path = mx.onnx.export_model(net, None, [SHAPE], onnx_file_path=f"{scratch}/net.onnx")
        results = {"ONNX Runtime": run_onnx(path, data)}
        symbol, arg_params, aux_params = mx.contrib.onnx.import_model(path)
        block = mx.contrib.onnx.import_to_gluon(path, ctx=mx.cpu())
    results["Gluon"] = block(mx.nd.array(data)).asnumpy()
    (name,) = (n for n in symbol.list_inputs() if n not in {**arg_params, **aux_params})
    module = mx.mod.Module(symbol, data_names=[name], label_names=None)
    module.bind([(name, SHAPE)], for_training=False)
    module.set_params(arg_params, aux_params)
    module.forward(mx.io.DataBatch([mx.nd.array(data)]), is_train=False)
    results["Module"] = module.get_outputs()[0].asnumpy()
    for where, output in results.items():
        np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5, err_msg=where)


def main():
    """Run the named part, and print the versions it ran with."""
    part = {"make": make, "export": export, "both": both}[sys.argv[1]]
    part(*map(pathlib.Path, sys.argv[2:]))
    installed = {d.metadata["Name"].lower(): d.version for d in importlib.metadata.distributions()}
    names = ("mxnet", "numpy", "onnx", "onnxruntime", "protobuf")
    versions = ", ".join(f"{n} {installed[n]}" for n in names if n in installed)
    print(f"Python {sys.version.split()[0]}, {versions}")


if __name__ == "__main__":
    main()
