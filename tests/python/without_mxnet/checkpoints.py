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
"""The checkpoints that are converted here, and what MXNet computed of them elsewhere."""

import os
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "python" / "unittest" / "onnx" / "data"
#: Outputs of networks that are not in the repository, written by ``save_references.py``.
REFERENCES = pathlib.Path(os.environ.get("ONNX_REFERENCES") or ROOT / "build" / "references")

#: Checkpoints of the repository: epoch, shape and dtype of the input ``data``.
COMMITTED = {
    "residual": (0, ("N", 3, 16, 16), np.float32),
    "lstm": (0, (7, "N", 8), np.float32),
    "half": (0, ("N", 4, 6, 6), np.float16),
    "legacy": (1, ("N", 3, 12, 12), np.float32),
}
#: Networks of the MTCNN face detector: shape of the input ``data``, and sizes to run it at.
MTCNN = {
    "det1": (("N", 3, "H", "W"), [(1, 3, 12, 12), (2, 3, 37, 50)]),
    "det2": (("N", 3, 24, 24), [(1, 3, 24, 24), (3, 3, 24, 24)]),
    "det3": (("N", 3, 48, 48), [(1, 3, 48, 48), (3, 3, 48, 48)]),
    "det4": (("N", 15, 24, 24), [(1, 15, 24, 24), (3, 15, 24, 24)]),
}


def mtcnn_prefix(name):
    """Checkpoint prefix of an MTCNN network, in ``ONNX_TEST_MODELS`` or beside the checkout."""
    folder = os.environ.get("ONNX_TEST_MODELS") or ROOT.parent / "shared" / "models"
    return pathlib.Path(folder) / "mtcnn" / name


def runs(path):
    """Inputs and outputs of every run that a reference file holds."""
    with np.load(path) as file:
        arrays = dict(file)
    for run in sorted({key.partition(":")[0][2:] for key in arrays if key.startswith("in")}):
        given = {k.partition(":")[2]: a for k, a in arrays.items() if k.startswith(f"in{run}:")}
        count = sum(1 for key in arrays if key.startswith(f"out{run}:"))
        yield given, [arrays[f"out{run}:{k}"] for k in range(count)]
