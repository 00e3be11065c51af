"""An older dump is restored while snapshots and audiences are newer, as docs/production.md says it may be."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.embedded.binaries import postgres_programs
from app.embedded.postgres import DATABASE
from tests.chaos.ledger import Ledger, Recorded, not_sent_again
from tests.chaos.plant import Plant
from tests.chaos.scene import (
    DELIVERED,
    PEOPLE,
    addresses,
    digests,
    ended,
    fingerprint,
    make_job,
    start_all,
    until,
    write_file,
)

pytestmark = pytest.mark.chaos


def dump(plant: Plant, file: Path) -> None:
    """As an operator takes it, while everything works."""
    words = ["pg_dump", "-Fc", "--no-owner", "-f", str(file), DATABASE]
    _tool(plant, words)


def restore(plant: Plant, file: Path) -> None:
    """Into the same database, of which nothing stays."""
    _tool(
        plant,
        ["pg_restore", "--clean", "--if-exists", "--no-owner", "-1", "-d", DATABASE, str(file)],
    )


def _tool(plant: Plant, words: list[str]) -> None:
    program, *rest = words
    sockets = str(plant.postgres.folder.sockets)
    done = subprocess.run(
        [str(postgres_programs() / program), "-h", sockets, "-U", "app", *rest],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
async def up_again(plant: Plant) -> AsyncIterator[None]:
    """Whatever became of the test, the API is there for the next one."""
    yield
    if plant.api_process.pid is None:
        plant.api_process.spawn()
        await plant.until_ready()


@pytest.mark.usefixtures("up_again")
async def test_an_older_dump_beside_newer_snapshots(
    plant: Plant, ledger: Ledger, tmp_path: Path
) -> None:
    """What it has recorded is not sent again; a mirror begins anew with all its members."""
    plant.staff(1)
    addition, mirror = await make_job(plant), await make_job(plant, "mirror")
    plant.sandbox.control("PUT", "settings", json={"latency": 0.2})
    runs = await start_all([addition, mirror])
    await until(plant, [addition.id], lambda run: run["batches_done"] >= 2)
    uploads = len(plant.uploads())
    dump(plant, tmp_path / "dump")
    await ended(plant, runs)
    # two days later the mirror's members have changed, and its audience with them
    members = (
        addresses(f"{mirror.file.stem}.new", range(PEOPLE // 2)) + mirror.emails[: PEOPLE // 2]
    )
    write_file(mirror.file, members)
    newest = await mirror.start()
    assert set((await ended(plant, [newest])).values()) <= DELIVERED
    mirror.after = fingerprint(digests(members))
    assert mirror.holds() == mirror.after

    plant.dismiss()
    plant.api_process.kill()
    restore(plant, tmp_path / "dump")
    plant.flush()
    recorded = await plant.rows(
        "select run_id, trace_id from run_batches where run_id = any($1) and trace_id is not null",
        runs,
    )
    assert len(recorded) >= 2
    assert await plant.rows("select 1 from runs where id = $1", newest) == []
    plant.api_process.spawn()
    plant.staff(1)
    await plant.until_ready()
    statuses = await ended(plant, runs)
    # its rows went when it had ended; what was sent of them is known, and what is left is asked for anew
    assert statuses[addition.id] == "failed"
    (row,) = await plant.rows("select error from runs where id = $1", addition.id)
    assert '"snapshot-missing"' in row["error"]
    known = Recorded([(row["run_id"], row["trace_id"]) for row in recorded], uploads)
    not_sent_again(
        plant.uploads(), known, {runs[0]: addition.audience_id, runs[1]: mirror.audience_id}
    )

    since = len(plant.uploads())
    await start_all([addition, mirror])
    await ended(plant, [addition.id, mirror.id])
    await ledger.check("an older dump restored", plant, [addition, mirror], since=since)
    run = await mirror.read()
    assert run["counts"]["added"] == run["counts"]["staged"] == len(members)
    assert "mirror-baseline-lost" in {warning["code"] for warning in run["warnings"]}
    # and from then on it knows who leaves
    write_file(mirror.file, members[:-5000])
    await mirror.start()
    assert set((await ended(plant, [mirror.id])).values()) <= DELIVERED
    assert mirror.holds() == fingerprint(digests(members[:-5000]))
