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
"""Quantised layers, and networks as mx.contrib.quantization makes them: levels of every node."""

import dataclasses
import itertools
import os
import pathlib
import subprocess
import sys

import mxnet as mx
import mxnet.contrib.onnx as package
import numpy as np
import pytest
from export_cases import case, checks, data, values, weight
from mxnet.contrib import quantization
from mxnet.contrib.onnx import TranslationError, export_model
from mxnet.contrib.onnx.mx2onnx.export_model import convert
from mxnet.contrib.onnx.verification import verify_export
from mxnet.gluon import nn
from running import Session

RANGES = tuple(values([x]) for x in (-1.0, 1.0, -2.0, 2.0))
OF_BIAS = (values([-0.5]), values([0.5]))
CONVOLUTION = {"kernel": (3, 3), "num_filter": 4}


def levels(*shape, dtype="int8", role=data):
    low = 0 if dtype == "uint8" else -128
    return role(*shape, dtype=dtype, low=low, high=low + 255)


def on_a_gpu(data, weight, bias, *_):
    """What MXNet has for int8 data on GPUs alone: one place, each filter a product and a bias."""
    sums = np.einsum("nc,fc->nf", data.astype(np.int64)[:, :, 0, 0], weight[:, :, 0, 0])
    step = np.float32(1.0 / 127) * np.float32(2.0 / 127)
    sums = (sums * step + bias * np.float32(0.5 / 127)) / step
    return sums.astype(np.int32)[:, :, None, None]


IMAGE, KERNELS = levels(2, 3, 7, 6, dtype="uint8"), levels(4, 3, 3, 3, role=weight)
BIAS = levels(4, role=weight)
CASES = [
    case("_contrib_quantized_conv", IMAGE, KERNELS, *RANGES, no_bias=True, **CONVOLUTION),
    *(
        case("_contrib_quantized_conv", IMAGE, KERNELS, BIAS, *RANGES, *OF_BIAS, **more)
        for more in (
            CONVOLUTION,
            {**CONVOLUTION, "pad": (1, 2), "stride": (2, 1), "layout": "NCHW"},
            {**CONVOLUTION, "dilate": (2, 2), "pad": (2, 2)},
        )
    ),
    case(
        "_contrib_quantized_conv",
        levels(2, 3, 4, 5, 6, dtype="uint8"),
        levels(4, 3, 2, 2, 2, role=weight),
        *RANGES,
        no_bias=True,
        kernel=(2, 2, 2),
        num_filter=4,
    ),
    case(
        "_contrib_quantized_conv",
        levels(2, 3, 1, 1),
        levels(4, 3, 1, 1, role=weight),
        BIAS,
        *RANGES,
        *OF_BIAS,
        kernel=(1, 1),
        num_filter=4,
    ).but(expected=on_a_gpu, levels=(3e-7, 1), outputs=(0,)),
    case(
        "_contrib_quantized_conv",
        IMAGE,
        KERNELS,
        *RANGES,
        no_bias=True,
        layout="NHWC",
        **CONVOLUTION,
    ).but(refused="layout NHWC"),
]

ROWS = [levels(2, 3, 4, dtype=dtype) for dtype in ("int8", "uint8")]
CASES += [
    *(
        case("_contrib_quantized_fully_connected", x, w, *of, *RANGES, *more, **how).but(
            levels=(0, 1)
        )
        for x in ROWS
        for w, how in (
            (levels(5, 12, role=weight), {"num_hidden": 5}),
            (levels(5, 4, role=weight), {"num_hidden": 5, "flatten": False}),
        )
        for of, more in (((levels(5, role=weight),), OF_BIAS), ((), ()))
        for how in ({**how, "no_bias": not of},)
    )
]

FILTERS, UNITS = data(4, 3, 2, 2, role="parameter"), data(5, 12, role="parameter")


def convolved(**more):
    """What MKLDNN makes one node of."""
    x, weight, bias, other = (mx.sym.var(name) for name in ("x", "weight", "bias", "other"))
    y = mx.sym.Convolution(x, weight, bias, kernel=(2, 2), num_filter=4, **more)
    return mx.sym.Activation(y + other, act_type="relu", name="relu")


def multiplied(**more):
    y = mx.sym.FullyConnected(*map(mx.sym.var, ("x", "weight", "bias")), num_hidden=5, **more)
    return mx.sym.LeakyReLU(y, act_type="leaky", slope=0.3, name="leaky")


