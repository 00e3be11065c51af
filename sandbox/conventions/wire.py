"""Turns an HTTP request into a Graph call, whichever of Meta's encodings it came in.

Form, multipart and JSON bodies; parameters in the query too; the token as parameter, in the body or
as Bearer header; `method=…` on a POST. Paths with and without a version.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.datastructures import FormData, Headers
from starlette.formparsers import MultiPartException, MultiPartParser

_VERSION: Final = re.compile(r"v\d{1,3}\.\d{1,2}")
_METHODS: Final = ("GET", "POST", "DELETE")
_MAX_PART: Final = 64 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Call:
    """One Graph call, free of HTTP: also what a part of a batch is turned into."""

    method: str
    version: str | None
    path: tuple[str, ...]
    params: dict[str, Any] = field(repr=False)
    token: str | None = field(repr=False)
    base_url: str
    token_in_query: bool = False

    @property
    def name(self) -> str:
        """The path without version."""
        return "/".join(self.path)


def split_path(path: str) -> tuple[str | None, tuple[str, ...]]:
    """Version, if the path has one, and the segments after it."""
    segments = tuple(segment for segment in path.split("/") if segment)
    if segments and _VERSION.fullmatch(segments[0]):
        return segments[0], segments[1:]
    return None, segments


def parse_query(query: str) -> dict[str, Any]:
    """Parameters of a query string or form body; the last of a name counts."""
    return dict(parse_qsl(query, keep_blank_values=True))


async def read_params(headers: Headers, body: bytes) -> dict[str, Any]:
    """The parameters in a body; a body that cannot be read has none, as Meta treats it."""
    content_type = headers.get("content-type", "").lower()
    if not body or headers.get("content-encoding"):
        return {}
    try:
        if "multipart/form-data" in content_type:
            return await _read_multipart(headers, body)
        if "application/json" in content_type:
            value = orjson.loads(body)
            return value if isinstance(value, dict) else {}
        return parse_query(body.decode())
    except (orjson.JSONDecodeError, MultiPartException, UnicodeDecodeError):
        return {}


async def _read_multipart(headers: Headers, body: bytes) -> dict[str, Any]:
    async def stream() -> Any:
        yield body

    parser = MultiPartParser(headers, stream(), max_part_size=_MAX_PART)
    form: FormData = await parser.parse()
    params = {}
    for name, value in form.multi_items():
        params[name] = value if isinstance(value, str) else (await value.read()).decode()
    await form.close()
    return params


def read_call(
    method: str, path: str, query: dict[str, Any], params: dict[str, Any], headers: Headers
) -> Call:
    """Put the parts together; body parameters win over the query's."""
    version, segments = split_path(path)
    everything = {**query, **params}
    override = str(everything.pop("method", "")).upper()
    if method == "POST" and override in _METHODS:
        method = override
    token = everything.pop("access_token", None)
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if token is None and scheme.lower() in ("bearer", "oauth"):
        token = credentials.strip()
    return Call(
        method=method,
        version=version,
        path=segments,
        params=everything,
        token=str(token) if token else None,
        base_url=f"http://{headers.get('host', 'localhost')}",
        token_in_query="access_token" in query,
    )
