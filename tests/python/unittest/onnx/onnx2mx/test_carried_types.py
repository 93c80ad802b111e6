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
"""Types that MXNet lacks, in types that carry them: edges of their ranges, in every way."""

import mxnet as mx
import numpy as np
import pytest
from mxnet.contrib.onnx import ConversionError, backend, dtypes, import_model
from mxnet.contrib.onnx.onnx2mx.eager import run_eagerly
from onnx import TensorProto, ValueInfoProto, helper, parser
from onnx.reference import ReferenceEvaluator

WHOLE = ("int16", "uint16", "uint32", "uint64")
NARROW = helper.tensor_dtype_to_np_dtype(TensorProto.BFLOAT16)
needs_bfloat16 = pytest.mark.skipif(
    np.dtype(NARROW) == np.float32, reason="this onnx gives bits for bfloat16"
)


def edges(dtype):
    """Pairs of numbers around the ends of a type."""
    info = np.iinfo(dtype)
    some = {0, 1, 2, 3, 7, info.max // 3, info.max // 2, info.max - 1, info.max, info.min}
    some |= {-1, -3, info.min + 1} if info.min else set()
    a, b = np.meshgrid(np.array(sorted(some), dtype), np.array(sorted(some), dtype))
    return a.ravel(), b.ravel()


def model(op_type, arrays, opset=18, **attributes):
    given = {f"x{n}": array for n, array in enumerate(arrays)}
    graph = helper.make_graph(
        [helper.make_node(op_type, list(given), ["y"], **attributes)],
        op_type,
        [
            helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
            for n, a in given.items()
        ],
        [ValueInfoProto(name="y")],
    )
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8), given


def run_symbol(proto, given, outputs=1):
    """Through what carries the types."""
    symbol, arg_params, aux_params = import_model(proto)
    held = {n: a.astype(dtypes.carrier(a.dtype)) for n, a in given.items()}
    arrays = {n: mx.nd.array(a, dtype=a.dtype) for n, a in held.items()}
    executor = symbol.bind(mx.current_context(), {**arg_params, **arrays}, aux_states=aux_params)
    results = [o.asnumpy() for o in executor.forward()]
    return results[0] if outputs == 1 else results


def check(proto, given, symbol=True):
    with np.errstate(all="ignore"):
        (wanted,) = ReferenceEvaluator(proto).run(None, given)
    (eager,) = run_eagerly(proto, given)
    assert eager.dtype == wanted.dtype
    np.testing.assert_array_equal(eager, wanted)
    if symbol:
        y = run_symbol(proto, given)
        assert y.dtype == dtypes.carrier(wanted.dtype)
        np.testing.assert_array_equal(y, wanted.astype(y.dtype))


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("op_type", ["Add", "Sub", "Mul", "BitwiseAnd", "BitwiseOr", "BitwiseXor"])
def test_arithmetic_wraps_around(op_type, dtype):
    check(*model(op_type, edges(dtype)))


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize(
    "op_type, attributes",
    [("Div", {}), ("Mod", {}), ("Mod", {"fmod": 1}), ("Min", {}), ("Max", {}), ("Less", {})],
)
def test_what_hangs_on_the_size_of_numbers(op_type, attributes, dtype):
    """int64 holds no uint64 from 2 ** 63 on: an eager run computes them by the folds."""
    a, b = edges(dtype)
    keep = (b != 0) & ~((b == np.array(-1).astype(dtype)) & (a == np.iinfo(dtype).min))
    check(*model(op_type, [a[keep], b[keep]], **attributes), symbol=dtype != "uint64")


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("to", ["int8", "uint8", "int32", "int64", *WHOLE])
def test_casts_of_whole_numbers_drop_the_higher_bits(dtype, to):
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(to))
    check(*model("Cast", [edges(dtype)[0]], to=kind))
    check(*model("Cast", [np.int64([2**40 + 5, -1, 2**16, 300, -129])], to=kind))


@pytest.mark.parametrize("dtype", WHOLE)
def test_the_highest_bits_of_uint64_are_not_taken_for_a_sign(dtype):
    a = edges(dtype)[0]
    check(*model("Neg" if dtype == "int16" else "BitwiseNot", [a]), symbol=dtype != "uint64")


def test_numbers_that_int64_does_not_hold_are_refused_in_symbols():
    proto, given = model("Max", [np.uint64([1, 2]), np.uint64([2**63, 5])])
    with pytest.raises(ConversionError, match=r"2 \*\* 63"):
        import_model(proto, input_values={"x1": given["x1"]})


SCAN = """
<ir_version: 8, opset_import: ["" : 17]>
g (int16[2] s, int16[N, 2] x) => (int16[2] last, int16[N, 2] all) {
  last, all = Scan <num_scan_inputs = 1, body = b (int16[2] a, int16[2] e)
    => (int16[2] n, int16[2] o) { n = Mul (a, e)  o = Identity (n) }> (s, x)
}"""