SUMMED = {"with_sum": True, "with_postsum_act": True}
CALIBRATED = {"min_calib_range": 0.0, "max_calib_range": 9.0}
CASES += [
    case("_sg_mkldnn_conv", data(2, 3, 5, 6), FILTERS, weight(4), data(2, 4, 4, 5), **SUMMED).but(
        body=convolved()
    ),
    *(
        case(
            "_sg_mkldnn_conv",
            levels(2, 3, 5, 6),
            FILTERS,
            weight(4),
            levels(2, 4, 4, 5),
            *RANGES,
            quantized=True,
            **SUMMED,
            **calibration,
        ).but(body=convolved(), levels=(0, 1))
        for calibration in ({}, CALIBRATED)
    ),
    case("_sg_mkldnn_fully_connected", data(2, 3, 4), UNITS, weight(5), with_eltwise=True).but(
        body=multiplied()
    ),
    *(
        case(
            "_sg_mkldnn_fully_connected",
            levels(2, 3, 4),
            levels(5, 12, role=weight),
            levels(5, role=weight),
            *RANGES,
            *OF_BIAS,
            quantized=True,
            with_eltwise=True,
            **more,
        ).but(body=multiplied(), levels=(0, 1), tolerance=(1e-3, 2e-4))
        for more in ({}, CALIBRATED, {"enable_float_output": True})
    ),
    *(
        case(
            "_sg_mkldnn_fully_connected",
            levels(2, 3, 4),
            UNITS,
            weight(5),
            *RANGES[:2],
            quantized=True,
            with_eltwise=True,
            channel_wise_quantize=True,
            **more,
        ).but(body=multiplied(), levels=(0, 1))
        for more in (CALIBRATED, {"enable_float_output": True})
    ),
    case("_sg_mkldnn_fully_connected", levels(2, 12), levels(5, 12), *RANGES, quantized=True).but(
        body=mx.sym.clip(
            mx.sym.FullyConnected(
                mx.sym.var("x"), mx.sym.var("weight"), num_hidden=5, no_bias=True
            ),
            0,
            6,
        ),
        refused="cuts sums",
    ),
]
test_quantized_layers = checks(CASES)


class Residual(nn.HybridBlock):
    """What MKLDNN fuses, and what lies between: pooling, concatenation, a sum of two dtypes."""

    def __init__(self, **more):
        super().__init__(**more)
        with self.name_scope():
            self.first = nn.Conv2D(8, 3, padding=1, use_bias=False)
            self.first_norm = nn.BatchNorm(scale=False)
            self.second = nn.Conv2D(8, 3, padding=1)
            self.second_norm = nn.BatchNorm()
            self.shortcut = nn.Conv2D(8, 1)
            self.third = nn.Conv2D(8, 3, padding=1, activation="relu")
            self.hidden = nn.Dense(16, activation="relu")
            self.last = nn.Dense(10)

    def hybrid_forward(self, F, x):
        y = F.Activation(self.first_norm(self.first(x)), act_type="relu")
        y = self.second_norm(self.second(y)) + self.shortcut(x)
        y = F.Activation(y, act_type="relu")
        y = F.Pooling(y, kernel=(2, 2), stride=(2, 2), pool_type="max")
        y = F.concat(y, self.third(y), dim=1)
        y = F.Pooling(y, kernel=(2, 2), global_pool=True, pool_type="avg")
        return self.last(self.hidden(y))


class Chain(nn.HybridBlock):
    """Activations that are fused in, groups, dilation, no flattening."""

    def __init__(self, **more):
        super().__init__(**more)
        with self.name_scope():
            self.first = nn.Conv2D(8, 3, dilation=2)
            self.second = nn.Conv2D(8, 3, groups=4, strides=2)
            self.third = nn.Conv2D(4, (1, 3), use_bias=False)
            self.hidden = nn.Dense(8, flatten=False, use_bias=False)
            self.last = nn.Dense(6, flatten=False)

    def hybrid_forward(self, F, x):
        y = F.LeakyReLU(self.first(x), act_type="leaky", slope=0.2)
        y = F.clip(self.second(y), 0, 6)
        y = F.LeakyReLU(self.hidden(self.third(y)), act_type="leaky", slope=0.1)
        return F.tanh(self.last(y))


class Volume(nn.HybridBlock):
    """Three spatial axes, two summands of one dtype, a sum that no activation follows."""

    def __init__(self, **more):
        super().__init__(**more)
        with self.name_scope():
            self.first = nn.Conv3D(4, 2, activation="relu")
            self.second = nn.Conv3D(4, 1)
            self.third = nn.Conv3D(4, 1)

    def hybrid_forward(self, F, x):
        y = self.first(x)
        y = F.Activation(self.second(y) + y, act_type="relu")
        return self.third(y) + y


