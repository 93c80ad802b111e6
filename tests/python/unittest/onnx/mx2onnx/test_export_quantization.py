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
"""Quantised operators that are no layers: levels are equal, not near."""

from export_cases import case, checks, data, values, weight

#: Two ends of a range, and of a wider one.
ONE, TWO = (values([-1.0]), values([1.0])), (values([-2.0]), values([2.0]))
CALIBRATED = {"min_calib_range": -1.5, "max_calib_range": 1.5}
POSITIVE = {"min_calib_range": 0.0, "max_calib_range": 1.5}


def int8(*shape, **more):
    return data(*shape, dtype="int8", low=-128, high=127, **more)


def uint8(*shape, **more):
    return data(*shape, dtype="uint8", low=0, high=255, **more)


def int32(*shape, **more):
    return data(*shape, dtype="int32", low=-20000, high=20000, **more)


X = data(2, 3, 4, 5)
#: int32 that were float32 on the way; and levels of numbers that lie between two of them.
SUM, NEAR = (3e-7, 0), (0, 1)
SUMS = (int32(2, 3, 4), values([-133000.0]), values([133000.0]))
CASES = [
    *(
        case("_contrib_quantize_v2", X, out_type=out_type, **more)
        for out_type in ("int8", "uint8", "auto")
        for more in ({}, CALIBRATED, POSITIVE)
    ),
    case("_contrib_quantize_v2", data(2, 3, low=1.0), out_type="int8"),
    case("_contrib_quantize_v2", int8(2, 3)),
    case("_contrib_quantize_v2", int8(2, 3), **CALIBRATED),
    case("_contrib_quantize_v2", uint8(2, 3), out_type="uint8"),
    case("_contrib_quantize_v2", uint8(2, 3)).but(refused="byte by byte"),
    case("_contrib_quantize_v2", X, min_calib_range=0.0, max_calib_range=0.0).but(
        refused="calibrated range is 0"
    ),
    *(case("_contrib_quantize", X, *ONE, out_type=out_type) for out_type in ("int8", "uint8")),
    *(case("_contrib_dequantize", x, *TWO) for x in (int8(2, 3, 4), uint8(2, 3, 4))),
    *(
        case("_contrib_requantize", *SUMS, out_type=out_type, **more)
        for out_type in ("int8", "uint8", "auto")
        for more in ({}, CALIBRATED, POSITIVE)
    ),
    case("_contrib_quantize_asym", data(3, 2, 4)),
    case("_contrib_quantize_asym", data(3, 2, 4), min_calib_range=-1.0, max_calib_range=1.5),
    case("_contrib_quantize_asym", int8(3, 2, 4)).but(refused="byte by byte"),
]

IMAGES = (int8(2, 3, 6, 7), uint8(2, 3, 6, 7))
POOL = {"kernel": (3, 3), "stride": (2, 2)}
CASES += [
    *(case("_contrib_quantized_flatten", x, *ONE) for x in IMAGES),
    *(case("_contrib_quantized_act", x, *ONE, act_type="relu") for x in IMAGES),
    *(
        case("_contrib_quantized_pooling", x, *ONE, pool_type=kind, **more)
        for x in IMAGES
        for kind in ("max", "avg")
        for more in (
            POOL,
            {**POOL, "pad": (1, 1)},
            {**POOL, "pooling_convention": "full"},
            {"kernel": (2, 2), "global_pool": True},
        )
    ),
    case(
        "_contrib_quantized_pooling",
        IMAGES[0],
        *ONE,
        pool_type="avg",
        pad=(1, 1),
        count_include_pad=False,
        **POOL,
    ),
    case("_contrib_quantized_pooling", IMAGES[0], *ONE, pool_type="sum", **POOL).but(
        refused="no quantised pooling sum"
    ),
    *(
        case("_contrib_quantized_concat", x, y, *ONE, *TWO, num_args=2, dim=1)
        for x in IMAGES
        for y in IMAGES
    ),
    case("_contrib_quantized_concat", *IMAGES[:1] * 3, *ONE, *TWO, *ONE, num_args=3, dim=2),
]

PAIRS = [(x, y) for x in IMAGES for y in IMAGES]
CASES += [
    *(case("_contrib_quantized_elemwise_add", x, y, *ONE, *TWO, **CALIBRATED) for x, y in PAIRS),
    *(case("_contrib_quantized_elemwise_add", x, y, *ONE, *TWO, **POSITIVE) for x, y in PAIRS),
    *(case("_contrib_quantized_elemwise_add", x, x, *ONE, *TWO).but(levels=SUM) for x in IMAGES),
    *(
        case("_contrib_quantized_elemwise_add", x, y, *ONE, *TWO).but(refused="loses the uint8")
        for x, y in (IMAGES, IMAGES[::-1])
    ),
    *(
        case("_contrib_quantized_elemwise_mul", int8(2, 3, 4), int8(2, 3, 4), *ONE, *TWO, **more)
        for more in ({}, CALIBRATED, {"enable_float_output": True})
    ),
    case("_contrib_quantized_elemwise_mul", uint8(2, 3, 4), int8(2, 3, 4), *ONE, *TWO).but(
        refused="multiplies int8 alone"
    ),
]

STATISTICS = tuple(weight(3, low=0.5, high=1.5) for _ in range(4))
CASES += [
    *(
        case("_contrib_quantized_batch_norm", x, *STATISTICS, *ONE, **CALIBRATED, **more).but(
            levels=NEAR
        )
        for x in IMAGES
        for more in ({}, {"fix_gamma": False, "eps": 1e-3})
    ),
    case("_contrib_quantized_batch_norm", IMAGES[0], *STATISTICS, *ONE).but(
        refused="calibrated range alone"
    ),
    case(
        "_contrib_quantized_embedding",
        values([[[0, 4], [7, -1]]]),
        weight(5, 3, dtype="int8", low=-128, high=127),
        *ONE,
        input_dim=5,
        output_dim=3,
    ),
]
test_quantization = checks(CASES)
