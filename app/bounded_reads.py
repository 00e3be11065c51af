"""Answers of others are read up to a bound: of bytes as they are unpacked, and of seconds in all.

Whoever answers may be broken, or somebody else: 600 KB of gzip hold 600 MB, and a byte a second never
ends. httpx bounds neither.
"""

import asyncio
import zlib
from collections.abc import Iterable
from typing import Any, TypeAlias

import httpx
import orjson

Buffer: TypeAlias = bytes | bytearray

# unpacks gzip and zlib, whichever it is
_EITHER = zlib.MAX_WBITS | 32


class AnswerTooLarge(httpx.TransportError):
    """The answer has more bytes than any that is expected."""


class AnswerUnreadable(httpx.TransportError):
    """The answer is packed in a way nobody asked for, or damaged."""


async def read_bounded(answer: httpx.Response, most: int) -> bytes:
    """The body, unpacked, of at most so many bytes. Raises `httpx.TransportError`."""
    try:
        body = answer.content
    except httpx.ResponseNotRead:
        return await _unpacked(answer, most)
    if len(body) > most:
        raise AnswerTooLarge("")
    return body


async def ask(
    http: httpx.AsyncClient, method: str, address: str, *, most: int, seconds: float, **options: Any
) -> tuple[int, bytes]:
    """Status and body of an answer, all of it within so many seconds; `options` are httpx's.

    Raises `httpx.HTTPError`, `httpx.InvalidURL` and `TimeoutError`.
    """
    async with asyncio.timeout(seconds), http.stream(method, address, **options) as answer:
        return answer.status_code, await read_bounded(answer, most)


async def get_json(http: httpx.AsyncClient, address: str, *, most: int, seconds: float) -> Any:
    """The JSON behind an address. Raises as `ask`, and `ValueError` for what is no success or no JSON."""
    status, body = await ask(http, "GET", address, most=most, seconds=seconds)
    if not 200 <= status < 300:
        raise ValueError(status)
    return orjson.loads(body)


async def _unpacked(answer: httpx.Response, most: int) -> bytes:
    unpacker = _Unpacker(answer.headers.get("Content-Encoding", ""), most)
    async for piece in answer.aiter_raw():
        unpacker.take(piece)
    return unpacker.whole()


def unpacked(pieces: Iterable[Buffer], packing: str, most: int) -> bytes:
    """A body that was read, of at most so many bytes; `packing` is its Content-Encoding.

    Raises `AnswerTooLarge` and `AnswerUnreadable`.
    """
    unpacker = _Unpacker(packing, most)
    for piece in pieces:
        unpacker.take(piece)
    return unpacker.whole()


class _Unpacker:
    def __init__(self, packing: str, most: int) -> None:
        packing = packing.strip().lower()
        if packing not in {"identity", "gzip", "deflate", ""}:
            raise AnswerUnreadable("")
        self._packed = zlib.decompressobj(_EITHER) if packing in {"gzip", "deflate"} else None
        self._most = most
        self._body = bytearray()

    def take(self, piece: Buffer) -> None:
        room = self._most - len(self._body) + 1
        try:
            # never more than there is room for, however much the piece holds
            self._body += (
                piece[:room] if self._packed is None else self._packed.decompress(piece, room)
            )
        except zlib.error:
            raise AnswerUnreadable("") from None
        if len(self._body) > self._most:
            raise AnswerTooLarge("")

    def whole(self) -> bytes:
        if self._packed is not None and not self._packed.eof:
            raise AnswerUnreadable("")
        return bytes(self._body)
