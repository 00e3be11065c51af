"""A run that takes its worker down each time is tried as often as its budget says, and not once more."""

import pytest

from tests.chaos.ledger import Ledger
from tests.chaos.plant import FULL, Plant
from tests.chaos.scene import ended, make_job, until

pytestmark = pytest.mark.chaos

BUDGET = 4 if FULL else 2


async def test_poison(plant: Plant, ledger: Ledger) -> None:
    """Its worker dies as soon as it stages, as of too little memory; the next run of it is right."""
    plant.dismiss()
    job = await make_job(plant)
    plant.sandbox.control("PUT", "settings", json={"latency": 0.05})
    await job.start()
    for attempt in range(1, BUDGET + 1):
        plant.hire(1, RUN_ATTEMPT_BUDGET=BUDGET, LEASE_SECONDS=1)
        await until(
            plant,
            [job.id],
            lambda run, attempt=attempt: (  # type: ignore[misc]
                run["attempt"] == attempt and run["phase"] == "staging"
            ),
        )
        plant.dismiss()
    plant.hire(1, RUN_ATTEMPT_BUDGET=BUDGET, LEASE_SECONDS=1)
    assert await ended(plant, [job.id]) == {job.id: "failed"}
    run = await job.read()
    assert run["error"]["code"] == "worker-lost"
    assert run["error"]["culprit"] == "system"
    assert run["attempt"] == BUDGET
    plant.dismiss()
    plant.staff(1)
    since = len(plant.uploads())
    await ended(plant, [await job.start()])
    await ledger.check("the run after a poisoned one", plant, [job], since=since)
