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
"""Import rows: spectra."""

import pytest
from gradients import check_gradients
from import_cases import case, check, known, normal, uniform, value

REFERENCE = {"expected": "reference"}


def _whole(number):
    return value(number)


_REAL, _COMPLEX = normal(2, 6, 5, 1), normal(2, 6, 5, 2)
CASES = [
    case(17, "y = DFT (x)", x=_REAL),
    case(17, "y = DFT (x)", x=normal(3, 6, 5, 2), dynamic=(3,)),
    case(17, "y = DFT <axis=2, onesided=1> (x)", x=_REAL),
    case(17, "y = DFT <axis=-2, inverse=1> (x)", x=_COMPLEX),
    case(17, "y = DFT (x, n)", x=_REAL, n=_whole(8)),
    case(17, "y = DFT <inverse=1, onesided=1> (x)", x=_COMPLEX, **REFERENCE),
    case(20, "y = DFT (x)", x=_REAL),
    case(20, "y = DFT <onesided=1> (x, , a)", x=_REAL, a=_whole(1), dynamic=(2, 5)),
    case(20, "y = DFT (x, n, a)", x=_COMPLEX, n=_whole(4), a=_whole(1)),
    case(20, "y = DFT (x, n, a)", x=_COMPLEX, n=_whole(9), a=_whole(0)),
    *(case(20, "y = DFT <inverse=1, onesided=1> (x, n, a)", x=_COMPLEX, n=_whole(n), a=_whole(a),
           **REFERENCE) for n in (7, 12) for a in (1, 2)),
    case(20, "y = DFT (x)", x=_COMPLEX.astype("float64"), tolerance=(1e-12, 1e-12)),
    case(20, "y = DFT (x)", x=_COMPLEX.astype("float16"), **REFERENCE, tolerance=(4e-3, 4e-3)),
    case(20, "y = DFT <inverse=1> (x)", x=_COMPLEX.astype("float64"), **REFERENCE),
    case(20, "y = DFT <onesided=1> (x)", x=_COMPLEX, refused="imaginary"),
    case(20, "y = DFT (x, , a)", x=_REAL, a=_whole(3), refused="last axis"),
    case(20, "y = DFT (x, n)", x=_REAL, n=_whole(10007), refused="factors"),
    # Above 512 in two steps; ONNX Runtime is off by 1e-3 where a length is no power of two.
    *(case(20, "y = DFT (x)", x=normal(1, n, parts), **REFERENCE, tolerance=(1e-4, 1e-4))
      for n in (600, 1021, 1024, 6000) for parts in (1, 2)),
    *(case(20, "y = DFT <inverse=1> (x)", x=normal(1, n, 2, dtype="float64"), **REFERENCE)
      for n in (600, 1021, 6000)),
]  # fmt: skip
_SIGNAL, _WINDOW = normal(2, 64, 1), uniform(0, 1, 16)
_STEP, _LENGTH = _whole(8), _whole(16)
CASES += [
    case(17, "y = STFT (x, s, w)", x=_SIGNAL, s=_STEP, w=_WINDOW),
    case(17, "y = STFT (x, s, w)", x=_SIGNAL, s=_STEP, w=known(_WINDOW), dynamic=(2, 64),
         bigger={64: 88}),
    case(17, "y = STFT <onesided=0> (x, s, w)", x=_SIGNAL, s=_whole(7), w=_WINDOW),
    case(17, "y = STFT (x, s, , n)", x=_SIGNAL, s=_STEP, n=_LENGTH),
    case(17, "y = STFT (x, s, w, n)", x=_SIGNAL, s=_STEP, w=_WINDOW, n=_LENGTH),
    case(17, "y = STFT (x, s)", x=_SIGNAL, s=_STEP, **REFERENCE),
    case(17, "y = STFT <onesided=0> (x, s, w)", x=normal(2, 64, 2), s=_STEP, w=_WINDOW),
    case(17, "y = STFT (x, s, w)", x=_SIGNAL.astype("float64"), s=_STEP,
         w=_WINDOW.astype("float64")),
    case(17, "y = STFT (x, s, w)", x=normal(2, 9, 1), s=_STEP, w=_WINDOW, refused="no frame"),
    case(17, "y = STFT (x, s, w, n)", x=_SIGNAL, s=_STEP, w=_WINDOW, n=_whole(9),
         refused="window"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


@pytest.mark.parametrize(
    "text", ["y = DFT <inverse=1> (x)", "y = DFT <inverse=1, onesided=1> (x)", "y = DFT (x)"]
)
def test_gradients(text):
    check_gradients(case(20, text, x=normal(2, 7, 2, dtype="float64")), "x")


def test_gradients_of_frames():
    x, w = normal(2, 40, 1, dtype="float64"), uniform(0, 1, 16, dtype="float64")
    check_gradients(case(17, "y = STFT (x, s, w)", x=x, s=_STEP, w=w), "xw")


def test_a_transform_and_back_is_the_signal():
    text = "s = DFT (x)\ny = DFT <inverse=1> (s)"
    check(case(20, text, x=normal(2, 1200, 2), expected=lambda x: x, tolerance=(1e-4, 1e-5)))
