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
"""Operators right behind a convolution, whose output MXNet may keep in MKLDNN's own memory layout.

On CPU, MXNet hands such arrays on as they are. Operators that know nothing of MKLDNN get them put
in order first, with exceptions (MXNet 1.9.1): NumPy-style reshapes only relabel them, and what
follows then reads memory in the wrong order; slicing from the middle of a block fails. Channels are
in whole blocks here (16), since MKLDNN takes no other layout for fewer.
"""

import mxnet as mx
import numpy as np
import pytest
from import_cases import array, case, check, ints, known, normal
from mxnet.contrib.onnx import import_model

SHAPE = (2, 16, 6, 5)


def behind(text, opset=17, channels=16, **arrays):
    """``text`` reads ``x``, a convolution's output of shape (2, channels, 6, 5)."""
    return case(
        opset,
        f"x = Conv (d, w)\n{text}",
        d=normal(2, 4, 6, 5),
        w=known(channels, 4, 1, 1),
        tolerance=(1e-4, 1e-4),
        **arrays,
    )


def reshaped(target, text, opset=17, **arrays):
    """``text`` reads ``r``, such an output in another shape."""
    return behind(f"r = Reshape (x, s)\n{text}", opset, s=known(ints(*target)), **arrays)


UNARY = (
    "Relu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Exp", "Neg", "Abs", "Erf", "Floor", "Elu",
    "Selu", "LeakyRelu", "HardSigmoid", "HardSwish", "Identity", "Sign", "Shape", "Celu", "Mish",
)  # fmt: skip
REDUCTIONS = ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceLogSumExp")
CASES = [
    *(behind(f"y = {op_type} (x)", 18) for op_type in UNARY),
    *(behind(f"y = {r} <axes=[{a}]> (x)") for r in REDUCTIONS for a in ("1", "2,3", "-1")),
    *(
        behind(f"y = {op_type} <axis={a}> (x)")
        for op_type in ("Softmax", "LogSoftmax", "Hardmax", "ArgMax", "ArgMin")
        for a in (1, -1)
    ),
    *(behind(f"y = {op_type} (x, x)") for op_type in ("Add", "Sub", "Mul", "Div", "Max", "Less")),
    *(behind(f"y = {op_type} (x, c)", c=known(16, 1, 1)) for op_type in ("Add", "Mul", "PRelu")),
    behind("z = Relu (x)\ny = Add (x, z)"),
    behind("z = Conv (d, w)\ny = Add (x, z)"),
    behind("y = Sum (x, x, x)"),
    *(
        behind(f"y = Transpose <perm=[{p}]> (x)")
        for p in ("0,2,3,1", "0,2,1,3", "3,2,1,0", "1,0,2,3")
    ),
    *(
        behind("y = Slice (x, b, e, a)", b=known(ints(b)), e=known(ints(e)), a=known(ints(a)))
        for b, e, a in ((1, 7, 1), (8, 16, 1), (3, 99, 1), (1, 2, 0), (1, 4, 2), (-3, -1, 3))
    ),
    behind(
        "y = Slice (x, b, e, a, p)",
        b=known(ints(15)),
        e=known(ints(0)),
        a=known(ints(1)),
        p=known(ints(-3)),
    ),
    *(behind(f"y, z = Split <axis={a}> (x)") for a in (1, 2)),
    *(behind("y, z = Split <axis=1> (x, p)", p=known(ints(*p))) for p in ((5, 11), (8, 8))),
    *(behind(f"y = Concat <axis={a}> (x, x)") for a in (0, 1, 3, -2)),
    behind("y = Concat <axis=1> (x, c)", c=known(2, 3, 6, 5)),
    *(
        behind(f"y = Gather <axis={a}> (x, i)", i=known(ints(*i)))
        for a, i in ((1, (0, 9, 3)), (2, (1, 1)), (1, (5,)))
    ),
    behind(
        "y = GatherElements <axis=1> (x, i)", i=known(array([[[[3, 1]]], [[[15, 0]]]], "int64"))
    ),
    behind("y = Pad (x, p)", p=known(ints(0, 0, 1, 2, 0, 0, 2, 1))),
    behind("y = Pad (x, p)", p=known(ints(0, 1, 0, 0, 0, 2, 0, 0))),
    behind('y = Pad <mode="reflect"> (x, p)', p=known(ints(0, 0, 1, 2, 0, 0, 2, 1))),
    behind("y = Flatten (x)"),
    behind("f = Flatten (x)\ny = Softmax <axis=-1> (f)"),
    behind("f = Flatten (x)\ny = Gemm (f, g)", g=known(480, 7)),
    behind("y = Unsqueeze (x, a)", a=known(ints(2))),
    behind("u = Unsqueeze (x, a)\ny = Softmax <axis=2> (u)", a=known(ints(1))),
    behind(
        "m = GlobalAveragePool (x)\ns = Squeeze (m, a)\ny = Softmax <axis=-1> (s)",
        a=known(ints(2, 3)),
    ),
    behind("m = GlobalMaxPool (x)\ny = Mul (x, m)"),
    behind(
        "m = ReduceMean <axes=[2]> (x)\ns = Squeeze (m, a)\ny = Transpose <perm=[0,2,1]> (s)",
        a=known(ints(2)),
    ),
    behind("y = MaxPool <kernel_shape=[2,2]> (x)"),
    behind("y = AveragePool <kernel_shape=[3,3], pads=[1,1,1,1], strides=[2,2]> (x)"),
    behind("y = MaxPool <kernel_shape=[3,3], pads=[0,0,1,1], strides=[2,2]> (x)"),
    behind(
        "y = BatchNormalization (x, g, c, m, v)",
        g=known(16),
        c=known(16),
        m=known(16),
        v=known(abs(normal(16)) + 1),
    ),
    behind("y = InstanceNormalization (x, g, c)", g=known(16), c=known(16)),
    behind("y = LayerNormalization <axis=-1> (x, g, c)", g=known(5), c=known(5)),
    behind("y = LayerNormalization <axis=1> (x, g, c)", g=known(16, 6, 5), c=known(16, 6, 5)),
    behind("y = LRN <size=5> (x)"),
    behind("y = LpNormalization <axis=1> (x)"),
    behind("y = DepthToSpace <blocksize=2> (x)"),
    behind('y = DepthToSpace <blocksize=2, mode="CRD"> (x)'),
    behind(
        "z = Slice (x, b, e, a)\ny = SpaceToDepth <blocksize=2> (z)",
        b=known(ints(0)),
        e=known(ints(4)),
        a=known(ints(3)),
    ),
    behind(
        'y = Resize <mode="nearest", coordinate_transformation_mode="asymmetric",'
        ' nearest_mode="floor"> (x, , f)',
        f=known(array([1, 1, 2, 2])),
    ),
    behind('y = Resize <mode="linear"> (x, , f)', f=known(array([1, 1, 2, 2]))),
    behind("y = Tile (x, t)", t=known(ints(1, 2, 1, 1))),
    behind("y = Expand (x, t)", t=known(ints(3, 2, 16, 6, 5))),
    behind("y = CumSum (x, t)", t=known(array(1, "int64"))),
    behind("y, i = TopK <axis=1> (x, k)", k=known(ints(3))),
    behind("y = MatMul (x, g)", g=known(5, 7)),
    behind('y = Einsum <equation="bchw,bcij->bhwij"> (x, x)'),
    behind("y = Cast <to=11> (x)"),
    behind("y = Clip (x, l, h)", l=known(array(-0.5)), h=known(array(0.5))),
    behind("b = Less (x, l)\ny = Where (b, x, l)", l=known(array(0.25))),
    behind("y = ConvTranspose <strides=[2,2]> (x, k)", k=known(16, 3, 2, 2)),
    behind("y = Conv <group=16> (x, k)", k=known(16, 1, 3, 3)),
    behind("y = Dropout (x)"),
    *(
        behind(f"c = Less (x, l)\n{text}", l=known(array(0.25)), s=known(ints(0, 0, -1)), **more)
        for text, more in (
            ("y = Reshape (c, s)", {}),
            ("y, z = Split <axis=1> (c)", {}),
            ("y = Slice (c, b, e, a)", {n: known(ints(i)) for n, i in zip("bea", (1, 9, 1))}),
        )
    ),
    behind("y = Trilu (x)"),
    behind("y = Reshape (x, t)", t=known(ints(2, 4, 4, 6, 5))),
    *(
        reshaped(t, "y = Softmax <axis=-1> (r)")
        for t in ((0, 16, -1), (2, -1), (2, 4, 4, 6, 5), (-1,))
    ),
    *(
        reshaped(t, f"y = Transpose <perm=[{p}]> (r)")
        for t, p in (
            ((0, 16, -1), "0,2,1"),
            ((2, -1), "1,0"),
            ((2, 2, 8, 6, 5), "0,2,1,3,4"),
            ((2, 8, 2, 6, 5), "0,3,4,1,2"),
        )
    ),
    reshaped((0, 16, -1), "y = LogSoftmax <axis=1> (r)"),
    reshaped(
        (0, 16, -1), "y = Slice (r, b, e, a)", b=known(ints(1)), e=known(ints(9)), a=known(ints(1))
    ),
    reshaped((0, 16, -1), "y = MatMul (r, g)", g=known(30, 4)),
    reshaped((0, 16, -1), "t = Transpose <perm=[0,2,1]> (r)\ny = MatMul (r, t)"),
    reshaped((0, 16, -1), "y = Concat <axis=2> (r, r)"),
    reshaped((0, 16, -1), "y = LayerNormalization (r, g, c)", g=known(30), c=known(30)),
    reshaped((0, 16, -1), "y = ReduceMean <axes=[2]> (r)"),
    reshaped((0, 16, -1), "y = Conv (r, k)", k=known(3, 16, 1)),
    reshaped((0, 16, -1), "y = MaxPool <kernel_shape=[2]> (r)"),
    reshaped((2, 32, 3, 5), "y = Conv (r, k)", k=known(3, 32, 1, 1)),
    reshaped((2, 32, 3, 5), "y = Add (r, r)"),
    reshaped((2, -1), "y = Gemm (r, g)", g=known(480, 3)),
    # what hands the layout on
    *(
        behind(
            f"z = {z}\nr = Reshape (z, s)\ny = Softmax <axis=-1> (r)",
            s=known(ints(0, 0, -1)),
            **more,
        )
        for z, more in (
            ("Relu (x)", {}),
            ("Sigmoid (x)", {}),
            ("LeakyRelu (x)", {}),
            ("Elu (x)", {}),
            ("Dropout (x)", {}),
            ("Identity (x)", {}),
            ("MaxPool <kernel_shape=[2,2]> (x)", {}),
            ("GlobalAveragePool (x)", {}),
            ("Clip (x, l, h)", {"l": known(array(0.0)), "h": known(array(6.0))}),
            ("HardSwish (x)", {}),
            ("Concat <axis=1> (x, x)", {}),
            ("Sum (x, x)", {}),
            ("Mul (x, x)", {}),
            ("LRN <size=3> (x)", {}),
            ("Transpose <perm=[0,2,3,1]> (x)", {}),
            ("ConvTranspose (x, k)", {"k": known(16, 8, 2, 2)}),
            ("PRelu (x, c)", {"c": known(16, 1, 1)}),
            ("Pad (x, p)", {"p": known(ints(0, 0, 1, 1, 0, 0, 1, 1))}),
            ("Slice (x, b, e, a)", {"b": known(ints(0)), "e": known(ints(8)), "a": known(ints(1))}),
            (
                "BatchNormalization (x, g, g, g, v)",
                {"g": known(16), "v": known(abs(normal(16)) + 1)},
            ),
            ("InstanceNormalization (x, g, g)", {"g": known(16)}),
            ("Tile (x, t)", {"t": known(ints(1, 2, 1, 1))}),
            ("Resize (x, , f)", {"f": known(array([1, 1, 2, 2]))}),
            ("Gather <axis=1> (x, i)", {"i": known(ints(1, 9))}),
        )
    ),
    behind(
        "z, u = Split <axis=1> (x)\nr = Reshape (u, s)\ny = Softmax <axis=-1> (r)",
        s=known(ints(0, 0, -1)),
    ),
    # sums with what depends on the same convolution
    *(
        behind(f"{z}\ny = Add ({a})", k=known(16, 16, 1, 1))
        for z in (
            "r = Relu (x)\nz = Conv (r, k)",
            "z = Conv (x, k)",
            "r = LeakyRelu (x)\nz = Conv (r, k)",
            "q = Conv (x, k)\nr = Relu (q)\nz = Mul (r, x)",
        )
        for a in ("x, z", "z, x")
    ),
    *(
        behind(
            f"n = BatchNormalization (x, g, g, g, v)\nr = Relu (n)\nz = Conv (r, k)\ny = Add ({a})",
            k=known(16, 16, 1, 1),
            g=known(16),
            v=known(abs(normal(16)) + 1),
        )
        for a in ("n, z", "z, n", "x, z")
    ),
    behind("r = Relu (x)\nz = Conv (d, k)\ns = Add (x, z)\ny = Add (s, r)", k=known(16, 4, 1, 1)),
    behind("z = Conv (d, k)\ns = Add (x, z)\nr = Relu (s)\ny = Add (r, x)", k=known(16, 4, 1, 1)),
    *(
        case(
            17,
            f"x = Conv (d, w)\n{text}",
            d=normal(5, 4, 3),
            w=known(16, 4, 1),
            k=known(1, gates * 6, 3),
            r=known(1, gates * 6, 6),
            tolerance=(1e-4, 1e-4),
        )
        for gates, text in (
            (1, "y, h = RNN <hidden_size=6> (x, k, r)"),
            (4, "y, h, c = LSTM <hidden_size=6> (x, k, r)"),
            (3, "y, h = GRU <hidden_size=6, linear_before_reset=1> (x, k, r)"),
        )
    ),
    # one and three axes to slide along
    *(
        case(
            17,
            f"x = Conv (d, w)\n{text}",
            d=normal(2, 4, *sizes),
            w=known(16, 4, *(1 for _ in sizes)),
            **more,
        )
        for sizes in ((9,), (3, 4, 5))
        for text, more in (
            ("y = Softmax <axis=-1> (x)", {}),
            ("r = Relu (x)\ny = Add (r, x)", {}),
            ("r = Reshape (x, s)\ny = Transpose <perm=[1,0]> (r)", {"s": known(ints(2, -1))}),
            ("r = Reshape (x, s)\ny = Softmax <axis=1> (r)", {"s": known(ints(0, 0, 1, -1))}),
            (
                "y = Slice (x, b, e, a)",
                {"b": known(ints(1)), "e": known(ints(7)), "a": known(ints(1))},
            ),
        )
    ),
]


