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
"""Networks in PyTorch, written to ONNX by both of its exporters; runs where PyTorch is.

torch_networks.py FOLDER [NAME ...]    NAME.npz, NAME_script11.onnx ... NAME_dynamo20.onnx

Weights are random and statistics are those of random images, so that no two results tie.
"""

import pathlib
import sys
import warnings

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torchvision import models

#: Opsets of the older exporter, which traces or compiles, and of the newer one.
SCRIPT, DYNAMO = (11, 13, 17, 20), (18, 20)
CLASSIFIERS = (
    "resnet18",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "efficientnet_b0",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "densenet121",
    "googlenet",
    "mnasnet0_5",
    "regnet_y_400mf",
    "convnext_tiny",
)


class UNet(nn.Module):
    """Two levels down and up, by a transposed convolution and by a linear Resize."""

    def __init__(self):
        super().__init__()
        self.top, self.middle, self.bottom = self.step(3, 16), self.step(16, 32), self.step(32, 64)
        self.up = nn.ConvTranspose2d(64, 32, 2, 2)
        self.middle_again, self.top_again = self.step(64, 32), self.step(48, 16)
        self.out = nn.Conv2d(16, 5, 1)

    @staticmethod
    def step(channels, filters):
        layers = []
        for size in (channels, filters):
            layers += [nn.Conv2d(size, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU()]
        return nn.Sequential(*layers)

    def forward(self, x):
        top = self.top(x)
        middle = self.middle(F.max_pool2d(top, 2))
        bottom = self.bottom(F.max_pool2d(middle, 2))
        middle = self.middle_again(torch.cat([self.up(bottom), middle], 1))
        up = F.interpolate(middle, scale_factor=2, mode="bilinear", align_corners=False)
        return self.out(self.top_again(torch.cat([up, top], 1)))


class Tagger(nn.Module):
    """Labels of words."""

    def __init__(self, cell):
        super().__init__()
        self.embedding = nn.Embedding(100, 32)
        self.cell = cell(32, 24, 2, bidirectional=True, batch_first=True)
        self.out = nn.Linear(48, 7)

    def forward(self, words):
        return self.out(self.cell(self.embedding(words))[0]).log_softmax(-1)


class GPT(nn.Module):
    """Causal attention written out, with a table of 64 positions."""

    def __init__(self, words=211, width=48, heads=4, layers=2, positions=64):
        super().__init__()
        self.heads = heads
        self.words, self.positions = nn.Embedding(words, width), nn.Embedding(positions, width)
        self.norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(
            nn.ModuleDict(
                {
                    "before": nn.LayerNorm(width),
                    "qkv": nn.Linear(width, 3 * width),
                    "project": nn.Linear(width, width),
                    "between": nn.LayerNorm(width),
                    "wide": nn.Linear(width, 4 * width),
                    "narrow": nn.Linear(4 * width, width),
                }
            )
            for _ in range(layers)
        )

    def forward(self, words):
        length = words.shape[1]
        x = self.words(words) + self.positions(torch.arange(length))
        later = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
        for layer in self.layers:
            x = x + layer["project"](self.attend(layer["qkv"](layer["before"](x)), later))
            inner = F.gelu(layer["wide"](layer["between"](x)), approximate="tanh")
            x = x + layer["narrow"](inner)
        return self.norm(x) @ self.words.weight.T

    def attend(self, qkv, later):
        batch, length, _ = qkv.shape
        query, key, value = (
            t.view(batch, length, self.heads, -1).transpose(1, 2) for t in qkv.chunk(3, -1)
        )
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        weights = scores.masked_fill(later, float("-inf")).softmax(-1)
        return (weights @ value).transpose(1, 2).reshape(batch, length, -1)


class Bert(nn.Module):
    """Attention by a mask, written out, and a pooled output."""

    def __init__(self, words=120, width=64, heads=4, layers=2):
        super().__init__()
        self.heads = heads
        self.words, self.positions = nn.Embedding(words, width), nn.Embedding(512, width)
        self.norm, self.pool = nn.LayerNorm(width), nn.Linear(width, width)
        self.layers = nn.ModuleList(self.layer(width) for _ in range(layers))

    @staticmethod
    def layer(width):
        sizes = dict.fromkeys(("query", "key", "value", "project"), (width, width))
        sizes.update(wide=(width, 2 * width), narrow=(2 * width, width))
        parts = {name: nn.Linear(*size) for name, size in sizes.items()}
        return nn.ModuleDict({**parts, "first": nn.LayerNorm(width), "second": nn.LayerNorm(width)})

    def forward(self, words, mask):
        places = torch.arange(words.shape[1])[None].expand(words.shape)
        x = self.norm(self.words(words) + self.positions(places))
        hidden = (1 - mask[:, None, None, :].to(x.dtype)) * -10000.0
        for layer in self.layers:
            query, key, value = (self.split(layer[n](x)) for n in ("query", "key", "value"))
            scores = torch.matmul(query, key.transpose(-1, -2)) / query.size(-1) ** 0.5 + hidden
            mixed = torch.matmul(scores.softmax(-1), value).permute(0, 2, 1, 3).contiguous()
            mixed = mixed.view(*mixed.shape[:2], x.shape[-1])
            x = layer["first"](x + layer["project"](mixed))
            x = layer["second"](x + layer["narrow"](F.gelu(layer["wide"](x))))
        return x, torch.tanh(self.pool(x[:, 0]))

    def split(self, x):
        return x.view(*x.shape[:2], self.heads, -1).permute(0, 2, 1, 3)


class Attention(nn.Module):
    """Scaled dot product attention as PyTorch has it."""

    def __init__(self, width=32):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))

    def forward(self, x):
        parts = (
            layer(x).unflatten(-1, (4, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        mixed = F.scaled_dot_product_attention(*parts, is_causal=True)
        return mixed.transpose(1, 2).flatten(2)


class Encoder(nn.Module):
    """PyTorch's own encoder with a mask of padding."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(120, 64)
        layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True, activation="gelu")
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(64, 3)

    def forward(self, words, mask):
        x = self.layers(self.embedding(words), src_key_padding_mask=mask == 0)
        return self.out(x[:, 0])


class Detector(nn.Module):
    """Boxes around the points of a grid, and suppression."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()
        )
        self.box, self.score = nn.Conv2d(32, 4, 1), nn.Conv2d(32, 1, 1)

    def forward(self, x):
        features = self.body(x)
        box, score = self.box(features).flatten(2)[0].T, self.score(features).flatten()
        rows, columns = (torch.arange(n) * 4.0 for n in features.shape[-2:])
        y, x = torch.meshgrid(rows, columns, indexing="ij")
        center = torch.stack([x, y], -1).reshape(-1, 2) + box[:, :2] * 4
        half = box[:, 2:].exp() * 4
        boxes = torch.cat([center - half, center + half], 1)
        kept = torchvision.ops.nms(boxes, score, 0.5)[:20]
        return boxes[kept], score[kept]


class Steps(nn.Module):
    """A loop and a branch on data."""

    def forward(self, x, count: torch.Tensor):
        y = x
        for i in range(int(count)):
            y = y * 0.5 + torch.sin(x * i)
        if y.sum() > 0:  # noqa: SIM108
            y = y + 1
        else:
            y = y - 1
        return y


class Regions(nn.Module):
    """Features of regions of images."""

    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x, regions):
        return torchvision.ops.roi_align(self.body(x), regions, (7, 7), 0.5, 2, aligned=True)


class Mixture(nn.Module):
    """Operators that layers seldom use."""

    def forward(self, x):
        pairs = torch.stack([x, x], -1)
        return (
            torch.cumsum(x, 1),
            x.topk(3, dim=-1)[0],
            torch.einsum("bij,bkj->bik", x, x),
            torch.where(x > 0, x, -x).std(-1),
            F.pad(x, (1, 2), "reflect"),
            x.clamp(-0.5, 0.5).roll(1, 1),
            F.grid_sample(x[:, None], pairs, align_corners=False),
            x.nonzero().float(),
            F.one_hot((x[:, :, 0] > 0).long(), 2),
        )


# ---- weights and inputs


def randomised(net, args):
    """Weights that keep the size of signals, and the statistics that ``args`` have."""
    for name, part in net.named_modules():
        if isinstance(part, (nn.Conv2d, nn.Linear, nn.ConvTranspose2d)):
            nn.init.kaiming_normal_(part.weight)
            if part.bias is not None:
                nn.init.normal_(part.bias, std=0.1)
            if any(word in name for word in ("bbox", "regression")):
                part.weight.data *= 0.1
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias, std=0.2)
            part.momentum = 1.0
            part.train()
    with torch.no_grad():
        net(*map(doubled, args))
    return net.eval()


