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
"""Sizes and numbers to try a model with: seeded, and valid for what the inputs mean."""

from __future__ import annotations

import itertools
import zlib
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple, Union

import numpy as np

import onnx
from onnx import helper

from ..dtypes import numpy_dtype
from ..errors import ModelError
from ..opset import schema_at

#: A size that is known, or the name under which it varies.
Size = Union[int, str]
#: dtype and shape by input name.
Inputs = Mapping[str, Tuple[np.dtype, Tuple[Size, ...]]]
#: The same with plain shapes.
Shaped = Mapping[str, Tuple[np.dtype, Tuple[int, ...]]]

Arrays = Mapping[str, np.ndarray]
#: Inputs that the caller gives: one run, or several.
Given = Union[None, Arrays, Sequence[Arrays]]
#: What varies in a run, and its arrays by the ONNX model's names.
Feed = Tuple[Dict[str, int], Arrays]

#: Sizes of a first axis: two that differ, neither 1, which would hide what broadcasting does.
BATCHES = (2, 3)
#: Sizes of other axes, tried in pairs until a pair fits: multiples of 32 for most image networks,
#: odd ones for those that accept anything, large ones for those that shrink a lot.
LENGTHS = ((64, 96), (7, 10), (32, 48), (224, 256), (320, 384), (1024, 2048))
#: Integers are drawn below this where nothing says what they index: any table has two rows.
SAFE_INDEX = 2


def declared_inputs(model: onnx.ModelProto) -> Dict[str, Tuple[np.dtype, Tuple[Size, ...]]]:
    """What ``model`` is fed with; a varying size without a name gets that of its input and axis.

    The first axes that are unnamed vary together: they are the batch.
    """
    given = {tensor.name for tensor in model.graph.initializer}
    result = {}
    for value in model.graph.input:
        if value.name in given:
            continue
        kind = value.type.tensor_type
        shape = tuple(
            dim.dim_value
            if dim.HasField("dim_value") and dim.dim_value > 0
            else dim.dim_param or ("batch" if axis == 0 else f"{value.name}.{axis}")
            for axis, dim in enumerate(kind.shape.dim)
        )
        result[value.name] = (numpy_dtype(kind.elem_type), shape)
    return result


def declared_types(types: Mapping[str, Any]) -> Dict[str, Tuple[np.dtype, Tuple[Size, ...]]]:
    """(dtype, shape) of each input; unnamed sizes get names, the batch one for all inputs."""
    return {
        name: (
            kind.dtype,
            tuple(
                (f"{name}.{axis}" if axis else "batch") if d is None else d
                for axis, d in enumerate(kind.dims or ())
            ),
        )
        for name, kind in types.items()
    }


def given_runs(given: Union[Arrays, Sequence[Arrays]]) -> List[Dict[str, np.ndarray]]:
    """What the caller gives as a list of runs; arrays may be MXNet's."""
    runs = [given] if isinstance(given, Mapping) else given
    if not isinstance(runs, (list, tuple)) or not all(isinstance(r, Mapping) for r in runs):
        raise ModelError(
            "inputs for verification are a dict of arrays by name, or a list of such dicts; got "
            f"a {type(given).__name__}"
        )
    return [
        {n: np.asarray(a.asnumpy() if hasattr(a, "asnumpy") else a) for n, a in run.items()}
        for run in runs
    ]


def bound_sizes(declared: Inputs, arrays: Arrays) -> Dict[str, int]:
    """What the varying sizes are in ``arrays``; ModelError where they do not fit the inputs."""
    if set(arrays) != set(declared):
        raise ModelError(
            f"inputs are given for {', '.join(sorted(arrays)) or 'none'}; "
            f"the model takes {', '.join(declared)}"
        )
    sizes: Dict[str, int] = {}
    for name, (dtype, shape) in declared.items():
        array = arrays[name]
        for size, given in zip(shape, array.shape):
            if isinstance(size, str):
                sizes.setdefault(size, given)
        wanted = tuple(sizes.get(s, -1) if isinstance(s, str) else s for s in shape)
        if wanted != array.shape or array.dtype != dtype:
            raise ModelError(
                f"input '{name}' is given as {array.dtype.name} {array.shape}, "
                f"the model takes {dtype.name} ({', '.join(map(str, shape))})"
            )
    return {n: sizes[n] for n in varying(declared)}


def check_count(count: int, wanted: int, whose: str) -> None:
    """Raise ModelError if a side has fewer or more outputs than the other."""
    if count != wanted:
        raise ModelError(f"there are {count} outputs, {whose} has {wanted}")


def described(arrays: Arrays) -> Dict[str, Tuple[str, Tuple[int, ...]]]:
    return {name: (array.dtype.name, array.shape) for name, array in arrays.items()}


