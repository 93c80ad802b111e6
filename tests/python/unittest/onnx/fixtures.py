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
"""What every test gets: a seed that a failure prints, and an MXNet that keeps quiet."""

import os
import random
import sys

import numpy as np
import pytest
from running import seed_of

os.environ.setdefault("MXNET_SUBGRAPH_VERBOSE", "0")


@pytest.fixture
def seed(request):
    """The test's seed: made of its own name, so that a rerun repeats it, or ``MXNET_TEST_SEED``."""
    return seed_of(request.node.nodeid)


@pytest.fixture
def rng(seed):
    """NumPy's generator, seeded for this test."""
    return np.random.default_rng(seed)


@pytest.fixture(autouse=True)
def seeded(seed):
    """The generators of the whole process start every test from its seed."""
    random.seed(seed)
    np.random.seed(seed)
    if "mxnet" in sys.modules:
        sys.modules["mxnet"].random.seed(seed)


@pytest.fixture
def session():
    """``session(model)`` opens a path, bytes or ModelProto in ONNX Runtime; no runtime, no test."""
    pytest.importorskip("onnxruntime", reason="ONNX Runtime, the reference, is not installed")
    from running import Session

    return Session


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failure says which seed it ran with."""
    report = (yield).get_result()
    if report.failed and "seed" in getattr(item, "funcargs", {}):
        report.sections.append(("seed", f"rerun with MXNET_TEST_SEED={item.funcargs['seed']}"))
