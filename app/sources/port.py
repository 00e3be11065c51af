"""The small port every kind of source stands behind, so that a new kind is a new module."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl


@dataclass(frozen=True, slots=True)
class Attribute:
    """One column of the members: its exact name and what its values are.

    `data_type` is one of `string`, `integer`, `number`, `date`, `datetime`, `boolean`, `binary`
    and `other` (nested values, which cannot be mapped).
    """

    name: str
    data_type: str


class MemberSource(Protocol):
    """Members of one segment, as columns. Every method blocks: call it in a thread.

    All failures are `app.errors.SourceError`, and none of them holds a value of a member.
    """

    def attributes(self) -> list[Attribute]:
        """The columns there are, in the source's own order."""
        ...

    def count(self) -> int | None:
        """How many members there are, or None where only reading everything would tell."""
        ...

    def fingerprint(self) -> str:
        """A short text that changes when the data changes, so that a run knows what it read."""
        ...

    def chunks(self, columns: Sequence[str], *, rows: int = 100_000) -> Iterator[pl.DataFrame]:
        """Yield frames of these columns (one at least), at most `rows` members each, bounded memory.

        Text formats give String columns, `""` read as null; Parquet gives its own types.
        Raises `attribute-missing` if one of the columns is not there.
        """
        ...


class KeptMembers(Protocol):
    """Where the hashes of pushed members are kept."""

    def frames(
        self, manifest: Mapping[str, Any], columns: Sequence[str], *, rows: int
    ) -> Iterator[pl.DataFrame]:
        """Frames of at most `rows` members: hashed columns Binary (32 bytes), plain ones String."""
        ...
