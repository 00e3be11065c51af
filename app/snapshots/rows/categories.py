"""Takes hashes that come as categories: each category is decoded and numbered once, not each row."""

import threading

import numpy as np
import numpy.typing as npt
import polars as pl

from app.snapshots.rows.columns import CellColumn, CodeColumn, blank_cells, from_series
from app.snapshots.rows.hash_dictionary import HashDictionary

_UNKNOWN = np.uint32(0xFFFF_FFFF)
_NULL = 0xFFFF_FFFF


class Categories:
    """The categories of one Categorical type as cells of a column; thread-safe."""

    def __init__(self, series: pl.Series, dictionary: HashDictionary | None) -> None:
        """Those of this column. `dictionary` numbers its hashes; without one they stay cells."""
        # polars numbers categories anew once no column has them any more
        self._held = series.clear()
        self._dictionary = dictionary
        self._lock = threading.Lock()
        self._cells = blank_cells(1)  # by place; place 0 is a missing value
        self._codes = np.zeros(1, dtype=np.uint32)  # in the dictionary, by place

    def column(self, series: pl.Series) -> CellColumn | CodeColumn:
        """The hashes of these categories; codes as long as the dictionary has room.

        Raises `SnapshotError` (`snapshot-rows-unusable`) where a category is no hexadecimal hash.
        """
        numbers = series.to_physical()
        if series.null_count():
            numbers = numbers.fill_null(_NULL)
        # of 32 bits: what is missing becomes 0
        places = (numbers.to_numpy() + np.uint32(1)).astype(np.int64)
        with self._lock:
            codes = self._known(places)
            if codes is None:
                self._learn(series, places)
                codes = self._codes.take(places)
            cells = self._cells
        dictionary = self._dictionary
        if dictionary is None or dictionary.full:
            return CellColumn(cells.take(places), places == 0 if series.null_count() else None)
        return CodeColumn(codes, dictionary.entries, dictionary)

    def _known(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32] | None:
        """Their codes; None where one of them was never seen."""
        if int(places.max(initial=0)) >= self._codes.size:
            return None
        codes = self._codes.take(places)
        return None if codes.max(initial=0) == _UNKNOWN else codes

    def _learn(self, series: pl.Series, places: npt.NDArray[np.int64]) -> None:
        known, highest = self._codes.size, int(places.max(initial=0))
        if highest >= known:
            more = 2 * highest + 1 - known
            self._cells = np.concatenate([self._cells, blank_cells(more)])
            self._codes = np.concatenate([self._codes, np.full(more, _UNKNOWN)])
        rows = np.flatnonzero(self._codes.take(places) == _UNKNOWN)
        fresh = places[rows]
        last = np.empty(self._codes.size, dtype=np.int64)  # of the rows of a place; no sorting
        last[fresh] = rows
        once = last[fresh] == rows
        rows, fresh = rows[once], fresh[once]
        digits = series.gather(rows).cast(pl.String)
        decoded = from_series(digits.str.decode("hex", strict=False).fill_null(b""))
        assert isinstance(decoded, CellColumn)
        numbered = self._dictionary.column(decoded.cells) if self._dictionary else None
        self._cells[fresh] = decoded.cells
        self._codes[fresh] = 0 if numbered is None else numbered.codes
