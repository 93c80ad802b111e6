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
"""Export rows as data: a case is one call of an MXNet operator, and one checker runs all of them.

The checker exports the call, runs the file in ONNX Runtime and compares names, shapes, dtypes and
values of all outputs with MXNet's own executor. A refusal is a case as well.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import json
from typing import Any, Dict, List, Optional, Tuple

import mxnet as mx
import numpy as np
import pytest
from mxnet.contrib.onnx import ConversionError, export_model
from mxnet.contrib.onnx.opset import DEFAULT_TARGET_OPSET, TARGET_OPSETS
from mxnet_process import MXNetProcess
from running import Session, opsets, seed_of

#: Lowest, default and highest opset that the exporter writes and the installed runtime loads.
OPSETS = opsets()
#: Allowed difference, relative and absolute, by dtype; integers and bool are equal or wrong.
TOLERANCE = {"float16": (1e-2, 1e-2), "float32": (1e-4, 1e-5), "float64": (1e-6, 1e-7)}
NODE = "node"
_mxnet = MXNetProcess(MXNET_SUBGRAPH_BACKEND="NONE")
_mxnet_without_mkldnn = MXNetProcess(MXNET_MKLDNN_ENABLED="0")


@dataclasses.dataclass(frozen=True)
class Array:
    """One input of a case.

    Attributes
    ----------
    shape : tuple of int
    dtype : str
    low, high : float
        Range of the numbers, for integers with both ends.
    values : tuple of numbers, optional
        The numbers themselves, in place of a range.
    role : str
        "input" of the file, "parameter" of the model, or "label", which the exporter never sees.
    fixed : tuple of int or True
        Axes that stay known where the case is exported with named dimensions; True for all.
    """

    shape: Tuple[int, ...]
    dtype: str = "float32"
    low: float = -2.0
    high: float = 2.0
    values: Any = None
    role: str = "input"
    fixed: Any = ()

    def read(self, rng: np.random.Generator) -> np.ndarray:
        """The numbers."""
        dtype = np.dtype(self.dtype)
        if self.values is not None:
            return np.asarray(self.values, dtype).reshape(self.shape)
        if dtype.kind == "f":
            return rng.uniform(self.low, self.high, self.shape).astype(dtype)
        low = max(self.low, 0) if dtype.kind in "ub" else self.low
        high = min(self.high, 1) if dtype.kind == "b" else self.high
        return rng.integers(int(low), int(high) + 1, self.shape).astype(dtype)

    def dims(self) -> Tuple[Any, ...]:
        """The shape as a user gives it who names all dimensions: equal sizes have equal names."""
        fixed = range(len(self.shape)) if self.fixed is True else self.fixed
        known = {axis % len(self.shape) for axis in fixed}
        return tuple(n if k in known else f"n{n}" for k, n in enumerate(self.shape))


def data(*shape: int, **more: Any) -> Array:
    """An input of the file."""
    return Array(shape, **more)


def weight(*shape: int, **more: Any) -> Array:
    """A parameter of the model."""
    return Array(shape, role="parameter", **more)


def label(*shape: int, **more: Any) -> Array:
    """What only training needs."""
    return Array(shape, role="label", **more)


def values(numbers: Any, dtype: str = "float32", **more: Any) -> Array:
    """An input of the file with the numbers themselves."""
    array = np.asarray(numbers, dtype)
    return Array(array.shape, dtype, values=tuple(array.reshape(-1).tolist()), **more)


@dataclasses.dataclass(frozen=True)
class Case:
    """One call of an operator.

    Attributes
    ----------
    op_type : str
        Any name that MXNet has registered.
    inputs : tuple of Array
    attrs : mapping
        The operator's attributes.
    options : mapping
        ``refused``: pattern of the reason for which the call is refused at every opset.
        ``needs_sizes``: pattern of the reason for which it is refused with named dimensions.
        ``runtime``: "reference" where ONNX Runtime has no kernel for the dtype.
        ``mkldnn``: False where MXNet has the operator for the dtype without MKLDNN only.
        ``how``: "eager" where the sizes of the outputs depend on values, so that MXNet cannot bind
        the call, or where shapes are NumPy's; "in place" where MXNet has the operator only for an
        output that is its input.
        ``expected``: what computes the result, for operators that MXNet has on GPUs alone.
        ``opsets``: those at which it runs, where ONNX Runtime has no kernel at others.
        ``tolerance``: (relative, absolute) in place of ``TOLERANCE``.
        ``levels``: (relative, absolute) difference of integers that stand for quantised numbers.
        ``body``: the Symbol inside of the node, where it has one.
        ``outputs``: numbers of the outputs that are exported, all of them if not given.
    """

    op_type: str
    inputs: Tuple[Array, ...]
    attrs: Dict[str, Any]
    options: Dict[str, Any]

    def __str__(self) -> str:
        words = [self.op_type]
        words += [f"{k}={v}".replace(" ", "") for k, v in self.attrs.items()]
        words += [
            "x".join(map(str, a.shape)) + ("" if a.dtype == "float32" else a.dtype)
            for a in self.inputs
        ]
        return "-".join(words)

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def but(self, **options: Any) -> Case:
        """The same case with more options."""
        return dataclasses.replace(self, options={**self.options, **options})

    @functools.cached_property
    def names(self) -> Tuple[str, ...]:
        """Variables of the symbol, in order."""
        return tuple(f"{a.role[0]}{k}" for k, a in enumerate(self.inputs))

    @functools.cached_property
    def symbol(self) -> mx.sym.Symbol:
        """The call as a Symbol with every visible output of it as a head."""
        count = len(self.inputs)
        nodes: list = [{"op": "null", "name": n, "inputs": []} for n in self.names]
        attrs = {k: str(v) for k, v in self.attrs.items()}
        inputs = [[k, 0, 0] for k in range(count)]
        nodes.append({"op": self.op_type, "name": NODE, "attrs": attrs, "inputs": inputs})
        if "body" in self.options:
            nodes[-1]["subgraphs"] = [json.loads(self.options["body"].tojson())]
        text = {
            "nodes": nodes,
            "arg_nodes": list(range(count)),
            "heads": [[count, 0, 0]],
            "attrs": {"mxnet_version": ["int", 10901]},
        }
        inside = mx.sym.load_json(json.dumps(text)).get_internals()
        outputs = [k for k, n in enumerate(inside.list_outputs()) if n.startswith(NODE + "_")]
        picked = self.options.get("outputs", range(len(outputs)))
        return mx.sym.Group([inside[outputs[k]] for k in picked])

    @functools.cached_property
    def arrays(self) -> Dict[str, np.ndarray]:
        """The numbers of every variable."""
        rng = np.random.default_rng(seed_of(str(self)))
        return {n: a.read(rng) for n, a in zip(self.names, self.inputs)}

    @functools.cached_property
    def expected(self) -> List[np.ndarray]:
        """What MXNet computes, in a process of its own."""
        if "expected" in self.options:
            return [self.options["expected"](*self.arrays.values())]
        run = _mxnet if self.options.get("mkldnn", True) else _mxnet_without_mkldnn
        outputs = run(self.symbol.tojson(), self.arrays, self.options.get("how", "bound"))
        return (
            [outputs[k] for k in self.options.get("outputs", range(len(outputs)))]
            if "how" in self.options
            else outputs
        )

    def exported(self, opset: int, named: bool) -> bytes:
        """The ONNX file of the call."""
        by_name = dict(zip(self.names, self.inputs))
        params = {
            n: mx.nd.array(self.arrays[n], dtype=a.dtype)
            for n, a in by_name.items()
            if a.role == "parameter"
        }
        names = [n for n in self.symbol.list_inputs() if by_name[n].role == "input"]
        file = io.BytesIO()
        with mx.util.np_shape(self.options.get("how") == "eager"):
            export_model(
                self.symbol,
                params,
                [by_name[n].dims() if named else by_name[n].shape for n in names],
                [np.dtype(by_name[n].dtype) for n in names],
                file,
                opset_version=opset,
            )
        return file.getvalue()


def case(op_type: str, *inputs: Array, **attrs: Any) -> Case:
    """A call of ``op_type`` on ``inputs`` with attributes ``attrs``."""
    return Case(op_type, inputs, attrs, {})


def _run_reference(file: bytes, inputs: Dict[str, np.ndarray]) -> list:
    """ONNX's own evaluator, for dtypes that ONNX Runtime has no kernel for."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator(onnx.load_from_string(file)).run(None, inputs)


