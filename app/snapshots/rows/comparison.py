"""The comparison behind distinct rows and mirrors: what is new, what is gone, range by range.

Rows are taken by ranges of the key identifier's prefix, so equal rows and equal people meet in one
range, and memory holds a few ranges only. Sorting uses 64 bits, deciding uses every byte: rows whose
prefixes agree are compared whole, and where they differ sorted whole.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from app.snapshots.rows.arrangement import arrange
from app.snapshots.rows.columns import Mask
from app.snapshots.rows.records import BUCKETS, Packing, Rows, bucket_of
from app.snapshots.rows.spill import Spill

_SHIFT = 64 - BUCKETS.bit_length() + 1


@dataclass(frozen=True, slots=True)
class Span:
    """Rows with `first <= prefix <= last`; about `rows` of them."""

    first: int
    last: int
    rows: int

    @property
    def buckets(self) -> tuple[int, int]:
        """The first and the last bucket it touches."""
        return self.first >> _SHIFT, self.last >> _SHIFT


class Source(Protocol):
    """Records that can be read by span, in the layout of the comparison."""

    def histogram(self) -> npt.NDArray[np.int64]:
        """Rows per bucket, at least roughly."""

    def read(self, span: Span) -> Iterator[Rows]:
        """Every row of the span, in pieces of bounded size."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one span (or one part of a very large one) gave, in order.

    `added` are distinct rows of the new source that the old one lacks, `keys` the number of
    distinct keys among them; `gone` are the keys (records of keys only) that the old source has and
    the new one lacks.
    """

    added: Rows
    gone: Rows
    keys: int


def rows_within(memory_bytes: int, packing: Packing) -> int:
    """The rows of a span: it is loaded, sorted and copied, hence a quarter of the memory."""
    return max(1, memory_bytes // 4 // packing.layout.row.itemsize)


def within(packing: Packing, rows: Rows, span: Span) -> Rows:
    """Those of the rows of a span's buckets whose prefixes are in the span."""
    first, last = span.buckets
    if span.first == first << _SHIFT and span.last == ((last + 1) << _SHIFT) - 1:
        return rows
    prefixes = packing.prefixes(rows)
    return rows[(prefixes >= np.uint64(span.first)) & (prefixes <= np.uint64(span.last))]


