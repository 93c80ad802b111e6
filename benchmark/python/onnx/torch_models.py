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
"""ResNet-50 and BERT-base in PyTorch as MXNet has them, written by ``torch.onnx``.

``python torch_models.py FOLDER``, with an interpreter that has torch, writes ``resnet50_v1.onnx``
and ``bert.onnx`` there. The first has its strides in the first convolution of a block and a bias in
every convolution of 1x1; the second makes queries, keys and values with one product and has
lengths. So both have the weights and the multiplications of MXNet's.
"""

from __future__ import annotations

import pathlib
import sys

import torch
from torch import nn

OPSET = 17


class Bottleneck(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        inner = width // 4
        self.body = nn.Sequential(
            nn.Conv2d(before, inner, 1, stride), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, inner, 3, 1, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, width, 1), nn.BatchNorm2d(width),
        )  # fmt: skip
        self.short = nn.Identity()
        if before != width:
            shorter = nn.Conv2d(before, width, 1, stride, bias=False)
            self.short = nn.Sequential(shorter, nn.BatchNorm2d(width))

    def forward(self, x):
        return torch.relu(self.body(x) + self.short(x))


def resnet50():
    layers = [
        nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
    ]  # fmt: skip
    before = 64
    for stage, (blocks, width) in enumerate(zip((3, 4, 6, 3), (256, 512, 1024, 2048))):
        for block in range(blocks):
            layers.append(Bottleneck(before, width, 2 if stage and not block else 1))
            before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.joined, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.first, self.second = (nn.LayerNorm(width, eps=1e-12) for _ in range(2))

    def forward(self, x, mask):
        n, t, width = x.shape
        parts = self.joined(x).view(n, t, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5 + mask
        mixed = (scores.softmax(-1) @ value).permute(0, 2, 1, 3).reshape(n, t, width)
        x = self.first(self.out(mixed) + x)
        return self.second(self.narrow(nn.functional.gelu(self.wide(x))) + x)


class Bert(nn.Module):
    def __init__(self, words=30522, width=768, heads=12, layers=12, length=512):
        super().__init__()
        self.words, self.kinds = nn.Embedding(words, width), nn.Embedding(2, width)
        self.places = nn.Parameter(torch.randn(length, width) * 0.02)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(layers))

    def forward(self, words, kinds, lengths):
        t = words.shape[1]
        outside = torch.arange(t)[None] >= lengths[:, None]
        mask = outside[:, None, None].float() * -1e4
        x = self.norm(self.words(words) + self.kinds(kinds) + self.places[:t])
        for layer in self.layers:
            x = layer(x, mask)
        return x


def main(folder: pathlib.Path) -> None:
    torch.manual_seed(0)
    words = torch.randint(0, 30000, (1, 128))
    sentence = words, torch.zeros_like(words), torch.tensor([100])
    for name, net, inputs in (
        ("resnet50_v1", resnet50(), (torch.rand(1, 3, 224, 224),)),
        ("bert", Bert(), sentence),
    ):
        path = str(folder / f"{name}.onnx")
        torch.onnx.export(net.eval(), inputs, path, opset_version=OPSET, dynamo=False)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
