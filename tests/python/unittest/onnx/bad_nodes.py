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
"""Nodes that ``import_model`` must refuse, as data: what no runtime could run, and what it says."""

from bad_models import HUGE, graph

NODES = {
    "an input too few": graph("g (float[2] x) => (float[2] y) { y = Add(x) }", "Add"),
    "an input too many": graph("g (float[2] x) => (float[2] y) { y = Relu(x, x, x) }", "Relu"),
    "an output too many": graph("g (float[2] x) => (float[2] y) { y, z = Relu(x) }", "Relu"),
    "an attribute that is unknown": graph(
        "g (float[2] x) => (float[2] y) { y = Relu <alpha = 1.0> (x) }", "Relu", "alpha"
    ),
    "an attribute of the wrong type": graph(
        'g (float[2] x) => (float[2] y) { y = Softmax <axis = "last"> (x) }', "Softmax", "axis"
    ),
    "an attribute that is missing": graph(
        "g (float[2] x) => (float[4] y) { y = Concat(x, x) }", "Concat", "axis"
    ),
    "two dtypes in one sum": graph(
        "g (float[2] x, int64[2] i) => (float[2] y) { y = Add(x, i) }", "Add", "int64"
    ),
    "indices that are no integers": graph(
        "g (float[2] x, float[1] i) => (float[1] y) { y = Gather(x, i) }", "Gather"
    ),
    "shapes that do not broadcast": graph(
        "g (float[2, 3] x, float[4] i) => (float[2, 3] y) { y = Add(x, i) }", "Add", "(4,)"
    ),
    "matrices that do not multiply": graph(
        "g (float[2, 3] x, float[2, 3] i) => (float[2, 3] y) { y = MatMul(x, i) }", "MatMul"
    ),
    "an axis out of range": graph(
        "g (float[2, 3] x) => (float[2, 3] y) { y = Softmax <axis = 7> (x) }", "Softmax", "7"
    ),
    "a permutation that repeats": graph(
        "g (float[2, 3] x) => (float[2, 2] y) { y = Transpose <perm = [0, 0]> (x) }",
        "Transpose",
        "perm",
    ),
    "a permutation that is too short": graph(
        "g (float[2, 3] x) => (float[2, 3] y) { y = Transpose <perm = [0]> (x) }",
        "Transpose",
        "perm",
    ),
    "a reshape to more numbers": graph(
        "g (float[2, 3] x) => (float[4, 2] y) <int64[2] s = {4, 2}> { y = Reshape(x, s) }",
        "Reshape",
        "(2, 3)",
    ),
    "a reshape to fewer numbers": graph(
        "g (float[2, 3] x) => (float[2, 2] y) <int64[2] s = {2, 2}> { y = Reshape(x, s) }",
        "Reshape",
        "(2, 3)",
    ),
    "a reshape with two -1": graph(
        "g (float[2, 3] x) => (float[2, 3] y) <int64[2] s = {-1, -1}> { y = Reshape(x, s) }",
        "Reshape",
        "-1",
    ),
    "a reshape to -5": graph(
        "g (float[2, 3] x) => (float[2, 3] y) <int64[2] s = {2, -5}> { y = Reshape(x, s) }",
        "Reshape",
        "-5",
    ),
    "an index out of range": graph(
        "g (float[2, 3] x) => (float[3] y) <int64 i = {5}> { y = Gather(x, i) }", "Gather", "5"
    ),
    "a slice of step 0": graph(
        "g (float[4] x) => (float[4] y) <int64[1] a = {0}, int64[1] b = {4}, int64[1] s = {0}>"
        "{ y = Slice(x, a, b, a, s) }",
        "Slice",
        "step",
    ),
    "a split that does not add up": graph(
        "g (float[4] x) => (float[2] y, float[2] z) <int64[2] s = {1, 2}> { y, z = Split(x, s) }",
        "Split",
    ),
    "a squeeze of 3": graph(
        "g (float[2, 3] x) => (float[2] y) <int64[1] a = {1}> { y = Squeeze(x, a) }", "Squeeze"
    ),
    "an expansion of 3 to 2": graph(
        "g (float[3] x) => (float[2] y) <int64[1] s = {2}> { y = Expand(x, s) }", "Expand"
    ),
    "concatenation of ranks": graph(
        "g (float[2] x, float[2, 1] i) => (float[4] y) { y = Concat <axis = 0> (x, i) }", "Concat"
    ),
    "channels that do not fit": graph(
        "g (float[1, 3, 8, 8] x, float[4, 5, 3, 3] w) => (float[1, 4, 6, 6] y){ y = Conv(x, w) }",
        "Conv",
    ),
    "a convolution in 0 groups": graph(
        "g (float[1, 3, 8, 8] x, float[4, 3, 3, 3] w) => (float[1, 4, 6, 6] y)"
        "{ y = Conv <group = 0> (x, w) }",
        "Conv",
        "group",
    ),
    "a convolution by strides of 0": graph(
        "g (float[1, 3, 8, 8] x, float[4, 3, 3, 3] w) => (float[1, 4, 6, 6] y)"
        "{ y = Conv <strides = [0, 0]> (x, w) }",
        "Conv",
        "strides",
    ),
    "a convolution of dilation 0": graph(
        "g (float[1, 3, 8, 8] x, float[4, 3, 3, 3] w) => (float[1, 4, 6, 6] y)"
        "{ y = Conv <dilations = [0, 0]> (x, w) }",
        "Conv",
        "dilations",
    ),
    "a kernel that contradicts its weight": graph(
        "g (float[1, 3, 8, 8] x, float[4, 3, 3, 3] w) => (float[1, 4, 6, 6] y)"
        "{ y = Conv <kernel_shape = [5, 5]> (x, w) }",
        "Conv",
        "kernel_shape",
    ),
    "a window larger than its image": graph(
        "g (float[1, 3, 8, 8] x) => (float[1, 3, 1, 1] y)"
        "{ y = MaxPool <kernel_shape = [9, 9]> (x) }",
        "MaxPool",
    ),
    "statistics of the wrong size": graph(
        "g (float[1, 3, 8, 8] x, float[4] w) => (float[1, 3, 8, 8] y)"
        "{ y = BatchNormalization(x, w, w, w, w) }",
        "BatchNormalization",
    ),
    "blocks that do not divide": graph(
        "g (float[1, 3, 2, 2] x) => (float[1, 1, 4, 4] y) { y = DepthToSpace <blocksize = 2> (x) }",
        "DepthToSpace",
    ),
    "an If without an else": graph(
        "g (bool b, float[2] x) => (float[2] y)"
        "{ y = If <then_branch = t () => (float[2] a) { a = Relu(x) }> (b) }",
        "If",
        "else_branch",
    ),
    "sizes that contradict each other": graph(
        "g (float[N, 3] x, float[N, 2] i) => (float[N, 2] y) { y = Add(x, i) }", "Add"
    ),
}

