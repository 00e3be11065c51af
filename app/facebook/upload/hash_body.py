"""Request bodies of nothing but hashes, written once, digit by digit, into the buffer that is sent.

Which cells a row has decides how long it is: rows that have the same ones are written together, as
records of one width. So nothing is quoted, escaped or joined. Bodies with other columns: `payload.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import orjson

from app.facebook.upload.body import HASHED_KEYS, MAX_ROWS, UploadSession

_DIGITS = np.dtype("V64")
# more groups cost more than the writer of `payload.py`
_MOST_GROUPS = 64

_Places = npt.NDArray[np.int64]


class Digits(Protocol):
    """A column of hashes; `missing` marks the rows without a value, None if all have one."""

    @property
    def missing(self) -> npt.NDArray[np.bool_] | None: ...

    def digits(self, places: _Places | None = None) -> npt.NDArray[np.void]:
        """Of the rows at these places, or of all, 64 lower-case hexadecimal digits each, as `V64`."""
        ...


@dataclass(frozen=True, slots=True)
class HashedRows:
    """Rows that follow each other; all columns of the same length, None for one without a value."""

    rows: int
    columns: Mapping[str, Digits | None]


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows that have a value in the same columns: `columns` says in which; None for all rows."""

    columns: tuple[bool, ...]
    places: _Places | None
    rows: int


def hashed_body(
    parts: Sequence[HashedRows], *, session: UploadSession | None = None
) -> memoryview | None:
    """The JSON body of one batch, without the columns that none of its rows has a value in.

    Its rows are in no certain order. None where the rows differ too much in what they have.
    Raises ValueError for too many rows, and for columns that are no hashed keys.
    """
    rows = sum(part.rows for part in parts)
    names = _filled(parts)
    if not rows or not names or rows > MAX_ROWS or not HASHED_KEYS.issuperset(names):
        raise ValueError(f"a batch has 1 to {MAX_ROWS} rows of hashed keys")
    groups = [_groups(part, names) for part in parts]
    if sum(map(len, groups)) > _MOST_GROUPS:
        return None
    head = b'{"payload":{"schema":' + orjson.dumps(names) + b',"data":['
    tail = b"]}}" if session is None else _closed(session)
    size = sum(group.rows * _row(group.columns)[1].itemsize for group in chain(*groups))
    body = np.empty(len(head) + size - 1 + len(tail), dtype=np.uint8)
    body[: len(head)] = np.frombuffer(head, dtype=np.uint8)
    at = len(head)
    for part, found in zip(parts, groups, strict=True):
        for group in found:
            at += _write(body[at:], part, names, group)
    # every row ends as if another followed
    body[at - 1 :] = np.frombuffer(tail, dtype=np.uint8)
    return body.data


def _closed(session: UploadSession) -> bytes:
    return b']},"session":' + orjson.dumps(session.as_json()) + b"}"


def _filled(parts: Sequence[HashedRows]) -> list[str]:
    """The columns that have a value somewhere, or all where none has."""
    names = list(parts[0].columns) if parts else []
    filled = [name for name in names if any(_has_value(part.columns[name]) for part in parts)]
    return filled or names


def _has_value(column: Digits | None) -> bool:
    return column is not None and (column.missing is None or not column.missing.all())


def _groups(part: HashedRows, names: Sequence[str]) -> list[_Group]:
    lacking = np.zeros(part.rows, dtype=np.uint32)
    for bit, name in enumerate(names):
        column = part.columns[name]
        if column is None:
            lacking |= np.uint32(1 << bit)
        elif column.missing is not None:
            lacking |= column.missing.astype(np.uint32) << np.uint32(bit)
    return list(_alike(lacking, len(names)))


def _alike(lacking: npt.NDArray[np.uint32], columns: int) -> Iterator[_Group]:
    def has(pattern: int) -> tuple[bool, ...]:
        return tuple(not pattern >> bit & 1 for bit in range(columns))

    if not len(lacking):
        return
    if (lacking == lacking[0]).all():
        yield _Group(has(int(lacking[0])), None, len(lacking))
        return
    order = np.argsort(lacking.astype(np.uint16) if columns <= 16 else lacking, kind="stable")
    ordered = lacking[order]
    begins = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    for begin, end in zip([0, *begins.tolist()], [*begins.tolist(), len(order)], strict=True):
        yield _Group(has(int(ordered[begin])), order[begin:end], end - begin)


def _write(
    body: npt.NDArray[np.uint8], part: HashedRows, names: Sequence[str], group: _Group
) -> int:
    """Write the rows of a group where the body begins; how many bytes they took."""
    blank, fields = _row(group.columns)
    size = group.rows * fields.itemsize
    records = body[:size].view(blank.dtype)
    records[:] = blank
    table = records.view(fields)
    for number, (name, there) in enumerate(zip(names, group.columns, strict=True)):
        if there:
            column = part.columns[name]
            assert column is not None, name
            table[str(number)] = column.digits(group.places)
    return size


@lru_cache(maxsize=1024)
def _row(columns: tuple[bool, ...]) -> tuple[np.void, np.dtype[np.void]]:
    """A row that has these columns, without its digits, and where those stand in it."""
    text, offsets = b"[", []
    for there in columns:
        offsets.append(len(text) + 1)
        text += b'"' + (b"0" * _DIGITS.itemsize if there else b"") + b'",'
    text = text[:-1] + b"],"
    wanted = [number for number, there in enumerate(columns) if there]
    spec: Any = {
        "names": [str(number) for number in wanted],
        "formats": [_DIGITS] * len(wanted),
        "offsets": [offsets[number] for number in wanted],
        "itemsize": len(text),
    }
    return np.void(text), np.dtype(spec)
