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
"""Operators that run the user's own code: rows of the user's, or handed on into a domain."""

import mxnet as mx
import numpy as np
import onnx
import pytest
from mxnet.contrib.onnx import (
    ConversionWarning,
    ModelError,
    TranslationTable,
    UnsupportedOperatorError,
    export_model,
)
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from symbols import symbol

F = mx.sym


class Halves(mx.operator.CustomOp):
    """The first and the second half of the last axis, times a factor."""

    def __init__(self, by):
        super().__init__()
        self.by = by

    def forward(self, is_train, req, in_data, out_data, aux):
        for out, part in zip(out_data, mx.nd.split(in_data[0], 2, axis=1)):
            self.assign(out, req[0], part * self.by)


@mx.operator.register("halves")
class HalvesProp(mx.operator.CustomOpProp):
    """What MXNet asks of it."""

    def __init__(self, by="1"):
        super().__init__(need_top_grad=True)
        self.by = float(by)

    def list_outputs(self):
        return ["left", "right"]

    def infer_shape(self, in_shape):
        half = (in_shape[0][0], in_shape[0][1] // 2)
        return in_shape, [half, half], []

    def infer_type(self, in_type):
        return in_type, [in_type[0]] * 2, []

    def create_operator(self, ctx, shapes, dtypes):
        return Halves(self.by)


class RunHalves(OpRun):
    """The same in ONNX's own evaluator."""

    op_domain, op_type = "com.acme", "halves"

    def __init__(self, onnx_node, run_params, schema=None):
        super().__init__(onnx_node, run_params, schema)

    def _run(self, x, by=None):
        left, right = np.split(x, 2, axis=1)
        return left * np.float32(by), right * np.float32(by)


RunHalves.__name__ = "halves"


@pytest.fixture
def net():
    both = F.Custom(F.var("x"), op_type="halves", by=2.5, name="mine")
    dense = F.FullyConnected(both[1], F.var("weight"), no_bias=True, num_hidden=3, name="fc")
    return F.Group([both[0], dense]), {"weight": np.ones((3, 2), np.float32)}


def test_an_operator_is_handed_on_with_what_mxnet_knows_of_it(net):
    model = export_model(*net, [("N", 4)], onnx_file_path=None, custom_domain="com.acme")
    node = model.graph.node[0]
    assert (node.domain, node.op_type, node.name) == ("com.acme", "halves", "mine")
    assert [(a.name, a.s) for a in node.attribute] == [("by", b"2.5")]
    assert {o.domain: o.version for o in model.opset_import}["com.acme"] == 1
    left = model.graph.output[0].type.tensor_type.shape.dim
    assert [d.dim_param or d.dim_value for d in left] == ["N", 2]
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    found = ReferenceEvaluator(model, new_ops=[RunHalves]).run(None, {"x": x})
    np.testing.assert_allclose(found[0], x[:, :2] * 2.5)
    np.testing.assert_allclose(found[1], (x[:, 2:] * 2.5).sum(1, keepdims=True).repeat(3, 1))


def test_a_domain_has_the_version_given(net):
    model = export_model(
        *net, [(2, 4)], onnx_file_path=None, custom_domain="com.acme",
        custom_opsets={"com.acme": 3},
    )  # fmt: skip
    assert {o.domain: o.version for o in model.opset_import}["com.acme"] == 3


def test_without_the_request_it_is_refused(net):
    with pytest.raises(UnsupportedOperatorError, match="the user's own operator 'halves'"):
        export_model(*net, [(2, 4)], onnx_file_path=None)


def test_a_row_of_the_user_wins_over_the_domain(net):
    table = TranslationTable()

    @table.op("halves", ignores=("op_type",))
    def halves(op, x, *, by):
        return tuple(op.Mul(part, float(by)) for part in op.Split(x, axis=1, outputs=2))

    model = export_model(
        *net, [("N", 4)], onnx_file_path=None, custom_domain="com.acme", translations=table
    )
    assert [o.domain for o in model.opset_import] == [""]
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    symbol, parameters = net
    arrays = {"x": mx.nd.array(x), **{n: mx.nd.array(a) for n, a in parameters.items()}}
    expected = [o.asnumpy() for o in symbol.bind(mx.cpu(), arrays).forward()]
    for actual, wanted in zip(ReferenceEvaluator(model).run(None, {"x": x}), expected):
        np.testing.assert_allclose(actual, wanted)


def test_a_row_may_take_all_parameters():
    seen = {}
    table = TranslationTable()

    @table.op("mine")
    def mine(op, x, **attributes):
        seen.update(attributes)
        return op.Neg(x)

    text = symbol("x", ("Custom", "n", ["x"], {"op_type": "mine", "by": "3", "on": "a"}))
    export_model(_file(text), None, [(2,)], onnx_file_path=None, translations=table)
    assert seen == {"op_type": "mine", "by": "3", "on": "a"}


class _file:
    """A symbol as MXNet's objects give it."""

    def __init__(self, text):
        self.text = text

    def tojson(self):
        return self.text


def test_what_nobody_knows_is_taken_to_be_like_its_input():
    text = symbol("x", ("Custom", "n", ["x"], {"op_type": "unheard_of"}))
    with pytest.warns(ConversionWarning, match="'unheard_of' are taken to be like its first input"):
        model = export_model(
            _file(text), None, [("N", 4)], onnx_file_path=None, custom_domain="com.acme"
        )
    assert model.graph.output[0].type.tensor_type.shape.dim[0].dim_param == "N"
    onnx.checker.check_model(model)


@pytest.mark.parametrize("domain", ["", "ai.onnx", 3])
def test_a_domain_that_is_none_of_the_user_s(net, domain):
    with pytest.raises(ModelError, match="custom_domain is the name"):
        export_model(*net, [(2, 4)], onnx_file_path=None, custom_domain=domain)


@pytest.mark.parametrize("versions", [["a"], {"a": 0}, {"": 1}, {"a": True}, {3: 1}])
def test_versions_that_are_none(net, versions):
    with pytest.raises(ModelError, match="custom_opsets says the version"):
        export_model(*net, [(2, 4)], onnx_file_path=None, custom_opsets=versions)
