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
"""What ``import_model`` must refuse, as data: files, models, arguments, and what it says."""

import dataclasses
import io
import os
import pathlib
import zipfile
from typing import Any, Callable, Tuple, Union

import mxnet as mx
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HUGE = 2**40


@dataclasses.dataclass(frozen=True)
class Refused:
    """One case.

    Attributes
    ----------
    given : callable
        ``given(folder)`` is what the importer gets; it may write files into the folder.
    words : tuple of str
        What the message has to say, in any case.
    error : str or tuple of str
        Class of the error, or several where each is true.
    how : dict
        Keywords of ``import_model``.
    """

    given: Callable[[pathlib.Path], Any]
    words: Tuple[str, ...]
    error: Union[str, Tuple[str, ...]] = "ModelError"
    how: Any = dataclasses.field(default_factory=dict)


def model(text, opset=17, ir_version=8):
    """A model from the text of its graph, unchecked."""
    header = f'<ir_version: {ir_version}, opset_import: ["" : {opset}, "com.acme" : 1]>'
    return onnx.parser.parse_model(f"{header}\n{text}")


def changed(text, change, opset=17):
    """The same, after ``change(model)``: what the text cannot say."""

    def given(folder):
        proto = model(text, opset)
        change(proto)
        return proto

    return given


def graph(text, *words, error="ConversionError", opset=17, **how):
    return Refused(lambda folder: model(text, opset), words, error, how)


def file(name, content, *words, error="ModelError"):
    """A file that holds ``content``: bytes, or what a function of the folder gives."""

    def given(folder):
        path = folder / name
        path.write_bytes(content() if callable(content) else content)
        return path

    return Refused(given, words, error)


# -- files ----------------------------------------------------------------------------------------

GOOD = "g (float[2, 3] x) => (float[2, 3] y) <float[3] w = {1, 2, 3}> { y = Add(x, w) }"


def _zip():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("model.onnx", model(GOOD).SerializeToString())
    return stream.getvalue()


def _params():
    path = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"bad-inputs-{os.getpid()}.params"
    try:
        mx.nd.save(str(path), {"arg:weight": mx.nd.ones((2, 3))})
        return path.read_bytes()
    finally:
        path.unlink()


FILES = {
    "text": file("a.onnx", b"import numpy as np\n" * 20, "a.onnx", "not an ONNX model"),
    "JSON": file("a.onnx", b'{"nodes": [], "heads": []}', "a.onnx", "not an ONNX model"),
    "zip": file("a.onnx", _zip, "a.onnx", "not an ONNX model"),
    "empty": file("a.onnx", b"", "a.onnx", "empty"),
    "zeros": file("a.onnx", bytes(4096), "a.onnx", "not an ONNX model"),
    "MXNet's params": file("a.params", _params, "a.params", "not an ONNX model"),
    "a tensor": file(
        "a.pb",
        lambda: numpy_helper.from_array(np.ones(3, np.float32), "t").SerializeToString(),
        "a.pb",
        "not an ONNX model",
    ),
    "missing": Refused(
        lambda folder: folder / "no.onnx", ("no.onnx",), ("ModelError", "FileNotFoundError")
    ),
    "a folder": Refused(lambda folder: folder, ("directory",), ("ModelError", "IsADirectoryError")),
    "no bytes": Refused(lambda folder: b"", ("empty",)),
    "bytes of text": Refused(lambda folder: b"some text, no model", ("not an ONNX model",)),
    "text mode": Refused(lambda folder: io.StringIO("text"), ("binary",)),
    "None": Refused(lambda folder: None, ("NoneType", "path")),
    "a number": Refused(lambda folder: 42, ("int", "path")),
    "a list": Refused(lambda folder: ["a.onnx"], ("list", "path")),
    "an array": Refused(lambda folder: np.zeros(3), ("ndarray", "path")),
    "a symbol": Refused(lambda folder: mx.sym.var("x"), ("Symbol", "path")),
}

