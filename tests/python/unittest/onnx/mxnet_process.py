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
"""MXNet in a process of its own: a call that kills it or hangs fails one test and not the run."""

from __future__ import annotations

import json
import os
import pickle
import select
import signal
import subprocess
import sys
from typing import Dict, List, Optional

import numpy as np

#: Seconds that one call may take, the start of the process included.
PATIENCE = 120


class MXNetFailure(Exception):
    """MXNet refuses a symbol on these inputs, or dies of it."""


class MXNetProcess:
    """Runs symbols in a child process, which is started when first needed and again when it dies.

    Parameters
    ----------
    environment : dict
        Variables that the process gets in addition to this one's.
    """

    def __init__(self, **environment: str) -> None:
        self._environment = {**os.environ, **environment}
        self._child: Optional[subprocess.Popen] = None

    def __call__(
        self, symbol: str, arrays: Dict[str, np.ndarray], how: str = "bound"
    ) -> List[np.ndarray]:
        """Outputs of a symbol, given as JSON, on arrays for all of its variables.

        ``how`` is "bound", or for a symbol of one node "eager" or "in place", which calls the
        operator at once, with its first input for the output.

        Raises
        ------
        MXNetFailure
            With MXNet's own sentence, or the signal that killed the process.
        """
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=self._environment,
            )
        child = self._child
        pickle.dump((symbol, arrays, how), child.stdin)
        child.stdin.flush()
        try:
            if not select.select([child.stdout], [], [], PATIENCE)[0]:
                child.kill()
            answer = pickle.load(child.stdout)
        except EOFError:
            self._child = None
            status = child.wait()
            cause = signal.Signals(-status).name if status < 0 else f"exit code {status}"
            raise MXNetFailure(f"MXNet died of {cause}") from None
        if isinstance(answer, str):
            raise MXNetFailure(answer)
        return answer


def serve() -> None:
    """Answer calls on standard input until it ends; MXNet's own prints go to standard error."""
    calls, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            symbol, arrays, how = pickle.load(calls)
        except EOFError:
            return
        try:
            answer: object = run(symbol, arrays) if how == "bound" else call(symbol, arrays, how)
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
        pickle.dump(answer, answers)
        answers.flush()


def run(symbol: str, arrays: Dict[str, np.ndarray]) -> List[np.ndarray]:
    """Bind the symbol to the arrays, at their dtypes, and predict."""
    import mxnet as mx

    loaded = mx.sym.load_json(symbol)
    given = {n: mx.nd.array(a, dtype=a.dtype) for n, a in arrays.items()}
    auxiliary = loaded.list_auxiliary_states()
    executor = loaded.bind(
        mx.cpu(),
        {n: given[n] for n in loaded.list_arguments()},
        aux_states={n: given[n] for n in auxiliary},
        grad_req="null",
    )
    return [output.asnumpy() for output in executor.forward(is_train=False)]


def call(symbol: str, arrays: Dict[str, np.ndarray], how: str) -> List[np.ndarray]:
    """Call the one operator of a symbol: what binding cannot do, as sizes come from the values."""
    import ctypes

    import mxnet as mx
    from mxnet._ctypes.ndarray import _imperative_invoke
    from mxnet.base import _LIB, c_str, check_call

    nodes = json.loads(symbol)["nodes"]
    attrs = nodes[-1].get("attrs", {})
    handle = ctypes.c_void_p()
    check_call(_LIB.NNGetOpHandle(c_str(nodes[-1]["op"]), ctypes.byref(handle)))
    with mx.util.np_shape(True):
        given = [arrays[nodes[k]["name"]] for k, _, _ in nodes[-1]["inputs"]]
        inputs = [mx.np.array(a, dtype=a.dtype) for a in given]
        out = inputs[0] if how == "in place" else None
        keys, values = list(attrs), [str(v) for v in attrs.values()]
        found = _imperative_invoke(handle.value, inputs, keys, values, out, True, out is None)
        return [o.asnumpy() for o in (found if out is None else [out])]


if __name__ == "__main__":
    serve()
