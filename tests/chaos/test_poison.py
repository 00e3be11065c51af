"""A run that takes its worker down each time is tried as often as its budget says, and not once more."""

import pytest

from tests.chaos.ledger import Ledger
from tests.chaos.plant import FULL, Plant
from tests.chaos.scene import GO_ON, NOBODY_WAITS, ended, held_up, make_job, until

pytestmark = pytest.mark.chaos

BUDGET = 4 if FULL else 2


async def test_poison(plant: Plant, ledger: Ledger) -> None:
    """Its worker dies as soon as it stages, as of too little memory; the next run of it is right."""
    plant.dismiss()
    job = await make_job(plant)
    await plant.rows(held_up("old.phase = 'staging' and new.phase = 'uploading'"))
    await job.start()
    for attempt in range(1, BUDGET + 1):
        # none loses it to itself
        plant.hire(1, RUN_ATTEMPT_BUDGET=BUDGET, LEASE_SECONDS=30)
        await until(
            plant,
            [job.id],
            lambda run, attempt=attempt: (  # type: ignore[misc]
                run["attempt"] == attempt and run["phase"] == "staging"
            ),
        )
        plant.dismiss()
        await plant.rows(NOBODY_WAITS)
        await plant.rows("update runs set lease_until = now() where id = $1", job.id)
    await plant.rows(GO_ON)
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