# -- models ---------------------------------------------------------------------------------------


def _set(path, value):
    """Set a field of the model: ``graph.node.0.name``."""

    def change(proto):
        *way, last = path.split(".")
        for step in way:
            proto = proto[int(step)] if step.isdigit() else getattr(proto, step)
        setattr(proto, last, value)

    return change


def _clear(*fields):
    def change(proto):
        for field in fields:
            proto.ClearField(field)

    return change


def _initializer(**more):
    """Replace the weight ``w`` of ``GOOD``."""

    def change(proto):
        proto.graph.initializer[0].CopyFrom(TensorProto(name="w", **more))

    return changed(GOOD, change)


def _recursive(proto):
    body = [helper.make_node("Twice", ["a"], ["b"], domain="com.acme")]
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.acme", 1)]
    proto.functions.append(helper.make_function("com.acme", "Twice", ["a"], ["b"], body, imports))


def _text_input(proto):
    proto.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING


def _sequence_input(proto):
    inner = helper.make_tensor_type_proto(TensorProto.FLOAT, [2, 3])
    proto.graph.input[0].type.CopyFrom(helper.make_sequence_type_proto(inner))


def _no_type(proto):
    proto.graph.input[0].ClearField("type")


MODELS = {
    "no graph": Refused(changed(GOOD, _clear("graph")), ("graph",)),
    "no opset": Refused(changed(GOOD, _clear("opset_import")), ("opset",)),
    "no outputs": Refused(changed(GOOD, lambda p: p.graph.ClearField("output")), ("output",)),
    "IR too new": Refused(changed(GOOD, _set("ir_version", 99)), ("IR", "99")),
    "IR negative": Refused(changed(GOOD, _set("ir_version", -1)), ("IR",)),
    "opset too new": graph(GOOD, "opset", "99", error="ModelError", opset=99),
    "opset 0": graph(GOOD, "opset", "0", error="ModelError", opset=0),
    "several unknown operators": graph(
        "g (float[2] x) => (float[2] y)"
        "{ a = Foo(x) b = com.acme.Bar(a) c = Foo(b) d = Relu(c) y = com.acme.Baz(d) }",
        "Foo",
        "Bar",
        "Baz",
        "com.acme",
        "2 nodes",
        error="UnsupportedOperatorError",
    ),
    "a domain that is not imported": Refused(
        changed(
            "g (float[2] x) => (float[2] y) { y = com.acme.Bar(x) }",
            lambda p: p.opset_import.remove(p.opset_import[1]),
        ),
        ("com.acme",),
        "ConversionError",
    ),
    "a cycle": graph("g (float[2] x) => (float[2] y) { a = Add(x, y) y = Relu(a) }", "cycl"),
    "a node that reads itself": graph("g (float[2] x) => (float[2] y) { y = Add(x, y) }", "cycl"),
    "a value that nothing makes": graph(
        "g (float[2] x) => (float[2] y) { y = Add(x, nowhere) }", "nowhere"
    ),
    "an output that nothing makes": graph("g (float[2] x) => (float[2] y) { z = Relu(x) }", "'y'"),
    "a value made twice": graph(
        "g (float[2] x) => (float[2] y) { a = Relu(x) a = Sigmoid(x) y = Tanh(a) }", "'a'"
    ),
    "a node that makes an input again": graph(
        "g (float[2] x) => (float[2] y) { x = Relu(x) y = Tanh(x) }", "'x'"
    ),
    "two inputs of one name": Refused(
        changed(GOOD, lambda p: p.graph.input.append(p.graph.input[0])), ("'x'",)
    ),
    "two weights of one name": Refused(
        changed(GOOD, lambda p: p.graph.initializer.append(p.graph.initializer[0])), ("'w'",)
    ),
    "a function that calls itself": Refused(
        changed("g (float[2] x) => (float[2] y) { y = com.acme.Twice(x) }", _recursive),
        ("Twice", "itself"),
        "ConversionError",
    ),
    "an input without a type": Refused(changed(GOOD, _no_type), ("'x'",)),
    "an input of text": Refused(changed(GOOD, _text_input), ("'x'", "string"), "ConversionError"),
    "an input that is a sequence": Refused(
        changed(GOOD, _sequence_input), ("'x'", "sequence"), "ConversionError"
    ),
    "a weight of an unknown type": Refused(
        _initializer(data_type=99, dims=[3], raw_data=bytes(12)), ("'w'", "99")
    ),
    "a weight of no type": Refused(_initializer(dims=[3], raw_data=bytes(12)), ("'w'", "type")),
    "a weight of text": Refused(
        _initializer(data_type=TensorProto.STRING, dims=[3], string_data=[b"a", b"b", b"c"]),
        ("Add",),
        "ConversionError",
    ),
    "a weight with too few bytes": Refused(
        _initializer(data_type=1, dims=[3], raw_data=bytes(11)), ("'w'", "11", "12")
    ),
    "a weight with too many bytes": Refused(
        _initializer(data_type=1, dims=[3], raw_data=bytes(16)), ("'w'", "16", "12")
    ),
    "a weight with too few numbers": Refused(
        _initializer(data_type=1, dims=[3], float_data=[1.0, 2.0]), ("'w'", "2", "3")
    ),
    "a weight with no numbers": Refused(_initializer(data_type=1, dims=[3]), ("'w'",)),
    "a weight with numbers of two kinds": Refused(
        _initializer(data_type=1, dims=[3], int64_data=[1, 2, 3]), ("'w'",)
    ),
    "a weight of negative size": Refused(
        _initializer(data_type=1, dims=[-3], raw_data=bytes(12)), ("'w'", "-3")
    ),
    "a weight of absurd size": Refused(
        _initializer(data_type=1, dims=[HUGE], raw_data=bytes(12)), ("'w'",)
    ),
    "a weight whose size overflows": Refused(
        _initializer(data_type=1, dims=[2**33, 2**33], raw_data=b""), ("'w'",)
    ),
}

