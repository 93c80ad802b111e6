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
"""Whole models for the tests: MXNet networks that are built, ONNX files that are found."""

import contextlib
import dataclasses
import importlib.metadata
import os
import pathlib

import numpy as np
import onnx
from onnx import numpy_helper
from running import run_gluon, run_symbol, seed_of

#: The networks of ``mxnet.gluon.model_zoo.vision``, each with the side of its smallest usual image.
VISION = {
    **dict.fromkeys(
        [f"resnet{d}_v{v}" for v in (1, 2) for d in (18, 34, 50, 101, 152)]
        + [f"vgg{d}{bn}" for bn in ("", "_bn") for d in (11, 13, 16, 19)]
        + [f"densenet{d}" for d in (121, 161, 169, 201)]
        + [f"mobilenet{v}{w}" for v in ("", "v2_") for w in ("0.25", "0.5", "0.75", "1.0")]
        + ["alexnet", "squeezenet1.0", "squeezenet1.1"],
        224,
    ),
    "inceptionv3": 299,
}


def vision_network(name, rng, size=None, classes=1000):
    """A network of the model zoo with random weights and random BatchNorm statistics.

    Nothing keeps a value that a converter could leave out unnoticed: scales are not 1, shifts not
    0, running means and variances neither.

    Parameters
    ----------
    name : str
        A key of ``VISION``.
    rng : numpy.random.Generator
    size : int, optional
        Height and width of the image that fixes the shapes of the parameters.
    classes : int

    Returns
    -------
    mxnet.gluon.HybridBlock
        Not hybridised.
    """
    import mxnet as mx

    net = mx.gluon.model_zoo.vision.get_model(name, classes=classes)
    net.initialize(mx.init.Zero(), ctx=mx.current_context())
    size = size or VISION[name]
    net(mx.nd.zeros((1, 3, size, size)))
    random_parameters(net, rng)
    return net


def random_parameters(net, rng):
    """Give every parameter of a block, its shapes known, numbers of the size its name asks for.

    Constants keep theirs.
    """
    import mxnet as mx

    for parameter in net.collect_params().values():
        if isinstance(parameter, mx.gluon.Constant):
            continue
        array = _random_parameter(parameter.name, parameter.shape, rng)
        # anew: MXNet does not write into weights of three dimensions that a call has rearranged
        parameter.initialize(mx.init.Zero(), ctx=mx.current_context(), force_reinit=True)
        parameter.set_data(mx.nd.array(array))


