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
"""Import rows: rotary positions, caches, convolutions and attention with a state."""

import numpy as np
import onnx
import pytest
from gradients import check_gradients
from import_cases import bools, case, check, ints, normal, uniform, value
from mxnet.contrib.onnx import backend
from onnx import helper
from onnx.reference import ReferenceEvaluator

REFERENCE = {"expected": "reference"}
_HEADS, _FLAT = normal(2, 4, 3, 8), normal(2, 3, 32)
_PLACES = ints([0, 4, 2], [1, 9, 9])
_TABLE = {"c": uniform(-1, 1, 10, 4), "s": uniform(-1, 1, 10, 4), "p": _PLACES}
_PART = {"c": uniform(-1, 1, 10, 2), "s": uniform(-1, 1, 10, 2), "p": _PLACES}
_OWN = {"c": uniform(-1, 1, 2, 3, 4), "s": uniform(-1, 1, 2, 3, 4)}
_ROTARY = "RotaryEmbedding"
CASES = [
    case(23, f"y = {_ROTARY} (x, c, s, p)", x=_HEADS, **_TABLE, dynamic=(2, 3)),
    case(23, f"y = {_ROTARY} <interleaved=1> (x, c, s, p)", x=_HEADS, **_TABLE),
    case(23, f"y = {_ROTARY} <rotary_embedding_dim=4> (x, c, s, p)", x=_HEADS, **_PART),
    case(23, f"y = {_ROTARY} <rotary_embedding_dim=4, interleaved=1> (x, c, s, p)", x=_HEADS,
         **_PART),
    case(23, f"y = {_ROTARY} (x, c, s)", x=_HEADS, **_OWN),
    case(23, f"y = {_ROTARY} <num_heads=4> (x, c, s, p)", x=_FLAT, **_TABLE, dynamic=(2, 3)),
    case(23, f"y = {_ROTARY} <num_heads=4, interleaved=1> (x, c, s)", x=_FLAT, **_OWN),
    case(23, f"y = {_ROTARY} (x, c, s)", x=_FLAT, **_OWN, refused="num_heads"),
    case(23, f"y = {_ROTARY} (x, c, s, p)", x=_HEADS, **_PART, refused="cache"),
]  # fmt: skip
_CACHE = {"x": normal(2, 3, 6, 5), "u": normal(2, 3, 2, 5)}
_SCATTER = "y = TensorScatter"
CASES += [
    case(24, f"{_SCATTER} (x, u, i)", **_CACHE, i=ints(3, 0), dynamic=(3, 6), **REFERENCE),
    case(24, f"{_SCATTER} (x, u)", **_CACHE, **REFERENCE),
    case(24, f'{_SCATTER} <mode="circular"> (x, u, i)', **_CACHE, i=ints(5, 1), **REFERENCE),
    case(24, f"{_SCATTER} <axis=1> (x, u, i)", x=_CACHE["x"], u=normal(2, 2, 6, 5), i=ints(1, 0),
         **REFERENCE),
    case(24, f"{_SCATTER} <axis=-1> (x, u, i)", x=bools(2, 3, 4), u=bools(2, 3, 1), i=ints(3, 0),
         **REFERENCE),
    case(24, f"{_SCATTER} (x, u)", x=_CACHE["x"], u=_CACHE["x"] + 1, **REFERENCE),
    case(24, f"{_SCATTER} (x, u, i)", **_CACHE, i=value([5, 0]), refused="leave a cache"),
    case(24, f"{_SCATTER} <axis=0> (x, u)", **_CACHE, refused="axis=0"),
]  # fmt: skip
_CONV = "y, z = CausalConvWithState"
_SEQUENCE, _KERNEL = normal(2, 3, 5), normal(3, 1, 4)
CASES += [
    case(27, f"{_CONV} (x, w)", x=_SEQUENCE, w=_KERNEL, dynamic=(2, 5), **REFERENCE),
    case(27, f"{_CONV} (x, w, b, p)", x=_SEQUENCE, w=_KERNEL, b=normal(3), p=normal(2, 3, 3),
         **REFERENCE),
    case(27, f'{_CONV} <activation="silu"> (x, w, , p)', x=normal(2, 3, 1), w=_KERNEL,
         p=normal(2, 3, 3), **REFERENCE),
    case(27, f'{_CONV} <activation="gelu"> (x, w)', x=_SEQUENCE, w=_KERNEL, refused="gelu"),
]  # fmt: skip
_LINEAR = {"q": normal(2, 5, 16), "k": normal(2, 5, 8), "v": normal(2, 5, 6)}
_GATES = {"d": uniform(-1, 0, 2, 5, 2), "b": uniform(0, 1, 2, 5, 2)}
_STATE = {"p": normal(2, 2, 4, 3)}
_H = "q_num_heads=4, kv_num_heads=2"
_ATTENTION = "y, z = LinearAttention"
CASES += [
    case(27, f'{_ATTENTION} <{_H}, update_rule="linear"> (q, k, v)', **_LINEAR, **REFERENCE),
    case(27, f'{_ATTENTION} <{_H}, update_rule="gated"> (q, k, v, p, d)', **_LINEAR, **_STATE,
         d=uniform(-1, 0, 2, 5, 8), **REFERENCE),
    case(27, f'{_ATTENTION} <{_H}, update_rule="gated"> (q, k, v, , d)', q=normal(7, 5, 16),
         k=normal(7, 5, 8), v=normal(7, 5, 6), d=uniform(-1, 0, 7, 5, 2), dynamic=(7,),
         **REFERENCE),
    case(27, f'{_ATTENTION} <{_H}, update_rule="delta", scale=0.3> (q, k, v, , , b)', **_LINEAR,
         b=uniform(0, 1, 2, 5, 1), **REFERENCE),
    case(27, f"{_ATTENTION} <{_H}> (q, k, v, p, d, b)", **_LINEAR, **_STATE, **_GATES, **REFERENCE),
    case(27, f"{_ATTENTION} <{_H}> (q, k, v)", **_LINEAR, refused="decay"),
    case(27, f"{_ATTENTION} <q_num_heads=3, kv_num_heads=2> (q, k, v, p, d, b)", **_LINEAR,
         **_STATE, **_GATES, refused="share"),
]  # fmt: skip
_QUERY = {"q": normal(2, 4, 3, 8), "k": normal(2, 2, 5, 8), "v": normal(2, 2, 5, 6)}
CASES += [
    case(26, "y = ai.onnx.preview.FlexAttention (q, k, v)", **_QUERY, dynamic=(3, 5), **REFERENCE),
    case(26, "y = ai.onnx.preview.FlexAttention <scale=0.3> (q, k, v)", **_QUERY, **REFERENCE),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


def test_a_kernel_of_one_element_keeps_nothing():
    given = case(27, f'{_CONV} <activation="swish"> (x, w)', x=_SEQUENCE, w=normal(3, 1, 1))
    y, z = backend.prepare(given.model()).run(given.inputs)
    wanted = ReferenceEvaluator(given.model()).run(None, given.inputs)
    np.testing.assert_allclose(y, wanted[0], 1e-5, 1e-6)
    assert z.shape == wanted[1].shape == (2, 3, 0) and z.dtype == wanted[1].dtype


def _double(arrays):
    return {n: a.astype("float64") if a.dtype.kind == "f" else a for n, a in arrays.items()}


def test_gradients_of_a_cache():
    check_gradients(case(24, f"{_SCATTER} (x, u, i)", **_double(_CACHE), i=ints(3, 0)), "xu")


# -- with graphs in it -------------------------------------------------------------------------


def _flexible(heads, score=None, prob=None, dtype="float32", **more):
    """A model of one node; ``score`` and ``prob`` are operators with a constant."""
    q, k, v = normal(2, 4, 3, 8), normal(2, heads, 5, 8), normal(2, heads, 5, 6)
    inputs = {n: a.astype(dtype) for n, a in zip("qkv", (q, k, v))}
    for name, op_type in (("score_mod", score), ("prob_mod", prob)):
        if op_type:
            half = helper.make_tensor("half", onnx.TensorProto.FLOAT, [], [0.5])
            node = helper.make_node(op_type, ["s", "half"], ["t"])
            info = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [2, 4, 3, 5])
                    for n in "st"]  # fmt: skip
            more[name] = helper.make_graph([node], name, info[:1], info[1:], [half])
    node = helper.make_node("FlexAttention", list("qkv"), ["y"], domain="ai.onnx.preview", **more)
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    infos = [helper.make_tensor_value_info(n, kind, a.shape) for n, a in inputs.items()]
    graph = helper.make_graph(
        [node], "g", infos, [helper.make_tensor_value_info("y", kind, [2, 4, 3, 6])]
    )
    imports = [helper.make_opsetid("", 26), helper.make_opsetid("ai.onnx.preview", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=10), inputs


@pytest.mark.parametrize(
    "given",
    [
        {"heads": 4},
        {"heads": 2, "score": "Mul", "prob": "Sub", "scale": 0.2},
        {"heads": 1, "dtype": "float16"},
        {"heads": 4, "dtype": "float64"},
        {"heads": 2, "softmax_precision": onnx.TensorProto.DOUBLE},
    ],
    ids=str,
)
def test_flex_attention(given):
    model, inputs = _flexible(**given)
    (wanted,) = ReferenceEvaluator(model).run(None, inputs)
    (found,) = backend.prepare(model).run(inputs)
    assert found.dtype == wanted.dtype and found.shape == wanted.shape
    tolerance = 3e-3 if given.get("dtype") == "float16" else 1e-5
    np.testing.assert_allclose(found, wanted, tolerance, tolerance)
