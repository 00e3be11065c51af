"""The pairs of texts that callers keep with a resource, as its row has them (`metadata` on the wire)."""

from collections.abc import Mapping
from typing import Any

from app.errors import Unprocessable

MOST = 20


def merged(before: Mapping[str, Any] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The pairs after a merge patch (RFC 7396) of the resource. Raises `Unprocessable` beyond twenty."""
    if given.get("metadata", {}) is None:
        return {}
    pairs = {**(before or {}), **given.get("metadata", {})}
    left = {key: value for key, value in pairs.items() if value is not None}
    if len(left) > MOST:
        raise Unprocessable(f"metadata may have {MOST} pairs, and would have {len(left)}.")
    return left