@pytest.mark.parametrize("behind_convolution", CASES, ids=str)
def test_behind_a_convolution(behind_convolution):
    check(behind_convolution)


def gradients(*space):
    """Of a convolution's weight, through a BatchNormalization that trains."""
    layer = case(
        15,
        "x = Conv (d, w)\ny = BatchNormalization (x, g, b, m, v)",
        d=np.linspace(-1, 1, 8 * 30, dtype="float32").reshape(2, 4, *space) ** 3,
        w=known(np.cos(np.arange(64, dtype="float32")).reshape(16, 4, *(1 for _ in space))),
        **{n: known(np.ones(16, "float32")) for n in "gbmv"},
    )
    symbol, arg_params, aux_params = import_model(layer.model())
    executor = symbol.simple_bind(mx.cpu(), d=layer.inputs["d"].shape)
    executor.copy_params_from(arg_params, aux_params)
    (y,) = executor.forward(is_train=True, d=mx.nd.array(layer.inputs["d"]))
    executor.backward(mx.nd.array(np.sin(np.arange(y.size))).reshape(y.shape))
    return executor.grad_dict["w"].asnumpy().ravel()


@pytest.mark.parametrize("space", [(30,), (2, 3, 5)])
def test_training_over_other_than_two_axes_of_space(space):
    np.testing.assert_allclose(gradients(*space), gradients(6, 5), 1e-4, 1e-4)


