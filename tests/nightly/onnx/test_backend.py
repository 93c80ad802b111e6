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
"""The whole of ONNX's conformance suite on the backend, held against the manifest."""

import backend_suite
import onnx
import pytest
from models import LIGHT


@pytest.mark.parametrize("module", backend_suite.MODULES)
def test_node_cases(module):
    assert not backend_suite.complaints(backend_suite.node_cases(module))


@pytest.mark.parametrize("kind", backend_suite.FILES)
def test_file_cases(kind):
    assert not backend_suite.complaints(backend_suite.file_cases(kind))


@pytest.mark.parametrize("name", LIGHT)
def test_light_networks(name):
    assert not backend_suite.complaints([backend_suite.light_case(name)])


@pytest.mark.skipif(
    onnx.__version__ != backend_suite.ONNX_VERSION,
    reason=f"the manifest is of the cases of onnx {backend_suite.ONNX_VERSION}",
)
def test_every_line_of_the_manifest_concerns_a_case():
    cases = [c for module in backend_suite.MODULES for c in backend_suite.node_cases(module)]
    cases += [c for kind in backend_suite.FILES for c in backend_suite.file_cases(kind)]
    assert not backend_suite.unused_lines(cases)
