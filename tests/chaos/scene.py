"""Exports with a known outcome: what each segment holds, and what its audience must hold at the end."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import polars as pl

from app.facebook.upload.body import upload_body
from sandbox.membership.checksum import of_identities, values_of_digests
from tests.chaos.plant import FULL, Plant
from tests.flows.journey import TOKEN, expect, make_connection, make_export, make_segment, start_run

MODES = ("add", "mirror", "replace", "remove")
FINAL = frozenset({"succeeded", "succeeded_with_warnings", "failed", "skipped", "canceled"})
DELIVERED = frozenset({"succeeded", "succeeded_with_warnings"})
# batches hold 10,000 rows: five or nine of them, the last one half full
PEOPLE = 85_000 if FULL else 45_000
DUPLICATES, UNUSABLE = 250, 120

_numbers = count(1)


def addresses(tag: str, people: Iterable[int]) -> list[str]:
    return [f"{tag}.{number}@example.com" for number in people]


def digests(emails: Iterable[str]) -> list[bytes]:
    return [hashlib.sha256(email.encode()).digest() for email in emails]


def fingerprint(hashes: Sequence[bytes]) -> tuple[int, str]:
    """Members and checksum as the sandbox counts them."""
    return of_identities(values_of_digests("EMAIL", b"".join(hashes)))


@dataclass
class Job:
    """One export: its file, its audience, and what the audience must hold when its run has succeeded."""

    plant: Plant
    mode: str
    file: Path
    audience_id: str
    connection: dict[str, Any]
    export: dict[str, Any]
    emails: list[str]
    after: tuple[int, str]
    run: dict[str, Any] = field(default_factory=dict)

    async def start(self) -> str:
        """A queued run."""
        self.run = await start_run(self.plant.api, self.export)
        return self.id

    @property
    def id(self) -> str:
        run_id: str = self.run["id"]
        return run_id

    async def read(self) -> dict[str, Any]:
        """The run as the API shows it."""
        self.run = await expect(await self.plant.api.get(f"/v1/runs/{self.id}"), 200)
        return self.run

    def holds(self) -> tuple[int, str]:
        """What the audience holds now."""
        found = self.plant.sandbox.audience(self.audience_id)
        return found["members"], found["checksum"]


def write_file(file: Path, emails: Sequence[str], *, clean: bool = False) -> None:
    """A Parquet file of the members, with some repeated and some unusable ones unless it is clean."""
    rows = list(emails)
    if not clean:
        rows += rows[:DUPLICATES] + [f"nobody-{number}" for number in range(UNUSABLE)]
    partial = file.with_suffix(".partial")
    pl.DataFrame({"email": rows}).write_parquet(partial)
    partial.replace(file)


async def make_job(
    plant: Plant,
    mode: str = "add",
    *,
    account: str = "act_1101",
    people: int = PEOPLE,
    token: str = TOKEN,
    clean: bool = False,
) -> Job:
    """An export whose audience holds something already, as its mode needs it to tell right from wrong.

    The mirror has been run once, with a third of other members.
    """
    tag = f"{mode}{next(_numbers)}"
    emails = addresses(tag, range(people))
    file = plant.segments / f"{tag}.parquet"
    write_file(file, emails, clean=clean)
    connection = await make_connection(
        plant.api,
        display_name=tag,
        access_token=token,
        ad_account_id=account,
        audience={"name": f"List {tag}"},
    )
    segment = await make_segment(plant.api, str(file), name=tag)
    # most members change from run to run here, and that is meant
    export = await make_export(
        plant.api, connection, segment, display_name=tag, sync_mode=mode, allow_shrink=True
    )
    others = addresses(f"{tag}.other", range(people // 3))
    own, rest = digests(emails), digests(others)
    after = {"add": own + rest, "mirror": own, "replace": own, "remove": rest}[mode]
    audience_id = connection["audience"]["id"]
    job = Job(plant, mode, file, audience_id, connection, export, emails, fingerprint(after))
    if mode == "mirror":
        write_file(file, emails[: people // 2] + others)
        await job.start()
        await ended(plant, [job.id])
        write_file(file, emails)
    else:
        preset = rest + (own if mode == "remove" else [])
        put(plant, job.audience_id, preset)
    return job


def put(plant: Plant, audience_id: str, hashes: Sequence[bytes]) -> None:
    """Rows in the audience that no run has put there."""
    rows = pl.DataFrame({"EMAIL": hashes}, schema={"EMAIL": pl.Binary})
    for piece in rows.iter_slices(10_000):
        ask_meta(plant, f"{audience_id}/users", upload_body(piece))


def new_audience(plant: Plant, account: str, name: str) -> str:
    """An empty customer list."""
    asked = {
        "name": name,
        "subtype": "CUSTOM",
        "customer_file_source": "USER_PROVIDED_ONLY",
    }
    found: str = ask_meta(plant, f"{account}/customaudiences", orjson.dumps(asked))["id"]
    return found


def ask_meta(plant: Plant, path: str, body: bytes) -> dict[str, Any]:
    answer = plant.sandbox.http.post(
        f"/v26.0/{path}",
        content=body,
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def make_jobs(plant: Plant, modes: Iterable[str], **options: Any) -> list[Job]:
    """Several exports, made side by side."""
    return list(await asyncio.gather(*(make_job(plant, mode, **options) for mode in modes)))


async def start_all(jobs: Iterable[Job]) -> list[str]:
    """Runs of all, queued at once."""
    return list(await asyncio.gather(*(job.start() for job in jobs)))


async def ended(plant: Plant, runs: Sequence[str], *, seconds: float = 100) -> dict[str, str]:
    """Wait for the last word of every run; their statuses."""
    deadline = time.monotonic() + seconds
    while True:
        rows = await plant.rows(
            "select id, status, phase, attempt, due_at, lease_until from runs where id = any($1)",
            list(runs),
        )
        statuses = {row["id"]: row["status"] for row in rows}
        if FINAL.issuperset(statuses.values()):
            return statuses
        assert time.monotonic() < deadline, [dict(row) for row in rows]
        await asyncio.sleep(0.1)


async def until(
    plant: Plant,
    runs: Sequence[str],
    when: Callable[[dict[str, Any]], bool],
    *,
    seconds: float = 30,
) -> dict[str, Any]:
    """The first of the runs of which the condition holds, looked at every few milliseconds."""
    deadline = time.monotonic() + seconds
    connection = await asyncpg.connect(plant.database)
    try:
        while True:
            rows = await connection.fetch("select * from runs where id = any($1)", list(runs))
            found = next((dict(row) for row in rows if when(dict(row))), None)
            if found is not None:
                return found
            assert time.monotonic() < deadline, "no run came so far"
            await asyncio.sleep(0.005)
    finally:
        await connection.close()


def held_up(when: str) -> str:
    """A script after which such an update of a run waits, so that a kill falls before it."""
    return f"""
        create or replace function chaos_held_up() returns trigger language plpgsql as
        $$ begin perform pg_sleep(60); return new; end $$;
        create or replace trigger chaos_held_up before update on runs for each row
        when ({when}) execute function chaos_held_up();
        """


# whoever waits does so for somebody who is dead
NOBODY_WAITS = """
select pg_terminate_backend(pid, 10000) from pg_stat_activity
where wait_event = 'PgSleep' and datname = current_database();
"""
GO_ON = f"{NOBODY_WAITS} drop trigger if exists chaos_held_up on runs;"


def in_phase(phase: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a run is in that phase, or beyond."""
    order = ["validating", "staging", "uploading", "finishing"]
    reached = set(order[order.index(phase) :])
    return lambda run: run["phase"] in reached or run["status"] in FINAL
