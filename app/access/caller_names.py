"""The names of callers, for people: what stands in a row is an id that outlives its key."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.callers import SYSTEM
from app.db.models import ApiKey, BrowserSession
from app.ids import is_id

BOOTSTRAP_NAME = "Bootstrap key"


async def names_of(session: AsyncSession, caller_ids: Iterable[str]) -> dict[str, str]:
    """Each caller's name; of people of the OIDC issuer the one they last signed in with, or their subject."""
    wanted = set(caller_ids)
    names = {SYSTEM.id: SYSTEM.display_name, "bootstrap": BOOTSTRAP_NAME}
    keys = [one for one in wanted if is_id("key", one)]
    if keys:
        rows = await session.execute(
            select(ApiKey.id, ApiKey.display_name).where(ApiKey.id.in_(keys))
        )
        names |= {row.id: row.display_name for row in rows}
    people = [one for one in wanted if one.startswith("oidc:")]
    if people:
        signed_in = await session.execute(
            select(BrowserSession.caller, BrowserSession.display_name)
            .where(BrowserSession.caller.in_(people))
            .order_by(BrowserSession.id)
        )
        names |= {row.caller: row.display_name for row in signed_in}
    return {one: names.get(one, one.removeprefix("oidc:")) for one in wanted}
