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
"""Rows that take the arguments of other rows: a convolution of integers takes a convolution's."""

from __future__ import annotations

import inspect
from typing import Any, Callable


def taking(like: Callable, **defaults: Any) -> Callable:
    """Decorator: the function's ``**more`` stands for the keyword parameters of ``like``.

    Parameters
    ----------
    like : callable
    **defaults
        Values where neither the node nor a schema gives any: domains of which ONNX has no record
        have no schema.
    """

    def decorate(function: Callable) -> Callable:
        own = inspect.signature(function).parameters
        more = [
            p.replace(default=defaults.get(n, p.default))
            for n, p in inspect.signature(like).parameters.items()
            if p.kind is p.KEYWORD_ONLY and n not in own
        ]
        kept = [p for p in own.values() if p.kind is not p.VAR_KEYWORD]
        function.__signature__ = inspect.Signature([*kept, *more])  # type: ignore[attr-defined]
        return function

    return decorate
