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
"""Symbol and parameters to an ONNX file: load, canonicalise, plan, translate, simplify, check, write. No MXNet."""

import collections
import inspect
import os

import numpy as np

import onnx
from onnx import helper

from ..errors import ConversionError, ModelError, TranslationError, UnsupportedOperatorError
from . import operator_info
from .canonical import canonicalise
from .emitter import Emitter
from .inference import TensorType
from .simplify import drop_dead, name_outputs, simplify
from .symbol_file import Variable, read_symbol
from .tensors import Tensor, read_params
from .translations import export_table as TABLE
from .writing import write_model


def export_model(
    sym,
    params,
    in_shapes,
    in_types=np.float32,
    onnx_file_path="model.onnx",
    opset_version=13,
    translations=None,
    external_data=None,
    report=None,
):
    """Convert an MXNet model to ONNX and return the path written.

    Parameters
    ----------
    sym : path, or anything with ``tojson()``
    params : path of a ``.params`` file, or dict of arrays (``arg:``/``aux:`` prefixes or not)
    in_shapes : list or dict of shape; a str entry names a dimension that stays dynamic
    in_types : dtype or list of dtype
    """
    graph = canonicalise(
        read_symbol(sym.tojson() if hasattr(sym, "tojson") else open(sym, encoding="utf-8").read())
    )
    tensors = (
        read_params(params)
        if isinstance(params, (str, os.PathLike))
        else {
            n.split(":", 1)[-1]: Tensor(tuple(a.shape), np.dtype(a.dtype), a.asnumpy)
            if hasattr(a, "asnumpy")
            else Tensor.of(a)
            for n, a in params.items()
        }
    )
    live, table = graph.live(), TABLE if translations is None else TABLE | translations
    rows = plan(graph, live, table)
    inputs = input_types(graph, live, tensors, in_shapes, in_types)
    op = Emitter(opset_version)
    values, heads = translate(graph, live, rows, op, inputs, tensors)
    output_types = [op.type(h) for h in heads]
    names = output_names(graph, collections.Counter(index for index, _ in values))
    simplify(op, heads)
    name_outputs(op, heads, names)
    drop_dead(op, names)
    model = helper.make_model(
        helper.make_graph(
            op.nodes,
            "mxnet",
            [helper.make_value_info(n, t.proto()) for n, t in inputs.items()],
            [helper.make_value_info(n, t.proto()) for n, t in zip(names, output_types)],
        ),
        opset_imports=[helper.make_opsetid("", opset_version)],
        producer_name="sketch_export",
    )
    model.ir_version = helper.find_min_ir_version_for(model.opset_import)
    check(model, op.constants)
    write_model(model, op.constants, onnx_file_path, external_data)
    if report is not None:
        report.update(nodes=len(op.nodes), op=op, values=values, graph=graph, live=live)
    return onnx_file_path


def plan(graph, live, table):
    """Pair every node with its row; refuse all that cannot be, at once."""
    rows, missing = {}, []
    for index in live:
        node = graph.nodes[index]
        if isinstance(node, Variable):
            continue
        row = rows[index] = table.find(node.op_type, 0)
        if row is None:
            missing.append(f"{node.op_type} (node '{node.name}')")
            continue
        unread = node.changed - set(row.values) - set(row.ignores)
        if unread:
            missing.append(
                f"{node.op_type} (node '{node.name}') with {', '.join(f'{u}={node.values[u]}' for u in sorted(unread))}"
            )
    if missing:
        raise UnsupportedOperatorError("no translation for " + "; ".join(missing))
    return rows


def input_types(graph, live, tensors, in_shapes, in_types):
    """Variables without a value, in order, paired with the shapes and dtypes given."""
    names = [
        graph.nodes[i].name
        for i in live
        if isinstance(graph.nodes[i], Variable) and graph.nodes[i].name not in tensors
    ]
    shapes = in_shapes if isinstance(in_shapes, dict) else dict(zip(names, in_shapes))
    if set(shapes) != set(names) or len(shapes) != len(in_shapes):
        raise ModelError(
            f"these variables have no value in the parameters: {', '.join(names)}; shapes are given for "
            f"{len(in_shapes)} ({', '.join(shapes)})"
        )
    types = in_types if isinstance(in_types, (list, tuple)) else [in_types] * len(names)
    return {n: TensorType(np.dtype(t), tuple(shapes[n])) for n, t in zip(names, types)}


def translate(graph, live, rows, op, inputs, tensors):
    values = {}
    for name, kind in inputs.items():
        op.type.declare(op.fresh(name), kind)
    for index in live:
        node = graph.nodes[index]
        if isinstance(node, Variable):
            values[index, 0] = (
                node.name
                if node.name in inputs
                else op.constant(tensors[node.name], name=node.name)
            )
            continue
        row, op.scope = rows[index], node.name
        tensors_in = [values.get(i) if isinstance(i, tuple) else i for i in node.inputs]
        wanted = {p.name: node.values[n] for n, p in row.values.items()}
        try:
            inspect.signature(row.function).bind(op, *tensors_in, **wanted)
            result = row.function(op, *tensors_in, **wanted)
        except (ConversionError, TypeError) as error:
            raise TranslationError(f"{node.op_type} (node '{node.name}'): {error}") from error
        for k, value in enumerate(result if isinstance(result, tuple) else (result,)):
            values[index, k] = value
    absent = [h for h in graph.heads if h not in values]
    if absent:
        raise TranslationError(f"outputs {absent} are not covered")
    return values, [values[h] for h in graph.heads]


def output_names(graph, outputs):
    """As MXNet's list_outputs() says them, made unique; ``outputs`` is how many each node has."""
    names = []
    for index, k in graph.heads:
        node = graph.nodes[index]
        names.append(
            f"{node.name}_output"
            if isinstance(node, Variable)
            # an ONNX output has a name of its own
            else f"{node.name}_{operator_info.output_names(node.op_type, outputs[index])[k]}"
        )
    return [n if names.index(n) == at else f"{n}_{at}" for at, n in enumerate(names)]


def check(model, constants):
    """onnx.checker with full inference; weights stand in as inputs, so that none is read."""
    shell = onnx.ModelProto()
    shell.CopyFrom(model)
    for name, tensor in constants.items():
        if tensor.nbytes <= 1024:
            shell.graph.initializer.append(onnx.numpy_helper.from_array(tensor.read(), name))
        else:
            shell.graph.input.append(
                helper.make_value_info(name, TensorType(tensor.dtype, tensor.shape).proto())
            )
    try:
        onnx.checker.check_model(shell, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ConversionError(f"the translated model is not valid ONNX: {error}") from error
