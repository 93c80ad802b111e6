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
"""ONNX's conformance suite on the backend: its cases, what is expected of each, what comes of it.

``backend_manifest.txt`` lists every case that does not pass. A pass that it does not expect is a
failure too, so it cannot grow stale.
"""

import dataclasses
import fnmatch
import functools
import importlib
import pathlib
import pkgutil
import traceback
import warnings
import zlib

import onnx
from child import Died, in_child
from models import light_model
from mxnet.contrib.onnx import ConversionError, backend
from mxnet.contrib.onnx.opset import schema_at
from onnx import numpy_helper
from onnx.backend.test.case import node
from onnx.backend.test.loader import load_model_tests
from onnx.backend.test.runner import Runner

#: Kinds of cases that are files, and the modules that make those of nodes, one an operator.
FILES = ("simple", "pytorch-operator", "pytorch-converted")
MODULES = sorted(
    module.name[len(node.__name__) + 1 :]
    for module in pkgutil.walk_packages(node.__path__, f"{node.__name__}.")
    if not module.ispkg
)
#: The version of ``onnx`` whose cases the manifest is held against, line by line.
ONNX_VERSION = "1.23.2"
SECONDS = 600


@dataclasses.dataclass(frozen=True)
class Case:
    """A model with inputs and what should come out.

    Attributes
    ----------
    name : str
    model : onnx.ModelProto
    data_sets : list of (inputs, outputs)
        Arrays, lists of them for sequences, None for empty optionals.
    rtol, atol : float
    """

    name: str
    model: onnx.ModelProto
    data_sets: list
    rtol: float
    atol: float

    @functools.cached_property
    def operators(self):
        """``Name-version`` of every operator in the model, with ``domain.`` before others."""
        return _operators(self.model)


@functools.lru_cache(maxsize=None)
def node_cases(module):
    """The cases of one of ``MODULES``, which importing it makes."""
    found = node._NodeTestCases
    first = len(found)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module(f"{node.__name__}.{module}")
    return [
        Case(c.name, c.model, [tuple(map(_arrays, s)) for s in c.data_sets], c.rtol, c.atol)
        for c in found[first:]
    ]


def _arrays(values):
    return [numpy_helper.to_array(v) if isinstance(v, onnx.TensorProto) else v for v in values]


@functools.lru_cache(maxsize=None)
def file_cases(kind):
    """The cases of one of ``FILES``."""
    cases = []
    for found in load_model_tests(kind=kind):
        folder = pathlib.Path(found.model_dir)
        model = onnx.load(str(folder / "model.onnx"))
        sets = [
            (_stored(data, "input", model.graph.input), _stored(data, "output", model.graph.output))
            for data in sorted(folder.glob("test_data_set*"))
        ]
        cases.append(Case(found.name, model, sets, found.rtol, found.atol))
    return sorted(cases, key=lambda case: case.name)


def _stored(folder, what, infos):
    count = len(list(folder.glob(f"{what}_*.pb")))
    return [_value(folder / f"{what}_{i}.pb", infos[i].type) for i in range(count)]


def _value(path, type_proto):
    message, read = {
        "sequence_type": (onnx.SequenceProto, numpy_helper.to_list),
        "optional_type": (onnx.OptionalProto, numpy_helper.to_optional),
        "tensor_type": (onnx.TensorProto, numpy_helper.to_array),
    }[type_proto.WhichOneof("value")]
    return read(message.FromString(path.read_bytes()))


def light_case(name):
    """One of the light networks."""
    path, data, stored = light_model(name)
    (found,) = (c for c in load_model_tests(kind="real") if c.model_name == name)
    return Case(found.name, onnx.load(str(path)), [([data], [stored])], found.rtol, found.atol)


def sample(cases, share):
    """One of ``share`` cases by the hash of its name, at least one of them."""
    ordered = sorted(cases, key=lambda case: zlib.crc32(case.name.encode()) % share)
    count = sum(zlib.crc32(case.name.encode()) % share == 0 for case in cases)
    return ordered[: max(count, 1)]


