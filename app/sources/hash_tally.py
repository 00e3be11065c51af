"""The `_tally.json` that a job leaves beside members it hashed."""

from collections.abc import Mapping
from typing import Any

import orjson

from app.errors import SourceError
from app.sources.access import SourceAccess
from app.sources.storage import local, object_storage

NAME = "_tally.json"
_MOST_BYTES = 1 << 20


def tally_beside(source: Mapping[str, Any], access: SourceAccess) -> dict[str, Any] | None:
    """The document in the folder that a source of already hashed members names; None without one.

    Raises `tally-invalid` for one that is no JSON object of a sensible size, and as reading files does.
    """
    url = source.get("url")
    if not source.get("hashed") or not isinstance(url, str):
        return None
    place = f"{url.rstrip('/')}/{NAME}"
    try:
        if object_storage.is_remote(url):
            found: Any = object_storage.find_files(place, access.root_urls)
        else:
            found = local.find_files(place, access.roots)
    except SourceError as error:
        if error.code in {"source-not-found", "source-not-allowed"}:
            return None
        raise
    with found[0].opened() as opened:
        data = opened.stream().read(_MOST_BYTES + 1)
        opened.verify()
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise tally_invalid("is no JSON object")
    return document


def tally_invalid(why: str) -> SourceError:
    """The document cannot be what the job left."""
    return SourceError(
        f"{NAME} {why}. Let the job write it anew after its rows, or take it away.",
        code="tally-invalid",
    )
