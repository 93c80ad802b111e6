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
"""What translation leaves behind is taken out, by a few rules.

A rule is a function from a draft to whether it changed something; they run in turn until none does.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from onnx import AttributeProto, NodeProto, helper

from ..opset import plain_attribute
from .draft import Draft
from .inference import TensorType
from .tensors import Tensor

#: Operators that give their input back where the shape and dtype stay the same.
SHAPE_ONLY = frozenset({"Expand", "Flatten", "Reshape", "Squeeze", "Tile", "Unsqueeze"})
#: Operators that turn a number, or numbers in the same place, into one, whatever the place.
NUMBER_BY_NUMBER = frozenset(
    {
        "Abs", "Add", "Cast", "Ceil", "Clip", "Div", "Elu", "Erf", "Exp", "Floor", "Gelu",
        "HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Max", "Min", "Mish", "Mul", "Neg", "Not",
        "Pow", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Softplus", "Softsign",
        "Sqrt", "Sub", "Sum", "Tanh",
    }
)  # fmt: skip
#: Larger constants are not looked into.
SMALL_BYTES = 512
#: Two calls with the same inputs give different numbers.
RANDOM = frozenset(
    {
        "Bernoulli", "Dropout", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
        "RandomUniformLike",
    }
)  # fmt: skip


def simplify(draft: Draft) -> None:
    """Apply all rules until none finds anything."""
    drop_dead(draft)
    changed = True
    while changed:
        changed = sum(rule(draft) for rule in RULES) > 0
        drop_dead(draft)


def attributes(node: NodeProto) -> Dict[str, Any]:
    """A node's attributes by name as plain Python values."""
    return {a.name: plain_attribute(a) for a in node.attribute}


def onnx_operator(node: NodeProto) -> str:
    """The operator of a node that is ONNX's own; those of other domains mean what they like."""
    return "" if node.domain else node.op_type


def set_attribute(node: NodeProto, name: str, ints: Sequence[int]) -> None:
    """Give a node an attribute of integers."""
    for attribute in [a for a in node.attribute if a.name == name]:
        node.attribute.remove(attribute)
    node.attribute.add(name=name, type=AttributeProto.INTS, ints=ints)


def copying_node(value: str, name: str, node_name: str) -> NodeProto:
    """A node that gives ``value`` a further name."""
    return helper.make_node("Identity", [value], [name], name=node_name)


