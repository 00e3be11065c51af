"""What a mapping will probably do badly; it stops nothing, and is said on saving and in the preview."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.exports.plan import Mapped

Warned = dict[str, str]


def mapping_warnings(row: Mapped, sources: Sequence[Mapping[str, Any]]) -> list[Warned]:
    """Of the mapping alone; pushed members were hashed when they came, so it asks nothing of them."""
    if all(source["kind"] == "upload" for source in sources):
        return []
    if "PHONE" in row.attributes and "COUNTRY" not in row.attributes and not row.default_country:
        return [
            {
                "code": "phone-country-unknown",
                "detail": "PHONE is mapped, but neither COUNTRY nor default_country says which country "
                "numbers without a calling code belong to; those cannot be used.",
            }
        ]
    return []
