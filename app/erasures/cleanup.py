"""What was written for erasures and is needed no more."""

import asyncio

from app.erasures.baseline_rewrite import FOLDER
from app.erasures.baselines import unneeded
from app.erasures.execution import Erasing
from app.observability.logs import get_logger
from app.snapshots import SnapshotError

log = get_logger(__name__)


async def clean_up(deps: Erasing) -> int:
    """Delete rewritten rows that no mirror remembers any more; how many folders. Raises `SnapshotError` if
    they cannot even be listed.
    """
    names = await asyncio.to_thread(deps.store.list, FOLDER)
    if not names:
        return 0
    async with deps.database.transaction() as session:
        folders = await unneeded(session, names)
    deleted = 0
    for folder in folders:
        try:
            await asyncio.to_thread(deps.store.delete_prefix, folder)
        except SnapshotError as error:
            log.warning("snapshot.not_deleted", prefix=folder, code=error.code)
        else:
            deleted += 1
    return deleted
