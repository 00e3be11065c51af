"""Numbers the texts of columns, equal ones alike, by the two words that Polars' own views hold of each.

A text of up to twelve bytes stands in its view whole, behind its length, so two words of 64 bits say
which text it is; they are looked for in a table, at a place that a mix of them gives. Longer texts, of
which a view holds the beginning only, are numbered as Polars' categories, in three times the time.
"""

import threading
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.identifiers.columns.arrow_c_data import views

_Words = NDArray[np.uint64]
_Places = NDArray[np.int64]

_LENGTH: Final = np.uint64(0xFFFF_FFFF)
_LONGEST: Final = np.uint64(12)
_NULL: Final = _LENGTH
"""The first word of what is missing: no text of up to twelve bytes has it."""

_MIX: Final = (np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x9E3779B97F4A7C15))
_SMALLEST: Final = 10  # bits of a table's places
_ROOM: Final = 4
"""Places for each text: most are found where they are looked for first."""


def own_categories() -> pl.Series:
    """An empty column of categories of its own: those of the process are kept as long as it lives.

    Numbers are given anew once no column has the categories any more, so this one must be held.
    """
    return pl.Series(dtype=pl.Categorical(pl.Categories.random()))


class ValueNumbers:
    """Numbers from 1 for the texts of columns, in no certain order; 0 is null. Thread-safe."""

    def __init__(self) -> None:
        """No text has a number yet."""
        self._lock = threading.Lock()
        self._known = 1  # with the one for null
        self._table = _Table(_SMALLEST)
        self._table.add(np.array([_NULL]), np.zeros(1, np.uint64), np.zeros(1, np.int64))
        self._long = own_categories()
        self._number_of_long = np.full(0, -1, dtype=np.int64)

    def of(self, texts: pl.Series) -> _Places:
        """The number of each text (String); new ones get the next numbers."""
        with views(texts) as words:
            low, high = words[:, 0].copy(), words[:, 1].copy()
        if texts.null_count():
            missing = texts.is_null().to_numpy()
            low[missing], high[missing] = _NULL, 0
        places = np.flatnonzero((low & _LENGTH > _LONGEST) & (low != _NULL))
        low[places], high[places] = _NULL, 0
        with self._lock:
            numbers = self._short(low, high)
            if places.size:
                numbers[places] = self._longer(texts.gather(places))
            return numbers

    def _short(self, low: _Words, high: _Words) -> _Places:
        numbers = self._table.find(low, high)
        unknown = np.flatnonzero(numbers < 0)
        if unknown.size:
            words = {"low": low.take(unknown), "high": high.take(unknown)}
            fresh = pl.DataFrame(words).unique()
            self._make_room(fresh.height)
            numbered = np.arange(self._known, self._known + fresh.height)
            self._table.add(fresh["low"].to_numpy(), fresh["high"].to_numpy(), numbered)
            self._known += fresh.height
            numbers[unknown] = self._table.find(**words)
        return numbers

    def _longer(self, texts: pl.Series) -> _Places:
        categories = texts.cast(self._long.dtype).to_physical().to_numpy().astype(np.int64)
        more = int(categories.max()) + 1 - len(self._number_of_long)
        if more > 0:
            unknown = np.full(max(more, len(self._number_of_long)), -1)
            self._number_of_long = np.concatenate([self._number_of_long, unknown])
        fresh = categories[self._number_of_long.take(categories) < 0]
        if fresh.size:
            new = np.unique(fresh)
            self._number_of_long[new] = np.arange(self._known, self._known + len(new))
            self._known += len(new)
        return self._number_of_long.take(categories)

    def _make_room(self, more: int) -> None:
        bits = (_ROOM * (self._known + more)).bit_length()
        if bits > self._table.bits:
            self._table = self._table.larger(bits)


class _Table:
    """Two words of each text and its number, where a mix of the words says or soon behind it."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self._low = np.zeros(1 << bits, dtype=np.uint64)
        self._high = np.zeros(1 << bits, dtype=np.uint64)
        self._numbers = np.full(1 << bits, -1, dtype=np.int64)

    def find(self, low: _Words, high: _Words) -> _Places:
        """The number of each text, -1 of those that are not here."""
        places = self._first_place(low, high)
        found = self._numbers.take(places)
        same = (self._low.take(places) == low) & (self._high.take(places) == high)
        left = np.flatnonzero(~same & (found >= 0))  # another text stands there
        places = places.take(left)
        while left.size:
            places = places + 1 & self._last
            here = self._numbers.take(places)
            same = self._low.take(places) == low.take(left)
            same &= self._high.take(places) == high.take(left)
            found[left] = here
            on = np.flatnonzero(~same & (here >= 0))
            left, places = left.take(on), places.take(on)
        return found

    def larger(self, bits: int) -> "_Table":
        """A larger one with the same texts."""
        there = np.flatnonzero(self._numbers >= 0)
        table = _Table(bits)
        table.add(self._low[there], self._high[there], self._numbers[there])
        return table

    def add(self, low: _Words, high: _Words, numbers: _Places) -> None:
        """Texts that are not here, each once, with their numbers."""
        places = self._first_place(low, high)
        left = np.arange(len(low))
        while left.size:
            free = self._numbers.take(places) < 0
            self._numbers[places[free]] = numbers[left[free]]  # of several the last one stays
            settled = self._numbers.take(places) == numbers.take(left)
            self._low[places[settled]] = low[left[settled]]
            self._high[places[settled]] = high[left[settled]]
            left, places = left[~settled], places[~settled] + 1 & self._last

    @property
    def _last(self) -> int:
        return len(self._numbers) - 1

    def _first_place(self, low: _Words, high: _Words) -> _Places:
        mixed = high * _MIX[0]
        mixed ^= low
        mixed ^= mixed >> np.uint64(32)
        mixed *= _MIX[1]
        mixed >>= np.uint64(64 - self.bits)
        return mixed.view(np.int64)
