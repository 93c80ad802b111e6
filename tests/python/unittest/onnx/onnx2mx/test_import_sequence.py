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

"""Import rows: sequences, inside of graphs and at their edges."""

import numpy as np
import onnx.parser
import pytest
from import_cases import array, case, check, ints, known, normal, value
from mxnet.contrib.onnx import ConversionError, ModelError, backend, import_model
from onnx import helper, numpy_helper
from running import Session

THREE = "s = SequenceConstruct (a, b, c)\n"
MORE = {"a": normal(2, 3, 2), "b": normal(2, 3, 2), "c": normal(2, 3, 2)}


def at(position):
    """A position that is an initializer."""
    return known(array(position, "int64"))


CASES = [
    *(case(17, THREE + "y = SequenceAt (s, p)", p=at(p), **MORE) for p in (0, 2, -1, -3)),
    case(17, THREE + "y = SequenceAt (s, p)", p=value(1), **MORE),
    *(
        case(17, THREE + "t = SequenceInsert (s, d, p)\ny = ConcatFromSequence <axis = 0> (t)",
             d=normal(4, 3, 2), p=at(p), **MORE)
        for p in (0, 1, 3, -1, -3)
    ),
    case(17, THREE + "t = SequenceInsert (s, d)\ny = ConcatFromSequence <axis = -3> (t)",
         d=normal(4, 3, 2), **MORE, dynamic=(3,)),
    *(
        case(17, THREE + "t = SequenceErase (s, p)\ny = ConcatFromSequence <axis = 1> (t)",
             p=at(p), **MORE)
        for p in (0, 2, -1, -3)
    ),
    case(17, THREE + "t = SequenceErase (s)\ny = ConcatFromSequence <axis = 0, new_axis = 1> (t)",
         **MORE, dynamic=(3,)),
    case(17, THREE + "n = SequenceLength (s)\nf = Cast <to = 1> (n)\ny = Add (f, a)", **MORE),
    case(17, "e = SequenceEmpty ()\ns = SequenceInsert (e, a)\ny = SequenceAt (s, p)",
         a=normal(2), p=at(0)),
    case(17, "e = SequenceEmpty <dtype = 7> ()\nn = SequenceLength (e)\nf = Cast <to = 1> (n)\n"
         "y = Add (f, a)", a=normal(2, 3, 4)),
    *(
        case(17, f"s = SplitToSequence <axis = {axis}> (x)\n"
             f"y = ConcatFromSequence <axis = {other}, new_axis = {new}> (s)", x=normal(3, 4, 2))
        for axis in (0, 1, -1) for other in (0, 2, -1) for new in (0, 1)
    ),
    *(
        case(17, f"s = SplitToSequence <axis = 1, keepdims = {keep}> (x{split})\n"
             "y = SequenceAt (s, p)", x=normal(3, 5), p=at(p), **more,
             expected="reference" if split else None)  # ONNX Runtime drops axes all the same
        for keep in (0, 1)
        for split, more, p in (
            ("", {}, 3),
            (", n", {"n": known(array(2, "int64"))}, 2),
            (", n", {"n": known(array(2, "int32"))}, 0),
            (", n", {"n": known(ints(1, 3, 1))}, 1),
            (", n", {"n": value([4, 1])}, 0),
        )
    ),
    case(24, "s = SplitToSequence <axis = 0> (x)\ny = SequenceAt (s, p)", x=normal(3, 5, 2),
         p=at(1), as_opset=17),
    case(17, "s = SplitToSequence (x)\nt = Identity (s)\ny = ConcatFromSequence <axis = 0> (t)",
         x=array([[True, False], [False, True]], bool)),
    case(17, THREE + """t = SequenceMap (s, b) <
            body = b (float[A, B, C] e, float[A, B, C] w) => (float[A, B, C] r) { r = Mul (e, w) }
        >
y = ConcatFromSequence <axis = 1> (t)""", **MORE),
    # refused
    case(17, THREE + "y = SequenceAt (s, p)", p=at(3), **MORE, refused="position 3 is outside"),
    case(17, "e = SequenceEmpty ()\ny = ConcatFromSequence <axis = 0> (e)", x=normal(2),
         refused="the sequence is empty"),
    case(17, "s = SplitToSequence (x, n)\ny = SequenceAt (s, p)", x=normal(3), p=at(0),
         n=known(ints(1, 1)), refused="do not add up to the 3"),
    case(17, "s = SplitToSequence (x, n)\ny = SequenceAt (s, p)", x=normal(3), p=at(0),
         n=known(array(0, "int64")), refused="parts of 0 elements"),
    case(17, "i = Cast <to = 7> (a)\ns = SequenceConstruct (a, i)\ny = SequenceAt (s, p)",
         a=normal(2), p=at(0), refused="must be the same|cannot hold"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


# -- at the edges ------------------------------------------------------------------------------


def parsed(text, opset=17):
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": {opset}]> {text}')


def same(found, wanted):
    """Equal in structure, shapes, types and values."""
    if isinstance(wanted, list):
        assert isinstance(found, list) and len(found) == len(wanted)
        for pair in zip(found, wanted):
            same(*pair)
    else:
        assert (found.shape, found.dtype) == (np.shape(wanted), np.asarray(wanted).dtype)
        np.testing.assert_array_equal(found, wanted)


EDGES = [
    ("(seq(float[N]) s, float[N] x) => (seq(float[N]) t) { t = SequenceInsert (s, x) }",
     {"s": [normal(2), normal(3)], "x": normal(4)}),
    ("(seq(float[N]) s) => (seq(float[N]) s2, int64 n) "
     "{ s2 = Identity (s) n = SequenceLength (s) }",
     {"s": [normal(2), normal(3)]}),
    ("(seq(float[N]) s, int64 p) => (float[N] x) { x = SequenceAt (s, p) }",
     {"s": [normal(2), normal(3)], "p": array(-1, "int64")}),
    ("(seq(string[N]) s, string[N] x) => (seq(string[N]) t) { t = SequenceInsert (s, x) }",
     {"s": [np.array(["a", "bc"], object)], "x": np.array(["d"], object)}),
    ("(seq(int64[N]) s) => (int64[M] y) { y = ConcatFromSequence <axis = 0> (s) }",
     {"s": [ints(1, 2), np.zeros(0, np.int64), ints(3)]}),
    ("(float[3, 4] x, int64[3] n) => (seq(float[A, B]) t) "
     "{ t = SplitToSequence <axis = 1> (x, n) }",
     {"x": normal(3, 4), "n": ints(2, 1, 1)}),
    ("(seq(float[A, B]) s, float[B] x) => (seq(float[A, B]) t) "
     "{ t = SequenceMap (s, x) < body = b (float[A, B] e, float[B] w) => (float[A, B] r) "
     "{ r = Mul (e, w) } > }",
     {"s": [normal(2, 3), normal(4, 3)], "x": normal(3)}),
    ("(seq(float[A]) s, seq(float[A]) r) => (seq(float[A]) t, seq(int64[B]) u) "
     "{ t, u = SequenceMap (s, r) < body = b (float[A] e, float[A] w) => (float[A] q, int64[B] z) "
     "{ q = Add (e, w)  z = Shape (q) } > }",
     {"s": [normal(2), normal(3)], "r": [normal(2), normal(3)]}),
    # a sequence as the state of a loop, and through a branch
    ("(float[N] x, int64 m) => (seq(float[N]) t) { e = SequenceConstruct (x) "
     "t = Loop (m, , e) < "
     "body = b (int64 i, bool c, seq(float[N]) s) => (bool c2, seq(float[N]) r) "
     "{ c2 = Identity (c)  zero = Constant <value = int64 {0}> ()  f = SequenceAt (s, zero) "
     "g = Add (f, f)  r = SequenceInsert (s, g) } > }",
     {"x": normal(3), "m": array(3, "int64")}),
    ("(float[N] x, bool c) => (seq(float[N]) t) { "
     "t = If (c) < then_branch = a () => (seq(float[N]) p) { p = SequenceConstruct (x, x) }, "
     "else_branch = b () => (seq(float[N]) q) { q = SequenceConstruct (x) } > }",
     {"x": normal(3), "c": array(False, bool)}),
]  # fmt: skip


@pytest.mark.parametrize("text, inputs", EDGES, ids=lambda v: v[:60] if isinstance(v, str) else "")
def test_sequences_come_in_and_go_out(text, inputs):
    model = parsed(f"g {text}")
    found = backend.run_model(model, inputs)
    for one, other in zip(found, Session(model)(inputs)):
        same(one, other)


def test_what_a_sequence_must_be():
    model = parsed(f"g {EDGES[0][0]}")
    x = normal(4)
    for given, words in (
        (x, "'s' is no list of arrays: the model wants a sequence"),
        ([x, x.astype(np.float64)], "element 1 of the array for the input 's' is float64"),
        ([x[None]], "the model wants the shape"),
    ):
        with pytest.raises(ModelError, match=words):
            backend.run_model(model, {"s": given, "x": x})


@pytest.mark.parametrize("text", [EDGES[0][0], EDGES[5][0]])
def test_a_symbol_has_no_sequences_at_its_edges(text):
    with pytest.raises(ConversionError, match="is a sequence|no tensor"):
        import_model(parsed(f"g {text}"), input_values={"n": ints(2, 1, 1)} if "n)" in text else {})


def test_a_node_on_sequences():
    node = helper.make_node("SequenceAt", ["s", "p"], ["y"])
    s = [normal(2), normal(3)]
    np.testing.assert_array_equal(backend.run_node(node, [s, np.int64(1)])[0], s[1])
    node = helper.make_node("SequenceConstruct", ["a", "b"], ["y"])
    same(backend.run_node(node, s)[0], s)


def test_a_position_that_symbols_must_know():
    model = parsed(f"g {EDGES[2][0]}".replace("seq(float[N]) s", "float[4] a, float[4] b")
                   .replace("{ x", "{ s = SequenceConstruct (a, b) x"))  # fmt: skip
    with pytest.raises(ConversionError, match="its input position must be known"):
        import_model(model)
    model.graph.initializer.append(numpy_helper.from_array(np.array(1), "p"))
    assert import_model(model)[0].list_outputs() == ["x_output"]
