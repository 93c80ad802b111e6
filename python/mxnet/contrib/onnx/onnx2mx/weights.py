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
"""A model's weights, taken out of its plan: a block keeps them as parameters that may change."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Set, Tuple

import mxnet as mx
import numpy as np

from .builders import NDArrayBuilder, SymbolBuilder
from .planning import Plan, Step
from .values import Tensor


def separated(plan: Plan) -> Tuple[Plan, Dict[str, np.ndarray]]:
    """The plan without its weights, and the weights by name.

    Weights are the constants of floats of more than one element, those of subgraphs included where
    the name is free outside.
    """
    weights: Dict[str, np.ndarray] = {}
    return _without(plan, set(_names(plan)), weights, top=True), weights


def _without(plan: Plan, taken: Set[str], weights: Dict[str, np.ndarray], top: bool) -> Plan:
    rest: Dict[str, np.ndarray] = {}
    for name, array in plan.graph.constants.items():
        if array.dtype.kind == "f" and array.size > 1 and (top or name not in taken):
            weights[name] = array
            taken.add(name)
        else:
            rest[name] = array
    steps = [_step_without(step, taken, weights) for step in plan.steps]
    return Plan(dataclasses.replace(plan.graph, constants=rest), steps)


def _step_without(step: Step, taken: Set[str], weights: Dict[str, np.ndarray]) -> Step:
    if not step.graphs:
        return step
    graphs = {
        attribute: [_without(plan, taken, weights, top=False) for plan in plans]
        for attribute, plans in step.graphs.items()
    }
    return dataclasses.replace(step, graphs=graphs)


def _names(plan: Plan) -> List[str]:
    names = [v.name for v in plan.graph.inputs] + list(plan.graph.constants)
    return names + [name for step in plan.steps for name in step.node.outputs]


class WeightedSymbolBuilder(SymbolBuilder):
    """Builds a Symbol of which the weights are variables without a value.

    Attributes
    ----------
    variables : dict of str to str
        Weights by the names of the symbol's variables.
    states : set of str
        Weights that an operator keeps up as its auxiliary states.
    """

    def __init__(self) -> None:
        super().__init__(samples=1)
        self.variables: Dict[str, str] = {}
        self.states: Set[str] = set()

    def weight(self, name: str, variable: str, array: np.ndarray) -> Tensor:
        """A variable for the weight ``name``."""
        self.variables[variable] = name
        handle = mx.sym.var(variable, shape=array.shape, dtype=array.dtype)
        return Tensor(handle, array.shape, array.dtype, weight=name)

    def state(self, tensor: Tensor, variable: str) -> Tensor:
        """The same weight as an auxiliary state, by a variable of its own."""
        self.states.add(tensor.weight)
        self.variables[variable] = tensor.weight
        handle = mx.sym.var(variable, shape=tensor.shape, dtype=tensor.dtype)
        return dataclasses.replace(tensor, handle=handle)


class WeightedRun(NDArrayBuilder):
    """Runs operators at once, on weights that are the arrays of a block's parameters.

    Parameters
    ----------
    ctx : mxnet.Context
    kept : dict
        Copies of constants that other runs made; those of ``lasting`` are added.
    lasting : set of int
        ``id`` of the arrays that outlast the run.
    """

    def __init__(self, ctx: mx.Context, kept: Dict[Any, Any], lasting: Set[int]):
        super().__init__(ctx)
        self.kept, self.lasting = kept, lasting
        self.states: Set[str] = set()

    def weight(self, name: str, array: mx.nd.NDArray, dtype: np.dtype) -> Tensor:
        """The array of the weight ``name``."""
        return Tensor(array, array.shape, dtype, weight=name)

    def state(self, tensor: Tensor, variable: str) -> Tensor:
        """The same weight, for an operator that keeps it up."""
        self.states.add(tensor.weight)
        return tensor

    def parameter(self, name: str, array: np.ndarray, trainable: bool = False) -> Tensor:
        """A known array, copied once."""
        key = id(array), self.ctx
        if key not in self.kept:
            tensor = super().parameter(name, array, trainable)
            if id(array) not in self.lasting:
                return tensor
            self.kept[key] = tensor
        return self.kept[key]
