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
"""The folding rows against ONNX's record of versions, and against what the operators compute."""

import dataclasses
import math
import pathlib
from typing import Any, Dict, Sequence

import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx import opset
from mxnet.contrib.onnx.folding import FAMILIES, NotFolded, folds
from mxnet.contrib.onnx.folding.table import MAX_ELEMENTS, bounded
from mxnet.contrib.onnx.translation import bind
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from running import Session

#: Versions whose meaning is another one, or which the arguments' form does not let a row say.
NOT_FOLDED = {
    **{op_type: {1, 6} for op_type in ("Add", "Sub", "Mul", "Div")},  # broadcast by an attribute
    **{op_type: {1} for op_type in ("Pow", "Equal", "Less", "Greater", "And", "Or", "Xor")},
    "Split": {1},  # lengths may be a run-time tensor and an attribute at once
    "Tile": {1},  # repeats along one axis
    "Pad": {1},  # an attribute of another name
    "Gemm": {1, 6},  # broadcast by an attribute
}


#: Rows of the opsets that the installed ``onnx`` knows; version 0 is in no record of ONNX's.
KEYS = [key for key in folds.keys() if 0 < key[2] <= opset.NEWEST_OPSET]  # noqa: SIM118


def _known(op_type, domain=""):
    return [v for v in folds.versions(op_type, domain) if v <= opset.NEWEST_OPSET]


def test_every_row_is_of_a_version_that_exists():
    for domain, op_type, version in KEYS:
        assert version in opset.history(op_type, domain), (op_type, version)


@pytest.mark.parametrize("domain, op_type", sorted({key[:2] for key in KEYS}))
def test_every_version_of_a_folded_operator_has_a_row_or_a_reason(domain, op_type):
    versions = set(_known(op_type, domain))
    assert versions | NOT_FOLDED.get(op_type, set()) == set(opset.history(op_type, domain))
    assert not versions & NOT_FOLDED.get(op_type, set())


def test_rows_take_the_arguments_of_their_operators():
    for domain, op_type, version in KEYS:
        schema = opset.schema_at(op_type, version, domain)
        row = folds.find(op_type, version, domain)
        for name in row.values:
            versions = set(row.versions) & set(_known(op_type, domain))
            schemas = [opset.schema_at(op_type, v, domain) for v in versions]
            assert any(
                s.attribute_name(name) or s.input_index(name) is not None for s in schemas
            ), f"{op_type}-{version} has no '{name}'"
        ignored = {n for n in row.ignores if schema.attribute_name(n)}
        assert not ignored & set(row.values)


# -- what they compute -----------------------------------------------------------------------------


@dataclasses.dataclass
class Case:
    """One use of an operator: inputs by position, and arguments that are attribute or input."""

    op_type: str
    inputs: Sequence[Any]
    arguments: Dict[str, Any] = dataclasses.field(default_factory=dict)
    since: int = 0
    until: int = 99


RNG = np.random.default_rng(7)
X = RNG.normal(size=(2, 3, 4)).astype(np.float32)
I = RNG.integers(-9, 9, (2, 3, 4))  # noqa: E741
ROW = RNG.normal(size=(3, 1)).astype(np.float32)
B = RNG.integers(0, 2, (2, 3, 4)).astype(bool)
NONZERO = np.where(I == 0, 3, I)


def ints(*values):
    return np.array(values, np.int64)


