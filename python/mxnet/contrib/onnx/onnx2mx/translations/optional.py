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

"""Optionals. One that holds something is that something, an empty one is None."""

from __future__ import annotations

import numpy as np

from ...translation import TranslationTable

table = TranslationTable()


@table.op("Optional", versions=(15, 28), ignores=("type",), passes=True)
def optional(op, input=None):
    return input


@table.op("OptionalHasElement", versions=(15, 18, 28), passes=True)
def optional_has_element(op, input=None):
    return op.fixed(np.asarray(input is not None))


@table.op("OptionalGetElement", versions=(15, 18, 28), passes=True)
def optional_get_element(op, input):
    if input is None:
        op.fail("the optional is empty, there is no element to get")
    return input
