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
"""What the package knows of MXNet's operators, against the MXNet that is installed."""

import pathlib
import subprocess
import sys

import pytest
from mxnet.contrib.onnx import ModelError
from mxnet.contrib.onnx.mx2onnx import operator_info

GENERATOR = pathlib.Path(__file__).parents[5] / "tools" / "operator_info" / "generate.py"


def test_the_file_is_what_the_installed_mxnet_says():
    mx = pytest.importorskip("mxnet", reason="MXNet is not installed: nothing to compare with")
    if not GENERATOR.exists():
        pytest.skip("the generator is not beside these tests: they run from an installed tree")
    if mx.__version__ != operator_info.registry()["mxnet"]:
        pytest.skip(f"the file is for MXNet {operator_info.registry()['mxnet']}")
    # in a process of its own: guessed attributes bring some of its children down, loudly
    command = [sys.executable, str(GENERATOR), "--check"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert found.returncode == 0, f"{found.stdout}\nrun python tools/operator_info/generate.py"


def test_every_operator_decodes_its_own_defaults():
    for op_type, info in operator_info.registry()["operators"].items():
        required = [n for n, (_, default) in info["parameters"].items() if default is None]
        if not required or required == [info.get("variadic")]:
            values, changed = operator_info.decode(op_type, {})
            assert set(values) == set(info["parameters"]) and not changed


def test_every_alias_is_of_an_operator():
    aliases = operator_info.registry()["aliases"]
    assert set(aliases.values()) <= set(operator_info.registry()["operators"])
    assert not set(aliases) & set(operator_info.registry()["operators"])


@pytest.mark.parametrize(
    "op_type, index, count, name",
    [
        ("Convolution", 0, 1, "output"),
        ("BatchNorm", 2, 3, "var"),
        ("RNN", 1, 2, "state_output"),
        ("topk", 1, 2, "output1"),
        ("SliceChannel", 0, 1, "output0"),
        ("Swirl", 0, 1, "output"),
    ],
)
def test_output_names(op_type, index, count, name):
    assert operator_info.output_name(op_type, index, count) == name


VALUES = [
    ("Pooling", "kernel", "(2, 3)", (2, 3)),
    ("Pooling", "global_pool", "True", True),
    ("Pooling", "global_pool", "0", False),
    ("Pooling", "p_value", "None", None),
    ("Pooling", "p_value", "2", 2),
    ("Convolution", "layout", "None", None),
    ("Convolution", "layout", "NHWC", "NHWC"),
    ("LeakyReLU", "slope", "1e-2", 0.01),
    ("Dropout", "axes", "[0,1]", (0, 1)),
    ("sum", "axis", "()", ()),
    ("sum", "axis", "-1", (-1,)),
    ("sum", "axis", "None", None),
    ("slice", "begin", "(None, 1)", (None, 1)),
    ("_contrib_MultiBoxPrior", "sizes", "(0.5, 0.25)", (0.5, 0.25)),
    ("clip", "a_max", "inf", float("inf")),
]


@pytest.mark.parametrize("op_type, name, text, value", VALUES)
def test_values(op_type, name, text, value):
    required = {
        "Convolution": {"kernel": "(1,)", "num_filter": "1"},
        "slice": {"begin": "(0,)", "end": "(1,)"},
        "clip": {"a_min": "0", "a_max": "1"},
    }
    values, _ = operator_info.decode(op_type, {**required.get(op_type, {}), name: text})
    assert values[name] == value and type(values[name]) is type(value)


@pytest.mark.parametrize(
    "op_type, name, text",
    [
        ("Pooling", "kernel", "two"),
        ("Pooling", "kernel", "(2, 'x')"),
        ("Pooling", "kernel", "[" * 2000),
        ("Pooling", "global_pool", "maybe"),
        ("Pooling", "pool_type", "median"),
        ("Pooling", "p_value", "2.5"),
        ("LeakyReLU", "slope", "small"),
        ("topk", "k", "True"),
    ],
)
def test_values_that_are_refused(op_type, name, text):
    with pytest.raises(ModelError, match=f"{name}=.* of {op_type} is no "):
        operator_info.decode(op_type, {name: text})
