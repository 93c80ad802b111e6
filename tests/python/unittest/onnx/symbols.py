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
"""Symbol and parameter files written by hand, as any release of MXNet would write them."""

import json
import struct

#: What MXNet's files number element types.
FLAGS = {
    "float32": 0,
    "float64": 1,
    "float16": 2,
    "uint8": 3,
    "int32": 4,
    "int8": 5,
    "int64": 6,
    "bool": 7,
}


def symbol(*nodes, heads=None, version=10901, key="attrs"):
    """The JSON of a symbol.

    Parameters
    ----------
    nodes : str or tuple
        A variable's name, ``("null", name, attrs)``, or ``(op, name, inputs, attrs)`` whose inputs
        are names of nodes, or ``"name:1"`` for a further output.
    heads : list of str, optional
        Outputs, written like inputs; the last node by default.
    version : int or None
        MXNet's; None leaves it out, as releases before 0.9 did.
    key : str
        What holds attributes.
    """
    places, entries = {}, []

    def output(name):
        name, _, index = name.partition(":")
        return [places[name], int(index or 0), 0]

    for node in nodes:
        if isinstance(node, str):
            node = ("null", node, [])
        op, name, inputs, *attrs = node
        if op == "null" and isinstance(inputs, dict):
            inputs, attrs = [], [inputs]
        entry = {"op": op, "name": name, "inputs": [output(i) for i in inputs]}
        if attrs and attrs[0]:
            entry[key] = {k: str(v) for k, v in attrs[0].items()}
        places[name] = len(entries)
        entries.append(entry)
    whole = {
        "nodes": entries,
        "arg_nodes": [k for k, e in enumerate(entries) if e["op"] == "null"],
        "heads": [output(h) for h in (heads or [entries[-1]["name"]])],
    }
    if version is not None:
        whole["attrs"] = {"mxnet_version": ["int", version]}
    return json.dumps(whole)


def params(arrays, version=2, flags=None):
    """A parameter file: ``version`` 0 is that of the first releases, 3 that with NumPy's shapes."""
    magic = {1: 0xF993FAC8, 2: 0xF993FAC9, 3: 0xF993FACA}
    data = struct.pack("<QQQ", 0x112, 0, len(arrays))
    for name, array in arrays.items():
        rank, shape = array.ndim, array.shape
        if version == 0:
            data += struct.pack(f"<I{rank}I", rank, *shape)
        elif version == 1:
            data += struct.pack(f"<II{rank}q", magic[1], rank, *shape)
        else:
            data += struct.pack(f"<Iii{rank}q", magic[version], 0, rank, *shape)
        flag = (flags or {}).get(name, FLAGS[array.dtype.name])
        data += struct.pack("<iii", 1, 0, flag) + array.tobytes()
    data += struct.pack("<Q", len(arrays))
    for name in arrays:
        data += struct.pack("<Q", len(name.encode())) + name.encode()
    return data
