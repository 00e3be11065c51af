"""Who was erased while a run is under way: its rows were staged before, and are held back now."""

import time

from app.db.session import Database
from app.exports.members.suppression import SuppressionList, suppression_list
from workers.lease import patiently

_SECONDS = 10.0


class SuppressionOfRun:
    """The suppression list, asked for again every ten seconds."""

    def __init__(self, database: Database) -> None:
        """Nothing is read yet."""
        self._database = database
        self._list = SuppressionList()
        self._until = 0.0

    async def now(self) -> SuppressionList:
        """The list, at most ten seconds old."""
        if time.monotonic() >= self._until:
            self._until = time.monotonic() + _SECONDS
            self._list = await patiently(self._database, suppression_list)
        return self._list
