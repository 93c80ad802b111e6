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

import contextlib
import functools
import importlib.util
import os
import re
import warnings
import zlib

import numpy as np
import onnx

#: Largest difference allowed anywhere, as a fraction of the reference's largest magnitude or of 1.
TOLERANCE = 1e-4
#: The ONNX Runtime that the tests are written for; an older one need not have every kernel.
WRITTEN_FOR = (1, 31)
#: What an ONNX Runtime says of models that are newer than it.
TOO_OLD = re.compile(
    r"max supported IR version.*|Opset \d+ is under development|Could not find an implementation.*"
    r"|Failed to find kernel for \S+"
    r"|Invalid tensor data type \d+|\S+ is not a registered function/op"
    r"|Type 'tensor\(\w+\)' of input parameter .* is invalid"
)
#: Operators that older runtimes were seen to compute wrongly, or to abort on, and where no more.
RIGHT_FROM = {
    "DFT": (1, 20),
    "GridSample": (1, 19),
    "Resize": (1, 20),
    "STFT": (1, 20),
    "StringNormalizer": (1, 20),
    "TfIdfVectorizer": (1, 20),
}


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

    A test whose model is newer than the installed ONNX Runtime is skipped here.

    Parameters
    ----------
    model : path, bytes or onnx.ModelProto
    """

    def __init__(self, model):
        try:
            self._session = _load(model)
        except Exception as error:
            import onnxruntime
            import pytest

            version = onnxruntime.__version__
            found = TOO_OLD.search(str(error))
            if found is None or tuple(map(int, version.split(".")[:2])) >= WRITTEN_FOR:
                raise
            pytest.skip(f"ONNX Runtime {version} is too old for the model: {found[0]}")
        self.inputs = [i.name for i in self._session.get_inputs()]
        self.outputs = [o.name for o in self._session.get_outputs()]

    def __call__(self, inputs):
        """Outputs, in order, for a dict of arrays, or for a list in the order of the inputs."""
        if not isinstance(inputs, dict):
            inputs = dict(zip(self.inputs, inputs))
        return self._session.run(None, inputs)


def _load(model):
    """ONNX Runtime's own session of a model."""
    import onnxruntime

    if isinstance(model, onnx.ModelProto):
        _check_age(model, tuple(map(int, onnxruntime.__version__.split(".")[:2])))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", 0))
    if isinstance(model, onnx.ModelProto):
        model = model.SerializeToString()
    elif not isinstance(model, bytes):
        model = os.fspath(model)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _check_age(model, version):
    """Skip a test whose reference an older runtime would get wrong."""
    wrong = {n.op_type for n in model.graph.node if version < RIGHT_FROM.get(n.op_type, version)}
    if wrong:
        import pytest

        pytest.skip(f"ONNX Runtime {version[0]}.{version[1]} is wrong about {', '.join(wrong)}")


@functools.lru_cache(maxsize=None)
def opsets():
    """Lowest, default and highest opset that the exporter writes and this ONNX Runtime loads."""
    from mxnet.contrib.onnx.opset import DEFAULT_TARGET_OPSET, TARGET_OPSETS

    value = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1]) for n in "xy"]
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "g", value[:1], value[1:])
    for newest in reversed(TARGET_OPSETS):
        if importlib.util.find_spec("onnxruntime") is None:
            break
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", newest)])
        model.ir_version = onnx.helper.find_min_ir_version_for(model.opset_import)
        # An older runtime refuses opsets that were not released in its time.
        with contextlib.suppress(Exception):
            _load(model)
            break
    return TARGET_OPSETS[0], DEFAULT_TARGET_OPSET, newest


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


@contextlib.contextmanager
def unfused():
    """Whatever is bound inside computes node by node what its symbol says.

    The fusion that MXNet does by default is wrong where a sum reads a convolution that others read.
    """
    before = os.environ.get("MXNET_SUBGRAPH_BACKEND")
    os.environ["MXNET_SUBGRAPH_BACKEND"] = "NONE"
    try:
        yield
    finally:
        del os.environ["MXNET_SUBGRAPH_BACKEND"]
        if before is not None:
            os.environ["MXNET_SUBGRAPH_BACKEND"] = before


def run_symbol(symbol, arg_params, aux_params, inputs):
    """Run any symbol, training heads with labels that nobody gives included: the reference."""
    import mxnet as mx

    shapes = {n: a.shape for n, a in inputs.items()}
    with unfused():
        executor = symbol.simple_bind(mx.current_context(), grad_req="null", **shapes)
    executor.copy_params_from(arg_params, aux_params)
    outputs = executor.forward(is_train=False, **dict(zip(inputs, as_arrays(inputs.values()))))
    return [o.asnumpy() for o in outputs]


def assert_valid(path, opset):
    """What is asked of every exported file: the checker's word, unique names, hidden weights."""
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(str(path))
    assert [(o.domain, o.version) for o in model.opset_import] == [("", opset)]
    names = [n.name for n in model.graph.node]
    assert all(names) and len(set(names)) == len(names), "nodes without a name of their own"
    weights = {i.name for i in model.graph.initializer}
    assert not weights & {i.name for i in model.graph.input}, "weights are inputs too"
    return model


def assert_imports(model, batches, expected=None, **how):
    """Import a model once for Module and once for Gluon, and run both at the sizes of each batch.

    Neither import may have to assume anything of the sizes.

    Parameters
    ----------
    model : path, bytes or onnx.ModelProto
    batches : list of dict
        Name to array of each input, in the order of the model.
    expected : list of list of numpy.ndarray, optional
        Outputs for each batch; what ONNX Runtime computes, if not given.
    **how
        Keywords of ``import_model`` and ``import_to_gluon``.

    Returns
    -------
    symbol, arg_params, aux_params, block
    """
    import mxnet as mx
    from mxnet.contrib.onnx import import_model, import_to_gluon
    from mxnet.contrib.onnx.errors import ConversionWarning

    if expected is None:
        session = Session(model)
        expected = [session(b) for b in batches]
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConversionWarning)
        imported = import_model(model, **how)
        block = import_to_gluon(model, ctx=mx.current_context(), **how)
    for batch, wanted in zip(batches, expected):
        assert_close(run_module(*imported, batch), wanted)
    for hybridised in ({}, {"active": True}, {"static_alloc": True, "static_shape": True}):
        if hybridised:
            block.hybridize(**hybridised)
        for batch, wanted in zip(batches, expected):
            assert_close(run_gluon(block, batch.values()), wanted)
    return (*imported, block)
