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
"""What translation leaves behind: BatchNormalization after a convolution, nodes and constants nobody reads."""

import collections

import numpy as np

from onnx import helper


def simplify(op, heads):
    readers = collections.Counter(i for node in op.nodes for i in node.input)
    readers.update(heads)
    producer = {o: node for node in op.nodes for o in node.output}
    op.nodes[:] = [
        node
        for node in op.nodes
        if not (
            node.op_type == "BatchNormalization"
            and _fold_batch_norm(op, node, producer.get(node.input[0]), readers)
        )
    ]
    drop_dead(op, heads)


def _fold_batch_norm(op, node, conv, readers):
    """conv(x) * s + t is a convolution with weight * s and bias * s + t, where s = gamma / sqrt(var + eps)."""
    if conv is None or conv.op_type not in ("Conv", "ConvTranspose") or readers[node.input[0]] != 1:
        return False
    constants = [op.tensor(i) for i in [*conv.input[1:], *node.input[1:]]]
    if None in constants or readers[conv.input[1]] != 1:
        return False
    group = next((a.i for a in conv.attribute if a.name == "group"), 1)
    if conv.op_type == "ConvTranspose" and group != 1:
        return False
    eps = next((a.f for a in node.attribute if a.name == "epsilon"), 1e-5)
    weight, bias = constants[0], constants[1] if len(conv.input) > 2 else None
    gamma, beta, mean, var = constants[-4:]
    shape = (
        (-1, *[1] * (len(weight.shape) - 1))
        if conv.op_type == "Conv"
        else (1, -1, *[1] * (len(weight.shape) - 2))
    )

    def scale():
        return gamma.read().astype(np.float64) / np.sqrt(var.read().astype(np.float64) + eps)

    def shifted(beta):
        return beta + scale() * ((bias.read() if bias else 0) - mean.read())

    new_weight = op.derived(conv.input[1], lambda w: w * scale().reshape(shape).astype(w.dtype))
    new_bias = op.constant(beta.derive(lambda b: shifted(b).astype(b.dtype)), name=node.input[2])
    conv.input[:] = [conv.input[0], new_weight, new_bias]
    conv.output[0] = node.output[0]
    return True


def drop_dead(op, heads):
    wanted, kept = set(heads), []
    for node in reversed(op.nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    op.nodes[:] = kept[::-1]
    for name in set(op.constants) - wanted:
        del op.constants[name]


def name_outputs(op, heads, wanted):
    """Give the graph's outputs the names MXNet gives them; a head that is an input or a second use gets an Identity."""
    produced = {o for node in op.nodes for o in node.output}
    renamed = {}
    for head, name in zip(heads, wanted):
        if head in produced and head not in renamed:
            renamed[head] = name
        else:
            op.nodes.append(helper.make_node("Identity", [head], [name], name=name))
    for node in op.nodes:
        node.input[:] = [renamed.get(i, i) for i in node.input]
        node.output[:] = [renamed.get(o, o) for o in node.output]
