"""Codes for hashes that repeat, because a country in 10 million rows need not be 320 MB.

Codes are given in order of arrival, so they differ from run to run and from thread to thread;
nothing outside this process may depend on them. What is written is ordered by value.
"""

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.snapshots.rows.columns import (
    CELL,
    ORDERED,
    Cells,
    CodeColumn,
    Mask,
    Words,
    blank_cells,
    words,
)

CAPACITY = 65_535  # what two bytes can number besides "missing"
_SLOTS = 1 << 17


@dataclass(frozen=True, slots=True)
class _State:
    cells: Cells  # by code; code 0 is "missing"
    words: tuple[Words, ...]  # the same, one array per word of the cell
    slots: npt.NDArray[np.uint32]  # code by the low bits of the first word: the first guess
    ordered: npt.NDArray[np.bytes_]  # the values in order: the exact answer
    order: npt.NDArray[np.uint32]  # their codes


class HashDictionary:
    """Distinct cells of one column with a code each; thread-safe, exact on all 32 bytes.

    Beyond `capacity` distinct values it is `full` for good: whether that happens depends on the
    values only, not on their order.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.full = False
        self._capacity = capacity
        self._lock = threading.Lock()
        self._state = _build(blank_cells(1))

    @property
    def entries(self) -> Cells:
        """The cell of every code given so far; code 0 (zeros) is a missing value."""
        return self._state.cells

    def column(self, cells: Cells, nulls: Mask | None = None) -> CodeColumn | None:
        """The codes of these cells; None if the dictionary is full."""
        if self.full:
            return None
        state = self._state
        codes, known = _look_up(state, cells)
        if nulls is not None:
            codes[nulls] = 0
            known |= nulls
        if not known.all():
            fresh = cells[~known]
            if not self._learn(fresh, state):
                return None
            codes[~known] = _look_up(self._state, fresh)[0]
        return CodeColumn(codes, self._state.cells, self)

    @property
    def order(self) -> npt.NDArray[np.uint32]:
        """The codes given so far in the order of their values."""
        return self._state.order

    def ranks(self) -> npt.NDArray[np.uint32]:
        """For every code its place in the order of the values, from 1; 0 for code 0."""
        state = self._state
        ranks = np.zeros(len(state.cells), dtype=np.uint32)
        ranks[state.order] = np.arange(1, len(state.order) + 1, dtype=np.uint32)
        return ranks

    def _learn(self, cells: Cells, state: _State) -> bool:
        """Give codes to these cells, which have none in that state; whether there was room."""
        with self._lock:
            unknown = cells if self._state is state else cells[~_look_up(self._state, cells)[1]]
            values = _distinct(unknown)
            if self.full or len(self._state.cells) - 1 + len(values) > self._capacity:
                self.full = True
                return False
            self._state = _build(np.concatenate([self._state.cells, values]))
            return True


def _distinct(cells: Cells) -> Cells:
    """Each value once, in order; `np.unique` hashes texts first and takes twice as long."""
    values = np.sort(cells.view(ORDERED))
    first = np.ones(len(values), dtype=np.bool_)
    first[1:] = values[1:] != values[:-1]
    return values[first].view(CELL)


def _build(cells: Cells) -> _State:
    columns = tuple(np.ascontiguousarray(words(cells)[:, word]) for word in range(4))
    slots = np.zeros(_SLOTS, dtype=np.uint32)
    # backwards, so that of two values in one slot the earlier, likely the commoner, keeps it
    slots[_slot(columns[0][:0:-1])] = np.arange(len(cells) - 1, 0, -1, dtype=np.uint32)
    # those of each time something was learned are in order: the stable way merges them
    order = np.argsort(cells[1:].view(ORDERED), kind="stable").astype(np.uint32) + np.uint32(1)
    return _State(cells, columns, slots, cells[order].view(ORDERED), order)


def _slot(first: Words) -> npt.NDArray[np.int64]:
    return (first & np.uint64(_SLOTS - 1)).view(np.int64)


def _look_up(state: _State, cells: Cells) -> tuple[npt.NDArray[np.uint32], Mask]:
    parts = words(cells)
    codes = state.slots.take(_slot(parts[:, 0]))
    known = codes != 0
    for word, column in enumerate(state.words):
        known &= column.take(codes) == parts[:, word]
    if len(state.ordered) and not known.all():
        rest = np.flatnonzero(~known & (codes != 0))  # an empty slot is no guess but an answer
        wanted = np.ascontiguousarray(cells[rest]).view(ORDERED)
        places = np.searchsorted(state.ordered, wanted).clip(max=len(state.ordered) - 1)
        hits = state.ordered[places] == wanted
        codes[rest[hits]] = state.order[places[hits]]
        known[rest[hits]] = True
    return codes, known
