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
"""Import rows: normalisation over batches, layers, groups, channels and neighbours."""

import mxnet as mx
import numpy as np
import pytest
from import_cases import case, cases, check, known, normal, uniform
from mxnet.contrib.onnx import import_model


def _statistics(channels, dtype="float32", **more):
    """scale, b, mean and var of a batch normalisation."""
    return {
        "s": known(uniform(0.5, 2, channels, dtype=dtype)),
        "b": known(normal(channels, dtype=dtype)),
        "m": known(normal(channels, dtype=dtype)),
        "v": known(uniform(0.5, 2, channels, dtype=dtype)),
        **more,
    }


def _normalised(x, s, b, m, v, epsilon=1e-5):
    s, b, m, v = (t.reshape(-1, *[1] * (x.ndim - 2)) for t in (s, b, m, v))
    return ((x - m) / np.sqrt(v + epsilon) * s + b).astype(x.dtype)


_BN = "y = BatchNormalization {} (x, s, b, m, v)"
CASES = [
    *(
        case(v, _BN.format(""), x=normal(2, 3, 4, 5), dynamic=(2, 4, 5), **_statistics(3))
        for v in (7, 9, 14, 15)
    ),
    case(
        1,
        _BN.format("<is_test=1, consumed_inputs=[0,0,0,1,1]>"),
        x=normal(2, 3, 4, 5),
        **_statistics(3),
        expected=_normalised,
        dynamic=(2, 4, 5),
    ),
    case(
        6, _BN.format("<is_test=1>"), x=normal(2, 3, 4, 5), **_statistics(3), expected=_normalised
    ),
    case(6, _BN.format(""), x=normal(2, 3, 4, 5), **_statistics(3), expected=_normalised),
    case(15, _BN.format("<epsilon=0.1>"), x=normal(2, 3), **_statistics(3), dynamic=(2,)),
    case(15, _BN.format("<epsilon=1e-7>"), x=normal(2, 3, 6), **_statistics(3), dynamic=(2, 6)),
    case(15, _BN.format(""), x=normal(2, 3, 4, 5, 6), **_statistics(3), dynamic=(2, 4, 5, 6)),
    case(
        15,
        _BN.format(""),
        x=normal(2, 3, 4, dtype="float64"),
        **_statistics(3, "float64"),
        expected=_normalised,
    ),
    case(
        15,
        _BN.format(""),
        x=normal(2, 3, 4, dtype="float16"),
        **_statistics(3),
        expected=_normalised,
    ),
    case(
        9,
        _BN.format(""),
        x=normal(2, 3, 4, dtype="float16"),
        **_statistics(3, "float16"),
        expected=_normalised,
    ),
    case(
        15,
        _BN.format(""),
        x=normal(2, 3, 4, 5),
        s=normal(3),
        b=normal(3),
        m=normal(3),
        v=uniform(0.5, 2, 3),
        dynamic=(2, 4, 5),
    ),
    case(
        7,
        _BN.format("<spatial=0>"),
        x=normal(2, 3, 4),
        s=known(3, 4),
        b=known(3, 4),
        m=known(3, 4),
        v=known(uniform(0.5, 2, 3, 4)),
        dynamic=(2,),
        expected=lambda x, s, b, m, v: (x - m) / np.sqrt(v + 1e-5) * s + b,
    ),
    case(
        15,
        "y, rm, rv = BatchNormalization <training_mode=1> (x, s, b, m, v)",
        x=normal(2, 3, 4, 5),
        dynamic=(2, 4, 5),
        **_statistics(3),
    ),
    case(
        14,
        "y, rm, rv = BatchNormalization <training_mode=1, momentum=0.7> (x, s, b, m, v)",
        x=normal(2, 3, 4, 5),
        **_statistics(3),
    ),
    *(
        case(
            v,
            "y, rm, rv, sm, sv = BatchNormalization (x, s, b, m, v)",
            x=normal(2, 3, 4, 5),
            dynamic=(2, 4, 5),
            **_statistics(3),
            expected=lambda x, s, b, m, v: _trained(x, s, b, m, v),
        )
        for v in (6, 7, 9)
    ),
    *(
        case(
            v,
            "y = InstanceNormalization <epsilon=0.01> (x, s, b)",
            x=normal(2, 3, 4, 5),
            s=known(3),
            b=known(3),
            dynamic=(2, 4, 5),
            **({"as_opset": 6} if v != 6 else {}),
        )
        for v in (1, 6, 22)
    ),
    case(
        6,
        "y = InstanceNormalization (x, s, b)",
        x=normal(2, 3, 7),
        s=known(3),
        b=known(3),
        dynamic=(2, 7),
    ),
    case(6, "y = InstanceNormalization (x, s, b)", x=normal(2, 3, 4, 5, 6), s=known(3), b=known(3)),
    case(
        6,
        "y = InstanceNormalization (x, s, b)",
        x=normal(2, 3, 4, 5),
        s=normal(3),
        b=normal(3),
        dynamic=(2, 4, 5),
    ),
    case(
        6,
        "y = InstanceNormalization (x, s, b)",
        x=normal(2, 3, 4, dtype="float64"),
        s=known(3, dtype="float64"),
        b=known(3, dtype="float64"),
        expected="reference",
    ),
    case(
        6,
        "y = InstanceNormalization (x, s, b)",
        x=normal(2, 3, 4, dtype="float16"),
        s=known(3, dtype="float16"),
        b=known(3, dtype="float16"),
        expected="reference",
        tolerance=(1e-2, 1e-2),
    ),
]


