"""What a source in a database is made of, whatever its server."""

from dataclasses import dataclass, field
from typing import Any, Self

from app.sources.access import Patience, SourceAccess
from app.sources.databases.segment_databases import Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSource:
    """What sources of every server have in common; each adds how it asks and reads (`MemberSource`)."""

    relation: Relation
    patience: Patience
    cell_bytes: int
    writers_allowed: bool
    address: str = field(repr=False)

    @classmethod
    def allowed(cls, relation: Relation, address: str, access: SourceAccess, **more: Any) -> Self:
        """The source within what the deployment allows; `more` is what only its server has."""
        return cls(
            relation=relation,
            patience=access.patience,
            cell_bytes=access.unpacking.cell,
            writers_allowed=access.writers_allowed,
            address=address,
            **more,
        )

    @property
    def name(self) -> str:
        """What its errors call it."""
        return self.relation.name

    def shape(self) -> None:
        """It is no text."""

    def fingerprint(self) -> str | None:
        """Nothing cheap tells of changes: a view or a query may change with any of its tables."""
        return None
