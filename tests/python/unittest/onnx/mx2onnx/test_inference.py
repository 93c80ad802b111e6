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
"""Sizes with names, against the sizes that ONNX infers when the names are numbers."""

import itertools

import numpy as np
import pytest
from mxnet.contrib.onnx.mx2onnx.emitter import Emitter
from mxnet.contrib.onnx.mx2onnx.inference import TensorType

F32 = np.dtype(np.float32)
SIZES = {"N": (1, 3), "H": (17, 24, 31), "W": (19, 32)}
WINDOWS = [
    {"kernel_shape": [k, k], "strides": [s, s], "pads": [p, 0, p, q], "dilations": [d, 1]}
    for k, s, p, q, d in itertools.product((1, 3), (1, 2, 3), (0, 1), (0, 2), (1, 2))
    if p < k
]
WEIGHT = {k: np.ones((4, 2, k, k), np.float32) for k in (1, 3)}


def cases():
    for window in WINDOWS:
        kernel = window["kernel_shape"][0]
        yield "Conv", lambda op, x, w=window, k=kernel: op.Conv(x, op.constant(WEIGHT[k]), **w)
        plain = {k: v for k, v in window.items() if k != "dilations"}
        if max(plain["pads"]) < kernel:
            yield (
                "MaxPool",
                lambda op, x, w=plain, s=window["dilations"][0]: op.MaxPool(
                    x, **w, ceil_mode=s - 1
                ),
            )
            yield "AveragePool", lambda op, x, w=plain: op.AveragePool(x, **w)
        if window["dilations"] == [1, 1]:
            weight = np.ones((2, 4, kernel, kernel), np.float32)
            yield (
                "ConvTranspose",
                lambda op, x, w=window, v=weight: op.ConvTranspose(
                    x, op.constant(v), **w, output_padding=[w["strides"][0] - 1, 0]
                ),
            )
    yield "Resize", lambda op, x: op.Resize(x, scales=np.float32([1, 1, 2, 3]))
    yield "Pad", lambda op, x: op.Pad(x, pads=[0, 0, 1, 2, 0, 1, 3, 0])
    yield "Slice", lambda op, x: op.Slice(x, starts=[2, 0], ends=[2**63 - 1, -3], axes=[2, 3])
    yield "Reshape", lambda op, x: op.Reshape(x, shape=[0, 2, 0, 0, 1])
    yield "Reshape, one size left over", lambda op, x: op.Reshape(x, shape=[0, -1, 0, 0, 1])
    yield (
        "Reshape, a batch apart",
        lambda op, x: op.Reshape(op.Transpose(x, perm=[1, 0, 2, 3]), shape=[1, -1, 0, 0]),
    )
    yield (
        "Range below a size",
        lambda op, x: op.Range(
            np.int64(0), op.Gather(op.Shape(x), op.constant(2, np.int64)), np.int64(1)
        ),
    )
    yield (
        "Reshape by a computed shape",
        lambda op, x: op.Reshape(
            x,
            op.Concat(
                op.Gather(op.Shape(x), op.constant([0])),
                op.Mul(op.Gather(op.Shape(x), op.constant([2])), op.constant([2])),
                op.Slice(op.Shape(x), starts=[3], ends=[4]),
                axis=0,
            ),
        ),
    )
    yield (
        "Expand by a computed shape",
        lambda op, x: op.Expand(
            op.constant(np.float32([[1], [2]])),
            op.Concat(op.constant([1]), op.Sub(op.Shape(x, start=2, end=3), [1]), axis=0),
        ),
    )


CASES = list(cases())


@pytest.mark.parametrize("name, write", CASES, ids=[f"{n}-{k}" for k, (n, _) in enumerate(CASES)])
def test_named_sizes_are_right(name, write):
    def dims(n, h, w):
        op = Emitter(17, {"x": TensorType(F32, (n, 2, h, w))})
        return op.type(write(op, "x")).dims

    named = dims("N", "H", "W")
    assert named is not None and None not in named
    for n, h, w in itertools.product(*SIZES.values()):
        numbers = tuple(eval(str(d), {"N": n, "H": h, "W": w}) for d in named)
        assert numbers == dims(n, h, w)


def test_two_branches_that_shrink_alike_add_up():
    op = Emitter(17, {"x": TensorType(F32, ("N", 2, "H", "W"))})
    one = op.Conv("x", op.constant(WEIGHT[1]), strides=[2, 2])
    two = op.Conv("x", op.constant(WEIGHT[3]), strides=[2, 2], pads=[1, 1, 1, 1])
    assert op.type(op.Add(one, two)).dims == ("N", 4, "(H+1)//2", "(W+1)//2")


def test_names_are_not_invented_where_nothing_is_known():
    op = Emitter(17, {"x": TensorType(F32, ("N", "M")), "y": TensorType(F32, ("K", 1))})
    assert op.type(op.Add("x", "y")).dims[0] is None
    assert op.type(op.Reshape("x", shape=[-1])).dims == (None,)
