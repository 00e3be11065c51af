"""The members of one audience, kept so that ten million of them fit and every batch is cheap.

A member is the set of its non-empty cells by schema key. Adding is set-like; removing a row takes
out every member whose cells equal all non-empty cells of that row (an EMAIL alone removes everybody
with that EMAIL). What is kept of a cell is its 64-bit value (`sandbox.membership.checksum`), one array per
column and batch: 8 bytes per cell. Batches are only appended; duplicates and removals are resolved
together when somebody asks (`settle`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from sandbox.membership import checksum
from sandbox.membership.checksum import Words

ROWS_KEPT: Final = 100_000
"""Up to this many rows are kept as text, so that a test can read them back."""
_UNSETTLED_FACTOR: Final = 2
_UNSETTLED_FLOOR: Final = 12_000_000
_MANY_CHUNKS: Final = 4_096
Keys = tuple[str, ...]


@dataclass(slots=True)
class _Chunk:
    """The rows of one batch: an array per key, and when they came relative to removals."""

    position: int
    columns: list[Words]

    def __len__(self) -> int:
        return len(self.columns[0])

    def keep(self, alive: npt.NDArray[np.bool_]) -> None:
        """Drop the other rows, one column at a time."""
        if not alive.all():
            for at, column in enumerate(self.columns):
                self.columns[at] = column[alive]


@dataclass(frozen=True, slots=True)
class _Kept:
    """Rows as they were sent: JSON text, and the identity of each."""

    keys: Keys
    identities: Words
    text: bytes


class Members:
    """A set of rows with bulk add and bulk removal."""

    def __init__(self) -> None:
        self._groups: dict[Keys, list[_Chunk]] = {}
        self._removals: dict[Keys, list[tuple[int, Words]]] = {}
        self._position = 0
        self._rows = 0
        self._settled: tuple[int, str] | None = (0, "0" * 16)
        self._settled_rows = 0
        self._kept: list[_Kept] = []
        self._kept_rows = 0
        self.rows_dropped = False

    def add(self, keys: Keys, columns: Sequence[Words], rows: Sequence[Any]) -> None:
        """Add rows: the values of each key's cells, and the rows as sent (kept while few)."""
        order = sorted(range(len(keys)), key=keys.__getitem__)
        group_keys = tuple(keys[at] for at in order)
        self._position += 1
        chunk = _Chunk(self._position, [columns[at] for at in order])
        self._groups.setdefault(group_keys, []).append(chunk)
        self._rows += len(columns[0])
        self._settled = None
        self._keep(keys, columns, rows)
        if self._rows > max(_UNSETTLED_FLOOR, _UNSETTLED_FACTOR * self._settled_rows):
            self.settle()

    def remove(self, keys: Keys, columns: Sequence[Words]) -> None:
        """Take out every member that has all non-empty cells of one of these rows."""
        if not self._rows:
            return
        self._position += 1
        for pattern, sums in _patterns(keys, columns):
            self._removals.setdefault(pattern, []).append((self._position, sums))
        self._settled = None

    def matching(self, keys: Keys, columns: Sequence[Words]) -> int:
        """How many members `remove` would take out."""
        self.settle()
        patterns = list(_patterns(keys, columns))
        found = 0
        for chunk_keys, chunk in self._chunks():
            hit = np.zeros(len(chunk), dtype=np.bool_)
            for pattern, sums in patterns:
                if set(pattern) <= set(chunk_keys):
                    hit |= np.isin(_partial(chunk_keys, chunk.columns, pattern), sums)
            found += int(hit.sum())
        return found

    @property
    def rows_received(self) -> int:
        """Rows held, duplicates and rows already removed included, without resolving them."""
        return self._rows

    def settle(self) -> tuple[int, str]:
        """Resolve removals and duplicates; distinct members and their checksum."""
        if self._settled is None:
            self._apply_removals()
            distinct = self._drop_repetitions()
            self._settled = checksum.of_distinct(distinct)
            self._settled_rows = self._rows = len(distinct)
            self._tidy()
        return self._settled

    def rows(self) -> tuple[list[str], list[list[Any]]] | None:
        """The distinct members as rows of one schema, in order of arrival; None if not kept."""
        if self.rows_dropped:
            return None
        kept = self._alive_rows()
        schema: list[str] = list(dict.fromkeys(key for one in kept for key in one.keys))
        listed = []
        for one in kept:
            for row in orjson.loads(one.text):
                cells = dict(zip(one.keys, row, strict=True))
                listed.append([cells.get(key, "") for key in schema])
        return schema, listed

    def _chunks(self) -> Iterator[tuple[Keys, _Chunk]]:
        for keys, chunks in self._groups.items():
            for chunk in chunks:
                yield keys, chunk

    def _apply_removals(self) -> None:
        """Drop rows that a later removal names."""
        removals = {pattern: _latest(entries) for pattern, entries in self._removals.items()}
        self._removals = {}
        for keys, chunk in self._chunks():
            for pattern, (sums, positions) in removals.items():
                if set(pattern) <= set(keys) and len(chunk):
                    partial = _partial(keys, chunk.columns, pattern)
                    at = np.minimum(np.searchsorted(sums, partial), len(sums) - 1)
                    chunk.keep((sums[at] != partial) | (positions[at] < chunk.position))

    def _drop_repetitions(self) -> Words:
        """Drop rows that repeat an earlier one; the distinct identities in order."""
        identities = self._identities()
        ordered = np.sort(identities)
        if not np.any(ordered[1:] == ordered[:-1]):
            return ordered
        order = np.argsort(identities, kind="stable")
        ordered = identities[order]
        again = np.append([False], ordered[1:] == ordered[:-1])
        alive = np.ones(len(identities), dtype=np.bool_)
        alive[order[again]] = False
        start = 0
        for _, chunk in self._chunks():
            end = start + len(chunk)
            chunk.keep(alive[start:end])
            start = end
        distinct: Words = ordered[~again]
        return distinct

    def _tidy(self) -> None:
        """Forget empty chunks, join the many small ones of an audience with small batches."""
        for keys, chunks in self._groups.items():
            for chunk in chunks:
                chunk.position = 0
            chunks[:] = [chunk for chunk in chunks if len(chunk)]
            if len(chunks) > _MANY_CHUNKS:
                columns = [
                    np.concatenate([chunk.columns[at] for chunk in chunks])
                    for at in range(len(keys))
                ]
                chunks[:] = [_Chunk(0, columns)]

    def _identities(self) -> Words:
        found = [_partial(keys, chunk.columns, keys) for keys, chunk in self._chunks()]
        return np.concatenate(found) if found else np.zeros(0, dtype=np.uint64)

    def _keep(self, keys: Keys, columns: Sequence[Words], rows: Sequence[Any]) -> None:
        if self.rows_dropped:
            return
        self._kept.append(_Kept(keys, _partial(keys, columns, keys), orjson.dumps(rows)))
        self._kept_rows += len(rows)
        if self._kept_rows > ROWS_KEPT:
            alive, _ = self.settle()
            self.rows_dropped = alive > ROWS_KEPT // 2
            self._kept = [] if self.rows_dropped else self._alive_rows()
            self._kept_rows = alive

    def _alive_rows(self) -> list["_Kept"]:
        """What is kept, without removed rows and repetitions."""
        self.settle()
        if not self._kept:
            return []
        sent = np.concatenate([one.identities for one in self._kept])
        alive = np.zeros(len(sent), dtype=np.bool_)
        alive[np.unique(sent, return_index=True)[1]] = True
        alive &= np.isin(sent, self._identities())
        left, start = [], 0
        for one in self._kept:
            mask = alive[start : start + len(one.identities)]
            start += len(one.identities)
            if mask.all():
                left.append(one)
            elif mask.any():
                rows = orjson.loads(one.text)
                chosen = [rows[at] for at in np.flatnonzero(mask).tolist()]
                left.append(_Kept(one.keys, one.identities[mask], orjson.dumps(chosen)))
        return left


