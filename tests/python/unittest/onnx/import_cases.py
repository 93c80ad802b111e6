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
"""Import rows as data: a case is ONNX text with arrays, and one checker runs all of them.

The checker translates a case

* eagerly, on NDArrays,
* as a Symbol with plain sizes, and
* where the case says so, as a Symbol with varying sizes, bound at two of them,

and compares shapes, dtypes and values of all outputs with ONNX Runtime. A refusal is a case too.
"""

from __future__ import annotations

import collections
import dataclasses
import os
import re
import sys
import zlib
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

import mxnet as mx
import numpy as np
import onnx
import onnx.parser
import pytest
from mxnet.contrib.onnx import ConversionError, dtypes, import_model
from mxnet.contrib.onnx.onnx2mx.eager import run_eagerly
from mxnet.contrib.onnx.opset import NEWEST_OPSET
from onnx import numpy_helper
from onnx.helper import find_min_ir_version_for
from onnx.reference import ReferenceEvaluator
from running import Session, seed_of

#: Allowed difference, relative and absolute, by dtype; integers and bool are equal or wrong.
TOLERANCE = {"float16": (2e-3, 2e-3), "float32": (1e-5, 1e-5), "float64": (1e-10, 1e-10)}
_TEXT = {"float32": "float", "float64": "double"}
#: Opsets of the domains that a text may name besides ai.onnx.
DOMAINS = {"com.microsoft": 1, "ai.onnx.preview": 1}
_CALLS: Dict[str, int] = collections.Counter()


# -- arrays ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Known:
    """An initializer of the model."""

    array: np.ndarray


@dataclasses.dataclass(frozen=True)
class Value:
    """An input of the model whose value the symbols are told when they are imported."""

    array: np.ndarray