@pytest.mark.parametrize("text", ["y = Concat <axis=1> (p, q)", "y = Concat <axis=1> (q, x, p)"])
def test_training_through_slices(text):
    """Of channels that begin or end within MKLDNN's blocks of them."""
    parts = behind(
        f"p = Slice (x, b, e, a)\nq = Slice (x, e, f, a)\n{text}",
        b=known(ints(0)),
        e=known(ints(5)),
        f=known(ints(16)),
        a=known(ints(1)),
    )
    symbol, arg_params, aux_params = import_model(parts.model())
    data = parts.inputs["d"]
    executor = symbol.simple_bind(mx.cpu(), d=data.shape)
    executor.copy_params_from(arg_params, aux_params)
    (y,) = executor.forward(is_train=True, d=mx.nd.array(data))
    executor.backward(mx.nd.ones(y.shape))
    times = np.full(16, text.count("x,") + 1)
    wanted = np.multiply.outer(times, data.sum((0, 2, 3)))
    np.testing.assert_allclose(executor.grad_dict["w"].asnumpy()[..., 0, 0], wanted, 1e-4, 1e-4)


#: What a convolution reads, of ``d`` of shape (2, 24, 6).
READ = {
    "LRN": "r = Reshape (d, s)\ny = LRN <size=3, alpha=0.1, beta=0.6, bias=2.0> (r)",
    "BatchNormalization": "y = BatchNormalization (d, g, g, g, v)",
    "parts of 12 and 24": "p, q = Split <axis=1> (d)\ny = Concat <axis=1> (p, d, q)",
    "parts of 24": "n = Neg (d)\ny = Concat <axis=1> (n, d)",
}


