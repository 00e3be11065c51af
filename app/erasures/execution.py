"""Carries erasures out: at Meta first, then in our own snapshots; whatever interrupts it, it goes on.

A step that fails, whether or not anybody foresaw how, leaves the others alone; it is tried again for
three days, and the record says of each what became of it.

A run that had read its members before the erasure was asked for may send them once more. So the
removal at Meta is repeated when the last such run has ended, and only then are snapshots written
anew. Every step is set-like and is noted in the erasure's row when it is done.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from app import clock
from app.access.audit import record
from app.access.callers import SYSTEM
from app.db.models import Erasure, Suppression
from app.db.secrets import Vault
from app.db.session import Database
from app.erasures import encrypted_identifiers
from app.erasures.audience_removal import PeopleKept, bodies_of, remove_people
from app.erasures.baseline_rewrite import FOLDER, rewrite
from app.erasures.baselines import (
    is_read,
    manifests_of,
    mirrors_of,
    runs_before,
    swap,
)
from app.erasures.lease import LEASE, LeaseLost, write
from app.erasures.steps import Steps, text_of
from app.errors import AppError, Unavailable
from app.exports.members.suppression import SuppressionList, suppression_list
from app.facebook.client import GraphClient
from app.observability.crashes import STOPS
from app.segments.erasure_of_pushed import erase_members
from app.segments.pushed import forget_replaced_now
from app.snapshots import Manifest, SnapshotStore

T = TypeVar("T")

PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
)
"""What is waited after each attempt that failed; the last one repeats."""

GIVE_UP_AFTER = timedelta(days=3)

_LOOK_AGAIN = timedelta(seconds=15)
# what clocks of two machines may differ by
_SKEW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Erasing:
    """The collaborators, put together once per process."""

    database: Database
    graph: GraphClient
    vault: Vault
    store: SnapshotStore


class ErasureWork:
    """One attempt at one erasure; its number is the fence of every write."""

    def __init__(self, deps: Erasing, row: Erasure) -> None:
        self._deps = deps
        self._row = row
        self._steps = Steps(row)
        self._waits = False

    async def go(self) -> str:
        """Every step that is not done yet; done, waiting, retrying or failed.

        Raises `LeaseLost`, and `Unavailable` if that cannot be written.
        """
        await self._steps.attempt(self._all())
        try:
            return await self._conclude()
        except (LeaseLost, Unavailable, *STOPS):
            raise
        except BaseException as error:  # noqa: BLE001 - it must have an end, and say so
            # what the steps noted cannot be written; then at least that it is so
            self._steps.writable = False
            self._steps.failed(error)
            return await self._conclude()

    async def _all(self) -> None:
        accounts = [
            self._steps.entry("ad_account", "ad_account_id", name)
            for name in self._row.ad_account_ids
        ]
        async with self._deps.database.transaction() as session:
            listed = await suppression_list(session, Suppression.erasure_id == self._row.id)
            plain = await encrypted_identifiers.unseal(session, self._deps.vault, self._row.id)
        bodies = bodies_of(listed, plain)
        for entry in accounts:
            await self._steps.attempt(self._account(entry, bodies), entry)
        if self._waits:
            return
        # a mirror must not forget somebody who is still at Meta; of what was pushed it knows nothing
        if not self._steps.failures:
            async with self._deps.database.transaction() as session:
                mirrors = await mirrors_of(session, self._row.ad_account_ids)
            for export_id in mirrors:
                entry = self._steps.entry("snapshot", "export_id", export_id)
                await self._steps.attempt(self._snapshot(entry, export_id, listed), entry)
        entry = self._steps.entry("pushed_members", "source", "upload")
        await self._steps.attempt(self._pushed(entry, listed), entry)

    @property
    def code(self) -> str | None:
        """Why it is not done, as far as something failed."""
        return self._steps.failures[0].code if self._steps.failures else None

    def line(self, outcome: str) -> dict[str, Any]:
        """Everything the log says of this attempt (docs/logs.md)."""
        row = self._row
        return {
            "outcome": outcome,
            "attempt": row.attempt,
            "requested_by": row.requested_by,
            "people": row.people,
            "ad_accounts": len(row.ad_account_ids),
            "requests": self._steps.total("requests"),
            "rows": self._steps.total("rows"),
            "seconds": round((clock.now() - row.requested_at).total_seconds(), 3),
            **({"code": self.code} if self.code else {}),
        }

    async def save(self, **values: Any) -> None:
        """Write what is known. Raises `LeaseLost`."""
        async with self._deps.database.transaction() as session:
            await write(session, self._row, self._kept() | values)

    def _kept(self) -> dict[str, Any]:
        return self._steps.results() | {"lease_until": clock.now() + LEASE}

    async def _account(self, entry: dict[str, Any], bodies: list[bytes]) -> None:
        account = entry["ad_account_id"]
        if entry["status"] == "done":
            return
        # before the removal: a run that ends during it may have sent its last rows just after
        async with self._deps.database.transaction() as session:
            began = self._row.requested_at + _SKEW
            under_way = await runs_before(session, account, began)
        if entry["status"] == "waiting" and under_way:
            entry["waiting_for"] = under_way
            self._waits = True
            return
        deps = self._deps
        removed = await self._patiently(
            remove_people(deps.database, deps.graph, deps.vault, account, bodies)
        )
        done = "waiting" if under_way else "done"
        self._waits = self._waits or bool(under_way)
        entry.update(
            status=done if removed.complete else "pending",
            connection_id=removed.connection_id,
            method=removed.method,
            requests=entry.get("requests", 0) + removed.requests,
            trace_ids=[*entry.get("trace_ids", []), *removed.trace_ids],
            audiences=list(removed.audiences.values()),
            waiting_for=under_way,
            removed_at=text_of(clock.now()),
        )
        if not removed.complete:
            raise PeopleKept
        entry["error"] = None
        await self.save()

    async def _pushed(self, entry: dict[str, Any], listed: SuppressionList) -> None:
        """Take the people out of the members that were pushed to us, and out of what was replaced."""
        if entry["status"] == "done":
            return
        database, store = self._deps.database, self._deps.store
        failures: list[AppError] = []

        def failed(error: BaseException) -> None:
            failures.append(self._steps.failed(error))

        rows = await self._patiently(erase_members(database, store, listed.without, failed=failed))
        entry["rows"] = entry.get("rows", 0) + rows
        # the files first: until they are gone, nothing is done
        left = await self._patiently(forget_replaced_now(database, store, failed=failed))
        entry["left"] = {"replaced_pushes": left}
        if failures:
            raise failures[0]
        if left:
            self._waits = True
        else:
            entry.update(status="done", at=text_of(clock.now()))
        await self.save()

    async def _snapshot(
        self, entry: dict[str, Any], export_id: str, listed: SuppressionList
    ) -> None:
        if entry["status"] == "swapped":
            async with self._deps.database.transaction() as session:
                held = {document["prefix"] for document in await manifests_of(session, export_id)}
            if held.intersection(entry["old_prefixes"]):
                # it was noted, but the swap went with its transaction: the mirror needs these files
                entry["status"] = "pending"
        if entry["status"] == "pending":
            await self._rewrite(entry, export_id, listed)
        if entry["status"] == "swapped":
            swapped_at = datetime.fromisoformat(entry["swapped_at"])
            async with self._deps.database.transaction() as session:
                if await is_read(session, export_id, swapped_at + _SKEW):
                    self._waits = True
                    return
            for prefix in entry["old_prefixes"]:
                await asyncio.to_thread(self._deps.store.delete_prefix, prefix)
            entry["status"] = "done"
            await self.save()

    async def _rewrite(
        self, entry: dict[str, Any], export_id: str, listed: SuppressionList
    ) -> None:
        """Write the export's baseline without the people, and put it in place of the old one."""
        async with self._deps.database.transaction() as session:
            documents = await manifests_of(session, export_id)
        fresh: dict[str, dict[str, Any]] = {}
        rows = 0
        for number, document in enumerate(documents):
            old = Manifest.from_json(document)
            prefix = f"{FOLDER}/{self._row.id}/{export_id}/{number}"
            written, gone = await self._patiently(
                asyncio.to_thread(rewrite, self._deps.store, old, listed, prefix=prefix)
            )
            rows += gone
            if written is not None:
                fresh[old.prefix] = written.to_json()
        now = clock.now()
        async with self._deps.database.transaction() as session:
            if fresh and await is_read(session, export_id, now + _SKEW):
                self._waits = True
                return
            old_prefixes = await swap(session, export_id, fresh)
            entry.update(
                status="swapped", rows=rows, old_prefixes=old_prefixes, swapped_at=text_of(now)
            )
            await write(session, self._row, self._kept())

    async def _patiently(self, work: Coroutine[Any, Any, T]) -> T:
        """Work that may take long, while the lease is kept. Raises `LeaseLost`, and what it raises."""
        task = asyncio.create_task(work)
        try:
            while not (await asyncio.wait({task}, timeout=LEASE.total_seconds() / 5))[0]:
                await self.save()
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _conclude(self) -> str:
        now = clock.now()
        if not self._steps.failures:
            if self._waits:
                await self.save(lease_until=now + _LOOK_AGAIN)
                return "waiting"
            await self._end("done", None)
            return "done"
        first = self._steps.failures[0]
        if now - self._row.requested_at > GIVE_UP_AFTER:
            message = f"Not everything could be done in three days, at last because: {first.detail}"
            await self._end("failed", {"code": first.code, "message": message})
            return "failed"
        pause = PAUSES[min(self._row.attempt, len(PAUSES)) - 1]
        await self.save(
            lease_until=now + pause, error={"code": first.code, "message": first.detail}
        )
        return "retrying"

    async def _end(self, status: str, error: dict[str, str] | None) -> None:
        values = {
            "status": status,
            "error": error,
            **self._steps.results(),
            "finished_at": clock.now(),
            "lease_until": None,
        }
        async with self._deps.database.transaction() as session:
            await write(session, self._row, values)
            await encrypted_identifiers.forget(session, self._row.id)
            record(session, SYSTEM, f"erasure.{status}", self._row.id)