def doubled(x):
    """Images and their mirror images: the statistics of one would be none."""
    if isinstance(x, list):
        return [*x, *(image.flip(-1) for image in x)]
    return torch.cat([x, x.flip(-1)]) if x.ndim == 4 else x


def images(count, *sizes):
    """One set of inputs for each of ``sizes``."""
    return [(torch.rand(count + k, 3, *size),) for k, size in enumerate(sizes)]


def words(most, *shapes):
    """Numbers of words."""
    return [(torch.randint(0, most, shape),) for shape in shapes]


def masked(shapes):
    """Numbers of words, and which of them are no padding."""
    result = []
    for (numbers,) in words(120, *shapes):
        mask = torch.ones_like(numbers)
        mask[-1, numbers.shape[1] // 2 :] = 0
        result.append((numbers, mask))
    return result


def regions(*counts):
    """Images with regions of them."""
    result = []
    for count in counts:
        corner, size = torch.rand(count, 2) * 15, torch.rand(count, 2) * 12 + 3
        image = torch.randint(0, 2, (count, 1)).float()
        result.append((torch.rand(2, 3, 32, 32), torch.cat([image, corner, corner + size], 1)))
    return result


def listed(sets):
    """Sets of one image, as PyTorch's detectors take it."""
    return [([x[0]],) for (x,) in sets]


_WORDS = {0: {0: "N", 1: "T"}}
_BATCH = {0: {0: "N"}}
_SQUARES = (64, 64), (64, 64)


def _torchvision(function, **options):
    return lambda: function(weights=None, **options).eval()


def _classifier(name):
    options = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    return _torchvision(getattr(models, name), **options)


#: By name: what makes the network, sets of inputs, and axes that vary by input.
NETWORKS = {name: (_classifier(name), images(2, *_SQUARES), _BATCH) for name in CLASSIFIERS}
NETWORKS.update(
    vit=(
        lambda: models.VisionTransformer(32, 8, 2, 4, 64, 128, num_classes=10),
        images(2, (32, 32), (32, 32)),
        _BATCH,
    ),
    swin=(
        lambda: models.SwinTransformer([4, 4], 24, [1, 1], [2, 4], [4, 4], num_classes=9),
        images(2, (32, 32), (32, 32)),
        _BATCH,
    ),
    lraspp=(
        _torchvision(
            models.segmentation.lraspp_mobilenet_v3_large, weights_backbone=None, num_classes=5
        ),
        images(1, *_SQUARES),
        _BATCH,
    ),
    unet=(UNet, images(1, (32, 32), (48, 20)), {0: {0: "N", 2: "H", 3: "W"}}),
    lstm=(lambda: Tagger(nn.LSTM), words(100, (3, 9), (2, 14), (1, 1)), _WORDS),
    gru=(lambda: Tagger(nn.GRU), words(100, (3, 9), (2, 14), (1, 1)), _WORDS),
    gpt=(GPT, words(211, (2, 17), (3, 64), (1, 2)), _WORDS),
    bert=(Bert, masked([(2, 13), (3, 40), (1, 512)]), {0: _WORDS[0], 1: _WORDS[0]}),
    attention=(
        Attention,
        [(torch.randn(*shape, 32),) for shape in ((2, 11), (3, 40))],
        _WORDS,
    ),
    encoder=(Encoder, masked([(2, 13), (3, 13)]), {0: _WORDS[0], 1: _WORDS[0]}),
    detector=(
        Detector,
        [(torch.rand(1, 3, *size),) for size in ((64, 64), (96, 60))],
        {0: {2: "H", 3: "W"}},
    ),
    steps=(
        lambda: torch.jit.script(Steps()),
        [(torch.randn(3, 4), torch.tensor(n)) for n in (5, 0, 1)],
        {},
    ),
    regions=(Regions, regions(3, 8), {1: {0: "K"}}),
    mixture=(Mixture, [(torch.randn(n, 5, 6),) for n in (2, 3)], _BATCH),
    fasterrcnn=(
        _torchvision(
            models.detection.fasterrcnn_mobilenet_v3_large_320_fpn,
            weights_backbone=None,
            num_classes=4,
        ),
        listed(images(1, (160, 160), (160, 160))),
        {},
    ),
    ssdlite=(
        _torchvision(
            models.detection.ssdlite320_mobilenet_v3_large, weights_backbone=None, num_classes=4
        ),
        listed(images(1, (160, 160), (160, 160))),
        {},
    ),
)


# ---- files


def flat(args):
    """Inputs in their order, lists of them spread."""
    return [t for a in args for t in (a if isinstance(a, list) else [a])]


def write(folder, name):
    """All files of one network; those that an exporter refuses are told and left out."""
    torch.manual_seed(0)
    make, sets, varying = NETWORKS[name]
    net = randomised(make().eval(), sets[0])
    names = [f"x{i}" for i in range(len(flat(sets[0])))]
    arrays = {
        f"{k}/{n}": t.numpy() for k, args in enumerate(sets) for n, t in zip(names, flat(args))
    }
    np.savez(folder / f"{name}.npz", **arrays)
    for opset in SCRIPT:
        axes = {f"x{i}": sizes for i, sizes in varying.items()}
        more = {"dynamo": False, "input_names": names, "dynamic_axes": axes}
        _export(net, sets[0], folder / f"{name}_script{opset}.onnx", opset_version=opset, **more)
    auto = torch.export.Dim.AUTO
    shapes = tuple(dict.fromkeys(varying.get(i, {}), auto) for i in range(len(sets[0])))
    for opset in DYNAMO:
        more = {"dynamo": True, "external_data": False, "verbose": False}
        more["dynamic_shapes"] = shapes if varying else None
        _export(net, sets[0], folder / f"{name}_dynamo{opset}.onnx", opset_version=opset, **more)


def _export(net, args, path, **more):
    try:
        torch.onnx.export(net, args, str(path), **more)
    except Exception as error:  # of any kind: what PyTorch cannot write is not our concern
        path.unlink(missing_ok=True)
        print(f"{path.stem}: {type(error).__name__}: {' '.join(str(error).split())[:150]}")


def main():
    """Write the networks that are named, or all."""
    warnings.simplefilter("ignore")
    folder = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or NETWORKS:
        write(folder, name)


if __name__ == "__main__":
    main()
