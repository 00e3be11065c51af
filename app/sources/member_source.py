"""The small port every kind of source stands behind, so that a new kind is a new module."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import polars as pl

from app.sources.malformed_rows import Losses
from app.sources.text.csv_dialect import Shape


@dataclass(frozen=True, slots=True)
class Attribute:
    """One column of the members: its exact name and what its values are.

    `data_type` is one of `string`, `integer`, `number`, `date`, `datetime`, `boolean`, `binary`, `list`
    (of texts), `json` (of any kind) and `other` (values of several parts, which cannot be mapped).
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

    def shape(self) -> Shape | None:
        """How its text is written, given or guessed; None where that has no meaning."""
        ...

    def count(self) -> int | None:
        """How many members there are, or None where only reading everything would tell.

        Rows that cannot be read are none; raises what is wrong with the first if they are too many.
        """
        ...

    def fingerprint(self) -> str | None:
        """A short text that is another one whenever the data is; None where nothing cheap tells.

        It belongs to what `chunks` reads, or to something older.
        """
        ...

    def chunks(
        self, columns: Sequence[str], *, rows: int = 100_000, losses: Losses | None = None
    ) -> Iterator[pl.DataFrame]:
        """Yield frames of these columns (one at least), at most `rows` members each, bounded memory.

        Text formats give String columns, `""` read as null; Parquet gives its own types.
        Rows that cannot be read are left out and counted in `losses`.
        Raises `attribute-missing` if one of the columns is not there, and what is wrong with the first
        such row where they are more than `losses` tolerates.
        """
        ...


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading a source would be billed for at most, in bytes, and what one query may be."""

    bytes: int
    maximum: int


@runtime_checkable
class Priced(Protocol):
    """A source that knows what reading it costs, before it is read."""

    def cost(self) -> Cost:
        """Of all its columns; fewer may cost less. Costs nothing itself. Raises `SourceError`."""
        ...


class KeptMembers(Protocol):
    """Where the hashes of pushed members are kept."""

    def frames(
        self, manifest: Mapping[str, Any], columns: Sequence[str], *, rows: int
    ) -> Iterator[pl.DataFrame]:
        """Frames of at most `rows` members: hashed columns Binary (32 bytes), plain ones String."""
        ...
