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
"""How tests run a model in ONNX Runtime and in MXNet, and when two results are equal."""

import os
import zlib

import numpy as np
import onnx

#: Largest difference allowed anywhere, as a fraction of the reference's largest magnitude or of 1.
TOLERANCE = 1e-4


def seed_of(name):
    """A seed made of ``name``, the same in every process; ``MXNET_TEST_SEED`` overrides it."""
    given = os.environ.get("MXNET_TEST_SEED")
    return int(given) if given else zlib.crc32(name.encode()) & 0x7FFFFFFF


def deviation(actual, expected):
    """Largest difference as a fraction of max(1, largest magnitude of ``expected``)."""
    if expected.size == 0:
        return 0.0
    if expected.dtype == bool:
        return float(np.any(actual != expected))
    expected = expected.astype(np.float64)
    scale = max(1.0, float(np.abs(expected).max()))
    return float(np.abs(actual.astype(np.float64) - expected).max()) / scale


def assert_close(actual, expected, tolerance=TOLERANCE):
    """Equal in number, shapes, dtypes and, within ``tolerance``, values; returns the deviation."""
    assert len(actual) == len(expected)
    worst = 0.0
    for index, (a, e) in enumerate(zip(actual, expected)):
        a, e = np.asarray(a), np.asarray(e)
        # MXNet carries a tensor of rank 0 as (1,)
        assert a.shape == (e.shape or (1,)) or a.shape == e.shape, f"output {index}"
        assert a.dtype == e.dtype, f"output {index}"
        assert np.isfinite(e).all(), f"output {index}: the reference proves nothing, it overflows"
        worst = max(worst, deviation(a, e))
        assert worst <= tolerance, f"output {index} differs by {worst:.2g}"
    return worst


class Session:
    """A model in ONNX Runtime, on the CPU.

    Parameters
    ----------
    model : path, bytes or onnx.ModelProto
    """

    def __init__(self, model):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", 0))
        if isinstance(model, onnx.ModelProto):
            model = model.SerializeToString()
        elif not isinstance(model, bytes):
            model = os.fspath(model)
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self.inputs = [i.name for i in self._session.get_inputs()]
        self.outputs = [o.name for o in self._session.get_outputs()]

    def __call__(self, inputs):
        """Outputs, in order, for a dict of arrays, or for a list in the order of the inputs."""
        if not isinstance(inputs, dict):
            inputs = dict(zip(self.inputs, inputs))
        return self._session.run(None, inputs)


def as_arrays(inputs):
    """NumPy arrays as NDArrays of the same dtype, where the current context is."""
    import mxnet as mx

    return [mx.nd.array(a, dtype=a.dtype, ctx=mx.current_context()) for a in inputs]


def run_module(symbol, arg_params, aux_params, inputs):
    """Bind a Module at the shapes of ``inputs`` (name to array), predict, give its outputs.

    The parameters must be all that the symbol needs and no more: Module itself checks that.
    """
    import mxnet as mx

    module = mx.mod.Module(
        symbol, data_names=list(inputs), label_names=None, context=mx.current_context()
    )
    shapes = [mx.io.DataDesc(n, a.shape, a.dtype) for n, a in inputs.items()]
    module.bind(shapes, for_training=False)
    module.set_params(arg_params, aux_params)
    module.forward(mx.io.DataBatch(as_arrays(inputs.values())), is_train=False)
    return [o.asnumpy() for o in module.get_outputs()]


def run_gluon(block, inputs):
    """Call a block with arrays, give its outputs as a list."""
    outputs = block(*as_arrays(inputs))
    return [o.asnumpy() for o in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]