class Comparison:
    """Compares `new` with `old` (or with nothing) within about `memory_bytes` per thread."""

    def __init__(
        self,
        packing: Packing,
        new: Source,
        old: Source | None = None,
        *,
        memory_bytes: int,
        scratch: Path | None,
    ) -> None:
        """`scratch` is a folder on local disk for crowded spans; None is the system's."""
        self._packing = packing
        self._new = new
        self._old = old
        self._scratch = scratch
        self._rows = rows_within(memory_bytes, packing)

    def spans(self) -> list[Span]:
        """All the spans there are, in order; buckets too large for memory are divided."""
        histogram = np.zeros(BUCKETS, dtype=np.int64)
        for source in self._sources():
            histogram += source.histogram()
        spans: list[Span] = []
        for first, last, rows in _ranges(histogram, self._rows):
            whole = Span(first << _SHIFT, ((last + 1) << _SHIFT) - 1, rows)
            spans.extend([whole] if rows <= self._rows else self._divided(whole))
        return spans

    def resolve(self, span: Span) -> Iterator[Outcome]:
        """The outcomes of a span: one, unless it is crowded."""
        if self.crowded(span):
            yield from self._crowded(span)
            return
        new = _joined(self._new.read(span), self._packing)
        old = _joined(self._old.read(span) if self._old else iter(()), self._packing)
        added, gone, keys = self._compare(new, old)
        yield Outcome(added, self._packing.keys(gone), keys)

    def crowded(self, span: Span) -> bool:
        """Whether a single prefix has more rows than fit in memory, and takes several steps."""
        return span.first == span.last and span.rows > self._rows

    def _sources(self) -> list[Source]:
        return [self._new] if self._old is None else [self._old, self._new]

    def _compare(self, new: Rows, old: Rows) -> tuple[Rows, Rows, int]:
        rows = np.concatenate([old, new]) if len(old) else new
        found = arrange(self._packing, rows, self._packing.prefixes(rows))
        begins = np.flatnonzero(found.row_begins)
        if not len(old):
            return rows.take(found.order[begins]), rows[:0].copy(), int(found.key_begins.sum())
        is_new = found.order >= len(old)
        added = begins[~_any(~is_new, begins)]
        people = np.flatnonzero(found.key_begins)
        gone = people[~_any(is_new, people)]
        person_of = np.searchsorted(people, added, side="right")
        keys = len(added) and 1 + np.count_nonzero(np.diff(person_of))
        return rows.take(found.order[added]), rows.take(found.order[gone]), int(keys)

    def _divided(self, span: Span) -> Iterator[Span]:
        pieces = [
            self._packing.prefixes(piece)
            for source in self._sources()
            for piece in source.read(span)
        ]
        prefixes = np.sort(np.concatenate(pieces)) if pieces else np.zeros(0, dtype=np.uint64)
        begin = 0
        while begin < len(prefixes):
            end = min(begin + self._rows, len(prefixes))
            if end < len(prefixes):
                end = int(np.searchsorted(prefixes, prefixes[end], side="left"))
            if end <= begin:
                end = int(np.searchsorted(prefixes, prefixes[begin], side="right"))
            yield Span(int(prefixes[begin]), int(prefixes[end - 1]), end - begin)
            begin = end

    def _crowded(self, span: Span) -> Iterator[Outcome]:
        """One prefix shared by very many rows, such as a placeholder address.

        The rows are set aside once more, by their values, which brings equal rows together again.
        The keys are the same or few, and are kept whole.
        """
        packing = self._packing
        found: dict[str, set[bytes]] = {"added": set(), "new": set(), "old": set()}
        with self._scattered(self._new, span) as new, self._scattered(self._old, span) as old:
            for first, last, _ in _ranges(new.histogram() + old.histogram(), self._rows):
                here = {
                    "new": _read(new, first, last, packing),
                    "old": _read(old, first, last, packing),
                }
                here["added"], _, _ = self._compare(here["new"], here["old"])
                for kind, rows in here.items():
                    found[kind].update(np.unique(packing.keys(rows)).tolist())
                yield Outcome(here["added"], packing.keys(here["added"][:0]), 0)
        gone = np.array(list(found["old"] - found["new"]), dtype=f"V{packing.layout.key_bytes}")
        gone = gone[np.argsort(packing.keys_only().ordered(gone))]
        yield Outcome(np.zeros(0, dtype=packing.layout.row), gone, len(found["added"]))

    def _scattered(self, source: Source | None, span: Span) -> Spill:
        spill = Spill(self._scratch)
        for piece in source.read(span) if source else ():
            spill.scatter(self._packing.layout, piece, bucket_of(self._packing.mixes(piece)))
        return spill


def _read(spill: Spill, first: int, last: int, packing: Packing) -> Rows:
    return _joined((rows for _, rows in spill.read(first, last, sys.maxsize)), packing)


def _ranges(histogram: npt.NDArray[np.int64], most: int) -> Iterator[tuple[int, int, int]]:
    """First, last and rows of ranges of buckets with at most that many rows, or of one bucket."""
    begin = rows = 0
    for bucket, here in enumerate(histogram.tolist()):
        if rows and rows + here > most:
            yield begin, bucket - 1, rows
            begin, rows = bucket, 0
        rows += here
    if rows:
        yield begin, len(histogram) - 1, rows


def _joined(pieces: Iterator[Rows], packing: Packing) -> Rows:
    rows = list(pieces)
    if len(rows) == 1:
        return rows[0]
    return np.concatenate(rows) if rows else np.zeros(0, dtype=packing.layout.row)


def _any(mask: Mask, begins: npt.NDArray[np.int64]) -> Mask:
    """For every run that begins there, whether the mask is set anywhere in it."""
    if not len(begins):
        return np.zeros(0, dtype=np.bool_)
    return np.logical_or.reduceat(mask, begins)


_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(
    work: Callable[[_Item], _Result], items: Sequence[_Item], threads: int
) -> Iterator[_Result]:
    """The results of `work` in the order of the items, at most `threads` + 1 of them waiting."""
    with ThreadPoolExecutor(threads) as pool:
        running: list[Future[_Result]] = []
        try:
            for item in items:
                running.append(pool.submit(work, item))
                if len(running) > threads:
                    yield running.pop(0).result()
            while running:
                yield running.pop(0).result()
        finally:
            for future in running:
                future.cancel()
