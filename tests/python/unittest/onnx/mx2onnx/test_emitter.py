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
"""What rows write with: arguments by name, numbers as constants, folding, and refusals."""

import numpy as np
import pytest
from mxnet.contrib.onnx import TranslationError
from mxnet.contrib.onnx.errors import InferenceError
from mxnet.contrib.onnx.mx2onnx.emitter import Emitter
from mxnet.contrib.onnx.mx2onnx.inference import TensorType
from mxnet.contrib.onnx.mx2onnx.tensors import Tensor
from mxnet.contrib.onnx.opset import TARGET_OPSETS
from onnx import helper

F32, I64 = np.dtype(np.float32), np.dtype(np.int64)


def emitter(opset=17, **inputs):
    """An emitter with inputs: name to sizes, of float32, or to (dtype, sizes)."""
    return Emitter(
        opset,
        {
            name: TensorType(np.dtype(given[0]), given[1])
            if isinstance(given[0], str) and isinstance(given[1], tuple)
            else TensorType(F32, given)
            for name, given in inputs.items()
        },
    )


def attributes(node):
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


# arguments


@pytest.mark.parametrize("opset, is_input", [(11, False), (12, False), (13, True), (17, True)])
def test_a_value_by_name_is_attribute_or_input_as_the_opset_has_it(opset, is_input):
    op = emitter(opset, x=("N", 3))
    op.ReduceSum("x", axes=[1], keepdims=0)
    (node,) = op.nodes
    assert ("axes" in attributes(node)) is not is_input
    assert len(node.input) == (2 if is_input else 1)
    if is_input:
        assert op.tensor(node.input[1]).read().tolist() == [1]


def test_defaults_and_none_are_not_written():
    op = emitter(x=(1, 3, 8, 8))
    op.MaxPool("x", kernel_shape=[2, 2], ceil_mode=0, strides=None, storage_order=0)
    assert attributes(op.nodes[0]) == {"kernel_shape": [2, 2]}
    op.LeakyRelu("x", alpha=0.01)  # as a float32 it is the default
    assert not op.nodes[1].attribute


def test_numbers_take_the_dtype_of_their_neighbours():
    op = emitter(x=("float64", (2,)), i=("int32", (2,)))
    for value, dtype in (("x", "float64"), ("i", "int32")):
        op.Mul(2, value)
        assert op.dtype(op.nodes[-1].input[0]) == dtype


def test_required_inputs_that_are_left_out_are_empty():
    op = emitter(11, x=(1, 1, 2, 2))
    op.Resize("x", scales=np.float32([1, 1, 2, 2]))
    assert op.dims(op.nodes[0].input[1]) == (0,)


def test_outputs_are_a_tuple_where_there_are_several():
    op = emitter(x=(4, 6))
    parts = op.Split("x", axis=1, outputs=3)
    assert [op.dims(p) for p in parts] == [(4, 2)] * 3
    op = emitter(18, x=(4, 6))
    op.Split("x", axis=1, outputs=3)
    assert attributes(op.nodes[0])["num_outputs"] == 3  # since 18 it says how many there are


def test_names_follow_the_scope():
    op = emitter(x=(2,))
    with op.within("block1/act"):
        assert op.Relu("x") == "block1/act/Relu"
        assert op.Relu("x") == "block1/act/Relu_2"
    with op.within("other"):
        assert op.Relu("x") == "other/Relu"


def test_what_python_asks_objects_for_is_no_operator():
    with pytest.raises(AttributeError):
        emitter().shape  # noqa: B018
    assert not hasattr(emitter(), "__array__")


# refusals

