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
"""Which sizes are tried, and how the importer tells what hangs on them."""

import itertools

import mxnet as mx
import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx import ConversionWarning, import_model
from mxnet.contrib.onnx.errors import ConversionError, DynamicSizeError, InferenceError
from mxnet.contrib.onnx.onnx2mx.fitting import Fitting
from mxnet.contrib.onnx.onnx2mx.import_model import translate
from mxnet.contrib.onnx.onnx2mx.sampling import MOST_DIMENSIONS, Dimension, ladder
from mxnet.contrib.onnx.translation import TranslationTable
from onnx import numpy_helper
from running import Session, assert_close, run_module

BATCH, HEIGHT, WIDTH = Dimension("N", True), Dimension("H", False), Dimension("W", False)


def parse(text, opset=17):
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]>\n{text}')


# -- the ladder --------------------------------------------------------------------------------


def test_sizes_keep_dimensions_apart_and_are_multiples_of_the_step():
    many = [BATCH, *(Dimension(f"d{i}", False) for i in range(MOST_DIMENSIONS - 1))]
    for rung in itertools.islice(ladder(many, {}), 32):
        for sizes in (rung.sizes, rung.others):
            assert len(set(sizes.values())) == len(sizes)
            for sample in range(3):
                lengths = [t[sample] for n, t in sizes.items() if n != "N"]
                assert len(set(lengths)) == len(lengths)
            assert all(n % rung.step == 0 and n > 0 for n in lengths)
            assert all(len(set(t)) == 3 for t in sizes.values())


def test_the_first_rung_is_wide_and_both_odd_and_even():
    first = next(ladder([BATCH, HEIGHT, WIDTH], {}))
    for name in "HW":
        assert min(first.sizes[name]) < 30 and max(first.sizes[name]) > 1000
        assert {n % 2 for n in first.sizes[name]} == {0, 1}
    assert max(first.sizes["N"]) < 10 and first.sizes["N"] != first.others["N"]


def test_chosen_sizes_are_kept():
    for rung in itertools.islice(ladder([BATCH, HEIGHT], {"H": (8, 16, 40)}), 50):
        assert rung.sizes["H"] == (8, 16, 40) and sorted(rung.others["H"]) == [8, 16, 40]


def test_a_first_axis_may_be_no_batch_after_all():
    assert any(max(r.sizes["N"]) > 1000 for r in ladder([BATCH, HEIGHT], {}))


def test_one_rung_is_short():
    """Sizes that a table of 64 positions has room for."""
    assert any(max(r.sizes["H"] + r.sizes["W"]) < 64 for r in ladder([BATCH, HEIGHT, WIDTH], {}))


# -- networks that accept some sizes only ------------------------------------------------------

POSITIONS = """
g (int64[N, T] x) => (float[N, T, 4] y) <int64 zero = {0}, int64 one = {1}> {
  length = Shape <start = 1, end = 2> (x)
  last = Squeeze(length)
  places = Range(zero, last, one)
  words = Gather(table, x)
  positions = Gather(table, places)
  y = Add(words, positions)
}"""


def test_a_short_table_of_positions_keeps_the_length_open(rng):
    model = parse(POSITIONS)
    table = rng.normal(size=(64, 4)).astype(np.float32)
    model.graph.initializer.append(numpy_helper.from_array(table, "table"))
    symbol, arg_params, aux_params = import_model(model)
    for shape in ((1, 1), (2, 64)):
        x = {"x": rng.integers(0, 64, size=shape)}
        assert_close(run_module(symbol, arg_params, aux_params, x), Session(model)(x))


UNET = """
g (float[N, 1, H, W] x) => (float[N, 2, H, W] y) <float[4] up = {{1, 1, {s}, {s}}}> {{
  d = MaxPool <kernel_shape = [{s}, {s}], strides = [{s}, {s}]> (x)
  u = Resize <mode = "nearest", coordinate_transformation_mode = "asymmetric",
              nearest_mode = "floor"> (d, , up)
  y = Concat <axis = 1> (x, u)
}}"""


@pytest.mark.parametrize("step", [2, 8, 32])
def test_the_step_of_a_network_is_found(step, rng):
    model = parse(UNET.format(s=step))
    imported = translate(model)
    assert imported.step == step and imported.rungs > 1
    symbol, arg_params, aux_params = import_model(model)
    session = Session(model)
    for height, width in ((step, 3 * step), (4 * step, step)):
        x = {"x": rng.normal(size=(1, 1, height, width)).astype(np.float32)}
        assert_close(run_module(symbol, arg_params, aux_params, x), session(x))


