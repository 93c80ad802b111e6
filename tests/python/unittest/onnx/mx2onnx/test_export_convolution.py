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
"""Export rows of the convolution family."""

import dataclasses

import numpy as np
import pytest
from export_cases import OPSETS, case, checks, data, weight
from running import Session

X = data(2, 4, 7, 6)
PLAIN = {"num_filter": 6, "kernel": (3, 2)}
F64 = {"dtype": "float64"}

CONVOLUTION = [
    case("Convolution", X, weight(6, 4, 3, 2), weight(6), **PLAIN),
    case("Convolution", X, weight(6, 4, 3, 2), no_bias=True, **PLAIN),
    case("Convolution", X, weight(6, 2, 3, 2), weight(6), num_group=2, stride=(2, 1), pad=(1, 0),
         dilate=(1, 2), **PLAIN),
    case("Convolution", X, weight(4, 1, 3, 3), no_bias=True, num_filter=4, kernel=(3, 3),
         num_group=4, pad=(1, 1), layout="NCHW", cudnn_tune="off", workspace=512),
    case("Convolution", X, data(6, 4, 3, 2, fixed=(2, 3)), data(6), **PLAIN),
    case("Convolution", data(2, 4, 7), weight(6, 4, 3), weight(6), num_filter=6, kernel=(3,),
         stride=(2,), pad=(1,)),
    case("Convolution", data(2, 4, 5, 6, 7), weight(6, 4, 3, 2, 2), weight(6), num_filter=6,
         kernel=(3, 2, 2), stride=(2, 1, 2), pad=(1, 1, 0)),
    case("Convolution", data(2, 4, 7, 6, **F64), weight(6, 4, 3, 2, **F64), weight(6, **F64),
         **PLAIN).but(runtime="reference"),
    case("Convolution", data(2, 3, 7, 6), weight(6, 4, 3, 2), no_bias=True,
         **PLAIN).but(refused="for 4 channels, the data has 3"),
    case("Convolution_v1", X, weight(6, 4, 3, 2), weight(6), pad=(1, 1), **PLAIN),
]  # fmt: skip

DECONVOLUTION = [
    case("Deconvolution", X, weight(4, 6, 3, 2), **PLAIN),
    case("Deconvolution", X, weight(4, 6, 3, 2), weight(6), no_bias=False, **PLAIN),
    case("Deconvolution", X, weight(4, 3, 3, 2), num_group=2, stride=(2, 3), pad=(1, 0),
         adj=(1, 2), **PLAIN),
    case("Deconvolution", X, weight(4, 6, 3, 2), dilate=(2, 1), **PLAIN),
    case("Deconvolution", X, weight(4, 1, 4, 4), num_filter=4, kernel=(4, 4), stride=(2, 2),
         pad=(1, 1), num_group=4),
    case("Deconvolution", data(2, 4, 7), weight(4, 6, 3), num_filter=6, kernel=(3,), stride=(2,),
         pad=(1,), adj=(1,)),
    case("Deconvolution", data(2, 4, 3, 4, 5), weight(4, 6, 3, 2, 2), num_filter=6,
         kernel=(3, 2, 2), stride=(2, 1, 2)),
    *(case("Deconvolution", X, weight(4, 6, 3, 2), stride=(2, 2), target_shape=t,
           **PLAIN).but(mkldnn=False) for t in ((14, 12), (13, 11))),
    case("Deconvolution", X, weight(4, 6, 3, 2), stride=(2, 2), target_shape=(40, 12),
         **PLAIN).but(refused="target_shape .* larger"),
]  # fmt: skip

test_convolution = checks([*CONVOLUTION, *DECONVOLUTION])


def last(array):
    """The axis of the channels moved from the second place to the end."""
    return np.moveaxis(array, 1, -1) if array.ndim > 2 else array


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize(
    ("first", "layout"),
    [
        (CONVOLUTION[0], "NHWC"),
        (CONVOLUTION[2], "NHWC"),
        (CONVOLUTION[6], "NDHWC"),
        (DECONVOLUTION[1], "NHWC"),
        (DECONVOLUTION[2], "NHWC"),
        (DECONVOLUTION[6], "NDHWC"),
    ],
    ids=str,
)
def test_channels_last(first, layout, named, opset):
    """MXNet has these layouts on GPUs alone: it judges the same numbers with the channels first."""
    arrays = {n: last(first.arrays[n]) for n in first.names}
    inputs = [
        dataclasses.replace(a, shape=arrays[n].shape, fixed=(-1,))
        for n, a in zip(first.names, first.inputs)
    ]
    moved = case(first.op_type, *inputs, **first.attrs, layout=layout)
    moved.__dict__["arrays"] = arrays
    file = moved.exported(opset, named)
    (actual,) = Session(file)({first.names[0]: arrays[first.names[0]]})
    np.testing.assert_allclose(actual, last(first.expected[0]), 1e-4, 1e-5)
