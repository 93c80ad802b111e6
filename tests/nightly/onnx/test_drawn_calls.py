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
"""Drawn calls of single operators: what MXNet computes and the exporter takes is the same in ONNX.

Attributes are drawn from the types that MXNet's registry gives them, shapes and dtypes at random.
MXNet may refuse a call and the exporter may refuse one; a file with other numbers fails.
"""

import os
import re

import numpy as np
import pytest
from export_cases import OPSETS, TOLERANCE, Array, Case
from mxnet.base import MXNetError
from mxnet.contrib.onnx import ConversionError
from mxnet.contrib.onnx.mx2onnx import operator_info
from mxnet.contrib.onnx.mx2onnx.canonical import REVERSED_SCALAR, SAME, SCALAR
from mxnet.contrib.onnx.mx2onnx.translations import (
    activation,
    comparison,
    diagonals,
    elementwise,
    reduction,
    shape,
    special,
    statistics,
)
from mxnet_process import MXNetFailure
from running import Session, seed_of

#: Calls of each operator.
CALLS = int(os.environ.get("ONNX_TEST_DRAWN_CALLS", 25))
FAMILIES = (activation, comparison, diagonals, elementwise, reduction, shape, special, statistics)
DTYPES = ("float32", "float32", "float32", "float64", "float16", "int8", "uint8", "int32", "int64")
#: Drawn elsewhere: its results depend on the order of equal values, or on a memory that MXNet
#: overruns where attributes do not fit the data.
LEFT_OUT = {
    "Reshape": "sizes that do not fit overrun MXNet's memory",
    "_npx_reshape": "the same",
    "_np_reshape": "the same",
    "reshape_like": "the same",
    "_linalg_maketrian": "the same",
    "_linalg_extracttrian": "the same",
    "_npi_bincount": "negative numbers overrun MXNet's memory",
    "Cast": "a negative number as an unsigned integer is cast as the machine has it",
    "amp_cast": "the same",
    "amp_multicast": "a drawn number of outputs takes all memory",
    "_npi_ediff1d": "its flags say how many inputs there are",
}


#: MXNet reads beyond the smaller one of two shapes.
OF_ONE_SHAPE = ("_contrib_allclose",)
#: Of integers they are NaN at most places, which no two machines cast alike.
OF_FLOATS = ("erfinv",)
#: MXNet rounds the shares of float16 neighbours to float16, and calls the sum float32.
NOT_OF_HALVES = ("_npi_percentile",)


def operators():
    """Operators with rows in the families, under every canonical name that leads there."""
    rows = {row.op_type for family in FAMILIES for row in family.table}
    forms = {**SCALAR, **REVERSED_SCALAR, **SAME}
    names = rows | {name for name, same in forms.items() if same in rows}
    known = operator_info.registry()["operators"]
    return sorted(n for n in names if n in known and known[n]["inputs"] and n not in LEFT_OUT)


def drawn_value(rng, kind, rank):
    """A value of an attribute, as text; None for the default."""
    if kind.startswith("{"):
        return str(rng.choice([a or b for a, b in re.findall(r"'([^']*)'|(None)", kind)]))
    if kind.startswith("boolean"):
        return str(bool(rng.integers(2)))
    if kind.startswith(("int", "long")):
        return str(int(rng.integers(-rank, rank + 1)))
    if kind.startswith(("float", "double")):
        return str(round(float(rng.uniform(-3, 3)), 2))
    if kind.startswith("Shape or None"):
        count = int(rng.integers(1, rank + 1)) if rank else 0
        axes = rng.choice(rank, count, replace=False) if count else []
        return str(tuple(int(a) - rank * int(rng.integers(2)) for a in axes))
    if kind.startswith("Shape"):
        return str(tuple(int(n) for n in rng.integers(1, 4, rank)))
    return None


def drawn_case(op_type, rng):
    """A call: shapes that broadcast, one dtype for all inputs, about half of the attributes."""
    info = operator_info.registry()["operators"][op_type]
    rank = int(rng.integers(1, 5))
    sizes = rng.integers(1, 5, rank)
    dtype = str(rng.choice(DTYPES[:5] if op_type in OF_FLOATS else DTYPES))
    if op_type in NOT_OF_HALVES and dtype == "float16":
        dtype = "float32"
    count = int(rng.integers(1, 4)) if info.get("variadic") else len(info["inputs"])
    arrays = []
    for k in range(count):
        own = np.where(rng.random(rank) < 0.3, 1, sizes) if k else sizes
        own = sizes if rng.random() < 0.3 or op_type in OF_ONE_SHAPE else own
        arrays.append(Array(tuple(int(n) for n in own), dtype, low=-3, high=3))
    attrs = {}
    for name, (kind, default) in info["parameters"].items():
        value = drawn_value(rng, kind, rank)
        wanted = default is None or (name != "dtype" and rng.random() < 0.5)
        if wanted and name != "ctx" and value is not None:
            attrs[name] = value
    if info.get("variadic"):
        attrs[info["variadic"]] = str(count)
    return Case(op_type, tuple(arrays), attrs, {})


def compare(case, opset):
    """Whether both take the call; fails where they give different numbers."""
    try:
        expected = case.expected
    except (MXNetFailure, MXNetError):
        return False
    if not all(e.size for e in expected):
        return False
    try:
        file = case.exported(opset, False)
    except ConversionError:
        return False
    try:
        session = Session(file)
    except Exception as error:
        if "NOT_IMPLEMENTED" in str(error):
            return False  # a kernel that ONNX Runtime does not have: the file may be right
        raise
    try:
        actual = session({n: case.arrays[n] for n in session.inputs})
    except Exception as error:
        if "Integer division by zero" in str(error):
            return False  # which MXNet gives some number or dies of
        raise
    assert len(actual) == len(expected)
    for a, e in zip(actual, expected):
        assert a.shape == e.shape
        assert a.dtype == e.dtype
        if e.dtype.kind == "f":
            np.testing.assert_allclose(a, e, *TOLERANCE[e.dtype.name])
        else:
            np.testing.assert_array_equal(a, e)
    return True


@pytest.mark.parametrize("op_type", operators())
def test_drawn_calls(op_type):
    compared = 0
    for call in range(CALLS):
        seed = seed_of(f"{op_type}-{call}")
        rng = np.random.default_rng(seed)
        case = drawn_case(op_type, rng)
        opset = int(rng.choice(OPSETS))
        try:
            compared += compare(case, opset)
        except Exception as error:
            raise AssertionError(f"call {call}, seed {seed}, opset {opset}: {case}") from error
    print(f"{op_type}: {compared} of {CALLS} calls compared")
