"""Works a column off by its distinct values where cells repeat, and row by row where they do not.

Names, cities, countries and dates of birth repeat: their rules and hashes then cost a fraction, and
next to nothing where what they gave is known from the frames before.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.identifiers.columns.value_numbers import ValueNumbers, own_categories

_SMALLEST: Final = 4_096
"""Frames below this are not worth the look."""

_SHARE: Final = 48
"""One cell in so many is looked at."""

_LARGEST_TABLE: Final = 1 << 22
"""Combinations that are numbered: 4 bytes each."""

_MOST_KEPT: Final = 1 << 17
"""Distinct values of a column that are kept from frame to frame: some ten megabytes."""

_FEWEST_FRAMES: Final = 4
"""What is kept must serve so many frames before it is too much, or nothing is kept any more."""

_MOST_CHUNKS: Final = 4
_UNKNOWN: Final = -1

Solve: TypeAlias = Callable[[pl.DataFrame], pl.DataFrame]
_Numbers: TypeAlias = NDArray[np.int64]
_Places: TypeAlias = NDArray[np.uint32]


def tally(texts: pl.Series) -> dict[str, int]:
    """How often each text occurs, in alphabetical order."""
    if texts.null_count() == texts.len():
        return {}
    counts = texts.drop_nulls().alias("text").value_counts(name="rows").sort("text")
    return dict(counts.iter_rows())


class Spread:
    """What each row became: the answers for distinct rows, and the place of each row among them.

    A column is spread over the rows when it is asked for: most are not.
    """

    def __init__(self, answers: pl.DataFrame, places: _Places | None = None) -> None:
        """Without `places` there is an answer for each row, in their order."""
        self._answers = answers
        self._places = places
        self._numbers = None if places is None else pl.Series(places)

    def __getitem__(self, name: str) -> pl.Series:
        """One column, as long as the rows."""
        column = self._answers[name]
        if self._numbers is None:
            return column
        if column.null_count() == column.len():  # as reasons mostly are
            return column.new_from_index(0, self._numbers.len())
        return column.gather(self._numbers)

    def count(self, name: str) -> int:
        """The rows for which a column of truth values is true."""
        column = self._answers[name]
        if self._places is None:
            return int(column.sum())
        return int(np.count_nonzero(column.to_numpy().take(self._places)))

    def tally(self, name: str) -> dict[str, int]:
        """How often each text of a column occurs among the rows, in alphabetical order."""
        column = self._answers[name]
        if self._places is None or column.null_count() == column.len():
            return tally(column)
        rows = np.bincount(self._places, minlength=column.len())
        there = column.is_not_null() & pl.Series(rows > 0)
        counts = pl.DataFrame({"text": column, "rows": rows}).filter(there)
        return dict(counts.group_by("text").sum().sort("text").iter_rows())

    def frame(self) -> pl.DataFrame:
        """All columns."""
        return pl.DataFrame([self[name] for name in self._answers.columns])


class Known:
    """What rows of one kind became, by their distinct values; thread-safe.

    Kept from frame to frame, it may give binary columns as Categorical of their hexadecimal digits:
    whoever takes them needs to look at each value once.
    """

    def __init__(
        self, types: Sequence[pl.DataType], *, kept: bool, categorical: bool = False
    ) -> None:
        """Of frames with columns of these types."""
        self._types = types
        self._kept = kept
        self._full = False
        self._frames = 0
        self._lock = threading.Lock()
        self._values = [ValueNumbers() for _ in types]
        self._digests = own_categories() if categorical else None
        self._places = np.zeros((0,) * len(types), dtype=np.int32)  # in `solved`, by number
        self._solved = pl.DataFrame()

    def solved(self, frame: pl.DataFrame, solve: Solve) -> Spread | None:
        """`solve(frame)`, asked for the values that are new only.

        None if they are too many, or of other types.
        """
        if self._full or frame.dtypes != self._types:
            return None
        columns = zip(frame.iter_columns(), self._values, strict=True)
        numbers = tuple(values.of(_as_text(column)) for column, values in columns)
        with self._lock:
            if self._full or not self._make_room(numbers):
                return None
            places = _looked_up(self._places, numbers)
            new = np.flatnonzero(places == _UNKNOWN)
            if new.size:
                self._learn(frame, numbers, new, solve)
                places = _looked_up(self._places, numbers)
            solved = self._solved
            self._frames += 1
            if self._kept and solved.height > _MOST_KEPT:
                self._forget()
        return Spread(solved, places.view(np.uint32))

    @property
    def full(self) -> bool:
        """Whether there were too many values, so that it forgot them all and answers no more."""
        return self._full

    @property
    def served(self) -> bool:
        """Whether it was of use until then: most values of a frame were known from those before."""
        return self._frames >= _FEWEST_FRAMES

    def _make_room(self, numbers: tuple[_Numbers, ...]) -> bool:
        """Whether there is a place for all these numbers."""
        before = self._places
        highest = [int(column.max(initial=0)) for column in numbers]
        if all(number < size for number, size in zip(highest, before.shape, strict=True)):
            return True
        room = [1 << number.bit_length() for number in highest]
        shape = tuple(map(max, room, before.shape))
        if int(np.prod(shape)) > _LARGEST_TABLE:
            self._forget()
            return False
        self._places = np.full(shape, _UNKNOWN, dtype=np.int32)
        self._places[tuple(map(slice, before.shape))] = before
        return True

    def _learn(
        self, frame: pl.DataFrame, numbers: tuple[_Numbers, ...], new: _Numbers, solve: Solve
    ) -> None:
        """Solve one row of each combination among the rows `new`."""
        of_new = tuple(column[new] for column in numbers)
        self._places[of_new] = new  # of several rows with one number the last one stays
        first = np.flatnonzero(self._places[of_new] == new)
        self._places[of_new] = _UNKNOWN
        fresh = solve(frame[pl.Series(new[first].astype(np.uint32))])
        if self._kept:
            fresh = self._to_keep(fresh)
        known = self._solved.height
        self._solved = pl.concat([self._solved, fresh]) if known else fresh
        if self._solved.n_chunks() > _MOST_CHUNKS:  # each makes gathering slower
            self._solved = self._solved.rechunk()
        chosen = tuple(column[first] for column in of_new)
        self._places[chosen] = np.arange(known, known + fresh.height)

    def _to_keep(self, fresh: pl.DataFrame) -> pl.DataFrame:
        # gathered texts hold on to all texts of their frame, so they are copied
        texts = [
            pl.concat_str(name, pl.lit("")).alias(name)
            for name, dtype in fresh.schema.items()
            if dtype == pl.String
        ]
        if self._digests is None:
            return fresh.with_columns(texts)
        digits = pl.col(pl.Binary).bin.encode("hex").cast(self._digests.dtype)
        return fresh.with_columns(digits, *texts)

    def _forget(self) -> None:
        self._full = True
        self._values = [ValueNumbers() for _ in self._values]
        self._solved = pl.DataFrame()
        self._places = np.zeros((0,) * self._places.ndim, dtype=np.int32)


class Memory:
    """What all columns of a source became so far, for as long as it is read; thread-safe.

    It holds members' values: it lives in memory only, and no longer than the reading.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._lock = threading.Lock()
        self._known: dict[str, Known] = {}

    def knows(self, name: str) -> bool:
        """Whether values of the attribute are remembered, so that they are known to repeat."""
        known = self._known.get(name)
        return known is not None and not known.full

    def of(self, name: str, types: Sequence[pl.DataType]) -> Known:
        """What is known of the attribute of that name.

        Where that became too much it begins anew, if it was of use until then: a frame has some
        thousand new postal codes, and ten million members have more than can be kept. Only what was
        known first is Categorical, since whoever takes it keeps what it makes of the categories.
        """
        with self._lock:
            known = self._known.get(name)
            if known is None:
                known = self._known[name] = Known(types, kept=True, categorical=True)
            elif known.full and known.served:
                known = self._known[name] = Known(types, kept=True)
            return known


