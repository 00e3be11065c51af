"""What was written for erasures and is needed no more."""

import asyncio

from app.erasures.baseline_rewrite import FOLDER
from app.erasures.baselines import unneeded
from app.erasures.execution import Erasing


async def clean_up(deps: Erasing) -> int:
    """Delete rewritten rows that no mirror remembers any more; how many folders. Raises `SnapshotError`."""
    names = await asyncio.to_thread(deps.store.list, FOLDER)
    if not names:
        return 0
    async with deps.database.transaction() as session:
        folders = await unneeded(session, names)
    for folder in folders:
        await asyncio.to_thread(deps.store.delete_prefix, folder)
    return len(folders)