# -- what is expected --------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of the manifest.

    Attributes
    ----------
    kind : str
        ``operator`` (has no row), ``refused``, ``excluded`` or ``tolerance``.
    pattern : str
        Of the cases' names; of an operator ``Name-version``.
    reason : str
        Words of the refusal, or why.
    """

    kind: str
    pattern: str
    reason: str

    def concerns(self, case):
        """Whether it says something of ``case``."""
        if self.kind == "operator":
            return self.pattern in case.operators
        return fnmatch.fnmatchcase(case.name, self.pattern)


@functools.lru_cache(maxsize=None)
def manifest():
    """Lines of ``backend_manifest.txt``."""
    text = (pathlib.Path(__file__).parent / "backend_manifest.txt").read_text(encoding="utf-8")
    lines = []
    for line in filter(None, (line.split("#")[0].split() for line in text.splitlines())):
        kind, pattern, *words = line
        if kind == "operator":
            lines += [Line(kind, name, name) for name in (pattern, *words)]
        else:
            lines.append(Line(kind, pattern, " ".join(words)))
    return lines


def _operators(model):
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    return {
        f"{domain}{'.' if domain else ''}{op_type}-{schema.since_version}"
        for domain, op_type in _used(model.graph.node)
        for schema in [schema_at(op_type, opsets.get(domain, 1), domain)]
        if schema is not None
    }


def _used(nodes):
    for proto in nodes:
        yield proto.domain, proto.op_type
        for attribute in proto.attribute:
            for graph in [attribute.g, *attribute.graphs]:
                yield from _used(graph.node)


# -- what comes --------------------------------------------------------------------------------


def complaints(cases):
    """Run cases in a child process; a sentence on each that does not do what the manifest says."""
    expected = {case.name: [line for line in manifest() if line.concerns(case)] for case in cases}
    run = [c for c in cases if not any(line.kind == "excluded" for line in expected[c.name])]
    texts = [
        (case.name, _complaint(*outcome, expected[case.name]))
        for case, outcome in zip(run, outcomes(run, expected))
    ]
    return [f"{name} {text}" for name, text in texts if text]


def outcomes(cases, expected):
    """In one child; where that dies, in one for each case, to find the one that kills."""
    calls = [functools.partial(outcome, case, expected.get(case.name, ())) for case in cases]
    try:
        return in_child(lambda: [call() for call in calls], seconds=SECONDS)
    except Died:
        return [_alone(call) for call in calls]


def _alone(call):
    try:
        return in_child(call)
    except Died as error:
        return "failed", str(error)


def outcome(case, lines=()):
    """``passed``, ``refused`` or ``failed``, and the text of the error."""
    looser = [float(line.reason.split()[0]) for line in lines if line.kind == "tolerance"]
    try:
        prepared = backend.prepare(case.model)
        for inputs, wanted in case.data_sets:
            outputs = prepared.run(inputs)
            assert list(map(_lengths, outputs)) == list(map(_lengths, wanted))
            pair = _leaves(list(wanted)), _leaves(list(outputs))
            assert [a.dtype for a in pair[0]] == [a.dtype for a in pair[1]]
            pair = [list(map(_plain, side)) for side in pair]
            Runner.assert_similar_outputs(*pair, max(case.rtol, *looser, 0), case.atol)
    except ConversionError as error:
        # A row that falls over, or makes what the specification does not say, is no refusal.
        kind = "failed" if "its row" in str(error) else "refused"
        return kind, f"{type(error).__name__}: {error}"
    except Exception:
        return "failed", traceback.format_exc()
    return "passed", ""


def _plain(array):
    """Numbers that NumPy cannot compare as float32, which holds them; bfloat16 the runner knows."""
    lacking = array.dtype.kind == "V" and array.dtype.name != "bfloat16"
    return array.astype("float32") if lacking else array


def _lengths(value):
    """What sequences an output consists of; None for an array."""
    return list(map(_lengths, value)) if isinstance(value, list) else value is None


def _leaves(value):
    """The arrays of sequences: ``onnx`` compares none of rank 0 inside of them."""
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [] if value is None else [value]


def _complaint(kind, text, lines):
    # An operator without a row is found first, whatever else there is to refuse.
    wanted = [n for n in lines if n.kind == "operator"] or [n for n in lines if n.kind == "refused"]
    if kind == "passed":
        return f"passes, unlike the manifest says: {wanted}" if wanted else ""
    if kind == "failed" or not wanted:
        return f"{kind}: {text}"
    missing = [line.reason for line in wanted if line.reason not in text]
    return f"is refused for other reasons than {missing}: {text}" if missing else ""


def unused_lines(cases):
    """Lines of the manifest that concern none of ``cases``."""
    return [line for line in manifest() if not any(map(line.concerns, cases))]
