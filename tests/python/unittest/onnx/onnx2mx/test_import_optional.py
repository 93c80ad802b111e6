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

"""Import rows: optionals, inside of graphs and at their edges."""

import numpy as np
import onnx.parser
import pytest
from import_cases import array, case, check, normal
from mxnet.contrib.onnx import ConversionError, ModelError, backend
from onnx.reference import ReferenceEvaluator
from running import Session

CASES = [
    case(opset, "o = Optional (x)\ny = OptionalGetElement (o)", x=normal(2, 3, 4), as_opset=18,
         dynamic=True)
    for opset in (15, 18, 28)
] + [
    case(opset, "o = Optional (x)\nh = OptionalHasElement (o)\nf = Cast <to = 1> (h)\n"
         "y = Add (f, x)", x=normal(2, 3, 4), as_opset=18)
    for opset in (15, 18, 28)
] + [
    case(18, f"h = OptionalHasElement ({given})\nf = Cast <to = 1> (h)\ny = Add (f, x)",
         x=normal(2, 3, 4))
    for given in ("x", "")
] + [
    case(18, "y = OptionalGetElement (x)", x=normal(2, 3, 4)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


def parsed(text, opset=18):
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": {opset}]> g {text}')


HAS = """(optional(float[N]) o, float[N] x) => (float[N] y, bool h) {
    h = OptionalHasElement (o)
    y = If (h) <
        then_branch = t () => (float[N] a) { e = OptionalGetElement (o)  a = Add (e, x) },
        else_branch = f () => (float[N] b) { b = Neg (x) }
    >
}"""


@pytest.mark.parametrize("given", [normal(3), None])
def test_an_optional_input(given):
    inputs = {"o": given, "x": normal(3)}
    found = backend.run_model(parsed(HAS), inputs)
    for one, other in zip(found, Session(parsed(HAS))(inputs)):
        np.testing.assert_array_equal(one, other)
    if given is None:
        again = backend.run_model(parsed(HAS), {"x": inputs["x"]})
        np.testing.assert_array_equal(again[0], found[0])


def test_what_an_optional_must_hold():
    with pytest.raises(ModelError, match="'o' is float64 of"):
        backend.run_model(parsed(HAS), {"o": np.zeros(3), "x": normal(3)})


def test_an_optional_goes_through_and_out():
    text = """(optional(float[N]) o) => (optional(float[N]) p) { p = Identity (o) }"""
    x = normal(3)
    np.testing.assert_array_equal(backend.run_model(parsed(text), [x])[0], x)
    assert backend.run_model(parsed(text), [None])[0] is None


def test_an_optional_of_a_sequence():
    text = """(optional(seq(float[N])) o) => (int64 n) {
        s = OptionalGetElement (o)  n = SequenceLength (s) }"""
    inputs = {"o": [normal(2), normal(3)]}
    (found,) = backend.run_model(parsed(text), inputs)
    assert found == ReferenceEvaluator(parsed(text)).run(None, inputs)[0] == 2


def test_an_empty_optional_has_no_element():
    text = """(optional(float[N]) o) => (float[N] y) { y = OptionalGetElement (o) }"""
    with pytest.raises(ConversionError, match="the optional is empty"):
        backend.run_model(parsed(text), [None])


def test_an_optional_as_the_state_of_a_loop():
    text = """(optional(float[N]) o, float[N] x, int64 m) => (float[N] y) {
        p = Loop (m, , o) <
            body = b (int64 i, bool c, optional(float[N]) q) => (bool d, optional(float[N]) r) {
                d = Identity (c)
                h = OptionalHasElement (q)
                v = If (h) <
                    then_branch = t () => (float[N] e) {
                        f = OptionalGetElement (q)  e = Add (f, f) },
                    else_branch = u () => (float[N] g) { g = Identity (x) }
                >
                r = Optional (v)
            }
        >
        y = OptionalGetElement (p)
    }"""
    x = normal(3)
    for given, factor in ((None, 4), (2 * x, 16)):
        inputs = {"o": given, "x": x, "m": array(3, "int64")}
        np.testing.assert_array_equal(backend.run_model(parsed(text), inputs)[0], factor * x)
