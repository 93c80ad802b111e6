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
"""The unit tests once more, on arrays that live on the first GPU.

As a script it runs them on any device: ``test_onnx_gpu.py "cpu(1)" [pytest's arguments]``.
"""

import pathlib
import re
import subprocess
import sys

import mxnet as mx
import pytest

UNIT_TESTS = pathlib.Path(__file__).resolve().parents[1] / "unittest" / "onnx"
#: They are about files and not about arrays; and CUDA does not survive the forks of bad inputs.
WITHOUT_ARRAYS = (
    "test_bad_inputs.py",
    "test_cmake.py",
    "test_packaging.py",
    "test_structure.py",
    "test_wheel.py",
)


class DefaultContext:
    """Pytest plugin: what a test creates without saying where is on this device."""

    def __init__(self, device):
        kind, index = re.fullmatch(r"(\w+)\((\d+)\)", device).groups()
        self.context = mx.Context(kind, int(index))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self):
        # Every time: a test may have left another one.
        mx.test_utils.set_default_context(self.context)

    def pytest_report_header(self):
        return f"default context: {self.context}"


@pytest.mark.skipif(not mx.context.num_gpus(), reason="no GPU that this MXNet can use")
def test_unit_tests_on_gpu():
    ran = subprocess.run([sys.executable, __file__, "gpu(0)"], check=False)
    assert ran.returncode == 0, "the output above says which unit tests fail on mx.gpu(0)"


def run_on(device, arguments):
    """Exit status of the unit tests on ``device``."""
    ignored = [f"--ignore={UNIT_TESTS / name}" for name in WITHOUT_ARRAYS]
    return pytest.main([str(UNIT_TESTS), *ignored, *arguments], plugins=[DefaultContext(device)])


if __name__ == "__main__":
    sys.exit(run_on(sys.argv[1], sys.argv[2:]))
