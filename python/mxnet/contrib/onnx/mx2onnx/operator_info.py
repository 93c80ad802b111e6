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
"""What MXNet says about its operators: a file that tools/operator_info made from its registry."""

from __future__ import annotations

import ast
import functools
import json
import pathlib
import re
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Tuple

from ..errors import ModelError, refuse

TRUE, FALSE = ("1", "True", "true"), ("0", "False", "false")


@functools.lru_cache(maxsize=None)
def registry() -> Dict[str, Any]:
    """The whole file: ``mxnet`` (its version), ``aliases`` and ``operators``.

    An operator is a dict: ``inputs`` (names), ``parameters`` (name to type and default, both as
    MXNet's text), and where it applies ``outputs`` (names of its own), ``variadic`` (the parameter
    that counts the inputs) and ``open`` (takes parameters of any name).
    """
    path = pathlib.Path(__file__).with_name("operator_info.json")
    return json.loads(path.read_text(encoding="utf-8"))


def _operator(op_type: str) -> Mapping[str, Any]:
    return registry()["operators"][op_type]


def known(op_type: str) -> bool:
    """Whether MXNet has an operator of this canonical name."""
    return op_type in registry()["operators"]


def is_open(op_type: str) -> bool:
    """Whether the operator takes parameters of any name, since it runs the user's own code."""
    return known(op_type) and bool(_operator(op_type).get("open"))


def open_operators() -> List[str]:
    """The operators that run the user's own code."""
    return [op_type for op_type in registry()["operators"] if is_open(op_type)]


def canonical_name(op_type: str) -> str:
    """The one name of an operator that may have several; names that MXNet does not know stay."""
    return registry()["aliases"].get(op_type, op_type)


def inputs(op_type: str) -> List[str]:
    """Names of the inputs, all that the operator may have; a variadic operator repeats the last."""
    return _operator(op_type)["inputs"]


def input_name(op_type: str, index: int) -> str:
    """Name of input ``index``, ``""`` where MXNet has none for it."""
    names = inputs(op_type) if known(op_type) else []
    return names[index] if index < len(names) else ""


def own_output_names(op_type: str) -> Tuple[str, ...]:
    """Names that the operator gives its outputs instead of ``output0`` and so on; usually none."""
    return tuple(_operator(op_type).get("outputs", ())) if known(op_type) else ()


def output_name(op_type: str, index: int, count: int) -> str:
    """What MXNet appends to a node's name for output ``index`` of a node that has ``count``."""
    own = own_output_names(op_type)
    if index < len(own):
        return own[index]
    return "output" if count == 1 else f"output{index}"


def decode(op_type: str, attrs: Mapping[str, str]) -> Tuple[Dict[str, Any], FrozenSet[str]]:
    """Every parameter of an operator as a Python value.

    Parameters
    ----------
    op_type : str
        Canonical name of an operator that MXNet knows.
    attrs : mapping of str to str
        As they stand in the symbol file.

    Returns
    -------
    values : dict
        Parameter to value: MXNet's default where ``attrs`` has none, None where neither does.
    changed : frozenset of str
        The parameters whose value is not MXNet's default.

    Raises
    ------
    ModelError
        If MXNet has no such parameter, or the text is not of its type.
    """
    info = _operator(op_type)
    values: Dict[str, Any] = {}
    changed, problems = set(), []
    extra = set(attrs) - set(info["parameters"]) - {info.get("variadic")}
    if info.get("open"):
        values.update((name, attrs[name]) for name in sorted(extra))
        changed |= extra
    elif extra and info["parameters"]:  # where there are none, MXNet reads no attributes at all
        problems.append(ModelError(f"{op_type} has no parameter {', '.join(sorted(extra))}"))
    for name, (kind, default) in info["parameters"].items():
        if default is None and name not in attrs and name != info.get("variadic"):
            problems.append(ModelError(f"{op_type} needs '{name}', which is not given"))
            continue
        try:
            values[name] = _value(kind, attrs.get(name, default))
            if name in attrs and (default is None or values[name] != _value(kind, default)):
                changed.add(name)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            problems.append(ModelError(f"{name}={attrs[name]!r} of {op_type} is no {kind}"))
    if problems:
        refuse(problems)
    return values, frozenset(changed)


@functools.lru_cache(maxsize=4096)
def _value(kind: str, text: Optional[str]) -> Any:
    """``text`` as the value of a parameter of type ``kind``; ValueError where it is none."""
    if text is None:
        return None
    if kind.startswith("{"):
        return _choice(kind, text)
    if text == "None" and not kind.startswith("string"):
        return None
    if kind.startswith(("string", "ptr")):
        return text
    if not kind:  # of a few parameters MXNet does not say the type
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return text
    if kind.startswith("boolean"):
        if text not in TRUE + FALSE:
            raise ValueError(text)
        return text in TRUE
    if kind.startswith(("float", "double", "real_t")):
        return float(text)
    value = ast.literal_eval(text.replace("L", "") or "()")  # Python 2 wrote 3L
    if kind.startswith(("Shape(", "Shape or", "tuple")):
        return _entries(value)
    if type(value) is not int:
        raise ValueError(text)
    return value


def _entries(value: Any) -> Tuple[Any, ...]:
    """A tuple of numbers or of None, however it was written."""
    entries = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if any(not isinstance(e, (int, float, tuple, list, type(None))) or e is True for e in entries):
        raise ValueError(value)
    return entries


def _choice(kind: str, text: str) -> Optional[str]:
    choices = re.findall(r"'([^']*)'|(None)", kind)
    if text not in {quoted or bare for quoted, bare in choices}:
        raise ValueError(text)
    return None if text == "None" else text
