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
"""Shapes and dtypes of inputs in every form, and all that does not fit at once."""

import numpy as np
import pytest
from mxnet.contrib.onnx import ModelError
from mxnet.contrib.onnx.mx2onnx.arguments import check_shapes, check_types, dynamic_shapes, rename
from mxnet.contrib.onnx.mx2onnx.canonical import canonicalise
from mxnet.contrib.onnx.mx2onnx.inputs import plan_inputs
from mxnet.contrib.onnx.mx2onnx.symbol_file import read_symbol
from mxnet.contrib.onnx.mx2onnx.symbol_json import parse_symbol
from mxnet.contrib.onnx.mx2onnx.tensors import Tensor
from symbols import symbol

NET = (
    "left",
    "w",
    "b",
    ("Convolution", "conv", ["left", "w", "b"], {"kernel": "(3, 3)", "num_filter": "4"}),
    ("null", "right", {"__shape__": "(0, 4, 6, 6)", "__dtype__": "2"}),
    ("elemwise_add", "sum", ["conv", "right"]),
    "softmax_label",
    ("SoftmaxOutput", "softmax", ["sum", "softmax_label"]),
)
PARAMETERS = {"w": (4, 3, 3, 3), "b": (4,)}
LEFT, RIGHT, LABEL = (2, 3, 8, 8), (2, 4, 6, 6), (2,)


def plan(shapes=None, types=None, parameters=PARAMETERS, nodes=NET):
    original = read_symbol(parse_symbol(symbol(*nodes)))
    tensors = {n: Tensor.of(np.zeros(s, np.float32)) for n, s in parameters.items()}
    return plan_inputs(
        original, canonicalise(original), tensors, check_shapes(shapes), check_types(types)
    )


# shapes

GOOD = {
    "a list": [LEFT, RIGHT],
    "lists": [list(LEFT), list(RIGHT)],
    "a tuple": (LEFT, RIGHT),
    "a dict": {"right": RIGHT, "left": LEFT},
    "NumPy's integers": [tuple(np.array(LEFT)), tuple(np.array(RIGHT))],
    "a list with the label's": [LEFT, RIGHT, LABEL],
    "a dict with the label's": {"left": LEFT, "right": RIGHT, "softmax_label": LABEL},
    "as Module says them": [("left", LEFT), ("right", RIGHT)],
}


@pytest.mark.parametrize("form", GOOD)
def test_shapes_in_every_form(form):
    found = plan(GOOD[form])
    assert {n: kind.dims for n, kind in found.items()} == {"left": LEFT, "right": RIGHT}
    assert list(found) == ["left", "right"]


def test_open_sizes_get_names():
    found = plan({"left": (None, 3, "H", None), "right": ("N", 4, 6, 6)})
    assert found["left"].dims == ("batch", 3, "H", "left_dim_3")
    assert found["right"].dims == ("N", 4, 6, 6)


def test_what_a_variable_declares_is_its_default():
    found = plan({"left": LEFT})
    assert found["right"].dims == ("batch", 4, 6, 6)
    assert found["right"].dtype == np.float16


