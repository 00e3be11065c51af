"""`metadata`: up to twenty pairs of texts that callers keep with a resource, and find it by.

The service reads nothing into them. They are no place for members' data: they are shown, logged in the
audit trail and kept in backups like names are.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import AfterValidator, Field, StringConstraints

from app.errors import Unprocessable
from app.http.schemas import Line

_MOST = 20
_ABOUT = "up to 20 pairs of texts of your own, to find it by (`?metadata=key:value`)"
_EXAMPLES = [{"team": "crm", "campaign": "spring-2026"}]

_Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
_Value = Annotated[Line, Field(max_length=500)]

Metadata = Annotated[
    dict[_Key, _Value], Field(max_length=_MOST, description=_ABOUT, examples=_EXAMPLES)
]
MetadataPatch = Annotated[
    dict[_Key, _Value | None],
    Field(
        max_length=_MOST,
        description=_ABOUT + "; pairs that are absent are kept, null takes one away",
        examples=_EXAMPLES,
    ),
]
MetadataShown = Annotated[dict[str, str], Field(description="pairs of texts of the callers' own")]


def merged(before: Mapping[str, Any] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The pairs after a merge patch (RFC 7396) of the resource. Raises `Unprocessable` beyond twenty."""
    if given.get("metadata", {}) is None:
        return {}
    pairs = {**(before or {}), **given.get("metadata", {})}
    left = {key: value for key, value in pairs.items() if value is not None}
    if len(left) > _MOST:
        raise Unprocessable(f"metadata may have {_MOST} pairs, and would have {len(left)}.")
    return left


def _pair(text: str) -> str:
    if not text.partition(":")[1] or not text.partition(":")[0]:
        msg = "must be key:value"
        raise ValueError(msg)
    return text


async def metadata_query(
    metadata: Annotated[
        list[Annotated[str, StringConstraints(max_length=600), AfterValidator(_pair)]] | None,
        Query(description="`key:value`; repeat for several, all of which must be there"),
    ] = None,
) -> dict[str, str]:
    """The pairs that a list is asked for."""
    return {key: value for key, _, value in (text.partition(":") for text in metadata or ())}


MetadataDep = Annotated[dict[str, str], Depends(metadata_query)]
