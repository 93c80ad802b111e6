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
"""Names that say how a size comes about: right for every number that is put in."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mxnet.contrib.onnx.mx2onnx.dimensions import NamedSizes

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("linear"), st.integers(1, 4), st.integers(-9, 9)),
        st.tuples(st.just("quotient"), st.integers(1, 4), st.just(0)),
    ),
    max_size=6,
)


def apply(sizes, size, steps):
    for step, number, addend in steps:
        size = (
            sizes.linear(size, number, addend) if step == "linear" else sizes.quotient(size, number)
        )
    return size


@given(STEPS, st.integers(1, 500))
def test_a_name_evaluates_to_the_number(steps, n):
    name = apply(NamedSizes(), "n", steps)
    assert eval(str(name), {"n": n}) == apply(NamedSizes(), n, steps)


EQUAL = [
    (lambda s: s.linear(s.linear("H", 1, 6), 1, -6), lambda s: "H"),
    (
        lambda s: s.linear(s.quotient(s.linear("H", 1, -1), 2), 1, 1),  # kernel 3, pad 1, stride 2
        lambda s: s.linear(s.quotient(s.linear("H", 1, -1 - 4 + 4), 2), 1, 1),  # kernel 7, pad 3
    ),
    (lambda s: s.linear(s.linear("H", 2), 1, 2), lambda s: s.linear(s.linear("H", 1, 1), 2)),
    (lambda s: s.quotient(s.linear("H", 2, 2), 2), lambda s: s.linear("H", 1, 1)),
    (lambda s: s.quotient("H", 1), lambda s: "H"),
]


@pytest.mark.parametrize("left, right", EQUAL)
def test_equal_sizes_have_equal_names(left, right):
    sizes = NamedSizes()
    assert left(sizes) == right(sizes)


def test_unknown_stays_unknown():
    sizes = NamedSizes()
    assert sizes.linear(None, 2, 1) is sizes.quotient(None, 2) is None


def test_names_read_like_arithmetic():
    sizes = NamedSizes()
    half = sizes.linear(sizes.quotient(sizes.linear("H", 1, -1), 2), 1, 1)
    assert half == "(H+1)//2"
    assert sizes.linear(half, 2, -3) == "2*((H+1)//2)-3"
    assert re.fullmatch(r"[\w+*/()-]+", sizes.quotient(half, 3))
