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
"""Import rows against ONNX's own record, and against their cases."""

import collections
import functools
import importlib.util
import inspect
import itertools
import pathlib

import pytest
from mxnet.contrib.onnx.onnx2mx.translations import FAMILIES, import_table
from mxnet.contrib.onnx.opset import NEWEST_OPSET, OpSchema, history
from mxnet.contrib.onnx.translation import UNVERSIONED
from onnx import defs

#: Operators whose tensors have a rank below 3 by nature.
LOW_RANK = {
    "ImageDecoder",
    "Multinomial",
    "RandomNormal",
    "RandomUniform",
    "Range",
    "Gemm",
    "EyeLike",
    "If",
    "FusedGemm",
    "QGemm",
    "CDist",
    "EmbedLayerNormalization",
    "QEmbedLayerNormalization",
}
#: Domains whose operators take rows of features.
LOW_RANK_DOMAINS = {"ai.onnx.ml"}
#: What no case can hold has a test of its own: a sequence of maps.
NO_CASE = {"ZipMap"}
#: Every (domain, operator, version) of the table; those of version 0 are in no record of ONNX's.
KEYS = list(import_table.keys())
ROWS = [row for row in import_table if row.versions != UNVERSIONED]
PAIRS = [(row, version) for row in ROWS for version in row.versions if version <= NEWEST_OPSET]


def _name(value):
    return getattr(value, "op_type", value)


@functools.lru_cache(maxsize=None)
def _schema(op_type, version, domain):
    return OpSchema(defs.get_schema(op_type, version, domain))


def _cases():
    """Cases of all families by domain, operator and schema version, or 0 where there is none."""
    found = collections.defaultdict(list)
    for path in sorted(pathlib.Path(__file__).parent.glob("test_import_*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for case in getattr(module, "CASES", ()):
            for domain, op_type in set(case.operators):
                opset = case.opsets.get(domain, NEWEST_OPSET)
                versions = [v for v in history(op_type, domain) if v <= opset]
                found[domain, op_type, max(versions, default=0)].append(case)
    return found


def test_families_are_disjoint():
    keys = collections.Counter(itertools.chain(*(f.table.keys() for f in FAMILIES)))
    assert not [key for key, count in keys.items() if count > 1]
    assert set(keys) == set(KEYS)


def test_versions_exist():
    unknown = {
        (op_type, version)
        for domain, op_type, version in KEYS
        if 0 < version <= NEWEST_OPSET and version not in history(op_type, domain)
    }
    assert not unknown


@pytest.mark.parametrize("row, version", PAIRS, ids=_name)
def test_every_attribute_is_taken_or_ignored(row, version):
    schema = _schema(row.op_type, version, row.domain)
    seen = {schema.attribute_name(n) for n in (*row.values, *row.ignores)}
    assert set(schema.attributes) <= seen, f"{row.op_type}-{version}"


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_every_value_exists_in_some_version(row):
    """A keyword that no version has is a slip of the pen; so is an ignored one."""
    schemas = [_schema(row.op_type, v, row.domain) for v in row.versions if v <= NEWEST_OPSET]
    if len(schemas) < len(row.versions):
        pytest.skip(f"the installed onnx knows opsets up to {NEWEST_OPSET}")
    for name in (*row.values, *row.ignores):
        assert any(
            s.attribute_name(name) is not None or s.input_index(name) is not None for s in schemas
        ), name


@pytest.mark.parametrize("row, version", PAIRS, ids=_name)
def test_tensors_are_the_inputs_that_no_value_claims(row, version):
    schema = _schema(row.op_type, version, row.domain)
    claimed = {schema.input_index(name) for name in row.values}
    left = [i for i in range(len(schema.inputs)) if i not in claimed]
    variadic = [p for p in row.tensors if p.kind is inspect.Parameter.VAR_POSITIONAL]
    assert bool(variadic) == schema.variadic
    if variadic:
        return
    assert len(row.tensors) >= len(left)
    for index, parameter in zip(left, row.tensors):
        place = schema.input_index(parameter.name.rstrip("_"))
        assert place in (None, index), parameter.name
        if parameter.default is inspect.Parameter.empty:
            assert schema.requires(index), f"{parameter.name} may be left out"
    for parameter in row.tensors[len(left) :]:
        assert parameter.default is None, f"{parameter.name} is no input of version {version}"


def test_every_version_has_a_case():
    cases = _cases()
    missing = {
        key for key in KEYS if key[2] <= NEWEST_OPSET and not any(not c.refused for c in cases[key])
    } - {key for key in KEYS if key[1] in NO_CASE}
    assert not missing


def test_every_version_has_a_case_of_rank_3():
    cases = _cases()
    flat = {
        key
        for key in KEYS
        if key[2] <= NEWEST_OPSET and key[1] not in LOW_RANK and key[0] not in LOW_RANK_DOMAINS
        if not any(a.ndim >= 3 for c in cases[key] for a in c.inputs.values())
    }
    assert not flat
