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
"""What rows get: operators by name, and ways to say sizes that vary, judged by running them."""

import mxnet as mx
import numpy as np
import pytest
from mxnet.contrib.onnx.errors import DynamicSizeError, InferenceError, TranslationError
from mxnet.contrib.onnx.onnx2mx.builders import NDArrayBuilder, SymbolBuilder
from mxnet.contrib.onnx.onnx2mx.context import Context, Names
from mxnet.contrib.onnx.onnx2mx.spelling import segments
from mxnet.contrib.onnx.onnx2mx.values import Dim, Known
from onnx import TensorProto, helper

N, S = Dim((2, 3, 5)), Dim((21, 1017, 337))


def context(samples=3):
    return Context(SymbolBuilder(samples))


def at_sizes(make, rank_sizes, sizes, dtype="float32"):
    """Run ``make(op, x)`` at run time for several sizes of N and S; gives (input, output) pairs."""
    op = context()
    x = op.builder.input("x", rank_sizes, np.dtype(dtype))
    op.hold(x)
    made = make(op, x)
    pairs = []
    for n, s in sizes:
        plain = {N: n, S: s}
        shape = tuple(plain.get(d, d) for d in rank_sizes)
        array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
        parameters = {
            k: mx.nd.array(p.array, dtype=p.array.dtype) for k, p in op.builder.parameters.items()
        }
        given = {k: parameters[k] for k in made.handle.list_arguments() if k in parameters}
        if "x" in made.handle.list_arguments():
            given["x"] = mx.nd.array(array, dtype=array.dtype)
        executor = made.handle.bind(mx.cpu(), given, grad_req="null")
        pairs.append((array, executor.forward()[0].asnumpy()))
    return pairs


SIZES = [(2, 21), (1, 7), (4, 40)]

RESHAPES = {
    "merge the first two": ((N, S, 4), lambda n, s: (n * s, 4)),
    "merge the last two": ((N, S, 4), lambda n, s: (n, s * 4)),
    "split the last": ((N, S, 12), lambda n, s: (n, s, 3, 4)),
    "split, one of them varies": ((N, S, 12), lambda n, s: (n, s * 3, 4)),
    "add an axis": ((N, S), lambda n, s: (n, 1, s, 1)),
    "drop axes": ((1, N, 1, S), lambda n, s: (n, s)),
    "all in one": ((N, S, 4), lambda n, s: (n * s * 4,)),
    "swap the pieces": ((S, N, 4), lambda n, s: (s, 4 * n)),
    "varying inside": ((N, 8, S), lambda n, s: (n, 2, 4, s)),
    "other factors": ((N, 4, S, 8), lambda n, s: (n, 8, s, 4)),
    "one varies, two new": ((6, S), lambda n, s: (2, 3, s)),
}


@pytest.mark.parametrize("name", RESHAPES)
def test_reshapes_to_sizes_that_vary(name):
    shape, target = RESHAPES[name]
    for given, made in at_sizes(lambda op, x: op.reshape(x, target(N, S)), shape, SIZES):
        plain = dict(zip(shape, given.shape))
        wanted = given.reshape(target(plain.get(N, 0), plain.get(S, 0)))
        assert np.array_equal(made, wanted)


def test_reshapes_that_cannot_be():
    op = context()
    x = op.builder.input("x", (N, 4), np.dtype("float32"))
    with pytest.raises(DynamicSizeError, match="only one of them varies"):
        op.reshape(x, (1, 4))
    with pytest.raises(InferenceError, match="cannot reshape"):
        op.reshape(x, (N, 5))


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "uint8", "bool"])
def test_expand(dtype):
    def make(op, x):
        return op.expand(op.slice_axis(x, axis=1, begin=0, end=1), (N, S, 3))

    def row(op, x):
        return op.expand(op.constant(np.array([1, 0, 1]).astype(dtype)), (N, S, 3))

    for given, made in at_sizes(make, (N, S, 3), SIZES, dtype if dtype != "bool" else "uint8"):
        assert np.array_equal(made, np.broadcast_to(given[:, :1], given.shape))
    for given, made in at_sizes(row, (N, S, 3), SIZES):
        assert made.dtype == dtype
        assert np.array_equal(made, np.broadcast_to(np.array([1, 0, 1]).astype(dtype), given.shape))


