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
"""Which shape each parameter of a layer must have, by the layer's own attributes."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Mapping, Tuple, Union

#: A size, or a letter for one that the data decides; one letter is one size within a layer.
Size = Union[int, str]
Rule = Callable[[Mapping[str, Any]], Dict[str, Tuple[Size, ...]]]


def _channels_last(values: Mapping[str, Any]) -> bool:
    return str(values.get("layout")).endswith("C")


def _convolution(values: Mapping[str, Any]) -> Dict[str, Tuple[Size, ...]]:
    filters, kernel = values["num_filter"], values["kernel"]
    middle = (*kernel, "I") if _channels_last(values) else ("I", *kernel)
    return {"weight": (filters, *middle), "bias": (filters,)}


def _deconvolution(values: Mapping[str, Any]) -> Dict[str, Tuple[Size, ...]]:
    each = values["num_filter"] // max(values["num_group"], 1)
    last = (*values["kernel"], each) if _channels_last(values) else (each, *values["kernel"])
    return {"weight": ("I", *last), "bias": (values["num_filter"],)}


def _fully_connected(values: Mapping[str, Any]) -> Dict[str, Tuple[Size, ...]]:
    return {"weight": (values["num_hidden"], "I"), "bias": (values["num_hidden"],)}


def _embedding(values: Mapping[str, Any]) -> Dict[str, Tuple[Size, ...]]:
    return {"weight": (values["input_dim"], values["output_dim"])}


def _per_channel(values: Mapping[str, Any]) -> Dict[str, Tuple[Size, ...]]:
    return dict.fromkeys(("gamma", "beta", "moving_mean", "moving_var"), ("C",))


RULES: Dict[str, Rule] = {
    "Convolution": _convolution,
    "Convolution_v1": _convolution,
    "Deconvolution": _deconvolution,
    "FullyConnected": _fully_connected,
    "Embedding": _embedding,
    "BatchNorm": _per_channel,
    "BatchNorm_v1": _per_channel,
    "LayerNorm": _per_channel,
    "InstanceNorm": _per_channel,
}
#: Names of inputs that hold what is trained, whatever the layer.
TRAINED = frozenset({"weight", "bias", "gamma", "beta", "moving_mean", "moving_var", "parameters"})


def misfits(
    op_type: str, values: Mapping[str, Any], given: Mapping[str, Tuple[int, ...]]
) -> Iterator[Tuple[str, str]]:
    """The parameters of one layer that do not fit it.

    Parameters
    ----------
    op_type : str
    values : mapping
        The layer's attributes.
    given : mapping of str to tuple of int
        Name of an input to the shape of its array.

    Yields
    ------
    (str, str)
        Name of the input, and the shape that it needs, in words.
    """
    rule = RULES.get(op_type)
    if rule is None:
        return
    letters: Dict[str, int] = {}
    for name, wanted in rule(values).items():
        shape = given.get(name)
        if shape is None:
            continue
        if len(shape) == len(wanted) + 1 and shape[-1] == 1:  # MXNet takes a column for a vector
            shape = shape[:-1]
        fits: List[bool] = [len(shape) == len(wanted)]
        for have, want in zip(shape, wanted):
            if isinstance(want, str):
                want = letters.setdefault(want, have)
            fits.append(have == want)
        if not all(fits):
            sizes = [str(letters.get(s, "any") if isinstance(s, str) else s) for s in wanted]
            yield name, f"({', '.join(sizes)}{',' if len(wanted) == 1 else ''})"
