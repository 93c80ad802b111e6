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
"""Messages name what callers in Python can do; here they name the options that do the same."""

from __future__ import annotations

import re
from typing import Mapping

#: What stands for a value behind ``keyword=``: a dict, a list or a number.
VALUE = r"\{[^{}]*\}|\[[^\[\]]*\](?: or \{[^{}]*\})?|\d+"
#: What ``get_operator_support()`` tells.
SUPPORT = "the subcommand 'support'"


def worded(message: object, options: Mapping[str, str]) -> str:
    """``message`` with options in place of keywords.

    Parameters
    ----------
    message : str or Exception
    options : mapping of str to str
        Keyword to option. Keywords that are words of English count where ``=`` follows.

    Returns
    -------
    str
        ``give opset_version=17 or more`` is ``give --opset 17 or more``.
    """
    if not options:
        return str(message)
    certain = [k for k in options if "_" in k]
    keywords = "|".join([*(rf"{k}\b=?" for k in certain), *(f"{k}=" for k in options)])
    text = re.sub(
        rf"(?<![\w./'-])(?P<keyword>{keywords})(?P<value>{VALUE})?",
        lambda found: _option(options[found["keyword"].rstrip("=")], found["value"] or ""),
        str(message),
    )
    return text.replace("get_operator_support()", SUPPORT)


def _option(option: str, value: str) -> str:
    if not value:
        return option
    named = re.search(r"\{['\"]([^'\"]*)['\"]: ([^{}]*)\}", value)
    if named:  # the form with a name is the one that never misleads
        plain = re.sub(r"['\"()\[\] ]", "", named[2])
        value = f"{named[1]}={plain}"
    return f"{option} {value}"
