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
"""Which operators are covered, in which versions and with which limits, read from the tables."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from onnx import FunctionProto, NodeProto, TypeProto, defs

from .errors import ModelError
from .folding import folds
from .mx2onnx import canonical, operator_info
from .mx2onnx.translations import FAMILIES as export_families
from .mx2onnx.translations import export_table
from .onnx2mx.translations import FAMILIES as import_families
from .onnx2mx.translations import import_table
from .opset import NEWEST_OPSET, TARGET_OPSETS, history
from .translation import UNVERSIONED, Key, Translation


def get_operator_support(opset_version: Optional[int] = None) -> List[str]:
    """Return the MXNet operators that can be exported, by every name that a symbol may hold.

    Parameters
    ----------
    opset_version : int, optional
        Taken for MXNet's own signature. The rows are the same for every target opset; a row that
        needs a newer one than is asked for says so when it is used.

    Returns
    -------
    list of str
        In order: canonical names, aliases, and the forms that are brought to a canonical one.

    Raises
    ------
    ModelError
        If ``opset_version`` is none that can be exported to.
    """
    if opset_version is not None and opset_version not in TARGET_OPSETS:
        raise ModelError(
            f"opset {opset_version} cannot be exported to, only {TARGET_OPSETS[0]} to "
            f"{TARGET_OPSETS[-1]}"
        )
    covered = [entry for entry in exported_operators() if entry.covered]
    return sorted({name for entry in covered for name in (entry.op_type, *entry.aliases)})


@dataclasses.dataclass(frozen=True)
class ImportedOperator:
    """What can be imported of one ONNX operator.

    Attributes
    ----------
    op_type : str
    domain : str
        ``""`` is ai.onnx.
    family : str
        File of its rows, ``""`` where it has none.
    history : tuple of int
        Every version that ONNX has of it; those with a row where ONNX has no record of the domain.
    rows, folds, bodies : tuple of int
        Versions with a row (0: opsets before ONNX had it), versions that are computed where all
        inputs are known, and versions without a row whose body in ONNX's own record is covered.
    deprecated : tuple of int
        Versions that only say that the operator is gone.
    limits : tuple of str
        What rows do not cover, and folds where there is no row.
    """

    op_type: str
    domain: str
    family: str
    history: Tuple[int, ...]
    rows: Tuple[int, ...]
    folds: Tuple[int, ...]
    bodies: Tuple[int, ...]
    deprecated: Tuple[int, ...]
    limits: Tuple[str, ...]

    @property
    def name(self) -> str:
        """The operator with its domain, which ai.onnx needs not."""
        return f"{self.domain}.{self.op_type}" if self.domain else self.op_type

    @property
    def covered(self) -> Tuple[int, ...]:
        """Versions that can be imported on run-time tensors."""
        return tuple(sorted({*self.rows, *self.bodies}))

    @property
    def missing(self) -> Tuple[int, ...]:
        """Versions that cannot, and that a model may hold."""
        return tuple(v for v in self.history if v not in {*self.covered, *self.deprecated})


@dataclasses.dataclass(frozen=True)
class ExportedOperator:
    """Whether one MXNet operator can be exported.

    Attributes
    ----------
    op_type : str
        Canonical name in MXNet's registry.
    aliases : tuple of str
        Its other names.
    same_as : str
        The operator as which it is exported, itself in most cases.
    family : str
        File of its row, ``""`` where it has none.
    limits : tuple of str
        What the row does not cover.
    reason : str
        Why there is no row, where that is known.
    """

    op_type: str
    aliases: Tuple[str, ...]
    same_as: str
    family: str
    limits: Tuple[str, ...]
    reason: str = ""

    @property
    def covered(self) -> bool:
        """Whether there is a row."""
        return bool(self.family)


@functools.lru_cache(maxsize=None)
def domains() -> Tuple[str, ...]:
    """Every domain that ONNX, a row or a fold knows operators of; ai.onnx is ``""``, the first."""
    recorded = {s.domain for s in defs.get_all_schemas_with_history()}
    return tuple(sorted(recorded | {domain for domain, _, _ in _keys()}))


def _keys() -> Iterator[Key]:
    yield from import_table.keys()
    yield from folds.keys()


@functools.lru_cache(maxsize=None)
def imported_operators(domain: str = "") -> Tuple[ImportedOperator, ...]:
    """Every operator of a domain, in alphabetical order."""
    names = {s.name for s in defs.get_all_schemas_with_history() if s.domain == domain}
    names |= {op_type for where, op_type, _ in _keys() if where == domain}
    return tuple(_imported(name, domain) for name in sorted(names))


def _imported(op_type: str, domain: str) -> ImportedOperator:
    key, recorded = (domain, op_type), history(op_type, domain)
    others = {v for d, o, v in _keys() if (d, o) == key and (not recorded or v == UNVERSIONED[0])}
    versions = tuple(sorted({*recorded, *others}))
    rows = [(v, import_table.find(op_type, v, domain)) for v in versions]
    folded = [(v, folds.find(op_type, v, domain)) for v in versions]
    found = [row for _, row in rows if row is not None]
    alone = [fold for (_, fold), (_, row) in zip(folded, rows) if fold is not None and row is None]
    return ImportedOperator(
        op_type,
        domain,
        _families(found),
        recorded or versions,
        tuple(v for v, row in rows if row is not None),
        tuple(v for v, fold in folded if fold is not None),
        tuple(v for v, row in rows if row is None and _body_is_covered(op_type, v, domain)),
        tuple(v for v in recorded if defs.get_schema(op_type, v, domain).deprecated),
        _limits([*found, *alone]),
    )


def _families(rows: List[Translation]) -> str:
    return ", ".join(dict.fromkeys(family(row) for row in rows))


def _limits(rows: List[Translation]) -> Tuple[str, ...]:
    return tuple(dict.fromkeys(row.limits for row in rows if row.limits))


@functools.lru_cache(maxsize=None)
def _homes() -> Dict[int, str]:
    """Identity of each row to the file whose table has it; rows live as long as their tables."""
    return {
        id(row): module.__name__.rsplit(".", 1)[-1]
        for module in (*import_families, *export_families)
        for row in module.table
    }


def family(row: Translation) -> str:
    """The family of a row: the file whose table it is in."""
    return _homes()[id(row)]


def _body_is_covered(
    op_type: str, version: int, domain: str = "", inside: Tuple[str, ...] = ()
) -> bool:
    """Whether ONNX's own body of an operator, for float inputs, holds covered operators only."""
    body = _body(op_type, version, domain)
    if body is None or op_type in inside:
        return False
    said = {o.domain: o.version for o in body.opset_import}
    opset = said.get("", NEWEST_OPSET if domain else version)
    for node in body.node:
        if not node.input:  # a constant
            continue
        if not defs.has(node.op_type, node.domain):
            return False
        since = defs.get_schema(node.op_type, opset, node.domain).since_version
        covered = (
            import_table.find(node.op_type, since, node.domain)
            or folds.find(node.op_type, since, node.domain)
            or _body_is_covered(node.op_type, since, node.domain, (*inside, op_type))
        )
        if not covered:
            return False
    return True


