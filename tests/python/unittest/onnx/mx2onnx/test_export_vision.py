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

"""Export rows of the vision family."""

import io

import mxnet as mx
import numpy as np
import pytest
from export_cases import OPSETS, case, checks, data
from mxnet.contrib.onnx import export_model
from running import Session

DTYPES = ("float32", "uint8")


def picture(*shape, dtype="float32", **more):
    """Numbers between 0 and 255, more than a batch's where a batch is given."""
    return data(*(shape or (6, 8, 3)), dtype=dtype, low=0, high=255, **more)


def image(name, array=None, **attrs):
    return case(f"_image_{name}", array or picture(), **attrs)


ONE = {"min_factor": 1.3, "max_factor": 1.3}

test_vision = checks([
    *(image("to_tensor", picture(*s, dtype=t)) for s in ((6, 8, 3), (2, 6, 8, 3)) for t in DTYPES),
    image("to_tensor", picture(dtype="float16")).but(tolerance=(1e-3, 1e-3)),
    image("to_tensor", picture(dtype="int32")),
    *(image("normalize", data(*s, fixed=(-3,)), mean=m, std=d)
      for s in ((3, 4, 5), (2, 3, 4, 5)) for m, d in (((1, 2, 3), (2, 3, 4)), ((1,), (2,)))),
    image("normalize", data(1, 4, 5), mean=(0.5,), std=(0.3,)),
    *(image("crop", picture(*s, dtype=t), x=2, y=1, width=4, height=3)
      for s in ((6, 8, 3), (2, 6, 8, 3)) for t in DTYPES),
    *(image(f"flip_{way}", picture(dtype=t)) for way in ("left_right", "top_bottom")
      for t in DTYPES),
    *(image("resize", picture(*s, fixed=(-1,)), size=z, interp=i)
      for s in ((6, 8, 3), (2, 9, 7, 3)) for z in ((5, 11), (4,)) for i in (0, 1, 2)),
    image("resize", picture(6, 9, 3), size=(4,), keep_ratio=True),
    image("resize", picture(9, 6, 3), size=(4,), keep_ratio=True),
    image("resize", picture(dtype="uint8"), size=(5, 11), interp=0),
    image("resize", picture(dtype="uint8"), size=(5, 11)).but(refused="fixed point"),
    image("resize", size=(5, 11), interp=4).but(refused="interp 4"),
    *(image("adjust_lighting", picture(6, 8, c, dtype=t, fixed=(-1,)), alpha=(0.5, -0.3, 2))
      for c, t in ((3, "float32"), (3, "uint8"))),
    *(image(f"random_{name}", picture(6, 8, c, dtype=t, fixed=(-1,)), **ONE).but(opsets=OPSETS[:2])
      for name in ("brightness", "contrast", "saturation") for c in (1, 3) for t in DTYPES),
    # MXNet leaves the memory as it was where there is nothing to turn.
    image("random_flip_left_right", picture(6, 1, 3))
    .but(opsets=OPSETS[:2], expected=lambda image: image),
    image("random_flip_top_bottom", picture(1, 8, 3))
    .but(opsets=OPSETS[:2], expected=lambda image: image),
    image("random_lighting", picture(6, 8, 3, fixed=(-1,)), alpha_std=0)
    .but(opsets=OPSETS[:2]),
])  # fmt: skip


def runs(name, array, times=200, **attrs):
    """Results of one exported random operator, run after run."""
    file = io.BytesIO()
    symbol = getattr(mx.sym.image, name)(mx.sym.var("x"), **attrs)
    export_model(symbol, {}, [array.shape], np.float32, file)
    session = Session(file.getvalue())
    return np.stack([session({"x": array})[0] for _ in range(times)])


@pytest.mark.parametrize("name, axis", [("left_right", 1), ("top_bottom", 0)])
def test_flips_as_often_as_not(name, axis):
    array = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    found = runs(f"random_flip_{name}", array)
    stayed = (found == array).all(axis=(1, 2, 3))
    flipped = (found == np.flip(array, axis)).all(axis=(1, 2, 3))
    assert (stayed ^ flipped).all()
    assert 60 < stayed.sum() < 140


def test_factors_are_uniform():
    found = runs(
        "random_brightness", np.ones((1, 1, 3), np.float32), min_factor=0.5, max_factor=2.5
    )
    factors = found[:, 0, 0, 0]
    assert (found == factors.reshape(-1, 1, 1, 1)).all()
    assert factors.min() >= 0.5 and factors.max() <= 2.5
    assert abs(factors.mean() - 1.5) < 0.2 and abs(factors.std() - 2 / 12**0.5) < 0.1