REFUSED = {
    "an operator that comes later": (lambda op: op.Gelu("x"), 17, "Gelu is in ONNX since opset 20"),
    "no operator at all": (lambda op: op.Swash("x"), 17, "ONNX has no operator Swash"),
    "a retired operator": (lambda op: op.Upsample("x"), 17, "ONNX has no operator Upsample"),
    "an argument that comes later": (
        lambda op: op.BatchNormalization("x", "x", "x", "x", "x", training_mode=1),
        11,
        "'training_mode' since opset 14; give opset_version=14",
    ),
    "no argument at all": (lambda op: op.Relu("x", slope=1), 17, "Relu-14 has no 'slope'"),
    "a dtype that comes later": (
        lambda op: op.Relu("i"),
        13,
        "Relu-13 takes no int32 for 'X'; it does since opset 14",
    ),
    "a dtype that never comes": (lambda op: op.Exp("i"), 17, "Exp-13 takes no int32 for 'input'$"),
    "dtypes that differ": (
        lambda op: op.Add("x", "d"),
        17,
        "Add takes operands of one dtype; 'x' is of float32, 'd' of float64 .in_types=",
    ),
    "too few inputs": (lambda op: op.Add("x"), 17, "Add-14 takes 2 to 2 inputs, not 1"),
    "too many outputs": (lambda op: op.Relu("x", outputs=2), 17, "1 to 1 outputs, not 2"),
    "sizes that contradict": (lambda op: op.Add("x", "y"), 17, "[Ii]ncompatible dimensions"),
    "an axis outside": (lambda op: op.axis("x", 2), 17, "axis 2 is outside of the 2 axes of 'x'"),
    "an input that is too small": (
        lambda op: op.MaxPool("image", kernel_shape=[7, 7]),
        17,
        r"MaxPool would give the shape \(1, 3, 0, 0\)|too small",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_say_what_and_since_when(case):
    write, opset, words = REFUSED[case]
    op = emitter(
        opset, x=(2, 3), y=(2, 4), i=("int32", (2,)), d=("float64", (2, 3)), image=(1, 3, 6, 6)
    )
    with pytest.raises(TranslationError, match=words):
        write(op)
    assert not op.nodes


# constants and folding


def test_equal_small_constants_are_one():
    op = emitter()
    assert op.constant([1, 2], I64) == op.constant(np.array([1, 2]))
    assert op.constant([1, 2], I64) != op.constant([1, 2], F32) != op.constant([[1, 2]], F32)


@pytest.mark.parametrize("opset", TARGET_OPSETS)
def test_arithmetic_on_constants_is_done_at_once(opset):
    """At every opset: the folding table must have a row for the version in force."""
    op = emitter(opset)
    a, b = op.constant([6, 8, 10]), op.constant([2, 2, 3])
    results = {
        op.Add(a, b): [8, 10, 13],
        op.Sub(a, b): [4, 6, 7],
        op.Mul(a, b): [12, 16, 30],
        op.Div(a, b): [3, 4, 3],
        op.Gather(a, op.constant([2, 0])): [10, 6],
        op.Concat(a, b, axis=0): [6, 8, 10, 2, 2, 3],
        op.Slice(a, starts=[1], ends=[3]): [8, 10],
        op.ReduceProd(a, axes=[0], keepdims=0): 480,
        op.Squeeze(op.Unsqueeze(a, axes=[0]), axes=[0]): [6, 8, 10],
        op.Reshape(a, shape=[3, 1]): [[6], [8], [10]],
        op.Transpose(op.Reshape(a, shape=[3, 1]), perm=[1, 0]): [[6, 8, 10]],
        op.Cast(a, to=1): [6.0, 8.0, 10.0],
        op.Neg(a): [-6, -8, -10],
    }
    for name, expected in results.items():
        assert op.tensor(name).read().tolist() == expected
    assert not op.nodes


def test_known_sizes_are_constants_and_named_ones_are_nodes():
    op = emitter(x=("N", 3, 4))
    shape = op.Shape("x")
    assert len(op.nodes) == 1
    assert op.tensor(op.Gather(shape, op.constant([2, 1]))).read().tolist() == [4, 3]
    assert op.tensor(op.Gather(shape, op.constant(1), axis=0)).read().shape == ()
    assert op.tensor(op.Gather(shape, op.constant([0]))) is None
    assert op.tensor(op.Slice(shape, starts=[1], ends=[3])).read().tolist() == [3, 4]
    assert op.tensor(op.Shape(op.Transpose("x", perm=[1, 2, 0]))) is None
    assert op.tensor(op.Shape(op.constant(np.zeros((2, 5))))).read().tolist() == [2, 5]


def test_large_constants_are_computed_when_they_are_read():
    reads = []

    def read():
        reads.append(1)
        return np.arange(2000, dtype=np.float32).reshape(40, 50)

    op = emitter()
    x = op.constant(Tensor((40, 50), F32, read), name="weight")
    y = op.Transpose(op.Reshape(x, shape=[50, 40]), perm=[1, 0])
    assert not reads and not op.nodes
    expected = np.arange(2000, dtype=np.float32).reshape(50, 40).T
    np.testing.assert_array_equal(op.tensor(y).read(), expected)


def test_a_range_of_joined_weights_is_read_alone():
    """As the recurrent layer does, whose weights MXNet packs into one vector."""
    reads = []

    def weight(k):
        array = np.arange(3000, dtype=np.float32).reshape(30, 100) + 3000 * k

        def part(begin, end):
            reads.append((k, begin, end))
            return array.reshape(-1)[begin:end]

        return Tensor((30, 100), F32, lambda: part(0, 3000).reshape(30, 100), None, part)

    op = emitter()
    weights = [op.constant(weight(k), name=f"w{k}") for k in range(3)]
    joined = op.tensor(op.Concat(*(op.Reshape(w, shape=[-1]) for w in weights), axis=0))
    assert joined.part(10, 20).tolist() == list(range(10, 20))
    assert joined.part(2998, 6002).tolist() == list(range(2998, 6002))
    assert reads == [(0, 10, 20), (0, 2998, 3000), (1, 0, 3000), (2, 0, 2)]
    assert joined.read().tolist() == list(range(9000)) and joined.part(5, 5).size == 0


def test_what_cannot_wait_is_computed_at_once_or_stays():
    """A fold may decline; when the file is written it is too late for that."""
    op = emitter()
    large = op.constant(Tensor.of(np.arange(2000.0)), name="large")
    assert op.tensor(op.CumSum(large, op.constant(0))).read()[-1] == 1999000
    huge = Tensor((2**27,), F32, lambda: pytest.fail("read too early"))
    op.CumSum(op.constant(huge, name="huge"), op.constant(0))
    op.Add(op.constant(huge, name="huge"), 1.0)
    assert [n.op_type for n in op.nodes] == ["CumSum", "Add"]
    assert op.tensor(op.Reshape(op.constant(huge, name="huge"), shape=[2, -1])) is not None


def test_folding_leaves_the_caller_s_arrays_alone():
    array = np.arange(6, dtype=np.float32)
    op = emitter()
    x = op.constant(Tensor.of(array), name="w")
    assert op.tensor(op.Mul(op.Reshape(x, shape=[2, 3]), 2.0)).read().tolist() != [[]]
    with pytest.raises(ValueError, match="read-only"):
        op.tensor(x).read()[0] = 5
    assert array.tolist() == [0, 1, 2, 3, 4, 5] and array.flags.writeable


def test_what_would_grow_stays_a_node():
    op = emitter()
    op.Expand(op.constant(np.float32(1)), op.constant([1000, 1000]))
    assert [n.op_type for n in op.nodes] == ["Expand"]


def test_computed_and_derived_constants():
    op = emitter()
    with op.within("layer"):
        x = op.computed((2,), F32, lambda: np.float32([1, 2]), "w")
    assert x == "layer/w"
    y = op.derived(x, lambda a: a[:1] * 3, shape=(1,), dtype=np.float64)
    assert op.tensor(y).read().tolist() == [3.0] and op.dtype(y) == np.float64


def test_graph_and_tensor_attributes():
    op = emitter(9 + 2, n=("int64", (1,)))
    op.ConstantOfShape("n", value=np.int64([7]))
    assert attributes(op.nodes[0])["value"].data_type == 7


# zeros whose size MXNet infers from the reader


def test_a_stand_in_stretches_where_it_broadcasts():
    op = emitter(x=("N", 6), w=(6, 6))
    zeros = op.filled((0, 6), 0, F32)
    assert op.dims(zeros) == (1, 6) and op.is_unsized(zeros)
    hidden = op.Gemm(zeros, op.constant(np.ones((6, 6), np.float32)))
    assert op.is_unsized(hidden)
    assert not op.is_unsized(op.Add("x", hidden))
    assert op.is_unsized(op.Add(zeros, 1.0))  # folded, and still without its size


@pytest.mark.parametrize(
    "use",
    [
        lambda op, zeros: op.Concat(zeros, "x", axis=0),
        lambda op, zeros: op.Reshape(zeros, shape=[-1]),
        lambda op, zeros: op.Shape(zeros),
        lambda op, zeros: op.Reshape(op.Add(zeros, 1.0), shape=[-1]),
        lambda op, zeros: op.Softmax(zeros, axis=0),
        lambda op, zeros: op.MatMul(zeros, op.Transpose("x", perm=[1, 0])),
    ],
)
def test_a_stand_in_is_refused_where_it_does_not(use):
    op = emitter(x=("N", 6))
    with pytest.raises(TranslationError, match="MXNet infers from its readers"):
        use(op, op.filled((0, 6), 0, F32))


def test_a_convolution_takes_a_stand_in_for_the_batch_alone():
    op = emitter()
    weight = op.constant(np.ones((4, 2, 3), np.float32))
    assert op.is_unsized(op.Conv(op.filled((0, 2, 6), 1, F32), weight))
    with pytest.raises(TranslationError, match="Conv does not broadcast it"):
        op.Conv(op.filled((0, 2, 0), 1, F32), op.constant(np.ones((4, 2, 1), np.float32)))


def test_rows_times_a_weight_that_is_an_input_keep_the_stand_in():
    op = emitter(x=("N", 6), weight=(4, 6))
    assert op.is_unsized(op.Gemm(op.filled((0, 6), 1, F32), "weight", transB=1))
    with pytest.raises(TranslationError, match="Gemm does not broadcast it"):
        op.Gemm("x", op.filled((0, 6), 1, F32), transB=1)


def test_what_is_filled_like_a_stand_in_is_one():
    op = emitter(x=("N", 6), w=(6, 6))
    ones = op.filled_like(op.filled((0, 6), 0, F32), 1)
    assert op.is_unsized(ones) and op.dims(ones) == (1, 6)
    assert not op.is_unsized(op.filled_like("x", 1)) and op.type(op.filled_like("x", 1)).is_known


def test_a_filling_of_known_size_is_an_ordinary_constant():
    op = emitter()
    assert not op.is_unsized(op.filled((2, 6), 1, F32))


# operators of other domains


def test_an_operator_of_the_user_s_own():
    op = emitter(x=("N", 6))
    kind = TensorType(F32, ("N", 2))
    with op.within("node"):
        y = op.custom("com.acme", "Swirl", "x", None, np.float32([1]), outputs=[kind], turns=3)
    (node,) = op.nodes
    assert (node.domain, node.op_type, op.type(y)) == ("com.acme", "Swirl", kind)
    assert node.input[1] == "" and attributes(node) == {"turns": 3}
    assert op.domains == {"com.acme"}
    assert op.dims(op.Relu(y)) == (None, 2)


def test_inference_errors_are_refusals():
    op = emitter(x=(2, 3, 4))
    with pytest.raises(InferenceError):
        op.MatMul("x", op.constant(np.zeros((5, 2), np.float32)))