def _trained(x, s, b, m, v, momentum=0.9):
    """Normalised by the batch, the running statistics, the batch's."""
    axes = (0, *range(2, x.ndim))
    mean, var = x.mean(axes), x.var(axes)
    y = _normalised(x, s, b, mean, var)
    keep = np.float32(momentum)
    return y, m * keep + mean * (1 - keep), v * keep + var * (1 - keep), mean, var


for _axis, _shape in ((-1, (5,)), (1, (4, 5)), (-2, (4, 5)), (0, (3, 4, 5)), (2, (5,))):
    _rest = (3, 4, 5)[: 3 - len(_shape)]
    for _outputs in ("y", "y, m", "y, m, d"):
        _text = f"{_outputs} = LayerNormalization <axis={_axis}> (x, s, b)"
        _arrays = {"x": normal(3, 4, 5), "s": known(*_shape), "b": known(*_shape)}
        CASES.append(case(17, _text, **_arrays, dynamic=_rest or False))
CASES += [
    case(17, "y = LayerNormalization (x, s)", x=normal(3, 4, 5), s=known(5), dynamic=(3, 4)),
    case(
        17,
        "y, m, d = LayerNormalization (x, s)",
        x=normal(3, 4, 5, dtype="float64"),
        s=known(5, dtype="float64"),
        tolerance=(1e-6, 1e-6),
    ),
    case(
        17,
        "y = LayerNormalization (x, s)",
        x=normal(3, 4, 5, dtype="float64"),
        s=known(5, dtype="float64"),
    ),
    case(
        17,
        "y = LayerNormalization (x, s, b)",
        x=normal(3, 4, 5, dtype="float16"),
        s=known(5, dtype="float16"),
        b=known(5, dtype="float16"),
        expected="reference",
    ),
    case(
        17,
        "y = LayerNormalization <stash_type=11> (x, s)",
        x=normal(3, 4, 5),
        s=known(5),
        refused="stash_type",
    ),
    case(
        18,
        "y = GroupNormalization <num_groups=3> (x, s, b)",
        x=normal(2, 6, 4, 5),
        s=known(3),
        b=known(3),
        dynamic=(2, 4, 5),
        expected="reference",
    ),
    case(
        21,
        "y = GroupNormalization <num_groups=3> (x, s, b)",
        x=normal(2, 6, 4, 5),
        s=known(6),
        b=known(6),
        dynamic=(2, 4, 5),
    ),
    case(
        21,
        "y = GroupNormalization <num_groups=2, epsilon=0.1> (x, s, b)",
        x=normal(2, 6, 7),
        s=known(6),
        b=known(6),
    ),
    case(
        21,
        "y = GroupNormalization <num_groups=2> (x, s, b)",
        x=normal(2, 6, 7, dtype="float64"),
        s=known(6, dtype="float64"),
        b=known(6, dtype="float64"),
        expected=lambda x, s, b: _grouped(x, 2) * s[:, None] + b[:, None],
    ),
    case(
        21,
        "y = GroupNormalization <num_groups=4> (x, s, b)",
        x=normal(2, 6, 7),
        s=known(6),
        b=known(6),
        refused="num_groups=4 does not divide",
    ),
    case(23, "y = RMSNormalization (x, s)", x=normal(3, 4, 5), s=known(5), dynamic=(3, 4)),
    case(
        23,
        "y = RMSNormalization <axis=1, epsilon=0.1> (x, s)",
        x=normal(3, 4, 5),
        s=known(4, 5),
        dynamic=(3,),
    ),
    case(9, "y = MeanVarianceNormalization (x)", x=normal(2, 3, 4, 5), dynamic=(2, 4, 5)),
    case(13, "y = MeanVarianceNormalization <axes=[1, 2]> (x)", x=normal(2, 3, 4, 5), dynamic=True),
    *cases((1, 22), "y = LpNormalization (x)", x=normal(2, 3, 4), dynamic=True),
    *cases((1, 22), "y = LpNormalization <axis=1, p=1> (x)", x=normal(2, 3, 4), dynamic=True),
    case(22, "y = LpNormalization (x)", x=np.zeros((2, 3, 4), "float32")),
    *cases(
        (1, 13),
        "y = LRN <size=3, alpha=0.1, beta=0.6, bias=2.0> (x)",
        x=normal(2, 7, 4, 5),
        dynamic=(2, 4, 5),
    ),
    case(13, "y = LRN <size=5> (x)", x=normal(2, 7, 4, 5)),
    case(
        13,
        "y = LRN <size=4, alpha=0.5> (x)",
        x=normal(2, 7, 4, 5),
        dynamic=(2, 4, 5),
        expected=lambda x: _over_neighbours(x, 1, 2),
    ),
    case(
        13,
        "y = LRN <size=3, alpha=0.5> (x)",
        x=normal(2, 7, 4),
        expected=lambda x: _over_neighbours(x, 1, 1),
    ),
]


