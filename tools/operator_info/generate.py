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
"""Write mx2onnx/operator_info.json: what the installed MXNet's registry says of every operator.

The exporter reads that file instead of importing MXNet. Usage::

    python tools/operator_info/generate.py            # write the file
    python tools/operator_info/generate.py --check    # exit code 1 if it differs from the registry
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import pathlib
import re
import sys
from typing import Any, Callable, Dict, List, Optional, Tuple

import mxnet as mx
from mxnet.base import _LIB, SymbolHandle, c_str, check_call, mx_uint, py_str

PATH = pathlib.Path(__file__).parents[2] / "python/mxnet/contrib/onnx/mx2onnx/operator_info.json"
#: What the registry calls an argument that is a tensor and not a parameter.
TENSORS = ("NDArray", "Symbol")
#: Operators that hand parameters of any name on to the user's own code.
OPEN = ("Custom",)
#: Parameters that the registry calls required and MXNet does without, with the value it then takes.
UNSAID = {("smooth_l1", "scalar"): "1"}
#: Parameters that the registry calls by another name than the operator, and what it takes.
MISNAMED = {("_npi_concatenate", "dim"): ("axis", ["int or None", "0"])}
NUMBERS = ("bfloat16", "float16", "float32", "float64", "int32", "int64", "int8", "uint8")
#: Operators that the registry gives no parameters, or those of another one, and what they take.
UNDESCRIBED = {
    "_linspace": {
        "start": ["double", None],
        "stop": ["double", None],
        "num": ["int", None],
        "endpoint": ["boolean", "1"],
        "ctx": ["string", ""],
        "dtype": [f"{{{', '.join(map(repr, NUMBERS))}}}", "float32"],
    },
    "_npi_norm": {
        "ord": ["double", "2"],
        "axis": ["Shape or None", "None"],
        "keepdims": ["boolean", "0"],
        "flag": ["int", "-1"],
    },
    "_sg_mkldnn_conv": {
        **dict.fromkeys(
            ("with_bn", "with_act", "with_sum", "with_postsum_act", "with_relu",
             "with_postsum_relu", "quantized"),
            ["boolean", "0"],
        ),
        **dict.fromkeys(("min_calib_range", "max_calib_range"), ["float or None", "None"]),
    },
    "_sg_mkldnn_fully_connected": {
        **dict.fromkeys(
            ("quantized", "enable_float_output", "with_eltwise", "with_relu"), ["boolean", "0"]
        ),
        **dict.fromkeys(("min_calib_range", "max_calib_range"), ["float or None", "None"]),
        "channel_wise_quantize": ["boolean or None", "None"],
    },
}  # fmt: skip
#: Operators that tell the names of their outputs only within a network.
UNASKED = {
    "_sg_mkldnn_conv": ["output", "output_min", "output_max"],
    "_sg_mkldnn_fully_connected": ["output", "min_output", "max_output"],
    "_contrib_quantized_pooling": ["output", "min_output", "max_output"],
}
#: Backward operators that networks call going forward too: the sum of entries by index.
FORWARD_TOO = ("_backward_gather_nd",)
#: A value for required parameters, by the first word of their type.
GUESSES = {
    "int": "1",
    "long": "1",
    "float": "1",
    "double": "1",
    "Shape": "(1,)",
    "tuple": "(1,)",
    "boolean": "1",
    "string": "a",
}
#: Parameters that bring an operator to show all its outputs.
ALL_OUTPUTS = ("state_outputs", "output_mean_var", "output_score")


def registry_names() -> List[str]:
    """Every name of MXNet's operators, aliases included; ``FORWARD_TOO`` of the backward ones."""
    size, names = mx_uint(), ctypes.POINTER(ctypes.c_char_p)()
    check_call(_LIB.MXListAllOpNames(ctypes.byref(size), ctypes.byref(names)))
    found = (py_str(names[i]) for i in range(size.value))
    return sorted(name for name in found if "_backward" not in name or name in FORWARD_TOO)


