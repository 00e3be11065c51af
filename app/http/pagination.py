"""Keyset pages: `?limit=&cursor=` → `{"items": […], "next_cursor": …}`, newest first, no totals.

A cursor is the id of the last item, sealed with the list and filters it belongs to, so it cannot be
used on another one.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import Field

from app.errors import BadRequest
from app.http.schemas import Output

MAX_LIMIT = 200


Item = TypeVar("Item")


class Page(Output, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next_cursor: str | None = Field(
        description="pass as `cursor` for the next page; null on the last"
    )


@dataclass(frozen=True, slots=True)
class PageQuery:
    """What the caller asked for; more than the largest page is given as the largest page."""

    limit: int
    cursor: str | None

    def after(self, scope: str) -> str | None:
        """The id the page begins after, or None for the first page. Raises `BadRequest`."""
        return None if self.cursor is None else _open_cursor(self.cursor, scope)

    def after_number(self, scope: str) -> int | None:
        """As `after`, for a list that is in the order of a number of 63 bits. Raises `BadRequest`."""
        last = self.after(scope)
        if last is None:
            return None
        # a cursor is sealed against mix-ups only: whoever forges one may write anything
        if not (last.isascii() and last.isdecimal() and len(last) < 19):
            raise _bad_cursor()
        return int(last)


async def page_query(
    limit: Annotated[
        int,
        Query(ge=1, description=f"items per page; more than {MAX_LIMIT} are given as {MAX_LIMIT}"),
    ] = 50,
    cursor: Annotated[
        str | None, Query(max_length=500, description="`next_cursor` of the page before")
    ] = None,
) -> PageQuery:
    """The two parameters of every list."""
    return PageQuery(min(limit, MAX_LIMIT), cursor)


def cut_page(
    rows: Sequence[Any],
    query: PageQuery,
    *,
    scope: str,
    key: str = "id",
    place: Callable[[Any], str] | None = None,
) -> tuple[Sequence[Any], str | None]:
    """Of limit + 1 rows the page and the cursor of the next one.

    `scope` names the list and its filters; a cursor opens only under the same scope. What it holds of the
    last row is its `key`, or its `place` in lists that are not in the order of a single column.
    """
    page = rows[: query.limit]
    if len(rows) <= query.limit:
        return page, None
    last = str(getattr(page[-1], key)) if place is None else place(page[-1])
    return page, _seal_cursor(last, scope)


def _seal_cursor(last: str, scope: str) -> str:
    return base64.urlsafe_b64encode(_tag(last, scope) + last.encode()).decode().rstrip("=")


def _open_cursor(cursor: str, scope: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        tag, last = raw[:6], raw[6:].decode()
    except (ValueError, UnicodeError):
        tag, last = b"", ""
    if not hmac.compare_digest(tag, _tag(last, scope)):
        raise _bad_cursor()
    return last


def _tag(last: str, scope: str) -> bytes:
    # no secret: a cursor protects against mix-ups, not against people
    return hashlib.blake2b(f"{scope}|{last}".encode(), digest_size=6).digest()


def _bad_cursor() -> BadRequest:
    return BadRequest(
        "This cursor does not belong to this list and its filters; begin again without one.",
        code="bad-cursor",
    )