def _grouped(x, count):
    groups = x.reshape(x.shape[0], count, -1)
    centred = groups - groups.mean(2, keepdims=True)
    return (centred / np.sqrt(groups.var(2, keepdims=True) + 1e-5)).reshape(x.shape)


def _over_neighbours(x, below, above, alpha=0.5, beta=0.75, bias=1.0):
    squares = [(x[:, max(c - below, 0) : c + above + 1] ** 2).sum(1) for c in range(x.shape[1])]
    return x / (bias + alpha / (below + above + 1) * np.stack(squares, 1)) ** beta


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


def test_batch_normalisation_learns_its_statistics():
    """Training normalises by the batch and moves the statistics, with the momentum of the node."""
    example = case(15, _BN.format("<momentum=0.7>"), x=normal(4, 3, 5), **_statistics(3))
    symbol, arg_params, aux_params = import_model(example.model())
    executor = symbol.simple_bind(mx.cpu(), x=(4, 3, 5))
    executor.copy_params_from(arg_params, aux_params)
    x = example.arrays["x"]
    known_arrays = {n: a.array for n, a in example.arrays.items() if n != "x"}
    y, mean, var, _, _ = _trained(x, **known_arrays, momentum=0.7)
    executor.forward(is_train=True, x=mx.nd.array(x))
    executor.backward(mx.nd.ones((4, 3, 5)))
    mx.nd.waitall()  # reading a state does not wait for the backward pass that moves it
    np.testing.assert_allclose(executor.outputs[0].asnumpy(), y, 1e-4, 1e-4)
    moved = [a.asnumpy() for a in executor.aux_arrays]
    np.testing.assert_allclose(moved[0], mean, 1e-4, 1e-4)
    np.testing.assert_allclose(moved[1], var, 1e-4, 1e-4)


@pytest.mark.parametrize("shared", ["s, b, b, s", "s, s, s, s", "b, s, s, s", "b, b, s, s"])
def test_training_keeps_scale_and_bias_apart_from_the_statistics(shared):
    """Files in which equal initializers are one: what training does to a state stays there."""
    model = case(
        15,
        f"y = BatchNormalization (x, {shared})",
        x=normal(4, 3, 5),
        s=known(np.ones(3, "float32")),
        b=known(np.full(3, 2, "float32")),
    )
    symbol, arg_params, aux_params = import_model(model.model())
    assert len(aux_params) == 2 and not set(arg_params) & set(aux_params)
    executor = symbol.simple_bind(mx.cpu(), x=(4, 3, 5))
    executor.copy_params_from(arg_params, aux_params)
    x = mx.nd.array(model.inputs["x"])
    first = executor.forward(is_train=True, x=x)[0].asnumpy()
    executor.backward(mx.nd.ones(x.shape))
    mx.nd.waitall()
    second = executor.forward(is_train=True, x=x)[0].asnumpy()
    np.testing.assert_array_equal(first, second)
    mean, variance = (executor.aux_dict[n].asnumpy() for n in symbol.list_auxiliary_states())
    start = {"s": 1, "b": 2}
    old = [start[n] for n in shared.split(", ")[2:]]
    data = model.inputs["x"]
    np.testing.assert_allclose(mean, 0.9 * old[0] + 0.1 * data.mean((0, 2)), 1e-4, 1e-4)
    np.testing.assert_allclose(variance, 0.9 * old[1] + 0.1 * data.var((0, 2)), 1e-4, 1e-4)
