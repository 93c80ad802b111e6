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
"""What a verification found, as values and as text."""

from __future__ import annotations

import dataclasses
from typing import List, Mapping, Optional, Sequence, Tuple

from ..errors import VerificationError
from ..reporting import table
from .comparison import Comparison

#: Lines of one kind that a text shows before it says how many more there are.
SHOWN = 12
HEADING = ("output", "shape", "dtype", "difference", "error", "allowed", "")


@dataclasses.dataclass(frozen=True)
class Run:
    """Both sides on the same inputs.

    Attributes
    ----------
    route : str
        How the MXNet side ran: ``""`` (an executor), ``"Module"`` or ``"Gluon"``.
    inputs : mapping of str to (dtype, shape)
    sizes : mapping of str to int
        What the varying dimensions were.
    outputs : tuple of Comparison
    """

    route: str
    inputs: Mapping[str, Tuple[str, Tuple[int, ...]]]
    sizes: Mapping[str, int]
    outputs: Tuple[Comparison, ...]

    @property
    def agrees(self) -> bool:
        """Whether every output does."""
        return all(output.agrees for output in self.outputs)


@dataclasses.dataclass(frozen=True)
class NodeDifference:
    """The first node, in the order of the source model, whose value differs.

    Attributes
    ----------
    node, op_type : str
        The source model's node.
    value : str
        Name of its value in the converted model.
    comparison : Comparison
    agreeing : int
        How many nodes before it were compared, and agree.
    """

    node: str
    op_type: str
    value: str
    comparison: Comparison
    agreeing: int


@dataclasses.dataclass(frozen=True)
class Report:
    """Outcome of a verification.

    Attributes
    ----------
    subject, runtime, reference : str
        The three that took part: what was converted, what ran it, and what it was compared with.
    runs : tuple of Run
    problems : tuple of str
        What kept a side from running at all.
    first_difference : NodeDifference or None
        Looked for where an output differs.
    types_checked : int
        Values whose shape and dtype, as the converter inferred them, were held against MXNet's own
        inference.
    type_differences : tuple of str
        Those that are not equal.
    notes : tuple of str
        What a reader should know and is no error.
    """

    subject: str
    runtime: str
    reference: str
    runs: Tuple[Run, ...] = ()
    problems: Tuple[str, ...] = ()
    first_difference: Optional[NodeDifference] = None
    types_checked: int = 0
    type_differences: Tuple[str, ...] = ()
    notes: Tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether both sides ran and agree in everything that was compared."""
        runs = bool(self.runs) and all(run.agrees for run in self.runs)
        return runs and not self.problems and not self.type_differences

    @property
    def largest_error(self) -> float:
        """The largest error of any output, see :class:`Comparison`."""
        return max((o.error for run in self.runs for o in run.outputs), default=0.0)

    def raise_unless_agrees(self) -> None:
        """Raise VerificationError with this report unless :attr:`agrees`."""
        if not self.agrees:
            raise VerificationError(str(self), self)

    def __str__(self) -> str:
        verdict = "agrees with" if self.agrees else "does NOT agree with"
        lines = [f"{self.subject}, run by {self.runtime}, {verdict} {self.reference}"]
        lines += [f"  {problem}" for problem in self.problems]
        for number in range(len(self.runs)):
            if not any(r.inputs == self.runs[number].inputs for r in self.runs[:number]):
                alike = [r for r in self.runs if r.inputs == self.runs[number].inputs]
                lines += ["", *_run_lines(alike)]
        if self.first_difference is not None:
            lines += ["", *_difference_lines(self.first_difference)]
        if self.type_differences:
            shown = [f"    {line}" for line in self.type_differences[:SHOWN]]
            count = f"{len(self.type_differences)} of {self.types_checked} values"
            heading = f"  inferred otherwise than by MXNet, {count}:"
            lines += ["", heading, *shown, *_rest(self.type_differences)]
        elif self.types_checked:
            told = f"the shapes and dtypes inferred for {self.types_checked} values are MXNet's own"
            lines += ["", f"  {told}"]
        lines += [f"  note: {note}" for note in (*self.notes, *_weak_evidence(self.runs))]
        return "\n".join(lines)


def _weak_evidence(runs: Sequence[Run]) -> List[str]:
    """Outputs that agree without proving much, for every run."""
    names = {o.name for run in runs for o in run.outputs}
    telling = {o.name for run in runs for o in run.outputs if o.telling}
    return [
        f"'{name}' has one and the same number everywhere, with these inputs; inputs of your own "
        "prove more"
        for name in sorted(names - telling)
    ]


def _run_lines(runs: Sequence[Run]) -> List[str]:
    """What came out of the same inputs, by all routes."""
    inputs = runs[0].inputs.items()
    given = ", ".join(f"{name} {dtype} {shape}" for name, (dtype, shape) in inputs)
    rows: List[Tuple[str, ...]] = [HEADING]
    found = [(run.route, output) for run in runs for output in run.outputs]
    found.sort(key=lambda pair: pair[1].agrees)
    rows += [_output_row(route, output) for route, output in found[:SHOWN]]
    return [f"  with {given or 'no inputs'}", *table(rows, indent=4), *_rest(found)]


def _output_row(route: str, output: Comparison) -> Tuple[str, ...]:
    return (
        f"{output.name} by {route}" if route else output.name,
        str(output.shape),
        output.dtype,
        f"{output.largest_difference:.2g}",
        f"{output.error:.2g}",
        f"{output.tolerance:.0e}" if output.tolerance else "none",
        "equal" if output.agrees else f"DIFFERS: {output.reason()}",
    )


def _difference_lines(found: NodeDifference) -> List[str]:
    seen = found.comparison
    count = f"{found.agreeing} value{'s that agree' if found.agreeing != 1 else ' that agrees'}"
    return [
        f"  the first node that differs is '{found.node}' ({found.op_type}), after {count}:",
        f"    its value '{found.value}', {seen.dtype} {seen.shape}, has {seen.reason()}",
        f"    largest difference {seen.largest_difference:.2g}, error {seen.error:.2g}, "
        f"allowed {seen.tolerance:.0e}",
    ]


def _rest(lines: Sequence[object]) -> List[str]:
    return [f"    and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
