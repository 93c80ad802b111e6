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

"""Import rows: branches, loops and scans."""

import mxnet as mx
import numpy as np
import onnx.parser
import pytest
from import_cases import array, bools, case, check, ints, known, normal, value
from mxnet.contrib.onnx import ConversionError, backend, import_model
from mxnet.contrib.onnx.errors import ConversionWarning
from mxnet.contrib.onnx.onnx2mx.translations import iterations
from mxnet.contrib.onnx.opset import history
from running import Session, run_gluon, run_module

_IF = """y = If (c) <
    then_branch = then_graph () => (float[A, B, C] t) { t = Relu (x) },
    else_branch = else_graph () => (float[A, B, C] e) { e = Neg (x) }
>"""
_PAIR = """y, z = If (c) <
    then_branch = t () => (float[N] a, int64 b) {
        a = Relu (x)  b = Constant <value = int64 {3}> ()
    },
    else_branch = e () => (float[N] x, int64 d) { d = Constant <value = int64 {4}> () }
>"""
CASES = []
for _version in history("If"):
    _from = {"as_opset": 11} if _version == 1 else {}
    for _taken in (True, False):
        for _c in (known(array(_taken, bool)), array(_taken, bool), array([_taken], bool)):
            CASES.append(case(_version, _IF, x=normal(2, 3, 4), c=_c, dynamic=True, **_from))
# ONNX Runtime refuses outer names as outputs of a subgraph.
CASES += [
    case(
        17,
        _PAIR,
        x=normal(5),
        c=_c,
        expected=lambda x, c: (
            np.maximum(x, 0) if c else x,
            np.int64(3 if c else 4),
        ),
    )  # fmt: skip
    for _c in (known(bools()), array(True, bool), array(False, bool))
]

#: States, an outer name, rows of rank 0 and 1, and one that is the same at every iteration.
_LOOP = """y, z, i, w = Loop (m, c, x) <
    body = b (int64 k, bool on, float[2, 3, 4] s) => (bool go, float[2, 3, 4] t, float[2, 3, 4] u,
        int64 l, float w) {
        w = Constant <value = float {1.5}> ()
        l = Identity (k)
        f = Cast <to = 1> (k)
        a = Mul (s, weight)
        t = Tanh (a)
        u = Add (t, f)
        go = Identity (on)
    }
>"""
_YES = known(array(True, bool))


def _loop(x, m, c, weight):
    rows = []
    for k in range(m):
        x = np.tanh(x * weight)
        rows.append(x + np.float32(k))
    return x, np.stack(rows), np.arange(m), np.full(m, 1.5, np.float32)


for _version in history("Loop"):
    _old = (
        _LOOP.replace("to = 1", 'to = "FLOAT"')
        .replace("Add (", "Add <broadcast = 1> (")
        .replace("Mul (", "Mul <broadcast = 1> (")
    )
    _text = _old if _version == 1 else _LOOP
    _how = {"expected": _loop} if _version == 1 else {}
    CASES.append(case(_version, _text, x=normal(2, 3, 4), m=known(array(3, "int64")), c=_YES,
                      weight=known(4), **_how))  # fmt: skip
CASES += [
    case(17, _LOOP, x=normal(2, 3, 4), m=m, c=_YES, weight=known(4))
    for m in (known(ints(2)), value(5), known(array(40, "int64")), known(array(1, "int64")))
]
CASES += [
    # a shadowed name, an input that is not read, and outputs that are inputs and outer names
    case(
        17,
        """y, z = Loop (m, c, x) <
            body = b (int64 k, bool on, float[4] w) => (bool on, float[4] w, float[4] x) { }
        >""",
        x=normal(4),
        m=known(array(m, "int64")),
        c=_YES,
        w=known(4),
        expected=lambda x, m, c, w: (x, np.stack([x] * int(m))),
    )  # fmt: skip
    for m in (2, 50)
]
#: Ends by a condition computed at run time.
_WHILE = """y, n = Loop (m, c, x, zero) <
    body = b (int64 k, bool on, float[3] s, float q) => (bool go, float[3] t, float r) {
        one = Constant <value = float {1}> ()
        r = Add (q, one)
        t = Mul (s, factor)
        largest = ReduceMax <keepdims = 0> (t)
        go = Less (largest, bound)
    }
>"""
_WORDS = {"zero": known(array(0.0)), "factor": known(array([1.5, 1.2, 1.1])),
          "bound": known(array(20.0))}  # fmt: skip
