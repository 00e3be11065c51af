"""The source changes and the staged rows are lost: a run delivers what it staged, or says why it cannot."""

from pathlib import Path

import pytest

from tests.chaos.ledger import Ledger
from tests.chaos.plant import Plant
from tests.chaos.scene import (
    GO_ON,
    MODES,
    Job,
    addresses,
    ended,
    held_up,
    in_phase,
    make_job,
    make_jobs,
    start_all,
    until,
    write_file,
)

pytestmark = pytest.mark.chaos

# four batches, two at once
PEOPLE = 35_000

# of its first session, which a run notes between staging and sending
FIRST_SESSION = "old.session_ids = '[]' and new.session_ids <> '[]'"
# of the note that a second batch was sent
SECOND_BATCH = "old.batches_done > 0 and new.batches_done > old.batches_done"


def staged_files(plant: Plant, job: Job) -> list[Path]:
    files = [path for path in (plant.snapshots / "runs" / job.id).rglob("*") if path.is_file()]
    assert files
    return files


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


async def test_source_changed_and_vanished(plant: Plant, ledger: Ledger) -> None:
    """A resumed run delivers the rows it staged, whatever has become of their source."""
    plant.staff(1)
    jobs = await make_jobs(plant, MODES, people=PEOPLE)
    plant.sandbox.control("PUT", "settings", json={"latency": 0.2})
    since = len(plant.uploads())
    runs = await start_all(jobs)
    for job in jobs:
        await until(plant, [job.id], lambda run: run["plan"] is not None)
    plant.dismiss()
    recorded = await ledger.note(plant, jobs)
    for number, job in enumerate(jobs):
        if number % 2:
            job.file.unlink()
        else:
            write_file(job.file, addresses("changed", range(30_000)))
    plant.staff(1)
    await ended(plant, runs)
    await ledger.check("source changed or vanished", plant, jobs, recorded=[recorded], since=since)


async def test_staged_rows_lost_before_anything_was_sent(plant: Plant, ledger: Ledger) -> None:
    """They are staged again."""
    await plant.rows(held_up(FIRST_SESSION))
    plant.staff(1)
    jobs = await make_jobs(plant, ["add", "replace"], people=PEOPLE)
    since = len(plant.uploads())
    runs = await start_all(jobs)
    for job in jobs:
        await until(plant, [job.id], lambda run: run["phase"] == "uploading")
    plant.dismiss()
    await plant.rows(GO_ON)
    assert plant.uploads(since) == []
    spoil(staged_files(plant, jobs[0])[0])
    staged_files(plant, jobs[1])[0].unlink()
    plant.staff(1)
    await ended(plant, runs)
    assert plant.said("run.restaged")
    await ledger.check("staged rows lost, nothing sent: staged again", plant, jobs, since=since)


async def test_staged_rows_lost_in_the_middle(plant: Plant, ledger: Ledger) -> None:
    """The run fails and says so; its numbers tell what was sent, and the next run is right."""
    plant.staff(1)
    jobs = await make_jobs(plant, ["add", "mirror"], people=PEOPLE)
    await plant.rows(held_up(SECOND_BATCH))
    runs = await start_all(jobs)
    for job in jobs:
        await until(plant, [job.id], lambda run: run["batches_done"] > 0)
    plant.dismiss()
    await plant.rows(GO_ON)
    spoil(staged_files(plant, jobs[0])[0])
    for path in staged_files(plant, jobs[1]):
        path.unlink()
    plant.staff(1)
    await ended(plant, runs)
    failed = frozenset({"failed"})
    await ledger.check("staged rows lost in the middle: failed", plant, jobs, status=failed)
    for job, code in zip(jobs, ("snapshot-corrupt", "snapshot-missing"), strict=True):
        assert job.run["error"]["code"] == code
        assert job.run["error"]["culprit"] == "system"
        assert "batches" in job.run["error"]["message"]
    plant.sandbox.control("PUT", "settings", json={"latency": 0})
    since = len(plant.uploads())
    await ended(plant, await start_all(jobs))
    await ledger.check("the run after one that failed in the middle", plant, jobs, since=since)


async def test_interrupted_mirror_is_made_good(plant: Plant, ledger: Ledger) -> None:
    """Who was removed by a canceled mirror and is back, is added again; whom it added, is removed."""
    plant.staff(1)
    job = await make_job(plant, "mirror")
    everybody = list(job.emails)
    # a first run that ends early: half of the members leave, others come
    write_file(job.file, everybody[:15_000] + addresses("passing", range(25_000)))
    plant.sandbox.control("PUT", "settings", json={"latency": 0.2})
    await job.start()
    await until(plant, [job.id], lambda run: run["batches_done"] > 2)
    await plant.api.post(f"/v1/runs/{job.id}/cancel")
    assert await ended(plant, [job.id]) == {job.id: "canceled"}
    write_file(job.file, everybody)
    plant.sandbox.control("PUT", "settings", json={"latency": 0})
    await job.start()
    await until(plant, [job.id], in_phase("staging"))
    await ended(plant, [job.id])
    await ledger.check("mirror after an interrupted mirror", plant, [job])