def _rng() -> np.random.Generator:
    """Another one at every line of a file and every call there, whatever else is run."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__:
        frame = frame.f_back
    place = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
    _CALLS[place] += 1
    return np.random.default_rng(
        (seed_of("import cases"), zlib.crc32(place.encode()), _CALLS[place])
    )


def normal(*shape: int, dtype: str = "float32") -> np.ndarray:
    """Normally distributed numbers."""
    return _rng().standard_normal(shape).astype(dtype)


def uniform(low: float, high: float, *shape: int, dtype: str = "float32") -> np.ndarray:
    """Numbers from ``low`` to ``high``; integers without ``high``."""
    rng = _rng()
    if np.dtype(dtype).kind == "f":
        return rng.uniform(low, high, shape).astype(dtype)
    return rng.integers(low, high, shape).astype(dtype)


def bools(*shape: int) -> np.ndarray:
    """False and True."""
    return uniform(0, 2, *shape, dtype="int64").astype(bool)


def array(numbers: Any, dtype: str = "float32") -> np.ndarray:
    """The numbers themselves."""
    return np.array(numbers, dtype)


def ints(*numbers: Any) -> np.ndarray:
    """A vector of int64."""
    return np.array(numbers, np.int64)


def known(*args: Any, **more: Any) -> Known:
    """An initializer: an array, or the shape of one with normally distributed numbers."""
    return Known(args[0] if isinstance(args[0], np.ndarray) else normal(*args, **more))


def value(numbers: Any, dtype: str = "int64") -> Value:
    """An input that says a shape, axes, a count: what a symbol must know."""
    return Value(np.array(numbers, dtype))


# -- cases -------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """ONNX text with what goes in.

    Attributes
    ----------
    opset : int
    text : str
        Nodes in ONNX's text form; the outputs of the last one are those of the model. Subgraphs
        are indented.
    arrays : dict of str to numpy.ndarray, Known or Value
    dynamic : bool or tuple of int
        The sizes of the inputs that vary in the third check; ``True`` is all but 1 and those that
        initializers have. Axes of one size vary together.
    bigger : dict of int to int
        Sizes of the second binding where three more will not do.
    as_opset : int
        Opset under which ONNX Runtime is asked, where it has no kernel for this one and the text
        means the same there.
    expected : callable or "reference"
        What the outputs are, of the arrays by name, where ONNX Runtime cannot be asked.
    tolerance : (float, float)
    refused : str
        Pattern of the reason for which the case is refused.
    computed : bool
        Whether an eager run computes it all the same, by its fold.
    """

    opset: int
    text: str
    arrays: Dict[str, Any]
    dynamic: Union[bool, Tuple[int, ...]] = False
    bigger: Dict[int, int] = dataclasses.field(default_factory=dict)
    as_opset: int = 0
    expected: Union[Callable, str, None] = None
    tolerance: Optional[Tuple[float, float]] = None
    refused: str = ""
    computed: bool = False

    def __str__(self) -> str:
        text = re.sub(r"\s+", "", self.text.splitlines()[-1])
        shapes = ",".join("x".join(map(str, a.shape)) for a in self.inputs.values())
        dtypes = ",".join(sorted({a.dtype.name for a in self.inputs.values()} - {"float32"}))
        return f"{self.opset}:{text[:70]}:{shapes}{dtypes}"

    @property
    def inputs(self) -> Dict[str, np.ndarray]:
        """What the model is run with."""
        return {
            name: a.array if isinstance(a, Value) else a
            for name, a in self.arrays.items()
            if not isinstance(a, Known)
        }

    @property
    def values(self) -> Dict[str, np.ndarray]:
        """Those of them that the symbols are told."""
        return {name: a.array for name, a in self.arrays.items() if isinstance(a, Value)}

    @property
    def operators(self) -> List[Tuple[str, str]]:
        """Domains and names of the operators of the text."""
        return [(n.domain, n.op_type) for n in self.model().graph.node]

    @property
    def opsets(self) -> Dict[str, int]:
        """Opset of every domain that the text names."""
        return {"": self.opset, **{d: v for d, v in DOMAINS.items() if d in self.text}}

    def names(self, array: np.ndarray) -> Tuple[Any, ...]:
        """The shape of an input with names for the sizes that vary."""
        varying = self.dynamic
        if varying is True:
            weights = (a.array for a in self.arrays.values() if isinstance(a, Known))
            varying = set(array.shape) - {1, *(n for w in weights for n in w.shape)}
        return tuple(f"n{n}" if n in varying else n for n in array.shape)

    def larger(self) -> Dict[str, np.ndarray]:
        """Inputs of other sizes."""
        result = {}
        for name, a in self.inputs.items():
            shape = tuple(
                self.bigger.get(n, n + 3) if isinstance(d, str) else n
                for n, d in zip(a.shape, self.names(a))
            )
            result[name] = a if name in self.values else np.resize(a, shape)
        return result

    def model(self, opset: int = 0) -> onnx.ModelProto:
        """The case as a model."""
        lines = self.text.strip().splitlines()
        last = [n for n in lines if "{" not in self.text or re.match(r"[\w,][\w, ]*=", n)][-1]
        outputs = [n.strip() for n in last.split("=")[0].split(",") if n.strip()]
        inputs = [
            f"{_TEXT.get(a.dtype.name, a.dtype.name)}[{','.join(map(str, a.shape))}] {name}"
            for name, a in self.inputs.items()
        ]
        opsets = {**self.opsets, "": opset or self.opset}
        imported = ", ".join(f'"{domain}" : {version}' for domain, version in opsets.items())
        model = onnx.parser.parse_model(
            f"<ir_version: 10, opset_import: [{imported}]> "
            f"case ({', '.join(inputs)}) => ({', '.join(outputs)}) {{ {self.text} }}"
        )
        lowest = find_min_ir_version_for(model.opset_import, ignore_unknown=True)
        model.ir_version = max(8, min(lowest, 10))  # as older runtimes load it
        model.graph.initializer.extend(
            numpy_helper.from_array(a.array, name)
            for name, a in self.arrays.items()
            if isinstance(a, Known)
        )
        return model

    def reference(self, inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        """What the outputs should be."""
        if self.expected == "reference":
            return ReferenceEvaluator(self.model()).run(None, inputs)
        if self.expected is None:
            return Session(_untyped(self.model(self.as_opset)))(inputs)
        more = {n: a.array for n, a in self.arrays.items() if isinstance(a, Known)}
        result = self.expected(**inputs, **more)
        return list(result) if isinstance(result, tuple) else [result]


def case(opset: int, text: str, **arrays: Any) -> Case:
    """A :class:`Case`; what is none of its attributes is an array."""
    fields = {f.name for f in dataclasses.fields(Case)} - {"opset", "text", "arrays"}
    options = {k: arrays.pop(k) for k in fields & set(arrays)}
    return Case(opset, text, arrays, **options)


def cases(opsets: Any, text: str, **more: Any) -> List[Case]:
    """The same case at several opsets."""
    return [case(opset, text, **more) for opset in opsets]


def _untyped(model: onnx.ModelProto) -> onnx.ModelProto:
    """Sizes of the inputs left open, so that one session takes several."""
    for entry in model.graph.input:
        for dim in entry.type.tensor_type.shape.dim:
            dim.Clear()
    return model


# -- the checker -------------------------------------------------------------------------------


def check(case: Case) -> None:
    """Translate and run ``case`` in every way that it can be, against its reference."""
    if case.opset > NEWEST_OPSET:
        pytest.skip(f"the installed onnx knows opsets up to {NEWEST_OPSET}")
    if case.refused:
        with pytest.raises(ConversionError, match=case.refused):
            _imported(case, lambda array: array.shape)
        if not case.computed:
            with pytest.raises(ConversionError, match=case.refused):
                run_eagerly(case.model(), case.inputs)
            return
    wanted = case.reference(case.inputs)
    results = run_eagerly(case.model(), case.inputs)
    _compare("eager", results, wanted, case.tolerance, lambda shape: shape)
    if case.refused:
        return
    found = _imported(case, lambda array: array.shape)
    held = list(map(_held, wanted))
    _compare("symbol", _run(*found, case.inputs), held, case.tolerance, _carried)
    if case.dynamic:
        found = _imported(case, case.names)
        for name, inputs in (("first", case.inputs), ("second", case.larger())):
            wanted = list(map(_held, case.reference(inputs)))
            _compare(f"{name} size", _run(*found, inputs), wanted, case.tolerance, _carried)


def _imported(case, shape_of):
    shapes = {n: shape_of(a) for n, a in case.inputs.items() if n not in case.values}
    return import_model(case.model(), input_shapes=shapes, input_values=case.values)


def _carried(shape):
    """MXNet carries rank 0 as (1,)."""
    return shape or (1,)


def _held(array):
    """An array in the type that carries it in MXNet."""
    return array.astype(dtypes.carrier(array.dtype) or array.dtype, copy=False)


def _run(symbol, arg_params, aux_params, inputs):
    """Bind, predict, give the outputs; an input that the symbol does not read is left out."""
    arguments = set(symbol.list_arguments())
    given = {n: _held(a) for n, a in inputs.items() if n in arguments}
    executor = symbol.simple_bind(
        mx.current_context(),
        grad_req="null",
        type_dict={n: a.dtype for n, a in given.items()},
        **{n: _carried(a.shape) for n, a in given.items()},
    )
    executor.copy_params_from(arg_params, aux_params)
    data = {
        n: mx.nd.array(a.reshape(_carried(a.shape)), dtype=a.dtype, ctx=mx.current_context())
        for n, a in given.items()
    }
    return [o.asnumpy() for o in executor.forward(is_train=False, **data)]


def _compare(route, actual, expected, tolerance, carried):
    assert len(actual) == len(expected), route
    for index, (a, e) in enumerate(zip(actual, expected)):
        a, e = np.asarray(a), np.asarray(e)
        place = f"{route}, output {index}"
        assert a.dtype == e.dtype, f"{place}: {a.dtype}, not {e.dtype}"
        assert a.shape == carried(e.shape), f"{place}: {a.shape}, not {e.shape}"
        if e.dtype.kind == "f":
            relative, absolute = tolerance or TOLERANCE[e.dtype.name]
            np.testing.assert_allclose(
                a.reshape(e.shape), e, relative, absolute, equal_nan=True, err_msg=place
            )
        else:
            np.testing.assert_array_equal(a.reshape(e.shape), e, err_msg=place)
