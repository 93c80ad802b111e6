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
"""Every layer of ``gluon.nn`` and ``gluon.contrib``, in its modes, to ONNX with an open batch."""

import io

import mxnet as mx
import numpy as np
import pytest
from export_cases import OPSETS
from models import random_parameters
from mxnet.contrib.onnx import ModelError, export_model
from mxnet.gluon import contrib, nn
from running import Session, assert_close, run_gluon, unfused


def of_rank(layers, *args, **kwargs):
    """Cases of a layer of one, two and three dimensions, on images of the same channels."""
    return [(layer, args, kwargs, (4, *(9, 8, 7)[:rank])) for rank, layer in enumerate(layers, 1)]


CONV = nn.Conv1D, nn.Conv2D, nn.Conv3D
TRANSPOSED = nn.Conv1DTranspose, nn.Conv2DTranspose, nn.Conv3DTranspose
MAX = nn.MaxPool1D, nn.MaxPool2D, nn.MaxPool3D
AVERAGE = nn.AvgPool1D, nn.AvgPool2D, nn.AvgPool3D
GLOBAL_MAX = nn.GlobalMaxPool1D, nn.GlobalMaxPool2D, nn.GlobalMaxPool3D
GLOBAL_AVERAGE = nn.GlobalAvgPool1D, nn.GlobalAvgPool2D, nn.GlobalAvgPool3D
ACTIVATIONS = "relu", "sigmoid", "tanh", "softrelu", "softsign"


def branches():
    """Layers side by side, joined along the channels."""
    net = contrib.nn.HybridConcurrent(axis=1)
    net.add(nn.Conv2D(3, 1), nn.MaxPool2D(3, 1, 1), contrib.nn.Identity())
    return net


def stack():
    net = nn.HybridSequential()
    net.add(nn.Dense(6, activation="tanh", flatten=False), nn.Dropout(0.4), nn.Dense(3))
    return net


def of_a_symbol():
    data = mx.sym.var("data")
    heads = [mx.sym.FullyConnected(data, num_hidden=3, name="fc"), mx.sym.softmax(data)]
    return nn.SymbolBlock(mx.sym.Group(heads), data)