CASES += [
    case(17, _WHILE, x=array([1, 2, 3]), m=known(array(m, "int64")), c=c, **_WORDS)
    for m in (3, 12, 100)
    for c in (_YES, array(True, bool), array(False, bool))
]
#: A condition that is known; a state that grows; shapes that hang on the iteration.
_GROWS = """y, z = Loop (m, c, x) <
    body = b (int64 k, bool on, float[N] s) => (bool go, float[M] t, float[1] u) {
        limit = Constant <value = int64 {4}> ()
        go = Less (k, limit)
        axis = Constant <value = int64[1] {0}> ()
        one = Constant <value = int64[1] {1}> ()
        begin = Reshape (k, one)
        end = Add (begin, one)
        u = Slice (s, begin, end, axis)
        t = Concat <axis = 0> (s, u)
    }
>"""
CASES += [case(17, _GROWS, x=normal(2), m=known(array(m, "int64")), c=_YES) for m in (3, 9, 60)] + [
    case(17, _GROWS.replace("(m, c", "( , c"), x=normal(3), c=_YES)
]
#: Nested, with names from both outer graphs.
_NESTED = """y, z = Loop (m, c, x) <
    body = b (int64 k, bool on, float[2, 4] s) => (bool go, float[2, 4] t, float[2, 4] u) {
        go = Identity (on)
        zero = Constant <value = float[4] {0, 0, 0, 0}> ()
        r, u = Scan <
            num_scan_inputs = 1,
            body = inner (float[4] h, float[4] e) => (float[4] g, float[4] g2) {
                a = Add (h, e)  b = Mul (a, weight)  d = ReduceMean <keepdims = 0> (s)
                f = Add (b, d)  g = Tanh (f)  g2 = Neg (g)
            }
        > (zero, x)
        t = Add (s, r)
    }
>"""
CASES += [
    case(17, _NESTED, x=normal(2, 4), m=known(array(m, "int64")), c=_YES, weight=known(4))
    for m in (2, 34)
]

# -- scans -------------------------------------------------------------------------------------

_SCAN = """y, z, w = Scan <
    num_scan_inputs = 2, {more}
    body = b (float[3] h, float[3, 2] e, float d) => (float[3] g, float[3, 2] u, float v) {{
        axis = Constant <value = int64[1] {{1}}> ()
        total = ReduceSum <keepdims = 0> (e, axis)
        a = Add (h, total)  b = Mul (a, d)  g = Tanh (b)
        column = Unsqueeze (g, axis)
        u = Mul (column, e)
        v = ReduceMean <keepdims = 0> (u)
    }}
> (h, x, d)"""
_AXES = "scan_input_axes = [{0}, 0], scan_input_directions = [{1}, 0],"
_OUT = "scan_output_axes = [{0}, 0], scan_output_directions = [{1}, 1],"
for _length in (1, 4, 40):
    _h, _d = normal(3), normal(_length)
    for _axis, _shape in enumerate([(_length, 3, 2), (3, _length, 2), (3, 2, _length)]):
        for _turn in (0, 1):
            _more = _AXES.format(_axis - 3 * _turn, _turn) + _OUT.format(-1 - _axis, _turn)
            if _axis < 2:
                CASES.append(case(
                    17, _SCAN.format(more=_more), h=_h, x=normal(*_shape), d=_d,
                    dynamic=(_length,) if _length == 40 else False,
                ))  # fmt: skip
