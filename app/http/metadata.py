"""`metadata`: up to twenty pairs of texts that callers keep with a resource, and find it by.

The service reads nothing into them. They are no place for members' data: they are shown, logged in the
audit trail and kept in backups like names are.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from app.db.labels import MOST
from app.http.schemas import Line

_ABOUT = "up to 20 pairs of texts of your own, to find it by (`?metadata=key:value`)"
_EXAMPLES = [{"team": "crm", "campaign": "spring-2026"}]

_Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
_Value = Annotated[Line, Field(max_length=500)]

Metadata = Annotated[
    dict[_Key, _Value], Field(max_length=MOST, description=_ABOUT, examples=_EXAMPLES)
]
MetadataPatch = Annotated[
    dict[_Key, _Value | None],
    Field(
        max_length=MOST,
        description=_ABOUT + "; pairs that are absent are kept, null takes one away",
        examples=_EXAMPLES,
    ),
]
MetadataShown = Annotated[dict[str, str], Field(description="pairs of texts of the callers' own")]