@pytest.mark.parametrize("shape", [(N, S), (S,), (3, N, 2)])
def test_full(shape):
    for given, made in at_sizes(lambda op, x: op.full(shape, 7, np.int64), (N, S), SIZES):
        plain = {N: given.shape[0], S: given.shape[1]}
        assert made.dtype == np.int64
        assert np.array_equal(made, np.full([plain.get(d, d) for d in shape], 7))


@pytest.mark.parametrize("dtype", ["int64", "int32", "float32", "float16"])
@pytest.mark.parametrize("held", ["float32", "float16", "int64", "uint8"])
def test_arange_counts_right_whatever_it_copies_the_size_from(dtype, held):
    """uint8 counts to 255 and float16 to 2048, which is not enough."""
    sizes = [(1, 2), (2, 300), (1, 3000)]
    for given, made in at_sizes(lambda op, x: op.arange(0, S, 1, dtype), (N, S), sizes, held):
        assert made.dtype == dtype
        assert np.array_equal(made, np.arange(given.shape[1]).astype(dtype))


def test_arange_of_fractions():
    def make(op, x):
        return op.arange(0.5, S * 0.5 + 0.5, 0.5, np.float32)

    for given, made in at_sizes(make, (N, S), SIZES, "int64"):
        assert np.allclose(made, 0.5 + 0.5 * np.arange(given.shape[1]))


CUTS = {
    "a clamp": (0, 128, 1),
    "a clamp beyond all samples": (0, 5000, 1),
    "the last": (-128, 2**63 - 1, 1),
    "the last beyond all samples": (-5000, 2**63 - 1, 1),
    "the last but one": (-128, -1, 1),
    "all but ends": (1, -1, 1),
    "every second": (0, 2**31, 2),
    "backwards": (-1, -(2**63), -1),
    "from the end": (S - 3, S, 1),
    "up to the end": (2, S - 1, 1),
}


@pytest.mark.parametrize("name", CUTS)
def test_cut(name):
    begin, end, step = CUTS[name]
    sizes = [(1, 7), (2, 130), (1, 300), (1, 6000)]
    for given, made in at_sizes(lambda op, x: op.cut(x, 1, begin, end, step), (N, S), sizes):
        size = given.shape[1]
        low, high = (b if isinstance(b, int) else size - (S - b) for b in (begin, end))
        high = None if high < -(2**62) else high
        assert np.array_equal(made, given[:, low:high:step])


