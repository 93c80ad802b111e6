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
"""BERT-base in Gluon, as GluonNLP builds it: interleaved attention, lengths in the softmax."""

from __future__ import annotations

from mxnet import init, nd
from mxnet.gluon import HybridBlock, nn


class Layer(HybridBlock):
    def __init__(self, width, heads):
        super().__init__()
        self._heads = heads
        with self.name_scope():
            self.joined, self.out = (nn.Dense(k * width, flatten=False) for k in (3, 1))
            self.wide, self.narrow = (nn.Dense(k * width, flatten=False) for k in (4, 1))
            self.gelu = nn.GELU()
            self.first, self.second = (nn.LayerNorm(epsilon=1e-12) for _ in range(2))

    def hybrid_forward(self, F, x, lengths):
        joined, heads = self.joined(x), self._heads
        scores = F.contrib.interleaved_matmul_selfatt_qk(joined, heads=heads)
        weights = F.softmax(scores, lengths, use_length=True, axis=-1)
        mixed = F.contrib.interleaved_matmul_selfatt_valatt(joined, weights, heads=heads)
        x = self.first(self.out(mixed) + x)
        return self.second(self.narrow(self.gelu(self.wide(x))) + x)


class Bert(HybridBlock):
    """Words and their kinds (batch, length), and lengths (batch,), to (batch, length, width)."""

    def __init__(self, words=30522, width=768, heads=12, layers=12, length=512):
        super().__init__()
        self._heads = heads
        with self.name_scope():
            self.words, self.kinds = nn.Embedding(words, width), nn.Embedding(2, width)
            self.places = self.params.get("places", shape=(length, width))
            self.norm = nn.LayerNorm(epsilon=1e-12)
            self.layers = nn.HybridSequential()
            for _ in range(layers):
                self.layers.add(Layer(width, heads))

    def hybrid_forward(self, F, words, kinds, lengths, places):
        x = self.words(words) + self.kinds(kinds)
        x = x.transpose((1, 0, 2))
        steps = F.contrib.arange_like(x, axis=0)
        x = self.norm(F.broadcast_add(x, F.Embedding(steps, places, 512, 768).expand_dims(1)))
        zeros = F.zeros_like(steps).reshape((1, -1))
        each = F.broadcast_add(lengths.reshape((-1, 1)), zeros).expand_dims(1)
        each = F.broadcast_axis(each, axis=1, size=self._heads).reshape((-3, 0)).astype("int32")
        for layer in self.layers:
            x = layer(x, each)
        return x.transpose((1, 0, 2))


def bert():
    """The network with random parameters, called once."""
    net = Bert()
    net.initialize(init.Normal(0.02))
    net.hybridize()
    net(nd.zeros((1, 128)), nd.zeros((1, 128)), nd.array([100]))
    return net
