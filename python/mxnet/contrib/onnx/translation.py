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
"""Translation tables: which function turns which operator, and how it gets its arguments."""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
from typing import (
    Any,
    Callable,
    ClassVar,
    Dict,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Type,
)

from onnx import NodeProto

from .errors import TranslationError
from .opset import OpSchema, plain_attribute

Key = Tuple[str, str, int]
#: Version of operators that have none: MXNet's, and those of domains that ONNX has no record of.
UNVERSIONED = (0,)


@dataclasses.dataclass(frozen=True)
class Translation:
    """One row of a translation table.

    Parameters
    ----------
    op_type : str
        Operator that the row translates.
    versions : tuple of int
        Schema versions (``since_version``) whose meaning ``function`` was written for; ``(0,)`` for
        operators without versions.
    function : callable
        ``function(op, *tensors, **values)``, without ``op`` in folding tables. Positional
        parameters are run-time tensors, keyword-only parameters are values known at conversion
        time; both carry the specification's names in lower case, with ``_`` behind Python's own
        words.
    domain : str
        Operator domain; ``""`` is ai.onnx on the ONNX side and everything on MXNet's.
    ignores : tuple of str
        Arguments that change nothing here, named so that none is dropped unseen.
    limits : str
        What the row does not cover, in words for the support page.
    context : bool
        Whether the function's first parameter is the context that it emits with.
    passes : bool
        Whether the function takes its inputs as they are, sequences, empty optionals and what is
        known at conversion time included, because it hands them on rather than computes with them.
    """

    op_type: str
    versions: Tuple[int, ...]
    function: Callable[..., Any]
    domain: str = ""
    ignores: Tuple[str, ...] = ()
    limits: str = ""
    context: bool = True
    passes: bool = False

    @functools.cached_property
    def _parameters(self) -> List[inspect.Parameter]:
        return list(inspect.signature(self.function).parameters.values())[self.context :]

    @functools.cached_property
    def tensors(self) -> Tuple[inspect.Parameter, ...]:
        """The run-time tensors that the function takes, in order."""
        return tuple(p for p in self._parameters if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD))

    @functools.cached_property
    def takes_all(self) -> bool:
        """Whether the function takes, by ``**``, every value that it does not name."""
        return any(p.kind is p.VAR_KEYWORD for p in self._parameters)

    @functools.cached_property
    def values(self) -> Mapping[str, inspect.Parameter]:
        """What the function takes at conversion time, by the specification's name."""
        return {p.name.rstrip("_"): p for p in self._parameters if p.kind is p.KEYWORD_ONLY}


