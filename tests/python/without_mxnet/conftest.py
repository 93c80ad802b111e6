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
"""These tests are for interpreters without MXNet: with one installed they prove nothing."""

import importlib.util

import pytest


def pytest_configure():
    """Refuse to run where MXNet is installed."""
    found = importlib.util.find_spec("mxnet")
    if found is not None and found.origin is not None:
        raise pytest.UsageError(
            "tests/python/without_mxnet is for an environment without MXNet, this one has it in "
            f"{found.origin}; the tests for environments with MXNet are in tests/python/unittest"
        )