@pytest.mark.parametrize("name", READ)
def test_gradients_that_a_convolution_hands_back(name):
    """In MKLDNN's layout; differences of what the network gives tell whether they are right."""
    channels, spread = (48 if "parts" in name else 24), (1, 1) if name == "LRN" else (1,)
    values = {
        "s": known(ints(2, 24, 3, 2)),
        "g": known(np.linspace(0.5, 1, 24, dtype="float32")),
        "v": known(np.linspace(1, 2, 24, dtype="float32")),
    }
    model = case(
        15,
        f"{READ[name]}\nz = Conv (y, w)",
        d=normal(2, 24, 6),
        w=known(16, channels, *spread),
        **{n: a for n, a in values.items() if f" {n}" in READ[name]},
    )
    symbol, arg_params, aux_params = import_model(model.model())
    executor = symbol.simple_bind(mx.cpu(), d=(2, 24, 6))
    executor.copy_params_from(arg_params, aux_params)
    data = model.inputs["d"]
    (z,) = executor.forward(is_train=True, d=mx.nd.array(data))
    head = normal(*z.shape)
    executor.backward(mx.nd.array(head))
    gradient = executor.grad_dict["d"].asnumpy()

    def moved(step):
        return (executor.forward(is_train=True, d=mx.nd.array(step))[0].asnumpy() * head).sum()

    for channel in range(24):
        step = np.zeros_like(data)
        step[:, channel] = 0.01 * np.sign(gradient[:, channel])
        found = moved(data + step) - moved(data - step)
        wanted = 0.02 * np.abs(gradient[:, channel]).sum()
        assert abs(found - wanted) < 0.02 * 0.02 * np.abs(gradient).sum(axis=(0, 2)).max()