def _random_parameter(name, shape, rng):
    if name.endswith(("gamma", "running_var")):
        return rng.uniform(0.5, 1.5, shape)
    if name.endswith(("beta", "running_mean", "bias")):
        return rng.normal(0, 0.2, shape)
    if name.endswith("alpha"):  # slopes of PReLU
        return rng.uniform(0.05, 0.4, shape)
    # so scaled, a signal neither dies nor overflows on its way through a hundred layers
    scale = np.float32(np.sqrt(2 / max(1, np.prod(shape[1:]))))
    return rng.standard_normal(shape, np.float32) * scale


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A network saved as MXNet saves it, and what MXNet computes with it.

    Attributes
    ----------
    symbol, params : pathlib.Path
    shape : tuple of int
        Shape of the one input, ``data``, without the batch.
    inputs : list of numpy.ndarray
        Batches of different size.
    outputs : list of list of numpy.ndarray
        For each of ``inputs``.
    """

    symbol: pathlib.Path
    params: pathlib.Path
    shape: tuple
    inputs: list
    outputs: list


def checkpoint_files(prefix, epoch=0):
    """The two files of a checkpoint: symbol and parameters."""
    name = prefix.name
    return prefix.with_name(f"{name}-symbol.json"), prefix.with_name(f"{name}-{epoch:04}.params")


def vision_checkpoint(name, folder, size=None, batches=(1, 3), classes=1000):
    """A network of the model zoo, see :func:`vision_network`, exported by Gluon to ``folder``."""
    rng = np.random.default_rng(seed_of(name))
    net = vision_network(name, rng, size, classes)
    net.hybridize()
    size = size or VISION[name]
    inputs = [rng.normal(size=(n, 3, size, size)).astype(np.float32) for n in batches]
    outputs = [run_gluon(net, [i]) for i in inputs]
    prefix = pathlib.Path(folder) / name
    net.export(str(prefix))
    return Checkpoint(*checkpoint_files(prefix), (3, size, size), inputs, outputs)


def mtcnn_checkpoint(name, prefix, batches=(1, 3)):
    """One of the MTCNN networks with random images."""
    import mxnet as mx

    rng = np.random.default_rng(seed_of(name))
    shape = MTCNN_SHAPES[name]
    inputs = [rng.normal(size=(n, *shape)).astype(np.float32) for n in batches]
    loaded = mx.model.load_checkpoint(str(prefix), 1)
    outputs = [run_symbol(*loaded, {"data": i}) for i in inputs]
    return Checkpoint(*checkpoint_files(prefix, 1), shape, inputs, outputs)


def mtcnn():
    """Checkpoint prefixes of the four MTCNN networks by name, empty where they are not at hand.

    They lie in ``mtcnn/`` of the folder that ``ONNX_TEST_MODELS`` names, or of ``../shared/models``
    beside the checkout.
    """
    checkout = pathlib.Path(__file__).resolve().parents[4]
    folder = os.environ.get("ONNX_TEST_MODELS") or checkout.parent / "shared" / "models"
    prefixes = {n: pathlib.Path(folder) / "mtcnn" / n for n in ("det1", "det2", "det3", "det4")}
    return {n: p for n, p in prefixes.items() if p.with_name(f"{n}-symbol.json").exists()}


#: Input ``data`` of each MTCNN network, without the batch.
MTCNN_SHAPES = {"det1": (3, 12, 12), "det2": (3, 24, 24), "det3": (3, 48, 48), "det4": (15, 24, 24)}

#: The ONNX files inside wheels of PyPI: name to distribution, and the end of the file's path.
WHEELS = {
    "text_direction": ("rapidocr-onnxruntime", "ch_ppocr_mobile_v2.0_cls_infer.onnx"),
    "text_detection": ("rapidocr-onnxruntime", "ch_PP-OCRv4_det_infer.onnx"),
    "text_recognition": ("rapidocr-onnxruntime", "ch_PP-OCRv4_rec_infer.onnx"),
    "nudenet": ("nudenet", "320n.onnx"),
    "basic_pitch": ("basic-pitch", "nmp.onnx"),
}


def installed_model(name):
    """Path of a model of ``WHEELS``, or None where its distribution is not installed.

    The distribution is asked for its files and not imported: its dependencies are not needed.
    """
    distribution, end = WHEELS[name]
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files(distribution) or ():
            if file.name == end:
                return pathlib.Path(file.locate())
    return None


#: The small files of large networks inside the ``onnx`` package, without the prefix ``light_``.
LIGHT = (
    "bvlc_alexnet",
    "densenet121",
    "inception_v1",
    "inception_v2",
    "resnet50",
    "shufflenet",
    "squeezenet",
    "vgg19",
    "zfnet512",
)


def light_model(name):
    """The file, its input and its stored output, as the official test suite pairs them."""
    folder = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    stored = onnx.load_tensor(str(folder / f"light_{name}_output_0.pb"))
    data = np.arange(3 * 224 * 224, dtype=np.float64).reshape(1, 3, 224, 224)
    data = (data / data.size).astype(np.float32)
    return folder / f"light_{name}.onnx", data, numpy_helper.to_array(stored)


def randomised_light_model(name, rng):
    """The same network with random weights: the file's are all alike and prove little.

    It gives what goes into its last Softmax, which would hide all but the largest.
    """
    model = onnx.load(str(light_model(name)[0]))
    shapes = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    use = {i: (n.op_type, k) for n in model.graph.node for k, i in enumerate(n.input)}
    kept = []
    for node in model.graph.node:
        if node.op_type != "ConstantOfShape":
            kept.append(node)
            continue
        shape = tuple(int(s) for s in shapes[node.input[0]])
        array = _random_role(*use.get(node.output[0], ("", 0)), shape, rng)
        weight = numpy_helper.from_array(array.astype(np.float32), node.output[0])
        model.graph.initializer.append(weight)
        # a file of IR 3 says its weights among the inputs too
        value = onnx.helper.make_tensor_value_info(weight.name, onnx.TensorProto.FLOAT, shape)
        model.graph.input.append(value)
    if kept[-1].op_type == "Softmax":
        (logits,), (output,) = kept[-1].input, kept.pop().output
        for node in kept:
            node.output[:] = [output if o == logits else o for o in node.output]
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return model


def open_up(model, dims=((0, "N"), (2, "H"), (3, "W"))):
    """Let sizes vary that the file fixes, and forget what it says of its outputs."""
    weights = {i.name for i in model.graph.initializer}
    (data,) = (i for i in model.graph.input if i.name not in weights)
    for axis, name in dims:
        data.type.tensor_type.shape.dim[axis].dim_param = name
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    return model


def _random_role(op_type, position, shape, rng):
    if op_type == "BatchNormalization" and position in (1, 4):
        return rng.uniform(0.5, 1.5, shape)
    if len(shape) > 1 and op_type in ("Conv", "Gemm"):
        return rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
    if len(shape) > 1 or op_type in ("Mul", "Unsqueeze"):
        return rng.uniform(0.5, 1.5, shape)
    return rng.normal(0, 0.2, shape)
