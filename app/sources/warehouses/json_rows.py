"""Rows out of JSON that arrives in pieces: `{…, "data": [["a", null], …], …}`, cells as text or null.

A whole answer may be of any size, so it is never parsed at once: runs of whole rows are found by an
expression that never goes back, and only these are parsed. What stands behind the rows is kept, so that
an answer that was cut short is not taken for a whole one.
"""

import re
from operator import itemgetter
from typing import Any, Final

import orjson
import polars as pl

Row = list[str | None]

_START: Final = re.compile(rb'"data"\s*:\s*\[\s*')
_ROWS: Final = re.compile(rb'(?:\[(?:[^"\[\]]++|"(?:[^"\\]++|\\.)*+")*+\][\s,]*+)++')
_BETWEEN: Final = b", \r\n\t"
_HEAD_BYTES: Final = 16 << 20
_ROW_BYTES: Final = 64 << 20


class JsonRows:
    """Feed it the bytes of one answer. Raises `ValueError` for what is no such answer."""

    def __init__(self) -> None:
        self._left = self._head = self._tail = b""
        self._patience = 0
        self._inside = self._after = False

    def feed(self, piece: bytes) -> list[Row]:
        """The rows that are whole now."""
        self._left += piece
        if self._after or len(self._left) < self._patience:
            return []
        if not self._inside:
            found = _START.search(self._left)
            if found is None:
                self._wait(_HEAD_BYTES)
                return []
            self._head = self._left[: found.start()]
            self._left, self._inside = self._left[found.end() :], True
        rows: list[Row] = []
        # what parts two rows may have been cut from the first of them
        self._left = self._left.lstrip(_BETWEEN)
        if run := _ROWS.match(self._left):
            rows = orjson.loads(b"[" + run.group().rstrip(_BETWEEN) + b"]")
            self._left = self._left[run.end() :]
        self._after = self._left.startswith(b"]")
        # the same start is not looked at again for every piece of a row that is long
        self._wait(_ROW_BYTES)
        return rows

    def finish(self) -> tuple[list[Row], bytes]:
        """The last rows, and what stands behind all of them. Raises `ValueError` if the end is missing."""
        self._patience = 0
        rows = self.feed(b"")
        if not self._after:
            raise ValueError("cut short")
        self._tail = self._left[1:]
        return rows, self._tail

    @property
    def around(self) -> bytes:
        """The document without its rows, once it ended."""
        return self._head + b'"data":[]' + self._tail

    @property
    def left(self) -> bytes:
        """What is no whole row yet."""
        return self._left

    def _wait(self, most: int) -> None:
        if len(self._left) > most:
            raise ValueError("too long")
        self._patience = 0 if self._after else 2 * len(self._left)


def frame_of(names: list[str], rows: list[Any]) -> pl.DataFrame:
    """String columns of these names; at least one row."""
    # column by column: zip(*rows) walks over all rows for each of them, at several times the cost
    return pl.DataFrame(
        [
            pl.Series(name, list(map(itemgetter(place), rows)), dtype=pl.String)
            for place, name in enumerate(names)
        ]
    )
