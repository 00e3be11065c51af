"""Queries of sources: a literal in one may be somebody's address, so they are sealed where they are kept.

A row's `source` is without its query, which stands sealed beside it.
"""

from collections.abc import Mapping
from typing import Any

from app.access.callers import Caller
from app.db.models import Segment
from app.db.secrets import Vault


def put_source(vault: Vault, row: Segment, source: Mapping[str, Any]) -> None:
    """Keep where a segment's members are read from."""
    row.source = {name: value for name, value in source.items() if name != "query"}
    query = source.get("query")
    row.query = None if query is None else vault.seal(query, owner=_owner(row.id))


def source_of(vault: Vault, row: Segment) -> dict[str, Any]:
    """Where a segment's members are read from, whole. Raises `SecretUnreadable`."""
    if row.query is None:
        return dict(row.source)
    return {**row.source, "query": vault.open(row.query, owner=_owner(row.id))}


def source_shown(vault: Vault, row: Segment, caller: Caller) -> dict[str, Any]:
    """The source as a caller may see it: queries are for those who may write them."""
    if row.query is not None and not caller.is_administrator:
        return {**row.source, "query": None}
    return source_of(vault, row)


def _owner(segment_id: str) -> str:
    return f"segments/{segment_id}/query"
