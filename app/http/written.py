"""Items of lists as JSON, written once for each version of what they show.

Most of what a list costs is to read its rows, to make objects of them and JSON of these, and most rows
have not changed since the last reader. Postgres says so for next to nothing: `xmin` is the transaction
that wrote a row as it is.
https://www.postgresql.org/docs/current/ddl-system-columns.html
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from datetime import datetime

import orjson
from fastapi import Response


class Written:
    """JSON by what it was made of; what was not asked for the longest goes first."""

    def __init__(self, most_bytes: int = 8 * 1024 * 1024) -> None:
        """`most_bytes` of JSON are kept at most."""
        self._most = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, tuple[bytes, datetime | None]] = OrderedDict()

    def get(self, made_of: Hashable, *, now: datetime | None = None) -> bytes | None:
        """The JSON, if it is kept and still true `now`."""
        text, until = self._kept.get(made_of, (None, None))
        if text is None or (until is not None and now is not None and until <= now):
            return None
        self._kept.move_to_end(made_of)
        return text

    def keep(self, made_of: Hashable, text: bytes, *, until: datetime | None = None) -> None:
        """Keep it for the next who asks; whatever it shows must be in `made_of`, but for the time.

        `until`: when the clock makes it another one.
        """
        before, _ = self._kept.pop(made_of, (b"", None))
        self._kept[made_of] = text, until
        self._bytes += len(text) - len(before)
        while self._bytes > self._most:
            _, (oldest, _) = self._kept.popitem(last=False)
            self._bytes -= len(oldest)


def written_page(items: Sequence[bytes], next_cursor: str | None) -> Response:
    """A page as `app.http.pagination.Page` would be written."""
    body = b'{"items":[%b],"next_cursor":%b}' % (b",".join(items), orjson.dumps(next_cursor))
    return Response(body, media_type="application/json")
