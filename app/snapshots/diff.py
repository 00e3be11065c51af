"""What a mirror has to do: the people to remove and the rows to add between two snapshots."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.snapshots.errors import SnapshotError
from app.snapshots.groups import GroupWriter, Part
from app.snapshots.manifest import Manifest, StagedFile
from app.snapshots.reader import key_of, open_file
from app.snapshots.rows.columns import Column, Words
from app.snapshots.rows.comparison import Comparison, Outcome, Span, in_order
from app.snapshots.rows.hash_dictionary import HashDictionary
from app.snapshots.rows.records import BUCKETS, Field, Form, Layout, Packing, Rows
from app.snapshots.store import SnapshotStore

MEMORY_BYTES = 64 << 20
THREADS = 2
CODE_BYTES = 4  # two dictionaries of two bytes meet


@dataclass(frozen=True, slots=True)
class Diff:
    """`removals` has key columns only, one row a person; `additions` has whole rows."""

    removals: Manifest
    additions: Manifest


def diff(
    store: SnapshotStore,
    old: Manifest,
    new: Manifest,
    *,
    prefix: str,
    group_by: Sequence[str] = ("EXTERN_ID",),
    memory_bytes: int = MEMORY_BYTES,
    scratch: Path | None = None,
) -> Diff:
    """Compare two snapshots of one store; write what differs below `prefix`.

    A key identifier is removed if no row of `new` has it; a row of `new` is added if `old` lacks
    exactly that row. Nothing is assumed about schemas: a column one snapshot lacks is missing in
    all of its rows. Raises `SnapshotError`.
    """
    if old.key_columns != new.key_columns:
        raise SnapshotError(
            f"The snapshots were staged by different key identifiers, {', '.join(old.key_columns)} "
            f"and {', '.join(new.key_columns)}; deliver the new one whole.",
            code="snapshot-key-mismatch",
        )
    packing, columns = _common(old, new)
    comparison = Comparison(
        packing,
        _Staged(store, new, packing),
        _Staged(store, old, packing),
        memory_bytes=memory_bytes // THREADS,
        scratch=scratch or store.scratch,
    )
    additions = _Collector(
        GroupWriter(store, f"{prefix}/additions", packing, columns=columns, group_by=group_by),
        memory_bytes // THREADS // 4,
    )
    removals = _Collector(
        GroupWriter(store, f"{prefix}/removals", packing.keys_only(), columns=new.key_columns),
        memory_bytes // THREADS // 4,
    )

    def resolve(span: Span) -> list[Outcome] | None:
        return None if comparison.crowded(span) else list(comparison.resolve(span))

    spans = comparison.spans()
    for span, outcomes in zip(spans, in_order(resolve, spans, THREADS), strict=True):
        for outcome in comparison.resolve(span) if outcomes is None else outcomes:
            additions.take(outcome.added, outcome.keys)
            removals.take(outcome.gone, len(outcome.gone))
    return Diff(removals.manifest(), additions.manifest())


def _common(old: Manifest, new: Manifest) -> tuple[Packing, tuple[str, ...]]:
    """A packing that holds the rows of both, and all their columns in the order of the new one."""
    forms: dict[str, list[str]] = {}
    for manifest in (new, old):
        for group in sorted(manifest.groups, key=lambda each: -len(each.schema)):
            for name, form in zip(group.schema, group.forms, strict=True):
                forms.setdefault(name, []).append(form)
    fields = {name: _field(name, found) for name, found in forms.items()}
    keys = [fields.pop(name, Field(name, Form.CELL)) for name in new.key_columns]
    dictionaries = {name: HashDictionary(capacity=1 << 32) for name in (*forms, *new.key_columns)}
    columns = (*forms, *(name for name in new.key_columns if name not in forms))
    return Packing(Layout(keys, list(fields.values())), dictionaries), columns


def _field(name: str, forms: Sequence[str]) -> Field:
    texts = [int(form.removeprefix("text:")) for form in forms if form.startswith("text:")]
    if texts and len(texts) < len(forms):
        raise SnapshotError(
            f"Column {name} is hashed in one snapshot and plain in the other; deliver the new one "
            "whole.",
            code="snapshot-key-mismatch",
        )
    if texts:
        return Field(name, Form.TEXT, max(texts))
    return Field(name, Form.CELL) if "cells" in forms else Field(name, Form.CODE, CODE_BYTES)


class _Collector:
    """Gathers the few rows of many spans into files of a decent size."""

    def __init__(self, groups: GroupWriter, file_bytes: int) -> None:
        self._groups = groups
        self._file_bytes = file_bytes
        self._waiting: list[Rows] = []
        self._parts: list[Part] = []
        self._files = 0
        self._people = 0

    def take(self, rows: Rows, people: int) -> None:
        self._people += people
        if len(rows):
            self._waiting.append(rows)
            if sum(each.nbytes for each in self._waiting) >= self._file_bytes:
                self._write()

    def manifest(self) -> Manifest:
        if self._waiting:
            self._write()
        return self._groups.manifest(self._parts, duplicates=0, distinct_keys=self._people)

    def _write(self) -> None:
        self._parts += self._groups.write(f"{self._files:05d}", np.concatenate(self._waiting))
        self._files += 1
        self._waiting = []


@dataclass(frozen=True, slots=True)
class _Loaded:
    rows: Rows
    prefixes: Words


class _Staged:
    """The rows of a manifest as the comparison wants them; spans in order open each file once."""

    def __init__(self, store: SnapshotStore, manifest: Manifest, packing: Packing) -> None:
        self._store = store
        self._packing = packing
        self._files = [(file, group.schema) for group in manifest.groups for file in group.files]
        self._kept = len(manifest.groups) * 2 + THREADS
        self._key = key_of(store, manifest)
        self._lock = threading.Lock()
        self._loaded: dict[str, _Loaded] = {}

    def histogram(self) -> npt.NDArray[np.int64]:
        total = np.zeros(BUCKETS, dtype=np.int64)
        for file, _ in self._files:
            # spread evenly; rounded up, because a bucket counted 0 is taken for empty
            total[file.first : file.last + 1] += -(-file.rows // (file.last + 1 - file.first))
        return total

    def read(self, span: Span) -> Iterator[Rows]:
        first, last = span.buckets
        for file, schema in self._files:
            if file.first <= last and file.last >= first:
                loaded = self._load(file, schema)
                begin = np.searchsorted(loaded.prefixes, np.uint64(span.first), side="left")
                end = np.searchsorted(loaded.prefixes, np.uint64(span.last), side="right")
                if begin < end:
                    yield loaded.rows[begin:end]

    def _load(self, file: StagedFile, schema: Sequence[str]) -> _Loaded:
        with self._lock:
            loaded = self._loaded.pop(file.name, None)
            if loaded is None:
                while len(self._loaded) >= self._kept:
                    del self._loaded[next(iter(self._loaded))]
                staged = open_file(self._store, file, self._key)
                columns: dict[str, Column] = {}
                for name in schema:
                    column = staged.column(name)
                    if column is not None:
                        columns[name] = column
                rows = self._packing.pack(columns, staged.rows)
                loaded = _Loaded(rows, self._packing.prefixes(rows))
            self._loaded[file.name] = loaded  # last in the queue of the forgotten
            return loaded