# -- external data --------------------------------------------------------------------------------


def external(prepare=None, error="ModelError", words=(), **entries):
    """``GOOD`` with its weight in ``data.bin`` of 12 bytes, or where ``entries`` say."""

    def given(folder):
        inside = folder / "model"
        inside.mkdir()
        (folder / "outside.bin").write_bytes(bytes(12))
        (inside / "data.bin").write_bytes(bytes(12))
        if prepare:
            prepare(inside)
        proto = model(GOOD)
        tensor = proto.graph.initializer[0]
        for field in ("float_data", "raw_data"):
            tensor.ClearField(field)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": "data.bin", **entries}.items():
            tensor.external_data.add(key=key, value=value)
        path = inside / "model.onnx"
        path.write_bytes(proto.SerializeToString())
        return path

    return Refused(given, ("'w'", *words), error)


def _link(folder):
    (folder / "link.bin").symlink_to(folder.parent / "outside.bin")


def _linked_folder(folder):
    (folder / "linked").symlink_to(folder.parent, target_is_directory=True)


def _subfolder(folder):
    (folder / "sub").mkdir()


def _in_memory(folder):
    return external().given(folder).read_bytes()


EXTERNAL = {
    "above the folder": external(location="../outside.bin", words=("../outside.bin", "outside")),
    "by a way around": external(
        _subfolder, location="sub/../../outside.bin", words=("outside.bin",)
    ),
    "absolute": external(location="/etc/hostname", words=("/etc/hostname",)),
    "a link out of the folder": external(_link, location="link.bin", words=("link.bin",)),
    "a folder that is a link": external(
        _linked_folder, location="linked/outside.bin", words=("outside.bin",)
    ),
    "missing": external(
        location="no.bin", words=("no.bin",), error=("ModelError", "FileNotFoundError")
    ),
    "a folder": external(_subfolder, location="sub", words=("sub",)),
    "nowhere": external(location="", words=("location",)),
    "a name with a zero byte": external(location="a\0b", words=()),
    "an offset beyond the end": external(offset="4096", words=("data.bin", "4096")),
    "a length beyond the end": external(offset="4", length="12", words=("data.bin",)),
    "a length that is not the weight's": external(length="8", words=("8", "12")),
    "a negative offset": external(offset="-4", words=("offset", "-4")),
    "a negative length": external(length="-12", words=("length", "-12")),
    "an offset in words": external(offset="four", words=("offset", "four")),
    "an absurd offset": external(offset=str(2**70), words=("data.bin", str(2**70))),
    "no folder to look in": Refused(_in_memory, ("'w'", "data.bin", "path")),
}