def network(kind, shape, rng):
    """A network with random numbers everywhere, and an input."""
    net = kind(prefix=f"{kind.__name__.lower()}_")
    net.initialize(mx.init.Xavier())
    net.hybridize()
    x = mx.nd.array(rng.uniform(-1, 1, shape))
    net(x)
    for name, parameter in net.collect_params().items():
        low, high = (0.5, 1.5) if name.endswith(("gamma", "var")) else (-0.3, 0.3)
        if not name.endswith("weight"):
            parameter.set_data(mx.nd.array(rng.uniform(low, high, parameter.shape)))
    return net, x


def quantised(net, x, mode, dtype, granularity, exclude=()):
    """Symbol and parameters of the quantised network, fused for MKLDNN."""
    how = {"data_shapes": [mx.io.DataDesc("data", x.shape)]}
    if mode != "none":
        data = mx.io.NDArrayIter(x, batch_size=x.shape[0])
        how = {"calib_data": data, "num_calib_examples": x.shape[0]}
    block = quantization.quantize_net_v2(
        net,
        quantized_dtype=dtype,
        calib_mode=mode,
        quantize_granularity=granularity,
        exclude_layers_match=list(exclude),
        **how,
    )
    symbol = block(mx.sym.var("data"))
    return symbol, {name: p.data() for name, p in block.collect_params().items()}


def every_value(symbol, parameters, x):
    """Names of all outputs of all nodes, and what MXNet computes for them."""
    inside = symbol.get_internals()
    names = [n for n in inside.list_outputs() if n not in parameters and n != "data"]
    group = mx.sym.Group([inside[n] for n in names])
    states = group.list_auxiliary_states()
    run = group.bind(
        mx.cpu(),
        {**{n: parameters[n] for n in group.list_arguments() if n != "data"}, "data": x},
        aux_states={n: parameters[n] for n in states},
        grad_req="null",
    )
    return names, [y.asnumpy() for y in run.forward()]


def assert_levels_agree(symbol, parameters, x, opset):
    """Every node is within a level of MXNet's; the model as it is written too."""
    names, expected = every_value(symbol, parameters, x)
    shape = ("N", *x.shape[1:])
    for outputs in (names, symbol.list_outputs()):
        model = export_model(
            symbol, parameters, [shape], onnx_file_path=None, opset_version=opset, outputs=outputs
        )
        actual = Session(model.SerializeToString())({"data": x.asnumpy()})
        for name, a in zip(outputs, actual):
            e = expected[names.index(name)]
            assert (a.shape, a.dtype) == (e.shape, e.dtype), name
            far = np.abs(a.astype(np.float64) - e).max()
            most = float(np.abs(e.astype(np.float64)).max())
            # a number between two levels may get the other one, and moves those after it
            allowed = {1: 2, 4: most / 60 if e.dtype.kind == "f" else most / 50}
            assert far <= allowed[e.dtype.itemsize], name
    return model


NETWORKS = {"residual": (Residual, (4, 3, 16, 16)), "chain": (Chain, (2, 8, 15, 14))}
MODES = (
    ("none", "int8", "tensor-wise"),
    *itertools.product(("naive",), ("int8", "auto"), ("tensor-wise", "channel-wise")),
)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("mode", "dtype", "granularity"), MODES)
def test_a_quantised_network(name, mode, dtype, granularity, rng):
    net, x = network(*NETWORKS[name], rng)
    symbol, parameters = quantised(net, x, mode, dtype, granularity)
    assert "_sg_mkldnn_conv" in symbol.tojson()
    assert_levels_agree(symbol, parameters, x, 17)


@pytest.mark.parametrize("opset", [11, 28])
@pytest.mark.parametrize("mode", ["none", "naive"])
def test_at_other_opsets(mode, opset, rng):
    net, x = network(*NETWORKS["residual"], rng)
    assert_levels_agree(
        *quantised(net, x, mode, "int8", "channel-wise" if mode == "naive" else "tensor-wise"),
        x,
        opset,
    )


@pytest.mark.parametrize("mode", ["none", "naive"])
def test_volumes(mode, rng):
    net, x = network(Volume, (2, 3, 5, 6, 4), rng)
    assert_levels_agree(*quantised(net, x, mode, "int8", "tensor-wise"), x, 17)


