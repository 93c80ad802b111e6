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
"""What an import gives, before its weights are copied."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import mxnet as mx

from .arguments import Input
from .builders import Parameter, to_ndarray
from .sharing import forget, over_file


@dataclasses.dataclass(frozen=True)
class Imported:
    """An imported model, before its weights are copied.

    Attributes
    ----------
    symbol : mxnet.symbol.Symbol
        One head for each output of the model, in its order.
    parameters : dict of str to Parameter
        Arrays of the arguments and auxiliary states that are no inputs, many still in the file.
    inputs : list of Input
        All inputs of the model in its order, unused and fixed ones included.
    variables : dict of str to str
        Names of the symbol's variables by the model's inputs that are used.
    outputs : list of str
        The model's names of its outputs.
    output_shapes : list of tuple
        With a size for each sample (``Dim``) where it varies.
    assumptions : tuple of str
        What holds for all sizes tried and is built into the symbol.
    sizes : dict of str to tuple of int
        Sizes that were tried, by dimension; empty where everything is fixed.
    step : int
        What the network seems to want its varying lengths to be multiples of.
    rungs : int
        How many sets of sizes were tried until the network accepted one.
    loops : bool
        Whether the symbol holds a loop of MXNet's, see :func:`looping.without_races`.
    """

    symbol: Any
    parameters: Dict[str, Parameter]
    inputs: List[Input]
    variables: Dict[str, str]
    outputs: List[str]
    output_shapes: List[Tuple[Any, ...]]
    assumptions: Tuple[str, ...]
    sizes: Dict[str, Tuple[int, ...]]
    step: int
    rungs: int
    loops: bool = False

    def arrays(
        self, names: Sequence[str], copy: bool = True, last: bool = False
    ) -> Iterator[Tuple[str, mx.nd.NDArray]]:
        """Arrays of the parameters of these names, one at a time, on the CPU.

        Parameters
        ----------
        names : sequence of str
        copy : bool
            Otherwise on the memory of the file where that can be.
        last : bool
            Whether nobody will ask for them again: each is let go where it is copied.
        """
        for name in names:
            if name in self.parameters:
                parameter = self.parameters.pop(name) if last else self.parameters[name]
                array, same = parameter.array, parameter.carrier == parameter.array.dtype
                shared = None if copy or not same else over_file(array)
                if shared is not None:
                    yield name, shared
                else:
                    yield name, to_ndarray(array, mx.cpu(), parameter.carrier)
                    forget(array)
