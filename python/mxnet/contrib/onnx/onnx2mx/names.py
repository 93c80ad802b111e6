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

"""Names of nodes and variables, which MXNet wants to be used once."""

from __future__ import annotations

from typing import Dict, Iterable, Set


def holdable(name: str) -> str:
    """``name`` as MXNet can hold it: ``Symbol.attr_dict`` takes a ``$`` for the end of a name."""
    return name.replace("$", "_")


class Names:
    """Gives names that are used once.

    Parameters
    ----------
    reserved : iterable of str
        Names that only those who claim them get.
    nodes : iterable of str
        Names of nodes, for them and for those who claim them; values come first.
    """

    def __init__(self, reserved: Iterable[str] = (), nodes: Iterable[str] = ()):
        self._reserved = set(map(holdable, reserved))
        self._taken: Set[str] = set()
        self._nodes = set(map(holdable, nodes)) - self._reserved
        self._counts: Dict[str, int] = {}

    def unique(self, base: str, claim: bool = False, node: bool = False) -> str:
        """``base``, or with a number behind it where it is taken or kept for another."""
        name = base = holdable(base)
        while (
            name in self._taken
            or (name in self._reserved and not (claim and name == base))
            or (name in self._nodes and not ((node or claim) and name == base))
        ):
            self._counts[base] = self._counts.get(base, 0) + 1
            name = f"{base}_{self._counts[base]}"
        self._taken.add(name)
        return name