def test_layers_left_out_stay_floats(rng):
    net, x = network(*NETWORKS["residual"], rng)
    left_out = quantised(net, x, "naive", "int8", "tensor-wise", exclude=("conv0", "dense0"))
    model = assert_levels_agree(*left_out, x, 17)
    assert sum(node.op_type == "Conv" for node in model.graph.node) == 4


def test_a_fused_network_that_is_not_quantised(rng):
    net, x = network(*NETWORKS["residual"], rng)
    expected = net(x).asnumpy()
    symbol = net(mx.sym.var("data")).get_backend_symbol("MKLDNN")
    assert "_sg_mkldnn_fully_connected" in symbol.tojson()
    model = export_model(symbol, net.collect_params(), [x.shape], onnx_file_path=None)
    (actual,) = Session(model.SerializeToString())({"data": x.asnumpy()})
    np.testing.assert_allclose(actual, expected, 1e-4, 1e-5)
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}


def test_calibrated_layers_are_what_runtimes_fuse(rng):
    net, x = network(*NETWORKS["residual"], rng)
    symbol, parameters = quantised(net, x, "naive", "auto", "channel-wise")
    model = export_model(symbol, parameters, [x.shape], onnx_file_path=None)
    kinds = [node.op_type for node in model.graph.node]
    assert set(kinds) <= {
        "QuantizeLinear", "DequantizeLinear", "Conv", "Relu", "Add", "Cast", "MaxPool", "Concat",
        "GlobalAveragePool", "Flatten", "Gemm",
    }  # fmt: skip
    floats = [t for t in model.graph.initializer if t.data_type == 1 and np.prod(t.dims) > 16]
    assert not floats  # weights are int8 in the file


def test_a_weight_that_is_computed_is_refused():
    data, weight = mx.sym.var("data"), mx.sym.var("weight", shape=(4, 3, 1, 1))
    layer = mx.sym.Convolution(data, weight * 2, kernel=(1, 1), num_filter=4, no_bias=True)
    symbol, *_ = quantization.quantize_model(
        layer.get_backend_symbol("MKLDNN_QUANTIZE"),
        {},
        {},
        label_names=None,
        calib_mode="none",
        quantized_dtype="int8",
    )
    shapes = {"data": (1, 3, 4, 4), "weight": (4, 3, 1, 1)}
    with pytest.raises(TranslationError, match="quantises a layer's constants alone"):
        export_model(symbol, {}, shapes, onnx_file_path=None)


@pytest.mark.parametrize("mode", ["none", "naive"])
def test_a_quantised_network_is_verified(mode, rng):
    net, x = network(*NETWORKS["residual"], rng)
    symbol, parameters = quantised(net, x, mode, "int8", "tensor-wise")
    given = {"data": x.asnumpy()}
    export_model(symbol, parameters, [x.shape], onnx_file_path=None, verify=given)
    # weights of another network are seen
    other, _ = network(*NETWORKS["residual"], rng)
    conversion = convert(symbol, parameters, [x.shape])
    wrong = convert(*quantised(other, x, mode, "int8", "tensor-wise"), [x.shape])
    mixed = dataclasses.replace(conversion, nodes=wrong.nodes, constants=wrong.constants)
    assert not verify_export(mixed, given).agrees


@pytest.mark.parametrize("mode", ["none", "naive"])
def test_without_mxnet(mode, tmp_path, rng):
    net, x = network(*NETWORKS["residual"], rng)
    symbol, parameters = quantised(net, x, mode, "int8", "tensor-wise")
    states = set(symbol.list_auxiliary_states())
    symbol.save(str(tmp_path / "net-symbol.json"))
    kinds = {n: f"{'aux' if n in states else 'arg'}:{n}" for n in parameters}
    mx.nd.save(
        str(tmp_path / "net-0000.params"), {kinds[n]: array for n, array in parameters.items()}
    )
    (tmp_path / "mxnet_onnx").symlink_to(pathlib.Path(package.__file__).parent)
    code = (
        "import sys; sys.modules['mxnet'] = None; import mxnet_onnx;"
        "mxnet_onnx.export_model(sys.argv[1], None, eval(sys.argv[3]), onnx_file_path=sys.argv[2])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "net"), str(tmp_path / "net.onnx")]
    subprocess.run(
        [*command, repr([x.shape])],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
    )
    model = export_model(symbol, parameters, [x.shape], onnx_file_path=None)
    actual = Session((tmp_path / "net.onnx").read_bytes())({"data": x.asnumpy()})
    expected = Session(model.SerializeToString())({"data": x.asnumpy()})
    np.testing.assert_array_equal(actual, expected)
