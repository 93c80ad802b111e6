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
"""What MXNet says about its operators, read from a file made once from its registry."""

import ast
import functools
import json
import pathlib

from ..errors import ModelError


@functools.lru_cache(maxsize=None)
def registry():
    return json.loads(pathlib.Path(__file__).with_name("operator_info.json").read_text())


def canonical_name(op_type):
    return registry()["aliases"].get(op_type, op_type)


def inputs(op_type):
    return registry()["operators"][op_type]["inputs"]


def output_names(op_type, count):
    """Names MXNet gives the outputs of a node, without the node's own."""
    names = registry()["operators"][op_type].get("outputs", ["output"] if count == 1 else ())
    return [names[k] if k < len(names) else f"output{k}" for k in range(count)]


def known(op_type):
    return op_type in registry()["operators"]


def decode(op_type, attrs, node=""):
    """Every parameter of ``op_type`` as a Python value, defaults filled in, and the set that differ from default."""
    parameters, values, changed = registry()["operators"][op_type]["parameters"], {}, set()
    unknown = sorted(
        set(attrs) - set(parameters) - {registry()["operators"][op_type].get("variadic")}
    )
    if unknown:
        raise ModelError(f"node '{node}': MXNet's {op_type} has no parameter {', '.join(unknown)}")
    for name, (kind, default) in parameters.items():
        values[name] = _value(kind, attrs.get(name, default), f"node '{node}': {op_type}.{name}")
        if name in attrs and (default is None or values[name] != _value(kind, default, name)):
            changed.add(name)
    return values, changed


def _value(kind, text, where):
    if text is None or text == "None":
        return None
    if kind.startswith(("{", "string")):
        return text
    if kind.startswith("boolean"):
        return text in ("1", "True", "true")
    try:
        if kind.startswith(("float", "double", "real_t")):
            return float(text)
        value = ast.literal_eval(text.replace("L", "") or "()")
    except (ValueError, SyntaxError) as error:
        raise ModelError(f"{where}: cannot read {text!r} as {kind}") from error
    if kind.startswith(("Shape", "tuple")):
        return tuple(value) if isinstance(value, (list, tuple)) else (value,)
    return value
