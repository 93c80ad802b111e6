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
"""A transformer encoder in ONNX as ``torch.onnx.export`` writes one, with every Constant."""

import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

#: Sizes of the encoder, small enough to be run often.
HIDDEN, HEADS, FEED_FORWARD, VOCABULARY, POSITIONS = 32, 4, 64, 50, 512


class _Graph:
    """Nodes and weights in the order of a traced forward pass; names are those of the exporter."""

    def __init__(self, opset, rng):
        self.opset, self._rng = opset, rng
        self.nodes, self.weights, self._counts, self.scope = [], [], {}, ""

    def __call__(self, op_type, *inputs, **attributes):
        """One node; arrays and numbers among the inputs become Constant nodes of their own."""
        inputs = [i if isinstance(i, str) else self._constant(i) for i in inputs]
        output = self._name(op_type)
        self.nodes.append(
            helper.make_node(op_type, inputs, [output], output[: -len("_output_0")], **attributes)
        )
        return output

    def _constant(self, value):
        array = np.asarray(value)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        return self("Constant", value=numpy_helper.from_array(array))

    def _name(self, op_type):
        prefix = f"{self.scope}/{op_type}"
        count = self._counts[prefix] = self._counts.get(prefix, -1) + 1
        return f"{prefix}{f'_{count}' if count else ''}_output_0"

    def weight(self, name, *shape, mean=0.0, scale=None):
        scale = 1 / math.sqrt(shape[0]) if scale is None else scale
        array = self._rng.normal(mean, scale, shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def axes(self, op_type, x, axes, **attributes):
        """Unsqueeze, Squeeze or a reduction: axes were an attribute before opset 13 or 18."""
        moved = 13 if op_type in ("Unsqueeze", "Squeeze", "ReduceSum") else 18
        if self.opset >= moved:
            return self(op_type, x, np.array(axes, np.int64), **attributes)
        return self(op_type, x, axes=list(axes), **attributes)

    def size(self, x, axis):
        """``x.shape[axis]`` as a vector of one: what ``x.size(axis)`` leaves in a trace."""
        return self.axes("Unsqueeze", self("Gather", self("Shape", x), np.int64(axis)), [0])

    def view(self, x, *sizes):
        """``x.view(...)``: a Reshape to sizes that are computed one by one."""
        sizes = [s if isinstance(s, str) else np.array([s]) for s in sizes]
        return self("Reshape", x, self("Concat", *sizes, axis=0))

    def linear(self, x, name, inputs, outputs):
        weight = self.weight(f"{name}.weight", inputs, outputs)
        bias = self.weight(f"{name}.bias", outputs, scale=0.1)
        return self("Add", bias, self("MatMul", x, weight))

    def layer_norm(self, x, name):
        gamma = self.weight(f"{name}.weight", HIDDEN, mean=1.0, scale=0.2)
        beta = self.weight(f"{name}.bias", HIDDEN, scale=0.2)
        if self.opset >= 17:
            return self("LayerNormalization", x, gamma, beta, axis=-1, epsilon=1e-12)
        centred = self("Sub", x, self.axes("ReduceMean", x, [-1]))
        variance = self.axes("ReduceMean", self("Pow", centred, np.float32(2)), [-1])
        deviation = self("Sqrt", self("Add", variance, np.float32(1e-12)))
        return self("Add", self("Mul", self("Div", centred, deviation), gamma), beta)

    def expand(self, x, *sizes):
        """``x.expand(...)``, where -1 keeps a size: Equal and Where pick 1 for those."""
        sizes = [s if isinstance(s, str) else np.array([s]) for s in sizes]
        target = self("Reshape", self("Concat", *sizes, axis=0), np.array([-1], np.int64))
        one = numpy_helper.from_array(np.array([1], np.int64))
        ones = self("ConstantOfShape", self("Shape", target), value=one)
        keeps = self("Equal", target, self("Mul", ones, np.int64(-1)))
        return self("Expand", x, self("Where", keeps, ones, target))

    def embeddings(self, ids, kinds):
        self.scope = "/embeddings"
        words = self.weight("word_embeddings.weight", VOCABULARY, HIDDEN, scale=1.0)
        types = self.weight("token_type_embeddings.weight", 2, HIDDEN, scale=1.0)
        positions = self.weight("position_embeddings.weight", POSITIONS, HIDDEN, scale=1.0)
        length = self.size(ids, 1)
        every = np.arange(POSITIONS)[None]
        places = self("Slice", every, np.array([0]), length, np.array([1]), np.array([1]))
        total = self("Add", self("Gather", words, ids), self("Gather", types, kinds))
        return self.layer_norm(
            self("Add", total, self("Gather", positions, places)), "embeddings.LayerNorm"
        )

    def mask(self, attention_mask, ids):
        """(N, S) of 0 and 1 to (N, 1, S, S) of the lowest float and 0."""
        self.scope = ""
        wide = self.axes("Unsqueeze", self.axes("Unsqueeze", attention_mask, [1]), [2])
        wide = self.expand(wide, self.size(attention_mask, 0), 1, self.size(ids, 1), -1)
        inverted = self("Sub", np.float32(1), self("Cast", wide, to=TensorProto.FLOAT))
        hidden = self("Cast", inverted, to=TensorProto.BOOL)
        return self("Where", hidden, np.float32(np.finfo(np.float32).min), inverted)

    def heads(self, x):
        split = self.view(x, self.size(x, 0), self.size(x, 1), HEADS, HIDDEN // HEADS)
        return self("Transpose", split, perm=[0, 2, 1, 3])

    def masked(self, scores, mask):
        """Scores with hidden keys out of reach: as BERT does or, for a mask (N, S), DistilBERT."""
        keys = self.size(scores, 3)
        if mask != "attention_mask":
            # the mask is cut to the keys there are, as a decoder with a cache would need it
            return self("Add", scores, self("Slice", mask, np.array([0]), keys, np.array([3])))
        hidden = self.view(self("Equal", mask, np.int64(0)), self.size(scores, 0), 1, 1, keys)
        shape = self("Shape", scores)
        one = numpy_helper.from_array(np.array([1], np.int64))
        ones = self("ConstantOfShape", self("Shape", shape), value=one)
        keeps = self("Equal", shape, self("Mul", ones, np.int64(-1)))
        hidden = self("Expand", hidden, self("Where", keeps, ones, shape))
        hidden = self("Cast", hidden, to=TensorProto.BOOL)
        return self("Where", hidden, np.float32(np.finfo(np.float32).min), scores)

    def attention(self, x, mask, name):
        self.scope = f"/{name.replace('.', '/')}/attention"
        query, key, value = (
            self.heads(self.linear(x, f"{name}.{n}", HIDDEN, HIDDEN))
            for n in ("query", "key", "value")
        )
        # scaled_dot_product_attention: the root of the scale on either side, itself computed
        last, beyond = np.array([-1], np.int64), np.array([np.iinfo(np.int64).max])
        depth = self("Slice", self("Shape", query), last, beyond)
        depth = self.axes("Squeeze", depth, [0])
        root = self("Sqrt", self("Cast", depth, to=TensorProto.FLOAT))
        scale = self("Sqrt", self("Div", np.float32(1), root))
        scores = self(
            "MatMul",
            self("Mul", query, scale),
            self("Mul", self("Transpose", key, perm=[0, 1, 3, 2]), scale),
        )
        weights = self("Softmax", self.masked(scores, mask), axis=-1)
        mixed = self("Transpose", self("MatMul", weights, value), perm=[0, 2, 1, 3])
        merged = self.view(mixed, self.size(mixed, 0), self.size(mixed, 1), HIDDEN)
        output = self.linear(merged, f"{name}.output", HIDDEN, HIDDEN)
        return self.layer_norm(self("Add", output, x), f"{name}.LayerNorm")

    def feed_forward(self, x, name):
        self.scope = f"/{name.replace('.', '/')}/intermediate"
        wide = self.linear(x, f"{name}.dense", HIDDEN, FEED_FORWARD)
        erf = self("Erf", self("Div", wide, np.float32(math.sqrt(2))))
        gelu = self("Mul", self("Mul", wide, self("Add", erf, np.float32(1))), np.float32(0.5))
        narrow = self.linear(gelu, f"{name}.dense_out", FEED_FORWARD, HIDDEN)
        return self.layer_norm(self("Add", narrow, x), f"{name}.LayerNorm_out")

    def pooler(self, x):
        self.scope = "/pooler"
        first = self("Gather", x, np.int64(0), axis=1)
        weight = self.weight("pooler.weight", HIDDEN, HIDDEN)
        bias = self.weight("pooler.bias", HIDDEN, scale=0.1)
        return self("Tanh", self("Gemm", first, weight, bias, transB=1))


def encoder(opset, rng, layers=2):
    """A BERT-like encoder with dynamic batch and sequence, about 130 nodes a layer.

    Every second layer masks as DistilBERT does. Up to opset 16 LayerNorm is decomposed, and
    axes are where the opset has them.

    Parameters
    ----------
    opset : int
    rng : numpy.random.Generator
        Makes the weights.
    layers : int

    Returns
    -------
    onnx.ModelProto
        Inputs ``input_ids``, ``attention_mask``, ``token_type_ids``, each int64 (batch, sequence);
        outputs ``last_hidden_state`` (batch, sequence, 32) and ``pooler_output`` (batch, 32).
    """
    graph = _Graph(opset, rng)
    inputs = ("input_ids", "attention_mask", "token_type_ids")
    mask = graph.mask("attention_mask", "input_ids")
    x = graph.embeddings("input_ids", "token_type_ids")
    for layer in range(layers):
        hides = "attention_mask" if layer % 2 else mask
        x = graph.attention(x, hides, f"layer.{layer}")
        x = graph.feed_forward(x, f"layer.{layer}")
    pooled = graph.pooler(x)
    outputs = {"last_hidden_state": x, "pooler_output": pooled}
    for node in graph.nodes:
        for name, value in outputs.items():
            node.output[:] = [name if o == value else o for o in node.output]
            node.input[:] = [name if i == value else i for i in node.input]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "main_graph",
            [
                helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "sequence"])
                for n in inputs
            ],
            [
                helper.make_tensor_value_info(
                    "last_hidden_state", TensorProto.FLOAT, ["batch", "sequence", HIDDEN]
                ),
                helper.make_tensor_value_info(
                    "pooler_output", TensorProto.FLOAT, ["batch", HIDDEN]
                ),
            ],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", opset)],
        producer_name="pytorch",
        ir_version={11: 6, 13: 7}.get(opset, 8),
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def encoder_inputs(rng, batch, length):
    """Tokens, a mask with at least one token a row, and token types."""
    lengths = rng.integers(1, length + 1, batch)
    return {
        "input_ids": rng.integers(0, VOCABULARY, (batch, length)),
        "attention_mask": (np.arange(length) < lengths[:, None]).astype(np.int64),
        "token_type_ids": rng.integers(0, 2, (batch, length)),
    }
