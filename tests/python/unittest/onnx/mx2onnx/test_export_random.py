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
"""Export rows of the random family: distributions, and what drops nothing in inference."""

import numpy as np
from export_cases import case, checks, data, draws, values

FLOATS = ("float32", "float64", "float16")
SHAPE = (20, 10, 100)
LIKE = data(20, 10, 100)
#: Twelve entries of parameters; each has 2,000 draws.
LOW = values([[[0.5, 1, 2], [3, 0.25, 4]], [[1, 1.5, 2.5], [5, 0.75, 2]]])
HIGH = values([[[1.5, 3, 4], [7, 1, 5]], [[2, 2, 3], [6, 1.25, 8]]])
PAIRS = ("uniform", "normal", "gamma")
NAMES = {
    "uniform": ("low", "high"), "normal": ("loc", "scale"), "gamma": ("alpha", "beta"),
    "exponential": ("lam",),
}  # fmt: skip
NUMPY = {
    "uniform": ("low", "high"), "normal": ("loc", "scale"), "gamma": ("shape", "scale"),
    "gumbel": ("loc", "scale"), "logistic": ("loc", "scale"), "exponential": ("scale",),
    "rayleigh": ("scale",), "pareto": ("a",), "weibull": ("a",), "powerd": ("a",),
}  # fmt: skip


def numbers(names, *given):
    return dict(zip(names, given or (1.5, 2.5)))


LEGACY = [
    *(case(f"_random_{n}", shape=SHAPE, **numbers(k)) for n, k in NAMES.items()),
    *(case(f"_random_{n}", shape=SHAPE, dtype=t) for n in NAMES for t in FLOATS),
    case("_random_gamma", shape=SHAPE, alpha=0.3, beta=2),
    *(case(f"_random_{n}_like", LIKE, **numbers(k)) for n, k in NAMES.items()),
    *(case(f"_random_{n}_like", data(20, 10, 100, dtype="float64")) for n in NAMES),
    *(case(f"_sample_{n}", LOW, *([HIGH] if n in PAIRS else []), shape=s).but(parameters=12)
      for n in NAMES for s in ((2000,), (20, 100))),
    *(case(f"_sample_{n}", LOW, *([HIGH] if n in PAIRS else []), shape=2000, dtype="float64")
      .but(parameters=12) for n in NAMES),
    case("_random_uniform", shape=()).but(refused="infers as a whole"),
]  # fmt: skip

NUMPY_STYLE = [
    *(case(f"_npi_{n}", size=SHAPE, **numbers(k)) for n, k in NUMPY.items()),
    *(case(f"_npi_{n}", size=SHAPE, dtype=t, **numbers(NUMPY[n])) for n in PAIRS for t in FLOATS),
    *(case(f"_npi_{n}", values([0.5, 1, 2]), values([2, 3, 5]), size=(4000, 3),
           **dict.fromkeys(NUMPY[n])).but(parameters=-3)
      for n in ("uniform", "normal", "gamma", "gumbel", "logistic")),
    *(case(f"_npi_{n}", values([2, 3, 5]), size=(4000, 3), **dict.fromkeys(NUMPY[n]))
      .but(parameters=-3) for n in ("exponential", "rayleigh", "pareto", "weibull", "powerd")),
    *(case(f"_npi_{n}", *(values(np.full(SHAPE, 1.5 + k)) for k in range(len(p))),
           **dict.fromkeys(p)) for n, p in NUMPY.items()),
    *(case(f"_npi_{n}_n", values([0.5, 1, 2]), values([2, 3, 5]), size=(4000,),
           **dict.fromkeys(NUMPY[n])).but(parameters=-3) for n in ("uniform", "normal")),
    *(case(f"_npi_{n}_n", size=SHAPE, **numbers(NUMPY[n])) for n in ("uniform", "normal")),
    *(case(f"_npi_{n}_n", values(np.full((1, 10, 100), 1.5)), size=(20,), **{NUMPY[n][0]: None,
           NUMPY[n][1]: 2}) for n in ("uniform", "normal")),
]  # fmt: skip

DROPOUT = [
    case("Dropout", data(2, 3, 4), p=0.9, axes=(1,)),
    case("Dropout", data(2, 3, 4), mode="always", p=0),
]
DROPPING = [
    *(case("Dropout", values(np.ones(SHAPE), t), mode="always", p=0.5) for t in FLOATS),
    case("Dropout", values(np.ones((20000, 1, 2))), mode="always", p=0.4, axes=(1, 2)),
]

test_kept = checks(DROPOUT)
test_random = draws(c.but(opsets=(11, 17, 21)) for c in [*LEGACY, *NUMPY_STYLE, *DROPPING])
