"""`metadata`: up to twenty pairs of texts that callers keep with a resource, and find it by.

The service reads nothing into them. They are no place for members' data: they are shown, logged in the
audit trail and kept in backups like names are.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

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
