"""Items of lists as JSON, written once for each version of what they show.

Most of what a list costs is to read its rows, to make objects of them and JSON of these, and most rows
have not changed since the last reader. Postgres says so for next to nothing: `xmin` is the transaction
that wrote a row as it is.
https://www.postgresql.org/docs/current/ddl-system-columns.html
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request, Response
from pydantic import BaseModel

from app import clock
from app.http.schemas import moment_text

Until = datetime | None
"""When the clock alone makes an item another one."""
Item = BaseModel | Mapping[str, Any]
"""What is shown, or its fields: rows are ours, so nobody need validate what was made of them."""
Write = Callable[[list[Any]], Awaitable[Mapping[Any, tuple[Item, Until]]]]
"""Of the items' names to the items; one that is gone is absent."""


class Written:
    """JSON by what it was made of; what was not asked for the longest goes first."""

    def __init__(self, most_bytes: int = 8 * 1024 * 1024) -> None:
        """`most_bytes` of JSON are kept at most."""
        self._most = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, tuple[bytes, Until]] = OrderedDict()

    async def items(self, made_of: Mapping[Any, Hashable], write: Write) -> list[bytes]:
        """Items in their order, as JSON; `write` makes those that are not kept.

        `made_of`: of each item's name to the versions of all that it shows. What changes between the
        reading of the versions and that of the rows is kept under versions nobody will read again.
        """
        now = clock.now()
        found = {name: self._get(versions, now) for name, versions in made_of.items()}
        missing = [name for name, text in found.items() if text is None]
        if missing:
            for name, (item, until) in (await write(missing)).items():
                text = found[name] = as_json(item)
                self._keep(made_of[name], text, until)
        return [text for text in found.values() if text is not None]

    def _get(self, versions: Hashable, now: datetime) -> bytes | None:
        text, until = self._kept.get(versions, (None, None))
        if text is None or (until is not None and until <= now):
            return None
        self._kept.move_to_end(versions)
        return text

    def _keep(self, versions: Hashable, text: bytes, until: Until) -> None:
        before, _ = self._kept.pop(versions, (b"", None))
        self._kept[versions] = text, until
        self._bytes += len(text) - len(before)
        while self._bytes > self._most:
            _, (oldest, _) = self._kept.popitem(last=False)
            self._bytes -= len(oldest)


def as_json(item: Item) -> bytes:
    """An item as its schema would write it; what the schema is not asked for costs two thirds less."""
    return orjson.dumps(item, _by_us, orjson.OPT_PASSTHROUGH_DATETIME)


def _by_us(value: object) -> object:
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, BaseModel):
        return vars(value)  # in the order of its fields
    raise TypeError


def written_page(items: Sequence[bytes], next_cursor: str | None) -> Response:
    """A page as `app.http.pagination.Page` would be written."""
    body = b'{"items":[%b],"next_cursor":%b}' % (b",".join(items), orjson.dumps(next_cursor))
    return Response(body, media_type="application/json")


async def get_written(request: Request) -> Written:
    """What this process has written."""
    written: Written = request.app.state.written
    return written


WrittenDep = Annotated[Written, Depends(get_written)]
