"""Pushed members as files of hashes: every member as it came, since which of them count is up to exports.

The same files and the same manifest as staged rows have, but in the order of arrival, with repetitions.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import polars as pl

from app.snapshots import file_format
from app.snapshots.encryption import FileKey
from app.snapshots.errors import SnapshotError
from app.snapshots.groups import has_text
from app.snapshots.manifest import Group, Manifest, StagedFile
from app.snapshots.reader import key_of, open_file
from app.snapshots.rows.columns import Column, TextColumn, from_series, to_frame
from app.snapshots.rows.hash_dictionary import HashDictionary
from app.snapshots.store import SnapshotStore


class MemberWriter:
    """One push: `add` frames, then `finish` once, or `abort`. Used by one thread."""

    def __init__(self, store: SnapshotStore, prefix: str) -> None:
        """Write below `prefix` of the store."""
        self._store = store
        self._prefix = prefix
        self._files: list[StagedFile] = []
        self._forms: dict[str, str] = {}
        self._dictionaries: dict[str, HashDictionary] = {}
        self._key = FileKey.fresh()

    def add(self, frame: pl.DataFrame) -> None:
        """Keep members: hashed columns Binary of 32 bytes, plain ones String, null where missing.

        One frame is one file; 50,000 to 130,000 rows are a good size. Raises `SnapshotError`
        (`snapshot-rows-unusable`, `snapshot-unreachable`).
        """
        if not frame.height:
            return
        columns = {series.name: self._column(series) for series in frame.iter_columns()}
        name = f"{self._prefix}/{len(self._files):05d}.rows"
        buffers, _ = file_format.encode(columns, frame.height, self._key.of(name))
        digest = hashlib.sha256()
        for buffer in buffers:
            digest.update(buffer)
        self._store.write(name, buffers)
        size = sum(len(buffer) for buffer in buffers)
        self._files.append(StagedFile(name, frame.height, size, digest.hexdigest(), 0, 0))

    def finish(self) -> Manifest:
        """What was kept: one group with every column that any frame had, `staged` its members."""
        rows = sum(file.rows for file in self._files)
        schema, forms = tuple(self._forms), tuple(self._forms.values())
        group = Group(schema, forms, rows, tuple(self._files))
        return Manifest(
            prefix=self._prefix,
            key_columns=(),
            groups=(group,),
            staged=rows,
            duplicates=0,
            distinct_keys=0,
            sealed_key=self._key.sealed(self._store.sealing, self._prefix)
            if has_text(group)
            else None,
        )

    def abort(self) -> None:
        """Forget everything, written files too as far as the store can be reached."""
        with suppress(SnapshotError):
            self._store.delete_prefix(self._prefix)

    def _column(self, series: pl.Series) -> Column:
        column = from_series(series)
        if isinstance(column, TextColumn):
            known = int(self._forms.get(series.name, "text:0").removeprefix("text:"))
            self._forms[series.name] = f"text:{max(known, column.octets.shape[1])}"
            return column
        self._forms[series.name] = "cells"
        # a column of few values, such as a country, takes a byte or two a member
        dictionary = self._dictionaries.setdefault(series.name, HashDictionary())
        return dictionary.column(column.cells, column.nulls) or column


class MemberFiles:
    """Reads pushed members again; thread-safe."""

    def __init__(self, store: SnapshotStore) -> None:
        """Nothing is read yet."""
        self._store = store

    def frames(
        self, manifest: Mapping[str, Any], columns: Sequence[str], *, rows: int
    ) -> Iterator[pl.DataFrame]:
        """Frames of these columns, of at most `rows` members; a column nobody filled is null.

        Hashed columns are Binary (32 bytes), plain ones String. One file is in memory at a time.
        Raises `SnapshotError` (`snapshot-missing`, `snapshot-corrupt`, `snapshot-unreachable`).
        """
        whole = Manifest.from_json(manifest)
        key = key_of(self._store, whole)
        for group in whole.groups:
            forms = dict(zip(group.schema, group.forms, strict=True))
            for file in group.files:
                staged = open_file(self._store, file, key)
                found = {name: staged.column(name) or _type(forms.get(name)) for name in columns}
                yield from to_frame(found, file.rows).iter_slices(rows)


def _type(form: str | None) -> pl.DataType:
    return pl.String() if (form or "").startswith("text") else pl.Binary()