FLAT = """
g (float[N, 2, H, W] x) => (float[N, 5] y) {
  p = ReduceMean <axes = [3], keepdims = 0> (x)
  f = Flatten(p)
  y = MatMul(f, w)
}"""


def flat():
    model = parse(FLAT)
    model.graph.initializer.append(numpy_helper.from_array(np.ones((96, 5), np.float32), "w"))
    return model


def test_the_dimension_to_blame_is_named_with_a_size_that_helps():
    with pytest.raises(InferenceError) as caught:
        translate(flat())
    assert "With 'H' fixed it does, for example at 48: sizes={'H': 48}" in str(caught.value)
    assert "MatMul" in str(caught.value)
    assert list(translate(flat(), sizes={"H": 48}).sizes) == ["N", "W"]


def test_a_position_table_bounds_the_samples_and_is_no_obstacle(rng):
    text = """
    g (float[N, S, 4] x) => (float[N, S, 4] y)
    <int64[1] z = {0}, int64[1] o = {1}, int64[1] t = {2}> {
      s = Shape(x) n = Slice(s, o, t) p = Slice(table, z, n, o) y = Add(x, p)
    }"""
    model = parse(text)
    table = rng.normal(size=(1, 512, 4)).astype(np.float32)
    model.graph.initializer.append(numpy_helper.from_array(table, "table"))
    symbol, arg_params, aux_params = import_model(model)
    for size in (1, 9, 512):
        x = {"x": rng.normal(size=(2, size, 4)).astype(np.float32)}
        assert_close(run_module(symbol, arg_params, aux_params, x), Session(model)(x))


# -- what cannot be said -----------------------------------------------------------------------

HEAD = """
g (float[N, S] x) => (float[N, T] y)
<int64[1] z = {0}, int64[1] o = {1}, int64[1] t = {2}, int64[3] p = {0, 0, 0}, int64[1] l = {%s}>
{ s = Shape(x) n = Slice(s, o, t) """
UNSAYABLE = {
    "half of it": HEAD % 2 + "m = Div(n, l) y = Slice(x, z, m, o) }",
    "at most 64": HEAD % 64 + "m = Min(n, l) y = Slice(x, z, m, o) }",
    "up to a multiple": HEAD % 8 + "m = Mod(n, l) q = Concat <axis = 0> (p, m) y = Pad(x, q) }",
}


@pytest.mark.parametrize("name", UNSAYABLE)
def test_sizes_that_cannot_be_said_are_refused_with_the_remedy(name):
    with pytest.raises(DynamicSizeError) as caught:
        translate(parse(UNSAYABLE[name]))
    text = str(caught.value)
    assert "sizes={'N': ..., 'S': ...}" in text and "input_shapes=" in text and "S = " in text
    assert translate(parse(UNSAYABLE[name]), input_shapes={"x": (2, 40)}).sizes == {}


def test_a_batch_that_is_baked_in_is_refused():
    model = parse(
        "g (float[N, 4] x) => (float[1, 4] y) <int64[2] r = {1, 4}> { y = Reshape(x, r) }"
    )
    with pytest.raises(InferenceError, match=r"at 1: sizes=\{'N': 1\}(.|\n)*Reshape"):
        translate(model)
    assert translate(model, sizes={"N": 1}).output_shapes == [(1, 4)]


def test_a_batch_that_is_baked_in_is_found_before_other_sizes_are_tried(monkeypatch):
    """With the network's multiples of 32 on top, which the batch is not to blame for."""
    text = UNET.format(s=32).replace("y = Concat", "y = Reshape(c, b)\n  c = Concat")
    model = parse(text.replace("<float[4]", "<int64[4] b = {1, 2, 0, 0}, float[4]"))
    tried = []
    translated = Fitting._translated
    monkeypatch.setattr(
        Fitting, "_translated", lambda *args, **more: tried.append(1) or translated(*args, **more)
    )
    with pytest.raises(InferenceError, match=r"With 'N' fixed it does, for example at 1"):
        translate(model)
    assert 21 < len(tried) < 50


