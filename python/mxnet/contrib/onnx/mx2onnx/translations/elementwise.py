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
"""Arithmetic, element by element."""

from __future__ import annotations

from ...translation import TranslationTable
from .casting import cast

table = TranslationTable()


def add_rows(names, make):
    for mxnet_name, onnx_name in names.items():
        table.op(mxnet_name)(make(onnx_name))


def unary(onnx_name):
    return lambda op, data: getattr(op, onnx_name)(data)


def binary(onnx_name):
    return lambda op, lhs, rhs: getattr(op, onnx_name)(lhs, rhs)


add_rows(
    {
        "relu": "Relu",
        "sigmoid": "Sigmoid",
        "tanh": "Tanh",
        "exp": "Exp",
        "log": "Log",
        "sqrt": "Sqrt",
        "abs": "Abs",
        "negative": "Neg",
        "floor": "Floor",
        "ceil": "Ceil",
        "erf": "Erf",
        "sin": "Sin",
        "cos": "Cos",
        "sign": "Sign",
        "reciprocal": "Reciprocal",
        "softsign": "Softsign",
    },
    unary,
)


add_rows(
    {
        "broadcast_add": "Add",
        "broadcast_sub": "Sub",
        "broadcast_mul": "Mul",
        "broadcast_div": "Div",
        "broadcast_power": "Pow",
        "broadcast_maximum": "Max",
        "broadcast_minimum": "Min",
    },
    binary,
)


@table.op("square")
def square(op, data):
    return op.Mul(data, data)


@table.op("add_n", ignores=("num_args",))
def add_n(op, *args):
    return op.Sum(*args)


@table.op("clip")
def clip(op, data, *, a_min, a_max):
    return op.Clip(data, a_min, a_max)


@table.op("Cast")
def cast_(op, data, *, dtype):
    return cast(op, data, dtype)
