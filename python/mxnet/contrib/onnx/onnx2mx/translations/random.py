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
"""Operators that draw random numbers."""

from __future__ import annotations

from ...translation import TranslationTable
from .precision import cast

table = TranslationTable()


@table.op("Dropout", versions=(1, 6, 7), ignores=("consumed_inputs", "is_test"))
def dropout_1(op, data, *, ratio):
    """Active where MXNet trains, the identity where it predicts, whatever is_test was.

    Inference leaves the mask unfilled, which ONNX Runtime reads as zeros.
    """
    return _dropped(op, data, ratio, "training"), op.zeros_like(data)


@table.op("Dropout", versions=(10,))
def dropout_10(op, data, *, ratio):
    """The mask is bool now."""
    return _dropped(op, data, ratio, "training"), cast(op, op.zeros_like(data), bool)


@table.op(
    "Dropout",
    versions=(12, 13, 22),
    ignores=("seed",),
    limits="with training_mode=1 there is no mask, and the numbers are MXNet's own",
)
def dropout_12(op, data, *, ratio=0.5, training_mode=False):
    ratio, always = (v[0] if isinstance(v, list) else v for v in (ratio, training_mode))
    if always and ratio and op.num_outputs > 1:
        op.fail("the mask of training_mode=1 is not covered")
    kept = _dropped(op, data, ratio, "always" if always else "training")
    return kept, cast(op, op.ones_like(data), bool)


def _dropped(op, data, ratio, mode):
    """Every kept element is scaled by 1 / (1 - ratio), as in ONNX."""
    if not 0 <= ratio < 1:
        op.fail(f"ratio={ratio} is not in [0, 1)")
    return op.Dropout(data, p=ratio, mode=mode) if ratio else data
