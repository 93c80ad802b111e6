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
"""What the child process runs, by path: an MXNet symbol on given arrays, by several routes.

The folder that the command line names holds ``task.json`` and gets ``result.json`` and the outputs,
a ``.npy`` file each. Arrays are described by path, offset, dtype and shape, so that parameters are
read where they lie. Nothing of the package is imported: only MXNet and NumPy.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np

Shapes = Dict[str, Tuple[int, ...]]
#: What chooses how MXNet fuses operators when it binds.
FUSION = "MXNET_SUBGRAPH_BACKEND"


def read_array(place: Mapping[str, Any]) -> np.ndarray:
    """The array that ``place`` describes."""
    shape, dtype = tuple(place["shape"]), np.dtype(place["dtype"])
    count = int(np.prod(shape, dtype=np.int64))
    return np.fromfile(place["path"], dtype, count, offset=place["offset"]).reshape(shape)


def context(mx: Any, device: str) -> Any:
    """``"cpu(0)"`` or ``"gpu(1)"`` as MXNet's context."""
    kind, _, number = device.partition("(")
    return mx.Context(kind, int(number.rstrip(")") or 0))


class Model:
    """A symbol with its parameters, on one device.

    Parameters
    ----------
    mx : module
    task : mapping
        ``symbol`` (path), ``parameters`` (places by name), ``device``, ``widen`` (float16 as
        float32).
    heads : sequence of (node, output), optional
        Outputs to have instead of the symbol's own.
    """

    def __init__(self, mx: Any, task: Mapping[str, Any], heads: Optional[Sequence[Sequence[int]]]):
        self.mx, self.ctx, self.widen = mx, context(mx, task["device"]), task["widen"]
        with open(task["symbol"], encoding="utf-8") as file:
            graph = json.load(file)
        if heads is not None:
            graph["heads"] = [[node, output, 0] for node, output in heads]
        self.symbol = mx.sym.load_json(json.dumps(graph))
        self.loops = any("subgraphs" in node for node in graph["nodes"])
        self.path = task["symbol"]
        self.places: Dict[str, Mapping[str, Any]] = task["parameters"]

    def array(self, array: np.ndarray) -> Any:
        """``array`` on the device."""
        if self.widen and array.dtype == np.float16:
            array = array.astype(np.float32)
        return self.mx.nd.array(array, ctx=self.ctx, dtype=array.dtype)

    def parameters(self, names: Sequence[str]) -> Dict[str, Any]:
        """Those of ``names`` that have a value."""
        return {n: self.array(read_array(self.places[n])) for n in names if n in self.places}

    def shapes(self, inputs: Mapping[str, Sequence[int]]) -> Tuple[Shapes, Shapes, List]:
        """Shapes of arguments, of auxiliary states and of outputs, as MXNet infers them."""
        symbol = self.symbol
        names, states = symbol.list_arguments(), symbol.list_auxiliary_states()
        given = {n: tuple(self.places[n]["shape"]) for n in names if n in self.places}
        given.update({n: tuple(s) for n, s in inputs.items() if n in names})
        # the public method prints what it cannot infer
        found, outputs, auxiliary = symbol._infer_shape_impl(False, **given)
        if found is None:
            raise ValueError(f"MXNet cannot infer the shapes from those of {', '.join(inputs)}")
        return dict(zip(names, found)), dict(zip(states, auxiliary)), outputs

    def dtypes(self, inputs: Mapping[str, str]) -> Tuple[Dict[str, Any], List]:
        """dtypes of the arguments by name and of the outputs, as MXNet infers them."""
        symbol = self.symbol
        names = symbol.list_arguments()
        given = {n: self.places[n]["dtype"] for n in names if n in self.places}
        given.update({n: d for n, d in inputs.items() if n in names})
        if self.widen:
            given = {n: "float32" if d == "float16" else d for n, d in given.items()}
        found, outputs, _ = symbol.infer_type(**given)
        if found is None:
            raise ValueError(f"MXNet cannot infer the dtypes from those of {', '.join(inputs)}")
        return dict(zip(names, found)), outputs

    def by_executor(self, inputs: Mapping[str, np.ndarray]) -> List[Any]:
        """Bound as it is; an argument without a value, such as a label, is zero."""
        symbol, mx = self.symbol, self.mx
        shapes, states, _ = self.shapes({n: a.shape for n, a in inputs.items()})
        kinds, _ = self.dtypes({n: a.dtype.name for n, a in inputs.items()})
        arguments = self.parameters(symbol.list_arguments())
        arguments.update({n: self.array(a) for n, a in inputs.items() if n in shapes})
        for name, shape in shapes.items():
            if name not in arguments:
                arguments[name] = mx.nd.zeros(shape, ctx=self.ctx, dtype=kinds[name] or "float32")
        auxiliary = self.parameters(symbol.list_auxiliary_states())
        for name, shape in states.items():
            auxiliary.setdefault(name, mx.nd.zeros(shape, ctx=self.ctx))
        executor = symbol.bind(self.ctx, arguments, aux_states=auxiliary, grad_req="null")
        return executor.forward(is_train=False)

    def by_module(self, inputs: Mapping[str, np.ndarray]) -> List[Any]:
        """Through ``mx.mod.Module``, bound for inference, without labels."""
        mx, io = self.mx, self.mx.io
        used = {n: a for n, a in inputs.items() if n in self.symbol.list_arguments()}
        module = mx.mod.Module(self.symbol, list(used), label_names=None, context=self.ctx)
        # no axis is the batch: inputs need not agree in their first size
        described = [io.DataDesc(n, a.shape, a.dtype, layout="") for n, a in used.items()]
        module.bind(described, for_training=False)
        states = self.parameters(self.symbol.list_auxiliary_states())
        arguments = self.parameters(self.symbol.list_arguments())
        module.set_params(arguments, states, allow_missing=False)
        module.forward(io.DataBatch([self.array(a) for a in used.values()]), is_train=False)
        return module.get_outputs()

    def by_gluon(self, inputs: Mapping[str, np.ndarray]) -> List[Any]:
        """Through ``SymbolBlock.imports`` from files, hybridised with static memory.

        Without static shapes where there are loops, which MXNet computes wrongly with them.
        """
        mx = self.mx
        names = self.symbol.list_arguments()
        used = {n: a for n, a in inputs.items() if n in names}
        saved = {f"arg:{n}": a for n, a in self.parameters(names).items()}
        states = self.parameters(self.symbol.list_auxiliary_states())
        saved.update({f"aux:{n}": a for n, a in states.items()})
        symbol, parameters = self.path + ".symbol", self.path + ".params"
        self.symbol.save(symbol)
        mx.nd.save(parameters, saved)
        block = mx.gluon.SymbolBlock.imports(symbol, list(used), parameters, ctx=self.ctx)
        block.hybridize(static_alloc=True, static_shape=not self.loops)
        result = block(*[self.array(a) for a in used.values()])
        return list(result) if isinstance(result, (list, tuple)) else [result]