# -- arguments ------------------------------------------------------------------------------------

CONV = (
    "g (float[N, 3, 8, 8] x, float[N, 4, 8, 8] z) => (float[N, 4, 8, 8] y)"
    "<float[4, 3, 1, 1] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}> "
    "{ c = Conv(x, w) y = Add(c, z) }"
)
RESHAPED = (
    "g (float[2, 3] x, int64[2] s) => (float[A, B] y) { y = Reshape(x, s) }"  # s decides the shape
)

ARGUMENTS = {
    "shapes in a list": graph(CONV, "input_shapes", error="ModelError", input_shapes=[(1, 3)]),
    "a shape of no input": graph(
        CONV, "'data'", "'x'", error="ModelError", input_shapes={"data": (1, 3, 8, 8)}
    ),
    "a shape of another rank": graph(
        CONV, "'x'", "(1, 3)", error="ModelError", input_shapes={"x": (1, 3)}
    ),
    "a shape that is a number": graph(CONV, "'x'", error="ModelError", input_shapes={"x": 3}),
    "a shape in text": graph(CONV, "'x'", error="ModelError", input_shapes={"x": "1,3,8,8"}),
    "a negative size": graph(
        CONV, "'x'", "-1", error="ModelError", input_shapes={"x": (-1, 3, 8, 8)}
    ),
    "a size of 1.5": graph(
        CONV, "'x'", "1.5", error="ModelError", input_shapes={"x": (1.5, 3, 8, 8)}
    ),
    "channels of another network": graph(CONV, "Conv", input_shapes={"x": (1, 5, 8, 8)}),
    "batches that differ": graph(
        CONV, input_shapes={"x": (2, 3, 8, 8), "z": (3, 4, 8, 8)}, error="ConversionError"
    ),
    "an absurd size": graph(CONV, input_shapes={"x": (HUGE, 3, 8, 8)}),
    "values in a list": graph(RESHAPED, "input_values", error="ModelError", input_values=[1]),
    "a value of no input": graph(
        RESHAPED, "'shape'", "'s'", error="ModelError", input_values={"shape": np.array([3, 2])}
    ),
    "a value of another shape": graph(
        RESHAPED, "'s'", error="ModelError", input_values={"s": np.array([3, 2, 1])}
    ),
    "a value of another dtype": graph(
        RESHAPED, "'s'", error="ModelError", input_values={"s": np.array(["a", "b"])}
    ),
    "sizes in a list": graph(CONV, "sizes", error="ModelError", sizes=[1, 2, 3]),
    "a size of no dimension": graph(CONV, "'M'", "'N'", error="ModelError", sizes={"M": (2, 3)}),
    "sizes that are negative": graph(CONV, "'N'", "-2", error="ModelError", sizes={"N": (-2, 3)}),
    "sizes that are no numbers": graph(CONV, "'N'", error="ModelError", sizes={"N": "235"}),
    "translations in a dict": graph(CONV, "translations", error="ModelError", translations={}),
    "a shape that only the caller knows": graph(RESHAPED, "input_values", "Reshape", "'y'"),
}

TABLES = {
    "file": FILES,
    "model": MODELS,
    "external data": EXTERNAL,
    "argument": ARGUMENTS,
}
