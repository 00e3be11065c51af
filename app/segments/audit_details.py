"""What the audit keeps of a segment: of a query its hash, which tells that it was changed and not to what."""

import hashlib
from typing import Any

from app.db.models import Segment
from app.db.secrets import Vault
from app.segments.queries import source_of


def audited(vault: Vault, row: Segment) -> dict[str, Any]:
    """What the audit keeps of a segment."""
    return {
        "name": row.name,
        "display_name": row.display_name,
        "source": _source(vault, row),
        "state": row.state,
        "metadata": row.labels or {},
    }


def _source(vault: Vault, row: Segment) -> dict[str, Any]:
    source = source_of(vault, row)
    query = source.pop("query", None)
    if query is not None:
        source["query_sha256"] = hashlib.sha256(query.encode()).hexdigest()
    return source
