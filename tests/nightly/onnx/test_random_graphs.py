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
"""Random small networks, out and back: one may be refused, none may come with wrong numbers."""

import os

import hypothesis
import mxnet as mx
import numpy as np
from hypothesis import strategies as st
from mxnet.contrib.onnx import ConversionError, export_model, import_model
from running import TOLERANCE, Session, assert_close, deviation, opsets, run_module, run_symbol

#: Graphs to try; what fails is printed as a list of steps, and kept by hypothesis for the next run.
EXAMPLES = int(os.environ.get("ONNX_TEST_RANDOM_GRAPHS", 1000))

small, side = st.integers(1, 3), st.integers(0, 3)


def options(**choices):
    """A dict of keywords, each drawn from a strategy or a list of values."""
    return st.fixed_dictionaries(
        {
            k: v if isinstance(v, st.SearchStrategy) else st.sampled_from(v)
            for k, v in choices.items()
        }
    )


def pair(*values):
    return st.tuples(st.sampled_from(values), st.sampled_from(values))


axes = st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True).map(sorted).map(tuple)

#: MXNet operator to the keywords that it is tried with, for inputs of rank 4. None jumps: where
#: rounding decides on which side of a step or a pole a number lies, no two runtimes agree.
STEPS = {
    "Convolution": options(
        num_filter=st.integers(1, 4),
        kernel=pair(1, 2, 3),
        stride=pair(1, 2),
        pad=pair(0, 1),
        dilate=pair(1, 2),
        no_bias=st.booleans(),
    ),
    "Deconvolution": options(
        num_filter=st.integers(1, 4),
        kernel=pair(2, 3),
        stride=pair(1, 2),
        pad=pair(0, 1),
        no_bias=st.booleans(),
    ),
    "BatchNorm": options(fix_gamma=st.booleans(), eps=[1e-3, 1e-5], axis=[1]),
    "InstanceNorm": options(eps=[0.1, 0.01]),
    "LayerNorm": options(axis=[-1, 3, 1], eps=[0.1, 0.01]),
    "L2Normalization": options(mode=["instance", "channel", "spatial"]),
    "LRN": options(nsize=[3, 5], alpha=[1e-4, 0.1], knorm=[1, 2], beta=[0.75]),
    "Activation": options(act_type=["relu", "sigmoid", "tanh", "softrelu", "softsign"]),
    "LeakyReLU": options(act_type=["leaky", "elu", "selu", "gelu", "prelu"], slope=[0.1, 0.25]),
    "Pooling": options(
        pool_type=["max", "avg", "sum"],
        kernel=pair(2, 3),
        stride=pair(1, 2),
        pad=pair(0, 1),
        pooling_convention=["valid", "full"],
        count_include_pad=st.booleans(),
    ),
    "softmax": options(axis=[-1, 1, 2]),
    "log_softmax": options(axis=[-1, 1]),
    "clip": options(a_min=[-1.0, 0.0], a_max=[0.5, 6.0]),
    "abs": options(),
    "square": options(),
    "negative": options(),
    "_plus_scalar": options(scalar=[0.5, -2.0]),
    "_rminus_scalar": options(scalar=[0.5, 1.0]),
    "_mul_scalar": options(scalar=[0.5, -2.0]),
    "_div_scalar": options(scalar=[2.0]),
    "_maximum_scalar": options(scalar=[0.1]),
    "transpose": options(axes=[(0, 2, 3, 1), (0, 3, 1, 2), (0, 1, 3, 2)]),
    "SwapAxis": options(dim1=[1, 3], dim2=[2]),
    "Reshape": options(shape=[(0, -1, 1, 0), (0, 0, 1, -1), (0, 1, -3, 0), (0, -4, 1, -1, -3)]),
    "slice_axis": options(axis=[1, 2, 3], begin=[0, -1], end=[None]),
    "reverse": options(axis=[1, 2, 3]),
    "tile": options(reps=[(1, 2, 1, 1), (1, 1, 1, 2)]),
    "UpSampling": options(scale=[2], sample_type=["nearest"], num_args=[1]),
    "Pad": options(
        mode=["constant", "edge", "reflect"],
        pad_width=[(0, 0, 0, 0, 1, 1, 1, 1), (0, 0, 0, 0, 0, 1, 1, 0)],
        constant_value=[0.0, 1.5],
    ),
    "mean": options(axis=axes, keepdims=[True]),
    "sum": options(axis=axes, keepdims=[True], exclude=[False]),
    "max": options(axis=axes, keepdims=[True]),
    "min": options(axis=axes, keepdims=[True]),
    "prod": options(axis=axes, keepdims=[True]),
    "norm": options(ord=[1, 2], axis=[(1,), (3,)], keepdims=[True]),
    "FullyConnected": options(num_hidden=st.integers(1, 5), flatten=[False], no_bias=st.booleans()),
    "SliceChannel": options(num_outputs=[2], axis=[1, 2]),
    "slice": options(
        begin=[(None, 0, 1), (None, None, -1)],
        end=[(None, None, None), (None, 2, None)],
        step=[(1, 1, 1), (None, 1, 2)],
    ),
    "repeat": options(repeats=[2], axis=[1, 3]),
    "depth_to_space": options(block_size=[2]),
    "space_to_depth": options(block_size=[2]),
    "hard_sigmoid": options(alpha=[0.2, 0.3], beta=[0.5]),
    "softmin": options(axis=[-1, 1]),
    "exp": options(),
    "broadcast_minimum": options(),
    "add_n": options(),
    "broadcast_add": options(),
    "broadcast_mul": options(),
    "broadcast_maximum": options(),
    "elemwise_sub": options(),
    "Concat": options(dim=[1, 2]),
}
TWO_INPUTS = {op for op in STEPS if op.startswith(("broadcast", "elemwise", "Concat", "add_n"))}