def by_distinct(
    frame: pl.DataFrame, solve: Solve, memory: Memory | None = None, name: str = ""
) -> Spread:
    """`solve(frame)`, evaluated once for equal rows; `solve` must be row-wise and keep the height.

    The first column of `frame` is the one that repeats or not. `memory` knows the attribute by its
    `name`. Which way is taken shows in the time only, but for binary columns, which become Categorical
    where they are remembered.
    """
    known = memory is not None and memory.knows(name)
    if frame.height < _SMALLEST or not (known or _repeats(frame.to_series())):
        return Spread(solve(frame))
    solved = memory.of(name, frame.dtypes).solved(frame, solve) if memory is not None else None
    if solved is None:
        solved = Known(frame.dtypes, kept=False).solved(frame, solve)
    return Spread(solve(frame)) if solved is None else solved


def _looked_up(table: NDArray[np.int32], numbers: Sequence[_Numbers]) -> NDArray[np.int32]:
    """`table[numbers]`; NumPy takes from one dimension in half the time."""
    flat = numbers[0]
    for size, further in zip(table.shape[1:], numbers[1:], strict=True):
        flat = flat * size + further
    return table.reshape(-1).take(flat)


def _as_text(column: pl.Series) -> pl.Series:
    """Texts that differ where the cells do."""
    if column.dtype == pl.Binary:
        return column.bin.encode("hex")
    return (column.to_physical() if column.dtype.is_temporal() else column).cast(pl.String)


def _repeats(column: pl.Series) -> bool:
    """Whether distinct values are probably fewer than half the cells.

    By the birthday rule: `m` cells drawn from `d` equally frequent values hold about m²/2d
    repeats, and more if some values are frequent.
    """
    sample = column.gather_every(_SHARE).drop_nulls()
    repeats = sample.len() - sample.n_unique()
    return repeats * column.len() > sample.len() ** 2