def check(case: Case, opset: int, named: bool) -> None:
    """Export ``case`` and compare with MXNet, or see that it is refused for the reason given."""
    if opset > TARGET_OPSETS[-1]:
        pytest.skip(f"the installed onnx knows opsets up to {TARGET_OPSETS[-1]}")
    reason: Optional[str] = case.options.get("refused")
    reason = reason or (case.options.get("needs_sizes") if named else None)
    if reason is not None:
        with pytest.raises(ConversionError, match=reason) as refusal:
            case.exported(opset, named)
        assert NODE in str(refusal.value)
        return
    expected = case.expected
    file = case.exported(opset, named)
    inputs = {n: case.arrays[n] for n, a in zip(case.names, case.inputs) if a.role == "input"}
    if case.options.get("runtime") == "reference":
        actual = _run_reference(file, inputs)
    else:
        session = Session(file)
        actual = session({n: inputs[n] for n in session.inputs})
        assert session.outputs == case.symbol.list_outputs()
    assert len(actual) == len(expected)
    for a, e in zip(actual, expected):
        assert a.shape == e.shape
        assert a.dtype == e.dtype
        if e.dtype.kind == "f":
            relative, absolute = case.options.get("tolerance") or TOLERANCE[e.dtype.name]
            np.testing.assert_allclose(a, e, relative, absolute)
        elif "levels" in case.options:
            relative, absolute = case.options["levels"]
            np.testing.assert_allclose(a.astype(np.float64), e, relative, absolute)
        else:
            np.testing.assert_array_equal(a, e)


