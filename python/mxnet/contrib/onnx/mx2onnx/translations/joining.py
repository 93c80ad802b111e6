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
"""Joining and splitting."""

from __future__ import annotations

from ...translation import TranslationTable

table = TranslationTable()


@table.op("Concat", "_rnn_param_concat", ignores=("num_args",))
def concat(op, *data, dim):
    return op.Concat(*data, axis=op.axis(data[0], dim))


@table.op("stack", ignores=("num_args",))
def stack(op, *data, axis):
    axis = axis if axis >= 0 else axis + op.rank(data[0]) + 1
    return op.Concat(*(op.Unsqueeze(d, axes=[axis]) for d in data), axis=axis)


@table.op("SliceChannel")
def slice_channel(op, data, *, num_outputs, axis, squeeze_axis):
    axis = op.axis(data, axis)
    parts = (data,) if num_outputs == 1 else op.Split(data, axis=axis, outputs=num_outputs)
    return tuple(op.Squeeze(p, axes=[axis]) for p in parts) if squeeze_axis else parts
