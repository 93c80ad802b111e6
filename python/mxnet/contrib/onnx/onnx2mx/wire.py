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
"""Leave large tensors where they are: cut their bytes out of a model before it is parsed.

Parsing copies every byte of a file, and a parsed model gives none of them back. So the wire format
is walked once, only where messages are large, and each large ``raw_data`` is replaced by an
external reference to its place in the buffer. What is left parses in no time, above 2 GB too.
"""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Tuple, Union

from onnx import TensorProto

#: Bytes below which a message is not looked into: a copy of it costs less than the look.
LEAST_CUT = 4096

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_RAW_DATA = TensorProto.RAW_DATA_FIELD_NUMBER

#: Paths to tensors: for each kind of message, which fields hold which kind.
_MESSAGES = {
    "model": {7: "graph"},
    "graph": {1: "node", 5: "tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
}

Buffer = Union[bytes, memoryview]


class _Field(NamedTuple):
    number: int
    wire_type: int
    start: int  # of the key
    payload: int  # of the value, behind key and length
    end: int


class WireError(ValueError):
    """The bytes are no protocol buffer."""


def cut_large_tensors(buffer: Buffer, location: str) -> bytes:
    """The serialized model without the bytes of its large tensors.

    Parameters
    ----------
    buffer : bytes or memoryview
        A serialized ``onnx.ModelProto``.
    location : str
        Name to give to ``buffer`` in the external references.

    Raises
    ------
    WireError
        If the bytes do not follow the wire format.
    """
    view = memoryview(buffer)
    return b"".join(_cut_message(view, 0, len(view), "model", location))


def _cut_message(view: memoryview, start: int, end: int, kind: str, location: str) -> List[Buffer]:
    """Pieces of one message, its large tensors cut."""
    pieces: List[Buffer] = []
    last: List[
        Buffer
    ] = []  # behind all fields, where what they say of the place of the data is over
    copied = start
    for field in _fields(view, start, end):
        if field.end - field.payload < LEAST_CUT or field.wire_type != _BYTES:
            continue
        if kind == "tensor":
            if field.number != _RAW_DATA:
                continue
            replacement: List[Buffer] = []
            last = [_reference(location, field.payload, field.end)]
        else:
            inner = _MESSAGES[kind].get(field.number)
            if inner is None:
                continue
            content = _cut_message(view, field.payload, field.end, inner, location)
            length = sum(map(len, content))
            replacement = [_varint(field.number << 3 | _BYTES), _varint(length), *content]
        pieces += [view[copied : field.start], *replacement]
        copied = field.end
    return [*pieces, view[copied:end], *last]


def _fields(view: memoryview, start: int, end: int) -> Iterator[_Field]:
    position = start
    while position < end:
        key, payload = _read_varint(view, position, end)
        wire_type = key & 7
        if wire_type == _VARINT:
            stop = _read_varint(view, payload, end)[1]
        elif wire_type == _BYTES:
            length, payload = _read_varint(view, payload, end)
            stop = payload + length
        elif wire_type in (_FIXED64, _FIXED32):
            stop = payload + (8 if wire_type == _FIXED64 else 4)
        else:
            raise WireError(f"wire type {wire_type} at byte {position}")
        if stop > end:
            raise WireError(f"field at byte {position} ends at byte {stop} of {end}")
        yield _Field(key >> 3, wire_type, position, payload, stop)
        position = stop


def _read_varint(view: memoryview, position: int, end: int) -> Tuple[int, int]:
    value = shift = 0
    while position < end and shift < 64:
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise WireError(f"number without end before byte {position}")


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _reference(location: str, start: int, end: int) -> bytes:
    """Fields of a TensorProto that say where its data is; merged into the message that is cut."""
    tensor = TensorProto(data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", start), ("length", end - start)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor.SerializeToString()
