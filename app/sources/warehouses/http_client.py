"""Databases that speak HTTP: one client for each reading, and what its failures mean.

Neither addresses nor bodies are logged: httpx would print the former.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx

from app.bounded_reads import read_bounded
from app.errors import SourceError
from app.sources.databases.segment_databases import address_invalid, taken_apart
from app.sources.databases.tls_errors import is_about_encryption
from app.sources.warehouses.errors import fault

CANCEL_SECONDS: Final = 2.0
"""What a server may take to be told that nobody wants an answer any more."""
# the largest page of a warehouse is a third of it; rows that stream are bounded one by one
_MAX_ANSWER_BYTES: Final = 64 << 20
_WRITE_SECONDS: Final = 30.0


@asynccontextmanager
async def web_client(
    name: str, base_url: str, *, connect: float, silent: float, options: Mapping[str, str]
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of one server; what goes wrong on the way leaves the context as `SourceError`.

    It may take `connect` seconds to its first answer, and be silent for `silent` seconds from then on.
    `ssl_ca` of the options is a file of authorities to trust.
    """
    for library in ("httpx", "httpcore"):
        logging.getLogger(library).setLevel(logging.WARNING)
    with taken_apart(name):
        # its host is decoded, which httpx would leave to the first request
        if not _names_server(base_url):
            raise ValueError
    try:
        verify: ssl.SSLContext | bool = (
            False  # where nothing is encrypted, authorities need not be read
        )
        if base_url.startswith("https:"):
            verify = ssl.create_default_context(cafile=options.get("ssl_ca"))
    except (OSError, ssl.SSLError):
        raise address_invalid(name, "names a file ssl_ca that holds no certificates") from None
    first = httpx.Timeout(connect, write=_WRITE_SECONDS)
    later = httpx.Timeout(silent, connect=connect, write=_WRITE_SECONDS, pool=connect)
    try:
        async with httpx.AsyncClient(
            base_url=base_url,
            verify=verify,
            timeout=first,
            headers={"Accept-Encoding": "gzip, deflate"},
        ) as client:

            async def answered(response: httpx.Response) -> None:
                if response.url.netloc == client.base_url.netloc:  # and not who gives tokens
                    client.timeout = later

            client.event_hooks = {"response": [answered]}
            yield client
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
        raise transport_fault(name, error) from None


async def whole(answer: httpx.Response) -> bytes:
    """The body of an answer, unpacked. Raises `httpx.TransportError` for one without end."""
    return await read_bounded(answer, _MAX_ANSWER_BYTES)


async def exchange(
    client: httpx.AsyncClient, method: str, place: str, **what: Any
) -> tuple[int, bytes]:
    """Status and body of an answer; `what` are httpx's options. Raises as httpx and `whole`."""
    async with client.stream(method, place, **what) as answer:
        return answer.status_code, await whole(answer)


def _names_server(address: str) -> bool:
    try:
        place = httpx.URL(address)
    except httpx.InvalidURL:
        return False
    return bool(place.host) and place.scheme in {"http", "https"}


def transport_fault(name: str, error: BaseException) -> SourceError:
    """What a connection that was not made, or broke, means."""
    return fault(name, "tls-refused" if is_about_encryption(error) else "database-unreachable")


@asynccontextmanager
async def at_most(seconds: float, name: str, code: str) -> AsyncIterator[None]:
    """Raises the fault of this code if what is inside takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (TimeoutError, httpx.ReadTimeout):
        raise fault(name, code) from None
