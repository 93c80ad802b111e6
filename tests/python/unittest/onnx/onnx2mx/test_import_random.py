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
"""Import rows: operators that draw random numbers, in inference and in training."""

import mxnet as mx
import numpy as np
import pytest
from import_cases import array, bools, case, cases, check, known, normal
from mxnet.contrib.onnx import backend, import_model

_X = {"x": normal(2, 3, 4)}
CASES = [
    *cases((7, 10), "y = Dropout <ratio=0.3> (x)", **_X, dynamic=True),
    case(
        1,
        "y = Dropout <is_test=1, consumed_inputs=[0]> (x)",
        **_X,
        expected=lambda x: x,
        dynamic=True,
    ),
    case(6, "y, m = Dropout <is_test=1> (x)", **_X, expected=lambda x: (x, np.zeros_like(x))),
    case(7, "y, m = Dropout <ratio=0.3> (x)", **_X, dynamic=True),
    case(10, "y, m = Dropout <ratio=0.3> (x)", **_X, dynamic=True),
    *cases((12, 13, 22), "y, m = Dropout (x, r)", **_X, r=known(array(0.3)), dynamic=True),
    *cases((12, 13, 22), "y = Dropout (x)", **_X),
    case(13, "y, m = Dropout (x, r, t)", **_X, r=known(array(0.0)), t=known(array(True, bool))),
    case(13, "y = Dropout (x, r)", **_X, r=known(array(1.5)), refused="ratio=1.5"),
]

#: Distributions of which every number is the same.
_ONE = array(np.tile(np.where(np.arange(5) == 3, 0, -np.inf), (2, 1)))
for _version in (1, 22):
    CASES += [
        case(_version, "y = RandomNormal <shape=[2, 3], mean=1.5, scale=0.0> ()",
             expected=lambda: np.full((2, 3), 1.5, "float32")),
        case(_version, "y = RandomUniform <shape=[1], low=2.0, high=2.0, dtype=11> ()",
             expected=lambda: np.full(1, 2.0)),
        case(_version, "y = RandomNormalLike <mean=1.5, scale=0.0> (x)", **_X, dynamic=True,
             expected=lambda x: np.full_like(x, 1.5)),
        case(_version, "y = RandomUniformLike <low=2.0, high=2.0, dtype=10> (x)",
             x=_X["x"].astype("float64"), dynamic=True,
             expected=lambda x: np.full(x.shape, 2, "float16")),
    ]  # fmt: skip
for _version in (15, 22):
    CASES += [
        case(_version, "y = Bernoulli (x)", x=bools(2, 3, 4).astype("float32"), dynamic=True,
             expected=lambda x: x),
        case(_version, "y = Bernoulli <dtype=9> (x)", x=bools(2, 3, 4).astype("float64"),
             expected=lambda x: x > 0),
    ]  # fmt: skip
for _version in (7, 22):
    CASES += [
        case(_version, "y = Multinomial <sample_size=4> (x)", x=_ONE, dynamic=(2,),
             expected=lambda x: np.full((len(x), 4), 3, "int32")),
        case(_version, "y = Multinomial <dtype=7> (x)", x=_ONE,
             expected=lambda x: np.full((2, 1), 3)),
    ]  # fmt: skip
CASES += [
    case(22, "y = RandomNormal <shape=[2], dtype=6> ()", refused="int32"),
    case(22, "y = RandomNormalLike (x)", x=array([1, 2], "int32"), refused="int32"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


def test_dropout_drops_while_training():
    model = case(
        13, "y = Dropout (x, r)", x=np.ones((50, 40), "float32"), r=known(array(0.25))
    ).model()
    symbol, _, _ = import_model(model)
    executor = symbol.simple_bind(mx.cpu(), x=(50, 40))
    y = executor.forward(is_train=True, x=mx.nd.ones((50, 40)))[0].asnumpy()
    assert set(np.unique(y.round(4))) == {0, np.float32(4 / 3).round(4)}
    assert abs((y == 0).mean() - 0.25) < 0.05


# -- distributions -----------------------------------------------------------------------------


def drawn(text, opset=22, **inputs):
    """Outputs of one node, run at once."""
    given = case(opset, text, **inputs)
    return backend.prepare(given.model()).run(given.inputs)


@pytest.mark.parametrize("dtype, number", [("float16", 10), ("float32", 1), ("float64", 11)])
def test_normal_and_uniform_numbers(dtype, number):
    (y,) = drawn(f"y = RandomNormal <shape=[100, 90], mean=3.0, scale=2.0, dtype={number}> ()")
    assert y.dtype == dtype and y.shape == (100, 90)
    assert abs(y.astype("float64").mean() - 3) < 0.1
    assert abs(y.astype("float64").std() - 2) < 0.1
    (y,) = drawn(f"y = RandomUniform <shape=[9000], low=-1.0, high=3.0, dtype={number}> ()")
    assert y.dtype == dtype and -1 <= y.min() < -0.9 and 2.9 < y.max() <= 3
    assert np.histogram(y, 8)[0].min() > 900


def test_what_the_seed_of_mxnet_repeats():
    text = "y = RandomNormalLike <seed=3.0> (x)"
    results = []
    for seed in (5, 5, 6):
        mx.random.seed(seed)
        results.append(drawn(text, x=np.zeros(9, "float32"))[0])
    np.testing.assert_array_equal(results[0], results[1])
    assert (results[0] != results[2]).any()


def test_numbers_are_drawn_anew_at_every_run_of_a_symbol():
    symbol, _, _ = import_model(case(22, "y = RandomUniformLike (x)", x=np.zeros(9, "f4")).model())
    executor = symbol.simple_bind(mx.cpu(), x=(9,))
    first, second = (executor.forward()[0].asnumpy() for _ in range(2))
    assert (first != second).any()


def test_chances():
    chance = np.repeat(np.float32([[0, 0.2, 0.9, 1]]), 9000, 0)
    (y,) = drawn("y = Bernoulli (x)", x=chance)
    assert set(np.unique(y)) == {0, 1}
    np.testing.assert_allclose(y.mean(0), chance[0], atol=0.03)


def test_chances_of_several():
    weights = np.float32([[1, 3, 0, 4], [5, 1, 1, 1]])
    with np.errstate(divide="ignore"):
        logarithms = np.log(weights)
    (y,) = drawn("y = Multinomial <sample_size=9000> (x)", x=logarithms)
    assert y.dtype == np.int32 and y.shape == (2, 9000)
    shares = [np.bincount(row, minlength=4) / 9000 for row in y]
    np.testing.assert_allclose(shares, weights / 8, atol=0.03)


def test_the_mask_says_what_dropout_dropped():
    x = np.arange(1, 4001, dtype="float32").reshape(50, 80)
    given = {"r": known(array(0.25)), "t": known(array(True, bool))}
    y, mask = drawn("y, m = Dropout (x, r, t)", x=x, **given)
    assert mask.dtype == bool and abs(mask.mean() - 0.75) < 0.05
    np.testing.assert_allclose(y, np.where(mask, x / np.float32(0.75), 0), rtol=1e-6)
    (y,) = drawn("y = Dropout (x, r, t)", x=x, **given)
    assert abs((y == 0).mean() - 0.25) < 0.05
