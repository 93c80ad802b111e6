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
"""Every operator that can be differentiated has a case whose gradients are those of differences."""

import collections

import pytest
from child import in_child
from gradients import all_cases, outcome

#: Operators without gradients, by what :func:`outcome` says of their cases.
NONE = {
    "no float": """
        And ArgMax ArgMin BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor ConvInteger Equal
        EyeLike Greater GreaterOrEqual ImageDecoder IsInf IsNaN LabelEncoder Less
        LessOrEqual MatMulInteger Multinomial NhwcMaxPool Not Or QGemm QLinearAdd QLinearAveragePool
        QLinearConcat QLinearConv QLinearGlobalAveragePool QLinearLeakyRelu QLinearMatMul QLinearMul
        QLinearSigmoid QLinearSoftmax QLinearWhere QuantizeLinear RandomNormal RandomUniform
        RandomUniformLike Range Size Xor""",
    "zero": """
        Bernoulli Binarizer Ceil Floor Hardmax OneHotEncoder RandomNormalLike
        Round Sign TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor""",
    # It drops while it trains.
    "random": "Dropout",
    # What rounds has no slope, and passes none back; the rest is compared before and behind.
    "wrong: ": "DynamicQuantizeLSTM DynamicQuantizeMatMul",
    # MXNet gives the coordinates of regions no gradient; that of the image is compared elsewhere.
    "wrong: r": "RoiAlign",
    # MXNet's layer has its gradient on GPUs only; see test_gradients_of_a_deformed_convolution.
    "refused": "DeformConv",
}
WITHOUT = {name: found for found, names in NONE.items() for name in names.split()}
#: Cases tried of each operator, and how many of the elements of an input are moved.
TRIED, MOVED = 6, 3


def _by_operator():
    """Cases of each operator, those of few operators first, which tell more of each."""
    found = collections.defaultdict(list)
    for case in all_cases():
        for op_type in {op_type for _, op_type in case.operators}:
            found[op_type].append((len(case.operators), len(found[op_type]), case))
    return {name: [c for *_, c in sorted(cases)] for name, cases in found.items()}


CASES = _by_operator()


def _outcomes(cases):
    found = []
    for case in cases:
        found.append(outcome(case, MOVED))
        if found[-1] == "right":
            break
    return found


@pytest.mark.parametrize("name", sorted(CASES))
def test_gradients(name):
    cases = CASES[name]
    spread = cases[:: max(1, len(cases) // TRIED)][:TRIED]
    found = in_child(_outcomes, spread)
    expected = WITHOUT.get(name, "right")
    told = list(zip(map(str, spread), found))
    assert any(f.startswith((expected, "right")) for f in found), told
    assert not [f for f in found if f.startswith("wrong") and not f.startswith(expected)], told