def _body(op_type: str, version: int, domain: str) -> Optional[FunctionProto]:
    if not history(op_type, domain):
        return None
    schema: Any = defs.get_schema(op_type, version, domain)  # its stubs lack the functions
    if schema.has_function:
        return FunctionProto.FromString(
            schema.get_function_with_opset_version(min(schema.function_opset_versions))
        )
    if not schema.has_context_dependent_function:
        return None
    single = defs.OpSchema.FormalParameterOption.Single
    needed = [i.name for i in schema.inputs if i.option == single]
    node = NodeProto(op_type=op_type, input=needed, output=[o.name for o in schema.outputs][:1])
    float_tensor = TypeProto()
    float_tensor.tensor_type.elem_type = 1
    try:
        found = schema.get_context_dependent_function_with_opset_version(
            min(schema.context_dependent_function_opset_versions),
            node.SerializeToString(),
            [float_tensor.SerializeToString() for _ in needed],
        )
    except ValueError:  # its body needs attributes that a node of no model does not have
        return None
    return FunctionProto.FromString(found) if found else None


@functools.lru_cache(maxsize=None)
def exported_operators() -> Tuple[ExportedOperator, ...]:
    """Every operator of MXNet's registry and the retired ones of old files, in order."""
    aliases: Dict[str, List[str]] = {}
    for alias, op_type in operator_info.registry()["aliases"].items():
        aliases.setdefault(op_type, []).append(alias)
    names: Set[str] = {*operator_info.registry()["operators"], *canonical.RETIRED}
    return tuple(_exported(name, tuple(sorted(aliases.get(name, ())))) for name in sorted(names))