@pytest.mark.parametrize("dtype", ["float32", "bool"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_cut_to_the_size_of_another_tensor(axis, dtype):
    """Position tables: the first S rows of a constant, along any of its axes."""
    table = (
        (np.arange(512) % 3 == 0).astype(dtype).reshape([-1 if a == axis else 1 for a in range(3)])
    )
    sample = Dim((21, 127, 97))

    op = context()
    x = op.builder.input("x", (N, sample), np.dtype("float32"))
    op.hold(x)
    made = op.cut(op.constant(table), axis, 0, sample)
    assert made.shape[axis] == sample
    name = made.handle.list_arguments()
    arrays = {
        n: mx.nd.array(p.array, dtype=p.array.dtype) for n, p in op.builder.parameters.items()
    }
    arrays["x"] = mx.nd.zeros((1, 40))
    executor = made.handle.bind(mx.cpu(), {n: arrays[n] for n in name}, grad_req="null")
    assert np.array_equal(executor.forward()[0].asnumpy(), np.take(table, range(40), axis))


@pytest.mark.parametrize("name", CUTS)
@pytest.mark.parametrize("shape", [(N, 2, 1, 3, S, 2), (N, 1, 2, 1, 1, 2, S), (S, 1, 2, 1, 3, 2)])
def test_cut_of_more_axes_than_mxnet_slices(shape, name):
    begin, end, step = CUTS[name]
    axis = shape.index(S)
    for given, made in at_sizes(
        lambda op, x: op.cut(x, axis, begin, end, step), shape, [(1, 7), (2, 130)]
    ):
        size = given.shape[axis]
        low, high = (b if isinstance(b, int) else size - (S - b) for b in (begin, end))
        high = None if high < -(2**62) else high
        place = tuple(
            slice(low, high, step) if a == axis else slice(None) for a in range(given.ndim)
        )
        assert np.array_equal(made, given[place])


def test_what_cannot_be_cut():
    op = context()
    x = op.builder.input("x", (N, S), np.dtype("float32"))
    op.hold(x)
    with pytest.raises(DynamicSizeError, match="cannot say"):
        op.cut(x, 1, 0, S // 2)
    assert op.cut(x, 1, 5, 5).shape == (x.shape[0], 0)


# -- emission ------------------------------------------------------------------------------------


def test_a_size_that_varies_is_no_attribute():
    op = context()
    x = op.builder.input("x", (N, S), np.dtype("float32"))
    with pytest.raises(DynamicSizeError, match="tile needs a fixed reps"):
        op.tile(x, reps=(1, N))


@pytest.mark.parametrize("attribute", [(2**31,), (-(2**31) - 1,)])
def test_numbers_that_mxnet_would_cut_off(attribute):
    op = context(1)
    x = op.builder.input("x", (1,), np.dtype("float32"))
    with pytest.raises(InferenceError, match="more than MXNet counts"):
        op.broadcast_axis(x, axis=(0,), size=attribute)


def test_mxnets_refusals_are_translated():
    op = context(1)
    x = op.builder.input("x", (2, 3), np.dtype("float32"))
    i = op.builder.input("i", (2, 3), np.dtype("int64"))
    with pytest.raises(InferenceError, match=r"_npi_matmul refuses the shapes \(2, 3\), \(2, 3\)"):
        op._npi_matmul(x, x)
    with pytest.raises(TranslationError, match="Concat refuses inputs of float32, int64"):
        op.Concat(x, i, dim=0, num_args=2)
    with pytest.raises(TranslationError, match="no operator Nonsense"):
        op.Nonsense(x)
    with pytest.raises(TranslationError, match="refuses its attributes"):
        op.Activation(x, act_type="nonsense")


@pytest.mark.parametrize(
    "kill",
    [
        lambda op, x: op.Convolution(x, x, kernel=(3, 3), num_filter=2, num_group=0, no_bias=True),
        lambda op, x: op.Pooling(x, kernel=(2, 2), stride=(0, 1)),
        lambda op, x: op.transpose(x, axes=(0, 0, 1, 2)),
        lambda op, x: op.Reshape(x, shape=(4, 2)),
    ],
)
def test_what_would_kill_the_process_is_refused(kill):
    for builder in (SymbolBuilder(1), NDArrayBuilder()):
        op = Context(builder)
        with pytest.raises(TranslationError):
            kill(op, op.constant(np.ones((2, 2, 3, 3), np.float32)))


def test_nodes_are_called_like_the_node_they_are_emitted_for():
    op = context(1)
    x = op.builder.input("x", (2, 3), np.dtype("float32"))
    with op.node("block/add", 1):
        y = op._npi_add_scalar(op.exp(x), scalar=1.0)
        op.name_after_node(y)
    with op.node("block/add", 1):
        z = op.exp(y)
        op.name_after_node(z)
    names = [n for n in z.handle.get_internals().list_outputs() if n != "x"]
    assert names == ["block/add_1_output", "block/add_output", "block/add_3_output"]


def test_names_are_unique_and_reserved_ones_are_kept_for_those_who_claim_them():
    names = Names(["w"])
    assert names.unique("w") == "w_1"
    assert names.unique("w", claim=True) == "w"
    assert names.unique("w", claim=True) == "w_2"
    assert [names.unique("a") for _ in range(3)] == ["a", "a_1", "a_2"]


# -- constants -----------------------------------------------------------------------------------


def test_equal_constants_are_one_variable():
    op = context(1)
    with op.node("n", 1):
        first, again = op.constant([1.5, 2.5]), op.constant([1.5, 2.5])
        other = op.constant(np.float32([1.5, 2.5]))
    assert first is again and other is not first
    assert list(op.builder.parameters) == ["n_const", "n_const_1"]


def test_constants_of_the_same_bytes_and_other_types_are_two():
    op = context()
    kinds = [helper.tensor_dtype_to_np_dtype(t) for t in (TensorProto.INT4, TensorProto.UINT4)]
    if kinds[0] == kinds[1]:
        pytest.skip("this onnx gives bits for int4")
    one, other = (op.constant(np.ones(2, kind)) for kind in kinds)
    assert (one.element, other.element) == tuple(map(np.dtype, kinds))


def test_what_is_known_is_a_variable_only_where_it_is_needed():
    op = context(1)
    known = Known("w", (np.ones((3, 4), np.float32),), trainable=True)
    assert not op.builder.parameters
    assert op.tensor(known) is op.tensor(known)
    assert op.builder.parameters["w"].trainable


def test_an_auxiliary_state_takes_the_name_and_an_argument_another():
    op = context(1)
    x = op.builder.input("x", (2, 3), np.dtype("float32"))
    mean = Known("mean", (np.zeros(3, np.float32),))
    used = op._npi_add(x, op.tensor(mean))
    assert op.auxiliary(op.tensor(mean)).handle.name == "mean_1"
    spare = Known("spare", (np.zeros(3, np.float32),))
    assert op.auxiliary(op.tensor(spare)).handle.name == "spare"
    assert op._npi_add(used, spare).handle.list_arguments() == ["x", "mean", "spare_1"]


@pytest.mark.parametrize(
    "array, words",
    [
        (np.zeros((0, 3), np.float32), "is empty"),
        (np.zeros(3, np.uint16), "uint16"),
        (np.broadcast_to(np.float64(0), (2**20, 2**20)), "more elements"),
    ],
)
def test_constants_that_mxnet_cannot_hold(array, words):
    with pytest.raises(TranslationError, match=words):
        context(1).builder.parameter("w", array)


def test_large_fills_are_made_at_run_time():
    op = context(1)
    known = Known("zeros", (np.broadcast_to(np.float32(0), (2**13, 2**13)),))
    assert op.tensor(known).shape == (2**13, 2**13) and not op.builder.parameters


@pytest.mark.parametrize(
    "number, carrier",
    [(4, "float32"), (2**24 + 1, "float64"), (2**53 + 1, "int64"), (-(2**63), "int64")],
)
def test_whole_numbers_ride_on_floats_where_all_variables_are_trained(number, carrier):
    op = Context(SymbolBuilder(1, floating=True))
    tensor = op.constant(np.array([3, number], np.int64))
    assert tensor.dtype == np.int64 and tensor.value.tolist() == [3, number]
    (parameter,) = op.builder.parameters.values()
    assert parameter.carrier == carrier and tensor.handle.infer_type()[1] == [np.int64]


# -- the eager builder -----------------------------------------------------------------------------


def test_the_same_calls_run_at_once():
    op = Context(NDArrayBuilder())
    x = op.builder.input("x", np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    y = op.cut(op.reshape(x, (6, 4)), 0, 1, -1)
    assert op.value(y).tolist() == np.arange(4, 20).reshape(4, 4).tolist()
    assert op.value(op.arange(0, 3, 1, np.int64)).tolist() == [0, 1, 2]
    assert op.builder.read(op.reshape(op.constant([5.0]), ())).shape == ()


def test_segments():
    assert segments((2, 3, 4), (6, 4)) == [((2, 3), (6,)), ((4,), (4,))]
    assert segments((N, S, 12), (N, S, 3, 4)) == [((N,), (N,)), ((S,), (S,)), ((12,), (3, 4))]
    assert segments((1, 4), (4, 1)) == [((1, 4), (4, 1))]
