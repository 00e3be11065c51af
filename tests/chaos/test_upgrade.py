"""The previous release, built from the history of this repository, beside this one, with real processes.

Old processes go on on the new schema, the new ones with old rows; and the schema may go back with rows in it.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from app.cli.server.migrate import upgrade
from app.db.schema import revisions
from app.embedded.child import Child
from tests.chaos.crew import Worker, logged
from tests.chaos.ledger import check_counts
from tests.chaos.plant import FULL, Plant
from tests.chaos.scene import (
    DELIVERED,
    Job,
    addresses,
    digests,
    ended,
    fingerprint,
    in_phase,
    until,
    write_file,
)
from tests.conftest import ROOT
from tests.flows.journey import ACCOUNT, TOKEN, expect, make_export, make_segment
from tests.operate.migrations import downgrade

# the last commit of 0.1.0
PREVIOUS = "bab2e91e9656fab2f584d151230283e53bb61c2a"

# the short form is tests/operate/test_migrations.py
pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(not FULL, reason="builds the previous release: make chaos"),
]


@pytest.fixture(scope="module")
def previous() -> Path:
    """A tree of the previous release with an environment of its own; kept for the next time."""
    known = subprocess.run(
        ["git", "cat-file", "-e", f"{PREVIOUS}^{{commit}}"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if known.returncode:
        pytest.skip(f"the history does not go back to {PREVIOUS[:7]}: a shallow clone?")
    tree = ROOT / ".data" / "previous"
    if not tree.exists():
        fresh = tree.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        packed = subprocess.run(
            ["git", "archive", PREVIOUS], cwd=ROOT, check=True, capture_output=True
        )
        subprocess.run(["tar", "-x", "-C", str(fresh)], input=packed.stdout, check=True)
        fresh.rename(tree)
    subprocess.run(["make", "-s", "install"], cwd=tree, check=True)
    return tree


class Replaced(Plant):
    """A deployment that begins with the previous release."""

    def __init__(self, folder: Path, tree: Path) -> None:
        super().__init__(folder, fork=False)
        self._tree, self._old = tree, True

    async def migrate(self) -> None:
        """To the schema of whichever release is in use."""
        if not self._old:
            await upgrade(self.postgres.url)
            return
        words = [self._python, "-P", "-m", "app.cli", "migrate"]
        await asyncio.to_thread(
            subprocess.run, words, env=self._env, check=True, capture_output=True
        )

    async def use(self, *, old: bool) -> None:
        """Another API process on the same port, and from now on workers of that release."""
        self.api_process.kill()
        self._old = old
        port = self.api.base_url.port
        assert port is not None
        self.api_process = self._api(port)
        self.api_process.spawn()
        await self.until_ready()

    @property
    def _python(self) -> str:
        return str(self._tree / ".venv" / "bin" / "python")

    @property
    def _env(self) -> dict[str, str]:
        return self.env | {"PYTHONPATH": str(self._tree)}

    def _api(self, port: int) -> Child:
        if not self._old:
            return super()._api(port)
        words = ["-P", "-m", "uvicorn", "app.main:create_app", "--factory", "--port", str(port)]
        words += ["--app-dir", str(self._tree)]
        return logged("old-api", words, self._env, self.folder, python=self._python)

    def _worker(self, env: dict[str, str]) -> Worker:
        if not self._old:
            return super()._worker(env)
        worker = logged(
            "old-worker", ["-P", "-m", "workers"], self._env | env, self.folder, python=self._python
        )
        worker.spawn()
        return worker


@pytest.fixture
async def plant(previous: Path) -> AsyncIterator[Replaced]:  # type: ignore[override]
    folder = Path(tempfile.mkdtemp(prefix="ae-upgrade-"))
    made = Replaced(folder, previous)
    try:
        await made.start()
        yield made
        assert made.said("run.crashed") == []
        assert made.said("request.crashed") == []
        assert made.said("Traceback") == []
    finally:
        await made.stop()
        if "CHAOS_KEEP" not in os.environ:
            shutil.rmtree(folder, ignore_errors=True)


async def made(plant: Plant, mode: str, people: Iterable[int]) -> Job:
    """An export as the previous release knows it."""
    tag = f"{mode}export"
    emails, file = addresses(tag, people), plant.segments / f"{tag}.parquet"
    write_file(file, emails)
    consent = await expect(await plant.api.get("/v1/consent"), 200)
    body = {
        "display_name": tag,
        "access_token": TOKEN,
        "ad_account_id": ACCOUNT,
        "audience": {"name": f"List {tag}"},
        "consent": {"accepted": True, "version": consent["version"]},
    }
    connection = await expect(await plant.api.post("/v1/connections", json=body), 201)
    segment = await make_segment(plant.api, str(file), name=tag)
    export = await make_export(plant.api, connection, segment, display_name=tag, sync_mode=mode)
    audience = connection["audience"]["id"]
    return Job(
        plant, mode, file, audience, connection, export, emails, fingerprint(digests(emails))
    )


def change(job: Job, people: Iterable[int]) -> None:
    """Other members."""
    job.emails = addresses(job.file.stem, people)
    write_file(job.file, job.emails)
    job.after = fingerprint(digests(job.emails))


async def exact(plant: Plant, *jobs: Job) -> None:
    """Their runs end well, and the audiences hold what they should."""
    assert set((await ended(plant, [job.id for job in jobs], seconds=90)).values()) <= DELIVERED
    for job in jobs:
        check_counts(await job.read())
        assert job.holds() == job.after, job.mode


@pytest.mark.timeout(600)
async def test_one_release_after_the_other(plant: Replaced) -> None:
    plant.staff(1)
    mirror = await made(plant, "mirror", range(30_000))
    addition = await made(plant, "add", range(45_000))
    await mirror.start()
    await exact(plant, mirror)

    # the schema is migrated, and then the API replaced, while an old worker is at a run
    plant.sandbox.control("PUT", "settings", json={"latency": 0.5})
    await addition.start()
    await until(plant, [addition.id], in_phase("uploading"))
    await upgrade(plant.postgres.url)
    await expect(await plant.api.get("/v1/runs"), 200)
    change(mirror, range(2_000, 31_000))
    await mirror.start()
    await plant.use(old=False)
    await exact(plant, addition, mirror)
    plant.sandbox.control("PUT", "settings", json={"latency": 0.0})

    # a run of the new API is worked on by the old worker, and the other way round
    change(mirror, range(4_000, 32_000))
    await mirror.start()
    await exact(plant, mirror)
    plant.dismiss()
    plant.staff(1)
    change(mirror, range(6_000, 33_000))
    await mirror.start()
    await exact(plant, mirror)
    await plant.use(old=True)
    change(mirror, range(8_000, 34_000))
    await mirror.start()
    await exact(plant, mirror)

    # back to the old schema with all these rows, and up again
    plant.dismiss()
    plant.api_process.kill()
    await downgrade(plant.postgres.url, revisions()[0])
    await plant.use(old=True)
    plant.staff(1)
    change(mirror, range(10_000, 35_000))
    await mirror.start()
    await exact(plant, mirror)
    plant.dismiss()
    await upgrade(plant.postgres.url)
    await plant.use(old=False)
    plant.staff(1)
    change(mirror, range(12_000, 36_000))
    await mirror.start()
    await exact(plant, mirror)
    asked = f"/v1/runs?export_id={mirror.export['id']}"
    runs = (await expect(await plant.api.get(asked), 200))["items"]
    assert len(runs) == 7
    for run in runs:
        batches = await expect(await plant.api.get(f"/v1/runs/{run['id']}/batches"), 200)
        assert len(batches["items"]) == run["counts"]["batches_done"]
