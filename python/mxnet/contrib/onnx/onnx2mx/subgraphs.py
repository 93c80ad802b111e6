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

"""Subgraphs as rows see them, and graphs of their own that an operator of MXNet holds."""

from __future__ import annotations

import collections
import dataclasses
from typing import Any, Callable, Dict, List, Mapping, MutableMapping, Sequence, Tuple

import mxnet as mx
import numpy as np

from ..errors import ModelError
from .builders import SymbolBuilder
from .graph import ValueInfo
from .layouts import COPY, adds_gradients, in_a_loop
from .planning import Plan
from .values import Shape, Tensor, Value


class Subgraph:
    """A subgraph that a row translates in place, any number of times.

    Called with values for its inputs, it gives the values of its outputs.

    Parameters
    ----------
    plan : Plan
    constants : dict of str to Known
    outer : mapping of str to value
        The names around it, which its own hide.
    walk : callable
        ``walk(plan, scope)`` puts what the nodes compute into the scope.
    read : callable
        ``read(name, scope)``.

    Attributes
    ----------
    inputs, outputs : list of ValueInfo
        As declared.
    """

    def __init__(
        self,
        plan: Plan,
        constants: Mapping[str, Value],
        outer: MutableMapping[str, Any],
        walk: Callable[[Plan, MutableMapping[str, Any]], None],
        read: Callable[[str, MutableMapping[str, Any]], Any],
    ):
        self.inputs: List[ValueInfo] = plan.graph.inputs
        self.outputs: List[ValueInfo] = plan.graph.outputs
        self._plan, self._constants, self._outer = plan, constants, outer
        self._walk, self._read = walk, read

    def __call__(self, *values: Value) -> List[Any]:
        if len(values) != len(self.inputs):
            raise ModelError(
                f"a subgraph takes {len(self.inputs)} inputs, the operator gives it {len(values)}"
            )
        own = {**self._constants, **dict(zip((v.name for v in self.inputs), values))}
        scope = collections.ChainMap(own, self._outer)
        self._walk(self._plan, scope)
        return [self._read(v.name, scope) for v in self.outputs]

    def hangs_on(self, output: int, inputs: Sequence[int]) -> bool:
        """Whether an output can be another one for other values of some inputs."""
        makers = {name: node for node in self._plan.graph.nodes for name in node.outputs if name}
        wanted = {self.inputs[i].name for i in inputs}
        waiting, seen = [self.outputs[output].name], set()
        while waiting:
            name = waiting.pop()
            if name in wanted:
                return True
            if name in makers and name not in seen:
                seen.add(name)
                waiting += makers[name].reads
        return False


class NestedBuilder(SymbolBuilder):
    """Builds a graph that an operator of the outer graph will hold.

    The two share no node: what is read from outside becomes a variable, and with it an input of the
    operator; so do parameters, which belong to the whole.

    Parameters
    ----------
    outer : SymbolBuilder
    name : callable
        Gives a variable a name of its own.
    """

    def __init__(self, outer: SymbolBuilder, name: Callable[[str], str]):
        super().__init__(outer.samples, outer.floating)
        self.outer, self.parameters, self._name = outer, outer.parameters, name
        self._own: Dict[int, Any] = {}
        self._captured: Dict[int, Tuple[Tensor, Tensor]] = {}
        self._copies: Dict[int, Tensor] = {}

    def variable(self, base: str, shape: Shape, dtype: np.dtype) -> Tensor:
        """An input of the graph that is no tensor of the outer graph."""
        return self.keep(Tensor(mx.sym.var(self._name(base), dtype=dtype), shape, dtype))

    def parameter(self, name: str, array: np.ndarray, trainable: bool = False) -> Tensor:
        """A parameter of the whole."""
        return self.outer.parameter(name, array, trainable)

    def apply(
        self, op_name: str, tensors: Sequence[Tensor], attrs: Mapping[str, Any], name: str
    ) -> List[Tensor]:
        """Add an operator; one tensor for each of its outputs."""
        op_name = in_a_loop(op_name)
        inside = [self._inside(t, copied=not adds_gradients(op_name)) for t in tensors]
        return list(map(self.keep, super().apply(op_name, inside, attrs, name)))

    def hold(
        self,
        op_name: str,
        graph: Any,
        tensors: Sequence[Tensor],
        attrs: Mapping[str, Any],
        name: str,
    ) -> Any:
        """The node of an operator that holds a graph."""
        return super().hold(op_name, graph, [self._inside(t) for t in tensors], attrs, name)

    def shared(self, tensors: Mapping[Any, Tensor]) -> Dict[Any, Tensor]:
        """Those that are of the outer graph, such as weights that are read here first."""
        return {key: t for key, t in tensors.items() if id(t.handle) not in self._own}

    def captured(self) -> Dict[str, Tensor]:
        """The tensors of the outer graph that this one reads, by its variables."""
        return {inner.handle.name: outer for outer, inner in self._captured.values()}

    def keep(self, tensor: Tensor) -> Tensor:
        """Count a tensor as one of this graph."""
        self._own[id(tensor.handle)] = tensor.handle
        return tensor

    def _inside(self, tensor: Tensor, copied: bool = True) -> Tensor:
        """A tensor as this graph reads it; where it is from outside, perhaps by a copy."""
        key = id(tensor.handle)
        if key in self._own:
            return tensor
        if key not in self._captured:
            variable = self.variable(tensor.handle.name or "outer", tensor.shape, tensor.dtype)
            self._captured[key] = tensor, variable
        variable = self._captured[key][1]
        if not copied:
            return variable
        if key not in self._copies:
            name = self._name(f"{variable.handle.name}_copied")
            (copy,) = super().apply(COPY, [variable], {}, name)
            self._copies[key] = self.keep(dataclasses.replace(copy, shape=tensor.shape))
        return self._copies[key]
