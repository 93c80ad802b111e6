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
"""Which variables of a graph are its inputs, with shapes and dtypes; the rest are parameters."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List, Mapping, Sequence, Set, Tuple

import numpy as np

from ..errors import ConversionError, ModelError, refuse
from . import operator_info
from .arguments import EXAMPLE, listed
from .inference import Dim, TensorType
from .parameter_shapes import TRAINED, misfits
from .symbol_file import Graph, Node, Variable
from .tensors import Tensor

BATCH = "batch"
#: Inputs of operators that have the dtype of the result, and of what is trained with it.
FOLLOWED, WEIGHTS = frozenset({"data", "lhs", "rhs"}), frozenset({"weight", "parameters"})
#: Outputs of a node that are followed: those of a split, and none of hidden ones.
MOST_OUTPUTS = 64


def plan_inputs(
    original: Graph,
    graph: Graph,
    tensors: Mapping[str, Tensor],
    given_shapes: Any = None,
    given_types: Any = None,
    order: Sequence[str] = (),
) -> Dict[str, TensorType]:
    """Pair the variables that have no value with the shapes and dtypes given.

    Parameters
    ----------
    original : Graph
        Before labels and losses were taken out: shapes for them may be given and are not needed.
    graph : Graph
        The canonical graph.
    tensors : mapping of str to Tensor
        The parameters.
    given_shapes, given_types : list, dict or None
        As :func:`.arguments.check_shapes` and :func:`.arguments.check_types` return them.
    order : sequence of str
        The inputs as the source takes them, where that is another order than the symbol's own.

    Returns
    -------
    dict of str to TensorType
        The inputs in the order of the source, or of the symbol's ``list_inputs()``.

    Raises
    ------
    ModelError
        All at once that is missing, superfluous or of a wrong shape.
    """
    live = graph.live()
    used = _uses(graph, live)
    free = _in_order(order, [name for name in graph.variables(live) if name not in tensors])
    trained = {name for name in free if _is_trained(name, graph, used)}
    every = _in_order(order, [name for name in original.variables() if name not in tensors])
    problems: List[ConversionError] = []
    shapes = _named_shapes(given_shapes, free, trained, every, order, problems)
    for name, shape in _declared(graph, live).items():
        if name in free and name not in trained and not (given_shapes and name in shapes):
            shapes.setdefault(name, shape)
    _judge_names(given_shapes, shapes, free, trained, original, tensors, problems)
    problems += wrong_shapes(graph, live, tensors)
    wanted = [name for name in free if name in shapes]
    types = _named_types(given_types, wanted, every, order, graph, live, tensors, problems)
    if problems:
        refuse(problems, "the symbol, its parameters and the shapes do not fit together:")
    return {name: TensorType(types[name], _with_names(name, shapes[name])) for name in wanted}


def check_not_empty(kinds: Mapping[str, TensorType]) -> None:
    """Refuse inputs of size 0 where MXNet means "not known" by it.

    Raises
    ------
    ModelError
    """
    empty = [f"{name} {kind.dims}" for name, kind in kinds.items() if 0 in (kind.dims or ())]
    if empty:
        raise ModelError(
            "in_shapes: empty inputs are for symbols with NumPy's shapes (mx.npx.set_np()): "
            f"{listed(empty)}; here a size is a positive int, None or a name"
        )


def _in_order(order: Sequence[str], names: Sequence[str]) -> List[str]:
    """``names``, those that ``order`` has first and as it has them."""
    return [n for n in order if n in names] + [n for n in names if n not in order]


def _uses(graph: Graph, live: Iterable[int]) -> Dict[str, Set[str]]:
    """Variable to what the operators that read it call that input."""
    uses: Dict[str, Set[str]] = {}
    for index in live:
        node = graph.nodes[index]
        if isinstance(node, Node):
            for role, variable in _roles(graph, node):
                uses.setdefault(variable, set()).add(role)
    return uses


def _roles(graph: Graph, node: Node) -> Iterator[Tuple[str, str]]:
    """What a node calls each input that is a variable, and the variable's name."""
    for k, source in enumerate(node.inputs):
        if isinstance(source, tuple) and isinstance(graph.nodes[source[0]], Variable):
            yield operator_info.input_name(node.op_type, k), graph.nodes[source[0]].name


def _is_trained(name: str, graph: Graph, used: Mapping[str, Set[str]]) -> bool:
    """Whether a variable without a value should have one: it is used, or marked, as a parameter."""
    variable = next(n for n in graph.nodes if isinstance(n, Variable) and n.name == name)
    return variable.is_trained or bool(used.get(name, set()) & TRAINED)


def _declared(graph: Graph, live: Iterable[int]) -> Dict[str, Tuple[Dim, ...]]:
    nodes = (graph.nodes[index] for index in live)
    return {n.name: n.shape for n in nodes if isinstance(n, Variable) and n.shape is not None}


