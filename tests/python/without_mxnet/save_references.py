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
"""Save what MXNet computes of the MTCNN networks, for the tests that run without it. Needs MXNet.

python tests/python/without_mxnet/save_references.py
"""

import os
import sys

import numpy as np
from checkpoints import MTCNN, REFERENCES, mtcnn_prefix

os.environ["MXNET_SUBGRAPH_BACKEND"] = "NONE"  # what the symbols say, node by node


def main():
    """Write a file a network; say which are not at hand."""
    import mxnet as mx

    REFERENCES.mkdir(parents=True, exist_ok=True)
    for name, (_, shapes) in MTCNN.items():
        prefix = mtcnn_prefix(name)
        if not prefix.with_name(f"{name}-symbol.json").exists():
            print(f"{prefix} is not there, its tests will be skipped", file=sys.stderr)
            continue
        symbol, arguments, states = mx.model.load_checkpoint(str(prefix), 1)
        arrays = {}
        for run, shape in enumerate(shapes):
            data = np.random.RandomState(run).standard_normal(shape).astype(np.float32)
            found, _, _ = symbol.infer_shape(data=shape)
            labels = {
                n: mx.nd.zeros(s)
                for n, s in zip(symbol.list_arguments(), found)
                if n not in arguments and n != "data"
            }
            feed = {**arguments, **labels, "data": mx.nd.array(data)}
            executor = symbol.bind(mx.cpu(), feed, aux_states=states, grad_req="null")
            arrays[f"in{run}:data"] = data
            for k, output in enumerate(executor.forward(is_train=False)):
                arrays[f"out{run}:{k}"] = output.asnumpy()
        path = REFERENCES / f"mtcnn-{name}.npz"
        np.savez_compressed(path, **arrays)
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