CASES += [
    case(v, _SCAN.format(more=""), h=normal(3), x=normal(4, 3, 2), d=normal(4))
    for v in history("Scan")
    if v >= 13
]
_SUMS = """y, z = Scan <
    num_scan_inputs = 1, {more}
    body = b (float[3, 2] h, float[3, 2] e) => (float[3, 2] g, float[3, 2] u) {{
        g = Add (h, e)  u = Neg (g)
    }}
> ({first} h, x)"""
CASES += [
    case(v, _SUMS.format(more="", first=""), h=normal(3, 2), x=normal(4, 3, 2)) for v in (9, 11)
]
# without states, and over bools
CASES += [
    case(
        17,
        """y = Scan <
            num_scan_inputs = 1, scan_input_axes = [1], scan_input_directions = [1],
            body = b (bool[3] e) => (bool[3] u) { u = Not (e) }
        > (x)""",
        x=bools(3, length),
    )
    for length in (5, 50)
]
for _more in ("", "directions = [1],"):
    for _batch in (2, 40):
        _lens = ints(*(1 + i % 5 for i in range(_batch)))
        CASES.append(case(8, _SUMS.format(more=_more, first=","), h=normal(_batch, 3, 2),
                          x=normal(_batch, 5, 3, 2)))  # fmt: skip
        CASES += [
            case(8, _SUMS.format(more=_more, first="n,"), n=_n, h=normal(_batch, 3, 2),
                 x=normal(_batch, 5, 3, 2))
            for _n in (known(_lens), _lens)
        ]  # fmt: skip

# -- refusals ----------------------------------------------------------------------------------

