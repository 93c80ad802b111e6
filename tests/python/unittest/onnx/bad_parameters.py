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
"""Parameters, arguments and targets that ``export_model`` must refuse, as data, and its words."""

import io
import struct

import mxnet as mx
import numpy as np
from bad_sources import HUGE, SHAPE, onnx_file, refused, written


def params(change):
    """The parameters after ``change(dict of them)``."""

    def given(net):
        arrays = net.params
        change(arrays)
        return {"params": arrays}

    return given


def params_file(content):
    return lambda net: {"params": written(net, "bad.params", content)}


def _list_header(count):
    return struct.pack("<QQQ", 0x112, 0, count)


def _array_header(*shape, dtype=0, ndim=None):
    """An array as MXNet 1.x writes it: magic, storage, shape, device, dtype."""
    ndim = len(shape) if ndim is None else ndim
    return struct.pack(f"<Iii{len(shape)}qiii", 0xF993FAC9, 0, ndim, *shape, 1, 0, dtype)


def _replaced(name, array):
    return params(lambda p: p.update({name: array()}))


PARAMETERS = {
    "None": refused({"params": None}, "conv_weight", "dense_bias", "norm_moving_var"),
    "a number": refused({"params": 42}, "params", "int"),
    "a list of numbers": refused({"params": [1, 2]}, "params"),
    "a dict of numbers": refused(
        lambda net: {"params": dict.fromkeys(net.params, "a")}, "conv_weight", "str"
    ),
    "names that are no text": refused(
        lambda net: {"params": dict(enumerate(net.params.values()))}, "params"
    ),
    "missing file": refused(
        lambda net: {"params": net.folder / "no.params"},
        "no.params",
        error=("ModelError", "FileNotFoundError"),
    ),
    "one is missing": refused(params(lambda p: p.pop("dense_weight")), "dense_weight"),
    "two are missing": refused(
        params(lambda p: [p.pop(n) for n in ("dense_weight", "norm_moving_var")]),
        "dense_weight",
        "norm_moving_var",
    ),
    "a weight of another shape": refused(
        _replaced("conv_weight", lambda: mx.nd.ones((4, 5, 3, 3))),
        "conv",
        error="ConversionError",
    ),
    "a weight of another rank": refused(
        _replaced("conv_weight", lambda: mx.nd.ones((4, 27))), "conv", error="ConversionError"
    ),
    "a bias of another size": refused(
        _replaced("dense_bias", lambda: mx.nd.ones(6)), "dense", error="ConversionError"
    ),
    "statistics of another size": refused(
        _replaced("norm_moving_mean", lambda: mx.nd.ones(5)), "norm", error="ConversionError"
    ),
    "a matrix of another depth": refused(
        _replaced("dense_weight", lambda: mx.nd.ones((5, 100))), "dense", error="ConversionError"
    ),
    "a sparse weight": refused(
        _replaced("dense_weight", lambda: mx.nd.ones((5, 256)).tostype("row_sparse")), "sparse"
    ),
    "weights of two dtypes": refused(
        _replaced("dense_weight", lambda: mx.nd.ones((5, 256), dtype="int32")),
        "dense",
        error="ConversionError",
    ),
    "text": refused(params_file("weights"), "bad.params", "parameter"),
    "empty": refused(params_file(""), "bad.params"),
    "zeros": refused(params_file(bytes(4096)), "bad.params", "parameter"),
    "an ONNX file": refused(lambda net: {"params": onnx_file(net)}, "model.onnx", "parameter"),
    "a symbol file": refused(lambda net: {"params": net.files[0]}, "net-symbol.json", "parameter"),
    "a folder": refused(
        lambda net: {"params": net.folder}, error=("ModelError", "IsADirectoryError")
    ),
    "an absurd number of arrays": refused(params_file(_list_header(2**60)), "bad.params"),
    "an absurd rank": refused(
        params_file(_list_header(1) + _array_header(ndim=2**30) + bytes(64)), "bad.params"
    ),
    "an absurd shape": refused(
        params_file(_list_header(1) + _array_header(HUGE, HUGE) + bytes(64)), "bad.params"
    ),
    "a negative shape": refused(
        params_file(_list_header(1) + _array_header(-4, 3) + bytes(64)), "bad.params"
    ),
    "an unknown dtype": refused(
        params_file(_list_header(1) + _array_header(2, dtype=77) + bytes(64)), "bad.params", "77"
    ),
    "an absurd number of names": refused(
        params_file(_list_header(0) + struct.pack("<Q", 2**60)), "bad.params"
    ),
    "a name of absurd length": refused(
        params_file(
            _list_header(1) + _array_header(1) + bytes(4) + struct.pack("<QQ", 1, 2**60) + b"arg:a"
        ),
        "bad.params",
    ),
    "a name that is no text": refused(
        params_file(
            _list_header(1) + _array_header(1) + bytes(4) + struct.pack("<QQ", 1, 4) + b"\xff" * 4
        ),
        "bad.params",
    ),
}

# -- arguments ------------------------------------------------------------------------------------


