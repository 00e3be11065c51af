"""The rules of erasures: asked for, listed, lifted. The work itself is a worker's."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import Caller
from app.db.listing import TimeSort, equal, holds, timed_page, within
from app.db.models import Connection, Erasure, Suppression
from app.db.secrets import Vault
from app.db.session import Database
from app.erasures.encrypted_identifiers import seal
from app.erasures.identifiers import identifiers_of
from app.errors import Conflict, NotFound, Unprocessable
from app.identifiers.places.country_names import ALPHA_2
from app.ids import is_id, new_id
from app.observability.tracing import traceparent


async def create_erasure(
    database: Database,
    vault: Vault,
    *,
    caller: Caller,
    people: Sequence[Mapping[str, Sequence[str]]],
    ad_account_ids: Sequence[str] | None,
    default_country: str | None,
) -> Erasure:
    """Put the people on the suppression list and have them taken out of everything.

    From the moment this returns no run begins to stage them. Raises `Unprocessable`
    (`identifier-unusable`, `ad-account-unknown`).
    """
    if default_country is not None and default_country.lower() not in ALPHA_2:
        raise Unprocessable("default_country is an ISO 3166-1 alpha-2 code, such as US.")
    found = await asyncio.to_thread(identifiers_of, people, default_country=default_country)
    async with database.transaction() as session:
        row = Erasure(
            id=new_id("era"),
            status="queued",
            ad_account_ids=await _accounts(session, ad_account_ids),
            people=len(people),
            results=[],
            requested_by=caller.id,
            requested_at=clock.now(),
            attempt=0,
            traceparent=traceparent(),
        )
        session.add(row)
        await session.flush()
        listed = [
            {"erasure_id": row.id, "key": item.key, "hash": item.digest, "person": item.person}
            for item in found
        ]
        await session.execute(insert(Suppression), [*listed, *seal(vault, row.id, found)])
        after = {"people": row.people, "ad_account_ids": row.ad_account_ids}
        record(session, caller, "erasure.requested", row.id, after=after)
        await session.flush()
    return row


async def get_erasure(session: AsyncSession, erasure_id: str) -> Erasure:
    """The erasure. Raises `NotFound`."""
    row = await session.get(Erasure, erasure_id) if is_id("era", erasure_id) else None
    if row is None:
        raise NotFound("There is no such erasure.")
    return row


async def list_erasures(
    session: AsyncSession,
    filters: Mapping[str, Any],
    *,
    sort: TimeSort = TimeSort.NEWEST,
    after: str | None,
    limit: int,
) -> Sequence[Erasure]:
    """Erasures by state, ad account, who asked and when; one more than the limit if there is more."""
    query = equal(select(Erasure), filters, Erasure.status, Erasure.requested_by)
    if filters.get("ad_account_id") is not None:
        query = query.where(holds(Erasure.ad_account_ids, filters["ad_account_id"]))
    span = filters.get("requested_after"), filters.get("requested_before")
    query = within(query, Erasure.requested_at, *span)
    page = timed_page(query, Erasure.id, sort=sort, after=after, limit=limit)
    return (await session.scalars(page)).all()


async def lift_erasure(
    session: AsyncSession, erasure_id: str, *, caller: Caller, reason: str
) -> Erasure:
    """Let the people be exported again; the record stays, and what was taken out is not put back.

    Lifting twice is the same as once: the first reason stays. Raises `NotFound`, and `Conflict`
    (`erasure-active`).
    """
    await get_erasure(session, erasure_id)
    row = await session.get_one(Erasure, erasure_id, with_for_update=True, populate_existing=True)
    if row.status not in {"done", "failed", "lifted"}:
        raise Conflict(
            "The erasure is under way; wait until it has ended, then lift it.",
            code="erasure-active",
        )
    if row.status != "lifted":
        before, row.status = row.status, "lifted"
        row.lifted_at, row.lifted_by, row.lift_reason = clock.now(), caller.id, reason
        await session.execute(delete(Suppression).where(Suppression.erasure_id == row.id))
        record(
            session,
            caller,
            "erasure.lifted",
            row.id,
            before={"status": before},
            after={"status": row.status, "reason": reason},
        )
        await session.flush()
    return row


async def refuse_deletion(session: AsyncSession, erasure_id: str) -> NoReturn:
    """Raises `Conflict` (`erasure-not-deletable`), or `NotFound`.

    To forget the record would let the people be exported again, by a word that says neither.
    """
    await get_erasure(session, erasure_id)
    raise Conflict(
        "An erasure is not deleted: its record proves what was done, and the people stay out. To let "
        f"them be exported again, an administrator lifts it: POST /v1/erasures/{erasure_id}/lift "
        "with a reason.",
        code="erasure-not-deletable",
    )


async def _accounts(session: AsyncSession, wanted: Sequence[str] | None) -> list[str]:
    """The ad accounts to work on: those asked for, or those of all ready connections."""
    ready = await session.scalars(
        select(Connection.ad_account["id"].astext)
        .where(Connection.status == "ready", Connection.ad_account.is_not(None))
        .distinct()
    )
    known = sorted(ready)
    if wanted is None:
        return known
    for place, account in enumerate(wanted):
        if account not in known:
            raise Unprocessable(
                f"No ready connection opens the ad account at /ad_account_ids/{place}; renew its "
                "connection, or leave the account out.",
                code="ad-account-unknown",
            )
    return list(dict.fromkeys(wanted))