def fitting(model: Model, candidates: Sequence[Mapping[str, Sequence[int]]]) -> int:
    """Index of the first ``{input: shape}`` that MXNet's inference accepts.

    Raises
    ------
    ValueError
        If none is accepted, with what MXNet says about the last.
    """
    refusal = ""
    for index, shapes in enumerate(candidates):
        try:
            model.shapes(shapes)
            return index
        except (model.mx.MXNetError, ValueError) as error:
            refusal = str(error)
    raise ValueError(f"no sizes that were tried fit the network: {plain(refusal)}")


def types_inside(model: Model, inputs: Mapping[str, np.ndarray]) -> List[List]:
    """``[shape, dtype]`` of every output of the symbol, in order, as MXNet infers them."""
    _, _, shapes = model.shapes({n: a.shape for n, a in inputs.items()})
    _, kinds = model.dtypes({n: a.dtype.name for n, a in inputs.items()})
    return [[list(s), np.dtype(k).name if k is not None else ""] for s, k in zip(shapes, kinds)]


def plain(message: str) -> str:
    """The sentence of an MXNet error that says what is wrong, without its stack."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if "Error" in line or "Check failed" in line]
    return (telling or lines or [""])[-1]


@contextlib.contextmanager
def array_semantics(mx: Any, symbol_file: str) -> Iterator[None]:
    """The meaning of rank 0 and of empty shapes with which the symbol was saved."""
    with open(symbol_file, encoding="utf-8") as file:
        flag = json.load(file).get("attrs", {}).get("is_np_shape", ["int", 0])[1]
    with mx.util.np_shape(bool(flag)):
        yield


def perform(task: Mapping[str, Any], folder: str) -> Dict[str, Any]:
    """Do what ``task`` says: find sizes that fit, infer types, or run."""
    import mxnet as mx

    result: Dict[str, Any] = {"version": mx.__version__}
    with array_semantics(mx, task["symbol"]):
        model = Model(mx, task, task["heads"])
        if task["candidates"]:
            result["fits"] = fitting(model, task["candidates"])
        runs = [{n: read_array(p) for n, p in inputs.items()} for inputs in task["runs"]]
        if task["inside"]:
            inside = Model(mx, task, task["inside"])
            result["types"] = [types_inside(inside, inputs) for inputs in runs]
        routes: Dict[str, Callable] = {
            "": model.by_executor,
            "Module": model.by_module,
            "Gluon": model.by_gluon,
        }
        result["outputs"] = []
        for r, inputs in enumerate(runs):
            for route in task["routes"]:
                paths = []
                for k, output in enumerate(routes[route](inputs)):
                    paths.append(os.path.join(folder, f"out{r}{route}{k}.npy"))
                    np.save(paths[-1], output.asnumpy())
                result["outputs"].append({"run": r, "route": route, "paths": paths})
    return result


def answer(folder: str) -> None:
    """Perform the task that lies in ``folder``; an error of MXNet is an answer too."""
    with open(os.path.join(folder, "task.json"), encoding="utf-8") as file:
        task = json.load(file)
    if task["fused"]:
        os.environ.pop(FUSION, None)
    else:
        os.environ[FUSION] = "NONE"
    try:
        result = perform(task, folder)
    except Exception as error:  # whatever it is, the parent tells it
        result = {"error": f"{type(error).__name__}: {plain(str(error))}"}
    with open(os.path.join(folder, "result.json"), "w", encoding="utf-8") as file:
        json.dump(result, file)


def main(folder: str) -> None:
    """A line of input for each task, a line of output when it is done; until the input ends."""
    done = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # MXNet's own lines are no answers
    for _ in sys.stdin:
        answer(folder)
        print("done", file=done, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
