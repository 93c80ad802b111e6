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
"""Branches."""

from __future__ import annotations

from ...translation import TranslationTable

table = TranslationTable()


@table.op(
    "If",
    versions=(1, 11, 13, 16, 19, 21, 23, 24, 25),
    limits="the condition must be known when the model is imported",
)
def if_(op, *, cond, then_branch, else_branch):
    """Only the branch taken exists."""
    cond = cond[0] if isinstance(cond, list) else cond
    return (then_branch if cond else else_branch)()