def varying(inputs: Inputs) -> List[str]:
    """Names of the sizes that vary, in order."""
    return list(
        dict.fromkeys(s for _, shape in inputs.values() for s in shape if isinstance(s, str))
    )


def sizes_to_try(
    inputs: Inputs, given: Optional[Mapping[str, Sequence[int]]] = None
) -> Iterator[Tuple[Dict[str, int], ...]]:
    """Assignments of the varying sizes, in tuples to run together; the first that fits serves.

    Parameters
    ----------
    inputs : mapping
    given : mapping of str to int or sequence of int, optional
        The caller's choice for some or all of them.
    """
    names = varying(inputs)
    chosen = {n: [s] if isinstance(s, int) else list(s) for n, s in (given or {}).items()}
    superfluous = sorted(set(chosen) - set(names))
    if superfluous:
        raise ModelError(
            f"sizes are given for {', '.join(superfluous)}; "
            + (
                f"those that vary are {', '.join(names)}"
                if names
                else "no size of this model varies"
            )
        )
    if not names:
        yield ({},)
        return
    batches = {s for _, shape in inputs.values() for s in shape[:1] if isinstance(s, str)}
    free = [n for n in names if n not in batches and n not in chosen]
    for pair in LENGTHS if free else LENGTHS[:1]:
        # different names get different sizes, or a transposition of two would go unseen
        yield tuple(
            {
                n: chosen[n][run % len(chosen[n])]
                if n in chosen
                else BATCHES[run]
                if n in batches
                else pair[(run + free.index(n)) % 2]
                for n in names
            }
            for run in range(2)
        )


def with_sizes(
    inputs: Inputs, sizes: Mapping[str, int]
) -> Dict[str, Tuple[np.dtype, Tuple[int, ...]]]:
    """``inputs`` with plain shapes."""
    return {
        name: (dtype, tuple(s if isinstance(s, int) else sizes[s] for s in shape))
        for name, (dtype, shape) in inputs.items()
    }


def draw(
    inputs: Shaped,
    limits: Optional[Mapping[str, int]] = None,
    seed: int = 0,
) -> Dict[str, np.ndarray]:
    """One array an input.

    Floats are normal with deviation 1, integers come from [0, limit) and booleans are either. An
    input with a limit holds whole numbers below it, whatever its dtype.

    Parameters
    ----------
    inputs : mapping of str to (dtype, shape)
    limits : mapping of str to int, optional
        Of inputs that are indices: how many rows there are, see :func:`index_limits`.
    seed : int
    """
    arrays = {}
    for name, (dtype, shape) in inputs.items():
        # an input's numbers depend on its name alone, not on what else there is
        rng = np.random.RandomState((seed * 1000003 + zlib.crc32(name.encode())) % 2**32)
        limit = (limits or {}).get(name)
        if limit is not None or dtype.kind in "iub":
            array: np.ndarray = rng.randint(0, max(1, limit or SAFE_INDEX), shape)
        else:
            array = rng.standard_normal(shape)
        arrays[name] = np.asarray(array).astype(dtype).reshape(shape)
    return arrays


def index_limits(model: onnx.ModelProto) -> Dict[str, int]:
    """Inputs of ``model`` that are used as indices, and the rows of the smallest table they index.

    An input is one if it reaches a formal input that ONNX calls ``indices``, through operators
    whose other inputs are constants. Subgraphs are not looked into.
    """
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 1)
    shapes = {t.name: tuple(t.dims) for t in model.graph.initializer}
    producer = {o: node for node in model.graph.node for o in node.output if o}
    wanted = {value.name for value in model.graph.input} - set(shapes)
    limits: Dict[str, int] = {}
    for node in model.graph.node:
        schema = schema_at(node.op_type, opset, node.domain)
        at = schema.input_index("indices") if schema else None
        if at is None or at >= len(node.input) or node.input[0] not in shapes:
            continue
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        table = shapes[node.input[0]]
        axis = attributes.get("axis")
        rows = min(table) if not isinstance(axis, int) and axis is not None else table[axis or 0]
        source = _origin(node.input[at], producer, shapes, wanted)
        if source is not None:
            limits[source] = min(rows, limits.get(source, rows))
    return limits


def _origin(
    name: str,
    producer: Mapping[str, onnx.NodeProto],
    constants: Mapping[str, object],
    wanted: Set[str],
) -> Optional[str]:
    """The model's input that ``name`` is a form of, or None."""
    for _ in itertools.count():
        if name in wanted:
            return name
        node = producer.get(name)
        if node is None:
            return None
        parts = [i for i in node.input if i and i not in constants and not _constant(i, producer)]
        if len(parts) != 1:
            return None
        name = parts[0]
    return None


def _constant(name: str, producer: Mapping[str, onnx.NodeProto]) -> bool:
    """Whether a node without inputs makes ``name``."""
    return name in producer and not producer[name].input
