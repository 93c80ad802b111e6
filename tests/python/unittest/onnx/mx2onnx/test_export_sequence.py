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
"""Export rows of the sequence family."""

from export_cases import case, checks, data, values

X = data(4, 3, 2, 5)
LENGTHS = [1, 4, 2]

test_sequence = checks([
    *(case("SequenceMask", X, values(LENGTHS, t), use_sequence_length=True)
      for t in ("float32", "int32", "int64")),
    case("SequenceMask", X),
    case("SequenceMask", data(4, 3), values([0, 2.5, 4]), use_sequence_length=True, value=-1),
    case("SequenceMask", data(3, 4, 2), values(LENGTHS), use_sequence_length=True, axis=1),
    case("SequenceMask", data(3, 4), values(LENGTHS), use_sequence_length=True, axis=1, value=7),
    case("SequenceMask", data(4, 3, 2, dtype="int32"), values(LENGTHS, "int32"),
         use_sequence_length=True, value=-3),
    *(case("SequenceLast", X, values(LENGTHS, t), use_sequence_length=True)
      for t in ("float32", "int32")),
    case("SequenceLast", data(3, 4, 2), values(LENGTHS), use_sequence_length=True, axis=1),
    case("SequenceLast", data(4, 3), values(LENGTHS), use_sequence_length=True),
    case("SequenceLast", X),
    case("SequenceLast", X, axis=1),
    *(case("SequenceReverse", X, values(LENGTHS, t), use_sequence_length=True)
      for t in ("float32", "int64")),
    case("SequenceReverse", data(4, 3), values(LENGTHS), use_sequence_length=True),
    case("SequenceReverse", X),
    case("SequenceReverse", X, axis=1).but(refused="axis=1"),
])  # fmt: skip