def test_inputs_too_large_in_a_sample_are_no_end_of_the_search(rng):
    """A slice is the first to see the input: it can be said, at other sizes than the first."""
    model = parse("""
    g (float[N, S, 1024, 1024] x) => (float[N, S, 1, 1024] y)
    <int64[1] b = {3}, int64[1] e = {4}, int64[1] a = {2}> { y = Slice(x, b, e, a) }""")
    imported = translate(model)
    assert imported.rungs == 2 and max(imported.sizes["S"]) < 200


def test_dimensions_that_are_one_and_named_apart():
    model = parse("g (float[N, 4] x, float[M, 4] z) => (float[N, 4] y) { y = Mul(x, z) }")
    with pytest.raises(InferenceError, match="one name by input_shapes"):
        translate(model)
    assert list(translate(model, input_shapes={"z": ("N", 4)}).sizes) == ["N"]


def test_a_symbol_that_depends_on_the_samples_is_refused():
    """A row that reads a size where it should not: other samples give another symbol."""
    own = TranslationTable()

    @own.op("Relu", versions=(14,))
    def relu(op, x):
        return op._npi_add_scalar(x, scalar=float(x.shape[0].sizes[0]))

    model = parse("g (float[N, 2] x) => (float[N, 2] y) { y = Relu(x) }")
    with pytest.raises(DynamicSizeError, match="something else at other sizes"):
        translate(model, translations=own)


# -- assumptions -------------------------------------------------------------------------------

ASSUMED = {
    "equals one": (
        "g (float[N, S] x) => (float[N, S] y) <int64[1] z = {0}, int64[1] o = {1}>"
        "{ s = Shape(x) n = Slice(s, z, o) q = Equal(n, o) c = Cast <to = 1> (q) y = Add(x, c) }",
        "Equal node 'q' gives [False]",
    ),
    "at most 4096": (
        HEAD % 4096 + "m = Min(n, l) y = Slice(x, z, m, o) }",
        "Min node 'm' gives [S]",
    ),
}


@pytest.mark.parametrize("name", ASSUMED)
def test_choices_that_fell_alike_are_told(name):
    text, told = ASSUMED[name]
    assert told in translate(parse(text)).assumptions[0]
    with pytest.warns(ConversionWarning) as caught:
        import_model(parse(text))
    assert told in str(caught[0].message) and "N = 2, 3, 5" in str(caught[0].message)
    assert caught[0].filename == __file__


def test_a_threshold_among_the_sizes_that_are_told_to_try_shows():
    text, _ = ASSUMED["at most 4096"]
    with pytest.raises(DynamicSizeError):
        translate(parse(text), sizes={"S": (20, 5000, 9000)})
    assert not translate(parse(text), sizes={"S": 100, "N": 1}).assumptions


QUIET = {
    "comparison with -1": """
        g (float[N, S] x) => (float[N, S] y) <int64[2] m = {-1, -1}, int64[2] o = {1, 1}> {
          s = Shape(x) q = Equal(s, m) e = Where(q, o, s) y = Expand(x, e)
        }""",
    "causal mask": """
        g (float[N, S] x) => (float[S, S] y)
        <int64 z = {0}, int64 o = {1}, int64[1] a = {0}, int64[1] b = {1}, float f = {-9},
         float h = {0}> {
          s = Shape(x) n = Gather(s, o) r = Range(z, n, o)
          i = Unsqueeze(r, a) j = Unsqueeze(r, b) m = Less(j, i) y = Where(m, f, h)
        }""",
    "scores by the square root": """
        g (float[N, S] x) => (float[N, S] y) <int64 o = {1}> {
          s = Shape(x) n = Gather(s, o) f = Cast <to = 1> (n) q = Sqrt(f) y = Div(x, q)
        }""",
}  # fmt: skip


@pytest.mark.parametrize("name", QUIET)
def test_no_false_alarm(name, rng, recwarn):
    model = parse(QUIET[name])
    symbol, arg_params, aux_params = import_model(model)
    assert not [w for w in recwarn if issubclass(w.category, ConversionWarning)]
    for shape in ((1, 1), (2, 7), (1, 300)):
        x = {"x": rng.normal(size=shape).astype(np.float32)}
        assert_close(run_module(symbol, arg_params, aux_params, x), Session(model)(x))


def test_import_says_nothing_of_its_own_on_the_streams(capfd):
    with pytest.raises(ConversionError):
        translate(flat())
    mx.nd.waitall()
    assert capfd.readouterr() == ("", "")
