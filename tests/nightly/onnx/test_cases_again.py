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
"""Every case of the import rows goes on to ONNX again, and computes there what it did before."""

import importlib.util
import io
import pathlib

import import_cases
import numpy as np
import pytest
from mxnet.contrib.onnx import export_model, import_model
from mxnet.contrib.onnx.opset import NEWEST_OPSET
from running import Session, opsets

onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

pytestmark = pytest.mark.filterwarnings("ignore::mxnet.contrib.onnx.errors.ConversionWarning")
ROWS = pathlib.Path(import_cases.__file__).with_name("onnx2mx")
#: Reasons for which a case may stop on its way back, by pattern of the message.
STOPS = {
    "_foreach": "a loop of MXNet's",
    "its parameters must be constants": "a recurrent layer whose weights are inputs",
    "is in ONNX since opset": "operators newer than the target",
    "has 'reduction' since opset": "a scatter that adds up, before opset 16",
    "takes no bool for 'data'": "a Pad of bool, before opset 13",
}
#: What ONNX Runtime itself computes in float64, of whole numbers above 2**53.
INEXACT = "13:y=ReduceSum(x,axes):1x3int64"


def _cases():
    for path in sorted(ROWS.glob("test_import_*.py")):
        spec = importlib.util.spec_from_file_location(f"{path.stem}_again", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for case in getattr(module, "CASES", ()):
            if not case.refused and case.opset <= NEWEST_OPSET and str(case) != INEXACT:
                yield case


CASES = list(_cases())


def _again(case, opset, shape_of):
    """The case as a file that has been to MXNet and back."""
    shapes = {n: shape_of(a) for n, a in case.inputs.items() if n not in case.values}
    symbol, arg_params, aux_params = import_model(
        case.model(), input_shapes=shapes, input_values=case.values
    )
    params = {**arg_params, **aux_params}
    names = [n for n in symbol.list_inputs() if n not in params]
    file = io.BytesIO()
    export_model(
        symbol,
        params,
        [shapes[n] or (1,) for n in names],  # MXNet carries rank 0 as (1,)
        [case.inputs[n].dtype for n in names],
        file,
        opset_version=opset,
    )
    return file.getvalue()


def _compare(case, file, inputs):
    try:
        session = Session(file)
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented as error:
        pytest.skip(str(error))
    actual = session({n: inputs[n].reshape(inputs[n].shape or (1,)) for n in session.inputs})
    expected = [np.asarray(e) for e in case.reference(inputs)]
    assert len(actual) == len(expected)
    for a, e in zip(actual, expected):
        assert a.dtype == e.dtype
        assert a.shape == (e.shape or (1,)) or a.shape == e.shape
        relative, absolute = case.tolerance or import_cases.TOLERANCE.get(e.dtype.name, (0, 0))
        if e.dtype.kind == "f":
            relative, absolute = max(relative, 1e-4), max(absolute, 1e-5)
        np.testing.assert_allclose(a.reshape(e.shape), e, relative, absolute, equal_nan=True)


def _file_or_skip(case, opset, shape_of):
    try:
        return _again(case, opset, shape_of)
    except Exception as error:
        for pattern, reason in STOPS.items():
            if pattern in str(error):
                pytest.skip(reason)
        raise


@pytest.mark.parametrize("opset", opsets())
@pytest.mark.parametrize("case", CASES, ids=str)
def test_case_comes_back(case, opset):
    _compare(case, _file_or_skip(case, opset, lambda array: array.shape), case.inputs)


@pytest.mark.parametrize("case", [c for c in CASES if c.dynamic], ids=str)
def test_case_comes_back_with_sizes_that_vary(case):
    file = _file_or_skip(case, 18, case.names)
    for inputs in (case.inputs, case.larger()):
        _compare(case, file, inputs)


def test_nearly_all_cases_come_back():
    """A skip above is the exception: most stop nowhere even at the lowest opset."""
    stopped = 0
    for case in CASES[::10]:
        try:
            _again(case, opsets()[0], lambda array: array.shape)
        except Exception as error:
            assert any(pattern in str(error) for pattern in STOPS)
            stopped += 1
    assert stopped < len(CASES[::10]) // 20
