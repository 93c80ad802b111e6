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
"""The arguments of an export, checked as to their form before anything is read."""

from __future__ import annotations

import re
from typing import Any, Iterable, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..dtypes import onnx_type
from ..errors import ConversionError, ModelError, TranslationError, refuse
from .inference import Dim

#: What a size may be called: nothing that reads like arithmetic, which is what the exporter writes.
DIMENSION_NAME = re.compile(r"[^\W\d][\w.]*")
EXAMPLE = '[(1, 3, 224, 224)] or {"data": ("N", 3, 224, 224)}'
MOST_LISTED = 20


def listed(names: Sequence[Any]) -> str:
    """Names for a message, the first ones where they are many."""
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(map(str, names[:MOST_LISTED])) + more


def check_shapes(shapes: Any, argument: str = "in_shapes") -> Any:
    """``shapes`` as a list of tuples or a dict of tuples, or None; anything else is refused.

    Raises
    ------
    ModelError
        If it is not a list or dict of shapes, or a size is not a positive int, a name or None.
    """
    if shapes is None:
        return None
    problems: List[ConversionError] = []
    checked: Any
    if isinstance(shapes, Mapping):
        checked = {
            name: _check_shape(shape, f"{argument}['{name}']", problems)
            for name, shape in shapes.items()
        }
    elif not isinstance(shapes, (list, tuple)):
        what = "a string" if isinstance(shapes, str) else f"a {type(shapes).__name__}"
        raise ModelError(f"{argument} is a list or dict of shapes, such as {EXAMPLE}; got {what}")
    elif any(_is_size(entry) for entry in shapes):
        raise ModelError(
            f"{argument} is a list with a shape for every input, such as {EXAMPLE}; "
            f"got one bare shape, {tuple(shapes)}: write [{tuple(shapes)}]"
        )
    elif shapes and all(_is_description(entry) for entry in shapes):
        # what Module calls data_shapes
        checked = {
            entry[0]: _check_shape(entry[1], f"{argument}['{entry[0]}']", problems)
            for entry in shapes
        }
    else:
        checked = [
            _check_shape(shape, f"{argument}[{k}]", problems) for k, shape in enumerate(shapes)
        ]
    if problems:
        refuse(problems)
    return checked


def _is_size(entry: Any) -> bool:
    return entry is None or isinstance(entry, (int, np.integer, str))


def _is_description(entry: Any) -> bool:
    return (
        isinstance(entry, tuple)
        and len(entry) == 2
        and isinstance(entry[0], str)
        and isinstance(entry[1], (tuple, list))
    )


def _check_shape(shape: Any, where: str, problems: List[ConversionError]) -> Tuple[Dim, ...]:
    if not isinstance(shape, (list, tuple)):
        problems.append(
            ModelError(f"{where} is a {type(shape).__name__}, not a tuple such as (1, 3, 224, 224)")
        )
        return ()
    sizes: List[Dim] = []
    for size in shape:
        if isinstance(size, (int, np.integer)) and not isinstance(size, bool) and size >= 0:
            sizes.append(int(size))
        elif size is None or (isinstance(size, str) and DIMENSION_NAME.fullmatch(size)):
            sizes.append(size)
        else:
            problems.append(
                ModelError(
                    f"{where} has {size!r}: a size is a positive int, None, or a name made of "
                    "letters, digits, '_' and '.'"
                )
            )
    return tuple(sizes)


def check_types(types: Any, argument: str = "in_types") -> Any:
    """``types`` as one dtype, a list or a dict of dtypes, or None; anything else is refused."""
    if types is None:
        return None
    if isinstance(types, Mapping):
        return {name: _dtype(t, f"{argument}['{name}']") for name, t in types.items()}
    if isinstance(types, (list, tuple)):
        return [_dtype(t, f"{argument}[{k}]") for k, t in enumerate(types)]
    return _dtype(types, argument)


def _dtype(value: Any, where: str) -> np.dtype:
    try:
        if value is None:
            raise TypeError("None")
        dtype = np.dtype(value)
        onnx_type(dtype)
        return dtype
    except (TypeError, ValueError, TranslationError) as error:
        raise ModelError(
            f"{where} is a dtype such as np.float32, or a list with one for every input; "
            f"got {value!r}"
        ) from error


def dynamic_shapes(shapes: Any, replacement: Any) -> Any:
    """The shapes with ``dynamic=True``: those of ``dynamic_input_shapes``, or every size open."""
    if replacement is not None:
        return replacement
    if isinstance(shapes, Mapping):
        return {name: (None,) * len(shape) for name, shape in shapes.items()}
    return shapes and [(None,) * len(shape) for shape in shapes]


def rename(
    names: Optional[Any], present: Sequence[str], argument: str, taken: Iterable[str] = ()
) -> List[str]:
    """The names that ``present`` get by a list, or by a dict from old to new.

    Raises
    ------
    ModelError
        If ``names`` is something else, does not fit ``present``, or gives a name twice.
    """
    if names is None:
        return list(present)
    if isinstance(names, Mapping):
        unknown = [str(old) for old in names if old not in present]
        if unknown:
            raise ModelError(
                f"{argument} renames what is not there: {listed(unknown)}; "
                f"there are {listed(present)}"
            )
        renamed = [names.get(name, name) for name in present]
    elif isinstance(names, (list, tuple)):
        if len(names) != len(present):
            raise ModelError(
                f"{argument} has {len(names)} names for {len(present)}: {listed(present)}"
            )
        renamed = list(names)
    else:
        raise ModelError(
            f"{argument} is a list of names or a dict from old to new; got a {type(names).__name__}"
        )
    wrong = [name for name in renamed if not isinstance(name, str) or not name]
    if wrong:
        raise ModelError(f"{argument} has {wrong[0]!r}, which is no name")
    twice = sorted({n for n in renamed if renamed.count(n) > 1} | (set(renamed) & set(taken)))
    if twice:
        raise ModelError(f"{argument} gives a name that is taken: {', '.join(twice)}")
    return renamed