class TranslationTable:
    """Rows keyed by domain, operator and exact schema version. A value: ``a | b`` is a new table.

    Parameters
    ----------
    context : bool
        Whether the rows' functions take a context first; False for folding tables.

    Examples
    --------
    >>> table = TranslationTable()
    >>> @table.op("Swish", versions=(1,), domain="com.acme")
    ... def swish(op, x, *, beta=1.0):
    ...     return op._npi_multiply(x, op.sigmoid(op._npi_multiply_scalar(x, scalar=beta)))
    """

    #: What the table's rows are.
    row: ClassVar[Type[Translation]] = Translation

    def __init__(self, context: bool = True):
        self._rows: Dict[Key, Translation] = {}
        self._reasons: Dict[str, str] = {}
        self._context = context

    def op(self, *op_types: str, versions: Sequence[int] = UNVERSIONED, **more: Any) -> Callable:
        """Add the decorated function as the row for ``op_types`` at ``versions``.

        Raises
        ------
        ValueError
            If one of them has a row already.
        """

        def add(function: Callable) -> Callable:
            for op_type in op_types:
                row = self.row(op_type, tuple(versions), function, context=self._context, **more)
                for version in row.versions:
                    key = (row.domain, op_type, version)
                    if key in self._rows:
                        raise ValueError(f"{op_type}-{version} has a row already")
                    self._rows[key] = row
            return function

        return add

    def refuse(self, reason: str, *op_types: str) -> None:
        """Say why ``op_types`` have no row: users read it where a model has one of them."""
        for op_type in op_types:
            if op_type in self._reasons or any(o == op_type for _, o, _ in self._rows):
                raise ValueError(f"{op_type} has a row or a reason already")
            self._reasons[op_type] = reason

    def reason(self, op_type: str) -> str:
        """Why an operator has no row, ``""`` where nothing is said of it."""
        return self._reasons.get(op_type, "")

    def find(self, op_type: str, version: int = 0, domain: str = "") -> Optional[Translation]:
        """The row written for exactly this version, or None."""
        return self._rows.get((domain, op_type, version))

    def versions(self, op_type: str, domain: str = "") -> Tuple[int, ...]:
        """Schema versions of ``op_type`` that have a row, oldest first."""
        return tuple(sorted(v for d, o, v in self._rows if (d, o) == (domain, op_type)))

    def keys(self) -> Tuple[Key, ...]:
        """Every ``(domain, op_type, version)`` that has a row, in order."""
        return tuple(sorted(self._rows))

    def __iter__(self) -> Iterator[Translation]:
        return iter({id(row): row for row in self._rows.values()}.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __or__(self, other: TranslationTable) -> TranslationTable:
        """A new table in which ``other``'s rows win."""
        if not isinstance(other, TranslationTable):
            return NotImplemented
        joined = copy.copy(self)
        joined._rows = {**self._rows, **other._rows}
        joined._reasons = {**self._reasons, **other._reasons}
        return joined


def bind(
    row: Translation,
    schema: Optional[OpSchema],
    node: NodeProto,
    inputs: Sequence[Any],
    known: Callable[[str, Any], Any],
) -> Tuple[List[Any], Dict[str, Any]]:
    """Split a node's arguments into run-time tensors and values known at conversion time.

    A keyword-only parameter of the row is, in this order: the attribute of that name, the input of
    that name, the specification's default, the function's own default. So arguments that moved from
    attribute to input over the years need one row.

    Parameters
    ----------
    row : Translation
    schema : OpSchema or None
        ONNX's record of the operator; None for domains without one, where names come from the node.
    node : onnx.NodeProto
        Read for its attributes only.
    inputs : sequence
        The node's inputs, None where one is left out.
    known : callable
        ``known(name, input)`` gives the value of an input as a number or nested lists, or raises.

    Returns
    -------
    tensors : list
        The inputs that no keyword-only parameter claims, in order.
    values : dict
        Keyword arguments for ``row.function``.

    Raises
    ------
    TranslationError
        If a required value is absent, or an attribute that is not its default is neither taken nor
        named in ``row.ignores``.
    """
    given = {a.name: a for a in node.attribute}
    spelled = {a.casefold(): a for a in given}
    values: Dict[str, Any] = {}
    claimed, read = set(), set()
    for name, parameter in row.values.items():
        attribute = schema.attribute_name(name) if schema else spelled.get(name.casefold())
        index = schema.input_index(name) if schema else None
        value = None
        if attribute is not None and attribute in given:
            value = plain_attribute(given[attribute])
        elif index is not None and index < len(inputs) and inputs[index] is not None:
            value = known(name, inputs[index])
        if value is None and attribute is not None and schema:
            value = schema.default(attribute)
        if value is None:
            if parameter.default is inspect.Parameter.empty:
                raise TranslationError(f"'{name}' is required and not given")
            value = parameter.default
        if index is not None:
            claimed.add(index)
        read.add(attribute)
        values[parameter.name] = value
    ignored = {n.casefold() for n in row.ignores}
    unseen = sorted(
        a
        for a, proto in given.items()
        if a not in read
        and a.casefold() not in ignored
        and not (schema and plain_attribute(proto) == schema.default(a))
    )
    if row.takes_all:
        values.update((a, plain_attribute(given[a])) for a in unseen)
    elif unseen:
        raise TranslationError(
            f"attribute{'s' if len(unseen) > 1 else ''} {', '.join(unseen)} not covered"
        )
    return [v for i, v in enumerate(inputs) if i not in claimed], values
