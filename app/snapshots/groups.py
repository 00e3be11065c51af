"""Distinct records become files and a manifest; split into groups where Meta demands it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from app.snapshots import file_format as files
from app.snapshots.encryption import FileKey
from app.snapshots.manifest import Group, Manifest, StagedFile
from app.snapshots.rows.columns import missing
from app.snapshots.rows.records import Field, Form, Packing, Rows, bucket_of
from app.snapshots.store import SnapshotStore


@dataclass(frozen=True, slots=True)
class Part:
    """One written file, the group it belongs to, and the columns that have a value in it."""

    group: int
    file: StagedFile
    present: frozenset[str]


@dataclass(slots=True)
class _Collected:
    rows: int = 0
    present: set[str] = field(default_factory=set)
    files: list[StagedFile] = field(default_factory=list)


class GroupWriter:
    """Writes records of one packing below one prefix; `write` may be called by several threads."""

    def __init__(
        self,
        store: SnapshotStore,
        prefix: str,
        packing: Packing,
        *,
        columns: Sequence[str],
        group_by: Sequence[str] = (),
    ) -> None:
        """`columns` is the order of the schemas; `group_by` names columns that are in a row or not.

        Meta counts a row with an empty EXTERN_ID as invalid, so such rows need a schema without it
        (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
        """
        self._store = store
        self._prefix = prefix
        self._packing = packing
        self._columns = tuple(columns)
        self._group_by = tuple(name for name in group_by if name in columns)
        self._key = FileKey.fresh()

    def write(self, name: str, rows: Rows) -> list[Part]:
        """Write records that are in order, as one file for each group among them."""
        if not len(rows):
            return []
        group = np.zeros(len(rows), dtype=np.uint32)
        for bit, column in enumerate(self._group_by):
            absent = missing(self._packing.column(rows, column))
            present = np.ones(len(rows), np.bool_) if absent is None else ~absent
            group |= present.astype(np.uint32) << np.uint32(bit)
        numbers = np.flatnonzero(np.bincount(group)).tolist()
        if len(numbers) == 1:
            return [self._write(name, numbers[0], rows)]
        return [self._write(name, number, rows[group == number]) for number in numbers]

    def _write(self, name: str, group: int, rows: Rows) -> Part:
        unpacked = self._packing.unpack(rows)
        full_name = f"{self._prefix}/{name}-{group}.rows"
        buffers, present = files.encode(
            {name: unpacked[name] for name in self._columns}, len(rows), self._key.of(full_name)
        )
        digest = hashlib.sha256()
        for buffer in buffers:
            digest.update(buffer)
        self._store.write(full_name, buffers)
        first, last = bucket_of(self._packing.prefixes(rows[[0, -1]])).tolist()
        size = sum(len(buffer) for buffer in buffers)
        file = StagedFile(full_name, len(rows), size, digest.hexdigest(), first, last)
        return Part(group, file, present)

    def manifest(self, parts: Sequence[Part], *, duplicates: int, distinct_keys: int) -> Manifest:
        """The manifest of all parts, which are in order."""
        collected: dict[int, _Collected] = {}
        for part in parts:
            group = collected.setdefault(part.group, _Collected())
            group.rows += part.file.rows
            group.present |= part.present
            group.files.append(part.file)
        groups = tuple(self._group(collected[number]) for number in sorted(collected))
        return Manifest(
            prefix=self._prefix,
            key_columns=tuple(key.name for key in self._packing.layout.keys),
            groups=groups,
            staged=sum(group.rows for group in collected.values()),
            duplicates=duplicates,
            distinct_keys=distinct_keys,
            sealed_key=self._key.sealed(self._store.sealing, self._prefix)
            if any(has_text(group) for group in groups)
            else None,
        )

    def _group(self, group: _Collected) -> Group:
        schema = tuple(name for name in self._columns if name in group.present)
        schema = schema or (self._packing.layout.keys[0].name,)  # rows of nothing are rows still
        forms = {field.name: _form(field) for field in self._packing.layout.fields}
        return Group(schema, tuple(forms[name] for name in schema), group.rows, tuple(group.files))


def has_text(group: Group) -> bool:
    """Whether a column of the group is no hash."""
    return any(form.startswith("text") for form in group.forms)


def _form(described: Field) -> str:
    if described.form is Form.TEXT:
        return f"text:{described.width}"
    return "codes" if described.form is Form.CODE else "cells"
