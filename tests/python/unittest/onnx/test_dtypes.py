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
"""Element types against ONNX, NumPy and MXNet themselves."""

import mxnet as mx
import numpy as np
import pytest
from mxnet.contrib.onnx import dtypes
from mxnet.contrib.onnx.errors import TranslationError
from onnx import TensorProto, helper

NUMPY_TYPES = [t for t in dtypes.ELEMENT_TYPES if t.numpy is not None]


@pytest.mark.parametrize("kind", NUMPY_TYPES, ids=lambda t: t.name)
def test_onnx_says_the_same(kind):
    assert helper.tensor_dtype_to_np_dtype(kind.onnx) == kind.numpy
    assert dtypes.numpy_dtype(kind.onnx) == kind.numpy
    assert dtypes.onnx_type(kind.numpy) == kind.onnx
    assert dtypes.onnx_name(kind.onnx) == kind.name


def test_mxnet_says_the_same():
    ours = {t.name: t.mxnet for t in NUMPY_TYPES if t.mxnet is not None}
    theirs = {
        np.dtype(t).name: flag
        for t, flag in mx.ndarray.ndarray._DTYPE_NP_TO_MX.items()
        if t is not None and not isinstance(t, str)
    }
    assert {name: theirs[name] for name in ours} == ours
    assert all(dtypes.from_mxnet_flag(flag).name == name for name, flag in ours.items())


@pytest.mark.parametrize("kind", [t for t in NUMPY_TYPES if not t.mxnet and t.carrier], ids=str)
def test_a_carrier_is_a_type_of_mxnet(kind):
    assert dtypes.in_mxnet(kind.carrier)


def test_what_is_not_covered_is_named():
    with pytest.raises(TranslationError, match="string"):
        dtypes.numpy_dtype(TensorProto.STRING)
    with pytest.raises(TranslationError, match="bfloat16"):
        dtypes.numpy_dtype(TensorProto.BFLOAT16)
    with pytest.raises(TranslationError, match="complex64"):
        dtypes.onnx_type(np.complex64)
    assert dtypes.onnx_name(999) == "999"