CASES += [
    case(
        17,
        """y = Loop ( , , x) <
            body = b (int64 k, bool on, float[2] s) => (bool on, float[2] t) { t = Add (s, s) }
        >""",
        x=normal(2), refused="it never ends",
    ),
    case(
        17,
        """y = Loop (m, , x) <
            body = b (int64 k, bool on, float[2] s, float q) => (bool on, float[2] t) {
                t = Neg (s)
            }
        >""",
        x=normal(2), m=known(array(3, "int64")), refused="takes 4 inputs",
    ),
    case(9, _SUMS.format(more="scan_input_axes = [3],", first=""), h=normal(3, 2),
         x=normal(4, 3, 2), refused="axis 3 is out of range"),
    case(9, _SUMS.format(more="scan_input_axes = [0, 1],", first=""), h=normal(3, 2),
         x=normal(4, 3, 2), refused="scan_input_axes has 2 entries for 1"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


LOOPS = [c for c in CASES if not c.refused and any(n in c.text for n in ("Loop (", "Scan <"))]


@pytest.mark.parametrize("case", LOOPS, ids=str)
def test_the_same_as_a_loop_of_mxnet(case, monkeypatch):
    monkeypatch.setattr(iterations, "MOST_UNROLLED", 0)
    check(case)


def parsed(text, opset=17):
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": {opset}]> {text}')


TRAINED = """g (float[3, 5, 2] x, float[3] h) => (float[3] y, float[3, 5, 2] z)
    <float[2] w = {0.5, -0.3}> {
        y, z = Scan <
            num_scan_inputs = 1, scan_input_axes = [1], scan_output_axes = [1],
            body = b (float[3] s, float[3, 2] e) => (float[3] t, float[3, 2] u) {
                axis = Constant <value = int64[1] {1}> ()
                a = Mul (e, w)  r = ReduceSum <keepdims = 0> (a, axis)
                c = Add (s, r)  t = Tanh (c)
                column = Unsqueeze (t, axis)  u = Mul (column, e)
            }
        > (h, x)
    }"""
MASKED = """g (float[3, 5, 2] x, float[3] h) => (float[3, 5, 2] y, float[3] z)
    <float[2] w = {0.5, -0.3}, int64 m = {9}> {
        z = Neg (h)
        y = Loop (m, , x) <
            body = b (int64 i, bool on, float[3, 5, 2] s) => (bool go, float[3, 5, 2] t) {
                a = Add (s, w)  t = Mul (a, s)
                largest = ReduceMax <keepdims = 0> (t)
                bound = Constant <value = float {50}> ()
                go = Less (largest, bound)
            }
        >
    }"""
CHOSEN = """g (float[3, 5, 2] x, float[3] h) => (float[3, 5, 2] y, float[3] z)
    <float[2] w = {0.5, -0.3}> {
        z = Neg (h)
        total = ReduceSum <keepdims = 0> (x)
        zero = Constant <value = float {0}> ()
        c = Less (total, zero)
        y = If (c) <
            then_branch = t () => (float[3, 5, 2] a) { a = Mul (x, w) },
            else_branch = e () => (float[3, 5, 2] b) { q = Mul (x, w)  b = Mul (q, x) }
        >
    }"""


@pytest.mark.parametrize("text", [TRAINED, MASKED, CHOSEN])
@pytest.mark.parametrize("unrolled", [32, 0])
def test_gradients_against_finite_differences(text, unrolled, monkeypatch):
    monkeypatch.setattr(iterations, "MOST_UNROLLED", unrolled)
    symbol, arg_params, _ = import_model(parsed(text))
    assert ("_foreach" in symbol.tojson()) == (unrolled == 0 and text is not CHOSEN)
    rng = np.random.default_rng(3)
    arrays = {"x": rng.standard_normal((3, 5, 2)) + 2, "h": rng.standard_normal(3)}
    arrays = {n: a.astype(np.float32) for n, a in arrays.items()}
    arrays["w"] = arg_params["w"].asnumpy()
    rest = {n: a for n, a in arg_params.items() if n != "w"}
    gradients = {n: mx.nd.zeros(a.shape) for n, a in arrays.items()}
    given = {n: mx.nd.array(a) for n, a in arrays.items()}
    executor = symbol.bind(mx.cpu(), {**given, **rest}, args_grad=gradients)
    weights = [rng.standard_normal(o.shape) for o in executor.forward(is_train=True)]
    executor.backward([mx.nd.array(w) for w in weights])

    def loss(name, place, step):
        moved = arrays[name].copy()
        moved[place] += step
        outputs = executor.forward(is_train=True, **{name: mx.nd.array(moved)})
        total = sum(float((o.asnumpy() * w).sum()) for o, w in zip(outputs, weights))
        executor.forward(is_train=True, **{name: given[name].copyto(mx.cpu())})
        return total

    found = {n: g.asnumpy() for n, g in gradients.items()}
    for name, array_ in arrays.items():
        original = arrays[name].copy()
        for place in list(np.ndindex(array_.shape))[::3]:
            slope = (loss(name, place, 1e-2) - loss(name, place, -1e-2)) / 2e-2
            executor.arg_dict[name][:] = original
            assert abs(slope - found[name][place]) <= 2e-2 * max(1, abs(slope)), (name, place)


@pytest.mark.parametrize("length", [4, 60])
def test_a_loop_in_module_and_gluon_and_from_files(length, tmp_path):
    model = parsed(TRAINED.replace("3, 5", f"3, {length}"))
    inputs = {"x": normal(3, length, 2), "h": normal(3)}
    wanted = Session(model)(inputs)
    for found in (run_module(*import_model(model), inputs), _by_gluon(model, inputs, tmp_path)):
        for one, other in zip(found, wanted):
            np.testing.assert_allclose(one, other, 1e-5, 1e-5)


def _by_gluon(model, inputs, folder):
    block = mx.contrib.onnx.import_to_gluon(model)
    plain = run_gluon(block, inputs.values())
    block.hybridize(static_alloc=True, static_shape=True)
    for one, other in zip(run_gluon(block, inputs.values()), plain):
        np.testing.assert_array_equal(one, other)
    block.export(str(folder / "net"))
    files = str(folder / "net-symbol.json"), list(inputs), str(folder / "net-0000.params")
    return run_gluon(mx.gluon.SymbolBlock.imports(*files), inputs.values())


# -- what only an eager run can follow ---------------------------------------------------------


COUNTED = """g (float[2] x, int64 m, bool c) => (float[2] y, float[n, 2] z) {
    y, z = Loop (m, c, x) <
        body = b (int64 i, bool on, float[2] s) => (bool go, float[2] t, float[2] u) {
            t = Add (s, s)  u = Neg (t)
            largest = ReduceMax <keepdims = 0> (t)
            bound = Constant <value = float {50}> ()
            go = Less (largest, bound)
        }
    >
}"""


@pytest.mark.parametrize("count", [0, 3, 100])
@pytest.mark.parametrize("on", [True, False])
def test_how_often_it_runs_is_decided_at_run_time(count, on):
    inputs = {"x": array([1, 2]), "m": array(count, "int64"), "c": array(on, bool)}
    found = backend.run_model(parsed(COUNTED), inputs)
    for one, other in zip(found, Session(parsed(COUNTED))(inputs)):
        np.testing.assert_array_equal(one, other)
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
    with pytest.raises(ConversionError, match="M must be known|how many rows it gives"):
        import_model(parsed(COUNTED), input_values={"m": inputs["m"]} if count and on else {})


def test_branches_of_different_shapes():
    text = """g (float[4] x, bool c) => (float[n] y) {
        y = If (c) <
            then_branch = t () => (float[1] a) { a = ReduceMax <keepdims = 1> (x) },
            else_branch = e () => (float[4] b) { b = Neg (x) }
        > }"""
    for taken in (True, False):
        inputs = {"x": normal(4), "c": array(taken, bool)}
        (found,) = backend.run_model(parsed(text), inputs)
        np.testing.assert_array_equal(found, Session(parsed(text))(inputs)[0])
    with pytest.raises(ConversionError, match=r"decides between float32 of \(1,\) and float32"):
        import_model(parsed(text))


def test_the_iterations_of_a_loop_may_be_a_size():
    """One Symbol, bound at several lengths."""
    text = """g (float[n, 3] x, float[3] h) => (float[3] y, float[n, 3] z) {
        shape = Shape (x)
        zero = Constant <value = int64 {0}> ()
        m = Gather (shape, zero)
        y, z = Loop (m, , h) <
            body = b (int64 i, bool on, float[3] s) => (bool go, float[3] t, float[3] u) {
                go = Identity (on)
                row = Gather (x, i)
                t = Add (s, row)  u = Mul (t, row)
            }
        > }"""
    imported = import_model(parsed(text))
    for length in (1, 7, 50):
        inputs = {"x": normal(length, 3), "h": normal(3)}
        wanted = Session(parsed(text))(inputs)
        shapes = {n: a.shape for n, a in inputs.items()}
        executor = imported[0].simple_bind(mx.cpu(), grad_req="null", **shapes)
        executor.copy_params_from(*imported[1:])
        outputs = executor.forward(**{n: mx.nd.array(a) for n, a in inputs.items()})
        for one, other in zip(outputs, wanted):
            np.testing.assert_allclose(one.asnumpy(), other, 1e-5, 1e-5)


def test_a_block_that_compiles_both_branches_at_one_size_and_runs_one_at_another():
    text = """g (int64[n, 4] x, bool c) => (int64[m, 4] y)
        <int64[4] w = {1, 2, 3, 4}, int64[2] shape = {2, 4}> {
            y = If (c) <
                then_branch = t () => (int64[n, 4] a) { a = Add (x, w) },
                else_branch = e () => (int64[2, 4] b) { r = Reshape (x, shape)  b = Sub (r, w) }
            >
        }"""
    block = mx.contrib.onnx.import_to_gluon(parsed(text))
    session = Session(parsed(text))
    for rows, taken in ((2, True), (3, True), (2, False), (3, True)):
        inputs = {"x": np.arange(rows * 4).reshape(rows, 4), "c": array(taken, bool)}
        given = [mx.nd.array(a.reshape(a.shape or (1,)), dtype=a.dtype) for a in inputs.values()]
        np.testing.assert_array_equal(block(*given).asnumpy(), session(inputs)[0])


@pytest.mark.parametrize("import_block", [False, True])
def test_loops_are_not_compiled_with_static_shapes(import_block, monkeypatch):
    """MXNet computes them in the wrong order then; what wraps them is told of it."""
    monkeypatch.setattr(iterations, "MOST_UNROLLED", 0)
    text = TRAINED if import_block else TRAINED.replace("[3, 5, 2] x", "[3, n, 2] x")
    block = mx.contrib.onnx.import_to_gluon(parsed(text))
    block.hybridize(static_alloc=True, static_shape=True)
    inputs = {"x": normal(3, 5, 2), "h": normal(3)}
    for _ in range(3):
        for one, other in zip(run_gluon(block, inputs.values()), Session(parsed(TRAINED))(inputs)):
            np.testing.assert_allclose(one, other, 1e-5, 1e-5)
    assert ("static_shape", True) not in block._flags
    with pytest.warns(ConversionWarning, match="must not be hybridised with static_shape"):
        block(mx.sym.var("x"), mx.sym.var("h"))


@pytest.mark.parametrize(
    "inner",
    [
        "u = Mul (last, s)",  # reverse writes its gradient over what is there
        "q = Add (s, x)  p = Mul (q, s)  v = Add (p, last)  u = Add (v, x)",
        "r = Sub (xs, s)  u = ReduceMean <axes = [0], keepdims = 0> (r)",
    ],
)
def test_gradients_of_what_a_body_reads_from_outside_add_up(inner, monkeypatch):
    text = f"""g (float[3] x, float[6, 3] xs) => (float[3] y, float[5, 3] z) <int64 m = {{5}}> {{
        y, z = Loop (m, , x) <
            body = b (int64 i, bool on, float[3] s) => (bool go, float[3] t, float[3] u) {{
                go = Identity (on)
                last, all = Scan <
                    num_scan_inputs = 1, scan_input_directions = [1],
                    body = c (float[3] h, float[3] e) => (float[3] g, float[3] f) {{
                        g = Identity (e)  f = Mul (e, x)
                    }}
                > (s, xs)
                {inner}
                t = Tanh (u)
            }}
        >
    }}"""
    arrays = {"x": normal(3), "xs": normal(6, 3)}
    found = []
    for unrolled in (32, 0):
        monkeypatch.setattr(iterations, "MOST_UNROLLED", unrolled)
        symbol, arg_params, aux_params = import_model(parsed(text))
        executor = symbol.simple_bind(mx.cpu(), x=(3,), xs=(6, 3))
        executor.copy_params_from(arg_params, aux_params)
        executor.forward(is_train=True, **{n: mx.nd.array(a) for n, a in arrays.items()})
        executor.backward([mx.nd.ones(o.shape) for o in executor.outputs])
        found.append({n: executor.grad_dict[n].asnumpy() for n in arrays})
    for name in arrays:
        np.testing.assert_allclose(found[1][name], found[0][name], 1e-4, 1e-4)


@pytest.mark.parametrize("count", [0, -3])
def test_a_loop_that_runs_not_even_once(count):
    text = """
    g (float[2] x, int64 m) => (float[2] y, float[N, 2] z) {
        y, z = Loop <body = b (int64 k, bool on, float[2] s) => (bool go, float[2] t, float[2] u) {
            go = Identity (on)
            t = Tanh (s)
            u = Exp (s)
        }> (m, , x)
    }
    """
    x = normal(2)
    y, z = backend.run_model(parsed(text), [x, array(count, "int64")])
    np.testing.assert_array_equal(y, x)
    assert z.shape == (0, 2)