def _exported(op_type: str, aliases: Tuple[str, ...]) -> ExportedOperator:
    forms = {
        **canonical.SCALAR,
        **canonical.REVERSED_SCALAR,
        **canonical.SAME,
        **canonical.RETIRED,
    }
    same_as = forms.get(op_type, op_type)
    row = export_table.find(same_as)
    rows = [row] if row else []
    reason = export_table.reason(op_type)
    return ExportedOperator(op_type, aliases, same_as, _families(rows), _limits(rows), reason)


@dataclasses.dataclass(frozen=True)
class NewVersion:
    """A version of an operator that has rows for older versions only.

    Attributes
    ----------
    op_type : str
        With its domain, unless that is ai.onnx.
    version, before : int
        The version without a row, and the one before it.
    changes : tuple of str
        What its arguments have that the version before had not, and the reverse; empty where only
        types or prose changed.
    """

    op_type: str
    version: int
    before: int
    changes: Tuple[str, ...]


def versions_without_rows() -> Iterator[NewVersion]:
    """Versions that came after those that have rows, in alphabetical order."""
    for entry in (e for domain in domains() for e in imported_operators(domain) if e.rows):
        for before, version in zip(entry.history, entry.history[1:]):
            if version > min(entry.rows) and version in entry.missing:
                changes = tuple(_changes(entry, before, version))
                yield NewVersion(entry.name, version, before, changes)


def _changes(entry: ImportedOperator, before: int, version: int) -> Iterator[str]:
    old, new = (_arguments(entry, v) for v in (before, version))
    for name in sorted({*old, *new}):
        if name not in old:
            yield f"new {name}"
        elif name not in new:
            yield f"no {name} any more"
        elif old[name] != new[name]:
            yield f"{name} was {old[name]}, is {new[name]}"


def _arguments(entry: ImportedOperator, version: int) -> Dict[str, str]:
    schema: Any = defs.get_schema(entry.op_type, version, entry.domain)
    found = {
        f"attribute {n}": f"{a.type.name} = {str(a.default_value).strip() or 'no default'}"
        for n, a in schema.attributes.items()
    }
    for kind, formals in (("input", schema.inputs), ("output", schema.outputs)):
        found.update(
            {f"{kind} {f.name}": f"number {i}, {f.option.name}" for i, f in enumerate(formals)}
        )
    return found


@dataclasses.dataclass(frozen=True)
class Figures:
    """How much is covered.

    Attributes
    ----------
    opset : int
        The newest that the installed ``onnx`` knows.
    onnx_operators, imported_operators : int
        Operators of the domain, and those of which at least one version can be imported.
    onnx_versions, imported_versions : int
        Their schema versions, without those that only say that an operator is gone.
    mxnet_operators, exported_operators : int
        Operators of MXNet's registry, and those that can be exported.
    """

    opset: int
    onnx_operators: int
    imported_operators: int
    onnx_versions: int
    imported_versions: int
    mxnet_operators: int
    exported_operators: int


def figures(domain: str = "") -> Figures:
    """Count the tables, those of import in one domain."""
    everything = imported_operators(domain)
    recorded = [e for e in everything if history(e.op_type, domain)] or everything
    imported = [e for e in recorded if set(e.history) - set(e.deprecated)]
    exported = [e for e in exported_operators() if e.op_type not in canonical.RETIRED]
    return Figures(
        opset=NEWEST_OPSET,
        onnx_operators=len(imported),
        imported_operators=sum(1 for e in imported if e.covered),
        onnx_versions=sum(len(set(e.history) - set(e.deprecated)) for e in imported),
        imported_versions=sum(len(e.covered) for e in imported),
        mxnet_operators=len(exported),
        exported_operators=sum(1 for e in exported if e.covered),
    )
