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
"""Networks of PyTorch, as both of its exporters write them, against ONNX Runtime.

Run by ``ci/docker/runtime_functions.sh nightly_onnx_torch``, which writes the files with an
interpreter that has PyTorch and names their folder in ``ONNX_TORCH_MODELS``.
"""

import os
import pathlib
import warnings

import mxnet as mx
import numpy as np
import pytest
from child import in_child
from mxnet.contrib.onnx import backend, import_to_gluon
from mxnet.contrib.onnx.onnx2mx.import_to_gluon import ImportedBlock
from running import Session, deviation

FOLDER = os.environ.get("ONNX_TORCH_MODELS")
FILES = sorted(pathlib.Path(FOLDER).glob("*.onnx")) if FOLDER else []
TOLERANCE = 1e-4
#: Networks whose outputs or paths hang on values, and the one whose older export builds its length
#: in: these are no one Symbol.
DECIDED_BY_VALUES = {"detector", "fasterrcnn", "mixture", "ssdlite", "steps"}
BUILT_IN = {"encoder_script17", "encoder_script20"}
#: Boxes with what is said of them: two of nearly one score may change places.
DETECTORS = {"detector", "fasterrcnn", "ssdlite"}

pytestmark = pytest.mark.skipif(not FILES, reason="ONNX_TORCH_MODELS names no folder of models")


def _inputs(path):
    """Sets of inputs, by the names that the file has for them."""
    with np.load(path.with_name(path.stem.rpartition("_")[0] + ".npz")) as arrays:
        count = len({name.split("/")[0] for name in arrays.files})
        for k in range(count):
            yield [arrays[n] for n in sorted(arrays.files) if n.startswith(f"{k}/")]


def _by_place(outputs):
    """Boxes in the order of their corners, and the rest with them."""
    order = np.lexsort(np.round(outputs[0], 2).T)
    return [a[order] for a in outputs]


def _compare(actual, expected, place, path):
    assert len(actual) == len(expected), place
    if path.stem.rpartition("_")[0] in DETECTORS and actual[0].shape == expected[0].shape:
        actual, expected = _by_place(actual), _by_place(expected)
    for a, e in zip(actual, expected):
        assert a.dtype == e.dtype and a.shape in (e.shape, e.shape or (1,)), place
        assert np.isfinite(e).all() and (e.dtype.kind != "f" or not e.size or e.std() > 0), place
        assert deviation(a, e) <= TOLERANCE, f"{place}: {deviation(a, e):.2g}"


def _as_block(path):
    """Whether the block is of one Symbol; hybridised and not it gives ONNX Runtime's results."""
    session = Session(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        block = import_to_gluon(path)
    for hybrid in (False, True):
        block.hybridize(hybrid)
        for k, arrays in enumerate(_inputs(path)):
            given = [mx.nd.array(a.reshape(a.shape or (1,)), dtype=a.dtype) for a in arrays]
            outputs = block(*given)
            outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
            expected = session(dict(zip(session.inputs, arrays)))
            _compare([o.asnumpy() for o in outputs], expected, f"inputs {k}, hybrid {hybrid}", path)
    return isinstance(block, ImportedBlock)


def _operator_by_operator(path):
    session = Session(path)
    prepared = backend.prepare(str(path))
    for k, arrays in enumerate(_inputs(path)):
        expected = session(dict(zip(session.inputs, arrays)))
        _compare([np.asarray(a) for a in prepared.run(arrays)], expected, f"inputs {k}", path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_block(path):
    whole = in_child(_as_block, path, seconds=900)
    name = path.stem.rpartition("_")[0]
    assert whole == (name not in DECIDED_BY_VALUES and path.stem not in BUILT_IN)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_operator_by_operator(path):
    in_child(_operator_by_operator, path, seconds=900)


def test_both_exporters_wrote_most_networks():
    found = {path.stem.rpartition("_")[2].rstrip("0123456789") for path in FILES}
    names = {path.stem.rpartition("_")[0] for path in FILES}
    assert found == {"script", "dynamo"} and len(names) >= 25
