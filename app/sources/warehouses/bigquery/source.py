"""Members in BigQuery: one query, whose result the server keeps as it was while its pages are read.

What a query costs is known before it runs (a dry run, free of charge), and shown; beyond what the operator
allows it is refused. Pages may be asked for again, so a connection that drops costs a page and no more.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from app.sources import errors
from app.sources.access import Patience, SourceAccess
from app.sources.databases.column_names import found_columns, free_names
from app.sources.databases.database_source import DatabaseSource
from app.sources.databases.prefetch import answer_of, frames_of, rows_at_once
from app.sources.databases.segment_databases import (
    Rights,
    address_of,
    may_write,
    relation_of,
)
from app.sources.databases.timestamps import as_timestamps
from app.sources.databases.typed_columns import as_floats
from app.sources.malformed_rows import Losses
from app.sources.member_source import Attribute, Cost
from app.sources.warehouses.bigquery.rest_api import Session, session
from app.sources.warehouses.bigquery.types import data_type, is_float, is_instant, selected
from app.sources.warehouses.errors import fault
from app.sources.warehouses.json_rows import frame_of

KIND: Final = "bigquery"
_FIRST_ROWS: Final = 1_000
_CELLS: Final = 200_000
_PAGE_BYTES: Final = 6 << 20  # the server gives up to 10 MB at once
_READER: Final = (
    "a service account with the roles BigQuery Data Viewer on the dataset and BigQuery Job User on the "
    "project, and no other."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BigquerySource(DatabaseSource):
    """A `MemberSource`."""

    most_bytes: int

    def attributes(self) -> list[Attribute]:
        """The columns by a dry run; nothing is read, nothing is billed."""

        async def asked() -> list[Attribute]:
            async with self._session() as opened:
                found = await opened.described(self.relation)
                return [Attribute(str(one["name"]), data_type(one)) for one in found.fields]

        return answer_of(asked())

    def cost(self) -> Cost:
        """The bytes that reading all columns would be billed for; fewer columns cost less."""

        async def asked() -> Cost:
            async with self._session() as opened:
                found = await opened.described(self.relation)
                return Cost(found.bytes, opened.most_bytes)

        return answer_of(asked())

    def count(self) -> int | None:
        """Where it costs nothing, as with tables; None for queries and views that would be billed."""

        async def counted() -> int | None:
            async with self._session() as opened:
                await opened.described(self.relation)
                statement = f"SELECT COUNT(*) AS members FROM {self.relation.inside}"  # noqa: S608
                if (await opened.dry_run(statement, inside=True)).bytes:
                    return None
                job = await opened.start(statement)
                await opened.wait(job)
                rows, _ = await opened.page(job, 1, "")
                return int(rows[0]["f"][0]["v"])

        return answer_of(counted())

    def chunks(
        self,
        columns: Sequence[str],
        *,
        rows: int = 100_000,
        losses: Losses | None = None,  # noqa: ARG002 - all of them can be read
    ) -> Iterator[pl.DataFrame]:
        """Frames in the server's own writing, floats, Binary for bytes; TIMESTAMPs are moments in UTC."""
        return frames_of(_Reading(self, columns, rows))

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        async with session(self.name, self.address, self.patience, self.most_bytes) as opened:
            if not self.writers_allowed and await opened.may_write(self.relation):
                raise may_write(self.name, _READER)
            yield opened


class _Reading:
    """One query and its pages; see `app.sources.databases.prefetch.Steps`."""

    def __init__(self, source: BigquerySource, columns: Sequence[str], rows: int) -> None:
        self._source, self._names = source, list(columns)
        self._most = rows_at_once(rows, len(columns), cells=_CELLS)
        self._rows = min(_FIRST_ROWS, self._most)
        self._fields: list[Mapping[str, Any]] = []
        self._entered: Any = None
        self._opened: Session | None = None
        self._job, self._token, self._left = "", "", -1  # nobody knows yet how many

    async def open(self) -> None:
        source = self._source
        entered = source._session()  # noqa: SLF001
        opened: Session = await entered.__aenter__()
        self._entered, self._opened = entered, opened
        fields = {str(one["name"]): one for one in (await opened.described(source.relation)).fields}
        there = [Attribute(name, data_type(one)) for name, one in fields.items()]
        found = found_columns(source.name, self._names, there)
        self._fields = [fields[item.name] for item in found]
        aliases = free_names(len(found), fields)
        chosen = ", ".join(
            f"{selected(one, source.cell_bytes)} AS {alias}"
            for one, alias in zip(self._fields, aliases, strict=True)
        )
        statement = f"SELECT {chosen} FROM {source.relation.inside}"  # noqa: S608 - see above
        self._job = await opened.start(statement)
        self._left = await opened.wait(self._job)

    async def next(self) -> pl.DataFrame | None:
        assert self._opened is not None
        if not self._left:
            return None
        found, self._token = await self._opened.page(self._job, self._rows, self._token)
        self._left -= len(found)
        if not found or self._left < 0 or (self._left and not self._token):
            raise fault(self._source.name, "database-unreachable")  # never half a segment
        frame = frame_of(self._names, [[cell["v"] for cell in row["f"]] for row in found])
        if any((column.str.len_bytes() > self._limit(column.name)).any() for column in frame):
            raise errors.cell_too_large(self._source.name, self._source.cell_bytes)
        each = max(int(frame.estimated_size()) // frame.height, 1)
        self._rows = max(1, min(self._most, _PAGE_BYTES // each))
        instants = [name for name, one in self._each() if is_instant(one)]
        floats = {name: pl.Float64 for name, one in self._each() if is_float(one)}
        read = as_timestamps(frame.with_columns(pl.col(instants) + "+00"), instants)
        return as_floats(read, floats).with_columns(
            pl.col(name).str.decode("base64")
            for name, one in self._each()
            if data_type(one) == "binary"
        )

    async def close(self) -> None:
        if self._opened is not None and self._job and self._left > 0:
            await self._opened.cancel(self._job)
        if self._entered is not None:
            await self._entered.__aexit__(None, None, None)

    def _each(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        return zip(self._names, self._fields, strict=True)

    def _limit(self, name: str) -> int:
        kinds = {column: data_type(one) for column, one in self._each()}
        return self._source.cell_bytes * (2 if kinds[name] == "binary" else 1)


def open_bigquery(source: Mapping[str, Any], access: SourceAccess) -> BigquerySource:
    """The table or query a segment names, in a project the deployment allows; does not connect.

    Raises as `address_of` and `relation_of` do.
    """
    address = address_of(source, KIND, access)
    relation = relation_of(source, quote_mark="`", parts=3, escapes=True)
    return BigquerySource.allowed(relation, address, access, most_bytes=access.maximum_bytes_billed)


def probe_bigquery(name: str, address: str, seconds: float) -> Rights:
    """See `segment_databases.Probe`. The attempt to write is a dry run: rights are looked at, no more."""

    async def probed() -> Rights:
        async with session(name, address, Patience(seconds, seconds), 0) as opened:
            await opened.dry_run("SELECT 1")
            dataset = await opened.a_dataset()
            if dataset is None:
                return Rights(may_read=False, may_write=False)
            return Rights(await opened.has_table(dataset), await opened.may_write())

    return answer_of(probed(), seconds=seconds)
