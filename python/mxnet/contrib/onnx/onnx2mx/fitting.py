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
"""Fifth step of an import: find sizes that the network accepts, and check the result at others."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any, Iterator, List, Mapping, Optional, Sequence, Set

import mxnet as mx

from ..dtypes import onnx_name
from ..errors import (
    ConversionError,
    DynamicSizeError,
    InferenceError,
    ModelError,
    TranslationError,
)
from .arguments import Input, Wishes
from .builders import SymbolBuilder
from .checking import data_type
from .graph import ValueInfo
from .imported import Imported
from .layouts import IN_ORDER
from .names import holdable
from .normalise import Model
from .planning import Plan, Planner
from .sampling import COMMON_SIZES, SAMPLES, Rung, ladder, spelled_sizes
from .translating import Translator
from .values import Account, Known, Tensor, Value, join

#: Seconds that may be spent on finding out which dimension is to blame for a refusal.
MOST_SECONDS_OF_BLAME = 20.0
#: Rungs of the ladder that stand for the others there: odd sizes, and multiples of 32.
TELLING_RUNGS = (0, 21)
#: Nodes that are translated in the search for sizes where the caller has another way.
MOST_NODES_OF_HASTE = 2**15
#: Nodes that are translated, beyond twice the model's own, to see whether one size is accepted.
MOST_NODES_OF_A_SAMPLE = 2**12


@dataclasses.dataclass
class Effort:
    """What a search for sizes has taken so far.

    Attributes
    ----------
    nodes : int
        How many were translated, at all sizes together.
    """

    nodes: int = 0


class Fitting:
    """Finds sizes that the network accepts, and translates it at them.

    Parameters
    ----------
    model : Model
    wishes : Wishes
    planner : Planner
    plan : Plan
    floating : bool
        As of ``SymbolBuilder``.
    patient : bool
        Whether to try all sizes there are, and to look for the dimension that is to blame where
        none fits. Otherwise the search ends after ``MOST_NODES_OF_HASTE`` nodes.
    effort : Effort, optional
        What a search has taken that this is a part of.
    """

    def __init__(
        self,
        model: Model,
        wishes: Wishes,
        planner: Planner,
        plan: Plan,
        floating: bool,
        patient: bool = True,
        effort: Optional[Effort] = None,
    ):
        self.model, self.wishes, self.planner, self.plan = model, wishes, planner, plan
        self.floating, self.patient = floating, patient
        self.effort = effort or Effort()

    def run(self) -> Imported:
        dimensions = self.wishes.dimensions
        if not dimensions:
            return self._translated(Rung(1, {}, {}), hasty=False)
        first: Optional[InferenceError] = None
        for count, rung in enumerate(ladder(dimensions, self.wishes.sizes)):
            refusal: Optional[InferenceError]
            try:
                imported = self._translated(rung, hasty=True)
            except InferenceError as error:  # no such sizes fit this network: try others
                refusal = error
            except DynamicSizeError as error:
                refusal = self._refusal_of_a_sample(rung)
                if refusal is None:
                    raise self._with_remedy(error, rung) from None
            else:
                self._check_other_sizes(imported, rung)
                return dataclasses.replace(imported, rungs=count + 1)
            first = first or refusal
            if count in TELLING_RUNGS:
                self._check_batches(rung, first)
            if not self.patient and self.effort.nodes > MOST_NODES_OF_HASTE:
                break
        raise self._no_sizes_fit(first, self._blame() if self.patient else "")

    def _refusal_of_a_sample(self, rung: Rung) -> Optional[InferenceError]:
        """Why the network does not accept one of the samples at all, or None if it accepts each.

        A position table of 512 rows cut to a length of 1017 gives 512 rows: what follows may then
        look as if it could not be said at varying sizes, where it is only wrong.
        """
        most = 2 * len(self.plan.steps) + MOST_NODES_OF_A_SAMPLE
        for sample in range(SAMPLES):
            try:
                self._at_sample(rung, sample)._translated(Rung(1, {}, {}), True, most=most)
            except InferenceError as error:
                return error
            except ConversionError:
                continue
        return None

    def _at_sample(self, rung: Rung, sample: int) -> Fitting:
        fixed = self
        for name, sizes in rung.sizes.items():
            fixed = fixed.at_size(name, sizes[sample])
        return fixed

    def at_size(self, dimension: str, size: int) -> Fitting:
        """The same with one dimension fixed."""
        wishes = self.wishes.at_size(dimension, size)
        return Fitting(
            self.model, wishes, self.planner, self.plan, self.floating, effort=self.effort
        )

    def _translated(
        self, rung: Rung, hasty: bool, loops: bool = True, most: Optional[int] = None
    ) -> Imported:
        """The network at these sizes; without loops where one would meet a convolution."""
        builder = SymbolBuilder(SAMPLES if rung.sizes else 1, self.floating)
        translator = Translator(self.planner, self.plan, builder, hasty)
        translator.op.loops, translator.most = loops, most
        try:
            return self._by(translator, builder, rung)
        except ConversionError:
            if not (loops and translator.op.clashed):
                raise
        finally:
            self.effort.nodes += translator.walked
        return self._translated(rung, hasty, False, most)

    def _by(self, translator: Translator, builder: SymbolBuilder, rung: Rung) -> Imported:
        sizes = rung.sizes
        ones = (join(sizes[name]) for name in self._ones() if name in sizes)
        account = Account({triple: n for n, triple in sizes.items()}, ones=frozenset(ones))
        dims = {name: join(triple) for name, triple in sizes.items()}
        with account.kept():
            names = {i.name: translator.op.names.unique(i.name, claim=True) for i in self._fed()}
            fed = {i.name: _value(builder, i, names[i.name], dims) for i in self._fed()}
            values = translator.run(fed)
            heads = self._heads(translator, values)
        symbol = mx.sym.Group([head.handle for head in heads])
        return Imported(
            symbol=symbol,
            parameters=builder.parameters,
            inputs=self.wishes.inputs,
            variables=names,
            outputs=[v.name for v in self.model.graph.outputs],
            output_shapes=[head.shape for head in heads],
            assumptions=tuple(account.assumptions),
            sizes=dict(sizes),
            step=rung.step,
            rungs=1,
            loops=translator.op.has_loops,
        )

    def _ones(self) -> Set[str]:
        """Dimensions that are the first of an input and 1 in the model, and vary as is wished."""
        declared = {v.name: v.shape or () for v in self.model.graph.inputs}
        return {
            i.shape[0]
            for i in self.wishes.inputs
            if i.shape and isinstance(i.shape[0], str) and declared[i.name][:1] == (1,)
        }

    def _fed(self) -> Iterator[Input]:
        return (given for given in self.wishes.inputs if given.used)

    def _heads(self, translator: Translator, values: Sequence[Value]) -> List[Tensor]:
        """The outputs as nodes of their own, called like the model's outputs."""
        op, heads = translator.op, []  # type: Any, List[Tensor]
        shared = _shared_convolutions([v for v in values if isinstance(v, Tensor)])
        for info, value in zip(self.model.graph.outputs, values):
            tensor = _checked_output(op.tensor(value), info)
            with op.node(info.name, 1):
                # A convolution that is an output is fused with what reads it, and then is both.
                if tensor.handle.name in shared:
                    if tensor.handle.name == holdable(info.name):
                        op.builder.rename(tensor, op.names.unique(f"{info.name}_raw"))
                    tensor = getattr(op, IN_ORDER[0])(tensor, **IN_ORDER[1])
                elif not _is_sole_output(tensor) or any(tensor.handle is h.handle for h in heads):
                    tensor = op.identity(tensor)
                again = any(info.name == v.name for v in self.model.graph.outputs[: len(heads)])
                name = op.names.unique(info.name) if again else holdable(info.name)
                op.builder.rename(tensor, name)
            heads.append(tensor)
        return heads

    def _check_other_sizes(self, imported: Imported, rung: Rung) -> None:
        """Other samples must lead to the very same symbol.

        Raises
        ------
        DynamicSizeError
            If they do not: something hangs on the sizes that the symbol does not say.
        """
        turned = {name: (*sizes[1:], sizes[0]) for name, sizes in rung.sizes.items()}
        try:
            other = self._translated(dataclasses.replace(rung, sizes=rung.others), hasty=True)
        except InferenceError:  # not accepted; the same sizes in another order are
            other = self._translated(dataclasses.replace(rung, sizes=turned), hasty=True)
        if other.symbol.tojson() != imported.symbol.tojson():
            raise DynamicSizeError(
                f"{self.model.source} computes something else at other sizes, which a Symbol "
                f"cannot say. {self._remedy()}"
            )

    def _check_batches(self, rung: Rung, error: InferenceError) -> None:
        """A batch of 1 that is built into the network, found before all the other sizes are tried.

        Raises
        ------
        InferenceError
            If the network accepts the rung's first sample with one batch of 1, and not as it is.
        """
        plain = Rung(1, {}, {})
        if self._at_sample(rung, 0)._accepts(plain):
            return
        for name in (d.name for d in self.wishes.dimensions if d.batch):
            alone = self.at_size(name, 1)._at_sample(rung, 0)
            if name not in self.wishes.sizes and alone._accepts(plain):
                raise self._no_sizes_fit(error, _fixing(name, 1))

    def _no_sizes_fit(self, first: Optional[InferenceError], blame: str) -> InferenceError:
        """The refusal of all sizes, with the dimension that is to blame if one is found."""
        names = [d.name for d in self.wishes.dimensions]
        alike = "" if len(names) < 2 else (
            "Dimensions that are always of one size can be given one name by input_shapes=. "
        )  # fmt: skip
        return InferenceError(
            f"{self.model.source} accepts none of the sizes tried for {', '.join(names)}. {blame}"
            f"{alike}The first refusal: {first}"
        )

    def _blame(self) -> str:
        """Hold one dimension at a common size while the others vary, and say what helps."""
        start = time.monotonic()
        for dimension in self.wishes.dimensions:
            for size in COMMON_SIZES:
                if time.monotonic() - start > MOST_SECONDS_OF_BLAME:
                    return f"{self._remedy()} "
                if self.at_size(dimension.name, size)._accepts_some_sizes():
                    return _fixing(dimension.name, size)
        return f"{self._remedy()} "

    def _accepts_some_sizes(self) -> bool:
        dimensions = self.wishes.dimensions
        rungs: Iterator[Rung] = iter([Rung(1, {}, {})])
        if dimensions:
            every = enumerate(ladder(dimensions, self.wishes.sizes))
            rungs = (rung for i, rung in every if i in TELLING_RUNGS)
        return any(map(self._accepts, rungs))

    def _accepts(self, rung: Rung) -> bool:
        try:
            self._translated(rung, hasty=True)
        except ConversionError:  # a row refuses this size, or that one varies
            return False
        return True

    def _remedy(self) -> str:
        sizes = ", ".join(f"'{d.name}': ..." for d in self.wishes.dimensions)
        return (
            f"Fix what varies with sizes={{{sizes}}} or input_shapes=; inputs that decide shapes "
            "can be made constants with input_values=. The block of import_to_gluon needs neither."
        )

    def _with_remedy(self, error: DynamicSizeError, rung: Rung) -> DynamicSizeError:
        error.args = (f"{error}\nSizes tried: {spelled_sizes(rung.sizes)}. {self._remedy()}",)
        return error


