"""In which formats members are pushed, and how a Content-Type says which."""

import contextlib
import zlib
from collections.abc import AsyncIterator

from app.errors import UnsupportedMediaType

MEDIA_TYPES = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/x-ndjson": "ndjson",
    "application/vnd.apache.parquet": "parquet",
}
DOCUMENTED: dict[str, dict[str, object]] = {
    kind: {"schema": {"type": "string"}} for kind in MEDIA_TYPES
}
"""Each with an example, if it is text that people write."""
DOCUMENTED["text/csv"]["example"] = "EMAIL,FN\nanna@example.com,Anna\nbert@example.com,Bert\n"
DOCUMENTED["application/x-ndjson"]["example"] = '{"EMAIL": "anna@example.com", "FN": "Anna"}\n'
ANY = "application/octet-stream"
"""What clients that know no type of members send: the format is told by the first bytes."""
_HEAD_BYTES = 64 * 1024


async def told_by_content(
    content_type: str, body: AsyncIterator[bytes]
) -> tuple[str, AsyncIterator[bytes]]:
    """The Content-Type that the first bytes say where `ANY` was sent, and the whole body again."""
    if content_type.partition(";")[0].strip().lower() != ANY:
        return content_type, body
    first = b""
    async for piece in body:
        first += piece
        if len(first) >= _HEAD_BYTES:
            break

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for piece in body:
            yield piece

    return _type_of(first), whole()


def _type_of(first: bytes) -> str:
    if first.startswith(b"PAR1"):
        return "application/vnd.apache.parquet"
    if first.startswith(b"\x1f\x8b"):
        with contextlib.suppress(zlib.error):
            first = zlib.decompressobj(wbits=31).decompress(first, _HEAD_BYTES)
    elif first.startswith(b"\x28\xb5\x2f\xfd"):
        raise UnsupportedMediaType(
            f"Name the format of a body packed with zstd; {ANY} does not tell it."
        )
    text = first.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return "application/x-ndjson"
    head = text.partition(b"\n")[0]
    return "text/tab-separated-values" if b"\t" in head and b"," not in head else "text/csv"


def media_options(content_type: str) -> dict[str, str]:
    """The options of a source in a Content-Type: `format`, and `encoding` by its charset.

    Raises `UnsupportedMediaType`.
    """
    kind, *parameters = (part.strip() for part in content_type.split(";"))
    if kind.lower() not in MEDIA_TYPES:
        raise UnsupportedMediaType(
            "Send the members with one of these as Content-Type: " + ", ".join(MEDIA_TYPES) + "."
        )
    options = {"format": MEDIA_TYPES[kind.lower()]}
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and options["format"] != "parquet":
            options["encoding"] = value.strip().strip('"')
    return options
