"""Whether the database has the schema this version needs: looked at before anything is done with it."""

import re
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.counted_nouns import count_of
from app.db.session import Database
from app.errors import ConfigurationError, Unavailable
from app.observability.logs import get_logger

log = get_logger(__name__)

# beside this package, in a checkout as in an installation
_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations" / "versions"
_NAME = re.compile(r'^(revision|down_revision) = "([0-9a-f]+)"$', re.MULTILINE)


class SchemaBehind(ConfigurationError):
    """The database has an older schema than this version needs."""

    code = "schema-behind"


def revisions() -> list[str]:
    """The revisions this version knows, oldest first; read as text, since to import alembic takes long."""
    after: dict[str | None, str] = {}
    for path in _MIGRATIONS.glob("*.py"):
        found = dict(_NAME.findall(path.read_text(encoding="utf-8")))
        after[found.get("down_revision")] = found["revision"]
    ordered: list[str] = []
    while (following := after.get(ordered[-1] if ordered else None)) is not None:
        ordered.append(following)
    return ordered


async def check_schema(database: Database) -> None:
    """Raises `SchemaBehind` while migrations are pending.

    A schema that is newer than this version passes: the previous version goes on working on it. So does a
    database that is away, which is waited for elsewhere.
    """
    known = revisions()
    try:
        async with database.reading() as session:
            current = await session.scalar(text("select version_num from alembic_version"))
    except ProgrammingError:
        current = None  # there is no schema at all
    except Unavailable as error:
        log.warning("schema.not_looked_at", code=error.code)
        return
    if current is None or (current in known and current != known[-1]):
        pending = len(known) - (known.index(current) + 1 if current else 0)
        behind = count_of(pending, "migration")
        raise SchemaBehind(
            f"The database's schema is {current or 'empty'}, {behind} behind this version: run "
            "`audience-export migrate` first."
        )
