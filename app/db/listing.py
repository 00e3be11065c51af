"""Lists in an order, page by page: what begins after the last row of the page before.

The order is by creation (ids sort by it) or by name, with the id to tell equal names apart.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    any_,
    func,
    literal,
    literal_column,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.db.models import Base, IdText
from app.errors import BadRequest
from app.ids import SKEW, least_id


class NamedSort(StrEnum):
    """How a list of named things may be sorted; `-` turns the order round."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    NAME = "display_name"
    NAME_DOWN = "-display_name"


class TimeSort(StrEnum):
    """How a list of events may be sorted."""

    NEWEST = "-created_at"
    OLDEST = "created_at"


class SequenceSort(StrEnum):
    """How a list of numbered things may be sorted."""

    FIRST = "sequence"
    LAST = "-sequence"


def sorted_page(
    query: Select[*tuple[Any, ...]],
    row_id: InstrumentedAttribute[str],
    name: InstrumentedAttribute[str],
    *,
    sort: NamedSort,
    after: str | None,
    limit: int,
) -> Select[*tuple[Any, ...]]:
    """The query in that order, from behind `after` on, for one row more than the limit.

    Raises `BadRequest` for a cursor of another order.
    """
    down = sort.startswith("-")
    by_name = sort.removeprefix("-") == "display_name"
    columns = (name, row_id) if by_name else (row_id,)
    if after is not None:
        last = _opened(after, len(columns))
        here = tuple_(*columns)
        query = query.where(here < tuple_(*last) if down else here > tuple_(*last))
    return query.order_by(*(one.desc() if down else one for one in columns)).limit(limit + 1)


def timed_page(
    query: Select[Any],
    row_id: InstrumentedAttribute[str],
    *,
    sort: TimeSort,
    after: str | None,
    limit: int,
) -> Select[Any]:
    """The query in the order of time, from behind the id `after` on, for one row more than the limit."""
    down = sort is TimeSort.NEWEST
    if after is not None:
        query = query.where(row_id < after if down else row_id > after)
    return query.order_by(row_id.desc() if down else row_id.asc()).limit(limit + 1)


def within(
    query: Select[Any],
    column: InstrumentedAttribute[datetime],
    since: datetime | None,
    until: datetime | None,
    *,
    ids: tuple[InstrumentedAttribute[str], str] | None = None,
) -> Select[Any]:
    """The rows of a span of time: its beginning belongs to it, its end does not.

    `ids`: the column of ids that were made at that moment, and their prefix. By them a page is found in a
    long table without going along all that is younger.
    """
    if since is not None:
        query = query.where(column >= since)
    if until is not None:
        query = query.where(column < until)
    if ids is not None:
        row_id, prefix = ids
        if since is not None:
            query = query.where(row_id >= least_id(prefix, since - SKEW))
        if until is not None:
            query = query.where(row_id < least_id(prefix, until + SKEW))
    return query


def equal(
    query: Select[Any], filters: Mapping[str, Any], *columns: InstrumentedAttribute[Any]
) -> Select[Any]:
    """The rows whose columns are what `filters` says of them, where it says something."""
    for column in columns:
        if filters.get(column.key) is not None:
            query = query.where(column == filters[column.key])
    return query


def made(
    query: Select[Any],
    filters: Mapping[str, Any],
    by: InstrumentedAttribute[str],
    at: InstrumentedAttribute[datetime],
) -> Select[Any]:
    """The rows that were made by `created_by`, and from `created_after` to before `created_before`."""
    query = equal(query, filters, by)
    return within(query, at, filters.get("created_after"), filters.get("created_before"))


def version_of(table: type[Base]) -> ColumnElement[int]:
    """Another number after every change of a row: the transaction that wrote it as it is.

    https://www.postgresql.org/docs/current/ddl-system-columns.html
    """
    return literal_column(f"{table.__tablename__}.xmin::text::bigint", BigInteger)


def one_of(ids: Iterable[str]) -> Any:
    """What a column is compared with to be one of these ids: one parameter, however many they are."""
    return any_(literal(list(ids), ARRAY(IdText)))


def written_out(column: InstrumentedAttribute[str], words: Iterable[str]) -> ColumnElement[bool]:
    """Whether the column is one of these words, never of a caller's: they stand in the statement itself.

    For conditions of partial indexes: a plan that Postgres keeps for all values of a parameter uses none.
    https://www.postgresql.org/docs/current/indexes-partial.html
    """
    return column.in_([literal_column(f"'{word}'", Text) for word in sorted(words)])


def holds(column: InstrumentedAttribute[list[str]], value: str) -> ColumnElement[bool]:
    """Whether the value is one of those in the column."""
    return literal(value) == any_(column)


async def plain_rows(session: AsyncSession, query: Select[*tuple[Any, ...]]) -> list[Any]:
    """Rows of columns, which are read as an entity's attributes are.

    An entity costs its session and each look at it three times as much, for changes that nobody makes of
    a page. What was not selected is not there.
    """
    found = await session.execute(query)
    names = tuple(found.keys())
    return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in found]


def place_of(row: Any, sort: NamedSort) -> str:
    """Where a page that ends with this row ends, for `after`."""
    if sort.removeprefix("-") == "display_name":
        return json.dumps([row.display_name, row.id])
    return json.dumps([row.id])


def contains(
    column: ColumnElement[str] | InstrumentedAttribute[str], text: str
) -> ColumnElement[bool]:
    """Whether the column holds the text, in any case; plain search, no pattern."""
    return func.strpos(func.lower(column), func.lower(text)) > 0


def _opened(after: str, length: int) -> list[str]:
    try:
        last = json.loads(after)
    except ValueError:
        last = None
    if not isinstance(last, list) or len(last) != length:
        raise BadRequest(
            "This cursor does not belong to this list and its filters; begin again without one.",
            code="bad-cursor",
        )
    return [str(one) for one in last]