steps = st.lists(
    st.sampled_from(sorted(STEPS)).flatmap(
        lambda op: st.tuples(st.just(op), STEPS[op], st.integers(0, 20))
    ),
    min_size=1,
    max_size=8,
)


def build(chain, shape):
    """The network: each step works on the step before it, two-input ones on an earlier value too.

    A step that MXNet cannot infer on what it gets, or that grows too large, is left out.
    """
    values = [mx.sym.var("data")]
    for index, (op, attrs, other) in enumerate(chain):
        inputs = [values[-1]]
        if op in TWO_INPUTS:
            inputs.append(values[other % len(values)])
        attrs = {k: v for k, v in attrs.items() if v is not None or k == "end"}
        function = getattr(mx.sym, op, None) or getattr(mx.sym._internal, op)
        candidate = function(*inputs, name=f"step{index}", **attrs)[0]
        if _fits(candidate, shape):
            values.append(candidate)
    return values[-1]


def _fits(symbol, shape):
    try:
        _, (output,), _ = symbol._infer_shape_impl(False, data=shape)
    except mx.MXNetError:
        return False
    return len(output) == 4 and min(output) > 0 and np.prod(output) < 5000


def parameters(symbol, shape, rng):
    """Random parameters; variances and scales are positive."""

    def draw(name, size):
        low = 0.5 if name.endswith(("gamma", "moving_var")) else -1.0
        return mx.nd.array(rng.uniform(low, 1.5 if low > 0 else 1.0, size))

    arg_shapes, _, aux_shapes = symbol.infer_shape(data=shape)
    arg = {n: draw(n, s) for n, s in zip(symbol.list_arguments(), arg_shapes) if n != "data"}
    return arg, {n: draw(n, s) for n, s in zip(symbol.list_auxiliary_states(), aux_shapes)}


def steady(symbol, arg, aux, inputs, expected, rng):
    """Whether rounding errors stay small: some graphs normalise what is nothing else."""
    moved = {n: a + rng.normal(0, 1e-6, a.shape).astype(a.dtype) for n, a in inputs.items()}
    outputs = run_symbol(symbol, arg, aux, moved)
    return all(deviation(o, e) < TOLERANCE for o, e in zip(outputs, expected))


@hypothesis.settings(max_examples=EXAMPLES, deadline=None, print_blob=True)
@hypothesis.given(
    chain=steps,
    channels=small,
    image=st.tuples(st.integers(3, 7), st.integers(3, 7)),
    opset=st.integers(opsets()[0], opsets()[-1]),
    dynamic=st.sampled_from(["nothing", "batch", "batch and image"]),
    seed=st.integers(0, 1000),
)
def test_random_graph(chain, channels, image, opset, dynamic, seed):
    rng = np.random.default_rng(seed)
    shape = (2, channels, *image)
    symbol = build(chain, shape)
    hypothesis.assume(symbol.name != "data")
    arg, aux = parameters(symbol, shape, rng)
    named = {"nothing": shape, "batch": ("N", *shape[1:])}.get(dynamic, ("N", channels, "H", "W"))
    batches = [shape] if dynamic == "nothing" else [shape, (3, *shape[1:])]
    inputs = [{"data": rng.normal(size=s).astype(np.float32)} for s in batches]
    expected = [run_symbol(symbol, arg, aux, i) for i in inputs]
    hypothesis.assume(all(np.isfinite(e).all() for outputs in expected for e in outputs))
    hypothesis.assume(steady(symbol, arg, aux, inputs[0], expected[0], rng))
    try:
        model = export_model(
            symbol, {**arg, **aux}, [named], onnx_file_path=None, opset_version=opset
        )
    except ConversionError as error:
        hypothesis.event(f"export refused: {str(error)[:80]}")
        return
    session = Session(model)
    for batch, outputs in zip(inputs, expected):
        assert_close(session(batch), outputs)
    try:
        imported = import_model(model)
    except ConversionError as error:
        hypothesis.event(f"import refused: {str(error)[:80]}")
        return
    for batch, outputs in zip(inputs, expected):
        assert_close(run_module(*imported, batch), outputs)
