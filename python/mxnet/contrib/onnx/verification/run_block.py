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
"""What a child process runs: an ONNX model as OnnxBlock and by the backend, on given arrays."""

from __future__ import annotations

import os
import pickle
from typing import Any, Dict, List, Mapping

import numpy as np

TASK, RESULT = "task.pickle", "result.pickle"


def plain(value: Any) -> Any:
    """An output with arrays of NumPy in place of MXNet's."""
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value.asnumpy() if hasattr(value, "asnumpy") else value


def by_block(task: Mapping[str, Any], ctx: Any) -> List[Any]:
    """The outputs of every run, by one ``OnnxBlock``."""
    from ..onnx2mx.onnx_block import OnnxBlock

    block = OnnxBlock(task["path"], ctx, **task["asked"])
    block.hybridize(static_alloc=True, static_shape=True)
    results = []
    for arrays in task["runs"]:
        found = block(*(arrays.get(name) for name in block.input_names))
        results.append(plain(found if len(block.output_names) > 1 else [found]))
    return results


def by_backend(task: Mapping[str, Any], ctx: Any) -> List[Any]:
    """The outputs of every run, operator by operator."""
    from ..onnx2mx.eager import EagerModel

    model = EagerModel(task["path"], ctx=ctx)
    return [model.run(arrays) for arrays in task["runs"]]


#: Ways to run a model that no symbol says.
ROUTES = {"OnnxBlock": by_block, "backend": by_backend}


def perform(task: Mapping[str, Any]) -> Dict[str, Any]:
    """The outputs by route, or what refused them."""
    import mxnet as mx

    from .run_mxnet import context

    ctx, found = context(mx, task["device"]), {}
    for route, function in ROUTES.items():
        try:
            found[route] = function(task, ctx)
        except Exception as error:  # whatever it is, the parent tells it
            return {"error": f"{route}: {type(error).__name__}: {error}"}
    return {"outputs": found, "version": mx.__version__}


def main(folder: str) -> None:
    """Perform the task that lies in ``folder``."""
    with open(os.path.join(folder, TASK), "rb") as file:
        task = pickle.load(file)
    with open(os.path.join(folder, RESULT), "wb") as file:
        pickle.dump(perform(task), file)


def leaves(name: str, value: Any) -> Dict[str, np.ndarray]:
    """The arrays that an output consists of, by names that tell where in it they are."""
    if value is None:
        return {}
    if isinstance(value, (list, tuple)):
        found: Dict[str, np.ndarray] = {}
        for index, each in enumerate(value):
            found.update(leaves(f"{name}[{index}]", each))
        return found
    if isinstance(value, dict):
        return {f"{name}[{key!r}]": np.asarray(value[key]) for key in sorted(value)}
    return {name: np.asarray(value)}