#: Layer, its arguments, and the shape of its input without the batch.
CASES = [
    (nn.Dense, (5,), {}, (3, 4)),
    (nn.Dense, (5,), {"flatten": False, "use_bias": False, "activation": "relu"}, (3, 4)),
    (nn.Dropout, (0.5,), {}, (3, 4)),
    (nn.Dropout, (0.5,), {"axes": (1,)}, (3, 4)),
    (nn.Embedding, (10, 4), {}, (3,)),
    (nn.Flatten, (), {}, (3, 4, 2)),
    (nn.BatchNorm, (), {}, (3, 4, 2)),
    (nn.BatchNorm, (), {"axis": -1, "scale": False, "epsilon": 1e-3}, (3, 4)),
    (nn.BatchNorm, (), {"center": False, "use_global_stats": True}, (3,)),
    (nn.BatchNormReLU, (), {}, (3, 4, 2)),
    (nn.InstanceNorm, (), {"scale": True, "center": True}, (3, 4, 2)),
    (nn.InstanceNorm, (), {"axis": 2}, (3, 4, 2)),
    (nn.LayerNorm, (), {}, (3, 4)),
    (nn.LayerNorm, (), {"axis": 1, "epsilon": 1e-3}, (3, 4)),
    (nn.GroupNorm, (2,), {}, (4, 3, 2)),
    *((nn.Activation, (kind,), {}, (3, 4)) for kind in ACTIVATIONS),
    (nn.LeakyReLU, (0.2,), {}, (3, 4)),
    (nn.PReLU, (), {}, (3, 4)),
    (nn.PReLU, (), {"in_channels": 3}, (3, 4)),
    (nn.ELU, (0.7,), {}, (3, 4)),
    (nn.SELU, (), {}, (3, 4)),
    (nn.GELU, (), {}, (3, 4)),
    (nn.Swish, (1.5,), {}, (3, 4)),
    (nn.HybridLambda, ("swapaxes",), {}, (3, 4)),
    (nn.HybridLambda, (lambda F, x: F.broadcast_add(x, F.mean(x, 1, True)),), {}, (3, 4)),
    (nn.ReflectionPad2D, (1,), {}, (2, 5, 4)),
    (nn.ReflectionPad2D, ((0, 0, 0, 0, 1, 2, 3, 0),), {}, (2, 5, 4)),
    *of_rank(CONV, 6, 3),
    *of_rank(CONV, 6, 3, strides=2, padding=1, groups=2, use_bias=False),
    *of_rank(CONV, 4, 2, dilation=2, padding=1, groups=4, activation="sigmoid"),
    *of_rank(TRANSPOSED, 6, 3),
    *of_rank(TRANSPOSED, 6, 3, strides=2, padding=1, output_padding=1, groups=2, in_channels=4),
    *of_rank(MAX, 3, 2),
    *of_rank(MAX, 3, 2, 1, ceil_mode=True),
    *of_rank(AVERAGE, 3, 2, 1),
    *of_rank(AVERAGE, 3, 2, 1, ceil_mode=True, count_include_pad=False),
    *of_rank(GLOBAL_MAX),
    *of_rank(GLOBAL_AVERAGE),
    (stack, (), {}, (4, 5)),
    (of_a_symbol, (), {}, (4,)),
    (branches, (), {}, (4, 6, 5)),
    (contrib.nn.Identity, (), {}, (3, 4)),
    (contrib.nn.PixelShuffle1D, (2,), {}, (4, 3)),
    (contrib.nn.PixelShuffle2D, ((2, 3),), {}, (6, 3, 4)),
    (contrib.nn.PixelShuffle3D, ((2, 1, 3),), {}, (12, 2, 3, 4)),
    (contrib.nn.SyncBatchNorm, (), {"in_channels": 3, "num_devices": 1}, (3, 4, 2)),
    (contrib.cnn.DeformableConvolution, (6, 3), {"padding": 1}, (4, 7, 6)),
    (contrib.cnn.DeformableConvolution, (6, 3), {"strides": 2, "groups": 2}, (4, 7, 6)),
    (contrib.cnn.ModulatedDeformableConvolution, (6, 3), {"padding": 1}, (4, 7, 6)),
]


def test_every_layer_is_there():
    """Those that are left out cannot be hybridised, or are bases and shells."""
    covered = {case[0] for case in CASES} | {nn.HybridSequential, nn.SymbolBlock}
    covered |= {contrib.nn.HybridConcurrent, nn.Block, nn.HybridBlock}
    for module in (nn, contrib.nn, contrib.cnn):
        for name, layer in vars(module).items():
            if isinstance(layer, type) and issubclass(layer, nn.HybridBlock):
                assert layer in covered, name


def _name(case):
    layer, args, kwargs, shape = case
    words = [layer.__name__, *map(str, args), *(f"{k}={v}" for k, v in kwargs.items())]
    return " ".join(words).replace("<", "").split(" at 0x")[0]


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_layer(case, rng):
    layer, args, kwargs, shape = case
    net = layer(*args, **kwargs)
    net.initialize()
    batches = [rng.normal(size=(n, *shape)).astype(np.float32) for n in (2, 1)]
    if layer is nn.Embedding:
        batches = [np.abs(b * 4) // 1 for b in batches]
    with unfused():
        run_gluon(net, batches[:1])  # settles the shapes
        random_parameters(net, rng)
        expected = [run_gluon(net, [b]) for b in batches]
        for opset in OPSETS:
            file = io.BytesIO()
            export_model(net, None, [("N", *shape)], onnx_file_path=file, opset_version=opset)
            session = Session(file.getvalue())
            for batch, wanted in zip(batches, expected):
                assert_close(session([batch]), wanted)


@pytest.mark.parametrize(
    "layer",
    [nn.Sequential, contrib.nn.Concurrent, lambda: contrib.nn.SparseEmbedding(5, 3),
     lambda: nn.Lambda("relu")],
    ids=["Sequential", "Concurrent", "SparseEmbedding", "Lambda"],
)  # fmt: skip
def test_what_cannot_be_hybridised_is_refused(layer):
    net = layer()
    net.initialize()
    with pytest.raises(ModelError, match="HybridBlock|hybrid"):
        export_model(net, None, [(1, 3)], onnx_file_path=None)
