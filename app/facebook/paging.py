"""Reads of lists and nodes: to the last page, and with fewer fields where Meta refuses one."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from app.facebook.error_codes.classify import About, from_transport
from app.facebook.errors import GraphError
from app.facebook.objects import json_fields

# Meta advises 20 and refuses very large pages; calls are counted, not rows
_PAGE = 50
_SMALLEST_PAGE = 5
_MOST_PAGES = 10_000
_SECRET_PARAMETERS = ("access_token", "appsecret_proof", "appsecret_time")
# a permission that one field needs (10, 200), a field that does not exist (100)
_FIELD_REFUSED = (10, 100, 200)
_T = TypeVar("_T")


async def first_allowed(read: Callable[[str], Awaitable[_T]], reads: Sequence[str]) -> _T:
    """The answer to the first of `reads` (lists of fields) that Meta does not refuse.

    It refuses a whole read for one field that the token may not see. Raises `GraphError`.
    """
    for fields in reads[:-1]:
        try:
            return await read(fields)
        except GraphError as error:
            if error.graph_code not in _FIELD_REFUSED or error.graph_subcode is not None:
                raise
    return await read(reads[-1])


async def all_entries(
    get: Callable[[Mapping[str, str]], Awaitable[Mapping[str, object]]], about: About
) -> AsyncIterator[Mapping[str, object]]:
    """The entries of every page; an empty page may be followed by others.

    `get` asks for the page at a position (parameters). Raises `GraphError`.
    https://developers.facebook.com/docs/graph-api/results
    """
    size, position = _PAGE, dict[str, str]()
    seen: set[tuple[tuple[str, str], ...]] = set()
    while True:
        try:
            page = await get({**position, "limit": str(size)})
        except GraphError as error:
            # "reduce the amount of data you're asking for" comes as code 1
            if error.graph_code != 1 or size <= _SMALLEST_PAGE:
                raise
            size = max(_SMALLEST_PAGE, size // 2)
            continue
        entries = page.get("data")
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping):
                yield entry
        position = _next_position(page)
        mark = tuple(sorted(position.items()))
        if not position:
            return
        if mark in seen or len(seen) >= _MOST_PAGES:
            raise from_transport("a list whose pages do not end", about=about)
        seen.add(mark)


def _next_position(page: Mapping[str, object]) -> dict[str, str]:
    """The parameters that lead to the next page; empty on the last one.

    `next` is a whole address that may hold a token: only its position is taken over.
    """
    paging = json_fields.part(page, "paging")
    address = json_fields.text(paging, "next")
    if address is None:
        return {}
    skip = (*_SECRET_PARAMETERS, "limit", "fields")
    found = {k: v for k, v in parse_qsl(urlsplit(address).query) if k not in skip}
    after = json_fields.text(json_fields.part(paging, "cursors"), "after")
    return {**found, "after": after} if after else found