ARGUMENTS = {
    "no shapes": refused({"in_shapes": None}, "in_shapes", "data"),
    "an empty list of shapes": refused({"in_shapes": []}, "data"),
    "a bare shape": refused({"in_shapes": SHAPE}, "in_shapes", "[(2, 3, 8, 8)]"),
    "shapes too many": refused({"in_shapes": [SHAPE] * 3}, "data", "3"),
    "shapes in a set": refused({"in_shapes": {SHAPE}}, "in_shapes", "set"),
    "a shape in text": refused({"in_shapes": ["2,3,8,8"]}, "in_shapes"),
    "a shape that is a number": refused({"in_shapes": [7]}, "in_shapes"),
    "a shape of no input": refused({"in_shapes": {"image": SHAPE}}, "image", "data"),
    "a shape of a parameter": refused(
        {"in_shapes": {"data": SHAPE, "conv_weight": (4, 3, 3, 3)}}, "conv_weight"
    ),
    "a negative size": refused({"in_shapes": [(-2, 3, 8, 8)]}, "in_shapes", "-2"),
    "a size of 0": refused({"in_shapes": [(2, 0, 8, 8)]}, "in_shapes", "0"),
    "a size of 1.5": refused({"in_shapes": [(1.5, 3, 8, 8)]}, "in_shapes", "1.5"),
    "a size of True": refused({"in_shapes": [(True, 3, 8, 8)]}, "in_shapes", "True"),
    "a name of no letters": refused({"in_shapes": [("", 3, 8, 8)]}, "in_shapes"),
    "channels of another network": refused(
        {"in_shapes": [(2, 5, 8, 8)]}, "'conv'", error="ConversionError"
    ),
    "another rank": refused({"in_shapes": [(2, 3)]}, "'conv'", error="ConversionError"),
    "a larger image than the last layer takes": refused(
        {"in_shapes": [(2, 3, 9, 9)]}, "'dense'", error="ConversionError"
    ),
    "an absurd size": refused({"in_shapes": [(2, 3, HUGE, HUGE)]}, error="ConversionError"),
    "a dtype of no name": refused({"in_types": "floaty"}, "in_types", "floaty"),
    "a dtype of objects": refused({"in_types": object}, "in_types"),
    "a dtype of complex numbers": refused({"in_types": np.complex64}, "in_types"),
    "dtypes too many": refused({"in_types": [np.float32] * 3}, "in_types", "3"),
    "a dtype that the weights do not have": refused(
        {"in_types": np.int32}, "'conv'", error="ConversionError"
    ),
    "an opset before 11": refused({"opset_version": 10}, "opset", "10", "11"),
    "an opset that is not there yet": refused({"opset_version": 99}, "opset", "99"),
    "an opset in text": refused({"opset_version": "17"}, "opset"),
    "an opset of 17.5": refused({"opset_version": 17.5}, "opset"),
    "an opset of True": refused({"opset_version": True}, "opset"),
    "input names too many": refused({"input_names": ["a", "b"]}, "input_names", "data"),
    "input names in text": refused({"input_names": "image"}, "input_names"),
    "input names that are numbers": refused({"input_names": [5]}, "input_names"),
    "output names too many": refused({"output_names": ["a", "b"]}, "output_names", "2"),
    "output names that are empty": refused({"output_names": [""]}, "output_names"),
    "an output named like the input": refused({"output_names": ["data"]}, "data"),
    "an output that is not there": refused({"outputs": ["nowhere_output"]}, "nowhere_output"),
    "no outputs": refused({"outputs": []}, "outputs"),
    "outputs that are numbers": refused({"outputs": [3]}, "outputs"),
    "translations in a dict": refused({"translations": {}}, "translations"),
    "verification by a number": refused({"verify": 5}, "verif", "int"),
    "verification with another input": refused(
        {"verify": {"image": np.zeros(SHAPE, np.float32)}}, "image", "data"
    ),
    "an epoch in words": refused(
        lambda net: {"sym": net.folder / "net", "params": None, "epoch": "last"}, "epoch"
    ),
    "a negative epoch": refused(
        lambda net: {"sym": net.folder / "net", "params": None, "epoch": -1},
        "epoch",
        error=("ModelError", "FileNotFoundError"),
    ),
    "dynamic shapes of another rank": refused(
        {"dynamic": True, "dynamic_input_shapes": [(None, 3)]}, "conv", error="ConversionError"
    ),
    "dynamic shapes that contradict": refused(
        {"dynamic": True, "dynamic_input_shapes": [(None, 4, 8, 8)]},
        error="ConversionError",
    ),
}

TARGETS = {
    "a number": refused({"onnx_file_path": 42}, "onnx_file_path", "int"),
    "a folder": refused(
        lambda net: {"onnx_file_path": net.folder}, error=("ModelError", "IsADirectoryError")
    ),
    "in a folder that is not there": refused(
        lambda net: {"onnx_file_path": net.folder / "no" / "net.onnx"},
        "no",
        error=("ModelError", "FileNotFoundError"),
    ),
    "below a file": refused(
        lambda net: {"onnx_file_path": net.files[0] / "net.onnx"},
        "net-symbol.json",
        error=("ModelError", "NotADirectoryError"),
    ),
    "where nobody may write": refused(
        {"onnx_file_path": "/proc/net.onnx"}, "/proc", error=("ConversionError", "OSError")
    ),
    "empty": refused({"onnx_file_path": ""}, error=("ModelError", "FileNotFoundError")),
    "a stream of text": refused(lambda net: {"onnx_file_path": io.StringIO()}, "text", "'wb'"),
    "a stream that is read only": refused(
        lambda net: {"onnx_file_path": net.files[0].open("rb")},
        error=("ConversionError", "OSError"),
    ),
}

TABLES = {"parameters": PARAMETERS, "argument": ARGUMENTS, "target": TARGETS}
