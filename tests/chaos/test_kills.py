"""kill -9 at seeded random moments: whoever dies, each run ends exactly right.

Meta's additions and removals are set-like, so a batch in flight may be sent again; a recorded one is not.
"""

import asyncio
import random

import pytest

from tests.chaos.ledger import Ledger
from tests.chaos.plant import FULL, Plant
from tests.chaos.scene import MODES, ended, in_phase, make_jobs, start_all, until

pytestmark = pytest.mark.chaos

PHASES = ("validating", "staging", "uploading", "finishing")
MOMENTS = PHASES * 5 if FULL else ("staging", "uploading", "finishing")

# the last word of a run takes a moment, so that a kill can fall before it
SLOW_END = """
create or replace function chaos_slow_end() returns trigger language plpgsql as
$$ begin perform pg_sleep(0.3); return new; end $$;
create or replace trigger chaos_slow_end before update on runs for each row
when (old.phase = 'finishing' and new.status <> 'running') execute function chaos_slow_end();
"""


@pytest.mark.parametrize(("number", "phase"), list(enumerate(MOMENTS)))
async def test_worker_killed(
    plant: Plant, ledger: Ledger, chance: random.Random, number: int, phase: str
) -> None:
    """Four runs, one of each mode; one of them is in the phase when their worker is killed."""
    if phase == "finishing":
        await plant.rows(SLOW_END)
    plant.staff(1)
    jobs = await make_jobs(plant, MODES)
    plant.sandbox.control("PUT", "settings", json={"latency": 0.1})
    since = len(plant.uploads())
    runs = await start_all(jobs)
    watched = jobs[number % len(jobs)]
    await until(plant, [watched.id], in_phase(phase))
    await asyncio.sleep(chance.uniform(0, 0.3))
    plant.dismiss()
    recorded = await ledger.note(plant, jobs)
    plant.staff(1)
    await ended(plant, runs)
    await plant.rows("drop trigger if exists chaos_slow_end on runs;")
    await ledger.check(
        f"kill -9 of the worker while {phase}", plant, jobs, recorded=[recorded], since=since
    )


@pytest.mark.parametrize("number", range(6 if FULL else 1))
async def test_everything_killed(
    plant: Plant, ledger: Ledger, chance: random.Random, number: int
) -> None:
    """API, workers, Valkey and Postgres die at once and are started again."""
    plant.staff(1)
    jobs = await make_jobs(plant, MODES)
    plant.sandbox.control("PUT", "settings", json={"latency": 0.1})
    since = len(plant.uploads())
    runs = await start_all(jobs)
    await until(plant, runs, in_phase("staging"))
    await asyncio.sleep(chance.uniform(0, 1.5))
    plant.dismiss()
    plant.api_process.kill()
    plant.valkey.kill()
    plant.postgres.kill()
    plant.postgres.start()
    plant.valkey.start()
    recorded = await ledger.note(plant, jobs)
    plant.api_process.spawn()
    plant.staff(1)
    await plant.until_ready()
    await ended(plant, runs)
    await ledger.check(
        "kill -9 of everything, and a restart", plant, jobs, recorded=[recorded], since=since
    )
