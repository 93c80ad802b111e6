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
"""Pictures out of the bytes of their files."""

from __future__ import annotations

import io
import re
import zlib
from typing import Any, List, Optional

import numpy as np

from ...errors import TranslationError

#: A file in MXNet's hands is taken as it is stored, whatever its camera noted about its position.
AS_COLOUR, WITHOUT_TURNING = 1, 128
#: First bytes of the formats that MXNet's wheels are built without.
_BY_PILLOW = {
    "JPEG 2000": re.compile(rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51"),
    "WebP": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
_PNG = b"\x89PNG\r\n\x1a\n"
#: How BMP, JPEG, PNG and TIFF begin. Of anything else MXNet may make a picture out of its memory.
_BY_MXNET = re.compile(rb"BM|\xff\xd8\xff|\x89PNG\r\n\x1a\n|II\*\0|MM\0\*")
_PNM = re.compile(rb"P([1-6])(?:\s|#[^\n]*\n)")
_PNM_NUMBER = re.compile(rb"(?:\s|#[^\n]*\n)*(\d+)")


def decoded(stream: bytes, pixel_format: str) -> np.ndarray:
    """A picture, uint8 of shape (height, width, channels); empty where it cannot be read.

    Parameters
    ----------
    stream : bytes
        BMP, JPEG, PNG, TIFF or PNM; JPEG 2000 and WebP where Pillow is installed.
    pixel_format : {"RGB", "BGR", "Grayscale"}

    Raises
    ------
    TranslationError
        If the format is one that needs Pillow, and it is not installed.
    """
    picture = _read(stream)
    if picture is None:
        return np.zeros((0, 0, 1 if pixel_format == "Grayscale" else 3), np.uint8)
    if pixel_format == "Grayscale":
        return _grey(picture)
    return np.ascontiguousarray(picture[:, :, ::-1]) if pixel_format == "BGR" else picture


def _read(stream: bytes) -> Optional[np.ndarray]:
    for name, magic in _BY_PILLOW.items():
        if magic.match(stream):
            return _by_pillow(stream, name)
    if stream.startswith(_PNG) and not _is_whole(stream):
        return None
    if _PNM.match(stream):
        return _portable(stream)
    return _by_mxnet(stream) if _BY_MXNET.match(stream) else None


def _is_whole(png: bytes) -> bool:
    """Whether every chunk is there as it was written: MXNet may never come back from others."""
    place = len(_PNG)
    while place + 12 <= len(png):
        end = place + 12 + int.from_bytes(png[place : place + 4], "big")
        if zlib.crc32(png[place + 4 : end - 4]) != int.from_bytes(png[end - 4 : end], "big"):
            return False
        if png[place + 4 : place + 8] == b"IEND":
            return end <= len(png)
        place = end
    return False


def _grey(picture: np.ndarray) -> np.ndarray:
    """Luma of ITU-R 601 in 16 bits behind the point, as Pillow rounds it."""
    red, green, blue = np.moveaxis(picture.astype(np.uint32), -1, 0)
    luma = (19595 * red + 38470 * green + 7471 * blue + 2**15) >> 16
    return luma.astype(np.uint8)[..., None]


def _by_mxnet(stream: bytes) -> Optional[np.ndarray]:
    import mxnet as mx

    try:
        picture = mx.image.imdecode(stream, flag=AS_COLOUR | WITHOUT_TURNING)
        picture.wait_to_read()  # its shape is none before
        return picture.asnumpy()
    except (mx.base.MXNetError, ValueError):
        return None


def _by_pillow(stream: bytes, name: str) -> Optional[np.ndarray]:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        text = f"{name} is read where Pillow is installed: pip install Pillow"
        raise TranslationError(text) from None
    try:
        with Image.open(io.BytesIO(stream)) as picture:
            return np.array(picture.convert("RGB"))
    except (UnidentifiedImageError, OSError):
        return None


def _portable(stream: bytes) -> Optional[np.ndarray]:
    """PBM, PGM and PPM, as text or as bytes, of 8 or 16 bits."""
    kind, place = int(stream[1:2]), 2
    numbers: List[int] = []
    bits = kind in (1, 4)
    for _ in range(2 if bits else 3):
        found = _PNM_NUMBER.match(stream, place)
        if not found:
            return None
        numbers.append(int(found.group(1)))
        place = found.end()
    width, height = numbers[:2]
    channels, most = 3 if kind in (3, 6) else 1, 1 if bits else numbers[2]
    count = width * height * channels
    if kind <= 3:
        text = re.sub(rb"#[^\n]*", b"", stream[place:])
        pieces = re.findall(rb"[01]" if bits else rb"\d+", text)
        values: Any = np.array(pieces[:count], np.uint32)
    elif bits:
        rows = np.frombuffer(stream[place + 1 :], np.uint8)
        rows = rows[: height * -(-width // 8)]
        if rows.size < height * -(-width // 8):
            return None
        values = np.unpackbits(rows.reshape(height, -1), axis=1)[:, :width].ravel()
    else:
        kind_ = np.dtype(">u2" if most > 255 else np.uint8)
        data = stream[place + 1 : place + 1 + count * kind_.itemsize]
        values = np.frombuffer(data[: len(data) // kind_.itemsize * kind_.itemsize], kind_)
    if values.size < count or not 0 < most < 2**16:
        return None
    values = 1 - values if bits else values  # there 1 is black
    picture: Any = (values.astype(np.uint32) * 255 + most // 2) // most
    picture = picture.astype(np.uint8).reshape(height, width, channels)
    return np.repeat(picture, 3, 2) if channels == 1 else picture