def test_loops_keep_the_type():
    s, x = np.int16([300, -300]), np.int16([[3, 5], [200, 200], [7, 1]])
    wanted = np.cumprod(np.concatenate([s[None], x]), 0, dtype=np.int16)[1:]
    last, every = run_eagerly(parser.parse_model(SCAN), {"s": s, "x": x})
    assert last.dtype == every.dtype == np.int16
    assert (every == wanted).all() and (last == wanted[-1]).all()
    _, symbol = run_symbol(parser.parse_model(SCAN), {"s": s, "x": x}, outputs=2)
    assert (symbol == wanted).all()


def test_what_only_moves_numbers_is_not_brought_back_into_range():
    proto, _ = model("Transpose", [np.zeros((2, 3), np.int16)])
    assert "bitwise" not in import_model(proto)[0].tojson()
    proto, _ = model("Neg", [np.zeros((2, 3), np.int16)])
    assert "bitwise" in import_model(proto)[0].tojson()


@needs_bfloat16
@pytest.mark.parametrize("op_type", ["Add", "Mul", "Div", "Sub"])
def test_bfloat16_is_rounded_after_every_node(op_type):
    rng = np.random.default_rng(7)
    a, b = (rng.normal(size=500).astype(np.float32).astype(NARROW) for _ in range(2))
    proto, given = model(op_type, [a, b])
    wanted = run_eagerly(proto, given)[0]
    function = {"Add": np.add, "Mul": np.multiply, "Div": np.divide, "Sub": np.subtract}[op_type]
    exact = function(a.astype(np.float32), b.astype(np.float32)).astype(NARROW)
    assert wanted.dtype == NARROW and (wanted == exact).all()
    assert (run_symbol(proto, given) == exact.astype(np.float32)).all()


@needs_bfloat16
def test_halves_are_rounded_to_even_and_what_is_no_number_stays():
    halves = (np.arange(128, 256) + np.float32(0.5)) / 128
    x = np.concatenate([halves, -halves, [3.39e38, 3.4e38, np.inf, -np.inf, np.nan, 0, 1e-30]])
    proto, given = model("Cast", [x.astype(np.float32)], to=TensorProto.BFLOAT16)
    wanted = given["x0"].astype(NARROW).astype(np.float32)
    np.testing.assert_array_equal(run_eagerly(proto, given)[0].astype(np.float32), wanted)
    np.testing.assert_array_equal(run_symbol(proto, given), wanted)


@needs_bfloat16
@pytest.mark.parametrize("saturate", [0, 1])
@pytest.mark.parametrize("name", ["E4M3FN", "E4M3FNUZ", "E5M2", "E5M2FNUZ"])
def test_float8_saturates_or_not(name, saturate):
    x = np.float32([0, -0.0, 1.3, -500, 1e6, -1e6, np.inf, -np.inf, np.nan, 2**-9, 2**-17])
    kind = TensorProto.DataType.Value(f"FLOAT8{name}")
    proto, given = model("Cast", [x], 19, to=kind, saturate=saturate)
    (y,) = run_eagerly(proto, given)
    assert y.dtype == helper.tensor_dtype_to_np_dtype(kind)
    (wanted,) = ReferenceEvaluator(proto).run(None, given)
    expected = wanted.astype(np.float32)
    np.testing.assert_array_equal(y.astype(np.float32), expected)
    with pytest.raises(ConversionError, match="MXNet has no float8"):
        import_model(proto)


HALVES = np.full((2, 3, 8), 0.5, NARROW)


@needs_bfloat16
@pytest.mark.parametrize(
    "op_type, arrays, outputs, attributes",
    [
        ("RandomNormalLike", [HALVES], 1, {}),
        ("RandomUniformLike", [HALVES], 1, {}),
        ("RandomNormal", [], 1, {"shape": [2, 3], "dtype": 16}),
        ("Bernoulli", [HALVES], 1, {}),
        ("Bernoulli", [np.float32([0.5])], 1, {"dtype": 16}),
        ("DequantizeLinear", [np.uint8([1, 2]), np.array(0.1, NARROW)], 1, {}),
        (
            "LinearAttention",
            [HALVES] * 3,
            2,
            {"q_num_heads": 2, "kv_num_heads": 2, "update_rule": "linear"},
        ),
    ],
    ids=str,
)
def test_types_that_only_the_row_knows(op_type, arrays, outputs, attributes):
    names = [f"x{n}" for n in range(len(arrays))]
    node = helper.make_node(op_type, names, [f"y{n}" for n in range(outputs)], **attributes)
    for result in backend.run_node(node, arrays):
        assert result.dtype == NARROW
