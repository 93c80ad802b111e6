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
"""Networks of the collections: given random parameters, exported, and compared with MXNet."""

import io
import os
import warnings

import numpy as np
from child import in_child
from models import random_parameters
from running import Session, assert_valid, deviation, seed_of, unfused

#: Memory and seconds that one network may take: the largest have a gigabyte of weights.
BYTES, SECONDS = 16 << 30, 1200
#: Largest difference allowed, of each output's largest magnitude.
TOLERANCE = 1e-4


def in_its_own_process(function, *args):
    """Networks are many, and what one leaves behind must not be in the way of the next."""
    return in_child(function, *args, seconds=SECONDS, memory=BYTES)


def leaves(outputs):
    """Arrays of nested lists of NDArrays, in order."""
    if isinstance(outputs, (list, tuple)):
        return [leaf for output in outputs for leaf in leaves(output)]
    return [outputs.asnumpy()]


def run(net, arrays):
    import mxnet as mx

    return leaves(net(*(mx.nd.array(a, dtype=a.dtype) for a in arrays)))


def randomised(build, arrays, rng):
    """``build()`` with random parameters and statistics; it is called once to settle its shapes."""
    import mxnet as mx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = build()
        net.initialize(mx.init.Zero())
        run(net, arrays)
    random_parameters(net, rng)
    return net


def worst(actual, expected):
    """The largest deviation of any output, each measured by its own magnitude."""
    assert [(a.shape, a.dtype) for a in actual] == [(e.shape, e.dtype) for e in expected]
    result = 0.0
    for a, e in zip(actual, expected):
        assert np.isfinite(e).all(), "the reference proves nothing, it overflows"
        scale = max(float(np.abs(e).max()), 1e-3)
        result = max(result, deviation(a / scale, e / scale))
    return result


def compared(net, batches, shapes, opsets, folder=None):
    """The largest deviation from MXNet, at each opset and on each batch of inputs.

    Parameters
    ----------
    net : mxnet.gluon.HybridBlock
    batches : list of list of numpy.ndarray
    shapes : list of tuple
        Of the inputs, as export_model takes them.
    opsets : sequence of int
    folder : pathlib.Path, optional
        Where files are written and looked over with the checker and its shape inference.
    """
    from mxnet.contrib.onnx import export_model

    expected = [run(net, batch) for batch in batches]
    result = 0.0
    for opset in opsets:
        target = io.BytesIO() if folder is None else folder / f"net{opset}.onnx"
        dtypes = [a.dtype for a in batches[0]]
        export_model(net, None, shapes, dtypes, target, opset_version=opset)
        if folder is not None:
            assert_valid(target, opset)
        session = Session(target.getvalue() if folder is None else target)
        for batch, wanted in zip(batches, expected):
            result = max(result, worst(session(batch), wanted))
        if folder is not None:
            os.remove(target)
    return result


def assert_close_to_mxnet(build, batches, shapes, opsets, folder, rng=None):
    """Export ``build()`` and compare with MXNet in a child process; see :func:`compared`.

    The first batch settles the shapes of the parameters.
    """
    rng = rng or np.random.default_rng(0)

    def compare():
        with unfused():
            net = randomised(build, batches[0], rng)
            return compared(net, batches, shapes, opsets, folder)

    assert in_its_own_process(compare) <= TOLERANCE


def assert_equal_to_mxnet(name, build, sizes, opsets, folder, shapes=None, batches=(2, 1)):
    """Export network ``name`` with an open batch and compare with MXNet, in a child process.

    Parameters
    ----------
    build : callable
        Makes the block, without parameters.
    sizes : list of list of tuple
        Of the inputs without the batch; each is tried. The first fixes the parameters' shapes.
    shapes : list of tuple, optional
        Of the inputs, as export_model takes them; ``sizes[0]`` with an open batch if not given.
    batches : sequence of int
    """
    rng = np.random.default_rng(seed_of(name))
    inputs = [
        [rng.random((n, *size), np.float32) for size in kind] for kind in sizes for n in batches
    ]

    asked = shapes or [("N", *size) for size in sizes[0]]
    assert_close_to_mxnet(build, inputs, asked, opsets, folder, rng)
