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
"""Export rows of the choices family."""

import numpy as np
from export_cases import case, data, draws, values

SHAPE = (20, 10, 100)
LIKE = data(20, 10, 100)
MEANS = values([[[0.5, 1, 2], [3, 0.25, 40]], [[1, 1.5, 2.5], [500, 0.75, 2]]])
SPREAD = values([[[0.5, 0, 2], [0.1, 0.25, 0]], [[1, 1.5, 0.5], [0.01, 0.75, 2]]])
TRIES = values([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [3, 2, 1]]])
CHANCES = values([[[0.5, 0.1, 0.2], [0.3, 0.25, 0.4]], [[1, 0.15, 0.25], [0.5, 0.75, 0.2]]])
CLASSES = values([[0.1, 0.2, 0.7], [0.5, 0.5, 0], [0.2, 0.2, 0.6]])
TWELVE = {"parameters": 12}
BINOMIAL = "generalized_negative_binomial"

COUNTS = [
    *(case("_random_poisson", shape=SHAPE, lam=m) for m in (0.3, 4, 900)),
    *(case("_random_poisson", shape=SHAPE, dtype=t) for t in ("float64", "float16")),
    case("_random_poisson_like", LIKE, lam=4),
    *(case("_sample_poisson", MEANS, shape=s).but(**TWELVE) for s in ((2000,), (20, 100))),
    case("_random_negative_binomial", shape=SHAPE, k=3, p=0.4),
    case("_random_negative_binomial_like", LIKE, k=1, p=0.2),
    case("_sample_negative_binomial", TRIES, CHANCES, shape=2000).but(**TWELVE),
    *(case(f"_random_{BINOMIAL}", shape=SHAPE, mu=2.5, alpha=a) for a in (0.3, 0)),
    case(f"_random_{BINOMIAL}_like", LIKE, mu=2, alpha=0.3),
    case(f"_sample_{BINOMIAL}", MEANS, SPREAD, shape=2000).but(**TWELVE),
]  # fmt: skip

CHOICES = [
    *(case("_random_randint", shape=SHAPE, low=-3, high=4, dtype=t)
      for t in ("None", "int32", "int64")),
    *(case("_npi_bernoulli", prob=0.3, logit=None, is_logit=False, size=SHAPE, dtype=t)
      for t in ("float32", "float64", "float16", "int32", "uint8", "bool")),
    case("_npi_bernoulli", prob=None, logit=1.5, is_logit=True, size=SHAPE),
    case("_npi_bernoulli", values([0.2, 0.5, 1]), prob=None, logit=None, is_logit=False,
         size=(4000, 3)).but(parameters=-3),
    case("_npi_bernoulli", values(np.full(SHAPE, 0.5)), prob=None, logit=None, is_logit=True),
    *(case("_sample_multinomial", CLASSES, shape=s, dtype=t).but(parameters=3)
      for s in ((4000,), (40, 100)) for t in ("int32", "float32", "uint8")),
    case("_sample_multinomial", CLASSES, shape=4000, get_prob=True).but(parameters=3),
    case("_sample_multinomial", values([0.1, 0.2, 0.7]), shape=4000),
    *(case("_npi_multinomial", n=7, pvals="(0.1, 0.2, 0.7)", size=s).but(parameters=-3, how="eager")
      for s in ((4000,), (40, 100))),
    case("_npi_multinomial", values([0.1, 0.2, 0.7], "float64"), n=7, pvals=None, size=4000)
    .but(parameters=-3, how="eager"),
    case("_npi_choice", a=7, size=4000),
    case("_npi_choice", a=7, size=SHAPE),
    case("_npi_choice", values([0.1, 0.2, 0.7]), a=3, size=4000, weighted=True),
    case("_npi_choice", data(5, 3, 2), a=None, size=4000),
    case("_npi_choice", a=4000, size=4000, replace=False),
    case("_shuffle", values(np.arange(4000).reshape(2000, 2, 1))),
]  # fmt: skip

test_choices = draws(c.but(opsets=(11, 17, 21)) for c in [*COUNTS, *CHOICES])