def _partial(keys: Keys, columns: Sequence[Words], pattern: Keys) -> Words:
    """Row by row the sum of the values of some keys."""
    chosen = [columns[keys.index(key)] for key in pattern]
    if len(chosen) == 1:
        return chosen[0]
    total = chosen[0] + chosen[1]
    for column in chosen[2:]:
        total += column
    return total


def _patterns(keys: Keys, columns: Sequence[Words]) -> Iterator[tuple[Keys, Words]]:
    """The rows of a removal, grouped by which of their cells are filled."""
    bits = np.zeros(len(columns[0]), dtype=np.uint64)
    for at, column in enumerate(columns):
        bits |= (column != 0).astype(np.uint64) << np.uint64(at)
    for mask in np.unique(bits).tolist():
        filled = [at for at in range(len(keys)) if mask >> at & 1]
        if filled:
            pattern = tuple(keys[at] for at in filled)
            rows = bits == np.uint64(mask)
            yield pattern, _partial(pattern, [columns[at][rows] for at in filled], pattern)


def _latest(entries: list[tuple[int, Words]]) -> tuple[Words, Words]:
    """Removal sums in order, each with the position of its last removal."""
    sums = np.concatenate([some for _, some in entries])
    positions = np.repeat(
        np.array([position for position, _ in entries], dtype=np.uint64),
        [len(some) for _, some in entries],
    )
    order = np.lexsort((positions, sums))
    sums, positions = sums[order], positions[order]
    last = np.append(sums[1:] != sums[:-1], [True])
    return sums[last], positions[last]