CASES = [
    *(Case(o, [X, ROW]) for o in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum")),
    *(Case(o, [X, X + 1]) for o in ("Max", "Min", "Sum")),
    *(Case(o, [I, NONZERO]) for o in ("Add", "Sub", "Mul", "Div")),
    Case("Pow", [np.abs(X), ROW]),
    Case("Mod", [I, NONZERO], {"fmod": 0}),
    Case("Mod", [I, NONZERO], {"fmod": 1}),
    *(Case(o, [X]) for o in ("Abs", "Ceil", "Exp", "Floor", "Neg", "Sign", "Sin", "Cos")),
    Case("Identity", [X]),
    *(Case(o, [np.abs(X) + 1]) for o in ("Log", "Sqrt", "Reciprocal")),
    Case("Round", [np.array([-1.5, -0.5, 0.5, 1.5, 2.5, 2.3], np.float32)]),
    Case("Clip", [X], {"min": np.float32(-0.5), "max": np.float32(0.5)}, since=6),
    *(Case(o, [X, ROW]) for o in ("Less", "Greater", "LessOrEqual", "GreaterOrEqual")),
    Case("Equal", [I, I[:, :1]]),
    *(Case(o, [B, B[:1]]) for o in ("And", "Or", "Xor")),
    Case("Not", [B]),
    Case("IsNaN", [np.array([1, np.nan], np.float32)]),
    Case("Where", [B, X, ROW]),
    Case("Cast", [X * 9], {"to": TensorProto.INT64}, since=6),
    Case("Cast", [I], {"to": TensorProto.BOOL}, since=6),
    Case("CastLike", [X * 9, I]),
    Case("BitCast", [X], {"to": TensorProto.INT32}),
    Case("ReduceSum", [X], {"axes": [1], "keepdims": 0}),
    Case("ReduceProd", [I], {"keepdims": 1}),
    Case("ReduceMax", [X], {"axes": [-1, 0], "keepdims": 1}),
    Case("ReduceMin", [X], {"axes": [1, 2], "keepdims": 0}),
    Case("ReduceMean", [X], {"axes": [2], "keepdims": 1}),
    Case("CumSum", [X], {"axis": np.int64(1), "exclusive": 0, "reverse": 0}),
    Case("CumSum", [X], {"axis": np.int64(-1), "exclusive": 1, "reverse": 1}),
    Case("Shape", [X]),
    Case("Shape", [X], {"start": -2, "end": 3}, since=15),
    Case("Size", [X]),
    Case("Reshape", [X], {"shape": [0, -1, 2]}),
    Case("Flatten", [X], {"axis": 2}),
    Case("Transpose", [X], {"perm": [2, 0, 1]}),
    Case("Transpose", [X]),
    Case("Unsqueeze", [X], {"axes": [0, 3]}),
    Case("Squeeze", [X[:, :1]], {"axes": [1]}),
    Case("Squeeze", [X[:1, :1]]),
    Case("Expand", [ROW, ints(2, 1, 4)]),
    Case("Tile", [X, ints(1, 2, 3)]),
    Case("Pad", [X], {"pads": [0, 1, 0, 2, 0, 1], "mode": "constant"}),
    Case("Pad", [X], {"pads": [0, 1, 0, 0, 1, 2], "mode": "reflect"}),
    Case("Pad", [X], {"pads": [0, -1, 0, 0, 0, -2], "mode": "constant"}),
    Case("Trilu", [X[0]], {"k": np.int64(1), "upper": 1}),
    Case("Trilu", [X], {"upper": 0}),
    Case("Concat", [X, X + 1], {"axis": 1}),
    Case("Split", [X], {"split": [1, 3], "axis": 2}),
    Case("Split", [X], {"num_outputs": 3, "axis": 2}, since=18),
    Case("Gather", [X, ints(1, 0, 1)], {"axis": 1}),
    Case("GatherElements", [X, np.abs(I[:, :, :2]) % 4], {"axis": 2}),
    Case("GatherND", [X, ints(0, 1, 1, 2).reshape(2, 2)]),
    Case("ScatterND", [X, ints(0, 1, 1, 2).reshape(2, 2), X[:, 0] * 3]),
    *(Case("ScatterND", [X, ints(1, 2, 1, 2).reshape(2, 2), X[:, 0] * 3], {"reduction": r},
           since=18) for r in ("add", "mul", "min", "max")),
    Case("GatherND", [X, ints(2, 0).reshape(2, 1)], {"batch_dims": 1}, since=12),
    Case("ScatterElements", [X, ints(2, 0).reshape(2, 1, 1), ROW[:2, :, None]], {"axis": 1}),
    *(Case("ScatterElements", [X, ints(2, 2).reshape(1, 2, 1), ROW[None, :2]],
           {"axis": -2, "reduction": r}, since=18) for r in ("add", "mul", "min", "max")),
    Case("MatMul", [X[..., :0], X[:, :0]]),
    Case("Gemm", [X[0, :, :0], X[0, :0], X[0, :1]], {"beta": 0.5}),
    *(Case(o, [I, I[:, :1]]) for o in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")),
    Case("BitwiseNot", [I]),
    *(Case("BitShift", [np.abs(I).astype(np.uint64) << np.uint64(60), np.abs(I).astype(np.uint64)],
           {"direction": d}) for d in ("LEFT", "RIGHT")),
    Case("Slice", [X], {"starts": [-1], "ends": [-(2**63)], "axes": [2], "steps": [-2]}, since=10),
    Case("Slice", [X], {"starts": [0, -1], "ends": [2, 9], "axes": [1, 2]}),
    Case("Slice", [X], {"starts": [1], "ends": [2**31], "axes": [1]}),
    Case("NonZero", [B]),
    Case("Constant", [], {"value": numpy_helper.from_array(X)}),
    Case("Constant", [], {"value_ints": [1, 2]}, since=12),
    Case("Constant", [], {"value_float": 1.5}, since=12),
    Case("ConstantOfShape", [ints(2, 3)], {"value": numpy_helper.from_array(ints(7))}),
    Case("ConstantOfShape", [ints(2)]),
    Case("Range", [np.int64(3), np.int64(11), np.int64(2)]),
    Case("Range", [np.float32(3), np.float32(-1), np.float32(-0.5)]),
    Case("EyeLike", [X[0]], {"k": 1}),
    Case("OneHot", [ints(0, -1, 5), np.int64(3), np.array([2, 5], np.float32)], {"axis": 0}),
    Case("Compress", [X, B[0, 0]], {"axis": 2}),
    Case("Compress", [X, B[0, 0]]),
    *(Case("Unique", [I], {"sorted": n}) for n in (0, 1)),
    Case("Unique", [I % 2], {"axis": -1, "sorted": 0}),
    *(Case("CumProd", [X, np.int64(a)], {"exclusive": e, "reverse": r})
      for a, e, r in ((1, 0, 0), (-1, 1, 0), (0, 0, 1), (2, 1, 1))),
    *(Case("TensorScatter", [X, X[:, :, :n], ints(3, 1)], {"axis": -1, "mode": "circular"})
      for n in (1, 3)),
    Case("TensorScatter", [X, X[:, :2] * 3, ints(1, 0)], {"axis": 1}),
    Case("TensorScatter", [X, X[:, :2] * 3]),
    Case("NonMaxSuppression", [np.abs(X).reshape(1, 6, 4), np.abs(X[:1]).reshape(1, 2, 6),
                               np.int64(2), np.float32(0.3), np.float32(0.1)]),
    *(Case(f"{name}Window", [np.int64(9)], {"output_datatype": kind, "periodic": p})
      for name in ("Hann", "Hamming", "Blackman") for p in (0, 1)
      for kind in (TensorProto.DOUBLE, TensorProto.INT64)
      if (name, kind) != ("Blackman", TensorProto.DOUBLE)),  # whose ends are zeros but for rounding
    Case("MelWeightMatrix", [np.array(n) for n in (8, 64, 8000)] + [np.float32(9), np.float32(3e3)],
         {"output_datatype": TensorProto.DOUBLE}),
]  # fmt: skip


def _versions(case):
    return [v for v in _known(case.op_type) if case.since <= v <= case.until]


def _model(case, version):
    """The case as a model of one node at ``version``; each argument in the form of that version."""
    schema = opset.schema_at(case.op_type, version)
    arrays = [np.asarray(a) for a in case.inputs]
    names = [f"x{i}" for i in range(len(arrays))]
    attributes = {}
    for name, value in case.arguments.items():
        if schema.attribute_name(name):
            attributes[name] = value.item() if isinstance(value, np.generic) else value
        else:
            index = schema.input_index(name)
            assert index is not None, f"{case.op_type}-{version} takes no '{name}'"
            array = np.asarray(value, np.int64) if isinstance(value, list) else np.asarray(value)
            names += [""] * (index + 1 - len(names))
            arrays += [None] * (index + 1 - len(arrays))
            names[index], arrays[index] = f"x{index}", array
    count = len(case.arguments.get("split", ())) or case.arguments.get("num_outputs", 1)
    node = helper.make_node(case.op_type, names, [f"y{i}" for i in range(count)], **attributes)
    graph = helper.make_graph(
        [node],
        "g",
        [],
        [helper.make_empty_tensor_value_info(n) for n in node.output],
        [numpy_helper.from_array(a, n) for a, n in zip(arrays, names) if n],
    )
    imports = [helper.make_opsetid("", version)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8), arrays


def _folded(model, arrays, version):
    (node,) = model.graph.node
    schema = opset.schema_at(node.op_type, version)
    fold = folds.find(node.op_type, version)
    args, values = bind(fold, schema, node, arrays, lambda _, a: a.tolist())
    return list(fold.compute(args, values, len(node.output)))


def _expected(model):
    """What ONNX Runtime computes; for versions that it lacks, ONNX's reference."""
    try:
        return Session(model)({})
    except Exception:  # it has classes of its own for each way in which it lacks something
        return ReferenceEvaluator(model).run(None, {})


@pytest.mark.parametrize(
    "case, version",
    [
        pytest.param(c, v, id=f"{c.op_type}-{v}-{i}")
        for i, c in enumerate(CASES)
        for v in _versions(c)
    ],
)
def test_fold_computes_what_the_operator_does(case, version):
    arguments = case.arguments
    schema = opset.schema_at(case.op_type, version)
    for name in arguments:
        if not schema.attribute_name(name) and schema.input_index(name) is None:
            pytest.skip(f"version {version} has no '{name}'")
    model, arrays = _model(case, version)
    folded, expected = _folded(model, arrays, version), _expected(model)
    assert len(folded) == len(expected)
    for actual, wanted in zip(folded, expected):
        wanted = np.asarray(wanted)
        assert actual.dtype == wanted.dtype and actual.shape == wanted.shape
        np.testing.assert_allclose(actual, wanted, rtol=1e-6)


def test_every_folded_operator_has_a_case():
    """Here, or in the test file of its family."""
    own = {path.stem[len("test_") :] for path in pathlib.Path(__file__).parent.glob("test_*.py")}
    elsewhere = [row for f in FAMILIES if f.__name__.rsplit(".", 1)[-1] in own for row in f.table]
    here = {row.op_type for row in folds} - {row.op_type for row in elsewhere}
    assert here == {case.op_type for case in CASES}


# -- bounds -------------------------------------------------------------------------------------


def fold(op_type, version, *arrays, **values):
    return folds.find(op_type, version).function(*arrays, **values)


def test_measuring_rows_read_nothing_but_the_shape():
    for row in folds:
        if row.measures and row.op_type != "EyeLike":
            huge = np.broadcast_to(np.zeros((), np.float32), (2**20, 2**20, 2**20))
            result = row.function(huge)
            assert result.tolist() in ([2**20] * 3, 2**60)


def test_fills_take_no_memory():
    huge = fold("ConstantOfShape", 9, ints(2**20, 2**20))
    assert huge.shape == (2**20, 2**20) and not any(huge.strides)
    assert not any(fold("Expand", 8, np.ones((1, 1)), ints(2**20, 2**20)).strides)


HUGE = np.broadcast_to(np.zeros((), np.int64), (2**13, 1))


@pytest.mark.parametrize(
    "grow",
    [
        lambda: fold("Range", 11, np.int64(0), np.int64(2**40), np.int64(1)),
        lambda: fold("Tile", 6, np.ones(4), ints(2**40)),
        lambda: fold("Pad", 2, np.ones(4), pads=[0, 2**40], mode="constant"),
        lambda: fold("Add", 7, HUGE, HUGE.T),
        lambda: fold("Less", 9, HUGE, HUGE.T),
        lambda: fold("Where", 9, HUGE > 0, HUGE.T, HUGE),
        lambda: fold("OneHot", 9, ints(1), np.array(2**40), ints(0, 1), axis=-1),
        lambda: fold("Gather", 1, np.ones((1, 2**20)), np.zeros(2**20, np.int64), axis=0),
        lambda: fold("EyeLike", 9, np.broadcast_to(0.0, (2**20, 2**20)), k=0),
    ],
)
def test_what_grows_beyond_measure_is_left_to_run_time(grow):
    with pytest.raises(NotFolded, match=str(MAX_ELEMENTS)):
        grow()


def test_bounded_counts_without_overflow():
    with pytest.raises(NotFolded):
        bounded([2**40, 2**40])
    bounded([MAX_ELEMENTS])
    assert math.prod([2**40, 2**40]) > MAX_ELEMENTS


@pytest.mark.parametrize(
    "refused",
    [
        lambda: fold("Div", 7, ints(1), ints(0)),
        lambda: fold("Mod", 10, ints(1), ints(0), fmod=0),
        lambda: fold("Range", 11, np.int64(0), np.int64(3), np.int64(0)),
        lambda: fold("Gather", 1, ints(1, 2), ints(2), axis=0),
        lambda: fold("ConstantOfShape", 9, ints(-4)),
        lambda: fold("Reshape", 5, X, shape=[5, 5]),
        lambda: fold("Split", 2, X, split=[1, 1], axis=2),
    ],
)
def test_what_the_operator_refuses_the_fold_refuses(refused):
    with pytest.raises((ValueError, IndexError, ArithmeticError)):
        refused()


def test_whole_numbers_stay_exact():
    large = ints(2**62 + 1, -(2**62) - 1)
    assert fold("Div", 14, large, ints(1, 1)).tolist() == large.tolist()
    assert fold("Div", 14, ints(-7, 7), ints(2, -2)).tolist() == [-3, -3]
    assert fold("ReduceProd", 13, ints(2**31, 2**31), axes=None, keepdims=0) == 2**62


def test_old_versions_read_their_own_form():
    assert fold("Cast", 1, X, to="INT32").dtype == np.int32
    assert fold("Clip", 1, X, min=0.0, max=None).min() == 0
    assert onnx.defs.get_schema("Cast", 1).attributes["to"].type.name == "STRING"
