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
"""Sizes that vary, and what is known of values."""

import math
import threading

import numpy as np
import pytest
from mxnet.contrib.onnx.errors import DynamicSizeError
from mxnet.contrib.onnx.onnx2mx.values import Account, Dim, Known, at, is_one, join, product, varies

N, S = Dim((2, 3, 5)), Dim((21, 1017, 337))


def test_samples_that_agree_are_one_value():
    assert join([4, 4, 4]) == 4
    assert join([(1, 2), (1, 3)]) == (1, Dim((2, 3)))
    assert at((1, [N, 7]), 1) == (1, [3, 7])


def test_a_list_cannot_vary_in_length():
    with pytest.raises(DynamicSizeError, match="number of elements"):
        join([(1, 2), (1, 2, 3)])


def test_arithmetic_goes_sample_by_sample():
    assert (N * 4 + 1).sizes == (9, 13, 21)
    assert (100 - N).sizes == (98, 97, 95)
    assert (S // 2).sizes == (10, 508, 168)
    assert (N * S) // N == S
    assert S - S == 0 and N * 6 // (N * 2) == 3
    assert S * 2 / S == 2.0
    assert math.floor(N * 0.5).sizes == (1, 1, 2)
    assert (-N).sizes == (-2, -3, -5) and abs(-N) == N
    assert product([N, 3, S]) == N * 3 * S


@pytest.mark.parametrize("use", [int, float, bool, range, lambda n: [0, 1][n]])
def test_where_a_plain_number_is_needed_a_size_that_varies_is_refused(use):
    with pytest.raises(DynamicSizeError, match="varies"):
        use(N)


def test_sizes_are_called_by_name_where_they_have_one():
    assert repr(N) == "<2|3|5>"
    with Account({(2, 3, 5): "N"}).kept():
        assert f"{(N, 3, S)}" == "(N, 3, <21|1017|337>)"


def test_an_order_that_all_samples_share_is_an_assumption():
    account = Account({N.sizes: "N"})
    with account.kept():
        assert N < 100
        assert N > 1
        assert N >= 1 > 0
    assert account.assumptions == ["N < 100 is true", "N > 1 is true", "N >= 1 is true"]


def test_sizes_are_positive_and_that_is_no_assumption():
    account = Account()
    with account.kept():
        assert N > 0 and N >= 0 and N > -1 and not N < 0
    assert account.assumptions == []


def test_an_order_that_differs_is_refused():
    with pytest.raises(DynamicSizeError, match="whether"):
        assert N < 3


def test_a_varying_size_is_taken_not_to_be_one_and_that_is_told():
    account = Account({N.sizes: "N"})
    with account.kept():
        assert is_one(1) and not is_one(2) and not is_one(N)
    assert account.assumptions == ["N is not 1"]


def test_accounts_of_threads_are_their_own():
    seen = []
    with Account({N.sizes: "N"}).kept():
        thread = threading.Thread(target=lambda: seen.append(repr(N)))
        thread.start()
        thread.join()
    assert seen == ["<2|3|5>"]


def test_varies():
    assert varies(N) and varies((1, [N])) and not varies((1, [2])) and not varies(None)


def test_known_values_that_agree_are_one_array():
    nan = np.array([np.nan])
    assert not Known.of("a", [nan, nan.copy()]).varies
    assert not Known.of("a", [np.ones(3)] * 3).varies
    known = Known.of("a", [np.array([n, 7]) for n in N.sizes])
    assert known.varies and known.elements() == [N, 7]
    assert known.shape == (2,) and known.at(1).tolist() == [3, 7]
    assert Known.of("a", [np.zeros(n) for n in N.sizes]).shape == (N,)
