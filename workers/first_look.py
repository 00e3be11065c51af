"""What a worker looks at before its first run, whichever command started it."""

import sys
from importlib.metadata import version

from app.db.schema import SchemaBehind, check_schema
from app.identifiers import hash_engine
from app.observability import metrics
from app.observability.logs import get_logger
from app.sources import load_readers
from workers.context import WorkerContext

log = get_logger(__name__)


async def first_look(context: WorkerContext) -> None:
    """Schema, hash and readers; ends the process in one sentence while migrations are pending."""
    try:
        await check_schema(context.database)
    except SchemaBehind as error:
        await context.close()
        sys.exit(str(error))
    check_hashing()
    load_readers(context.access)


def check_hashing() -> None:
    """Hash what is known; a platform without the vectorised hash is right as well, but slower."""
    metrics.introduce(version=version("audience-export"), hash_engine=hash_engine())
    if hash_engine() != "stringzilla":
        log.warning("hashing.slow", engine=hash_engine())