def _fixing(name: str, size: int) -> str:
    return f"With '{name}' fixed it does, for example at {size}: sizes={{'{name}': {size}}}. "


def _value(builder: SymbolBuilder, given: Input, name: str, dims: Mapping[str, Any]) -> Value:
    if given.value is not None:
        return Known(given.name, (given.value,))
    shape = tuple(dims[size] if isinstance(size, str) else size for size in given.shape)
    return builder.input(name, shape, given.dtype)


def _checked_output(value: Any, info: ValueInfo) -> Tensor:
    """An output of the model, which must be what the model says it is."""
    if not isinstance(value, Tensor):
        raise TranslationError(f"output '{info.name}' is no tensor; a Symbol gives tensors only")
    if value.is_empty:
        raise TranslationError(
            f"output '{info.name}' is empty, {value.shape}, which a Symbol cannot give"
        )
    if info.data_type and data_type(value.element) != info.data_type:
        raise ModelError(
            f"output '{info.name}' is declared as {onnx_name(info.data_type)} and computed as "
            f"{value.element}"
        )
    return value


def _is_sole_output(tensor: Tensor) -> bool:
    """Whether a node makes this tensor and nothing else, and so can be called like it."""
    names = tensor.handle.list_outputs()
    return bool(names == [f"{tensor.handle.name}_output"])


def _shared_convolutions(tensors: Sequence[Tensor]) -> Set[str]:
    """Nodes that are outputs and that MXNet would fuse with another node that reads them."""
    fusable = {t.handle.name for t in tensors if t.origin.fusable}
    if not fusable:
        return fusable
    nodes = json.loads(mx.sym.Group([t.handle for t in tensors]).tojson())["nodes"]
    return fusable & {nodes[place]["name"] for node in nodes for place, *_ in node["inputs"]}
