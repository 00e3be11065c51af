"""How many runs a worker works on at once: a run that only waits for Meta's limits takes no place.

Near its quota an account of the development tier takes one call in fifteen seconds. A few such accounts
would otherwise have all places of a worker for minutes, and accounts that Meta does not limit would wait.
Memory still bounds what may begin: `workers.health.memory_pressure`.
"""

from collections.abc import Callable
from typing import Any

from arq.worker import Worker

from workers.context import WorkerContext

# with what each run keeps open; the same bound as that of WORKER_RUNS
MOST = 64


def places(worker: WorkerContext, runs: int) -> int:
    """The `runs` that WORKER_RUNS allows, and one more for each whose account has to wait just now."""
    governor = worker.graph.governor
    waiting = sum(governor.waits(account) for account in worker.working.values())
    return min(runs + waiting, max(runs, MOST))


class PlacedWorker(Worker):
    """arq's worker, which looks at `places` before it takes a job."""

    def __init__(self, *args: Any, places: Callable[[], int], **options: Any) -> None:
        """`places`: how many jobs may run at the moment; other options as arq's, but for `max_jobs`."""
        self._places = places
        # what is fixed at the start has room for as many as there may ever be
        super().__init__(*args, max_jobs=max(MOST, places()), **options)

    @property
    def max_jobs(self) -> int:
        """As many as there are places now."""
        return self._places()

    @max_jobs.setter
    def max_jobs(self, most: int) -> None:
        """Arq says at the start what it was given."""
