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
"""Files with a few bytes changed: they convert or are refused in words, nothing else happens."""

import os
import random
import traceback

import bad_sources
import mxnet as mx
import numpy as np
import onnx
import pytest
from child import in_child
from encoder import encoder
from models import light_model
from mxnet.contrib.onnx import ConversionError, export_model, get_model_metadata, import_model

ROUNDS = int(os.environ.get("ONNX_TEST_DAMAGES", 300))


def damaged(data, generator):
    """``data`` with bytes overwritten, cut out, repeated or moved; printable ones among text."""
    data = bytearray(data)
    for _ in range(generator.choice((1, 1, 2, 5))):
        at, length = generator.randrange(len(data)), generator.choice((1, 1, 2, 8, 40))
        way = generator.randrange(5)
        if way == 0:
            data[at : at + length] = bytes(generator.choices(range(256), k=length))
        elif way == 1:
            data[at] ^= 1 << generator.randrange(8)
        elif way == 2:
            del data[at : at + length]
        elif way == 3:
            data[at:at] = data[at : at + length]
        else:
            data[at : at + 1] = b"%d" % generator.choice((-1, 0, 1, 2**31, 2**63, 10**30))
        data = data or bytearray(1)
    return bytes(data)


def surprises(data, use, seed, rounds=ROUNDS):
    """What other than a result or a ConversionError comes of damaged versions of ``data``."""
    found = {}
    for number in range(rounds):
        generator = random.Random(seed * 100_003 + number)
        try:
            use(damaged(data, generator))
        except ConversionError:
            pass
        except Exception:
            calls = traceback.format_exc().splitlines()[-8:]
            found[f"round {number}"] = calls
    return found


def _bytes_of_light_model(rng):
    return light_model("squeezenet")[0].read_bytes()


def _bytes_of_encoder(rng):
    return encoder(17, rng, layers=1).SerializeToString()


def _bytes_of_graph_alone(rng):
    """The encoder without its weights, so that most damage hits the graph."""
    model = encoder(13, rng, layers=1)
    for weight in model.graph.initializer:
        if np.prod(weight.dims) > 64:
            value = onnx.helper.make_tensor_value_info(weight.name, 1, list(weight.dims))
            model.graph.input.append(value)
    kept = [w for w in model.graph.initializer if np.prod(w.dims) <= 64]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return model.SerializeToString()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("read", [import_model, get_model_metadata])
@pytest.mark.parametrize("make", [_bytes_of_light_model, _bytes_of_encoder, _bytes_of_graph_alone])
def test_damaged_model(make, read, rng, seed):
    assert in_child(surprises, make(rng), read, seed, seconds=1200) == {}


@pytest.mark.parametrize("which", ["symbol", "params"])
def test_damaged_checkpoint(which, tmp_path, seed):
    net = bad_sources.net_in(tmp_path)
    path = net.files[which == "params"]
    data = path.read_bytes()

    def export(damage):
        path.write_bytes(damage)
        export_model(**{**bad_sources.good_arguments(net), "onnx_file_path": None})

    assert in_child(surprises, data, export, seed, seconds=1200) == {}


def test_damaged_model_that_still_imports_runs(rng, seed):
    """An import that succeeds gives a symbol that MXNet runs, or refuses in its own words."""
    data = _bytes_of_graph_alone(rng)

    def run(damage):
        symbol, arg_params, aux_params = import_model(damage, sizes={"batch": 2, "sequence": 7})
        shapes = {n: a.shape for n, a in arg_params.items()}
        inputs = [n for n in symbol.list_arguments() if n not in shapes]
        given = {n: (2, 7) for n in inputs if n.endswith(("ids", "mask"))}
        try:
            executor = symbol.simple_bind(mx.cpu(), grad_req="null", **given)
            executor.copy_params_from(arg_params, aux_params, allow_extra_params=True)
            [o.wait_to_read() for o in executor.forward()]
        except (mx.MXNetError, RuntimeError):
            return

    assert in_child(surprises, data, run, seed, seconds=1200) == {}