def drop_dead(draft: Draft) -> None:
    """Nodes and constants that no output depends on."""
    wanted, kept = set(draft.outputs), []
    for node in reversed(draft.nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(draft.read_by(node))
    draft.nodes[:] = kept[::-1]
    if not draft.whole:
        return
    for name in [name for name in draft.constants if name not in wanted]:
        del draft.constants[name]


def drop_identities(draft: Draft) -> bool:
    """A node that gives its input back: its readers read the input."""
    same = {
        node.output[0]: node.input[0]
        for node in draft.nodes
        if len(node.output) == 1 and node.input and _is_identity(draft, node)
    }
    dropped = [node for node in draft.nodes if node.output[0] in same]
    if same:
        draft.replace(same, dropped)
    return bool(same)


def _is_identity(draft: Draft, node: NodeProto) -> bool:
    before, after = draft.types(node.input[0]), draft.types(node.output[0])
    op_type = onnx_operator(node)
    if op_type in ("Identity", "Cast"):
        return before.dtype == after.dtype
    if before != after or not after.is_known:
        return False
    if op_type in SHAPE_ONLY:
        return True
    if op_type == "Transpose":
        perm = attributes(node).get("perm", [])
        return list(perm) == sorted(perm) and bool(perm)
    if op_type == "Slice":  # with steps of 1 there is only one part of the same size
        return len(node.input) < 5 or _is_all(draft, node.input[4], 1)
    if op_type in ("Mul", "Div"):
        return _is_all(draft, node.input[1], 1)
    if op_type in ("Sub", "Pad"):
        return _is_all(draft, node.input[1], 0)
    return op_type == "Concat" and len(node.input) == 1


def _is_all(draft: Draft, name: str, number: int) -> bool:
    """Whether ``name`` is a small constant whose entries are all ``number``."""
    tensor = draft.constants.get(name)
    if tensor is None or tensor.nbytes > SMALL_BYTES:
        return False
    return bool((tensor.read() == number).all())


def merge_transposes(draft: Draft) -> bool:
    """A transposition of a transposition is one, or none where they cancel."""
    producers, changed = draft.producers(), False
    for node in draft.nodes:
        first = producers.get(node.input[0]) if onnx_operator(node) == "Transpose" else None
        if first is None or onnx_operator(first) != "Transpose":
            continue
        inner, outer = attributes(first).get("perm"), attributes(node).get("perm")
        if inner and outer:
            set_attribute(node, "perm", [inner[axis] for axis in outer])
            node.input[0] = first.input[0]
            changed = True
    return changed


def sink_transposes(draft: Draft) -> bool:
    """A transposition may follow an operator that works number by number, until another cancels it.

    Of operands that are transposed alike, one transposition of the result is left.
    """
    readers = draft.readers()
    made: Dict[str, NodeProto] = {}
    placed: Dict[int, NodeProto] = {}
    changed = False
    for node in list(draft.nodes):
        turned = _turned_alike(draft, node, made, readers)
        placed[id(node)] = node
        if turned:
            for other in turned:
                placed.pop(id(other))
            placed[id(turned[0])] = _swap(draft, node, turned)
            made[node.output[0]] = node
            node, changed = turned[0], True
        made.update((name, node) for name in node.output)
    draft.nodes[:] = placed.values()
    return changed


def _turned_alike(
    draft: Draft, node: NodeProto, made: Mapping[str, NodeProto], readers: Mapping[str, int]
) -> List[NodeProto]:
    """The transpositions that a node alone reads, if they agree and numbers are all it has else."""
    if onnx_operator(node) not in NUMBER_BY_NUMBER or len(node.output) != 1:
        return []
    turned: List[NodeProto] = []
    for name in node.input:
        source = made.get(name)
        if source is not None and onnx_operator(source) == "Transpose" and readers[name] == 1:
            turned.append(source)
        elif name and not _is_number(draft, name):
            return []
    perms = [attributes(t).get("perm") for t in turned]
    return turned if perms and perms[0] and perms.count(perms[0]) == len(perms) else []


def _is_number(draft: Draft, name: str) -> bool:
    tensor = draft.constants.get(name)
    return tensor is not None and not tensor.shape


def _swap(draft: Draft, node: NodeProto, turned: Sequence[NodeProto]) -> NodeProto:
    """Let ``node`` read what ``turned`` do, and the first of them turn what ``node`` gives."""
    before = {t.output[0]: t.input[0] for t in turned}
    value, last = node.output[0], turned[0]
    kind = draft.types(value)
    dims: Optional[List[Any]] = None
    if kind.dims is not None:
        dims = [None] * len(kind.dims)
        for place, axis in enumerate(attributes(last)["perm"]):
            dims[axis] = kind.dims[place]
    inner = draft.fresh(f"{value}/turned")
    draft.types.declare(inner, TensorType(kind.dtype, None if dims is None else tuple(dims)))
    node.input[:] = [before.get(name, name) for name in node.input]
    node.output[0] = last.input[0] = inner
    last.output[0] = value
    return last


def merge_reshapes(draft: Draft) -> bool:
    """A reshape of what was only reshaped may read the original, unless it copies sizes."""
    producers, changed = draft.producers(), False
    for node in draft.nodes:
        if onnx_operator(node) != "Reshape":
            continue
        first, target = producers.get(node.input[0]), draft.constants.get(node.input[1])
        if first is None or onnx_operator(first) not in (
            "Reshape",
            "Flatten",
            "Squeeze",
            "Unsqueeze",
        ):
            continue
        if target is not None and 0 not in target.read():
            node.input[0] = first.input[0]
            changed = True
    return changed


def share_equal(draft: Draft) -> bool:
    """Nodes that compute the same are one node."""
    seen: Dict[Tuple[Any, ...], List[NodeProto]] = {}
    same: Dict[str, str] = {}
    dropped: List[NodeProto] = []
    for node in draft.nodes:
        own = onnx_operator(node)
        if not own or own in RANDOM or any(a.type == AttributeProto.GRAPH for a in node.attribute):
            continue
        inputs = tuple(same.get(name, name) for name in node.input)
        alike = seen.setdefault((own, inputs, len(node.output)), [])
        first = next((n for n in alike if attributes(n) == attributes(node)), None)
        if first is None:
            alike.append(node)
            continue
        same.update((o, n) for o, n in zip(node.output, first.output) if o)
        dropped.append(node)
    if dropped:
        draft.replace(same, dropped)
    return bool(dropped)


def fold_pads(draft: Draft) -> bool:
    """Zeros around a convolution's input are the convolution's own padding."""
    producers, readers, changed = draft.producers(), draft.readers(), False
    for node in draft.nodes:
        pad = producers.get(node.input[0]) if onnx_operator(node) == "Conv" else None
        if pad is None or onnx_operator(pad) != "Pad" or readers[node.input[0]] != 1:
            continue
        around = _zeros_around(draft, pad)
        own = attributes(node)
        if around is None or own.get("auto_pad", "NOTSET") != "NOTSET":
            continue
        pads = own.get("pads") or [0] * len(around)
        set_attribute(node, "pads", [a + b for a, b in zip(pads, around)])
        node.input[0] = pad.input[0]
        changed = True
    return changed


def _zeros_around(draft: Draft, pad: NodeProto) -> Optional[List[int]]:
    """Spatial pads, begins and ends, of a node that adds zeros and no channels; None otherwise."""
    if attributes(pad).get("mode", "constant") != "constant" or any(pad.input[3:]):
        return None
    widths = draft.constants.get(pad.input[1]) if len(pad.input) > 1 else None
    value = pad.input[2] if len(pad.input) > 2 else ""
    if widths is None or (value and not _is_all(draft, value, 0)):
        return None
    begins, ends = (list(map(int, side)) for side in np.split(widths.read(), 2))
    if min(begins + ends) < 0 or any(begins[:2] + ends[:2]):
        return None
    return begins[2:] + ends[2:]


def fold_batch_norms(draft: Draft) -> bool:
    """conv(x) * s + t, with s = gamma / sqrt(var + eps), is a convolution with weight * s."""
    producers, readers = draft.producers(), draft.readers()
    dropped: List[NodeProto] = []
    for node in draft.nodes:
        if onnx_operator(node) != "BatchNormalization" or len(node.output) != 1:
            continue
        layer = producers.get(node.input[0])
        if layer is None or any(name not in draft.constants for name in node.input[1:]):
            continue
        if attributes(node).get("training_mode"):  # then the statistics are the data's
            continue
        axis = _output_axis(draft, layer)
        if axis is not None and readers[node.input[0]] == readers[layer.input[1]] == 1:
            _fold_batch_norm(draft, node, layer, axis)
            dropped.append(node)
    draft.replace({}, dropped)
    return bool(dropped)


def _output_axis(draft: Draft, layer: NodeProto) -> Optional[int]:
    """Axis of the layer's weight that counts output channels; None where nothing can be folded."""
    constants = [draft.constants.get(name) for name in layer.input[1:]]
    if onnx_operator(layer) not in ("Conv", "ConvTranspose", "Gemm") or None in constants:
        return None
    own = attributes(layer)
    if layer.op_type == "Conv":
        return 0
    if layer.op_type == "ConvTranspose":
        return 1 if own.get("group", 1) == 1 else None
    bias = constants[1] if len(constants) > 1 else None
    plain = own.get("alpha", 1.0) == own.get("beta", 1.0) == 1.0 and not own.get("transA")
    if not plain or (bias is not None and len(bias.shape) != 1):
        return None
    return 0 if own.get("transB") else 1


def _fold_batch_norm(draft: Draft, node: NodeProto, layer: NodeProto, axis: int) -> None:
    weight = draft.constants[layer.input[1]]
    bias = draft.constants[layer.input[2]].read() if len(layer.input) > 2 else 0
    # a number or two a channel: read once here, in double precision
    gamma, beta, mean, var = (
        draft.constants[name].read().astype(np.float64) for name in node.input[1:5]
    )
    scale = gamma / np.sqrt(var + attributes(node).get("epsilon", 1e-5))
    shift = (beta + scale * (bias - mean)).astype(weight.dtype)
    shape = [1] * len(weight.shape)
    shape[axis] = -1
    factor = scale.astype(weight.dtype).reshape(shape)
    layer.input[:] = [
        layer.input[0],
        draft.constant(weight.derive(lambda w: w * factor), layer.input[1]),
        draft.constant(Tensor.of(shift), node.input[2]),
    ]
    layer.output[0] = node.output[0]


RULES: Tuple[Callable[[Draft], bool], ...] = (
    drop_identities,
    merge_transposes,
    sink_transposes,
    merge_reshapes,
    share_equal,
    fold_pads,
    fold_batch_norms,
)