REFUSED = {
    "a bare shape": ((2, 3, 8, 8), r"one bare shape, \(2, 3, 8, 8\): write \[\(2, 3, 8, 8\)\]"),
    "a set": ({(1, 2)}, "list or dict of shapes.*got a set"),
    "a string": ("(1, 2)", "got a string"),
    "a number": (5, "got a int"),
    "an array": (np.zeros(3), "got a ndarray"),
    "shapes that are no tuples": ([LEFT, {1, 2}], r"in_shapes\[1\] is a set, not a tuple"),
    "a size of -1": ([LEFT, (-1, 4)], r"in_shapes\[1\] has -1"),
    "a float": ([LEFT, (1.0, 4)], r"in_shapes\[1\] has 1\.0"),
    "a truth": ([LEFT, (True, 4)], "has True"),
    "a name like arithmetic": ([LEFT, ("N+1", 4)], "has 'N\\+1'.*letters, digits"),
    "a name of nothing": ([LEFT, ("", 4)], "has ''"),
    "too few": ([LEFT], "in_shapes has 1 shapes, the inputs are 2: left, right"),
    "too many": ([LEFT] * 4, "in_shapes has 4 shapes"),
    "an unknown name": (
        {"left": LEFT, "rihgt": RIGHT},
        "no variable of the symbol: rihgt; the inputs are left, right",
    ),
    "a name that has a value": (
        {"left": LEFT, "right": RIGHT, "w": (4, 3, 3, 3)},
        "has a value in the parameters: w",
    ),
    "nothing": (None, r"inputs have no shape: left; give in_shapes=\[\(1, 3, 224, 224\)\]"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_shapes_that_are_refused(form):
    shapes, words = REFUSED[form]
    with pytest.raises(ModelError, match=words):
        plan(shapes)


def test_everything_that_does_not_fit_is_said_at_once():
    with pytest.raises(ModelError) as refusal:
        plan({"right": RIGHT, "lost": (1,)}, {"nobody": "int8"}, {"w": (5, 3, 1, 3), "v": (4,)})
    said = str(refusal.value)
    assert "parameters have no value: b (given and not used: v)" in said
    assert "inputs have no shape: left" in said
    assert "no variable of the symbol: lost" in said
    assert (
        "parameter 'w' has shape (5, 3, 1, 3), Convolution node 'conv' needs (4, 3, 3, 3)" in said
    )
    assert "in_types names what is no input: nobody" in said
    assert len(refusal.value.causes) == 5


def test_a_parameter_without_a_value_may_be_an_input_if_it_is_given_a_shape():
    found = plan({"left": LEFT, "right": RIGHT, "b": (4,)}, parameters={"w": (4, 3, 3, 3)})
    assert list(found) == ["left", "b", "right"]


def test_a_parameter_that_declares_a_shape_is_missing_all_the_same():
    """Gluon's files declare the shape of every parameter; that makes none of them an input."""
    nodes = (
        "x",
        ("null", "w", {"__shape__": "(5, 3)", "__lr_mult__": "1.0"}),
        ("dot", "n", ["x", "w"]),
    )
    with pytest.raises(ModelError, match="parameters have no value: w"):
        plan([(2, 5)], nodes=nodes, parameters={})


WRONG = {
    "Convolution": (
        {"kernel": "(3, 1)", "num_filter": "4"},
        {"weight": (4, 2, 1, 3)},
        "(4, 2, 3, 1)",
    ),
    "Deconvolution": (
        {"kernel": "(2,)", "num_filter": "6", "num_group": "2"},
        {"weight": (4, 6, 2)},
        "(4, 3, 2)",
    ),
    "FullyConnected": ({"num_hidden": "4"}, {"weight": (5, 9), "bias": (4,)}, "(4, 9)"),
    "Embedding": ({"input_dim": "9", "output_dim": "2"}, {"weight": (2, 9)}, "(9, 2)"),
    "BatchNorm": ({}, {"gamma": (3,), "beta": (3,), "moving_mean": (4,)}, "(3,)"),
    "LayerNorm": ({}, {"gamma": (3,), "beta": (2, 3)}, "(3,)"),
}


@pytest.mark.parametrize("op_type", WRONG)
def test_wrong_parameters_show_before_anything_is_translated(op_type):
    attrs, shapes, needed = WRONG[op_type]
    inputs = {"BatchNorm": ["gamma", "beta", "moving_mean", "moving_var"],
              "LayerNorm": ["gamma", "beta"]}.get(op_type, ["weight", "bias"])  # fmt: skip
    if op_type == "Embedding":
        inputs = ["weight"]
    nodes = ("x", *inputs, (op_type, "n", ["x", *inputs], attrs))
    with pytest.raises(ModelError) as refusal:
        plan([(2, 3, 4)], nodes=nodes, parameters=shapes)
    assert f"{op_type} node 'n' needs {needed}" in str(refusal.value)


# dtypes

TYPES = {
    "one": ("float64", ("float64", "float64")),
    "a list": ([np.float16, "int32"], ("float16", "int32")),
    "a list with the label's": ([np.float16, "int32", "int8"], ("float16", "int32")),
    "a dict": ({"right": np.int8}, ("float32", "int8")),
    "none": (None, ("float32", "float16")),
}


@pytest.mark.parametrize("form", TYPES)
def test_dtypes_in_every_form(form):
    types, expected = TYPES[form]
    found = plan([LEFT, RIGHT], types)
    assert tuple(kind.dtype.name for kind in found.values()) == expected


@pytest.mark.parametrize(
    "types, words",
    [
        ("float33", "in_types is a dtype such as np.float32"),
        ([np.float32, None], r"in_types\[1\]"),
        (np.complex64, "in_types is a dtype"),
        ({"left": object}, r"in_types\['left'\]"),
        ([np.float32] * 4, "in_types has 4 dtypes, the inputs are 2: left, right"),
    ],
)
def test_dtypes_that_are_refused(types, words):
    with pytest.raises(ModelError, match=words):
        plan([LEFT, RIGHT], types)


# other arguments


@pytest.mark.parametrize(
    "shapes, replacement, expected",
    [
        ([(1, 3)], None, [(None, None)]),
        ({"x": (1, 3)}, None, {"x": (None, None)}),
        ([(1, 3)], [(None, 3)], [(None, 3)]),
        (None, [("N", 3)], [("N", 3)]),
        (None, None, None),
    ],
)
def test_dynamic_leaves_every_size_open_or_those_that_are_given(shapes, replacement, expected):
    assert dynamic_shapes(shapes, replacement) == expected


def test_names_are_given_in_order_or_from_old_to_new():
    assert rename(None, ["a", "b"], "input_names") == ["a", "b"]
    assert rename(["x", "y"], ["a", "b"], "input_names") == ["x", "y"]
    assert rename({"b": "y"}, ["a", "b"], "input_names") == ["a", "y"]


@pytest.mark.parametrize(
    "names, words",
    [
        (["x"], "has 1 names for 2: a, b"),
        ({"c": "x"}, "renames what is not there: c; there are a, b"),
        (["x", "x"], "taken: x"),
        (["x", "t"], "taken: t"),
        ({"a": "b"}, "taken: b"),
        (["x", ""], "has '', which is no name"),
        (["x", 5], "has 5, which is no name"),
        ("xy", "list of names or a dict.*got a str"),
    ],
)
def test_names_that_are_refused(names, words):
    with pytest.raises(ModelError, match=words):
        rename(names, ["a", "b"], "input_names", taken=["t"])
