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
"""Everything that can be refused, one class a kind, all under :class:`ConversionError`.

A message says what, where, why and what to do. Several refusals of one model are raised together:
the error that is raised then carries the single ones in ``causes``.
"""

from __future__ import annotations

import dataclasses
from typing import NoReturn, Optional, Sequence, Tuple


class ConversionError(Exception):
    """Base class of every refusal.

    Attributes
    ----------
    causes : tuple of ConversionError
        The single refusals where several are raised as one, otherwise empty.
    """

    causes: Tuple[ConversionError, ...] = ()


class ModelError(ConversionError):
    """What was given is not what it should be: a file, parameters, shapes or another argument."""


@dataclasses.dataclass(frozen=True)
class MissingOperator:
    """An operator of the model for which the table has no row.

    Attributes
    ----------
    op_type, domain : str
        The operator; the domain is ``""`` for ai.onnx and for MXNet's own.
    version : int
        Its schema version (ONNX), or 0 (MXNet has no versions).
    nodes : tuple of str
        Names of all nodes that need it.
    reason : str
        Why there is none, or which versions have rows.
    """

    op_type: str
    domain: str = ""
    version: int = 0
    nodes: Tuple[str, ...] = ()
    reason: str = ""

    def __str__(self) -> str:
        name = f"{self.domain}.{self.op_type}" if self.domain else self.op_type
        name += f"-{self.version}" if self.version else ""
        count = f"{len(self.nodes)} node{'s' if len(self.nodes) != 1 else ''}"
        first = (
            f", first '{self.nodes[0]}'"
            if len(self.nodes) > 1
            else f" '{self.nodes[0]}'"
            if self.nodes
            else ""
        )
        return f"{name}: {count}{first}" + (f" ({self.reason})" if self.reason else "")


class UnsupportedOperatorError(ConversionError):
    """The table has no row for some operators of the model; all of them are named.

    Attributes
    ----------
    operators : tuple of MissingOperator
    """

    def __init__(self, message: str, operators: Sequence[MissingOperator] = ()):
        super().__init__(message)
        self.operators = tuple(operators)


class TranslationError(ConversionError):
    """A row exists, but this node asks for something it cannot give.

    Attributes
    ----------
    reason : str
        Why, without the place.
    op_type, node : str
        The operator and the node's name, ``""`` until the driver that called the row fills them in.
    version : int
        Schema version of the operator, 0 for MXNet's.
    """

    def __init__(self, reason: str, op_type: str = "", node: str = "", version: int = 0):
        self.reason, self.op_type, self.node, self.version = reason, op_type, node, version
        operator = f"{op_type}-{version}" if version else op_type
        super().__init__(f"{operator} node '{node}': {reason}" if op_type else reason)

    def placed(self, op_type: str, node: str, version: int = 0) -> TranslationError:
        """The same refusal with its place, unless it has one already."""
        return self if self.op_type else type(self)(self.reason, op_type, node, version)


class DynamicSizeError(TranslationError):
    """A plain number is needed where only a size that varies with the input is known."""


class InferenceError(TranslationError):
    """The runtime's own inference refuses an operator on the shapes or dtypes it would get."""


class VerificationError(ConversionError):
    """The converted model runs but does not compute what its source does.

    Attributes
    ----------
    report : object or None
        The comparison, see :mod:`verification`.
    """

    def __init__(self, message: str, report: Optional[object] = None):
        super().__init__(message)
        self.report = report


class ConversionWarning(UserWarning):
    """Something was converted under an assumption that the user should know of."""


def refuse(errors: Sequence[ConversionError], heading: str = "") -> NoReturn:
    """Raise ``errors`` as one: itself if it is one, else their closest common class with all."""
    if len(errors) == 1:
        raise errors[0]
    kind = next(c for c in type(errors[0]).__mro__ if all(isinstance(e, c) for e in errors))
    lines = [heading or f"{len(errors)} things stand in the way:", *(f"  - {e}" for e in errors)]
    together = kind("\n".join(lines))
    together.causes = tuple(errors)
    raise together