def describe(name: str) -> Tuple[str, Dict[str, Any]]:
    """Canonical name of an operator, and its entry for the file."""
    handle = ctypes.c_void_p()
    check_call(_LIB.NNGetOpHandle(c_str(name), ctypes.byref(handle)))
    real, doc, count_key, result = (ctypes.c_char_p() for _ in range(4))
    size = mx_uint()
    names, types, docs = (ctypes.POINTER(ctypes.c_char_p)() for _ in range(3))
    check_call(
        _LIB.MXSymbolGetAtomicSymbolInfo(
            handle, *map(ctypes.byref, (real, doc, size, names, types, docs, count_key, result))
        )
    )
    info: Dict[str, Any] = {"inputs": [], "parameters": {}}
    for i in range(size.value):
        text = py_str(types[i])
        if text.startswith(TENSORS):
            info["inputs"].append(py_str(names[i]))
            continue
        kind = re.split(r",\s*(?:optional|required)", text)[0]
        default = re.search(r"default=(.*)$", text)
        info["parameters"][py_str(names[i])] = [kind, default and default.group(1).strip("'")]
    if count_key.value:
        info["variadic"] = py_str(count_key.value)
    canonical = py_str(real.value)
    for (operator, parameter), unsaid in UNSAID.items():
        if operator == canonical:
            info["parameters"][parameter][1] = unsaid
    for (operator, parameter), (name, described) in MISNAMED.items():
        if operator == canonical:
            del info["parameters"][parameter]
            info["parameters"][name] = described
    info["parameters"] = UNDESCRIBED.get(canonical, info["parameters"])
    if canonical in OPEN:
        info["open"] = True
    return canonical, info


def _attributes(info: Dict[str, Any]) -> Dict[str, str]:
    """Attributes that make a node of the operator, with all the outputs it can have."""
    attrs = {}
    for key, (kind, default) in info["parameters"].items():
        if kind.startswith("{"):
            choices = re.findall(r"'([^']*)'", kind)
            attrs[key] = default or choices[1 if "lstm" in choices else 0]
        elif default is None:
            attrs[key] = next((v for k, v in GUESSES.items() if kind.startswith(k)), "1")
    attrs.update({k: "1" for k in ALL_OUTPUTS if k in info["parameters"]})
    if info.get("variadic"):
        attrs[info["variadic"]] = "1"
    return attrs


def own_output_names(name: str, info: Dict[str, Any]) -> Optional[List[str]]:
    """Names that an operator gives its outputs; None where they are output, or output0, output1.

    A single output may be called output0: the operator has others that it hides.
    """
    attrs = _attributes(info)
    keys = (ctypes.c_char_p * len(attrs))(*(k.encode() for k in attrs))
    values = (ctypes.c_char_p * len(attrs))(*(v.encode() for v in attrs.values()))
    op, symbol = ctypes.c_void_p(), SymbolHandle()
    check_call(_LIB.NNGetOpHandle(c_str(name), ctypes.byref(op)))
    if _LIB.MXSymbolCreateAtomicSymbol(op, len(attrs), keys, values, ctypes.byref(symbol)):
        return None
    if _LIB.MXSymbolCompose(symbol, c_str("N"), 0, None, (SymbolHandle * 0)()):
        return None
    names = [n[2:] for n in mx.sym.Symbol(symbol).list_outputs()]
    plain = names == ["output"] or names == [f"output{k}" for k in range(len(names))] != ["output0"]
    return None if plain else names


def in_child(function: Callable, *args: Any) -> Any:
    """The JSON-able result of ``function``; None where guessed attributes kill its process."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, json.dumps(function(*args)).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None


def generate() -> str:
    """The text of the file for the installed MXNet."""
    operators: Dict[str, Any] = {}
    aliases: Dict[str, str] = {}
    for name in registry_names():
        canonical, info = describe(name)
        if name != canonical:
            aliases[name] = canonical
        if canonical not in operators:
            operators[canonical] = info
            outputs = UNASKED.get(canonical) or in_child(own_output_names, canonical, info)
            if outputs:
                info["outputs"] = outputs
    everything = {"mxnet": mx.__version__, "aliases": aliases, "operators": operators}
    return json.dumps(everything, separators=(",", ":"), sort_keys=True)


def main() -> int:
    """Write the file, or hold it against the registry."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    text = generate()
    if not parser.parse_args().check:
        PATH.write_text(text, encoding="utf-8")
        print(f"{PATH}: {len(text)} bytes")
        return 0
    same = PATH.read_text(encoding="utf-8") == text
    print(f"{PATH} {'is' if same else 'is NOT'} what MXNet {mx.__version__} says")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
