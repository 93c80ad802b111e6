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
"""Operators that are given or give empty tensors, against ONNX's reference."""

import mxnet as mx
import numpy as np
import pytest
from mxnet.contrib.onnx import ConversionError, import_model
from mxnet.contrib.onnx.onnx2mx.eager import run_eagerly
from onnx import ValueInfoProto, helper, parser
from onnx.reference import ReferenceEvaluator

F = np.float32


def f(*shape):
    return np.arange(np.prod(shape), dtype=F).reshape(shape) / 7


def i(*values):
    return np.array(values, np.int64)


#: Operator, inputs, attributes; the opset is 17.
CASES = [
    ("Add", [f(0, 3), f(3)], {}),
    ("Relu", [f(2, 0, 4)], {}),
    ("Concat", [f(2, 0), f(2, 3)], {"axis": 1}),
    ("Concat", [f(2, 0), f(2, 0)], {"axis": 1}),
    ("MatMul", [f(2, 0), f(0, 3)], {}),
    ("MatMul", [f(0, 2), f(2, 3)], {}),
    ("Gemm", [f(0, 2), f(2, 3)], {}),
    ("Gemm", [f(2, 0), f(0, 3), f(3)], {}),
    ("Gather", [f(4, 3), np.zeros(0, np.int64)], {}),
    ("Gather", [f(0, 3), i(1, 2)], {"axis": 1}),
    ("GatherElements", [f(4, 3), np.zeros((0, 3), np.int64)], {}),
    ("GatherND", [f(4, 3), np.zeros((0, 1), np.int64)], {}),
    ("ScatterND", [f(4, 3), np.zeros((0, 1), np.int64), f(0, 3)], {}),
    ("ScatterElements", [f(4, 3), np.zeros((0, 3), np.int64), f(0, 3)], {}),
    ("Softmax", [f(3, 0)], {}),
    ("Transpose", [f(0, 3)], {}),
    *((f"Reduce{name}", [f(0, 3)], {"axes": [0]}) for name in ("Max", "Min", "L2", "LogSum")),
    ("ReduceSum", [f(0, 3), i(0)], {}),
    ("ReduceMax", [f(0, 3)], {"axes": [1]}),
    ("ArgMax", [f(0, 3)], {"axis": 1}),
    ("Conv", [f(0, 2, 5, 5), f(3, 2, 3, 3)], {}),
    ("LayerNormalization", [f(0, 4), f(4)], {}),
    ("Where", [np.zeros((0, 1), bool), f(3), f(1, 3)], {}),
    ("Expand", [f(1, 3), i(0, 3)], {}),
    ("Tile", [f(2, 3), i(0, 1)], {}),
    ("Pad", [f(0, 3), i(1, 0, 1, 0)], {}),
    ("Slice", [f(4, 3), i(2), i(2)], {}),
    ("Slice", [f(4, 3), i(9), i(12)], {}),
    ("Split", [f(4, 3), i(4, 0)], {}),
    ("Reshape", [f(0, 3), i(3, 0)], {"allowzero": 1}),
    ("TopK", [f(4, 3), i(0)], {}),
    ("OneHot", [i(1, 2), i(0), f(2)], {}),
    ("NonZero", [np.zeros((3, 2), F)], {}),
    ("Range", [np.array(3), np.array(3), np.array(1)], {}),
    ("ConstantOfShape", [i(2, 0)], {}),
    ("Einsum", [f(0, 2), f(2, 3)], {"equation": "ij,jk->ik"}),
]


def model(op_type, inputs, attributes):
    """The model, and its inputs by name."""
    given = {f"x{n}": array for n, array in enumerate(inputs)}
    outputs = ["y", "z"][: 2 if op_type in ("Split", "TopK") else 1]
    graph = helper.make_graph(
        [helper.make_node(op_type, list(given), outputs, **attributes)],
        op_type,
        [
            helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
            for n, a in given.items()
        ],
        [ValueInfoProto(name=name) for name in outputs],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8), given


def reference(proto, given):
    with np.errstate(all="ignore"):
        return ReferenceEvaluator(proto).run(None, given)


def assert_same(actual, expected):
    assert actual.shape == expected.shape and actual.dtype == expected.dtype
    np.testing.assert_allclose(actual, expected, rtol=1e-6)


def run_symbol(symbol, arg_params, aux_params, **given):
    arrays = {n: mx.nd.array(a, dtype=a.dtype) for n, a in given.items()}
    executor = symbol.bind(mx.current_context(), {**arg_params, **arrays}, aux_states=aux_params)
    return [o.asnumpy() for o in executor.forward()]


@pytest.mark.parametrize("op_type, inputs, attributes", CASES)
def test_an_eager_run_gives_what_the_operator_does(op_type, inputs, attributes):
    proto, given = model(op_type, inputs, attributes)
    for actual, expected in zip(run_eagerly(proto, given), reference(proto, given)):
        assert_same(actual, expected)


@pytest.mark.parametrize("op_type, inputs, attributes", CASES)
def test_a_symbol_gives_the_same_or_says_that_its_output_is_empty(op_type, inputs, attributes):
    proto, given = model(op_type, inputs, attributes)
    wanted = reference(proto, given)
    if all(array.size for array in wanted):
        results = run_symbol(*import_model(proto, input_values=given))
        for actual, expected in zip(results, wanted):
            assert_same(actual, expected)
    else:
        with pytest.raises(ConversionError, match="empty"):
            import_model(proto, input_values=given)


def test_what_is_empty_takes_no_part_in_a_symbol():
    proto, given = model("Concat", [f(5, 0), f(5, 3)], {"axis": 1})
    found = import_model(proto, input_values={"x0": given["x0"]})
    (y,) = run_symbol(*found, x1=given["x1"])
    assert_same(y, given["x1"])


def test_nothing_is_made_of_nothing_but_by_folds():
    proto, given = model("GlobalAveragePool", [f(2, 3, 0)], {})
    with pytest.raises(ConversionError, match="GlobalAveragePool.*something of an empty tensor"):
        run_eagerly(proto, given)


def test_a_past_of_no_positions():
    """A cache that is empty at first, as decoders have it."""
    proto = parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1, 2, P, 4] past, float[1, 2, 3, 4] x) => (float[1, 2, Q, 4] y) {
          all = Concat <axis = 2> (past, x)  y = Mul (all, all)
        }""")
    for length in (0, 2):
        past, x = f(1, 2, length, 4), f(1, 2, 3, 4)
        (y,) = run_eagerly(proto, {"past": past, "x": x})
        np.testing.assert_allclose(y, np.concatenate([past, x], 2) ** 2, rtol=1e-6)