#: Sizes that nobody has the memory for; refused before any is asked for.
ABSURD = {
    "ConstantOfShape": graph(
        f"g (float[1] x) => (float[M] y) <int64[1] s = {{{HUGE}}}>"
        "{ c = ConstantOfShape(s) y = Add(x, c) }",
        "elements",
    ),
    "ConstantOfShape, product": graph(
        f"g (float[1] x) => (float[M] y) <int64[2] s = {{{2**33}, {2**33}}}>"
        "{ c = ConstantOfShape(s) y = Add(x, c) }",
        "ConstantOfShape",
    ),
    "ConstantOfShape, negative": graph(
        "g (float[1] x) => (float[M] y) <int64[1] s = {-4}>"
        "{ c = ConstantOfShape(s) y = Add(x, c) }",
        "ConstantOfShape",
        "negative",
    ),
    "Expand": graph(
        f"g (float[1] x) => (float[M] y) <int64[1] s = {{{HUGE}}}> {{ y = Expand(x, s) }}",
        "Expand",
    ),
    "Expand of a constant": graph(
        f"g (float[1] x) => (float[M] y) <int64[1] s = {{{HUGE}}}, float[1] w = {{1}}>"
        "{ e = Expand(w, s) y = Add(x, e) }",
        "elements",
    ),
    "Range": graph(
        f"g (int64[1] x) => (int64[M] y) <int64 a = {{0}}, int64 b = {{{HUGE}}}, int64 s = {{1}}>"
        "{ r = Range(a, b, s) y = Add(x, r) }",
        "Range",
    ),
    "Range of step 0": graph(
        "g (int64[1] x) => (int64[M] y) <int64 a = {0}, int64 b = {4}, int64 s = {0}>"
        "{ r = Range(a, b, s) y = Add(x, r) }",
        "Range",
    ),
    "Tile": graph(
        f"g (float[4] x) => (float[M] y) <int64[1] s = {{{HUGE}}}> {{ y = Tile(x, s) }}", "Tile"
    ),
    "Pad": graph(
        f"g (float[4] x) => (float[M] y) <int64[2] s = {{0, {HUGE}}}> {{ y = Pad(x, s) }}", "Pad"
    ),
    "Resize": graph(
        f"g (float[1, 1, 4, 4] x) => (float[1, 1, M, M] y) <int64[4] s = {{1, 1, {HUGE}, 4}}>"
        '{ y = Resize <mode = "nearest"> (x, , , s) }',
        "Resize",
    ),
    "an input": graph(
        f"g (float[{HUGE}, {HUGE}] x) => (float[{HUGE}, {HUGE}] y) {{ y = Relu(x) }}", "x"
    ),
}

TABLES = {"node": NODES, "absurd": ABSURD}