def _runs(case: Case) -> List[Tuple[int, bool]]:
    """Opsets, and whether with named sizes: rows treat those alike whatever the dtype."""
    if "refused" in case.options:
        return [(DEFAULT_TARGET_OPSET, False)]
    usual = all(a.dtype == "float32" for a in case.inputs[:1])
    wanted = case.options.get("opsets", OPSETS)
    return [(opset, named) for opset in wanted for named in ((False, True) if usual else (False,))]


def checks(cases: Any) -> Any:
    """A test of every case at the lowest, default and highest opset, with known and named sizes."""
    return _tested(cases, check)


def _tested(cases: Any, check_one: Any) -> Any:
    cases = list(cases)
    runs = [
        pytest.param(c, opset, named, id=f"{c}-{opset}{'-named' if named else ''}")
        for c in cases
        for opset, named in _runs(c)
    ]

    @pytest.mark.parametrize(("case", "opset", "named"), runs)
    def test_rows(case: Case, opset: int, named: bool) -> None:
        check_one(case, opset, named)

    test_rows.cases = cases  # type: ignore[attr-defined]
    return test_rows


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    """Largest difference of two empirical distributions, in units of its scale under chance."""
    one, other = (np.sort(x.astype(np.float64).reshape(-1)) for x in (one, other))
    places = np.concatenate([one, other])
    below = [np.searchsorted(x, places, side="right") / x.size for x in (one, other)]
    scale = np.sqrt(1 / one.size + 1 / other.size)
    return float(np.abs(below[0] - below[1]).max() / scale)


#: Chance exceeds it in one of 10,000,000 comparisons (Kolmogorov and Smirnov).
FAR = 2.9


def check_draws(case: Case, opset: int, named: bool) -> None:
    """Export ``case`` and compare shapes, dtypes and distributions with MXNet's.

    ``parameters`` of the case's options says how many entries of parameters there are, each with
    draws of its own: positive where the draws lie behind them, negative where they lie ahead.
    """
    if "refused" in case.options:
        check(case, opset, named)
        return
    session = Session(case.exported(opset, named))
    actual = session({n: case.arrays[n] for n in session.inputs})
    assert session.outputs == case.symbol.list_outputs()
    assert len(actual) == len(case.expected)
    count = case.options.get("parameters", 1)
    for a, e in zip(actual, case.expected):
        assert a.shape == e.shape
        assert a.dtype == e.dtype
        lines = [x.reshape(count, -1) if count > 0 else x.reshape(-1, -count).T for x in (a, e)]
        for mine, theirs in zip(*lines):
            assert np.isfinite(mine).all()
            assert _distance(mine, theirs) < FAR


def draws(cases: Any) -> Any:
    """Like :func:`checks`, for operators whose results are random."""
    return _tested(cases, check_draws)
