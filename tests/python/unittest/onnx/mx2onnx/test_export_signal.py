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
"""Export rows of the signal family, against NumPy: MXNet has them on GPUs alone."""

import numpy as np
from export_cases import case, checks, data


def spectrum(x):
    found = np.fft.fft(x)
    return np.stack([found.real, found.imag], axis=-1).reshape(*x.shape[:-1], -1).astype(x.dtype)


def signal(x):
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    both = pairs[..., 0] + 1j * pairs[..., 1]
    return (np.fft.ifft(both) * both.shape[-1]).real.astype(x.dtype)


test_signal = checks([
    *(case("_contrib_fft", data(*s, fixed=(-1,))).but(expected=spectrum)
      for s in ((3, 8), (2, 3, 2, 7))),
    *(case("_contrib_ifft", data(*s, fixed=(-1,))).but(expected=signal)
      for s in ((3, 8), (2, 3, 2, 14))),
    *(case(n, data(3, 8)).but(needs_sizes="must be known", expected=f)
      for n, f in (("_contrib_fft", spectrum), ("_contrib_ifft", signal))),
])  # fmt: skip
