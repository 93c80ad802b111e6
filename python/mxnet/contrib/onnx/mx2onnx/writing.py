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
"""Write a model in one pass, atomically, with weights going from their file to the new one without staying in memory."""

import os
import tempfile

import numpy as np

import onnx
from onnx import TensorProto, helper

INLINE_LIMIT = 2**31 - 2**20
ALIGN = 4096


def write_model(model, tensors, path, external=None):
    """``model`` has no initializers; ``tensors`` are they, name -> Tensor. ``external``: weights in ``path.data`` or not."""
    path = os.path.abspath(os.fspath(path))
    if external is None:
        external = sum(t.nbytes for t in tensors.values()) > INLINE_LIMIT
    places, offset = {}, 0
    if external:
        for name, tensor in tensors.items():
            if tensor.nbytes > 1024:
                offset += -offset % ALIGN
                places[name] = offset
                offset += tensor.nbytes
        _replace(
            path + ".data",
            lambda out: [(out.seek(at), _copy(tensors[name], out)) for name, at in places.items()],
        )
    graph = onnx.GraphProto()
    graph.CopyFrom(model.graph)
    shell = onnx.ModelProto()
    shell.CopyFrom(model)
    shell.ClearField("graph")
    parts = []
    for name, tensor in tensors.items():
        proto = TensorProto(
            name=name, dims=tensor.shape, data_type=helper.np_dtype_to_tensor_dtype(tensor.dtype)
        )
        if name in places:
            proto.data_location = TensorProto.EXTERNAL
            for key, value in (
                ("location", os.path.basename(path) + ".data"),
                ("offset", places[name]),
                ("length", tensor.nbytes),
            ):
                proto.external_data.add(key=key, value=str(value))
            parts.append((proto.SerializeToString(), None))
        else:
            parts.append(
                (proto.SerializeToString() + b"\x4a" + _varint(tensor.nbytes), tensor)
            )  # field 9: raw_data
    heads = [
        b"\x2a" + _varint(len(head) + (t.nbytes if t else 0)) + head for head, t in parts
    ]  # field 5: initializer
    body = graph.SerializeToString()
    size = len(body) + sum(len(h) + (t.nbytes if t else 0) for h, (_, t) in zip(heads, parts))

    def write(out):
        out.write(shell.SerializeToString() + b"\x3a" + _varint(size) + body)  # field 7: graph
        for head, (_, tensor) in zip(heads, parts):
            out.write(head)
            if tensor is not None:
                _copy(tensor, out)

    _replace(path, write)


def _copy(tensor, out):
    if tensor.place is None:
        out.write(np.ascontiguousarray(tensor.read()).reshape(-1).view(np.uint8).data)
        return
    with open(tensor.place[0], "rb") as source:
        source.seek(tensor.place[1])
        left = tensor.nbytes
        while left:
            chunk = source.read(min(left, 1 << 20))
            out.write(chunk)
            left -= len(chunk)


def _replace(path, write):
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".onnx-")
    try:
        with os.fdopen(handle, "wb") as out:
            write(out)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _varint(value):
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes(data + bytes([value]))