def _named_shapes(
    given: Any,
    free: Sequence[str],
    trained: Set[str],
    every: Sequence[str],
    order: Sequence[str],
    problems: List[ConversionError],
) -> Dict[str, Tuple[Dim, ...]]:
    """Shapes by name. A list is for the inputs, in order; it may have labels' shapes in it too."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return dict(given)
    data = [name for name in free if name not in trained]
    untrained = [name for name in every if name not in trained]
    for names in (order, data, untrained, free, every):
        if len(given) == len(names):
            return dict(zip(names, given))
    problems.append(
        ModelError(f"in_shapes has {len(given)} shapes, the inputs are {len(data)}: {listed(data)}")
    )
    return dict.fromkeys(data, ())


def _judge_names(
    given: Any,
    shapes: Mapping[str, Tuple[Dim, ...]],
    free: Sequence[str],
    trained: Set[str],
    original: Graph,
    tensors: Mapping[str, Tensor],
    problems: List[ConversionError],
) -> None:
    variables = set(original.variables())
    lost = [name for name in free if name not in shapes and name in trained]
    if lost:
        known = sorted(set(tensors) - variables)
        hint = "" if tensors else "; give params, a file or a dict"
        hint = f" (given and not used: {listed(known)})" if known else hint
        problems.append(ModelError(f"parameters have no value: {listed(lost)}{hint}"))
    without = [name for name in free if name not in shapes and name not in trained]
    if without:
        problems.append(
            ModelError(f"inputs have no shape: {listed(without)}; give in_shapes={EXAMPLE}")
        )
    if isinstance(given, Mapping):
        unknown = [name for name in given if name not in variables]
        if unknown:
            problems.append(
                ModelError(
                    f"in_shapes names what is no variable of the symbol: {listed(unknown)}; "
                    f"the inputs are {', '.join(n for n in free if n not in trained)}"
                )
            )
        valued = [name for name in given if name in tensors and name in variables]
        if valued:
            problems.append(
                ModelError(f"in_shapes names what has a value in the parameters: {listed(valued)}")
            )


def wrong_shapes(
    graph: Graph, live: Iterable[int], tensors: Mapping[str, Tensor]
) -> List[ConversionError]:
    """A refusal for every parameter whose shape contradicts the attributes of its layer."""
    problems: List[ConversionError] = []
    for index in live:
        node = graph.nodes[index]
        if not isinstance(node, Node):
            continue
        names = dict(_roles(graph, node))
        shapes = {role: tensors[name].shape for role, name in names.items() if name in tensors}
        for role, wanted in misfits(node.op_type, node.values, shapes):
            problems.append(
                ModelError(
                    f"parameter '{names[role]}' has shape {shapes[role]}, "
                    f"{node.op_type} node '{node.name}' needs {wanted}"
                )
            )
    return problems


def _named_types(
    given: Any,
    wanted: Sequence[str],
    every: Sequence[str],
    order: Sequence[str],
    graph: Graph,
    live: Sequence[int],
    tensors: Mapping[str, Tensor],
    problems: List[ConversionError],
) -> Dict[str, np.dtype]:
    """A dtype for every input.

    The one given, else what the variable declares, else that of the weights it meets, else float32.
    """
    nodes = (graph.nodes[index] for index in live)
    declared = {n.name: n.dtype for n in nodes if isinstance(n, Variable) and n.dtype is not None}
    types: Dict[str, Any] = {
        name: declared.get(name) or dtype_of_weights(graph, live, tensors, name) for name in wanted
    }
    if isinstance(given, Mapping):
        unknown = [name for name in given if name not in every]
        if unknown:
            problems.append(ModelError(f"in_types names what is no input: {listed(unknown)}"))
        types.update((name, given[name]) for name in wanted if name in given)
    elif isinstance(given, list):
        fitting = [names for names in (order, wanted, every) if len(names) == len(given)]
        if not fitting:
            problems.append(
                ModelError(
                    f"in_types has {len(given)} dtypes, "
                    f"the inputs are {len(wanted)}: {listed(wanted)}"
                )
            )
        types.update(zip(fitting[0] if fitting else (), given))
    elif given is not None:
        types = dict.fromkeys(wanted, given)
    return types


def dtype_of_weights(
    graph: Graph, live: Sequence[int], tensors: Mapping[str, Tensor], name: str
) -> np.dtype:
    """The floating dtype of the first weight on the way of an input; float32 where there is none.

    The way goes through operators that keep the dtype: no cast, and nothing that takes indices.
    """
    reached = {
        (k, 0) for k in live if isinstance(graph.nodes[k], Variable) and graph.nodes[k].name == name
    }
    for index in live:
        node = graph.nodes[index]
        if not isinstance(node, Node) or "dtype" in node.values or node.subgraphs:
            continue
        roles = [operator_info.input_name(node.op_type, k) for k in range(len(node.inputs))]
        if not any(role in FOLLOWED and i in reached for role, i in zip(roles, node.inputs)):
            continue
        weights = [name for role, name in _roles(graph, node) if role in WEIGHTS]
        for dtype in (tensors[weight].dtype for weight in weights if weight in tensors):
            if dtype.kind == "f":
                return dtype
        if not weights:
            reached.update((index, k) for k in range(MOST_OUTPUTS))
    return np.dtype(np.float32)


def _with_names(name: str, shape: Sequence[Dim]) -> Tuple[Dim, ...]:
    """Sizes that were left open get names."""
    return tuple(
        size if size is not None else BATCH if axis == 0 else f"{name}_dim_{axis}"
        for axis, size in enumerate(shape)
    )
